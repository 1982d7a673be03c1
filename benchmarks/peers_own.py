"""Ours on the files the peers read.

Runs with the project's interpreter:
``python -m benchmarks.peers_own weekly|course|estimated|realised FOLDER OUT``.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from datetime import UTC
from pathlib import Path
from typing import Any

from benchmarks import _workload

METRICS = ("roc_auc", "average_precision", "accuracy", "precision", "recall", "f1")


def weekly(folder: Path) -> Iterator[tuple[str, str, str, float]]:
    """Week, column, measure and value; the measures alone."""
    from benchmarks import monitoring

    for (name, week), told in monitoring.weekly(*_counted(folder)).items():
        for test, value in told.items():
            yield week, name, test, float(value)


def course(folder: Path) -> Iterator[tuple[str, str, str, float]]:
    """The same, made with intervals, thresholds and verdicts."""
    from lifecycle import drift

    also = ("wasserstein", "js", "psi", "chi_square")
    for row in drift.course(*_counted(folder), also=also).findings:
        yield row.period, str(row.subject), row.measure, row.value


def _counted(folder: Path) -> tuple[Any, Any]:
    from lifecycle import profiles

    reference = folder / "reference.parquet"
    grids = profiles.grids(reference, _workload.FEATURES)
    weeks = sorted(folder.glob("week-*.parquet"))
    return profiles.scan(reference, grids), profiles.scan(weeks, grids)


def estimated(folder: Path) -> Iterator[tuple[str, str, float, float, float]]:
    """Week, metric, value and the ends of its interval."""
    from lifecycle import estimation

    names = ["time", "score", "prediction"]
    reference = _columns(folder / "reference.parquet", [*names, "outcome"])
    parts = estimation.cells_by_chunk(*reference)
    weeks: dict[str, Any] = {}
    for path in sorted(folder.glob("week-*.parquet")):
        for label, cells in estimation.cells_by_chunk(*_columns(path, names)).items():
            weeks[label] = weeks[label] + cells if label in weeks else cells
    found = estimation.from_cells(list(parts.values()), weeks, metrics=METRICS)
    for row in found.findings:
        yield row.period, row.measure, row.value, row.lower, row.upper


def realised(folder: Path) -> Iterator[tuple[str, str, float, float, float]]:
    """Week, metric, value and the ends of its interval; a file is a week."""
    from lifecycle import metrics, periods

    for path in sorted(folder.glob("week-*.parquet")):
        first, score, guess, truth = _columns(
            path, ["time", "score", "prediction", "outcome"]
        )
        moment = first[:1].tolist()[0].replace(tzinfo=UTC)
        label = str(periods.chunk_of([moment])[0])
        for name in METRICS:
            found = metrics.with_interval(name, truth, guess, score)
            yield label, name, found.value, found.lower, found.upper


def _columns(path: Path, names: list[str]) -> list[Any]:
    """Arrays; past Arrow's own way to numpy, which brings pandas along."""
    import numpy as np
    import pyarrow.parquet as pq

    with pq.ParquetFile(path, pre_buffer=False) as file:
        table = file.read(names, use_threads=False)
    found = []
    for name in names:
        column = table[name].combine_chunks()
        if name == "time":
            moments = np.from_dlpack(column.view("int64"))
            found.append(moments.view("datetime64[us]"))
        else:
            found.append(np.from_dlpack(column))
    return found


def main(kind: str, folder: Path, out: Path) -> None:
    """Run one of them and say how much came out."""
    jobs: dict[str, Any] = {
        "weekly": weekly,
        "course": course,
        "estimated": estimated,
        "realised": realised,
    }
    found = list(jobs[kind](folder))
    out.write_text(json.dumps(found))
    print(json.dumps({"values": len(found)}))


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3]))
