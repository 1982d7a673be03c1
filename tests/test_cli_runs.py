"""Pages by command: how a run ends, what its exit code is, what it leaves behind."""

from __future__ import annotations

import fcntl
import json
from collections.abc import Callable
from pathlib import Path

import pytest

import lifecycle
from lifecycle import jobs, workspace

Terminal = Callable[..., tuple[int, str, str]]
MONDAY = "2024-04-01T06:30Z"
FOLDER = "2024-04-01T063000Z"


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    place = tmp_path / "my models"
    workspace.init(place)
    monkeypatch.chdir(place)
    return place


def page(desk: Path, name: str, *cells: str) -> None:
    """A user's own notebook, with one parameter more than the shipped ones."""
    shipped = json.loads((desk / "notebooks" / "drift.ipynb").read_text())
    parameters = next(
        cell
        for cell in shipped["cells"]
        if "parameters" in cell["metadata"].get("tags", [])
    )
    source = "".join(parameters["source"]) + "\nlevel: float = 0.5  # how sure"
    kept = [{**parameters, "source": source}]
    kept += [
        {
            "cell_type": "code",
            "id": f"own-{number}",
            "metadata": {},
            "execution_count": None,
            "outputs": [],
            "source": cell,
        }
        for number, cell in enumerate(cells)
    ]
    (desk / "notebooks" / f"{name}.ipynb").write_text(
        json.dumps({**shipped, "cells": kept})
    )


OPEN = "import lifecycle\nview = lifecycle.open(workspace).view(model, as_of)"
ALARM = """\
from lifecycle import findings
row = findings.Finding("complaints", level, 12, threshold=0.1, verdict="alert")
found = findings.Findings("Complaints", (row,), "People complain.")
view.conclude("complaints", found, result_path=result_path)"""


@pytest.mark.notebook
def test_the_four_pages_of_a_blank_workspace_run_once_when_due_and_say_undefined(
    desk: Path, terminal: Terminal
) -> None:
    ws = lifecycle.open(desk)
    said: list[str] = []
    with jobs.Warm() as warm:
        ticks = ws.due(as_of=MONDAY.replace("06", "07"), warm=warm, say=said.append)
    runs = [tick.run for tick in ticks if tick.run is not None]
    assert [run.status for run in runs] == ["succeeded"] * 4, said
    folder = desk / "reports" / "my-model" / FOLDER.replace("T06", "T07")
    for name in ("audit", "drift", "decide", "promote"):
        record = json.loads((folder / f"{name}.json").read_text())
        assert record["verdict"] == "undefined"
        assert record["summary"]
        assert (folder / f"{name}.html").read_text()[:15].lower() == "<!doctype html>"
        assert (folder / f"{name}.ipynb").exists()
    assert "my-model: no version is in production yet; train and approve one" in said
    assert (desk / "reports" / "index.html").exists()
    code, out, err = terminal("due", "--as-of", "2024-04-01T08:00Z")
    assert (code, out, err) == (0, "nothing is due\n", "")
    (row,) = json.loads(terminal("status", "--json")[1])
    assert row["verdict"] == "undefined"
    assert row["last_run"] == "2024-04-01T07:30:00+00:00"


@pytest.mark.notebook
def test_a_page_of_ones_own_runs_with_its_parameter_and_its_alert_is_an_exit_code(
    desk: Path, terminal: Terminal
) -> None:
    page(desk, "complaints", OPEN, ALARM)
    words = ("run", "complaints", "my-model", "--as-of", MONDAY, "-p", "level=0.25")
    code, out, err = terminal(*words, "--fail-on-alert")
    assert (code, err) == (10, "")
    assert out.splitlines()[0].startswith("complaints of my-model: succeeded in ")
    assert out.splitlines()[1] == "alert: People complain."
    html = desk / "reports" / "my-model" / FOLDER / "complaints.html"
    assert out.splitlines()[2] == str(html)
    record = json.loads(html.with_suffix(".json").read_text())
    assert record["rows"][0]["value"] == 0.25
    assert "complaints" in (desk / "reports" / "index.html").read_text()


@pytest.mark.notebook
def test_a_failing_page_exits_with_20_and_its_report_says_what_failed(
    desk: Path, terminal: Terminal
) -> None:
    page(desk, "mine", OPEN, "total = 3\ntotal / (level - 0.5)")
    code, out, err = terminal("run", "mine", "my-model", "--as-of", MONDAY)
    assert code == 20
    assert "mine of my-model: failed in" in out
    assert err == "cell 4 raised ZeroDivisionError: float division by zero\n"
    html = desk / "reports" / "my-model" / FOLDER / "mine.html"
    assert "ZeroDivisionError" in html.read_text()
    record = json.loads(html.with_suffix(".json").read_text())
    assert record["status"] == "failed"
    assert record["verdict"] == "undefined"
    run = lifecycle.open(desk).registry.runs("my-model")[0]
    assert (run.status, run.exit_code) == ("failed", 20)


@pytest.mark.notebook
def test_a_page_that_takes_too_long_exits_with_21(
    desk: Path, terminal: Terminal
) -> None:
    words = ("run", "audit", "my-model", "--as-of", MONDAY, "--timeout", 1)
    code, out, err = terminal(*words)
    assert code == 21
    assert out.startswith("audit of my-model: timeout in ")
    assert err.startswith("the time was up in cell ")
    assert err.endswith("; give it more than 1 s with --timeout\n")
    html = desk / "reports" / "my-model" / FOLDER / "audit.html"
    assert html.exists()


def test_a_page_that_runs_already_exits_with_31(desk: Path, terminal: Terminal) -> None:
    lock = desk / ".lifecycle" / "my-model.audit.lock"
    lock.parent.mkdir(exist_ok=True)
    with lock.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        code, out, err = terminal("run", "audit", "my-model", "--as-of", MONDAY)
    assert (code, out) == (31, "")
    assert err.startswith("audit is running already (")
    assert err.endswith("); wait until it is done\n")
    assert not (desk / "reports" / "my-model").exists()


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("audi", "my-model"), "there is no notebook 'audi'; did you mean audit?"),
        (
            ("churn-risk", "my-model"),
            "there is no notebook 'churn-risk'; there is audit, decide, drift, home, "
            "promote",
        ),
        (
            ("../audit", "my-model"),
            "there is no notebook '../audit'; did you mean audit?",
        ),
        (
            ("audit", "my_model"),
            "no model 'my_model' here; did you mean my-model?",
        ),
        (
            ("audit", "my-model", "-p", "modl=x"),
            "audit.ipynb has no parameter 'modl'; did you mean model?",
        ),
        (
            ("audit", "my-model", "-p", "level"),
            "-p 'level' has no value; write it as -p name=value",
        ),
        (
            ("audit", "my-model", "-p", "model=other"),
            "model is said by the command itself; leave it out of the parameters",
        ),
        (
            ("audit", "my-model", "-p", "result_path=/etc/passwd"),
            "result_path is set by the runner; leave it out of the parameters",
        ),
        (
            ("audit", "my-model", "--as-of", "soon"),
            "as_of: 'soon' is no moment; write 2023-04-03 or 2023-04-03T10:00+02:00",
        ),
    ],
    ids=lambda each: " ".join(each) if isinstance(each, tuple) else "",
)
def test_a_run_that_cannot_be_meant_exits_with_30_before_anything_starts(
    words: tuple[str, ...], sentence: str, desk: Path, terminal: Terminal
) -> None:
    code, out, err = terminal("run", *words)
    assert (code, out, err) == (30, "", sentence + "\n")
    assert list((desk / "reports").iterdir()) == []


def test_a_parameter_of_the_wrong_type_exits_with_30(
    desk: Path, terminal: Terminal
) -> None:
    page(desk, "mine", OPEN)
    code, _, err = terminal("run", "mine", "my-model", "-p", "level=high")
    assert code == 30
    assert err.count("\n") == 1
    assert "level" in err
    assert "'high'" in err
