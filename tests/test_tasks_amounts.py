"""Amounts of orders from the settings to the gate."""

from __future__ import annotations

from datetime import timedelta

import numpy as np
import pytest
from sklearn import metrics as truth_of

from lifecycle import errors
from lifecycle.workspace import rules, saying, watchmen
from lifecycle.workspace.router import Router
from tests.tasked import CHANGE, LIVE, NOW, WEEK, live, orders


@pytest.fixture(scope="module")
def rows():
    return orders()


@pytest.fixture(scope="module")
def work(tmp_path_factory, rows):
    return live(tmp_path_factory.mktemp("orders"), "orders", rows)


@pytest.fixture(scope="module")
def view(work):
    return work.view("orders", NOW)


def week(view, period):
    labels = view.chunks(view.scored)
    return view.scored[(labels == period).to_numpy()]


# ---------------------------------------------------------------- in and out


def test_a_score_is_the_amount_and_so_is_the_prediction(work, rows):
    version = work.registry.version("orders", 1)
    assert version.birth["task"] == "regression"
    assert "classes" not in version.birth
    logged = work.logs("orders").predictions(start=LIVE)
    assert (logged["score"] == logged["prediction"]).all()
    known = logged.merge(rows, left_on="id", right_on="order")
    before = known[known["at"] < CHANGE]
    assert truth_of.r2_score(before["amount"], before["prediction"]) > 0.9


def test_an_outcome_is_any_number_and_one_that_is_none_is_refused(work, tmp_path):
    file = tmp_path / "amounts.csv"
    head = "order,amount,paid\n"
    file.write_text(f"{head}o1,12.5,2024-01-09\no2,free,2024-01-09\no3,,2024-01-09\n")
    with pytest.raises(errors.InputError) as refused:
        work.ingest("orders", "outcomes", file, as_of=NOW)
    said = str(refused.value)
    assert "line 3, column 'amount': 'free' is not a number" in said
    assert "line 4, column 'amount' is missing" in said


def test_amounts_of_a_file_are_taken_as_they_are_said(tmp_path):
    from tests.tasked import SHOP

    (tmp_path / "lifecycle.toml").write_text(SHOP)
    import lifecycle

    work = lifecycle.open(tmp_path)
    file = tmp_path / "said.csv"
    file.write_text(
        "order,at,items,visits,plan,score\na,2024-01-02T00:00:00Z,1,2,free,250\n"
    )
    work.ingest("orders", "predictions", file, as_of=NOW)
    logged = work.logs("orders").predictions()
    assert logged[["score", "prediction"]].to_numpy().tolist() == [[250.0, 250.0]]


def test_a_router_answers_with_the_amount(work):
    row = {"order": "r1", "items": 4.0, "visits": 10.0, "plan": "pro"}
    row["time"] = NOW + timedelta(hours=1)
    with Router(work, "orders", background=False) as router:
        one = router.predict_one(row)
        router.settle()
    assert one.prediction == one.score == pytest.approx(20 + 8 * 4 + 10 + 15, abs=5)
    logged = work.logs("orders").predictions(start=row["time"])
    assert logged["prediction"].tolist() == [one.prediction]


# ---------------------------------------------------------------- how good


def test_errors_are_what_scikit_learn_says_of_each_week(view):
    told = view.performance()
    for period in ("2024-W10", "2024-W16"):
        own = week(view, period)
        found = {r.measure: r.value for r in told if r.period == period}
        truth, guess = own["outcome"], own["prediction"]
        off = truth_of.mean_absolute_error(truth, guess)
        assert found["mae"] == pytest.approx(off)
        rmse = np.sqrt(truth_of.mean_squared_error(truth, guess))
        assert found["rmse"] == pytest.approx(rmse)


def test_the_error_is_held_against_the_version_s_first_weeks(work):
    told = {}
    for at in (CHANGE, CHANGE + 3 * WEEK):
        seen = work.view("orders", at)
        rule = seen.settings.watched["error"]
        told[at] = rules.watch(seen, {"error": rule})["error"]
    assert [each.verdict for each in told.values()] == ["quiet", "alert"]
    late = [r for r in told[CHANGE + 3 * WEEK] if r.verdict == "alert"][-1]
    seen = work.view("orders", CHANGE + 3 * WEEK)
    own = week(seen, late.period)
    off = truth_of.mean_absolute_error(own["outcome"], own["prediction"])
    first = [
        truth_of.mean_absolute_error(each["outcome"], each["prediction"])
        for each in (week(seen, f"2024-W{n:02d}") for n in (9, 10, 11, 12))
    ]
    usual = np.mean(first)  # the weeks are of one size
    assert late.value == pytest.approx((off - usual) / usual)
    assert late.threshold == 0.2
    assert late.unit == "%"


def test_harm_is_found_by_the_sequential_test_of_the_capped_error(work):
    calm, loud = (work.view("orders", at).harm() for at in (CHANGE, NOW))
    assert calm.verdict != "alert"
    assert loud.verdict == "alert"
    assert loud.summary.startswith("The capped error has risen by more than 2")


def test_the_tenths_of_the_predictions_say_where_they_are_too_high(view):
    parts = view.calibration().parts
    (found,) = [p for p in parts if getattr(p, "title", "") == "Predicted against true"]
    rows = view.recent(view.mature[view.mature["prediction"].notna()], 13)
    off = rows["prediction"] - rows["outcome"]
    assert found[0].value == pytest.approx(off.mean())
    assert sum(row.n for row in found[1:]) == len(rows)
    highest = rows.nlargest(found[-1].n, "prediction")
    own = (highest["prediction"] - highest["outcome"]).mean()
    assert found[-1].value == pytest.approx(own, rel=0.05)
    assert "Predicted against true" in parts[0].alt


def test_money_is_the_error_times_its_price(view):
    found = next(p for p in view.business().parts if getattr(p, "title", "") == "Money")
    own = week(view, "2024-W16")
    off = (own["prediction"] - own["outcome"]).abs().sum()
    (earned,) = [row for row in found if row.period == "2024-W16"]
    assert earned.value == pytest.approx(-0.5 * off)


def test_pages_that_ask_for_right_and_wrong_say_that_there_is_none(view):
    assert "right and wrong" in view.diagnosis().summary
    titles = [getattr(part, "title", "") for part in view.feedback().parts]
    assert "Who was right" not in titles
    assert view.segments().frame()["measure"].isin(["mae", "against the rest"]).all()


# ---------------------------------------------------------------- what to do


def test_the_ruling_is_to_retrain_and_money_is_the_error_s_price(view):
    ruling, tested = view.ruling(), view.backtest()
    assert ruling.action == "retrain"
    assert tested.task == "regression"
    newest = tested.table.query("age == 0").set_index("action")
    start, end = newest.loc["keep", ["start", "end"]]
    own = view.mature[(view.mature["time"] >= start) & (view.mature["time"] < end)]
    off = (own["prediction"] - own["outcome"]).abs().mean()
    assert newest.loc["keep", "loss"] * tested.error == pytest.approx(0.5 * off)
    assert "deviations of the outcomes a row (90%" in view.course().summary


def test_a_retrained_version_passes_the_gate_by_what_it_saves_of_the_error(work):
    made = work.train("orders", as_of=NOW, span=6, by="Bea")
    asked = work.propose(
        "orders", made.number, reason="new", target="production", as_of=NOW, by="Bea"
    )
    assert asked.evidence["passed"] is True
    fresh = work.view("orders", NOW)
    found = fresh.evaluation()
    rows = {(r.measure, r.subject): r for r in found.findings if not r.period}
    errors_ = [rows["mae", side].value for side in ("champion", "candidate")]
    saved = 1 - errors_[1] / errors_[0]
    assert found.difference.value == pytest.approx(saved)
    assert rows["cost", "champion"].value == pytest.approx(0.5 * errors_[0])
    assert rows["cost", "champion"].unit == "EUR"
    card = fresh.card(made.number)._repr_html_()
    assert "An amount beyond those it was trained on was never tested." in card
    work.withdraw("orders", asked.id, reason="not now", as_of=NOW, by="Bea")


def test_a_trial_and_a_guard_count_which_version_is_nearer(tmp_path, rows):
    began = CHANGE + 3 * WEEK
    work = live(tmp_path, "orders", rows)
    made = work.train("orders", as_of=began, span=2, by="Bea")
    asked = work.propose(
        "orders",
        made.number,
        reason="try it",
        target="experimental",
        share=0.2,
        as_of=began,
        by="Bea",
    )
    work.approve("orders", asked.id, reason="go", as_of=began, by="Bea")
    view = work.view("orders", NOW)
    found = view.trial()
    assert found.decision == "stop: benefit"
    both = [work.registry.version("orders", number) for number in (1, 2)]
    due = view.mature[view.mature["time"] > both[1].trained_to]
    due = due[due["time"] + view.settings.delay > began]
    off = [np.abs(saying.said(view, each, due)[1] - due["outcome"]) for each in both]
    nearer = (off[1] < off[0]).mean() - (off[0] < off[1]).mean()
    shown = found.findings.only(measure=found.findings.main)[-1]
    assert shown.value == pytest.approx(nearer)
    told = watchmen.posts(view)[-1].findings()["performance"]
    assert told.value == pytest.approx(nearer)
    assert told.verdict == "quiet"
