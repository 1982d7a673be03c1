"""The index page: what the registry and the records say, as plain data for it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from lifecycle import alerts, figures, registry
from lifecycle.jobs import index, store
from lifecycle.jobs import record as records
from lifecycle.workspace import notices, overview

if TYPE_CHECKING:
    from lifecycle.workspace.desk import Workspace

__all__ = ["write_index"]


def write_index(
    workspace: Workspace,
    *,
    as_of: datetime,
    chart: figures.Picture | None = None,
    notes: Sequence[str] = (),
) -> Path:
    """Write `reports/index.html`: all models, their reports, alerts and history.

    Parameters
    ----------
    workspace : Workspace
    as_of : datetime
        The moment the page speaks of.
    chart : Picture, optional
        Shown at the top, with the notes below; kept for the pages written later.
    notes : sequence of str
        Sentences about the chart.
    """
    kept = workspace.directory / ".lifecycle" / "chart.json"
    if chart is not None:
        told = {"svg": chart.svg, "alt": chart.alt, "notes": list(notes)}
        store.write(kept, json.dumps(told))
    elif kept.exists():
        told = json.loads(kept.read_text(encoding="utf-8"))
        chart, notes = figures.Picture(told["svg"], told["alt"]), told["notes"]
    rows = [_row(workspace, each) for each in overview.status(workspace, as_of=as_of)]
    return index.write(
        workspace.reports,
        rows,
        title=workspace.settings.workspace.title,
        generated=as_of,
        history=_history(workspace),
        chart=chart,
        notes=notes,
    )


def _row(workspace: Workspace, told: overview.Status) -> index.Row:
    runs = [run for run in workspace.registry.runs(told.model) if run.directory]
    audit = overview.newest_record(workspace, runs, "audit")
    nan = float("nan")
    newest = told.accuracy
    return index.Row(
        model=told.model,
        owner=told.owner,
        verdict=told.verdict,
        production=f"version {told.production}" if told.production else "",
        since=_since(workspace, told),
        value=newest.value if newest else nan,
        lower=newest.lower if newest else nan,
        upper=newest.upper if newest else nan,
        n=newest.n if newest else 0,
        period=newest.period if newest else "",
        course=_course(audit),
        alerts=tuple(
            index.AlertLine(
                model=told.model,
                rule=alert.rule,
                sentence=alert.sentence,
                opened_at=alert.opened_at,
                severity=alert.severity,
                owner=alert.owner,
                acknowledged_by=alert.acknowledged_by or "",
                also=notices.asked(alert, silent=told.silent.get(alert.id)),
            )
            for alert in told.alerts
        ),
        pending=tuple(
            f"Version {each.number} is proposed for {each.target}: {each.reason}"
            for each in told.pending
        ),
        reports=tuple(_newest_reports(workspace, runs)),
        next_run=told.next_run,
    )


def _since(workspace: Workspace, told: overview.Status) -> str:
    version = told.production
    if version is None:
        return ""
    for entry in reversed(workspace.registry.ledger(told.model)):
        now, before = entry.after.get("production"), entry.before.get("production")
        if now == version and before != version:
            return f"since {entry.at:%Y-%m-%d}"
    return ""


def _course(audit: records.Record | None) -> figures.Picture | None:
    if audit is None:
        return None
    rows = [row for row in audit.rows if row.measure == "accuracy"]
    values = [
        float("nan") if row.value is None else row.value
        for row in sorted(rows, key=lambda row: row.period)
    ]
    if len(values) < 2:
        return None
    return figures.sparkline(values, name="accuracy", unit="%")


def _newest_reports(
    workspace: Workspace, runs: Sequence[registry.Run]
) -> list[index.ReportLink]:
    newest: dict[str, registry.Run] = {}
    for run in runs:  # newest first
        newest.setdefault(run.notebook, run)
    return [
        index.ReportLink(
            notebook=run.notebook,
            as_of=run.as_of,
            path=_beside(run),
            verdict=run.verdict,
            status=run.status,
        )
        for run in newest.values()
    ]


def _beside(run: registry.Run) -> str:
    """A report's path from the directory of the index."""
    return f"{run.directory.removeprefix('reports/')}/{run.notebook}.html"


def _history(workspace: Workspace) -> list[index.MoveLine]:
    lines = [
        index.MoveLine(
            at=entry.at,
            model=entry.model,
            what=f"{entry.move} version {entry.number}" if entry.number else entry.move,
            who=entry.actor,
            why=entry.reason,
        )
        for entry in workspace.registry.ledger()
        if entry.move != "register"
    ]
    for alert in alerts.history(workspace.registry):
        lines.append(
            index.MoveLine(
                at=alert.opened_at,
                model=alert.model,
                what=f"alert: {alert.rule}",
                why=alert.sentence,
                verdict="alert",
            )
        )
        if alert.closed_at is not None:
            lines.append(
                index.MoveLine(
                    at=alert.closed_at, model=alert.model, what=f"over: {alert.rule}"
                )
            )
    lines += [
        index.MoveLine(
            at=run.as_of,
            model=run.model,
            what=f"{run.notebook} {run.status}",
            why=run.summary,
            path=_beside(run),
            verdict=run.status,
        )
        for run in workspace.registry.runs()
        if run.status not in ("succeeded", "claimed")
    ]
    return lines
