"""The guard of a release: one that does clearly worse is rolled back by itself."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from lifecycle import alerts, evaluation, findings, promotion, registry
from lifecycle.workspace import actors, shadows
from lifecycle.workspace import trial as trials

if TYPE_CHECKING:
    from lifecycle.workspace.view import View

__all__ = ["guard"]


def guard(view: View) -> str | None:
    """Roll back a release that does clearly worse than the version it displaced.

    The experimental version is held against production, and production against the
    previous version: both score the same rows, all that are later than what either
    was trained on and have their outcome, whoever served them. So harm shows before
    a small share of the traffic would tell. What the trial itself says is done then
    (`trial.act`).

    Returns
    -------
    str or None
        One sentence where something was done.
    """
    trial, champion, previous = view.experimental, view.production, view.previous
    if champion is None:
        return None
    serving, other = (champion, previous) if trial is None else (trial, champion)
    if other is None:
        return None
    finding = _compared(view, serving, other)
    if finding is not None and finding.verdict == "alert":
        return _roll_back(view, serving, other, finding)
    return trials.act(view)


def _compared(
    view: View,
    serving: registry.Version,
    other: registry.Version,
) -> findings.Finding | None:
    """Accuracy of one less that of the other, on rows new to both; `None` if few.

    In the order of their predictions: each look adds rows at the end, and a corrected
    outcome keeps its place. By the time they became known, wins that were corrected
    late would stand together.
    """
    rows = view.mature
    for version in (serving, other):
        if version.trained_to is not None:
            rows = rows[rows["time"] > version.trained_to]
    if len(rows) < view.settings.release.guard_min_rows:
        return None
    mine = shadows.scores(view.workspace, view.name, serving, rows)
    theirs = shadows.scores(view.workspace, view.name, other, rows)
    return evaluation.guard(
        rows["outcome"].to_numpy(),
        (mine >= serving.threshold).astype(float),
        (theirs >= other.threshold).astype(float),
        min_n=view.settings.release.guard_min_rows,
    )


def _roll_back(
    view: View,
    bad: registry.Version,
    good: registry.Version,
    finding: findings.Finding,
) -> str:
    reason = (
        f"version {bad.number} does clearly worse than version {good.number} on the "
        f"later rows that both scored: {_difference(finding)}"
    )
    subject = f"version {bad.number}"
    promotion.roll_back(
        view.registry,
        view.name,
        actor=actors.MACHINE.name,
        source="automatic",
        reason=reason,
        at=view.as_of,
        automatic=True,
    )
    alerts.update(
        view.registry,
        view.name,
        findings.Findings("Release", (replace(finding, subject=subject),), reason),
        rule="rollback",
        at=view.as_of,
        owner=view.settings.owner,
        severity="critical",
        words=f"{view.name}: rolled back, {reason}",
    )
    return f"{view.name}: rolled back, {reason}"


def _difference(finding: findings.Finding) -> str:
    return (
        f"accuracy {finding.value:+.1%} [{finding.lower:+.1%}, {finding.upper:+.1%}] "
        f"on {finding.n} rows"
    )
