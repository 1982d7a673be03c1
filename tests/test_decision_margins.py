"""By how much a ruling is ahead of the next best action, and how surely."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import integrate, stats

from lifecycle import decision
from lifecycle.decision.margins import margin
from lifecycle.decision.words import Words


def option(action: str, net: float, error: float, price: float = 100.0, **facts):
    """An option with this net value; what is not said does not matter."""
    named = {"recipe": "own", "span": 13, "version": None, **facts}
    return decision.Option(
        action=action,
        n=1600,
        windows=4,
        gain=0.1,
        value=net + price,
        error=error,
        price=price,
        lower=net - 1.645 * error,
        upper=net + 1.645 * error,
        probability=0.9,
        clears=True,
        **named,
    )


def test_the_margin_is_the_difference_of_two_nets_with_independent_errors():
    best, second = option("retrain", 900.0, 300.0), option("rebuild", 500.0, 400.0)
    found = margin(best, [best, second], words=Words(), tested=1600)
    half = stats.norm.ppf(0.95) * 500.0
    assert found.value == 400.0
    assert found.lower == pytest.approx(400.0 - half)
    assert found.upper == pytest.approx(400.0 + half)
    assert found.n == 1600
    assert found.other == "rebuild with own on the last 13 weeks"


def test_the_probability_to_be_the_best_is_the_integral():
    options = [
        option("retrain", 900.0, 300.0),
        option("rebuild", 500.0, 400.0),
        option("roll_back", 700.0, 100.0, version=2),
    ]
    found = margin(options[0], options, words=Words())
    expected, _ = integrate.quad(
        lambda x: (
            stats.norm.pdf(x, 900, 300)
            * stats.norm.cdf(x, 500, 400)
            * stats.norm.cdf(x, 700, 100)
            * (x > 0)
        ),
        -3000,
        4000,
        points=[0],
    )
    assert found.probability == pytest.approx(expected, abs=0.002)


def test_of_each_action_only_its_best_option_is_a_rival_and_keeping_is_one():
    best = option("retrain", 900.0, 300.0)
    twin = option("retrain", 890.0, 300.0, span=8)
    found = margin(best, [best, twin], words=Words(), tested=90)
    assert (found.value, found.other) == (900.0, "keep the version in production")
    assert found.probability == pytest.approx(stats.norm.cdf(3.0), abs=0.002)
    assert found.n == 90


def test_keeping_is_behind_where_a_better_action_lacks_the_evidence():
    rival = option("retrain", 250.0, 500.0)
    found = margin(None, [rival], words=Words())
    assert found.value == -250.0
    assert found.probability == pytest.approx(stats.norm.cdf(-0.5))
    assert "behind the next best, to retrain on the last 13 weeks" in found.summary


def test_without_errors_the_better_one_is_certainly_the_best():
    best, same = option("retrain", 900.0, 0.0), option("roll_back", 900.0, 0.0)
    worse = option("roll_back", 800.0, 0.0, version=1)
    assert margin(best, [best, worse], words=Words()).probability == 1.0
    assert margin(best, [best, same], words=Words()).probability == 0.5


@settings(max_examples=40, deadline=None)
@given(
    nets=st.lists(st.floats(-1e4, 1e4), min_size=3, max_size=3),
    errors=st.lists(st.floats(1, 5e3), min_size=3, max_size=3),
)
def test_the_probabilities_to_be_the_best_add_up_to_one(nets, errors):
    actions = ("retrain", "rebuild", "roll_back")
    options = [
        option(action, net, error)
        for action, net, error in zip(actions, nets, errors, strict=True)
    ]
    options.sort(key=lambda each: each.net, reverse=True)
    shares = [margin(o, options, words=Words()).probability for o in [None, *options]]
    assert all(0 <= share <= 1 for share in shares)
    assert sum(shares) == pytest.approx(1.0, abs=0.02)
