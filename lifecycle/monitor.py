"""Monitor: how good the model was, chunk by chunk, on outcomes that are due."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from lifecycle import intervals, periods
from lifecycle import metrics as measures
from lifecycle.findings import Finding, Findings, judge

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

__all__ = ["calibration", "performance"]

_SHARES = ("accuracy", "precision", "recall", "specificity")
_USUAL = ("accuracy", "precision", "recall", "roc_auc", "brier")


def performance(
    labelled: pd.DataFrame,
    *,
    as_of: datetime,
    delay: timedelta,
    metrics: Sequence[str] = _USUAL,
    chunk: periods.Every = "week",
    timezone: str = "UTC",
    thresholds: Mapping[str, float] | None = None,
    min_n: int = 30,
    rng: np.random.Generator | int | None = None,
) -> Findings:
    """Realised performance by chunk.

    Only predictions whose outcomes are due count: outcomes that come early are not a
    fair sample of all, and would paint a picture that later ones repaint.

    Parameters
    ----------
    labelled : DataFrame of shape (n, n_columns)
        With `time` (with a zone), `prediction` (0 or 1), `score` and `outcome` (0 or 1,
        missing where not known).
    as_of : datetime
        The moment the report speaks of, with a zone.
    delay : timedelta
        How long an outcome takes.
    metrics : sequence of str
        Keys of `lifecycle.metrics.METRICS`.
    chunk : {"week", "month", "day"}
        Length of a chunk.
    timezone : str
        The zone in which days begin.
    thresholds : mapping of metric to float, optional
        A value below it is an alert; above it for a metric where less is better.
    min_n : int
        A value of fewer rows is not judged.
    rng : Generator or int, optional
        For metrics whose interval has to be drawn.

    Returns
    -------
    Findings
        One row a chunk and metric, oldest chunk first, with 90% intervals.

    Raises
    ------
    ValueError
        When a metric is unknown.

    Examples
    --------
    >>> import pandas as pd
    >>> from datetime import UTC
    >>> rows = pd.DataFrame({
    ...     "time": pd.Timestamp("2023-04-03", tz="UTC"),
    ...     "prediction": [1.0] * 40,
    ...     "score": 0.8,
    ...     "outcome": [1.0] * 24 + [0.0] * 16,
    ... })
    >>> found = performance(
    ...     rows,
    ...     as_of=datetime(2023, 6, 1, tzinfo=UTC),
    ...     delay=timedelta(weeks=6),
    ...     metrics=["accuracy"],
    ...     thresholds={"accuracy": 0.7},
    ... )
    >>> print(found.summary)
    Accuracy was 60.0% in 2023-W14 (90%: 47.0% to 71.7%, n 40), below the threshold of
    70.0%.
    """
    unknown = [name for name in metrics if name not in measures.METRICS]
    if unknown or not metrics:
        raise ValueError(
            f"no metric {', '.join(map(repr, unknown))}; use some of "
            f"{', '.join(measures.METRICS)}"
        )
    limits = dict(thresholds or {})
    rows = _due(labelled, "prediction", as_of, delay)
    truth, predicted, score = (
        rows[name].to_numpy(dtype=float, na_value=math.nan)
        for name in ("outcome", "prediction", "score")
    )
    found = []
    for label, part in _parts(rows["time"], chunk, timezone):
        for name in metrics:
            value, lower, upper, n = measures.with_interval(
                name, truth[part], predicted[part], score[part], rng=rng
            )
            limit = limits.get(name, math.nan)
            better = measures.METRICS[name].greater_is_better
            found.append(
                Finding(
                    name,
                    value,
                    n,
                    lower,
                    upper,
                    limit,
                    judge(
                        value,
                        limit,
                        side="below" if better else "above",
                        n=n,
                        min_n=min_n,
                    ),
                    period=label,
                    unit="%" if name in _SHARES else "",
                )
            )
    main = "accuracy" if "accuracy" in metrics else metrics[0]
    return Findings(
        title="Performance",
        rows=tuple(found),
        summary=_summary([row for row in found if row.measure == main], main, chunk),
        main=main,
    )


def calibration(
    labelled: pd.DataFrame,
    *,
    as_of: datetime,
    delay: timedelta,
    chunk: periods.Every = "week",
    timezone: str = "UTC",
) -> Findings:
    r"""How far scores were from what came true, by chunk.

    Calibration in the large: above 0 more came true than was said, below 0 less. A
    score can be right on the average and wrong everywhere; `calibration.reliability`
    shows that.

    Parameters
    ----------
    labelled : DataFrame
        `time` (UTC), `score` and `outcome`, missing where not known.
    as_of : datetime with a zone
    delay : timedelta
        How long an outcome takes; rows that are not due are left out.
    chunk, timezone
        Length of a chunk, and the zone in which days begin.

    Returns
    -------
    Findings
        A row a chunk, with a 90% interval; nothing is held against it.

    Notes
    -----
    The mean of :math:`y_i - s_i` with Student's interval.

    References
    ----------
    B. Van Calster et al., "A calibration hierarchy for risk models was defined",
    Journal of Clinical Epidemiology 74 (2016).

    Examples
    --------
    >>> import pandas as pd
    >>> from datetime import UTC
    >>> rows = pd.DataFrame({"time": pd.Timestamp("2023-04-03", tz="UTC"),
    ...     "score": [0.5] * 4, "outcome": [1.0, 1.0, 1.0, 0.0]})
    >>> now = datetime(2023, 6, 1, tzinfo=UTC)
    >>> print(calibration(rows, as_of=now, delay=timedelta(weeks=6)).summary)
    In 2023-W14 75.0% came true where 50.0% was said (n 4).
    """
    rows = _due(labelled, "score", as_of, delay)
    truth, score = (
        rows[name].to_numpy(dtype=float, na_value=math.nan)
        for name in ("outcome", "score")
    )
    found, said = [], "Calibration is undefined: no outcome of a score is due yet."
    for label, part in _parts(rows["time"], chunk, timezone):
        gaps = truth[part] - score[part]
        ends = intervals.mean(gaps)
        found.append(
            Finding(
                "calibration gap", float(gaps.mean()), len(gaps), *ends, period=label
            )
        )
        said = (
            f"In {label} {truth[part].mean():.1%} came true where "
            f"{score[part].mean():.1%} was said (n {len(gaps):,})."
        )
    return Findings("Calibration", tuple(found), said)


def _due(
    labelled: pd.DataFrame, said: str, as_of: datetime, delay: timedelta
) -> pd.DataFrame:
    """Rows whose outcome is due and known, and about which something was said."""
    due = periods.mature(labelled["time"], as_of=as_of, delay=delay)
    known = labelled["outcome"].notna() & labelled[said].notna()
    return labelled[due & known.to_numpy(dtype=bool)]


def _parts(
    times: pd.Series[pd.Timestamp], chunk: periods.Every, timezone: str
) -> list[tuple[str, np.ndarray]]:
    """Labels of the chunks in order, and the places of their rows."""
    import numpy as np
    import pandas as pd

    labels = periods.chunk_of(times, every=chunk, timezone=timezone)
    codes, names = pd.factorize(labels, sort=True)
    order = np.argsort(codes, kind="stable")
    starts = np.searchsorted(codes[order], np.arange(len(names) + 1))
    return [
        (str(name), order[starts[number] : starts[number + 1]])
        for number, name in enumerate(names)
    ]


def _summary(rows: list[Finding], main: str, chunk: str) -> str:
    word = main.replace("_", " ").capitalize().replace("Roc auc", "ROC AUC")
    if not rows:
        return f"{word} is undefined: no outcome is due yet."
    judged = [row for row in rows if row.verdict != "undefined"]
    newest = (judged or [row for row in rows if not math.isnan(row.value)] or rows)[-1]
    if math.isnan(newest.value):
        return f"{word} is undefined in every {chunk} whose outcomes are due."
    said = f"{word} was {_said(newest.value, newest)} in {newest.period} ("
    if not math.isnan(newest.lower):
        ends = _said(newest.lower, newest), _said(newest.upper, newest)
        said += f"90%: {ends[0]} to {ends[1]}, "
    said += f"n {newest.n:,})"
    if not judged:
        if math.isnan(newest.threshold):
            return said + "."
        return said + f"; no {chunk} has enough outcomes to be judged."
    side = "below" if measures.METRICS[main].greater_is_better else "above"
    limit = _said(newest.threshold, newest)
    kept = "not " if newest.verdict == "quiet" else ""
    said += f", {kept}{side} the threshold of {limit}"
    alerts = sum(row.verdict == "alert" for row in judged)
    if alerts and len(judged) > 1:
        said += f"; {side} it in {alerts} of {len(judged)} {chunk}s judged"
    return said + "."


def _said(value: float, like: Finding) -> str:
    return f"{value:.1%}" if like.unit == "%" else f"{value:.3f}"
