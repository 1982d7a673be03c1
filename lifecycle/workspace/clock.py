"""The tick of the clock: watch, guard, run the notebooks that are due, renew."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING

from lifecycle import alerts, findings, hooks, periods
from lifecycle.workspace import elsewhere, notices, rules, ticking
from lifecycle.workspace.chain import Tick

if TYPE_CHECKING:
    from lifecycle import jobs
    from lifecycle.workspace.desk import Workspace
    from lifecycle.workspace.view import View

__all__ = ["Tick", "close", "due", "watch"]


def due(
    workspace: Workspace,
    *,
    as_of: datetime,
    models: Sequence[str],
    warm: jobs.Warm | None,
    say: Callable[[str], None],
    pages: Sequence[str] = (),
) -> list[Tick]:
    """Do for each model what is due at `as_of`, once.

    Performance and drift are looked at first; a new alert makes all four notebooks
    due (where the settings say so), a release that does clearly worse is rolled
    back, and a ruling to renew becomes a proposal that waits for a person, or goes live
    within the bounds of the settings. What another process left unfinished is finished.

    Parameters
    ----------
    workspace : Workspace
    as_of : datetime
    models : sequence of str
        All where empty.
    warm : jobs.Warm, optional
    say : callable
        Told each step in one sentence.
    pages : sequence of str
        Of those that are due only these; all where empty, and when an alert opens.
    """
    ticks: list[Tick] = []

    def note(tick: Tick) -> None:
        ticks.append(tick)
        say(tick.text)

    for name in models or workspace.models:
        ticking.go(workspace, name, as_of=as_of, warm=warm, note=note, pages=pages)
    close(workspace, ticks, as_of=as_of, say=say)
    return [tick for tick in ticks if tick.kind != "word"]


def close(
    workspace: Workspace,
    ticks: Iterable[Tick],
    *,
    as_of: datetime,
    say: Callable[[str], None],
) -> None:
    """Do what all models share, after the ticks: the index, and what is to be told."""
    if any(tick.run for tick in ticks):
        workspace.refresh_index(as_of=as_of)
    done: Sequence[alerts.Delivery | hooks.Delivery] = (
        elsewhere.deliver(workspace, as_of=as_of),
        notices.deliver(workspace, as_of=as_of),
    )
    for each in done:
        if each.sentence:
            say(each.sentence)


def watch(view: View) -> list[alerts.Alert]:
    """Hold every rule against the view's moment; newly opened alerts.

    Before the first prediction is served only silence can be wrong. Whoever has not
    taken an alert on in time is reminded, or a second person told.
    """
    told, opened = view.settings.watched, []
    if view.scored.empty:
        told = {
            name: rule
            for name, rule in told.items()
            if rules.LOOKS.get(rule.watch) == "aside"
        }
    found = rules.watch(view, told)
    main = found.get("accuracy" if view.task.judges else "error", ())
    judged = [
        row
        for row in main
        if row.measure in (view.task.main, f"{view.task.main} drop")
        and row.verdict != "undefined"
    ]
    _end_of_rollback(view, judged)
    lasting = {each.rule for each in alerts.open_alerts(view.registry, view.name)}
    for name, rows in found.items():
        rule = told[name]
        opened += alerts.update(
            view.registry,
            view.name,
            rows,
            rule=name,
            at=view.as_of,
            owner=view.settings.owner,
            severity=rule.severity,
            words=rows.summary and f"{view.name}: {rows.summary}",
            close_after=rule.close_after or 1,
            margin=rule.margin,
            report=notices.report_link(view, rule.watch, new=name not in lasting),
        )
    notices.chase(view, new=bool(opened))
    return opened


def _end_of_rollback(view: View, judged: Sequence[findings.Finding]) -> None:
    """A rollback is over when the version put back has shown itself on a new chunk."""
    for alert in alerts.open_alerts(view.registry, view.name):
        if alert.rule != "rollback" or not judged:
            continue
        newest = judged[-1]
        began = periods.bounds(newest.period, timezone=view.timezone).start
        if newest.verdict == "quiet" and began >= alert.opened_at:
            alerts.update(
                view.registry,
                view.name,
                findings.Findings("", (replace(newest, subject=alert.subject),)),
                rule="rollback",
                at=view.as_of,
                owner=view.settings.owner,
            )
