"""Rows in the order of time, cut into chunks."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from lifecycle import periods, profiles

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

__all__ = ["Rows", "rows_of", "zoned"]

_CHUNKS: tuple[periods.Every, ...] = ("day", "week", "month")


@dataclass(frozen=True, eq=False)
class Rows:
    """A frame as its rows came in; those without a time stand first, in no chunk.

    Parameters
    ----------
    frame : DataFrame of shape (n, n_columns)
    order : ndarray of int, shape (n,), or None
        Where each row stands in the frame; `None` where it is in order already.
    seconds : ndarray of float, shape (n,), or None
        Moments since 1970, in order; `None` where the frame has no times.
    edges : ndarray of int, shape (n_chunks + 1,)
        The first row of each chunk, and the end of the last.
    labels : tuple of str
        One a chunk.
    every : str
        Length of a chunk; empty without chunks.
    """

    frame: pd.DataFrame
    order: np.ndarray | None
    seconds: np.ndarray | None
    edges: np.ndarray
    labels: tuple[str, ...] = ()
    every: str = ""

    @property
    def n(self) -> int:
        """How many rows there are."""
        return len(self.frame)

    @property
    def timed(self) -> bool:
        """Whether the rows are known to be in order."""
        return self.seconds is not None

    def column(self, name: object) -> pd.Series[Any]:
        """A column in the order of time; all missing where the frame lacks it."""
        found = profiles.column(self.frame, name)
        return found if self.order is None else found.take(self.order)

    def counts(self, mask: np.ndarray) -> np.ndarray:
        """How many rows of each chunk are marked."""
        import numpy as np

        if not self.labels:
            return np.zeros(0, dtype=np.int64)
        within = mask[: self.edges[-1]].view(np.int8)
        return np.add.reduceat(within, self.edges[:-1], dtype=np.int64)

    def moment(self, row: int) -> datetime | None:
        """When a row came in."""
        if self.seconds is None or not 0 <= row < self.seconds.size:
            return None
        second = float(self.seconds[row])
        return None if second != second else datetime.fromtimestamp(second, UTC)


def rows_of(
    frame: pd.DataFrame,
    *,
    chunk: periods.Every | None = None,
    timezone: str = "UTC",
    min_n: int = 30,
) -> Rows:
    """Put a frame in order and cut it.

    Parameters
    ----------
    frame : DataFrame of shape (n, n_columns)
        Without `time` there is no order and there are no chunks.
    chunk : {"week", "month", "day"}, optional
        Where not given the shortest of which the usual one holds `min_n` rows; none
        where the times have no zone, or all fall into one.
    timezone : str
        The zone in which days begin.
    min_n : int

    Raises
    ------
    ValueError
        When a chunk is asked for and the times have no zone.
    """
    import numpy as np
    import pandas as pd

    none = np.zeros(1, dtype=np.int64)
    if "time" not in frame.columns:
        return Rows(frame, None, None, none)
    times = profiles.column(frame, "time")
    seconds = profiles.numbers(times)
    lost = np.isnan(seconds)
    key = np.where(lost, -np.inf, seconds) if lost.any() else seconds
    order = None
    if key.size and (key[1:] < key[:-1]).any():
        order = np.argsort(key, kind="stable")
        seconds, times = seconds[order], times.take(order)
    held = None if lost.all() else seconds
    if held is None or (chunk is None and not zoned(frame)):
        return Rows(frame, order, held, none)
    first = int(lost.sum())
    if not zoned(frame):
        periods.chunk_of(times.iloc[first:])  # says what is wrong with them
        times = pd.Series(pd.to_datetime(times, utc=True))
    moments = pd.DatetimeIndex(times.iloc[first:])
    periods.chunk_of(moments[:1], timezone=timezone)  # says when there is no such zone
    days = moments.tz_convert(timezone).tz_localize(None).normalize().to_numpy()
    starts = np.append(0, np.flatnonzero(days[1:] != days[:-1]) + 1)
    for every in _CHUNKS if chunk is None else (chunk,):
        names = periods.chunk_of(moments[starts], every=every, timezone=timezone)
        named = names.to_numpy(dtype=object)
        new = np.append(True, named[1:] != named[:-1])
        edges = np.append(starts[new], len(moments)) + first
        usual = float(np.median(np.diff(edges)))
        if chunk is not None or (edges.size > 2 and usual >= min_n):
            labels = tuple(str(name) for name in named[new])
            return Rows(frame, order, held, edges, labels, every)
    return Rows(frame, order, held, none)


def zoned(frame: pd.DataFrame) -> bool:
    """Whether a frame has times with a zone.

    Examples
    --------
    >>> import pandas as pd
    >>> zoned(pd.DataFrame({"time": pd.to_datetime(["2023-04-03"])}))
    False
    """
    if "time" not in frame.columns:
        return False
    return getattr(profiles.column(frame, "time").dtype, "tz", None) is not None
