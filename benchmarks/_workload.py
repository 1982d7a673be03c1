"""The rows that several benchmarks read: a reference, and weeks of production.

Thirty floats of several shapes (`f00` to `f29`; every third with missing values), ten
categories of 5 to 200 values (`c00` to `c09`), five integers with missing values (`i00`
to `i04`), and `id`, `time`, `score`, `prediction` and `outcome`. The outcome is drawn
from the score, so the score is calibrated. After two thirds of the weeks three columns
drift, and the score does not follow them: `f00` moves by half a standard deviation,
`f01` loses a fifth of its values, and a tenth of `c00` becomes a category that the
reference does not have. Nothing else drifts.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa

__all__ = ["CATEGORIES", "FEATURES", "FLOATS", "INTEGERS", "Workload", "write"]

FLOATS = tuple(f"f{k:02d}" for k in range(30))
CATEGORIES = tuple(f"c{k:02d}" for k in range(10))
INTEGERS = tuple(f"i{k:02d}" for k in range(5))
FEATURES = (*FLOATS, *CATEGORIES, *INTEGERS)
VALUES = (5, 8, 12, 20, 30, 50, 80, 120, 160, 200)
"""How many values each of the categories has."""
START = datetime(2023, 1, 2, tzinfo=UTC)
"""Production begins here, a Monday; the reference is the half year before."""
WEEK = timedelta(days=7)
ROW_GROUP = 100_000


@dataclass(frozen=True, slots=True)
class Workload:
    """Where the files are.

    Parameters
    ----------
    reference : Path
        One Parquet file.
    weeks : tuple of Path
        One Parquet file a week of production, the oldest first.
    """

    reference: Path
    weeks: tuple[Path, ...]


def write(
    directory: str | Path,
    *,
    reference_rows: int = 200_000,
    rows: int = 2_000_000,
    weeks: int = 26,
    seed: int = 0,
) -> Workload:
    """Write the files, a week at a time; the same arguments give the same rows.

    Parameters
    ----------
    directory : path-like
        Made where it is not there.
    reference_rows : int
        Rows of the reference.
    rows : int
        Rows of production, spread evenly over the weeks.
    weeks : int
        How many weeks.
    seed : int
        Every file has a stream of random numbers of its own, so that one more week
        leaves the others as they are.

    Returns
    -------
    Workload
    """
    import numpy as np
    import pyarrow.parquet as pq

    folder = Path(directory)
    folder.mkdir(parents=True, exist_ok=True)
    sizes = [rows * (k + 1) // weeks - rows * k // weeks for k in range(weeks)]
    paths = [folder / "reference.parquet"]
    paths += [folder / f"week-{k + 1:02d}.parquet" for k in range(weeks)]
    first = 0
    for number, (path, size) in enumerate(
        zip(paths, [reference_rows, *sizes], strict=True)
    ):
        rng = np.random.default_rng([seed, number])
        start = START + WEEK * (number - 1) if number else START - 26 * WEEK
        span = WEEK if number else 26 * WEEK
        late = number > 2 * weeks / 3
        table = _table(rng, size, first, start, span, late)
        pq.write_table(table, path, row_group_size=ROW_GROUP)
        first += size
    return Workload(paths[0], tuple(paths[1:]))


def _table(
    rng: np.random.Generator,
    size: int,
    first: int,
    start: datetime,
    span: timedelta,
    late: bool,
) -> pa.Table:
    import numpy as np
    import pyarrow as pa

    begin = np.datetime64(start.replace(tzinfo=None), "us")
    step = np.sort(rng.integers(0, span // timedelta(microseconds=1), size))
    columns: dict[str, pa.Array] = {
        "id": pa.array([f"r{k:09d}" for k in range(first, first + size)]),
        "time": pa.array(begin + step).cast(pa.timestamp("us", "UTC")),
    }
    floats = [_float(rng, size, k) for k in range(len(FLOATS))]
    logit = 0.8 * floats[0] - 0.5 * floats[1] + 0.6 * floats[2] - 1
    if late:
        floats[0] += 0.5
    for number, (name, values) in enumerate(zip(FLOATS, floats, strict=True)):
        lost = 0.2 if late and number == 1 else 0.02 if number % 3 == 1 else 0.0
        gone = rng.random(size) < lost
        columns[name] = pa.array(values, mask=gone)
    for number, (name, values) in enumerate(zip(CATEGORIES, VALUES, strict=True)):
        weight = 1 / np.arange(1, values + 1)
        code = rng.choice(values, size, p=weight / weight.sum())
        words = [f"{name}-{k:03d}" for k in range(values)] + ["new"]
        if late and number == 0:
            code[rng.random(size) < 0.1] = values
        gone = rng.random(size) < (0.01 if number % 2 else 0.0)
        coded = pa.DictionaryArray.from_arrays(
            pa.array(code.astype(np.int32), mask=gone), pa.array(words)
        )
        columns[name] = coded.cast(pa.string())
    for number, name in enumerate(INTEGERS):
        values = rng.poisson(3 * 4**number, size)
        columns[name] = pa.array(values, mask=rng.random(size) < 0.05)
    score = 1 / (1 + np.exp(-logit))
    columns["score"] = pa.array(score)
    columns["prediction"] = pa.array((score >= 0.5).astype(float))
    columns["outcome"] = pa.array((rng.random(size) < score).astype(float))
    return pa.table(columns)


def _float(rng: np.random.Generator, size: int, number: int) -> np.ndarray:
    """Normal, log-normal, gamma, uniform, and amounts with many zeros, in turn."""
    import numpy as np

    shape = number % 5
    if number < 3 or shape == 0:
        return rng.normal(number, 1 + number / 10, size)
    if shape == 1:
        return rng.lognormal(1, 1, size)
    if shape == 2:
        return rng.gamma(2, 10, size)
    if shape == 3:
        return rng.uniform(-1, 1, size)
    amount = np.round(rng.exponential(50, size), 2)
    return np.where(rng.random(size) < 0.3, 0.0, amount)
