"""Several persons, and in time: who may approve, who has, and what nobody decided."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from lifecycle import errors
from lifecycle.promotion.granting import evidence_of, named
from lifecycle.promotion.moving import Move
from lifecycle.promotion.standing import Standing
from lifecycle.registry import canonical

if TYPE_CHECKING:
    from lifecycle.registry import Proposal, Registry
    from lifecycle.registry.writing import Writing

__all__ = ["agree", "as_asked", "expire", "in_time"]


def as_asked(proposal: Proposal, target: str | None, share: float | None) -> None:
    """Refuse to give another role than several persons are asked to approve."""
    same = target in (None, proposal.target) and share in (None, proposal.share)
    if proposal.needed > 1 and not same:
        raise errors.IllegalMove(
            f"proposal {proposal.id} of {proposal.model} takes {proposal.needed} "
            f"approvals of what it asks for; reject it and propose version "
            f"{proposal.number} for what you have in mind"
        )


def in_time(proposal: Proposal, at: datetime) -> None:
    """Refuse a proposal whose time is over."""
    until = proposal.expires_at
    if until is not None and canonical.utc(at) >= until:
        raise errors.Stale(
            f"proposal {proposal.id} of {proposal.model} could be decided until "
            f"{until:%Y-%m-%d %H:%M} UTC; propose version {proposal.number} again"
        )


def agree(
    registry: Registry,
    book: Writing,
    proposal: Proposal,
    *,
    actor: str,
    source: str,
    reason: str,
    at: datetime,
    approvers: Sequence[str] = (),
    evidence: Mapping[str, Any] | None = None,
) -> Move | None:
    """One person's yes, inside the caller's transaction; None when it is the last one.

    Raises
    ------
    AlreadyDecided
        When the same person has said yes before.
    Stale
        When another version went into production since it was proposed.
    ArtefactError
        When the stored model is missing or altered.
    """
    model, number = proposal.model, proposal.number
    standing = Standing.of(model, book.roles(model))
    if standing.production != proposal.against:
        raise errors.Stale(
            f"proposal {proposal.id} of {model} was compared with "
            f"{named(proposal.against)}, and {named(standing.production)} is in "
            "production now; propose again"
        )
    if not book.add_approval(
        proposal,
        approver=actor,
        source=source,
        reason=reason,
        at=at,
        approvers=approvers,
    ):
        raise errors.AlreadyDecided(
            f"{actor} has approved proposal {proposal.id} of {model} already; "
            f"{_more(book, proposal)}"
        )
    given = len(book.approvals(model, proposal.id))
    if given >= proposal.needed:
        return None
    version = book.version(model, number)
    registry.check(version)
    facts = standing.facts()
    entry = book.enter(
        model,
        "agree",
        actor=actor,
        source=source,
        reason=reason,
        at=at,
        number=number,
        proposal=proposal.id,
        evidence=evidence_of(
            proposal,
            version,
            approvals=given,
            needed=proposal.needed,
            **(evidence or {}),
        ),
        before=facts,
        after=facts,
    )
    sentence = (
        f"proposal {proposal.id} of {model} has {given} of {proposal.needed} "
        f"approvals; {_more(book, proposal)}"
    )
    return Move(sentence, model, number, book.roles(model), entry, proposal)


def _more(book: Writing, proposal: Proposal) -> str:
    left = proposal.needed - len(book.approvals(proposal.model, proposal.id))
    if left <= 0:
        return "it needs no more"
    return f"{left} more person{'s' if left > 1 else ''} must approve it"


def expire(registry: Registry, model: str, *, actor: str, at: datetime) -> list[Move]:
    """Withdraw what nobody has decided in time, each with its row of the ledger.

    Parameters
    ----------
    registry : Registry
        The book.
    model : str
        Whose proposals.
    actor : str
        The name of what does it.
    at : datetime
        Now, with a zone.

    Returns
    -------
    list of Move
        One a proposal that is over; the roles stay as they are.
    """
    moment = canonical.utc(at)
    waiting = registry.proposals(model, status="pending")
    if not any(each.expires_at and each.expires_at <= moment for each in waiting):
        return []
    made = []
    with registry.atomic() as book:
        facts = Standing.of(model, book.roles(model)).facts()
        for proposal in book.proposals(model, status="pending"):
            until = proposal.expires_at
            if until is None or until > moment:
                continue
            reason = f"nobody decided it by {until:%Y-%m-%d %H:%M} UTC"
            book.decide(proposal, "withdrawn", by=actor, reason=reason, at=moment)
            version = book.version(model, proposal.number)
            entry = book.enter(
                model,
                "expire",
                actor=actor,
                source="automatic",
                reason=reason,
                at=at,
                number=proposal.number,
                proposal=proposal.id,
                evidence=evidence_of(proposal, version),
                before=facts,
                after=facts,
            )
            made.append(
                Move(
                    f"proposal {proposal.id} of {model} has expired: {reason}",
                    model,
                    proposal.number,
                    book.roles(model),
                    entry,
                    book.proposal(model, proposal.id),
                )
            )
    return made
