"""What a proposal shows to whoever decides it, and the move that grants it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from datetime import datetime
from typing import TYPE_CHECKING, Any

from lifecycle import errors, markup
from lifecycle.promotion.moving import Move, decided, settle
from lifecycle.promotion.standing import Standing
from lifecycle.registry import canonical

if TYPE_CHECKING:
    from lifecycle.registry import Proposal, Registry, Version
    from lifecycle.registry.writing import Writing

__all__ = [
    "CANARY",
    "digest_of",
    "evidence_of",
    "grant",
    "named",
    "pending_still",
    "standing_after",
]

CANARY = 0.05
"""The share of the traffic that a trial starts with where none is named."""

_SHORT = 8  # signs of a digest that a person at a terminal has to give

_SHOWN = (
    "model",
    "number",
    "target",
    "share",
    "against",
    "author",
    "reason",
    "evidence",
    "created_at",
)


def digest_of(content: Mapping[str, Any], version: Version) -> str:
    """SHA-256 over what a person is shown, and the artefact it is about."""
    shown = {name: content[name] for name in _SHOWN}
    needed, until = content.get("needed", 1), content.get("expires_at")
    if needed != 1 or until is not None:  # proposals of older books have neither
        shown |= {"needed": needed, "expires_at": until}
    return canonical.digest({**shown, "artefact_sha256": version.sha256})


def evidence_of(proposal: Proposal, version: Version, **more: Any) -> dict[str, Any]:
    """What the ledger keeps of a proposal's evidence."""
    return {
        **proposal.evidence,
        "digest": proposal.digest,
        "artefact_sha256": version.sha256,
        **more,
    }


def pending_still(book: Writing, model: str, id: int, digest: str | None) -> Proposal:
    """The proposal, when it can still be decided and is the one that was shown.

    The first signs of a digest are enough: a person types them at a terminal.
    """
    proposal = book.proposal(model, id)
    if proposal.status != "pending":
        raise decided(proposal)
    content = {field.name: getattr(proposal, field.name) for field in fields(proposal)}
    true = digest_of(content, book.version(model, proposal.number))
    shown = digest is None or (len(digest) >= _SHORT and true.startswith(digest))
    if proposal.digest != true or not shown:
        raise errors.Stale(
            f"proposal {id} of {model} is not what was shown; look at it again"
        )
    return proposal


def standing_after(
    before: Standing, number: int, target: str, share: float
) -> Standing:
    """The roles once a version has the one it is proposed for.

    The version on trial is proposed for a trial with more of the traffic.
    """
    if target == "production":
        return before.promote(number)
    if target == "experimental" and number == before.experimental and 0 < share < 1:
        return before.widen(share)
    if target == "experimental":
        return before.experiment(number, share)
    raise errors.IllegalMove(
        f"a version is proposed for production or experimental, got {target!r}"
    )


def grant(
    registry: Registry,
    book: Writing,
    proposal: Proposal,
    *,
    actor: str,
    source: str,
    reason: str,
    at: datetime,
    target: str | None,
    share: float | None,
    evidence: Mapping[str, Any] | None = None,
) -> Move:
    """Give the version its role, inside the caller's transaction.

    Raises
    ------
    Stale
        When another version went into production since it was proposed.
    AlreadyDecided, IllegalMove, ArtefactError
        As in `approve`.
    """
    model, number = proposal.model, proposal.number
    before = Standing.of(model, book.roles(model))
    if before.production != proposal.against:
        raise errors.Stale(
            f"proposal {proposal.id} of {model} was compared with "
            f"{named(proposal.against)}, and {named(before.production)} is in "
            "production now; propose again"
        )
    version = book.version(model, number)
    registry.check(version)
    granted = target or proposal.target
    if granted == "production":
        part = 1.0
    elif share is not None:
        part = float(share)
    else:
        part = proposal.share if proposal.target == granted else CANARY
    after = standing_after(before, number, granted, part)
    settle(book, before, after)
    if not book.decide(proposal, "approved", by=actor, reason=reason, at=at):
        raise decided(book.proposal(model, proposal.id))
    entry = book.enter(
        model,
        "approve",
        actor=actor,
        source=source,
        reason=reason,
        at=at,
        number=number,
        proposal=proposal.id,
        evidence=evidence_of(
            proposal, version, target=granted, share=part, **(evidence or {})
        ),
        before=before.facts(),
        after=after.facts(),
    )
    given = markup.traffic(part)
    sentence = f"version {number} of {model} is " + (
        "in production" if part == 1 else f"on trial with {given} of the traffic"
    )
    roles, now = book.roles(model), book.proposal(model, proposal.id)
    return Move(sentence, model, number, roles, entry, now)


def named(number: int | None) -> str:
    """A version in words."""
    return "no version" if number is None else f"version {number}"
