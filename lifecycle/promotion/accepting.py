"""Accepting a drift as the new normal: a signed act with a reason."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from lifecycle import errors
from lifecycle.promotion.moving import said

if TYPE_CHECKING:
    from lifecycle.registry import Entry, Registry

__all__ = ["Accepted", "accept", "accepted", "withdraw_acceptance"]

MOVE = "accept drift"
BACK = "withdraw acceptance"


@dataclass(frozen=True, slots=True)
class Accepted:
    """A feature's drift that somebody took for the new normal.

    Parameters
    ----------
    feature : str
    chunks : tuple of str
        The chunks whose rows are normal for the feature from now on.
    by, reason : str
        Who said so, and why.
    at : datetime
        When, in UTC.
    """

    feature: str
    chunks: tuple[str, ...]
    by: str
    reason: str
    at: datetime


def accept(
    registry: Registry,
    model: str,
    features: Sequence[str],
    *,
    chunks: Sequence[str],
    actor: str,
    source: str = "given",
    reason: str,
    at: datetime,
    unattended: bool = False,
) -> Entry:
    """Say that what features look like in some chunks is normal from now on.

    It is written into the ledger and holds while the version that is in production
    now stays there: the next one brings a reference of its own.

    Parameters
    ----------
    registry : Registry
        The book.
    model : str
        Whose features.
    features : sequence of str
        Which of them.
    chunks : sequence of str
        The chunks that are the new normal, as "2023-W14".
    actor, source, reason : str
        Who, how that is known, and why.
    at : datetime
        Now, with a zone.
    unattended : bool
        A run without a person, which may not accept anything.

    Returns
    -------
    Entry
        The ledger's row.

    Raises
    ------
    IllegalMove
        Without a reason, a feature or a chunk, or when nothing is in production.
    NotAllowed
        In unattended runs.
    """
    actor, reason = _person(actor, reason, f"accepting a drift of {model}", unattended)
    if not features or not chunks:
        raise errors.IllegalMove(
            "nothing is named to accept; name a feature that has drifted"
        )
    with registry.atomic() as book:
        roles = book.roles(model)
        if "production" not in roles:
            raise errors.IllegalMove(
                f"no version of {model} is in production, so nothing is normal yet; "
                "approve one first"
            )
        return book.enter(
            model,
            MOVE,
            actor=actor,
            source=source,
            reason=reason,
            at=at,
            number=roles["production"].number,
            evidence={
                "features": sorted(map(str, features)),
                "chunks": sorted(map(str, chunks)),
            },
        )


def withdraw_acceptance(
    registry: Registry,
    model: str,
    features: Sequence[str] = (),
    *,
    actor: str,
    source: str = "given",
    reason: str,
    at: datetime,
    unattended: bool = False,
) -> Entry:
    """Take back what was accepted: the reference is normal again from now on.

    What was said stays in the ledger, and so does this.

    Parameters
    ----------
    registry, model, actor, source, reason, at, unattended
        As for `accept`.
    features : sequence of str
        All that are accepted where none is named.

    Returns
    -------
    Entry
        The ledger's row.

    Raises
    ------
    IllegalMove
        Without a reason, or when a feature named, or none at all, is accepted.
    NotAllowed
        In unattended runs.
    """
    act = f"taking back what was accepted of {model}"
    actor, reason = _person(actor, reason, act, unattended)
    with registry.atomic() as book:
        role = book.roles(model).get("production")
        number = None if role is None else role.number
        held = _held(book.ledger(model), number=number, as_of=at)
        wrong = [name for name in features if name not in held]
        if not held or wrong:
            named = f"of {', '.join(map(repr, wrong))} " if wrong else ""
            raise errors.IllegalMove(
                f"no drift {named}of {model} is accepted, so there is nothing to "
                f"withdraw; accepted: {', '.join(held) or 'nothing'}"
            )
        return book.enter(
            model,
            BACK,
            actor=actor,
            source=source,
            reason=reason,
            at=at,
            number=number,
            evidence={"features": sorted(map(str, features or held))},
        )


def _person(actor: str, reason: str, act: str, unattended: bool) -> tuple[str, str]:
    """Who signs and why, as they are written; refused where nobody is there."""
    signed = said(actor, reason)
    if unattended:
        raise errors.NotAllowed(f"{act} takes a person; this run has none")
    return signed


def accepted(
    registry: Registry, model: str, *, number: int | None, as_of: datetime
) -> dict[str, Accepted]:
    """What was taken for the new normal of a version by a moment.

    Parameters
    ----------
    registry : Registry
        The book; it is only read.
    model : str
        Whose features.
    number : int or None
        The version in production.
    as_of : datetime
        With a zone; later acts are not used.

    Returns
    -------
    dict of feature to Accepted
        The last act on a feature counts; without those that were withdrawn.
    """
    return _held(registry.ledger(model), number=number, as_of=as_of)


def _held(
    entries: Iterable[Entry], *, number: int | None, as_of: datetime
) -> dict[str, Accepted]:
    found: dict[str, Accepted] = {}
    for entry in entries:
        if entry.number != number or entry.at > as_of:
            continue
        if entry.move == BACK:
            for feature in entry.evidence["features"]:
                found.pop(feature, None)
        elif entry.move == MOVE:
            for feature in entry.evidence["features"]:
                found[feature] = Accepted(
                    feature,
                    tuple(entry.evidence["chunks"]),
                    entry.actor,
                    entry.reason,
                    entry.at,
                )
    return found
