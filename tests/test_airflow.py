"""The DAG file: one DAG a model from the settings, which a real Airflow runs."""

from __future__ import annotations

import ast
import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

import lifecycle
from lifecycle import workspace
from lifecycle.workspace import dags
from tests.test_fleet import MODEL

Terminal = Callable[..., tuple[int, str, str]]
SCHEDULE = """
[models.{name}.schedule]
audit = "0 6 * * 1"
drift = "0 6 * * 1"
decide = {{cron = "30 6 * * 1", retries = 2, backoff_minutes = 15}}
promote = "30 6 * * 1"
"churn risk" = {{cron = "0 9 1 * *", after = ["decide"]}}
"""


def tables(text: str) -> dict[str, Any]:
    """What the file says, without running it."""
    found = {}
    for node in ast.parse(text).body:
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            found[node.targets[0].id] = ast.literal_eval(node.value)
    return found


def desk(tmp_path: Path, *told: str, head: str = "") -> workspace.Workspace:
    (tmp_path / "lifecycle.toml").write_text(head + "".join(told))
    return lifecycle.open(tmp_path)


def test_each_model_is_a_dag_with_the_times_zone_and_order_of_the_settings(
    tmp_path: Path,
) -> None:
    ws = desk(
        tmp_path,
        MODEL.format(name="anna"),
        SCHEDULE.format(name="anna"),
        MODEL.format(name="berta"),
        head='[workspace]\ntimezone = "Europe/Berlin"\n',
    )
    told = tables(dags.airflow(ws, command=["lifecycle"]))
    assert told["LIFECYCLE"] == ["lifecycle", "--workspace", str(tmp_path)]
    assert list(told["DAGS"]) == ["lifecycle_anna", "lifecycle_berta"]
    anna = told["DAGS"]["lifecycle_anna"]
    assert (anna["model"], anna["owner"]) == ("anna", "Ana Silva")
    assert anna["timezone"] == "Europe/Berlin"
    assert anna["crons"] == ["0 6 * * 1", "30 6 * * 1", "0 9 1 * *"]
    after = {page: how["after"] for page, how in anna["pages"].items()}
    assert after == {
        "audit": [],
        "drift": [],
        "decide": ["audit", "drift"],
        "promote": ["decide"],
        "churn risk": ["decide"],
    }
    assert anna["pages"]["decide"]["retries"] == 2
    assert anna["pages"]["decide"]["backoff_minutes"] == 15
    assert anna["pages"]["audit"]["retries"] == 0
    berta = told["DAGS"]["lifecycle_berta"]
    assert berta["crons"] == []  # by hand
    assert list(berta["pages"]) == ["audit", "drift", "decide", "promote"]
    assert berta["pages"]["promote"]["after"] == ["decide"]


def test_pages_of_another_zone_are_a_dag_of_their_own(tmp_path: Path) -> None:
    extra = 'sales = {cron = "0 9 * * 1", timezone = "Asia/Tokyo", after = ["audit"]}\n'
    ws = desk(tmp_path, MODEL.format(name="anna"), SCHEDULE.format(name="anna") + extra)
    told = tables(dags.airflow(ws, command=["lifecycle"]))["DAGS"]
    assert list(told) == ["lifecycle_anna_UTC", "lifecycle_anna_Asia_Tokyo"]
    tokyo = told["lifecycle_anna_Asia_Tokyo"]
    assert (tokyo["timezone"], tokyo["crons"]) == ("Asia/Tokyo", ["0 9 * * 1"])
    assert tokyo["pages"]["sales"]["after"] == []  # `due` holds it back by itself


@pytest.mark.parametrize(
    "purpose",
    [
        'why "$command" and ${dags}? \\',
        '"""\nimport os; os.remove("x")\n"""',
        "Zoë \u202e 😀 \ud7ff",
        "true, false and null",
    ],
)
def test_what_people_write_stays_text(purpose: str, tmp_path: Path) -> None:
    quoted = json.dumps(purpose, ensure_ascii=False)
    table = MODEL.format(name="anna").replace(
        'task = "binary"', f'task = "binary"\npurpose = {quoted}'
    )
    text = dags.airflow(desk(tmp_path, table), command=["it's", "a b", 'say "x"'])
    told = tables(text)
    assert told["DAGS"]["lifecycle_anna"]["purpose"] == purpose
    assert told["LIFECYCLE"][:3] == ["it's", "a b", 'say "x"']
    assert text.isascii()


class Final(Exception):
    """Stands in for Airflow's."""


@pytest.fixture
def run_page(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Any]:
    """The function of a task, with an Airflow of three names."""
    sdk = SimpleNamespace(
        DAG=None, MultipleCronTriggerTimetable=None, task=lambda function: function
    )
    monkeypatch.setitem(sys.modules, "airflow", SimpleNamespace(sdk=sdk))
    monkeypatch.setitem(sys.modules, "airflow.sdk", sdk)
    exceptions = SimpleNamespace(AirflowFailException=Final)
    monkeypatch.setitem(sys.modules, "airflow.sdk.exceptions", exceptions)
    text = dags.airflow(desk(tmp_path), command=["lifecycle"])
    space: dict[str, Any] = {}
    exec(compile(text, "dags.py", "exec"), space)

    def run(code: int, kind: str) -> list[str]:
        told = f"import sys; print(sys.argv[1:]); sys.exit({code})"
        space["LIFECYCLE"][:] = [sys.executable, "-c", told]
        space["run_page"]("leads", "audit", dag_run=SimpleNamespace(run_type=kind))

    return run


@pytest.mark.parametrize(
    ("code", "error", "words"),
    [
        (10, Final, "alert, which needs a person"),
        (30, Final, "wrong settings, input or parameters"),
        (20, RuntimeError, "a page failed"),
        (21, RuntimeError, "the time limit was reached"),
        (22, RuntimeError, "a process died"),
        (31, RuntimeError, "the same is under way already"),
        (7, RuntimeError, "exit code 7"),
    ],
)
def test_only_what_may_be_better_later_is_tried_again(
    code: int, error: type[Exception], words: str, run_page: Callable[..., Any]
) -> None:
    with pytest.raises(error, match=f"^{words}$"):
        run_page(code, "scheduled")


def test_a_task_asks_for_what_is_due_and_by_hand_for_the_page(
    run_page: Callable[..., Any], capsys: pytest.CaptureFixture[str]
) -> None:
    run_page(0, "scheduled")
    run_page(0, "manual")
    assert [
        ast.literal_eval(each) for each in capsys.readouterr().out.split("\n\n")[:2]
    ] == [
        ["due", "leads", "--page", "audit", "--no-progress"],
        ["run", "audit", "leads"],
    ]


def test_the_command_prints_the_file_with_its_own_place_or_the_one_told(
    tmp_path: Path, terminal: Terminal
) -> None:
    desk(tmp_path, MODEL.format(name="anna"))
    code, out, err = terminal("-w", tmp_path, "airflow")
    assert (code, err) == (0, "")
    assert tables(out)["LIFECYCLE"][0].endswith("lifecycle")
    code, out, _ = terminal(
        "-w", tmp_path, "airflow", "--command", "ssh 'my host' lifecycle"
    )
    assert tables(out)["LIFECYCLE"][:3] == ["ssh", "my host", "lifecycle"]


@pytest.mark.slow
def test_a_real_airflow_runs_the_pages_of_a_workspace_in_their_order(
    tmp_path: Path, terminal: Terminal
) -> None:
    python = os.environ.get("AIRFLOW_PYTHON") or _made(tmp_path / "airflow")
    place = tmp_path / "desk"
    workspace.init(place)
    _, text, _ = terminal("-w", place, "airflow")
    file = tmp_path / "home" / "dags" / "lifecycle.py"
    file.parent.mkdir(parents=True)
    file.write_text(text)
    env = os.environ | {
        "AIRFLOW_HOME": str(tmp_path / "home"),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
    }
    told = {"env": env, "check": True, "stdout": subprocess.PIPE, "text": True}
    subprocess.run([python, "-m", "airflow", "db", "migrate"], **told)
    trial = Path(__file__).with_name("airflow_trial.py")
    ran = subprocess.run([python, trial, file], **told)
    line = next(x for x in ran.stdout.splitlines() if x.startswith("TOLD "))
    found = json.loads(line.removeprefix("TOLD "))
    dag = found["dags"]["lifecycle_my-model"]
    assert dag["state"] == "success"
    assert dag["tasks"] == dict.fromkeys(
        ("audit", "drift", "decide", "promote"), "success"
    )
    assert dag["after"]["decide"] == ["audit", "drift"]
    assert dag["after"]["promote"] == ["decide"]
    assert found["codes"] == {
        "0": "done",
        "10": "AirflowFailException",
        "20": "RuntimeError",
        "30": "AirflowFailException",
        "31": "RuntimeError",
    }
    runs = lifecycle.open(place).registry.runs("my-model")
    done = [(run.notebook, run.status) for run in reversed(runs)]
    assert sorted(done[:2]) == [("audit", "succeeded"), ("drift", "succeeded")]
    assert done[2:] == [("decide", "succeeded"), ("promote", "succeeded")]


def _made(place: Path) -> str:
    """An environment with the newest Airflow; skips with a sentence without it."""
    subprocess.run([sys.executable, "-m", "venv", str(place)], check=True)
    python = str(place / "bin" / "python")
    words = [python, "-m", "pip", "install", "-q", "apache-airflow>=3.1"]
    done = subprocess.run(words, check=False, capture_output=True, text=True)
    if done.returncode:
        pytest.skip("Airflow cannot be installed here: " + done.stderr[-200:])
    return python
