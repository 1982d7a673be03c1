"""When a notebook is due: cron expressions read as Debian's cron reads them.

Each expression stands with an IANA time zone. Where clocks go forward a slot that
does not exist moves to the next moment that does; where they go back it comes once.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from lifecycle.errors import SettingsError

__all__ = ["due", "missed", "next_slots"]

_LOOK_BACK = tuple(timedelta(days=days) for days in (1, 8, 32, 367, 5 * 366))


def due(
    cron: str, timezone: str, *, last: datetime | None, as_of: datetime
) -> datetime | None:
    """The newest slot that has come and was not run.

    Slots missed in between are not made up for: one run catches up with all. `missed`
    names them.

    Parameters
    ----------
    cron : str
        Minute, hour, day of month, month, day of week; `L` for the last day.
    timezone : str
        IANA name, "Europe/Berlin".
    last : datetime with zone, or None
        The newest slot that was run. Without it the newest of the past five years
        is due.
    as_of : datetime with zone
        A slot at this very moment has come.

    Returns
    -------
    datetime or None
        In the given zone; `None` where nothing is due.

    Raises
    ------
    lifecycle.errors.SettingsError
        When the expression or the zone cannot be read.

    Examples
    --------
    >>> monday = datetime(2023, 4, 3, 6, tzinfo=UTC)
    >>> due("0 6 * * 1", "UTC", last=monday, as_of=monday) is None
    True
    >>> as_of = datetime(2023, 4, 19, 12, tzinfo=UTC)
    >>> due("0 6 * * 1", "UTC", last=monday, as_of=as_of).isoformat()
    '2023-04-17T06:00:00+00:00'
    """
    _aware(as_of, "as_of")
    if last is not None and _aware(last, "last") >= as_of:
        return None
    for back in _LOOK_BACK:
        start = as_of - back
        reached = last is not None and last >= start
        newest = None
        for slot in _slots(cron, timezone, last if last and reached else start):
            if slot > as_of:
                break
            newest = slot
        if newest is not None or reached:
            return newest
    return None


def missed(
    cron: str,
    timezone: str,
    *,
    last: datetime | None,
    as_of: datetime,
    most: int = 500,
) -> list[datetime]:
    """The slots that have come since one, oldest first; the last is due.

    Parameters
    ----------
    cron, timezone, last, as_of
        As in `due`. Without `last` there is one at most: nothing was missed before
        the first.
    most : int
        The newest so many.

    Returns
    -------
    list of datetime
        In the given zone.

    Raises
    ------
    lifecycle.errors.SettingsError

    Examples
    --------
    >>> last = datetime(2023, 4, 3, 6, tzinfo=UTC)
    >>> found = missed("0 6 * * *", "UTC", last=last, as_of=last + timedelta(days=2))
    >>> [f"{slot:%a %H:%M}" for slot in found]
    ['Tue 06:00', 'Wed 06:00']
    """
    _aware(as_of, "as_of")
    if last is None:
        newest = due(cron, timezone, last=None, as_of=as_of)
        return [] if newest is None else [newest]
    if _aware(last, "last") >= as_of:
        return []
    found: deque[datetime] = deque(maxlen=most)
    for back in (*_LOOK_BACK, as_of - last):
        start = max(last, as_of - back)
        found.clear()
        for slot in _slots(cron, timezone, start):
            if slot > as_of:
                break
            found.append(slot)
        if start == last or len(found) == most:
            break
    return list(found)


def next_slots(
    cron: str, timezone: str, *, after: datetime, count: int = 5
) -> list[datetime]:
    """The coming slots, to be shown to a person.

    Parameters
    ----------
    cron, timezone : str
        As in `due`.
    after : datetime with zone
        A slot at this very moment is not among them.
    count : int

    Returns
    -------
    list of datetime
        In the given zone, oldest first; fewer than `count` where the expression
        has no more.

    Raises
    ------
    lifecycle.errors.SettingsError

    Examples
    --------
    >>> after = datetime(2023, 3, 25, 12, tzinfo=UTC)
    >>> for slot in next_slots("30 2 * * *", "Europe/Berlin", after=after, count=2):
    ...     slot.isoformat()
    '2023-03-26T03:00:00+02:00'
    '2023-03-27T02:30:00+02:00'
    """
    slots = _slots(cron, timezone, _aware(after, "after"))
    return [slot for slot, _ in zip(slots, range(count), strict=False)]


def _slots(cron: str, timezone: str, after: datetime) -> Iterator[datetime]:
    from cronsim import CronSim, CronSimError

    try:
        zone = ZoneInfo(timezone)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise SettingsError(
            f"there is no time zone {timezone!r}; give an IANA name like Europe/Berlin"
        ) from error
    try:
        found = CronSim(cron, after.astimezone(zone))
    except CronSimError as error:
        raise SettingsError(
            f"the schedule {cron!r} cannot be read: {str(error).lower()}; give five "
            "fields like '0 6 * * 1' (minute, hour, day, month, weekday)"
        ) from error
    for slot in found:
        if slot.astimezone(UTC) > after.astimezone(UTC):
            yield slot


def _aware(moment: datetime, name: str) -> datetime:
    if moment.tzinfo is None:
        raise ValueError(f"{name} has no time zone; give it one")
    return moment
