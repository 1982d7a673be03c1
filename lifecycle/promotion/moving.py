"""Moves of roles: what every move does in its transaction, widen and roll back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from lifecycle import errors, markup, people
from lifecycle.promotion.standing import Standing
from lifecycle.registry.records import VERIFIED

if TYPE_CHECKING:
    from lifecycle.registry import Entry, Proposal, Registry, Role, Version
    from lifecycle.registry.writing import Writing

__all__ = [
    "Move",
    "allowed",
    "carry_out",
    "decided",
    "differs",
    "roll_back",
    "said",
    "settle",
    "widen",
]


@dataclass(frozen=True, slots=True)
class Move:
    """A move that was made: what it says, the roles after it, its ledger row.

    Parameters
    ----------
    sentence : str
        What happened, for the screen.
    model : str
        Of which model.
    number : int
        The version it was about.
    roles : mapping of str to Role
        After the move.
    entry : Entry
        The ledger's row.
    proposal : Proposal, optional
        As decided by the move.
    """

    sentence: str
    model: str
    number: int
    roles: Mapping[str, Role]
    entry: Entry
    proposal: Proposal | None = None

    def __repr__(self) -> str:
        return f"<Move {self.sentence}>"


def said(person: str, reason: str) -> tuple[str, str]:
    """Who speaks (in one line) and why.

    Raises
    ------
    IllegalMove
        When nothing of either can be seen, or one is longer than anybody reads.
    """
    name = " ".join(str(person or "").replace("\x00", " ").split())
    why = str(reason or "").replace("\x00", " ").strip()
    for what, words, most in (("name", name, 300), ("reason", why, 10_000)):
        if not any(c.isprintable() and not c.isspace() for c in words):
            raise errors.IllegalMove(f"the {what} is missing; say it in a few words")
        if len(words) > most:
            raise errors.IllegalMove(
                f"the {what} has {len(words):,} characters, at most {most:,} are kept; "
                "say it in a few words"
            )
    return name, why


def differs(one: str, other: str, *, verb: str, approvers: Sequence[str] = ()) -> None:
    """Two persons: refuse when both names are the same person's."""
    mine, theirs = (people.meant(each, approvers) or each for each in (one, other))
    if people.same(mine, theirs):
        raise errors.NotAllowed(
            f"{one} proposed it, and {verb} takes a second person; ask another one"
        )


def allowed(
    person: str, source: str, *, approvers: Sequence[str], verified: bool
) -> None:
    """Refuse whoever may not approve, or whose name nobody vouches for.

    Examples
    --------
    >>> allowed("Ana", "hub", approvers=["Ana", "Ben"], verified=True)
    >>> allowed("Eve", "hub", approvers=["Ana", "Ben"], verified=True)
    Traceback (most recent call last):
    lifecycle.errors.NotAllowed: Eve may not decide it; Ana or Ben may
    """
    if approvers and people.meant(person, approvers) is None:
        may = " or ".join(filter(None, [", ".join(approvers[:-1]), approvers[-1]]))
        raise errors.NotAllowed(f"{person} may not decide it; {may} may")
    if verified and source not in VERIFIED:
        raise errors.NotAllowed(
            f"nobody vouches for the name {person}; decide it where you are signed in, "
            "in JupyterHub or behind the proxy of the settings"
        )


def decided(proposal: Proposal) -> errors.AlreadyDecided:
    """The error for a proposal that is not pending any more."""
    when = f"{proposal.decided_at:%Y-%m-%d %H:%M} UTC" if proposal.decided_at else ""
    return errors.AlreadyDecided(
        f"proposal {proposal.id} of {proposal.model} was {proposal.status} by "
        f"{proposal.decided_by} on {when}; propose again to decide again"
    )


def settle(book: Writing, before: Standing, after: Standing) -> None:
    """Write the roles; whoever got one loses its mark, whoever left is retired.

    A shadow serves nothing: it keeps the mark it had, "rolled back" for one.
    """
    assert after.production is not None
    book.set_roles(
        after.model,
        production=after.production,
        previous=after.previous,
        experimental=after.experimental,
        share=after.share,
        shadow=after.shadow,
    )
    had, has = before.serving, after.serving
    for number in has - had:
        book.mark(after.model, number, "")
    for number in had - has:
        book.mark(after.model, number, "retired")


def carry_out(
    book: Writing,
    before: Standing,
    after: Standing,
    version: Version,
    move: str,
    *,
    actor: str,
    source: str,
    reason: str,
    at: datetime,
    sentence: str,
    evidence: Mapping[str, Any],
) -> Move:
    """The new roles and the ledger's row of a move, inside the caller's transaction."""
    settle(book, before, after)
    entry = book.enter(
        after.model,
        move,
        actor=actor,
        source=source,
        reason=reason,
        at=at,
        number=version.number,
        evidence={"artefact_sha256": version.sha256, **evidence},
        before=before.facts(),
        after=after.facts(),
    )
    roles = book.roles(after.model)
    return Move(sentence, after.model, version.number, roles, entry)


def widen(
    registry: Registry,
    model: str,
    *,
    share: float = 1.0,
    actor: str,
    source: str = "given",
    reason: str,
    at: datetime,
    two_persons: bool = False,
    approvers: Sequence[str] = (),
    verified: bool = False,
    approvals: int = 1,
    alone_up_to: float = 0.0,
    unattended: bool = False,
    number: int | None = None,
    evidence: Mapping[str, Any] | None = None,
) -> Move:
    """Give the version on trial more traffic; with all of it, it is promoted.

    Where several persons must approve, one alone widens it up to a share that was set
    beforehand. More takes a proposal, which they approve as they do a release.

    Parameters
    ----------
    registry : Registry
        The book.
    model : str
        Whose trial.
    share : float
        Above the present share, up to 1.
    actor, source, reason : str
        Who, how that is known, and why.
    at : datetime
        Now, with a zone.
    two_persons : bool
        The actor may not be who proposed the version.
    approvers, verified
        Who may, as in `approve`.
    approvals : int
        How many persons must approve a proposal.
    alone_up_to : float
        The share up to which one person widens where it takes several; below 1.
    unattended : bool
        A run without a person, which may not widen.
    number : int, optional
        The version that was looked at: another one is given nothing.
    evidence : mapping, optional
        What it rests on.

    Raises
    ------
    IllegalMove
        Without a trial, without a reason, or to a share that is not more.
    NotAllowed
        In unattended runs, for one's own proposal with `two_persons`, for whoever
        is not among the approvers, and for more than one person alone may give.
    Stale
        When another version than `number` is on trial.
    """
    actor, reason = said(actor, reason)
    if unattended:
        raise errors.NotAllowed(
            f"widening the trial of {model} takes a person; this run has none"
        )
    allowed(actor, source, approvers=approvers, verified=verified)
    with registry.atomic() as book:
        before = Standing.of(model, book.roles(model))
        after, tried = before.widen(share), before.experimental
        assert tried is not None
        if number not in (None, tried):
            raise errors.Stale(
                f"version {number} of {model} was looked at, and version {tried} is on "
                "trial now; look again"
            )
        if approvals > 1 and (share == 1 or share > alone_up_to):
            how = "for production" if share == 1 else "with that share"
            raise errors.NotAllowed(
                f"{markup.traffic(share)} of the traffic for version {tried} of "
                f"{model} takes {approvals} persons; propose it {how}"
            )
        version = book.version(model, tried)
        registry.check(version)
        if two_persons:
            for proposal in book.proposals(model, status="approved"):
                if proposal.number == tried:
                    differs(
                        proposal.author, actor, verb="widening", approvers=approvers
                    )
        return carry_out(
            book,
            before,
            after,
            version,
            "widen",
            actor=actor,
            source=source,
            reason=reason,
            at=at,
            sentence=f"version {tried} of {model} now has {markup.traffic(share)} of "
            "the traffic",
            evidence=evidence or {},
        )


def roll_back(
    registry: Registry,
    model: str,
    *,
    actor: str,
    source: str = "given",
    reason: str,
    at: datetime,
    automatic: bool = False,
    to: int | None = None,
    number: int | None = None,
    evidence: Mapping[str, Any] | None = None,
) -> Move:
    """End the trial, or put the previous version back into production.

    The version given up is marked "rolled back": its pending proposals are
    withdrawn, and it is not proposed again automatically.

    Parameters
    ----------
    registry : Registry
        The book.
    model : str
        Which model.
    actor, source, reason : str
        Who (a guard has a name too), how that is known, and why.
    at : datetime
        Now, with a zone.
    automatic : bool
        Nobody stands behind it; then `to` may not be a version that was itself
        rolled back.
    to : int, optional
        The version to return to, instead of the previous one; one that was in
        production before. Every other one takes an approval.
    number : int, optional
        The version that was judged: where another one would be given up now, nothing
        is.
    evidence : mapping, optional
        The numbers behind it.

    Raises
    ------
    Stale
        When another version than `number` would be given up.
    IllegalMove
        When there is nothing to return to, or `to` was never in production.
    ArtefactError
        When the stored model to return to is missing or altered.
    """
    actor, reason = said(actor, reason)
    with registry.atomic() as book:
        before = Standing.of(model, book.roles(model))
        bad, after = before.roll_back(to)
        if number not in (None, bad):
            raise errors.Stale(
                f"version {number} of {model} was judged, and version {bad} would be "
                "rolled back now; look again"
            )
        if after.production != before.production:
            target = book.version(model, after.production or 0)
            served = {entry.after.get("production") for entry in book.ledger(model)}
            if target.number not in served:
                raise errors.IllegalMove(
                    f"version {target.number} of {model} was never in production; "
                    "propose it, nobody has approved it yet"
                )
            if automatic and target.status == "rolled back":
                raise errors.NotAllowed(
                    f"version {target.number} of {model} was rolled back itself; "
                    "only a person may return to it"
                )
            registry.check(target)
        move = carry_out(
            book,
            before,
            after,
            book.version(model, bad),
            "roll back",
            actor=actor,
            source=source,
            reason=reason,
            at=at,
            sentence=f"version {bad} of {model} was rolled back; "
            f"version {after.production} has all the traffic",
            evidence={"automatic": automatic, **(evidence or {})},
        )
        book.mark(model, bad, "rolled back")
        for proposal in book.proposals(model, status="pending"):
            if proposal.number == bad:
                why = f"version {bad} was rolled back: {reason}"
                book.decide(proposal, "withdrawn", by=actor, reason=why, at=at)
                book.enter(
                    model,
                    "withdraw",
                    actor=actor,
                    source=source,
                    reason=why,
                    at=at,
                    number=bad,
                    proposal=proposal.id,
                    before=after.facts(),
                    after=after.facts(),
                )
        return move
