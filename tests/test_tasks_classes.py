"""A chatbot's intents from the settings to the gate: text in, classes out."""

from __future__ import annotations

from datetime import timedelta

import numpy as np
import pandas as pd
import pytest
from sklearn import metrics as truth_of

from lifecycle import config, errors, recipes, tasks, training
from lifecycle.workspace import reproducing, rules, saying, watchmen
from lifecycle.workspace.router import Router
from tests.tasked import CHANGE, INTENTS, LIVE, NEW, NOW, START, WEEK, live, messages


@pytest.fixture(scope="module")
def rows():
    return messages()


@pytest.fixture(scope="module")
def work(tmp_path_factory, rows):
    return live(tmp_path_factory.mktemp("bot"), "bot", rows)


@pytest.fixture(scope="module")
def view(work):
    return work.view("bot", NOW)


# ---------------------------------------------------------------- in and out


def test_a_version_knows_the_classes_it_was_taught_by_name(work):
    version = work.registry.version("bot", 1)
    assert sorted(version.birth["classes"]) == sorted(set(INTENTS) - {NEW})
    assert version.birth["task"] == "multiclass"
    assert version.threshold == 0.4


def test_what_is_logged_is_the_best_class_and_how_probable_it_is(work, rows):
    version = work.registry.version("bot", 1)
    told = rows[rows["sent"] >= LIVE].set_index("message")
    logged = work.logs("bot").predictions(start=LIVE).set_index("id")
    assert len(logged) == len(told)
    estimator = work.registry.load(version)
    table = training.features(told, numeric=[], categorical=["channel", "text"])
    shares = estimator.predict_proba(table)
    names = np.array(version.birth["classes"])[shares.argmax(axis=1)]
    logged = logged.loc[told.index]
    assert logged["prediction"].tolist() == names.tolist()
    assert logged["score"].to_numpy() == pytest.approx(shares.max(axis=1))
    assert (logged["version"] == "1").all()


def test_the_fit_is_the_one_scikit_learn_makes_of_these_rows(work, rows):
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline

    recipe = recipes.load("tfidf_logistic").reading(["text"])
    names = sorted(set(rows["intent"]))
    learnt = rows.head(300)
    frame = learnt.assign(outcome=saying.coded(learnt["intent"], names))
    made = training.train(
        frame,
        recipe,
        numeric=[],
        categorical=["text"],
        seed=0,
        task="multiclass",
        classes=names,
    )
    plain = make_pipeline(
        TfidfVectorizer(min_df=2, sublinear_tf=True),
        LogisticRegression(C=10.0, max_iter=1000),
    ).fit(learnt["text"], learnt["intent"])
    new = rows.tail(100)
    raw = training.predict(
        made.estimator, new, numeric=[], categorical=["text"], task="multiclass"
    )
    sure, said = tasks.of("multiclass").said(
        raw, threshold=0.0, classes=made.birth["classes"]
    )
    assert said.tolist() == plain.predict(new["text"]).tolist()
    best = plain.predict_proba(new["text"]).max(axis=1)
    assert sure == pytest.approx(best, abs=1e-4)


def test_outcomes_are_names_and_a_row_without_one_is_refused(work, tmp_path):
    file = tmp_path / "intents.csv"
    file.write_text("message,intent,closed\nm1, loan ,2024-01-09\nm2,,2024-01-09\n")
    with pytest.raises(errors.InputError, match="line 3, column 'intent' is missing"):
        work.ingest("bot", "outcomes", file, as_of=NOW)
    file.write_text("message,sent,channel\nx1,2024-05-01T00:00:00Z,app\n")
    with pytest.raises(errors.InputError, match="column 'text' is missing"):
        work.ingest("bot", "predictions", file, as_of=NOW)


def test_a_router_answers_with_the_name_of_a_class_and_logs_it(work):
    at = NOW + timedelta(hours=1)
    row = {"message": "r1", "text": "my card is lost", "channel": "app", "time": at}
    with Router(work, "bot", background=False) as router:
        one = router.predict_one(row)
        frame = pd.DataFrame([row, row]).assign(message=["r2", "r3"])
        frame["text"] = ["card stolen please block", "how much money balance"]
        many = router.predict(frame)
        router.settle()
    assert one.prediction == "card_lost"
    assert 0.4 < one.score <= 1
    assert repr(one).startswith("<Answer r1: card_lost (score 0.")
    assert [each.prediction for each in many] == ["card_lost", "balance"]
    assert many[1].prediction == "balance"
    logged = work.logs("bot").predictions(start=at).set_index("id")
    assert logged["prediction"].to_dict() == {
        "r1": "card_lost",
        "r2": "card_lost",
        "r3": "balance",
    }
    assert logged.loc["r1", "score"] == pytest.approx(one.score)


def test_rows_that_come_again_are_given_as_they_are_logged(work, rows, tmp_path):
    file = tmp_path / "again.csv"
    told = rows[rows["sent"] >= LIVE].tail(5)
    told[["message", "sent", "channel", "text"]].to_csv(file, index=False)
    again = work.score("bot", file, as_of=NOW, out=tmp_path / "said.csv")
    logged = work.logs("bot").predictions().set_index("id")
    assert (
        again["prediction"].tolist() == logged.loc[again["id"], "prediction"].tolist()
    )
    shown = pd.read_csv(tmp_path / "said.csv")
    assert shown["prediction"].tolist() == again["prediction"].tolist()
    told = told.assign(text="something else altogether")
    told[["message", "sent", "channel", "text"]].to_csv(file, index=False)
    with pytest.raises(errors.InputError, match="is in the log with 'text'"):
        work.score("bot", file, as_of=NOW)


def test_what_moved_the_answer_to_a_message_is_its_text(view):
    asked = view.scored[view.scored["prediction"] == "loan"]["id"].iloc[0]
    found = view.reasons(asked)
    assert found.index[0] == "text"
    assert abs(found["channel"]) < 0.2


# ---------------------------------------------------------------- how good


def test_performance_is_what_scikit_learn_says_of_each_week(view, rows):
    told = view.performance()
    labels = view.chunks(view.scored)
    for period in ("2024-W10", "2024-W16"):
        own = view.scored[(labels == period).to_numpy()]
        found = {r.measure: r.value for r in told if r.period == period}
        truth, guess = own["outcome"], own["prediction"]
        assert found["accuracy"] == truth_of.accuracy_score(truth, guess)
        macro = truth_of.f1_score(truth, guess, average="macro", zero_division=0)
        assert found["macro_f1"] == pytest.approx(macro)


def test_a_new_class_is_named_within_two_weeks_and_wakes_somebody(work):
    before = work.view("bot", CHANGE - timedelta(hours=1))
    after = work.view("bot", CHANGE + 2 * WEEK)
    calm, loud = (each.answers().parts[-1] for each in (before, after))
    assert calm.verdict == "quiet"
    assert loud.verdict == "alert"
    assert loud.drifted == (NEW,)
    assert f"1 class came true that version 1 was never taught: {NEW} (" in loud.summary
    told = rules.watch(after, {"drift": after.settings.watched["drift"]})["drift"]
    assert told.verdict == "alert"
    assert NEW in told.named


def test_words_that_came_with_the_new_class_tell_the_newest_messages(view):
    (found,) = [
        p for p in view.answers().parts if getattr(p, "title", "") == "Words of text"
    ]
    assert found.verdict == "alert"
    assert found.drifted == ("text",)
    more = {row.subject for row in found if row.measure == "more often"}
    assert {"crypto", "bitcoin", "wallet"} <= more


def test_accuracy_below_its_floor_is_an_alert_and_not_before(work):
    told = {}
    for at in (CHANGE, NOW):
        seen = work.view("bot", at)
        rule = seen.settings.watched["accuracy"]
        told[at] = rules.watch(seen, {"accuracy": rule})["accuracy"].verdict
    assert told == {CHANGE: "quiet", NOW: "alert"}


def test_confidence_is_held_against_how_often_the_answer_was_right(view):
    sheet = view.calibration()
    gap = [row for row in sheet.frame().to_dict("records") if row["period"]]
    labels = view.chunks(view.scored)
    own = view.scored[(labels == "2024-W16").to_numpy()]
    right = (own["prediction"] == own["outcome"]).mean()
    found = {r["measure"]: r["value"] for r in gap if r["period"] == "2024-W16"}
    assert found["calibration gap"] == pytest.approx(right - own["score"].mean())
    unsure = own["score"] < 0.4
    assert found["handed over"] == pytest.approx(unsure.mean())
    answered = own[~unsure]
    assert found["accuracy where it answers"] == pytest.approx(
        (answered["prediction"] == answered["outcome"]).mean()
    )


def test_the_class_nobody_taught_is_the_one_recognised_least(view):
    parts = view.segments().parts
    (recall,) = [p for p in parts if getattr(p, "title", "") == "Recall by class"]
    assert recall[0].subject == NEW
    assert recall[0].value == 0.0
    (mixed,) = [p for p in parts if getattr(p, "title", "") == "Confusion"]
    assert all(row.subject.startswith(f"{NEW} predicted ") for row in mixed[:2])


def test_money_is_what_right_wrong_and_handed_over_ones_are_worth(view):
    found = next(p for p in view.business().parts if getattr(p, "title", "") == "Money")
    labels = view.chunks(view.scored)
    own = view.scored[(labels == "2024-W16").to_numpy()]
    wrong = own["prediction"] != own["outcome"]
    handed = own["score"] < 0.4
    bill = 2.0 * handed.sum() + 8.0 * (wrong & ~handed).sum()
    (earned,) = [
        row for row in found if row.period == "2024-W16" and row.measure == "earned"
    ]
    assert earned.value == pytest.approx(-bill)
    assert earned.unit == "EUR"


# ---------------------------------------------------------------- what to do


def test_the_ruling_is_to_retrain_and_the_losses_are_the_bill(view):
    ruling, tested = view.ruling(), view.backtest()
    assert ruling.action == "retrain"
    assert tested.task == "multiclass"
    newest = tested.table.query("age == 0").set_index("action")
    start, end = newest.loc["keep", ["start", "end"]]
    own = view.mature[(view.mature["time"] >= start) & (view.mature["time"] < end)]
    wrong = (own["prediction"] != own["outcome"]).to_numpy()
    handed = (own["score"] < 0.4).to_numpy()
    lost = np.where(handed, 2.0, np.where(wrong, 8.0, 0.0))
    assert newest.loc["keep", "loss"] * tested.error == pytest.approx(lost.mean())
    assert newest.loc["retrain", "loss"] < newest.loc["keep", "loss"] / 2


@pytest.fixture(scope="module")
def retrained(work):
    return work.train("bot", as_of=NOW, span=6, by="Bea")


def test_a_retrained_version_knows_the_new_class_and_passes_the_gate(
    work, view, retrained
):
    assert NEW in retrained.birth["classes"]
    asked = work.propose(
        "bot", retrained.number, reason="new", target="production", as_of=NOW, by="Bea"
    )
    assert asked.evidence["passed"] is True
    fresh = work.view("bot", NOW)
    found = fresh.evaluation()
    held = fresh.mature[fresh.mature["time"] > retrained.trained_to]
    rows = {(r.measure, r.subject): r for r in found.findings if not r.period}
    for number, side in ((1, "champion"), (retrained.number, "candidate")):
        version = work.registry.version("bot", number)
        said = saying.said(fresh, version, held)[1]
        right = truth_of.accuracy_score(held["outcome"], said)
        assert rows["accuracy", side].value == pytest.approx(right)
        recall = truth_of.recall_score(
            held["outcome"], said, average="macro", zero_division=0
        )
        assert rows["balanced_accuracy", side].value == pytest.approx(recall)
    table = found.differing.table
    assert table["outcome"].iloc[0] == NEW
    assert table["candidate"].iloc[0].startswith(f"{NEW} (")
    work.withdraw("bot", asked.id, reason="not now", as_of=NOW, by="Bea")


def test_a_version_made_again_answers_every_row_alike(work, retrained):
    for number in (1, retrained.number):
        again = reproducing.reproduce(work, "bot", number)
        assert again.verdict == "quiet", again.summary


def test_a_word_that_names_a_class_stands_for_the_outcome_nobody_knows(work):
    at = NOW + WEEK
    said = work.view("bot", NOW).scored.tail(80)
    words = pd.DataFrame(
        {
            "feedback_id": [f"f{each}" for each in range(80)],
            "id": said["id"].to_numpy(),
            "time": (said["time"] + timedelta(hours=3)).to_numpy(),
            "kind": "correction",
            "label": said["outcome"].to_numpy(),
            "person": "Ana",
        }
    )
    told = saying.coded(words["label"], ["card_lost", "balance"])
    assert set(told[~np.isnan(told)]) <= {0.0, 1.0}
    frame = said.assign(outcome=saying.coded(said["outcome"], list(INTENTS)))
    frame.loc[frame.index[-20:], "outcome"] = np.nan
    rows = training.material(
        frame,
        as_of=at,
        delay=timedelta(days=1),
        feedback=words.assign(label=saying.coded(words["label"], list(INTENTS))),
        classes=len(INTENTS),
    )
    assert (rows.sources == "correction").sum() > 0
    spoken = rows.table[rows.sources == "correction"].set_index("id")["outcome"]
    names = dict(zip(words["id"], words["label"], strict=True))
    assert all(list(INTENTS)[int(c)] == names[i] for i, c in spoken.items())


@pytest.fixture(scope="module")
def on_trial(tmp_path_factory, rows):
    """A version that was taught the new class has had a share for three weeks."""
    began = CHANGE + 3 * WEEK
    work = live(tmp_path_factory.mktemp("trial"), "bot", rows)
    made = work.train("bot", as_of=began, span=2, by="Bea")
    asked = work.propose(
        "bot",
        made.number,
        reason="try it",
        target="experimental",
        share=0.2,
        as_of=began,
        by="Bea",
    )
    work.approve("bot", asked.id, reason="go", as_of=began, by="Bea")
    return work


def test_a_trial_counts_who_named_the_right_class_on_the_same_rows(on_trial):
    view = on_trial.view("bot", NOW)
    found = view.trial()
    assert found.decision == "stop: benefit"
    began = CHANGE + 3 * WEEK
    both = [on_trial.registry.version("bot", number) for number in (1, 2)]
    rows = view.mature[view.mature["time"] > both[1].trained_to]
    rows = rows[rows["time"] + view.settings.delay > began]
    right = [
        (saying.said(view, each, rows)[1] == rows["outcome"]).mean() for each in both
    ]
    shown = found.findings.only(measure=found.findings.main)[-1]
    assert shown.value == pytest.approx(right[1] - right[0])


def test_guards_hold_the_classes_of_both_versions_against_what_came(on_trial):
    view = on_trial.view("bot", NOW)
    post = watchmen.posts(view)[-1]
    assert post.serving.number == 2
    found = post.findings()
    assert found["performance"].verdict == "quiet"
    assert found["performance"].value > 0.3
    assert found["scores"].verdict == "quiet"
    assert -1 < found["scores"].value < 1


def test_a_rule_holds_the_share_that_is_handed_over(view):
    told = {
        "known": config.Rule(watch="handed_over", above=0.5),
        "unknown": config.Rule(watch="handed_over", above=0.01),
    }
    found = rules.watch(view, told)
    assert found["known"].verdict == "quiet"
    assert found["unknown"].verdict == "alert"
    row = found["unknown"].rows[-1]
    labels = view.chunks(view.scored)
    own = view.scored[(labels == row.period).to_numpy()]
    assert row.value == pytest.approx((own["score"] < 0.4).mean())


def test_the_card_says_what_it_knows_and_what_it_cannot(view):
    page = view.card(1)
    shown = page._repr_html_()
    assert "Handed over below" in shown
    assert "of a new one it can only be wrong" in shown


def test_the_reference_period_of_the_settings_trained_the_first(work):
    version = work.registry.version("bot", 1)
    assert version.trained_from >= START
    assert version.birth["rows"] == 60 * 7
