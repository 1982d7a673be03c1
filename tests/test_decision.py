"""What an action is worth, and what is ruled where the truth is planted."""

from __future__ import annotations

import math
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from lifecycle import decision, periods, recipes, training
from tests.decision_tables import SCALE, WEEKS, table

# ---------------------------------------------------------------- the arithmetic


def filtered(gains: list[float], variance: float) -> tuple[float, float]:
    """A Kalman filter by its recursion, from the oldest window on."""
    mean, spread = 0.0, 0.15**2
    for gain in gains[::-1]:
        mean, spread = 0.95 * mean, 0.95**2 * spread + 0.15**2 * (1 - 0.95**2)
        weight = spread / (spread + variance)
        mean, spread = mean + weight * (gain - mean), (1 - weight) * spread
    return mean, spread


def test_the_value_of_a_retrain_by_hand():
    option = decision.weigh(table(retrain=0.1), **SCALE)[0]
    gain, variance = filtered([0.1] * 4, 0.0004 + 0.02**2)
    money = WEEKS * 400 * 10
    assert option.gain == pytest.approx(gain)
    assert option.value == pytest.approx(gain * money)
    assert option.error == pytest.approx(math.sqrt(variance) * money)
    assert option.net == pytest.approx(option.value - 1_500)
    sure = stats.norm(option.value, option.error)
    assert option.lower == pytest.approx(sure.ppf(0.05) - 1_500)
    assert option.upper == pytest.approx(sure.ppf(0.95) - 1_500)
    assert option.probability == pytest.approx(sure.sf(1_500))


def test_the_newest_window_counts_most_and_windows_that_disagree_widen_the_interval():
    told = [0.2, 0.0, 0.0, 0.0], [0.0, 0.0, 0.0, 0.2]
    newest, oldest = (decision.weigh(table(retrain=list(g)), **SCALE)[0] for g in told)
    assert newest.gain > oldest.gain > 0
    steady = decision.weigh(table(retrain=0.1), **SCALE)[0]
    torn = decision.weigh(table(retrain=[0.4, -0.2, 0.4, -0.2]), **SCALE)[0]
    assert torn.upper - torn.lower > steady.upper - steady.lower


def test_a_rebuild_is_reckoned_in_two_parts_by_hand():
    found = decision.weigh(table(retrain=0.1, rebuild=0.15), **SCALE)
    options = {option.action: option for option in found}
    better, _ = filtered([0.05] * 4, 0.0004 + 0.02**2)
    stale = options["retrain"].gain
    expected = (stale + better) * WEEKS * 400 * 10
    assert options["rebuild"].value == pytest.approx(expected)
    assert options["rebuild"].gain == pytest.approx(stale + better)


def test_a_gain_that_never_fades_counts_every_week():
    policy = decision.Policy(persistence=1.0)
    option = decision.weigh(table(retrain=0.1), policy=policy, **SCALE)[0]
    assert option.value == pytest.approx(option.gain * 26 * 400 * 10)


def test_a_rebuild_without_a_retrain_to_hold_it_against_is_left_out():
    frame = table(retrain=0.1, rebuild=0.2)
    alone = frame[frame["action"] != "retrain"]
    assert decision.weigh(alone, **SCALE) == []


# ---------------------------------------------------------------- planted truth

START = datetime(2023, 1, 2, tzinfo=UTC)
NAMES = {"numeric": ["a", "b"], "categorical": []}
PER_WEEK = 200
FAIR = decision.Costs(retrain=1_500, rebuild=15_000, roll_back=100, error=10)


def stream(sign, *, noise=lambda week: 0.4, crossed: bool = False, seed: int = 1):
    """24 weeks; the outcome follows `a` times the week's sign, or `a` times `b`."""
    rng = np.random.default_rng(seed)
    week = np.repeat(np.arange(24), PER_WEEK)
    hours = week * 168 + np.tile(np.linspace(1, 167, PER_WEEK), 24)
    a, b = rng.normal(size=(2, len(week)))
    drift = np.array([sign(w) for w in week])
    scatter = np.array([noise(w) for w in week]) * rng.normal(size=len(week))
    outcome = (drift * (a * b if crossed else a) + scatter > 0).astype(float)
    times = (pd.Timestamp(START) + pd.to_timedelta(hours, unit="h")).astype(
        "datetime64[us, UTC]"
    )
    return pd.DataFrame({"time": times, "a": a, "b": b, "outcome": outcome})


def ruled(frame, *, deployed=None, costs=FAIR, own="scaled_logistic"):
    recipe = recipes.load(own)
    first = training.train(frame.head(8 * PER_WEEK), recipe, seed=1, **NAMES)
    table = training.backtest(
        frame,
        recipe=recipe,
        alternatives={"boosted_trees": recipes.load("boosted_trees")},
        deployed=deployed or {"keep": first.estimator},
        as_of=START + timedelta(weeks=24),
        delay=timedelta(weeks=2),
        spans=[3, None],
        seed=1,
        **NAMES,
    )
    return decision.rule(table, costs=costs, rows_per_week=PER_WEEK)


def test_when_the_signs_flip_the_newest_weeks_are_retrained_on():
    ruling = ruled(stream(lambda week: 1 if week < 14 else -1))
    assert (ruling.action, ruling.span) == ("retrain", 3)
    assert ruling.probability > 0.95


def test_when_only_the_noise_rises_nothing_is_trained():
    for seed in range(3):
        frame = stream(
            lambda week: 1, noise=lambda week: 0.4 if week < 15 else 3.0, seed=seed
        )
        assert ruled(frame).action in ("keep", "recalibrate")


def test_when_nothing_changes_the_model_is_kept():
    assert ruled(stream(lambda week: 1)).action == "keep"


def test_what_only_another_recipe_can_see_is_rebuilt_when_it_pays():
    frame = stream(lambda week: 1, noise=lambda week: 0.2, crossed=True)
    pays = decision.Costs(retrain=1_500, rebuild=8_000, error=50)
    ruling = ruled(frame, costs=pays)
    assert (ruling.action, ruling.recipe) == ("rebuild", "boosted_trees")
    dear = decision.Costs(retrain=1_500, rebuild=80_000, error=50)
    assert ruled(frame, costs=dear).action == "keep"


def test_when_the_old_season_is_back_the_old_version_is():
    frame = stream(lambda week: -1 if 8 <= week < 16 else 1)
    logistic = recipes.load("scaled_logistic")
    old = training.train(frame.head(8 * PER_WEEK), logistic, seed=1, **NAMES)
    then = frame.iloc[8 * PER_WEEK : 16 * PER_WEEK]
    newer = training.train(then, logistic, seed=1, **NAMES)
    ruling = ruled(
        frame, deployed={"keep": newer.estimator, "roll_back v1": old.estimator}
    )
    assert (ruling.action, ruling.version) == ("roll_back", 1)


def test_a_feed_that_turns_its_signs_is_mended_and_never_trained_on():
    frame = stream(lambda week: 1)
    champion = training.train(
        frame.head(8 * PER_WEEK), recipes.load("scaled_logistic"), seed=1, **NAMES
    )
    week = np.repeat(np.arange(24), PER_WEEK)
    broken = (week >= 18) & (week < 22)
    wrong = frame.assign(a=frame["a"].where(~broken, -frame["a"]))

    def tested(left_out):
        return training.backtest(
            wrong,
            recipe=recipes.load("scaled_logistic"),
            alternatives={},
            deployed={"keep": champion.estimator},
            as_of=START + timedelta(weeks=24),
            delay=timedelta(weeks=2),
            spans=[3],
            windows=6,
            seed=1,
            left_out=left_out,
            **NAMES,
        )

    def ruled(left_out, *faults):
        held = tested(left_out)
        return decision.rule(held, costs=FAIR, rows_per_week=PER_WEEK, faults=faults)

    score = training.predict(champion.estimator, wrong, **NAMES)
    loss = ((score >= 0.5) != wrong["outcome"]).astype(float)
    labels = periods.chunk_of(wrong["time"])
    facts = {"loss": loss, "chunks": labels, "touched": broken}
    fault = decision.DataFault.measured("a has its sign turned", **facts)
    assert ruled(None).action != "fix_data"  # without being told
    lasts = ruled(broken, fault)
    assert (lasts.action, lasts.then) == ("fix_data", None)
    assert lasts.lower > 0.6 * PER_WEEK  # nearly every row is wrong
    over = replace(fault, until=START + timedelta(weeks=22))
    mended = ruled(broken, over)
    assert mended.action == "keep"
    # a back-test that was not told leaves the same windows out
    assert set(ruled(None, over).left_out) == {f"2023-W{w}" for w in (19, 20, 21, 22)}


def test_fits_are_asked_for_when_the_signs_flip_and_not_while_nothing_happens():
    def asked(frame):
        recipe = recipes.load("scaled_logistic")
        first = training.train(frame.head(8 * PER_WEEK), recipe, seed=1, **NAMES)
        dry = training.backtest(
            frame,
            recipe=recipe,
            alternatives={},
            deployed={"keep": first.estimator},
            as_of=START + timedelta(weeks=24),
            delay=timedelta(weeks=2),
            spans=[3, None],
            max_fits=0,
            seed=1,
            **NAMES,
        )
        assert dry.fits == 0
        return decision.ask(
            dry,
            costs=replace(FAIR, fit=100.0),
            rows_per_week=PER_WEEK,
            recipes=["scaled_logistic"],
            spans=[3, None],
            weeks_since=1,
        )

    calm, turned = (
        asked(stream(lambda week, at=at: 1 if week < at else -1)) for at in (99, 20)
    )
    assert not calm.now
    assert calm.next_in == 3
    assert turned.now
    assert turned.fits == 2
    assert turned.stake > 10 * calm.stake


@pytest.mark.parametrize("chunk", ["day", "week", "month"])
def test_the_horizon_counts_weeks_whatever_a_chunk_is(chunk):
    table = pd.DataFrame(
        {
            "action": ["keep", "retrain"],
            "recipe": [None, "trees"],
            "span": [None, 3],
            "version": [None, None],
            "age": [0, 0],
            "n": [400, 400],
            "difference": [0.0, 0.2],
            "variance": [0.0, 0.0001],
        }
    )
    tested = training.Backtest(table, {}, {}, chunk=chunk, error=10.0)
    ruling = decision.rule(
        tested, costs=decision.Costs(500, 5_000), rows_per_week=400, horizon_weeks=26
    )
    shrink = 0.15**2 / (0.15**2 + 0.0001 + 0.02**2)
    weeks = sum(0.95**week for week in range(26))
    assert ruling.value == pytest.approx(0.2 * shrink * weeks * 400 * 10 - 500)
    assert ruling.summary.startswith(f"Retrain on the last 3 {chunk}s: expected +")
