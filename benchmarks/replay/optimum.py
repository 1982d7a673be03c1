"""The cheapest course in hindsight: which models to buy when, knowing all losses.

Two steps. A dynamic programme over (kept, deployed) is exact among courses that keep
the previous model only. A course may keep every model it ever deployed, though, and go
back to any of them, and then the state would be a set; so the programme's course is
improved by a search over what is bought when (one more, one less, one for another),
each time with the exact cheapest path over the owned ones. Versions whose scores were
mended are among what is bought. What comes out is the best course found: never above
the exact value for two models, and an upper bound of the true optimum.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from benchmarks.replay.course import Ground, Prices

if TYPE_CHECKING:
    from benchmarks.replay.cube import Cube

__all__ = ["optimum"]

ROUNDS = 40


@dataclass(frozen=True, order=True)
class Buy:
    """A model deployed for the first time; a step holds one purchase."""

    step: int
    model: int


def optimum(
    cube: Cube, told: Prices, *, ground: Ground | None = None
) -> tuple[float, list[tuple[int, str, int]]]:
    """The least cost found over the windows from `first` on, and its actions.

    Parameters
    ----------
    cube : Cube
    told : Prices
    ground : Ground, optional
        Of the cube, where it has been made before.

    Returns
    -------
    float
        Sum of the windows' mean true losses and of the prices paid.
    list of (step, action, model)
        What was done when.
    """
    search = _Search(ground or Ground(cube), told)
    owned = search.programme()
    cost = float(search.costs([owned])[0])
    for _ in range(ROUNDS):
        tried = search.neighbours(owned)
        costs = search.costs(tried)
        best = int(np.argmin(costs))
        if costs[best] >= cost - 1e-9:
            break
        cost, owned = float(costs[best]), tried[best]
    return cost, search.actions(owned)


class _Search:
    def __init__(self, ground: Ground, told: Prices) -> None:
        self.ground, self.told = ground, told
        cube = ground.cube
        self.steps = range(ground.first, ground.windows)
        self.offers: dict[int, list[int]] = {}
        for step in self.steps:
            found = np.unique(cube.grid[:, step])
            self.offers[step] = [int(m) for m in found if m >= 0]
        self.offers[ground.first] = [
            m for m in self.offers[ground.first] if m != ground.initial
        ]

    def programme(self) -> tuple[Buy, ...]:
        """Exact over (kept, deployed): what the cheapest course buys."""
        ground, told = self.ground, self.told
        models = [ground.initial, *(m for s in self.steps for m in self.offers[s])]
        at = {model: place for place, model in enumerate(models)}
        recipe = np.array([ground.recipe(model) for model in models])
        true = np.array([ground.true(model) for model in models])
        true = np.where(np.isnan(true), 0.0, true)
        known = len(models)
        ahead = np.zeros((known, known), dtype=np.float32)
        choice: dict[int, tuple[np.ndarray, np.ndarray, np.ndarray]] = {}
        for step in reversed(self.steps):
            after = ahead[:known, :known] + true[None, :known, step].astype(np.float32)
            fresh = [at[model] for model in self.offers[step]]
            before = known - len(fresh)
            old = after[:before, :before]
            back = old.T + np.float32(told.roll_back)
            value = np.minimum(old, back)
            price = np.where(
                recipe[:before, None] == recipe[fresh][None, :],
                told.retrain,
                told.rebuild,
            )
            bought = after[:before, fresh] + price  # kept: what was deployed
            cheapest = bought.argmin(axis=1)
            least = bought[np.arange(before), cheapest].astype(np.float32)
            ahead, known = np.minimum(value, least[None, :]), before
            choice[step] = (back < old, np.array(fresh)[cheapest], least < value)
        kept, deployed, owned = 0, 0, []
        for step in self.steps:
            swap, fresh_model, buys = choice[step]
            if buys[kept, deployed]:
                kept, deployed = deployed, int(fresh_model[deployed])
                owned.append(Buy(step, models[deployed]))
            elif swap[kept, deployed]:
                kept, deployed = deployed, kept
        return tuple(owned)

    def neighbours(self, owned: tuple[Buy, ...]) -> list[tuple[Buy, ...]]:
        """One more, one less, one for another."""
        taken = {buy.step for buy in owned}
        more = [
            Buy(step, model)
            for step in self.steps
            if step not in taken
            for model in self._worth(owned, step)
        ]
        found = [tuple(sorted((*owned, buy))) for buy in more]
        for place, gone in enumerate(owned):
            rest = owned[:place] + owned[place + 1 :]
            found.append(rest)
            swaps = [Buy(gone.step, m) for m in self._worth(rest, gone.step)]
            found += [tuple(sorted((*rest, buy))) for buy in (*more, *swaps)]
        return found or [owned]

    def _worth(self, owned: tuple[Buy, ...], step: int) -> list[int]:
        """What can be bought at a step: fresh ones, and owned ones mended."""
        parents = {self.ground.initial} | {
            self.ground.parent(buy.model) for buy in owned if buy.step < step
        }
        mended = [self.ground.mended(parent, step) for parent in sorted(parents)]
        return self.offers[step] + [model for model in mended if model is not None]

    def costs(self, tried: list[tuple[Buy, ...]]) -> np.ndarray:
        """Cost of the cheapest path over what is owned, for many at once."""
        by_size: dict[int, list[int]] = {}
        for place, owned in enumerate(tried):
            by_size.setdefault(len(owned), []).append(place)
        found = np.empty(len(tried))
        for same in by_size.values():
            for start in range(0, len(same), 4000):
                part = same[start : start + 4000]
                found[part] = self._forward([tried[place] for place in part])[0]
        return found

    def _forward(
        self, tried: list[tuple[Buy, ...]], *, trace: bool = False
    ) -> tuple[np.ndarray, list[tuple[np.ndarray, np.ndarray]]]:
        ground, told = self.ground, self.told
        count, size = len(tried), 1 + len(tried[0])
        model = np.full((count, size), ground.initial)
        step = np.full((count, size), ground.first - 1)
        for row, owned in enumerate(tried):
            for place, buy in enumerate(owned, start=1):
                model[row, place], step[row, place] = buy.model, buy.step
        each, code = np.unique(model, return_inverse=True)
        code = code.reshape(model.shape)
        recipe = np.array([ground.recipe(int(m)) for m in each])[code]
        parent = np.array([ground.parent(int(m)) for m in each])[code]
        mended = (model >= ground.models) & (model != ground.initial)
        true = np.array([ground.true(int(m)) for m in each])
        true = np.where(np.isnan(true), np.inf, true)
        cost = np.full((count, size), np.inf)
        cost[:, 0] = 0.0
        rows = np.arange(count)
        steps = []
        for now in self.steps:
            cheapest = cost.argmin(axis=1)
            back = cost[rows, cheapest] + told.roll_back
            came = np.where(back[:, None] < cost, cheapest[:, None], np.arange(size))
            moved = np.where(step < now, np.minimum(cost, back[:, None]), np.inf)
            fresh = step == now
            bought = np.flatnonzero(fresh.any(axis=1))
            if len(bought):
                place = fresh[bought].argmax(axis=1)
                same = recipe[bought] == recipe[bought, place][:, None]
                price = np.where(same, told.retrain, told.rebuild)
                family = parent[bought] == parent[bought, place][:, None]
                price = np.where(
                    mended[bought, place][:, None],
                    np.where(family, told.recalibrate, np.inf),
                    price,
                )
                paid = cost[bought] + price
                source = paid.argmin(axis=1)
                moved[bought] = np.inf
                moved[bought, place] = paid[np.arange(len(bought)), source]
                came[bought, place] = source
            cost = moved + true[code, now]
            if trace:
                steps.append((came, cost))
        return cost.min(axis=1), steps

    def actions(self, owned: tuple[Buy, ...]) -> list[tuple[int, str, int]]:
        """The cheapest path over what is owned, as actions."""
        _, steps = self._forward([owned], trace=True)
        model = [self.ground.initial, *(buy.model for buy in owned)]
        bought = {buy.step: place for place, buy in enumerate(owned, start=1)}
        place, found = int(steps[-1][1][0].argmin()), []
        for now, (came, _) in zip(reversed(self.steps), reversed(steps), strict=True):
            before = int(came[0, place])
            if before != place:
                name = "roll_back"
                if bought.get(now) == place:
                    name = self._name(model[before], model[place])
                found.append((now, name, model[place]))
            place = before
        return found[::-1]

    def _name(self, before: int, fresh: int) -> str:
        if fresh >= self.ground.models:
            return "recalibrate"
        same = self.ground.recipe(before) == self.ground.recipe(fresh)
        return "retrain" if same else "rebuild"
