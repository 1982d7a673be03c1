"""The profile: counts of many columns, chunk by chunk and segment by segment."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cached_property
from typing import TYPE_CHECKING

from lifecycle.profiles.counts import Counts
from lifecycle.profiles.grid import Grid
from lifecycle.profiles.stack import Stack, places

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Profile"]

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, eq=False)
class Profile:
    """Counts of many columns on the grids of their reference, chunk by chunk.

    Made by `profile` from a frame, or by `scan` from files. Profiles of parts add up to
    exactly the profile of the whole, whatever the parts and their order.

    Parameters
    ----------
    grids : mapping of column to Grid
    groups : tuple of (segment, chunk)
        In order; the segment of all rows is "".
    stack : Stack
        The counts, one row a group.
    every, timezone : str
        What a chunk is, and the zone in which its days begin.
    cuts : tuple of str
        Columns whose values cut the rows into segments.
    undated : int
        Rows without a moment; they are in no chunk and are not counted.

    Examples
    --------
    >>> import pandas as pd
    >>> from lifecycle import profiles
    >>> days = pd.to_datetime(["2023-04-03", "2023-04-12", "2023-04-13"], utc=True)
    >>> leads = pd.DataFrame({"time": days, "plan": ["free", "pro", None]})
    >>> found = profiles.profile(leads, profiles.grids(leads, ["plan"]))
    >>> found
    <Profile of 1 column: 3 rows in 2 chunks, 2023-W14 to 2023-W15>
    >>> found.counts("plan", "2023-W15")
    <Counts of 2 rows: 1 missing, 0 unseen>
    """

    grids: Mapping[str, Grid]
    groups: tuple[tuple[str, str], ...]
    stack: Stack = field(repr=False)
    every: str = "week"
    timezone: str = "UTC"
    cuts: tuple[str, ...] = ()
    undated: int = 0

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns that were counted."""
        return tuple(self.grids)

    @cached_property
    def chunks(self) -> tuple[str, ...]:
        """Labels of the chunks that have rows, in order."""
        return tuple(sorted({chunk for _, chunk in self.groups}))

    @cached_property
    def segments(self) -> tuple[str, ...]:
        """Segments that have rows: "" for all rows, then such as "plan=free".

        What is not among the twenty largest values of the reference is in
        "plan (others)", rows without a value are in "plan (missing)".
        """
        return tuple(sorted({"", *(segment for segment, _ in self.groups)}))

    def counts(
        self, column: str, chunk: str | None = None, segment: str = ""
    ) -> Counts:
        """The counts of a column in a chunk; of nothing where it has no rows.

        Parameters
        ----------
        column : str
        chunk : str, optional
            All chunks together where none is given.
        segment : str
            All rows where none is given.

        Raises
        ------
        ValueError
            When the column was not counted.
        """
        if column not in self.grids:
            raise ValueError(
                f"no column {column!r} was counted; use one of {', '.join(self.grids)}"
            )
        number, at = self._places[column]
        return self.stack.counts(
            self._which(chunk, segment), number, at, self.grids[column]
        )

    def rows(self, chunk: str | None = None, segment: str = "") -> int:
        """How many rows there are in a chunk, or in all of them."""
        return int(self.stack.rows[self._which(chunk, segment)].sum())

    def span(
        self, chunk: str | None = None, segment: str = ""
    ) -> tuple[datetime, datetime] | None:
        """First and last moment of the rows, or `None` without any (UTC)."""
        which = self._which(chunk, segment)
        first = int(self.stack.span[which, 0].min(initial=2**62))
        last = int(self.stack.span[which, 1].max(initial=-(2**62)))
        if first > last:
            return None
        return (
            _EPOCH + timedelta(microseconds=first),
            _EPOCH + timedelta(microseconds=last),
        )

    def only(self, chunks: Collection[str]) -> Profile:
        """The profile of these chunks alone."""
        wanted = set(chunks)
        kept = [k for k, (_, chunk) in enumerate(self.groups) if chunk in wanted]
        if len(kept) == len(self.groups):
            return self._with(self.groups, self.stack, 0)
        groups = tuple(self.groups[k] for k in kept)
        return self._with(groups, self.stack.take(kept), 0)

    @classmethod
    def total(cls, parts: Iterable[Profile]) -> Profile:
        """Many profiles together, at once.

        Raises
        ------
        ValueError
            When there are none, or they are not of the same kind.
        """
        each = list(parts)
        if not each:
            raise ValueError("there are no profiles to add up; give at least one")
        first = each[0]
        for other in each[1:]:
            first._check(other)
        groups = tuple(sorted({group for part in each for group in part.groups}))
        at = {group: k for k, group in enumerate(groups)}
        stack = Stack.empty(len(groups), len(first.grids), first.stack.cells.shape[1])
        for part in each:
            stack.add(part.stack, [at[group] for group in part.groups])
        return first._with(groups, stack, sum(part.undated for part in each))

    def __add__(self, other: Profile) -> Profile:
        return Profile.total([self, other])

    def to_bytes(self) -> bytes:
        """The profile with its grids, to be kept; `from_bytes` reads it."""
        from lifecycle.profiles.keeping import packed

        return packed(self)

    @classmethod
    def from_bytes(cls, data: bytes) -> Profile:
        """Read what `to_bytes` wrote.

        Raises
        ------
        ValueError
            When it is not whole, or something else.
        """
        from lifecycle.profiles.keeping import unpacked

        return unpacked(data)

    def frame(self) -> pd.DataFrame:
        """A tidy table, one row a segment, chunk and column."""
        import pandas as pd

        rows = []
        for number, (segment, chunk) in enumerate(self.groups):
            n = int(self.stack.rows[number])
            for name, (column, _) in self._places.items():
                missing, unseen = self.stack.marks[number, column, :2].tolist()
                rows.append((segment, chunk, name, n, missing, unseen))
        names = ["segment", "chunk", "column", "rows", "missing", "unseen"]
        return pd.DataFrame(rows, columns=names)

    @cached_property
    def _places(self) -> dict[str, tuple[int, slice]]:
        return places(self.grids)

    @cached_property
    def _at(self) -> dict[tuple[str, str], int]:
        return {group: k for k, group in enumerate(self.groups)}

    def _which(self, chunk: str | None, segment: str) -> list[int]:
        if chunk is not None:
            found = self._at.get((segment, chunk))
            return [] if found is None else [found]
        return [k for k, (name, _) in enumerate(self.groups) if name == segment]

    def _with(
        self, groups: tuple[tuple[str, str], ...], stack: Stack, undated: int
    ) -> Profile:
        return Profile(
            self.grids, groups, stack, self.every, self.timezone, self.cuts, undated
        )

    def _check(self, other: Profile) -> None:
        for word in ("every", "timezone", "cuts"):
            one, two = getattr(self, word), getattr(other, word)
            if one != two:
                raise ValueError(
                    f"profiles with {word} {one!r} and {two!r} do not add up; make "
                    f"both with the same"
                )
        mine, theirs = (
            [(name, grid.digest) for name, grid in each.grids.items()]
            if self.grids is not other.grids
            else []
            for each in (self, other)
        )
        if mine != theirs:
            raise ValueError(
                "profiles on different grids do not add up; make both with the grids "
                "of one reference"
            )

    def _repr_html_(self) -> str:
        from lifecycle import markup

        rows = []
        for chunk in self.chunks:
            marks = self.stack.marks[self._which(chunk, "")].sum(axis=(0, 1))
            n = self.rows(chunk)
            cells = max(1, n * len(self.grids))
            shares = (f"{mark / cells:.2%}" for mark in marks[:2].tolist())
            rows.append([chunk or "all rows", n, *shares])
        header = ["chunk", "rows", "values missing", "values unseen"]
        return markup.table(header, rows, caption=repr(self)[1:-1], numeric=[1, 2, 3])

    def __repr__(self) -> str:
        many = "column" if len(self.grids) == 1 else "columns"
        said = f"{len(self.grids)} {many}: {self.rows():,} rows in "
        if not self.chunks:
            return f"<Profile of {said}no chunk>"
        ends = " to ".join(dict.fromkeys([self.chunks[0], self.chunks[-1]]))
        word = "chunk" if len(self.chunks) == 1 else "chunks"
        return f"<Profile of {said}{len(self.chunks)} {word}{ends and ', ' + ends}>"
