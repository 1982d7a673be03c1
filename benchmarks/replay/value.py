"""The prototype's rule, as it was written down before ours: the one to beat.

Four windows weighted by age, gains shrunk by a fixed usual size, a persistence measured
from how the advantages of earlier fresh models lasted, a horizon of 12 windows; a
rebuild in two parts; roll back to the previous model only; no guard against bad data.
"""

from __future__ import annotations

import math
from statistics import NormalDist
from typing import TYPE_CHECKING

import numpy as np

from benchmarks.replay.course import Ground, Path, Prices, play

if TYPE_CHECKING:
    from benchmarks.replay.course import Play

__all__ = ["value"]

WINDOWS, DECAY, HORIZON = 4, 0.6, 12
TAU, TAU_RECIPE, FLOOR = 0.05, 0.02, 0.02
SURE, SURE_REBUILD, MARGIN, LEAST = 0.6, 0.8, 0.25, 0.005

Seen = list[tuple[float, float]]  # mean and variance of a window, the newest first


def value(ground: Ground, told: Prices) -> Path:
    """Play a stream by the prototype's rule."""
    previous: list[int] = []

    def move(state: Play) -> None:
        if state.step - 2 < state.since:
            return  # a model needs a window of its own first
        weeks = _weeks(_persistence(ground, state.step))
        found = [
            option
            for option in _options(state, weeks, previous)
            if option[0] > 0 and option[1] > option[2]
        ]
        state.fits += len(ground.cube.recipes) * len(ground.cube.spans)
        if found:
            _, _, _, name, model = max(found)
            previous[:] = [state.deployed]
            state.move(name, model)

    return play(ground, told, move)


def _options(
    state: Play, weeks: float, previous: list[int]
) -> list[tuple[float, float, float, str, int]]:
    """Net value, probability, the one needed, action and model."""
    ground, told, cube = state.ground, state.told, state.ground.cube
    own, found = ground.recipe(state.deployed), []
    for span in range(len(cube.spans)):
        stale = _pooled(_fresh(state, own, span, WINDOWS, state.deployed), DECAY, TAU)
        if stale is None:
            continue
        for recipe in range(len(cube.recipes)):
            model = int(cube.grid[0, state.step, recipe, span])
            gain, spread = stale[0] * weeks, stale[1] * weeks**2
            name, price, sure = "retrain", told.retrain, SURE
            if recipe != own:
                seen = _fresh(state, recipe, span, 10, None)
                better = _pooled(seen, 1.0, TAU_RECIPE)
                if better is None:
                    continue
                gain += better[0] * HORIZON
                spread += better[1] * HORIZON**2
                name, price, sure = "rebuild", told.rebuild, SURE_REBUILD
            if model >= 0 and gain > LEAST * weeks:
                pays = _pays(gain, spread, price)
                found.append((gain - price, pays, sure, name, model))
    for model in previous:
        mean, variance = ground.paired(model, state.deployed)
        windows = range(state.step - 2, max(state.since, state.step - 2 - WINDOWS), -1)
        stale = _pooled([(mean[w], variance[w]) for w in windows], DECAY, TAU)
        if stale is not None and stale[0] > LEAST:
            gain = stale[0] * weeks
            pays = _pays(gain, stale[1] * weeks**2, told.roll_back)
            found.append((gain - told.roll_back, pays, SURE, "roll_back", model))
    return found


def _fresh(state: Play, recipe: int, span: int, windows: int, base: int | None) -> Seen:
    """Fresh models on the windows they were made for, against what serves or own."""
    ground, cube, found = state.ground, state.ground.cube, []
    oldest = max(state.step - 1 - windows, 3, 0 if base is None else state.since)
    for window in range(state.step - 2, oldest - 1, -1):
        model = int(cube.grid[0, window, recipe, span])
        own = int(cube.grid[0, window, ground.recipe(state.deployed), span])
        against = own if base is None else base
        if model >= 0 and against >= 0:
            mean, variance = ground.paired(model, against)
            found.append((mean[window], variance[window]))
    return found


def _pooled(seen: Seen, decay: float, tau: float) -> tuple[float, float] | None:
    known = np.array([each for each in seen if math.isfinite(each[0] + each[1])])
    if not len(known):
        return None
    weights = decay ** np.arange(len(known))
    weights /= weights.sum()
    gain = float(weights @ known[:, 0])
    between = (np.sum((known[:, 0] - gain) ** 2) + FLOOR**2) / len(known)
    spread = float(weights**2 @ (known[:, 1] + between))
    shrink = tau**2 / (tau**2 + spread)
    return shrink * gain, shrink * spread


def _persistence(ground: Ground, step: int) -> float:
    """How much of an advantage over the first model is left after a window."""
    near, far, own = 0.0, 0.0, ground.recipe(ground.initial)
    for made in range(3, step - 3):
        for span in range(len(ground.cube.spans)):
            model = int(ground.cube.grid[0, made, own, span])
            if model < 0 or model == ground.initial:
                continue
            mean, _ = ground.paired(model, ground.initial)
            gains = mean[made : step - 1]
            ok = np.isfinite(gains)
            gains = np.where(ok, gains, 0.0)
            near += float(gains[:-2] @ gains[1:-1])
            far += float(gains[:-2] @ gains[2:])
    weight = 0.01  # as much as a few windows of ten points
    return min(max((far + 0.95 * weight) / (max(near, 0.0) + weight), 0.6), 0.99)


def _weeks(persistence: float) -> float:
    return (1 - persistence**HORIZON) / (1 - persistence)


def _pays(gain: float, spread: float, price: float) -> float:
    return NormalDist().cdf((gain - (1 + MARGIN) * price) / math.sqrt(spread))
