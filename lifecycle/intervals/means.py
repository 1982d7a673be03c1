"""Intervals of a mean and of a difference of means."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from lifecycle.intervals.levels import NOWHERE, floats, z

if TYPE_CHECKING:
    import numpy.typing as npt

__all__ = ["mean", "paired_difference"]


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
        return NOWHERE
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
        return math.nan, *NOWHERE
    return float(np.mean(difference)), *mean(difference, level=level)
