"""A workspace in the state of the day after going live."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from lifecycle import config, errors, simulate, workspace

if TYPE_CHECKING:
    import pandas as pd

__all__ = [
    "EXPORTED",
    "LIVE_WEEKS",
    "MANAGED",
    "UNMANAGED",
    "Inbox",
    "live_week",
    "make",
    "prepare",
]

MANAGED = "lead-scoring"
UNMANAGED = "lead-scoring-unmanaged"
LIVE_WEEKS = 13
EXPORTED = {  # what the company's systems call the columns, as in lifecycle.toml
    "leads": {"id": "lead_id", "time": "created_at"},
    "outcomes": {"id": "lead_id", "time": "closed_at", "outcome": "won"},
    "feedback": {"id": "lead_id"},
    "events": {"id": "lead_id"},
}


def make(
    directory: Path,
    story: simulate.Leads,
    *,
    as_of: datetime,
    unmanaged: bool,
    say: Callable[[str], None],
) -> workspace.Workspace:
    """Make the workspace, take in the history, train version 1 and put it live.

    Parameters
    ----------
    directory : Path
    story : simulate.Story
    as_of : datetime
        The moment the workspace speaks of when nobody names another (UTC).
    unmanaged : bool
        Whether a second copy of the model is set up that nobody looks after.
    say : callable
        Told what happens, in sentences.
    """
    path = workspace.init(directory, scenario=MANAGED)
    text = path.read_text(encoding="utf-8")
    text = text.replace(
        'currency = "USD"\n',
        f'currency = "USD"\nas_of = {as_of:%Y-%m-%dT%H:%M:%SZ}  # simulated time\n',
        1,
    )
    path.write_text(text + (_second(text) if unmanaged else ""), encoding="utf-8")
    ws = workspace.open(directory)
    history = story.rows[story.rows["time"] < story.start]
    inbox = Inbox(directory / "inbox" / "history")
    leads = inbox.put("leads", history)
    said = inbox.put("outcomes", story.outcomes_between(_first(history), story.start))
    for name in ws.models:
        ws.ingest(name, "predictions", leads)
        ws.ingest(name, "outcomes", said)
        made = ws.train(name, as_of=story.start, by="Mira Okafor")
        asked = ws.propose(
            name,
            made.number,
            reason="the first version, sold at 85% accuracy",
            by="Mira Okafor",
            as_of=story.start,
        )
        ws.approve(
            name,
            asked.id,
            reason="tested by the agency; we go live",
            by="Dana Weber",
            as_of=story.start,
        )
        say(f"{name}: version {made.number} trained on {len(history):,} leads, live")
    return ws


def _second(text: str) -> str:
    """The same model once more, without schedule, release and alerts."""
    start = text.index(f"[models.{MANAGED}]")
    tables = re.split(r"(?m)^(?=\[)", text[start:])
    kept = [t for t in tables if not re.match(r"\[models\.[a-z-]+\.(sch|rel)", t)]
    copy = "".join(kept).replace(f"[models.{MANAGED}", f"[models.{UNMANAGED}")
    return (
        "\n# The same model, left alone: what would have happened.\n"
        + copy.rstrip()
        + f"\n\n[models.{UNMANAGED}.release]\nautomatic = false\n"
    )


class Inbox:
    """A folder of the files that the company's systems export, under their own names.

    Parameters
    ----------
    directory : Path
        Made by the first file.
    """

    def __init__(self, directory: Path) -> None:
        self.directory = directory

    def put(self, table: str, rows: pd.DataFrame, *, of: str = "") -> Path:
        """Write `TABLE.csv` (or `TABLE-OF.csv`) and say where it is."""
        self.directory.mkdir(parents=True, exist_ok=True)
        path = self.directory / f"{table}{of and '-'}{of}.csv"
        rows.rename(columns=EXPORTED[table]).to_csv(path, index=False)
        return path


def _first(rows: pd.DataFrame) -> datetime:
    moment: datetime = rows["time"].min()
    return moment


def live_week(ws: workspace.Workspace, story: simulate.Leads, monday: datetime) -> None:
    """One week: leads are scored, people react, the week's outcomes come in.

    The same leads and outcomes for every model; what people do is up to its scores.
    """
    after = monday + timedelta(weeks=1)
    inbox = Inbox(ws.directory / "inbox" / simulate.week_label(monday.date()))
    leads = inbox.put("leads", story.rows_between(monday, after))
    said = inbox.put("outcomes", story.outcomes_between(monday, after))
    for name in ws.models:
        log = ws.logs(name)
        recent = log.predictions(start=monday - timedelta(weeks=14), as_of=monday)
        scored = ws.score(name, leads, as_of=monday)
        ws.ingest(name, "outcomes", said)
        feedback, events = story.reactions(scored, recent=recent)
        for table, rows in (("feedback", feedback), ("events", events)):
            if len(rows):
                ws.ingest(name, table, inbox.put(table, rows, of=name))


def prepare(directory: Path, *, scenario: str, say: Callable[[str], None]) -> Path:
    """Make the workspace of a scenario, with its first quarter behind it.

    Parameters
    ----------
    directory : Path
    scenario : {"lead-scoring"}
    say : callable
        Told what happens, in sentences.

    Returns
    -------
    Path
        Its `lifecycle.toml`.

    Raises
    ------
    SettingsError
        When the directory holds a workspace, or there is no such scenario.
    """
    if scenario != MANAGED:
        raise errors.SettingsError(
            f"there is no scenario {scenario!r}; choose blank or {MANAGED}"
        )
    story = simulate.lead_scoring(weeks=LIVE_WEEKS)
    ws = make(directory, story, as_of=story.end, unmanaged=False, say=say)
    for monday in story.weeks:
        live_week(ws, story, monday)
    say(f"{MANAGED}: {len(story.weeks)} weeks live")
    return ws.directory / config.FILE
