"""A renewal in the book: from being due to its end, and which step leads where."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from lifecycle import errors
from lifecycle.registry import canonical

__all__ = ["OUTCOMES", "REASONS", "STATES", "Renewal"]

REASONS = ("schedule", "alert", "by hand", "continuous")
STATES = ("due", "decided", "trained", "tested", "proposed", "ended")
OUTCOMES = (
    "",
    "kept",
    "left to a person",
    "data to mend",
    "failed the gate",
    "proposed",
    "promoted",
    "overtaken",
    "refused",
    "failed",
)


@dataclass(frozen=True, slots=True)
class Renewal:
    """One attempt to renew a model, and how far it has come.

    Parameters
    ----------
    model : str
        Whose.
    id : int
        Counted per model, from 1.
    why : str
        "schedule", "alert", "by hand" or "continuous".
    state : str
        The last step that was taken: "due", "decided" (there is a ruling),
        "trained" (there is a version), "tested" (the gate has spoken), "proposed",
        "ended".
    as_of : datetime
        The moment whose knowledge it rests on, UTC.
    against : int, optional
        The version in production that it was decided against.
    ruling : dict
        What was ruled, with what it promised; empty before.
    version : int, optional
        The candidate, or the earlier version to return to.
    tested : dict
        What the gate said; empty before.
    proposal : int, optional
        The proposal it made.
    holder : str
        The process that works on it; empty where none does.
    lease_until : datetime, optional
        Until when nobody else may work on it, UTC; by the clock, not by `as_of`.
    attempts : int
        How many processes have worked on it.
    ended_at : datetime, optional
        None while it is open; a moment as `as_of` is one, UTC.
    outcome : str
        How it ended: "kept", "left to a person", "data to mend", "failed the gate",
        "proposed" (it waits for a person), "promoted", "overtaken" (the world moved
        on before it was done), "refused" (the roles do not allow it now) or "failed".
    sentence : str
        The same in a sentence.
    """

    model: str
    id: int
    why: str
    state: str
    as_of: datetime
    against: int | None
    ruling: dict[str, Any]
    version: int | None
    tested: dict[str, Any]
    proposal: int | None
    holder: str
    lease_until: datetime | None
    attempts: int
    ended_at: datetime | None
    outcome: str
    sentence: str

    @property
    def is_open(self) -> bool:
        """Whether it has not ended."""
        return self.ended_at is None

    @property
    def done(self) -> bool:
        """Whether it came to an answer: what was due is done."""
        return self.outcome in (
            "kept",
            "data to mend",
            "failed the gate",
            "proposed",
            "promoted",
        )

    @property
    def token(self) -> str:
        """Names the file that the process working on it is about to register."""
        return f"{self.id}-{self.attempts}-{canonical.digest(self.holder)[:16]}"

    def check(self, state: str) -> None:
        """Refuse a step that does not lead forward.

        Raises
        ------
        IllegalMove
            When the renewal has ended, or is at that step or beyond it.
        """
        if STATES.index(state) <= STATES.index(self.state):
            raise errors.IllegalMove(
                f"renewal {self.id} of {self.model} is {self.state} and cannot become "
                f"{state}; begin a new one"
            )

    def __repr__(self) -> str:
        return f"<Renewal {self.id} of {self.model}: {self.outcome or self.state}>"
