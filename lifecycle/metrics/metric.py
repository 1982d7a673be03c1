"""What a metric is, and what it gives."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

__all__ = ["Measured", "Metric", "Task"]

Task = Literal["binary", "multiclass", "regression", "ranking"]


class Measured(NamedTuple):
    """A metric's value with its interval and the rows it rests on.

    Parameters
    ----------
    value, lower, upper : float
        `nan` where undefined.
    n : int
        Rows, or lists of a ranking, that count.

    Examples
    --------
    >>> value, lower, upper, n = Measured(0.5, 0.4, 0.6, 80)
    >>> n
    80
    """

    value: float
    lower: float
    upper: float
    n: int


@dataclass(frozen=True, slots=True)
class Metric:
    """A metric and what must be known to use it.

    Parameters
    ----------
    name : str
    function : callable
        Of outcomes and of what it needs; of a `Ranked` alone for rankings.
    needs : {"prediction", "score", "lists"}
        The second argument of the function: predictions, or scores (of several
        classes one column a class).
    greater_is_better : bool
    task : {"binary", "multiclass", "regression", "ranking"}
        What kind of model it measures.
    bounded : bool
        Whether it lies between 0 and 1, so that a fall of it is told in points.

    Examples
    --------
    >>> from lifecycle.metrics import METRICS
    >>> METRICS["brier"].greater_is_better
    False
    """

    name: str
    function: Callable[..., Any]
    needs: Literal["prediction", "score", "lists"]
    greater_is_better: bool
    task: Task = "binary"
    bounded: bool = True
