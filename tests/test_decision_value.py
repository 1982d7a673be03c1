from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from lifecycle import decision
from lifecycle.decision.levels import level, steps, unrest

COSTS = decision.Costs(1_500, 80_000, 100, 10, recalibrate=300, fit=15)
SCALE = {"costs": COSTS, "rows_per_week": 400, "horizon_weeks": 26}
WEEKS = (1 - 0.95**26) / 0.05
TAU, RHO, FLOOR = 0.15, 0.95, 0.02


def table(gains: dict[tuple, list[float]], variance: float = 0.0004) -> pd.DataFrame:
    """A back-test by (action, recipe, span, version): one gain a window, newest first.

    A rebuild is that much better than a retrain when both are fresh.
    """
    rows = [
        {
            "action": action,
            "recipe": recipe,
            "span": span,
            "version": version,
            "age": age,
            "n": 400,
            "difference": gain,
            "variance": variance,
            "fresh_difference": gain if action == "rebuild" else math.nan,
            "fresh_variance": variance if action == "rebuild" else math.nan,
        }
        for (action, recipe, span, version), own in gains.items()
        for age, gain in enumerate(own)
    ]
    return pd.DataFrame(rows).astype({"span": "Int64", "version": "Int64"})


def retrain(gains: list[float], variance: float = 0.0004) -> pd.DataFrame:
    return table({("retrain", "own", 13, None): gains}, variance)


def weighed(held: pd.DataFrame, **told: object) -> decision.Option:
    return decision.weigh(held, **{**SCALE, **told})[0]


def filtered(gains, variances, ages) -> tuple[float, float]:
    """A Kalman filter by its recursion, from the oldest window to age 0."""
    mean, spread = 0.0, TAU**2
    seen = {int(age): pair for age, *pair in zip(ages, gains, variances, strict=True)}
    for age in range(max(seen), -1, -1):
        mean, spread = RHO * mean, RHO**2 * spread + TAU**2 * (1 - RHO**2)
        if age in seen:
            gain, variance = seen[age]
            weight = spread / (spread + variance)
            mean, spread = mean + weight * (gain - mean), (1 - weight) * spread
    return mean, spread


# ---------------------------------------------------------------- levels

USUAL = {"usual": TAU, "persistence": RHO}
WINDOWS = st.lists(
    st.tuples(st.floats(-1, 1), st.floats(1e-5, 0.1), st.booleans()),
    min_size=1,
    max_size=12,
)


@settings(max_examples=25, deadline=None)
@given(windows=WINDOWS)
def test_the_level_is_that_of_a_kalman_filter_windows_missing_or_not(windows):
    held = [(*pair, age) for age, (*pair, there) in enumerate(windows) if there]
    if not held:
        return
    gains, variances, ages = (list(part) for part in zip(*held, strict=True))
    found = level(gains, variances, ages, **USUAL)
    assert found == pytest.approx(filtered(gains, variances, ages), abs=1e-6)


def test_without_windows_nothing_is_gained_as_surely_as_is_usual():
    assert level([], [], [], **USUAL) == (0.0, TAU**2)


def test_what_never_fades_is_the_mean_by_precision_with_one_more_at_nought():
    gains, variances = np.array([0.3, 0.1, 0.2]), np.array([0.01, 0.02, 0.04])
    gain, variance = level(gains, variances, [0, 1, 2], usual=0.5, persistence=1.0)
    precision = 1 / 0.5**2 + (1 / variances).sum()
    assert gain == pytest.approx((gains / variances).sum() / precision)
    assert variance == pytest.approx(1 / precision)


def test_a_step_is_between_neighbours_and_has_no_sign():
    assert steps([0.0, 0.5, 0.25, 1.0], [3, 0, 1, 5]).tolist() == [0.25]
    assert steps([0.5], [0]).size == steps([], []).size == 0


def test_unrest_is_the_variance_that_rows_do_not_explain():
    rng = np.random.default_rng(3)
    shared, within = 0.1, 0.05
    seen = rng.normal(0, shared, 4000) + rng.normal(0, within, 4000)
    found = unrest(steps(seen, np.arange(4000)), [within**2])
    assert found == pytest.approx(shared**2, rel=0.1)
    still = rng.normal(0, within, 4000)
    assert unrest(steps(still, np.arange(4000)), [within**2]) < 0.0004


def test_one_lasting_jump_is_no_unrest_and_a_constant_has_none():
    assert unrest(steps([0.4, 0.4, 0.0, 0.0, 0.0], range(5)), [0.0]) == 0.0
    assert unrest([], [], least=0.02) == unrest([0.0], [0.1], least=0.02) == 0.0004


# ---------------------------------------------------------------- prices


def test_the_old_order_of_prices_still_works_and_the_new_ones_are_told_by_name():
    assert decision.Costs(1, 2, 3, 4).error == 4
    assert (decision.Costs(1, 2).recalibrate, decision.Costs(1, 2).fit) == (0, 0)
    with pytest.raises(TypeError):
        decision.Costs(1, 2, 3, 4, 5)  # type: ignore[misc]


@pytest.mark.parametrize("name", ["recalibrate", "fit"])
def test_a_negative_price_is_refused(name):
    with pytest.raises(ValueError, match=f"the price {name} must be 0 or more"):
        decision.Costs(1, 2, **{name: -1.0})


# ---------------------------------------------------------------- options


def test_scores_can_be_mended_at_their_own_price_and_any_version_come_back():
    found = decision.weigh(
        table(
            {
                ("recalibrate", None, None, None): [0.1] * 4,
                ("roll_back", None, None, 2): [0.1] * 4,
                ("roll_back", None, None, 3): [0.2] * 4,
            }
        ),
        **SCALE,
    )
    shown = [(option.action, option.version, option.price) for option in found]
    assert shown == [
        ("roll_back", 3, 100),
        ("roll_back", 2, 100),
        ("recalibrate", None, 300),
    ]


def test_one_window_by_hand():
    option = weighed(retrain([0.2]))
    noise = 0.0004 + FLOOR**2
    shrink = TAU**2 / (TAU**2 + noise)
    money = WEEKS * 400 * 10
    assert option.gain == pytest.approx(shrink * 0.2)
    assert option.value == pytest.approx(shrink * 0.2 * money)
    assert option.error == pytest.approx(math.sqrt(shrink * noise) * money)
    assert (option.n, option.windows, option.confirmed) == (400, 1, 0.0)
    assert option.weeks == pytest.approx(WEEKS)


def test_a_rebuild_is_the_own_recipe_fresh_and_what_another_adds_to_it():
    gains = [0.1, 0.12, 0.1, 0.12]
    held = table(
        {
            ("retrain", "own", 13, None): gains,
            ("rebuild", "other", 13, None): [0.05] * 4,
        }
    )
    found = {option.action: option for option in decision.weigh(held, **SCALE)}
    moved = (1.4826 * 0.02) ** 2 / 2 - 0.0004  # less than the rows explain
    assert moved < 0.0004
    noise = [0.0004 + max(moved, 0) + FLOOR**2] * 4
    stale, doubt = filtered(gains, noise, range(4))
    better, more = filtered([0.05] * 4, [0.0004 + FLOOR**2] * 4, range(4))
    assert found["rebuild"].gain == pytest.approx(stale + better)
    spread = math.sqrt(doubt + more) * WEEKS * 4_000
    assert found["rebuild"].error == pytest.approx(spread)


def test_windows_that_disagree_are_shocks_that_nobody_pays_for():
    torn = weighed(retrain([0.4, -0.2, 0.4, -0.2, 0.4, -0.2]))
    assert torn.error > 5 * weighed(retrain([0.1] * 6)).error
    assert not torn.clears


def test_a_change_that_lasts_is_acted_upon_after_two_windows_however_quiet_it_was():
    quiet = [0.0] * 8
    assert not weighed(retrain([0.0, *quiet])).clears
    assert weighed(retrain([0.35, 0.35, *quiet])).clears


def test_a_champion_that_seldom_errs_is_measured_with_a_finer_rule():
    held = retrain([0.01] * 4, variance=1e-6)
    coarse, fine = (weighed(held.assign(champion_loss=loss)) for loss in (0.2, 0.05))
    assert coarse.error == weighed(held).error > fine.error
    noise = [1e-6 + 0.005**2] * 4
    gain, variance = filtered([0.01] * 4, noise, range(4))
    assert fine.gain == pytest.approx(gain)
    assert fine.error == pytest.approx(math.sqrt(variance) * WEEKS * 4_000)


def test_an_option_with_too_few_windows_is_as_restless_as_all_the_others():
    shocks = [0.4, -0.2, 0.4, -0.2, 0.4, -0.2]
    held = table(
        {
            ("roll_back", None, None, 1): shocks,
            ("roll_back", None, None, 2): [0.3, 0.3],
        }
    )
    alone = held[held["version"] == 2]
    found = {option.version: option for option in decision.weigh(held, **SCALE)}
    assert found[2].error > 3 * weighed(alone).error


# ---------------------------------------------------------------- the second witness


def test_who_can_afford_to_be_wrong_does_not_wait_for_a_second_window():
    held = retrain([0.3])
    week = weighed(held).value / WEEKS
    for share, clears in ((0.9, True), (1.1, False)):
        costs = replace(COSTS, retrain=share * week)
        assert weighed(held, costs=costs).clears is clears
    twice = retrain([0.3, 0.3])
    assert weighed(twice, costs=replace(COSTS, retrain=1.1 * week)).clears


# ---------------------------------------------------------------- what was earned


def test_an_action_that_was_not_earned_must_be_all_but_certain():
    held = retrain([0.1] * 4)
    option = weighed(held)
    for sure, cleared in ((0.9, (False, False)), (0.97, (False, True))):
        bar = stats.norm(option.value, option.error).isf(sure)
        costs = replace(COSTS, retrain=bar / 1.25)
        price = costs.retrain
        found = [weighed(held, costs=costs, balance=b).clears for b in (0, price)]
        assert tuple(found) == cleared
    cheap = replace(COSTS, retrain=100)
    assert weighed(held, costs=cheap, balance=0).clears


def test_the_way_back_to_the_first_version_is_open_to_who_has_lost():
    held = table({("roll_back", None, None, v): [0.05 + 0.001 * v] * 4 for v in (1, 2)})
    option = decision.weigh(held, **SCALE)[0]
    bar = stats.norm(option.value, option.error).isf(0.98)
    costs = replace(COSTS, roll_back=bar / 1.25)
    told = {**SCALE, "costs": costs, "balance": -5_000}
    found = {option.version: option for option in decision.weigh(held, **told)}
    assert not found[1].clears
    assert not found[2].clears
    found = {o.version: o for o in decision.weigh(held, first=1, **told)}
    assert found[1].clears
    assert not found[2].clears


def test_without_a_balance_the_ordinary_probability_is_enough():
    option = weighed(retrain([0.1] * 4))
    bar = stats.norm(option.value, option.error).isf(0.96)
    costs = replace(COSTS, retrain=bar / 1.25)
    assert weighed(retrain([0.1] * 4), costs=costs).clears
    assert math.isnan(option.earned)


def test_the_reserve_by_hand():
    assert decision.reserve(10_000, 8_000, 1_500) == pytest.approx(600)
    assert decision.reserve(0, 0) == 0
    assert decision.reserve(100, 130) == pytest.approx(-29)
    frugal = decision.Policy(allowance=0.0)
    assert decision.reserve(10_000, 8_000, 1_500, policy=frugal) == 500


@pytest.mark.parametrize(
    "bills", [(-1, 0, 0), (0, math.nan, 0), (0, 0, math.inf)], ids=str
)
def test_a_bill_that_makes_no_sense_is_refused(bills):
    with pytest.raises(ValueError, match="must be 0 or more"):
        decision.reserve(*bills)


# ---------------------------------------------------------------- a window sooner


def test_a_model_made_a_window_later_stands_for_the_one_made_for_the_window():
    made = retrain([0.0, 0.1, 0.1, 0.1])
    nearer = retrain([0.3]).assign(lag=-1)
    expected = weighed(retrain([0.3, 0.1, 0.1, 0.1]))
    found = weighed(made, later=nearer)
    assert found.gain == pytest.approx(expected.gain)
    assert (found.n, found.windows) == (1_600, 4)


def test_what_was_made_earlier_than_for_the_window_is_not_weighed():
    made = retrain([0.0, 0.1, 0.1, 0.1])
    older = retrain([0.9, 0.9, 0.9, 0.9, 0.9]).assign(lag=2)
    assert weighed(made, later=older, balance=0) == weighed(made, balance=0)
    both = pd.concat([older, retrain([0.3]).assign(lag=-1)])
    assert weighed(made, later=both).gain > weighed(made).gain


# ---------------------------------------------------------------- too little


def test_a_window_without_a_variance_is_no_evidence():
    held = retrain([0.1] * 4)
    held.loc[0, ["difference", "variance"]] = 5.0, math.nan
    assert weighed(held).gain == pytest.approx(weighed(held[1:]).gain)
    held["variance"] = math.nan
    assert decision.weigh(held, **SCALE) == []


def test_nothing_but_the_champion_is_nothing_to_weigh():
    held = table({("keep", None, None, None): [0.0] * 4})
    assert decision.weigh(held, **SCALE) == []
    assert decision.weigh(held.head(0), **SCALE) == []


def test_a_rebuild_without_a_fresh_model_of_the_own_recipe_is_left_out():
    held = table({("rebuild", "other", 13, None): [0.3] * 4})
    assert decision.weigh(held, **SCALE) == []


# ---------------------------------------------------------------- properties

GAINS = st.lists(st.floats(-0.5, 0.5), min_size=1, max_size=10)
BALANCE = st.none() | st.floats(-5_000, 50_000)


@settings(max_examples=30, deadline=None)
@given(gains=GAINS, price=st.floats(0, 30_000), share=st.floats(0, 1), balance=BALANCE)
def test_a_lower_price_never_makes_an_action_less_likely(gains, price, share, balance):
    held = retrain(gains)
    dear, cheap = (
        weighed(held, costs=replace(COSTS, retrain=each), balance=balance)
        for each in (price, share * price)
    )
    assert cheap.clears >= dear.clears
    assert cheap.probability >= dear.probability


@settings(max_examples=30, deadline=None)
@given(gains=GAINS, more=st.floats(0, 0.5), balance=BALANCE)
def test_a_gain_that_is_larger_in_every_window_is_never_worse(gains, more, balance):
    less = weighed(retrain(gains), balance=balance)
    larger = weighed(retrain([gain + more for gain in gains]), balance=balance)
    assert larger.value >= less.value - 1e-6
    assert larger.clears >= less.clears


@settings(max_examples=25, deadline=None)
@given(gains=GAINS, earned=st.floats(-1_000, 1_000), more=st.floats(0, 5_000))
def test_who_has_earned_more_may_do_no_less(gains, earned, more):
    held = retrain(gains)
    poor, rich = (weighed(held, balance=each) for each in (earned, earned + more))
    assert rich.clears >= poor.clears


@settings(max_examples=25, deadline=None)
@given(gains=GAINS, seed=st.integers(0, 1_000))
def test_the_order_of_the_rows_changes_nothing(gains, seed):
    held = table(
        {
            ("retrain", "own", 13, None): gains,
            ("rebuild", "other", 13, None): gains[::-1],
            ("roll_back", None, None, 2): gains,
        }
    )
    shuffled = held.sample(frac=1, random_state=seed)
    one, two = (
        {option.action: option.net for option in decision.weigh(each, **SCALE)}
        for each in (held, shuffled)
    )
    assert two == pytest.approx(one, rel=1e-9, abs=1e-6)


@settings(max_examples=25, deadline=None)
@given(gains=GAINS, price=st.floats(0, 30_000), scale=st.floats(0.1, 10))
def test_priced_anew_is_weighed_anew(gains, price, scale):
    held = retrain(gains)
    costs = replace(COSTS, retrain=price, error=10 * scale)
    expected = weighed(held, costs=costs, balance=1_000 * scale)
    found = decision.reprice(
        weighed(held, balance=1_000), costs=replace(COSTS, retrain=price), scale=scale
    )
    for name in ("net", "lower", "upper", "probability", "confirmed", "earned"):
        assert getattr(found, name) == pytest.approx(getattr(expected, name), abs=1e-6)


def test_where_nothing_is_to_be_gained_next_to_nothing_is_done():
    rng = np.random.default_rng(11)
    acted = 0
    for _ in range(100):
        gains = rng.normal(0, 0.02, 12) + rng.normal(0, 0.02)  # a level by chance, too
        acted += weighed(retrain(list(gains)), balance=0).clears
    assert acted <= 5
