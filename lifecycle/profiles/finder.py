"""Finding the cell of many numbers at once, without sorting them.

The range of a grid is cut into equally wide bins. A bin knows how many bounds lie in
bins before it, so a number is compared only with the bounds of its own bin, of which
there are mostly none or one.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np

__all__ = ["Finder", "ranked"]

BINS = 1 << 15
CROWD = 16
BLOCK = 1 << 15


class Finder:
    """Counts numbers by the bounds they lie between.

    Parameters
    ----------
    bounds : ndarray of float, shape (n,)
        Finite and in order.
    low, high : float
        The range that is cut into bins.
    step : float
        A power of two; numbers are summed in such steps above `low`.
    """

    def __init__(
        self, bounds: np.ndarray, low: float, high: float, step: float
    ) -> None:
        import numpy as np

        self.bounds = np.append(bounds, np.inf)
        self.low, self.scale = low, BINS / (high - low)
        times = np.bincount(self._bins(bounds), minlength=BINS + 3)
        self.crowd = int(times.max())
        self.before = np.append(0, np.cumsum(times))[:-1].astype(np.intp)
        self.step, self.offset = step, 1.5 * 2.0**52 * step
        self.start = (low + self.offset) - self.offset

    @classmethod
    def of(
        cls, bounds: np.ndarray, low: float, high: float, step: Any
    ) -> Finder | None:
        """A finder, or None where bins cannot tell the bounds apart."""
        width = high - low
        if not isinstance(step, float) or not 1e-290 < width < math.inf:
            return None
        made = cls(bounds, low, high, step)
        return made if made.crowd <= CROWD else None

    def count(self, values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """How many numbers lie below each bound and the one before, and their sum.

        Parameters
        ----------
        values : ndarray of float, shape (n,)

        Returns
        -------
        counts, sums : ndarray of int, shape (n_bounds + 1,)
            Of the numbers not above the first bound (and of `nan`), between the
            first and the second, and so on, above the last. The sums are in steps
            above `start`; first and last are to be left alone.
        """
        import numpy as np

        size = self.bounds.size
        counts = np.zeros(size, dtype=np.int64)
        sums = np.zeros(size, dtype=np.int64)
        with np.errstate(over="ignore", invalid="ignore"):
            for first in range(0, values.size, BLOCK):
                block = values[first : first + BLOCK]
                slots = self._slots(block)
                counts += np.bincount(slots, minlength=size)
                moved = block + self.offset
                moved -= self.offset + self.start
                found = np.bincount(slots, moved, minlength=size)
                sums[1:-1] += (found[1:-1] / self.step).astype(np.int64)
        return counts, sums

    def _bins(self, values: np.ndarray) -> np.ndarray:
        import numpy as np

        at = values - self.low
        at *= self.scale
        np.fmax(at, -1.0, out=at)
        np.fmin(at, BINS + 1.0, out=at)
        at += 1.0
        return at.astype(np.intp)

    def _slots(self, values: np.ndarray) -> np.ndarray:
        """How many bounds lie below each number."""
        import numpy as np

        slots: np.ndarray = self.before.take(self._bins(values), mode="clip")
        higher = values > self.bounds.take(slots, mode="clip")
        slots += higher
        rows = np.flatnonzero(higher)
        while rows.size:
            rows = rows[values[rows] > self.bounds[slots[rows]]]
            slots[rows] += 1
        return slots


def ranked(values: np.ndarray, ranks: np.ndarray) -> np.ndarray:
    """`sort(values)[ranks]`; only the bins in which the ranks lie are sorted.

    Parameters
    ----------
    values : ndarray of float, shape (n,)
        Without `nan`.
    ranks : ndarray of int, shape (m,)

    Examples
    --------
    >>> import numpy as np
    >>> ranked(np.array([7.0, 3.0, 5.0]), np.array([0, 1])).tolist()
    [3.0, 5.0]
    """
    import numpy as np

    low, high = float(values.min()), float(values.max())
    if values.size < BINS // 4 or not 1e-290 < high - low < math.inf:
        return np.sort(values)[ranks]
    at = values - low
    at *= 2 * BINS / (high - low)
    bins = at.astype(np.intp)
    times = np.bincount(bins)
    which = np.cumsum(times).searchsorted(ranks, side="right")
    wanted = np.zeros(times.size, dtype=bool)
    wanted[which] = True
    skipped = np.cumsum(np.where(wanted, 0, times))
    chosen: np.ndarray = np.sort(values[wanted[bins]])[ranks - skipped[which]]
    return chosen
