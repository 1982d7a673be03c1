"""The index page: what the registry and the records say, as plain data for it."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lifecycle import figures, periods
from lifecycle.jobs import index, store
from lifecycle.jobs import record as records
from lifecycle.workspace import lifeline, notices, overview, turns
from lifecycle.workspace.overview import number

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

    Where another process writes it at this moment, that one writes it once more, and
    this one does not wait.

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
    for moment in turns.taken(workspace.directory / ".lifecycle" / "index", as_of):
        _write(workspace, kept, as_of=moment, notes=notes)
    return workspace.reports / "index.html"


def _write(
    workspace: Workspace, kept: Path, *, as_of: datetime, notes: Sequence[str]
) -> None:
    chart = None
    if kept.exists():
        told = json.loads(kept.read_text(encoding="utf-8"))
        chart, notes = figures.Picture(told["svg"], told["alt"]), told["notes"]
    rows, moves = [], {}
    with workspace.registry.at_once():
        for each in overview.status(workspace, as_of=as_of):
            row, moved = _row(workspace, each), lifeline.moved(workspace, each.model)
            lifeline.write(workspace, row, as_of=as_of, history=moved)
            rows.append(row)
            moves[each.model] = moved
    index.write(
        workspace.reports,
        rows,
        title=workspace.settings.workspace.title,
        generated=as_of,
        locale=workspace.settings.workspace.locale,
        history=[move for name in workspace.models for move in moves[name]],
        chart=chart,
        notes=notes,
    )


def _row(workspace: Workspace, told: overview.Status) -> index.Row:
    runs = [run for run in workspace.registry.runs(told.model) if run.directory]
    audit = overview.newest_record(workspace, runs, "audit")
    nan = float("nan")
    newest = told.accuracy
    links = lifeline.reports(runs)
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
        measure=newest.measure if newest else overview.ACCURACY,
        unit="%" if not newest or newest.measure == overview.ACCURACY else newest.unit,
        period=newest.period if newest else "",
        course=_course(audit),
        **_earned(audit, workspace.settings.workspace.timezone),
        alerts=tuple(
            index.AlertLine(
                model=told.model,
                rule=alert.rule,
                sentence=notices.dated(alert),
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
        reports=tuple({each.notebook: each for each in reversed(links)}.values())[::-1],
        last_run=told.last_run,
        next_run=told.next_run,
        path=f"{told.model}/index.html",
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
    """The accuracy of the newest chunks, with what is estimated of those to come."""
    realised = {row.period: number(row.value) for row in lifeline.accuracy(audit)}
    estimated = {
        row.period: number(row.value) for row in lifeline.accuracy(audit, "estimated")
    }
    labels = sorted({*realised, *estimated})
    if len(realised) < 2:
        return None
    return figures.sparkline(
        [realised.get(label, math.nan) for label in labels],
        beside=[estimated.get(label, math.nan) for label in labels],
        name=overview.main_of(audit),
        unit="%" if overview.main_of(audit) == overview.ACCURACY else "",
    )


def _earned(audit: records.Record | None, timezone: str) -> dict[str, Any]:
    """What the newest month with outcomes earned: its chunks together."""
    rows = [
        row
        for row in (audit.rows if audit else ())
        if row.measure == "earned" and row.period and row.value is not None
    ]
    if not rows:
        return {}
    months: dict[str, list[Any]] = {}
    for row in rows:
        start = periods.bounds(row.period, timezone=timezone).start
        months.setdefault(f"{start:%Y-%m}", []).append(row)
    month = max(months)
    inside = sorted(months[month], key=lambda row: row.period)
    total = math.fsum(number(row.value) for row in inside)
    # chunks are independent: their half-widths add in squares
    below = math.hypot(*(number(row.value) - number(row.lower) for row in inside))
    above = math.hypot(*(number(row.upper) - number(row.value) for row in inside))
    first, last = inside[0].period, inside[-1].period
    return {
        "money": total,
        "money_lower": total - below,
        "money_upper": total + above,
        "currency": inside[0].unit,
        "money_period": first if first == last else f"{first} to {last}",
    }
