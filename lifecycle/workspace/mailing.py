"""Telling the owner of reports that the schedule has written."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from lifecycle.alerts import post
from lifecycle.workspace import ownership

if TYPE_CHECKING:
    from lifecycle.registry import Run
    from lifecycle.workspace.desk import Workspace

__all__ = ["tell"]

_FRESH = timedelta(days=7)


def tell(workspace: Workspace, name: str, *, as_of: datetime) -> int:
    """Write into the outbox that scheduled reports are there; each is told of once.

    What was left untold by a process that died is told by the next; what is older than
    a week is not told any more.

    Parameters
    ----------
    workspace : Workspace
    name : str
        The model; its settings (`alerts.reports`) say which reports.
    as_of : datetime
        Now, with a zone.

    Returns
    -------
    int
        How many were written into the outbox.
    """
    wanted = workspace.model(name).alerts.reports
    if wanted == "never":
        return 0
    newest: dict[str, Run] = {}
    for run in workspace.registry.runs(name):
        scheduled = run.slot is not None and run.status == "succeeded"
        if scheduled and as_of - _FRESH < run.as_of <= as_of:
            newest.setdefault(run.notebook, run)
    owner = ownership.ownership(workspace, name, as_of=as_of).owner
    told = 0
    for page, run in sorted(newest.items()):
        if wanted == "alert" and run.verdict != "alert":
            continue
        path = f"{run.directory}/{page}.html"
        base = workspace.settings.workspace.reports_url.rstrip("/")
        with workspace.registry.atomic() as book:
            told += post.report(
                book,
                name,
                page,
                as_of=run.as_of,
                verdict=run.verdict,
                summary=run.summary,
                owner=owner,
                path=f"{base}/{path.removeprefix('reports/')}" if base else path,
                at=as_of,
            )
    return told
