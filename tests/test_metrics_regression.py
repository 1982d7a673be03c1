from __future__ import annotations

import math
from decimal import Decimal

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from sklearn import metrics as theirs

from lifecycle import calibration, intervals, metrics

NUMBERS = st.sampled_from([-3.0, -0.5, 0.25, 1.0, 2.0, 100.0])
ROWS = st.lists(st.tuples(NUMBERS, NUMBERS), min_size=2, max_size=40)
PAIRS = {
    "mae": theirs.mean_absolute_error,
    "rmse": theirs.root_mean_squared_error,
    "mape": theirs.mean_absolute_percentage_error,
    "r2": theirs.r2_score,
    "pinball": theirs.mean_pinball_loss,
    "pinball@0.9": lambda y, p: theirs.mean_pinball_loss(y, p, alpha=0.9),
}


@pytest.mark.parametrize("name", sorted(PAIRS))
@settings(max_examples=30)
@given(ROWS)
def test_every_metric_of_amounts_is_scikit_learns(name, rows):
    y, p = (np.array(column) for column in zip(*rows, strict=True))
    found = metrics.regression(name, y, p)
    if name == "r2" and np.ptp(y) == 0:
        assert math.isnan(found.value)
        return
    assert found.value == pytest.approx(PAIRS[name](y, p))
    assert found.lower - 1e-9 <= found.value <= found.upper + 1e-9
    assert found.n == len(rows)


def test_means_have_students_interval():
    y, p = np.array([3.0, 5, 4, 9]), np.array([2.0, 7, 4, 3])
    theirs_ = stats.ttest_1samp(abs(y - p), 0).confidence_interval(0.9)
    found = metrics.regression("mae", y, p)
    assert (found.lower, found.upper) == pytest.approx(
        (max(0, theirs_.low), theirs_.high)
    )
    squares = intervals.mean((y - p) ** 2)
    found = metrics.regression("rmse", y, p)
    assert found.upper == pytest.approx(math.sqrt(squares[1]))


@pytest.mark.parametrize("name", ["rmse", "r2"])
def test_the_formula_is_near_the_bootstrap_for_amounts(name):
    rng = np.random.default_rng(3)
    y = rng.normal(size=1500)
    p = 0.7 * y + rng.normal(0, 0.5, 1500)
    function = metrics.of("regression", name).function
    drawn = intervals.bootstrap(function, y, p, rng=1, draws=400)
    found = metrics.regression(name, y, p)
    assert (found.lower, found.upper) == pytest.approx(drawn, abs=0.01)


def test_r2_covers_the_truth_about_as_often_as_it_says():
    rng = np.random.default_rng(5)
    covered = 0
    for _ in range(400):
        p = rng.normal(size=200)
        found = metrics.regression("r2", p + rng.normal(size=200), p)
        covered += found.lower <= 0.5 <= found.upper
    assert 0.85 <= covered / 400 <= 0.95


def test_an_outcome_of_0_has_no_share():
    found = metrics.regression("mape", [0, 10, 20], [5, 11, 18])
    assert (found.value, found.n) == (pytest.approx(0.1), 2)
    assert math.isnan(metrics.mape([0, 0], [1, 2]))


@pytest.mark.parametrize("name", metrics.TASKS["regression"])
def test_too_little_or_infinite_amounts_are_undefined(name):
    assert math.isnan(metrics.regression(name, [], []).value)
    for infinite in (math.inf, -math.inf, 1e200):
        found = metrics.regression(name, [1.0, 2.0], [1.0, infinite])
        if name in ("rmse", "r2") or math.isinf(infinite):
            assert all(map(math.isnan, found[:3]))
    one = metrics.regression(name, [2.0], [1.0])
    assert one.n == 1
    assert math.isnan(one.lower)


def test_amounts_may_be_decimals_booleans_huge_or_nullable():
    assert metrics.mae([Decimal("1.5"), None], [Decimal(1), Decimal(2)]) == 0.5
    assert metrics.mae([True, False], [True, True]) == 0.5
    assert metrics.mae([2**70], [0]) == 2.0**70
    assert metrics.mae(pd.Series([1, None], dtype="Int64"), [3, 3]) == 2


def test_a_metric_of_amounts_that_does_not_exist_is_refused():
    with pytest.raises(ValueError, match="no metric 'mse'; use one of mae, rmse"):
        metrics.regression("mse", [1], [1])
    with pytest.raises(ValueError, match="no metric 'mae@2'"):
        metrics.regression("mae@2", [1], [1])
    for name in ("pinball@1", "pinball@x"):
        with pytest.raises(ValueError, match="must lie within 0 and 1; write pinball"):
            metrics.of("regression", name)
    with pytest.raises(ValueError, match="join them by id"):
        metrics.mae([1], [1, 2])


def test_of_knows_every_task():
    for task, table in metrics.TASKS.items():
        for name, metric in table.items():
            assert metrics.of(task, name) is metric
            assert metric.task == task
    assert metrics.of("regression", "pinball@0.9").function([10], [8]) == 1.8
    with pytest.raises(ValueError, match="no task 'clustering'; use one of binary"):
        metrics.of("clustering", "accuracy")
    with pytest.raises(ValueError, match="no metric 'precision@5'; use some of acc"):
        metrics.of("binary", "precision@5")


# ------------------------------------------------- calibration error, of 0 and 1


def test_the_bias_is_what_a_right_model_shows():
    rng = np.random.default_rng(6)
    score = rng.beta(2, 2, 500)
    drawn = [
        metrics.calibration_error(rng.random(500) < score, score) for _ in range(300)
    ]
    said = metrics.calibration_bias(np.zeros(500), score)
    assert np.mean(drawn) == pytest.approx(said, rel=0.05)


@pytest.mark.parametrize("gap", [0.0, 0.05, 0.2])
def test_the_calibration_interval_covers_at_least_as_often_as_it_says(gap):
    rng = np.random.default_rng(7)
    covered = 0
    for _ in range(200):
        score = rng.random(400)
        chance = np.clip(score - gap, 0, 1)
        bins = np.minimum((score * 10).astype(int), 9)
        true = sum(
            abs((chance - score)[bins == b].mean()) * (bins == b).mean()
            for b in range(10)
        )
        outcome = rng.random(400) < chance
        _, lower, upper, n = metrics.with_interval(
            "calibration_error", outcome, outcome, score
        )
        assert n == 400
        covered += lower <= true <= upper
    assert covered / 200 >= 0.88


@given(st.lists(st.tuples(st.booleans(), st.floats(0, 1)), min_size=1, max_size=50))
def test_the_calibration_error_is_that_of_the_reliability_curve(pairs):
    y, score = zip(*pairs, strict=True)
    expected = calibration.expected_calibration_error(y, score)
    assert metrics.calibration_error(y, score) == pytest.approx(expected)


def test_calibration_error_of_what_is_no_probability_is_undefined():
    assert math.isnan(metrics.calibration_error([0, 1], [0.5, 1.5]))
    assert math.isnan(metrics.calibration_bias([], []))
    found = metrics.with_interval("calibration_error", [0, 1], [0, 1], [0.5, 1.5])
    assert math.isnan(found[0])
    assert found[3] == 2
    with pytest.raises(ValueError, match="bins must be 1 or more, got 0"):
        metrics.calibration_error([0], [0.5], bins=0)
