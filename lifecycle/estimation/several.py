"""Estimates of a classifier of several classes, each class against the others."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from lifecycle import intervals, periods, profiles
from lifecycle.calibration import Calibrator, Cells
from lifecycle.calibration.correction import parts_of
from lifecycle.estimation.expected import Expectation
from lifecycle.estimation.frames import labels_of, parts
from lifecycle.estimation.judging import Trust, ground_of
from lifecycle.estimation.result import Estimate, summary
from lifecycle.findings import Finding, Findings, Verdict, judge

if TYPE_CHECKING:
    import numpy.typing as npt
    import pandas as pd

__all__ = ["multiclass"]

_MEANS = {
    "macro_precision": "precision",
    "macro_recall": "recall",
    "balanced_accuracy": "recall",
    "macro_f1": "f1",
    "roc_auc": "roc_auc",
}
_NAMES = ("accuracy", *_MEANS)


def multiclass(
    reference: pd.DataFrame,
    analysis: pd.DataFrame,
    *,
    scores: Mapping[Any, Any],
    metrics: Sequence[str] = ("accuracy", "macro_f1", "roc_auc"),
    chunk: periods.Every | npt.ArrayLike = "week",
    timezone: str = "UTC",
    thresholds: Mapping[str, float] | None = None,
    min_n: int = 100,
    min_effective: float = 300,
    max_outside: float = 0.1,
    level: float = 0.90,
) -> Estimate:
    r"""Estimate the performance of a classifier of several classes without outcomes.

    Each class is a question of its own: is it this one or another. Nothing is weighted,
    and concept drift cannot be seen.

    Parameters
    ----------
    reference : DataFrame of shape (n_reference, n_columns)
        With `prediction` and `outcome` (labels) and the columns of `scores`.
    analysis : DataFrame of shape (n_analysis, n_columns)
        With `time` (with a zone), `prediction` and the columns of `scores`.
    scores : mapping of label to column name
        Where the probability of each class stands.
    metrics : sequence of str
        "accuracy", "balanced_accuracy", "macro_precision", "macro_recall", "macro_f1",
        "roc_auc".
    chunk, timezone, thresholds, min_n, min_effective, max_outside, level
        As in `estimate`.

    Returns
    -------
    Estimate
        Undefined, and therefore `nan`, where the metric is for one of the classes.

    Raises
    ------
    ValueError
        When a metric is unknown, a column is missing, fewer than two classes are
        named, or a prediction is none of them.

    Notes
    -----
    Accuracy is the sum of the expected true positives of all classes per row; a macro
    average the mean of the classes' estimates. The half-width of a mean is the mean of
    the half-widths, as if all classes erred together, which is more than they do.

    Examples
    --------
    >>> import pandas as pd
    >>> rows = pd.DataFrame({"prediction": ["a", "b", "c", "c"] * 100,
    ...     "outcome": ["a", "b", "c", "a"] * 100, "a": [0.8, 0.1, 0.2, 0.2] * 100,
    ...     "b": [0.1, 0.8, 0.1, 0.1] * 100, "c": [0.1, 0.1, 0.7, 0.7] * 100})
    >>> made = multiclass(rows, rows, scores={"a": "a", "b": "b", "c": "c"},
    ...     metrics=["accuracy"], chunk=["now"] * 400)
    >>> round(made.findings[0].value, 3)
    0.75
    """
    import numpy as np

    _check(reference, analysis, scores, metrics, thresholds)
    names = {label: str(label) for label in scores}
    truth, guess = (
        profiles.column(reference, name) for name in ("outcome", "prediction")
    )
    new = profiles.column(analysis, "prediction")
    known = (truth.notna() & guess.notna()).to_numpy(dtype=bool, copy=True)
    scored = new.notna().to_numpy(dtype=bool, copy=True)
    old_p, new_p = (
        {
            label: profiles.numbers(profiles.column(frame, column))
            for label, column in scores.items()
        }
        for frame in (reference, analysis)
    )
    for values in old_p.values():
        known &= ~np.isnan(values)
    for values in new_p.values():
        scored &= ~np.isnan(values)
    said, given, now = (
        values.astype(str).to_numpy(dtype=object) for values in (truth, guess, new)
    )
    stray = set(given[known]) | set(now[scored])
    stray -= set(names.values())
    if stray:
        raise ValueError(
            f"scores have no class {min(stray)[:60]!r}, which is predicted; name its "
            f"column"
        )
    fitted, ends = {}, {}
    for label, name in names.items():
        score = old_p[label][known]
        is_guess, is_truth = (
            (values[known] == name).astype(float) for values in (given, said)
        )
        fitted[label] = Calibrator.fit(parts_of(score, is_guess, is_truth))
        ends[label] = (score.min(), score.max()) if score.size else (0.0, 1.0)
    trust = Trust(min_n, min_effective, max_outside)
    found: list[Finding] = []
    grounds = []
    for period, place in parts(labels_of(analysis, chunk, timezone), scored):
        strange = np.zeros(place.size, dtype=bool)
        expected = []
        weakest = max(fitted, key=lambda label: fitted[label].rate in (0.0, 1.0))
        for label, name in names.items():
            score = new_p[label][place]
            strange |= (score < ends[label][0]) | (score > ends[label][1])
            cells = Cells.count(score, (now[place] == name).astype(float))
            expected.append(Expectation.of(cells, fitted[label]))
        usual = fitted[weakest]
        outside = float(strange.mean()) if strange.size else 0.0
        ground = ground_of(period, cells, usual, usual, outside, 0.0, None, trust)
        grounds.append(ground)
        found += _rows(
            expected, metrics, period, ground.n, ground.reason, thresholds or {}, level
        )
    main = "accuracy" if "accuracy" in metrics else metrics[0]
    rows = [row for row in found if row.measure == main]
    words = summary(rows, grounds, better_above=True, level=level)
    return Estimate(
        Findings("Estimated performance", tuple(found), words, main=main),
        tuple(grounds),
    )


def _rows(
    expected: Sequence[Expectation],
    metrics: Sequence[str],
    period: str,
    n: int,
    reason: str,
    thresholds: Mapping[str, float],
    level: float,
) -> Iterator[Finding]:
    for name in dict.fromkeys(metrics):
        told = "true_positives" if name == "accuracy" else _MEANS[name]
        each = [one.interval(told, level=level) for one in expected]
        if not n or any(math.isnan(one[0]) for one in each):
            value = lower = upper = math.nan
        elif name == "accuracy":
            value = sum(one[0] for one in each) / n
            error = math.hypot(*(one[2] - one[1] for one in each)) / n / 2
            size = (
                value * (1 - value) * (intervals.z(level) / error) ** 2 if error else n
            )
            value = min(1.0, value)
            lower, upper = intervals.wilson(value * size, size, level=level)
        else:
            value, lower, upper = (
                sum(one[at] for one in each) / len(each) for at in range(3)
            )
        limit = thresholds.get(name, math.nan)
        verdict: Verdict = "undefined" if reason else judge(value, limit, side="below")
        unit = "" if name in ("macro_f1", "roc_auc") else "%"
        yield Finding(name, value, n, lower, upper, limit, verdict, period, unit=unit)


def _check(
    reference: pd.DataFrame,
    analysis: pd.DataFrame,
    scores: Mapping[Any, Any],
    metrics: Sequence[str],
    thresholds: Mapping[str, float] | None,
) -> None:
    unknown = [name for name in (*metrics, *(thresholds or {})) if name not in _NAMES]
    if unknown or not metrics:
        raise ValueError(
            f"no metric {', '.join(map(repr, unknown))}; use some of "
            f"{', '.join(_NAMES)}"
        )
    if len(scores) < 2:
        raise ValueError(
            f"scores must name two classes or more, got {len(scores)}; name a column "
            f"for each class"
        )
    for frame, which, needed in (
        (reference, "reference", ("prediction", "outcome")),
        (analysis, "analysis", ("prediction",)),
    ):
        for name in (*needed, *scores.values()):
            if name not in frame.columns:
                raise ValueError(
                    f"the {which} has no column {str(name)[:60]!r}; rename the one "
                    f"that holds it"
                )
