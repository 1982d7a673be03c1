"""The index of a fleet: asked at once, drawn once, and written by one at a time."""

from __future__ import annotations

import json
import pickle
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Thread

import pytest

import lifecycle
from lifecycle import figures
from lifecycle.registry import Registry, opening
from lifecycle.workspace import Workspace, drawn, turns
from tests.test_fleet import MODEL

AT = datetime(2024, 4, 1, tzinfo=UTC)
Database = Callable[[Path], Registry]


@pytest.fixture
def ws(tmp_path: Path) -> Workspace:
    tables = [MODEL.format(name=f"model-{number:02d}") for number in range(12)]
    (tmp_path / "lifecycle.toml").write_text("".join(tables))
    return lifecycle.open(tmp_path)


def opened(monkeypatch: pytest.MonkeyPatch) -> list[bool]:
    """Each opening of the database: whether it was for writing."""
    found, begin = [], opening.begin

    def counted(engine, *, writes):
        found.append(writes)
        return begin(engine, writes=writes)

    monkeypatch.setattr(opening, "begin", counted)
    return found


def test_all_models_are_looked_over_by_one_connection(
    ws: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    ws.registry.runs()
    times = opened(monkeypatch)
    ws.refresh_index(as_of=AT)
    assert times == [False]
    ws.status(as_of=AT)
    assert times == [False, False]


def test_what_is_read_at_once_is_of_one_moment_and_only_for_its_thread(
    database: Database, tmp_path: Path
) -> None:
    book, seen = database(tmp_path), []

    def run() -> None:
        book.record_run("model-00", "audit", AT, status="succeeded")
        seen.append(len(book.runs()))

    with book.at_once():
        assert book.runs() == []
        other = Thread(target=run)
        other.start()
        other.join()
        with book.at_once():
            seen.append(len(book.runs()))
        seen.append(len(book.runs()))
    assert [*seen, len(book.runs())] == [1, 0, 0, 1]
    with pytest.raises(ZeroDivisionError), book.at_once():
        _ = 1 / len(book.alerts())
    assert len(book.runs()) == 1
    copied: Registry = pickle.loads(pickle.dumps(book))
    assert len(copied.runs()) == 1


def test_a_picture_is_drawn_again_only_when_it_shows_something_else(
    ws: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    times = []

    def draw() -> figures.Picture:
        times.append(len(times))
        return figures.Picture(f"<svg>{len(times)}</svg>", "A life.")

    told = [{"value": 0.7, "n": 30, "lower": float("nan")}]
    first = drawn.once(ws, "leads", told, draw)
    assert drawn.once(ws, "leads", told, draw) == first
    assert drawn.once(ws, "other", told, draw).svg == "<svg>2</svg>"
    told[0]["value"] = 0.71
    assert drawn.once(ws, "leads", told, draw).svg == "<svg>3</svg>"
    monkeypatch.setattr(drawn, "_libraries", lambda: ["a newer release"])
    assert drawn.once(ws, "leads", told, draw).svg == "<svg>4</svg>"
    assert drawn.once(ws, "none", told, lambda: None) is None
    assert drawn.once(ws, "none", told, draw) is None  # that is kept as well


@pytest.mark.parametrize(
    "text", ["", "{", "[]", '{"of": 3}', '{"of": "x", "picture": {"svg": 1}}', "null"]
)
def test_a_kept_picture_that_cannot_be_read_is_drawn_again(
    text: str, ws: Workspace
) -> None:
    kept = ws.directory / ".lifecycle" / "drawn" / "leads.json"
    kept.parent.mkdir(parents=True)
    kept.write_text(text)
    made = figures.Picture("<svg/>", "A life.")
    assert drawn.once(ws, "leads", 1, lambda: made) == made
    assert json.loads(kept.read_text())["picture"]["alt"] == "A life."


def test_who_comes_while_it_is_done_leaves_it_to_the_one_who_does_it(
    tmp_path: Path,
) -> None:
    mark, later = tmp_path / "here" / "index", AT + timedelta(days=1)
    first = turns.taken(mark, AT)
    assert next(first) == AT
    assert list(turns.taken(mark, later)) == []
    assert list(turns.taken(mark, AT - timedelta(days=1))) == []
    assert next(first) == later  # once more for both, and of the latest moment
    assert list(first) == []
    assert list(turns.taken(mark, AT)) == [AT]


def test_a_failure_in_the_middle_leaves_the_turn_to_the_next(ws: Workspace) -> None:
    reports = ws.directory / "reports"
    reports.write_text("no directory")
    with pytest.raises(NotADirectoryError):
        ws.refresh_index(as_of=AT)
    reports.unlink()
    page = ws.refresh_index(as_of=AT)
    assert "12 models" in page.read_text()


def test_of_many_processes_that_end_together_the_last_run_is_in_the_index(
    ws: Workspace,
) -> None:
    def end(name: str) -> None:
        lifecycle.open(ws.directory).registry.record_run(
            name,
            "audit",
            AT,
            status="failed",
            summary=f"{name} was here",
            directory=f"reports/{name}/x",
        )
        lifecycle.open(ws.directory).refresh_index(as_of=AT)

    threads = [Thread(target=end, args=(name,)) for name in ws.models]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    text = (ws.reports / "index.html").read_text()
    assert [name for name in ws.models if f"{name} was here" not in text] == []
