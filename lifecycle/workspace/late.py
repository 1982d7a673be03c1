"""Hours, or days, in which a version answered later than is bearable."""

from __future__ import annotations

import math
from collections import defaultdict
from dataclasses import replace
from typing import TYPE_CHECKING

from lifecycle import guards, routing
from lifecycle.findings import Finding

if TYPE_CHECKING:
    from lifecycle import config

__all__ = ["OFTEN", "late"]

OFTEN = 0.05  # of the hours, and of the calls in one
_CALLS = 20  # timed in an hour, or a day, that is counted


def late(
    tally: routing.Tally,
    version: str,
    other: str | None,
    *,
    start: str,
    told: config.Guard,
    alpha: float,
) -> Finding:
    """Hours in which one call of twenty took longer than is bearable.

    Days, where no hour has enough calls.

    Parameters
    ----------
    tally : Tally
    version : str
    other : str or None
        The version before; its median hour says what is usual.
    start : str
        The hour of the release.
    told : Guard
        The settings.
    alpha : float
        The probability of a false rollback.
    """
    unit, spans = "hours", _spans(tally, len("2024-05-06T07"))
    if not spans[version]:  # too few calls an hour
        unit, spans = "days", _spans(tally, len("2024-05-06"))
    now = [p95 for span, p95 in spans[version] if span >= start[: len(span)]]
    bounds = [] if told.max_latency_ms is None else [told.max_latency_ms]
    then = [] if other is None else sorted(p95 for _, p95 in spans[other])
    if then:
        bounds.append(told.max_latency_ratio * then[len(then) // 2])
    if not now or not bounds:
        return Finding("late hours", math.nan, 0, unit="%")
    found = guards.rate(
        sum(p95 > min(bounds) for p95 in now),
        len(now),
        at_most=OFTEN,
        alpha=alpha,
        measure=f"late {unit}",
    )
    return replace(found, subject=f"version {version}, above {min(bounds):.3g} ms")


def _spans(tally: routing.Tally, signs: int) -> dict[str, list[tuple[str, float]]]:
    """The 95th percentile of each version's calls, hour by hour or day by day."""
    held: dict[tuple[str, str], routing.Count] = {}
    for (version, _, hour), count in tally.counts.items():
        held.setdefault((version, hour[:signs]), routing.Count()).merge(count)
    found: dict[str, list[tuple[str, float]]] = defaultdict(list)
    for (version, span), count in sorted(held.items()):
        if sum(count.bins.values()) >= _CALLS:
            found[version].append((span, count.quantile(0.95)))
    return found
