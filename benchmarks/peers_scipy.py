"""The drift of every column and week with scipy in two loops, as one writes it first.

Runs inside the environment of ``scipy``: ``peers_scipy.py FOLDER VALUES``.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import scipy
from peers_frames import frames, week
from scipy.spatial.distance import jensenshannon
from scipy.stats import chi2_contingency, ks_2samp, wasserstein_distance

DECILES = np.arange(1, 10) / 10


def values(folder: Path) -> Iterator[tuple[str, str, str, float]]:
    """Week, column, measure, value."""
    reference, analysis = frames(folder)
    starts = analysis["time"].dt.to_period("W").dt.start_time
    for start, chunk in analysis.groupby(starts):
        label = week(start)
        for column in chunk.columns:
            if column == "time":
                continue
            yield label, column, "missing", float(chunk[column].isna().mean())
            before, after = reference[column].dropna(), chunk[column].dropna()
            if pd.api.types.is_numeric_dtype(before.dtype):
                x, y = before.to_numpy(float), after.to_numpy(float)
                yield label, column, "ks", float(ks_2samp(x, y).statistic)
                yield label, column, "wasserstein", float(wasserstein_distance(x, y))
                table = _deciles(x, y)
            else:
                table = _names(before, after)
            yield label, column, "js", float(jensenshannon(*table, base=2))
            yield label, column, "psi", _psi(*table)
            held = table[:, table.sum(axis=0) > 0]
            yield label, column, "chi_square", float(chi2_contingency(held).statistic)


def _deciles(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    inner = np.unique(np.quantile(x, DECILES, method="inverted_cdf"))
    low, high = x.min(), x.max()
    y, outside = y[(y >= low) & (y <= high)], ((y < low) | (y > high)).sum()
    size = inner.size + 2
    rows = [
        np.bincount(np.searchsorted(inner, side, side="left"), minlength=size)
        for side in (x, y)
    ]
    rows[1][-1] += outside
    return np.array(rows)


def _names(before: pd.Series[Any], after: pd.Series[Any]) -> np.ndarray:
    sides = [before.value_counts(), after.value_counts()]
    names = list(dict.fromkeys([*sides[0].index, *sides[1].index]))
    return np.array([side.reindex(names, fill_value=0) for side in sides])


def _psi(before: np.ndarray, after: np.ndarray) -> float:
    p, q = ((side + 0.5) / (side + 0.5).sum() for side in (before, after))
    return float(np.sum((q - p) * np.log(q / p)))


if __name__ == "__main__":
    found = list(values(Path(sys.argv[1])))
    Path(sys.argv[2]).write_text(json.dumps(found))
    print(json.dumps({"version": scipy.__version__, "values": len(found)}))
