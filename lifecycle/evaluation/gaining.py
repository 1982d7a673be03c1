"""What a version has saved against the one it displaced, week by week."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING

from lifecycle import tasks
from lifecycle.evaluation.pairing import Pair
from lifecycle.metrics import Task

if TYPE_CHECKING:
    import numpy.typing as npt
    import pandas as pd

__all__ = ["gained"]


def gained(
    y_true: npt.ArrayLike,
    displaced_score: npt.ArrayLike,
    serving_score: npt.ArrayLike,
    *,
    weeks: npt.ArrayLike,
    displaced_threshold: float = 0.5,
    serving_threshold: float = 0.5,
    costs: Mapping[str, float] | None = None,
    task: Task = "binary",
) -> pd.DataFrame:
    r"""What a version saved against the one it displaced, on the same rows.

    Rows where outcome or a score is missing are left out.

    Parameters
    ----------
    y_true : array-like of shape (n,)
        Outcomes: 0 or 1, codes of classes, or amounts.
    displaced_score, serving_score : array-like of shape (n,)
        Probabilities of outcome 1: what the displaced version would have said, and
        what the one that serves said.
    weeks : array-like of shape (n,)
        The week of each row: its start, or any label that sorts.
    displaced_threshold, serving_threshold : float
        The score from which on each predicts 1.
    costs : mapping, optional
        What a `false_positive` and a `false_negative` cost, a `wrong` class and one
        `handed_over`, or an error `per_unit`; 1 each without.
    task : {"binary", "multiclass", "regression"}
        Scores of several classes are packed answers (`tasks.pack`).

    Returns
    -------
    DataFrame
        One row a week that has an outcome: `week`, `n`, `difference` (mean loss of the
        displaced version less that of the one that serves, the dearer kind of error a
        loss of 1; above 0 is better), `variance` (of that mean; `nan` where there is
        one row in all) and `money` (what a loss of 1 costs). With a column `ruling`
        this is what `decision.promises` holds promises against.

    Raises
    ------
    ValueError
        When the arrays are not of the same rows, or a cost makes no sense.

    Notes
    -----
    With the paired differences :math:`d_i` of a week the variance is :math:`s^2_d/n`;
    of a week of one row :math:`s^2_d` is that of all weeks.

    Examples
    --------
    >>> costs = {"false_positive": 5.0, "false_negative": 20.0}
    >>> gained([1, 0, 1, 1], [0.2, 0.1, 0.9, 0.3], [0.8, 0.7, 0.9, 0.9],
    ...     weeks=["W1", "W1", "W1", "W2"], costs=costs).round(3).values.tolist()
    [['W1', 3, 0.25, 0.146, 20.0], ['W2', 1, 1.0, 0.432, 20.0]]
    """
    import numpy as np
    import pandas as pd

    pair = Pair.of(
        y_true,
        displaced_score,
        serving_score,
        thresholds=(displaced_threshold, serving_threshold),
        labels={"weeks": weeks},
        segments={},
        task=task,
    )
    loss = tasks.Loss.priced(task, costs)
    saved, dearest = pair.lost(0, loss) - pair.lost(1, loss), loss.error
    held = pair.labels["weeks"]
    rows = []
    every = float(np.var(saved, ddof=1)) if len(saved) > 1 else math.nan
    for week in sorted(set(held)):
        own = saved[held == week]
        spread = float(np.var(own, ddof=1)) if len(own) > 1 else every
        rows.append((week, len(own), float(own.mean()), spread / len(own), dearest))
    names = ["week", "n", "difference", "variance", "money"]
    return pd.DataFrame(rows, columns=names)
