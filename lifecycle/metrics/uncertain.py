"""A metric with its interval, by formula."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from lifecycle import intervals
from lifecycle.metrics.bounded import within
from lifecycle.metrics.calibrated import calibration_measured
from lifecycle.metrics.metric import Measured
from lifecycle.metrics.realised import METRICS
from lifecycle.metrics.rows import ratio, rows, terms

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

__all__ = ["with_interval"]


def with_interval(
    name: str,
    y_true: npt.ArrayLike,
    y_pred: npt.ArrayLike,
    y_score: npt.ArrayLike,
    *,
    level: float = 0.90,
    rng: np.random.Generator | int | None = None,
) -> Measured:
    r"""A metric with its interval and the number of rows it rests on.

    Parameters
    ----------
    name : str
        A key of `METRICS`.
    y_true, y_pred, y_score : array-like of shape (n,)
        Outcomes, predictions and scores of the same rows.
    level : float
        Between 0 and 1.
    rng : Generator or int, optional
        For metrics that have to be bootstrapped; all of today's have a formula.

    Returns
    -------
    value, lower, upper : float
        `nan` where undefined; the ends also where one row alone cannot tell.
    n : int
        The rows that count: those predicted 1 for precision, those that were 1 for
        recall and average precision, those that were 0 for specificity, all but the
        true negatives for F1, all known rows for the others.

    Raises
    ------
    ValueError
        When there is no such metric, or the columns are not of the same rows.

    Notes
    -----
    Proportions: Wilson's score interval. F1 and ROC AUC: the standard error
    :math:`s` by the delta method (for ROC AUC this is DeLong's), put into Wilson's
    interval as the effective number of rows :math:`v(1-v)/s^2`, so that the ends stay
    within 0 and 1 (N. Dean and M. Pagano, "Evaluating confidence interval methods for
    binomial proportions in clustered surveys", J. Survey Statist. Methodol. 3, 2015).
    Average precision: the binomial interval on the rows that were 1 (K. Boyd, K. H.
    Eng and C. D. Page, "Area under the precision-recall curve", ECML 2013). Log loss
    and Brier score: the normal interval of a mean. Calibration error: :math:`\max(0, E
    - b - zs)` to :math:`E + zs`, where :math:`s^2 = \sum_b (n_b/n)^2 v_b` with the
    variance :math:`v_b` of a bin's rate, and :math:`b = \sum_b (n_b/n) \sqrt{2v_b/\pi}`
    is the most that chance can have added (see `calibration_bias`): it covers at least
    as often as it says.

    Examples
    --------
    >>> predicted, outcomes = [1] * 8 + [0] * 2, [1] * 10
    >>> value, lower, upper, n = with_interval("accuracy", outcomes, predicted, [])
    >>> value, round(lower, 3), round(upper, 3), n
    (0.8, 0.541, 0.931, 10)
    """
    import numpy as np

    metric = METRICS.get(name)
    if metric is None:
        raise ValueError(f"no metric {name!r}; use one of {', '.join(METRICS)}")
    z = intervals.z(level)
    second = y_pred if metric.needs == "prediction" else y_score
    truth, guess = rows(y_true, second, metric.needs)
    if name == "average_precision":
        value, n = metric.function(truth, guess), int(truth.sum())
        return Measured(value, *intervals.wilson(value * n, n, level=level), n)
    if name == "roc_auc":
        value = metric.function(truth, guess)
        return Measured(value, *intervals.auc(truth, guess, level=level), truth.size)
    if name == "calibration_error":
        return calibration_measured(truth, guess, level=level)
    top, bottom = terms(name, truth, guess)
    value = ratio((top, bottom))
    n = int(np.count_nonzero(bottom))
    if not n or math.isnan(value):
        return Measured(math.nan, math.nan, math.nan, n)
    residual = top - value * bottom
    variance = float(residual @ residual) / float(bottom.sum()) ** 2
    if name in ("log_loss", "brier"):
        if n < 2:
            return Measured(value, math.nan, math.nan, n)
        half = z * math.sqrt(variance * n / (n - 1))
        return Measured(value, max(0.0, value - half), value + half, n)
    return Measured(value, *within(value, variance, n, level), n)
