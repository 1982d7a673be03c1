from __future__ import annotations

import math
import warnings

import numpy as np
import pandas as pd
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from sklearn import metrics as theirs

from lifecycle import intervals, metrics

BINARY = st.sampled_from([0, 1])
SCORES = st.sampled_from([0.0, 0.1, 0.25, 0.5, 0.75, 1.0])
LABELLED = st.lists(st.tuples(BINARY, BINARY, SCORES), min_size=1, max_size=60)
PAIRS = {
    "accuracy": lambda y, p, s: theirs.accuracy_score(y, p),
    "precision": lambda y, p, s: theirs.precision_score(y, p, zero_division=np.nan),
    "recall": lambda y, p, s: theirs.recall_score(y, p, zero_division=np.nan),
    "specificity": lambda y, p, s: theirs.recall_score(
        y, p, pos_label=0, zero_division=np.nan
    ),
    "f1": lambda y, p, s: theirs.f1_score(y, p, zero_division=np.nan),
    "roc_auc": lambda y, p, s: theirs.roc_auc_score(y, s),
    "average_precision": lambda y, p, s: theirs.average_precision_score(y, s),
    "log_loss": lambda y, p, s: theirs.log_loss(y, s, labels=[0, 1]),
    "brier": lambda y, p, s: np.mean((s - y) ** 2),
    "calibration_error": lambda y, p, s: sum(
        abs(s[part].mean() - y[part].mean()) * part.mean()
        for part in (np.minimum(s * 10 // 1, 9) == b for b in range(10))
        if part.any()
    ),
}


def value(name, y, p, s):
    metric = metrics.METRICS[name]
    return metric.function(y, p if metric.needs == "prediction" else s)


@pytest.mark.parametrize("name", sorted(metrics.METRICS))
@settings(max_examples=60, deadline=None)
@given(LABELLED)
def test_every_metric_is_scikit_learns(name, rows):
    y, p, s = (np.array(column) for column in zip(*rows, strict=True))
    if name == "roc_auc":
        assume(0 < y.sum() < y.size)
    if name == "average_precision":
        assume(y.sum())
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        expected = PAIRS[name](y, p, s)
    assert value(name, y, p, s) == pytest.approx(expected, abs=1e-12, nan_ok=True)


@pytest.mark.parametrize("name", sorted(metrics.METRICS))
@settings(max_examples=60, deadline=None)
@given(LABELLED)
def test_every_value_lies_within_its_interval(name, rows):
    y, p, s = (np.array(column, dtype=float) for column in zip(*rows, strict=True))
    point, lower, upper, n = metrics.with_interval(name, y, p, s)
    assert point == pytest.approx(value(name, y, p, s), nan_ok=True)
    assert 0 <= n <= y.size
    if not math.isnan(lower):
        assert lower - 1e-9 <= point <= upper + 1e-9
        assert lower >= 0
        assert upper <= 1 or name in ("log_loss", "brier")


@pytest.mark.parametrize("name", sorted(metrics.METRICS))
def test_no_rows_are_undefined(name):
    assert math.isnan(value(name, [], [], []))
    point, lower, upper, n = metrics.with_interval(name, [], [], [])
    assert all(map(math.isnan, (point, lower, upper)))
    assert n == 0


@pytest.mark.parametrize("name", sorted(metrics.METRICS))
def test_rows_where_something_is_missing_are_left_out(name):
    y, p, s = [1, 0, 1, 1, 0], [1, 1, 0, 1, 0], [0.9, 0.6, 0.3, 0.8, 0.1]
    gaps = ([*y, None, 1], [*p, 1, None], [*s, 0.5, math.nan])
    assert metrics.with_interval(name, *gaps) == metrics.with_interval(name, y, p, s)


@pytest.mark.parametrize("name", sorted(metrics.METRICS))
def test_one_row_never_crashes(name):
    for y in (0, 1):
        point, lower, upper, n = metrics.with_interval(name, [y], [1], [0.7])
        assert n <= 1
        assert math.isnan(lower) == math.isnan(upper)
        assert math.isnan(point) or point >= 0


def test_proportions_have_wilsons_interval_on_the_rows_that_count():
    y = [1] * 30 + [0] * 70
    p = [1] * 20 + [0] * 10 + [1] * 5 + [0] * 65
    s = [0.5] * 100
    for name, hits, n in [
        ("accuracy", 85, 100),
        ("precision", 20, 25),
        ("recall", 20, 30),
        ("specificity", 65, 70),
    ]:
        found = metrics.with_interval(name, y, p, s)
        assert found == pytest.approx((hits / n, *intervals.wilson(hits, n), n))


def test_roc_auc_has_delongs_interval():
    rng = np.random.default_rng(4)
    y = rng.integers(0, 2, 300)
    s = rng.normal(y, 1).round(1)
    assert metrics.with_interval("roc_auc", y, y, s)[1:3] == pytest.approx(
        intervals.auc(y, s)
    )


@pytest.mark.parametrize("name", ["f1", "log_loss", "brier", "average_precision"])
def test_the_formula_is_near_the_bootstrap(name):
    rng = np.random.default_rng(5)
    chance = rng.beta(2, 2, 1500)
    y, p = (rng.random(1500) < chance).astype(float), (chance > 0.5).astype(float)
    metric = metrics.METRICS[name]
    second = p if metric.needs == "prediction" else chance
    drawn = intervals.bootstrap(metric.function, y, second, rng=1, draws=500)
    _, lower, upper, _ = metrics.with_interval(name, y, p, chance)
    # the binomial interval of average precision is known to be wide
    allowed = 0.35 if name == "average_precision" else 0.15
    assert upper - lower == pytest.approx(drawn[1] - drawn[0], rel=allowed)
    assert (lower + upper) / 2 == pytest.approx(sum(drawn) / 2, abs=0.01)


def test_one_class_has_no_roc_auc_but_an_accuracy():
    assert math.isnan(metrics.roc_auc([1, 1], [0.2, 0.9]))
    assert metrics.accuracy([1, 1], [1, 0]) == 0.5


def test_equal_scores_have_a_roc_auc_of_a_half():
    assert metrics.roc_auc([0, 1, 1, 0], [0.3] * 4) == 0.5


def test_a_score_may_be_infinite_where_only_its_order_counts():
    assert metrics.roc_auc([0, 1], [-math.inf, math.inf]) == 1
    assert metrics.average_precision([0, 1], [math.inf, -math.inf]) == 0.5


def test_a_score_that_is_no_probability_has_no_loss():
    assert math.isnan(metrics.brier([0, 1], [0.2, 1.5]))
    assert math.isnan(metrics.log_loss([0, 1], [0.2, math.inf]))
    assert math.isnan(metrics.with_interval("brier", [1], [1], [2.0])[0])


def test_one_confident_mistake_has_a_finite_log_loss():
    assert metrics.log_loss([1], [0.0]) == pytest.approx(36.04, abs=0.01)


def test_booleans_and_nullable_columns_are_taken():
    truth = pd.Series([True, False, None], dtype="boolean")
    assert metrics.accuracy(truth, pd.Series([1, 1, 1], dtype="Int64")) == 0.5
    assert metrics.recall(np.array([True, True]), np.array([True, False])) == 0.5


def test_other_classes_than_0_and_1_are_refused():
    with pytest.raises(ValueError, match="outcomes must be 0 or 1, got 2"):
        metrics.accuracy([2], [1])
    with pytest.raises(ValueError, match=r"predictions must be 0 or 1, got 0\.5"):
        metrics.f1([1], [0.5])


def test_columns_of_other_rows_are_refused():
    with pytest.raises(ValueError, match="join them by id"):
        metrics.accuracy([1], [1, 0])


def test_an_unknown_metric_is_refused_with_those_there_are():
    with pytest.raises(ValueError, match="no metric 'acuracy'; use one of accuracy"):
        metrics.with_interval("acuracy", [1], [1], [1])


def test_lower_is_better_only_for_losses():
    worse = {name for name, m in metrics.METRICS.items() if not m.greater_is_better}
    assert worse == {"log_loss", "brier", "calibration_error"}
