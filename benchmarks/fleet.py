"""A fleet: hundreds of models due at once on this machine, and looking over them.

One small model is trained and copied; the page `audit` of each is due, and the log of
one is damaged. `lifecycle due --jobs 2` is run once, as a person would; its processes
are looked at twice a second. Then each model gets a hundred older reports, and
`lifecycle status` and the index are timed.
"""

from __future__ import annotations

import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import psutil

from benchmarks import _fleet, _table
from lifecycle import open as open_workspace
from lifecycle.workspace import Workspace

MODELS, REPORTS, JOBS = 300, 100, 2
LOOK_SECONDS = 0.5
MANY_PROCESSES = 24  # the command, and a lane: itself, a warm server, two pages of two
STATUS_SECONDS, INDEX_SECONDS = 5.0, 15.0


def measure(directory: Path, models: int, old: int) -> Iterator[_table.Row]:
    """The rows, as they come."""
    ws = _fleet.fleet(directory, models)
    yield from _once(ws, models)
    yield from _looking(ws, old)


def _once(ws: Workspace, models: int) -> Iterator[_table.Row]:
    directory, begun = ws.directory, _processor()
    code, wall, memory, processes = _due(directory)
    spent = _processor() - begun
    yield _table.row("models due at once", models)
    yield _table.row("exit code, with one failing model", code, at_least=30, at_most=30)
    done = sum(bool(ws.registry.runs(name)) for name in ws.models)
    yield _table.row("models with a report", done, at_least=models - 1)
    yield _table.row("wall", wall, "s")
    yield _table.row("wall a model", wall / models, "s")
    yield _table.row("processor time a model", spent / models, "s")
    yield _table.row("memory of the parent", memory, "MB", at_most=300)
    yield _table.row("processes at most", processes, at_most=MANY_PROCESSES)


def _looking(ws: Workspace, old: int) -> Iterator[_table.Row]:
    _fleet.reports(ws, old)
    runs = len(ws.registry.runs())
    yield _table.row("reports", runs)
    words = ["-w", str(ws.directory), "status", "--as-of", f"{_fleet.AS_OF:%FT%TZ}"]
    yield _table.row("lifecycle status", _spent(words), "cpu s", at_most=STATUS_SECONDS)
    for name in ("the index", "the index again, nothing changed"):
        begun = time.process_time()
        open_workspace(ws.directory).refresh_index(as_of=_fleet.AS_OF)
        spent = time.process_time() - begun
        yield _table.row(name, spent, "cpu s", at_most=INDEX_SECONDS)


def _due(directory: Path) -> tuple[int, float, float, int]:
    """Its exit code, seconds, the parent's memory (MB), and how many processes."""
    words = ["-w", str(directory), "due", "--jobs", str(JOBS), "--progress"]
    begun = time.monotonic()
    process = subprocess.Popen(
        [*_command(), *words, "--as-of", f"{_fleet.AS_OF:%FT%TZ}"],
        stdout=subprocess.DEVNULL,
    )
    memory, processes = 0.0, 0
    while process.poll() is None:
        try:
            parent = psutil.Process(process.pid)
            memory = max(memory, parent.memory_info().rss / 1e6)
            processes = max(processes, 1 + len(parent.children(recursive=True)))
        except psutil.NoSuchProcess:
            break
        time.sleep(LOOK_SECONDS)
    return process.wait(), time.monotonic() - begun, memory, processes


def _spent(words: list[str]) -> float:
    begun = _processor()
    subprocess.run([*_command(), *words], check=True, stdout=subprocess.DEVNULL)
    return _processor() - begun


def _command() -> list[str]:
    return [sys.executable, "-m", "lifecycle"]


def _processor() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def main() -> int:
    """Print the table; write JSON where asked."""
    parser = _table.parser(__doc__ or "")
    parser.add_argument("--models", type=int, default=MODELS)
    parser.add_argument("--reports", type=int, default=REPORTS)
    told = parser.parse_args()
    for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
        os.environ.setdefault(name, "1")
    with tempfile.TemporaryDirectory(prefix="fleet-") as folder:
        place = Path(folder, "desk")
        rows = measure(place, told.models, told.reports)
        _table.report(rows, json_file=told.json)
    return 0


if __name__ == "__main__":
    sys.exit(main())
