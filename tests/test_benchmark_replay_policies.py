from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest

from benchmarks import replay
from benchmarks.replay.baselines import BASELINES
from benchmarks.replay.ours import ours
from benchmarks.replay.value import value

FIRST, ROWS = 5, 40


def cube(loss, *, windows: int = 9, recipes: int = 2, spans: int = 2, seed: int = 0):
    """Models of every step; their chance of errors is `loss(step, recipe, span, w)`."""
    rng = np.random.default_rng(seed)
    window = np.repeat(np.arange(windows), ROWS)
    grid = np.full((2, windows, recipes, spans), -1)
    facts, losses = [], []
    for step in range(3, windows):
        for span in reversed(range(spans)):
            for recipe in range(recipes):
                grid[:, step, recipe, span] = len(facts)
                facts.append((recipe, span, step))
                chance = [loss(step, recipe, span, w) for w in range(windows)]
                row = (rng.random(len(window)) < np.array(chance)[window]).astype(float)
                row[window < step - 1] = np.nan
                losses.append(row)
    recipe, span, step = np.array(facts).T
    row_loss = np.array(losses)
    parts = row_loss.reshape(len(facts), windows, ROWS)
    mean = np.where(np.isnan(parts).all(axis=2), np.nan, parts.sum(axis=2) / ROWS)
    quiet = np.zeros(windows, dtype=bool)
    return SimpleNamespace(
        grid=grid,
        recipe=recipe,
        span=span,
        step=step,
        row_loss=row_loss,
        true_mean=mean,
        known_mean=mean,
        edges=np.arange(windows + 1) * ROWS,
        rows=np.full(windows, ROWS),
        window=window,
        windows=windows,
        first=FIRST,
        initial=int(grid[0, FIRST, 0, spans - 1]),
        recipes=tuple(f"recipe {at}" for at in range(recipes)),
        spans=(3, 0)[:spans] if spans < 3 else (3, 9, 0),
        score=None,
        costs=(1.0, 1.0),
        threshold=0.5,
        task="binary",
        features=rng.normal(size=(len(window), 2)),
        categorical=np.array([False, False]),
        fault=quiet,
        fault_inputs=quiet,
        fault_outcomes=quiet,
    )


def cheapest(ground, told) -> float:
    """Every course there is, one after the other."""

    def on(step: int, served: int, owned: frozenset[int]) -> float:
        if step == ground.windows:
            return 0.0
        ways = [(0.0, served)]
        ways += [(told.roll_back, model) for model in owned if model != served]
        fresh = np.unique(ground.cube.grid[:, step])
        ways += [(ground.price(told, served, int(m)), int(m)) for m in fresh if m >= 0]
        return min(
            price + ground.true(model)[step] + on(step + 1, model, owned | {model})
            for price, model in ways
        )

    return on(ground.first, ground.initial, frozenset([ground.initial]))


# ---------------------------------------------------------------- hindsight


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("price", [0.02, 0.1])
def test_the_optimum_is_the_cheapest_of_all_courses(seed, price):
    rng = np.random.default_rng(seed)
    chance = rng.uniform(0, 0.6, (10, 2, 2, 9))
    held = cube(lambda s, r, p, w: chance[s, r, p, w], seed=seed)
    ground, told = replay.course.Ground(held), replay.course.prices(price, times=3)
    cost, actions = replay.optimum.optimum(held, told, ground=ground)
    assert cost == pytest.approx(cheapest(ground, told))
    served, paid = ground.initial, 0.0
    done = {step: (name, model) for step, name, model in actions}
    for step in range(FIRST, held.windows):
        if step in done:
            name, served = done[step]
            paid += getattr(told, name)
        paid += ground.true(served)[step]
    assert paid == pytest.approx(cost)


def test_where_models_differ_in_nothing_the_optimum_does_nothing():
    held = cube(lambda s, r, p, w: 0.0)
    cost, actions = replay.optimum.optimum(held, replay.course.prices(0.1))
    assert (cost, actions) == (0.0, [])


# ---------------------------------------------------------------- policies


def changed(step: int, recipe: int, span: int, window: int) -> float:
    """From window 12 on only what has seen it is any good; short spans see it first."""
    if window < 12:
        return 0.1
    seen = step - 2 - 12
    return 0.1 if seen >= (1 if span == 0 else 6) else 0.5


@pytest.mark.parametrize(
    ("policy", "most"), [(ours, 6), (value, 12)], ids=["ours", "prototype"]
)
def test_a_sudden_change_is_answered_at_every_price(policy, most):
    held = cube(changed, windows=30, spans=3)
    ground = replay.course.Ground(held)
    for price in (0.025, 0.1, 0.4):
        told = replay.course.prices(price)
        path = policy(ground, told)
        assert 1 <= len(path.actions) <= most
        never = BASELINES["never"](ground, told)
        assert replay.course.bill(path, told, ground) < 0.75 * replay.course.bill(
            never, told, ground
        )


def test_ours_does_nothing_where_only_the_noise_rises():
    held = cube(lambda s, r, p, w: 0.05 if w < 12 else 0.3, windows=30, spans=3, seed=4)
    ground = replay.course.Ground(held)
    for price in (0.025, 0.1, 0.4):
        path = ours(ground, replay.course.prices(price))
        assert len([step for step, *_ in path.actions if step >= 12]) <= 1


def test_ours_trains_nothing_while_the_data_are_flagged():
    held = cube(changed, windows=30, spans=3)
    held.fault_inputs = held.fault = np.isin(np.arange(30), range(12, 18))
    path = ours(replay.course.Ground(held), replay.course.prices(0.025))
    assert path.fixes == list(range(13, 19))
    assert not {step for step, *_ in path.actions} & set(path.fixes)


@pytest.mark.parametrize("moves", [True, False], ids=["a change", "none"])
def test_fits_that_cost_something_are_fewer_and_a_change_is_still_answered(moves):
    still = cube(lambda s, r, p, w: 0.2, windows=30, spans=3)
    ground = replay.course.Ground(
        cube(changed, windows=30, spans=3) if moves else still
    )
    free, dear = (replay.course.prices(0.1, fit=fit) for fit in (0.0, 0.01))
    always, seldom = ours(ground, free), ours(ground, dear)
    assert 0 < seldom.fits < always.fits
    assert bool(seldom.actions) is bool(always.actions) is moves
    paid, without = (replay.course.bill(seldom, told, ground) for told in (dear, free))
    assert paid == pytest.approx(without + 0.001 * seldom.fits)


def test_a_calendar_retrains_by_the_calendar():
    held = cube(lambda s, r, p, w: 0.2, windows=18, spans=3)
    ground = replay.course.Ground(held)
    path = BASELINES["every 4"](ground, replay.course.prices(0.1))
    assert [step for step, *_ in path.actions] == [9, 13, 17]
    assert {name for _, name, _ in path.actions} == {"retrain"}


# ---------------------------------------------------------------- alarms


def test_adwin_hears_errors_rise_and_nothing_else():
    rng = np.random.default_rng(0)
    before, after = rng.random(1000) < 0.1, rng.random(400) < 0.4
    rises = replay.detectors.Adwin()
    assert not rises.rises(before.astype(float))
    assert rises.rises(after.astype(float))
    falls = replay.detectors.Adwin()
    assert not falls.rises(np.concatenate([after, before]).astype(float))
    assert not replay.detectors.Adwin().rises(np.zeros(500))


def test_page_hinkley_is_a_sum_of_what_exceeds_the_mean():
    quiet = np.tile([0.0, 1.0], 200)
    assert not replay.detectors.page_hinkley(quiet)
    assert replay.detectors.page_hinkley(np.concatenate([quiet, np.ones(200)]))
    assert not replay.detectors.page_hinkley(np.ones(20))


def test_the_stability_index_by_hand():
    before, after = np.repeat([[0.0], [1.0]], [50, 50], axis=0), np.zeros((10, 1))
    told = np.array([True])
    same = replay.detectors.stability(before, before, told)
    assert same.tolist() == [0.0]
    found = replay.detectors.stability(before, after, told)
    expected = 0.5 * np.log(1 / 0.5) + (1e-4 - 0.5) * np.log(1e-4 / 0.5)
    assert found[0] == pytest.approx(expected)
    numbers = np.random.default_rng(1).normal(size=(5000, 1))
    still = replay.detectors.stability(numbers[:2500], numbers[2500:], ~told)
    moved = replay.detectors.stability(numbers[:2500], numbers[2500:] + 1, ~told)
    assert still[0] < 0.02 < 0.2 < moved[0]
