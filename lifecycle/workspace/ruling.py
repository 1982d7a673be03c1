"""What to do about a model: the back-test and the ruling, asked of a view."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from lifecycle import decision, registry, training

if TYPE_CHECKING:
    from lifecycle.workspace.view import View

__all__ = ["error_costs", "rows_per_week", "ruling"]

WEEKS = {"day": 1 / 7, "week": 1.0, "month": 30.4375 / 7}


def ruling(view: View) -> decision.Ruling:
    """What to do about a model, from a back-test on its newest labelled chunks."""
    model = view.settings
    deployed = _deployed(view)
    table = None
    if deployed:
        thresholds = {name: version.threshold for name, version in deployed.items()}
        trained_to = {
            name: version.trained_to
            for name, version in deployed.items()
            if version.trained_to is not None
        }
        table = training.backtest(
            view.mature,
            recipe=view.workspace.recipe(model.recipe),
            alternatives={name: view.workspace.recipe(name) for name in model.rebuild},
            deployed={
                name: view.estimator(version) for name, version in deployed.items()
            },
            numeric=model.features.numeric,
            categorical=model.features.categorical,
            as_of=view.as_of,
            delay=model.delay,
            chunk=model.chunk,
            timezone=view.timezone,
            spans=[span or None for span in model.release.spans],
            costs=error_costs(view),
            thresholds=thresholds,
            trained_to=trained_to,
            threshold=model.threshold,
            seed=model.seed,
        )
    return decision.rule(
        table,
        costs=decision.Costs(
            retrain=model.costs.retrain,
            rebuild=model.costs.rebuild,
            roll_back=model.costs.roll_back,
        ),
        rows_per_week=rows_per_week(view),
        horizon_weeks=model.costs.horizon_weeks,
        currency=view.currency,
    )


def _deployed(view: View) -> dict[str, registry.Version]:
    found: dict[str, registry.Version] = {}
    if view.production is not None:
        found["keep"] = view.production
        if view.previous is not None:
            found[f"roll_back {view.previous.number}"] = view.previous
    return found


def error_costs(view: View) -> dict[str, float]:
    """What a wrong yes and a wrong no cost, in the workspace's currency."""
    costs = view.settings.costs
    return {
        "false_positive": costs.false_positive,
        "false_negative": costs.false_negative,
    }


def rows_per_week(view: View) -> float:
    """How many predictions a week the model serves, by its newest chunks."""
    newest = view.recent(view.scored, 8)
    if newest.empty:
        return 0.0
    lived = (view.as_of - newest["time"].min()) / timedelta(weeks=1)
    return float(len(newest) / min(max(lived, 1.0), 8 * WEEKS[view.settings.chunk]))
