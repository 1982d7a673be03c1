"""One fit and one look: weights to the estimator, scores from it, on one thread."""

from __future__ import annotations

import platform
import sys
import warnings
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Any

from lifecycle import tasks
from lifecycle.errors import InputError, SettingsError
from lifecycle.metrics import Task
from lifecycle.recipes import Recipe, regresses
from lifecycle.training import shaping

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    from sklearn.base import BaseEstimator

__all__ = [
    "answered",
    "checked",
    "fit",
    "one_thread",
    "packages",
    "predict",
    "score",
    "taker",
    "thinned",
]


def predict(
    estimator: BaseEstimator,
    frame: pd.DataFrame,
    *,
    numeric: Sequence[str],
    categorical: Sequence[str],
    recipe: Recipe | None = None,
    prepared: Mapping[str, Sequence[str]] | None = None,
    task: Task = "binary",
) -> np.ndarray:
    """Score rows: the probability of outcome 1, or the value a regressor gives.

    Parameters
    ----------
    estimator : fitted estimator
        From `train`, or loaded from the registry.
    frame : DataFrame of n rows
        With the features; categories never seen and missing values are fine.
    numeric, categorical : sequence of str
        The columns it was trained on.
    recipe : Recipe, optional
        Whose own `features` shapes the rows first.
    prepared : mapping, optional
        The columns that gave when it was trained: `birth["prepared"]`.
    task : {"binary", "multiclass", "regression"}
        Of several classes each answer is the most probable one, packed (`tasks.pack`).

    Returns
    -------
    ndarray of float64, shape (n,)

    Raises
    ------
    InputError
        A column is missing, or a number is none.
    """
    table = shaping.features(frame, numeric=numeric, categorical=categorical)
    if recipe is not None and len(table):
        table = shaping.shaped(recipe, table, prepared)
    return score(estimator, table, task=task)


def score(
    estimator: BaseEstimator, table: pd.DataFrame, *, task: Task = "binary"
) -> np.ndarray:
    """Probability of outcome 1, packed class, or value, for a table of `features`."""
    import numpy as np

    if table.empty:
        return np.empty(0)
    with one_thread():
        if regresses(estimator):
            return np.asarray(estimator.predict(table), dtype=float).ravel()
        scores = np.asarray(estimator.predict_proba(table), dtype=float)
    if task == "multiclass":
        return answered(scores, estimator.classes_)
    return np.ascontiguousarray(scores[:, list(estimator.classes_).index(1)])


def answered(shares: np.ndarray, classes: Sequence[Any]) -> np.ndarray:
    """The most probable class of each row, packed with its probability.

    Parameters
    ----------
    shares : ndarray of shape (n, k)
        A column a class; `nan` in a row that has no answer.
    classes : sequence of k int
        Codes of the columns.

    Examples
    --------
    >>> import numpy as np
    >>> answered(np.array([[0.2, 0.8], [0.6, 0.4]]), [0, 5]).round(2).tolist()
    [5.8, 0.6]
    """
    import numpy as np

    if not len(shares):
        return np.empty(0)
    best = shares.argmax(axis=1)  # of a row of nan the first, which is nan
    sure = shares[np.arange(len(shares)), best]
    return tasks.pack(np.asarray(classes, dtype=float)[best], sure)


def fit(
    recipe: Recipe,
    table: pd.DataFrame,
    truth: np.ndarray,
    numeric: Sequence[str],
    categorical: Sequence[str],
    *,
    seed: int,
    weights: np.ndarray | None = None,
) -> tuple[BaseEstimator, list[str]]:
    """Fit on one thread; what the libraries warn of is returned, not shown.

    Parameters
    ----------
    recipe : Recipe
    table : DataFrame of n rows
        From `shaping.features`, shaped by the recipe where it does that.
    truth : ndarray of shape (n,)
    numeric, categorical : sequence of str
        Columns of the table.
    seed : int
    weights : ndarray of shape (n,), optional
        Between 0 and 1; 1 each without.

    Returns
    -------
    estimator : fitted estimator
    said : list of str
        Warnings, and that an estimator takes no weights.

    Notes
    -----
    The last step of a pipeline is given the weights. Where it takes none, a row stays
    in with a probability of its weight, by chance from the seed: the expected loss is
    the weighted one, no row with a true outcome is lost or doubled, and a word that
    counts for little is mostly absent. Leaving out all below a half would count 0.51 as
    the truth and 0.49 as nothing.
    """
    estimator = recipe.build(list(numeric), list(categorical), seed=seed)
    given: dict[str, Any] = {}
    said: list[str] = []
    if weights is not None and (weights != 1).any():
        name = taker(estimator)
        if name is None:
            kept = thinned(weights, seed=seed)
            said.append(
                f"the estimator takes no weights: of {int((weights < 1).sum())} rows "
                f"that weigh less than 1, {int((kept & (weights < 1)).sum())} stayed "
                "in, each with the probability of its weight"
            )
            table, truth = table.iloc[kept.nonzero()[0]], truth[kept]
        else:
            given[name] = weights
    with warnings.catch_warnings(record=True) as caught, one_thread():
        warnings.simplefilter("always")
        try:
            estimator.fit(table, truth, **given)
        except Exception as error:
            raise SettingsError(
                f"recipe {recipe.name!r} could not be fitted to {len(table)} rows: "
                f"{type(error).__name__}: {' '.join(str(error).split())[:300]}"
            ) from error
    return estimator, said + sorted({str(warning.message) for warning in caught})


def taker(estimator: BaseEstimator) -> str | None:
    """The argument of `fit` that takes a weight for each row; `None` without one.

    Examples
    --------
    >>> from sklearn.linear_model import LogisticRegression
    >>> from sklearn.neighbors import KNeighborsClassifier
    >>> from sklearn.pipeline import make_pipeline
    >>> taker(make_pipeline(LogisticRegression()))
    'logisticregression__sample_weight'
    >>> taker(KNeighborsClassifier()) is None
    True
    """
    from sklearn.pipeline import Pipeline
    from sklearn.utils.validation import has_fit_parameter

    if isinstance(estimator, Pipeline):
        name, last = estimator.steps[-1]
        inner = taker(last)
        return None if inner is None else f"{name}__{inner}"
    takes = has_fit_parameter(estimator, "sample_weight")
    return "sample_weight" if takes else None


def thinned(weights: np.ndarray, *, seed: int) -> np.ndarray:
    """Which rows stay in, each with the probability of its weight."""
    import numpy as np

    kept: np.ndarray = np.random.default_rng(seed).random(len(weights)) < weights
    return kept


def checked(weights: np.ndarray) -> np.ndarray:
    """Weights as float64; one that is missing or beyond 0 and 1 is refused."""
    strange = weights[~((weights >= 0) & (weights <= 1))]
    if strange.size:
        raise InputError(
            f"weight {strange[0]:g} is not between 0 and 1; divide the column 'weight' "
            "by its largest value"
        )
    return weights


def packages(estimator: BaseEstimator, recipe: Recipe | None = None) -> dict[str, str]:
    """The versions of what a fit rests on.

    Ours, the libraries of the estimator's parts, and what the recipe's file imports.
    """
    import numpy as np
    import pandas as pd
    import scipy
    import sklearn

    import lifecycle

    found = {
        "python": platform.python_version(),
        "lifecycle": lifecycle.__version__,
        "numpy": np.__version__,
        "pandas": pd.__version__,
        "scipy": scipy.__version__,
        "scikit-learn": sklearn.__version__,
    }
    parts = [estimator, *estimator.get_params(deep=True).values()]
    libraries = {type(part).__module__.partition(".")[0] for part in parts}
    if recipe is not None:
        libraries |= set(recipe.libraries)
    for library in sorted(libraries - {"sklearn", "builtins", "lifecycle", *found}):
        version = getattr(sys.modules.get(library), "__version__", None)
        if isinstance(version, str):
            found[library] = version
    return found


def one_thread() -> AbstractContextManager[object]:
    """Sums on several threads depend on who is first; on one they do not."""
    from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

    return threadpool_limits(limits=1)
