"""Proposals: made, approved, rejected, withdrawn; each decided exactly once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any, Literal

from lifecycle import errors
from lifecycle.promotion.agreeing import agree, as_asked, in_time
from lifecycle.promotion.granting import (
    CANARY,
    digest_of,
    evidence_of,
    grant,
    named,
    pending_still,
    standing_after,
)
from lifecycle.promotion.moving import Move, allowed, decided, differs, said
from lifecycle.promotion.standing import Standing
from lifecycle.registry import canonical

if TYPE_CHECKING:
    from lifecycle.registry import Proposal, Registry, Renewal

__all__ = ["approve", "overtaken", "pending", "propose", "reject", "withdraw"]

Target = Literal["production", "experimental"]


def propose(
    registry: Registry,
    model: str,
    number: int,
    *,
    target: Target = "production",
    share: float = CANARY,
    author: str,
    source: str = "given",
    reason: str,
    evidence: Mapping[str, Any],
    at: datetime,
    automatic: bool = False,
    renewal: Renewal | None = None,
    needed: int = 1,
    expires_at: datetime | None = None,
) -> Proposal:
    """Ask for a role for a version.

    Parameters
    ----------
    registry : Registry
        The book.
    model : str
        Which model.
    number : int
        Which version.
    target : {"production", "experimental"}
        The role; "experimental" for the version on trial asks for more traffic.
    share : float
        Of the traffic, for "experimental"; between 0 and 1.
    author, source, reason : str
        Who, how that is known, and why.
    evidence : mapping
        What it rests on: figures, the hash of the report.
    at : datetime
        Now, with a zone.
    automatic : bool
        Nobody stands behind it; then a version that was rolled back is refused.
    renewal : Renewal, optional
        That asks: it is "proposed" in the same transaction.
    needed : int
        How many persons must approve it.
    expires_at : datetime, optional
        From then on nobody can, and it has to be proposed again.

    Raises
    ------
    IllegalMove
        When the version has the role already, another proposal of it is pending,
        or another version is on trial.
    NotAllowed
        When nobody stands behind it and the version was rolled back.
    Stale
        When the renewal was decided against another version than serves now.
    UnknownVersion
        When there is no such version.
    """
    author, reason = said(author, reason)
    with registry.atomic() as book:
        version = book.version(model, number)
        if automatic and version.status == "rolled back":
            raise errors.NotAllowed(
                f"version {number} of {model} was rolled back; only a person may "
                "propose it again"
            )
        for other in book.proposals(model, status="pending"):
            if other.number == number:
                raise errors.IllegalMove(
                    f"version {number} of {model} is proposed already (proposal "
                    f"{other.id}); decide or withdraw that one first"
                )
        before = Standing.of(model, book.roles(model))
        if renewal is not None and renewal.against != before.production:
            raise errors.Stale(
                f"renewal {renewal.id} of {model} was decided and tested against "
                f"{named(renewal.against)}, and {named(before.production)} is in "
                "production now; begin a new one"
            )
        standing_after(before, number, target, share)
        content: dict[str, Any] = {
            "number": number,
            "target": target,
            "share": 1.0 if target == "production" else float(share),
            "against": before.production,
            "author": canonical.words(author),
            "reason": canonical.words(reason),
            "evidence": dict(evidence),
            "created_at": canonical.utc(at),
        }
        terms = {
            "needed": max(1, needed),
            "expires_at": None if expires_at is None else canonical.utc(expires_at),
        }
        digest = digest_of({"model": model, **content, **terms}, version)
        proposal = book.add_proposal(model, digest=digest, **content, **terms)
        book.enter(
            model,
            "propose",
            actor=author,
            source=source,
            reason=reason,
            at=at,
            number=number,
            proposal=proposal.id,
            evidence=evidence_of(proposal, version, automatic=automatic),
            before=before.facts(),
            after=before.facts(),
        )
        if renewal is not None:
            book.step_renewal(renewal, "proposed", proposal=proposal.id)
        return proposal


def approve(
    registry: Registry,
    model: str,
    proposal_id: int,
    *,
    approver: str,
    source: str = "given",
    reason: str,
    digest: str | None = None,
    at: datetime,
    target: Target | None = None,
    share: float | None = None,
    two_persons: bool = False,
    approvers: Sequence[str] = (),
    verified: bool = False,
    unattended: bool = False,
    evidence: Mapping[str, Any] | None = None,
) -> Move:
    """Say yes: with the last yes that is needed the version gets its role.

    Each yes is a row of the ledger; before the last one it is called "agree".

    Parameters
    ----------
    registry : Registry
        The book.
    model : str
        Which model.
    proposal_id : int
        Which proposal.
    approver, source, reason : str
        Who, how that is known ("hub" and "proxy" are verified; "environment", "os"
        and "given" are not), and why.
    digest : str, optional
        `Proposal.digest` as it was shown, or its first eight signs or more; another
        one is refused.
    at : datetime
        Now, with a zone.
    target : {"production", "experimental"}, optional
        Instead of what was proposed; where several must approve they approve what
        was proposed.
    share : float, optional
        Instead of what was proposed, for "experimental".
    two_persons : bool
        The approver may not be the author.
    approvers : sequence of str
        Who may, by name or mail address; anybody where it is empty.
    verified : bool
        Only somebody whose name others vouch for may (`source` hub, proxy).
    unattended : bool
        A run without a person, which may not approve.
    evidence : mapping, optional
        What the person was shown beside the proposal: the hash of the report.

    Raises
    ------
    AlreadyDecided
        When somebody was faster, or the same person has said yes before.
    Stale
        When the digest differs, the time to decide is over, or another version went
        into production since.
    NotAllowed
        In unattended runs, for one's own proposal with `two_persons`, and for whoever
        is not among the approvers.
    IllegalMove
        When the roles do not allow it now, or the reason is missing.
    ArtefactError
        When the stored model is missing or altered.
    """
    approver, reason = said(approver, reason)
    if unattended:
        raise _unattended("approving", model, proposal_id)
    with registry.atomic() as book:
        proposal = pending_still(book, model, proposal_id, digest)
        if two_persons:
            differs(proposal.author, approver, verb="approving", approvers=approvers)
        allowed(approver, source, approvers=approvers, verified=verified)
        in_time(proposal, at)
        as_asked(proposal, target, share)
        left = agree(
            registry,
            book,
            proposal,
            actor=approver,
            source=source,
            reason=reason,
            at=at,
            approvers=approvers,
            evidence=evidence,
        )
        if left is not None:
            return left
        return grant(
            registry,
            book,
            proposal,
            actor=approver,
            source=source,
            reason=reason,
            at=at,
            target=target,
            share=share,
            evidence=evidence,
        )


def reject(
    registry: Registry,
    model: str,
    proposal_id: int,
    *,
    approver: str,
    source: str = "given",
    reason: str,
    digest: str | None = None,
    at: datetime,
    unattended: bool = False,
) -> Move:
    """Say no; the roles stay as they are. Arguments as in `approve`."""
    if unattended:
        raise _unattended("rejecting", model, proposal_id)
    return _decline(
        registry,
        model,
        proposal_id,
        "rejected",
        actor=approver,
        source=source,
        reason=reason,
        digest=digest,
        at=at,
    )


def withdraw(
    registry: Registry,
    model: str,
    proposal_id: int,
    *,
    actor: str,
    source: str = "given",
    reason: str,
    at: datetime,
) -> Move:
    """Take a proposal back; the roles stay as they are. Arguments as in `approve`."""
    return _decline(
        registry,
        model,
        proposal_id,
        "withdrawn",
        actor=actor,
        source=source,
        reason=reason,
        digest=None,
        at=at,
    )


def _decline(
    registry: Registry,
    model: str,
    proposal_id: int,
    status: Literal["rejected", "withdrawn"],
    *,
    actor: str,
    source: str,
    reason: str,
    digest: str | None,
    at: datetime,
) -> Move:
    actor, reason = said(actor, reason)
    with registry.atomic() as book:
        proposal = pending_still(book, model, proposal_id, digest)
        version = book.version(model, proposal.number)
        if not book.decide(proposal, status, by=actor, reason=reason, at=at):
            raise decided(book.proposal(model, proposal_id))
        if status == "rejected" and version.status == "candidate":
            book.mark(model, version.number, "rejected")
        facts = Standing.of(model, book.roles(model)).facts()
        entry = book.enter(
            model,
            "reject" if status == "rejected" else "withdraw",
            actor=actor,
            source=source,
            reason=reason,
            at=at,
            number=proposal.number,
            proposal=proposal.id,
            evidence=evidence_of(proposal, version),
            before=facts,
            after=facts,
        )
        return Move(
            f"proposal {proposal.id} of {model} was {status}",
            model,
            proposal.number,
            book.roles(model),
            entry,
            book.proposal(model, proposal_id),
        )


def _unattended(verb: str, model: str, proposal_id: int) -> errors.NotAllowed:
    return errors.NotAllowed(
        f"{verb} proposal {proposal_id} of {model} takes a person; this run has none"
    )


def overtaken(proposal: Proposal, production: int | None) -> bool:
    """Whether another version is in production than the one it was compared with.

    Such a proposal cannot be approved any more, only rejected, withdrawn or made anew.
    """
    return proposal.against != production


def pending(registry: Registry, model: str) -> list[Proposal]:
    """The proposals that wait for a decision, oldest first.

    Parameters
    ----------
    registry : Registry
        The book.
    model : str
        Whose.

    Returns
    -------
    list of Proposal
    """
    return registry.proposals(model, status="pending")
