"""Bets on bounded values, and the difference that none of them has refuted."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from lifecycle.intervals.levels import floats

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

__all__ = ["refuted", "staked"]

_HALVINGS = 16


def staked(
    gains: npt.ArrayLike,
    per: npt.ArrayLike,
    stakes: npt.ArrayLike,
    *,
    above: float = 0.0,
    weights: npt.ArrayLike,
    at: npt.ArrayLike,
    times: npt.ArrayLike = 1.0,
) -> np.ndarray:
    r"""What bets that a ratio of sums lies above a limit have grown to, as a logarithm.

    Parameters
    ----------
    gains, per : array-like of shape (n,)
        In the order in which they came; what is asked is whether the mean gain, given
        what came before, is above `above` times `per`.
    stakes : array-like of shape (n, m)
        How much each of m bets stakes on each value; 0 or more, and to be fixed before
        the value is seen. None may be so large that it can lose all it has.
    above : float
        The limit.
    weights : array-like of shape (m,)
        Of the bets; they add up to 1.
    at : array-like of shape (k,)
        After how many values it is looked, ascending.
    times : float or array-like of shape (n,)
        How often each value came, one after the other.

    Returns
    -------
    ndarray of float, shape (k,)
        While the limit holds it ever reaches :math:`-\log\alpha` with probability
        :math:`\alpha` at most.

    Raises
    ------
    ValueError
        When a bet has lost more than all it had.

    Notes
    -----
    :math:`\log \sum_j w_j \prod_{i \le t} (1 + \lambda_{ij} (g_i - \Delta h_i))`: each
    product is a non-negative supermartingale while :math:`E[g_i] \le \Delta h_i`, given
    the past, and so is their mixture (Ville).

    References
    ----------
    I. Waudby-Smith and A. Ramdas, "Estimating means of bounded random variables by
    betting", JRSS B 86 (2024), arXiv 2010.09686, section 4.

    Examples
    --------
    >>> import numpy as np
    >>> wins = staked([1, 1, 1], [1, 1, 1], np.full((3, 1), 0.5), weights=[1], at=[3])
    >>> bool(np.isclose(np.exp(wins[0]), 1.5**3))
    True
    """
    import numpy as np
    from scipy.special import logsumexp

    excess = floats(gains) - above * floats(per)
    grown = np.asarray(stakes, dtype=float) * excess[:, None]
    if grown.size and not grown.min() > -1:
        raise ValueError("a stake can lose more than all there is; stake less")
    steps = np.log1p(grown) * np.reshape(times, (-1, 1))
    course = np.vstack([np.zeros(grown.shape[1]), np.cumsum(steps, axis=0)])
    course = course[np.asarray(at, dtype=np.int64)]
    told: np.ndarray = logsumexp(course, b=np.asarray(weights, dtype=float), axis=1)
    return told


def refuted(
    gains: npt.ArrayLike,
    per: npt.ArrayLike,
    stakes: npt.ArrayLike,
    *,
    weights: npt.ArrayLike,
    at: npt.ArrayLike,
    alpha: float,
    most: float,
    times: npt.ArrayLike = 1.0,
) -> np.ndarray:
    """The lower end of a confidence sequence: the largest limit that bets refuted.

    With probability `alpha` at most it ever lies above the truth.

    Parameters
    ----------
    gains, per, stakes, weights, at, times
        As in `staked`.
    alpha : float
        Between 0 and 1.
    most : float
        From `-most` to `most` a limit is looked for; stakes must be small enough for
        all of these.

    Returns
    -------
    ndarray of float, shape (k,)
        One a look, never falling; `-most` where nothing is refuted.

    Examples
    --------
    >>> import numpy as np
    >>> d = np.tile([1.0, 0.0, 0.0, 0.0], 100)
    >>> stakes = np.full((400, 1), 0.4)
    >>> told = {"weights": [1], "at": [100, 400], "alpha": 0.05, "most": 1.0}
    >>> refuted(d, np.ones(400), stakes, **told).round(2).tolist()
    [0.14, 0.2]
    """
    import numpy as np

    if not 0 < alpha < 1:
        raise ValueError(f"alpha must lie between 0 and 1, got {alpha}; use 0.05")
    g, h, bets = floats(gains), floats(per), np.asarray(stakes, dtype=float)
    often = np.broadcast_to(np.asarray(times, dtype=float), g.shape)
    bar, end, ends = -math.log(alpha), -most, []

    def beaten(limit: float, count: int) -> bool:
        told = staked(
            g[:count],
            h[:count],
            bets[:count],
            above=limit,
            weights=weights,
            at=[count],
            times=often[:count],
        )
        return bool(told[0] >= bar)

    for count in np.asarray(at, dtype=np.int64).tolist():
        total = float(often[:count] @ h[:count])
        middle = float(often[:count] @ g[:count]) / total if total > 0 else -most
        low, high = end, min(max(middle, end), most)
        # what a bet cannot refute at the estimate less a hair it refutes nowhere above
        for _ in range(_HALVINGS if high > low else 0):
            guess = (low + high) / 2
            low, high = (guess, high) if beaten(guess, count) else (low, guess)
            if high - low < 1e-5 * most:
                break
        end = low
        ends.append(end)
    return np.array(ends, dtype=float)
