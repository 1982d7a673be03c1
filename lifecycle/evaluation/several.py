"""Two models of several classes on the same rows: who is right, and how sure."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from lifecycle import calibration, intervals, metrics, tasks
from lifecycle.evaluation.differing import Differing, differing
from lifecycle.evaluation.gate import Unit
from lifecycle.evaluation.measuring import BOTH, agreed, spent, weekly
from lifecycle.evaluation.pairing import Pair
from lifecycle.evaluation.trial import Trial
from lifecycle.findings import Finding

if TYPE_CHECKING:
    import numpy as np

__all__ = ["several"]

_ERRORS = Unit("errors a row", "are")
_AVERAGED = ("balanced_accuracy", "macro_f1")


def several(
    pair: Pair,
    names: Sequence[str],
    *,
    min_segment: int,
    level: float,
    generator: np.random.Generator,
    costs: Mapping[str, float],
    money: Mapping[str, Any],
    shown: dict[str, Any],
) -> Trial:
    r"""Measure two models of several classes on the same rows.

    Parameters
    ----------
    pair : Pair
        Of packed answers (`tasks.pack`).
    names : sequence of str
        The classes by code.

    Notes
    -----
    An error is a wrong class, or by the costs a row handed over; the interval of what
    is saved is that of the paired difference. Accuracy has Wilson's interval and its
    difference the paired one; of the averages over classes the difference has an
    interval by drawing rows again. Calibration is that of the answer: how often it was
    right where so much was said of it. A segment is clearly worse as in `compare`.

    References
    ----------
    C. Guo, G. Pleiss, Y. Sun and K. Weinberger, "On calibration of modern neural
    networks", ICML 2017, for the calibration of the answer.
    """
    loss = tasks.Loss.priced("multiclass", costs)
    lost = [pair.lost(which, loss) for which in (0, 1)]
    value, lower, upper = intervals.paired_difference(*lost, level=level)
    saved = Finding("errors_saved", value, pair.n, lower, upper, subject="difference")
    rows = [*_measured(pair, level, generator)]
    if costs:
        rows += spent(pair, costs, level=level, generator=generator, **money)
    parts, small = pair.parts(min_segment=min_segment, level=level)
    return Trial(
        n=pair.n,
        dropped=pair.dropped,
        saved=saved,
        outcome=_outcome(pair, saved, level, priced=not math.isnan(loss.unsure)),
        unit=_ERRORS,
        rows=rows,
        weekly=[*weekly(pair, costs, currency=money["currency"], level=level)],
        parts=parts,
        small=small,
        loss="",
        differing=_differing(pair, names, shown),
        curves={
            side: calibration.reliability(
                pair.right(which).astype(float), pair.sure(which)
            )
            for which, side in enumerate(BOTH)
        },
    )


def _measured(
    pair: Pair, level: float, generator: np.random.Generator
) -> Iterator[Finding]:
    """Every metric of both with what lies between, and how often they agree."""
    guesses = pair.guess(0), pair.guess(1)
    for name in ("accuracy", *_AVERAGED):
        values = []
        for which, subject in enumerate(BOTH):
            value, *ends, n = metrics.multiclass(
                name, pair.truth, guesses[which], level=level
            )
            values.append(value)
            yield Finding(name, value, n, ends[0], ends[1], subject=subject)
        apart = values[1] - values[0]
        between = (math.nan, math.nan)
        if name == "accuracy":
            right = (pair.right(1).astype(float), pair.right(0).astype(float))
            between = intervals.paired_difference(*right, level=level)[1:]
        elif not math.isnan(apart):
            between = _drawn(name, pair, guesses, level, generator)
        yield Finding(name, apart, pair.n, *between, subject="difference")
    yield from _said(pair, "calibration_error", level, generator)
    yield from _said(pair, "handed_over", level, generator)
    yield agreed(pair, level)


def _drawn(
    name: str,
    pair: Pair,
    guesses: tuple[np.ndarray, np.ndarray],
    level: float,
    generator: np.random.Generator,
) -> tuple[float, float]:
    def apart(truth: np.ndarray, first: np.ndarray, second: np.ndarray) -> float:
        values = (
            metrics.multiclass(name, truth, each).value for each in (first, second)
        )
        before, after = values
        return after - before

    return intervals.bootstrap(
        apart, pair.truth, *guesses, rng=generator, level=level, draws=100
    )


def _said(
    pair: Pair, name: str, level: float, generator: np.random.Generator
) -> Iterator[Finding]:
    """A measure of how sure both are, and the difference."""
    values, spans = [], []
    for which, subject in enumerate(BOTH):
        right, sure = pair.right(which).astype(float), pair.sure(which)
        if name == "handed_over":
            count = int((sure < pair.thresholds[which]).sum())
            value = count / pair.n if pair.n else math.nan
            ends = intervals.wilson(count, pair.n, level=level)
        else:
            value = metrics.calibration_error(right, sure)
            ends = intervals.bootstrap(
                metrics.calibration_error, right, sure, rng=generator, level=level
            )
        values.append(value)
        spans.append(ends)
        yield Finding(name, value, pair.n, *ends, subject=subject, unit="%")
    half = math.hypot(*((upper - lower) / 2 for lower, upper in spans))
    apart = values[1] - values[0]
    ends = (apart - half, apart + half)
    yield Finding(name, apart, pair.n, *ends, subject="difference", unit="%")


def _outcome(pair: Pair, found: Finding, level: float, *, priced: bool) -> str:
    if not pair.n:
        return "There are no rows with an outcome and both answers."
    champion, candidate = (float(pair.right(which).mean()) for which in (0, 1))
    sentence = (
        f"The candidate names the right class in {candidate:.1%} of {pair.n:,} rows, "
        f"the champion in {champion:.1%}"
    )
    if priced:
        return (
            f"{sentence}; with what it hands over weighed by cost it saves "
            f"{found.value:+.3f} errors a row ({level:.0%}: {found.lower:+.3f} to "
            f"{found.upper:+.3f})."
        )
    return (
        f"{sentence}: {found.value:+.1%} ({level:.0%}: {found.lower:+.1%} to "
        f"{found.upper:+.1%})."
    )


def _differing(pair: Pair, names: Sequence[str], shown: dict[str, Any]) -> Differing:
    """The rows on which exactly one is right, by how sure both were."""
    import numpy as np

    right = pair.right(0), pair.right(1)
    signed = tuple(
        np.where(hit, pair.sure(which), -pair.sure(which))
        for which, hit in enumerate(right)
    )
    place = np.arange(pair.n, dtype=float)
    found = differing(place, (signed[0], signed[1]), right, **shown)
    rows = found.table["outcome"].to_numpy(dtype=float).astype(np.int64)
    told: dict[str, Any] = {
        "outcome": [_name(names, pair.truth[each]) for each in rows]
    }
    for which, side in enumerate(BOTH):
        guess, sure = pair.guess(which), pair.sure(which)
        told[side] = [
            f"{_name(names, guess[each])} ({sure[each]:.0%})" for each in rows
        ]
    return replace(found, table=found.table.assign(**told))


def _name(names: Sequence[str], code: float) -> str:
    place = int(code)
    return str(names[place]) if place < len(names) else "a class of its own"
