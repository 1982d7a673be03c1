"""Proposals that wait too long: somebody is told, and in the end they are over."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lifecycle import alerts, promotion
from lifecycle.findings import Finding, Findings
from lifecycle.workspace import actors

if TYPE_CHECKING:
    from lifecycle.registry import Proposal
    from lifecycle.workspace.view import View

__all__ = ["RULE", "look"]

RULE = "undecided"
_DAY = 86_400.0


def look(view: View) -> list[str]:
    """End what nobody decided in time; an alert for what has waited long.

    The owner is told once, and the deputy where the owner does not take it on, as of
    any alert; it closes when the proposal is decided or over. Where the time to decide
    is short the alert comes at half of it.

    Parameters
    ----------
    view : View

    Returns
    -------
    list of str
        What was ended, a sentence each.
    """
    over = promotion.expire(
        view.registry, view.name, actor=actors.MACHINE.name, at=view.as_of
    )
    waiting = promotion.pending(view.registry, view.name)
    release = view.settings.release
    limit = min(release.remind_after_days, release.decide_within_days / 2)
    rows = [_waits(view, each, limit) for each in waiting]
    subjects = {row.subject for row in rows}
    rows += [
        Finding("days", 0.0, 1, threshold=limit, verdict="quiet", subject=each.subject)
        for each in alerts.open_alerts(view.registry, view.name)
        if each.rule == RULE and each.subject not in subjects
    ]
    for row in rows:
        alerts.update(
            view.registry,
            view.name,
            Findings("Undecided", (row,)),
            rule=RULE,
            at=view.as_of,
            owner=view.settings.owner,
            severity="warning",
            words=_words(view, row, waiting) if row.verdict == "alert" else "",
        )
    return [move.sentence for move in over]


def _waits(view: View, proposal: Proposal, limit: float) -> Finding:
    days = (view.as_of - proposal.created_at).total_seconds() / _DAY
    return Finding(
        "days",
        days,
        1,
        threshold=limit,
        verdict="alert" if days >= limit else "quiet",
        subject=f"proposal {proposal.id}",
    )


def _words(view: View, row: Finding, waiting: list[Proposal]) -> str:
    found = next(each for each in waiting if row.subject == f"proposal {each.id}")
    given = len(view.registry.approvals(view.name, found.id))
    told = (
        f"{view.name}: version {found.number} waits for a decision since "
        f"{found.created_at:%Y-%m-%d} (proposal {found.id}"
    )
    if found.needed > 1:
        told += f", {given} of {found.needed} approvals"
    told += ")"
    may = view.settings.release.approvers
    if may:
        told += f"; {', '.join(may)} may approve it"
    if found.expires_at is not None:
        told += f"; nobody can decide it after {found.expires_at:%Y-%m-%d}"
    return told
