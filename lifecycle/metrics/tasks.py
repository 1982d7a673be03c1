"""All metrics of each kind of model, by name."""

from __future__ import annotations

from functools import partial
from typing import Any, get_args

from lifecycle.metrics.amounts import mae, mape, pinball, quantile_of, r2, rmse
from lifecycle.metrics.averaged import MULTICLASS, multiclass
from lifecycle.metrics.lists import RANKING, places_of, ranking
from lifecycle.metrics.metric import Metric, Task
from lifecycle.metrics.realised import METRICS

__all__ = ["TASKS", "of"]


def _averaged(name: str) -> Metric:
    def value(y_true: Any, second: Any) -> float:
        if name in ("roc_auc", "log_loss"):
            return multiclass(name, y_true, y_score=second).value
        return multiclass(name, y_true, second).value

    scored = name in ("roc_auc", "log_loss")
    return Metric(
        name,
        value,
        "score" if scored else "prediction",
        name != "log_loss",
        "multiclass",
        bounded=name != "log_loss",
    )


def _listed(name: str) -> Metric:
    def value(ranked: Any) -> float:
        return ranking(name, ranked).value

    return Metric(name, value, "lists", True, "ranking")


_amount = partial(Metric, needs="prediction", task="regression", bounded=False)

TASKS: dict[str, dict[str, Metric]] = {
    "binary": METRICS,
    "multiclass": {name: _averaged(name) for name in MULTICLASS},
    "regression": {
        metric.name: metric
        for metric in (
            _amount("mae", mae, greater_is_better=False),
            _amount("rmse", rmse, greater_is_better=False),
            _amount("mape", mape, greater_is_better=False),
            _amount("r2", r2, greater_is_better=True),
            _amount("pinball", pinball, greater_is_better=False),
        )
    },
    "ranking": {name: _listed(name) for name in RANKING},
}


def of(task: Task | str, name: str) -> Metric:
    """The metric of a kind of model that has this name.

    Parameters
    ----------
    task : {"binary", "multiclass", "regression", "ranking"}
    name : str
        A key of `TASKS[task]`; with "@" and a number for a quantile ("pinball@0.9") or
        a number of places ("ndcg@5").

    Returns
    -------
    Metric

    Raises
    ------
    ValueError
        When there is no such task or metric.

    Examples
    --------
    >>> of("regression", "rmse").greater_is_better
    False
    >>> of("ranking", "ndcg@5").name
    'ndcg@5'
    """
    if task not in TASKS:
        raise ValueError(f"no task {task!r}; use one of {', '.join(get_args(Task))}")
    known = TASKS[task]
    if name in known:
        return known[name]
    base, _, setting = name.partition("@")
    if base not in known or not setting or not (base == "pinball" or task == "ranking"):
        raise ValueError(f"no metric {name!r}; use some of {', '.join(known)}")
    if task == "ranking":
        places_of(name)
        return _listed(name)
    loss = partial(pinball, quantile=quantile_of(name, setting))
    return _amount(name, loss, greater_is_better=False)
