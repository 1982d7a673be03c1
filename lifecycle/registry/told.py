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

    def __repr__(self) -> str:
        return f"<Told {self.hook} row {self.seq} of {self.model}: {self.state}>"
