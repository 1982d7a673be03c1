"""Distances between rows of counts, and tests of their likeness: arithmetic only.

Every function takes the counts of the reference, shape (k,), and of one or many
analysis samples, shape (..., k), and answers for each of them. Without rows on
either side the answer is `nan`.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np

__all__: list[str] = []

LEAST_EXPECTED = 5.0
HALF_A_ROW = 0.5


def shares(counts: Any) -> np.ndarray:
    """Counts as shares of their row; `nan` where a row, or the grid, is empty."""
    import numpy as np

    table = np.asarray(counts, dtype=float)
    if not table.shape[-1]:
        return np.full((*table.shape[:-1], 1), math.nan)
    total = table.sum(axis=-1, keepdims=True)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(total > 0, table / total, math.nan)


def kolmogorov(before: Any, after: Any) -> np.ndarray:
    """Largest difference of the two distribution functions at the ends of the cells."""
    import numpy as np

    gap = np.cumsum(shares(after), axis=-1) - np.cumsum(shares(before), axis=-1)
    return np.asarray(np.abs(gap).max(axis=-1))


def kolmogorov_p(value: Any, n: Any, m: Any) -> np.ndarray:
    """Asymptotic p-value of a two-sample distance, by Kolmogorov's distribution."""
    import numpy as np
    from scipy.special import kolmogorov as tail

    sizes = np.asarray(n, dtype=float), np.asarray(m, dtype=float)
    with np.errstate(invalid="ignore", divide="ignore"):
        root = np.sqrt(sizes[0] * sizes[1] / (sizes[0] + sizes[1]))
    return np.asarray(tail(np.asarray(value) * root))


def jensen_shannon(before: Any, after: Any) -> np.ndarray:
    """Square root of the divergence to base 2."""
    import numpy as np

    p, q = shares(before), shares(after)
    middle = (p + q) / 2
    with np.errstate(invalid="ignore", divide="ignore"):
        left = np.where(p > 0, p * np.log2(p / middle), p * 0)
        right = np.where(q > 0, q * np.log2(q / middle), q * 0)
    divergence = (left.sum(axis=-1) + right.sum(axis=-1)) / 2
    return np.sqrt(np.clip(divergence, 0.0, 1.0))


def hellinger(before: Any, after: Any) -> np.ndarray:
    """Euclidean distance of the roots of the shares, over root two."""
    import numpy as np

    gap = np.sqrt(shares(after)) - np.sqrt(shares(before))
    return np.sqrt(np.clip((gap**2).sum(axis=-1) / 2, 0.0, 1.0))


def stability(before: Any, after: Any) -> np.ndarray:
    """Population stability index; half a row is added to every cell."""
    import numpy as np

    p, q = shares(before), shares(after)
    empty = np.isnan(p.sum(axis=-1)) | np.isnan(q.sum(axis=-1))
    p, q = (shares(np.asarray(side) + HALF_A_ROW) for side in (before, after))
    return np.where(empty, math.nan, ((q - p) * np.log(q / p)).sum(axis=-1))


def largest_change(before: Any, after: Any) -> np.ndarray:
    """L-infinity: the largest difference of two shares."""
    import numpy as np

    return np.asarray(np.abs(shares(after) - shares(before)).max(axis=-1))


def contingency(before: Any, after: Any, pooled: int = 0) -> tuple[float, float]:
    """Chi-square statistic and p-value of two rows of counts, rare cells pooled.

    The last `pooled` cells are rare whatever they hold: what the reference never had
    is chosen for that, and no test may be chosen by what it is to find.
    """
    value, degrees = chi_square(before, after, pooled)
    if math.isnan(value) or not degrees:
        return value, 1.0 if value == 0 else math.nan
    from scipy.special import chdtrc

    return value, float(chdtrc(degrees, value))


def chi_square(before: Any, after: Any, pooled: int = 0) -> tuple[float, int]:
    """The statistic of `contingency` alone, and its degrees of freedom.

    scipy takes longer to import than a month of chunks takes to be compared.
    """
    import numpy as np

    one, two = (np.array([side], dtype=float) for side in (before, after))
    values, degrees = _chi_squares(one, two, pooled)
    return float(values[0]), int(degrees[0])


def chi_squares(before: Any, after: Any, pooled: int = 0) -> np.ndarray:
    """`chi_square` of the reference, or of one for each, with many samples."""
    import numpy as np

    after = np.asarray(after, dtype=float)
    before = np.broadcast_to(np.asarray(before, dtype=float), after.shape)
    return _chi_squares(before, after, pooled)[0]


def _chi_squares(
    before: np.ndarray, after: np.ndarray, pooled: int
) -> tuple[np.ndarray, np.ndarray]:
    """Statistics of pairs of samples, a row each, and their degrees of freedom.

    Rare columns are pooled in the order of their frequency, and others after them until
    the pool is large enough itself.
    """
    import numpy as np

    n, m = before.sum(axis=-1), after.sum(axis=-1)
    columns = before + after
    there = columns > 0
    width = np.arange(columns.shape[-1])
    with np.errstate(divide="ignore", invalid="ignore"):
        least = LEAST_EXPECTED * (n + m) / np.minimum(n, m)
    rare = there & ((columns < least[:, None]) | (width >= width.size - pooled))
    size, count = there.sum(axis=-1), rare.sum(axis=-1)
    joined = np.zeros((2, len(columns)))
    tables = [before, after]
    rows = np.flatnonzero(count)
    if rows.size:
        kinds = np.where(rare[rows], 0, np.where(there[rows], 1, 2))
        order = np.lexsort((columns[rows], kinds), axis=-1)
        sides = [np.take_along_axis(side[rows], order, axis=-1) for side in tables]
        reached = (sides[0] + sides[1]).cumsum(axis=-1) < least[rows, None]
        wanted = np.maximum(count[rows], reached.sum(axis=-1) + 1)
        count[rows] = np.minimum(wanted, size[rows])
        pool = width < count[rows, None]
        tables = [side.copy() for side in tables]
        for number, side in enumerate(sides):
            joined[number, rows] = np.where(pool, side, 0.0).sum(axis=-1)
            tables[number][rows] = np.where(pool, 0.0, side)
    whole = np.maximum(n + m, 1)
    rest, pooled_share = (tables[0] + tables[1]) / whole[:, None], joined.sum(0) / whole
    found = np.zeros(len(columns))
    for table, pool_of, rows_of in zip(tables, joined, (n, m), strict=True):
        for expected, told in (
            (rest * rows_of[:, None], table),
            ((pooled_share * rows_of)[:, None], pool_of[:, None]),
        ):
            gap = (told - expected) ** 2 / np.where(expected > 0, expected, 1.0)
            found += gap.sum(axis=-1)
    kept = size - count + (count > 0)
    degrees = np.maximum(kept - 1, 0)
    found[(kept < 2) & (size > 1)] = math.nan
    found[size == 1] = 0.0
    found[np.minimum(n, m) == 0] = math.nan
    degrees[np.minimum(n, m) == 0] = 0
    return found, degrees


def two_proportions(k: int, n: int, j: int, m: int) -> float:
    """P-value of equal shares `k` of `n` and `j` of `m`; Fisher's where few expected.

    1 where nothing, or everything, is counted in both; `nan` without rows.
    """
    from scipy.special import chdtrc

    if not n or not m:
        return math.nan
    share = (k + j) / (n + m)
    if share in (0.0, 1.0):
        return 1.0
    if min(n, m) * min(share, 1 - share) < LEAST_EXPECTED:
        from scipy.stats import fisher_exact

        return float(fisher_exact([[k, n - k], [j, m - j]]).pvalue)
    spread = share * (1 - share) * (1 / n + 1 / m)
    return float(chdtrc(1, (k / n - j / m) ** 2 / spread))


def coarse(reference: Any, bins: int) -> np.ndarray:
    """Where the cells of a fine grid go when it is cut into about `bins` cells.

    Taken from the reference alone: the bins hold about equally many of its rows.
    """
    import numpy as np

    counts = np.asarray(reference, dtype=float)
    total = counts.sum()
    if not total:
        return np.zeros(counts.size, dtype=int)
    middle = (np.cumsum(counts) - counts / 2) / total
    bin_of = np.floor(middle * bins)  # never falls
    return np.cumsum(np.diff(bin_of, prepend=bin_of[:1]) > 0)


def gathered(counts: Any, place: np.ndarray) -> np.ndarray:
    """Counts on a fine grid, shape (..., k), as counts on the coarse one."""
    import numpy as np

    table = np.asarray(counts)
    if not place.size:
        return table
    starts = np.flatnonzero(np.diff(place, prepend=-1))
    return np.asarray(np.add.reduceat(table, starts, axis=-1))
