"""Two models of amounts on the same rows: their errors, paired."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from lifecycle import intervals, metrics
from lifecycle.evaluation.differing import differing
from lifecycle.evaluation.gate import Unit
from lifecycle.evaluation.measuring import BOTH, chunked, spent
from lifecycle.evaluation.pairing import FAMILY, Pair, Part
from lifecycle.evaluation.trial import Trial
from lifecycle.findings import Finding

if TYPE_CHECKING:
    import numpy as np

__all__ = ["amounts"]

_SHARE = Unit("of the champion's error", "is")


def amounts(
    pair: Pair,
    *,
    min_segment: int,
    level: float,
    shown: dict[str, Any],
    generator: np.random.Generator | int = 0,
    costs: Mapping[str, float] | None = None,
    money: Mapping[str, Any] | None = None,
) -> Trial:
    r"""Measure two models of amounts on the same rows.

    Notes
    -----
    What is saved is :math:`1 - \mathrm{MAE}_b/\mathrm{MAE}_a`, a share of the
    champion's mean error; the intervals of it and of the differences of MAE, RMSE,
    :math:`R^2` and bias are the delta method's on the rows, paired. A segment is
    clearly worse when Student's test of the paired absolute errors says so, one-sided,
    at 5% over all segments together (Bonferroni).

    References
    ----------
    W. G. Cochran, "Sampling Techniques" (1977), ch. 6.
    """
    import numpy as np

    errors = [score - pair.truth for score in pair.scores]
    sizes = [np.abs(error) for error in errors]
    gained = sizes[0] - sizes[1]
    saved = _share(gained, sizes[0], level)
    value, lower, upper = saved
    found = Finding("error_saved", value, pair.n, lower, upper, subject="difference")
    parts, small = _parts(pair, gained, sizes[0], min_segment, level)
    rows = [*_measured(pair, errors, level)]
    if costs and money:
        told = np.random.default_rng(generator)
        rows += spent(pair, costs, level=level, generator=told, **money)
    return Trial(
        n=pair.n,
        dropped=pair.dropped,
        saved=found,
        outcome=_outcome(sizes, found, level),
        unit=_SHARE,
        rows=rows,
        weekly=[*_weekly(pair, sizes, level)],
        parts=parts,
        small=small,
        loss="the champion's error on ",
        differing=differing(
            pair.truth,
            pair.scores,
            (gained < 0, gained > 0),
            verb="is nearer",
            **shown,
        ),
    )


def _share(
    gained: np.ndarray, whole: np.ndarray, level: float
) -> tuple[float, float, float]:
    """The ratio of two means of the same rows, with its interval."""
    if not len(gained) or not whole.mean() > 0:
        return math.nan, math.nan, math.nan
    value = float(gained.mean() / whole.mean())
    lower, upper = intervals.mean((gained - value * whole) / whole.mean(), level=level)
    return value, value + lower, value + upper


def _outcome(sizes: list[np.ndarray], found: Finding, level: float) -> str:
    if not len(sizes[0]):
        return "There are no rows with an outcome and both scores."
    champion, candidate = (float(size.mean()) for size in sizes)
    sentence = (
        f"The candidate is off by {candidate:.4g} in the mean of {found.n:,} rows, the "
        f"champion by {champion:.4g}"
    )
    if math.isnan(found.value):
        return f"{sentence}."
    return (
        f"{sentence}: {found.value:+.1%} of its error saved ({level:.0%}: "
        f"{found.lower:+.1%} to {found.upper:+.1%})."
    )


def _measured(pair: Pair, errors: list[np.ndarray], level: float) -> Iterator[Finding]:
    for name in ("mae", "rmse", "r2", "bias"):
        values = []
        for which, subject in enumerate(BOTH):
            if name == "bias":
                ends = intervals.mean(errors[which], level=level)
                value = float(errors[which].mean()) if pair.n else math.nan
                n = pair.n
            else:
                value, *both, n = metrics.regression(
                    name, pair.truth, pair.scores[which], level=level
                )
                ends = both[0], both[1]
            values.append(value)
            yield Finding(name, value, n, *ends, subject=subject)
        apart = values[1] - values[0]
        ends = (math.nan, math.nan)
        if not math.isnan(apart):
            moved = _moved(name, pair.truth, errors, values)
            lower, upper = intervals.mean(moved, level=level)
            ends = apart + lower, apart + upper
        yield Finding(name, apart, pair.n, *ends, subject="difference")


def _moved(
    name: str, truth: np.ndarray, errors: list[np.ndarray], values: list[float]
) -> np.ndarray:
    """What each row adds to the difference beyond its mean."""
    import numpy as np

    champion, candidate = errors
    match name:
        case "mae":
            moved = np.abs(candidate) - np.abs(champion)
        case "bias":
            moved = candidate - champion
        case "rmse":
            halves = [
                error**2 / (2 * value) if value else np.zeros(error.size)
                for error, value in zip(errors, values, strict=True)
            ]
            moved = halves[1] - halves[0]
        case _:
            spread = (truth - truth.mean()) ** 2
            apart = champion**2 - candidate**2
            moved = (apart - (values[1] - values[0]) * spread) / spread.mean()
    centred: np.ndarray = moved - moved.mean()
    return centred


def _parts(
    pair: Pair, gained: np.ndarray, sizes: np.ndarray, min_segment: int, level: float
) -> tuple[list[Part], int]:
    import numpy as np
    from scipy.special import stdtr

    parts, small = [], 0
    whole = float(sizes.mean()) if pair.n else math.nan
    for column, names, distinct in pair.cuts():
        for name in distinct:
            own = gained[names == name]
            if len(own) < max(2, min_segment) or not whole > 0:
                small += 1
                continue
            value = float(own.mean())
            error = float(np.std(own, ddof=1)) / math.sqrt(len(own))
            t = value / error if error else math.copysign(math.inf, value)
            chance = float(stdtr(len(own) - 1, t)) if value else 1.0
            lower, upper = (e / whole for e in intervals.mean(own, level=level))
            words = f"{column} = {name}"
            parts.append(Part(words, value / whole, lower, upper, len(own), chance))
    bar = FAMILY / max(1, len(parts))
    return [replace(part, clearly=part.chance < bar) for part in parts], small


def _weekly(pair: Pair, sizes: list[np.ndarray], level: float) -> Iterator[Finding]:
    for period, rows in chunked(pair):
        for which, subject in enumerate(BOTH):
            own = sizes[which][rows]
            ends = intervals.mean(own, level=level)
            yield Finding(
                "mae",
                float(own.mean()),
                len(own),
                *ends,
                period=period,
                subject=subject,
            )
