"""The interval of any statistic, by drawing rows again."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from lifecycle.intervals.levels import NOWHERE, z

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

__all__ = ["bootstrap"]


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
        return NOWHERE
    generator = np.random.default_rng(rng)
    results = np.empty(draws)
    for draw in range(draws):
        rows = generator.integers(size, size=size)
        results[draw] = statistic(*(table[rows] for table in tables))
    defined = results[~np.isnan(results)]
    if 2 * defined.size < draws or not defined.size:
        return NOWHERE
    lower, upper = np.quantile(defined, [(1 - level) / 2, (1 + level) / 2])
    return float(lower), float(upper)
