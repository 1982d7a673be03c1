"""Going on from the champion: a candidate that knows what it knew, and newer rows."""

from __future__ import annotations

import copy
import time
import warnings
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from lifecycle.errors import SettingsError
from lifecycle.recipes import Recipe
from lifecycle.training import learning
from lifecycle.training.fitting import MIN_ROWS, Candidate, Taught, taught
from lifecycle.training.gathering import Material

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    from sklearn.base import BaseEstimator

__all__ = ["continued", "go_on"]

_SHARE = 0.25  # of the recipe's trees are added
_TIMES = 3  # the most boosted trees, as a multiple of the recipe's
_FORESTS = (
    "RandomForestClassifier",
    "RandomForestRegressor",
    "ExtraTreesClassifier",
    "ExtraTreesRegressor",
)
_BOOSTED = ("GradientBoostingClassifier", "GradientBoostingRegressor")
_BINNED = ("HistGradientBoostingClassifier", "HistGradientBoostingRegressor")


def go_on(
    champion: BaseEstimator,
    frame: pd.DataFrame | Material,
    recipe: Recipe,
    *,
    numeric: Sequence[str],
    categorical: Sequence[str],
    seed: int,
    parent: int | str,
    more: int | None = None,
    cap: int | None = None,
    threshold: float = 0.5,
    min_rows: int = MIN_ROWS,
    weight: str | None = None,
    prepared: Mapping[str, Sequence[str]] | None = None,
) -> Candidate:
    r"""Make a candidate by going on from the champion with newer rows.

    Whatever prepares the rows for the last step stays as it was fitted. A last step
    with `partial_fit` takes the new rows once; boosted trees get more trees, fitted to
    what the champion gets wrong on the new rows; forests get trees grown on them, and
    the oldest go. The champion itself is not touched.

    Parameters
    ----------
    champion : fitted estimator
        As `train` or the registry gave it.
    frame : DataFrame or Material
        The new rows, as `train` takes them.
    recipe : Recipe
        The champion's.
    numeric, categorical : sequence of str
        The columns the champion was trained on.
    seed : int
        The only source of chance.
    parent : int or str
        The champion's number, for the record.
    more : int, optional
        So many trees are added; a quarter of the recipe's where not given.
    cap : int, optional
        The most trees there may be: beyond it boosted trees are refused, and a forest
        loses its oldest. Where not given three times the recipe's number for boosted
        trees, and that number itself for a forest.
    threshold, min_rows, weight
        As in `train`.
    prepared : mapping, optional
        `prepared` of the champion's birth record: the columns its recipe's `features`
        gave.

    Returns
    -------
    Candidate
        Its birth record has `parent` and `going_on` (`how`, `more`, `cap`, `trees`)
        besides; `parameters` are the recipe's, and `trained_from` and `trained_to` are
        of the new rows.

    Raises
    ------
    SettingsError
        The champion cannot go on, or has as many trees as it may: fit it anew
        ("refit").
    NotEnoughData, InputError
        As in `train`.

    Notes
    -----
    With :math:`F` the champion's score before the link, a boosted candidate is
    :math:`F + \sum_k \eta f_k`, each :math:`f_k` grown on the gradient of the loss on
    the new rows at what is there already: boosting, with the champion as its start.
    Trees that bin their inputs keep the champion's bins.

    References
    ----------
    J. Friedman, "Greedy function approximation: a gradient boosting machine", Annals
    of Statistics 29 (2001).

    Examples
    --------
    >>> import pandas as pd
    >>> from lifecycle import recipes, training
    >>> visits = pd.Series(range(60), dtype=float)
    >>> frame = pd.DataFrame({"visits": visits, "outcome": (visits > 30).astype(float)})
    >>> trees, names = recipes.load("extra_trees"), {"numeric": ["visits"]}
    >>> first = training.train(frame, trees, **names, categorical=[], seed=1)
    >>> second = training.go_on(
    ...     first.estimator, frame, trees, **names, categorical=[], seed=1, parent=1
    ... )
    >>> second.birth["going_on"]
    {'how': 'trees', 'more': 20, 'cap': 80, 'trees': 80}
    """
    rows = taught(
        frame,
        recipe,
        numeric=numeric,
        categorical=categorical,
        weight=weight,
        min_rows=min_rows,
        columns=prepared,
    )
    step = _last(champion)
    usual = _size(_last(recipe.build(rows.numeric, rows.categorical, seed=seed)))
    if usual is not None:
        more = max(1, round(_SHARE * usual)) if more is None else more
        times = 1 if type(step).__name__ in _FORESTS else _TIMES
        cap = times * usual if cap is None else cap
    started = time.perf_counter()
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        estimator = continued(champion, rows, more=more, cap=cap, seed=seed)
    seconds = time.perf_counter() - started
    told = {
        "how": "partial_fit" if hasattr(step, "partial_fit") else "trees",
        "more": more,
        "cap": cap,
        "trees": _size(_last(estimator)),
    }
    birth = {
        "recipe": recipe.name,
        "recipe_sha256": recipe.source_sha256,
        "seed": seed,
        "threshold": threshold,
        **rows.facts,
        "parameters": dict(recipe.parameters),
        "search": None,
        "parent": parent,
        "going_on": told,
        "packages": learning.packages(estimator, recipe),
        "seconds": round(seconds, 3),
        "warnings": sorted({str(warning.message) for warning in caught}),
    }
    return Candidate(estimator, birth)


def continued(
    champion: BaseEstimator,
    rows: Taught,
    *,
    more: int | None,
    cap: int | None,
    seed: int,
) -> BaseEstimator:
    """A copy of the champion that has gone on with the rows."""
    fresh = copy.deepcopy(champion)
    step, table = fresh, rows.table
    with learning.one_thread():
        while hasattr(step, "steps"):
            if len(step.steps) > 1:
                table = step[:-1].transform(table)
            step = step.steps[-1][1]
        weights, truth = rows.weights, rows.truth
        given: dict[str, Any] = {}
        if (weights != 1).any():
            name = learning.taker(step)
            if name is None:
                kept = learning.thinned(weights, seed=seed).nonzero()[0]
                table, truth = _take(table, kept), truth[kept]
            else:
                given[name] = weights
        chance = [seed, int(rows.facts["data_sha256"][:8], 16)]
        _go(step, table, truth, given, more=more, cap=cap, chance=chance)
    return fresh


def _go(
    step: Any,
    table: Any,
    truth: np.ndarray,
    given: dict[str, Any],
    *,
    more: int | None,
    cap: int | None,
    chance: list[int],
) -> None:
    """Let the last step go on where it is."""
    kind = type(step).__name__
    try:
        if hasattr(step, "partial_fit"):
            step.partial_fit(table, truth, **given)
            return
        if kind not in (*_FORESTS, *_BOOSTED, *_BINNED):
            raise SettingsError(
                f"{kind} cannot go on from where it is: it has no partial_fit and adds "
                'no trees; set renewal.continuous to "refit"'
            )
        size, most = _size(step) or 0, cap or 0
        left = size if kind not in _FORESTS else min(size, most - (more or 0))
        if more is None or more < 1 or left < 0 or left + more > most:
            raise SettingsError(
                f"the champion has {size} trees and may have {most}, {more} more are "
                'too many; fit it anew once: renewal.continuous = "refit"'
            )
        if kind in _FORESTS:
            _more_grown(step, table, truth, given, more, left, chance)
        elif kind in _BINNED:
            _more_binned(step, table, truth, given, size + more)
        else:
            step.set_params(warm_start=True, n_estimators=size + more)
            step.fit(table, truth, **given)
            step.set_params(warm_start=False)
    except (ValueError, TypeError) as error:
        raise SettingsError(
            f"{kind} could not go on with {len(truth)} rows: "
            f"{' '.join(str(error).split())[:300]}; set renewal.continuous to "
            '"refit"'
        ) from error


def _more_grown(
    step: Any,
    table: Any,
    truth: np.ndarray,
    given: dict[str, Any],
    more: int,
    left: int,
    chance: list[int],
) -> None:
    """Grow trees on the new rows, and leave so many of the old ones, the newest.

    The new ones draw their own chance: with the recipe's they would draw that of the
    trees that came the last time.
    """
    import numpy as np

    own, size = step.random_state, len(step.estimators_)
    drawn = int(np.random.SeedSequence(chance).generate_state(1)[0])
    step.set_params(warm_start=True, n_estimators=size + more, random_state=drawn)
    step.fit(table, truth, **given)
    del step.estimators_[: size - left]
    step.set_params(warm_start=False, n_estimators=left + more, random_state=own)


def _more_binned(
    step: Any, table: Any, truth: np.ndarray, given: dict[str, Any], trees: int
) -> None:
    """Add trees that read the bins of the first fit.

    A warm start cuts new bins from the rows it is given, and the trees that are there
    already would read those for their own: their errors on the new rows, which the next
    trees learn, would be wrong.
    """
    import numpy as np

    if getattr(step, "is_categorical_", None) is not None:
        raise SettingsError(
            f"{type(step).__name__} with categories of its own cannot go on: new rows "
            'would number them anew; set renewal.continuous to "refit"'
        )
    bins = getattr(step, "_bin_mapper", None)

    def binned(X: np.ndarray, *_: object, is_training_data: bool) -> np.ndarray:
        step._bin_mapper = bins
        order = np.asfortranarray if is_training_data else np.ascontiguousarray
        return order(step._bin_mapper.transform(X))

    before = step.get_params()
    step.set_params(warm_start=True, max_iter=trees, early_stopping=False)
    step._bin_data = binned
    try:
        step.fit(table, truth, **given)
    finally:
        del step._bin_data
    if bins is None or step._bin_mapper is not bins:
        raise SettingsError(
            f"{type(step).__name__} of this scikit-learn cuts its bins in a way that "
            'is not known here; set renewal.continuous to "refit"'
        )
    step.set_params(warm_start=False, early_stopping=before["early_stopping"])


def _last(estimator: Any) -> Any:
    """The last step of a pipeline, however deep."""
    while hasattr(estimator, "steps"):
        estimator = estimator.steps[-1][1]
    return estimator


def _size(step: Any) -> int | None:
    """How many trees there are, or are asked for; `None` where there are none."""
    kind = type(step).__name__
    if kind in _BINNED:
        return int(getattr(step, "n_iter_", step.max_iter))
    if kind in (*_FORESTS, *_BOOSTED):
        return len(getattr(step, "estimators_", range(step.n_estimators)))
    return None


def _take(table: Any, kept: np.ndarray) -> Any:
    return table.iloc[kept] if hasattr(table, "iloc") else table[kept]
