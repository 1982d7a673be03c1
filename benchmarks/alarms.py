"""False alarms and power: simulated deployments without and with planted drift.

A deployment is a reference of 5,000 rows and a year of weeks of 1,000, with 20, 50 or
200 features: three in five are numbers, two in five categories of 3 to 20 values, half
of them with missing values. Nothing drifts in 200 of them; then one feature of 20
drifts by a stated amount. The counts are judged by the very code behind `drift.course`,
and by the rule of NannyML's defaults, restated: the Jensen-Shannon distance (of numbers
in Doane's bins) above, or the missing rate outside, mean ± 3 standard deviations of the
chunks of the reference; either ten chunks, which are half as large as a week, or five
as large as a week. With --library NannyML itself looks at the rows of a few deployments
as well, with ten.
"""

from __future__ import annotations

import math
import sys
import tempfile
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from scipy import special, stats

from benchmarks import _peers, _table
from lifecycle import profiles
from lifecycle.drift import budget, distances, judging, tracks

BUDGET = 0.5
CONFIRM = 2
FLOOR = 0.05
N_REFERENCE = 5000
N_WEEK = 1000
WEEKS = 52
CHUNKS = 10
THEIRS = (10, 5)
SIZES = (20, 50, 200)
HALF_YEAR = 26
DEPLOYMENTS = 200
SIGMAS = 3
ALIKE = 0.8
WOBBLE = 0.1
PLANTED = {  # what is drawn otherwise: in words, of which feature, by how much
    "shift": ("mean moved by {:g} sd", 0, (0.1, 0.2, 0.3, 0.5)),
    "share": ("share of the first category +{:.0%}", 3, (0.05, 0.10, 0.20)),
    "missing": ("missing values +{:.0%}", 1, (0.03, 0.05, 0.10, 0.20)),
    "new": ("new category in {:.0%} of rows", 3, (0.02, 0.05, 0.10)),
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


def drawn(
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
) -> tuple[list[np.ndarray], list[np.ndarray]]:
    """Numbers or codes of the reference and of the weeks, and which are missing."""
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
    if not feature.shares:
        return [before, after + shift], lost
    changed = np.array(feature.shares)
    changed[0] += share
    changed[1:] *= (1 - changed[0]) / changed[1:].sum()
    cuts = [special.ndtri(np.cumsum(each)[:-1]) for each in (feature.shares, changed)]
    codes = [
        np.searchsorted(cut, values)
        for cut, values in zip(cuts, (before, after), strict=True)
    ]
    codes[1] = np.where(rng.random(after.shape) < new, len(changed), codes[1])
    return codes, lost


def sides(
    feature: Feature, values: list[np.ndarray], lost: list[np.ndarray]
) -> tuple[tracks.Side, tracks.Side]:
    """Counts of the reference's chunks and of the weeks, on the reference's grid."""
    values = [values[0].reshape(CHUNKS, -1), values[1]]
    if feature.shares:
        codes = values[0].ravel()[~lost[0]]
        seen = np.bincount(codes, minlength=len(feature.shares) + 1) > 0
        size = int(seen.sum())
        place = np.where(seen, np.cumsum(seen) - 1, size)
        grid = profiles.Grid.categorical([f"c{k}" for k in range(size)])
        cells = [place[each] for each in values]
        width = size + 1
    else:
        grid = profiles.Grid.numeric(values[0].ravel()[~lost[0]])
        assert grid.bounds is not None
        cells, width = [], grid.size + 2
        for each in values:
            cell = np.clip(np.searchsorted(grid.bounds, each), 1, grid.size)
            cell = np.where(each < grid.ends[0], 0, cell)
            cells.append(np.where(each > grid.ends[1], grid.size + 1, cell))
    pairs = zip(cells, lost, strict=True)
    own, weeks = (_side(grid, each, gone, width) for each, gone in pairs)
    return own, weeks


def _side(
    grid: profiles.Grid, codes: np.ndarray, lost: np.ndarray, size: int
) -> tracks.Side:
    kept = ~lost.reshape(codes.shape)
    cells = _cells(codes, kept, size)
    unseen = cells[:, -1] if grid.bounds is None else cells[:, 0] + cells[:, -1]
    missing = (~kept).sum(axis=1)
    ends, sums = np.zeros((len(cells), 2)), np.zeros((len(cells), grid.size))
    return tracks.Side(grid, cells, missing, unseen, ends, sums)  # no Wasserstein here


def _cells(codes: np.ndarray, kept: np.ndarray, size: int) -> np.ndarray:
    """How often each code occurs in each row."""
    count = len(codes)
    flat = (codes + size * np.arange(count)[:, None])[kept]
    return np.bincount(flat, minlength=size * count).reshape(count, size)


@dataclass(frozen=True)
class Told:
    """Alerts of one deployment by week: ours that open, and the restated rule's."""

    ours: np.ndarray
    theirs: list[np.ndarray]


@dataclass(frozen=True)
class Watched:
    """One feature as both rules see it."""

    tracks: list[tracks.Track]
    theirs: list[np.ndarray]


def watch(
    feature: Feature, rng: np.random.Generator, *about: Any, **named: Any
) -> Watched:
    """A feature drawn, and measured by both."""
    values, lost = drawn(feature, rng, *about, **named)
    own, weeks = sides(feature, values, lost)
    main = "js" if feature.shares else "ks"
    made = tracks.follow("x", "", own, weeks, main=main)
    theirs = [restated(feature, values, lost, chunks) for chunks in THEIRS]
    return Watched(made, theirs)


def restated(
    feature: Feature,
    values: list[np.ndarray],
    lost: list[np.ndarray],
    chunks: int = CHUNKS,
) -> np.ndarray:
    """Mean ± 3 sd of the reference's chunks, each held against all of the reference."""
    codes = [values[0].reshape(chunks, -1), values[1]]
    size = len(feature.shares) + 1
    if not feature.shares:
        edges = np.histogram_bin_edges(values[0][~lost[0]], bins="doane")
        size = edges.size  # the bins, and one for what lies outside of them
        inside = [(each >= edges[0]) & (each <= edges[-1]) for each in codes]
        codes = [
            np.where(
                known, np.clip(np.searchsorted(edges, each, "right"), 1, size - 1), size
            )
            - 1
            for each, known in zip(codes, inside, strict=True)
        ]
    kept = [~gone.reshape(each.shape) for each, gone in zip(codes, lost, strict=True)]
    own, weeks = (
        _cells(each, known, size) for each, known in zip(codes, kept, strict=True)
    )
    whole = own.sum(axis=0)
    alert = np.zeros(len(weeks), dtype=bool)
    for calm, now, two_sided in (
        (
            distances.jensen_shannon(whole, own),
            distances.jensen_shannon(whole, weeks),
            False,
        ),
        (1 - kept[0].mean(axis=1), 1 - kept[1].mean(axis=1), True),
    ):
        half = SIGMAS * calm.std()
        alert |= (now > calm.mean() + half) | (two_sided & (now < calm.mean() - half))
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
    plain = [watch(Feature.number(k), rng) for k in range(max(SIZES))]
    found = {f"{size} features": _told(plain[:size]) for size in SIZES}
    shape = (N_REFERENCE,), (WEEKS, N_WEEK)
    common = rng.standard_normal(shape[0]), rng.standard_normal(shape[1])
    alike = [watch(Feature.number(k), rng, common) for k in range(SIZES[0])]
    found["20 features that hang together"] = _told(alike)
    moved = rng.normal(0, WOBBLE, (SIZES[0], CHUNKS + WEEKS))
    restless = [watch(Feature.number(k), rng, moved=moved[k]) for k in range(SIZES[0])]
    found["20 features, weeks that wobble by 0.1 sd"] = _told(restless)
    found["20 features, without a floor"] = _told(plain[: SIZES[0]], floor=0.0)
    return found


def _told(watched: Sequence[Watched], *, floor: float = FLOOR) -> Told:
    alarm, judged = alarms(watched, floor=floor)
    pairs = zip(*(each.theirs for each in watched), strict=True)
    theirs = [np.any(each, axis=0) for each in pairs]
    return Told(judging.openings(alarm, judged), theirs)


def planted_half_year(seed: int) -> dict[tuple[str, float], tuple[float, ...]]:
    """Weeks until the one drifted feature of 20 is told: ours, and by the rule."""
    rng = np.random.default_rng([seed, 2])
    weeks = HALF_YEAR
    calm = [watch(Feature.number(k), rng, weeks=weeks) for k in range(SIZES[0])]
    found = {}
    for kind, (_, place, amounts) in PLANTED.items():
        for amount in amounts:
            feature = Feature.number(place)
            drifted = watch(feature, rng, weeks=weeks, **{kind: amount})
            alarm, _ = alarms([drifted, *calm[:place], *calm[place + 1 :]])
            ours = alarm[: len(drifted.tracks)].any(axis=0)
            told = [ours, *drifted.theirs]
            found[kind, amount] = tuple(_first(each) for each in told)
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
        # without a floor nothing was promised
        target = None if "without" in name else BUDGET
        yield _table.row(f"alarms a year, {name}", count / deployments, at_most=target)
        yield _table.row("  90% interval, lower end", low / deployments)
        yield _table.row(
            "  90% interval, upper end", high / deployments, at_most=target
        )
        some = sum(bool(year[name].ours.any()) for year in years)
        yield _table.row("  deployments with any", 100 * some / deployments, "%")
        for place, chunks in enumerate(THEIRS):
            weeks = sum(int(year[name].theirs[place].sum()) for year in years)
            who = f"  mean ± 3 sd of {chunks} chunks: weeks with an alert, a year"
            yield _table.row(who, weeks / deployments)
    for kind, (words, _, amounts) in PLANTED.items():
        for amount in amounts:
            told = np.array([half[kind, amount] for half in halves])
            yield from _power(words.format(amount), told)


def library(deployments: int = 3) -> Iterator[_table.Row]:
    """Deployments of 20 features by NannyML itself, beside the restated rule."""
    pairs = [_library(seed) for seed in range(deployments)]
    for place, who in enumerate(("NannyML itself", "restated")):
        alerts = np.array([pair[place] for pair in pairs])
        name = f"{deployments} deployments of 20 features, {who}"
        yield _table.row(
            f"{name}: feature-weeks with an alert", 100 * alerts.mean(), "%"
        )
        weeks = alerts.any(axis=1).sum() / deployments
        yield _table.row(f"{name}: weeks with an alert, a year", weeks)
    same = np.mean([np.mean(told == restated) for told, restated in pairs])
    yield _table.row("feature-weeks of which both say the same", 100 * same, "%")


def _library(seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Alerts by feature and week, NannyML's and the restated."""
    rng = np.random.default_rng([seed, 3])
    tables: list[dict[str, Any]] = [{}, {}]
    own = np.zeros((SIZES[0], WEEKS), dtype=bool)
    for k in range(SIZES[0]):
        feature = Feature.number(k)
        values, lost = drawn(feature, rng)
        own[k] = restated(feature, values, lost)
        for table, each, gone in zip(tables, values, lost, strict=True):
            column = each.ravel().astype(object if feature.shares else float)
            if feature.shares:
                column = np.array([f"c{code}" for code in column], dtype=object)
            column[gone.ravel()] = None if feature.shares else math.nan
            table[f"f{k}"] = column
    with tempfile.TemporaryDirectory(prefix="alarms-") as folder:
        for name, table, start, rows in (
            ("reference", tables[0], "2022-01-03", N_REFERENCE // CHUNKS),
            ("analysis", tables[1], "2023-01-02", N_WEEK),
        ):
            frame = pd.DataFrame(table)
            week = pd.to_timedelta(7 * (np.arange(len(frame)) // rows), "D")
            frame["time"] = pd.Timestamp(start) + week
            frame.to_parquet(Path(folder, f"{name}.parquet"))
        script = Path(__file__).with_name("alarms_nannyml.py")
        told = _peers.run("nannyml", script, folder)["alerts"]
    return np.array(told, dtype=bool), own


def _power(name: str, told: np.ndarray) -> Iterator[_table.Row]:
    for column, who in (
        (0, ""),
        (1, ", mean ± 3 sd of 10 chunks"),
        (2, ", mean ± 3 sd of 5 chunks"),
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
    parser.add_argument("--library", action="store_true", help="NannyML itself, too")
    given = parser.parse_args()
    few = DEPLOYMENTS // 10 if given.quick else DEPLOYMENTS
    found = measure(few)
    if given.library:
        found = chain(found, library())
    _table.report(found, json_file=given.json)
    sys.exit(0)
