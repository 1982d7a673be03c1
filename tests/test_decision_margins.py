"""By how much a ruling is ahead of the next best action, and what it cost to know."""

from __future__ import annotations

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import integrate, stats

from lifecycle import decision, training
from lifecycle.decision.margins import margin
from lifecycle.decision.words import Words

COSTS = decision.Costs(retrain=1_500, rebuild=80_000, roll_back=100, error=10)
SCALE = {"costs": COSTS, "rows_per_week": 400, "horizon_weeks": 26}
ROW = {"age": 0, "n": 400, "recipe": None, "span": None, "version": None}
TABLE = pd.DataFrame(
    [
        {**ROW, "action": "keep", "difference": 0.0, "variance": 0.0},
        {**ROW, "action": "retrain", "difference": 0.2, "variance": 0.0004},
        {**ROW, "action": "retrain", "difference": 0.2, "variance": 0.0004, "age": 1},
    ]
)


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


# ---------------------------------------------------------------- what it cost to know


def test_what_was_spent_is_said_where_it_is_not_negligible():
    dear = decision.Spent(12, 4, 41.0, 24.0)
    said = decision.rule(TABLE, spent=dear, **SCALE)
    assert said.summary.endswith(
        "against a price of $1,500. To know this took 12 fits for $24."
    )
    assert "12 fits for $24 in 41 seconds, and 4 kept from before." in repr(
        said.evidence()
    )
    cheap = decision.Spent(12, 4, 41.0, 2.0)
    quiet = decision.rule(TABLE, spent=cheap, **SCALE)
    assert "To know this" not in quiet.summary
    assert "To know this took 12 fits" in repr(quiet.evidence())
    assert quiet.facts()["spent"]["money"] == 2.0
    assert said.value == quiet.value


def test_a_back_test_brings_what_its_fits_cost():
    tested = training.Backtest(TABLE, {}, {}, fits=12, seconds=30.0)
    costs = decision.Costs(1_500, 80_000, error=10, fit=5)
    spent = decision.rule(tested, **{**SCALE, "costs": costs}).spent
    assert (spent.fits, spent.money, spent.seconds) == (12, 60.0, 30.0)


def test_one_fit_that_took_no_time_is_one_fit():
    assert decision.Spent(1, seconds=0.01).summary == "1 fit in less than 1 second."
    assert decision.Spent(kept=3).summary == "0 fits, and 3 kept from before."
    assert decision.Spent().summary == ""
