"""A grid of cells taken from a reference column, and counting on it."""

from __future__ import annotations

import hashlib
import math
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

from lifecycle.profiles.columns import coded, numbers
from lifecycle.profiles.counts import Counts, whole
from lifecycle.profiles.finder import Finder, ranked

if TYPE_CHECKING:
    import numpy as np

__all__ = ["Grid"]

LARGEST = 1e290
SPREAD = 20
MANY = 4096
"""From so many numbers on the cells are found without sorting."""


@dataclass(frozen=True, eq=False)
class Grid:
    """The cells of a column, fixed by its reference.

    Made by `Grid.numeric` or `Grid.categorical`.

    Parameters
    ----------
    names : tuple of str
        Of a grid of names, one a cell.
    bounds : ndarray of float, shape (n_cells + 1,), or None
        Of a numeric grid: cell *i* holds what is above `bounds[i]` and not above
        `bounds[i + 1]`.
    ends : tuple of float
        Smallest and largest number of the reference.

    Examples
    --------
    >>> grid = Grid.numeric([1, 2, 3, 4], cells=2)
    >>> grid
    <Grid of 2 cells: 1 to 2, 2 to 4>
    >>> grid.count([1, 2, 3, 9, None]).cells.tolist()
    [2, 1]
    """

    names: tuple[str, ...] = ()
    bounds: np.ndarray | None = None
    ends: tuple[float, float] = (0.0, 0.0)

    @classmethod
    def numeric(cls, values: Any, cells: int = 1000) -> Grid:
        """Cells that hold about equally many rows of the reference.

        Parameters
        ----------
        values : array-like of shape (n,)
            Numbers; missing ones are left out.
        cells : int
            At most this many, and as many again for values so frequent that they
            get a cell of their own.
        """
        import numpy as np

        if cells < 1:
            raise ValueError(f"cells must be 1 or more, got {cells}; use 1000")
        known = numbers(values)
        known = known[~np.isnan(known)]
        if not known.size:
            return cls(bounds=np.zeros(1))
        rank = np.ceil(np.arange(cells + 1) * known.size / cells).astype(int) - 1
        rank[0] = 0
        first, *found = ranked(known, rank).tolist()
        edges, times = np.unique(found, return_counts=True)
        apart = np.append(edges[times > 1], first)
        with np.errstate(all="ignore"):
            bounds = np.unique(np.append(edges, np.nextafter(apart, -np.inf)))
        if bounds.size == 1:
            bounds = np.append(bounds, bounds)
        return cls((), bounds, (first, found[-1]))

    @classmethod
    def categorical(cls, values: Any) -> Grid:
        """One cell a name, most frequent first.

        Parameters
        ----------
        values : array-like of shape (n,)
        """
        from lifecycle.profiles.columns import tally

        return cls(tuple(tally(values)[0]))

    @property
    def size(self) -> int:
        """How many cells there are."""
        return len(self.names) if self.bounds is None else self.bounds.size - 1

    @cached_property
    def labels(self) -> tuple[str, ...]:
        """One a cell: its name, its number, or the numbers it lies between."""
        if self.bounds is None:
            return self.names
        starts = [self.ends[0], *self.bounds[1:-1].tolist()]
        spans = zip(starts, self.bounds[1:].tolist(), self.points.tolist(), strict=True)
        return tuple(
            f"{high:.6g}" if alone or low == high else f"{low:.6g} to {high:.6g}"
            for low, high, alone in (spans if self.size else ())
        )

    @cached_property
    def points(self) -> np.ndarray:
        """Which cells hold one value only; all of a grid of names do."""
        import numpy as np

        if self.bounds is None:
            return np.ones(self.size, dtype=bool)
        low, high = self.bounds[:-1], self.bounds[1:]
        with np.errstate(all="ignore"):
            return (np.nextafter(high, -np.inf) == low) | (low == high)

    @cached_property
    def digest(self) -> str:
        """The same for grids with the same cells, and for no others."""
        hashed = hashlib.blake2b(digest_size=16)
        if self.bounds is None:
            for name in self.names:
                text = name.encode("utf-8", "surrogatepass")
                hashed.update(len(text).to_bytes(8, "little") + text)
        else:
            ends = ",".join(end.hex() for end in self.ends)
            hashed.update(b"numbers" + ends.encode() + self.bounds.tobytes())
        return hashed.hexdigest()

    def count(self, values: Any) -> Counts:
        """Count a column on the grid.

        Parameters
        ----------
        values : array-like of shape (n,)

        Returns
        -------
        Counts
        """
        if self.bounds is None:
            return self.count_codes(*coded(values))
        return self.count_numbers(numbers(values))

    def count_codes(self, codes: np.ndarray, names: list[str]) -> Counts:
        """Count names given as places in a list, which may name one twice.

        Parameters
        ----------
        codes : ndarray of int, shape (n,)
            `len(names)` where the value is missing.
        names : list of str
        """
        import numpy as np

        times = np.bincount(codes, minlength=len(names) + 1)
        cells = np.zeros(self.size + 1, dtype=np.int64)
        np.add.at(cells, self.places(names), times[:-1])
        return Counts(cells[:-1], int(times[-1]), int(cells[-1]), grid=self)

    def places(self, names: list[str]) -> np.ndarray:
        """The cell of each name; `size` where the reference does not have it."""
        import numpy as np

        found = map(self._places.get, names, [self.size] * len(names))
        return np.fromiter(found, dtype=np.int64, count=len(names))

    @cached_property
    def _places(self) -> dict[str, int]:
        return {name: cell for cell, name in enumerate(self.labels)}

    def count_numbers(self, column: np.ndarray) -> Counts:
        """Count floats, `nan` for missing.

        Parameters
        ----------
        column : ndarray of float, shape (n,)
        """
        import numpy as np

        bounds = self.bounds
        if bounds is None:
            raise TypeError("the grid is one of names; use count")
        if column.size >= MANY and self._finder is not None:
            return self._found(column, self._finder)
        ordered = np.sort(column)
        known = ordered[: ordered.searchsorted(math.nan)]
        missing = column.size - known.size
        if bounds.size == 1:
            nothing = np.zeros(0, dtype=np.int64)
            return Counts(nothing, missing, known.size, steps=nothing, grid=self)
        stops = known.searchsorted(bounds, side="right")
        stops[0] = known.searchsorted(self.ends[0])
        first, last = int(stops[0]), int(stops[-1])
        cells = np.diff(stops)
        steps = self._steps(known[first:last], stops[:-1] - first, cells)
        counts = Counts(cells, missing, 0, steps=steps, grid=self)
        return self._with_tails(counts, known[:first], known[last:])

    def _found(self, column: np.ndarray, finder: Finder) -> Counts:
        """The same counts without sorting."""
        import numpy as np

        times, sums = finder.count(column)
        cells, steps = times[1:-1], sums[1:-1]
        missing = int(np.count_nonzero(np.isnan(column)))
        if self._ruler is not None:
            origin = self._ruler[2]
            shift = ((origin - finder.start) / finder.step).astype(np.int64)
            steps = steps - cells * shift
        steps[self.points] = 0
        counts = Counts(cells, missing, 0, steps=steps, grid=self)
        below, above = int(times[0]) - missing, int(times[-1])
        nothing = column[:0]
        return self._with_tails(
            counts,
            column[column < self.ends[0]] if below else nothing,
            column[column > self.ends[1]] if above else nothing,
        )

    def _with_tails(self, counts: Counts, low: np.ndarray, high: np.ndarray) -> Counts:
        """The counts with numbers below and above the range of the reference."""
        import numpy as np

        below, unseen = low.size, low.size + high.size
        if not unseen:
            return counts
        low, high = low[np.isfinite(low)], high[np.isfinite(high)]
        return replace(
            counts,
            unseen=unseen,
            below=below,
            infinite=unseen - low.size - high.size,
            tails=(whole(low), whole(high)),
        )

    @cached_property
    def _finder(self) -> Finder | None:
        """Counts without sorting; None where sorting is the way."""
        if self.bounds is None or self._ruler is None:
            return None
        return Finder.of(self.bounds, *self.ends, self._ruler[1])

    @cached_property
    def _ruler(self) -> tuple[Any, Any, np.ndarray, np.ndarray] | None:
        """What makes whole steps of numbers: offset, step, start and pattern of cells.

        A number to which 1.5 * 2**52 steps are added is rounded to a whole step, and
        the bits of the sum, read as an integer, count the steps. One step serves all
        cells where their widths allow it.
        """
        import numpy as np

        bounds = self.bounds
        if bounds is None or bounds.size == 1 or max(map(abs, self.ends)) > LARGEST:
            return None
        wide = ~self.points
        width = np.where(wide, np.diff(bounds), 0)
        reach = np.maximum(np.abs(bounds[:-1]), np.abs(bounds[1:]))
        least = np.frexp(reach)[1] - 50  # a step must not be lost beside the number
        least = np.maximum(least, -1000)
        scale = np.frexp(width)[1]
        widest = int(scale[wide].max()) if wide.any() else 0
        narrowest = int(scale[wide].min()) if wide.any() else 0
        one = max(narrowest - 12, int(least.max()))
        if widest - narrowest <= SPREAD and one <= narrowest - 11:
            step: Any = math.ldexp(1.0, one)
        else:
            step = np.ldexp(1.0, np.where(wide, np.maximum(scale - 30, least), least))
        offset = 1.5 * 2.0**52 * step
        moved = bounds[:-1] + offset
        return offset, step, moved - offset, moved.view(np.int64)

    def _steps(
        self, seen: np.ndarray, starts: np.ndarray, cells: np.ndarray
    ) -> np.ndarray:
        import numpy as np

        steps = np.zeros(cells.size, dtype=np.int64)
        if self._ruler is None or not seen.size:
            return steps
        offset, _, _, patterns = self._ruler
        if not isinstance(offset, float):
            offset = np.repeat(offset, cells)
        moved = (seen + offset).view(np.int64)
        full = cells > 0
        sums = np.add.reduceat(moved, starts[full])  # wraps, and so does the product
        steps[full] = sums - cells[full] * patterns[full]
        steps[self.points] = 0
        return steps

    def sums(self, cells: np.ndarray, steps: np.ndarray) -> np.ndarray:
        """Sum of the numbers in each cell; `nan` where the grid cannot say.

        Parameters
        ----------
        cells, steps : ndarray of int, shape (n_cells,)
            As `Counts` has them.

        Returns
        -------
        ndarray of float, shape (n_cells,)
        """
        import numpy as np

        bounds = self.bounds
        if bounds is None or self._ruler is None:
            return np.full(self.size, math.nan)
        _, step, origin, _ = self._ruler
        return cells * np.where(self.points, bounds[1:], origin) + steps * step

    def __repr__(self) -> str:
        shown = ", ".join(self.labels[:3]) + (", ..." if self.size > 3 else "")
        return f"<Grid of {self.size} cells: {shown}>"
