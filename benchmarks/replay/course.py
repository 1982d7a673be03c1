"""A course through a stream: which model served which window, what was done, the bill.

`Ground` is what a policy plays on: losses by row and by window, and what each action
costs. A model is an index into the cube; versions whose scores were mended are numbered
from behind the last one on, when they are first asked for.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from benchmarks.replay.cube import Cube

__all__ = ["Ground", "Path", "Play", "Prices", "bill", "play", "prices"]

MENDED_ROWS, LEAST_ROWS = 500, 50


@dataclass(frozen=True)
class Prices:
    """What the actions cost, in mean losses of a window."""

    retrain: float
    rebuild: float
    roll_back: float
    recalibrate: float
    fit: float = 0.0


def prices(retrain: float, *, times: float = 15, fit: float = 0.0) -> Prices:
    """A rebuild costs `times` a retrain, a roll-back a tenth, mending a fifth."""
    return Prices(retrain, times * retrain, 0.1 * retrain, 0.2 * retrain, fit * retrain)


@dataclass
class Path:
    """What a policy did: `deployed` and `loss` by window, actions, back-test fits.

    An action is (step, name, model); `loss` is the true mean loss that was paid.
    """

    deployed: np.ndarray
    loss: np.ndarray
    actions: list[tuple[int, str, int]] = field(default_factory=list)
    fits: int = 0
    fixes: list[int] = field(default_factory=list)  # steps ruled "fix the data"


class Ground:
    """Losses of a cube's models and of mended versions of them."""

    def __init__(self, cube: Cube) -> None:
        self.cube = cube
        self.first, self.windows = int(cube.first), int(cube.windows)
        self.models = len(cube.step)
        self.rows = [slice(a, b) for a, b in pairwise(cube.edges.tolist())]
        self.initial = int(cube.initial)
        self._losses: dict[int, np.ndarray] = {}
        self._true: dict[int, np.ndarray] = {}
        self._levels: dict[int, np.ndarray] = {}
        self._mended: dict[tuple[int, int], int] = {}
        self._source: list[tuple[int, int]] = []
        self._paired: dict[tuple[int, int], tuple[np.ndarray, np.ndarray]] = {}

    def parent(self, model: int) -> int:
        """The model that was trained, without what was mended later."""
        return model if model < self.models else self._source[model - self.models][0]

    def since(self, model: int) -> int:
        """The step at which it could first serve."""
        if model < self.models:
            return int(self.cube.step[model])
        return self._source[model - self.models][1]

    def recipe(self, model: int) -> int:
        """Index of the recipe a model, or the one it mends, was made by."""
        return int(self.cube.recipe[self.parent(model)])

    def span(self, model: int) -> int:
        """Index of the span it was trained on."""
        return int(self.cube.span[self.parent(model)])

    def price(self, told: Prices, deployed: int, model: int) -> float:
        """Of training `model` where `deployed` serves: another recipe is a rebuild."""
        same = self.recipe(deployed) == self.recipe(model)
        return told.retrain if same else told.rebuild

    def known(self, model: int) -> np.ndarray:
        """Loss of each row as recorded, `nan` where not known."""
        if model not in self._losses:
            self._losses[model] = self.cube.row_loss[model].astype(np.float32)
        return self._losses[model]

    def true(self, model: int) -> np.ndarray:
        """Mean true loss of each window: what is paid."""
        if model < self.models:
            return self.cube.true_mean[model]
        return self._true[model]

    def level(self, model: int) -> np.ndarray:
        """Mean known loss of each window, `nan` where nothing is known."""
        if model < self.models:
            return self.cube.known_mean[model]
        if model not in self._levels:
            means = _means(self.known(model), self.rows)
            seen = [np.isfinite(self.known(model)[rows]).any() for rows in self.rows]
            self._levels[model] = np.where(seen, means, np.nan)
        return self._levels[model]

    def mended(self, model: int, step: int) -> int | None:
        """`model` with its scores mended on the newest rows known at `step`."""
        cube, source = self.cube, self.parent(model)
        if cube.score is None:
            return None
        if (source, step) in self._mended:
            found = self._mended[source, step]
            return None if found < 0 else found
        start = self.rows[max(int(cube.step[source]) - 1, 0)].start
        stop = self.rows[step - 2].stop
        score = _logit(cube.score[source].astype(np.float64))
        sound = ~cube.fault[cube.window[start:stop]]
        usable = np.flatnonzero(
            sound & np.isfinite(score[start:stop]) & np.isfinite(cube.known[start:stop])
        )
        usable = usable[-MENDED_ROWS:] + start
        truth = cube.known[usable]
        if len(usable) < LEAST_ROWS or not 0 < truth.mean() < 1:
            self._mended[source, step] = -1
            return None
        intercept, slope = _logistic(score[usable], truth)
        wrong_no, wrong_yes = cube.costs
        odds = cube.threshold / (1 - cube.threshold)
        yes = intercept + slope * score >= np.log(odds)
        fresh = self.models + len(self._source)
        self._source.append((source, step))
        self._mended[source, step] = fresh
        for truth, kept in ((cube.known, self._losses), (cube.truth, None)):
            loss = np.where(truth == 1, wrong_no * ~yes, wrong_yes * yes)
            loss = np.where(np.isfinite(score) & np.isfinite(truth), loss, np.nan)
            if kept is None:
                self._true[fresh] = _means(loss, self.rows)
            else:
                kept[fresh] = loss.astype(np.float32)
        return fresh

    def paired(self, model: int, base: int) -> tuple[np.ndarray, np.ndarray]:
        """By window: mean of what `model` saves on `base`, and that mean's variance."""
        if (model, base) not in self._paired:
            gap = self.known(base) - self.known(model)
            ok = np.isfinite(gap)
            gap = np.where(ok, gap, 0.0).astype(np.float64)
            starts = [rows.start for rows in self.rows]
            count = np.add.reduceat(ok, starts, dtype=float)
            with np.errstate(invalid="ignore", divide="ignore"):
                mean = np.add.reduceat(gap, starts) / np.where(count > 1, count, np.nan)
                square = np.add.reduceat(gap**2, starts) / count
                variance = np.maximum(square - mean**2, 0.0) / (count - 1)
            self._paired[model, base] = mean, variance
        return self._paired[model, base]


@dataclass
class Play:
    """What a policy sees at a step, and the moves it made."""

    ground: Ground
    told: Prices
    step: int
    deployed: int
    since: int
    owned: list[int] = field(default_factory=list)
    actions: list[tuple[int, str, int]] = field(default_factory=list)
    fits: int = 0
    fixes: list[int] = field(default_factory=list)

    def move(self, name: str, model: int) -> None:
        """Deploy a model from this step on."""
        self.actions.append((self.step, name, model))
        self.deployed, self.since = model, self.step
        if model not in self.owned:
            self.owned.append(model)

    def losses(self, model: int, start: int) -> np.ndarray:
        """Known losses of a model from a window on, row by row."""
        ground = self.ground
        rows = slice(ground.rows[start].start, ground.rows[self.step - 2].stop)
        found = ground.known(model)[rows]
        return found[np.isfinite(found)]


def play(ground: Ground, told: Prices, move: Callable[[Play], None]) -> Path:
    """Walk through the windows; `move` may act at the start of each."""
    state = Play(ground, told, ground.first, ground.initial, ground.first)
    state.owned.append(ground.initial)
    deployed = np.full(ground.windows, ground.initial)
    loss = np.full(ground.windows, np.nan)
    for step in range(ground.first, ground.windows):
        state.step = step
        move(state)
        deployed[step] = state.deployed
        loss[step] = ground.true(state.deployed)[step]
    return Path(deployed, loss, state.actions, state.fits, state.fixes)


def bill(path: Path, told: Prices, ground: Ground) -> float:
    """Losses from the first step on, and the price of every action and fit."""
    cost = float(path.loss[ground.first :].sum()) + told.fit * path.fits
    return cost + sum(getattr(told, name) for _, name, _ in path.actions)


def _means(loss: np.ndarray, rows: list[slice]) -> np.ndarray:
    """By window, over the rows whose outcome is known; 0 where there is none."""
    ok = np.isfinite(loss)
    return np.array(
        [loss[part][ok[part]].mean() if ok[part].any() else 0.0 for part in rows]
    )


def _logit(score: np.ndarray) -> np.ndarray:
    score = np.clip(score, 1e-4, 1 - 1e-4)
    return np.log(score / (1 - score))


def _logistic(x: np.ndarray, y: np.ndarray) -> tuple[float, float]:
    """Intercept and slope by Newton's method, with a light pull to (0, 1)."""
    both = np.column_stack([np.ones_like(x), x])
    found, ridge = np.array([0.0, 1.0]), np.array([0.1, 1.0])
    for _ in range(12):
        p = 1 / (1 + np.exp(-np.clip(both @ found, -30, 30)))
        slope = both.T @ (y - p) - ridge * (found - [0.0, 1.0])
        bend = (both * (p * (1 - p) + 1e-9)[:, None]).T @ both + np.diag(ridge)
        step = np.linalg.solve(bend, slope)
        found = found + step
        if np.abs(step).max() < 1e-6:
            break
    return float(found[0]), max(float(found[1]), 0.05)
