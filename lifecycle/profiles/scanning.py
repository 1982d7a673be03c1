"""Scanning: frames and files are read once and become a profile."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from lifecycle import periods
from lifecycle.profiles import columns, parquet
from lifecycle.profiles.cutting import Cut, Cutter, segment_labels, segment_of
from lifecycle.profiles.grid import Grid
from lifecycle.profiles.parquet import Column, Files, Moments
from lifecycle.profiles.result import Profile
from lifecycle.profiles.stack import NEVER, Builder

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["grids", "profile", "scan"]

Reader = Callable[[str], Column]
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


def grids(
    reference: pd.DataFrame | Files, features: Iterable[str], *, cells: int = 1000
) -> dict[str, Grid]:
    """The grid of each feature, fixed by the reference.

    Numbers, dates and times get quantile cells, everything else a cell a name. A
    feature without any value in the reference has no cells: all it ever holds is
    unseen.

    Parameters
    ----------
    reference : DataFrame, path or sequence of paths
        The rows that say what is normal; files are Parquet.
    features : iterable of column names
    cells : int
        How many cells a column of numbers gets, at most. A distance of
        Kolmogorov and Smirnov is known to one of them.

    Examples
    --------
    >>> import pandas as pd
    >>> grids(pd.DataFrame({"plan": ["free", "pro", "free"]}), ["plan"])
    {'plan': <Grid of 2 cells: free, pro>}
    """
    names = list(dict.fromkeys(features))
    if isinstance(reference, (str, Path)) or not hasattr(reference, "columns"):
        return parquet.grids(parquet.listed(reference), names, cells)
    made = {}
    for name in names:
        series = columns.column(cast(Any, reference), name)
        numeric = columns.kind_of(series) == "numeric"
        made[name] = (
            Grid.numeric(series, cells) if numeric else Grid.categorical(series)
        )
    return made


def profile(
    frame: pd.DataFrame,
    grids: Mapping[str, Grid],
    *,
    time: str | None = "time",
    every: periods.Every = "week",
    timezone: str = "UTC",
    segments: Sequence[str] = (),
) -> Profile:
    """Count the columns of a frame on the grids of their reference.

    Parameters
    ----------
    frame : DataFrame of shape (n, n_columns)
        A column it lacks is missing throughout.
    grids : mapping of column to Grid
        As `grids` makes them.
    time : str or None
        The column of moments, with a time zone. With None all rows are one chunk,
        whose label is "".
    every : {"week", "month", "day"}
        Length of a chunk.
    timezone : str
        The zone in which days begin.
    segments : sequence of str
        Columns with a grid whose values cut the rows further, each by itself: its
        twenty values that are most frequent in the reference, the others, and rows
        without a value. Memory grows with the number of segments.

    Returns
    -------
    Profile
        Rows without a moment are in no chunk; `undated` says how many they are.

    Raises
    ------
    ValueError
        When the frame has no such column of moments, the moments have no zone, a
        column occurs twice, or a segment has no grid or too many numbers.

    Examples
    --------
    >>> import pandas as pd
    >>> days = pd.to_datetime(["2023-04-03", "2023-04-12"], utc=True)
    >>> leads = pd.DataFrame({"time": days, "plan": ["free", "pro"], "age": [31, None]})
    >>> found = profile(leads, grids(leads, ["plan", "age"]), segments=["plan"])
    >>> found.segments, found.counts("age", segment="plan=pro")
    (('', 'plan=free', 'plan=pro'), <Counts of 1 rows: 1 missing, 0 unseen>)
    """
    batches = _Batches(grids, time, Cutter(every, timezone), segments)
    moments = None
    if time is not None:
        moments = _moments(frame, time)

    def read(name: str) -> Column:
        if name not in frame.columns:
            return None
        series = columns.column(frame, name)
        if grids[name].bounds is None:
            return columns.coded(series)
        return columns.numbers(series)

    batches.add(len(frame), moments, [read])
    return batches.done()


def scan(
    files: Files,
    grids: Mapping[str, Grid],
    *,
    time: str | None = "time",
    every: periods.Every = "week",
    timezone: str = "UTC",
    segments: Sequence[str] = (),
    threads: int = 2,
    start: datetime | None = None,
    end: datetime | None = None,
) -> Profile:
    """Count the columns of Parquet files, row group by row group, column by column.

    Memory holds a column of a row group for each thread, and the counts: it does not
    grow with the rows.

    Parameters
    ----------
    files : path or sequence of paths
    grids, time, every, timezone, segments
        As in `profile`.
    threads : int
        How many columns are read at once.
    start, end : datetime with a zone, optional
        Only rows with `start <= time < end`.

    Returns
    -------
    Profile
        The same, bit for bit, as `profile` makes from a frame of all the rows.

    Raises
    ------
    InputError
        When a file is not Parquet.
    ValueError
        As in `profile`.

    Notes
    -----
    A column of names in a file that is one of numbers elsewhere is no fault: what is
    no number counts as missing, and numbers where names were are unseen.

    Examples
    --------
    >>> from lifecycle import profiles
    >>> profiles.scan([], {})
    <Profile of 0 columns: 0 rows in no chunk>
    """
    if threads < 1:
        raise ValueError(f"threads must be 1 or more, got {threads}; use 2")
    if time is None and (start is not None or end is not None):
        raise ValueError("start and end need a column of moments; name it as time")
    cutter = Cutter(every, timezone, _micro(start, "start"), _micro(end, "end"))
    batches = _Batches(grids, time, cutter, segments)
    for path in parquet.listed(files):
        readers = parquet.readers(path, grids, threads)
        for group in range(readers[0].groups):
            rows = readers[0].rows(group)
            moments = None if time is None else readers[0].moments(group, time)
            batches.add(rows, moments, [partial(each.read, group) for each in readers])
    return batches.done()


class _Batches:
    """Counts batch after batch; several readers are several threads."""

    def __init__(
        self,
        grids: Mapping[str, Grid],
        time: str | None,
        cutter: Cutter,
        segments: Sequence[str],
    ) -> None:
        self.grids = dict(grids)
        self.time = time
        self.cutter = cutter
        self.cuts = tuple(dict.fromkeys(segments))
        for name in self.cuts:
            if name not in self.grids:
                raise ValueError(f"segment {name!r} has no grid; make one for it, too")
        self.labels = {
            name: segment_labels(name, self.grids[name]) for name in self.cuts
        }
        self.builder = Builder(self.grids)
        self.undated = 0

    def add(self, rows: int, moments: Moments, readers: list[Reader]) -> None:
        """Count a batch."""
        if moments is None:
            cut = Cut(None, [("", 0, rows)] if rows else [])
        else:
            times, valid = moments
            cut = self.cutter.cut(times, valid)
            self.undated += 0 if valid is None else rows - int(valid.sum())
        if not cut.parts:
            return
        ways = list(self._ways(cut, readers[0]))
        for way, names in ways:
            for number, (_, first, last) in enumerate(way.parts):
                ends = NEVER, -NEVER
                if moments is not None:
                    taken = slice(first, last)
                    inside = moments[0][
                        taken if way.order is None else way.order[taken]
                    ]
                    ends = int(inside.min()), int(inside.max())
                for name in names[number]:
                    self.builder.group(name, last - first, *ends)
        waiting = iter(self.grids)

        def work(read: Reader) -> None:
            for name in waiting:
                self._column(name, read(name), ways)

        if len(readers) == 1:
            work(readers[0])
            return
        from concurrent.futures import ThreadPoolExecutor

        with ThreadPoolExecutor(len(readers)) as pool:
            list(pool.map(work, readers))

    def _ways(
        self, cut: Cut, read: Reader
    ) -> Iterator[tuple[Cut, list[list[tuple[str, str]]]]]:
        """The cuts of a batch, and for each part the groups it counts in."""
        if not self.cuts:
            yield cut, [[("", chunk)] for chunk, _, _ in cut.parts]
        for number, name in enumerate(self.cuts):
            labels, values = self.labels[name], read(name)
            if values is None:
                rows = max(last for _, _, last in cut.parts)
                rows = rows if cut.order is None else int(cut.order.max()) + 1
                values = _absent(self.grids[name], rows)
            codes = segment_of(self.grids[name], values)
            finer, which = cut.split(codes, len(labels))
            groups = [
                [(labels[code], chunk)] + [("", chunk)] * (not number)
                for code, (chunk, _, _) in zip(which, finer.parts, strict=True)
            ]
            yield finer, groups

    def _column(self, name: str, values: Column, ways: list[Any]) -> None:
        grid = self.grids[name]
        codes, names = values if isinstance(values, tuple) else (values, None)
        for way, groups in ways:
            if codes is None:
                nothing = grid.count([])
                counted = [
                    replace(nothing, missing=last - first)
                    for _, first, last in way.parts
                ]
            elif names is None:
                counted = [grid.count_numbers(part) for part in way.values(codes)]
            else:
                counted = [grid.count_codes(part, names) for part in way.values(codes)]
            for counts, held in zip(counted, groups, strict=True):
                for group in held:
                    self.builder.add(group, name, counts)

    def done(self) -> Profile:
        """The profile of all batches."""
        groups, stack = self.builder.done()
        every, timezone = self.cutter.every, self.cutter.timezone
        return Profile(
            self.grids, tuple(groups), stack, every, timezone, self.cuts, self.undated
        )


def _absent(grid: Grid, rows: int) -> Any:
    """A column that is missing throughout."""
    import numpy as np

    if grid.bounds is None:
        return np.zeros(rows, dtype=np.int64), []
    return np.full(rows, np.nan)


def _moments(frame: pd.DataFrame, time: str) -> Moments:
    import numpy as np
    import pandas as pd

    if time not in frame.columns:
        raise ValueError(
            f"the frame has no column {time!r}; name the column of moments, or count "
            f"all rows as one chunk with time=None"
        )
    found = pd.DatetimeIndex(columns.column(frame, time))
    valid = np.asarray(found.notna(), dtype=bool)
    if found.tz is None and valid.any():
        raise ValueError(
            f"the moments in {time!r} have no time zone; localise them first, for "
            f"instance with times.dt.tz_localize('UTC')"
        )
    if found.tz is not None:
        found = found.tz_convert("UTC").tz_localize(None)
    return found.to_numpy().astype("datetime64[us]").astype(np.int64), valid


def _micro(moment: datetime | None, name: str) -> int | None:
    if moment is None:
        return None
    if moment.tzinfo is None or moment.utcoffset() is None:
        raise ValueError(f"{name} has no time zone: {moment}; add tzinfo=timezone.utc")
    return (moment - _EPOCH) // _MICROSECOND
