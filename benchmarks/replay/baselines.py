"""The policies that others use: an alarm or a calendar, and then a retraining.

They have retraining only, as published. The span is the middle one or, with a star, the
one whose fresh models were best in the newest four windows with outcomes. An alarm
looks at what is known: outcomes of windows up to t - 2, inputs up to t - 1; one on
errors waits for the first window of its own of what serves.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from benchmarks.replay.course import Ground, Path, Play, Prices, play
from benchmarks.replay.detectors import Adwin, page_hinkley, stability

__all__ = ["BASELINES", "baseline"]

MIDDLE, NEWEST = 1, 4
HORIZON = 12


Alarm = Callable[[Play], bool]


def _span(state: Play, star: bool) -> int:
    if not star:
        return MIDDLE
    ground, means = state.ground, ground_means(state.ground)
    recipe = ground.recipe(state.deployed)
    scores = []
    for span in range(len(ground.cube.spans)):
        windows = range(max(state.step - 1 - NEWEST, 3), state.step - 1)
        models = [ground.cube.grid[0, w, recipe, span] for w in windows]
        own = [means[m, w] for m, w in zip(models, windows, strict=True) if m >= 0]
        state.fits += 1
        scores.append(np.nanmean(own) if np.isfinite(own).any() else np.inf)
    return int(np.argmin(scores))


def ground_means(ground: Ground) -> np.ndarray:
    means: np.ndarray = ground.cube.known_mean
    return means


def baseline(
    alarm: Callable[[], Alarm], *, star: bool
) -> Callable[[Ground, Prices], Path]:
    """A policy that retrains whenever a fresh alarm says so."""

    def policy(ground: Ground, told: Prices) -> Path:
        sounds = alarm()

        def move(state: Play) -> None:
            if not sounds(state):
                return
            recipe = ground.recipe(state.deployed)
            model = int(ground.cube.grid[0, state.step, recipe, _span(state, star)])
            if model >= 0 and model != state.deployed:
                state.move("retrain", model)

        return play(ground, told, move)

    return policy


# ---------------------------------------------------------------- alarms


def never() -> Alarm:
    return lambda state: False


def every(windows: int) -> Callable[[], Alarm]:
    return lambda: (
        lambda state: (
            state.step > state.ground.first
            and (state.step - state.ground.first) % windows == 0
        )
    )


def _own(state: Play) -> bool:
    """Whether what serves has a window of its own with outcomes."""
    return state.step - 2 >= state.since


def _level(state: Play, losses: np.ndarray) -> float:
    """Errors a row, or the loss itself where outcomes are numbers."""
    if not len(losses):
        return float("nan")
    task = state.ground.cube.task
    return float(losses.mean() if task == "regression" else (losses > 0).mean())


def _newest(state: Play) -> float:
    return _level(state, state.losses(state.deployed, state.step - 2))


def _reference(state: Play) -> float:
    """Its level in its first window of its own."""
    ground = state.ground
    found = ground.known(state.deployed)[ground.rows[state.since]]
    return _level(state, found[np.isfinite(found)])


def below() -> Alarm:
    """Accuracy under 70%; for numbers, a loss a 0.7th of that of the first window."""

    def alarm(state: Play) -> bool:
        if not _own(state):
            return False
        if state.ground.cube.task == "regression":
            return _newest(state) > _reference(state) / 0.7
        return _newest(state) > 0.3

    return lambda state: alarm(state)


def drop() -> Alarm:
    """Five points worse than in its first window."""
    return lambda state: _own(state) and _newest(state) > _reference(state) + 0.05


def adwin() -> Alarm:
    kept: dict[int, tuple[Adwin, int]] = {}

    def alarm(state: Play) -> bool:
        if not _own(state):
            return False
        detector, seen = kept.setdefault(state.since, (Adwin(), state.since))
        found = detector.rises(_errors(state, state.losses(state.deployed, seen)))
        kept[state.since] = detector, state.step - 1
        return found

    return alarm


def hinkley() -> Alarm:
    def alarm(state: Play) -> bool:
        own = state.losses(state.deployed, state.since) if _own(state) else np.array([])
        return page_hinkley(_errors(state, own))

    return alarm


def _errors(state: Play, losses: np.ndarray) -> np.ndarray:
    numbers = state.ground.cube.task == "regression"
    return losses if numbers else (losses > 0).astype(float)


def psi(share: float) -> Callable[[], Alarm]:
    """The index above 0.2 in more than a share of the features."""

    def alarm(state: Play) -> bool:
        cube, ground = state.ground.cube, state.ground
        trained = ground.since(ground.parent(state.deployed)) - 2
        span = cube.spans[ground.span(state.deployed)]
        oldest = 0 if span == 0 else max(trained - span + 1, 0)
        before = slice(ground.rows[oldest].start, ground.rows[trained].stop)
        found = stability(
            cube.features[before],
            cube.features[ground.rows[state.step - 1]],
            cube.categorical,
        )
        moved = (found > 0.2).mean()
        return bool(moved > 0 if share == 0 else moved >= share)

    return lambda: alarm


def cara() -> Alarm:
    """Retrain when the losses above the level at its training add up to the price."""

    def alarm(state: Play) -> bool:
        if not _own(state):
            return False
        means = [
            state.ground.known(state.deployed)[state.ground.rows[window]]
            for window in range(state.since, state.step - 1)
        ]
        levels = np.array(
            [np.nanmean(m) if np.isfinite(m).any() else np.nan for m in means]
        )
        above = np.nansum(levels - levels[0])
        return bool(above > state.told.retrain)

    return alarm


def upf() -> Alarm:
    """Forecast of losses by age with its spread, and a quantile of what is saved.

    Losses of fresh models are regressed on their age and on time; a retraining must
    save its price over the horizon with 90%.
    """

    def alarm(state: Play) -> bool:
        ground, means = state.ground, ground_means(state.ground)
        recipe, newest = ground.recipe(state.deployed), state.step - 2
        rows, seen = [], []
        for step in range(3, newest + 1):
            model = ground.cube.grid[0, step, recipe, MIDDLE]
            if model < 0:
                continue
            for window in range(step, newest + 1):
                if np.isfinite(means[model, window]):
                    rows.append([1.0, window - step, window])
                    seen.append(means[model, window])
        if len(rows) < 10:
            return False
        x, y = np.array(rows), np.array(seen)
        bend = x.T @ x + np.diag([0.0, 1.0, 1.0])
        found = np.linalg.lstsq(bend, x.T @ y, rcond=None)[0]
        spread = float(np.std(y - x @ found))
        served = state.step - ground.since(ground.parent(state.deployed))
        own = [
            np.nanmean(ground.known(state.deployed)[ground.rows[window]])
            for window in range(max(state.since, newest - 2), newest + 1)
        ]
        now = float(np.nanmean(own)) if len(own) else float(found @ [1, served, newest])
        saved = now - float(found @ [1.0, 0.0, state.step])
        return bool(HORIZON * saved - 1.28 * spread * HORIZON**0.5 > state.told.retrain)

    return alarm


_ALARMS: dict[str, Callable[[], Alarm]] = {
    "every 1": every(1),
    "every 2": every(2),
    "every 4": every(4),
    "every 8": every(8),
    "below 70%": below,
    "drop of five points": drop,
    "ADWIN": adwin,
    "Page-Hinkley": hinkley,
    "PSI any": psi(0.0),
    "PSI a fifth": psi(0.2),
    "CARA-like": cara,
    "UPF-like": upf,
}
BASELINES: dict[str, Callable[[Ground, Prices], Path]] = {
    "never": baseline(never, star=False),
    **{
        name + "*" * star: baseline(alarm, star=bool(star))
        for name, alarm in _ALARMS.items()
        for star in (0, 1)
    },
}
