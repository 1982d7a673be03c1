"""Stretches of time in which a version answered later than is bearable."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING

from lifecycle import guards, routing
from lifecycle.findings import Finding

if TYPE_CHECKING:
    from lifecycle import config

__all__ = ["MEASURE", "OFTEN", "late"]

MEASURE = "late answers"
OFTEN = 0.05  # of the stretches, and of the calls in one
_CALLS = 20  # timed in a stretch, at least


def late(
    tally: routing.Tally,
    version: str,
    other: str | None,
    *,
    start: str,
    told: config.Guard,
    alpha: float,
) -> Finding:
    """Stretches in which one call of twenty took longer than is bearable.

    A stretch is an hour, or as many hours one after the other as have 20 calls.

    Parameters
    ----------
    tally : Tally
    version : str
    other : str or None
        The version before; its median stretch says what is usual.
    start : str
        The hour of the release.
    told : Guard
        The settings.
    alpha : float
        The probability of a false rollback.
    """
    now = _stretches(tally, version, start)
    bounds = [] if told.max_latency_ms is None else [told.max_latency_ms]
    then = [] if other is None else sorted(_stretches(tally, other, ""))
    if then:
        bounds.append(told.max_latency_ratio * then[len(then) // 2])
    if not now or not bounds:
        return Finding(MEASURE, math.nan, 0, unit="%")
    found = guards.rate(
        sum(p95 > min(bounds) for p95 in now),
        len(now),
        at_most=OFTEN,
        alpha=alpha,
        measure=MEASURE,
    )
    return replace(found, subject=f"version {version}, above {min(bounds):.3g} ms")


def _stretches(tally: routing.Tally, version: str, start: str) -> list[float]:
    """The 95th percentile of a version's calls, in milliseconds, from an hour on."""
    hours: dict[str, routing.Count] = {}
    for (number, role, hour), count in tally.counts.items():
        if number == version and role != "shadow" and hour >= start:
            hours.setdefault(hour, routing.Count()).merge(count)
    found, open_ = [], routing.Count()
    for hour in sorted(hours):
        open_.merge(hours[hour])
        if sum(open_.bins.values()) >= _CALLS:
            found.append(open_.quantile(0.95))
            open_ = routing.Count()
    return found
