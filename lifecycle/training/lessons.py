"""Lessons: the rows a candidate for a window learns from, as it would have then."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING

from lifecycle.training.gathering import Material

if TYPE_CHECKING:
    import numpy as np

__all__ = ["Lesson", "thinned"]

Gather = Callable[[datetime, int | None], Material]


@dataclass(frozen=True, eq=False, slots=True)
class Lesson:
    """Positions of rows in order, what each says and how much it counts.

    Parameters
    ----------
    positions : ndarray of int, shape (n,)
    truth, weights : ndarray of float, shape (n,)
    """

    positions: np.ndarray
    truth: np.ndarray
    weights: np.ndarray

    @classmethod
    def of(cls, material: Material) -> Lesson:
        """From a training set whose index is the rows' positions."""
        truth = material.table["outcome"].to_numpy(dtype=float)
        there = material.weights > 0
        positions = material.table.index.to_numpy()
        return cls(positions[there], truth[there], material.weights[there])

    def thinned(self, most: int | None) -> Lesson:
        """At most so many rows."""
        import numpy as np

        chosen = thinned(np.arange(len(self.positions)), most)
        return replace(
            self,
            positions=self.positions[chosen],
            truth=self.truth[chosen],
            weights=self.weights[chosen],
        )

    def without(self, positions: np.ndarray) -> Lesson:
        """The same but for these rows."""
        import numpy as np

        kept = ~np.isin(self.positions, positions)
        if kept.all():
            return self
        return replace(
            self,
            positions=self.positions[kept],
            truth=self.truth[kept],
            weights=self.weights[kept],
        )

    def __len__(self) -> int:
        return len(self.positions)


def thinned(positions: np.ndarray, most: int | None) -> np.ndarray:
    """At most so many positions, an even choice from the first to the last.

    Old and new rows keep their shares: a fit to them is a little worse than one to all
    rows, not one that has forgotten more.

    Examples
    --------
    >>> import numpy as np
    >>> thinned(np.arange(10), 4).tolist()
    [0, 3, 6, 9]
    """
    import numpy as np

    if most is None or len(positions) <= most:
        return positions
    even = np.linspace(0, len(positions) - 1, most).round().astype(int)
    return positions[even]
