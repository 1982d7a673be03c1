"""Proposals: made, approved, rejected, withdrawn; each decided exactly once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from datetime import datetime
from typing import TYPE_CHECKING, Any, Literal

from lifecycle import errors
from lifecycle.promotion.moving import Move, decided, differs, said, settle
from lifecycle.promotion.standing import Standing
from lifecycle.registry import canonical

if TYPE_CHECKING:
    from lifecycle.registry import Proposal, Registry, Version
    from lifecycle.registry.writing import Writing

__all__ = ["approve", "pending", "propose", "reject", "withdraw"]

Target = Literal["production", "experimental"]
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


def _digest(content: Mapping[str, Any], version: Version) -> str:
    """SHA-256 over what a person is shown, and the artefact it is about."""
    shown = {name: content[name] for name in _SHOWN}
    return canonical.digest({**shown, "artefact_sha256": version.sha256})


def _after(before: Standing, number: int, target: str, share: float) -> Standing:
    if target == "production":
        return before.promote(number)
    if target == "experimental":
        return before.experiment(number, share)
    raise errors.IllegalMove(
        f"a version is proposed for production or experimental, got {target!r}"
    )


def propose(
    registry: Registry,
    model: str,
    number: int,
    *,
    target: Target = "production",
    share: float = 0.1,
    author: str,
    source: str = "given",
    reason: str,
    evidence: Mapping[str, Any],
    at: datetime,
    automatic: bool = False,
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
        The role.
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

    Raises
    ------
    IllegalMove
        When the version has the role already, another proposal of it is pending,
        or another version is on trial.
    NotAllowed
        When nobody stands behind it and the version was rolled back.
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
        _after(before, number, target, share)
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
        digest = _digest({"model": model, **content}, version)
        proposal = book.add_proposal(model, digest=digest, **content)
        book.enter(
            model,
            "propose",
            actor=author,
            source=source,
            reason=reason,
            at=at,
            number=number,
            proposal=proposal.id,
            evidence=_evidence(proposal, version, automatic=automatic),
            before=before.facts(),
            after=before.facts(),
        )
        return proposal


def _evidence(proposal: Proposal, version: Version, **more: Any) -> dict[str, Any]:
    return {
        **proposal.evidence,
        "digest": proposal.digest,
        "artefact_sha256": version.sha256,
        **more,
    }


def _pending(book: Writing, model: str, id: int, digest: str | None) -> Proposal:
    """The proposal, when it can still be decided and is the one that was shown."""
    proposal = book.proposal(model, id)
    if proposal.status != "pending":
        raise decided(proposal)
    content = {field.name: getattr(proposal, field.name) for field in fields(proposal)}
    true = _digest(content, book.version(model, proposal.number))
    if proposal.digest != true or digest not in (None, true):
        raise errors.Stale(
            f"proposal {id} of {model} is not what was shown; look at it again"
        )
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
    unattended: bool = False,
) -> Move:
    """Say yes: the version gets its role.

    Parameters
    ----------
    registry : Registry
        The book.
    model : str
        Which model.
    proposal_id : int
        Which proposal.
    approver, source, reason : str
        Who, how that is known ("given" and "os" are not verified; "hub", "proxy"
        and "signed" are), and why.
    digest : str, optional
        `Proposal.digest` as it was shown; another one is refused.
    at : datetime
        Now, with a zone.
    target : {"production", "experimental"}, optional
        Instead of what was proposed.
    share : float, optional
        Instead of what was proposed, for "experimental".
    two_persons : bool
        The approver may not be the author.
    unattended : bool
        A run without a person, which may not approve.

    Raises
    ------
    AlreadyDecided
        When somebody was faster.
    Stale
        When the digest differs, or another version went into production since.
    NotAllowed
        In unattended runs, and for one's own proposal with `two_persons`.
    IllegalMove
        When the roles do not allow it now, or the reason is missing.
    ArtefactError
        When the stored model is missing or altered.
    """
    approver, reason = said(approver, reason)
    if unattended:
        raise _unattended("approving", model, proposal_id)
    with registry.atomic() as book:
        proposal = _pending(book, model, proposal_id, digest)
        if two_persons:
            differs(proposal.author, approver, verb="approving")
        before = Standing.of(model, book.roles(model))
        if before.production != proposal.against:
            raise errors.Stale(
                f"proposal {proposal.id} of {model} was compared with "
                f"{_named(proposal.against)}, and {_named(before.production)} is in "
                "production now; propose again"
            )
        version = book.version(model, proposal.number)
        registry.check(version)
        granted = target or proposal.target
        if granted == "production":
            part = 1.0
        elif share is not None:
            part = float(share)
        else:
            part = proposal.share if proposal.target == granted else 0.1
        after = _after(before, proposal.number, granted, part)
        settle(book, before, after)
        if not book.decide(proposal, "approved", by=approver, reason=reason, at=at):
            raise decided(book.proposal(model, proposal_id))
        entry = book.enter(
            model,
            "approve",
            actor=approver,
            source=source,
            reason=reason,
            at=at,
            number=proposal.number,
            proposal=proposal.id,
            evidence=_evidence(proposal, version, target=granted, share=part),
            before=before.facts(),
            after=after.facts(),
        )
        sentence = f"version {proposal.number} of {model} is " + (
            "in production" if part == 1 else f"on trial with {part:.0%} of the traffic"
        )
        return Move(
            sentence,
            model,
            proposal.number,
            book.roles(model),
            entry,
            book.proposal(model, proposal_id),
        )


def _named(number: int | None) -> str:
    return "no version" if number is None else f"version {number}"


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
        proposal = _pending(book, model, proposal_id, digest)
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
            evidence=_evidence(proposal, version),
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
