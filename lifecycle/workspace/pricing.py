"""What errors and actions of a model cost, and how many rows a week bear it."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

from lifecycle import decision, tasks
from lifecycle.workspace import saying

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

    from lifecycle.workspace.rows import Rows

__all__ = ["error_costs", "losses", "policy", "prices", "rows_per_week"]

WEEKS = {"day": 1 / 7, "week": 1.0, "month": 30.4375 / 7}


def prices(view: Rows) -> decision.Costs:
    """What the actions and a fit cost, by the settings."""
    costs = view.settings.costs
    return decision.Costs(
        retrain=costs.retrain,
        rebuild=costs.rebuild,
        roll_back=costs.roll_back,
        recalibrate=costs.recalibrate,
        fit=costs.fit,
    )


def policy(view: Rows) -> decision.Policy:
    """With which probability an action must pay, by the settings."""
    asked, usual = view.settings.renewal.certainty, decision.Policy()
    return replace(
        usual,
        probability=asked,
        unearned_probability=max(asked, usual.unearned_probability),
    )


def losses(view: Rows, rows: pd.DataFrame, *, scale: float = 1.0) -> np.ndarray:
    """What was lost by each prediction: the dearer error is 1, `nan` is unknown.

    Of amounts a loss of 1 is an error as large as the back-test's scale.
    """
    import numpy as np

    if view.task.name == "multiclass":
        known = rows["prediction"].notna().to_numpy()
        codes = saying.coded(rows["prediction"], view.classes)
        raw = np.where(known, tasks.pack(codes, rows["score"]), np.nan)
        return saying.losses(view, saying.coded(rows["outcome"], view.classes), raw)
    costs = view.settings.costs
    truth = rows["outcome"].to_numpy(dtype=float)
    guess = rows["prediction"].to_numpy(dtype=float)
    if view.task.name == "regression":
        return np.asarray(np.abs(guess - truth) / scale)
    dearest = max(costs.false_positive, costs.false_negative)
    wrong = np.where(guess == 1, costs.false_positive, costs.false_negative) / dearest
    loss = np.where(guess == truth, 0.0, wrong)
    loss[np.isnan(truth) | np.isnan(guess)] = np.nan
    return loss


def error_costs(view: Rows) -> dict[str, float]:
    """What errors cost, each kind by its name, in the workspace's currency."""
    costs = view.settings.costs
    if view.task.name == "regression":
        return {"per_unit": costs.per_unit}
    if view.task.name == "multiclass":
        given = costs.handed_over
        handed = {} if given is None else {"handed_over": given}
        return {"wrong": costs.wrong, **handed}
    return {
        "false_positive": costs.false_positive,
        "false_negative": costs.false_negative,
    }


def rows_per_week(view: Rows) -> float:
    """How many predictions a week the model serves, by its newest chunks."""
    newest = view.recent(view.scored, 8)
    if newest.empty:
        return 0.0
    lived = (view.as_of - newest["time"].min()) / timedelta(weeks=1)
    return float(len(newest) / min(max(lived, 1.0), 8 * WEEKS[view.settings.chunk]))
