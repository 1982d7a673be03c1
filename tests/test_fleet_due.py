"""`lifecycle due` of a fleet: its options, what it tells on the way, its exit code."""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path
from threading import Event, Thread

import pytest

import lifecycle
from lifecycle import workspace
from lifecycle.cli import course
from lifecycle.workspace import chain, claiming, fleet, guarding
from tests.test_fleet import MODEL, Desk, Terminal
from tests.test_fleet import desk as desk

MONDAY = "2024-04-01T07:30Z"


def done(number: int, total: int, *, failed: int = 0, left: float = 0) -> fleet.Done:
    return fleet.Done("leads", (), number, total, failed, left)


def test_the_words_are_on_standard_output_and_the_course_on_the_other(
    desk: Desk, terminal: Terminal
) -> None:
    ws = desk("anna", "wrong", "berta")
    code, out, err = terminal("-w", ws.directory, "due", "-j", 2, "--progress")
    assert code == 30
    assert out.splitlines() == [
        "anna: settled",
        "anna waits",
        "wrong failed: leads.csv: no column id leads.csv: no rows",
        "berta: settled",
        "berta waits",
    ]
    lines = err.splitlines()
    assert [line.split(",")[0] for line in lines] == [
        f"{number} of 3 models done" for number in (1, 2, 3)
    ]
    assert lines[0].endswith(" s left")
    assert lines[2] == "3 of 3 models done, 1 failed"


def test_without_a_terminal_and_without_being_asked_nothing_is_told_of_a_short_run(
    desk: Desk, terminal: Terminal
) -> None:
    ws = desk("anna", "berta")
    code, out, err = terminal("-w", ws.directory, "due", "--jobs", 2)
    assert (code, err) == (0, "")
    assert out == "anna: settled\nanna waits\nberta: settled\nberta waits\n"


def test_the_named_models_alone_are_done(desk: Desk, terminal: Terminal) -> None:
    ws = desk("anna", "berta", "clara")
    code, out, _ = terminal("-w", ws.directory, "due", "clara", "anna", "clara")
    assert (code, out.splitlines()[1::2]) == (0, ["clara waits", "anna waits"])
    code, out, err = terminal("-w", ws.directory, "due", "klara", "--jobs", 2)
    assert (code, out) == (30, "")
    assert err == "no model 'klara' here; did you mean clara?\n"


@pytest.mark.parametrize(
    ("names", "code"),
    [
        (("anna", "buggy", "wrong"), 1),
        (("wrong", "buggy"), 30),
        (("anna", "killer"), 22),
    ],
)
def test_the_exit_code_is_that_of_the_first_model_that_failed(
    names: tuple[str, ...], code: int, desk: Desk, terminal: Terminal
) -> None:
    ws = desk(*names)
    assert terminal("-w", ws.directory, "due", "--jobs", 1)[0] == code


@pytest.mark.parametrize(
    ("pages", "alarmed", "expected"),
    [
        ((), False, ["audit", "drift"]),
        (("drift",), False, ["drift"]),
        (("decide",), False, []),
        (("drift",), True, ["audit", "decide", "drift", "promote"]),
    ],
)
def test_of_what_is_due_single_pages_run_but_an_alert_runs_all_it_asks_for(
    pages: tuple[str, ...],
    alarmed: bool,
    expected: list[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    times = '[models.anna.schedule]\naudit = "0 6 * * 1"\ndrift = "0 6 * * 1"\n'
    (tmp_path / "lifecycle.toml").write_text(MODEL.format(name="anna") + times)
    found: list[str] = []
    moved = "version 2 was rolled back" if alarmed else ""
    monkeypatch.setattr(guarding, "guard", lambda view: moved)
    monkeypatch.setattr(
        chain, "go", lambda ws, name, as_of, wanted, warm, note: found.extend(wanted)
    )
    ws = lifecycle.open(tmp_path)
    ws.due(as_of=MONDAY, pages=pages)
    assert sorted(found) == expected


def test_a_page_that_is_not_there_is_refused_with_its_neighbour(
    desk: Desk, terminal: Terminal
) -> None:
    ws = desk("anna", "berta")
    code, out, err = terminal("-w", ws.directory, "due", "--page", "audi")
    assert (code, out) == (30, "")
    assert err == "there is no notebook 'audi'; did you mean audit?\n"


def test_no_jobs_are_refused(desk: Desk, terminal: Terminal) -> None:
    ws = desk("anna")
    code, out, err = terminal("-w", ws.directory, "due", "--jobs", 0)
    assert (code, out) == (30, "")
    assert "--jobs" in err


def test_ctrl_c_says_how_many_were_done_and_exits_as_a_shell_expects(
    desk: Desk, terminal: Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    ws = desk("anna", "berta", "clara")

    def interrupted(self: course.Course, told: fleet.Done) -> None:
        self.number = told.number
        raise KeyboardInterrupt

    monkeypatch.setattr(course.Course, "tell", interrupted)
    code, _, err = terminal("-w", ws.directory, "due", "--jobs", 1)
    assert code == 130
    assert err == "stopped; 1 of 3 models were done with, the others stay due\n"


def test_a_service_manager_ends_it_as_ctrl_c_does(
    desk: Desk, terminal: Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(claiming, "ENDING", Event())
    ws = desk("sleeper", "anna")
    os.mkfifo(ws.directory / "begun")

    def end() -> None:
        begun.append(int((ws.directory / "begun").read_text()))  # waits for it
        os.kill(os.getpid(), signal.SIGTERM)

    begun: list[int] = []
    before = signal.getsignal(signal.SIGTERM)
    manager = Thread(target=end)
    manager.start()
    code, _, err = terminal("-w", ws.directory, "due")
    manager.join()
    assert (code, signal.getsignal(signal.SIGTERM)) == (143, before)
    assert claiming.ENDING.is_set()  # what ran in this process would end, too
    assert err == "stopped; 0 of 2 models were done with, the others stay due\n"
    with pytest.raises(ProcessLookupError):
        os.kill(begun[0], 0)


def test_a_cluster_without_its_library_is_said_with_the_remedy(
    desk: Desk, terminal: Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "distributed", None)
    ws = desk("anna")
    code, out, err = terminal("-w", ws.directory, "due", "--dask", "tcp://here:8786")
    assert (code, out) == (30, "")
    assert err == (
        "a Dask cluster needs the library distributed; run "
        "`pip install 'lifecycle-workbench[dask]'`\n"
    )


def test_elsewhere_than_at_a_terminal_a_line_comes_each_minute(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    now = [0.0]
    monkeypatch.setattr(course.time, "monotonic", lambda: now[0])
    told = course.Course(300)
    for number in range(1, 7):
        now[0] += 25
        told.tell(done(number, 300, failed=number // 4, left=25.0 * (300 - number)))
    silent = course.Course(300, wanted=False)
    now[0] += 3600
    silent.tell(done(6, 300))
    assert capsys.readouterr().err.splitlines() == [
        "3 of 300 models done, about 2 h left",
        "6 of 300 models done, 1 failed, about 2 h left",
    ]


def test_where_it_is_wanted_a_line_comes_for_each_tenth_and_the_last(
    capsys: pytest.CaptureFixture[str],
) -> None:
    told = course.Course(45, wanted=True)
    for number in range(1, 46):
        told.tell(done(number, 45, left=45.0 - number))
    lines = capsys.readouterr().err.splitlines()
    assert [int(line.split()[0]) for line in lines] == [*range(4, 45, 4), 45]
    assert lines[-1] == "45 of 45 models done"


def test_at_a_terminal_a_bar_stands_below_the_words_and_is_gone_at_the_end(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("FORCE_COLOR", "1")
    told = course.Course(3)
    with told.shown():
        told.tell(done(1, 3, left=80))
        told.tell(done(2, 3, failed=1, left=40))
    shown = capsys.readouterr().err
    assert "2 of 3 models done, 1 failed, about 40 s left" in shown
    assert "━" in shown
    assert shown.endswith("\x1b[2K")


def fleet_of(place: Path, *names: str, pages: str = "") -> Path:
    """A workspace whose first model has a damaged log."""
    path = workspace.init(place)
    times = f"[models.{{name}}.schedule]\n{pages}"
    path.write_text("".join((MODEL + times).format(name=name) for name in names))
    broken = place / "logs" / names[0] / "predictions" / "_delta_log"
    broken.mkdir(parents=True)
    (broken / f"{0:020}.json").write_text("{")
    return place


def test_a_damaged_log_costs_one_model(tmp_path: Path, terminal: Terminal) -> None:
    place = fleet_of(tmp_path / "fleet", "berta", "anna")
    code, out, err = terminal("-w", place, "due", "--as-of", MONDAY)
    assert (code, err) == (30, "")
    assert out.startswith(f"berta failed: {place}/logs/berta/predictions: the log ")
    assert "anna" not in out  # nothing of it was due


@pytest.mark.slow
@pytest.mark.notebook
def test_each_slot_of_a_fleet_is_run_once_and_the_index_has_all(
    tmp_path: Path, terminal: Terminal
) -> None:
    audit = 'audit = "0 6 * * 1"\n'
    place = fleet_of(tmp_path / "fleet", "berta", "anna", "clara", pages=audit)
    code, out, err = terminal("-w", place, "due", "--as-of", MONDAY, "--jobs", 2)
    assert (code, err) == (30, "")
    lines = [line.split(":")[0] for line in out.splitlines()]
    assert lines == ["berta failed", "anna", "clara"]
    for name in ("anna", "clara"):
        runs = lifecycle.open(place).registry.runs(name)
        assert [(run.notebook, run.status) for run in runs] == [("audit", "succeeded")]
    index = (place / "reports" / "index.html").read_text()
    assert all(f"{name}/index.html" in index for name in ("anna", "berta", "clara"))
    again = terminal("-w", place, "due", "anna", "--as-of", MONDAY)
    assert again == (0, "nothing is due\n", "")
