"""How much each feature weighs: what the model makes of it."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping

from lifecycle.findings import Findings

__all__: list[str] = []


def weigh(
    importance: Mapping[str, float] | Findings | None, names: Iterable[str]
) -> dict[str, float]:
    """A weight for every feature, 0 for those of no importance.

    Of findings a feature whose interval does not reach above 0 weighs nothing, and one
    whose interval does, but whose value does not, as much as the upper end. What is
    not named, or undefined, weighs 1.
    """
    if importance is None:
        return dict.fromkeys(names, 1.0)
    if isinstance(importance, Findings):
        given = {row.subject: _weight(row.value, row.upper) for row in importance}
    else:
        given = {str(name): float(value) for name, value in importance.items()}
    weights = {}
    for name in names:
        weight = given.get(str(name), 1.0)
        weights[name] = 1.0 if math.isnan(weight) else max(0.0, weight)
    return weights


def _weight(value: float, upper: float) -> float:
    end = value if math.isnan(upper) else upper
    if math.isnan(value) or end <= 0:
        return value if math.isnan(value) else 0.0
    return value if value > 0 else end
