"""A grid of cells taken from a reference column, and counts on it that add up."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from lifecycle.profiles.columns import numbers, tally

if TYPE_CHECKING:
    import numpy as np

__all__ = ["Counts", "Grid"]


@dataclass(frozen=True, eq=False)
class Counts:
    """How many rows fell into each cell of a grid.

    Parameters
    ----------
    cells : ndarray of int, shape (n_cells,)
    missing : int
        Rows without a value.
    unseen : int
        Rows whose value the reference never had: another category, or a number
        below its smallest or above its largest.

    Examples
    --------
    >>> grid = Grid.categorical(["web", "web", "phone"])
    >>> grid.count(["web", None]) + grid.count(["phone", "fax"])
    <Counts of 4 rows: 1 missing, 1 unseen>
    """

    cells: np.ndarray
    missing: int
    unseen: int

    @property
    def known(self) -> int:
        """Rows that have a value."""
        return int(self.cells.sum()) + self.unseen

    @property
    def n(self) -> int:
        """All rows."""
        return self.known + self.missing

    def __add__(self, other: Counts) -> Counts:
        if self.cells.shape != other.cells.shape:
            raise ValueError(
                f"counts on {self.cells.size} and {other.cells.size} cells do not add "
                f"up; count both on the same grid"
            )
        return Counts(
            self.cells + other.cells,
            self.missing + other.missing,
            self.unseen + other.unseen,
        )

    def __repr__(self) -> str:
        return (
            f"<Counts of {self.n} rows: {self.missing} missing, {self.unseen} unseen>"
        )


@dataclass(frozen=True, eq=False)
class Grid:
    """The cells of a column, fixed by its reference.

    Made by `Grid.numeric` or `Grid.categorical`.

    Parameters
    ----------
    labels : tuple of str
        One a cell.
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

    labels: tuple[str, ...]
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
        known = np.sort(known[~np.isnan(known)])
        if not known.size:
            return cls((), np.empty(1))
        rank = np.ceil(np.arange(1, cells + 1) * known.size / cells).astype(int) - 1
        edges, times = np.unique(known[rank], return_counts=True)
        apart = np.append(edges[times > 1], known[0])
        with np.errstate(all="ignore"):
            bounds = np.unique(np.append(edges, np.nextafter(apart, -np.inf)))
        if bounds.size == 1:
            bounds = np.append(bounds, bounds)
        ends = float(known[0]), float(known[-1])
        return cls(_spans(bounds, ends[0]), bounds, ends)

    @classmethod
    def categorical(cls, values: Any) -> Grid:
        """One cell a name, most frequent first.

        Parameters
        ----------
        values : array-like of shape (n,)
        """
        return cls(tuple(tally(values)[0]))

    def count(self, values: Any) -> Counts:
        """Count a column on the grid.

        Parameters
        ----------
        values : array-like of shape (n,)

        Returns
        -------
        Counts
        """
        import numpy as np

        size = len(self.labels)
        if self.bounds is None:
            found, missing = tally(values)
            cells = np.array([found.pop(name, 0) for name in self.labels], dtype=int)
            return Counts(cells, missing, sum(found.values()))
        column = numbers(values)
        known = column[~np.isnan(column)]
        if not size:
            return Counts(np.zeros(0, dtype=int), column.size - known.size, known.size)
        seen = known[(known >= self.ends[0]) & (known <= self.ends[1])]
        cell = np.searchsorted(self.bounds, seen, side="left") - 1
        cells = np.bincount(np.clip(cell, 0, size - 1), minlength=size)
        return Counts(cells, column.size - known.size, known.size - seen.size)

    def __repr__(self) -> str:
        shown = ", ".join(self.labels[:3]) + (", ..." if len(self.labels) > 3 else "")
        return f"<Grid of {len(self.labels)} cells: {shown}>"


def _spans(bounds: np.ndarray, smallest: float) -> tuple[str, ...]:
    import numpy as np

    labels = []
    for number, (low, high) in enumerate(pairwise(bounds)):
        start = smallest if number == 0 else float(low)
        alone = start == high or np.nextafter(high, -np.inf) == low
        labels.append(f"{high:.6g}" if alone else f"{start:.6g} to {high:.6g}")
    return tuple(labels)
