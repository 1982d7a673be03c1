"""How good the model was, chunk by chunk, on outcomes that are due."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from lifecycle import intervals, periods
from lifecycle import metrics as measures
from lifecycle.findings import Finding, Findings, judge
from lifecycle.monitor.due import parts
from lifecycle.monitor.reading import USUAL, read, unit_of
from lifecycle.monitor.saying import line, sentence

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

__all__ = ["performance", "reference_performance"]


def performance(
    labelled: pd.DataFrame,
    *,
    as_of: datetime,
    delay: timedelta,
    metrics: Sequence[str] | None = None,
    chunk: periods.Every = "week",
    timezone: str = "UTC",
    thresholds: Mapping[str, float] | Findings | None = None,
    min_n: int = 30,
    rng: np.random.Generator | int | None = None,
    task: measures.Task = "binary",
    ripe: float = 0.0,
    segment: Mapping[str, Any] | None = None,
    classes: Sequence[Any] | None = None,
    catalogue: int = 0,
) -> Findings:
    """Realised performance by chunk.

    Only predictions whose outcomes are due count: outcomes that come early are not a
    fair sample of all, and would paint a picture that later ones repaint.

    Parameters
    ----------
    labelled : DataFrame of shape (n, n_columns)
        With `time` (with a zone) and `outcome`, missing where not known; and by task:

        * binary: `prediction` (0 or 1) and `score`, or one of them; outcomes 0 or 1
        * multiclass: `prediction` (a label); for probabilities a column `score_<class>`
          for each class
        * regression: `prediction` (a number)
        * ranking: a row an item, with `occasion` (which list), `rank` (missing where a
          relevant item was not shown) or `score`, and if wanted `item` and `user`; a
          list belongs to the chunk of its first row and counts once all its outcomes
          are known
    as_of : datetime
        The moment the report speaks of, with a zone.
    delay : timedelta
        How long an outcome takes.
    metrics : sequence of str, optional
        Keys of `lifecycle.metrics.TASKS[task]`; "pinball@0.9" and "ndcg@5" name a
        quantile and a number of places. The usual ones of the task unless given.
    chunk : {"week", "month", "day"}
        Length of a chunk.
    timezone : str
        The zone in which days begin.
    thresholds : mapping of metric to float, or Findings, optional
        A value below it is an alert; above it for a metric where less is better.
        `reference_performance` derives them from the reference.
    min_n : int
        A value of fewer rows is not judged.
    rng : Generator or int, optional
        For metrics whose interval has to be drawn.
    task : {"binary", "multiclass", "regression", "ranking"}
        What kind of model it is.
    ripe : float
        A chunk is judged only once the outcomes of this share of its predictions are
        due and known. At 0 a chunk is judged by its first `min_n` outcomes, that is by
        its first days; 0.8 waits for the chunk. Outcomes that never come keep a chunk
        unripe for ever: choose less than the share that usually comes. Above 0, chunks
        that are not ripe are rows, too, undefined, and how many of the outcomes are
        known is a row a chunk ("outcomes known").
    segment : mapping of column to value, optional
        Only the rows with this value; a pair of numbers means from the first up to
        below the second, `None` means missing.
    classes : sequence, optional
        Classes of a multiclass model, in an order of their own.
    catalogue : int
        How many items a ranking could have shown, for "coverage".

    Returns
    -------
    Findings
        One row a chunk and metric, oldest chunk first, with 90% intervals.

    Raises
    ------
    ValueError
        When a metric is unknown, a column the task needs is missing, or `ripe` is no
        share.

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
    names = _names(metrics, task)
    if not 0 <= ripe <= 1:
        raise ValueError(f"ripe must be a share between 0 and 1, got {ripe}; use 0.8")
    limits = _limits(thresholds)
    subject, rows = _only(labelled, segment)
    told = read(
        rows,
        task,
        as_of=as_of,
        delay=delay,
        classes=classes,
        catalogue=catalogue,
        rng=rng,
    )
    found: list[Finding] = []
    unripe: list[tuple[str, float]] = []
    for label, part in parts(told.rows["time"], chunk, timezone):
        known = part[told.known[part]]
        share = len(known) / len(part)
        if not ripe and not len(known):
            continue
        if share < ripe:
            unripe.append((label, share))
        for name in names:
            measured = told.measure(name, known)
            row = _row(name, task, measured, limits.get(name, math.nan), min_n)
            row = replace(row, period=label, subject=subject)
            found.append(replace(row, verdict="undefined") if share < ripe else row)
        if ripe:
            ends = intervals.wilson(len(known), len(part))
            words = "outcomes known", share, len(part), *ends
            found.append(Finding(*words, period=label, subject=subject, unit="%"))
    main = "accuracy" if "accuracy" in names else names[0]
    mains = [row for row in found if row.measure == main]
    said = sentence(mains, main, chunk, task=task, unripe=unripe)
    return Findings(
        title="Performance",
        rows=tuple(found),
        summary=f"Where {subject}: {said}" if subject else said,
        main=main,
    )


def reference_performance(
    reference: pd.DataFrame,
    *,
    metrics: Sequence[str] | None = None,
    drop: float | Mapping[str, float] = 0.05,
    task: measures.Task = "binary",
    as_of: datetime | None = None,
    delay: timedelta | None = None,
    classes: Sequence[Any] | None = None,
    catalogue: int = 0,
) -> Findings:
    """How good the model was on the reference, and the threshold a drop from it makes.

    The result may be passed to `performance` as its `thresholds`. The rows must not
    be those the model was trained on, which it knows too well: take those it was tested
    on, or its first weeks.

    Parameters
    ----------
    reference : DataFrame
        As in `performance`; without `as_of`, `time` is not needed and all known
        outcomes count.
    metrics : sequence of str, optional
        As in `performance`.
    drop : float or mapping of metric to float
        How much worse is too much: in points for metrics between 0 and 1 (0.05 is five
        points), as a share of the reference's value for the others (5% more error).
    task, as_of, delay, classes, catalogue
        As in `performance`.

    Returns
    -------
    Findings
        One row a metric with a 90% interval; `threshold` is what `performance` is to be
        held against. The threshold stands on the value, not on an end of the interval:
        with few reference rows it is as unsure as the interval is wide.

    Raises
    ------
    ValueError
        When a metric is unknown, or a drop is negative.

    Examples
    --------
    >>> import pandas as pd
    >>> rows = pd.DataFrame({"prediction": [1.0] * 50, "outcome": 1.0})
    >>> rows.loc[:9, "outcome"] = 0.0
    >>> found = reference_performance(rows, metrics=["accuracy"], drop=0.1)
    >>> found[0]
    <Finding accuracy: 0.8 [0.6927, 0.8765], n 50, threshold 0.7, undefined>
    """
    import numpy as np

    names = _names(metrics, task)
    told = read(
        reference, task, as_of=as_of, delay=delay, classes=classes, catalogue=catalogue
    )
    known = np.flatnonzero(told.known)
    rows = []
    for name in names:
        by = drop.get(name, 0.05) if isinstance(drop, Mapping) else drop
        if not by >= 0:
            raise ValueError(f"the drop of {name} must be 0 or more, got {by}")
        metric, measured = measures.of(task, name), told.measure(name, known)
        size = by if metric.bounded else by * abs(measured.value)
        limit = measured.value + (-size if metric.greater_is_better else size)
        rows.append(replace(_row(name, task, measured, limit, 0), verdict="undefined"))
    main = next((row for row in rows if row.measure == "accuracy"), rows[0])
    return Findings(
        title="Reference performance",
        rows=tuple(rows),
        summary=sentence(
            [replace(main, threshold=math.nan, period="the reference")],
            main.measure,
            "reference",
            task=task,
        ),
        main=main.measure,
    )


def _row(
    name: str, task: str, measured: measures.Measured, limit: float, min_n: int
) -> Finding:
    value, lower, upper, n = measured
    better = measures.of(task, name).greater_is_better
    side: Any = "below" if better else "above"
    verdict = judge(value, limit, side=side, n=n, min_n=min_n)
    return Finding(name, value, n, lower, upper, limit, verdict, unit=unit_of(name))


def _names(metrics: Sequence[str] | None, task: str) -> tuple[str, ...]:
    if task not in measures.TASKS:
        raise ValueError(f"no task {task!r}; use one of {', '.join(measures.TASKS)}")
    names = USUAL[task] if metrics is None else tuple(metrics)
    if not names:
        raise ValueError(
            f"no metric asked for; use some of {', '.join(measures.TASKS[task])}"
        )
    for name in names:
        measures.of(task, name)
    return names


def _limits(thresholds: Mapping[str, float] | Findings | None) -> dict[str, float]:
    if isinstance(thresholds, Findings):
        return {row.measure: row.threshold for row in thresholds}
    return dict(thresholds or {})


def _only(
    labelled: pd.DataFrame, segment: Mapping[str, Any] | None
) -> tuple[str, pd.DataFrame]:
    import numpy as np

    from lifecycle import profiles

    if not segment:
        return "", labelled
    kept, said = np.ones(len(labelled), dtype=bool), []
    for name, value in segment.items():
        if name not in labelled.columns:
            raise ValueError(f"there is no column {name!r} to take a segment of")
        column = labelled[name]
        if value is None:
            kept &= column.isna().to_numpy(dtype=bool)
            said.append(f"{line(name)} missing")
        elif isinstance(value, tuple):
            low, high = value
            numbers = profiles.numbers(column)
            kept &= (numbers >= low) & (numbers < high)
            said.append(f"{line(name)} {low:g} to {high:g}")
        else:
            kept &= (column == value).fillna(False).to_numpy(dtype=bool)
            said.append(f"{line(name)}={line(value)}")
    return ", ".join(said), labelled[kept]
