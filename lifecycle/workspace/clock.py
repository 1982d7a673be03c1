"""The tick of the clock: watch, guard, run the notebooks that are due, renew."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING

from lifecycle import alerts, findings, hooks, periods
from lifecycle.workspace import (
    chain,
    elsewhere,
    guarding,
    notices,
    rules,
    spooled,
    undecided,
)
from lifecycle.workspace.chain import Tick

if TYPE_CHECKING:
    from lifecycle import jobs
    from lifecycle.workspace.desk import Workspace
    from lifecycle.workspace.view import View

__all__ = ["Tick", "due", "watch"]


def due(
    workspace: Workspace,
    *,
    as_of: datetime,
    models: Sequence[str],
    warm: jobs.Warm | None,
    say: Callable[[str], None],
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
    """
    ticks: list[Tick] = []

    def note(tick: Tick) -> None:
        ticks.append(tick)
        say(tick.text)

    def tell(done: alerts.Delivery | hooks.Delivery) -> None:
        if done.sentence:
            say(done.sentence)

    for name in models or workspace.models:
        for trouble in spooled.settle(workspace, name, at=as_of).troubles:
            say(trouble)
        opened = watch(workspace.view(name, as_of))
        for alert in opened:
            note(Tick(name, "alert", alert.sentence, rule=alert.rule))
        moved = guarding.guard(workspace.view(name, as_of))
        if moved:
            note(Tick(name, "guard", moved))
            tell(elsewhere.deliver(workspace, as_of=as_of))  # before any page is run
        for over in undecided.look(workspace.view(name, as_of)):
            note(Tick(name, "proposal", over))
        wanted = chain.wanted(workspace, name, as_of, alarmed=bool(opened or moved))
        chain.go(workspace, name, as_of, wanted, warm, note)
    if any(tick.run for tick in ticks):
        workspace.refresh_index(as_of=as_of)
    tell(elsewhere.deliver(workspace, as_of=as_of))
    tell(notices.deliver(workspace, as_of=as_of))
    return ticks


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
    accuracy = found.get("accuracy", ())
    judged = [
        row
        for row in accuracy
        if row.measure == "accuracy" and row.verdict != "undefined"
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
