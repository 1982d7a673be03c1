"""How far a hook has come with a row of the ledger: the record."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

__all__ = ["Told"]


@dataclass(frozen=True, slots=True)
class Told:
    """How far a hook has come with one row of the ledger.

    Parameters
    ----------
    hook, model : str
        Which hook, and whose row.
    seq : int
        The row; 0 where a hook begins before the model has one.
    state : str
        "waiting", "sent" or "dead". A row that was sent without an attempt marks where
        the hook begins: rows up to it are not told.
    attempts : int
        How often it was tried.
    next_try : datetime
        Not before, UTC.
    claim, lease_until
        Whose turn it is, and until when nobody else may try.
    settled_at : datetime, optional
        When it was sent or given up, UTC.
    last_error : str
        Why the last attempt failed, in one line and without secrets.
    """

    hook: str
    model: str
    seq: int
    state: str
    attempts: int
    next_try: datetime
    claim: str
    lease_until: datetime | None
    settled_at: datetime | None
    last_error: str

    @property
    def begins(self) -> bool:
        """Whether it only marks where the hook begins."""
        return self.state == "sent" and not self.attempts

    def is_free(self, at: datetime) -> bool:
        """Whether it waits, its time has come, and no process is at it."""
        free = self.lease_until is None or self.lease_until <= at
        return self.state == "waiting" and self.next_try <= at and free

    def pauses(self, at: datetime) -> bool:
        """Whether it failed, and its time to be tried again has not come."""
        failed = self.state == "waiting" and bool(self.last_error)
        return failed and self.next_try > at

    @property
    def tried(self) -> str:
        """How often it was tried, and when it is again.

        Examples
        --------
        >>> from datetime import UTC
        >>> at = datetime(2024, 5, 6, 12, 4, tzinfo=UTC)
        >>> Told("web", "calls", 3, "waiting", 1, at, "", None, None, "down").tried
        'tried once, again at 2024-05-06 12:04 UTC'
        """
        often = "once" if self.attempts == 1 else f"{self.attempts} times"
        if self.state != "waiting":
            return f"tried {often}"
        return f"tried {often}, again at {self.next_try:%Y-%m-%d %H:%M} UTC"

    def __repr__(self) -> str:
        return f"<Told {self.hook} row {self.seq} of {self.model}: {self.state}>"
