"""Where the peers and ours define the same statistic, both must say the same number."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks import _peers, _table, _workload

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["measure", "spread"]

ROWS = {"reference_rows": 9_000, "rows": 15_000, "weeks": 1}
"""NannyML takes the reference as it is below 10,000 rows; above, scipy takes the
asymptotic p-value, as ours do."""
NATS = math.sqrt(math.log(2))
"""Evidently's Jensen-Shannon distance is that of the natural logarithm."""
LEAST = 5

Key = tuple[str, str]


def measure(folder: Path, *, seed: int = 1) -> Iterator[_table.Row]:
    """Largest absolute differences, over all columns, ours exact."""
    import pandas as pd

    made = _workload.write(folder, **ROWS, seed=seed)
    reference = pd.read_parquet(made.reference)
    analysis = pd.read_parquet(made.weeks[0])
    own = _own(reference, analysis)
    for name, told in (
        ("scipy", _weekly("scipy", folder)),
        ("NannyML", _weekly("nannyml", folder, "drift")),
        ("Evidently", _tests(folder)),
    ):
        for test in ("ks", "ks p-value", "wasserstein", "js", "chi_square"):
            same = [key for key in told if key[1] == test and key in own]
            if not same:
                continue
            apart = [_apart(own[key], told[key]) for key in same]
            yield _table.row(
                f"agreement: {test} with {name}, {len(same)} columns, largest "
                f"difference",
                max(apart),
                at_most=1e-6 if test == "chi_square" else 1e-9,
            )


def _own(reference: pd.DataFrame, analysis: pd.DataFrame) -> dict[Key, float]:
    """By column and measure. Wasserstein in standard deviations of the reference.

    The shares of numbers are left out, for all cut them in bins of their own, and the
    chi-square of columns with a rare category, for ours puts these together.
    """
    from lifecycle import drift

    found = {}
    for name in _workload.FEATURES:
        pair = reference[name], analysis[name]
        if name in _workload.CATEGORIES:
            found[name, "js"] = drift.jensen_shannon(*pair)
            if not _rare(*pair):
                found[name, "chi_square"] = drift.chi_square(*pair)
        else:
            found[name, "ks"] = drift.ks_distance(*pair)
            found[name, "ks p-value"] = drift.homogeneity(*pair)
            found[name, "wasserstein"] = drift.wasserstein(*pair, normed="std")
    return found


def _rare(reference: pd.Series[Any], analysis: pd.Series[Any]) -> bool:
    """Whether a category is expected less than five times on one of the sides."""
    both = reference.value_counts().add(analysis.value_counts(), fill_value=0)
    sizes = reference.notna().sum(), analysis.notna().sum()
    return bool(both.min() * min(sizes) / sum(sizes) < LEAST)


def _weekly(name: str, folder: Path, *job: str) -> dict[Key, float]:
    out = folder / f"{name}.json"
    script = Path(__file__).parent / f"peers_{name}.py"
    _peers.run(name, script, *job, folder, out)
    told = {(row[1], row[2]): row[3] for row in json.loads(out.read_text())}
    unit = spread(folder)
    return {
        key: value / unit[key[0]] if key[1] == "wasserstein" else value
        for key, value in told.items()
        if key[1] != "js" or key[0] in _workload.CATEGORIES
    }


def _tests(folder: Path) -> dict[Key, float]:
    out = folder / "evidently.json"
    script = Path(__file__).parent / "peers_evidently.py"
    _peers.run("evidently", script, "tests", folder, out)
    names = {"ks": "ks p-value"}
    return {
        (column, names.get(test, test)): value / (NATS if test == "js" else 1)
        for column, test, value in json.loads(out.read_text())
    }


def spread(folder: Path) -> dict[str, float]:
    """Standard deviation of each column of numbers in the reference of a folder."""
    import pandas as pd

    frame = pd.read_parquet(folder / "reference.parquet")
    return {
        name: float(frame[name].std(ddof=0))
        for name in _workload.FEATURES
        if name not in _workload.CATEGORIES
    }


def _apart(own: float, told: float) -> float:
    """Undefined in both is no difference; in one alone it is an infinite one."""
    if math.isnan(own) or math.isnan(told):
        return 0.0 if math.isnan(own) and math.isnan(told) else math.inf
    return abs(own - told)
