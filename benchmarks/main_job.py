"""The main job: how long the demonstration takes, and where the time goes.

Runs the whole story once, then the four pages of its last month cold and warm, side by
side, and once more inside this process to see what their cells are made of.
"""

from __future__ import annotations

import json
import resource
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from unittest import mock

from benchmarks import _table
from lifecycle import config, demo, jobs, logs, training, workspace

LIMIT = 360.0
"""Seconds the demonstration may take on two cores, set-up aside."""
AUDIT = (
    "how_good",
    "calibration",
    "segments",
    "diagnosis",
    "business",
    "feedback",
    "data",
)


def measure() -> Iterator[_table.Row]:
    """The rows, as they come."""
    with tempfile.TemporaryDirectory(prefix="main-job-") as folder:
        desk = Path(folder, "demo")
        began = time.perf_counter()
        demo.run(desk, say=_say)
        whole = time.perf_counter() - began
        told = json.loads((desk / "summary.json").read_text())
        yield _table.row("demo, on the clock", whole, "s", at_most=LIMIT)
        yield from _story(told["measured"])
        yield from _shares(told, whole)
        ws = workspace.open(desk)
        yield from _inside(ws)
        yield from _starts(ws)
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
    yield _table.row("peak memory of the largest process", peak, "MB")


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def _story(measured: dict[str, Any]) -> Iterator[_table.Row]:
    yield _table.row("accuracy, first quarter", 100 * measured["start"], "%")
    yield _table.row("left alone, last half year", 100 * measured["unmanaged_end"], "%")
    yield _table.row("managed, last half year", 100 * measured["managed_end"], "%")
    lowest = measured["lowest_after"]
    value = float("nan") if lowest is None else 100 * lowest
    yield _table.row("managed, lowest week after its return", value, "%", at_least=80)
    yield _table.row("weeks from the return to the end", measured["weeks_above"], "")


def _shares(told: dict[str, Any], whole: float) -> Iterator[_table.Row]:
    for kind, seconds in sorted(told["seconds"].items(), key=lambda item: -item[1]):
        yield _table.row(f"share: {kind}", 100 * seconds / whole, "%")
    parts = told["notebooks"]
    runs = parts.get("runs", 0)
    yield _table.row("notebook runs", runs)
    if not runs:
        return
    yield _table.row("a run, on the clock", parts["run seconds"] / runs, "s")
    yield _table.row("a run, processor time", parts["cpu"] / runs, "s")
    for part, words in (
        ("start", "starting the kernel"),
        ("cells", "the cells"),
        ("render", "rendering"),
    ):
        share = 100 * parts[part] / parts["run seconds"]
        yield _table.row(f"share of a run: {words}", share, "%")


def _inside(ws: workspace.Workspace) -> Iterator[_table.Row]:
    """What the cells of the four pages do: reading, fitting, all the rest."""
    seconds: Counter[str] = Counter()
    began = time.process_time()
    with (
        _timed(logs.Logs, ["labelled", "feedback", "events"], "reading", seconds),
        _timed(training, ["backtest"], "fits of the back-test", seconds),
    ):
        view = ws.view("lead-scoring")
        for call in AUDIT:
            getattr(view, call)()
        ws.view("lead-scoring").drift()
        ws.view("lead-scoring").course()
        ws.view("lead-scoring").promises()
        ws.view("lead-scoring").evaluation()
    whole = time.process_time() - began
    seconds["other"] = whole - sum(seconds.values())
    for kind, spent in seconds.items():
        yield _table.row(f"share of the cells: {kind}", 100 * spent / whole, "%")


@contextmanager
def _timed(
    owner: Any, names: list[str], kind: str, seconds: Counter[str]
) -> Iterator[None]:
    """Count the processor time of some functions while the block runs."""

    def clocked(inner: Callable[..., Any]) -> Callable[..., Any]:
        def call(*given: Any, **named: Any) -> Any:
            began = time.process_time()
            try:
                return inner(*given, **named)
            finally:
                seconds[kind] += time.process_time() - began

        return call

    patches = [
        mock.patch.object(owner, name, clocked(getattr(owner, name))) for name in names
    ]
    for patch in patches:
        patch.start()
    try:
        yield
    finally:
        for patch in patches:
            patch.stop()


def _starts(ws: workspace.Workspace) -> Iterator[_table.Row]:
    """The four pages cold and warm, in turn, in processor seconds."""
    cold: Counter[str] = Counter()
    warm: Counter[str] = Counter()
    with jobs.Warm() as server:
        ws.run("promote", "lead-scoring", warm=server, index=False)  # wait for it
        for page in config.NOTEBOOKS:
            for sums, start in ((cold, None), (warm, server)):
                done = ws.run(page, "lead-scoring", warm=start, index=False)
                for part, seconds in done.timings.items():
                    sums[part] += seconds
    yield _table.row("four pages cold, processor time", cold["cpu"], "s")
    yield _table.row("four pages warm, processor time", warm["cpu"], "s")
    yield _table.row("warm against cold", warm["cpu"] / cold["cpu"], "times")
    imports = 100 * (cold["cpu"] - warm["cpu"]) / cold["cpu"]
    yield _table.row("share of cold: starting and importing", imports, "%")


if __name__ == "__main__":
    sys.exit(_table.main(measure, __doc__ or ""))
