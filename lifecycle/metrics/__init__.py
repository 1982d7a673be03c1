"""Metrics: how good predictions were, once the outcomes are known.

Four kinds of model: of 0 and 1 (`with_interval`), of several classes (`multiclass`), of
amounts (`regression`) and of lists of items (`ranking`); `TASKS` and `of` name them
all. Each gives value, interval and the rows it rests on. Rows where something is
missing are left out. The functions agree with scikit-learn's of the same name, but say
`nan` where a metric is undefined, and cost a tenth: a monitor calls them thousands of
times on small chunks. Labels of several classes cost more to read than to measure: read
them once with `Classified`, as lists of items with `Ranked`.
"""

from __future__ import annotations

from lifecycle.metrics.amounts import mae, mape, pinball, r2, regression, rmse
from lifecycle.metrics.averaged import multiclass
from lifecycle.metrics.calibrated import calibration_bias, calibration_error
from lifecycle.metrics.classes import Classified, confusion_matrix
from lifecycle.metrics.lists import (
    coverage_at,
    hit_rate_at,
    ndcg_at,
    precision_at,
    ranking,
    recall_at,
)
from lifecycle.metrics.metric import Measured, Metric, Task
from lifecycle.metrics.ranked import Ranked
from lifecycle.metrics.realised import (
    METRICS,
    accuracy,
    average_precision,
    brier,
    confusion,
    f1,
    log_loss,
    precision,
    recall,
    roc_auc,
    specificity,
)
from lifecycle.metrics.tasks import TASKS, of
from lifecycle.metrics.uncertain import with_interval

__all__ = [
    "METRICS",
    "TASKS",
    "Classified",
    "Measured",
    "Metric",
    "Ranked",
    "Task",
    "accuracy",
    "average_precision",
    "brier",
    "calibration_bias",
    "calibration_error",
    "confusion",
    "confusion_matrix",
    "coverage_at",
    "f1",
    "hit_rate_at",
    "log_loss",
    "mae",
    "mape",
    "multiclass",
    "ndcg_at",
    "of",
    "pinball",
    "precision",
    "precision_at",
    "r2",
    "ranking",
    "recall",
    "recall_at",
    "regression",
    "rmse",
    "roc_auc",
    "specificity",
    "with_interval",
]
