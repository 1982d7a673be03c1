"""Rollbacks of a year in which nothing is wrong, each guard alone and all together.

A model-year has as many releases as the budget allows for, each watched for two weeks
on trial and two in production, 2,000 rows a week, looked at every hour or after every
row. What is bearable is as bad as it may be: rates at their bound, scores moved by the
floor, accuracy as it is estimated below by the margin. A look is skipped only where no
answer of the guard could be an alert; what is left is asked of the guard itself.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Callable, Iterable
from time import perf_counter
from typing import TYPE_CHECKING
from unittest import mock

from benchmarks import _table
from lifecycle import evaluation, guards
from lifecycle.config import GUARDS, Guard
from lifecycle.estimation import binary, shift
from lifecycle.guards.shifted import edges

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

SETTINGS = Guard()
WATCHES = 2 * int(SETTINGS.releases_per_year)
ALPHA = guards.share(
    SETTINGS.false_rollbacks_per_year, guards=len(GUARDS), releases=WATCHES
)
LIMIT = -math.log(ALPHA)
HOURS, WEEKS, TRAFFIC = 168, 2, 2_000
YEARS = 1_000
TOLERANCE = 0.05
"""Points that a KPI may fall."""
PAIRS = 1_000
"""Of a reference and rows since, whose weights are learnt; outcomes are drawn anew."""


# -- rates -----------------------------------------------------------------------------


def least(n: int, at_most: float) -> int:
    """The fewest bad rows of n that refute a bound."""
    low, high = int(at_most * n), n + 1
    while high - low > 1:
        middle = (low + high) // 2
        refuted = guards.against(middle, n, at_most) >= LIMIT
        low, high = (low, middle) if refuted else (middle, high)
    return high


def counts(
    rng: np.random.Generator, at_most: float, *, traffic: int = TRAFFIC
) -> Iterable[bool]:
    """A rate at its bound, calls of one row."""
    import numpy as np

    n = (np.arange(1, WEEKS * HOURS + 1) * traffic) // HOURS
    steps = np.diff(n, prepend=0)
    bar = np.array([least(int(count), at_most) for count in n])
    while True:
        hits = rng.binomial(steps, at_most, size=(WATCHES, len(n))).cumsum(axis=1)
        yield bool((hits >= bar).any())


def late(rng: np.random.Generator) -> Iterable[bool]:
    """Late hours at their bound."""
    return counts(rng, 0.05, traffic=HOURS)


def calls(rng: np.random.Generator) -> Iterable[bool]:
    """Calls of 20 rows that fail by halves or whole, at the bound."""
    import numpy as np

    bound, many = SETTINGS.max_error_rate, WEEKS * TRAFFIC // 20
    chances = [1 - 1.5 * bound, bound, 0.5 * bound]
    while True:
        shares = rng.choice([0.0, 0.5, 1.0], size=(WATCHES, many), p=chances)
        mean = shares.cumsum(axis=1) / np.arange(1, many + 1)
        found = False
        for watch, place in np.argwhere((shares > 0) & (mean > bound)):
            seen = shares[watch, : place + 1]
            told = [0.0, 0.5, 1.0], [(seen == share).sum() for share in (0, 0.5, 1)]
            if guards.against(0, 0, bound, shares=told[0], times=told[1]) >= LIMIT:
                found = True
                break
        yield found


# -- scores ----------------------------------------------------------------------------


def constant(rng: np.random.Generator) -> Iterable[bool]:
    """A version that gives 60% of its rows one score."""
    import numpy as np

    n, shortest = WEEKS * TRAFFIC, 30
    while True:
        often = rng.random((WATCHES, n), dtype=np.float32) < 0.6
        usual = rng.random((WATCHES, 200), dtype=np.float32) < 0.6
        ends = np.cumsum(often, axis=1)
        broken = np.maximum.accumulate(np.where(often, 0, ends), axis=1)
        runs: np.ndarray = ends - broken
        found = False
        for watch in np.flatnonzero(runs.max(axis=1) >= shortest):
            scores, own = (
                np.where(each[watch], 0.3, rng.random(each.shape[1]))
                for each in (often, usual)
            )
            other = rng.random(n)
            for place in np.flatnonzero(runs[watch] >= shortest):
                seen = slice(max(0, place - 1_999), place + 1)
                said = guards.still(scores[seen], other[seen], usual=own, alpha=ALPHA)
                found |= said.verdict == "alert"
        yield found


def refuted(
    values: np.ndarray, guess: float, *, alpha: float, first: int
) -> np.ndarray:
    """After how many values a mean of at least a guess is refuted, of each course.

    As `intervals.betting` does, for one guess and all courses together; infinite where
    it never is.
    """
    import numpy as np

    count = np.arange(1, values.shape[1] + 1)
    means = (0.5 + values.cumsum(axis=1)) / (count + 1)
    spreads = (0.25 + ((values - means) ** 2).cumsum(axis=1)) / (count + 1)
    ahead = np.full_like(values, guess - 0.5)
    ahead[:, 1:] = guess - means[:, :-1]
    spread = np.full_like(values, 0.25)
    spread[:, 1:] = spreads[:, :-1]
    stakes = np.clip(ahead / (spread + ahead**2), 0, 0.5 / (1 - guess))
    course = np.log1p(-stakes * (values - guess)).cumsum(axis=1)
    beaten = course[:, first - 1 :] >= -math.log(alpha) - 1e-6
    places = beaten.argmax(axis=1) + float(first)
    told: np.ndarray = np.where(beaten.any(axis=1), places, math.inf)
    return told


def shifted(rng: np.random.Generator) -> Iterable[bool]:
    """Scores that have moved by the floor, up to where they may.

    An alert takes that one of the true means, or what is the floor away from the other,
    is refuted; both lie on the grid of guesses.
    """
    import numpy as np

    floor, means = SETTINGS.score_shift, (0.02, 0.02 + SETTINGS.score_shift)
    ends = [edges(weeks * TRAFFIC) for weeks in (4, WEEKS)]
    while True:
        drawn = [
            np.clip(rng.normal(mean, 0.08, (WATCHES, cut[-1])), -1, 1)
            for mean, cut in zip(means, ends, strict=True)
        ]
        before, since = (
            np.add.reduceat(each, cut[:-1], axis=1) / np.diff(cut)
            for each, cut in zip(drawn, ends, strict=True)
        )
        b, s = (before + 1) / 2, (since + 1) / 2
        true = (1.02 + floor) / 2
        asked = {"alpha": ALPHA / 4, "first": 1}
        first = [
            refuted(1 - s, 1 - true, **asked),
            refuted(s, true, **asked),
            refuted(b, true - floor / 2, **asked),
            refuted(1 - b, 1 - true - floor / 2, **asked),
        ]
        yield any(
            guards.shift(*(each[k] for each in drawn), floor=floor, alpha=ALPHA).verdict
            == "alert"
            for k in np.flatnonzero(np.isfinite(first).any(axis=0))
        )


# -- accuracy --------------------------------------------------------------------------


def accuracy(
    rng: np.random.Generator, differ: float, *, traffic: int = TRAFFIC
) -> Iterable[bool]:
    """A version as good as the other, on rows of which a share is told otherwise.

    An alert takes that a difference of 0 is refuted.
    """
    import numpy as np

    n, least_n = WEEKS * traffic, SETTINGS.min_rows
    truth = np.ones(n)
    while True:
        drawn = rng.random((WATCHES, n))
        d = (drawn < differ / 2).astype(float) - (drawn > 1 - differ / 2)
        maybe = np.isfinite(refuted((d + 1) / 2, 0.5, alpha=ALPHA, first=least_n))
        yield any(
            evaluation.guard(
                truth, d[k] >= 0, d[k] <= 0, alpha=ALPHA, min_n=least_n
            ).verdict
            == "alert"
            for k in np.flatnonzero(maybe)
        )


def estimated(rng: np.random.Generator) -> Iterable[bool]:
    """Accuracy below the other's by the margin, on rows that look otherwise.

    300 rows of the reference differ, and 100 of 1,000 since; one feature of three has
    moved by half of its spread. What weights make of the reference is worked out for
    each pair once. With equal weights an interval is as narrow as it can be: what would
    be no alert then is none.
    """
    import numpy as np

    margin, share, features = SETTINGS.estimated_margin, 0.1, ["a", "b", "c"]
    right = 0.5 - margin / (2 * share)
    pairs = [_pair(rng) for _ in range(PAIRS)]
    even = np.ones(300)
    level = next(
        k / 300
        for k in range(150, -1, -1)
        if _judged(pairs[0], even, np.arange(300) < k, features, margin) == "alert"
    )
    year = 0
    while True:
        found = False
        for watch in range(WATCHES):
            pair = pairs[(year * WATCHES + watch) % PAIRS]
            drawn = rng.random(300) < right
            if pair[2].weight @ drawn / 300 <= level + 0.02:
                said = _judged(pair, pair[2].weight, drawn, features, margin)
                found |= said == "alert"
        year += 1
        yield found


Pair = tuple["pd.DataFrame", "pd.DataFrame", shift.Shift]


def _pair(rng: np.random.Generator) -> Pair:
    """A reference, the rows since, and the weights of the one by the other."""
    import numpy as np
    import pandas as pd

    names = ["a", "b", "c"]
    known = pd.DataFrame(rng.normal(size=(300, 3)), columns=names)
    rows = pd.DataFrame(rng.normal(size=(1_000, 3)), columns=names)
    rows["a"] += 0.5
    known = known.assign(prediction=1.0, other=0.0)
    rows = rows.assign(prediction=1.0, other=1.0 - (np.arange(1_000) % 10 == 0))
    apart = rows[rows["other"] == 0]
    tables = (
        np.column_stack([each[names].to_numpy(), np.full(len(each), 0.5)])
        for each in (known, apart)
    )
    told = np.zeros(4, dtype=bool)
    return known, rows, shift.density_ratio(*tables, categorical=told, clip=20, rng=rng)


def _judged(
    pair: Pair,
    weight: np.ndarray,
    right: np.ndarray,
    features: list[str],
    margin: float,
) -> str:
    import dataclasses

    known, rows, told = pair
    held = dataclasses.replace(told, weight=weight)
    with mock.patch.object(binary, "density_ratio", return_value=held):
        return guards.estimated(
            known.assign(outcome=right.astype(float)),
            rows,
            features=features,
            margin=margin,
            alpha=ALPHA,
        ).verdict


# -- a KPI with a season ---------------------------------------------------------------


def kpi(
    rng: np.random.Generator,
    *,
    past: int,
    releases: int,
    weeks: int,
    memory: float = 0.0,
) -> Iterable[bool]:
    """A share with a season of 8 points up and down, whose weeks wobble by a point.

    Each wobble keeps a part of the one before it. Releases follow each other, each held
    against at most two years before it.
    """
    import numpy as np
    from scipy import signal

    whole = past + releases * weeks
    steps = np.diff((np.arange(HOURS + 1) * TRAFFIC) // HOURS)
    while True:
        time = np.arange(whole) + rng.uniform(0, 52)
        wobble = signal.lfilter([1], [1, -memory], rng.normal(0, 0.01, whole))
        share = 0.5 + 0.08 * np.sin(2 * np.pi * time / 52) + wobble
        hourly = rng.binomial(steps, share[:, None], size=(whole, HOURS))
        yield any(
            math.isfinite(fell(hourly, start=start, weeks=weeks, steps=steps))
            for start in range(past, past + releases * weeks, weeks)
        )


def fell(hourly: np.ndarray, *, start: int, weeks: int, steps: np.ndarray) -> float:
    """The hour in which a release is called worse; infinite where it never is.

    Parameters
    ----------
    hourly : ndarray of int, shape (n_weeks, 168)
        Bad rows.
    start, weeks : int
        The week of the release, and how long it is watched.
    steps : ndarray of int, shape (168,)
        Rows of each hour.
    """
    import numpy as np

    bad = hourly[max(0, start - 104) : start].sum(axis=1)
    rows = np.full(len(bad), steps.sum())
    hits = hourly[start : start + weeks].ravel().cumsum()
    asked = np.tile(steps, weeks).cumsum()
    year = len(bad) >= 60
    for ahead in range(1, weeks + 1):
        if ahead > guards.AHEAD and not year:
            break
        expected = bad[-8:].sum() / rows[-8:].sum()
        if year:
            then = slice(len(bad) - 52, len(bad) - 52 + ahead)
            before = slice(len(bad) - 60, len(bad) - 52)
            expected += bad[then].sum() / rows[then].sum()
            expected -= bad[before].sum() / rows[before].sum()
        week = slice((ahead - 1) * HOURS, ahead * HOURS)
        if not (hits[week] > (expected + TOLERANCE) * asked[week]).any():
            continue  # what is bearable lies above that
        level = ALPHA / (2 * ahead * (ahead + 1))
        usual = guards.bearable(bad, rows, ahead=ahead, alpha=level)
        bound = min(usual.upper + TOLERANCE, 0.999)
        for place in np.flatnonzero(hits[week] > bound * asked[week]):
            told = int(hits[week][place]), int(asked[week][place])
            if guards.against(*told, bound) >= LIMIT + math.log(2):
                return float((ahead - 1) * HOURS + place + 1)
    return math.inf


# -- all of them -----------------------------------------------------------------------

Kind = Callable[["np.random.Generator"], Iterable[bool]]
KINDS: dict[str, tuple[str, Kind]] = {
    "errors, calls of a row": ("errors", lambda rng: counts(rng, 0.02)),
    "errors, calls of 20 rows": ("", calls),
    "missing scores": ("missing", lambda rng: counts(rng, 0.02)),
    "late hours": ("latency", late),
    "constant, 60% of one score": ("constant", constant),
    "scores moved by the floor": ("scores", shifted),
    "accuracy, a tenth told otherwise": ("performance", lambda rng: accuracy(rng, 0.1)),
    "the same, 200 rows a week": ("", lambda rng: accuracy(rng, 0.1, traffic=200)),
    "paired, half told otherwise": ("", lambda rng: accuracy(rng, 0.5)),
    "estimated, at the margin": ("estimated", estimated),
    "KPI, two years before": (
        "kpi",
        lambda rng: kpi(rng, past=104, releases=26, weeks=2),
    ),
    "KPI, 30 weeks before": ("", lambda rng: kpi(rng, past=30, releases=26, weeks=2)),
    "KPI, weeks that hang together": (
        "",
        lambda rng: kpi(rng, past=104, releases=26, weeks=2, memory=0.95),
    ),
    "KPI, watched half a year": (
        "",
        lambda rng: kpi(rng, past=104, releases=2, weeks=26),
    ),
}
"""By name: which guard it is one of in a year of all of them, and the years."""


def measure() -> Iterable[_table.Row]:
    """Model-years of each kind, and of the guards together."""
    import numpy as np
    from scipy import stats

    together = np.zeros(YEARS, dtype=bool)
    rows = []
    for place, (name, (guard, kind)) in enumerate(KINDS.items()):
        began = perf_counter()
        years = iter(kind(np.random.default_rng([20251, place])))
        bad = np.array([next(years) for _ in range(YEARS)])
        if guard:
            together |= bad
        ends = stats.binomtest(int(bad.sum()), YEARS).proportion_ci(method="exact")
        print(
            f"{name}: {bad.sum()} of {YEARS:,} model-years, at most {ends.high:.2%} "
            f"(95%), {perf_counter() - began:.0f} s",
            flush=True,
        )
        rows.append(_table.row(f"false, {name}", 100 * bad.mean(), "%", at_most=1))
    ends = stats.binomtest(int(together.sum()), YEARS).proportion_ci(method="exact")
    told = 100 * together.mean()
    rows.append(_table.row("false, all guards together", told, "%", at_most=1))
    rows.append(_table.row("the same, upper end (95%)", 100 * ends.high, "%"))
    return rows


def main() -> int:
    """Measure, print and write."""
    return _table.main(measure, __doc__ or "")


if __name__ == "__main__":
    sys.exit(main())
