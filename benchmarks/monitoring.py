"""Monitoring: half a year of weekly drift, against only reading the same columns.

Writes the files of `benchmarks._workload` once, then runs in turn, several times and
each in a process started cold: the reading of the 45 columns alone; their weekly
Kolmogorov-Smirnov, Jensen-Shannon and Wasserstein distances, PSI, chi-square and
missing rate; the same with the profiles of the files kept; and again after one more
week, in a process started cold and in one forked from a process that has imported what
it needs, as the scheduled runs are. Medians of processor time, imports included unless
a line says otherwise; modules are compiled beforehand, as those of an installed package
are.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks._workload import FEATURES, write

if TYPE_CHECKING:  # the processes that are measured do not import what prints
    from benchmarks import _table

WEEKS = 26
ROWS = 2_000_000
REPEATS = 5
SHARES = ("js", "psi")
AS_OF = datetime(2024, 1, 1, tzinfo=UTC)


def measure(repeats: int = REPEATS) -> Iterator[_table.Row]:
    """The rows, as they come."""
    with tempfile.TemporaryDirectory(prefix="monitoring-") as name:
        folder = Path(name)
        more = WEEKS + 1
        _child("--child", "write", str(folder), str(more), "")
        told: dict[str, list[dict[str, float]]] = {}
        for number in range(repeats):
            kept = folder / f"kept-{number}"
            for what, weeks in (
                ("read", WEEKS),
                ("weekly", WEEKS),
                ("first", WEEKS),
                ("again", more),
                ("forked", more),
                ("course", WEEKS),
            ):
                done = _child("--child", what, str(folder), str(weeks), str(kept))
                told.setdefault(what, []).append(done)
                print(f"{what}: {done}", file=sys.stderr, flush=True)
        yield from _profiles(told)
    yield from _starts(repeats)


def _profiles(told: dict[str, list[dict[str, float]]]) -> Iterator[_table.Row]:
    from benchmarks import _table

    def middle(what: str, part: str) -> float:
        return statistics.median(done[part] for done in told[what])

    def ratio(one: str, two: str, part: str) -> float:
        pairs = zip(told[one], told[two], strict=True)
        return statistics.median(a[part] / b[part] for a, b in pairs)

    yield _table.row("only reading the 45 columns", middle("read", "cpu"), "s")
    yield _table.row("peak memory of it", middle("read", "peak"), "MB")
    yield _table.row(
        "weekly drift of all, by six measures", middle("weekly", "cpu"), "s"
    )
    yield _table.row("on the clock", middle("weekly", "wall"), "s")
    yield _table.row(
        "times the reading", ratio("weekly", "read", "cpu"), "times", at_most=2.0
    )
    yield _table.row("peak memory", middle("weekly", "peak"), "MB", at_most=250)
    yield _table.row(
        "with thresholds, tests and verdicts, times the reading",
        ratio("course", "read", "cpu"),
        "times",
    )
    yield _table.row("the same, keeping profiles", middle("first", "cpu"), "s")
    yield _table.row("again after one more week", middle("again", "cpu"), "s")
    yield _table.row(
        "share of the first, imports left out",
        ratio("again", "first", "work"),
        at_most=0.1,
    )
    yield _table.row(
        "share of the first, forked as the scheduled runs are",
        ratio("forked", "first", "cpu"),
        at_most=0.1,
    )
    yield _table.row(
        "share of the first, cold", ratio("again", "first", "cpu"), at_most=0.1
    )


def _starts(repeats: int) -> Iterator[_table.Row]:
    from benchmarks import _table

    code = "import lifecycle"
    for name, words, limit in (
        ("import lifecycle", ("-c", code), 0.1),
        ("lifecycle --help", ("-m", "lifecycle", "--help"), 0.4),
    ):
        done = [_run([sys.executable, *words]) for _ in range(repeats)]
        cpu = statistics.median(each["cpu"] for each in done)
        yield _table.row(f"{name}, processor time", cpu, "s", at_most=limit)
        seconds = statistics.median(each["wall"] for each in done)
        yield _table.row(f"{name}, on the clock", seconds, "s", at_most=limit)


def _child(*words: str) -> dict[str, float]:
    return _run([sys.executable, "-m", "benchmarks.monitoring", *words])


def _environment() -> dict[str, str]:
    """Modules are compiled once and kept, as those of an installed package are."""
    kept = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
    return {**kept, "PYTHONPYCACHEPREFIX": _compiled().name}


@cache
def _compiled() -> tempfile.TemporaryDirectory[str]:
    return tempfile.TemporaryDirectory(prefix="monitoring-compiled-")


def _run(command: list[str]) -> dict[str, float]:
    """Processor and clock seconds and peak memory of a process, and what it says."""
    began = time.perf_counter()
    with tempfile.TemporaryFile() as out:
        process = subprocess.Popen(command, stdout=out, env=_environment())
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        wall = time.perf_counter() - began
        out.seek(0)
        said = out.read()
    if process.returncode:
        raise RuntimeError(f"{command} ended with {process.returncode}")
    done = {
        "cpu": used.ru_utime + used.ru_stime,
        "wall": wall,
        "peak": used.ru_maxrss / 1024,
    }
    return {**done, **json.loads(said)} if said.startswith(b"{") else done


def child(what: str, folder: Path, weeks: int, kept: Path) -> dict[str, float]:
    """One of the jobs; the processor time of its work without imports."""
    if what == "write":  # in a process of its own: its memory must not be inherited
        write(folder, rows=ROWS * weeks // WEEKS, weeks=weeks)
        return {}
    files = [folder / f"week-{k + 1:02d}.parquet" for k in range(weeks)]
    reference = folder / "reference.parquet"
    import numpy  # noqa: F401
    import pyarrow.parquet  # noqa: F401

    if what == "forked":
        return forked(folder, weeks, kept)
    if what == "read":
        began = time.process_time()
        read([reference, *files])
        return {"work": time.process_time() - began}
    from lifecycle import drift, profiles
    from lifecycle.logs import profiled

    began = time.process_time()
    normal = kept / "reference"
    if what == "again":
        before = profiles.Profile.from_bytes(normal.read_bytes())
    else:
        grids = profiles.grids(reference, FEATURES)
        before = profiles.scan(reference, grids)
    if what in ("first", "again"):
        keeper = profiled.Kept(kept, before.grids)
        after = profiled.profile_files(files, keeper, as_of=AS_OF)
        if what == "first":  # it never changes
            normal.write_bytes(before.to_bytes())
    else:
        after = profiles.scan(files, before.grids)
    if what == "course":
        drift.course(before, after, also=["js", "wasserstein", "psi", "chi_square"])
    else:
        table = weekly(before, after)
        assert len(table) == len(after.chunks) * len(FEATURES)
    return {"work": time.process_time() - began}


def forked(folder: Path, weeks: int, kept: Path) -> dict[str, float]:
    """Again, in a process that begins with the imports of this one; its own use."""
    from lifecycle import drift, profiles  # noqa: F401
    from lifecycle.logs import profiled  # noqa: F401

    newest = max(kept.glob("*.profile"), key=lambda path: path.stat().st_mtime_ns)
    newest.unlink()  # the week that the cold run has counted is new again
    sys.stdout.flush()
    process = os.fork()
    if process == 0:
        child("again", folder, weeks, kept)
        os._exit(0)
    _, status, used = os.wait4(process, 0)
    if status:
        raise RuntimeError(f"the forked process ended with {status}")
    return {"cpu": used.ru_utime + used.ru_stime, "peak": used.ru_maxrss / 1024}


def read(files: list[Path]) -> int:
    """Read the columns, row group by row group, and do nothing with them."""
    import pyarrow.parquet as pq

    rows = 0
    for path in files:
        file = pq.ParquetFile(path, pre_buffer=False)
        for group in range(file.num_row_groups):
            table = file.read_row_group(
                group, columns=list(FEATURES), use_threads=False
            )
            rows += table.num_rows
    return rows


def weekly(before: Any, after: Any) -> dict[tuple[str, str], dict[str, float]]:
    """Every measure of every column and week."""
    from lifecycle.drift import tracks

    found: dict[tuple[str, str], dict[str, float]] = {}
    for name, grid in before.grids.items():
        counted = [after.counts(name, chunk) for chunk in after.chunks]
        normal = tracks.side(grid, [before.counts(name)])
        sides = tracks.side(grid, counted)
        numeric = grid.bounds is not None
        wanted = [*SHARES, "chi_square", *(["ks", "wasserstein"] if numeric else [])]
        values = {each: tracks.measured(each, normal, sides) for each in wanted}
        values["missing"] = sides.missing / sides.n
        for number, chunk in enumerate(after.chunks):
            found[name, chunk] = {each: values[each][number] for each in values}
    return found


def main() -> int:
    """Measure, or be one of the processes that are measured."""
    if sys.argv[1:2] == ["--child"]:
        what, folder, weeks, kept = sys.argv[2:]
        print(json.dumps(child(what, Path(folder), int(weeks), Path(kept))))
        return 0
    from benchmarks import _table

    made = _table.parser(__doc__ or "")
    made.add_argument(
        "--repeats", type=int, default=REPEATS, help="how often each runs"
    )
    given = made.parse_args()
    _table.report(measure(given.repeats), json_file=given.json)
    return 0


if __name__ == "__main__":
    sys.exit(main())
