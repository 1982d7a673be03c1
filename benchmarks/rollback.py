"""Hours from the first bad row to a rollback, and rollbacks when nothing is wrong.

The pure guards alone, looked at every hour in simulated time, with the defaults of the
settings: rows come evenly through the week, and outcomes late by so many days. A guard
whose bound a fault stays within never speaks, and the table says so.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING

from lifecycle import evaluation, guards
from lifecycle.config import GUARDS, Guard

if TYPE_CHECKING:
    import numpy as np

SETTINGS = Guard()
ALPHA = guards.share(
    SETTINGS.false_rollbacks_per_year,
    guards=len(GUARDS),
    releases=2 * SETTINGS.releases_per_year,
)
WEEK = 168
TRAFFIC = (200, 2_000, 20_000)
RUNS, PAIRED_RUNS, YEARS = 100, 5, 1_000
WEEKS = 26
MOST = 6_000
"""Rows that a paired guard is followed for."""
DELAYS = {"1 day": 24, "2 weeks": 2 * WEEK, "6 weeks": 6 * WEEK}


def first_alert(
    rng: np.random.Generator, traffic: int, rate: float, at_most: float, alpha: float
) -> float:
    """The hour at which counts refute the bound; infinite where they never do."""
    import numpy as np

    hours = np.arange(1, WEEKS * WEEK + 1)
    n = (hours * traffic) // WEEK
    hits = rng.binomial(np.diff(n, prepend=0), rate).cumsum()
    limit = -math.log(alpha)
    bad = hits > at_most * n  # below the bound nothing can be refuted
    for place in np.flatnonzero(bad):
        if guards.against(int(hits[place]), int(n[place]), at_most) >= limit:
            return float(hours[place])
    return math.inf


def counted(
    rng: np.random.Generator,
    traffic: int,
    rate: float,
    at_most: float,
    alpha: float = ALPHA,
) -> float:
    """The median hour of many runs."""
    import numpy as np

    if rate <= at_most:
        return math.inf
    hours = [first_alert(rng, traffic, rate, at_most, alpha) for _ in range(RUNS)]
    return float(np.median(hours))


def rows_needed(speaks: Callable[[int], bool], most: int) -> float:
    """The first row at which a guard speaks; it does not take that back."""
    if not speaks(most):
        return math.inf
    low, high = 0, most
    while high - low > max(1, high // 50):
        middle = (low + high) // 2
        low, high = (low, middle) if speaks(middle) else (middle, high)
    return float(high)


def less_accurate(rng: np.random.Generator, points: float, most: int) -> float:
    """Rows until accuracy has fallen: a tenth of the rows differ anyhow."""
    import numpy as np

    chances = [0.05 + points, 0.90 - points, 0.05]
    differ = rng.choice([-1.0, 0.0, 1.0], size=most, p=chances)
    truth = np.ones(most)
    mine, theirs = (differ >= 0).astype(float), (differ <= 0).astype(float)

    def speaks(n: int) -> bool:
        found = evaluation.guard(
            truth[:n], mine[:n], theirs[:n], alpha=ALPHA, min_n=SETTINGS.min_rows
        )
        return found.verdict == "alert"

    return rows_needed(speaks, most)


def shifted(rng: np.random.Generator, by: float, most: int) -> float:
    """Rows until scores have moved, after 800 rows that show what is usual."""
    import numpy as np

    before = np.clip(rng.normal(0.02, 0.08, 800), -1, 1)
    since = np.clip(rng.normal(0.02 + by, 0.08, most), -1, 1)

    def speaks(n: int) -> bool:
        found = guards.shift(before, since[:n], floor=SETTINGS.score_shift, alpha=ALPHA)
        return found.verdict == "alert"

    return rows_needed(speaks, most)


def paired(
    rng: np.random.Generator,
    draw: Callable[[np.random.Generator, float, int], float],
    size: float,
) -> dict[int, float]:
    """The median hour at each traffic; a traffic's rows end with the watch."""
    import numpy as np

    rows = float(np.median([draw(rng, size, MOST) for _ in range(PAIRED_RUNS)]))
    told = {}
    for traffic in TRAFFIC:
        hours = math.ceil(min(rows, MOST) * WEEK / traffic)
        told[traffic] = float(hours if rows <= MOST else -hours)
        if hours > WEEKS * WEEK or (draw is shifted and size <= SETTINGS.score_shift):
            told[traffic] = math.inf
    return told


def table(rng: np.random.Generator) -> list[tuple[str, dict[int, float]]]:
    """Each fault with the median hours to its rollback at each traffic."""
    told: list[tuple[str, dict[int, float]]] = []
    for name, bound in (
        ("raises", SETTINGS.max_error_rate),
        ("NaN scores", SETTINGS.max_missing),
    ):
        for rate in (0.01, 0.1, 1.0):
            row = {t: counted(rng, t, rate, bound) for t in TRAFFIC}
            told.append((f"{name}, {rate:.0%} of rows", row))
    spread = [k / 400 for k in range(400)]
    run = guards.still([0.5] * 400, spread, alpha=ALPHA).threshold
    told.append(("constant score", {t: math.ceil(run * WEEK / t) for t in TRAFFIC}))
    late = next(
        k for k in range(1, WEEK) if guards.against(k, k, 0.05) >= -math.log(ALPHA)
    )
    for times in (2, 5):
        slow = times > SETTINGS.max_latency_ratio
        row = {t: late if slow and t / WEEK >= 20 else math.inf for t in TRAFFIC}
        told.append((f"latency x{times}", row))
    for by in (0.05, 0.1, 0.2):
        told.append((f"scores +{by}", paired(rng, shifted, by)))
    for points in (0.02, 0.05, 0.1, 0.2):
        hours = paired(rng, less_accurate, points)
        for delay, wait in DELAYS.items():
            row = {t: h + math.copysign(wait, h) for t, h in hours.items()}
            row = {t: h if abs(h) <= WEEKS * WEEK else math.inf for t, h in row.items()}
            told.append((f"accuracy -{points * 100:.0f} points, {delay} late", row))
    for fall in (0.1, 0.3):  # half reach it, and 5 points of a fall are bearable
        row = {
            t: counted(rng, t, 1 - 0.5 * (1 - fall), 0.55, ALPHA / 2) for t in TRAFFIC
        }
        told.append((f"KPI -{fall:.0%}", row))
    return told


def false_counts(rng: np.random.Generator, at_most: float, years: int) -> int:
    """Model-years in which a rate that is just bearable was ever called too high.

    Each year has as many releases as the budget allows, 2,000 rows a week.
    """
    import numpy as np

    releases = int(SETTINGS.releases_per_year)
    hours = np.arange(1, 2 * WEEK + 1)
    n = (hours * 2_000) // WEEK
    steps = np.diff(n, prepend=0)
    limit, bad = -math.log(ALPHA), 0
    least = [_least(int(count), at_most, limit) for count in n]
    for _ in range(years):
        hits = rng.binomial(steps, at_most, size=(releases, len(n))).cumsum(axis=1)
        bad += bool((hits >= least).any())
    return bad


def _least(n: int, at_most: float, limit: float) -> int:
    """The fewest bad rows of n that refute the bound."""
    low, high = int(at_most * n), n + 1
    while high - low > 1:
        middle = (low + high) // 2
        refuted = guards.against(middle, n, at_most) >= limit
        low, high = (low, middle) if refuted else (middle, high)
    return high


def false_accuracy(rng: np.random.Generator, years: int) -> int:
    """Model-years in which a version as good as the other was ever called worse.

    Each year has as many releases as the budget allows, two weeks of 200 rows each.
    """
    import numpy as np

    releases, n = int(SETTINGS.releases_per_year), 400
    bad, truth = 0, np.ones(n)
    for _ in range(years):
        differ = rng.choice([-1, 0, 1], size=(releases, n), p=[0.05, 0.9, 0.05])
        bad += any(
            evaluation.guard(
                truth, row >= 0, row <= 0, alpha=ALPHA, min_n=SETTINGS.min_rows
            ).verdict
            == "alert"
            for row in differ
        )
    return bad


def false_scores(rng: np.random.Generator, years: int) -> int:
    """Model-years in which scores that moved as far as is bearable were called more.

    Releases and rows as of `false_accuracy`.
    """
    import numpy as np

    floor, n, bad = SETTINGS.score_shift, 400, 0
    for _ in range(years):
        for _ in range(int(SETTINGS.releases_per_year)):
            before = np.clip(rng.normal(0.02, 0.08, n), -1, 1)
            since = np.clip(rng.normal(0.02 + floor, 0.08, n), -1, 1)
            found = guards.shift(before, since, floor=floor, alpha=ALPHA)
            if found.verdict == "alert":
                bad += 1
                break
    return bad


def tell(name: str, bad: int, years: int) -> None:
    """A line with an exact interval."""
    from scipy import stats

    ends = stats.binomtest(bad, years).proportion_ci(method="exact")
    print(
        f"false, {name}: {bad} of {years:,} model-years "
        f"[{ends.low:.2%}, {ends.high:.2%}]",
        flush=True,
    )


def main(which: str = "all") -> int:
    """Print the table of faults, the false rollbacks, or both."""
    import numpy as np

    rng = np.random.default_rng(20251)
    if which in ("all", "faults"):
        print(f"alpha of a guard and release: {ALPHA:.2e}; hours to rollback (median)")
        print(f"never: not in {WEEKS} weeks; >: not in the {MOST:,} rows followed")
        print(f"{'fault':40}" + "".join(f"{t:>9,}/wk" for t in TRAFFIC))
        for name, row in table(rng):
            cells = "".join(f"{_cell(row[t]):>12}" for t in TRAFFIC)
            print(f"{name:40}{cells}", flush=True)
    if which in ("all", "counts"):
        for name, bound in (("errors", 0.02), ("missing", 0.02), ("KPI", 0.55)):
            tell(f"{name} at its bound", false_counts(rng, bound, YEARS), YEARS)
    if which in ("all", "accuracy"):
        tell("equal accuracy", false_accuracy(rng, YEARS), YEARS)
    if which in ("all", "scores"):
        tell("scores at their bound", false_scores(rng, YEARS), YEARS)
    return 0


def _cell(hours: float) -> str:
    """Hours; those after which nobody looked on are negative."""
    if math.isinf(hours):
        return "never"
    return f"{hours:.0f}" if hours >= 0 else f">{-hours:.0f}"


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
