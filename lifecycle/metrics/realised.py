"""The metrics of a classifier of 0 and 1, from outcomes that are known."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from lifecycle.intervals import placements
from lifecycle.metrics.calibrated import calibration_error
from lifecycle.metrics.metric import Metric
from lifecycle.metrics.rows import ratio, rows, terms

if TYPE_CHECKING:
    import numpy.typing as npt

__all__ = [
    "METRICS",
    "accuracy",
    "average_precision",
    "brier",
    "confusion",
    "f1",
    "log_loss",
    "precision",
    "recall",
    "roc_auc",
    "specificity",
]


def accuracy(y_true: npt.ArrayLike, y_pred: npt.ArrayLike) -> float:
    """Share of predictions that were right.

    Undefined, and therefore `nan`, without rows.

    Parameters
    ----------
    y_true : array-like of shape (n,)
        Outcomes, 0 or 1.
    y_pred : array-like of shape (n,)
        Predictions, 0 or 1.

    Returns
    -------
    float
        0 to 1.

    Examples
    --------
    >>> accuracy([1, 0, 1, 1], [1, 0, 0, 1])
    0.75
    """
    return ratio(terms("accuracy", *rows(y_true, y_pred, "prediction")))


def precision(y_true: npt.ArrayLike, y_pred: npt.ArrayLike) -> float:
    """Share of the rows predicted 1 that were 1.

    Undefined, and therefore `nan`, when nothing was predicted 1.

    Parameters
    ----------
    y_true : array-like of shape (n,)
        Outcomes, 0 or 1.
    y_pred : array-like of shape (n,)
        Predictions, 0 or 1.

    Returns
    -------
    float
        0 to 1.

    Examples
    --------
    >>> precision([1, 0, 1], [1, 1, 0])
    0.5
    """
    return ratio(terms("precision", *rows(y_true, y_pred, "prediction")))


def recall(y_true: npt.ArrayLike, y_pred: npt.ArrayLike) -> float:
    """Share of the rows that were 1 and predicted so.

    Undefined, and therefore `nan`, when no outcome was 1.

    Parameters
    ----------
    y_true : array-like of shape (n,)
        Outcomes, 0 or 1.
    y_pred : array-like of shape (n,)
        Predictions, 0 or 1.

    Returns
    -------
    float
        0 to 1.

    Examples
    --------
    >>> recall([1, 1, 0], [1, 0, 0])
    0.5
    """
    return ratio(terms("recall", *rows(y_true, y_pred, "prediction")))


def specificity(y_true: npt.ArrayLike, y_pred: npt.ArrayLike) -> float:
    """Share of the rows that were 0 and predicted so.

    Undefined, and therefore `nan`, when no outcome was 0.

    Parameters
    ----------
    y_true : array-like of shape (n,)
        Outcomes, 0 or 1.
    y_pred : array-like of shape (n,)
        Predictions, 0 or 1.

    Returns
    -------
    float
        0 to 1.

    Examples
    --------
    >>> specificity([1, 0, 0, 0], [1, 0, 0, 1])
    0.6666666666666666
    """
    return ratio(terms("specificity", *rows(y_true, y_pred, "prediction")))


def f1(y_true: npt.ArrayLike, y_pred: npt.ArrayLike) -> float:
    r"""Harmonic mean of precision and recall.

    Undefined, and therefore `nan`, when neither an outcome nor a prediction was 1.

    Parameters
    ----------
    y_true : array-like of shape (n,)
        Outcomes, 0 or 1.
    y_pred : array-like of shape (n,)
        Predictions, 0 or 1.

    Returns
    -------
    float
        0 to 1.

    Notes
    -----
    :math:`2TP / (2TP + FP + FN)`.

    Examples
    --------
    >>> f1([1, 1, 0], [1, 0, 0])
    0.6666666666666666
    """
    return ratio(terms("f1", *rows(y_true, y_pred, "prediction")))


def brier(y_true: npt.ArrayLike, y_score: npt.ArrayLike) -> float:
    """Mean squared distance of the score from the outcome.

    Undefined, and therefore `nan`, without rows, or when a score is no probability.

    Parameters
    ----------
    y_true : array-like of shape (n,)
        Outcomes, 0 or 1.
    y_score : array-like of shape (n,)
        Probabilities of 1.

    Returns
    -------
    float
        0 to 1.

    Examples
    --------
    >>> brier([1, 0], [0.5, 0.5])
    0.25
    """
    return ratio(terms("brier", *rows(y_true, y_score, "score")))


def log_loss(y_true: npt.ArrayLike, y_score: npt.ArrayLike) -> float:
    """Mean surprise at the outcome, in nats.

    Undefined, and therefore `nan`, without rows, or when a score is no probability.
    Scores of 0 and 1 are moved inwards by the smallest step of a float64 at 1, as
    scikit-learn does, so that one confident mistake costs 36 and not infinity.

    Parameters
    ----------
    y_true : array-like of shape (n,)
        Outcomes, 0 or 1.
    y_score : array-like of shape (n,)
        Probabilities of 1.

    Returns
    -------
    float
        0 or more.

    Examples
    --------
    >>> round(log_loss([1, 0], [0.5, 0.5]), 4)
    0.6931
    """
    return ratio(terms("log_loss", *rows(y_true, y_score, "score")))


def confusion(
    y_true: npt.ArrayLike, y_pred: npt.ArrayLike
) -> tuple[int, int, int, int]:
    """How many true positives, false positives, false negatives, true negatives.

    Parameters
    ----------
    y_true : array-like of shape (n,)
        Outcomes, 0 or 1.
    y_pred : array-like of shape (n,)
        Predictions, 0 or 1.

    Returns
    -------
    tuple of int

    Examples
    --------
    >>> confusion([1, 0, 1, 0, 0], [1, 1, 0, 0, 0])
    (1, 1, 1, 2)
    """
    truth, guess = rows(y_true, y_pred, "prediction")
    hits = int(truth @ guess)
    ones, called = int(truth.sum()), int(guess.sum())
    return hits, called - hits, ones - hits, truth.size - ones - called + hits


def roc_auc(y_true: npt.ArrayLike, y_score: npt.ArrayLike) -> float:
    """Chance that a row that was 1 has a larger score than one that was 0.

    Ties count a half. Undefined, and therefore `nan`, unless both classes occur.

    Parameters
    ----------
    y_true : array-like of shape (n,)
        Outcomes, 0 or 1.
    y_score : array-like of shape (n,)
        Larger where 1 is more likely.

    Returns
    -------
    float
        0 to 1.

    Examples
    --------
    >>> roc_auc([0, 1, 0, 1], [0.1, 0.4, 0.4, 0.8])
    0.875
    """
    wins, _ = placements(*rows(y_true, y_score, "score"))
    return float(wins.mean()) if wins.size else math.nan


def average_precision(y_true: npt.ArrayLike, y_score: npt.ArrayLike) -> float:
    r"""Precision averaged over the rows that were 1, best score first.

    Undefined, and therefore `nan`, when no outcome was 1.

    Parameters
    ----------
    y_true : array-like of shape (n,)
        Outcomes, 0 or 1.
    y_score : array-like of shape (n,)
        Larger where 1 is more likely.

    Returns
    -------
    float
        0 to 1.

    Notes
    -----
    :math:`\sum_k (R_k - R_{k-1}) P_k` over the distinct scores, without
    interpolation.

    Examples
    --------
    >>> average_precision([1, 0, 1], [0.9, 0.8, 0.7])
    0.8333333333333333
    """
    import numpy as np

    truth, score = rows(y_true, y_score, "score")
    total = truth.sum()
    if not total:
        return math.nan
    order = np.argsort(-score, kind="stable")
    last_of_tie = np.append(np.diff(score[order]) != 0, True)
    found = np.cumsum(truth[order])[last_of_tie]
    seen = np.flatnonzero(last_of_tie) + 1
    return float(np.sum(np.diff(found, prepend=0.0) * found / seen) / total)


METRICS: dict[str, Metric] = {
    metric.name: metric
    for metric in (
        Metric("accuracy", accuracy, "prediction", True),
        Metric("precision", precision, "prediction", True),
        Metric("recall", recall, "prediction", True),
        Metric("specificity", specificity, "prediction", True),
        Metric("f1", f1, "prediction", True),
        Metric("roc_auc", roc_auc, "score", True),
        Metric("average_precision", average_precision, "score", True),
        Metric("log_loss", log_loss, "score", False, bounded=False),
        Metric("brier", brier, "score", False),
        Metric("calibration_error", calibration_error, "score", False),
    )
}
