"""Evidence that a mean lies above a limit, weighed row by row."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from lifecycle.intervals.levels import floats

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

__all__ = ["evidence", "start_weights", "wagers"]

_EXCESSES = (0.01, 0.02, 0.04, 0.07, 0.12, 0.2, 0.35)
_BLOCK = 1 << 16


def evidence(
    values: npt.ArrayLike, *, above: float, starts: npt.ArrayLike = (0,)
) -> np.ndarray:
    r"""What a bet that the mean lies above a limit has grown to, after each value.

    Starts at 1. While the mean of each value, given those before it, is at most the
    limit, the evidence ever reaches :math:`1/\alpha` with probability :math:`\alpha`
    at most, however often one looks: 20 is as rare as a test at 5%.

    Parameters
    ----------
    values : array-like of shape (n,)
        Between 0 and 1, in the order in which they came; nothing missing.
    above : float
        The limit, between 0 and 1. Nothing is above a limit of 1, so the evidence
        stays 1.
    starts : array-like of shape (m,)
        Rows at which a bet begins anew, ascending, the first 0; to be fixed without
        looking at the values (the first rows of the weeks). A rise that comes late is
        then found about as fast as one that was there from the beginning.

    Returns
    -------
    ndarray of float, shape (n,)
        0 or more, finite: growth beyond 1e299 is not counted.

    Raises
    ------
    ValueError
        When a value or the limit lies beyond 0 or 1, or the starts are not ascending
        from 0.

    Notes
    -----
    :math:`E_t = \sum_s w_s \sum_\lambda \frac1L \prod_{s \le i \le t} (1 + \lambda (X_i
    - m))`: a mixture over stakes :math:`\lambda` fitted to excesses of 1 to 35 points,
    and over starts, of which the first has half of the weight and the :math:`j`-th
    after it :math:`1/(2j(j+1))`. Each product is a non-negative supermartingale where
    the mean is at most :math:`m`; bets that have not begun stand at 1.

    References
    ----------
    I. Waudby-Smith and A. Ramdas, "Estimating means of bounded random variables by
    betting", JRSS B 86 (2024), arXiv 2010.09686. J. Shin, A. Ramdas and A. Rinaldo,
    "E-detectors", New England Journal of Statistics in Data Science 2 (2024).

    Examples
    --------
    >>> calm, bad = [0, 0, 0, 0, 1] * 100, [0, 1] * 100
    >>> bool(evidence(calm, above=0.25).max() < 20)
    True
    >>> bool(evidence(calm + bad, above=0.25, starts=[0, 500])[-1] > 20)
    True
    """
    import numpy as np

    told = floats(values)
    if not 0 <= above <= 1:
        raise ValueError(f"above must lie between 0 and 1, got {above}; scale it first")
    if not np.all((told >= 0) & (told <= 1)):
        raise ValueError("values must lie between 0 and 1, none missing; scale them")
    begun = np.asarray(starts, dtype=np.int64)
    if not begun.size or begun[0] != 0 or (np.diff(begun) <= 0).any():
        raise ValueError("starts must ascend from 0; pass the first rows of the weeks")
    result = np.ones(told.size)
    if not told.size or above == 1:
        return result
    weights, stakes = start_weights(begun.size), wagers(above)
    resting = 1 - np.cumsum(weights)  # what has not been staked yet
    edges = np.append(begun[begun < told.size], told.size)
    # per stake: the sum of what bets that have begun would be worth, as a logarithm
    worth = np.full(stakes.size, -math.inf)
    for number, (start, stop) in enumerate(
        zip(edges[:-1].tolist(), edges[1:].tolist(), strict=True)
    ):
        worth = np.logaddexp(worth, math.log(weights[number]))
        for begin in range(start, stop, _BLOCK):
            rows = slice(begin, min(begin + _BLOCK, stop))
            steps = np.log1p(stakes * (told[rows, None] - above))
            course = worth + np.cumsum(steps, axis=0)
            worth = course[-1]
            grown = np.exp(np.minimum(course, 690)).mean(axis=1)
            result[rows] = grown + resting[number]
    return result


def wagers(above: float) -> np.ndarray:
    """The stakes: each the best one for a rise of so much above the limit."""
    import numpy as np

    hoped = above + (1 - above) * np.array(_EXCESSES)
    # of values that are 0 or 1 with mean p the best stake is (p - m) / (m (1 - m))
    floor = max(above, 1e-6)
    return np.minimum((hoped - above) / (floor * (1 - above)), 0.9 / floor)


def start_weights(count: int) -> np.ndarray:
    """How much is staked at each start: a half at the first, less and less later."""
    import numpy as np

    later = np.arange(1, count)
    return np.concatenate([[0.5], 0.5 / (later * (later + 1))])
