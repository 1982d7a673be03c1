"""The pages of one model: its life on one time line, versions, reports and moves."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from lifecycle import (
    alerts,
    figures,
    findings,
    markup,
    periods,
    promotion,
    registry,
)
from lifecycle.jobs import index
from lifecycle.jobs import record as records
from lifecycle.workspace import drawn, notices, overview, ownership, pages, unrun
from lifecycle.workspace.overview import number

if TYPE_CHECKING:
    from lifecycle.registry import Entry
    from lifecycle.workspace.desk import Workspace

__all__ = ["accuracy", "beside", "moved", "reports", "write"]

_ACTED = ("recalibrate", "retrain", "rebuild", "roll_back", "fix_data")


def write(
    workspace: Workspace,
    row: index.Row,
    *,
    as_of: datetime,
    history: Sequence[index.MoveLine],
) -> Path:
    """Write the pages of a model below `reports/`.

    Parameters
    ----------
    workspace : Workspace
    row : index.Row
        How the model stands, as on the front page.
    as_of : datetime
        The moment the page speaks of.
    history : sequence of MoveLine
        All that happened to it, as `moved` tells.
    """
    name, book = row.model, workspace.registry
    runs = [run for run in book.runs(name) if run.directory]
    audit = overview.newest_record(workspace, runs, "audit")
    ledger = book.ledger(name)
    whose = ownership.ownership(workspace, name, as_of=as_of)
    pages.place(workspace, name)
    return index.write_model(
        workspace.reports,
        row,
        generated=as_of,
        locale=workspace.settings.workspace.locale,
        life=_life(workspace, name, audit, ledger, as_of) if audit else None,
        versions=_versions(workspace, name, ledger),
        reports=reports(runs),
        history=history,
        facts=list(whose.facts().items()),
    )


def reports(runs: Sequence[registry.Run]) -> list[index.ReportLink]:
    """The way to the report of each run, newest first; of one moment the last run."""
    found: dict[tuple[str, datetime], index.ReportLink] = {}
    for run in runs:
        found.setdefault(
            (run.notebook, run.as_of),
            index.ReportLink(
                notebook=run.notebook,
                as_of=run.as_of,
                path=beside(run),
                verdict=run.verdict,
                status=run.status,
            ),
        )
    return list(found.values())


def beside(run: registry.Run) -> str:
    """A report's path from the directory of the index."""
    return f"{run.directory.removeprefix('reports/')}/{run.notebook}.html"


def accuracy(
    audit: records.Record | None, which: str = "accuracy"
) -> list[findings.Finding]:
    """The accuracy by chunk that an audit recorded, realised or "estimated".

    Of a model of amounts it is the error.
    """
    main = overview.main_of(audit)
    measure, subject = (main, "") if which == "accuracy" else (which, main)
    return [
        findings.Finding(
            row.measure,
            number(row.value),
            row.n,
            number(row.lower),
            number(row.upper),
            number(row.threshold),
            row.verdict,
            row.period,
            unit=row.unit,
        )
        for row in (audit.rows if audit else ())
        if row.measure == measure
        and row.subject == subject
        and row.period
        and row.question in ("", "Performance")
    ]


def moved(workspace: Workspace, name: str) -> list[index.MoveLine]:
    """All that happened to a model: its moves, its alerts, runs that failed."""
    lines = [
        index.MoveLine(
            at=entry.at,
            model=entry.model,
            what=_named(entry),
            who=entry.actor,
            why=entry.reason,
        )
        for entry in workspace.registry.ledger(name)
        if entry.move != "register"
    ]
    for alert in alerts.history(workspace.registry, name):
        lines.append(
            index.MoveLine(
                at=alert.opened_at,
                model=alert.model,
                what=f"alert: {alert.rule}",
                why=notices.dated(alert),
                verdict="alert",
            )
        )
        if alert.closed_at is not None:
            lines.append(
                index.MoveLine(
                    at=alert.closed_at, model=alert.model, what=f"over: {alert.rule}"
                )
            )
    runs = workspace.registry.runs(name)
    lines += [
        index.MoveLine(
            at=run.as_of,
            model=run.model,
            what=f"{run.notebook} {run.status}",
            why=run.summary,
            path=beside(run) if run.directory else "",
            verdict=run.status,
        )
        for run in runs
        if run.ran and run.status != "succeeded"
    ]
    return [*lines, *unrun.lines(runs)]


def _named(entry: Entry) -> str:
    """What a move was, in a few words."""
    if entry.move == promotion.HAND_OVER:
        return f"hand over to {markup.one_line(entry.evidence['to'], most=80)}"
    return f"{entry.move} version {entry.number}" if entry.number else entry.move


def _life(
    workspace: Workspace,
    name: str,
    audit: records.Record,
    ledger: Sequence[Entry],
    as_of: datetime,
) -> figures.Picture | None:
    """The accuracy of the newest year, and below it what was done with the model."""
    main = overview.main_of(audit)
    realised, estimated = accuracy(audit), accuracy(audit, "estimated")
    if not realised:
        return None
    begin = min(row.period for row in realised)
    end = max(row.period for row in (*realised, *estimated))
    end = max(end, _label(workspace, name, as_of))
    done = [
        *_released(workspace, name, ledger),
        *_ruled(workspace, name),
        *_alarmed(workspace, name, until=end),
    ]
    shown = []
    for each in done:
        if (each.until or each.period) >= begin and each.period <= end:
            late = each.period if each.period >= begin else begin
            shown.append(
                figures.Happening(
                    each.lane, late, each.text, each.until, each.mark, each.bad
                )
            )
    return drawn.once(
        workspace,
        name,
        [[asdict(each) for each in told] for told in (realised, estimated, shown)],
        lambda: figures.life(
            realised,
            shown,
            estimated=estimated,
            title=f"{name}: {main.replace('mae', 'mean error')}, and what was done",
            unit="%" if main == overview.ACCURACY else "",
        ),
    )


def _released(
    workspace: Workspace, name: str, ledger: Sequence[Entry]
) -> list[figures.Happening]:
    """Versions that went into production, those rolled back, and trials."""
    found = []
    for entry in ledger:
        now, before = entry.after.get("production"), entry.before.get("production")
        label = _label(workspace, name, entry.at)
        if entry.move == "roll back":
            text = f"version {entry.number} rolled back"
            found.append(
                figures.Happening(
                    "releases", label, text, mark=f"{entry.number}", bad=True
                )
            )
        elif now != before and now is not None:
            text = f"version {now} to production"
            found.append(figures.Happening("releases", label, text, mark=f"{now}"))
        elif entry.after.get("experimental") not in (
            None,
            entry.before.get("experimental"),
        ):
            number = entry.after["experimental"]
            text = f"version {number} on trial"
            found.append(figures.Happening("trials", label, text, mark=f"{number}"))
    return found


def _ruled(workspace: Workspace, name: str) -> list[figures.Happening]:
    """Rulings that asked for something."""
    return [
        figures.Happening(
            "rulings",
            _label(workspace, name, renewal.as_of),
            f"ruling: {str(renewal.ruling['action']).replace('_', ' ')}",
            bad=renewal.ruling["action"] == "fix_data",
        )
        for renewal in workspace.registry.renewals(name)
        if renewal.ruling.get("action") in _ACTED
    ]


def _alarmed(workspace: Workspace, name: str, *, until: str) -> list[figures.Happening]:
    """Alerts, each from its opening to its end, or to now."""
    found = []
    for alert in alerts.history(workspace.registry, name):
        closed = alert.closed_at
        found.append(
            figures.Happening(
                "alerts",
                _label(workspace, name, alert.opened_at),
                f"alert: {alert.rule}",
                until=until if closed is None else _label(workspace, name, closed),
                bad=True,
            )
        )
    return found


def _label(workspace: Workspace, name: str, at: datetime) -> str:
    return periods.chunk_at(
        at,
        every=workspace.model(name).chunk,
        timezone=workspace.settings.workspace.timezone,
    )


def _versions(
    workspace: Workspace, name: str, ledger: Sequence[Entry]
) -> list[index.VersionLine]:
    """Each version, newest first, with when it served and why."""
    served: dict[int, list[str]] = {}
    why: dict[int, str] = {}
    serving, since = None, None
    for entry in ledger:
        if entry.move in ("propose", "fail the gate", "reject", "roll back"):
            why[entry.number or 0] = entry.reason
        now = entry.after.get("production", serving)
        if now == serving:
            continue
        if serving is not None and since is not None:
            served.setdefault(serving, []).append(
                f"{since:%Y-%m-%d} to {entry.at:%Y-%m-%d}"
            )
        serving, since = now, entry.at
    if serving is not None and since is not None:
        served.setdefault(serving, []).append(f"since {since:%Y-%m-%d}")
    cards = workspace.reports / name / "cards"
    return [
        index.VersionLine(
            number=version.number,
            recipe=version.recipe,
            status=version.status,
            trained_to=version.trained_to,
            served=tuple(served.get(version.number, ())),
            why=why.get(version.number, ""),
            path=f"{name}/cards/{version.number}.html"
            if (cards / f"{version.number}.html").is_file()
            else "",
        )
        for version in reversed(workspace.registry.versions(name))
    ]
