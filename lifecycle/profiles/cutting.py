"""Cutting: which rows belong to which chunk and segment, a batch at a time."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from lifecycle import periods

if TYPE_CHECKING:
    import numpy as np

    from lifecycle.profiles.grid import Grid

__all__ = ["MOST", "Cut", "Cutter", "segment_labels", "segment_of"]

MOST = 20
"""So many segments of a column stand by themselves, the others together."""
BLOCKS = (86_400_000_000, 900_000_000, 1)
"""Microseconds: a day of UTC, a quarter of an hour, and single moments."""
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Cut:
    """The rows of a batch in an order in which each part is one stretch.

    Parameters
    ----------
    order : ndarray of int or None
        Which rows, in which order; None where they are taken as they stand.
    parts : list of (name, first, last)
        Name of a stretch, its first row and the row after its last.
    """

    order: np.ndarray | None
    parts: list[tuple[str, int, int]]

    def rows(self) -> int:
        """How many rows are in some part."""
        return sum(last - first for _, first, last in self.parts)

    def values(self, column: np.ndarray) -> Iterator[np.ndarray]:
        """The column's values in each of the parts."""
        taken = column if self.order is None else column[self.order]
        for _, first, last in self.parts:
            yield taken[first:last]

    def split(self, codes: np.ndarray, size: int) -> tuple[Cut, list[int]]:
        """Split every part by codes from 0 to `size - 1`; also the code of each."""
        import numpy as np

        nothing = np.zeros(0, dtype=np.int64)
        rows = [np.arange(first, last) for _, first, last in self.parts]
        taken = np.concatenate([nothing, *rows])
        if self.order is not None:
            taken = self.order[taken]
        number = np.repeat(np.arange(len(rows)), [part.size for part in rows])
        order, found = _grouped(number * size + codes[taken])
        parts = [
            (self.parts[code // size][0], first, last) for code, first, last in found
        ]
        return Cut(taken[order], parts), [code % size for code, _, _ in found]


def _grouped(codes: np.ndarray) -> tuple[np.ndarray, list[tuple[int, int, int]]]:
    """An order in which equal codes are together, and where each begins and ends."""
    import numpy as np

    order = np.argsort(codes, kind="stable")
    times = np.bincount(codes)
    stops = np.append(0, np.cumsum(times)).tolist()
    found = np.flatnonzero(times).tolist()
    return order, [(code, stops[code], stops[code + 1]) for code in found]


@dataclass(frozen=True)
class Cutter:
    """Cuts moments into chunks, with the labels `periods.chunk_of` gives them.

    Parameters
    ----------
    every : {"week", "month", "day"}
    timezone : str
        The zone in which days begin.
    start, end : int or None
        Microseconds since 1970; rows before the start, at the end or after it are
        in no part.
    """

    every: periods.Every = "week"
    timezone: str = "UTC"
    start: int | None = None
    end: int | None = None
    _known: dict[tuple[int, int], str | None] = field(default_factory=dict, repr=False)

    def cut(self, times: np.ndarray, valid: np.ndarray | None = None) -> Cut:
        """Cut a batch.

        Parameters
        ----------
        times : ndarray of int, shape (n,)
            Microseconds since 1970, in UTC.
        valid : ndarray of bool, shape (n,), optional
            False where the moment is missing.
        """
        import numpy as np

        if not times.size:
            return Cut(None, [])
        if (valid is None or valid.all()) and (times[1:] >= times[:-1]).all():
            first = 0 if self.start is None else int(times.searchsorted(self.start))
            last = times.size if self.end is None else int(times.searchsorted(self.end))
            inside = times[first:last]
            blocks, quantum = self._blocks(inside)
            begins = np.flatnonzero(blocks[1:] != blocks[:-1]) + 1
            parts: list[tuple[str, int, int]] = []
            stops = [0, *begins.tolist(), inside.size] if inside.size else []
            for low, high in pairwise(stops):
                name = self._label(int(blocks[low]), quantum) or ""
                if parts and parts[-1][0] == name:
                    parts[-1] = (name, parts[-1][1], first + high)
                else:
                    parts.append((name, first + low, first + high))
            return Cut(None, parts)
        kept = np.ones(times.size, dtype=bool) if valid is None else valid.copy()
        if self.start is not None:
            kept &= times >= self.start
        if self.end is not None:
            kept &= times < self.end
        rows = np.flatnonzero(kept)
        blocks, quantum = self._blocks(times[rows])
        kinds, inverse = np.unique(blocks, return_inverse=True)
        names = [self._label(int(block), quantum) or "" for block in kinds]
        labels = list(dict.fromkeys(names))
        places = np.array([labels.index(name) for name in names], dtype=np.int64)
        order, groups = _grouped(places[inverse])
        named = [(labels[code], first, last) for code, first, last in groups]
        return Cut(rows[order], named)

    def _blocks(self, times: np.ndarray) -> tuple[np.ndarray, int]:
        """The longest blocks of time that lie in one chunk each."""
        for quantum in BLOCKS:
            blocks = times // quantum
            kinds = _distinct(blocks) if quantum > 1 else []
            if all(self._label(block, quantum) is not None for block in kinds):
                break
        return blocks, quantum

    def _label(self, block: int, quantum: int) -> str | None:
        """The chunk of a block of time; None where two days share it."""
        key = block, quantum
        if key not in self._known:
            ends = (block * quantum, (block + 1) * quantum - 1)
            names = {self._chunk(end) for end in ends}
            self._known[key] = names.pop() if len(names) == 1 else None
        return self._known[key]

    def _chunk(self, moment: int) -> str:
        try:
            when = _EPOCH + timedelta(microseconds=moment)
            return periods.chunk_at(when, every=self.every, timezone=self.timezone)
        except OverflowError as error:
            raise ValueError(
                "a time lies outside the years 1 to 9999; mend or remove the row"
            ) from error


def _distinct(blocks: np.ndarray) -> list[int]:
    """The values there are, oldest first; without importing what `unique` imports."""
    import numpy as np

    ordered = blocks
    if (blocks[1:] < blocks[:-1]).any():
        ordered = np.sort(blocks)
    found: list[int] = ordered[:1].tolist()
    return found + ordered[1:][ordered[1:] != ordered[:-1]].tolist()


def segment_labels(column: str, grid: Grid) -> list[str]:
    """The segments a column makes: its largest values, the others, the missing.

    Raises
    ------
    ValueError
        When the column is one of numbers with many values.
    """
    if grid.bounds is not None and grid.size > MOST:
        raise ValueError(
            f"segments need a column of names, and {column!r} holds numbers with more "
            f"than {MOST} values; give its cuts a name each, for instance by pandas.cut"
        )
    named = [f"{column}={label}" for label in grid.labels[:MOST]]
    return [*named, f"{column} (others)", f"{column} (missing)"]


def segment_of(grid: Grid, values: Any) -> np.ndarray:
    """The place of each row in `segment_labels`.

    Parameters
    ----------
    grid : Grid
    values : (codes, names) or ndarray of float
        The column, as names or as numbers.
    """
    import numpy as np

    most = min(MOST, grid.size)
    if isinstance(values, tuple):
        codes, names = values
        places = np.append(np.minimum(grid.places(names), most), most + 1)
        return places[codes]
    bounds = grid.bounds
    if bounds is None:
        raise TypeError("a grid of names needs names")
    found = np.searchsorted(bounds, values, side="left") - 1
    inside = (values >= grid.ends[0]) & (values <= grid.ends[1])
    found = np.where(inside, np.clip(found, 0, max(0, most - 1)), most)
    return np.where(np.isnan(values), most + 1, found)
