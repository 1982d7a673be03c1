"""Who runs a slot of the schedule, and each attempt at one: the records."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

__all__ = ["Attempt", "Claim"]


@dataclass(frozen=True, slots=True)
class Claim:
    """An attempt at a slot that this process has taken.

    Parameters
    ----------
    run : int
        The row.
    model, notebook : str
    slot : datetime or None
        None for a page that an alert asked for.
    attempt : int
        Counted from 1.
    holder : str
    failed : int
        How many attempts before have come to a bad end.
    """

    run: int
    model: str
    notebook: str
    slot: datetime | None
    attempt: int
    holder: str
    failed: int = 0


@dataclass(frozen=True, slots=True)
class Attempt:
    """One attempt at a run.

    Parameters
    ----------
    run, number : int
    holder : str
    started, ended : datetime
        By the database's clock.
    status : str
        "claimed" while it lasts; how the page ended; "lost" or "given back".
    summary : str
    """

    run: int
    number: int
    holder: str
    started: datetime
    ended: datetime | None
    status: str
    summary: str
