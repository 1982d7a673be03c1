"""False alarms and power: simulated deployments without and with planted drift.

A deployment is a reference of 5,000 rows and a year of weeks of 1,000, with 20, 50 or
200 features: three in five are numbers, two in five categories of 3 to 20 values, half
of them with missing values. Nothing drifts in 200 of them; then one feature of 20
drifts by a stated amount. The counts are judged by the very code behind `drift.course`,
and by the rule of NannyML's defaults, restated: a distance (Jensen-Shannon of both
kinds) or a missing rate is an alert when it lies outside mean ± 3 standard deviations
of the ten chunks of the reference.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass

import numpy as np
from scipy import special, stats

from benchmarks import _table
from lifecycle import profiles
from lifecycle.drift import budget, judging, tracks

BUDGET = 0.5
CONFIRM = 2
FLOOR = 0.05
N_REFERENCE = 5000
N_WEEK = 1000
WEEKS = 52
CHUNKS = 10
SIZES = (20, 50, 200)
HALF_YEAR = 26
DEPLOYMENTS = 200
SIGMAS = 3
ALIKE = 0.8
WOBBLE = 0.1
PLANTED = {
    "mean shift": (0.1, 0.2, 0.3, 0.5),
    "share shift": (0.05, 0.10, 0.20),
    "missing": (0.03, 0.05, 0.10, 0.20),
    "new category": (0.02, 0.05, 0.10),
}
SAID = {
    "mean shift": "mean moved by {:g} sd",
    "share shift": "share of the first category +{:.0%}",
    "missing": "missing values +{:.0%}",
    "new category": "new category in {:.0%} of rows",
}


@dataclass(frozen=True)
class Feature:
    """How one feature is drawn: a normal number, cut into categories or not."""

    shares: tuple[float, ...]
    missing: float

    @classmethod
    def number(cls, place: int) -> Feature:
        """The same features in every deployment, by their place."""
        missing = (0.0, 0.02, 0.0, 0.10)[place % 4]
        if place % 5 < 3:
            return cls((), missing)
        size = 3 + (7 * place) % 18
        weights = [1 / (rank + 1) for rank in range(size)]
        return cls(tuple(weight / sum(weights) for weight in weights), missing)


def sides(
    feature: Feature,
    rng: np.random.Generator,
    common: tuple[np.ndarray, np.ndarray] | None = None,
    moved: np.ndarray | None = None,
    *,
    shift: float = 0.0,
    share: float = 0.0,
    missing: float = 0.0,
    new: float = 0.0,
    weeks: int = WEEKS,
) -> tuple[tracks.Side, tracks.Side]:
    """Counts of the reference's chunks and of the weeks, with what is planted."""
    before = rng.standard_normal(N_REFERENCE)
    after = rng.standard_normal((weeks, N_WEEK))
    if common is not None:  # the same factor in all features
        before = math.sqrt(ALIKE) * common[0] + math.sqrt(1 - ALIKE) * before
        after = math.sqrt(ALIKE) * common[1] + math.sqrt(1 - ALIKE) * after
    if moved is not None:  # weeks and chunks that wobble by themselves
        before = before + np.repeat(moved[:CHUNKS], N_REFERENCE // CHUNKS)
        after = after + moved[CHUNKS : CHUNKS + weeks, None]
    lost = [
        rng.random(before.shape) < feature.missing,
        rng.random(after.shape) < feature.missing + missing,
    ]
    if feature.shares:
        changed = np.array(feature.shares)
        changed[0] += share
        changed[1:] *= (1 - changed[0]) / changed[1:].sum()
        cuts = [
            special.ndtri(np.cumsum(each)[:-1]) for each in (feature.shares, changed)
        ]
        codes = [
            np.searchsorted(cut, values)
            for cut, values in zip(cuts, (before, after), strict=True)
        ]
        codes[1] = np.where(rng.random(after.shape) < new, len(changed), codes[1])
        seen = np.bincount(codes[0][~lost[0]], minlength=len(changed) + 1) > 0
        size = int(seen.sum())
        place = np.where(seen, np.cumsum(seen) - 1, size)
        grid = profiles.Grid.categorical([f"c{k}" for k in range(size)])
        return (
            _side(grid, place[codes[0]].reshape(CHUNKS, -1), lost[0], size + 1),
            _side(grid, place[codes[1]], lost[1], size + 1),
        )
    grid = profiles.Grid.numeric(before[~lost[0]])
    assert grid.bounds is not None
    made = []
    for values, gone in zip(
        (before.reshape(CHUNKS, -1), after + shift), lost, strict=True
    ):
        cells = np.clip(np.searchsorted(grid.bounds, values), 1, grid.size)
        cells = np.where(values < grid.ends[0], 0, cells)
        cells = np.where(values > grid.ends[1], grid.size + 1, cells)
        made.append(_side(grid, cells, gone, grid.size + 2))
    return made[0], made[1]


def _side(
    grid: profiles.Grid, codes: np.ndarray, lost: np.ndarray, size: int
) -> tracks.Side:
    count = codes.shape[0]
    kept = ~lost.reshape(codes.shape)
    flat = (codes + size * np.arange(count)[:, None])[kept]
    cells = np.bincount(flat, minlength=size * count).reshape(count, size)
    unseen = cells[:, -1] if grid.bounds is None else cells[:, 0] + cells[:, -1]
    nothing = np.zeros((count, 2))
    return tracks.Side(grid, cells, (~kept).sum(axis=1), unseen, nothing)


@dataclass(frozen=True)
class Told:
    """Alerts of one deployment by week: ours that open, and the restated rule's."""

    ours: np.ndarray
    theirs: np.ndarray


@dataclass(frozen=True)
class Watched:
    """One feature as both rules see it."""

    tracks: list[tracks.Track]
    restated: np.ndarray


def watch(pair: tuple[tracks.Side, tracks.Side]) -> Watched:
    """A feature measured by both."""
    own, weeks = pair
    numeric = own.grid.bounds is not None
    made = tracks.follow("x", "", own, weeks, main="ks" if numeric else "js")
    return Watched(made, restated(own, weeks))


def restated(own: tracks.Side, weeks: tracks.Side) -> np.ndarray:
    """Mean ± 3 sd of the reference's chunks, each held against all of the reference."""
    whole = own.whole()
    alert = np.zeros(weeks.n.size, dtype=bool)
    for calm, now in (
        (tracks.measured("js", whole, own), tracks.measured("js", whole, weeks)),
        (own.missing / own.n, weeks.missing / weeks.n),
    ):
        half = SIGMAS * calm.std()
        alert |= (now > calm.mean() + half) | (now < calm.mean() - half)
    return alert


def alarms(
    watched: Sequence[Watched], *, floor: float = FLOOR
) -> tuple[np.ndarray, np.ndarray]:
    """Which tracks alarm, shape (H, weeks), and which of them could be judged."""
    found = [track for each in watched for track in each.tracks]
    level = budget.level(
        BUDGET,
        chunks=budget.YEAR / 7,
        confirm=CONFIRM,
        shared=N_WEEK / (N_WEEK + N_REFERENCE),
    )
    chance = BUDGET / (budget.YEAR / 7 * len(found))
    held = judging.hold(
        found,
        np.ones(len(found)),
        level=level,
        chance=min(0.05**CONFIRM, chance),
        floor=floor,
        confirm=CONFIRM,
        min_n=30,
    )
    return held.alarm, held.judged


def quiet_year(seed: int) -> dict[str, Told]:
    """One deployment in which nothing drifts, with each number of features."""
    rng = np.random.default_rng([seed, 1])
    plain = [watch(sides(Feature.number(k), rng)) for k in range(max(SIZES))]
    found = {f"{size} features": _told(plain[:size]) for size in SIZES}
    shape = (N_REFERENCE,), (WEEKS, N_WEEK)
    common = rng.standard_normal(shape[0]), rng.standard_normal(shape[1])
    alike = [watch(sides(Feature.number(k), rng, common)) for k in range(SIZES[0])]
    found["20 features that hang together"] = _told(alike)
    moved = rng.normal(0, WOBBLE, (SIZES[0], CHUNKS + WEEKS))
    restless = [
        watch(sides(Feature.number(k), rng, moved=moved[k])) for k in range(SIZES[0])
    ]
    found["20 features, weeks that wobble by 0.1 sd"] = _told(restless)
    found["20 features, without a floor"] = _told(plain[: SIZES[0]], floor=0.0)
    return found


def _told(watched: Sequence[Watched], *, floor: float = FLOOR) -> Told:
    alarm, judged = alarms(watched, floor=floor)
    theirs = np.any([each.restated for each in watched], axis=0)
    return Told(judging.openings(alarm, judged), theirs)


def planted_half_year(seed: int) -> dict[tuple[str, float], tuple[float, float, float]]:
    """Weeks until the one drifted feature of 20 is told: ours, theirs, theirs twice."""
    rng = np.random.default_rng([seed, 2])
    weeks = HALF_YEAR
    calm = [watch(sides(Feature.number(k), rng, weeks=weeks)) for k in range(SIZES[0])]
    found = {}
    for kind, amounts in PLANTED.items():
        place = 0 if kind == "mean shift" else 1 if kind == "missing" else 3
        name = {"mean shift": "shift", "share shift": "share", "missing": "missing"}
        key = name.get(kind, "new")
        for amount in amounts:
            pair = sides(Feature.number(place), rng, weeks=weeks, **{key: amount})
            drifted = watch(pair)
            alarm, _ = alarms([drifted, *calm[:place], *calm[place + 1 :]])
            ours = alarm[: len(drifted.tracks)].any(axis=0)
            theirs = drifted.restated
            twice = theirs & np.append(False, theirs[:-1])
            found[kind, amount] = _first(ours), _first(theirs), _first(twice)
    return found


def _first(told: np.ndarray) -> float:
    return float(np.argmax(told) + 1) if told.any() else math.inf


def measure(deployments: int = DEPLOYMENTS) -> Iterator[_table.Row]:
    """The rows, as they come."""
    with ProcessPoolExecutor(2) as pool:
        years = list(pool.map(quiet_year, range(deployments), chunksize=5))
        halves = list(pool.map(planted_half_year, range(deployments), chunksize=5))
    yield _table.row("deployments of a year without drift", deployments)
    yield _table.row("budget, false alarms a model and year", BUDGET)
    for name in years[0]:
        count = sum(int(year[name].ours.sum()) for year in years)
        low, high = poisson(count)
        target = None if "without" in name else BUDGET
        yield _table.row(f"alarms a year, {name}", count / deployments, at_most=target)
        yield _table.row("  90% interval, lower end", low / deployments)
        yield _table.row(
            "  90% interval, upper end", high / deployments, at_most=target
        )
        some = sum(bool(year[name].ours.any()) for year in years)
        yield _table.row("  deployments with any", 100 * some / deployments, "%")
        weeks = sum(int(year[name].theirs.sum()) for year in years)
        yield _table.row(
            "  mean ± 3 sd: weeks with an alert, a year", weeks / deployments
        )
    for kind, amounts in PLANTED.items():
        for amount in amounts:
            told = np.array([half[kind, amount] for half in halves])
            yield from _power(SAID[kind].format(amount), told)


def _power(name: str, told: np.ndarray) -> Iterator[_table.Row]:
    for column, who in (
        (0, ""),
        (1, ", mean ± 3 sd"),
        (2, ", mean ± 3 sd twice running"),
    ):
        found = np.isfinite(told[:, column])
        share = 100 * found.mean()
        yield _table.row(f"found in 26 weeks: {name}{who}", share, "%")
        delay = float(np.median(told[found, column])) if found.any() else math.nan
        yield _table.row("  median delay of those found", delay, "weeks")


def poisson(count: int, level: float = 0.90) -> tuple[float, float]:
    """Exact interval of a mean number, of which `count` were seen."""
    tail = (1 - level) / 2
    low = stats.chi2.ppf(tail, 2 * count) / 2 if count else 0.0
    return float(low), float(stats.chi2.ppf(1 - tail, 2 * count + 2) / 2)


if __name__ == "__main__":
    parser = _table.parser(__doc__ or "")
    parser.add_argument(
        "--quick", action="store_true", help="20 deployments instead of 200"
    )
    given = parser.parse_args()
    few = DEPLOYMENTS // 10 if given.quick else DEPLOYMENTS
    _table.report(measure(few), json_file=given.json)
    sys.exit(0)
