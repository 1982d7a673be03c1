"""One fit, with everything needed to do it again."""

from __future__ import annotations

import hashlib
import json
import platform
import time
import warnings
from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from lifecycle.errors import InputError, NotEnoughData, SettingsError
from lifecycle.recipes import Recipe

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    from sklearn.base import BaseEstimator

__all__ = ["Candidate", "features", "predict", "train"]

MIN_ROWS = 50


@dataclass(frozen=True)
class Candidate:
    """A fitted estimator that is not live yet.

    Parameters
    ----------
    estimator : fitted estimator
        Gives scores through `predict`.
    birth : dict
        How it came to be, JSON throughout: `recipe`, `recipe_sha256`, `seed`,
        `threshold`, `rows`, `positives`, `unlabelled` (rows left out for want of an
        outcome), `trained_from` and `trained_to` (moments of the first and the last
        row, ISO 8601 in UTC, or null), `features` (numeric, categorical), `missing`
        (share a feature), `data_sha256`, `packages`, `seconds` (of the fit),
        `warnings` (what the libraries said while fitting).
    """

    estimator: BaseEstimator
    birth: dict[str, Any]

    def __repr__(self) -> str:
        rows, positives = self.birth["rows"], self.birth["positives"]
        return (
            f"<Candidate {self.birth['recipe']}: {rows} rows, {positives} positive, "
            f"data {self.birth['data_sha256'][:8]}>"
        )


def train(
    frame: pd.DataFrame,
    recipe: Recipe,
    *,
    numeric: Sequence[str],
    categorical: Sequence[str],
    seed: int,
    threshold: float = 0.5,
    min_rows: int = MIN_ROWS,
) -> Candidate:
    """Fit a recipe to labelled rows.

    The rows are put in the order of their time and id first and the fit runs on one
    thread, so that the same rows give the same candidate in whatever order they come.

    Parameters
    ----------
    frame : DataFrame
        The features and `outcome` (0, 1, missing where not known: such rows are left
        out); `time` and `id` where there are any.
    recipe : Recipe
    numeric, categorical : sequence of str
        The columns the model may see.
    seed : int
        The only source of chance.
    threshold : float
        The score from which on the candidate predicts 1; only kept in the record.
    min_rows : int
        With fewer labelled rows nothing is fitted.

    Returns
    -------
    Candidate

    Raises
    ------
    NotEnoughData
        Too few labelled rows, or outcomes that are all alike.
    InputError
        A column is missing, or a number is none.

    Examples
    --------
    >>> import pandas as pd
    >>> from lifecycle import recipes
    >>> visits = pd.Series(range(60), dtype=float)
    >>> frame = pd.DataFrame({"visits": visits, "outcome": (visits > 30).astype(float)})
    >>> logistic = recipes.load("scaled_logistic")
    >>> train(frame, logistic, numeric=["visits"], categorical=[], seed=1)
    <Candidate scaled_logistic: 60 rows, 29 positive, data ...>
    """
    if "outcome" not in frame:
        raise InputError("the training rows have no column 'outcome'; join them first")
    known = in_order(frame.loc[frame["outcome"].notna()])
    table = features(known, numeric=numeric, categorical=categorical)
    truth = outcomes(known["outcome"].to_numpy(dtype=float))
    check_enough(truth, min_rows=min_rows)
    started = time.perf_counter()
    estimator, said = fit(recipe, table, truth, numeric, categorical, seed=seed)
    seconds = time.perf_counter() - started
    times = known.get("time")
    birth = {
        "recipe": recipe.name,
        "recipe_sha256": recipe.source_sha256,
        "seed": seed,
        "threshold": threshold,
        "rows": len(known),
        "positives": int(truth.sum()),
        "unlabelled": len(frame) - len(known),
        "trained_from": None if times is None else times.min().isoformat(),
        "trained_to": None if times is None else times.max().isoformat(),
        "features": {"numeric": list(numeric), "categorical": list(categorical)},
        "missing": {
            str(name): round(float(share), 6)
            for name, share in table.isna().mean().items()
        },
        "data_sha256": _sha256(table, truth),
        "packages": _packages(),
        "seconds": round(seconds, 3),
        "warnings": said,
    }
    return Candidate(estimator, birth)


def predict(
    estimator: BaseEstimator,
    frame: pd.DataFrame,
    *,
    numeric: Sequence[str],
    categorical: Sequence[str],
) -> np.ndarray:
    """Score rows: the probability of outcome 1.

    Parameters
    ----------
    estimator : fitted estimator
        From `train`, or loaded from the registry.
    frame : DataFrame of n rows
        With the features; categories never seen and missing values are fine.
    numeric, categorical : sequence of str
        The columns it was trained on.

    Returns
    -------
    ndarray of float64, shape (n,)

    Raises
    ------
    InputError
        A column is missing, or a number is none.
    """
    return score(estimator, features(frame, numeric=numeric, categorical=categorical))


def features(
    frame: pd.DataFrame, *, numeric: Sequence[str], categorical: Sequence[str]
) -> pd.DataFrame:
    """The features of a frame in the form every recipe is given.

    Numbers become float64, categories strings, anything missing or infinite `nan`;
    columns come in the order of `numeric`, then `categorical`.

    Parameters
    ----------
    frame : DataFrame of n rows
    numeric, categorical : sequence of str
        Columns of the frame.

    Returns
    -------
    DataFrame of n rows

    Raises
    ------
    InputError
        A column is missing, or a number is none.

    Examples
    --------
    >>> import pandas as pd
    >>> frame = pd.DataFrame({"plan": ["pro", None], "visits": [3, float("inf")]})
    >>> table = features(frame, numeric=["visits"], categorical=["plan"])
    >>> table.to_numpy().tolist()
    [[3.0, 'pro'], [nan, nan]]
    """
    import numpy as np
    import pandas as pd

    missing = [name for name in (*numeric, *categorical) if name not in frame]
    if missing:
        raise InputError(
            f"the rows have no column {', '.join(map(repr, missing))}, which the model "
            "needs; add it, left empty where it is not known"
        )
    columns: dict[str, np.ndarray] = {}
    for name in numeric:
        try:
            values = pd.to_numeric(frame[name])
        except (TypeError, ValueError) as error:
            raise InputError(
                f"column {name!r} has a value that is no number ({error}); mend it, or "
                "name the column among the categorical features"
            ) from error
        column = values.to_numpy(dtype=np.float64, na_value=np.nan)
        columns[name] = np.where(np.isfinite(column), column, np.nan)
    for name in categorical:
        texts = frame[name].astype(object)
        empty = texts.isna().to_numpy()
        texts = texts if frame[name].dtype == "str" else texts.map(str)
        columns[name] = np.where(empty, np.nan, texts.to_numpy(dtype=object))
    return pd.DataFrame(columns, index=frame.index).astype(
        {name: object for name in categorical}
    )


def score(estimator: BaseEstimator, table: pd.DataFrame) -> np.ndarray:
    """Probability of outcome 1 for a table of `features`, on one thread."""
    import numpy as np

    if table.empty:
        return np.empty(0)
    with _one_thread():
        scores = np.asarray(estimator.predict_proba(table), dtype=float)
    return np.ascontiguousarray(scores[:, list(estimator.classes_).index(1)])


def check_enough(truth: np.ndarray, *, min_rows: int) -> None:
    """Refuse to fit too few rows, or outcomes that are all alike."""
    if len(truth) < min_rows:
        raise NotEnoughData(
            f"only {len(truth)} labelled rows, {min_rows} are needed to train; take a "
            "longer period or wait for outcomes"
        )
    if len(set(truth.tolist())) < 2:
        raise NotEnoughData(
            f"all {len(truth)} outcomes are {truth[0]:g}, there is nothing to tell "
            "apart; take a longer period or check the outcomes"
        )


def fit(
    recipe: Recipe,
    table: pd.DataFrame,
    truth: np.ndarray,
    numeric: Sequence[str],
    categorical: Sequence[str],
    *,
    seed: int,
) -> tuple[BaseEstimator, list[str]]:
    """Fit on one thread; what the libraries warn of is returned, not shown."""
    estimator = recipe.build(list(numeric), list(categorical), seed=seed)
    with warnings.catch_warnings(record=True) as caught, _one_thread():
        warnings.simplefilter("always")
        try:
            estimator.fit(table, truth)
        except Exception as error:
            raise SettingsError(
                f"recipe {recipe.name!r} could not be fitted to {len(table)} rows: "
                f"{type(error).__name__}: {' '.join(str(error).split())[:300]}"
            ) from error
    return estimator, sorted({str(warning.message) for warning in caught})


def outcomes(truth: np.ndarray) -> np.ndarray:
    """Outcomes as integers; anything but 0 and 1 is refused."""
    import numpy as np

    strange = truth[(truth != 0) & (truth != 1)]
    if strange.size:
        raise InputError(
            f"outcome {strange[0]:g} is neither 0 nor 1; say in the settings which "
            "value is the positive one"
        )
    return truth.astype(np.int64)


def in_order(frame: pd.DataFrame) -> pd.DataFrame:
    keys = [name for name in ("time", "id") if name in frame]
    return frame.sort_values(keys, kind="stable") if keys else frame


def _one_thread() -> AbstractContextManager[object]:
    """Sums on several threads depend on who is first; on one they do not."""
    from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

    return threadpool_limits(limits=1)


def _sha256(table: pd.DataFrame, truth: np.ndarray) -> str:
    """Digest of the rows as they were fitted: names, then each column's bytes."""
    import numpy as np

    digest = hashlib.sha256()
    for name in table:
        values = table[name].to_numpy()
        digest.update(json.dumps(str(name)).encode())
        if values.dtype == np.float64:
            digest.update(np.where(np.isnan(values), np.nan, values + 0.0).tobytes())
        else:
            texts = [None if text != text else text for text in values]
            digest.update(json.dumps(texts).encode())
    digest.update(truth.astype("<i8").tobytes())
    return digest.hexdigest()


def _packages() -> dict[str, str]:
    import numpy as np
    import pandas as pd
    import sklearn

    return {
        "python": platform.python_version(),
        "numpy": np.__version__,
        "pandas": pd.__version__,
        "scikit-learn": sklearn.__version__,
    }
