"""Metrics: how good predictions were, once the outcomes are known.

Outcomes and predictions are 0 or 1, scores are probabilities of 1. Rows where either
is missing are left out. The functions agree with scikit-learn's of the same name, but
say `nan` where a metric is undefined, and cost a tenth: a monitor calls them thousands
of times on small chunks.
"""

from __future__ import annotations

from lifecycle.metrics.realised import (
    METRICS,
    Metric,
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
from lifecycle.metrics.uncertain import with_interval

__all__ = [
    "METRICS",
    "Metric",
    "accuracy",
    "average_precision",
    "brier",
    "confusion",
    "f1",
    "log_loss",
    "precision",
    "recall",
    "roc_auc",
    "specificity",
    "with_interval",
]
