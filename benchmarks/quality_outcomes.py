"""Outcomes: how often the check cries wolf when the world moves, and what it finds.

Deployments of 26 weeks are looked at every week from the tenth on. In the fifteenth
something happens: for four weeks a part of the positives is recorded as negatives, or
the world changes for good. Counted are the deployments in which the newest look ever
called it a fault, the looks that did, and the weeks of lost positives that are marked
in the end. A world in which every probability falls by one factor overnight cannot be
told from lost positives; it is called a fault for six weeks and then taken for normal.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from datetime import timedelta

import numpy as np
import pandas as pd

from benchmarks import _table
from lifecycle import quality

RUNS, WEEKS, BEGINS, LASTS, FIRST = 20, 26, 14, 4, 10
START = pd.Timestamp("2023-01-02", tz="UTC")
BASE, SLOPE = -1.0, 1.5
Change = Callable[[int, np.ndarray, np.random.Generator], np.ndarray]


def _p(x: np.ndarray, base: float = BASE, slope: float = SLOPE) -> np.ndarray:
    return 1 / (1 + np.exp(-(base + slope * x)))


def _lost(share: float) -> Change:
    def change(week: int, x: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        truth = rng.random(x.size) < _p(x)
        if BEGINS <= week < BEGINS + LASTS:
            truth &= rng.random(x.size) >= share
        return truth.astype(float)

    return change


def _world(p: Callable[[int, np.ndarray], np.ndarray]) -> Change:
    def change(week: int, x: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        return (rng.random(x.size) < (p(week, x) if week >= BEGINS else _p(x))) * 1.0

    return change


PRIOR = "a prior that shifts, 60% of the positives gone"
FOUND = {
    f"{share:.0%} of the positives lost": _lost(share) for share in (0.3, 0.5, 0.8)
}
FALSE = {
    "nothing": _world(lambda _, x: _p(x)),
    PRIOR: _world(lambda _, x: _p(x)),
    "a concept that turns round": _world(lambda _, x: _p(x, -2, -SLOPE)),
    "a concept that forgets half": _world(lambda _, x: _p(x, -2, SLOPE / 2)),
    "a gradual fall": _world(lambda w, x: _p(x, BASE - 0.14 * (w - BEGINS))),
    "30% of noise": _world(lambda _, x: 0.3 + 0.4 * _p(x)),
    "every odds halved at once": _world(lambda _, x: _p(x, BASE - 0.7)),
    "every probability halved at once": _world(lambda _, x: _p(x) / 2),
}


def measure() -> Iterator[_table.Row]:
    """The rows, as they come."""
    for n in (200, 1000):
        for name, change in {**FOUND, **FALSE}.items():
            ever, looks, marked = 0, 0, 0.0
            for seed in range(RUNS):
                rows = _deployment(n, change, seed, prior=name == PRIOR)
                held = [_looked(rows, week) for week in range(FIRST, WEEKS + 1)]
                loud = [bool(found.faults) for found in held]
                ever, looks = ever + any(loud), looks + sum(loud)
                week = (rows["time"] - START).dt.days.to_numpy() // 7
                wrong = (week >= BEGINS) & (week < BEGINS + LASTS)
                marked += float(held[-1].touched(rows)[wrong].mean())
            print(f"{n} rows a week, {name}: {ever} of {RUNS}", file=sys.stderr)
            if name in FOUND:
                share = 100 * marked / RUNS
                yield _table.row(f"{n} rows a week, {name}: rows marked", share, "%")
                continue
            limit = 1 if name in ("nothing", PRIOR) else None
            what = f"{n} rows a week, {name}"
            yield _table.row(f"{what}: called a fault, of {RUNS}", ever, at_most=limit)
            yield _table.row(f"{what}: looks that did, a deployment", looks / RUNS)


def _deployment(n: int, change: Change, seed: int, *, prior: bool) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    parts = []
    for week in range(WEEKS):
        x = rng.normal(size=n * (8 if prior else 1))
        truth = change(week, x, rng)
        if prior:
            gone = (truth == 1) & (rng.random(x.size) < 0.6) & (week >= BEGINS)
            kept = np.flatnonzero(~gone)[:n]
            x, truth = x[kept], truth[kept]
        days = 7 * (week + np.sort(rng.random(n)))
        moment = START + pd.to_timedelta(days, unit="D")
        told = {"time": moment.as_unit("us"), "score": _p(x), "outcome": truth}
        parts.append(pd.DataFrame(told))
    return pd.concat(parts, ignore_index=True)


def _looked(rows: pd.DataFrame, week: int) -> quality.Quality:
    at = START + timedelta(weeks=week)
    seen = rows[rows["time"] < at]
    return quality.outcomes(seen, as_of=at, delay=timedelta(0))


if __name__ == "__main__":
    sys.exit(_table.main(measure, __doc__ or ""))
