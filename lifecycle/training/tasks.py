"""What an estimator is fitted to, and what it says: two classes, several, amounts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from lifecycle.errors import SettingsError
from lifecycle.metrics import Task
from lifecycle.recipes import Recipe
from lifecycle.tasks import Loss
from lifecycle.training import fitting

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    from sklearn.base import BaseEstimator

__all__ = ["Loss", "Task", "check_kind", "scored", "targets"]


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
    return np.asarray(truth.astype(np.int64) if task == "multiclass" else truth)


def scored(estimator: BaseEstimator, table: pd.DataFrame, task: Task) -> np.ndarray:
    """Score a table of `features`: probability of 1, packed class or amount."""
    import numpy as np

    return np.asarray(fitting.score(estimator, table, task=task), dtype=float)
