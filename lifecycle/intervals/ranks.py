"""The interval of the area under the ROC curve."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lifecycle.intervals.levels import NOWHERE, floats, z
from lifecycle.intervals.proportions import wilson

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

__all__ = ["auc", "placements"]


def auc(
    y_true: npt.ArrayLike, y_score: npt.ArrayLike, *, level: float = 0.90
) -> tuple[float, float]:
    r"""Interval of the area under the ROC curve.

    Undefined, and therefore `nan`, unless both classes occur. Rows where outcome or
    score is missing are left out.

    Parameters
    ----------
    y_true : array-like of shape (n,)
        Outcomes, 0 or 1.
    y_score : array-like of shape (n,)
        Any number that is larger where 1 is more likely.
    level : float
        Between 0 and 1.

    Returns
    -------
    lower, upper : float
        Within 0 and 1.

    Notes
    -----
    DeLong's variance, with :math:`V_i` the share of negatives that positive
    :math:`i` beats and :math:`W_j` the share of positives that beat negative
    :math:`j`: :math:`v = s^2_V/m + s^2_W/k`. The interval is Wilson's at the
    effective number of rows :math:`A(1-A)/v`, so that it stays within 0 and 1. The size
    of the smaller class takes its place where the classes are told apart perfectly
    (:math:`v = 0`), and where a class has one row only, whose variance nobody knows: no
    mean of :math:`m` shares varies more than :math:`A(1-A)/m`.

    References
    ----------
    E. R. DeLong et al., "Comparing the areas under two or more correlated ROC
    curves", Biometrics 44 (1988). Ranks as in X. Sun and W. Xu, "Fast
    implementation of DeLong's algorithm", IEEE Signal Processing Letters 21 (2014).

    Examples
    --------
    >>> lower, upper = auc([0, 0, 1, 0, 1, 1], [0.1, 0.2, 0.3, 0.4, 0.5, 0.6])
    >>> round(lower, 3), round(upper, 3)
    (0.478, 0.986)
    >>> auc([1, 1], [0.2, 0.9])
    (nan, nan)
    """
    import numpy as np

    truth, score = floats(y_true), floats(y_score)
    known = ~(np.isnan(truth) | np.isnan(score))
    wins, losses = placements(truth[known], score[known])
    smaller = min(wins.size, losses.size)
    z(level)
    if not smaller:
        return NOWHERE
    area = float(np.mean(wins))
    variance = 0.0
    if smaller > 1:
        variance = sum(float(np.var(x, ddof=1)) / x.size for x in (wins, losses))
    n = area * (1 - area) / variance if variance > 0 else float(smaller)
    return wilson(area * n, n, level=level)


def placements(
    y_true: npt.ArrayLike, y_score: npt.ArrayLike
) -> tuple[np.ndarray, np.ndarray]:
    """Where each row of one class stands among those of the other.

    Ties count a half. The mean of either is the area under the ROC curve.

    Parameters
    ----------
    y_true : array-like of shape (n,)
        Outcomes, 0 or 1; nothing missing.
    y_score : array-like of shape (n,)

    Returns
    -------
    wins : ndarray of float, shape (n_positives,)
        The share of negatives that each positive beats, in the order of the rows.
    losses : ndarray of float, shape (n_negatives,)
        The share of positives that beat each negative. Both are empty unless both
        classes occur.

    Examples
    --------
    >>> wins, losses = placements([1, 0, 1, 0], [0.9, 0.5, 0.5, 0.1])
    >>> wins.tolist(), losses.tolist()
    ([1.0, 0.75], [0.75, 1.0])
    """
    import numpy as np

    truth, score = floats(y_true), floats(y_score)
    positive, negative = score[truth == 1], score[truth == 0]
    if not positive.size or not negative.size:
        return np.empty(0), np.empty(0)
    beaten = _beaten(np.sort(negative), positive)
    return beaten, 1 - _beaten(np.sort(positive), negative)


def _beaten(losers: np.ndarray, winners: np.ndarray) -> np.ndarray:
    """Share of sorted `losers` each of `winners` exceeds; ties count a half."""
    import numpy as np

    below = np.searchsorted(losers, winners, side="left")
    reached = np.searchsorted(losers, winners, side="right")
    return (below + reached) / (2 * losers.size)
