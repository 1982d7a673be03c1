"""Scores that have moved against those of the version before, row by row."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from lifecycle import intervals
from lifecycle.findings import Finding, Verdict

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

__all__ = ["edges", "shift"]

_SINGLY = 1_000  # rows that are looked at one by one


def shift(
    normal: npt.ArrayLike,
    now: npt.ArrayLike,
    *,
    floor: float,
    alpha: float,
    min_n: int = 40,
    subject: str = "",
) -> Finding:
    r"""Whether a version scores the same rows otherwise than when it was tested.

    A version that is meant to differ differs from the first row on; what counts is that
    it differs by more, or by less, than it did on rows before its release.

    Parameters
    ----------
    normal : array-like of shape (n_normal,)
        Its score less that of the version before, on rows before the release that both
        scored; between -1 and 1.
    now : array-like of shape (n,)
        The same of the rows since, in the order in which they came; rows are only ever
        added at the end from look to look.
    floor : float
        A mean that has moved by no more is bearable.
    alpha : float
        With this probability at most a sound release is ever called bad.
    min_n : int
        Rows of each kind below which nothing is judged.
    subject : str
        Which version.

    Returns
    -------
    Finding
        How much the mean has moved, with an interval that holds at all looks together;
        alert where all of it is beyond the floor.

    Raises
    ------
    ValueError
        When a difference is missing or lies beyond -1 or 1.

    Notes
    -----
    Two betting confidence sequences (`intervals.betting`), each end at
    :math:`\alpha/4`: of the mean before, :math:`[a, b]`, and since, :math:`[c, d]`; the
    mean has moved by :math:`[c - b, d - a]`. After the first 1,000 rows means of blocks
    are looked at, each a thousandth of the rows before it: a long log is read faster,
    and what a block says still has the mean of its rows, given what came before.

    References
    ----------
    I. Waudby-Smith and A. Ramdas, "Estimating means of bounded random variables by
    betting", JRSS B 86 (2024), arXiv 2010.09686.

    Examples
    --------
    >>> shift([0.0, 0.1] * 200, [0.3, 0.4] * 200, floor=0.05, alpha=1e-4).verdict
    'alert'
    >>> shift([0.0, 0.1] * 200, [0.0, 0.1] * 200, floor=0.05, alpha=1e-4).verdict
    'quiet'
    """
    (before, known, usual), (since, n, mean) = _blocks(normal), _blocks(now)
    nan = math.nan
    if min(known, n) < max(min_n, 1):
        return Finding("score_shift", nan, n, nan, nan, floor, "undefined", "", subject)
    a, b = intervals.betting((before + 1) / 2, alpha=alpha / 4)
    c, d = intervals.betting((since + 1) / 2, alpha=alpha / 4)
    lower, upper = 2 * (c - b), 2 * (d - a)
    verdict: Verdict = "alert" if lower > floor or upper < -floor else "quiet"
    moved = mean - usual
    return Finding("score_shift", moved, n, lower, upper, floor, verdict, "", subject)


def edges(n: int) -> np.ndarray:
    """Where the blocks of so many rows begin, and where the last whole one ends.

    Parameters
    ----------
    n : int
        Rows; those of the last block that is not whole wait.

    Examples
    --------
    >>> edges(3).tolist(), edges(2_999)[-3:].tolist()
    ([0, 1, 2, 3], [2994, 2996, 2998])
    """
    import numpy as np

    found = list(range(min(n, _SINGLY) + 1))
    while (after := found[-1] + max(1, found[-1] // _SINGLY)) <= n:
        found.append(after)
    return np.array(found)


def _blocks(values: npt.ArrayLike) -> tuple[np.ndarray, int, float]:
    """The means of blocks, the rows in them, and their mean."""
    import numpy as np

    told = np.asarray(values, dtype=float)
    if told.size and not np.all(np.abs(told) <= 1):
        raise ValueError(
            "differences of scores must lie between -1 and 1; leave rows out that one "
            "of the versions did not score"
        )
    found = edges(told.size)
    if found.size < 2:
        return np.empty(0), 0, math.nan
    n = int(found[-1])
    sums = np.add.reduceat(told[:n], found[:-1])
    return sums / np.diff(found), n, float(sums.sum()) / n
