"""A workspace in the state of the day after going live."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from lifecycle import config, simulate, workspace
from lifecycle.demo import scenarios
from lifecycle.demo.scenario import Scenario

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["LIVE_WEEKS", "MANAGED", "Inbox", "live_week", "make", "prepare"]

MANAGED = scenarios.LEADS.name
LIVE_WEEKS = scenarios.LEADS.live


def make(
    directory: Path,
    story: simulate.Story,
    *,
    as_of: datetime,
    unmanaged: bool,
    say: Callable[[str], None],
    scenario: Scenario = scenarios.LEADS,
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
    scenario : Scenario
        Whose story it is.
    """
    path = workspace.init(directory, scenario=scenario.name)
    text = path.read_text(encoding="utf-8")
    text = text.replace(
        'currency = "USD"\n',
        f'currency = "USD"\nas_of = {as_of:%Y-%m-%dT%H:%M:%SZ}  # simulated time\n',
        1,
    )
    path.write_text(
        text + (_second(text, scenario) if unmanaged else ""), encoding="utf-8"
    )
    ws = workspace.open(directory)
    history = story.rows[story.rows["time"] < story.start]
    inbox = Inbox(directory / "inbox" / "history", scenario)
    rows = inbox.put("predictions", history)
    said = inbox.put("outcomes", story.outcomes_between(_first(history), story.start))
    for name in ws.models:
        ws.ingest(name, "predictions", rows)
        ws.ingest(name, "outcomes", said)
        made = ws.train(name, as_of=story.start, by=scenario.author)
        asked = ws.propose(
            name,
            made.number,
            reason=scenario.first,
            by=scenario.author,
            as_of=story.start,
        )
        ws.approve(
            name,
            asked.id,
            reason="tested by the agency; we go live",
            by=scenario.owner,
            as_of=story.start,
        )
        say(
            f"{name}: version {made.number} trained on {len(history):,} "
            f"{scenario.things}, live"
        )
    return ws


def _second(text: str, scenario: Scenario) -> str:
    """The same model once more, without schedule, release and alerts."""
    start = text.index(f"[models.{scenario.name}]")
    tables = re.split(r"(?m)^(?=\[)", text[start:])
    kept = [t for t in tables if not re.match(r"\[models\.[a-z-]+\.(sch|rel)", t)]
    copy = "".join(kept).replace(
        f"[models.{scenario.name}", f"[models.{scenario.alone}"
    )
    return (
        "\n# The same model, left alone: what would have happened.\n"
        + copy.rstrip()
        + f"\n\n[models.{scenario.alone}.release]\nautomatic = false\n"
    )


class Inbox:
    """A folder of the files that the company's systems export, under their own names.

    Parameters
    ----------
    directory : Path
        Made by the first file.
    scenario : Scenario
        What the files and columns are called.
    """

    def __init__(self, directory: Path, scenario: Scenario) -> None:
        self.directory = directory
        self.scenario = scenario

    def put(self, table: str, rows: pd.DataFrame, *, of: str = "") -> Path:
        """Write `TABLE.csv` (or `TABLE-OF.csv`) and say where it is."""
        self.directory.mkdir(parents=True, exist_ok=True)
        called = self.scenario.things if table == "predictions" else table
        path = self.directory / f"{called}{of and '-'}{of}.csv"
        rows.rename(columns=self.scenario.exported[table]).to_csv(path, index=False)
        return path


def _first(rows: pd.DataFrame) -> datetime:
    moment: datetime = rows["time"].min()
    return moment


def live_week(
    ws: workspace.Workspace,
    story: simulate.Story,
    monday: datetime,
    scenario: Scenario = scenarios.LEADS,
) -> None:
    """One week: rows are scored, people react, the week's outcomes come in.

    The same rows and outcomes for every model; what people do is up to its scores.
    """
    after = monday + timedelta(weeks=1)
    week = simulate.week_label(monday.date())
    inbox = Inbox(ws.directory / "inbox" / week, scenario)
    rows = inbox.put("predictions", story.rows_between(monday, after))
    said = inbox.put("outcomes", story.outcomes_between(monday, after))
    for name in ws.models:
        log = ws.logs(name)
        recent = log.predictions(start=monday - timedelta(weeks=14), as_of=monday)
        scored = ws.score(name, rows, as_of=monday)
        ws.ingest(name, "outcomes", said)
        feedback, events = story.reactions(scored, recent=recent)
        for table, said_by in (("feedback", feedback), ("events", events)):
            if len(said_by):
                ws.ingest(name, table, inbox.put(table, said_by, of=name))


def prepare(directory: Path, *, scenario: str, say: Callable[[str], None]) -> Path:
    """Make the workspace of a scenario, with its first quarter behind it.

    Parameters
    ----------
    directory : Path
    scenario : {"lead-scoring", "fraud", "chatbot"}
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
    told = scenarios.named(scenario, others=("blank",))
    story = told.story(weeks=told.live)
    ws = make(
        directory, story, as_of=story.end, unmanaged=False, say=say, scenario=told
    )
    for monday in story.weeks:
        live_week(ws, story, monday, told)
    say(f"{told.name}: {len(story.weeks)} weeks live")
    return ws.directory / config.FILE
