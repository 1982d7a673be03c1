"""Hours from the first bad row to a rollback, for faults of several sizes.

The pure guards alone, looked at every hour in simulated time, with the defaults of the
settings: rows come evenly through the week, and outcomes late by so many days. A guard
whose bound a fault stays within never speaks, and the table says so. What they say when
nothing is wrong is `rollback_false`.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from benchmarks import _table, rollback_false
from benchmarks.rollback_false import ALPHA, HOURS, LIMIT, SETTINGS
from lifecycle import evaluation, guards

if TYPE_CHECKING:
    import numpy as np

TRAFFIC = (200, 2_000, 20_000)
RUNS, PAIRED_RUNS = 100, 5
WEEKS = 26
DELAYS = {"1 day": 24, "2 weeks": 2 * HOURS, "6 weeks": 6 * HOURS}
TIMED = 20
"""Calls in an hour, or in as many as are needed, whose latency is judged."""


def counted(
    rng: np.random.Generator, traffic: int, rate: float, at_most: float
) -> float:
    """The median hour at which counts refute the bound."""
    import numpy as np

    if rate <= at_most:
        return math.inf
    n = (np.arange(1, WEEKS * HOURS + 1) * traffic) // HOURS
    steps, told = np.diff(n, prepend=0), []
    for _ in range(RUNS):
        hits = rng.binomial(steps, rate).cumsum()
        told.append(math.inf)
        for place in np.flatnonzero(hits > at_most * n):
            if guards.against(int(hits[place]), int(n[place]), at_most) >= LIMIT:
                told[-1] = float(place + 1)
                break
    return float(np.median(told))


def in_calls(size: int, traffic: int) -> float:
    """The hour by which so many calls of some rows have raised that it goes back."""
    calls = next(
        k
        for k in range(1, 50)
        if guards.against(0, 0, SETTINGS.max_error_rate, shares=[1.0], times=k) >= LIMIT
    )
    return _hours(calls * size, traffic)


def constant(traffic: int) -> float:
    """The hour by which so many rows have one score."""
    spread = [k / 400 for k in range(400)]
    found = guards.still([0.5] * 400, spread, usual=spread, alpha=ALPHA)
    return _hours(found.threshold, traffic)


def late(times: float, traffic: int) -> float:
    """The hour by which so many stretches were late."""
    if times <= SETTINGS.max_latency_ratio:
        return math.inf
    spans = next(k for k in range(1, HOURS) if guards.against(k, k, 0.05) >= LIMIT)
    return float(spans * max(1, math.ceil(TIMED * HOURS / traffic)))


def shifted(rng: np.random.Generator, by: float, traffic: int) -> float:
    """The median hour by which scores have moved, after four weeks of before."""
    import numpy as np

    if by <= SETTINGS.score_shift:
        return math.inf
    told = []
    for _ in range(PAIRED_RUNS):
        before = np.clip(rng.normal(0.02, 0.08, 4 * traffic), -1, 1)
        since = np.clip(rng.normal(0.02 + by, 0.08, WEEKS * traffic), -1, 1)
        told.append(_hours(first(_Speaks(before, since), len(since)), traffic))
    return float(np.median(told))


class _Speaks:
    """Whether scores have moved after so many rows."""

    def __init__(self, before: np.ndarray, since: np.ndarray) -> None:
        self.before, self.since = before, since

    def __call__(self, n: int) -> bool:
        floor = SETTINGS.score_shift
        told = guards.shift(self.before, self.since[:n], floor=floor, alpha=ALPHA)
        return told.verdict == "alert"


def first(speaks: Callable[[int], bool], most: int) -> float:
    """The first row at which a guard speaks; it does not take that back."""
    low, high = 0, SETTINGS.min_rows
    while not speaks(high):
        if high == most:
            return math.inf
        low, high = high, min(2 * high, most)
    while high - low > max(1, high // 50):
        middle = (low + high) // 2
        low, high = (low, middle) if speaks(middle) else (middle, high)
    return float(high)


def accuracy(
    rng: np.random.Generator, points: float, traffic: int, delay: int
) -> float:
    """The median hour by which accuracy has fallen: a tenth is told otherwise anyhow.

    Rows that come due first are of before the release, and as good as the other's.
    """
    import numpy as np

    wait = delay * traffic // HOURS
    rows = WEEKS * traffic - wait
    told = []
    for _ in range(PAIRED_RUNS):
        chances = [0.05 + points, 0.90 - points, 0.05]
        d = np.concatenate(
            [
                rng.choice([-1.0, 0.0, 1.0], size=wait, p=[0.05, 0.9, 0.05]),
                rng.choice([-1.0, 0.0, 1.0], size=rows, p=chances),
            ]
        )
        n = _refuted(d)
        if n <= len(d):
            end = slice(0, int(n))
            said = evaluation.guard(
                np.ones(int(n)), d[end] >= 0, d[end] <= 0, alpha=ALPHA
            )
            assert said.verdict == "alert", said
        told.append(_hours(n, traffic))
    return float(np.median(told))


def _refuted(d: np.ndarray) -> float:
    """The first row after which a difference of 0, and next to it, is refuted."""
    values = ((d + 1) / 2)[None, :]
    rows = [
        rollback_false.refuted(values, guess, alpha=ALPHA, first=SETTINGS.min_rows)[0]
        for guess in (0.4975, 0.5)
    ]
    return float(max(rows))


def estimated(rng: np.random.Generator, right: float, traffic: int) -> float:
    """The median hour by which rows have come that the version is wrong about.

    It differs on a tenth, and is right on those with a feature below 0, half of the
    8,000 that are known; since the release a share `right` of them is.
    """
    import numpy as np
    import pandas as pd

    def rows(n: int, below: float) -> pd.DataFrame:
        sign = np.where(rng.random(n) < below, -1.0, 1.0)
        return pd.DataFrame(
            {
                "a": sign * np.abs(rng.normal(size=n)),
                "b": rng.normal(size=n),
                "prediction": 1.0,
                "other": 1.0 - (np.arange(n) % 10 == 0),
            }
        )

    told = []
    for _ in range(PAIRED_RUNS):
        known = rows(8_000, 0.5)
        known["outcome"] = (known["a"] < 0).astype(float)
        told.append(math.inf)
        for look in range(1, 4):
            said = guards.estimated(
                known,
                rows(1_000, right),
                features=["a", "b"],
                margin=SETTINGS.estimated_margin,
                alpha=ALPHA,
                look=look,
            )
            if said.verdict == "alert":
                told[-1] = _hours(1_000 * look, traffic)
                break
    return float(np.median(told))


def kpi(rng: np.random.Generator, fall: float, traffic: int) -> float:
    """The median hour by which a share with a season has fallen by a part of it."""
    import numpy as np

    past, told = 104, []
    steps = np.diff((np.arange(HOURS + 1) * traffic) // HOURS)
    for _ in range(PAIRED_RUNS):
        time = np.arange(past + WEEKS) + rng.uniform(0, 52)
        wobble = rng.normal(0, 0.01, past + WEEKS)
        share = 0.5 + 0.08 * np.sin(2 * np.pi * time / 52) + wobble
        share[past:] *= 1 - fall
        hourly = rng.binomial(steps, 1 - share[:, None], size=(past + WEEKS, HOURS))
        told.append(rollback_false.fell(hourly, start=past, weeks=WEEKS, steps=steps))
    return float(np.median(told))


def _hours(rows: float, traffic: int) -> float:
    """The hour at whose end so many rows have come, if that is within the watch."""
    hours = rows * HOURS / traffic
    return float(math.ceil(hours)) if hours <= WEEKS * HOURS else math.inf


def faults(rng: np.random.Generator) -> dict[str, Callable[[int], float]]:
    """Each fault with the hours to its rollback at a traffic."""
    told: dict[str, Callable[[int], float]] = {}
    for what, bound in (
        ("raises", SETTINGS.max_error_rate),
        ("NaN scores", SETTINGS.max_missing),
    ):
        for rate in (0.01, 0.1, 1.0):
            told[f"{what}, {rate:.0%} of calls of a row"] = lambda t, r=rate, b=bound: (
                counted(rng, t, r, b)
            )
    told["raises on each call of 50 rows"] = lambda t: in_calls(50, t)
    told["constant score"] = constant
    for times in (2, 5):
        told[f"latency x{times}"] = lambda t, k=times: late(k, t)
    for by in (0.1, 0.2):
        told[f"scores +{by}"] = lambda t, b=by: shifted(rng, b, t)
    for points in (0.02, 0.05, 0.1, 0.2):
        for name, wait in DELAYS.items():
            told[f"accuracy -{points * 100:.0f} points, {name} late"] = (
                lambda t, p=points, w=wait: accuracy(rng, p, t, w)
            )
    for right in (0.25, 0.1, 0.0):
        fall = 20 * (0.5 - right)
        told[f"accuracy -{fall:.0f} points, estimated"] = lambda t, r=right: estimated(
            rng, r, t
        )
    for fall in (0.1, 0.2, 0.3):
        told[f"KPI -{fall:.0%}"] = lambda t, f=fall: kpi(rng, f, t)
    return told


def measure() -> Iterable[_table.Row]:
    """Print a line a fault; a row a fault and traffic."""
    import numpy as np

    print(f"alpha of a guard and release: {ALPHA:.2e}; hours to rollback (median)")
    print(f"-: not in {WEEKS} weeks\n{'':42}" + "".join(f"{t:>9,}/wk" for t in TRAFFIC))
    rows = []
    for name, hours in faults(np.random.default_rng(20251)).items():
        told = [hours(traffic) for traffic in TRAFFIC]
        cells = ["-" if math.isinf(each) else f"{each:,.0f}" for each in told]
        print(f"{name:42}" + "".join(f"{each:>12}" for each in cells), flush=True)
        rows += [
            _table.row(f"{name}, {traffic:,} a week", each, "h")
            for traffic, each in zip(TRAFFIC, told, strict=True)
        ]
    return rows


def main() -> int:
    """Measure, print and write."""
    return _table.main(measure, __doc__ or "")


if __name__ == "__main__":
    sys.exit(main())
