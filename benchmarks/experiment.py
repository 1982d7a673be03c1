"""Trials watched at every step: false winners, coverage, power, and keys to a decision.

Each kind of metric is simulated a thousand times, once with no difference and once with
the minimal one, and looked at after every key (what bets learn of level and variance is
used from the next fiftieth of a fixed end on). Beside it stands the test with a fixed
end that one may look at once; looked at all the time it would name a false winner in
the share of trials that the table tells. Of two of them the whole rule as a workspace
asks it, once a week, futility included. Ten minutes on one core.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from statistics import NormalDist
from typing import TYPE_CHECKING

from benchmarks import _table
from lifecycle import experiment, intervals
from lifecycle.experiment import bounded, linearised, stopping
from lifecycle.experiment.planning import plan

if TYPE_CHECKING:
    import numpy as np

TRIALS = 1_000
LEVEL = 0.05
POWER = 0.8
SHARE = 0.5
CANARY = 0.05
LONG = 3
"""Trials are followed for so many fixed horizons."""
PLANNED = 1.6
"""The planned end of a trial that may be stopped for futility, in fixed horizons."""
WEEKS = 16
FUTILITY = 0.1
FIRST = 100
BATCHES = 50
SEED = 20231

RULED = ("binary, share 50%", "accuracy, pairs")
Evidence = experiment.Arms | experiment.Pairs
Draw = Callable[["np.random.Generator", int, float], Evidence]


@dataclass(frozen=True)
class Case:
    """One kind of metric, and how its keys are drawn.

    Parameters
    ----------
    name : str
    metric : Metric
    effect : float
        The minimal difference.
    draw : callable
        Takes a generator, a number of keys and the true difference.
    horizon : int
        Keys that a fixed end needs for the power.
    """

    name: str
    metric: experiment.Metric
    effect: float
    draw: Draw
    horizon: int


@dataclass(frozen=True)
class Outcome:
    """What became of many trials, one value a trial."""

    won: np.ndarray
    lost: np.ndarray
    covered: np.ndarray
    fixed: np.ndarray
    peeked: np.ndarray


def cases(rng: np.random.Generator) -> Iterator[Case]:
    """The metrics; variances of amounts from many draws."""
    import numpy as np

    for share in (SHARE, CANARY):
        words = f"share {share:.0%}"
        rare = experiment.Metric("won", usual=0.10)
        asked = {"share": share, "rows_per_week": 1000.0, "power": POWER}
        effect = 0.03 if share == SHARE else 0.06
        made = plan(rare, effect=effect, **asked)
        draw = _binary(0.10, share)
        yield Case(f"binary, {words}", rare, effect, draw, round(made.ways[0].fixed))
    orders = _lognormal(rng, 400_000)
    cap = 500.0
    held = np.minimum(orders, cap)
    capped = experiment.Metric(
        "order value", "mean", cap=cap, usual=held.mean(), spread=held.var()
    )
    plain = experiment.Metric("order value", "mean", spread=orders.var())
    for name, metric, share, more in (
        ("capped", capped, SHARE, 0.15),
        ("no cap", plain, SHARE, 0.15),
        ("no cap, share 5%", plain, CANARY, 0.3),
    ):
        effect = more * orders.mean()
        made = plan(metric, effect=effect, share=share, rows_per_week=1000.0)
        yield Case(
            f"mean, heavy tails, {name}",
            metric,
            effect,
            _amounts(metric.cap, share),
            round(made.ways[0].fixed),
        )
    spread = _ratio_spread(rng)
    ratio = experiment.Metric("revenue a session", "ratio", spread=spread)
    made = plan(ratio, effect=0.3, share=SHARE, rows_per_week=1000.0)
    yield Case("ratio", ratio, 0.3, _ratio, round(made.ways[0].fixed))
    apart, effect = 0.10, 0.03
    right = experiment.Metric("accuracy", usual=0.75, spread=apart)
    made = plan(
        right, effect=effect, share=SHARE, rows_per_week=1000.0, disagreeing=apart
    )
    arms, pairs = made.ways
    yield Case("accuracy, arms", right, effect, _binary(0.75, SHARE), round(arms.fixed))
    yield Case("accuracy, pairs", right, effect, _pairs(apart), round(pairs.fixed))
    bought, money = _orders(rng, 400_000)
    level = money.sum() / bought.sum()
    spread = float((money - level * bought).var() / bought.mean() ** 2)
    order = experiment.Metric("order value of who bought", "ratio", spread=spread)
    effect = 0.4 * level
    made = plan(order, effect=effect, share=CANARY, rows_per_week=1000.0)
    name = f"ratio, a fifth counts, share {CANARY:.0%}"
    yield Case(name, order, effect, _few, round(made.ways[0].fixed))


def _binary(usual: float, share: float) -> Draw:
    def draw(rng: np.random.Generator, n: int, effect: float) -> Evidence:
        served = rng.random(n) < share
        won = rng.random(n) < usual + effect * served
        return experiment.Arms(won, served, share=share, looks=_rows(n))

    return draw


def _lognormal(rng: np.random.Generator, n: int) -> np.ndarray:
    """Orders of $20 to $2,000 and more: mean 62, deviation 105, skewness above 9."""
    import numpy as np

    return np.asarray(rng.lognormal(3.45, 1.16, n))


def _amounts(cap: float | None, share: float) -> Draw:
    import numpy as np

    def draw(rng: np.random.Generator, n: int, effect: float) -> Evidence:
        served = rng.random(n) < share
        value = _lognormal(rng, n)
        if cap is not None:
            value = np.minimum(value, cap - effect)
        value = value + effect * served
        return experiment.Arms(value, served, share=share, looks=_rows(n))

    return draw


def _sessions(rng: np.random.Generator, n: int) -> tuple[np.ndarray, np.ndarray]:
    """Sessions of each key, and what was bought in them: both vary, together."""
    import numpy as np

    sessions = 1.0 + rng.poisson(3, n)
    eager = rng.gamma(2.0, 0.5, n)
    bought = rng.poisson(0.2 * sessions * eager)
    return sessions, bought * rng.lognormal(2.5, 0.6, n) * np.ones(n)


def _ratio(rng: np.random.Generator, n: int, effect: float) -> Evidence:
    served = rng.random(n) < SHARE
    sessions, money = _sessions(rng, n)
    money = money + effect * sessions * served
    looks = _rows(n)
    return experiment.Arms(money, served, share=SHARE, per=sessions, looks=looks)


def _ratio_spread(rng: np.random.Generator) -> float:
    sessions, money = _sessions(rng, 400_000)
    level = money.sum() / sessions.sum()
    return float((money - level * sessions).var() / sessions.mean() ** 2)


def _orders(rng: np.random.Generator, n: int) -> tuple[np.ndarray, np.ndarray]:
    """Whether each key bought, one in five, and for how much: most add nothing."""
    bought = (rng.random(n) < 0.2).astype(float)
    return bought, bought * _lognormal(rng, n)


def _few(rng: np.random.Generator, n: int, effect: float) -> Evidence:
    served = rng.random(n) < CANARY
    bought, money = _orders(rng, n)
    money = money + effect * bought * served
    looks = _rows(n)
    return experiment.Arms(money, served, share=CANARY, per=bought, looks=looks)


def _pairs(apart: float) -> Draw:
    def draw(rng: np.random.Generator, n: int, effect: float) -> Evidence:
        luck = rng.random(n)
        mine = luck < (apart + effect) / 2
        theirs = (luck >= (apart + effect) / 2) & (luck < apart)
        return experiment.Pairs(mine, theirs, looks=_rows(n))

    return draw


def _rows(n: int) -> np.ndarray:
    """Every key is a look of its own, in the order in which it came."""
    import numpy as np

    return _padded(np.arange(n))


def watch(case: Case, rng: np.random.Generator, truth: float) -> Outcome:
    """Many trials of one metric, each looked at after every key."""
    import numpy as np

    n = LONG * case.horizon
    told = [_one(case, case.draw(rng, n, truth), truth) for _ in range(TRIALS)]
    return Outcome(*(np.array(column) for column in zip(*told, strict=True)))


def _one(
    case: Case, evidence: Evidence, truth: float
) -> tuple[float, float, bool, bool, bool]:
    """When it was won and lost (infinite: never), and whether the truth was inside."""
    import numpy as np

    at = np.arange(1, len(evidence) + 1)
    ends = (LEVEL / 2, LEVEL / 2)
    plain = linearised.linearised(
        evidence, case.metric, effect=case.effect, ends=ends, at=at, first=FIRST
    )
    sound = plain.information > 0
    error = np.where(sound, np.sqrt(plain.variance), np.inf)
    error = error / np.maximum(plain.information, 1e-12)
    z = np.abs(plain.difference) / np.maximum(error, 1e-300)
    bar = NormalDist().inv_cdf(1 - LEVEL / 2)
    fixed = bool(z[case.horizon - 1] > bar and plain.difference[case.horizon - 1] > 0)
    peeked = bool((z[2 * FIRST :: 10] > bar).any())
    if not case.metric.exact:
        inside = (plain.lower <= truth) & (truth <= plain.upper)
        won, lost = plain.lower > 0, plain.upper < 0
        return _first(won), _first(lost), bool(inside.all()), fixed, peeked
    cuts = np.unique(np.linspace(0, at.size, LONG * BATCHES + 1).astype(int))[1:]
    made = bounded.bets(evidence, case.metric, effect=case.effect, at=cuts)
    limit = truth / case.metric.most
    both = ((made.gains, made.ups, limit), (-made.gains, made.downs, -limit))
    beyond, stopped = [], []
    for gains, stakes, side in both:
        told = {"weights": bounded.WEIGHTS, "at": at}
        grown = intervals.staked(gains, made.per, stakes, **told)
        stopped.append(_first(grown >= -np.log(LEVEL / 2)))
        if truth:
            grown = intervals.staked(gains, made.per, stakes, above=side, **told)
        beyond.append(bool((grown >= -np.log(LEVEL / 2)).any()))
    return stopped[0], stopped[1], not any(beyond), fixed, peeked


def stopped(
    case: Case, rng: np.random.Generator, truth: float
) -> tuple[list[str], list[float]]:
    """How trials end that are read weekly by the whole rule, after how many keys."""
    planned = round(PLANNED * case.horizon)
    ended, keys = [], []
    for _ in range(TRIALS):
        evidence = case.draw(rng, planned, truth)
        weeks = evidence.looks.astype(int) * WEEKS // planned
        object.__setattr__(evidence, "looks", _padded(weeks))
        course = experiment.course(case.metric, evidence, effect=case.effect)
        for place, look in enumerate(course, start=1):
            decision = stopping.judged(case.metric, course[:place])
            why = stopping.hopeless(
                case.metric,
                look,
                effect=case.effect,
                level=LEVEL,
                planned=planned,
                futility=FUTILITY,
            )
            if decision != "continue" or why:
                ended.append(decision if decision != "continue" else "stop: futility")
                keys.append(look.n / case.horizon)
                break
    return ended, keys


def _padded(numbers: np.ndarray) -> np.ndarray:
    import numpy as np

    return np.char.zfill(numbers.astype(str), 7)


def _first(reached: np.ndarray) -> float:
    return float(reached.argmax()) + 1 if reached.any() else float("inf")


def measure() -> Iterator[_table.Row]:
    """The rows, as they come."""
    import numpy as np

    rng = np.random.default_rng(SEED)
    for case in cases(rng):
        none, some = (watch(case, rng, truth) for truth in (0.0, case.effect))
        false = np.isfinite(none.won) | np.isfinite(none.lost)
        low, high = intervals.wilson(int(false.sum()), false.size, level=0.95)
        name = case.name
        yield _table.row(f"{name}: keys of a fixed end", case.horizon)
        yield _table.row(
            f"{name}: ever a false winner or loser ({low:.1%} to {high:.1%})",
            100 * false.mean(),
            "%",
            at_most=100 * LEVEL,
        )
        yield _table.row(
            f"{name}: always covered, no difference",
            100 * none.covered.mean(),
            "%",
            at_least=100 * (1 - LEVEL),
        )
        yield _table.row(
            f"{name}: always covered, minimal effect",
            100 * some.covered.mean(),
            "%",
            at_least=100 * (1 - LEVEL),
        )
        yield _table.row(
            f"{name}: won by the keys of a fixed end",
            100 * (some.won <= case.horizon).mean(),
            "%",
        )
        yield _table.row(
            f"{name}: won by {LONG} times that",
            100 * np.isfinite(some.won).mean(),
            "%",
        )
        yield _table.row(
            f"{name}: median keys to win, of a fixed end's",
            float(np.median(some.won)) / case.horizon,
            "times",
        )
        yield _table.row(f"{name}: fixed end, power", 100 * some.fixed.mean(), "%")
        if case.name in RULED:
            yield from _ruled(case, rng)
        yield _table.row(
            f"{name}: fixed end looked at all the time, false",
            100 * none.peeked.mean(),
            "%",
        )


def _ruled(case: Case, rng: np.random.Generator) -> Iterator[_table.Row]:
    """The whole rule, futility included, read once a week until the planned end."""
    import numpy as np

    for truth, words in ((0.0, "no difference"), (case.effect, "minimal effect")):
        ended, keys = stopped(case, rng, truth)
        name = f"{case.name}, rule with futility, {words}"
        for decision in ("benefit", "harm", "futility"):
            share = np.mean([each == f"stop: {decision}" for each in ended])
            yield _table.row(f"{name}: {decision}", 100 * float(share), "%")
        yield _table.row(
            f"{name}: median keys, of a fixed end's", float(np.median(keys)), "times"
        )


def main() -> int:
    """Measure, print and write."""
    return _table.main(measure, __doc__ or "")


if __name__ == "__main__":
    sys.exit(main())
