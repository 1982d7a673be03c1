"""Who looks after a model: handed over by name, and looked at again by a date."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

from lifecycle import errors, people
from lifecycle.promotion.moving import said

if TYPE_CHECKING:
    from lifecycle.registry import Entry, Registry

__all__ = ["HAND_OVER", "REVIEW", "Kept", "hand_over", "kept", "review"]

HAND_OVER = "hand over"
REVIEW = "review"
_LONGEST = 200  # signs of a name


@dataclass(frozen=True, slots=True)
class Kept:
    """Who looked after a model at a moment, by the ledger.

    Parameters
    ----------
    owner, deputy : str
        By the last hand-over, else as the settings name them.
    since : datetime, optional
        Of the hand-over, UTC; None where there was none.
    by, reason : str
        Who handed it over, and why.
    review_by : date, optional
        When somebody is to look at owner, purpose and KPI again.
    reviewed_at, reviewed_by : datetime and str
        The last time somebody did; None and empty where nobody has.
    """

    owner: str
    deputy: str
    since: datetime | None = None
    by: str = ""
    reason: str = ""
    review_by: date | None = None
    reviewed_at: datetime | None = None
    reviewed_by: str = ""


def kept(
    entries: Sequence[Entry],
    *,
    owner: str,
    deputy: str = "",
    review_by: date | None = None,
    as_of: datetime,
) -> Kept:
    """Who looks after a model at a moment.

    Parameters
    ----------
    entries : sequence of Entry
        The model's rows of the ledger, oldest first.
    owner, deputy : str
        As the settings name them: the first ones.
    review_by : date, optional
        As in the settings. A review in the ledger that names a later day holds; a
        later day in the settings does, too.
    as_of : datetime
        With a zone; later moves are not used.
    """
    found: dict[str, Any] = {"owner": owner, "deputy": deputy, "review_by": review_by}
    for entry in entries:
        if entry.at > as_of:
            continue
        if entry.move == HAND_OVER:
            found |= {
                "owner": str(entry.evidence["to"]),
                "deputy": str(entry.evidence.get("deputy") or found["deputy"]),
                "since": entry.at,
                "by": entry.actor,
                "reason": entry.reason,
            }
        elif entry.move == REVIEW:
            due = date.fromisoformat(entry.evidence["next"])
            if review_by is None or due >= review_by:
                found["review_by"] = due
            found |= {"reviewed_at": entry.at, "reviewed_by": entry.actor}
    return Kept(**found)


def hand_over(
    registry: Registry,
    model: str,
    to: str,
    *,
    owner: str,
    deputy: str = "",
    actor: str,
    source: str = "given",
    reason: str,
    at: datetime,
    unattended: bool = False,
) -> Entry:
    """Give a model to another person; what is open of its alerts goes along.

    Parameters
    ----------
    registry : Registry
        The book.
    model : str
        Which.
    to : str
        Who looks after it from now on.
    owner : str
        As the settings name the first one.
    deputy : str
        Who stands in from now on; whoever did where empty.
    actor, source, reason : str
        Who hands it over, how that is known, and why.
    at : datetime
        Now, with a zone.
    unattended : bool
        A run without a person, which may not hand anything over.

    Returns
    -------
    Entry
        The ledger's row.

    Raises
    ------
    IllegalMove
        Without a name or a reason, to whom has it already, or before the last move.
    NotAllowed
        In unattended runs.
    """
    actor, reason = said(actor, reason)
    to, deputy = _name(to), " ".join(deputy.split())[:_LONGEST]
    if unattended:
        raise errors.NotAllowed(
            f"handing over {model} takes a person; this run has none"
        )
    with registry.atomic() as book:
        moves = book.ledger(model, move=HAND_OVER)
        _after(moves, at, model)
        now = kept(moves, owner=owner, as_of=at)
        if people.folded(now.owner) == people.folded(to):
            raise errors.IllegalMove(
                f"{model} is looked after by {now.owner} already; name another person"
            )
        for alert in book.alerts(model, only_open=True):
            book.change_alert(alert.id, owner=to)
        return book.enter(
            model,
            HAND_OVER,
            actor=actor,
            source=source,
            reason=reason,
            at=at,
            evidence={"from": now.owner, "to": to, "deputy": deputy},
        )


def review(
    registry: Registry,
    model: str,
    *,
    due: date,
    actor: str,
    source: str = "given",
    reason: str,
    at: datetime,
    unattended: bool = False,
) -> Entry:
    """Say that somebody has looked at whose a model is and what for, until a day.

    Parameters
    ----------
    registry, model, actor, source, at, unattended
        As for `hand_over`.
    due : date
        When it is to be looked at again.
    reason : str
        What was found.

    Returns
    -------
    Entry
        The ledger's row.

    Raises
    ------
    IllegalMove
        Without a reason, or when `due` is not after `at`.
    NotAllowed
        In unattended runs.
    """
    actor, reason = said(actor, reason)
    if unattended:
        raise errors.NotAllowed(f"reviewing {model} takes a person; this run has none")
    if due <= at.date():
        raise errors.IllegalMove(
            f"the next review of {model} cannot be on {due}, which is not after "
            f"{at:%Y-%m-%d}; name a later day"
        )
    with registry.atomic() as book:
        return book.enter(
            model,
            REVIEW,
            actor=actor,
            source=source,
            reason=reason,
            at=at,
            evidence={"next": due.isoformat()},
        )


def _name(told: str) -> str:
    name = " ".join("".join(c if c.isprintable() else " " for c in told).split())
    if not name:
        raise errors.IllegalMove("nobody is named; say who looks after it from now on")
    if len(name) > _LONGEST:
        raise errors.IllegalMove(
            f"the name has {len(name)} signs; {_LONGEST} are enough for one person"
        )
    return name


def _after(moves: Sequence[Entry], at: datetime, model: str) -> None:
    since = max((each.at for each in moves), default=at)
    if at < since:
        raise errors.IllegalMove(
            f"{model} was handed over on {since:%Y-%m-%d %H:%M} UTC, after "
            f"{at:%Y-%m-%d %H:%M}; hand it over after that"
        )
