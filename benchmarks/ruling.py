"""A ruling for 50,000 labelled rows: how long it takes, and where the time goes.

Thirty features, four recipes, three spans, four windows: 48 fits the first time. A week
later the fits of three windows are kept, and only those of the new one are made. The
same is measured with at most 20,000 rows a fit. In processor seconds of one process;
last, on the clock, with a process a core.
"""

from __future__ import annotations

import os
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, ProcessPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from multiprocessing import get_context
from typing import TYPE_CHECKING, Any
from unittest import mock

from benchmarks import _table
from lifecycle import decision, recipes, training
from lifecycle.training import fits, fitting, standing, tasks

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

ROWS = 50_000
WEEKS = 52
NUMBERS = tuple(f"f{k:02d}" for k in range(24))
CATEGORIES = tuple(f"c{k}" for k in range(6))
VALUES = (4, 8, 12, 20, 40, 80)
"""How many values each of the categories has."""
OWN = "boosted_trees"
OTHERS = ("scaled_logistic", "extra_trees", "binned_logistic")
SPANS = (8, 13, None)
WINDOWS = 4
OLDER = 16
BUDGET = 20_000
"""Rows of a fit, where they are held down."""
DELAY = timedelta(weeks=2)
START = datetime(2023, 1, 2, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Asked:
    """One ruling: its back-test, and how long what took."""

    tested: training.Backtest
    seconds: float
    on_clock: float
    parts: Counter[str]
    recipes: Counter[str]


def measure() -> Iterator[_table.Row]:
    """The rows, as they come."""
    log = stream()
    model = _champion(log)
    first, newer = (
        START + timedelta(weeks=WEEKS) + DELAY + timedelta(days=7 * k) for k in (0, 1)
    )
    labelled = (log["time"] + DELAY <= first).sum()
    yield _table.row("labelled rows", labelled)
    yield _table.row("features", len(NUMBERS) + len(CATEGORIES))
    kept = training.InMemory()
    whole = ask(log, model, first, kept)
    yield _table.row("first ruling, all rows", whole.seconds, "s")
    yield _table.row("the same, on the clock", whole.on_clock, "s")
    yield _table.row("first ruling: fits", whole.tested.fits)
    yield from _shares(whole)
    yield from _recipes(whole)
    yield from _next("all rows", log, model, first, newer, kept, whole)
    size = sum(map(len, kept.held.values())) / 2**20
    yield _table.row("kept of two rulings", size, "MB")
    kept = training.InMemory()
    capped = ask(log, model, first, kept, max_rows=BUDGET)
    words = f"{BUDGET:,} rows a fit"
    yield _table.row(f"first ruling, {words}", capped.seconds, "s")
    yield from _next(words, log, model, first, newer, kept, capped, max_rows=BUDGET)
    yield from _agreement(whole, capped)
    cores = len(os.sched_getaffinity(0))
    with ProcessPoolExecutor(cores, mp_context=get_context("spawn")) as pool:
        list(pool.map(_started, range(cores)))
        both = ask(log, model, first, training.InMemory(), executor=pool)
        words = f"first ruling, {cores} processes, on the clock"
        yield _table.row(words, both.seconds, "s")


def stream(seed: int = 0) -> pd.DataFrame:
    """A log that drifts slowly, one week longer than is needed for the first ruling."""
    import numpy as np
    import pandas as pd

    rng = np.random.default_rng(seed)
    weeks = WEEKS + 1 + DELAY // timedelta(weeks=1)
    a_week = -(-ROWS // WEEKS)
    n = weeks * a_week
    columns: dict[str, np.ndarray] = {}
    for place, name in enumerate(NUMBERS):
        values = rng.normal(size=n)
        if place % 3 == 0:
            values[rng.random(n) < 0.05] = np.nan
        columns[name] = values
    for name, count in zip(CATEGORIES, VALUES, strict=True):
        columns[name] = rng.integers(0, count, n)
    passed = np.repeat(np.arange(weeks), a_week) / weeks
    score = (
        np.nan_to_num(columns["f00"]) * (1 - 1.5 * passed)
        + columns["f01"] * columns["f02"]
        + 0.5 * columns["f04"]
        + (columns["c2"] % 3 == 0)
        - 0.5
    )
    hours = np.repeat(np.arange(weeks) * 168.0, a_week) + np.tile(
        np.linspace(0.1, 167.9, a_week), weeks
    )
    times = pd.Timestamp(START) + pd.to_timedelta(hours, unit="h")
    for name in CATEGORIES:
        columns[name] = np.char.add("v", columns[name].astype(str)).astype(object)
    return pd.DataFrame(
        {
            "id": np.arange(n),
            "time": times.astype("datetime64[us, UTC]"),
            **columns,
            "outcome": (score + rng.logistic(size=n) > 0).astype(float),
        }
    )


def ask(
    log: pd.DataFrame,
    model: training.Candidate,
    as_of: datetime,
    kept: training.InMemory,
    *,
    max_rows: int | None = None,
    executor: Executor | None = None,
) -> Asked:
    """One ruling, from the log as it was to the sentence."""
    clock = time.process_time if executor is None else time.perf_counter
    rows = log[log["time"] < as_of].copy()
    rows.loc[rows["time"] + DELAY > as_of, "outcome"] = float("nan")
    with _clocked(clock) as (parts, made):
        started, began = time.perf_counter(), clock()
        tested = training.backtest(
            rows,
            recipe=recipes.load(OWN),
            alternatives={name: recipes.load(name) for name in OTHERS},
            deployed={"keep": model.estimator},
            numeric=NUMBERS,
            categorical=CATEGORIES,
            as_of=as_of,
            delay=DELAY,
            spans=SPANS,
            seed=1,
            windows=WINDOWS,
            older=OLDER,
            trained_to={"keep": datetime.fromisoformat(model.birth["trained_to"])},
            kept=kept,
            max_rows=max_rows,
            executor=executor,
        )
        middle = clock()
        decision.rule(
            tested,
            costs=decision.Costs(retrain=500, rebuild=8_000, error=10),
            rows_per_week=ROWS / WEEKS,
        )
        ended = clock()
    parts["the rule"] = ended - middle
    on_clock = time.perf_counter() - started
    return Asked(tested, ended - began, on_clock, parts, made)


def _champion(log: pd.DataFrame) -> training.Candidate:
    """The version in production: trained on the first quarter."""
    return training.train(
        log[log["time"] < START + timedelta(weeks=13)],
        recipes.load(OWN),
        numeric=NUMBERS,
        categorical=CATEGORIES,
        seed=1,
    )


@contextmanager
def _clocked(
    clock: Callable[[], float],
) -> Iterator[tuple[Counter[str], Counter[str]]]:
    """Count the seconds of the parts of a ruling, and of its fits by recipe."""
    seconds: Counter[str] = Counter()
    made: Counter[str] = Counter()
    watched = (
        (fitting, "features", "features"),
        (fits, "digest_rows", "digests of the rows"),
        (fits, "key_of", "digests of the fits"),
        (fitting, "fit", "fits"),
        (tasks, "scored", "scoring by candidates"),
        (standing.Standing, "at", "scoring by the champion"),
    )

    def counted(inner: Callable[..., Any], words: str) -> Callable[..., Any]:
        def call(*given: Any, **named: Any) -> Any:
            began = clock()
            try:
                return inner(*given, **named)
            finally:
                spent = clock() - began
                seconds[words] += spent
                if words == "fits":
                    made[given[0].name] += spent

        return call

    with ExitStack() as stack:
        for owner, name, words in watched:
            inner = getattr(owner, name)
            stack.enter_context(mock.patch.object(owner, name, counted(inner, words)))
        yield seconds, made


def _shares(asked: Asked) -> Iterator[_table.Row]:
    parts = asked.parts.copy()
    # the champion is scored by the same function
    parts["scoring by candidates"] -= parts["scoring by the champion"]
    rest = asked.seconds - sum(parts.values())
    for words, spent in [*parts.most_common(), ("all else", rest)]:
        yield _table.row(f"share: {words}", 100 * spent / asked.seconds, "%")


def _recipes(asked: Asked) -> Iterator[_table.Row]:
    """How the time of the fits falls to the recipes."""
    whole = sum(asked.recipes.values())
    for recipe, spent in asked.recipes.most_common():
        yield _table.row(f"share of the fits: {recipe}", 100 * spent / whole, "%")


def _next(
    words: str,
    log: pd.DataFrame,
    model: training.Candidate,
    first: datetime,
    newer: datetime,
    kept: training.InMemory,
    before: Asked,
    *,
    max_rows: int | None = None,
) -> Iterator[_table.Row]:
    """The same week again, and the week after it."""
    again = ask(log, model, first, kept, max_rows=max_rows)
    yield _table.row(f"the same once more, {words}", again.seconds, "s")
    yield _table.row("its new fits", again.tested.fits, at_most=0)
    week = ask(log, model, newer, kept, max_rows=max_rows)
    yield _table.row(f"a week later, {words}", week.seconds, "s")
    yield _table.row(
        "its new fits", week.tested.fits, at_most=before.tested.fits / WINDOWS
    )
    yield _table.row("its kept fits", week.tested.kept)
    share = week.seconds / before.seconds
    yield _table.row(f"a week later against the first, {words}", share, "times")


def _agreement(whole: Asked, capped: Asked) -> Iterator[_table.Row]:
    """How far the gains are from those of fits on all rows."""
    keys = ["window", "option"]
    both = whole.tested.table.merge(capped.tested.table, on=keys, suffixes=("", "_2"))
    both = both[both["recipe"].notna() & both["span"].isna()]
    gap = both["difference_2"] - both["difference"]
    yield _table.row("gains with fewer rows: mean change", 100 * gap.mean(), "points")
    distance = 100 * gap.abs().mean()
    yield _table.row("gains with fewer rows: mean distance", distance, "points")
    error = both["variance"].pow(0.5).mean()
    yield _table.row("the gains' own standard error", 100 * error, "points")


def _started(_: int) -> str:
    import sklearn

    return str(sklearn.__version__)


if __name__ == "__main__":
    sys.exit(_table.main(measure, __doc__ or ""))
