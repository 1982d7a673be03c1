"""Guards are silent about sound releases at every look, and find what is bad."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import special, stats

from lifecycle import guards
from lifecycle.guards import shifted

ALPHA = 1e-4


# -- the budget ----------------------------------------------------------------------


def test_the_budget_of_a_year_is_cut_by_the_union_bound() -> None:
    each = guards.share(0.01, guards=5, releases=20)
    assert each * 5 * 20 == pytest.approx(0.01)
    with pytest.raises(ValueError, match="must be above 0"):
        guards.share(0.01, guards=0, releases=20)


# -- rates ---------------------------------------------------------------------------


def alternatives(bound: float) -> np.ndarray:
    """48 rates, their log-odds above the bound's by 0.1 and on, to one in a million."""
    odds = math.log(bound / (1 - bound))
    return special.expit(odds + np.geomspace(0.1, math.log(1e6) - odds, 48))


def by_hand(hits: int, n: int, bound: float) -> float:
    """The mean likelihood ratio over the alternatives."""
    chance = alternatives(bound)
    ratios = stats.binom.pmf(hits, n, chance) / stats.binom.pmf(hits, n, bound)
    return float(np.log(ratios.mean()))


@pytest.mark.parametrize(
    ("hits", "n", "bound"), [(0, 10, 0.02), (3, 50, 0.02), (7, 9, 0.3), (2, 2, 0.5)]
)
def test_evidence_is_the_mean_of_likelihood_ratios(
    hits: int, n: int, bound: float
) -> None:
    assert guards.against(hits, n, bound) == pytest.approx(by_hand(hits, n, bound))


@given(
    n=st.integers(0, 400),
    share=st.floats(0, 1),
    bound=st.floats(0.001, 0.9),
    more=st.floats(0.001, 0.09),
)
def test_more_hits_speak_louder_and_a_wider_bound_less_loudly(
    n: int, share: float, bound: float, more: float
) -> None:
    hits = round(n * share)
    said = guards.against(hits, n, bound)
    if hits < n:
        assert guards.against(hits + 1, n, bound) >= said - 1e-9
    if hits > n * (bound + more):
        assert guards.against(hits, n, bound + more) <= said + 1e-6


def test_at_its_bound_a_rate_is_refuted_no_more_often_than_allowed() -> None:
    rng = np.random.default_rng(5)
    alpha, runs, looks, bound = 0.05, 600, 40, 0.05
    totals = rng.binomial(20, bound, (runs, looks)).cumsum(axis=1)
    limit = -math.log(alpha)
    # more hits speak louder: the fewest that refute the bound tell all courses
    least = [
        next(k for k in range(n + 1) if guards.against(k, n, bound) >= limit)
        for n in range(20, 20 * looks + 1, 20)
    ]
    ever = int((totals >= least).any(axis=1).sum())
    # above it with probability 0.001 if the promise just held
    assert ever <= stats.binom.ppf(0.999, runs, alpha)
    assert ever < 0.05 * runs


def test_a_raising_version_is_found_after_a_handful_of_rows() -> None:
    found = guards.rate(6, 6, at_most=0.02, alpha=ALPHA, measure="errors")
    assert (found.verdict, found.value) == ("alert", 1.0)
    assert found.lower > 0.02
    assert guards.rate(1, 1, at_most=0.02, alpha=ALPHA, measure="e").verdict == "quiet"


def test_few_rows_that_say_nothing_are_undefined_and_none_has_no_value() -> None:
    few = guards.rate(0, 5, at_most=0.02, alpha=ALPHA, measure="errors", min_n=40)
    assert (few.verdict, few.value) == ("undefined", 0.0)
    none = guards.rate(0, 0, at_most=0.02, alpha=ALPHA, measure="errors")
    assert (none.verdict, math.isnan(none.value)) == ("undefined", True)


@given(n=st.integers(1, 300), share=st.floats(0, 1))
def test_the_lower_end_is_the_largest_bound_that_is_refuted(
    n: int, share: float
) -> None:
    hits = round(n * share)
    found = guards.rate(hits, n, at_most=0.02, alpha=ALPHA, measure="errors")
    assert 0 <= found.lower <= found.value <= 1
    limit = -math.log(ALPHA)
    if found.lower > 1e-8:
        assert guards.against(hits, n, found.lower * (1 - 1e-9)) >= limit - 1e-3
        above = min(found.lower * 1.01 + 1e-6, 1 - 1e-9)
        if above < found.value:
            assert guards.against(hits, n, above) < limit + 1e-3


@pytest.mark.parametrize(("hits", "n", "bound"), [(3, 2, 0.1), (-1, 2, 0.1), (1, 2, 0)])
def test_what_is_no_count_and_no_rate_is_refused(
    hits: int, n: int, bound: float
) -> None:
    with pytest.raises(ValueError, match="are no counts and no rate"):
        guards.against(hits, n, bound)


# -- scores --------------------------------------------------------------------------


def apart(n: int, mean: float, seed: int) -> np.ndarray:
    return np.clip(np.random.default_rng(seed).normal(mean, 0.1, n), -1, 1)


def test_a_version_that_is_meant_to_differ_is_left_alone() -> None:
    found = guards.shift(apart(800, 0.3, 1), apart(800, 0.3, 2), floor=0.1, alpha=ALPHA)
    assert found.verdict == "quiet"
    assert found.lower < 0 < found.upper


@pytest.mark.parametrize("moved", [0.3, -0.3])
def test_scores_that_move_after_the_release_are_found_on_either_side(
    moved: float,
) -> None:
    found = guards.shift(
        apart(800, 0.1, 3), apart(400, 0.1 + moved, 4), floor=0.1, alpha=ALPHA
    )
    assert found.verdict == "alert"
    assert found.value == pytest.approx(moved, abs=0.02)
    assert abs(found.lower) > 0.1 or abs(found.upper) > 0.1


def test_a_long_log_is_read_in_blocks_that_grow_and_wait_until_they_are_whole() -> None:
    before, since = apart(40_000, 0.0, 5), apart(40_000, 0.15, 6)
    early = guards.shift(before, since[:1000], floor=0.1, alpha=ALPHA)
    late = guards.shift(before, since, floor=0.1, alpha=ALPHA)
    assert early.lower < late.lower < 0.15
    assert late.verdict == "alert"
    # beyond 20,000 rows a block has 20, the first of them up to row 20,020
    told = guards.shift(before, since[:20_019], floor=0.1, alpha=ALPHA)
    assert 20_019 - 20 < told.n <= 20_019
    known = shifted.edges(len(before))[-1]
    mean = since[: told.n].mean() - before[:known].mean()
    assert told.value == pytest.approx(mean)


@given(n=st.integers(0, 30_000), more=st.integers(0, 3_000))
def test_blocks_stay_as_they_are_when_rows_are_added(n: int, more: int) -> None:
    few, many = shifted.edges(n), shifted.edges(n + more)
    assert few.tolist() == many[: len(few)].tolist()
    assert np.diff(few).min(initial=1) >= 1
    assert n - few[-1] <= max(0, n // 1_000)


def test_few_rows_or_a_difference_beyond_its_range_are_told() -> None:
    few = guards.shift([0.0] * 10, [0.5] * 500, floor=0.1, alpha=ALPHA)
    assert few.verdict == "undefined"
    with pytest.raises(ValueError, match="between -1 and 1"):
        guards.shift([0.0] * 50, [2.0] * 50, floor=0.1, alpha=ALPHA)


# -- one and the same score ------------------------------------------------------------


def test_a_score_that_has_become_one_number_is_found_however_it_was_before() -> None:
    rng = np.random.default_rng(7)
    other, usual = rng.uniform(size=300), rng.uniform(size=200)
    now = np.concatenate([rng.uniform(size=200), np.full(100, 0.5)])
    found = guards.still(now, other, usual=usual, alpha=ALPHA)
    assert (found.verdict, found.value) == ("alert", 100.0)
    early = guards.still(now[:205], other[:205], usual=usual, alpha=ALPHA)
    assert early.verdict == "quiet"


def test_a_model_of_few_scores_needs_a_longer_run() -> None:
    rng = np.random.default_rng(8)
    coarse = rng.choice([0.2, 0.8], 400, p=[0.7, 0.3])
    fine = rng.uniform(size=60)
    found = guards.still([0.2] * 60, fine, usual=coarse, alpha=ALPHA)
    # 1 + log(1e-10) / log(0.7), by hand about 66
    assert found.threshold == pytest.approx(
        1 + math.ceil(math.log(1e-10) / math.log((coarse == 0.2).mean()))
    )
    assert found.verdict == "quiet"


def test_a_version_with_a_plateau_of_its_own_is_left_alone() -> None:
    rng = np.random.default_rng(9)
    alarms = 0
    for _ in range(200):
        plateau = np.where(rng.uniform(size=900) < 0.6, 0.3, rng.uniform(size=900))
        found = guards.still(
            plateau[400:], rng.uniform(size=500), usual=plateau[:400], alpha=ALPHA
        )
        alarms += found.verdict == "alert"
    assert alarms == 0


def test_a_request_that_is_sent_again_and_again_is_no_fault() -> None:
    rng = np.random.default_rng(10)
    mine, theirs = rng.uniform(size=300), rng.uniform(size=300)
    mine[-60:], theirs[-60:] = 0.4, 0.7
    found = guards.still(mine, theirs, usual=rng.uniform(size=200), alpha=ALPHA)
    assert found.verdict == "quiet"


@pytest.mark.parametrize("other", [[0.5] * 50, [], [math.nan] * 50])
def test_where_the_other_tells_nothing_apart_nothing_is_said(other: list) -> None:
    usual = np.random.default_rng(11).uniform(size=200)
    found = guards.still([0.5] * 50, other, usual=usual, alpha=ALPHA)
    assert found.verdict == "undefined"
