"""A loss of performance, split into what it may come from."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from lifecycle import intervals, metrics, periods, profiles
from lifecycle.diagnosis.concept import Rows, on_the_reference
from lifecycle.diagnosis.faults import touched
from lifecycle.diagnosis.inputs import explained
from lifecycle.diagnosis.naming import Naming, Part
from lifecycle.diagnosis.result import Diagnosis
from lifecycle.estimation.encoding import Encoding
from lifecycle.findings import Findings

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

__all__ = ["diagnose"]

_MOST_OUTSIDE = 0.5  # of the newest rows, for their concept to speak of the reference


def diagnose(
    reference: pd.DataFrame,
    analysis: pd.DataFrame,
    *,
    features: Sequence[Any],
    metric: str = "accuracy",
    quality: Findings | None = None,
    season: pd.DataFrame | None = None,
    as_of: datetime | None = None,
    delay: timedelta | None = None,
    floor: float = 0.01,
    min_n: int = 100,
    level: float = 0.90,
    rng: np.random.Generator | int = 0,
) -> Diagnosis:
    r"""Split a loss of performance into late labels, data fault, inputs and concept.

    The change of the metric since the reference, on all rows whose outcome is known, is
    the sum of four parts: what outcomes that came early distort; what rows with a fault
    in their data cost; what the other inputs of the rest cost (covariate shift); and
    what is left, because the same inputs mean something else (concept shift). Beside
    them stand a second view of the concept, a model of the recent labels scored on the
    reference's rows, and the same weeks of last year.

    Parameters
    ----------
    reference : DataFrame of shape (n_reference, n_columns)
        With `score`, `prediction`, `outcome` (0 or 1, missing where not known) and the
        features; rows the model was not trained on.
    analysis : DataFrame of shape (n_analysis, n_columns)
        The same of the rows in question, and `time` (with a zone) where `as_of` is
        given.
    features : sequence of column names
        What the model sees.
    metric : str
        A key of `lifecycle.metrics.METRICS`.
    quality : Findings, optional
        Of the same two frames, as `quality.check` gives them; without them nothing is
        known of faults.
    season : DataFrame, optional
        The same weeks of last year, with `score`, `prediction` and `outcome`.
    as_of : datetime, optional
        The moment the report speaks of, with a zone; with `delay` it tells which
        outcomes are due. Without both all known outcomes count as due.
    delay : timedelta, optional
        How long an outcome takes.
    floor : float
        A smaller loss is no loss, and a smaller part no cause, in the metric's unit.
    min_n : int
        With fewer outcomes on either side nothing is judged.
    level : float
        Of the intervals.
    rng : Generator or int
        For the draws of the classifier and of the halves.

    Returns
    -------
    Diagnosis
        Rows `change`, `late labels`, `data fault`, `covariate shift`, `concept shift`,
        `concept on the reference` and `season`. Below 0 the metric has fallen.
        An alert where the whole interval does harm and the harm is at least `floor`;
        undefined where too little is known. A cause is named only when the change
        itself is an alert.

    Raises
    ------
    ValueError
        When the metric is unknown, a column is missing, or one of `as_of` and `delay`
        is given without the other.

    Notes
    -----
    With :math:`m` the metric on all known outcomes, :math:`m_d` on those due,
    :math:`m_c` on those due without a fault, :math:`\hat m_c` as the reference's
    calibration expects it on their scores (weighted to their features, see
    `estimation.estimate`), and :math:`m_0` on the reference: :math:`m - m_0 = (m - m_d)
    + (m_d - m_c) + (\hat m_c - m_0) + (m_c - \hat m_c)`. Season is the change of last
    year's same weeks; it is not added, since it would be inputs or concept then as
    well. It is the cause when it is an alert and what is left beyond it is not.

    References
    ----------
    T. T. Cai, H. Namkoong and S. Yadlowsky, "Diagnosing model performance under
    distribution shift", arXiv 2303.02011 (2023).

    Examples
    --------
    >>> from lifecycle import simulate
    >>> frames = [f.assign(score=f["y_score"], outcome=f["y_true"],
    ...     prediction=f["y_score"] > 0.5)
    ...     for f in simulate.deployment(shift={"y_true": 0.3})]
    >>> diagnose(*frames, features=["age", "visits"]).cause
    'concept shift'
    """
    import numpy as np

    if metric not in metrics.METRICS:
        raise ValueError(
            f"no metric {metric!r}; use one of {', '.join(metrics.METRICS)}"
        )
    if (as_of is None) != (delay is None):
        raise ValueError("as_of and delay tell only together what is due; give both")
    old, new = (
        _Labelled.of(frame, name)
        for frame, name in ((reference, "reference"), (analysis, "analysis"))
    )
    base, recent = reference[old.known], analysis[new.known]
    due = np.ones(len(recent), dtype=bool)
    if as_of is not None and delay is not None:
        if "time" not in recent.columns:
            raise ValueError("the analysis has no column 'time'; as_of needs it")
        due = periods.mature(recent["time"], as_of=as_of, delay=delay)
    faulty = np.zeros(len(recent), dtype=bool)
    if quality is not None:
        faulty = touched(quality, base, recent, features)
    clean = due & ~faulty

    start = old.measured(np.ones(len(base), dtype=bool), metric, level)
    whole, ripe, early, sound, broken = (
        new.measured(which, metric, level)
        for which in (due | True, due, ~due, clean, due & faulty)
    )
    enough = min(start.n, ripe.n) >= min_n
    parts: dict[str, Part | None] = {"change": whole.less(start)}
    if as_of is None:
        parts["late labels"] = None
    else:
        parts["late labels"] = _share(whole, ripe, early)
    if quality is None:
        parts["data fault"] = None
    elif not broken.n:
        parts["data fault"] = Part(0.0, 0.0, ripe.n)
    elif sound.n < min_n:  # nobody knows what it would be without the fault
        parts["data fault"] = ripe.less(start)
    else:
        parts["data fault"] = _share(ripe, sound, broken)
    parts |= {"covariate shift": None, "concept shift": None}
    twin = (math.nan, math.nan, math.nan)
    if start.n >= min_n and sound.n >= min_n:
        encoding = Encoding.of(base, recent, features)
        first, second = (
            Rows(
                np.column_stack([encoding.table(frame), rows.score]),
                rows.score,
                rows.guess,
                rows.truth,
            )
            for frame, rows in ((base, old), (recent, new))
        )
        second = second.only(clean)
        categorical = np.append(encoding.categorical, False)
        generator = np.random.default_rng(rng)
        expected = explained(
            first,
            second,
            metric=metric,
            categorical=categorical,
            level=level,
            rng=generator,
        )
        if expected is not None:
            value, moved, left = expected
            parts["covariate shift"] = Part(value - start.value, moved, sound.n)
            parts["concept shift"] = Part(sound.value - value, left, sound.n)
        outside = encoding.outside(encoding.table(recent))[clean]
        if outside.mean() <= _MOST_OUTSIDE:
            twin = on_the_reference(
                first,
                second,
                metric=metric,
                categorical=categorical,
                level=level,
                rng=generator,
            )
    last_year = None
    if season is not None:
        then = _Labelled.of(season, "season")
        there = then.measured(np.ones(then.score.size, dtype=bool), metric, level)
        last_year = there.less(start) if there.n >= min_n else None
    naming = Naming(metric, floor, level, enough)
    rows = [naming.finding(name, part) for name, part in parts.items()]
    rows.append(naming.row("concept on the reference", *twin, n=start.n))
    rows.append(naming.finding("season", last_year))
    beyond = None if last_year is None else whole.less(there)
    cause, words = naming.conclude(rows, beyond, start.value, whole.value)
    if rows[0].verdict != "alert":  # no loss, so that no part of it is one
        rows = [
            replace(row, verdict="quiet") if row.verdict == "alert" else row
            for row in rows
        ]
    return Diagnosis(Findings("Diagnosis", tuple(rows), words, "change"), cause, metric)


@dataclass(frozen=True, eq=False)
class _Labelled:
    """The columns of the rows whose outcome is known, and which rows those are."""

    known: np.ndarray
    score: np.ndarray
    guess: np.ndarray
    truth: np.ndarray

    @classmethod
    def of(cls, frame: pd.DataFrame, which: str) -> _Labelled:
        import numpy as np

        columns: list[np.ndarray] = []
        for name in ("score", "prediction", "outcome"):
            if name not in frame.columns:
                raise ValueError(
                    f"the {which} has no column {name!r}; rename the one that holds it"
                )
            columns.append(profiles.numbers(profiles.column(frame, name)))
        known = np.asarray(~np.isnan(columns).any(axis=0))
        return cls(known, *(values[known] for values in columns))

    def measured(self, which: np.ndarray, metric: str, level: float) -> Part:
        """The metric on some of the rows."""
        value, lower, upper, _ = metrics.with_interval(
            metric, self.truth[which], self.guess[which], self.score[which], level=level
        )
        error = (upper - lower) / (2 * intervals.z(level))
        return Part(value, error, int(which.sum()))


def _share(whole: Part, rest: Part, some: Part) -> Part:
    """What some of the rows cost the whole: its distance from the rest."""
    if not some.n:
        return Part(0.0, 0.0, 0)
    alone = some.error
    if math.isnan(alone):  # one class only: as the rest, with fewer rows
        alone = rest.error * math.sqrt(rest.n / some.n)
    share = some.n / whole.n
    return Part(whole.value - rest.value, share * math.hypot(alone, rest.error), some.n)
