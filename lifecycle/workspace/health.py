"""Health: what each version did, hour by hour, kept beside the log."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from lifecycle import routing
from lifecycle.jobs import store

if TYPE_CHECKING:
    from lifecycle.workspace.desk import Workspace

__all__ = ["hour_of", "read", "write"]


def hour_of(at: datetime) -> str:
    """The hour of a moment in UTC, as a tally names it.

    Examples
    --------
    >>> hour_of(datetime(2024, 5, 6, 7, 59, tzinfo=UTC))
    '2024-05-06T07'
    """
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H")


def write(workspace: Workspace, name: str, tally: routing.Tally, *, token: str) -> None:
    """Keep the counts of one process, one small file an hour.

    Parameters
    ----------
    workspace : Workspace
    name : str
        The model.
    tally : Tally
        All that this process counted in the hours it holds: their files are written
        anew, each whole or not at all.
    token : str
        No other process has the same.
    """
    folder = _folder(workspace, name)
    folder.mkdir(parents=True, exist_ok=True)
    hours: dict[str, routing.Tally] = {}
    for key, count in tally.counts.items():
        hours.setdefault(key[2], routing.Tally()).counts[key] = count
    for hour, part in hours.items():
        path = folder / f"{hour.replace('-', '').replace('T', '')}-{token}.json"
        store.write(path, json.dumps(part.plain()), durable=False)


def read(
    workspace: Workspace,
    name: str,
    *,
    start: datetime | None = None,
    end: datetime | None = None,
) -> routing.Health:
    """The counts of all processes together.

    Parameters
    ----------
    workspace : Workspace
    name : str
        The model.
    start, end : datetime with a zone, optional
        Hours that begin in this half-open period.

    Notes
    -----
    A file that cannot be read is left out: counts are evidence, not the log.
    """
    workspace.model(name)
    first = "" if start is None else _ceiling(start)
    last = "~" if end is None else _ceiling(end)
    whole = routing.Tally()
    for path in sorted(_folder(workspace, name).glob("*.json")):
        if not first <= path.name[:10] < last:
            continue
        try:
            told = json.loads(path.read_text(encoding="utf-8"))
            whole.merge(routing.Tally.of(told))
        except (OSError, ValueError, TypeError, KeyError):
            continue
    return routing.Health(whole)


def _ceiling(moment: datetime) -> str:
    """The first hour that does not begin before a moment, as a file's name begins."""
    hour = hour_of(moment)
    whole = datetime.fromisoformat(f"{hour}:00+00:00") == moment
    return hour.replace("-", "").replace("T", "") + ("" if whole else "~")


def _folder(workspace: Workspace, name: str) -> Path:
    return workspace.log_folder(name) / "health"
