"""Legal hold: a version whose stored model stays, whatever else is collected."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from lifecycle import errors
from lifecycle.promotion.moving import said
from lifecycle.registry import collecting
from lifecycle.registry.artefacts import COLLECTED

if TYPE_CHECKING:
    from lifecycle.registry import Entry, Registry

__all__ = ["held", "hold", "release"]


def hold(
    registry: Registry,
    model: str,
    number: int,
    *,
    actor: str,
    source: str = "given",
    reason: str,
    at: datetime,
) -> Entry:
    """Keep a version's stored model until the hold is released, however old it is.

    Parameters
    ----------
    registry : Registry
        The book.
    model : str
        Whose version.
    number : int
        Which.
    actor, source, reason : str
        Who, how that is known, and why.
    at : datetime
        Now, with a zone.

    Returns
    -------
    Entry
        The ledger's row; the hold is nowhere else.

    Raises
    ------
    UnknownVersion
        When there is no such version.
    IllegalMove
        Without a reason, when it is held already, or when it was collected before.
    ArtefactError
        When the stored model is missing or altered: there is nothing to keep.
    """
    actor, reason = said(actor, reason)
    with registry.atomic() as book:
        version = book.version(model, number)
        other = collecting.held(book.ledger(model)).get(number)
        if other is not None:
            raise errors.IllegalMove(
                f"version {number} of {model} is held already, by {other.actor} since "
                f"{other.at:%Y-%m-%d}; release that hold before another reason is given"
            )
        if version.status == COLLECTED:
            raise errors.IllegalMove(
                f"the artefact of version {number} of {model} was collected before; "
                "there is nothing left to hold, its record and history stay anyway"
            )
        registry.check(version)
        return book.enter(
            model,
            collecting.HOLD,
            actor=actor,
            source=source,
            reason=reason,
            at=at,
            number=number,
            evidence={"artefact_sha256": version.sha256},
        )


def release(
    registry: Registry,
    model: str,
    number: int,
    *,
    actor: str,
    source: str = "given",
    reason: str,
    at: datetime,
    unattended: bool = False,
) -> Entry:
    """End a legal hold; the version is kept as any other from now on.

    Parameters
    ----------
    registry : Registry
        The book.
    model : str
        Whose version.
    number : int
        Which.
    actor, source, reason : str
        Who, how that is known, and why.
    at : datetime
        Now, with a zone.
    unattended : bool
        A run without a person, which may not release anything.

    Returns
    -------
    Entry
        The ledger's row.

    Raises
    ------
    UnknownVersion
        When there is no such version.
    IllegalMove
        Without a reason, or when it is not held.
    NotAllowed
        In unattended runs.
    """
    actor, reason = said(actor, reason)
    if unattended:
        raise errors.NotAllowed(
            f"releasing the hold of version {number} of {model} takes a person; this "
            "run has none"
        )
    with registry.atomic() as book:
        version = book.version(model, number)
        holds = collecting.held(book.ledger(model))
        if number not in holds:
            known = ", ".join(map(str, sorted(holds))) or "none"
            raise errors.IllegalMove(
                f"version {number} of {model} is not held, so there is nothing to "
                f"release; held: {known}"
            )
        return book.enter(
            model,
            collecting.RELEASE,
            actor=actor,
            source=source,
            reason=reason,
            at=at,
            number=number,
            evidence={
                "artefact_sha256": version.sha256,
                "held_by": holds[number].actor,
                "held_since": holds[number].at.isoformat(),
            },
        )


def held(registry: Registry, model: str) -> dict[int, Entry]:
    """The versions that are held, each with the ledger's row that says why.

    Parameters
    ----------
    registry : Registry
        The book; it is only read.
    model : str
        Whose versions.
    """
    return collecting.held(registry.ledger(model))
