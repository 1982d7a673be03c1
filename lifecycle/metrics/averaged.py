"""The metrics of a classifier of several classes."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from lifecycle import intervals
from lifecycle.intervals import placements
from lifecycle.metrics.bounded import within
from lifecycle.metrics.classes import Classified
from lifecycle.metrics.metric import Measured

if TYPE_CHECKING:
    import numpy as np

__all__ = ["MULTICLASS", "multiclass"]

MULTICLASS = (
    "accuracy",
    "balanced_accuracy",
    "macro_precision",
    "macro_recall",
    "macro_f1",
    "weighted_precision",
    "weighted_recall",
    "weighted_f1",
    "roc_auc",
    "log_loss",
)
_SUM = 0.01  # how far the probabilities of a row may be from 1 together


def multiclass(
    name: str,
    y_true: Any,
    y_pred: Any = None,
    y_score: Any = None,
    *,
    classes: Sequence[Any] | None = None,
    level: float = 0.90,
) -> Measured:
    r"""A metric of a classifier of several classes, with interval and rows.

    Rows where something it needs is missing are left out.

    Parameters
    ----------
    name : str
        "accuracy"; "balanced_accuracy" (mean recall); "macro_precision",
        "macro_recall", "macro_f1" (all classes count the same); "weighted_precision",
        "weighted_recall", "weighted_f1" (each by its outcomes); "roc_auc" (each class
        against the rest, all the same); "log_loss" (nats).
    y_true : array-like of shape (n,), or Classified
        Labels: text, numbers or booleans. What was read before needs nothing else.
    y_pred : array-like of shape (n,)
    y_score : array-like of shape (n, n_classes)
        Probabilities, for "roc_auc" and "log_loss".
    classes : sequence, optional
        The classes in the order of the columns of `y_score`; those found, ascending,
        where not given.
    level : float
        Between 0 and 1.

    Returns
    -------
    value, lower, upper : float
        `nan` where undefined: without rows; ROC AUC of fewer than two classes; log
        loss when the scores of a row are no probabilities or do not add up to 1. A
        class without a precision (never predicted), recall (never came true) or ROC
        AUC is left out of the mean, and where none is left that is undefined, too.
    n : int
        The rows that count.

    Raises
    ------
    ValueError
        When there is no such metric, the columns do not fit, or scores are missing
        that it needs.

    Notes
    -----
    Accuracy and weighted recall: Wilson's interval. The others: the delta method over
    the rows, put into Wilson's interval as an effective number of rows, so that the
    ends stay within 0 and 1; for ROC AUC the rows' placements (DeLong). Log loss:
    Student's interval of the mean; probabilities of 0 are moved inwards as in
    `log_loss`.

    References
    ----------
    D. J. Hand and R. J. Till, "A simple generalisation of the area under the ROC curve
    for multiple class classification problems", Machine Learning 45 (2001). K.
    Takahashi et al., "Confidence interval for micro-averaged F1 and macro-averaged F1
    scores", Applied Intelligence 52 (2022).

    Examples
    --------
    >>> truth = ["cat", "dog", "cow", "cow"]
    >>> guess = ["cat", "cow", "cow", "cow"]
    >>> value, lower, upper, n = multiclass("macro_recall", truth, guess)
    >>> round(value, 4), n
    (0.6667, 4)
    """
    if name not in MULTICLASS:
        raise ValueError(f"no metric {name!r}; use one of {', '.join(MULTICLASS)}")
    intervals.z(level)
    if isinstance(y_true, Classified):
        read = y_true
    else:
        guess = y_true if y_pred is None else y_pred
        if y_pred is None and name not in ("roc_auc", "log_loss"):
            raise ValueError(f"{name} needs predictions; pass y_pred")
        read = Classified.of(y_true, guess, y_score, classes=classes)
    if name in ("roc_auc", "log_loss"):
        if read.score is None:
            raise ValueError(f"{name} needs probabilities; pass y_score, a column each")
        return _scored(name, read, level)
    known = (read.truth >= 0) & (read.guess >= 0)
    return _told(name, read.truth[known], read.guess[known], len(read.labels), level)


def _told(
    name: str, truth: np.ndarray, guess: np.ndarray, size: int, level: float
) -> Measured:
    import numpy as np

    n = truth.size
    if not n:
        return Measured(math.nan, math.nan, math.nan, 0)
    if name in ("accuracy", "weighted_recall"):
        right = int(np.count_nonzero(truth == guess))
        return Measured(right / n, *intervals.wilson(right, n, level=level), n)
    # cells of the confusion matrix that occur; all else depends on them alone
    cells = np.sort(truth * size + guess)
    edges = np.append(np.flatnonzero(np.diff(cells, prepend=-1)), n)
    cells, count = cells[edges[:-1]], np.diff(edges)
    came, said = np.divmod(cells, size)
    actual = np.bincount(came, weights=count, minlength=size)
    called = np.bincount(said, weights=count, minlength=size)
    hits = np.bincount(came, weights=count * (came == said), minlength=size)
    kind = name.rpartition("_")[2]
    out_of = {"precision": called, "f1": actual + called}.get(kind, actual)
    gained = 2 * hits if kind == "f1" else hits
    defined = out_of > 0
    each = np.divide(gained, out_of, where=defined, out=np.zeros(size))
    weighted = name.startswith("weighted")
    weight = (actual / n if weighted else np.ones(size)) * defined
    total = weight.sum()
    if not total:
        return Measured(math.nan, math.nan, math.nan, n)
    value = float(weight @ each / total)
    # what one row more of a cell would change, times n
    pull = np.divide(weight, out_of / n, where=defined, out=np.zeros(size)) / total
    same = came == said
    change = (2.0 if kind == "f1" else 1.0) * same * pull[came]
    if kind in ("f1", "precision"):
        change -= (each * pull)[said]
    if kind != "precision":
        change -= (each * pull)[came]
    if weighted:
        change += (defined * (each - value))[came] / total
    variance = float(count @ change**2) / n**2
    return Measured(value, *within(value, variance, n, level), n)


def _scored(name: str, read: Classified, level: float) -> Measured:
    import numpy as np

    score: Any = read.score
    known = (read.truth >= 0) & ~np.isnan(score).any(axis=1)
    truth, score = read.truth[known], score[known]
    n = truth.size
    if not n:
        return Measured(math.nan, math.nan, math.nan, 0)
    if name == "roc_auc":
        return _areas(truth, score, level)
    sums = score.sum(axis=1)
    fits = (score >= 0).all() and (score <= 1).all() and (abs(sums - 1) <= _SUM).all()
    if not fits:
        return Measured(math.nan, math.nan, math.nan, n)
    scored = truth < score.shape[1]
    place = np.where(scored, truth, 0)
    right = np.where(scored, score[np.arange(n), place], 0.0)
    step = np.finfo(float).eps
    losses = -np.log(np.clip(right, step, 1 - step))
    lower, upper = intervals.mean(losses, level=level)
    return Measured(float(losses.mean()), max(0.0, lower) if n > 1 else lower, upper, n)


def _areas(truth: np.ndarray, score: np.ndarray, level: float) -> Measured:
    """Mean of the areas of each class against the rest, by the rows' placements."""
    import numpy as np

    n, areas, change = truth.size, [], np.zeros(truth.size)
    count = np.bincount(truth, minlength=score.shape[1])
    for number in np.flatnonzero((count > 0) & (count < n)).tolist():
        if number >= score.shape[1]:
            continue
        one = truth == number
        wins, losses = placements(one, score[:, number])
        area = float(wins.mean())
        areas.append(area)
        for rows, shares in ((one, wins), (~one, losses)):
            if shares.size > 1:
                rest = math.sqrt(shares.size * (shares.size - 1))
                change[rows] += (shares - area) / rest
            else:  # no mean of one share varies more
                change[rows] += math.sqrt(area * (1 - area))
    if not areas:
        return Measured(math.nan, math.nan, math.nan, n)
    value = float(np.mean(areas))
    variance = float(change @ change) / len(areas) ** 2
    smallest = int(count[count > 0].min())
    return Measured(value, *within(value, variance, smallest, level), n)
