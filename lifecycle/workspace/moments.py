"""The moment meant: text, a day or a datetime, as one in UTC."""

from __future__ import annotations

from datetime import UTC, date, datetime

from lifecycle import errors, periods

__all__ = ["read"]


def read(
    told: datetime | date | str, *, timezone: str, name: str = "as_of"
) -> datetime:
    """A moment in UTC.

    Parameters
    ----------
    told : datetime, date or str
        A day means its midnight in `timezone`, and text without an offset is read
        there; a datetime must carry a zone of its own.
    timezone : str
        IANA name.
    name : str
        What it is called where it was given.

    Raises
    ------
    BadParameters
        When it is no moment, or a datetime without a zone.

    Examples
    --------
    >>> read(date(2023, 4, 3), timezone="Europe/Berlin").isoformat()
    '2023-04-02T22:00:00+00:00'
    """
    if isinstance(told, date) and not isinstance(told, datetime):
        told = told.isoformat()
    if isinstance(told, str):
        try:
            told = periods.parse_moment(told, timezone=timezone)
        except ValueError as error:
            raise errors.BadParameters(f"{name}: {error}") from None
    if told.tzinfo is None:
        raise errors.BadParameters(
            f"{name} {told} has no time zone; add one, or give it as text"
        )
    return told.astimezone(UTC)
