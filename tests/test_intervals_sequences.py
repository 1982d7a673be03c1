from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from lifecycle import intervals


def refuted(values, guess, *, alpha, first=1):
    """Whether a bet that the mean is below the guess ever won, row by row, by hand."""
    wealth, total, squares = 1.0, 0.5, 0.25
    mean, spread = 0.5, 0.25
    for count, x in enumerate(values, start=1):
        ahead = guess - mean
        most = 0.5 / max(1 - guess, 1e-9)
        stake = min(max(ahead / (spread + ahead**2), 0), most)
        wealth *= 1 - stake * (x - guess)
        total += x
        mean = total / (count + 1)
        squares += (x - mean) ** 2
        spread = squares / (count + 1)
        if count >= first and wealth >= 1 / alpha:
            return True
    return False


@settings(max_examples=30)
@given(
    st.lists(st.sampled_from([0.0, 0.3, 1.0]), min_size=1, max_size=60),
    st.sampled_from([0.05, 0.2]),
)
def test_the_upper_end_is_the_largest_guess_no_bet_refuted(values, alpha):
    upper = intervals.betting(values, alpha=alpha, steps=20)[1]
    standing = [k for k in range(21) if not refuted(values, k / 20, alpha=alpha)]
    assert upper == pytest.approx(min((max(standing) + 1) / 20, 1.0))


def test_the_betting_interval_crosses_blocks_of_rows_unharmed():
    values = np.random.default_rng(1).random(2500).round(1)
    for guess in (0.4, 0.5, 0.52, 0.53, 0.54, 0.6):
        upper = intervals.betting(values, steps=100)[1]
        if refuted(values, guess, alpha=0.05):
            assert upper <= guess + 0.01
        else:
            assert upper >= guess


@settings(max_examples=30)
@given(st.lists(st.sampled_from([0.0, 0.2, 0.5, 1.0]), min_size=2, max_size=80))
def test_the_betting_interval_only_narrows_and_mirrors(values):
    told = np.array(values)
    before, after = intervals.betting(told[:-1]), intervals.betting(told)
    assert before[0] <= after[0]
    assert after[1] <= before[1]
    mirrored = intervals.betting(1 - told)
    assert mirrored == pytest.approx((1 - after[1], 1 - after[0]))


def test_the_betting_interval_covers_the_mean_at_all_looks():
    rng = np.random.default_rng(2)
    missed = 0
    for _ in range(80):
        lower, upper = intervals.betting(rng.beta(1, 5, 400))
        missed += not lower <= 1 / 6 <= upper
    # once out, an end stays out: the last look tells of all
    assert missed <= stats.binom.ppf(0.999, 80, 0.1)


def test_before_the_first_look_there_is_no_interval():
    assert all(map(math.isnan, intervals.betting([0.0] * 9, first=10)))
    assert intervals.betting([0.0] * 10, first=10)[1] < 1
    assert all(map(math.isnan, intervals.betting([math.nan])))


def test_values_beyond_0_and_1_are_refused():
    with pytest.raises(ValueError, match="values must lie between 0 and 1; scale"):
        intervals.betting([0.5, 1.5])
    with pytest.raises(ValueError, match=r"alpha must lie between 0 and 1, got 5"):
        intervals.betting([0.5], alpha=5)


def test_equal_values_at_an_edge_are_nearly_sure():
    lower, upper = intervals.betting([0.0] * 1000)
    assert lower == 0
    assert upper <= 0.02
    assert intervals.betting(np.ones(1000, bool))[1] == 1


def test_the_asymptotic_interval_is_the_mixture_of_normals():
    # the boundary solves: the normal mixture's likelihood ratio equals 1 / alpha
    values = np.random.default_rng(3).normal(2, 3, 400)
    lower, upper = intervals.asymptotic(values, alpha=0.025, tightest=300)
    total = 0.05
    rho2 = (-2 * math.log(total) + math.log(1 - 2 * math.log(total))) / 300
    t = values.size
    away = (upper - values.mean()) / values.std() * t  # of the sum, in deviations
    ratio = math.exp(rho2 * away**2 / (2 * (t * rho2 + 1))) / math.sqrt(t * rho2 + 1)
    assert ratio == pytest.approx(1 / total)
    assert (lower + upper) / 2 == pytest.approx(values.mean())


def test_the_asymptotic_interval_is_narrow_where_it_was_asked_to_be():
    rng = np.random.default_rng(4)
    values = rng.exponential(size=1000)

    def width(tightest):
        lower, upper = intervals.asymptotic(values, tightest=tightest)
        return upper - lower

    assert width(1000) < min(width(30), width(30_000))
    student = intervals.mean(values)
    assert student[1] - student[0] < width(1000) < 2 * (student[1] - student[0])


def test_the_asymptotic_interval_holds_under_peeking():
    rng = np.random.default_rng(5)
    missed = 0
    for _ in range(200):
        values = rng.exponential(size=600)
        looks = (intervals.asymptotic(values[:n]) for n in range(60, 601, 20))
        missed += any(not lower <= 1 <= upper for lower, upper in looks)
    assert missed <= stats.binom.ppf(0.999, 200, 0.1)


@pytest.mark.parametrize("values", [[], [1.0], [1.0, math.inf], [math.nan, 1.0]])
def test_the_asymptotic_interval_of_too_little_is_undefined(values):
    assert all(map(math.isnan, intervals.asymptotic(values)))


def test_the_asymptotic_interval_refuses_what_is_no_level():
    with pytest.raises(ValueError, match=r"below 0\.5, got 0\.5"):
        intervals.asymptotic([1.0, 2.0], alpha=0.5)
    with pytest.raises(ValueError, match="tightest must be above 0, got 0"):
        intervals.asymptotic([1.0, 2.0], tightest=0)


def by_hand(values, above, starts):
    """The mixture of bets, one product at a time."""
    excesses = np.array([0.01, 0.02, 0.04, 0.07, 0.12, 0.2, 0.35])
    stakes = np.minimum(excesses / above, 0.9 / above)
    shares = [0.5] + [0.5 / (j * (j + 1)) for j in range(1, len(starts))]
    result = []
    for t in range(1, len(values) + 1):
        total = 1 - sum(shares)
        for share, start in zip(shares, starts, strict=True):
            part = np.array(values[start:t])
            grown = [np.prod(1 + stake * (part - above)) for stake in stakes]
            total += share * np.mean(grown)
        result.append(total)
    return result


@settings(max_examples=30)
@given(
    st.lists(st.sampled_from([0.0, 0.4, 1.0]), min_size=6, max_size=25),
    st.sampled_from([0.05, 0.3, 0.9]),
)
def test_the_evidence_is_the_mixture_of_bets_by_hand(values, above):
    ours = intervals.evidence(values, above=above, starts=[0, 2, 5])
    assert ours == pytest.approx(by_hand(values, above, [0, 2, 5]))


def test_the_evidence_is_a_fair_game_at_the_limit():
    # at the limit the expected evidence after two values is what it was before: 1
    above = 0.3
    expected = 0.0
    for a in (0.0, 1.0):
        for b in (0.0, 1.0):
            chance = (above if a else 1 - above) * (above if b else 1 - above)
            grown = intervals.evidence([a, b], above=above, starts=[0, 1])[-1]
            expected += chance * grown
    assert expected == pytest.approx(1)


def test_the_evidence_may_be_watched_at_every_row():
    rng = np.random.default_rng(6)
    fired = 0
    for _ in range(400):
        values = rng.random(1000) < 0.15
        course = intervals.evidence(values, above=0.15, starts=range(0, 1000, 50))
        fired += course.max() >= 20
    assert fired <= stats.binom.ppf(0.999, 400, 0.05)


def test_a_late_rise_is_found_though_calm_came_before():
    rng = np.random.default_rng(7)
    values = np.concatenate([rng.random(5000) < 0.1, rng.random(500) < 0.3])
    again = intervals.evidence(values, above=0.15, starts=range(0, 5500, 500))
    once = intervals.evidence(values, above=0.15)
    assert again.max() > 1000 > 20 > once.max()


def test_evidence_of_nothing_of_no_limit_and_of_certainty():
    assert intervals.evidence([], above=0.2).size == 0
    assert intervals.evidence([1, 1], above=1).tolist() == [1, 1]
    assert intervals.evidence([0, 0], above=0).tolist() == [1, 1]
    grown = intervals.evidence([1.0] * 5000, above=0.1)
    assert np.isfinite(grown).all()
    assert grown[-1] > 1e299


def test_evidence_refuses_what_it_cannot_weigh():
    with pytest.raises(ValueError, match="above must lie between 0 and 1, got 2"):
        intervals.evidence([0.5], above=2)
    with pytest.raises(ValueError, match="none missing"):
        intervals.evidence([math.nan], above=0.5)
    with pytest.raises(ValueError, match="starts must ascend from 0"):
        intervals.evidence([0.5], above=0.5, starts=[1])
