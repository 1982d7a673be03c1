"""Before the start: how many weeks a trial will take, watched all the time or not."""

from __future__ import annotations

import functools
import math
from dataclasses import dataclass
from statistics import NormalDist
from typing import TYPE_CHECKING

from lifecycle import intervals, markup
from lifecycle.experiment import words
from lifecycle.experiment.evidence import Metric
from lifecycle.experiment.looks import alphas

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Plan", "Way", "plan"]

_STEPS = 60  # of a fixed horizon, and how many horizons are followed
_HORIZONS = 8
_CONTINUOUS = 0.583  # Siegmund's: by how much of a step's deviation a look reaches


@dataclass(frozen=True, slots=True)
class Way:
    """One way of comparing, and the keys it takes.

    Parameters
    ----------
    name : str
        "arms" (each key served by one version) or "pairs" (each scored by both).
    spread : float
        Variance of a difference a key.
    fixed : float
        Keys that a test with a fixed end and one look needs for the power.
    median : float
        Keys after which a trial watched at every step has stopped in half of the cases,
        where the effect is the minimal one (and, for futility, where there is none).
    sure : float
        Keys after which it has stopped with the power's probability.
    """

    name: str
    spread: float
    fixed: float
    median: float
    sure: float


@dataclass(frozen=True)
class Plan:
    """A trial before its start.

    Parameters
    ----------
    metric : Metric
    effect : float
        The smallest difference worth having.
    share : float
        Of the traffic for the experimental version.
    rows_per_week : float
    delay_weeks : float
        How long an outcome takes; the first key counts after it.
    level, power : float
    ways : tuple of Way
        Arms, and pairs where both versions can be scored on the same keys.
    weeks : float
        The planned end, in weeks from the start; `nan` where none is set.
    paired : bool
        Both versions are to score the same keys, planned or not yet.
    """

    metric: Metric
    effect: float
    share: float
    rows_per_week: float
    delay_weeks: float
    level: float
    power: float
    ways: tuple[Way, ...]
    weeks: float = math.nan
    paired: bool = False

    @property
    def best(self) -> Way:
        """The way that takes fewest weeks."""
        return min(self.ways, key=lambda way: self.in_weeks(way, way.median))

    def in_weeks(self, way: Way, keys: float) -> float:
        """From the start until so many keys have their outcome.

        A key served by one of two versions is served after the start, and its outcome
        is waited for. A key scored by both counts from the first outcome that comes
        after the start on: what was predicted before it is as new to both.
        """
        if not self.rows_per_week > 0:
            return math.inf
        waited = self.delay_weeks if way.name == "arms" else 0.0
        return waited + keys / self.rows_per_week

    def frame(self) -> pd.DataFrame:
        """One row a way and stop: `way`, `test`, `keys`, `weeks` from the start."""
        import pandas as pd

        rows = [
            (way.name, test, keys, self.in_weeks(way, keys))
            for way in self.ways
            for test, keys in (
                ("fixed end, one look", way.fixed),
                ("watched, half of the trials stop by", way.median),
                (f"watched, {self.power:.0%} stop by", way.sure),
            )
        ]
        return pd.DataFrame(rows, columns=["way", "test", "keys", "weeks"])

    @property
    def sentence(self) -> str:
        """What is to be expected."""
        effect = words.size(self.effect, self.metric.shown)
        told = (
            f"A difference of {effect} in {words.called(self.metric.name)} at a share "
            f"of {self.share:.0%} and {self.rows_per_week:,.0f} keys a week"
        )
        if not self.rows_per_week > 0:
            return f"{told} will never be seen: no keys come."
        best = self.best
        median, sure = (self.in_weeks(best, k) for k in (best.median, best.sure))
        told += (
            f" takes {_about(median)} where half of the trials stop, "
            f"{words.span(sure)} for {self.power:.0%} of them, watched at every step"
        )
        if best.name == "pairs":
            arms = next((way for way in self.ways if way.name == "arms"), best)
            told += (
                ", as both versions score the same keys; served apart it would take "
                f"{words.span(self.in_weeks(arms, arms.median))}"
            )
        told += f". A fixed end needs {words.span(self.in_weeks(best, best.fixed))}."
        if self.paired and best.name != "pairs" and len(self.ways) == 1:
            told += (
                " As both versions will score the same keys it takes fewer weeks; how "
                "many is known once there is a second version to compare with."
            )
        if self.weeks < median:
            told += (
                f" The planned {words.span(self.weeks)} are too few: give it more "
                "traffic or time, or ask for a larger difference."
            )
        return told

    def __repr__(self) -> str:
        return f"<Plan: {self.sentence}>"

    def _repr_html_(self) -> str:
        rows = [
            [row.way, row.test, f"{row.keys:,.0f}", f"{row.weeks:,.1f}"]
            for row in self.frame().itertuples()
        ]
        header = ["Compared by", "Test", "Keys", "Weeks from the start"]
        return markup.join(
            [
                markup.section("Plan of the trial"),
                markup.paragraph(self.sentence, kind="summary"),
                markup.table(header, rows, label="Plan of the trial", numeric=[2, 3]),
            ]
        )


def plan(
    metric: Metric,
    *,
    effect: float,
    share: float,
    rows_per_week: float,
    delay_weeks: float = 0.0,
    disagreeing: float | None = None,
    level: float = 0.05,
    power: float = 0.8,
    weeks: float = math.nan,
    paired: bool = False,
) -> Plan:
    r"""How long a trial takes, before it begins.

    Parameters
    ----------
    metric : Metric
        With `usual` for a share of keys, with `spread` for a mean or a ratio (of a
        ratio the variance of :math:`(t - R b)/\bar b`).
    effect : float
        The smallest difference worth having, above 0.
    share : float
        Of the traffic for the experimental version, within 0 and 1.
    rows_per_week : float
        Keys a week, of both versions together.
    delay_weeks : float
        How long an outcome takes.
    disagreeing : float, optional
        The variance of the two versions' difference on the same keys (for being right
        or wrong the share of keys on which they disagree): then pairs are planned, too.
    level : float
        How often at most a false winner or loser may ever be named.
    power : float
        How often the minimal effect shall be seen.
    weeks : float
        The planned end.
    paired : bool
        Both versions are to score the same keys, also where nobody knows yet how often
        they disagree.

    Returns
    -------
    Plan

    Raises
    ------
    ValueError
        When a setting is out of range, or the metric's level or spread is missing.

    Notes
    -----
    With variances :math:`v_1, v_0` a key differs by :math:`F = v_1/s + v_0/(1-s)`, and
    a fixed end needs :math:`(z_{1-\alpha/2} + z_{power})^2 F/\delta^2` keys. Watched
    at every step the sum is a Brownian motion that must reach `intervals.boundary`; how
    soon it does is worked out step by step, as for group sequential tests. The numbers
    hold for bets on bounded values as well (`benchmarks.experiment`).

    References
    ----------
    P. Armitage et al., "Repeated significance tests on accumulating data", JRSS A 132
    (1969). D. Siegmund, "Sequential Analysis" (1985), ch. 10.

    Examples
    --------
    >>> asked = {"effect": 0.04, "share": 0.5, "rows_per_week": 500}
    >>> made = plan(Metric("won", usual=0.3), **asked)
    >>> [round(keys) for keys in (made.ways[0].fixed, made.ways[0].median)]
    [4262, 3886]
    """
    if not effect > 0:
        raise ValueError(f"effect must be above 0, got {effect}; use 0.02 for 2 points")
    if not 0 < share < 1:
        raise ValueError(f"share must lie within 0 and 1, got {share}; use 0.05")
    if not 0 < power < 1:
        raise ValueError(f"power must lie within 0 and 1, got {power}; use 0.8")
    alpha = min(alphas(metric, level))
    needed, median, sure = _crossing(alpha, power)

    def way(name: str, spread: float) -> Way:
        scale = spread / effect**2
        return Way(name, spread, *(scale * each for each in (needed, median, sure)))

    theirs, mine = _spreads(metric, effect)
    ways = [way("arms", mine / share + theirs / (1 - share))]
    if disagreeing is not None:
        ways.append(way("pairs", max(disagreeing - effect**2, effect / 10)))
    return Plan(
        metric,
        effect,
        share,
        float(rows_per_week),
        float(delay_weeks),
        level,
        power,
        tuple(ways),
        weeks,
        paired or disagreeing is not None,
    )


def _about(weeks: float) -> str:
    told = words.span(weeks)
    return f"about {told}" if told[0].isdigit() else told


def _spreads(metric: Metric, effect: float) -> tuple[float, float]:
    """Variance of a key of the production version, and of the experimental one."""
    if metric.kind == "binary" and metric.usual is not None:
        new = metric.usual + (effect if metric.better == "high" else -effect)
        return tuple(p * (1 - p) for p in (metric.usual, min(max(new, 0.0), 1.0)))  # type: ignore[return-value]
    if metric.spread is None:
        what = "usual" if metric.kind == "binary" else "spread"
        raise ValueError(
            f"{what} of {metric.name!r} is missing; give it from rows before the trial"
        )
    return metric.spread, metric.spread


@functools.cache
def _crossing(alpha: float, power: float) -> tuple[float, float, float]:
    """Information for a fixed end, for half of the sequences, and for the power.

    In units in which the sum drifts by as much as its variance grows.
    """
    import numpy as np

    normal = NormalDist()
    needed = (normal.inv_cdf(1 - alpha) + normal.inv_cdf(power)) ** 2
    step = needed / _STEPS
    times = step * np.arange(1, _STEPS * _HORIZONS + 1)
    edges = intervals.boundary(times, alpha=alpha, tightest=needed)
    edges = edges - _CONTINUOUS * math.sqrt(step)
    width = math.sqrt(step) / 3
    grid = np.arange(-4 * math.sqrt(needed), edges[-1] + width, width)
    apart = grid[:, None] - grid[None, :] - step
    kernel = np.exp(-(apart**2) / (2 * step))
    kernel *= width / math.sqrt(2 * math.pi * step)
    mass = np.exp(-((grid - step) ** 2) / (2 * step))
    mass *= width / math.sqrt(2 * math.pi * step)
    stopped, course = 0.0, []
    for edge in edges:
        beyond = grid >= edge
        stopped += float(mass[beyond].sum())
        course.append(stopped)
        mass[beyond] = 0.0
        mass = kernel @ mass
    found = [float(np.interp(p, course, times)) for p in (0.5, power)]
    return needed, found[0], found[1]
