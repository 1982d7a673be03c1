"""Estimates of chunks that are past are worked out once, and kept."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

import pytest

import lifecycle
from lifecycle import estimation, simulate
from lifecycle.demo.prepare import MANAGED as MODEL
from lifecycle.demo.prepare import make
from lifecycle.workspace import Workspace, measured

WEEKS = 20


@pytest.fixture(scope="module")
def story() -> simulate.Story:
    return simulate.lead_scoring(weeks=WEEKS, leads_per_week=150)


@pytest.fixture(scope="module")
def desk(story: simulate.Story, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Twenty weeks of leads, scored by the first version, with their outcomes."""
    place = tmp_path_factory.mktemp("kept")
    ws = make(place, story, as_of=story.end, unmanaged=False, say=lambda text: None)
    leads = story.rows_between(story.start, story.end)
    ws.score(MODEL, leads, as_of=story.end)
    ws.ingest(MODEL, "outcomes", story.outcomes_between(story.start, story.end))
    return place


@pytest.fixture
def blocks(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many chunks were estimated, call by call."""
    counted: list[int] = []
    whole = estimation.estimate

    def spied(reference, analysis, **told):
        made = whole(reference, analysis, **told)
        counted.append(len(made.grounds))
        return made

    monkeypatch.setattr(measured.estimation, "estimate", spied)
    return counted


def asked(desk: Path, at: datetime) -> estimation.Estimate:
    made = measured.estimated(lifecycle.open(desk).view(MODEL, at))
    assert made is not None
    return made


def place(desk: Path) -> list[Path]:
    folder = desk / ".lifecycle" / "profiles" / MODEL
    return sorted(folder.glob("estimate-*"))


def test_a_week_later_only_the_newest_chunks_are_estimated_anew(
    desk: Path, story: simulate.Story, blocks: list[int]
) -> None:
    begun = story.end - timedelta(weeks=1)
    asked(desk, begun)
    whole = [n for n in blocks if n == measured.BLOCK]
    assert len(whole) >= 2
    blocks.clear()
    asked(desk, story.end)
    assert len([n for n in blocks if n == measured.BLOCK]) <= 1


def test_what_is_kept_is_what_would_be_worked_out(
    desk: Path, story: simulate.Story, blocks: list[int]
) -> None:
    first = asked(desk, story.end)
    blocks.clear()
    again = asked(desk, story.end)
    for path in place(desk):
        path.unlink()
    anew = asked(desk, story.end)
    assert sum(blocks) > len(anew.grounds)
    for made in (again, anew):
        assert made.frame().equals(first.frame())
        assert made.summary == first.summary


def test_a_corrected_outcome_makes_the_estimate_anew(
    desk: Path, story: simulate.Story, blocks: list[int]
) -> None:
    asked(desk, story.end)
    kept = set(place(desk))
    ws = Workspace(desk)
    told = story.outcomes_between(story.start, story.start + timedelta(weeks=9))
    wrong = told.head(60).assign(outcome=lambda rows: 1 - rows["outcome"])
    ws.ingest(MODEL, "outcomes", wrong.assign(time=told["time"].max()))
    blocks.clear()
    asked(desk, story.end)
    assert measured.BLOCK in blocks
    assert set(place(desk)) > kept


def test_what_is_not_whole_is_made_again(desk: Path, story: simulate.Story) -> None:
    before = asked(desk, story.end)
    path = place(desk)[0]
    path.write_bytes(path.read_bytes()[:-20])
    assert asked(desk, story.end).frame().equals(before.frame())
