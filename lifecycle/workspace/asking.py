"""Whether the fits of a back-test are worth their price now, where they have one."""

from __future__ import annotations

import math
from datetime import timedelta
from typing import TYPE_CHECKING

from lifecycle import decision
from lifecycle.workspace import pricing

if TYPE_CHECKING:
    import numpy as np

    from lifecycle.workspace.view import View

__all__ = ["asked"]

_FIRST = 4  # chunks of a version that say how good it was when new


def asked(view: View) -> decision.Asking | None:
    """With which fits to ask for a ruling now, or when; `None` where fits cost nothing.

    The loss of the newest chunks is held against that of the version's first ones. A
    look was taken when a ruling made fits.
    """
    model = view.settings
    if not model.costs.fit or view.production is None or view.live_since is None:
        return None
    rows = view.mature[view.mature["time"] >= view.live_since]
    loss, labels = pricing.losses(view, rows), view.chunks(rows)
    known = sorted(labels[~_missing(loss)].unique())
    newest = loss[labels.isin(known[-model.renewal.windows :])]
    first = loss[labels.isin(known[:_FIRST])]
    now, n = _mean(newest), int((~_missing(newest)).sum())
    before = _mean(first)
    return decision.ask(
        costs=pricing.prices(view),
        rows_per_week=pricing.rows_per_week(view),
        recipes=[model.recipe, *model.rebuild],
        spans=[span or None for span in model.release.spans],
        windows=model.renewal.windows,
        loss=now[0],
        loss_variance=now[1],
        reference=before[0],
        reference_variance=before[1],
        n=n,
        weeks_since=_weeks_since(view),
        horizon_weeks=model.costs.horizon_weeks,
        currency=view.currency,
    )


def _missing(values: np.ndarray) -> np.ndarray:
    import numpy as np

    return np.isnan(values)


def _mean(values: np.ndarray) -> tuple[float, float]:
    """Mean and variance of the mean of what is known."""
    known = values[~_missing(values)]
    if len(known) < 2:
        return math.nan, 0.0
    return float(known.mean()), float(known.var(ddof=1) / len(known))


def _weeks_since(view: View) -> float | None:
    """How long ago a ruling made fits."""
    looks = [
        renewal.as_of
        for renewal in view.registry.renewals(view.name)
        if renewal.as_of < view.as_of
        and (renewal.ruling.get("spent") or {}).get("fits")
    ]
    return (view.as_of - max(looks)) / timedelta(weeks=1) if looks else None
