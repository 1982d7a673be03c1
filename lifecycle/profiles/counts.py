"""Counts: how many rows fell into each cell of a grid, and where in it numbers lie."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np

    from lifecycle.profiles.grid import Grid

__all__ = ["Counts", "whole"]

SHIFT = 1100
BITS = 26


@dataclass(frozen=True, eq=False)
class Counts:
    """How many rows fell into each cell of a grid.

    Everything in it is a whole number, so that counts of parts add up to exactly the
    counts of the whole, whatever the parts and their order.

    Parameters
    ----------
    cells : ndarray of int, shape (n_cells,)
    missing : int
        Rows without a value.
    unseen : int
        Rows whose value the reference never had: another category, or a number
        below its smallest or above its largest.
    below : int
        Of the unseen those below the smallest number of the reference; the others
        are above its largest.
    infinite : int
        Of the unseen those that are an infinity.
    steps : ndarray of int, shape (n_cells,), or None
        Of numbers: how far the values of a cell lie above its lower bound, summed, in
        steps of the grid.
    tails : tuple of int
        Sums of the finite numbers below and above, in units of 2 ** -1100.
    grid : Grid or None
        Where the cells are.

    Examples
    --------
    >>> from lifecycle.profiles import Grid
    >>> grid = Grid.categorical(["web", "web", "phone"])
    >>> grid.count(["web", None]) + grid.count(["phone", "fax"])
    <Counts of 4 rows: 1 missing, 1 unseen>
    >>> numbers = Grid.numeric([1, 2, 3, 4], cells=2).count([1, 2, 4, 9])
    >>> numbers.cells.tolist(), numbers.above, numbers.sums.tolist()
    ([2, 1], 1, [0.0, 3.0, 4.0, 9.0])
    """

    cells: np.ndarray
    missing: int
    unseen: int
    below: int = 0
    infinite: int = 0
    steps: np.ndarray | None = None
    tails: tuple[int, int] = (0, 0)
    grid: Grid | None = None

    @property
    def known(self) -> int:
        """Rows that have a value."""
        return int(self.cells.sum()) + self.unseen

    @property
    def n(self) -> int:
        """All rows."""
        return self.known + self.missing

    @property
    def above(self) -> int:
        """Of numbers those above the largest of the reference."""
        return 0 if self.steps is None else self.unseen - self.below

    @property
    def sums(self) -> np.ndarray:
        """Sum of the numbers below, in each cell, and above.

        Exact to a fraction of a cell's width (at most 1/2048, mostly far less) for
        each value. Undefined, and therefore `nan`, for names, and where the reference
        or the counted values hold an infinity or numbers beyond 1e290.

        Returns
        -------
        ndarray of float, shape (n_cells + 2,)
        """
        import numpy as np

        sums = np.full(self.cells.size + 2, math.nan)
        if self.steps is None or self.grid is None or self.infinite:
            return sums
        middle = self.grid.sums(self.cells, self.steps)
        if not np.isnan(middle).any():
            sums[1:-1] = middle
            sums[0], sums[-1] = map(_real, self.tails)
        return sums

    def __add__(self, other: Counts) -> Counts:
        if self.cells.shape != other.cells.shape:
            raise ValueError(
                f"counts on {self.cells.size} and {other.cells.size} cells do not add "
                f"up; count both on the same grid"
            )
        one, two = self.grid, other.grid
        if one and two and one is not two and one.digest != two.digest:
            raise ValueError(
                "counts on two grids of equally many cells do not add up; count both "
                "on the same grid"
            )
        steps = (
            None
            if self.steps is None or other.steps is None
            else self.steps + other.steps
        )
        return Counts(
            self.cells + other.cells,
            self.missing + other.missing,
            self.unseen + other.unseen,
            self.below + other.below,
            self.infinite + other.infinite,
            steps,
            (self.tails[0] + other.tails[0], self.tails[1] + other.tails[1]),
            one or two,
        )

    def __repr__(self) -> str:
        return (
            f"<Counts of {self.n} rows: {self.missing} missing, {self.unseen} unseen>"
        )


def whole(values: np.ndarray) -> int:
    """The sum of finite numbers, as a whole number in units of 2 ** -1100.

    Each value counts with its first 26 bits, so that the sum of a part does not
    depend on what it is added to, nor on the order.

    Examples
    --------
    >>> import numpy as np
    >>> both = whole(np.array([1e300, 0.5])) + whole(np.array([-1e300]))
    >>> both / 2**1100
    0.5
    """
    import numpy as np

    if not values.size:
        return 0
    mantissas, exponents = np.frexp(values)
    least = int(exponents.min())
    sums = np.bincount(exponents - least, np.rint(np.ldexp(mantissas, BITS)))
    found = np.flatnonzero(sums)
    return sum(int(sums[k]) << (int(k) + least - BITS + SHIFT) for k in found.tolist())


def _real(units: int) -> float:
    try:
        return units / (1 << SHIFT)
    except OverflowError:
        return math.inf if units > 0 else -math.inf
