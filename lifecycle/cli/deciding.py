"""The commands about a proposal: made, looked at, and decided as it was shown."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from lifecycle import markup
from lifecycle.cli import commands, say
from lifecycle.cli.commands import AsOf, ModelName, Person, Reason, app

if TYPE_CHECKING:
    from lifecycle.registry import Approval, Proposal
    from lifecycle.workspace import Workspace

__all__ = ["app"]

Proposed = Annotated[
    int | None,
    typer.Argument(metavar="[PROPOSAL]", help="the one that waits, if left out"),
]
Digest = Annotated[
    str | None, typer.Option(help="of what you looked at, its first 8 signs or more")
]


@app.command()
def propose(
    model: ModelName,
    version: Annotated[int, typer.Argument()],
    reason: Reason,
    share: Annotated[
        float | None,
        typer.Option(help="of the traffic, as a trial, or more for the one on trial"),
    ] = None,
    as_of: AsOf = None,
    person: Person = None,
) -> None:
    """Ask for a version to go live; it waits for an approval."""
    made = commands.opened().propose(
        model,
        version,
        reason=reason,
        target="production" if share is None else "experimental",
        share=share,
        as_of=as_of,
        by=person,
    )
    _show(made)


@app.command()
def approve(
    model: ModelName,
    reason: Reason,
    proposal: Proposed = None,
    share: Annotated[
        float | None, typer.Option(help="start with a share of the traffic")
    ] = None,
    digest: Digest = None,
    as_of: AsOf = None,
    person: Person = None,
) -> None:
    """Approve what is proposed: with the last approval needed it goes live at once.

    Without the digest of what you looked at, it is shown here and you are asked.
    """
    ws = commands.opened()
    asked = ws.registry.proposal(model, ws.pending(model, proposal))
    given = digest or _looked_at(ws, asked, person)
    if digest and not asked.evidence.get("passed", True):
        say.complain(_gate(asked))
    done = ws.approve(
        model,
        asked.id,
        reason=reason,
        target=None if share is None else "experimental",
        share=share,
        digest=given,
        as_of=as_of,
        by=person,
    )
    word = "approved" if done.entry.move == "approve" else "your approval counts"
    say.show(f"{word}: {done.sentence}")


@app.command()
def reject(
    model: ModelName,
    reason: Reason,
    proposal: Proposed = None,
    digest: Digest = None,
    as_of: AsOf = None,
    person: Person = None,
) -> None:
    """Reject what is proposed; the roles stay as they are."""
    done = commands.opened().reject(
        model, proposal, reason=reason, digest=digest, as_of=as_of, by=person
    )
    say.show(f"rejected: {done.sentence}")


@app.command()
def withdraw(
    model: ModelName,
    reason: Reason,
    proposal: Proposed = None,
    as_of: AsOf = None,
    person: Person = None,
) -> None:
    """Take a proposal back; the roles stay as they are."""
    ws = commands.opened()
    moved = ws.withdraw(model, proposal, reason=reason, by=person, as_of=as_of)
    say.show(moved.sentence)


@app.command()
def whoami(person: Person = None) -> None:
    """Who you are for the ledger, and how well that is known."""
    say.show(str(commands.opened().who(person)))


def _looked_at(ws: Workspace, asked: Proposal, person: str | None) -> str:
    """The digest of what is shown now, where the person says yes to it."""
    from lifecycle import errors

    if asked.status != "pending":
        return asked.digest  # the move says by whom it was decided
    _show(asked, ws.registry.approvals(asked.model, asked.id))
    answer = say.ask(f"Approve it as {ws.who(person)}? Type yes: ")
    if answer is None:
        raise errors.IllegalMove(
            f"nobody is at the terminal to look at proposal {asked.id} of "
            f"{asked.model}; add --digest {asked.digest[:12]} once somebody has"
        )
    if answer.strip().casefold() != "yes":
        raise errors.IllegalMove(
            f"proposal {asked.id} of {asked.model} waits as before; type yes to "
            "approve it"
        )
    return asked.digest


def _show(asked: Proposal, approvals: Sequence[Approval] = ()) -> None:
    """What a person decides on, line by line."""
    role = "production"
    if asked.target != "production":
        role = f"a trial with {markup.traffic(asked.share)} of the traffic"
    against = "none serves now"
    if asked.against is not None:
        against = f"compared with version {asked.against}"
    say.show(
        f"proposal {asked.id} of {asked.model}: version {asked.number} for {role}, "
        f"{against}"
    )
    lines = {
        "by": f"{asked.author}, {asked.created_at:%Y-%m-%d %H:%M} UTC: {asked.reason}",
        "gate": _gate(asked),
        "trained on": asked.evidence.get("trained_on"),
        "needs": _needs(asked, approvals),
        "digest": asked.digest[:12],
    }
    for name, told in lines.items():
        if told:
            say.show(f"  {name:<10}  {' '.join(str(told).split())}")


def _gate(asked: Proposal) -> str:
    told = str(asked.evidence.get("gate") or "")
    if asked.evidence.get("passed", True):
        return told
    return f"NOT PASSED. {told}".strip()


def _needs(asked: Proposal, approvals: Sequence[Approval]) -> str:
    told = "an approval" if asked.needed == 1 else f"{asked.needed} approvals"
    if approvals:
        told += f", given by {', '.join(each.approver for each in approvals)}"
    until = asked.expires_at
    return told if until is None else f"{told}, until {until:%Y-%m-%d %H:%M} UTC"
