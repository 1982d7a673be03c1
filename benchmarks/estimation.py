"""Performance without outcomes: what it costs, and how wrong it is, beside NannyML.

Speed: the same 2,000,000 rows, each program a process started cold. Error: on real
deployments, the mean absolute difference in points between what was estimated for a
chunk and what its outcomes then said. `car_loan` is scored by the model that was
deployed; on `bank_marketing` and `elec2` a model learns on the first fifth, the second
is the reference, the rest is estimated.
"""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks import _peers, _table

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

REFERENCE, ANALYSIS, WEEKS = 200_000, 2_000_000, 26
GROUP = 100_000
DATA = Path(
    os.environ.get("LIFECYCLE_REAL_DATA")
    or Path(__file__).parents[2] / "shared" / "data"
)
HERE = Path(__file__).parent


def measure() -> Iterator[_table.Row]:
    """The rows, as they come."""
    with tempfile.TemporaryDirectory(prefix="estimation-") as folder:
        yield from _speed(Path(folder))
        for name in ("car_loan", "bank_marketing", "elec2"):
            if not (DATA / name / "events.parquet").exists():
                said = f"{name} is left out, it is not beside the checkout"
                print(f"{said} (set LIFECYCLE_REAL_DATA)", file=sys.stderr)
                continue
            yield from _error(name, Path(folder))


def _speed(folder: Path) -> Iterator[_table.Row]:
    files = [folder / "reference.parquet", folder / "analysis.parquet"]
    for number, (file, rows) in enumerate(
        zip(files, (REFERENCE, ANALYSIS), strict=True)
    ):
        _simulated(rows, number).to_parquet(file, row_group_size=GROUP, index=False)
    ours = [_peers.run_own("benchmarks.estimation_own", *files) for _ in range(3)]
    theirs = _peers.run("nannyml", HERE / "estimation_nannyml.py", *files, "W")
    best = sorted(ours, key=lambda each: each["cpu_seconds"])[1]
    yield _table.row("2,000,000 rows: ours, cold", best["cpu_seconds"], "s")
    yield _table.row("2,000,000 rows: NannyML, cold", theirs["cpu_seconds"], "s")
    ratio = best["cpu_seconds"] / theirs["cpu_seconds"]
    yield _table.row("ours of NannyML's, cold", ratio, "times", at_most=0.05)
    alone = best["work_seconds"] / theirs["work_seconds"]
    yield _table.row(
        "ours of NannyML's, without starting and importing", alone, "times"
    )
    yield _table.row("peak memory, ours", best["peak_mb"], "MB")
    yield _table.row("peak memory, NannyML", theirs["peak_mb"], "MB")
    apart = max(
        abs(a - b)
        for name in ("accuracy", "roc_auc")
        for a, b in zip(best["values"][name], theirs["values"][name], strict=True)
    )
    yield _table.row("the two differ at most by", 100 * apart, "points")


def _simulated(rows: int, seed: int) -> pd.DataFrame:
    """Weeks of scores that say a little too much."""
    import numpy as np
    import pandas as pd

    rng = np.random.default_rng(seed)
    start = pd.Timestamp("2023-01-02") + pd.Timedelta(weeks=WEEKS * seed)
    truth = rng.normal(-0.5, 1.2, rows)
    score = 1 / (1 + np.exp(-1.3 * truth))
    step = WEEKS * 7 * 86_400_000_000 // rows
    return pd.DataFrame(
        {
            "time": start.as_unit("us")
            + pd.to_timedelta(np.arange(rows) * step, unit="us"),
            "y_pred_proba": score,
            "y_pred": (score > 0.5).astype(np.int64),
            "outcome": (rng.random(rows) < 1 / (1 + np.exp(-truth))).astype(np.int64),
        }
    )


def _error(name: str, folder: Path) -> Iterator[_table.Row]:
    reference, analysis, features = _deployment(name)
    if name == "car_loan":
        cuts = [("5,000 rows", "5000", _by_rows(analysis, 5000))]
        months = analysis["time"].dt.strftime("%Y-%m").to_numpy()
        cuts.append(("months", "M", months))
    else:
        cuts = [("2,000 rows", "2000", _by_rows(analysis, 2000))]
    files = []
    for word, frame in (("reference", reference), ("analysis", analysis)):
        files.append(folder / f"{name}-{word}.parquet")
        frame.assign(time=frame["time"].dt.tz_localize(None)).rename(
            columns={"score": "y_pred_proba", "prediction": "y_pred"}
        )[["time", "y_pred_proba", "y_pred", "outcome"]].to_parquet(files[-1])
    for words, chunk, labels in cuts:
        theirs = _peers.run("nannyml", HERE / "estimation_nannyml.py", *files, chunk)
        yield from _compared(
            f"{name}, {words}",
            reference,
            analysis,
            features,
            labels,
            theirs["values"],
            judged=name == "car_loan",
        )


def _compared(
    name: str,
    reference: pd.DataFrame,
    analysis: pd.DataFrame,
    features: list[str],
    labels: np.ndarray,
    theirs: dict[str, Any],
    *,
    judged: bool,
) -> Iterator[_table.Row]:
    import numpy as np

    from lifecycle import estimation, metrics

    made = estimation.estimate(
        reference,
        analysis,
        features=features,
        metrics=["roc_auc", "accuracy"],
        chunk=labels,
    )
    weighted = estimation.estimate(
        reference,
        analysis,
        features=features,
        weighted=True,
        metrics=["roc_auc", "accuracy"],
        chunk=labels,
    )
    chunks = [labels == label for label in np.unique(labels)]
    for metric, word in (("roc_auc", "ROC AUC"), ("accuracy", "accuracy")):
        needs = metrics.METRICS[metric].needs
        truth = np.array(
            [
                metrics.METRICS[metric].function(
                    analysis["outcome"][rows], analysis[needs][rows]
                )
                for rows in chunks
            ]
        )
        rows = [row for row in made.findings if row.measure == metric]
        heavy = [row.value for row in weighted.findings if row.measure == metric]
        inside = [r.lower <= t <= r.upper for r, t in zip(rows, truth, strict=True)]
        ours, always, nannyml = (
            100 * float(np.abs(np.array(values) - truth).mean())
            for values in ([row.value for row in rows], heavy, theirs[metric])
        )
        yield _table.row(f"{name}: error of {word}, ours", ours, "points")
        yield _table.row(f"{name}: error of {word}, NannyML", nannyml, "points")
        yield _table.row(
            f"{name}: error of {word}, ours less NannyML's",
            round(ours - nannyml, 9),  # the same sum in another order is the same
            "points",
            at_most=0 if judged else None,
        )
        yield _table.row(f"{name}: error of {word}, always weighted", always, "points")
        share = 100 * float(np.mean(inside))
        yield _table.row(f"{name}: {word} within the 90% interval", share, "%")
    said = 100 * len(made.trusted) / len(chunks)
    yield _table.row(f"{name}: chunks we say can be trusted", said, "%")
    used = 100 * float(np.mean([ground.weighted for ground in made.grounds]))
    yield _table.row(f"{name}: chunks we chose to weigh for", used, "%")


def _deployment(name: str) -> tuple[pd.DataFrame, pd.DataFrame, list[str]]:
    import pandas as pd

    rows = pd.read_parquet(DATA / name / "events.parquet")
    rows["time"] = rows["time"].dt.tz_localize("UTC")
    features = [
        column
        for column in rows
        if column not in ("id", "time", "outcome")
        and not str(column).startswith("aux_")
    ]
    if name == "car_loan":
        rows = rows.rename(
            columns={"aux_y_pred_proba": "score", "aux_y_pred": "prediction"}
        )
        old = rows["aux_period"] == "reference"
        return rows[old], rows[~old].reset_index(drop=True), features
    fifth = len(rows) // 5
    rows["score"] = _trained(rows, features, fifth)
    rows["prediction"] = (rows["score"] >= 0.5).astype(int)
    last = (len(rows) - 2 * fifth) // 2000 * 2000
    later = rows[2 * fifth : 2 * fifth + last].reset_index(drop=True)
    return rows[fifth : 2 * fifth], later, features


def _trained(rows: pd.DataFrame, features: list[str], n: int) -> np.ndarray:
    """Scores of boosted trees that have seen the first n rows."""
    from sklearn.ensemble import HistGradientBoostingClassifier
    from sklearn.preprocessing import OrdinalEncoder

    table = rows[features].copy()
    words = [name for name in features if not _is_number(table[name])]
    if words:
        coder = OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=-1)
        table[words] = coder.fit(table[words][:n]).transform(table[words])
    model = HistGradientBoostingClassifier(
        max_iter=100, learning_rate=0.05, random_state=0
    )
    model.fit(table[:n].to_numpy(float), rows["outcome"][:n])
    return model.predict_proba(table.to_numpy(float))[:, 1]


def _is_number(column: pd.Series[Any]) -> bool:
    return column.dtype.kind in "if"


def _by_rows(analysis: pd.DataFrame, size: int) -> np.ndarray:
    import numpy as np

    return np.char.zfill((np.arange(len(analysis)) // size).astype(str), 4)


if __name__ == "__main__":
    sys.exit(_table.main(measure, __doc__ or ""))
