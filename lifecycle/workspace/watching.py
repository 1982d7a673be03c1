"""The workspace's verbs for whoever watches: alerts taken on, what needs a person."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, cast

if TYPE_CHECKING:
    from lifecycle.findings import Findings
    from lifecycle.registry import Alert, Entry
    from lifecycle.workspace.desk import Workspace
    from lifecycle.workspace.overview import Status
    from lifecycle.workspace.triaging import Decision, Triaged

__all__ = ["AlertLine", "Watching"]


@dataclass(frozen=True, slots=True)
class AlertLine:
    """An open alert as a person is shown it.

    Parameters
    ----------
    id : int
    model, rule, severity, owner : str
    opened_at : datetime
        UTC.
    state : str
        Who has it, who was asked, and until when nobody is told.
    sentence : str
        What is wrong, with the moment of the numbers.
    taken : bool
        Whether somebody has taken it on.
    report : str
        Of the evidence: a path from the workspace, or an address; empty for none.
    """

    id: int
    model: str
    rule: str
    severity: str
    owner: str
    opened_at: datetime
    state: str
    sentence: str
    taken: bool
    report: str


class Watching:
    """What a person can do about alerts, and what is to be looked at first."""

    def acknowledge(
        self,
        id: int,
        *,
        by: str | None = None,
        as_of: datetime | str | None = None,
    ) -> Alert:
        """Take an alert on; see `alerts.acknowledge`."""
        from lifecycle.workspace import notices

        return notices.acknowledge(cast("Workspace", self), id, by=by, as_of=as_of)

    def silence(
        self,
        name: str,
        rule: str,
        *,
        until: datetime | str,
        reason: str,
        by: str | None = None,
        as_of: datetime | str | None = None,
    ) -> Entry:
        """Tell nobody of a rule until a date; see `alerts.silence`."""
        from lifecycle.workspace import notices

        return notices.silence(
            cast("Workspace", self),
            name,
            rule,
            until=until,
            reason=reason,
            by=by,
            as_of=as_of,
        )

    def alert_lines(
        self, name: str | None = None, *, as_of: datetime | str | None = None
    ) -> list[AlertLine]:
        """Open alerts of one model or of all: those nobody has first, then the oldest.

        Parameters
        ----------
        name : str, optional
            The model.
        as_of : datetime or ISO text, optional
            The moment whose silences hold.
        """
        from lifecycle.workspace import notices

        ws = cast("Workspace", self)
        at = ws.moment(as_of)
        report = functools.cache(lambda model, rule: _report(ws, model, rule, at))
        found = [
            AlertLine(
                id=each.id,
                model=each.model,
                rule=each.rule,
                severity=each.severity,
                owner=each.owner,
                opened_at=each.opened_at,
                state=notices.state(
                    each, silent=notices.silent_until(ws, each, as_of=at)
                ),
                sentence=notices.dated(each),
                taken=each.acknowledged_by is not None,
                report=report(each.model, each.rule),
            )
            for each in notices.episodes(ws, name)
            if each.model in ws.models
        ]
        return sorted(found, key=lambda line: (line.taken, line.opened_at, line.id))

    def triage(
        self,
        name: str,
        ids: Sequence[str],
        decision: Decision,
        *,
        reason: str,
        label: float | str | None = None,
        by: str | None = None,
        as_of: datetime | str | None = None,
    ) -> Triaged:
        """Accept, refuse or correct what people said; see `triaging.triage`."""
        from lifecycle.workspace import triaging

        return triaging.triage(
            cast("Workspace", self),
            name,
            ids,
            decision,
            reason=reason,
            label=label,
            by=by,
            as_of=as_of,
        )

    def links(self, name: str) -> list[tuple[str, str]]:
        """What is written about a model: its page, and the newest report of each page.

        Parameters
        ----------
        name : str
            The model.

        Returns
        -------
        list of (str, str)
            Words and a path from the workspace; only of files that are there.
        """
        ws = cast("Workspace", self)
        ws.model(name)
        found = [(f"Page of {name}", f"reports/{name}/index.html")]
        seen: set[str] = set()
        for run in ws.registry.runs(name):
            if run.directory and run.notebook not in seen:
                seen.add(run.notebook)
                words = f"{run.notebook.capitalize()} as of {run.as_of:%Y-%m-%d}"
                found.append((words, f"{run.directory}/{run.notebook}.html"))
        return [(words, to) for words, to in found if (ws.directory / to).is_file()]

    def needs(
        self,
        rows: Sequence[Status] | None = None,
        *,
        as_of: datetime | str | None = None,
    ) -> Findings:
        """What needs a person now, of all models; see `overview.needs`.

        Parameters
        ----------
        rows : sequence of Status, optional
            From `status`, where it was asked already.
        as_of : datetime or ISO text, optional
        """
        from lifecycle.workspace import overview

        if rows is None:
            rows = cast("Workspace", self).status(as_of=as_of)
        return overview.needs(rows)


def _report(workspace: Workspace, model: str, rule: str, at: datetime) -> str:
    """The newest report about a rule, where its file is there."""
    from lifecycle.workspace import notices

    told = workspace.model(model).watched.get(rule)
    view = workspace.view(model, at)
    path = notices.report_link(view, told.watch if told else "", new=False)
    if "://" in path or (path and (workspace.directory / path).is_file()):
        return path
    return ""
