"""The scheduler: N at a time, stopped in order, with limits, and settings read anew."""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

import lifecycle
from lifecycle import errors, workspace
from lifecycle.registry import slots
from lifecycle.workspace import Workspace, chain, claiming, scheduler
from lifecycle.workspace.children import Child
from tests.test_scheduling import HOURLY, MODEL, NOON

PATIENCE = 60.0


@pytest.fixture
def place(tmp_path: Path) -> Path:
    workspace.init(tmp_path / "desk")
    (tmp_path / "desk" / "lifecycle.toml").write_text(MODEL + HOURLY)
    return tmp_path / "desk"


def until(true: Callable[[], Any], step: Callable[[], Any] = lambda: None) -> None:
    """Wait until something holds; a minute is more than it can take."""
    end = time.monotonic() + PATIENCE
    while not true():
        assert time.monotonic() < end, "it never came"
        step()
        time.sleep(0.01)


def quick(directory: str, name: str, as_of: datetime, note: Any) -> None:
    """A tick that runs its pages at once."""
    ws = lifecycle.workspace.open(directory, lenient=True)
    for page, slot in chain.wanted(ws, name, as_of, alarmed=False).items():
        with claiming.held(ws, name, page, slot, as_of=as_of) as mine:
            if mine is not None:
                mine.end("succeeded", "Said.")
                note(chain.Tick(name, "run", f"{name}: {page} succeeded"))


def waits(directory: str, name: str, as_of: datetime, note: Any) -> None:
    """A tick whose page lasts until it is told to stop; a file says that it began."""
    ws = Workspace(Path(directory))
    with claiming.held(ws, name, "audit", NOON, as_of=as_of) as mine:
        assert mine is not None
        (Path(directory) / f"{name}.began").touch()
        while not mine.stop():
            time.sleep(0.01)


def stubborn(directory: str, name: str, as_of: datetime, note: Any) -> None:
    """A tick that hears nothing, and has a process of its own."""
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    pid = os.fork()
    if not pid:
        time.sleep(600)
        os._exit(0)
    (Path(directory) / "pid.new").write_text(str(pid))
    (Path(directory) / "pid.new").rename(Path(directory) / "pid")
    time.sleep(600)


def nothing(*_: Any) -> None:
    """What is done after the ticks."""


def made(place: Path, said: list[str], **told: Any) -> scheduler.Scheduler:
    settings = {"now": lambda: NOON, "poll": 0.02, "after": nothing} | told
    return scheduler.Scheduler(place, say=said.append, **settings)


def gone(pid: int) -> bool:
    try:
        return (
            Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
        )
    except OSError:
        return True


def ends(mine: scheduler.Scheduler) -> None:
    for child in mine._children:
        child.end()


def test_what_is_due_is_run_in_a_process_of_its_own(
    place: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    said: list[str] = []
    mine = made(place, said, work=quick)
    book = Workspace(place).registry
    until(lambda: mine.step() or book.runs("calls", "audit"))
    until(lambda: not mine._children, mine.step)
    (done,) = book.runs("calls", "audit")
    assert (done.status, done.slot, done.attempt) == ("succeeded", NOON, 1)
    assert done.holder.startswith("process ")
    assert f"process {os.getpid()} " not in done.holder
    (line,) = capfd.readouterr().out.splitlines()
    assert line.endswith("Z calls: audit succeeded")
    assert said == []


def test_a_stop_hands_back_what_runs_and_another_takes_it(place: Path) -> None:
    said: list[str] = []
    mine = made(place, said, work=waits, grace=0.0)

    def stop() -> None:
        until((place / "calls.began").exists)
        os.kill(os.getpid(), signal.SIGTERM)

    thread = threading.Thread(target=stop)
    before = signal.getsignal(signal.SIGTERM)
    thread.start()
    mine.run()
    thread.join()
    assert signal.getsignal(signal.SIGTERM) is before
    assert said[1:] == [
        "stopping, calls may take 0 s more",
        "scheduler stopped; nothing of it runs",
    ]
    book = Workspace(place).registry
    (left,) = book.runs("calls", "audit")
    assert (left.status, left.summary) == ("waiting", "it was interrupted")
    other = made(place, said, work=quick)
    until(lambda: other.step() or book.runs("calls")[0].status == "succeeded")
    ends(other)
    (done,) = book.runs("calls", "audit")
    assert (done.status, done.attempt) == ("succeeded", 2)


def test_models_are_run_n_at_a_time(place: Path) -> None:
    names = ["calls", "leads", "loans"]
    text = "".join(MODEL.replace("calls", name) + HOURLY for name in names)
    (place / "lifecycle.toml").write_text(text)
    mine = made(place, [], work=waits, jobs=2)
    began = lambda: sorted(place.glob("*.began"))  # noqa: E731
    until(lambda: len(began()) == 2, mine.step)
    for _ in range(5):
        mine.step()
        assert len(mine._children) == 2
    mine._children[0].ask()
    until(lambda: len(began()) == 3, mine.step)
    ends(mine)
    with pytest.raises(errors.BadParameters, match="jobs is 0; at least one"):
        made(place, [], jobs=0)


@pytest.mark.skipif(sys.platform != "linux", reason="process groups of Linux")
def test_a_tick_that_takes_too_long_is_ended_with_all_that_it_started(
    place: Path,
) -> None:
    said: list[str] = []
    mine = made(place, said, work=stubborn)
    until((place / "pid").exists, mine.step)
    pid = int((place / "pid").read_text())
    assert not gone(pid)
    mine._children[0].until = 0.0  # its time is up
    mine._reap()
    assert said == ["calls: ended, it took longer than all its pages may"]
    until(lambda: gone(pid))
    assert mine._look["calls"] > NOON  # not at once again
    ends(mine)


def test_a_tick_that_breaks_is_said_and_not_begun_again_at_once(place: Path) -> None:
    def breaks(*_: Any) -> None:
        raise ValueError("no such luck")

    said: list[str] = []
    mine = made(place, said, work=breaks, poll=60.0)
    mine.step()
    until(lambda: not mine._children, mine._reap)
    log = place / ".lifecycle" / "runs" / "calls" / "tick.log"
    assert said == [f"calls: stopped with code 1; {log} may say why"]
    assert "ValueError: no such luck" in log.read_text()
    assert mine._look["calls"] == NOON + timedelta(minutes=2)
    mine.step()
    assert [child.model for child in mine._children] == [""]
    ends(mine)


def test_settings_are_read_anew_and_a_wrong_model_stops_no_other(place: Path) -> None:
    said: list[str] = []
    mine = made(place, said, work=nothing)
    mine.step()
    told = MODEL + HOURLY + MODEL.replace("calls", "leads") + 'audit = "61 * * * *"\n'
    (place / "lifecycle.toml").write_text(told)
    mine.step()
    assert mine.workspace.models == ("calls",)
    assert said[0] == "lifecycle.toml was read anew"
    assert said[1].startswith("lifecycle.toml: models.leads.schedule.audit.cron: ")
    (place / "lifecycle.toml").write_text("[workspace\n")
    mine.step()
    assert "this is not TOML" in said[2]
    assert said[2].endswith("nothing new begins until it is mended")
    (place / "lifecycle.toml").write_text(told.replace("61 *", "1 *"))
    mine.step()
    assert mine.workspace.models == ("calls", "leads")
    assert said[3:] == ["lifecycle.toml was read anew"]
    ends(mine)


def test_a_watch_is_claimed_by_one_of_two_schedulers(place: Path) -> None:
    text = MODEL + 'watch = "*/15 * * * *"\n'
    (place / "lifecycle.toml").write_text(text)
    one, other = (made(place, [], work=nothing) for _ in range(2))
    assert [one._is_due("calls", NOON), other._is_due("calls", NOON)] == [True, False]
    later = NOON + timedelta(minutes=15)
    assert [other._is_due("calls", later), one._is_due("calls", later)] == [True, False]
    with one.workspace.registry.reading() as book:
        assert slots.watched(book, "calls") == later


def test_the_log_of_ticks_is_begun_anew_when_it_is_long(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from lifecycle.workspace import children

    monkeypatch.setattr(children, "_MOST_LOG", 10)
    log = place / ".lifecycle" / "runs" / "calls" / "tick.log"
    log.parent.mkdir(parents=True)
    log.write_text("x" * 11)
    child = Child(nothing, place, "calls", as_of=datetime.now(UTC), seconds=60)
    child.process.join(PATIENCE)
    assert child.code() == 0
    assert log.read_text() == ""
    assert log.with_suffix(".log.1").read_text() == "x" * 11
