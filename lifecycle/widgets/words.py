"""What waits for a decision, in words: sentences, facts, the commands that decide."""

from __future__ import annotations

import re
from collections.abc import Sequence

from lifecycle import markup, registry
from lifecycle.widgets.static import Static

__all__ = ["commands", "facts", "given", "proposal", "short", "target", "waiting"]


def waiting(proposed: registry.Proposal | None) -> str:
    """What waits for a decision, in one sentence.

    Examples
    --------
    >>> waiting(None)
    'Nothing is proposed: there is nothing to decide.'
    """
    if proposed is None:
        return "Nothing is proposed: there is nothing to decide."
    gate = str(proposed.evidence.get("gate", "")).strip()
    words = (
        f"Version {proposed.number} is proposed for {target(proposed)} by "
        f"{proposed.author} and waits for a decision"
    )
    return f"{words}: {short(gate)}" if gate else words + "."


def short(gate: str) -> str:
    """The first two sentences; where there are more, how many."""
    sentences = re.split(r"(?<=\.)\s+(?=[A-Z])", gate)
    if len(sentences) <= 2:
        return gate
    return f"{' '.join(sentences[:2])} There are {len(sentences) - 2} more reasons."


def facts(proposed: registry.Proposal | None) -> dict[str, object]:
    """What waits as plain values for a result record, with the command that decides.

    Examples
    --------
    >>> facts(None)
    {}
    """
    if proposed is None:
        return {}
    return {
        "proposal": proposed.id,
        "version": proposed.number,
        "next": f"Decide in promote.ipynb in JupyterLab, or: {commands(proposed)}",
    }


def commands(proposed: registry.Proposal) -> str:
    """The commands that decide it, between backticks."""
    shown = proposed.digest[:12]
    about = f'{proposed.model} {proposed.id} --digest {shown} --reason "…"'
    return f"`lifecycle approve {about}` or `lifecycle reject {about}`."


def proposal(
    proposed: registry.Proposal | None, approvals: Sequence[registry.Approval] = ()
) -> Static:
    """What is proposed, by whom and why, as a card; with who has approved it so far."""
    if proposed is None:
        return Static(markup.paragraph(waiting(None)), waiting(None))
    facts: dict[str, object] = {
        "Version": proposed.number,
        "For": target(proposed),
        "Proposed by": proposed.author,
        "Reason": proposed.reason,
        "Gate": "passed" if proposed.evidence.get("passed") else "not passed",
        "Evidence": short(str(proposed.evidence.get("gate") or "–")),
        "Trained on": proposed.evidence.get("trained_on", "–"),
        "Digest": proposed.digest[:16],
    }
    if proposed.needed > 1:
        facts["Approvals"] = given(proposed, approvals)
    if proposed.expires_at is not None:
        facts["Decide by"] = f"{proposed.expires_at:%Y-%m-%d %H:%M} UTC"
    if proposed.decided_at is not None:
        facts["Decision"] = (
            f"{proposed.status} by {proposed.decided_by} on "
            f"{proposed.decided_at:%Y-%m-%d %H:%M} UTC: {proposed.decision_reason}"
        )
    return Static(markup.card(f"Proposal {proposed.id}", facts), waiting(proposed))


def given(proposed: registry.Proposal, approvals: Sequence[registry.Approval]) -> str:
    """How many have approved it, who, and how their names are known."""
    told = f"{len(approvals)} of {proposed.needed}"
    if not approvals:
        return told
    names = [
        f"{each.approver} ({each.source}, {'' if each.verified else 'not '}verified)"
        for each in approvals
    ]
    return f"{told}: {', '.join(names)}"


def target(proposed: registry.Proposal) -> str:
    """What it is proposed for."""
    if proposed.target == "experimental":
        return f"{markup.traffic(proposed.share)} of the traffic"
    return "production"
