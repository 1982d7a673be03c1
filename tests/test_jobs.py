"""A run is what its process and its record say, never what the notebook says."""

from __future__ import annotations

import asyncio
import html
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbformat import v4

from lifecycle import errors, jobs
from lifecycle.jobs import engine, locking, record, runner

notebook = pytest.mark.notebook
forks = pytest.mark.skipif(
    sys.platform in ("win32", "darwin"), reason="this system cannot fork safely"
)

PARAMETERS = """\
workspace: str = ""  # where
model: str = "leads"  # whose
as_of: str = "2023-04-03"
result_path: str = ""  # set by the runner
"""
LAST = """\
from lifecycle.jobs.record import Record
Record.of(
    model=model, notebook="x", as_of=as_of, summary="All is well.",
    facts=globals().get("facts"),
).write(result_path)
"""
Go = Callable[..., jobs.Run]


@pytest.fixture(scope="module")
def warm() -> Iterator[jobs.Warm]:
    with jobs.Warm() as started:
        yield started


@pytest.fixture
def go(tmp_path: Path) -> Go:
    """Write a notebook of these cells, run it, and give back how it ended."""

    def run(*cells: str, name: str = "audit", **more: Any) -> jobs.Run:
        made = written(tmp_path / f"{name}.ipynb", *cells)
        settings: dict[str, Any] = {
            "parameters": {"model": "leads", "workspace": str(tmp_path)},
            "directory": tmp_path / "reports" / "leads",
            "name": name,
            "header": {"Model": "leads"},
            "timeout_seconds": 60,
            "cwd": tmp_path,
            "lock": tmp_path / "locks" / name,
        }
        return jobs.run(made, **settings | more)

    return run


def written(path: Path, *cells: str, parameters: str = PARAMETERS) -> Path:
    made = [
        v4.new_markdown_cell("# Is it well?"),
        v4.new_code_cell(parameters, metadata={"tags": ["parameters"]}),
        *(v4.new_code_cell(cell) for cell in cells),
    ]
    path.parent.mkdir(parents=True, exist_ok=True)
    nbformat.write(v4.new_notebook(cells=made), path)
    return path


def states(run: jobs.Run) -> list[str]:
    cells = json.loads(run.notebook.read_text())["cells"]
    return [
        cell["metadata"]["papermill"]["status"]
        for cell in cells
        if "papermill-error-cell-tag" not in cell["metadata"].get("tags", [])
    ]


def page(run: jobs.Run) -> str:
    return html.unescape(run.html.read_text()).casefold()


def kept(run: jobs.Run) -> dict[str, Any]:
    values: dict[str, Any] = json.loads(run.html.with_suffix(".json").read_text())
    return values


def gone(pid: int, seconds: float = 10) -> bool:
    """Whether a process has ended (a zombie nobody has buried counts)."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        try:
            os.kill(pid, 0)
            with Path(f"/proc/{pid}/stat").open() as stat:
                if stat.read().rpartition(")")[2].split()[0] == "Z":
                    return True
        except (ProcessLookupError, FileNotFoundError):
            return True
        threading.Event().wait(0.05)
    return False


# ---- cold


@notebook
def test_a_run_that_succeeds_leaves_notebook_report_and_record(
    go: Go, tmp_path: Path
) -> None:
    run = go(
        "import os, sys, IPython\n"
        "facts = {'cwd': os.getcwd(), 'python': sys.executable, 'profile': "
        "IPython.get_ipython().ipython_dir, 'unattended': "
        "os.environ['LIFECYCLE_UNATTENDED'], 'stdin': sys.stdin is None}",
        LAST,
        directory=tmp_path / "a {b} c" / "ü",
    )
    assert (run.status, run.exit_code, run.error) == ("succeeded", 0, None)
    assert run.message == "All is well."
    assert run.record is not None
    assert run.record.facts["cwd"] == str(tmp_path)
    assert run.record.facts["python"] == sys.executable
    assert run.record.facts["unattended"] == "1"
    assert not str(run.record.facts["profile"]).startswith(str(Path.home()))
    assert run.record.notebook == "audit"
    assert record.read(run.html.with_suffix(".json")) == run.record
    assert set(states(run)) == {"completed"}
    assert "Is it well?" in run.html.read_text()
    found = sorted(path.name for path in run.html.parent.iterdir())
    assert found == ["audit.html", "audit.ipynb", "audit.json"]
    assert run.timings["cpu"] > 0


@forks
@notebook
def test_the_published_notebook_names_no_path_of_the_machine(
    go: Go, warm: jobs.Warm, tmp_path: Path
) -> None:
    run = go(LAST, warm=warm)
    text = run.notebook.read_text()
    assert str(tmp_path) not in text
    assert 'workspace = \\"../..\\"' in text
    assert 'result_path = \\"\\"' in text
    assert "Ran at" in run.html.read_text()
    assert str(tmp_path) not in run.html.read_text()


@notebook
def test_the_time_limit_ends_the_run_and_all_it_started(go: Go, tmp_path: Path) -> None:
    run = go(
        "import subprocess, pathlib\n"
        "child = subprocess.Popen(['sleep', '1000'])\n"
        "pathlib.Path('pid').write_text(str(child.pid))\n"
        "print('so far', flush=True)",
        "import time; time.sleep(1000)",
        LAST,
        timeout_seconds=4,
    )
    assert (run.status, run.exit_code) == ("timeout", 21)
    assert isinstance(run.error, errors.TimeLimit)
    assert "the time was up in cell 5" in run.message
    assert states(run)[-2:] == ["failed", "pending"]
    assert "so far" in run.notebook.read_text()
    assert "the time was up" in page(run)
    assert (kept(run)["status"], kept(run)["verdict"]) == ("timeout", "undefined")
    assert gone(int((tmp_path / "pid").read_text()))


@forks
@notebook
def test_a_home_that_is_not_there_and_a_long_way_to_it_do_no_harm(
    go: Go, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    long = tmp_path / "a long way" / ("x" * 90)
    long.mkdir(parents=True)
    monkeypatch.setenv("HOME", str(tmp_path / "gone"))
    monkeypatch.setenv("TMPDIR", str(long))
    monkeypatch.setattr("tempfile.tempdir", None)
    run = go("import matplotlib.figure", LAST)
    assert run.status == "succeeded", run
    assert "encryption" not in run.notebook.read_text()
    assert not (tmp_path / "gone").exists()
    assert list(long.iterdir()) == []


@notebook
def test_a_reader_never_sees_half_a_file(go: Go, tmp_path: Path) -> None:
    directory, torn, seen = tmp_path / "reports" / "leads", [], set()
    done = threading.Event()

    def look_on() -> None:
        while not done.is_set():
            for path in (*directory.glob("*.ipynb"), *directory.glob("*/*.ipynb")):
                try:
                    json.loads(path.read_bytes())
                    seen.add(path.parent.name)
                except FileNotFoundError:
                    continue
                except ValueError as error:
                    torn.append((path, error))

    reader = threading.Thread(target=look_on)
    reader.start()
    try:
        run = go("for _ in range(40): print('x' * 100_000, flush=True)", LAST)
    finally:
        done.set()
        reader.join()
    assert run.status == "succeeded"
    assert torn == []
    assert any(name.startswith(".audit.run-") for name in seen), "not seen under way"


# ---- refused before anything starts


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"modle": "leads"}, "did you mean model"),
        ({"model": 3}, "must be text"),
        ({"x = 1; open('PWN', 'w') #": 2}, "has no parameter"),
        ({"result_path": "/etc/passwd"}, "set by the runner"),
    ],
)
def test_wrong_parameters_are_refused_before_anything_starts(
    go: Go, tmp_path: Path, given: dict[str, object], said: str
) -> None:
    with pytest.raises(errors.BadParameters, match=said):
        go(LAST, parameters=given)
    assert not (tmp_path / "reports").exists()
    assert not (tmp_path / "PWN").exists()


def test_a_notebook_that_takes_no_result_path_is_refused(tmp_path: Path) -> None:
    made = written(tmp_path / "n.ipynb", parameters="model: str = ''")
    with pytest.raises(errors.BadParameters, match="no parameter 'result_path'"):
        jobs.run(
            made,
            parameters={},
            directory=tmp_path,
            name="n",
            header={},
            cwd=tmp_path,
            lock=tmp_path / "lock",
        )


@pytest.mark.parametrize("name", ["", "../x", "a/b", ".hidden", "a.b", "a\0b"])
def test_a_name_that_is_no_file_name_is_refused(go: Go, name: str) -> None:
    with pytest.raises(errors.BadParameters, match="cannot be the name"):
        jobs.run(
            "n.ipynb",
            parameters={},
            directory=".",
            name=name,
            header={},
            cwd=".",
            lock="lock",
        )


def test_the_same_run_does_not_start_twice(go: Go, tmp_path: Path) -> None:
    with (
        locking.locked(tmp_path / "locks" / "audit", "audit"),
        pytest.raises(errors.AlreadyRunning, match=rf"process {os.getpid()} since"),
    ):
        go(LAST)


def test_the_shipped_notebooks_have_a_place() -> None:
    assert jobs.shipped().name == "notebooks"


# ---- warm


@forks
@notebook
@pytest.mark.parametrize(
    ("cells", "status", "code", "said", "last"),
    [
        ((LAST,), "succeeded", 0, "All is well.", "completed"),
        (
            ("1/0", LAST),
            "failed",
            20,
            "cell 4 raised ZeroDivisionError: division by zero",
            "pending",
        ),
        (
            ("import sys; sys.exit(0)", LAST),
            "failed",
            20,
            "cell 4 ended the notebook half way",
            "pending",
        ),
        (("import sys; sys.exit(3)", LAST), "failed", 20, "half way", "pending"),
        (("import os; os._exit(0)", LAST), "died", 22, "the kernel died", "pending"),
        (
            ("import os; os.kill(os.getpid(), 9)", LAST),
            "died",
            22,
            "the kernel died in cell 4",
            "pending",
        ),
        (("1",), "failed", 20, "no result record", "completed"),
        (
            ("open(result_path, 'w').write('{}')",),
            "failed",
            20,
            "the result record is not valid: model: Field required",
            "completed",
        ),
        (
            (LAST.replace("model=model", "model='other'"),),
            "failed",
            20,
            "speaks of the model 'other'",
            "completed",
        ),
        (
            ("import os; os.kill(os.getppid(), 9); import time; time.sleep(9)", LAST),
            "died",
            22,
            "the process of the run was killed by signal 9",
            "pending",
        ),
    ],
    ids=[
        "succeeds",
        "raises",
        "exit-0",
        "exit-3",
        "os-exit",
        "kernel-killed",
        "no-record",
        "bad-record",
        "other-model",
        "runner-killed",
    ],
)
def test_how_a_run_ended_is_said_everywhere(
    go: Go,
    warm: jobs.Warm,
    cells: tuple[str, ...],
    status: str,
    code: int,
    said: str,
    last: str,
) -> None:
    run = go(*cells, warm=warm)
    assert warm.sentence == ""
    assert (run.status, run.exit_code) == (status, code)
    assert said in run.message
    assert kept(run)["status"] == status
    assert said.casefold() in page(run)
    assert states(run)[-1] == last
    assert (run.record is None) == (run.error is not None)
    if run.error is not None:
        assert said in str(run.error)


@forks
@notebook
def test_an_error_that_a_cell_is_tagged_to_raise_is_no_failure(
    tmp_path: Path, go: Go, warm: jobs.Warm
) -> None:
    made = written(tmp_path / "tagged.ipynb", "1/0", LAST)
    document = nbformat.read(made, as_version=4)
    document.cells[2].metadata["tags"] = ["raises-exception"]
    nbformat.write(document, made)
    run = jobs.run(
        made,
        parameters={},
        directory=tmp_path / "out",
        name="tagged",
        header={},
        cwd=tmp_path,
        lock=tmp_path / "lock",
        warm=warm,
    )
    assert run.status == "succeeded"
    assert "papermill-error-cell-tag" not in run.notebook.read_text()


@forks
@notebook
def test_one_run_knows_nothing_of_the_one_before(go: Go, warm: jobs.Warm) -> None:
    leave = (
        "import os, sys, json, random, math, pandas as pd, numpy as np\n"
        "facts = {'seen': hasattr(json, 'left') or 'LEFT' in os.environ or 'left' in "
        "globals(), 'cwd': os.getcwd(), 'option': pd.get_option('display.max_rows'),"
        "'drawn': float(np.random.random()), 'random': random.random(),"
        "'pid': os.getpid(), 'parent': os.getppid()}\n"
        "json.left = left = os.environ['LEFT'] = 'x'\n"
        "pd.set_option('display.max_rows', 7); os.chdir('/')"
    )
    runs = [go(leave, LAST, warm=warm) for _ in range(2)]
    one, two = [run.record.facts for run in runs if run.record]
    assert (one["seen"], two["seen"]) == (False, False)
    assert one["cwd"] == two["cwd"] != "/"
    assert one["option"] == two["option"] != 7
    for drawn in ("drawn", "random", "pid", "parent"):
        assert one[drawn] != two[drawn]


@forks
@notebook
def test_a_warm_run_sees_the_environment_of_its_own_moment(
    go: Go, warm: jobs.Warm, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LATER", "yes")
    run = go("import os; facts = {'later': os.environ.get('LATER')}", LAST, warm=warm)
    assert run.record is not None
    assert run.record.facts["later"] == "yes"


@forks
@notebook
def test_runs_in_threads_and_in_an_event_loop_do_not_meet(
    go: Go, warm: jobs.Warm, tmp_path: Path
) -> None:
    def one(name: str, warm: jobs.Warm | None) -> jobs.Run:
        (tmp_path / name).mkdir()
        cell = "import os; facts = {'cwd': os.getcwd()}"
        return go(cell, LAST, name=name, cwd=tmp_path / name, warm=warm)

    async def inside() -> jobs.Run:
        return one("loop", warm)

    before = Path.cwd()
    with ThreadPoolExecutor(3) as pool:
        waiting = [
            pool.submit(one, name, start)
            for name, start in (("a", warm), ("b", warm), ("c", None))
        ]
        runs = [asyncio.run(inside()), *(each.result() for each in waiting)]
    for run in runs:
        assert run.record is not None, run
        assert run.record.facts["cwd"] == str(tmp_path / run.name)
    assert Path.cwd() == before


@forks
@notebook
def test_a_run_that_fails_leaves_no_record_of_the_success_before(
    go: Go, warm: jobs.Warm
) -> None:
    assert kept(go(LAST, warm=warm))["status"] == "succeeded"
    failed = go("raise RuntimeError('late')", LAST, warm=warm)
    assert kept(failed)["status"] == "failed"
    assert "RuntimeError: late" in failed.html.read_text()
    assert kept(go(LAST, warm=warm))["status"] == "succeeded"


@forks
@notebook
def test_what_a_notebook_starts_ends_with_it(
    go: Go, warm: jobs.Warm, tmp_path: Path
) -> None:
    run = go(
        "import subprocess\nfacts = {'pid': subprocess.Popen(['sleep', '1000']).pid}",
        LAST,
        warm=warm,
    )
    assert run.record is not None
    assert gone(int(str(run.record.facts["pid"])))


@forks
@notebook
def test_a_run_whose_caller_is_killed_ends_too(tmp_path: Path) -> None:
    cell = (
        "import os, pathlib, time\n"
        "pathlib.Path('pids').write_text(f'{os.getpid()} {os.getppid()}')\n"
        "time.sleep(1000)"
    )
    made = written(tmp_path / "n.ipynb", cell)
    code = (
        "import sys\nfrom lifecycle import jobs\n"
        "made, folder = sys.argv[1:]\n"
        "jobs.run(made, parameters={}, directory=folder, name='n', header={},"
        " cwd=folder, lock=folder + '/lock')"
    )
    caller = subprocess.Popen([sys.executable, "-c", code, str(made), str(tmp_path)])
    pids = tmp_path / "pids"
    while not (pids.exists() and len(pids.read_text().split()) == 2):
        assert caller.poll() is None
        threading.Event().wait(0.05)
    caller.send_signal(signal.SIGKILL)
    caller.wait()
    assert all(gone(int(pid)) for pid in pids.read_text().split())
    assert not list(tmp_path.glob(".n.run-*"))
    with locking.locked(tmp_path / "lock", "n"):
        pass


@forks
@notebook
def test_without_its_process_a_warm_start_is_cold_and_says_so(
    go: Go, caplog: pytest.LogCaptureFixture
) -> None:
    with jobs.Warm() as warm:
        assert warm._server is not None
        warm._server.kill()
        run = go(LAST, warm=warm)
    assert run.status == "succeeded"
    assert warm.sentence == "the warm process does not answer; runs start cold"
    assert warm.sentence in caplog.text


def test_where_nothing_can_fork_a_warm_start_is_cold_and_says_so(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("lifecycle.jobs.warm.sys.platform", "win32")
    with jobs.Warm() as warm:
        assert warm.sentence == "this system cannot fork safely; runs start cold"


@notebook
def test_a_kernel_can_be_started_without_a_fork(
    go: Go, monkeypatch: pytest.MonkeyPatch
) -> None:
    perform = runner._Attempt._perform

    def without(self: Any, job: dict[str, Any], seconds: float) -> int | None:
        return perform(self, job | {"fork": False}, seconds)

    monkeypatch.setattr(runner._Attempt, "_perform", without)
    run = go("import sys; facts = {'python': sys.executable}", LAST)
    assert run.record is not None, run
    assert run.record.facts["python"] == sys.executable


def test_papermill_finds_the_engine_by_its_name() -> None:
    (found,) = (
        entry
        for entry in entry_points(group="papermill.engine")
        if entry.name == "lifecycle"
    )
    assert found.load() is engine.Engine
