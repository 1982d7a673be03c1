"""An alert and a message about it, as the registry hands them out; times in UTC."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

__all__ = ["Alert", "Message"]


@dataclass(frozen=True, slots=True)
class Alert:
    """One episode in which something was beyond its threshold.

    Parameters
    ----------
    id : int
        Over all models.
    model, rule, subject : str
        What the episode is about; at most one is open at a time.
    opened_at, closed_at : datetime, optional
        UTC; `closed_at` is None while the episode lasts.
    value, threshold : float, optional
        When it was last beyond its threshold.
    n : int
        Rows behind the value.
    sentence : str
        What is wrong, with the numbers and the owner; as of that moment, too.
    owner, severity : str
        Who is told, and how urgently.
    seen_at : datetime
        When it was last judged to be true, UTC.
    acknowledged_by, acknowledged_at
        None until somebody has taken it on.
    quiet, quiet_in : int, str
        How many quiet chunks it has had in a row, and the newest of them.
    escalated_to, escalated_at
        None until a second person was told.
    reminded_at : datetime, optional
        When the owner was last told again, UTC.
    told : dict
        Of many columns that are one alert: the names that were told of, and the chunk
        in which something was told last.
    """

    id: int
    model: str
    rule: str
    subject: str
    opened_at: datetime
    closed_at: datetime | None
    value: float | None
    threshold: float | None
    n: int
    sentence: str
    owner: str
    severity: str
    seen_at: datetime
    acknowledged_by: str | None = None
    acknowledged_at: datetime | None = None
    quiet: int = 0
    quiet_in: str = ""
    escalated_to: str | None = None
    escalated_at: datetime | None = None
    reminded_at: datetime | None = None
    told: dict[str, Any] = field(default_factory=dict)

    @property
    def is_open(self) -> bool:
        """Whether the episode still lasts."""
        return self.closed_at is None

    def __repr__(self) -> str:
        state = "open" if self.is_open else "closed"
        return f"<Alert {self.id}: {self.sentence} ({state})>"


@dataclass(frozen=True, slots=True)
class Message:
    """What somebody is to be told of an alert or a report, and how far it has come.

    Parameters
    ----------
    id : int
        Over all models.
    key : str
        The same at every attempt, so that a receiver can drop what came twice.
    alert : int, optional
        `Alert.id`; None for a report.
    model : str
        Whose.
    kind : str
        "opened", "escalated", "reminder", "closed"; "report" for one that was written.
    recipient : str
        "owner" or "deputy", never an address.
    subject, body, report : str
        The words, and where the report is.
    picture : dict
        What to draw: title, measure and rows; empty for none.
    created_at : datetime
        UTC.
    attempts : int
        How often it was tried.
    next_try : datetime
        Not before, UTC.
    claim, lease_until
        Whose turn it is, and until when nobody else may try.
    reached : list of str
        Addresses, by their place in the settings, that have it already.
    sent_at, dead_at : datetime, optional
        When it was sent to all, or given up, UTC; None while it waits.
    last_error : str
        Why the last attempt failed, without addresses.
    """

    id: int
    key: str
    alert: int | None
    model: str
    kind: str
    recipient: str
    subject: str
    body: str
    report: str
    picture: dict[str, Any]
    created_at: datetime
    attempts: int
    next_try: datetime
    claim: str
    lease_until: datetime | None
    reached: list[str]
    sent_at: datetime | None
    dead_at: datetime | None
    last_error: str

    @property
    def state(self) -> str:
        """One of "sent", "dead" and "waiting"."""
        if self.sent_at is not None:
            return "sent"
        return "waiting" if self.dead_at is None else "dead"

    def __repr__(self) -> str:
        return (
            f"<Message {self.id} to the {self.recipient}: {self.subject}, {self.state}>"
        )
