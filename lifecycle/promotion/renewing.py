"""The steps of a renewal: begun once, taken over when its process died, ended once.

::

    due ─► decided ─► trained ─► tested ─► proposed ─► ended
     └────────┴──────────┴─────────┴──────────┴──────────┘

Each step is one transaction, and only the process that holds the renewal takes it. A
model has at most one renewal that has not ended.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Literal

from lifecycle import errors
from lifecycle.promotion.standing import Standing
from lifecycle.registry import canonical

if TYPE_CHECKING:
    from lifecycle.registry import Registry, Renewal
    from lifecycle.registry.writing import Writing

__all__ = [
    "MOST_ATTEMPTS",
    "begin_renewal",
    "end_renewal",
    "fail_gate",
    "hold_renewal",
    "step_renewal",
]

MOST_ATTEMPTS = 3
"""How many processes may die over one renewal before it is given up."""

Why = Literal["schedule", "alert", "by hand", "continuous"]
Step = Literal["decided", "trained", "tested"]


def begin_renewal(
    registry: Registry,
    model: str,
    *,
    why: Why,
    at: datetime,
    holder: str,
    until: datetime,
    now: datetime,
    moved: timedelta,
    alive: Callable[[str], bool | None] = lambda holder: None,
) -> Renewal:
    """Begin the renewal of a model, or take over one whose process died.

    Parameters
    ----------
    registry : Registry
        The book.
    model : str
        Whose.
    why : {"schedule", "alert", "by hand", "continuous"}
    at : datetime
        The moment whose knowledge it rests on, with a zone.
    holder : str
        Names the process, differently each time.
    until, now : datetime
        The end of its lease, and the time, both by the clock.
    moved : timedelta
        An open renewal of a moment older than this is not resumed: it ends as
        "overtaken", and a new one begins.
    alive : callable
        Whether the process of another holder lives; None where that is not known, then
        its lease says.

    Returns
    -------
    Renewal
        In the state "due", or where the other process left it.

    Raises
    ------
    AlreadyRunning
        When another process works on it.

    Notes
    -----
    An open one is not resumed either when another version is in production by now, or
    when `MOST_ATTEMPTS` processes have died over it.
    """
    for other in registry.renewals(model)[-1:]:
        if other.is_open:
            _free(other, now=now, alive=alive)
            registry.discard(other)
    with registry.atomic() as book:
        production = Standing.of(model, book.roles(model)).production
        for other in book.renewals(model, only_open=True):
            _free(other, now=now, alive=alive)
            outcome, why_not = _over(other, at=at, moved=moved, production=production)
            if not outcome:
                return book.change_renewal(
                    other,
                    holder=holder,
                    lease_until=until,
                    attempts=other.attempts + 1,
                )
            _end(book, other, outcome, f"{model}: {why_not}", at=max(at, other.as_of))
        return book.add_renewal(
            model,
            why=why,
            as_of=canonical.utc(at),
            against=production,
            holder=holder,
            lease_until=canonical.utc(until),
        )


def _free(
    other: Renewal, *, now: datetime, alive: Callable[[str], bool | None]
) -> None:
    """Raise where another process works on a renewal."""
    if other.lease_until is None or other.lease_until <= now:
        return
    if alive(other.holder) is not False:
        raise errors.AlreadyRunning(
            f"{other.model} is being renewed by {other.holder.partition('#')[0]} "
            f"(renewal {other.id}, {other.state}, as of {other.as_of:%Y-%m-%d}); wait "
            "until it has ended"
        )


def _over(
    other: Renewal, *, at: datetime, moved: timedelta, production: int | None
) -> tuple[str, str]:
    """How an abandoned renewal ends, and why; empty where it goes on."""
    if other.state == "proposed":
        return "", ""  # only its end is missing
    if other.attempts >= MOST_ATTEMPTS:
        return "failed", (
            f"renewal {other.id} is given up: {other.attempts} processes ended over "
            f"it, the last when it was {other.state}"
        )
    if production != other.against:
        return "overtaken", f"renewal {other.id} is overtaken by another version"
    if at - other.as_of > moved:
        return "overtaken", (
            f"renewal {other.id} of {other.as_of:%Y-%m-%d} was not finished and is "
            f"overtaken; what is known on {at:%Y-%m-%d} is more"
        )
    return "", ""


def hold_renewal(
    registry: Registry, renewal: Renewal, *, until: datetime | None
) -> bool:
    """Keep a renewal for longer, or let it go (until None) for another to resume.

    Returns
    -------
    bool
        False when it has ended, or another process has taken it over.
    """
    holder = renewal.holder if until is not None else ""
    with registry.atomic() as book:
        return book.keep_renewal(renewal, holder=holder, until=until)


def step_renewal(
    registry: Registry, renewal: Renewal, state: Step, **told: Any
) -> Renewal:
    """The next step of a renewal, with what it found.

    Parameters
    ----------
    registry : Registry
        The book.
    renewal : Renewal
        As the last step left it.
    state : {"decided", "trained", "tested"}
        `Registry.register` takes the step "trained" itself, `propose` "proposed".
    **told
        `ruling`, `version` or `tested`.

    Raises
    ------
    IllegalMove
        When that is not forward.
    Stale
        When another process has taken it over.
    """
    with registry.atomic() as book:
        return book.step_renewal(renewal, state, **told)


def end_renewal(
    registry: Registry,
    renewal: Renewal,
    outcome: str,
    sentence: str,
    *,
    at: datetime,
    **told: Any,
) -> Renewal:
    """End a renewal, and say how.

    Parameters
    ----------
    registry : Registry
        The book.
    renewal : Renewal
        As the last step left it.
    outcome : str
        One of `Renewal.outcome`.
    sentence : str
        The same for a person.
    at : datetime
        Now, with a zone.
    **told
        `ruling` or `tested`, where the last step found it.
    """
    with registry.atomic() as book:
        return _end(book, renewal, outcome, sentence, at=at, **told)


def _end(
    book: Writing,
    renewal: Renewal,
    outcome: str,
    sentence: str,
    *,
    at: datetime,
    **told: Any,
) -> Renewal:
    return book.step_renewal(
        renewal,
        "ended",
        ended_at=canonical.utc(at),
        outcome=outcome,
        sentence=canonical.words(sentence),
        holder="",
        lease_until=None,
        **told,
    )


def fail_gate(
    registry: Registry,
    renewal: Renewal,
    tested: Mapping[str, Any],
    *,
    reason: str,
    actor: str,
    at: datetime,
) -> Renewal:
    """A candidate that does not pass stays, with the reasons, and nothing is proposed.

    The ledger says so, a candidate without a role is marked "failed the gate", and
    the renewal ends, all in one transaction.
    """
    model, number = renewal.model, renewal.version
    assert number is not None
    with registry.atomic() as book:
        version = book.version(model, number)
        if version.status == "candidate":
            book.mark(model, number, "failed the gate")
        facts = Standing.of(model, book.roles(model)).facts()
        book.enter(
            model,
            "fail the gate",
            actor=actor,
            source="automatic",
            reason=reason,
            at=at,
            number=number,
            evidence={**tested, "artefact_sha256": version.sha256},
            before=facts,
            after=facts,
        )
        sentence = f"{model}: version {number} is not proposed; {reason}"
        return _end(
            book, renewal, "failed the gate", sentence, at=at, tested=dict(tested)
        )
