"""What both ways to an estimate share: the ground it stands on, and its verdicts."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from lifecycle import metrics as measures
from lifecycle.calibration import Calibrator, Cells
from lifecycle.estimation.expected import COUNTS, METRICS, Expectation
from lifecycle.estimation.result import Estimate, Ground, summary
from lifecycle.estimation.shift import Shift
from lifecycle.findings import Finding, Findings, Verdict, judge

__all__ = ["USUAL", "Trust", "checked", "estimate_of", "ground_of", "judged"]

USUAL = ("accuracy", "precision", "recall", "roc_auc", "brier")
_SHARES = ("accuracy", "precision", "recall", "specificity")


@dataclass(frozen=True)
class Trust:
    """When an estimate is not to be trusted."""

    min_n: int
    min_effective: float
    max_outside: float


def checked(
    metrics: Sequence[str], thresholds: Mapping[str, float] | None
) -> list[str]:
    """The metrics asked for, each once, the confusion matrix taken apart."""
    unknown = [name for name in metrics if name not in METRICS]
    if unknown or not metrics:
        raise ValueError(
            f"no metric {', '.join(map(repr, unknown))}; use some of "
            f"{', '.join(METRICS)}"
        )
    stray = [name for name in thresholds or {} if name not in metrics]
    if stray:
        raise ValueError(
            f"thresholds name {', '.join(map(repr, stray))}, which is not among the "
            f"metrics; add it there"
        )
    names: list[str] = []
    for name in dict.fromkeys(metrics):
        names += COUNTS if name == "confusion" else (name,)
    return names


def ground_of(
    label: str,
    cells: Cells,
    usual: Calibrator,
    fitted: Calibrator,
    outside: float,
    usually: float,
    shift: Shift | None,
    trust: Trust,
) -> Ground:
    """What a chunk's estimate stands on, and the first reason not to trust it."""
    n = round(float(cells.n.sum()))
    reason = ""
    effective = fitted.effective
    if shift is not None and shift.seen:
        effective = shift.effective
    if not usual.n:
        reason = "the reference has no outcomes"
    elif usual.rate in (0.0, 1.0):
        reason = "the reference has outcomes of one class only"
    elif n < trust.min_n:
        reason = f"{n} rows are too few, {trust.min_n} are needed"
    elif outside > trust.max_outside + usually:
        reason = f"{outside:.0%} of its rows are unlike any in the reference"
    elif effective < trust.min_effective:
        reason = (
            f"only {effective:.0f} effective rows of the reference speak for "
            f"it, {trust.min_effective:.0f} are needed"
        )
    return Ground(
        label,
        n,
        effective,
        outside,
        math.nan if shift is None else shift.auc,
        fitted is not usual,
        0.0 if shift is None or fitted is usual else shift.clipped,
        reason,
    )


def judged(
    cells: Cells,
    fitted: Calibrator,
    names: Sequence[str],
    ground: Ground,
    thresholds: Mapping[str, float],
    level: float,
) -> Iterator[Finding]:
    """The metrics of a chunk; judged where its ground is firm."""
    known = fitted.n and fitted.rate not in (0.0, 1.0)
    expected = Expectation.of(cells, fitted) if known else None
    for name in names:
        value, lower, upper, n = (
            (math.nan, math.nan, math.nan, ground.n)
            if expected is None
            else expected.interval(name, level=level)
        )
        limit = thresholds.get(name, math.nan)
        verdict: Verdict = "undefined"
        if not ground.reason:
            better = name not in measures.METRICS or (
                measures.METRICS[name].greater_is_better
            )
            verdict = judge(value, limit, side="below" if better else "above")
        yield Finding(
            name,
            value,
            n,
            lower,
            upper,
            limit,
            verdict,
            period=ground.period,
            unit="%" if name in _SHARES else "",
        )


def estimate_of(
    found: Sequence[Finding],
    grounds: Sequence[Ground],
    names: Sequence[str],
    level: float,
) -> Estimate:
    """All chunks together, with the sentence about the newest."""
    main = "accuracy" if "accuracy" in names else names[0]
    better = main not in measures.METRICS or measures.METRICS[main].greater_is_better
    rows = [row for row in found if row.measure == main]
    return Estimate(
        Findings(
            "Estimated performance",
            tuple(found),
            summary(rows, grounds, better_above=better, level=level),
            main=main,
        ),
        tuple(grounds),
    )
