"""The interval of a proportion."""

from __future__ import annotations

import math

from lifecycle.intervals.levels import NOWHERE, z

__all__ = ["wilson"]


def wilson(successes: float, n: float, *, level: float = 0.90) -> tuple[float, float]:
    r"""Interval of a proportion.

    Undefined, and therefore `nan`, when `n` is 0.

    Parameters
    ----------
    successes, n : float
        How many of how many; an effective number of rows may be fractional.
    level : float
        Between 0 and 1.

    Returns
    -------
    lower, upper : float
        Within 0 and 1, and never the empty interval, not even at 0 of `n`.

    Raises
    ------
    ValueError
        When there are more successes than rows, or `level` is not within 0 and 1.

    Notes
    -----
    Wilson's score interval: all :math:`p` with
    :math:`|\hat p - p| \le z\sqrt{p(1-p)/n}`.

    References
    ----------
    E. B. Wilson, "Probable inference, the law of succession, and statistical
    inference", JASA 22 (1927).

    Examples
    --------
    >>> lower, upper = wilson(8, 10)
    >>> round(lower, 3), round(upper, 3)
    (0.541, 0.931)
    >>> wilson(0, 0)
    (nan, nan)
    """
    score = z(level)
    if math.isnan(successes) or math.isnan(n) or n == 0:
        return NOWHERE
    if not 0 <= successes <= n:
        raise ValueError(
            f"successes must lie between 0 and n, got {successes} of {n}; mend them"
        )
    p = successes / n
    centre = p + score * score / (2 * n)
    half = score * math.sqrt(p * (1 - p) / n + score * score / (4 * n * n))
    scale = 1 + score * score / n
    lower = 0.0 if successes == 0 else max(0.0, (centre - half) / scale)
    upper = 1.0 if successes == n else min(1.0, (centre + half) / scale)
    return lower, upper
