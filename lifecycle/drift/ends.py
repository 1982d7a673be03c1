"""90% intervals of distances and of differences of shares, for many rows at once."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from lifecycle.drift import distances

if TYPE_CHECKING:
    import numpy as np

__all__: list[str] = []

Z = 1.6448536269514722  # standard errors of a two-sided 90%


def kolmogorov(value: Any, n: Any, m: Any) -> tuple[np.ndarray, np.ndarray]:
    """The distance and what both empirical functions may be off by."""
    import numpy as np
    from scipy.special import kolmogi

    sizes = np.asarray(n, dtype=float), np.asarray(m, dtype=float)
    with np.errstate(divide="ignore"):
        half = float(kolmogi(0.10)) * np.sqrt(1 / sizes[0] + 1 / sizes[1])
    value = np.asarray(value, dtype=float)
    return np.maximum(0.0, value - half), np.minimum(1.0, value + half)


def jensen_shannon(
    value: Any, before: Any, after: Any
) -> tuple[np.ndarray, np.ndarray]:
    """Delta method, with the variance that remains under equality added."""
    import numpy as np

    p, q = distances.shares(before), distances.shares(after)
    sizes = [np.asarray(side, dtype=float).sum(axis=-1) for side in (before, after)]
    middle, variance = (p + q) / 2, 0.0
    with np.errstate(divide="ignore", invalid="ignore"):
        for share, size in zip((p, q), sizes, strict=True):
            slope = np.where(share > 0, np.log2(share / middle) / 2, 0.0)
            mean = (share * slope).sum(axis=-1)
            spread = (share * slope**2).sum(axis=-1) - mean**2
            variance = variance + np.maximum(0.0, spread) / size
        # what is left when both are the same: chi-square of size - 1 degrees
        scale = (1 / sizes[0] + 1 / sizes[1]) / (8 * math.log(2))
        cells = ((p + q) > 0).sum(axis=-1)
        variance = variance + 2 * np.maximum(1, cells - 1) * scale**2
        half = Z * np.sqrt(variance)
    square = np.asarray(value, dtype=float) ** 2
    return np.sqrt(np.maximum(0.0, square - half)), np.sqrt(
        np.minimum(1.0, square + half)
    )


def difference(k: Any, n: Any, j: Any, m: Any) -> tuple[np.ndarray, np.ndarray]:
    """Of `j` of `m` less `k` of `n`: Newcombe's hybrid of two Wilson intervals."""
    import numpy as np

    first, second = _wilson(k, n), _wilson(j, m)
    change = second[1] - first[1]
    lower = change - np.hypot(second[1] - second[0], first[2] - first[1])
    upper = change + np.hypot(second[2] - second[1], first[1] - first[0])
    return np.asarray(lower), np.asarray(upper)


def _wilson(k: Any, n: Any) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Lower end, share and upper end."""
    import numpy as np

    successes, rows = np.asarray(k, dtype=float), np.asarray(n, dtype=float)
    with np.errstate(divide="ignore", invalid="ignore"):
        share = successes / rows
        middle = (successes + Z**2 / 2) / (rows + Z**2)
        root = np.sqrt(share * (1 - share) / rows + Z**2 / (4 * rows**2))
        half = Z * root / (1 + Z**2 / rows)
    return np.minimum(middle - half, share), share, np.maximum(middle + half, share)
