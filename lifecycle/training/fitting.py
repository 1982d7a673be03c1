"""One fit, with everything needed to do it again."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from lifecycle.errors import InputError, SettingsError
from lifecycle.metrics import Task
from lifecycle.recipes import Recipe, regresses
from lifecycle.training.gathering import Material
from lifecycle.training.hearing import OUTCOME
from lifecycle.training.learning import checked, fit, packages, predict, score
from lifecycle.training.searching import search as search_space
from lifecycle.training.shaping import (
    amounts,
    check_enough,
    coded,
    digest,
    features,
    in_order,
    outcomes,
    prepared,
)
from lifecycle.training.shaping import shaped as reshaped

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    from sklearn.base import BaseEstimator

__all__ = [
    "MIN_ROWS",
    "Candidate",
    "Taught",
    "check_enough",
    "features",
    "fit",
    "in_order",
    "outcomes",
    "predict",
    "prepared",
    "score",
    "taught",
    "train",
]

MIN_ROWS = 50


@dataclass(frozen=True)
class Candidate:
    """A fitted estimator that is not live yet.

    Parameters
    ----------
    estimator : fitted estimator
        Gives scores through `predict`.
    birth : dict
        How it came to be, JSON throughout: `recipe`, `recipe_sha256`, `task`, `seed`,
        `threshold`, `rows`, `positives` (of two classes, else null), `classes` (of
        several: the name of each code that the estimator gives), `unlabelled` (rows
        left out for want of an outcome), `trained_from` and `trained_to` (moments of
        the first and the last row with a true outcome, ISO 8601 in UTC, or null),
        `people_to` (of the last row that a word stands for), `features` (numeric,
        categorical), `prepared` (the columns the recipe makes of them, or null),
        `missing` (share a feature), `parameters` (that were set), `search` (what was
        tried, or null), `material` (what the rows were asked for, what people said,
        what was left out; null for a plain frame), `data_sha256`, `packages`,
        `seconds` (of the fit), `warnings` (what the libraries said while fitting).
    """

    estimator: BaseEstimator
    birth: dict[str, Any]

    def __repr__(self) -> str:
        rows, positives = self.birth["rows"], self.birth["positives"]
        about = "" if positives is None else f", {positives} positive"
        return (
            f"<Candidate {self.birth['recipe']}: {rows} rows{about}, "
            f"data {self.birth['data_sha256'][:8]}>"
        )


@dataclass(frozen=True, eq=False)
class Taught:
    """Rows ready to be fitted.

    Parameters
    ----------
    table : DataFrame of n rows
        As the estimator sees them, in the order of time and id.
    truth, weights : ndarray of shape (n,)
    numeric, categorical : list of str
        Columns of the table.
    facts : dict
        What the birth record says of the rows.
    """

    table: pd.DataFrame
    truth: np.ndarray
    weights: np.ndarray
    numeric: list[str]
    categorical: list[str]
    facts: dict[str, Any]


def train(
    frame: pd.DataFrame | Material,
    recipe: Recipe,
    *,
    numeric: Sequence[str],
    categorical: Sequence[str],
    seed: int,
    threshold: float = 0.5,
    min_rows: int = MIN_ROWS,
    task: Task | None = None,
    classes: Sequence[str] = (),
    weight: str | None = None,
    parameters: Mapping[str, Any] | None = None,
    search: bool | None = None,
) -> Candidate:
    """Fit a recipe to labelled rows.

    The rows are put in the order of their time and id first and the fit runs on one
    thread, so that the same rows give the same candidate in whatever order they come.

    Parameters
    ----------
    frame : DataFrame or Material
        The features and `outcome` (0, 1, or a number; missing where not known: such
        rows are left out); `time` and `id` where there are any. From `material` they
        come with their weights.
    recipe : Recipe
    numeric, categorical : sequence of str
        The columns the model may see.
    seed : int
        The only source of chance.
    threshold : float
        The score from which on the candidate predicts 1; only kept in the record.
    min_rows : int
        With fewer labelled rows (the sum of their weights) nothing is fitted.
    task : {"binary", "multiclass", "regression"}, optional
        What the outcomes are; where not given, what the recipe is for.
    classes : sequence of str
        Of several classes: the names of the codes that the outcomes are.
    weight : str, optional
        The column of a plain frame that says what a row weighs, from 0 to 1; rows of
        weight 0 are left out.
    parameters : mapping, optional
        Parameters of the estimator, such as an earlier search chose.
    search : bool, optional
        Whether the recipe's space is searched first; without it, where there is one
        and no `parameters` are given.

    Returns
    -------
    Candidate

    Raises
    ------
    NotEnoughData
        Too few labelled rows, or outcomes that are all alike.
    InputError
        A column is missing, a number is none, or a weight is not between 0 and 1.
    SettingsError
        The recipe cannot be fitted, or is for another task.

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
    rows = taught(
        frame,
        recipe,
        numeric=numeric,
        categorical=categorical,
        task=task,
        classes=classes,
        weight=weight,
        min_rows=min_rows,
    )
    made = recipe if parameters is None else recipe.tuned(parameters)
    told = None
    if search is None:
        search = bool(made.space(rows.numeric, rows.categorical))
    if search:
        found = search_space(
            made,
            rows.table,
            rows.truth,
            rows.numeric,
            rows.categorical,
            seed=seed,
            weights=rows.weights,
            gap=_gap(rows.facts),
            task=rows.facts["task"],
        )
        told, made = found.facts(), made.tuned(found.chosen)
    started = time.perf_counter()
    estimator, said = fit(
        made,
        rows.table,
        rows.truth,
        rows.numeric,
        rows.categorical,
        seed=seed,
        weights=rows.weights,
    )
    seconds = time.perf_counter() - started
    birth = {
        "recipe": recipe.name,
        "recipe_sha256": recipe.source_sha256,
        "seed": seed,
        "threshold": threshold,
        **rows.facts,
        "parameters": dict(made.parameters),
        "search": told,
        "packages": packages(estimator, recipe),
        "seconds": round(seconds, 3),
        "warnings": said,
    }
    return Candidate(estimator, birth)


def taught(
    frame: pd.DataFrame | Material,
    recipe: Recipe,
    *,
    numeric: Sequence[str],
    categorical: Sequence[str],
    task: str | None = None,
    classes: Sequence[str] = (),
    weight: str | None = None,
    min_rows: int = MIN_ROWS,
    columns: Mapping[str, Sequence[str]] | None = None,
) -> Taught:
    """Make rows ready to be fitted: known, in order, shaped and weighed.

    Parameters and errors are those of `train`; `columns` are those that the recipe's
    `features` gave before, where the rows are for an estimator that knows them.
    """
    import numpy as np

    table, weights, sources, told = _parts(frame, weight)
    if "outcome" not in table:
        raise InputError("the training rows have no column 'outcome'; join them first")
    there = table["outcome"].notna().to_numpy() & (weights > 0)
    place = in_order(_keys(table).loc[there]).index.to_numpy()
    known, weights, sources = table.iloc[place], weights[place], sources[place]
    seen = features(known, numeric=numeric, categorical=categorical)
    shaped, numbers, texts = seen, list(numeric), list(categorical)
    if len(seen):
        shaped, numbers, texts = prepared(recipe, seen, numeric, categorical)
    if columns is not None and recipe.prepares:
        shaped = reshaped(recipe, seen, columns)
        numbers, texts = list(columns["numeric"]), list(columns["categorical"])
    task = _task(recipe, numbers, texts, task)
    truth = known["outcome"].to_numpy(dtype=float)
    named: dict[str, Any] = {}
    if task == "multiclass":
        truth, names = coded(truth, classes)
        named = {"classes": names}
    else:
        truth = outcomes(truth) if task == "binary" else amounts(truth)
    check_enough(truth, min_rows=min_rows, worth=float(weights.sum()))
    made = {"numeric": numbers, "categorical": texts} if recipe.prepares else None
    spoken = sources != OUTCOME
    times = known.get("time")
    ends = [None, None]
    if times is not None and not spoken.all():
        ends = [times[~spoken].min().isoformat(), times[~spoken].max().isoformat()]
    facts = {
        "task": task,
        "rows": len(known),
        "positives": int(truth.sum()) if task == "binary" else None,
        **named,
        "unlabelled": int(table["outcome"].isna().sum()),
        "trained_from": ends[0],
        "trained_to": ends[1],
        "people_to": None if told is None else told.get("people_to"),
        "features": {"numeric": list(numeric), "categorical": list(categorical)},
        "prepared": made,
        "missing": {
            str(name): round(float(share), 6)
            for name, share in seen.isna().mean().items()
        },
        "material": told,
        "data_sha256": digest(seen, truth, weights),
    }
    return Taught(shaped, truth, np.asarray(weights), numbers, texts, facts)


def _task(
    recipe: Recipe, numeric: list[str], categorical: list[str], asked: str | None
) -> str:
    """What the recipe is for, when that is what was asked."""
    amount = regresses(recipe.build(numeric, categorical, seed=0))
    task = "regression" if amount else "binary"
    if asked == "multiclass" and not amount:
        return asked
    if asked is not None and asked != task:
        kind = "regressor" if amount else "classifier"
        raise SettingsError(
            f"recipe {recipe.name!r} makes a {kind}, which is for the task {task!r}, "
            f"not for {asked!r}; choose another recipe"
        )
    return task


def _gap(facts: Mapping[str, Any]) -> int:
    """How many rows come in while an outcome is waited for, as far as is known."""
    told, ends = facts["material"], (facts["trained_from"], facts["trained_to"])
    if told is None or None in ends:
        return 0
    first, last = map(datetime.fromisoformat, ends)
    lived = (last - first).total_seconds()
    return round(told["outcomes"] * told["delay_seconds"] / lived) if lived > 0 else 0


def _parts(
    frame: pd.DataFrame | Material, weight: str | None
) -> tuple[pd.DataFrame, np.ndarray, np.ndarray, dict[str, Any] | None]:
    """Rows, what each weighs, where its outcome comes from, and what was asked for."""
    import numpy as np

    if isinstance(frame, Material):
        return frame.table, frame.weights, frame.sources, frame.facts()
    weights = np.ones(len(frame))
    if weight is not None:
        if weight not in frame:
            raise InputError(
                f"the training rows have no column {weight!r}, which was to say what "
                "they weigh; add it, or leave weight out"
            )
        weights = checked(frame[weight].to_numpy(dtype=float, na_value=np.nan))
    return frame, weights, np.full(len(frame), OUTCOME, dtype=object), None


def _keys(table: pd.DataFrame) -> pd.DataFrame:
    """What rows are ordered by, numbered as they come."""
    names = [name for name in ("time", "id", "outcome") if name in table]
    return table[names].reset_index(drop=True)
