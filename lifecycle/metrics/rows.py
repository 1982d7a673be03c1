"""What a metric counts, row by row."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from lifecycle.intervals import floats

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

__all__ = ["ratio", "rows", "terms"]


def terms(name: str, truth: np.ndarray, guess: np.ndarray) -> tuple[Any, Any]:
    """Per row what is counted, and out of what: a metric is their ratio."""
    import numpy as np

    match name:
        case "accuracy":
            return (truth == guess).astype(float), np.ones(truth.size)
        case "precision":
            return truth * guess, guess
        case "recall":
            return truth * guess, truth
        case "specificity":
            return (1 - truth) * (1 - guess), 1 - truth
        case "f1":
            return 2 * truth * guess, truth + guess
    if guess.size and not (guess.min() >= 0 and guess.max() <= 1):
        return np.full(truth.size, math.nan), np.ones(truth.size)
    if name == "brier":
        return (guess - truth) ** 2, np.ones(truth.size)
    step = np.finfo(float).eps
    right = np.clip(np.where(truth == 1, guess, 1 - guess), step, 1 - step)
    return -np.log(right), np.ones(truth.size)


def ratio(counted: tuple[Any, Any]) -> float:
    """The sum of what is counted, per sum of what it is counted out of."""
    top, bottom = (float(each.sum()) for each in counted)
    return top / bottom if bottom else math.nan


def rows(
    y_true: npt.ArrayLike, second: npt.ArrayLike, needs: str
) -> tuple[np.ndarray, np.ndarray]:
    """Both as floats, without the rows where either is missing."""
    import numpy as np

    truth, guess = floats(y_true), floats(second)
    if truth.size != guess.size:
        raise ValueError(
            f"outcomes and {needs}s must be of the same rows, got {truth.size} and "
            f"{guess.size}; join them by id first"
        )
    known = ~(np.isnan(truth) | np.isnan(guess))
    truth, guess = truth[known], guess[known]
    _check_labels(truth, "outcomes")
    if needs == "prediction":
        _check_labels(guess, "predictions")
    return truth, guess


def _check_labels(values: np.ndarray, name: str) -> None:
    wrong = values[(values != 0) & (values != 1)]
    if wrong.size:
        raise ValueError(
            f"{name} must be 0 or 1, got {wrong[0]:g}; map the classes to 0 and 1 first"
        )
