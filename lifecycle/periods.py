"""Periods: when a moment is, which chunk it falls in, and whether its outcome is due.

Every moment carries a zone, every period is half-open: its start belongs to it,
its end to the next. A chunk is labelled by its start, "2023-W14" for an ISO week,
"2023-04" for a month, "2023-04-03" for a day; labels sort as text.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC as _UTC
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any, Literal
from zoneinfo import ZoneInfo

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import pandas as pd

__all__ = [
    "Every",
    "Period",
    "bounds",
    "chunk_at",
    "chunk_of",
    "mature",
    "parse_moment",
]

Every = Literal["week", "month", "day"]


@dataclass(frozen=True, slots=True)
class Period:
    """A stretch of time: its start belongs to it, its end does not.

    Parameters
    ----------
    start, end : datetime
        With a time zone; `start` before `end`.

    Raises
    ------
    ValueError
        When a moment has no zone, or the end is not after the start.

    Examples
    --------
    >>> from datetime import datetime, timezone
    >>> april = bounds("2023-04")
    >>> april
    <Period 2023-04-01 00:00 to 2023-05-01 00:00, UTC>
    >>> april.contains([april.start, april.end]).tolist()
    [True, False]
    """

    start: datetime
    end: datetime

    def __post_init__(self) -> None:
        for name in ("start", "end"):
            _check_zone(getattr(self, name), name)
        if not self.start.timestamp() < self.end.timestamp():
            raise ValueError(
                f"the end of a period must come after its start, got {self.start} to "
                f"{self.end}; exchange or mend them"
            )

    def contains(self, times: npt.ArrayLike | pd.Series[Any]) -> np.ndarray:
        """Which moments fall into the period; a missing one does not.

        Parameters
        ----------
        times : array-like of shape (n,)
            Moments with a time zone.

        Returns
        -------
        ndarray of bool, shape (n,)
        """
        import pandas as pd

        moments = _utc(times)
        start, end = (pd.Timestamp(m).tz_convert("UTC") for m in (self.start, self.end))
        return (moments >= start) & (moments < end)

    def __repr__(self) -> str:
        start, end = (m.strftime("%Y-%m-%d %H:%M") for m in (self.start, self.end))
        return f"<Period {start} to {end}, {self.start.tzname()}>"


def chunk_of(
    times: npt.ArrayLike | pd.Series[Any],
    *,
    every: Every = "week",
    timezone: str = "UTC",
) -> pd.Series[str]:
    """The label of the chunk each moment falls in.

    Parameters
    ----------
    times : array-like of shape (n,)
        Moments with a time zone; the index of a Series is kept.
    every : {"week", "month", "day"}
        Length of a chunk.
    timezone : str
        The zone in which days begin.

    Returns
    -------
    Series of str, shape (n,)
        Missing where the moment is missing.

    Raises
    ------
    ValueError
        When the moments have no zone, or the zone or `every` is unknown.

    Examples
    --------
    >>> import pandas as pd
    >>> monday = pd.Timestamp("2023-04-03 00:30", tz="UTC")
    >>> chunk_of([monday]).tolist()
    ['2023-W14']
    >>> chunk_of([monday], every="day", timezone="America/New_York").tolist()
    ['2023-04-02']
    """
    import pandas as pd

    _check_every(every)
    index = times.index if isinstance(times, pd.Series) else None
    local = _utc(times).tz_convert(_zone(timezone)).tz_localize(None).normalize()
    codes, days = pd.factorize(local)
    names = [_label(day, every) for day in pd.DatetimeIndex(days)]
    labels = pd.Series(names, dtype=object).reindex(codes)
    return pd.Series(labels.to_numpy(), index=index, dtype="str")


def chunk_at(moment: datetime, *, every: Every = "week", timezone: str = "UTC") -> str:
    """The label of the chunk one moment falls in, as `chunk_of` gives it.

    Parameters
    ----------
    moment : datetime
        With a time zone.
    every : {"week", "month", "day"}
        Length of a chunk.
    timezone : str
        The zone in which days begin.

    Raises
    ------
    ValueError
        When the moment has no zone, or the zone or `every` is unknown.

    Examples
    --------
    >>> chunk_at(datetime(2023, 4, 3, 0, 30, tzinfo=_UTC), every="month")
    '2023-04'
    """
    _check_every(every)
    _check_zone(moment, "moment")
    return _label(moment.astimezone(_zone(timezone)).date(), every)


def bounds(label: str, *, timezone: str = "UTC") -> Period:
    """The period a chunk's label stands for.

    Parameters
    ----------
    label : str
        "2023-W14", "2023-04" or "2023-04-03".
    timezone : str
        The zone in which the days of the label begin.

    Returns
    -------
    Period
        In UTC.

    Raises
    ------
    ValueError
        When the label is none of these, or names a day that does not exist.

    Examples
    --------
    >>> bounds("2023-W14")
    <Period 2023-04-03 00:00 to 2023-04-10 00:00, UTC>
    >>> bounds("2023-04-03", timezone="Europe/Berlin").start.isoformat()
    '2023-04-02T22:00:00+00:00'
    """
    zone = _zone(timezone)
    try:
        first, last = _days(label)
    except (ValueError, OverflowError) as error:
        raise ValueError(
            f"{label!r} is no chunk; write a week as 2023-W14, a month as 2023-04 or "
            f"a day as 2023-04-03"
        ) from error
    return Period(_midnight(first, zone), _midnight(last, zone))


def mature(
    times: npt.ArrayLike | pd.Series[Any], *, as_of: datetime, delay: timedelta
) -> np.ndarray:
    """Which predictions are old enough that their outcome is due.

    Parameters
    ----------
    times : array-like of shape (n,)
        Moments of the predictions, with a time zone.
    as_of : datetime
        The moment a report speaks of, with a time zone.
    delay : timedelta
        How long an outcome takes.

    Returns
    -------
    ndarray of bool, shape (n,)
        True where `time + delay <= as_of`; false where the time is missing.

    Raises
    ------
    ValueError
        When a moment has no zone.

    Examples
    --------
    >>> week = bounds("2023-W14")
    >>> mature([week.start, week.end], as_of=week.end, delay=timedelta(days=7)).tolist()
    [True, False]
    """
    import pandas as pd

    _check_zone(as_of, "as_of")
    try:
        newest = as_of.astimezone(_UTC) - delay
    except OverflowError as error:
        raise ValueError(f"a delay of {delay} is too long; shorten it") from error
    return _utc(times) <= pd.Timestamp(newest)


def parse_moment(text: str, *, timezone: str = "UTC") -> datetime:
    """Read a moment written as ISO 8601.

    Parameters
    ----------
    text : str
        A date means its midnight in `timezone`; a time without an offset is taken
        in `timezone`.
    timezone : str
        Name of a zone, such as "Europe/Berlin".

    Returns
    -------
    datetime
        With a time zone.

    Raises
    ------
    ValueError
        When the text is no moment, when the zone is unknown, or when the clocks
        were changed so that the wall-clock time happens twice or never.

    Examples
    --------
    >>> parse_moment("2023-04-03", timezone="Europe/Berlin").isoformat()
    '2023-04-03T00:00:00+02:00'
    >>> parse_moment("2023-04-03T10:00Z").isoformat()
    '2023-04-03T10:00:00+00:00'
    """
    zone = _zone(timezone)
    stripped = text.strip()
    try:
        moment = datetime.fromisoformat(stripped)
    except ValueError as error:
        raise ValueError(
            f"{text!r} is no moment; write 2023-04-03 or 2023-04-03T10:00+02:00"
        ) from error
    if moment.tzinfo is not None:
        return moment
    if not re.search(r"[T ]\d", stripped):
        return _midnight(moment.date(), zone).astimezone(zone)
    early, late = (moment.replace(tzinfo=zone, fold=fold) for fold in (0, 1))
    if early.utcoffset() != late.utcoffset():
        back = early.astimezone(_UTC).astimezone(zone).replace(tzinfo=None)
        times = "twice" if back == moment else "never"
        raise ValueError(
            f"{text!r} happens {times} in {timezone}, the clocks were changed; "
            f"write it with its offset, such as {early.isoformat()}"
        )
    return early


def _check_every(every: str) -> None:
    if every not in ("week", "month", "day"):
        raise ValueError(f"every must be week, month or day, got {every!r}")


def _check_zone(moment: datetime, name: str) -> None:
    if moment.tzinfo is None or moment.utcoffset() is None:
        raise ValueError(f"{name} has no time zone: {moment}; add tzinfo=timezone.utc")


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError) as error:
        raise ValueError(
            f"{name!r} is no time zone; write one such as Europe/Berlin or UTC"
        ) from error


def _utc(times: npt.ArrayLike | pd.Series[Any]) -> pd.DatetimeIndex:
    import pandas as pd

    moments = pd.DatetimeIndex(times)  # type: ignore[arg-type]
    if moments.tz is not None:
        return moments.tz_convert("UTC")
    if moments.isna().all():
        return moments.tz_localize("UTC")
    raise ValueError(
        "times have no time zone; localise them first, for instance with "
        "times.dt.tz_localize('UTC')"
    )


def _label(day: date, every: Every) -> str:
    if every == "month":
        return f"{day.year:04d}-{day.month:02d}"
    if every == "day":
        return f"{day.year:04d}-{day.month:02d}-{day.day:02d}"
    year, week, _ = day.isocalendar()
    return f"{year:04d}-W{week:02d}"


def _days(label: str) -> tuple[date, date]:
    if match := re.fullmatch(r"(\d{4})-W(\d{2})", label, re.ASCII):
        monday = date.fromisocalendar(int(match[1]), int(match[2]), 1)
        return monday, monday + timedelta(days=7)
    if match := re.fullmatch(r"(\d{4})-(\d{2})", label, re.ASCII):
        first = date(int(match[1]), int(match[2]), 1)
        return first, (first + timedelta(days=31)).replace(day=1)
    if re.fullmatch(r"\d{4}-\d{2}-\d{2}", label, re.ASCII):
        day = date.fromisoformat(label)
        return day, day + timedelta(days=1)
    raise ValueError("no such form")


def _midnight(day: date, zone: ZoneInfo) -> datetime:
    """First moment of a day, also where midnight is skipped by the clocks."""
    return datetime(day.year, day.month, day.day, tzinfo=zone).astimezone(_UTC)
