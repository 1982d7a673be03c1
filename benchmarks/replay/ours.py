"""Our rule, played: at every step the tables of a back-test, and `decision.weigh`.

A window is a week. While a check of the data has flagged the newest window that can be
known, the ruling is to fix the data; flagged windows are neither tested nor trained on.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from benchmarks.replay.course import Ground, Path, Prices, play
from lifecycle import decision

if TYPE_CHECKING:
    from collections.abc import Callable

    from benchmarks.replay.course import Play

__all__ = ["OLDEST", "WEEKS", "ours", "tables"]

WEEKS, OLDEST = 26, 16
CLEAN = 1  # of the grid: flagged windows left out

Row = dict[str, Any]


def ours(
    ground: Ground,
    told: Prices,
    *,
    policy: decision.Policy | None = None,
    weeks: float | None = WEEKS,
    leave: Callable[[pd.DataFrame], pd.DataFrame] | None = None,
    nearer: bool = True,
    earning: bool = True,
) -> Path:
    """Play a stream by `decision.weigh`.

    Parameters
    ----------
    ground : Ground
    told : Prices
    policy : Policy, optional
    weeks : float or None
        The horizon; None for what is left of the stream.
    leave : callable, optional
        Changes the tables first: for what the rule would do without an action.
    nearer : bool
        Whether windows are also scored by the models made a window later.
    earning : bool
        Whether the rule is told what acting has earned so far.
    """
    kept: dict[tuple[int, ...], list[Row]] = {}
    served: list[int] = []
    scale = max(ground.cube.costs)
    costs = decision.Costs(
        told.retrain,
        told.rebuild,
        told.roll_back,
        scale,
        recalibrate=told.recalibrate,
        fit=told.fit,
    )

    asked = _Asked(costs, policy)

    def move(state: Play) -> None:
        look = asked.look(state)
        if _faulty(state):
            state.fixes.append(state.step)
        else:
            table, later = tables(state, kept)
            table, later = look(table, 0), look(later, 1)
            if leave is not None:
                table, later = leave(table), leave(later)
            options = decision.weigh(
                table,
                costs=costs,
                rows_per_week=1,
                horizon_weeks=weeks or ground.windows - state.step,
                policy=policy,
                later=later if nearer else None,
                balance=_balance(state, served, policy) if earning else None,
                first=ground.initial,
            )
            chosen = next((option for option in options if option.clears), None)
            model = -1 if chosen is None else _model(state, chosen)
            if chosen is not None and model >= 0:
                state.move(chosen.action, model)
        served.append(state.deployed)

    return play(ground, told, move)


class _Asked:
    """Which back-test fits were made: all where they are free, else as `ask` says.

    A fit is made once and kept. When nobody asks nothing is trained: what needs no fit
    is weighed all the same.
    """

    def __init__(self, costs: decision.Costs, policy: decision.Policy | None) -> None:
        self.costs, self.policy = costs, policy
        self.made: set[tuple[str, int, int]] = set()
        self.last: int | None = None

    def look(self, state: Play) -> Callable[[pd.DataFrame, int], pd.DataFrame]:
        """Make the fits of a step; what of a table there is to see."""
        cube, newest = state.ground.cube, state.step - 2
        own = cube.recipes[state.ground.recipe(state.deployed)]
        if not self.costs.fit:
            state.fits += len(cube.recipes) * len(cube.spans)
            return lambda table, lead: table
        asking = decision.ask(
            costs=self.costs,
            rows_per_week=1,
            recipes=[own, *(name for name in cube.recipes if name != own)],
            spans=range(len(cube.spans)),
            weeks_since=None if self.last is None else state.step - self.last,
            kept=[(r, s, newest - w) for r, s, w in self.made if w <= newest],
            horizon_weeks=WEEKS,
            policy=self.policy,
            **_rise(state),
        )
        before = len(self.made)
        if asking.now:
            self.last = state.step
            self.made |= {
                (recipe, span, window)
                for recipe in asking.recipes
                for span in asking.spans
                for window in range(newest, newest - asking.windows, -1)
            }
        state.fits += len(self.made) - before

        def seen(table: pd.DataFrame, lead: int) -> pd.DataFrame:
            keys = zip(
                table["recipe"], table["span"], table["window"] + lead, strict=True
            )
            there = np.array([asking.now and key in self.made for key in keys], bool)
            return table[~table["action"].isin(["retrain", "rebuild"]) | there]

        return seen


def _rise(state: Play) -> dict[str, float]:
    """The loss of the newest two windows against those before them."""
    ground, served = state.ground, state.deployed
    start = max(ground.since(served) - 1, 0)
    means = ground.level(served)[start : state.step - 1] / max(ground.cube.costs)
    rows = ground.cube.rows[start : state.step - 1]
    found: dict[str, float] = {}
    for name, part in (("loss", slice(-2, None)), ("reference", slice(None, -2))):
        seen, n = means[part], rows[part]
        ok = np.isfinite(seen)
        if ok.any():
            found[name] = float(np.average(seen[ok], weights=n[ok]))
            spread = found[name] * max(1 - found[name], 0.01)
            found[f"{name}_variance"] = spread / float(n[ok].sum())
    return found


def _faulty(state: Play) -> bool:
    """Whether the newest window is flagged, of inputs or of outcomes."""
    cube, step = state.ground.cube, state.step
    return bool(cube.fault_inputs[step - 1] or cube.fault_outcomes[step - 2])


def _balance(state: Play, served: list[int], policy: decision.Policy | None) -> float:
    """What acting has earned on the windows whose outcomes are known."""
    ground, told = state.ground, state.told
    bills = [0.0, 0.0]
    for window, model in enumerate(
        served[: state.step - 1 - ground.first], start=ground.first
    ):
        losses = [ground.level(each)[window] for each in (ground.initial, model)]
        if np.isfinite(losses).all():
            bills = [bill + float(own) for bill, own in zip(bills, losses, strict=True)]
    paid = sum(getattr(told, name) for _, name, _ in state.actions)
    return decision.reserve(*bills, paid, policy=policy)


def tables(
    state: Play, kept: dict[tuple[int, ...], list[Row]]
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """A back-test's table and its `later`, of the newest windows with outcomes.

    `later` has the lag of -1 only: the models made for a window on the window before
    it, of which they have seen nothing either.
    """
    step = state.step
    rows: list[Row] = []
    ahead: list[Row] = []
    for window in range(max(step - 1 - OLDEST, 3), step - 1):
        if not state.ground.cube.fault[window]:
            rows += _window(state, window, 0, kept)
            ahead += _window(state, window, 1, kept)
    columns = ["action", "recipe", "span", "version", "window", "n", "champion_loss"]
    columns += ["difference", "variance", "fresh_difference", "fresh_variance", "lag"]
    frames = []
    for found in (rows, ahead):
        frame = pd.DataFrame(found, columns=columns)
        frame["age"] = step - 2 - frame["window"]
        frames.append(frame)
    return frames[0].drop(columns="lag"), frames[1]


def _window(
    state: Play, window: int, lead: int, kept: dict[tuple[int, ...], list[Row]]
) -> list[Row]:
    """The options of a window: made for it, or for the one after it."""
    ground, served = state.ground, state.deployed
    if window < ground.since(served) - 1:
        return []
    key = (served, window, lead)
    if key not in kept:
        kept[key] = [*_trained(ground, served, window, lead)]
        if lead == 0 and window >= ground.since(served):
            mended = ground.mended(served, window)
            if mended is not None:
                kept[key].append(_row(ground, served, mended, window, "recalibrate"))
    found = list(kept[key])
    if lead == 0:
        for model in state.owned:
            if model != served and window >= ground.since(model) - 1:
                row = _row(ground, served, model, window, "roll_back")
                found.append({**row, "version": model})
    return found


def _trained(ground: Ground, served: int, window: int, lead: int) -> list[Row]:
    cube, own, found = ground.cube, ground.recipe(served), []
    made = window + lead
    for recipe in range(len(cube.recipes)):
        for span in range(len(cube.spans)):
            model = int(cube.grid[CLEAN, made, recipe, span]) if made > 2 else -1
            if model < 0 or model == served:
                continue
            action = "retrain" if recipe == own else "rebuild"
            row = _row(ground, served, model, window, action)
            row |= {"recipe": cube.recipes[recipe], "span": span, "lag": -lead}
            fresh = int(cube.grid[CLEAN, made, own, span])
            if action == "rebuild" and fresh >= 0:
                mean, variance = ground.paired(model, fresh)
                row["fresh_difference"] = mean[window] / max(cube.costs)
                row["fresh_variance"] = variance[window] / max(cube.costs) ** 2
            found.append(row)
    return found


def _row(ground: Ground, served: int, model: int, window: int, action: str) -> Row:
    mean, variance = ground.paired(model, served)
    scale = max(ground.cube.costs)
    return {
        "action": action,
        "window": window,
        "n": int(ground.cube.rows[window]),
        "champion_loss": ground.level(served)[window] / scale,
        "difference": mean[window] / scale,
        "variance": variance[window] / scale**2,
    }


def _model(state: Play, chosen: decision.Option) -> int:
    """The model that an option would deploy now; -1 where it cannot be made."""
    ground = state.ground
    if chosen.version is not None:
        return chosen.version
    if chosen.action == "recalibrate":
        mended = ground.mended(state.deployed, state.step)
        return -1 if mended is None else mended
    recipe = ground.cube.recipes.index(chosen.recipe)
    return int(ground.cube.grid[CLEAN, state.step, recipe, chosen.span])
