"""The one way live without a person: within bounds that were set beforehand."""

from __future__ import annotations

import math
from datetime import datetime
from typing import TYPE_CHECKING, Any

from lifecycle import errors
from lifecycle.promotion.bounds import Bounds, within
from lifecycle.promotion.granting import grant, pending_still
from lifecycle.promotion.moving import Move, said
from lifecycle.promotion.standing import Standing

if TYPE_CHECKING:
    from lifecycle.registry import Registry, Renewal
    from lifecycle.registry.writing import Writing

__all__ = ["promote_within"]


def promote_within(
    registry: Registry,
    model: str,
    proposal_id: int,
    *,
    bounds: Bounds,
    action: str,
    actor: str,
    at: datetime,
    digest: str | None = None,
    renewal: Renewal | None = None,
) -> Move:
    """Give a proposed version its role without a person, where all bounds hold.

    Everything is looked at again inside the transaction: roles and moves as the book
    has them, and of the proposal's own evidence `passed` and the lower end of `saved`.
    The ledger says that it was automatic, and which bounds held.

    Parameters
    ----------
    registry : Registry
        The book.
    model : str
        Which model.
    proposal_id : int
        Which proposal.
    bounds : Bounds
        From the settings.
    action : str
        The ruling it comes from.
    actor : str
        The name of what does it.
    at : datetime
        Now, with a zone.
    digest : str, optional
        `Proposal.digest` as it was made; another one is refused.
    renewal : Renewal, optional
        That asks: it ends as "promoted" in the same transaction.

    Raises
    ------
    NotAllowed
        When a bound does not hold; the sentence says which.
    AlreadyDecided, Stale, IllegalMove, ArtefactError
        As in `approve`.
    """
    with registry.atomic() as book:
        proposal = pending_still(book, model, proposal_id, digest)
        number = proposal.number
        saved = _saved(proposal.evidence)
        held, words = within(
            bounds,
            action=action,
            saved=saved,
            at=at,
            moved_at=_moved_at(book, model),
            experimental=Standing.of(model, book.roles(model)).experimental,
            rolled_back=any(
                entry.number == number for entry in book.ledger(model, move="roll back")
            ),
        )
        if held and proposal.evidence.get("passed") is not True:
            held, words = False, "it has not passed the gate"
        if held and proposal.needed > 1:
            held, words = False, f"{proposal.needed} persons must approve it"
        if not held:
            raise errors.NotAllowed(
                f"version {number} of {model} does not go live by itself: {words}; "
                f"proposal {proposal_id} waits for a person"
            )
        actor, reason = said(actor, f"automatic, within bounds: {words}")
        move = grant(
            registry,
            book,
            proposal,
            actor=actor,
            source="automatic",
            reason=reason,
            at=at,
            target=bounds.target,
            share=bounds.share,
            evidence={
                "automatic": True,
                "bounds": {
                    "actions": list(bounds.actions),
                    "target": bounds.target,
                    "min_saved": bounds.min_saved,
                    "every_seconds": bounds.every.total_seconds(),
                    "action": action,
                    "saved_at_least": saved,
                },
            },
        )
        if renewal is not None:
            book.step_renewal(
                renewal,
                "ended",
                ended_at=at,
                outcome="promoted",
                sentence=f"{move.sentence}, without a person: {words}",
                holder="",
                lease_until=None,
            )
        return move


def _saved(evidence: dict[str, Any]) -> float:
    lower = (evidence.get("saved") or {}).get("lower")
    return math.nan if lower is None else float(lower)


def _moved_at(book: Writing, model: str) -> datetime | None:
    moves = [entry.at for entry in book.ledger(model) if entry.after != entry.before]
    return max(moves, default=None)
