"""Metrics: how good predictions were, once the outcomes are known.

Outcomes and predictions are 0 or 1, scores are probabilities of 1. Rows where either
is missing are left out. The functions agree with scikit-learn's of the same name, but
say `nan` where a metric is undefined, and cost a tenth: a monitor calls them thousands
of times on small chunks.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from statistics import NormalDist
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

__all__ = [
    "METRICS",
    "Metric",
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
    "with_interval",
]


@dataclass(frozen=True, slots=True)
class Metric:
    """A metric and what must be known to use it.

    Parameters
    ----------
    name : str
    function : callable
        Of outcomes and of what it needs.
    needs : {"prediction", "score"}
        The second argument of the function.
    greater_is_better : bool

    Examples
    --------
    >>> METRICS["brier"].greater_is_better
    False
    """

    name: str
    function: Callable[[npt.ArrayLike, npt.ArrayLike], float]
    needs: Literal["prediction", "score"]
    greater_is_better: bool


def accuracy(y_true: npt.ArrayLike, y_pred: npt.ArrayLike) -> float:
    """Share of predictions that were right.

    Undefined, and therefore `nan`, without rows.

    Examples
    --------
    >>> accuracy([1, 0, 1, 1], [1, 0, 0, 1])
    0.75
    """
    return _ratio(_terms("accuracy", *_rows(y_true, y_pred, "prediction")))


def precision(y_true: npt.ArrayLike, y_pred: npt.ArrayLike) -> float:
    """Share of the rows predicted 1 that were 1.

    Undefined, and therefore `nan`, when nothing was predicted 1.

    Examples
    --------
    >>> precision([1, 0, 1], [1, 1, 0])
    0.5
    """
    return _ratio(_terms("precision", *_rows(y_true, y_pred, "prediction")))


def recall(y_true: npt.ArrayLike, y_pred: npt.ArrayLike) -> float:
    """Share of the rows that were 1 and predicted so.

    Undefined, and therefore `nan`, when no outcome was 1.

    Examples
    --------
    >>> recall([1, 1, 0], [1, 0, 0])
    0.5
    """
    return _ratio(_terms("recall", *_rows(y_true, y_pred, "prediction")))


def specificity(y_true: npt.ArrayLike, y_pred: npt.ArrayLike) -> float:
    """Share of the rows that were 0 and predicted so.

    Undefined, and therefore `nan`, when no outcome was 0.

    Examples
    --------
    >>> specificity([1, 0, 0, 0], [1, 0, 0, 1])
    0.6666666666666666
    """
    return _ratio(_terms("specificity", *_rows(y_true, y_pred, "prediction")))


def f1(y_true: npt.ArrayLike, y_pred: npt.ArrayLike) -> float:
    r"""Harmonic mean of precision and recall.

    Undefined, and therefore `nan`, when neither an outcome nor a prediction was 1.

    Notes
    -----
    :math:`2TP / (2TP + FP + FN)`.

    Examples
    --------
    >>> f1([1, 1, 0], [1, 0, 0])
    0.6666666666666666
    """
    return _ratio(_terms("f1", *_rows(y_true, y_pred, "prediction")))


def brier(y_true: npt.ArrayLike, y_score: npt.ArrayLike) -> float:
    """Mean squared distance of the score from the outcome.

    Undefined, and therefore `nan`, without rows, or when a score is no probability.

    Examples
    --------
    >>> brier([1, 0], [0.5, 0.5])
    0.25
    """
    return _ratio(_terms("brier", *_rows(y_true, y_score, "score")))


def log_loss(y_true: npt.ArrayLike, y_score: npt.ArrayLike) -> float:
    """Mean surprise at the outcome, in nats.

    Undefined, and therefore `nan`, without rows, or when a score is no probability.
    Scores of 0 and 1 are moved inwards by the smallest step of a float64 at 1, as
    scikit-learn does, so that one confident mistake costs 36 and not infinity.

    Examples
    --------
    >>> round(log_loss([1, 0], [0.5, 0.5]), 4)
    0.6931
    """
    return _ratio(_terms("log_loss", *_rows(y_true, y_score, "score")))


def confusion(
    y_true: npt.ArrayLike, y_pred: npt.ArrayLike
) -> tuple[int, int, int, int]:
    """How many true positives, false positives, false negatives, true negatives.

    Examples
    --------
    >>> confusion([1, 0, 1, 0, 0], [1, 1, 0, 0, 0])
    (1, 1, 1, 2)
    """
    truth, guess = _rows(y_true, y_pred, "prediction")
    hits = int(truth @ guess)
    ones, called = int(truth.sum()), int(guess.sum())
    return hits, called - hits, ones - hits, truth.size - ones - called + hits


def roc_auc(y_true: npt.ArrayLike, y_score: npt.ArrayLike) -> float:
    """Chance that a row that was 1 has a larger score than one that was 0.

    Ties count a half. Undefined, and therefore `nan`, unless both classes occur.

    Examples
    --------
    >>> roc_auc([0, 1, 0, 1], [0.1, 0.4, 0.4, 0.8])
    0.875
    """
    wins, _ = _placements(*_rows(y_true, y_score, "score"))
    return float(wins.mean()) if wins.size else math.nan


def average_precision(y_true: npt.ArrayLike, y_score: npt.ArrayLike) -> float:
    r"""Precision averaged over the rows that were 1, best score first.

    Undefined, and therefore `nan`, when no outcome was 1.

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

    truth, score = _rows(y_true, y_score, "score")
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
        Metric("log_loss", log_loss, "score", False),
        Metric("brier", brier, "score", False),
    )
}


def with_interval(
    name: str,
    y_true: npt.ArrayLike,
    y_pred: npt.ArrayLike,
    y_score: npt.ArrayLike,
    *,
    level: float = 0.90,
    rng: np.random.Generator | int | None = None,
) -> tuple[float, float, float, int]:
    r"""A metric with its interval and the number of rows it rests on.

    Parameters
    ----------
    name : str
        A key of `METRICS`.
    y_true, y_pred, y_score : array-like of shape (n,)
        Outcomes, predictions and scores of the same rows.
    level : float
        Between 0 and 1.
    rng : Generator or int, optional
        For metrics that have to be bootstrapped; all of today's have a formula.

    Returns
    -------
    value, lower, upper : float
        `nan` where undefined; the ends also where one row alone cannot tell.
    n : int
        The rows that count: those predicted 1 for precision, those that were 1 for
        recall and average precision, those that were 0 for specificity, all but the
        true negatives for F1, all known rows for the others.

    Notes
    -----
    Proportions: Wilson's score interval. F1 and ROC AUC: the standard error
    :math:`s` by the delta method (for ROC AUC this is DeLong's), put into Wilson's
    interval as the effective number of rows :math:`v(1-v)/s^2`, so that the ends stay
    within 0 and 1 (N. Dean and M. Pagano, "Evaluating confidence interval methods for
    binomial proportions in clustered surveys", J. Survey Statist. Methodol. 3, 2015).
    Average precision: the binomial interval on the rows that were 1 (K. Boyd, K. H.
    Eng and C. D. Page, "Area under the precision-recall curve", ECML 2013). Log loss
    and Brier score: the normal interval of a mean.

    Examples
    --------
    >>> predicted, outcomes = [1] * 8 + [0] * 2, [1] * 10
    >>> value, lower, upper, n = with_interval("accuracy", outcomes, predicted, [])
    >>> value, round(lower, 3), round(upper, 3), n
    (0.8, 0.541, 0.931, 10)
    """
    import numpy as np

    metric = METRICS.get(name)
    if metric is None:
        raise ValueError(f"no metric {name!r}; use one of {', '.join(METRICS)}")
    if not 0 < level < 1:
        raise ValueError(f"level must lie within 0 and 1, got {level}; use 0.9 for 90%")
    z = NormalDist().inv_cdf((1 + level) / 2)
    second = y_pred if metric.needs == "prediction" else y_score
    truth, guess = _rows(y_true, second, metric.needs)
    if name == "average_precision":
        value, n = metric.function(truth, guess), int(truth.sum())
        return value, *_score_interval(value, n, z), n
    if name == "roc_auc":
        wins, losses = _placements(truth, guess)
        value = float(wins.mean()) if wins.size else math.nan
        parts = [np.var(x, ddof=1) / x.size for x in (wins, losses) if x.size > 1]
        variance = float(sum(parts))
        rows = _effective(value, variance, min(wins.size, losses.size))
        return value, *_score_interval(value, rows, z), truth.size
    top, bottom = _terms(name, truth, guess)
    value = _ratio((top, bottom))
    n = int(np.count_nonzero(bottom))
    if not n or math.isnan(value):
        return math.nan, math.nan, math.nan, n
    residual = top - value * bottom
    variance = float(residual @ residual) / float(bottom.sum()) ** 2
    if name in ("log_loss", "brier"):
        if n < 2:
            return value, math.nan, math.nan, n
        half = z * math.sqrt(variance * n / (n - 1))
        return value, max(0.0, value - half), value + half, n
    return value, *_score_interval(value, _effective(value, variance, n), z), n


def _terms(name: str, truth: np.ndarray, guess: np.ndarray) -> tuple[Any, Any]:
    """Per row what is counted, and out of what: a metric is their ratio."""
    import numpy as np

    match name:
        case "accuracy":
            return (truth == guess).astype(float), np.ones(truth.size)
        case "precision":
            return truth * guess, guess
        case "recall":
            return truth * guess, truth
        case "specificity":
            return (1 - truth) * (1 - guess), 1 - truth
        case "f1":
            return 2 * truth * guess, truth + guess
    if guess.size and not (guess.min() >= 0 and guess.max() <= 1):
        return np.full(truth.size, math.nan), np.ones(truth.size)
    if name == "brier":
        return (guess - truth) ** 2, np.ones(truth.size)
    step = np.finfo(float).eps
    right = np.clip(np.where(truth == 1, guess, 1 - guess), step, 1 - step)
    return -np.log(right), np.ones(truth.size)


def _ratio(terms: tuple[Any, Any]) -> float:
    top, bottom = (float(rows.sum()) for rows in terms)
    return top / bottom if bottom else math.nan


def _placements(truth: np.ndarray, score: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Share of negatives each positive beats, of positives that beat each negative."""
    import numpy as np

    positive, negative = np.sort(score[truth == 1]), np.sort(score[truth == 0])
    if not positive.size or not negative.size:
        return np.empty(0), np.empty(0)
    below = np.searchsorted(negative, positive, side="left")
    reached = np.searchsorted(negative, positive, side="right")
    wins = (below + reached) / (2 * negative.size)
    below = np.searchsorted(positive, negative, side="left")
    reached = np.searchsorted(positive, negative, side="right")
    return wins, 1 - (below + reached) / (2 * positive.size)


def _effective(value: float, variance: float, otherwise: int) -> float:
    """Rows of a plain proportion that would vary as much as this value does."""
    spread = value * (1 - value)
    return spread / variance if variance > 0 and spread > 0 else float(otherwise)


def _score_interval(value: float, n: float, z: float) -> tuple[float, float]:
    if not n or math.isnan(value):
        return math.nan, math.nan
    centre = value + z * z / (2 * n)
    half = z * math.sqrt(max(0.0, value * (1 - value)) / n + z * z / (4 * n * n))
    scale = 1 + z * z / n
    return (
        0.0 if value <= 0 else max(0.0, (centre - half) / scale),
        1.0 if value >= 1 else min(1.0, (centre + half) / scale),
    )


def _rows(
    y_true: npt.ArrayLike, second: npt.ArrayLike, needs: str
) -> tuple[np.ndarray, np.ndarray]:
    """Both as floats, without the rows where either is missing."""
    import numpy as np

    truth, guess = _floats(y_true), _floats(second)
    if truth.size != guess.size:
        raise ValueError(
            f"outcomes and {needs}s must be of the same rows, got {truth.size} and "
            f"{guess.size}; join them by id first"
        )
    known = ~(np.isnan(truth) | np.isnan(guess))
    truth, guess = truth[known], guess[known]
    _check_labels(truth, "outcomes")
    if needs == "prediction":
        _check_labels(guess, "predictions")
    return truth, guess


def _check_labels(values: np.ndarray, name: str) -> None:
    wrong = values[(values != 0) & (values != 1)]
    if wrong.size:
        raise ValueError(
            f"{name} must be 0 or 1, got {wrong[0]:g}; map the classes to 0 and 1 first"
        )


def _floats(values: Any) -> np.ndarray:
    import numpy as np

    if hasattr(values, "to_numpy"):
        return np.ravel(values.to_numpy(dtype=float, na_value=math.nan))
    return np.ravel(np.asarray(values, dtype=float))
