"""How far two models lie apart in a metric, on the same rows, with its interval."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from lifecycle import intervals
from lifecycle.metrics.rows import ratio, terms

if TYPE_CHECKING:
    import numpy as np

    from lifecycle.evaluation.pairing import Pair

__all__ = ["COUNTED", "SCORED", "between"]

COUNTED = ("accuracy", "precision", "recall", "f1")
SCORED = ("roc_auc", "average_precision", "log_loss", "brier", "calibration_error")
_BINS = 10
_DRAWS = 200


def between(
    name: str, pair: Pair, *, level: float, rng: np.random.Generator
) -> tuple[float, float]:
    r"""Interval of candidate minus champion in a metric, paired row by row.

    Undefined, and therefore `nan`, where the metric of either is.

    Notes
    -----
    Most metrics are a ratio :math:`R = \sum t_i / \sum b_i` of what is counted to what
    it is counted out of. By the delta method row :math:`i` moves it by :math:`r_i =
    (t_i - R b_i)/\bar b`; the difference has the standard error of the mean of the
    paired :math:`r_i` of both, and Student's interval for the rows that count (of a
    recall those that were 1). Of accuracy, Brier score and log loss this is the
    interval of a paired difference.

    ROC AUC: DeLong's for two correlated curves. Average precision: percentiles of 200
    draws of the rows, of both models together.

    Calibration error: with the sign :math:`g_b` of the gap in a bin, row :math:`i`
    adds :math:`g_{b(i)} (s_i - y_i)` to :math:`n` times the error, and the difference
    has the standard error of the paired mean. An error of a few rows is too large by
    what chance adds, at most :math:`\sum_b (n_b/n) \sqrt{2 v_b/\pi}`; the interval is
    wider by that of the candidate below, and by that of the champion above: it covers
    at least as often as it says.

    References
    ----------
    E. R. DeLong et al., "Comparing the areas under two or more correlated ROC curves",
    Biometrics 44 (1988). W. G. Cochran, "Sampling Techniques" (1977), ch. 6 (ratios).
    J. Bröcker, Climate Dynamics 39 (2012).
    """
    if name == "roc_auc":
        return _areas(pair, level)
    if name in SCORED and name != "average_precision" and not _probabilities(pair):
        return math.nan, math.nan
    if name == "average_precision":
        return _precisions(pair, level, rng)
    if name == "calibration_error":
        return _gaps(pair, level)
    return _ratios(name, pair, level)


def _probabilities(pair: Pair) -> bool:
    return all(s.size and s.min() >= 0 and s.max() <= 1 for s in pair.scores)


def _ratios(name: str, pair: Pair, level: float) -> tuple[float, float]:
    import numpy as np
    from scipy.special import stdtrit

    moved, values, count = [], [], pair.n
    for which in (0, 1):
        given = pair.guess(which) if name in COUNTED else pair.scores[which]
        top, bottom = terms(name, pair.truth, given)
        values.append(ratio((top, bottom)))
        count = min(count, int(np.count_nonzero(bottom)))
        if count < 2 or math.isnan(values[-1]):
            return math.nan, math.nan
        moved.append((top - values[-1] * bottom) / bottom.mean())
    apart = moved[1] - moved[0]
    variance = float(apart @ apart) / pair.n**2 * count / (count - 1)
    half = float(stdtrit(count - 1, (1 + level) / 2)) * math.sqrt(variance)
    middle = values[1] - values[0]
    return middle - half, middle + half


def _areas(pair: Pair, level: float) -> tuple[float, float]:
    import numpy as np

    m = int((pair.truth == 1).sum())
    k = pair.n - m
    if min(m, k) < 2:
        return math.nan, math.nan
    both = [intervals.placements(pair.truth, score) for score in pair.scores]
    wins, losses = zip(*both, strict=True)
    gain, loss = wins[1] - wins[0], losses[1] - losses[0]
    variance = float(np.var(gain, ddof=1) / m + np.var(loss, ddof=1) / k)
    half = intervals.z(level) * math.sqrt(variance)
    middle = float(gain.mean())
    return middle - half, middle + half


def _precisions(
    pair: Pair, level: float, rng: np.random.Generator
) -> tuple[float, float]:
    import numpy as np

    if int((pair.truth == 1).sum()) < 2:
        return math.nan, math.nan
    ranked = []
    for score in pair.scores:
        order = np.argsort(-score, kind="stable")
        last_of_tie = np.append(np.diff(score[order]) != 0, True)
        ranked.append((order, pair.truth[order], np.flatnonzero(last_of_tie)))
    drawn = np.full(_DRAWS, math.nan)
    for draw in range(_DRAWS):
        rows = rng.integers(pair.n, size=pair.n)
        times = np.bincount(rows, minlength=pair.n).astype(float)
        values = [_weighed(times[order], truth, at) for order, truth, at in ranked]
        drawn[draw] = values[1] - values[0]
    known = drawn[~np.isnan(drawn)]
    if 2 * known.size < _DRAWS:
        return math.nan, math.nan
    lower, upper = np.quantile(known, [(1 - level) / 2, (1 + level) / 2])
    return float(lower), float(upper)


def _weighed(times: np.ndarray, truth: np.ndarray, ends: np.ndarray) -> float:
    """Average precision of rows in the order of their score, each so many times."""
    import numpy as np

    found = np.cumsum(times * truth)[ends]
    seen = np.cumsum(times)[ends]
    if not found[-1]:
        return math.nan
    precise = found / np.where(seen > 0, seen, 1)
    return float(np.sum(np.diff(found, prepend=0.0) * precise) / found[-1])


def _gaps(pair: Pair, level: float) -> tuple[float, float]:
    import numpy as np

    if pair.n < 2:
        return math.nan, math.nan
    edges = np.linspace(0, 1, _BINS + 1)
    added, chance = [], []
    for score in pair.scores:
        cell = np.minimum(np.searchsorted(edges, score, side="right") - 1, _BINS - 1)
        gap = np.bincount(cell, weights=score - pair.truth, minlength=_BINS)
        n = np.bincount(cell, minlength=_BINS)
        ones = np.bincount(cell, weights=pair.truth, minlength=_BINS)
        # one hit and one miss more keep a bin that saw one class from being sure
        rate = (ones + 1) / (n + 2)
        chance.append(float(np.sqrt(2 / math.pi * rate * (1 - rate) * n).sum()))
        added.append(np.where(gap < 0, -1, 1)[cell] * (score - pair.truth))
    apart = added[1] - added[0]
    if not apart.any():
        return 0.0, 0.0
    error = float(np.std(apart, ddof=1)) / math.sqrt(pair.n)
    half, middle = intervals.z(level) * error, float(apart.mean())
    return (
        max(-1.0, middle - half - chance[1] / pair.n),
        min(1.0, middle + half + chance[0] / pair.n),
    )
