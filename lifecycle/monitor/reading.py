"""A table of predictions and outcomes, read for one kind of model."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from lifecycle import metrics, periods

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

__all__ = ["HOUSE", "USUAL", "Told", "read", "unit_of"]

HOUSE = frozenset(
    {"id", "time", "score", "prediction", "version", "role", "outcome", "known_at"}
    | {"occasion", "item", "user", "rank", "feedback_id", "event_id"}
)
USUAL: dict[str, tuple[str, ...]] = {
    "binary": ("accuracy", "precision", "recall", "roc_auc", "brier"),
    "multiclass": ("accuracy", "balanced_accuracy", "macro_f1"),
    "regression": ("mae", "rmse", "r2"),
    "ranking": ("ndcg@10", "precision@10", "recall@10", "hit_rate@10"),
}
_SHARES = {"accuracy", "precision", "recall", "specificity", "hit_rate", "coverage"}
_SHARES |= {"balanced_accuracy", "macro_precision", "macro_recall", "mape"}
_SHARES |= {"weighted_precision", "weighted_recall"}


@dataclass(frozen=True)
class Told:
    """What was predicted, and what of it can be judged.

    Parameters
    ----------
    rows : DataFrame
        One row a prediction (of a ranking: the first row of each list), those of
        which nothing was predicted left out.
    known : ndarray of bool
        Which are due, and their outcome known.
    measure : callable
        Of a metric's name and places of rows: its value, interval and count.
    columns : dict of str to ndarray or Classified
        What was read: outcomes, predictions, scores.
    """

    rows: pd.DataFrame
    known: np.ndarray
    measure: Callable[[str, np.ndarray], metrics.Measured]
    columns: dict[str, Any]


def read(
    labelled: pd.DataFrame,
    task: str,
    *,
    as_of: datetime | None = None,
    delay: timedelta | None = None,
    classes: Sequence[Any] | None = None,
    catalogue: int = 0,
    rng: np.random.Generator | int | None = None,
) -> Told:
    """Read a table for a task; without `as_of` everything known is due."""
    if task not in metrics.TASKS:
        raise ValueError(f"no task {task!r}; use one of {', '.join(metrics.TASKS)}")
    if task == "ranking":
        return _lists(labelled, as_of, delay, catalogue)
    _check_columns(labelled, task)
    said = "prediction" if "prediction" in labelled.columns else "score"
    rows = labelled[labelled[said].notna().to_numpy(dtype=bool)]
    rows = _before(rows, as_of).reset_index(drop=True)
    known = _due(rows, as_of, delay) & rows["outcome"].notna().to_numpy(dtype=bool)
    if task == "multiclass":
        return _classes(rows, known, classes)
    columns = {
        name: _numbers(rows, name, task) for name in ("outcome", "prediction", "score")
    }
    truth, guess, score = columns.values()

    def measure(name: str, part: np.ndarray) -> metrics.Measured:
        if task == "regression":
            return metrics.regression(name, truth[part], guess[part])
        return metrics.with_interval(
            name, truth[part], guess[part], score[part], rng=rng
        )

    return Told(rows, known, measure, columns)


def unit_of(name: str) -> str:
    """How a metric is written: shares in percent, the others plain."""
    return "%" if name.partition("@")[0] in _SHARES else ""


def _check_columns(labelled: pd.DataFrame, task: str) -> None:
    said = {"prediction", "score"} if task == "binary" else {"prediction"}
    if "outcome" not in labelled.columns or not said & set(labelled.columns):
        raise ValueError(
            f"{task} needs the columns outcome and {' or '.join(sorted(said))}, got "
            f"{', '.join(map(str, labelled.columns[:10])) or 'none'}; rename yours"
        )


def _before(rows: pd.DataFrame, as_of: datetime | None) -> pd.DataFrame:
    """Without what was predicted after the moment spoken of."""
    if as_of is None:
        return rows
    return rows[periods.mature(rows["time"], as_of=as_of, delay=timedelta())]


def _due(
    rows: pd.DataFrame, as_of: datetime | None, delay: timedelta | None
) -> np.ndarray:
    import numpy as np

    if as_of is None:
        return np.ones(len(rows), dtype=bool)
    return periods.mature(rows["time"], as_of=as_of, delay=delay or timedelta())


def _numbers(rows: pd.DataFrame, name: str, task: str) -> np.ndarray:
    import numpy as np

    if name not in rows.columns:
        return np.full(len(rows), math.nan)
    try:
        return rows[name].to_numpy(dtype=float, na_value=math.nan)
    except (TypeError, ValueError) as error:
        raise ValueError(
            f"the column {name!r} must hold numbers for {task}, got "
            f"{rows[name].dtype}; for labels use task='multiclass'"
        ) from error


def _classes(
    rows: pd.DataFrame, known: np.ndarray, classes: Sequence[Any] | None
) -> Told:
    bare = metrics.Classified.of(rows["outcome"], rows["prediction"])
    columns = [c for c in rows.columns if str(c).startswith("score_")]
    place = {str(label): label for label in bare.labels}
    named = [place.get(str(c)[6:], str(c)[6:]) for c in columns]
    if classes is not None:
        held = dict(zip(map(str, named), columns, strict=True))
        missing = [str(each) for each in classes if str(each) not in held]
        if missing and columns:
            raise ValueError(
                f"there is no column score_{missing[0]}; add it or leave the class out"
            )
        named = list(classes)
        columns = [held[str(each)] for each in classes] if columns else []
    read_ = metrics.Classified.of(
        rows["outcome"],
        rows["prediction"],
        rows[columns].to_numpy(dtype=float, na_value=math.nan) if columns else None,
        classes=named or None,
    )

    def measure(name: str, part: np.ndarray) -> metrics.Measured:
        if metrics.of("multiclass", name).needs == "score" and not columns:
            raise ValueError(
                f"{name} needs probabilities; add a column score_<class> for each class"
            )
        return metrics.multiclass(name, read_.take(part))

    return Told(rows, known, measure, {"classes": read_})


def _lists(
    labelled: pd.DataFrame,
    as_of: datetime | None,
    delay: timedelta | None,
    catalogue: int,
) -> Told:
    import numpy as np
    import pandas as pd

    order = "rank" if "rank" in labelled.columns else "score"
    for name in ("occasion", "outcome", order):
        if name not in labelled.columns:
            raise ValueError(
                f"a ranking needs the columns occasion, outcome and rank (or score), "
                f"a row an item; {name} is missing: rename yours"
            )
    rows = labelled[labelled["occasion"].notna().to_numpy(dtype=bool)]
    rows = _before(rows, as_of).reset_index(drop=True)
    ready = _due(rows, as_of, delay) & rows["outcome"].notna().to_numpy(dtype=bool)
    codes, names = pd.factorize(rows["occasion"])
    known = np.bincount(codes[~ready], minlength=len(names)) == 0
    first = np.full(len(names), -1, dtype=np.int64)
    first[codes[::-1]] = np.arange(len(codes))[::-1]
    # lists not known yet keep their place, measured by nobody
    outcome = np.where(ready, _numbers(rows, "outcome", "ranking"), 0.0)
    ranked = metrics.Ranked.of_rows(
        codes,
        outcome,
        rank=rows["rank"] if order == "rank" else None,
        score=None if order == "rank" else rows["score"],
        item=rows["item"] if "item" in rows.columns else None,
        user=rows["user"] if "user" in rows.columns else None,
        catalogue=catalogue,
    )

    def measure(name: str, part: np.ndarray) -> metrics.Measured:
        return metrics.ranking(name, ranked.take(part))

    heads = rows.iloc[first].reset_index(drop=True)
    return Told(heads, known, measure, {"ranked": ranked})
