"""How sure an interval is, and how a column is read."""

from __future__ import annotations

import functools
import math
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np

__all__ = ["NOWHERE", "floats", "z"]

NOWHERE = (math.nan, math.nan)


@functools.lru_cache(maxsize=64)  # asked for every interval, mostly at one level
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
    from statistics import NormalDist

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
