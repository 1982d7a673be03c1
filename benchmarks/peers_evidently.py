"""Evidently's drift preset with its defaults, and single tests of it.

Runs inside the environment of ``evidently``:
``peers_evidently.py drift|alarms|tests FOLDER OUT``.
"""

from __future__ import annotations

import importlib.metadata
import json
import sys
import warnings
from pathlib import Path
from typing import Any

import pandas as pd
from evidently import Report
from evidently.presets import DataDriftPreset
from peers_frames import frames


def _frames(folder: Path) -> tuple[pd.DataFrame, pd.DataFrame]:
    reference, analysis = frames(folder)
    return reference.drop(columns="time"), analysis.drop(columns="time")


def _metrics(
    reference: pd.DataFrame, analysis: pd.DataFrame, **settings: Any
) -> list[dict[str, Any]]:
    made = Report([DataDriftPreset(**settings)]).run(analysis, reference)
    return made.dict()["metrics"]


def drift(folder: Path) -> list[Any]:
    """Column and value of one comparison of everything with the reference."""
    reference, analysis = _frames(folder)
    return [
        (each["config"]["column"], float(each["value"]))
        for each in _metrics(reference, analysis)
        if "column" in each["config"]
    ]


def alarms(folder: Path) -> list[Any]:
    """Kind of column, same or moved, rows, columns, columns said to have drifted."""
    told = []
    for kind in ("names", "numbers"):
        reference = pd.read_parquet(folder / f"{kind}-reference.parquet")
        for path in sorted(folder.glob(f"{kind}-*-*.parquet")):
            analysis = pd.read_parquet(path)
            found = _metrics(reference, analysis)[0]["value"]["count"]
            state = path.stem.split("-")[1]
            told.append([kind, state, *analysis.shape, int(found)])
    return told


def tests(folder: Path) -> list[Any]:
    """Column, test and value, of tests whose definition is not Evidently's own."""
    reference, analysis = _frames(folder)
    numeric = list(reference.select_dtypes("number").columns)
    others = [name for name in reference.columns if name not in numeric]
    told = []
    for columns, test in ((numeric, "ks"), (numeric, "wasserstein"), (others, "js")):
        method = "jensenshannon" if test == "js" else test
        for each in _metrics(reference, analysis, columns=columns, method=method):
            if "column" in each["config"]:
                told.append([each["config"]["column"], test, float(each["value"])])
    return told


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    job = {"drift": drift, "alarms": alarms, "tests": tests}[sys.argv[1]]
    got = job(Path(sys.argv[2]))
    Path(sys.argv[3]).write_text(json.dumps(got))
    said = {"version": importlib.metadata.version("evidently"), "values": len(got)}
    print(json.dumps(said))
