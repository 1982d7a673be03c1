"""A model that has been live for a quarter, as a browser is shown it."""

from __future__ import annotations

from pathlib import Path

import lifecycle
from lifecycle import simulate
from lifecycle.demo.prepare import LIVE_WEEKS, live_week, make
from lifecycle.workspace import Workspace

__all__ = ["MODEL", "PAGES", "quarter", "reported"]

MODEL = "lead-scoring"
PAGES = ("index", "model", "audit", "drift", "decide", "promote")


def quarter(place: Path) -> Workspace:
    """Version 1 is live, version 2 waits for a person, and so do words of people."""
    story = simulate.lead_scoring(weeks=LIVE_WEEKS, leads_per_week=60)
    ws = make(place, story, as_of=story.end, unmanaged=False, say=lambda text: None)
    for monday in story.weeks:
        live_week(ws, story, monday)
    made = ws.train(MODEL, by="Mira")
    ws.propose(MODEL, made.number, reason="newer", by="Mira")
    return ws


def reported(ws: Workspace) -> dict[str, Path]:
    """Its four reports, the page of the model and the index, by their names."""
    found = {"index": ws.reports / "index.html"}
    found["model"] = ws.reports / MODEL / "index.html"
    with lifecycle.jobs.Warm() as warm:
        for name in PAGES[2:]:
            done = ws.run(name, MODEL, warm=warm)
            assert done.status == "succeeded", done.message
            found[name] = done.html
    assert set(found) == set(PAGES)
    return found
