"""What would change a ruling: prices and the delay of outcomes."""

from __future__ import annotations

import json
import math
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import optimize, stats

from lifecycle import decision, training

COSTS = decision.Costs(1_500, 8_000, 100, 10, recalibrate=20)
SCALE = {"costs": COSTS, "rows_per_week": 400, "horizon_weeks": 26}


def table(retrain=0.1, rebuild=None, roll_back=None, recalibrate=None, windows=6):
    """A back-test with one gain an option, or one a window."""
    options = {
        "retrain": ("own", 13, None, retrain),
        "rebuild": ("other", 13, None, rebuild),
        "roll_back": (None, None, 2, roll_back),
        "recalibrate": (None, None, None, recalibrate),
    }
    rows = []
    for age in range(windows):
        window = {"window": f"2023-W{20 - age}", "age": age, "n": 400}
        rows.append({**window, "action": "keep", "difference": 0.0, "variance": 0.0})
        for action, (recipe, span, version, gain) in options.items():
            if gain is None:
                continue
            fresh = {"fresh_difference": np.nan, "fresh_variance": np.nan}
            if action == "rebuild":
                fresh = {"fresh_difference": gain - retrain, "fresh_variance": 0.0001}
            rows.append(
                {
                    **window,
                    "action": action,
                    "recipe": recipe,
                    "span": span,
                    "version": version,
                    "difference": gain,
                    "variance": 0.0001,
                    **fresh,
                }
            )
    columns = list(dict.fromkeys(name for row in rows for name in row))
    frame = pd.DataFrame(rows, columns=columns)
    return frame.astype({"span": "Int64", "version": "Int64"})


def lagged(held: pd.DataFrame, lags: dict[int, float]) -> pd.DataFrame:
    """What is left of each gain when it was made so many chunks before."""
    parts = []
    made = held[held["action"] != "keep"]
    for lag, left in lags.items():
        part = made[made["age"] < made["age"].max() + 1 - lag].assign(lag=lag)
        part["difference"] *= left
        part["fresh_difference"] *= left
        parts.append(part)
    return pd.concat(parts, ignore_index=True)


def flip(ruling: decision.Ruling, what: str, side: str) -> decision.Flip:
    return next(f for f in ruling.flips.rows if (f.what, f.side) == (what, side))


def ruled(held: pd.DataFrame, earned=None, **prices: float) -> decision.Ruling:
    """What is ruled at these prices; what acting has earned is told in errors of 10."""
    costs = replace(COSTS, **prices)
    balance = None if earned is None else earned * costs.error / COSTS.error
    return decision.rule(held, **{**SCALE, "costs": costs, "balance": balance})


def test_the_price_above_which_a_retraining_no_longer_pays_is_the_root_of_the_rule():
    ruling = ruled(table(0.1))
    best = ruling.options[0]

    def spare(price: float) -> float:
        return stats.norm.sf(1.25 * price, best.value, best.error) - 0.95

    expected = optimize.brentq(spare, 0, best.value)
    found = flip(ruling, "retrain", "above")
    assert ruling.action == "retrain"
    assert found.at == pytest.approx(expected, rel=1e-6)
    assert (found.now, found.to, found.verdict) == (1_500, "keep", "quiet")
    assert math.isinf(flip(ruling, "retrain", "below").at)


def test_the_price_below_which_another_recipe_takes_its_place_is_a_tie_of_nets():
    ruling = ruled(table(0.3, rebuild=0.35), rebuild=60_000.0)
    nets = {option.action: option for option in ruling.options}
    assert ruling.action == "retrain"
    expected = nets["rebuild"].value - ruling.value
    found = flip(ruling, "rebuild", "below")
    assert found.at == pytest.approx(expected, rel=1e-6)
    assert found.to == "rebuild with other on the last 13 weeks"


@pytest.mark.parametrize("what", ["retrain", "rebuild", "error"])
@pytest.mark.parametrize(
    "held",
    [table(0.1), table(0.02), table(0.1, rebuild=0.14), table(-0.1, roll_back=0.1)],
    ids=["retrain", "keep", "rebuild", "roll back"],
)
def test_just_beyond_a_flip_the_ruling_is_the_one_it_names_and_just_before_it_is_not(
    held, what
):
    ruling = ruled(held)
    for side, step in (("above", 1), ("below", -1)):
        rows = [f for f in ruling.flips.rows if (f.what, f.side) == (what, side)]
        for row in rows:
            if not math.isfinite(row.at):
                continue
            near = ruled(held, **{what: row.at * (1 - step * 1e-6)})
            far = ruled(held, **{what: row.at * (1 + step * 1e-6)})
            assert near.action == ruling.action
            assert far.action != ruling.action
            assert row.to.split()[0] == far.action.split("_")[0]


def test_what_is_ruled_has_the_flip_of_its_own_price():
    ruling = ruled(table(0.0, roll_back=0.1))
    assert ruling.action == "roll_back"
    assert flip(ruling, "roll_back", "above").to == "keep"
    assert {f.what for f in ruling.flips.rows} == {
        "retrain",
        "roll_back",
        "error",
        "delay",
    }
    mended = ruled(table(0.0, recalibrate=0.1))
    assert flip(mended, "recalibrate", "above").now == 20


def test_where_nothing_would_change_it_says_so():
    ruling = ruled(table(-0.2))
    assert all(math.isinf(f.at) for f in ruling.flips.rows if f.what != "delay")
    assert ruling.flips.summary == (
        "No price of an action or of an error would change it; what later outcomes "
        "would change was not tested."
    )
    assert "changes it" in repr(flip(ruling, "retrain", "below"))


def test_a_price_of_nothing_has_no_lower_side_and_errors_for_nothing_no_scale():
    ruling = ruled(table(0.1), retrain=0.0)
    assert [f.side for f in ruling.flips.rows if f.what == "retrain"] == ["above"]
    free = ruled(table(0.1), error=0.0)
    assert free.action == "keep"
    row = flip(free, "error", "above")
    assert row.verdict == "undefined"
    assert "errors cost nothing now" in row.why


def test_another_span_of_the_same_action_is_no_other_ruling():
    other = table(0.1)
    other = other[other["action"] == "retrain"].assign(span=8, difference=0.11)
    held = pd.concat([table(0.1), other.astype({"span": "Int64"})], ignore_index=True)
    ruling = ruled(held)
    assert flip(ruling, "retrain", "above").to == "keep"
    assert math.isinf(flip(ruling, "retrain", "below").at)


# ---------------------------------------------------------------- the delay


def test_the_delay_at_which_nothing_of_the_gain_is_left_is_found():
    held = table(0.1)
    later = lagged(held, {1: 0.8, 2: 0.1, 4: 0.0})
    ruling = decision.rule(held, later=later, **SCALE)
    row = flip(ruling, "delay", "later")
    assert (row.at, row.to, row.now) == (2.0, "keep", 0.0)
    assert "or outcomes two weeks later would make it keep" in ruling.flips.summary


def test_a_back_test_brings_its_later_windows_and_its_chunk():
    held = table(0.1)
    tested = training.Backtest(held, {}, {}, chunk="month", error=10.0)
    tested = replace(tested, later=lagged(held, {1: 0.0}))
    ruling = decision.rule(tested, **SCALE)
    assert flip(ruling, "delay", "later").unit == "month"
    assert "outcomes one month later would make it keep" in ruling.flips.summary


def test_a_delay_that_was_not_tested_far_enough_is_undefined():
    held = table(0.1)
    steady = decision.rule(held, later=lagged(held, {1: 0.9, 2: 0.9}), **SCALE)
    row = flip(steady, "delay", "later")
    assert math.isnan(row.at)
    assert row.verdict == "undefined"
    assert "up to two weeks later would not change it" in row.why
    none = decision.rule(held, later=held.head(0).assign(lag=[]), **SCALE)
    assert "was not tested" in flip(none, "delay", "later").why


def test_windows_that_are_missing_are_not_taken_for_the_delay():
    # no lagged option is scored on the older windows, where most of the gain is
    held = table(0.1, windows=6)
    newest = (held["action"] == "retrain") & (held["age"] < 2)
    held.loc[newest, ["difference", "variance"]] = 0.05, 0.001
    later = lagged(held, {4: 1.0})
    told = {**SCALE, "costs": replace(COSTS, retrain=50.0)}
    ruling = decision.rule(held, later=later, **told)
    alone = decision.rule(held[held["age"] < 2], **told)
    assert (ruling.action, alone.action) == ("retrain", "keep")
    assert math.isnan(flip(ruling, "delay", "later").at)


def test_what_was_made_a_window_later_is_not_known_where_outcomes_come_later():
    # the gain is all in the option made for a window later: a lag of one loses it
    held = table(0.02)
    made = held[held["action"] != "keep"]
    nearer = made.assign(lag=-1, difference=0.2)
    later = pd.concat([lagged(held, {1: 0.5}), nearer], ignore_index=True)
    ruling = decision.rule(held, later=later, **SCALE)
    assert ruling.action == "retrain"
    assert decision.rule(held, **SCALE).action == "keep"
    row = flip(ruling, "delay", "later")
    assert (row.at, row.to) == (1.0, "keep")
    two = pd.concat([lagged(held, {2: 0.5}), nearer], ignore_index=True)
    unknown = decision.rule(held, later=two, **SCALE)
    assert math.isnan(flip(unknown, "delay", "later").at)


def test_what_needs_no_training_does_not_age_with_the_delay():
    held = table(0.0, roll_back=0.1)
    later = lagged(held, {1: 1.0})
    later = later[later["action"] != "roll_back"]
    ruling = decision.rule(held, later=later, **SCALE)
    assert (
        "up to one week later would not change it" in flip(ruling, "delay", "later").why
    )


def test_an_option_that_was_not_tested_later_is_not_called_changed():
    held = table(0.1, roll_back=0.01)
    later = lagged(held, {1: 1.0})
    later = later[later["action"] == "roll_back"]
    ruling = decision.rule(held, later=later, **SCALE)
    assert ruling.action == "retrain"
    assert math.isnan(flip(ruling, "delay", "later").at)


# ---------------------------------------------------------------- faces, properties


def test_the_sentence_names_the_nearest_first():
    rows = (
        decision.Flip("error", "below", 10.0, 1.0, "keep", "EUR"),
        decision.Flip("retrain", "above", 1_500.0, 1_600.0, "keep", "EUR"),
        decision.Flip("rebuild", "below", 80_000.0, 20_000.0, "rebuild", "EUR"),
        decision.Flip("delay", "later", 0.0, math.nan, unit="week", why="not tested"),
    )
    flips = decision.Flips(rows, 90)
    assert flips.summary == (
        "A retrain price above €1,600 or a price of an error below €1 would make it "
        "keep; a rebuild price below €20,000 would make it rebuild; not tested."
    )
    far = replace(rows[0], at=0.5)
    assert "an error" not in replace(flips, rows=(far, *rows[1:])).summary
    assert "an error" in replace(flips, rows=(far,)).summary
    assert [row.verdict for row in flips.findings] == [*["quiet"] * 3, "undefined"]
    assert {row.n for row in flips.findings} == {90}
    assert flips.findings[1].subject == "retrain above: keep"
    assert flips.findings[1].threshold == 1_500.0
    assert len(flips.frame()) == 4
    assert json.dumps(flips.facts(), allow_nan=False)
    assert "€1,600" in flips._repr_html_()
    assert "€1,600" in flips.plot().alt
    assert repr(rows[3]) == "<Flip delay undefined: not tested>"
    assert "13 weeks" in decision.Flip("delay", "later", 0.0, 13.0, unit="week").cause


def test_without_a_ruling_there_is_nothing_to_change():
    ruling = decision.rule(None, **SCALE)
    assert ruling.flips.rows == ()
    assert ruling.flips.summary == ""
    assert "What would change it" not in ruling._repr_html_()


@settings(max_examples=30, deadline=None)
@given(
    retrain=st.floats(-0.2, 0.3),
    better=st.floats(-0.1, 0.2),
    back=st.floats(-0.2, 0.3),
    price=st.floats(0, 20_000),
    earned=st.sampled_from([None, 0.0, 3_000.0]),
)
def test_each_flip_is_on_its_side_and_ruling_again_agrees(
    retrain, better, back, price, earned
):
    held = table(retrain, rebuild=retrain + better, roll_back=back, windows=2)
    ruling = ruled(held, earned, retrain=price)
    for row in ruling.flips.rows:
        if not math.isfinite(row.at):
            continue
        assert row.at > row.now if row.side == "above" else row.at < row.now
        again = ruled(held, earned, **{"retrain": price, row.what: row.at})
        chosen = "keep" if again.action == "keep" else again.action.split("_")[0]
        assert row.to.split()[0] == chosen
