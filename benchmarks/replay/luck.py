"""How much of the optimum in hindsight is luck: chosen on one half, paid on the other.

Whoever knows the future also knows its noise. A course that was best for one half of
each window's rows costs more on the other half; by about so much even the best policy
must miss the optimum.
"""

from __future__ import annotations

from dataclasses import fields, replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np

    from benchmarks.replay.course import Ground, Prices
    from benchmarks.replay.cube import Cube

__all__ = ["halves", "luck"]


def halves(cube: Cube) -> tuple[Cube, Cube]:
    """The even and the odd rows of every window, as cubes of the same models."""
    import numpy as np

    within = np.arange(len(cube.window)) - cube.edges[cube.window]
    return _part(cube, within % 2 == 0), _part(cube, within % 2 == 1)


def luck(cube: Cube, told: Prices) -> float:
    """Cost of the best course of one half on the other, over that on its own.

    Parameters
    ----------
    cube : Cube
    told : Prices

    Returns
    -------
    float
        1 where nothing is luck; a little too much, since half of the rows are noisier
        than all of them.
    """
    from benchmarks.replay.course import Ground
    from benchmarks.replay.optimum import optimum

    one, other = (Ground(part) for part in halves(cube))
    paid = least = 0.0
    for chosen, billed in ((one, other), (other, one)):
        cost, actions = optimum(chosen.cube, told, ground=chosen)
        least += cost
        paid += _paid(chosen, billed, actions, told)
    return paid / least


def _paid(
    chosen: Ground, billed: Ground, actions: list[tuple[int, str, int]], told: Prices
) -> float:
    """The same course on other rows; what was mended is mended by these."""
    at = {step: (name, model) for step, name, model in actions}
    serving, cost = billed.initial, 0.0
    for step in range(billed.first, billed.windows):
        if step in at:
            name, model = at[step]
            cost += float(getattr(told, name))
            serving = model
            if model >= chosen.models:
                parent = chosen.parent(model)
                mended = billed.mended(parent, chosen.since(model))
                serving = parent if mended is None else mended
        cost += float(billed.true(serving)[step])
    return cost


def _part(cube: Cube, rows: np.ndarray) -> Cube:
    changed = {}
    for each in fields(cube):
        value = getattr(cube, each.name)
        if each.name in ("row_loss", "true_loss", "score") and value is not None:
            changed[each.name] = value[:, rows]
        elif each.name in ("window", "truth", "known", "features"):
            changed[each.name] = value[rows]
    return replace(cube, **changed)
