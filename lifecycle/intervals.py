"""Intervals: how far a number may be from the truth, from sampling alone.

Two-sided, 90% unless asked otherwise; `nan` at both ends where there is none.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from statistics import NormalDist
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

__all__ = [
    "auc",
    "bootstrap",
    "floats",
    "mean",
    "paired_difference",
    "placements",
    "wilson",
    "z",
]

_NOWHERE = (math.nan, math.nan)


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
        return _NOWHERE
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


def mean(values: npt.ArrayLike, *, level: float = 0.90) -> tuple[float, float]:
    r"""Interval of a mean.

    Undefined, and therefore `nan`, for fewer than two values, or when one of them
    is infinite. Missing values are left out.

    Parameters
    ----------
    values : array-like of shape (n,)
    level : float
        Between 0 and 1.

    Returns
    -------
    lower, upper : float

    Notes
    -----
    Student's :math:`\bar x \pm t_{n-1}\, s/\sqrt n`.

    Examples
    --------
    >>> lower, upper = mean([1, 2, 3])
    >>> round(lower, 3), round(upper, 3)
    (0.314, 3.686)
    """
    import numpy as np
    from scipy.special import stdtrit

    z(level)
    sample = floats(values)
    sample = sample[~np.isnan(sample)]
    if sample.size < 2 or not np.isfinite(sample).all():
        return _NOWHERE
    error = float(np.std(sample, ddof=1)) / math.sqrt(sample.size)
    half = float(stdtrit(sample.size - 1, (1 + level) / 2)) * error
    middle = float(np.mean(sample))
    return middle - half, middle + half


def paired_difference(
    a: npt.ArrayLike, b: npt.ArrayLike, *, level: float = 0.90
) -> tuple[float, float, float]:
    """How much larger `a` is than `b` in the mean, row by row, with its interval.

    Rows where either is missing are left out. Undefined, and therefore `nan`,
    when no row is left; the interval needs two rows.

    Parameters
    ----------
    a, b : array-like of shape (n,)
        Losses of two models on the same rows.
    level : float
        Between 0 and 1.

    Returns
    -------
    value, lower, upper : float

    Raises
    ------
    ValueError
        When the two are not of the same length.

    Examples
    --------
    >>> paired_difference([1, 1, 0, 1], [0, 1, 0, 0])[0]
    0.5
    """
    import numpy as np

    first, second = floats(a), floats(b)
    if first.size != second.size:
        raise ValueError(
            f"a and b must be losses of the same rows, got {first.size} and "
            f"{second.size}; join them by id first"
        )
    difference = first - second
    difference = difference[~np.isnan(difference)]
    if not difference.size:
        return math.nan, *_NOWHERE
    return float(np.mean(difference)), *mean(difference, level=level)


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
        return _NOWHERE
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


def bootstrap(
    statistic: Callable[..., float],
    *arrays: npt.ArrayLike,
    rng: np.random.Generator | int,
    level: float = 0.90,
    draws: int = 200,
) -> tuple[float, float]:
    """Interval of any statistic by drawing rows again, with replacement.

    The last resort: a formula is faster and steadier where there is one. Undefined,
    and therefore `nan`, without rows, or when more than half of the draws are `nan`.

    Parameters
    ----------
    statistic : callable
        Takes the arrays, returns a number.
    *arrays : array-like, each of n rows
        The rows of all are drawn together.
    rng : Generator or int
        Where the draws come from; the same seed gives the same interval.
    level : float
        Between 0 and 1.
    draws : int
        How often.

    Returns
    -------
    lower, upper : float
        Percentiles of the draws.

    Raises
    ------
    ValueError
        When the arrays are not of the same number of rows.

    References
    ----------
    B. Efron and R. Tibshirani, "An Introduction to the Bootstrap" (1993), ch. 13.

    Examples
    --------
    >>> import numpy as np
    >>> bootstrap(np.mean, [4, 4, 4], rng=7)
    (4.0, 4.0)
    """
    import numpy as np

    z(level)
    tables = [np.asarray(array) for array in arrays]
    sizes = {len(table) for table in tables}
    if len(sizes) != 1:
        raise ValueError(
            f"the arrays must have the same number of rows, got {sorted(sizes)}; "
            f"join them first"
        )
    size = sizes.pop()
    if not size:
        return _NOWHERE
    generator = np.random.default_rng(rng)
    results = np.empty(draws)
    for draw in range(draws):
        rows = generator.integers(size, size=size)
        results[draw] = statistic(*(table[rows] for table in tables))
    defined = results[~np.isnan(results)]
    if 2 * defined.size < draws or not defined.size:
        return _NOWHERE
    lower, upper = np.quantile(defined, [(1 - level) / 2, (1 + level) / 2])
    return float(lower), float(upper)


def _beaten(losers: np.ndarray, winners: np.ndarray) -> np.ndarray:
    """Share of sorted `losers` each of `winners` exceeds; ties count a half."""
    import numpy as np

    below = np.searchsorted(losers, winners, side="left")
    reached = np.searchsorted(losers, winners, side="right")
    return (below + reached) / (2 * losers.size)


def z(level: float) -> float:
    """How many standard errors a two-sided interval of this level reaches.

    Parameters
    ----------
    level : float
        Between 0 and 1.

    Returns
    -------
    float

    Raises
    ------
    ValueError
        When `level` is not within 0 and 1.

    Examples
    --------
    >>> round(z(0.90), 3)
    1.645
    """
    if not 0 < level < 1:
        raise ValueError(f"level must lie within 0 and 1, got {level}; use 0.9 for 90%")
    return NormalDist().inv_cdf((1 + level) / 2)


def floats(values: Any) -> np.ndarray:
    """A column as float64, `nan` where missing.

    Parameters
    ----------
    values : array-like of shape (n,)
        Numbers or booleans; a Series may be of a nullable type.

    Returns
    -------
    ndarray of float, shape (n,)

    Examples
    --------
    >>> floats([1, None, True]).tolist()
    [1.0, nan, 1.0]
    """
    import numpy as np

    if hasattr(values, "to_numpy"):
        return np.ravel(values.to_numpy(dtype=float, na_value=math.nan))
    return np.ravel(np.asarray(values, dtype=float))
