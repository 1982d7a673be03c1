"""A workspace in the state of the day after going live."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

from lifecycle import config, errors, simulate, workspace

__all__ = ["LIVE_WEEKS", "MANAGED", "UNMANAGED", "live_week", "make", "prepare"]

MANAGED = "lead-scoring"
UNMANAGED = "lead-scoring-unmanaged"
LIVE_WEEKS = 13


def make(
    directory: Path,
    story: simulate.Story,
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
    history = story.leads[story.leads["time"] < story.start]
    said = story.outcomes_between(history["time"].min(), story.start)
    for name in ws.models:
        ws.ingest(name, "predictions", history)
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


def live_week(
    ws: workspace.Workspace, name: str, story: simulate.Story, monday: datetime
) -> None:
    """One week: leads are scored, people react, the week's outcomes come in."""
    import pandas as pd

    after = monday + timedelta(weeks=1)
    scored = ws.score(name, story.leads_between(monday, after), as_of=monday)
    recent = ws.logs(name).predictions(start=monday - timedelta(weeks=14), as_of=monday)
    feedback, events = story.reactions(scored, recent=pd.DataFrame(recent))
    ws.ingest(name, "feedback", feedback)
    ws.ingest(name, "events", events)
    ws.ingest(name, "outcomes", story.outcomes_between(monday, after))


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
        live_week(ws, MANAGED, story, monday)
    say(f"{MANAGED}: {len(story.weeks)} weeks live")
    return ws.directory / config.FILE
