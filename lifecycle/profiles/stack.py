"""A stack of counts: many columns and groups of rows in a few arrays."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from lifecycle.profiles.counts import Counts

if TYPE_CHECKING:
    import numpy as np

    from lifecycle.profiles.grid import Grid

__all__ = ["Builder", "Stack", "places"]

NEVER = 2**62
"""The first moment of nothing, in microseconds; its negative is the last one."""


@dataclass(frozen=True, eq=False)
class Stack:
    """Counts of every group and column; a row is a group.

    Parameters
    ----------
    rows : ndarray of int, shape (n_groups,)
    span : ndarray of int, shape (n_groups, 2)
        First and last moment, in microseconds since 1970.
    cells, steps : ndarray of int, shape (n_groups, n_cells of all columns)
    marks : ndarray of int, shape (n_groups, n_columns, 4)
        Missing, unseen, below, infinite.
    tails : ndarray of Python integers, shape (n_groups, n_columns, 2)
    """

    rows: np.ndarray
    span: np.ndarray
    cells: np.ndarray
    steps: np.ndarray
    marks: np.ndarray
    tails: np.ndarray

    @classmethod
    def empty(cls, groups: int, columns: int, cells: int) -> Stack:
        """Counts of nothing."""
        import numpy as np

        span = np.empty((groups, 2), dtype=np.int64)
        span[:] = NEVER, -NEVER
        return cls(
            np.zeros(groups, dtype=np.int64),
            span,
            np.zeros((groups, cells), dtype=np.int64),
            np.zeros((groups, cells), dtype=np.int64),
            np.zeros((groups, columns, 4), dtype=np.int64),
            np.zeros((groups, columns, 2), dtype=object),
        )

    def take(self, groups: Sequence[int]) -> Stack:
        """Some of the groups."""
        which = list(groups)
        return Stack(
            self.rows[which],
            self.span[which],
            self.cells[which],
            self.steps[which],
            self.marks[which],
            self.tails[which],
        )

    def add(self, other: Stack, at: Sequence[int]) -> None:
        """Add the groups of another, the first to group `at[0]` and so on."""
        import numpy as np

        which = list(at)
        self.rows[which] += other.rows
        for one, group in enumerate(which):  # in place, a group at a time
            self.cells[group] += other.cells[one]
            self.steps[group] += other.steps[one]
            self.marks[group] += other.marks[one]
            self.tails[group] += other.tails[one]
        self.span[which, 0] = np.minimum(self.span[which, 0], other.span[:, 0])
        self.span[which, 1] = np.maximum(self.span[which, 1], other.span[:, 1])

    def counts(
        self, groups: Iterable[int], column: int, at: slice, grid: Grid
    ) -> Counts:
        """The counts of a column in some groups together."""
        which = list(groups)
        numeric = grid.bounds is not None
        if len(which) == 1:
            one = which[0]
            cells, steps = self.cells[one, at], self.steps[one, at]
            marks, tails = self.marks[one, column], self.tails[one, column]
        else:
            cells = self.cells[which, at].sum(axis=0)
            steps = self.steps[which, at].sum(axis=0)
            marks = self.marks[which, column].sum(axis=0)
            tails = self.tails[which, column].sum(axis=0)
        missing, unseen, below, infinite = marks.tolist()
        low, high = tails.tolist() if which else (0, 0)
        return Counts(
            cells,
            missing,
            unseen,
            below,
            infinite,
            steps if numeric else None,
            (int(low), int(high)),
            grid,
        )


def places(grids: Mapping[str, Grid]) -> dict[str, tuple[int, slice]]:
    """For each column its number and where its cells are in a stack."""
    found, done = {}, 0
    for number, (name, grid) in enumerate(grids.items()):
        found[name] = number, slice(done, done + grid.size)
        done += grid.size
    return found


class Builder:
    """A stack that grows by groups; each column is written by one thread at a time.

    Parameters
    ----------
    grids : mapping of column to Grid
    """

    def __init__(self, grids: Mapping[str, Grid]) -> None:
        self._places = places(grids)
        self._cells = sum(grid.size for grid in grids.values())
        self._groups: dict[tuple[str, str], Stack] = {}

    def group(self, name: tuple[str, str], rows: int, first: int, last: int) -> None:
        """Rows of a group, with the first and the last moment among them."""
        found = self._groups.get(name)
        if found is None:
            found = Stack.empty(1, len(self._places), self._cells)
            self._groups[name] = found
        found.rows[0] += rows
        found.span[0] = min(found.span[0, 0], first), max(found.span[0, 1], last)

    def add(self, name: tuple[str, str], column: str, counts: Counts) -> None:
        """Counts of a column in a group that is there."""
        found = self._groups[name]
        number, at = self._places[column]
        found.cells[0, at] += counts.cells
        if counts.steps is not None:
            found.steps[0, at] += counts.steps
        found.marks[0, number] += (
            counts.missing,
            counts.unseen,
            counts.below,
            counts.infinite,
        )
        found.tails[0, number] += counts.tails

    def done(self) -> tuple[list[tuple[str, str]], Stack]:
        """The groups in order, and their stack."""
        names = sorted(self._groups)
        whole = Stack.empty(len(names), len(self._places), self._cells)
        for number, name in enumerate(names):
            whole.add(self._groups.pop(name), [number])
        return names, whole
