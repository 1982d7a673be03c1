"""What two models come to on the same rows: metrics, agreement, money, means."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from lifecycle import intervals, metrics, tasks
from lifecycle.evaluation.differences import COUNTED, SCORED, between
from lifecycle.findings import Finding

if TYPE_CHECKING:
    import numpy as np

    from lifecycle.evaluation.pairing import Pair
    from lifecycle.evaluation.timing import Latency

__all__ = ["agreed", "measured", "sized", "spent", "timed", "weekly"]

BOTH = ("champion", "candidate")
_MEGA = 1_000_000


def measured(
    pair: Pair, level: float, generator: np.random.Generator
) -> Iterator[Finding]:
    """Every metric of both with what lies between, and how often they agree."""
    for name in (*COUNTED, *SCORED):
        values, counts = [], []
        for which, subject in enumerate(BOTH):
            value, lower, upper, n = metrics.with_interval(
                name, pair.truth, pair.guess(which), pair.scores[which], level=level
            )
            values.append(value)
            counts.append(n)
            yield Finding(name, value, n, lower, upper, subject=subject)
        ends = between(name, pair, level=level, rng=generator)
        value = values[1] - values[0]
        if math.isnan(value):
            ends = (math.nan, math.nan)
        yield Finding(name, value, min(counts), *ends, subject="difference")
    yield agreed(pair, level)


def agreed(pair: Pair, level: float) -> Finding:
    """How often both predict the same."""
    same = int((pair.guess(0) == pair.guess(1)).sum())
    share = same / pair.n if pair.n else math.nan
    ends = intervals.wilson(same, pair.n, level=level)
    return Finding("agreement", share, pair.n, *ends, subject="both")


def spent(
    pair: Pair,
    costs: Mapping[str, float],
    *,
    currency: str,
    rows_per_week: float | None,
    level: float,
    generator: np.random.Generator,
) -> Iterator[Finding]:
    """What errors cost a row, and a week where it is known how many rows one has."""
    money = _money(pair, costs)
    for subject, values in money.items():
        value = float(values.mean()) if pair.n else math.nan
        ends = intervals.bootstrap(_mean, values, rng=generator, level=level)
        yield Finding("cost", value, pair.n, *ends, subject=subject, unit=currency)
        if rows_per_week is not None:
            value, lower, upper = (rows_per_week * each for each in (value, *ends))
            yield Finding(
                "cost_a_week",
                value,
                pair.n,
                lower,
                upper,
                subject=subject,
                unit=currency,
            )


def weekly(
    pair: Pair, costs: Mapping[str, float], *, currency: str, level: float
) -> Iterator[Finding]:
    """Accuracy of both by period, and what each period's errors cost in all."""
    for period, rows in chunked(pair):
        n = int(rows.sum())
        for which, subject in enumerate(BOTH):
            right = int(pair.right(which)[rows].sum())
            ends = intervals.wilson(right, n, level=level)
            yield Finding(
                "accuracy", right / n, n, *ends, period=period, subject=subject
            )
        if not costs:
            continue
        for subject, values in _money(pair, costs).items():
            lower, upper = intervals.mean(values[rows], level=level)
            total = float(values[rows].sum())
            yield Finding(
                "cost_of_period",
                total,
                n,
                n * lower,
                n * upper,
                period=period,
                subject=subject,
                unit=currency,
            )


def chunked(pair: Pair) -> Iterator[tuple[str, np.ndarray]]:
    """The periods in order, each with its rows."""
    weeks = pair.labels.get("weeks")
    if weeks is None:
        return
    for week in sorted(set(weeks)):
        yield str(week), weeks == week


def timed(latency: Latency | None, limit: float | None) -> tuple[Finding, ...]:
    """How long both take a row; nothing where nobody measured."""
    if latency is None:
        return ()
    rows = latency.findings.rows
    ratio = rows[-1]
    verdict: Any = "undefined"
    if limit is not None and not math.isnan(ratio.value):
        verdict = "quiet" if ratio.value <= limit else "alert"
    bar = math.nan if limit is None else limit
    ends = (ratio.lower, ratio.upper)
    subject = "candidate to champion"
    told = Finding(
        "latency_ratio", ratio.value, ratio.n, *ends, bar, verdict, subject=subject
    )
    return (*rows[:-1], told)


def sized(sizes: tuple[float, float] | None, limit: float | None) -> Iterator[Finding]:
    """How large both are stored, in millions of bytes."""
    if sizes is None:
        return
    for size in sizes:
        if not 0 <= size < math.inf:
            raise ValueError(f"sizes must be bytes, 0 or more, got {size}; mend them")
    champion, candidate = (size / _MEGA for size in sizes)
    yield Finding("size", champion, 1, subject="champion", unit="MB")
    bar = math.nan if limit is None else limit
    verdict: Any = "undefined"
    if limit is not None:
        verdict = "quiet" if candidate <= limit else "alert"
    yield Finding(
        "size",
        candidate,
        1,
        threshold=bar,
        verdict=verdict,
        subject="candidate",
        unit="MB",
    )
    apart = candidate - champion
    yield Finding("size", apart, 1, subject="difference", unit="MB")


def _money(pair: Pair, costs: Mapping[str, float]) -> dict[str, np.ndarray]:
    if pair.task == "binary":
        prices = costs.get("false_positive", 1.0), costs.get("false_negative", 1.0)
        champion, candidate = pair.losses(0, prices), pair.losses(1, prices)
    else:
        loss = tasks.Loss.priced(pair.task, costs)
        champion, candidate = (loss.error * pair.lost(side, loss) for side in (0, 1))
    return {
        "champion": champion,
        "candidate": candidate,
        "difference": candidate - champion,
    }


def _mean(values: Any) -> float:
    return float(values.mean())
