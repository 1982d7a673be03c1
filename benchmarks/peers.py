"""Ours beside NannyML, Evidently and scipy, on the same files in one run.

The peers live in environments of their own, made by pip when they are not there. Each
is a process started cold, imports included, with its defaults and its telemetry off.
"Against reading" is its processor time over that of only reading the same columns row
group by row group, with Arrow, in the same run. NannyML is asked for the distances of
Kolmogorov-Smirnov, Jensen-Shannon and Wasserstein and for chi-square, scipy and ours
also for PSI and what is missing, Evidently for its preset over all weeks at once.
"""

from __future__ import annotations

import json
import math
import sys
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from statistics import fmean, median
from typing import Any

from benchmarks import _peers, _table, _workload, peers_agreement, peers_alarms

ROWS, WEEKS = 2_000_000, 26
PARTS = ("drift", "estimation", "alarms", "agreement")
SCRIPTS = Path(__file__).parent
TIMES = 3
"""What takes seconds is measured so often, in turn, and the median given."""
METRICS = ("roc_auc", "average_precision", "accuracy", "f1")
"""Of six that both are asked for."""
Values = Mapping[tuple[str, str, str], float]


def measure(
    folder: Path, *, rows: int, parts: tuple[str, ...] = PARTS, full: bool = False
) -> Iterator[_table.Row]:
    """The rows, as they come.

    Parameters
    ----------
    folder : Path
        Where files may be written.
    rows : int
        Of production, in 26 weeks; the reference has a tenth of them.
    parts : tuple of str
        Some of `PARTS`.
    full : bool
        Give Evidently all rows; a tenth of them otherwise.
    """
    for name in _peers.PEERS:
        _peers.python(name)
    made = folder / "all"
    if {"drift", "estimation"} & set(parts):
        _say(f"writing {rows:,} rows and {rows // 10:,} of reference")
        _workload.write(made, reference_rows=rows // 10, rows=rows, weeks=WEEKS)
    if "drift" in parts:
        yield from _drift(made, folder, rows, full)
    if "estimation" in parts:
        yield from _estimation(made, folder, rows)
    if "alarms" in parts:
        _say("false alarms")
        peers_alarms.write(folder / "alarms")
        yield from peers_alarms.measure(folder / "alarms")
    if "agreement" in parts:
        _say("agreement")
        yield from peers_agreement.measure(folder / "agreement")


def _drift(made: Path, folder: Path, rows: int, full: bool) -> Iterator[_table.Row]:
    jobs: dict[str, list[dict[str, Any]]] = {"read": [], "weekly": [], "course": []}
    for _ in range(TIMES):
        read = ("--child", "read", made, WEEKS, folder)
        jobs["read"].append(_peers.run_own("benchmarks.monitoring", *read))
        for kind in ("weekly", "course"):
            jobs[kind].append(_own(kind, made, folder / f"{kind}.json"))
    base = _median(jobs["read"])
    yield from _spent("drift, only reading", base)
    yield from _spent("drift, ours", _median(jobs["weekly"]), base)
    yield from _spent("drift, ours with verdicts", _median(jobs["course"]), base)
    found = _peer("scipy", made, folder / "scipy.json")
    yield from _spent("drift, scipy", found, base)
    found = _peer("nannyml", made, folder / "nannyml.json", "drift")
    yield from _spent("drift, NannyML", found, base)
    few = made
    if not full:
        few = folder / "tenth"
        _workload.write(few, reference_rows=rows // 10, rows=rows // 10, weeks=WEEKS)
    found = _peer("evidently", few, folder / "evidently.json", "drift")
    of = "all rows" if full else "a tenth of the rows"
    yield from _spent(f"drift, Evidently, once, {of}", found, base)
    yield from _errors(folder)


def _errors(folder: Path) -> Iterator[_table.Row]:
    """How far from the exact statistic ours and NannyML's are, which both count."""
    exact = _values(folder / "scipy.json")
    spread = peers_agreement.spread(folder / "all")
    for name, path in (("ours", "weekly.json"), ("NannyML", "nannyml.json")):
        told = _values(folder / path)
        for test in ("ks", "wasserstein"):
            apart = [
                abs(value - exact[key]) / (spread[key[1]] if test != "ks" else 1)
                for key, value in told.items()
                if key[2] == test
            ]
            unit = ", standard deviations" if test != "ks" else ""
            yield _table.row(
                f"error of counting, {name}: {test}{unit}, largest of {len(apart):,}",
                max(apart, default=math.nan),
            )


def _estimation(made: Path, folder: Path, rows: int) -> Iterator[_table.Row]:
    reading, own = [], []
    for _ in range(TIMES):
        reading.append(_read(made, "time", "score", "prediction"))
        own.append(_own("estimated", made, folder / "own-estimated.json"))
    base, ours = _median(reading), _median(own)
    yield from _spent("performance, only reading", base)
    yield from _spent("estimated, ours", ours, base)
    found = _peer("nannyml", made, folder / "cbpe.json", "estimated")
    yield from _spent("estimated, NannyML", found, base)
    yield _table.row(
        "estimated, processor time of ours in NannyML's",
        ours["cpu_seconds"] / found["cpu_seconds"],
        "times",
        # of few rows both are imports and little else
        at_most=0.05 if rows >= ROWS else None,
    )
    realised = _median(
        [_own("realised", made, folder / "own-realised.json") for _ in range(TIMES)]
    )
    yield from _spent("realised, ours", realised, base)
    found = _peer("nannyml", made, folder / "realised.json", "realised")
    yield from _spent("realised, NannyML", found, base)
    truth = _rows(folder / "realised.json")
    for name, path in (("ours", "own-estimated.json"), ("NannyML", "cbpe.json")):
        told = _rows(folder / path)
        for metric in METRICS:
            apart = [
                abs(told[key] - value)
                for key, value in truth.items()
                if key[1] == metric
            ]
            yield _table.row(
                f"error of the estimate, {name}: {metric}, mean of {len(apart)} weeks",
                fmean(apart),
            )
    told = _rows(folder / "own-realised.json")
    for metric in METRICS:
        apart = [
            abs(told[key] - value) for key, value in truth.items() if key[1] == metric
        ]
        yield _table.row(
            f"agreement: realised {metric} with NannyML, {len(apart)} weeks, largest "
            f"difference",
            max(apart),
        )


def _read(made: Path, *columns: str) -> dict[str, Any]:
    return _peers.run_own(SCRIPTS / "peers_read.py", made, *columns)


def _own(kind: str, made: Path, out: Path) -> dict[str, Any]:
    _say(f"ours, {kind}")
    return _peers.run_own("benchmarks.peers_own", kind, made, out)


def _peer(name: str, made: Path, out: Path, *job: str) -> dict[str, Any]:
    _say(" ".join((name, *job)))
    return _peers.run(name, SCRIPTS / f"peers_{name}.py", *job, made, out)


def _median(runs: list[dict[str, Any]]) -> dict[str, float]:
    names = ("cpu_seconds", "peak_mb", "wall_seconds")
    return {name: median(run[name] for run in runs) for name in names}


def _spent(
    name: str, spent: Mapping[str, float], base: Mapping[str, float] | None = None
) -> Iterator[_table.Row]:
    yield _table.row(f"{name}: processor time", spent["cpu_seconds"], "s")
    yield _table.row(f"{name}: peak memory", spent["peak_mb"], "MB")
    if base is not None:
        ratio = spent["cpu_seconds"] / base["cpu_seconds"]
        yield _table.row(f"{name}: against reading", ratio, "times")


def _values(path: Path) -> Values:
    told = json.loads(path.read_text())
    return {(week, column, test): value for week, column, test, value in told}


def _rows(path: Path) -> dict[tuple[str, str], float]:
    told = json.loads(path.read_text())
    return {(week, metric): value for week, metric, value, *_ in told}


def _aloud(rows: Iterator[_table.Row]) -> Iterator[_table.Row]:
    """Each as it comes: what takes half an hour may be broken off."""
    for row in rows:
        _say(f"  {row.name}: {row.value:.4g} {row.unit}")
        yield row


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def main(arguments: list[str] | None = None) -> int:
    """Measure, print and write."""
    reader = _table.parser(__doc__ or "")
    reader.add_argument("--rows", type=int, default=ROWS, help="rows of production")
    reader.add_argument(
        "--full", action="store_true", help="Evidently, too, gets all rows: 8 GB"
    )
    reader.add_argument(
        "--only", nargs="+", choices=PARTS, default=PARTS, help="not all parts"
    )
    given = reader.parse_args(arguments)
    with tempfile.TemporaryDirectory(prefix="peers-") as folder:
        found = measure(
            Path(folder), rows=given.rows, parts=tuple(given.only), full=given.full
        )
        _table.report(_aloud(found), json_file=given.json)
    return 0


if __name__ == "__main__":
    sys.exit(main())
