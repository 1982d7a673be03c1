"""When it is asked, and with how many fits."""

from __future__ import annotations

import json
import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from scipy import integrate, stats

from lifecycle import decision, training

RECIPES = ["own", "trees", "forest", "bins"]
SPANS = [8, 13, None]


def asked(fit: float = 2.0, rebuild: float = 8_000, retrain: float = 1_500, **facts):
    costs = decision.Costs(retrain, rebuild, error=facts.pop("error", 10.0), fit=fit)
    told = {
        "rows_per_week": 400,
        "recipes": RECIPES,
        "spans": SPANS,
        "loss": 0.22,
        "reference": 0.15,
        "weeks_since": 1.0,
    }
    return decision.ask(facts.pop("table", None), costs=costs, **{**told, **facts})


def made(asking: decision.Asking) -> int:
    return asking.fits if asking.now else 0


def test_the_stake_is_the_expected_value_of_acting_only_where_it_pays():
    variances = {"loss_variance": 0.0003, "reference_variance": 0.0001}
    found = asked(**variances).stake
    spread = math.sqrt(0.0003 + 0.0001 + 0.02**2)
    weeks = sum(0.95**week for week in range(26))
    expected, _ = integrate.quad(
        lambda rise: (
            max(rise * 4_000 * weeks - 1_500, 0) * stats.norm.pdf(rise, 0.07, spread)
        ),
        -0.3,
        0.5,
        points=[1_500 / (4_000 * weeks)],
    )
    assert found == pytest.approx(expected / weeks, rel=1e-6)


def test_cheap_fits_are_all_made_and_said():
    found = asked(fit=0.5)
    assert found.budget >= found.price == 24
    assert found.now
    assert (found.windows, found.recipes) == (4, ("own", "trees", "forest", "bins"))
    assert sorted(found.spans, key=str) == [13, 8, None]
    assert found.fits == 48
    assert found.summary == (
        "48 fits would cost $24; at stake are $179 a week: ask with 4 windows, 3 "
        "spans and 4 recipes; again with new outcomes."
    )
    assert found.verdict == "alert"


def test_dear_fits_are_few_and_of_the_own_recipe():
    found = asked(fit=20)
    assert found.now
    assert (found.fits, found.recipes) == (2, ("own",))
    assert (found.windows, len(found.spans)) == (1, 2)
    assert found.price <= found.budget
    assert found.budget == pytest.approx(0.25 * found.stake)


def test_other_recipes_come_before_further_windows():
    found = asked(fit=4)
    assert (found.windows, found.recipes) == (1, ("own", "trees", "forest"))
    assert found.summary.endswith(
        "ask with 1 window, 3 spans and 3 recipes; again with new outcomes."
    )


def test_nothing_at_stake_waits_until_it_is_time_and_then_asks_with_one_fit():
    calm = {"loss": 0.10, "fit": 500.0}
    waits = asked(**calm)
    assert not waits.now
    assert waits.verdict == "quiet"
    assert waits.next_in == 3
    assert "do not ask yet, but in 3 weeks" in waits.summary
    due = asked(**calm, weeks_since=4)
    assert due.now
    assert (due.fits, due.windows, due.spans) == (1, 1, (13,))
    assert "ask all the same, 4 weeks after the last look" in due.summary


@pytest.mark.parametrize("every", [1.0, 4.0, 9.0])
def test_never_asks_never_however_dear_a_fit_is(every):
    found = [
        asked(fit=1e9, loss=0.1, weeks_since=week, every=every).now
        for week in range(1, 12)
    ]
    assert found.index(True) == every - 1
    assert all(found[int(every) - 1 :])


def test_who_never_looked_looks():
    found = asked(fit=1e9, weeks_since=None)
    assert found.now
    assert "nobody has looked yet" in found.summary


def test_who_has_just_looked_does_not_look_again():
    assert not asked(fit=0.0, weeks_since=0).now


def test_a_drop_of_five_points_is_asked_about_at_once_where_nothing_is_not():
    assert asked(fit=20.0, loss=0.20, reference=0.15).now
    assert not asked(fit=20.0, loss=0.15, reference=0.15).now


def test_without_a_loss_the_usual_size_of_a_gain_is_at_stake():
    found = asked(loss=math.nan)
    price = 1_500 / (4_000 * sum(0.95**week for week in range(26)))
    z = -price / 0.05
    expected = 4_000 * (0.05 * stats.norm.pdf(z) - price * stats.norm.cdf(z))
    assert found.stake == pytest.approx(expected)


def test_fits_that_are_kept_cost_nothing():
    kept = [
        (name, span, age) for name in RECIPES for span in SPANS for age in (1, 2, 3)
    ]
    found = asked(fit=2.0, kept=kept)
    assert (found.windows, found.fits) == (4, 12)
    every = [*kept, *((name, span, 0) for name in RECIPES for span in SPANS)]
    free = asked(fit=1e9, kept=every, loss=0.1)
    assert free.now
    assert free.price == 0
    assert free.summary.startswith("No fit has to be made; at stake are ")


def moved(losses: list[float]) -> pd.DataFrame:
    """A back-test without fits: the champion's loss, newest window first."""
    rows = [
        {"action": "keep", "age": age, "n": 400, "loss": loss}
        for age, loss in enumerate(losses)
    ]
    rows += [
        {"action": "retrain", "recipe": "own", "span": span, "age": 1, "n": 400}
        for span in (8, None)
    ]
    return pd.DataFrame(rows).astype({"span": "Int64"})


def test_a_back_test_without_fits_tells_how_the_loss_has_moved_and_what_is_kept():
    table = moved([0.30, 0.20, 0.10, 0.16, 0.13])
    told = {"loss": None, "reference": None, "recipes": ["own"]}
    found = asked(table=table, **told)
    spread = np.var([0.10, 0.16, 0.13], ddof=1)
    by_hand = asked(
        recipes=["own"],
        loss=0.25,
        loss_variance=spread / 2,
        reference=0.13,
        reference_variance=spread / 3,
        kept=[("own", 8, 1), ("own", None, 1)],
    )
    assert found.stake == pytest.approx(by_hand.stake)
    assert (found.fits, found.n) == (by_hand.fits, 800)
    assert found.fits == 10
    tested = training.Backtest(table, {}, {}, error=10.0)
    free = decision.Costs(1_500, 8_000, fit=2.0)
    told |= {"rows_per_week": 400, "spans": SPANS, "weeks_since": 1.0}
    assert decision.ask(tested, costs=free, **told).stake == found.stake


def test_a_table_that_says_little_leaves_the_usual_gain_at_stake():
    usual = asked(loss=math.nan).stake
    told = {"loss": None, "reference": None}
    for losses in ([], [0.2], [0.2, 0.3]):
        assert asked(table=moved(losses), **told).stake == usual
    one = asked(table=moved([0.2, 0.2, 0.1]), **told)
    by_rows = asked(
        loss=0.2, loss_variance=0.09 / 800, reference=0.1, reference_variance=0.09 / 400
    )
    assert one.stake == pytest.approx(by_rows.stake)


def test_another_recipe_is_not_fitted_where_the_rise_could_never_pay_for_it():
    hopeless = asked(fit=0.5, rebuild=1e7)
    assert hopeless.recipes == ("own",)
    assert (hopeless.windows, hopeless.fits) == (4, 12)
    dearer = {"fit": 4.0, "rebuild": 1e7}
    assert (asked(**dearer).windows, asked(**dearer).fits) == (1, 3)
    assert asked(**dearer, recipes=["own"]).windows == 3


def test_the_middle_span_comes_first():
    dear = {"fit": 1e6, "weeks_since": 9}
    assert asked(**dear, spans=[None, 4, 26, 8, 13]).spans == (13,)
    assert asked(**dear, spans=[None]).spans == (None,)


def test_nothing_hangs_on_the_model_where_no_rows_come_or_errors_are_free():
    assert asked(rows_per_week=0).stake == 0
    assert asked(error=0.0).stake == 0
    assert not asked(error=0.0).now


def test_numbers_that_make_no_sense_are_refused():
    for name in ("rows_per_week", "horizon_weeks", "loss_variance", "weeks_since"):
        with pytest.raises(ValueError, match=f"{name} must be 0 or more"):
            asked(**{name: -1})
    with pytest.raises(ValueError, match="windows must be 1 or more"):
        asked(windows=0)
    with pytest.raises(ValueError, match=r"or reference 0\.15 is infinite"):
        asked(loss=math.inf)
    for share in (0.0, 1.1, math.nan):
        with pytest.raises(ValueError, match="share must be above 0 and at most 1"):
            asked(share=share)
    with pytest.raises(ValueError, match="every must be above 0"):
        asked(every=0)
    for name in ("recipes", "spans"):
        with pytest.raises(ValueError, match="must name at least one each"):
            asked(**{name: []})


def test_the_faces_show_the_same():
    found = asked()
    facts = json.loads(json.dumps(found.facts(), allow_nan=False))
    assert facts["fits"] == found.fits
    assert facts["summary"] == found.summary
    assert repr(found).startswith("<Asking now: ")
    assert found.frame().loc[0, "stake"] == found.stake
    assert "Time to ask" in found._repr_html_()
    assert found.findings.verdict == "alert"
    assert found.findings[0].threshold == found.price


# ---------------------------------------------------------------- in the ruling


def test_a_ruling_says_where_nothing_was_fitted_for_it_and_when_it_will_be():
    waits = asked(loss=0.10, fit=500.0)
    told = {"costs": decision.Costs(1_500, 8_000, 100, 10), "rows_per_week": 400}
    kept = pd.DataFrame({"action": ["keep"], "age": [0], "n": [400]})
    nothing = decision.rule(kept, asking=waits, **told)
    assert (nothing.action, nothing.verdict) == ("keep", "undefined")
    assert nothing.summary == (
        f"No ruling yet, the version in production is kept. {waits.summary}"
    )
    back = {"action": "roll_back", "version": 2, "difference": 0.01, "variance": 1e-4}
    row = {"age": 0, "n": 400, "recipe": None, "span": None, **back}
    free = decision.rule(pd.DataFrame([row]), asking=waits, **told)
    assert free.verdict == "quiet"
    assert free.summary.endswith(f" Nothing new was fitted: {waits.summary}")
    assert "When to look" in free._repr_html_()
    assert json.loads(json.dumps(free.facts(), allow_nan=False))["asking"]["fits"] == 1
    now = decision.rule(pd.DataFrame([row]), asking=asked(), **told)
    assert "Nothing new was fitted" not in now.summary
    assert decision.rule(pd.DataFrame([row]), **told).facts()["asking"] is None


# ---------------------------------------------------------------- properties

CASES = {
    "loss": st.floats(0, 1),
    "loss_variance": st.floats(0, 0.01),
    "weeks_since": st.floats(0, 8),
    "rebuild": st.floats(0, 1e5),
    "retrain": st.floats(0, 1e4),
    "windows": st.integers(1, 6),
    "spans": st.lists(st.sampled_from([4, 8, 13, 26, None]), min_size=1, unique=True),
    "kept": st.sets(
        st.tuples(
            st.sampled_from(RECIPES), st.sampled_from([8, 13, None]), st.integers(0, 5)
        )
    ),
}


@settings(max_examples=150, deadline=None)
@given(
    case=st.fixed_dictionaries(CASES), fit=st.floats(0, 500), dearer=st.floats(1, 50)
)
def test_dearer_fits_never_lead_to_more_fits(case, fit, dearer):
    assert made(asked(fit=fit * dearer, **case)) <= made(asked(fit=fit, **case))


@example(
    case={
        "loss": 0.0,
        "loss_variance": 0.0,
        "weeks_since": 0.0,
        "rebuild": 0.0,
        "retrain": 671.0,
        "windows": 1,
        "spans": [4],
        "kept": set(),
    },
    fit=0.0,
    error=2.0,
    more=4.0,
    rise=0.0,
)
@settings(max_examples=150, deadline=None)
@given(
    case=st.fixed_dictionaries(CASES),
    fit=st.floats(0, 500),
    error=st.floats(0, 100),
    more=st.floats(1, 50),
    rise=st.floats(0, 0.5),
)
def test_a_larger_stake_never_leads_to_fewer_fits(case, fit, error, more, rise):
    one = asked(fit=fit, error=error, **case)
    two = asked(fit=fit, error=error * more, **{**case, "loss": case["loss"] + rise})
    assert two.stake >= one.stake * (1 - 1e-9)
    assert made(two) >= made(one)


@settings(max_examples=100, deadline=None)
@given(case=st.fixed_dictionaries(CASES), fit=st.floats(0, 500), wait=st.floats(0, 8))
def test_whoever_waits_longer_is_not_asked_to_look_at_less(case, fit, wait):
    later = {**case, "weeks_since": case["weeks_since"] + wait}
    assert made(asked(fit=fit, **later)) >= made(asked(fit=fit, **case))
