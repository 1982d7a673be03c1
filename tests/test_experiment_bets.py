"""What sequences of looks are made of: bets by hand, and Howard's boundary."""

from __future__ import annotations

import math

import numpy as np
import pytest

from lifecycle import intervals


def test_the_bets_on_a_coin_are_the_product_by_hand() -> None:
    found = intervals.staked(
        [1, -1, 1],
        [1, 1, 1],
        [[0.5, 0.2]] * 3,
        above=0.1,
        weights=[0.3, 0.7],
        at=[1, 3],
    )
    first = 0.3 * (1 + 0.5 * 0.9) + 0.7 * (1 + 0.2 * 0.9)
    last = 0.3 * 1.45 * (1 - 0.55) * 1.45 + 0.7 * 1.18 * (1 - 0.22) * 1.18
    np.testing.assert_allclose(np.exp(found), [first, last])


def test_a_limit_is_refuted_up_to_where_the_bets_are_worth_one_over_alpha() -> None:
    d = np.random.default_rng(4).choice([-1.0, 0.0, 1.0], 400, p=[0.1, 0.6, 0.3])
    stakes = np.full((400, 2), [0.1, 0.3])
    told = {"weights": [0.5, 0.5], "at": [400]}
    end = intervals.refuted(d, np.ones(400), stakes, alpha=0.025, most=1.0, **told)[0]
    worth = intervals.staked(d, np.ones(400), stakes, above=end, **told)[0]
    assert math.exp(worth) == pytest.approx(40, rel=0.02)
    assert math.exp(worth) >= 40


def test_values_that_came_several_times_are_told_once() -> None:
    gains, per = np.array([1.0, -0.5]), np.array([0.2, 0.2])
    stakes, told = np.array([[0.4], [0.2]]), {"weights": [1.0]}
    long = intervals.staked(
        np.repeat(gains, [3, 5]),
        np.repeat(per, [3, 5]),
        np.repeat(stakes, [3, 5], axis=0),
        at=[3, 8],
        **told,
    )
    short = intervals.staked(gains, per, stakes, times=[3, 5], at=[1, 2], **told)
    np.testing.assert_allclose(short, long)


def test_a_stake_that_can_lose_all_is_refused() -> None:
    with pytest.raises(ValueError, match="stake less"):
        intervals.staked([-1], [1], [[1.0]], weights=[1], at=[1])


def test_the_boundary_is_howards_and_its_p_value_fits_it() -> None:
    """Equation 14 of Howard et al. (2021): two-sided, alpha for both sides."""
    alpha, eta, v = 0.05, 3.7, np.array([5.0, 80.0])
    tightest = eta * (-2 * math.log(alpha) + math.log1p(-2 * math.log(alpha)))
    wanted = np.sqrt((v + eta) * np.log((v + eta) / (alpha**2 * eta)))
    edge = intervals.boundary(v, alpha=alpha / 2, tightest=tightest)
    np.testing.assert_allclose(edge, wanted)
    p = intervals.always_valid(edge[:1], v[:1], alpha=alpha / 2, tightest=tightest)
    assert p[0] == pytest.approx(alpha)
    rising = intervals.always_valid(
        [9.0, 0.0], [5.0, 80.0], alpha=alpha / 2, tightest=tightest
    )
    assert rising[1] == rising[0]
    with pytest.raises(ValueError, match=r"between 0 and 0\.5"):
        intervals.boundary([1.0], alpha=0.5, tightest=1)
    with pytest.raises(ValueError, match="tightest must be above 0"):
        intervals.boundary([1.0], tightest=0)
