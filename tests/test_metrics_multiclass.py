from __future__ import annotations

import math
import warnings
from decimal import Decimal

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn import metrics as theirs

from lifecycle import intervals, metrics

LABELS = st.sampled_from(["ash", "birch", "cedar", "<b>"])
ROWS = st.lists(st.tuples(LABELS, LABELS), min_size=1, max_size=40)
CLASSES = ["ash", "birch", "cedar", "<b>"]


def averaged(function, average):
    def value(y, p):
        return function(y, p, average=average, labels=CLASSES, zero_division=np.nan)

    return value


PAIRS = {
    "accuracy": theirs.accuracy_score,
    "balanced_accuracy": theirs.balanced_accuracy_score,
    "macro_precision": averaged(theirs.precision_score, "macro"),
    "macro_recall": averaged(theirs.recall_score, "macro"),
    "macro_f1": averaged(theirs.f1_score, "macro"),
    "weighted_precision": averaged(theirs.precision_score, "weighted"),
    "weighted_recall": averaged(theirs.recall_score, "weighted"),
    "weighted_f1": averaged(theirs.f1_score, "weighted"),
}


@pytest.mark.parametrize("name", sorted(PAIRS))
@settings(max_examples=30)
@given(ROWS)
def test_every_metric_of_classes_is_scikit_learns(name, rows):
    y, p = (list(column) for column in zip(*rows, strict=True))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        expected = PAIRS[name](y, p)
    found = metrics.multiclass(name, y, p)
    assert found.n == len(rows)
    if name == "weighted_precision" and not {*y} & {*p}:
        # no class that came true was predicted: scikit-learn says 0, we do not know
        assert found.value == 0 or math.isnan(found.value)
        return
    assert found.value == pytest.approx(expected, abs=1e-12)
    assert 0 <= found.lower <= found.value + 1e-9
    assert found.value - 1e-9 <= found.upper <= 1


def scored(n=300, classes=4, seed=0):
    rng = np.random.default_rng(seed)
    chance = rng.dirichlet(np.ones(classes), n)
    y = np.array([rng.choice(classes, p=row) for row in chance])
    return y, chance


def test_roc_auc_and_log_loss_are_scikit_learns():
    y, chance = scored()
    found = metrics.multiclass("roc_auc", y, y_score=chance)
    assert found.value == pytest.approx(
        theirs.roc_auc_score(y, chance, multi_class="ovr", average="macro")
    )
    found = metrics.multiclass("log_loss", y, y_score=chance)
    assert found.value == pytest.approx(theirs.log_loss(y, chance))
    each = -np.log(chance[np.arange(len(y)), y])
    assert (found.lower, found.upper) == pytest.approx(intervals.mean(each))


def test_a_class_that_did_not_come_true_is_left_out_of_roc_auc():
    y, chance = scored()
    kept = y != 3
    found = metrics.multiclass(
        "roc_auc", y[kept], y_score=chance[kept], classes=[0, 1, 2, 3]
    )
    each = [
        theirs.roc_auc_score(y[kept] == number, chance[kept][:, number])
        for number in range(3)
    ]
    assert found.value == pytest.approx(np.mean(each))


def test_two_classes_against_each_other_have_delongs_variance():
    y, chance = scored(400, classes=2, seed=3)
    found = metrics.multiclass("roc_auc", y, y_score=chance)
    assert (found.lower, found.upper) == pytest.approx(intervals.auc(y, chance[:, 1]))


@pytest.mark.parametrize("name", sorted({*PAIRS, "roc_auc", "log_loss"}))
def test_the_formula_is_near_the_bootstrap_for_classes(name):
    y, chance = scored(800, seed=1)
    p = chance.argmax(axis=1)
    metric = metrics.of("multiclass", name)
    second = p if metric.needs == "prediction" else chance

    def value(truth, told):
        # a draw may lack a class; its column stays
        read = metrics.multiclass(
            name,
            truth,
            told if metric.needs == "prediction" else None,
            None if metric.needs == "prediction" else told,
            classes=[0, 1, 2, 3],
        )
        return read.value

    drawn = intervals.bootstrap(value, y, second, rng=1, draws=200)
    found = metrics.multiclass(name, y, p, chance)
    width, theirs_ = found.upper - found.lower, drawn[1] - drawn[0]
    assert width == pytest.approx(theirs_, rel=0.25)


def test_macro_f1_covers_the_truth_about_as_often_as_it_says():
    rng = np.random.default_rng(8)
    cells = np.array([[0.3, 0.05, 0.05], [0.05, 0.2, 0.05], [0.1, 0.05, 0.15]])
    hits = np.diag(cells)
    truth = np.mean(2 * hits / (cells.sum(0) + cells.sum(1)))
    covered = 0
    for _ in range(200):
        drawn = rng.choice(9, size=200, p=cells.ravel())
        found = metrics.multiclass("macro_f1", drawn // 3, drawn % 3)
        covered += found.lower <= truth <= found.upper
    assert 0.85 <= covered / 200 <= 0.95


def test_an_outcome_the_model_does_not_know_is_its_mistake():
    read = metrics.Classified.of(["a", "new"], ["a", "a"], classes=["b", "a"])
    assert read.labels == ("b", "a", "new")
    assert metrics.multiclass("accuracy", read).value == 0.5
    found = metrics.multiclass(
        "log_loss", ["a", "new"], y_score=[[0.5, 0.5]] * 2, classes=["a", "b"]
    )
    assert found.value == pytest.approx((math.log(2) + 36.04) / 2, abs=0.01)


def test_the_columns_of_a_frame_of_scores_are_the_classes():
    frame = pd.DataFrame({"b": [0.9, 0.2], "a": [0.1, 0.8]})
    found = metrics.multiclass("log_loss", ["b", "a"], y_score=frame)
    assert found.value == pytest.approx(-np.log([0.9, 0.8]).mean())


def test_scores_that_are_no_probabilities_have_no_log_loss():
    for score in ([[2.0, -1.0]], [[0.5, 0.2]]):
        found = metrics.multiclass("log_loss", ["a"], y_score=score, classes=["a", "b"])
        assert math.isnan(found.value)
    one = metrics.multiclass("roc_auc", ["a"], y_score=[[0.5, 0.5]], classes="ab")
    assert math.isnan(one.value)


def test_rows_where_something_is_missing_do_not_count():
    y = pd.Series(["a", None, "b", "b"])
    p = pd.Series(["a", "a", None, "a"], dtype="category")
    assert metrics.multiclass("accuracy", y, p)[::3] == (0.5, 2)
    score = pd.DataFrame({"a": [0.5, 0.5, None, 0.5], "b": [0.5] * 4})
    assert metrics.multiclass("log_loss", y, y_score=score).n == 2


@pytest.mark.parametrize("name", metrics.TASKS["multiclass"])
def test_no_rows_and_one_row_of_classes_do_not_crash(name):
    score = np.empty((0, 2))
    found = metrics.multiclass(name, [], [], score, classes=["a", "b"])
    assert all(map(math.isnan, found[:3]))
    found = metrics.multiclass(name, ["a"], ["b"], [[0.4, 0.6]], classes=["a", "b"])
    assert found.n == 1
    assert math.isnan(found.lower) == math.isnan(found.upper)


def test_ten_thousand_classes_need_no_square():
    rng = np.random.default_rng(2)
    y = rng.integers(0, 10_000, 30_000)
    p = np.where(rng.random(30_000) < 0.5, y, rng.integers(0, 10_000, 30_000))
    found = metrics.multiclass("macro_f1", y, p)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        expected = theirs.f1_score(y, p, average="macro")
    assert found.value == pytest.approx(expected)


@pytest.mark.parametrize(
    "labels",
    [
        [True, False],
        [Decimal("1.5"), Decimal("2.5")],
        [10**30, 1],
        [pd.Timestamp("2023-01-01"), pd.Timestamp("2023-01-02")],
        ["a", 1],
    ],
)
def test_labels_may_be_of_any_kind(labels):
    a, b = labels
    assert metrics.multiclass("accuracy", [a, b, b], [a, a, b]).value == pytest.approx(
        2 / 3
    )
    table = metrics.confusion_matrix([a, b, b], [a, a, b])
    assert table.loc[b, a] == 1


def test_text_against_numbers_is_refused_rather_than_measured_as_0():
    with pytest.raises(ValueError, match="outcomes are text and predictions are no"):
        metrics.multiclass("accuracy", ["1", "2"], [1, 2])


def test_the_confusion_matrix_is_scikit_learns():
    rng = np.random.default_rng(4)
    y, p = rng.choice(CLASSES, 100), rng.choice(CLASSES, 100)
    table = metrics.confusion_matrix(y, p, classes=CLASSES)
    assert (table.to_numpy() == theirs.confusion_matrix(y, p, labels=CLASSES)).all()
    assert metrics.confusion_matrix([], []).shape == (0, 0)


def test_what_does_not_fit_is_refused():
    with pytest.raises(ValueError, match="no metric 'f2'; use one of accuracy"):
        metrics.multiclass("f2", ["a"], ["a"])
    with pytest.raises(ValueError, match="join them by id"):
        metrics.multiclass("accuracy", ["a"], ["a", "b"])
    with pytest.raises(ValueError, match=r"shape \(2, 2\), one column a class"):
        metrics.multiclass("roc_auc", ["a", "b"], y_score=[[1.0], [0.0]])
    with pytest.raises(ValueError, match="log_loss needs probabilities"):
        metrics.multiclass("log_loss", ["a"], ["a"])
    with pytest.raises(ValueError, match="accuracy needs predictions"):
        metrics.multiclass("accuracy", ["a"])
