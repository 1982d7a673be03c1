"""Which outcomes were predicted as which."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from lifecycle import intervals, metrics, periods
from lifecycle.findings import Finding, Findings
from lifecycle.monitor.due import parts
from lifecycle.monitor.reading import read
from lifecycle.monitor.saying import line

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

__all__ = ["confusion"]


def confusion(
    labelled: pd.DataFrame,
    *,
    as_of: datetime | None = None,
    delay: timedelta | None = None,
    chunk: periods.Every | None = None,
    timezone: str = "UTC",
    task: metrics.Task = "binary",
    classes: Sequence[Any] | None = None,
) -> Findings:
    """The confusion matrix: of each outcome, the share predicted as each class.

    Parameters
    ----------
    labelled : DataFrame of shape (n, n_columns)
        With `prediction` and `outcome`, and `time` if `as_of` or `chunk` is given.
    as_of : datetime, optional
        The moment the report speaks of, with a zone; all known outcomes without it.
    delay : timedelta, optional
        How long an outcome takes.
    chunk : {"week", "month", "day"}, optional
        A matrix a chunk; one of all rows without it.
    timezone : str
        The zone in which days begin.
    task : {"binary", "multiclass"}
    classes : sequence, optional
        The classes and their order; those found where not given.

    Returns
    -------
    Findings
        A row a cell that occurs, and a chunk. `value` is the share of the rows of this
        outcome that were predicted so, with its 90% interval; `n` how many rows had
        this outcome. Nothing is held against it. `metrics.confusion_matrix` gives the
        counts as a table.

    Raises
    ------
    ValueError
        When the task has no classes, or a column is missing.

    Notes
    -----
    Wilson's interval.

    Examples
    --------
    >>> import pandas as pd
    >>> rows = pd.DataFrame({"prediction": [1, 1, 0, 0], "outcome": [1, 0, 0, 0]})
    >>> found = confusion(rows)
    >>> [(row.subject, round(row.value, 2), row.n) for row in found]
    [('0 predicted 0', 0.67, 3), ('0 predicted 1', 0.33, 3), ('1 predicted 1', 1.0, 1)]
    >>> print(found.summary)
    The most frequent mistake is 0 predicted 1: 1 of 3 (n 4).
    """
    if task not in ("binary", "multiclass"):
        raise ValueError(f"{task} has no classes to confuse; use binary or multiclass")
    rows = labelled
    if task == "binary" and "prediction" not in labelled.columns:
        raise ValueError("the column prediction is missing; rename yours")
    told = read(rows, task, as_of=as_of, delay=delay, classes=classes)
    if task == "binary":
        ones = (told.columns["outcome"], told.columns["prediction"])
        metrics.confusion(*(side[told.known] for side in ones))  # refuses other labels
        order = None if classes is None else [int(each) for each in classes]
        read_ = metrics.Classified.of(*map(_whole, ones), classes=order)
    else:
        read_ = told.columns["classes"]
    pieces = [("", _all(len(told.rows)))]
    if chunk is not None:
        pieces = parts(told.rows["time"], chunk, timezone)
    found: list[Finding] = []
    said = "No outcome is known yet, so that nothing can be confused."
    for label, part in pieces:
        known = part[told.known[part]]
        if len(known):
            cells, said = _cells(read_.take(known), label)
            found += cells
    return Findings("Confusion", tuple(found), said)


def _whole(values: np.ndarray) -> list[int | None]:
    return [None if value != value else int(value) for value in values.tolist()]


def _all(size: int) -> np.ndarray:
    import numpy as np

    return np.arange(size)


def _cells(read_: metrics.Classified, label: str) -> tuple[list[Finding], str]:
    import numpy as np

    size = len(read_.labels)
    cells, counts = np.unique(read_.truth * size + read_.guess, return_counts=True)
    came, guessed = np.divmod(cells, size)
    outcomes = np.bincount(came, weights=counts, minlength=size).astype(int)
    found, worst, mistake = [], 0, "No prediction was mistaken"
    for truth, guess, count in zip(
        came.tolist(), guessed.tolist(), counts.tolist(), strict=True
    ):
        n = int(outcomes[truth])
        subject = f"{line(read_.labels[truth])} predicted {line(read_.labels[guess])}"
        ends = intervals.wilson(count, n)
        found.append(
            Finding(
                "confusion",
                count / n,
                n,
                *ends,
                period=label,
                subject=subject,
                unit="%",
            )
        )
        if truth != guess and count > worst:
            worst = count
            mistake = f"The most frequent mistake is {subject}: {count:,} of {n:,}"
    when = f"In {label}: {mistake[0].lower()}{mistake[1:]}" if label else mistake
    return found, f"{when} (n {int(counts.sum()):,})."
