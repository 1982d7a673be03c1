"""The guard of a release: one that does clearly worse is rolled back by itself."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from lifecycle import alerts, evaluation, findings, promotion, registry
from lifecycle.workspace import intake
from lifecycle.workspace.renewal import AUTHOR

if TYPE_CHECKING:
    from lifecycle.workspace.view import View

__all__ = ["guard"]


def guard(view: View) -> str | None:
    """Roll back a release that does clearly worse than the version it displaced.

    The experimental version is held against production on the rows it served; a
    version in production against the previous one, on the rows since it went live.
    A clearly better experimental version is proposed for production.

    Returns
    -------
    str or None
        One sentence where something was done.
    """
    registry_, name = view.registry, view.name
    trial, champion = view.experimental, view.production
    if trial is not None and champion is not None:
        finding = _guarded(view, serving=trial, other=champion)
        if finding is None:
            return None
        if finding.verdict == "alert":
            return _roll_back(view, trial, champion, finding)
        waiting = {each.number for each in promotion.pending(registry_, name)}
        if finding.lower > 0 and trial.number not in waiting:
            made = promotion.propose(
                registry_,
                name,
                trial.number,
                target="production",
                share=view.settings.release.canary_share,
                author=AUTHOR,
                reason=f"the trial did better: {_difference(finding)}",
                evidence={"passed": True, "gate": _difference(finding)},
                at=view.as_of,
                automatic=True,
            )
            return (
                f"{name}: version {trial.number} did better on its share of the "
                f"traffic; proposal {made.id} asks for production"
            )
        return None
    if champion is not None and view.previous is not None:
        finding = _guarded(view, serving=champion, other=view.previous)
        if finding is not None and finding.verdict == "alert":
            return _roll_back(view, champion, view.previous, finding)
    return None


def _guarded(
    view: View, *, serving: registry.Version, other: registry.Version
) -> findings.Finding | None:
    rows = view.mature
    rows = rows[rows["version"] == str(serving.number)]
    rows = rows.sort_values(["known_at", "id"], kind="stable")  # new rows come last
    if len(rows) < view.settings.release.guard_min_rows:
        return None
    theirs = intake.scores_of(view.workspace, view.name, other, rows)
    return evaluation.guard(
        rows["outcome"].to_numpy(),
        rows["prediction"].to_numpy(),
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
        f"rows it served: {_difference(finding)}"
    )
    subject = f"version {bad.number}"
    promotion.roll_back(
        view.registry,
        view.name,
        actor=AUTHOR,
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
