"""The findings of a ruling: one an action, the one to take an alert."""

from __future__ import annotations

import math
from collections.abc import Sequence

from lifecycle.decision.value import Option, Policy
from lifecycle.findings import Finding, Verdict

__all__ = ["by_action"]

_ACTIONS = ("recalibrate", "retrain", "rebuild", "roll_back")


def by_action(
    best: Option | None,
    options: Sequence[Option],
    told: Policy,
    currency: str,
    tested: int,
    undefined: bool,
) -> tuple[Finding, ...]:
    """One finding an action: keep, then the best option of each other."""
    quiet: Verdict = "undefined" if undefined else "quiet"
    keep = Finding(
        "net_value",
        math.nan if undefined else 0.0,
        tested,
        verdict=quiet,
        subject="keep",
        unit=currency,
    )
    rows = [keep]
    for action in _ACTIONS:
        own = [option for option in options if option.action == action]
        if not own:
            continue
        shown = best if best is not None and best in own else own[0]
        rows.append(
            Finding(
                "net_value",
                shown.net,
                shown.n,
                shown.lower,
                shown.upper,
                threshold=told.margin * shown.price,
                verdict="alert" if shown is best else quiet,
                subject=action,
                unit=currency,
            )
        )
    return tuple(rows)
