"""What acting has earned a model so far, against never having acted."""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from lifecycle import decision, errors, registry, tasks
from lifecycle.training import recalibrating
from lifecycle.workspace import pricing, saying

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import pandas as pd

    from lifecycle.workspace.rows import Rows

__all__ = ["balance", "first"]

_MOST_ROWS = 50_000  # scored by the first version; of more every so manieth


def balance(view: Rows) -> float | None:
    """The first version's bill since it went live, less the bill there was, and prices.

    Both on the rows that were served and whose outcome is known; the first version
    scores them in shadow. `None` where nothing has been served, or the first version
    cannot be loaded any more.
    """
    ledger = view.registry.ledger(view.name)
    started = _first(view, ledger)
    if started is None:
        return None
    number, began = started
    rows = view.mature
    rows = rows[(rows["time"] >= began) & rows["prediction"].notna()]
    if rows.empty:
        return None
    every = -(-len(rows) // _MOST_ROWS)
    rows = rows.iloc[::every]
    version = view.registry.version(view.name, number)
    try:
        said = saying.common(view, version, rows)
    except (errors.ArtefactError, errors.SettingsError):
        return None
    if view.task.name != "binary":
        return _of_other_tasks(view, ledger, rows, said, every)
    truth = rows["outcome"].to_numpy(dtype=float)
    never, served = (
        every * float(_bill(truth, yes, view.settings.costs.model_dump()).sum())
        for yes in (
            said >= version.threshold,
            rows["prediction"].to_numpy(dtype=float) == 1,
        )
    )
    return decision.reserve(never, served, _paid(view, ledger))


def _of_other_tasks(
    view: Rows,
    ledger: Sequence[registry.Entry],
    rows: pd.DataFrame,
    said: np.ndarray,
    every: int,
) -> float:
    """The same balance where an error is a wrong class, or so many units."""
    loss = tasks.Loss.priced(view.task.name, pricing.error_costs(view))
    truth = saying.coded(rows["outcome"], view.classes)
    guess = saying.coded(rows["prediction"], view.classes)
    if view.task.words:
        guess = tasks.pack(guess, rows["score"])
    never, served = (
        every * loss.error * float(loss.of(truth, each, view.settings.threshold).sum())
        for each in (said, guess)
    )
    return decision.reserve(never, served, _paid(view, ledger))


def first(view: Rows) -> int | None:
    """The version that went live first: never to have acted is to have kept it."""
    started = _first(view, view.registry.ledger(view.name))
    return None if started is None else started[0]


def _first(view: Rows, ledger: Sequence[registry.Entry]) -> tuple[int, object] | None:
    """The version that went live first, and when."""
    for entry in ledger:
        number = entry.after.get("production")
        if number is not None and entry.at <= view.as_of:
            return int(number), entry.at
    return None


def _bill(
    truth: np.ndarray, guess: npt.ArrayLike, costs: Mapping[str, float]
) -> np.ndarray:
    """What errors cost, a row."""
    import numpy as np

    yes = np.asarray(guess, dtype=bool)
    wrong = np.where(yes, costs["false_positive"], costs["false_negative"])
    return np.where(yes == (truth == 1), 0.0, wrong)


def _paid(view: Rows, ledger: Sequence[registry.Entry]) -> float:
    """The prices of what was done: a version pays once, when it first goes live."""
    costs, live, paid = view.settings.costs, set[int](), 0.0
    before: int | None = None
    version = functools.cache(functools.partial(view.registry.version, view.name))
    for entry in ledger:
        if entry.at > view.as_of:
            break
        for role in ("experimental", "production"):
            number = entry.after.get(role)
            if number is None or number == entry.before.get(role):
                continue
            if number not in live and before is not None:
                paid += _price(view, version(number), version(before))
            elif role == "production" and entry.before.get("experimental") != number:
                paid += costs.roll_back if before is not None else 0.0
            live.add(int(number))
        before = entry.after.get("production") or before
    return paid


def _price(view: Rows, version: registry.Version, champion: registry.Version) -> float:
    costs = view.settings.costs
    if version.recipe == recalibrating.NAME:
        return costs.recalibrate
    return (
        costs.retrain
        if version.recipe in (champion.recipe, view.settings.recipe)
        else (costs.rebuild)
    )
