"""What the registry hands out: frozen records, times in UTC."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

__all__ = [
    "VERIFIED",
    "Approval",
    "Entry",
    "Learned",
    "Opened",
    "Proposal",
    "Role",
    "Run",
    "Version",
]

VERIFIED = frozenset({"hub", "proxy"})
"""How a name is known where somebody else vouches for it."""


@dataclass(frozen=True, slots=True)
class Version:
    """An immutable artefact with its birth record.

    Parameters
    ----------
    model : str
        The model's name.
    number : int
        1 for the first; numbers are never used twice, and may have gaps.
    recipe : str
        How it was made.
    status : str
        Its role (production, previous, experimental, shadow), else "candidate",
        "failed the gate", "rejected", "retired" or "rolled back".
    artefact : str
        Path of the stored model below the artefacts' directory.
    sha256 : str
        Of the stored model, in hexadecimal; held against it at every load.
    trained_from, trained_to : datetime, optional
        Times of the first and the last training row, UTC.
    as_of : datetime, optional
        The moment whose knowledge it was trained with, UTC.
    data : dict
        The versions of the log's tables that it was trained on.
    features : dict
        "numeric" and "categorical": lists of names.
    threshold : float
        Scores at or above it are predicted positive.
    metrics : dict
        Of its evaluation when it was made; None where undefined.
    author : str
        Who made it.
    created_at : datetime
        UTC.
    birth : dict
        What else was told of its birth (seed, code, libraries).
    """

    model: str
    number: int
    recipe: str
    status: str
    artefact: str
    sha256: str
    trained_from: datetime | None
    trained_to: datetime | None
    as_of: datetime | None
    data: dict[str, Any]
    features: dict[str, Any]
    threshold: float
    metrics: dict[str, Any]
    author: str
    created_at: datetime
    birth: dict[str, Any] = field(default_factory=dict)

    def __repr__(self) -> str:
        return f"<Version {self.model} {self.number}: {self.recipe}, {self.status}>"


@dataclass(frozen=True, slots=True)
class Role:
    """The version that has a role, and its share of the traffic (0 to 1).

    Examples
    --------
    >>> Role(3, 0.1)
    Role(number=3, share=0.1)
    """

    number: int
    share: float


@dataclass(frozen=True, slots=True)
class Proposal:
    """A wish to give a version a role, and what became of it.

    Parameters
    ----------
    model : str
        The model's name.
    id : int
        Counted per model, from 1.
    number : int
        The version proposed.
    target : str
        "production" or "experimental".
    share : float
        The share of traffic asked for; 1 for production.
    against : int, optional
        The production version that the evidence speaks of.
    digest : str
        SHA-256 over all of this and the artefact's: what a person is shown.
    status : str
        "pending", "approved", "rejected" or "withdrawn".
    author, reason : str
        Who proposed it, and why.
    evidence : dict
        What it rests on: hash of the report, figures.
    created_at : datetime
        UTC.
    decided_at, decided_by, decision_reason
        None while it is pending.
    needed : int
        How many persons must approve it.
    expires_at : datetime, optional
        From then on nobody can; UTC. None for never.
    """

    model: str
    id: int
    number: int
    target: str
    share: float
    against: int | None
    digest: str
    status: str
    author: str
    reason: str
    evidence: dict[str, Any]
    created_at: datetime
    decided_at: datetime | None = None
    decided_by: str | None = None
    decision_reason: str | None = None
    needed: int = 1
    expires_at: datetime | None = None

    def __repr__(self) -> str:
        return (
            f"<Proposal {self.id} of {self.model}: version {self.number} to "
            f"{self.target} ({self.share:.0%}), {self.status}>"
        )


@dataclass(frozen=True, slots=True)
class Approval:
    """One person's yes to a proposal that several must approve.

    Parameters
    ----------
    model : str
        The model's name.
    proposal : int
        Which proposal.
    approver, source : str
        Who, and how that is known ("given", "os", "hub", "proxy" ...).
    verified : bool
        Whether somebody else vouches for the name.
    reason : str
        Why.
    digest : str
        Of what the person was shown.
    at : datetime
        UTC.
    """

    model: str
    proposal: int
    approver: str
    source: str
    verified: bool
    reason: str
    digest: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Entry:
    """A row of the ledger: who did what, why, and what changed.

    Parameters
    ----------
    seq : int
        1, 2, 3 ... over all models, without gaps.
    at : datetime
        UTC.
    model, move : str
        "register", "fail the gate", "propose", "agree", "approve", "reject",
        "withdraw", "expire", "widen", "roll back", "shadow", "retire", "hold",
        "release", "collect", "accept drift", "silence" ..., and of which model.
    number, proposal : int, optional
        The version and the proposal it is about.
    actor, source : str
        Who, and how that is known ("given", "os", "hub", "proxy" ...).
    verified : bool
        Whether somebody other than the actor vouches for the name.
    reason : str
        Why, in the actor's words.
    evidence : dict
        What the actor was shown, with hashes.
    before, after : dict
        The roles before and after the move.
    previous, hash : str
        SHA-256 of the row before, and of this one including it.
    """

    seq: int
    at: datetime
    model: str
    move: str
    number: int | None
    proposal: int | None
    actor: str
    source: str
    verified: bool
    reason: str
    evidence: dict[str, Any]
    before: dict[str, Any]
    after: dict[str, Any]
    previous: str
    hash: str

    def __repr__(self) -> str:
        about = "" if self.number is None else f" version {self.number}"
        return f"<Entry {self.seq}: {self.actor} {self.move} {self.model}{about}>"


@dataclass(frozen=True, slots=True)
class Run:
    """A run of a notebook, or what became of a slot of its schedule.

    Parameters
    ----------
    id : int
        Over all models.
    model, notebook : str
        What ran.
    as_of : datetime
        The moment the report speaks of, UTC.
    slot : datetime, optional
        The hour of the schedule it fills; None for a run by hand.
    status : str
        "succeeded", "failed", "timeout" or "died" once it has ended. "claimed" while it
        runs, "waiting" between two attempts, "lost" where the process that ran it is
        gone, "skipped" where a newer slot was run instead.
    started, ended : datetime, optional
        UTC.
    exit_code : int, optional
        Of the process.
    verdict, summary : str
        Of the result record; empty where there is none.
    directory : str
        Where the report lies.
    attempt : int
        How often it was begun by the clock; 0 for a run by hand.
    holder : str
        The process that runs it, or ran it last.
    lease_until : datetime, optional
        Until when it is the holder's, by the database's clock.
    next_try : datetime, optional
        When it may be tried again, by the database's clock.
    log : str
        Where its words are kept, below the workspace; empty for a run by hand.
    """

    id: int
    model: str
    notebook: str
    as_of: datetime
    slot: datetime | None
    status: str
    started: datetime | None
    ended: datetime | None
    exit_code: int | None
    verdict: str
    summary: str
    directory: str
    attempt: int = 0
    holder: str = ""
    lease_until: datetime | None = None
    next_try: datetime | None = None
    log: str = ""

    @property
    def ran(self) -> bool:
        """Whether it has ended with a report, whatever that says."""
        return self.status in ("succeeded", "failed", "timeout", "died")

    @property
    def is_open(self) -> bool:
        """Whether somebody runs it, or it is to be tried again."""
        return self.status == "claimed" or self.next_try is not None


@dataclass(frozen=True, slots=True)
class Learned:
    """A word of a person that a version was trained on.

    Parameters
    ----------
    model : str
    number : int
        The version.
    feedback_id, prediction : str
        The word, and the id of what it was about.
    label : str
        What was learned of it, as text.
    weight : float
        What that weighed; a true outcome weighs 1.

    Examples
    --------
    >>> Learned("leads", 7, "F1", "4711", "1", 0.62)
    <Learned F1: version 7 of leads took 4711 for 1, weight 0.62>
    """

    model: str
    number: int
    feedback_id: str
    prediction: str
    label: str
    weight: float

    def __repr__(self) -> str:
        return (
            f"<Learned {self.feedback_id}: version {self.number} of {self.model} took "
            f"{self.prediction} for {self.label}, weight {self.weight:.2f}>"
        )


@dataclass(frozen=True, slots=True)
class Opened:
    """That somebody opened a report; who is not kept.

    Parameters
    ----------
    model : str
    page : str
        The notebook whose report it was; empty for the model's own page.
    day : str
        In UTC, as "2023-04-03": a page counts once a day.
    at : datetime
        The first time on that day, UTC.
    way : str
        How that is known: "terminal", "lab", "door".
    """

    model: str
    page: str
    day: str
    at: datetime
    way: str
