"""What a score is and what a wrong one costs: classes of two, of several, amounts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from lifecycle.errors import SettingsError
from lifecycle.recipes import Recipe
from lifecycle.training import fitting

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    from sklearn.base import BaseEstimator

__all__ = ["Loss", "Task", "check_kind", "scored", "targets"]

Task = Literal["binary", "classes", "regression"]


@dataclass(frozen=True, slots=True)
class Loss:
    """The loss of each row, and what a loss of 1 costs.

    Parameters
    ----------
    task : {"binary", "classes", "regression"}
    wrong_yes, wrong_no : float
        Losses of a false positive and a false negative; the dearer is 1.
    error : float
        The price of the dearer kind.
    scale : float
        What the errors of a regression are divided by.
    """

    task: Task = "binary"
    wrong_yes: float = 1.0
    wrong_no: float = 1.0
    error: float = 1.0
    scale: float = 1.0

    @classmethod
    def priced(
        cls, task: Task, costs: Mapping[str, float] | None, scale: float
    ) -> Loss:
        """From the prices of the two kinds of error.

        Raises
        ------
        ValueError
            When a price, the scale or the task makes no sense.
        """
        if task not in ("binary", "classes", "regression"):
            raise ValueError(
                f"task is 'binary', 'classes' or 'regression', got {task!r}"
            )
        if not 0 < scale < float("inf"):
            raise ValueError(f"scale must be above 0, got {scale}; leave it out")
        told = costs or {}
        yes, no = told.get("false_positive", 1.0), told.get("false_negative", 1.0)
        dearer = max(yes, no)
        if min(yes, no) < 0 or not 0 < dearer < float("inf"):
            raise ValueError(
                "false_positive and false_negative must not be negative and one must "
                f"be above 0, got {yes} and {no}"
            )
        return cls(task, yes / dearer, no / dearer, dearer, scale)

    def of(self, truth: np.ndarray, score: np.ndarray, threshold: float) -> np.ndarray:
        """Loss of each row.

        Parameters
        ----------
        truth, score : ndarray of float, shape (n,)
            Of several classes both are codes.
        threshold : float
            The score from which on a binary model predicts 1.

        Examples
        --------
        >>> import numpy as np
        >>> truth, score = np.array([0.0, 1, 1]), np.array([0.9, 0.2, 0.8])
        >>> costs = {"false_positive": 5, "false_negative": 20}
        >>> Loss.priced("binary", costs, 1.0).of(truth, score, 0.5).tolist()
        [0.25, 1.0, 0.0]
        >>> Loss.priced("regression", None, 2.0).of(truth, score, 0.5).round(2).tolist()
        [0.45, 0.4, 0.1]
        """
        import numpy as np

        if self.task == "regression":
            return np.asarray(np.abs(score - truth) / self.scale)
        if self.task == "classes":
            return np.asarray((score != truth).astype(float))
        right, guess = truth == 1, score >= threshold
        wrong = np.where(guess, self.wrong_yes, self.wrong_no)
        return np.where(guess == right, 0.0, wrong)


def check_kind(
    recipe: Recipe, task: Task, numeric: Sequence[str], categorical: Sequence[str]
) -> None:
    """Refuse a recipe of classes for amounts, and of amounts for classes."""
    from sklearn.base import is_regressor

    if recipe.prepares:  # which columns it builds for is not known yet
        return
    amounts = is_regressor(recipe.build(numeric, categorical, seed=0))
    if amounts != (task == "regression"):
        made, needed = ("regressor", "classifier")[:: 1 if amounts else -1]
        raise SettingsError(
            f"recipe {recipe.name!r} makes a {made}, the task {task!r} needs a "
            f"{needed}; choose another recipe"
        )


def targets(truth: np.ndarray, task: Task) -> np.ndarray:
    """What an estimator is fitted to."""
    import numpy as np

    if task == "binary":
        return fitting.outcomes(truth)
    return np.asarray(truth.astype(np.int64) if task == "classes" else truth)


def scored(estimator: BaseEstimator, table: pd.DataFrame, task: Task) -> np.ndarray:
    """Score a table of `features`: probability of 1, class code or amount."""
    import numpy as np

    if task == "classes" and len(table):
        return np.asarray(estimator.predict(table), dtype=float)
    return np.asarray(fitting.score(estimator, table), dtype=float)
