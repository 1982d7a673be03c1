"""The four pages and the index of one model, against starting kernels and importing.

Each way starts from a copy of one workspace that the demo has made, so that all find
the same kept. The floor is an empty notebook, run as the page is, whose kernel imports
what the page's kernel has imported by its end. Processor time is that of all processes
of the runs together; rounds are taken in turn, of which the median counts.
"""

from __future__ import annotations

import json
import os
import resource
import shutil
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any

import lifecycle
from benchmarks import _table
from lifecycle import jobs
from lifecycle.jobs import record as records

PAGES = ("audit", "drift", "decide", "promote")
ROUNDS = 3
_EMPTY = """\
import importlib
import json
from pathlib import Path

for name in json.loads(Path(modules).read_text()):
    try:
        importlib.import_module(name)
    except ImportError:
        pass
"""
_LAST = """\
import json
import sys
from pathlib import Path

named = {n: getattr(m, "__spec__", None) for n, m in list(sys.modules.items())}
real = [n for n, spec in named.items() if spec and n not in ("__main__", "page")]
Path(modules).write_text(json.dumps(real))
"""


@dataclass
class Spent:
    """Seconds of one way, by round."""

    cpu: list[float] = field(default_factory=list)
    wall: list[float] = field(default_factory=list)
    export: list[float] = field(default_factory=list)

    def row(self, name: str) -> Iterator[_table.Row]:
        """The medians, processor and clock."""
        yield _table.row(f"{name}: processor", statistics.median(self.cpu), "s")
        yield _table.row(f"{name}: clock", statistics.median(self.wall), "s")


def measure(workspace: Path, model: str, rounds: int = ROUNDS) -> Iterator[_table.Row]:
    """The rows, as they come."""
    with tempfile.TemporaryDirectory(prefix="reports-") as folder:
        place = Path(folder)
        _compiled(place / "bytecode")
        modules = _modules(workspace, model, place)
        yield _table.row("modules a page's kernel imports", _most(modules))
        ways: Mapping[str, Spent] = {
            name: Spent() for name in ("floor", "cold", "warm", "index", "preloading")
        }
        for _ in range(rounds):
            _round(workspace, model, place, ways)
        export = _exports(place / "cold", model)
    for name in ("floor", "cold", "warm", "index", "preloading"):
        yield from ways[name].row(name)
    floor, cold, warm, index = (
        statistics.median(ways[name].cpu) for name in ("floor", "cold", "warm", "index")
    )
    clock = {name: statistics.median(held.wall) for name, held in ways.items()}
    times = (clock["cold"] + clock["index"]) / clock["floor"]
    yield _table.row("cold and index to floor", (cold + index) / floor, at_most=1.3)
    yield _table.row("the same, on the clock", times, at_most=1.3)
    yield _table.row("warm to cold", warm / cold, at_most=1 / 3)
    share = clock["warm"] / clock["cold"]
    yield _table.row("the same, on the clock", share, at_most=1 / 3)
    for name, (seconds, size) in export.items():
        yield _table.row(f"export of {name}", seconds, "s", at_most=0.3)
        yield _table.row(f"size of {name}", size / 1000, "kB", at_most=150)
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
    yield _table.row("peak of the largest process", peak, "MB")


def _round(workspace: Path, model: str, place: Path, ways: Mapping[str, Spent]) -> None:
    """Each way once, each from a copy of its own."""
    _way(ways["floor"], _copy(workspace, place / "floor"), model, place)
    cold = _copy(workspace, place / "cold")
    _way(ways["cold"], cold, model, None)
    began, spent = time.monotonic(), _own()
    desk = lifecycle.open(cold)
    desk.refresh_index(as_of=_as_of(desk))
    ways["index"].cpu.append(_own() - spent)
    ways["index"].wall.append(time.monotonic() - began)
    began, spent = time.monotonic(), _children()
    with jobs.Warm() as warm:
        probe = _page(place / "ready.ipynb", "pass")
        _run(probe, place, place / "ready", {}, warm=warm)
        ways["preloading"].wall.append(time.monotonic() - began)
        _way(ways["warm"], _copy(workspace, place / "warm"), model, None, warm=warm)
    ways["preloading"].cpu.append(_children() - spent - ways["warm"].cpu[-1])


def _way(
    spent: Spent,
    copy: Path,
    model: str,
    floor: Path | None,
    *,
    warm: jobs.Warm | None = None,
) -> None:
    """The four pages one after the other, or what stands for them."""
    desk = lifecycle.open(copy)
    as_of = _as_of(desk)
    cpu = wall = 0.0
    for page in PAGES:
        if floor is None:
            run = desk.run(page, model, as_of=as_of, warm=warm, index=False)
        else:
            given = {"modules": str(floor / f"{page}.json")}
            empty = _page(floor / f"{page}.ipynb", _EMPTY)
            run = _run(empty, copy, floor / "empty", given)
        if run.status != "succeeded":
            raise SystemExit(str(run))
        cpu += run.timings["cpu"]
        wall += run.seconds
    spent.cpu.append(cpu)
    spent.wall.append(wall)


def _compiled(folder: Path) -> None:
    """Let the processes keep what they compile, as an installed package has it.

    Where the environment forbids that, each cold one would compile our source anew,
    and the floor with it.
    """
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    os.environ["PYTHONPYCACHEPREFIX"] = str(folder)


def _modules(workspace: Path, model: str, place: Path) -> dict[str, list[str]]:
    """What the kernel of each page has imported by its end."""
    copy = _copy(workspace, place / "probe")
    desk = lifecycle.open(copy)
    as_of = _as_of(desk).isoformat()
    (copy / "notebooks").mkdir(exist_ok=True)
    found = {}
    for page in PAGES:
        told = place / f"{page}.json"
        book = json.loads((jobs.shipped() / f"{page}.ipynb").read_text("utf-8"))
        named = '\nmodules: str = ""  # where the modules go\n'
        book["cells"][1]["source"] = "".join(book["cells"][1]["source"]) + named
        book["cells"].insert(-1, _cell(_LAST))
        path = copy / "notebooks" / f"probe-{page}.ipynb"
        path.write_text(json.dumps(book), "utf-8")
        given = {"workspace": str(copy), "model": model, "as_of": as_of}
        given["modules"] = str(told)
        run = _run(path, copy, place / "probed", given, name=page)
        if run.status != "succeeded":
            raise SystemExit(str(run))
        found[page] = json.loads(told.read_text("utf-8"))
    return found


def _run(
    page: Path,
    cwd: Path,
    directory: Path,
    given: Mapping[str, object],
    *,
    name: str = "",
    warm: jobs.Warm | None = None,
) -> jobs.Run:
    return jobs.run(
        page,
        parameters=given,
        directory=directory,
        name=name or page.stem,
        header={},
        cwd=cwd,
        lock=directory.with_name(f"{page.stem}.lock"),
        warm=warm,
    )


def _page(path: Path, source: str) -> Path:
    """An empty page: parameters, one cell, a record with nothing in it."""
    record = records.Record.of(model="", notebook=path.stem, as_of="2024-01-01")
    last = (
        f"from pathlib import Path\n_ = Path(result_path).write_text({record.text()!r})"
    )
    parameters = _cell('modules: str = ""\nresult_path: str = ""')
    parameters["metadata"] = {"tags": ["parameters"]}
    cells = [parameters, _cell(source), _cell(last)]
    book = {"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 5}
    path.write_text(json.dumps(book), "utf-8")
    return path


def _cell(source: str) -> dict[str, Any]:
    return {
        "cell_type": "code",
        "id": f"c{abs(hash(source)) % 10**8}",
        "metadata": {},
        "outputs": [],
        "execution_count": None,
        "source": source,
    }


def _exports(copy: Path, model: str) -> dict[str, tuple[float, int]]:
    """From an executed notebook to its report, in a process that has imported all."""
    from lifecycle.jobs import report

    desk = lifecycle.open(copy)
    folder = copy / "reports" / model / lifecycle.workspace.pages.stamp(_as_of(desk))
    found = {}
    for page in PAGES:
        ipynb, html = folder / f"{page}.ipynb", folder / f"{page}.html"
        told = records.read(folder / f"{page}.json")
        export = partial(
            report.render,
            ipynb,
            html.with_suffix(".again"),
            header={},
            status="succeeded",
            record=told,
        )
        export()
        spent = []
        for _ in range(5):
            began = time.process_time()
            export()
            spent.append(time.process_time() - began)
        found[page] = (statistics.median(spent), html.stat().st_size)
    return found


def _copy(workspace: Path, to: Path) -> Path:
    shutil.rmtree(to, ignore_errors=True)
    shutil.copytree(workspace, to)
    return to


def _as_of(desk: Any) -> datetime:
    moment: datetime = desk.moment(None)
    return moment


def _most(modules: Mapping[str, list[str]]) -> int:
    return max(len(names) for names in modules.values())


def _own() -> float:
    return time.process_time()


def _children() -> float:
    told = resource.getrusage(resource.RUSAGE_CHILDREN)
    return told.ru_utime + told.ru_stime


def main() -> int:
    """Take the arguments, measure, print and write."""
    parser = _table.parser(__doc__ or "")
    parser.add_argument(
        "--workspace", type=Path, required=True, help="made by `lifecycle demo`"
    )
    parser.add_argument("--model", default="lead-scoring")
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    given = parser.parse_args()
    rows = measure(given.workspace, given.model, given.rounds)
    _table.report(rows, json_file=given.json)
    return 0


if __name__ == "__main__":
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    sys.exit(main())
