"""Data quality: what a check costs, how often it cries wolf, how soon it finds a fault.

A log of a million rows and 45 columns is checked beside `DataFrame.describe` on the
same rows in the same run. Sound feeds of columns of eight kinds count the false faults;
planted faults of six kinds count the days until they are named, rightly.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator

import numpy as np
import pandas as pd

from benchmarks import _table
from lifecycle import quality

ROWS = 1_000_000
RUNS = 40
"""Sound feeds that are checked."""
START = pd.Timestamp("2023-01-02", tz="UTC")


def measure() -> Iterator[_table.Row]:
    """The rows, as they come."""
    yield from _cost()
    yield from _false()
    yield from _delays()


def _moments(
    n: int, days: float, start: pd.Timestamp, rng: np.random.Generator
) -> object:
    return (start + pd.to_timedelta(np.sort(rng.random(n)) * days, unit="D")).as_unit(
        "us"
    )


def _log(n: int, days: float, start: pd.Timestamp, seed: int) -> pd.DataFrame:
    """30 float, 10 categorical (5 to 185 values), 5 integer columns, some missing."""
    rng = np.random.default_rng(seed)
    made: dict[str, object] = {
        "id": np.arange(n),
        "time": _moments(n, days, start, rng),
    }
    for number in range(30):
        values = rng.normal(size=n)
        values[rng.random(n) < 0.02] = np.nan
        made[f"f{number}"] = values
    for number in range(10):
        names = np.array([f"name{k}" for k in range(5 + 20 * number)], dtype=object)
        made[f"c{number}"] = names[rng.integers(names.size, size=n)]
    for number in range(5):
        made[f"i{number}"] = rng.poisson(3 + number, n)
    return pd.DataFrame(made)


def _cost() -> Iterator[_table.Row]:
    reference = _log(200_000, 18, START, 1)
    analysis = _log(ROWS, 90, START + pd.Timedelta(days=18), 2)
    features = list(reference.columns[2:])

    def seconds(work: Callable[[], object]) -> float:
        began = time.process_time()
        work()
        return time.process_time() - began

    plain = seconds(
        lambda: (reference.describe(include="all"), analysis.describe(include="all"))
    )
    whole = seconds(lambda: quality.check(reference, analysis, features=features))
    yield _table.row("check of 1,000,000 rows x 45 columns", whole, "s", at_most=6)
    yield _table.row("against DataFrame.describe", whole / plain, "times", at_most=3)


def _sound(seed: int, n: int, columns: int) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    made: dict[str, object] = {"time": _moments(n, n / 100, START, rng)}
    for number in range(columns):
        kind = number % 8
        if kind == 0:
            values: object = rng.normal(size=n)
        elif kind == 1:
            values = rng.standard_cauchy(n)
        elif kind == 2:
            values = (rng.random(n) < 0.01).astype(float)
        elif kind == 3:
            values = rng.choice(["a", "b", "c"], n)
        elif kind == 4:
            values = np.cumsum(rng.random(n) < 0.002) % 3
        elif kind == 5:
            values = np.where(rng.random(n) < 0.5, np.nan, rng.normal(size=n))
        elif kind == 6:
            values = np.minimum(rng.zipf(1.3, n), 10**6).astype(str)
        else:
            values = np.where(rng.random(n) < 0.9, 0, rng.exponential(size=n))
        made[f"{kind}.{number}"] = values
    return pd.DataFrame(made)


def _false() -> Iterator[_table.Row]:
    for columns in (20, 200):
        wrong = 0
        for seed in range(RUNS):
            rows = _sound(seed, 4500, columns)
            features = list(rows.columns[1:])
            found = quality.check(rows[:2500], rows[2500:], features=features)
            wrong += bool(found.faults)
            _say(f"{columns} columns, {seed + 1} of {RUNS}: {wrong} false")
        # 5% of 40 is 2; more than 5 has a probability of 1.4%
        name = f"sound feeds of {columns} columns called faulty, of {RUNS}"
        yield _table.row(name, wrong, at_most=5)


def _feed(days: int, start: pd.Timestamp, rng: np.random.Generator) -> pd.DataFrame:
    n = 100 * days
    return pd.DataFrame(
        {
            "time": _moments(n, days, start, rng),
            "amount": rng.lognormal(3, 1, n),
            "plan": rng.choice(["free", "pro", "team"], n, p=[0.5, 0.3, 0.2]),
            "visits": rng.poisson(3, n).astype(float),
        }
    )


def _text(values: pd.Series) -> pd.Series:
    return values.map(lambda value: f"{value:.2f} EUR")


PLANTED: dict[
    str, tuple[str, str, Callable[[pd.Series, np.random.Generator], object]]
] = {
    "a column frozen": ("amount", "frozen", lambda x, _: x.iloc[0]),
    "half of a column missing": (
        "visits",
        "missing",
        lambda x, rng: x.where(rng.random(len(x)) < 0.5),
    ),
    "numbers in another unit (x100)": ("amount", "scale", lambda x, _: x * 100),
    "text where numbers were": ("amount", "type", lambda x, _: _text(x)),
    "a category renamed": ("plan", "renamed", lambda x, _: x.replace("team", "group")),
    "a fifth of -999": (
        "amount",
        "out_of_range",
        lambda x, rng: x.where(rng.random(len(x)) > 0.2, -999.0),
    ),
}


def _delays() -> Iterator[_table.Row]:
    """Days until a fault is named, at 100 rows a day; looked at once a day."""
    for name, (column, cause, spoil) in PLANTED.items():
        days = [_until(column, cause, spoil, seed) for seed in range(20)]
        _say(f"{name}: {days}")
        yield _table.row(f"days until found: {name}", float(np.median(days)), at_most=2)


def _until(
    column: str,
    cause: str,
    spoil: Callable[[pd.Series, np.random.Generator], object],
    seed: int,
) -> float:
    rng = np.random.default_rng(seed)
    before = _feed(60, START, rng)
    begun = START + pd.Timedelta(days=81)
    rows = _feed(28, START + pd.Timedelta(days=60), rng)
    late = (rows["time"] >= begun).to_numpy()
    rows[column] = rows[column].astype(object)
    rows.loc[late, column] = spoil(rows.loc[late, column], rng)
    for day in range(1, 8):
        seen = rows[(rows["time"] < begun + pd.Timedelta(days=day)).to_numpy()]
        found = quality.check(before, seen, features=["amount", "plan", "visits"])
        if (column, cause) in {(fault.column, fault.cause) for fault in found.faults}:
            return float(day)
    return float("inf")


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    raise SystemExit(_table.main(measure, __doc__ or ""))
