"""NannyML with its defaults: drift, false alarms, performance known and estimated.

Runs inside the environment of ``nannyml``:
``peers_nannyml.py drift|alarms|estimated|realised FOLDER OUT``.
"""

from __future__ import annotations

import json
import sys
import warnings
from pathlib import Path
from typing import Any

import nannyml
import pandas as pd
from peers_frames import SCORED, frames, week

NUMERIC = ["kolmogorov_smirnov", "jensen_shannon", "wasserstein"]
NAMES = ["chi2", "jensen_shannon"]
SHORT = {
    "kolmogorov_smirnov": "ks",
    "jensen_shannon": "js",
    "wasserstein": "wasserstein",
    "chi2": "chi_square",
}
METRICS = ["roc_auc", "average_precision", "accuracy", "precision", "recall", "f1"]
CHUNK = 1000


def drift(folder: Path) -> list[Any]:
    """Week, column, measure, value."""
    reference, analysis = frames(folder)
    calculator = nannyml.UnivariateDriftCalculator(
        column_names=[name for name in reference.columns if name != "time"],
        timestamp_column_name="time",
        continuous_methods=NUMERIC,
        categorical_methods=NAMES,
        chunk_period="W",
    ).fit(reference)
    found = calculator.calculate(analysis).filter(period="analysis").to_df()
    weeks = [week(start) for start in found["chunk", "chunk", "start_date"]]
    return [
        (label, column, SHORT[method], float(value))
        for column, method, what in found.columns
        if what == "value"
        for label, value in zip(weeks, found[column, method, what], strict=True)
    ]


def alarms(folder: Path) -> dict[str, dict[str, Any]]:
    """By chunks of the reference, same or moved: alerts by deployment and chunk."""
    told: dict[str, dict[str, Any]] = {}
    for path in sorted(folder.glob("reference-*.parquet")):
        reference = pd.read_parquet(path)
        for chunks in (6, 10, 52):
            calculator = nannyml.UnivariateDriftCalculator(
                column_names=list(reference.columns), chunk_size=CHUNK
            ).fit(reference.tail(chunks * CHUNK).reset_index(drop=True))
            for state in ("same", "moved"):
                name = path.name.replace("reference", state)
                analysis = pd.read_parquet(path.with_name(name))
                found = calculator.calculate(analysis).filter(period="analysis")
                alerts = found.to_df().xs("alert", axis=1, level=2)
                counts = alerts.drop(columns="chunk", errors="ignore").sum(axis=1)
                by = told.setdefault(str(chunks), {})
                by.setdefault(state, []).append([int(n) for n in counts])
    return told


def _scored(kind: str, folder: Path) -> list[Any]:
    """Week, metric, value, lower and upper end."""
    reference, analysis = frames(folder, SCORED)
    names = {
        "y_pred_proba": "score",
        "y_pred": "prediction",
        "y_true": "outcome",
        "timestamp_column_name": "time",
        "problem_type": "classification_binary",
        "metrics": METRICS,
        "chunk_period": "W",
    }
    if kind == "estimated":
        found = nannyml.CBPE(**names).fit(reference).estimate(analysis)
    else:
        calculator = nannyml.PerformanceCalculator(**names).fit(reference)
        found = calculator.calculate(analysis)
    table = found.filter(period="analysis").to_df()
    weeks = [week(start) for start in table["chunk", "start_date"]]
    rows = []
    for metric in METRICS:
        value = table[metric, "value"]
        if kind == "estimated":
            ends = (
                table[metric, "lower_confidence_boundary"],
                table[metric, "upper_confidence_boundary"],
            )
        else:
            spread = 3 * table[metric, "sampling_error"]
            ends = value - spread, value + spread
        for each in zip(weeks, value, *ends, strict=True):
            rows.append([each[0], metric, *map(float, each[1:])])
    return rows


def main(kind: str, folder: Path, out: Path) -> None:
    """Run one of them and say what was used."""
    if kind in ("estimated", "realised"):
        found: Any = _scored(kind, folder)
    else:
        found = {"drift": drift, "alarms": alarms}[kind](folder)
    out.write_text(json.dumps(found))
    print(json.dumps({"version": nannyml.__version__, "values": len(found)}))


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    main(sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3]))
