"""Whether the fits of a back-test are worth their price now, where they have one."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

from lifecycle import decision
from lifecycle.workspace import pricing

if TYPE_CHECKING:
    from lifecycle import training
    from lifecycle.workspace.view import View

__all__ = ["asked"]


def asked(view: View, unfitted: training.Backtest) -> decision.Asking:
    """With which fits to ask for a ruling now, or when.

    Parameters
    ----------
    view : View
    unfitted : Backtest
        Without new fits: it knows how the loss has moved, and what is kept.
    """
    model = view.settings
    return decision.ask(
        unfitted,
        costs=replace(pricing.prices(view), error=unfitted.error),
        rows_per_week=pricing.rows_per_week(view),
        recipes=[model.recipe, *model.rebuild],
        spans=[span or None for span in model.release.spans],
        windows=model.renewal.windows,
        weeks_since=_weeks_since(view),
        horizon_weeks=model.costs.horizon_weeks,
        currency=view.currency,
    )


def _weeks_since(view: View) -> float | None:
    """How long ago a ruling made fits."""
    looks = [
        renewal.as_of
        for renewal in view.registry.renewals(view.name)
        if renewal.as_of < view.as_of
        and (renewal.ruling.get("spent") or {}).get("fits")
    ]
    return (view.as_of - max(looks)) / timedelta(weeks=1) if looks else None
