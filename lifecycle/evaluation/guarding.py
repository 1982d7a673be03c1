"""The guard: whether a release does worse than the version before, at any look."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from lifecycle import intervals
from lifecycle.findings import Finding, Verdict

if TYPE_CHECKING:
    import numpy.typing as npt

__all__ = ["guard", "watched"]


def guard(
    y_true: npt.ArrayLike,
    serving: npt.ArrayLike,
    previous: npt.ArrayLike,
    *,
    alpha: float = 0.05,
    min_n: int = 50,
) -> Finding:
    """Hold the version that serves against the previous one, on the same rows.

    Alert when the upper end of the difference in accuracy is below 0. The interval
    holds at all looks together: whoever asks after every row, and rolls back at the
    first alert, is wrong with probability `alpha` at most.

    Undefined with fewer than `min_n` rows.

    Parameters
    ----------
    y_true : array-like of shape (n,)
        Outcomes, 0 or 1, in the order in which they became known: rows are only ever
        added at the end from look to look. Rows where anything is missing are left
        out.
    serving, previous : array-like of shape (n,)
        What the version that serves predicted and what the previous one would have
        predicted, 0 or 1.
    alpha : float
        The probability of a false alarm over the whole life of the release. The
        interval has level 1 - 2 alpha.
    min_n : int
        The first look.

    Returns
    -------
    Finding
        `accuracy_difference`: serving minus previous, threshold 0.

    Raises
    ------
    ValueError
        When the arrays are not of the same rows.

    Notes
    -----
    See `watched` for the interval. "Not worse" is meant of each row as it comes: a
    version that is worse for a stretch may be called worse even if it made up for
    it elsewhere.

    Examples
    --------
    >>> truth = [1, 0] * 100
    >>> guard(truth, [0] * 200, truth).verdict
    'alert'
    >>> guard(truth, truth, truth).verdict
    'quiet'
    """
    import numpy as np

    truth, mine, theirs = (
        np.asarray(values, dtype=float) for values in (y_true, serving, previous)
    )
    if not truth.shape == mine.shape == theirs.shape or truth.ndim != 1:
        raise ValueError(
            f"outcomes and both predictions must be of the same rows, got "
            f"{truth.shape}, {mine.shape} and {theirs.shape}; join them by id first"
        )
    known = ~(np.isnan(truth) | np.isnan(mine) | np.isnan(theirs))
    difference = (mine == truth).astype(float) - (theirs == truth)
    difference = difference[known]
    n = len(difference)
    lower, upper = watched(difference, alpha=alpha, first=min_n)
    verdict: Verdict = "undefined"
    if n and n >= min_n:
        verdict = "alert" if upper < 0 else "quiet"
    return Finding(
        "accuracy_difference",
        float(difference.mean()) if n else math.nan,
        n,
        lower,
        upper,
        threshold=0.0,
        verdict=verdict,
        subject="serving against previous",
    )


def watched(
    differences: npt.ArrayLike, *, alpha: float = 0.05, first: int = 1
) -> tuple[float, float]:
    r"""Interval of a mean of paired differences that holds at all looks together.

    Undefined, and therefore `nan`, with fewer than `first` differences.

    Parameters
    ----------
    differences : array-like of shape (n,)
        Between -1 and 1, in the order in which they came.
    alpha : float
        For each end: with probability `alpha` at most it is ever on the wrong side.
    first : int
        The first look; the interval only narrows from there.

    Returns
    -------
    lower, upper : float
        Within -1 and 1, in steps of 0.005, rounded outwards.

    Raises
    ------
    ValueError
        When a difference lies beyond -1 or 1, or is missing.

    Notes
    -----
    The betting confidence sequence `intervals.betting` of :math:`(d + 1)/2`, scaled
    back.

    References
    ----------
    I. Waudby-Smith and A. Ramdas, "Estimating means of bounded random variables by
    betting", JRSS B 86 (2024), arXiv 2010.09686, section 4 and appendix B.

    Examples
    --------
    >>> lower, upper = watched([-1, 0, 0, -1, 0] * 40)
    >>> lower < -0.4 < upper < 0
    True
    >>> watched([0.0, 0.0])[1] > 0
    True
    """
    import numpy as np

    told = np.asarray(differences, dtype=float)
    if not np.all(np.abs(told) <= 1):
        raise ValueError("differences must lie between -1 and 1; scale them first")
    lower, upper = intervals.betting((told + 1) / 2, alpha=alpha, first=first)
    return 2 * lower - 1, 2 * upper - 1
