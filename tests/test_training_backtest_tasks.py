"""A back-test of amounts and of classes."""

from __future__ import annotations

import numpy as np
import pytest

from lifecycle.errors import SettingsError
from tests.backtests import Commonest, Newest, Sign, ask, log, plain

# ---------------------------------------------------------------- other tasks


def test_the_loss_of_amounts_is_the_error_in_deviations_of_what_was_before():
    frame = log()
    frame["outcome"] = 10.0 * frame["week"] + 5
    champion = np.full(len(frame), 100.0)
    result = ask(
        frame,
        recipe=plain(Newest),
        deployed={"keep": champion},
        task="regression",
        spans=[1],
        windows=2,
    )
    before = frame.loc[frame["week"] < 14, "outcome"]
    assert result.scale == pytest.approx(before.std())
    assert result.task == "regression"
    keep = result.table.query("action == 'keep'")["loss"].to_numpy()
    assert keep == pytest.approx(np.array([55.0, 45.0]) / before.std())
    # trained on the newest week that is due, three weeks before
    fresh = result.table.query("action == 'retrain'")
    assert fresh["loss"].to_numpy() == pytest.approx(30.0 / before.std())
    stated = ask(
        frame,
        recipe=plain(Newest),
        deployed={"keep": champion},
        task="regression",
        spans=[1],
        windows=1,
        scale=11.0,
    )
    assert stated.table["loss"].iloc[0] == pytest.approx(5.0)
    assert "recalibrate" not in stated.table["action"].tolist()


def test_a_wrong_class_of_several_is_a_loss_of_one():
    frame = log()
    frame["outcome"] = np.where(frame["week"] < 12, frame.index % 3, 2.0)
    result = ask(
        frame,
        recipe=plain(Commonest),
        deployed={"keep": np.full(len(frame), 1.0)},
        task="multiclass",
        spans=[2],
        windows=4,
    )
    newest = result.table.query("age == 0").set_index("action")["loss"]
    assert newest.to_dict() == {"keep": 1.0, "retrain": 0.0}
    with pytest.raises(ValueError, match="'regression' or 'ranking', got 'rank'"):
        ask(frame, task="rank")


def test_a_recipe_for_another_task_is_refused():
    with pytest.raises(SettingsError, match="'plain' makes a regressor"):
        ask(log(), recipe=plain(Newest))
    with pytest.raises(SettingsError, match="task 'regression' needs a regressor"):
        ask(log(), alternatives={"plain": plain(Sign)}, task="regression")


def test_a_lag_below_one_is_refused():
    with pytest.raises(ValueError, match="lags count chunks from 1 on, got 0"):
        ask(log(), lags=(1, 0))


def test_a_scale_that_makes_no_sense_is_refused():
    for scale in (0.0, -1.0, np.inf, np.nan):
        with pytest.raises(ValueError, match="scale must be above 0"):
            ask(log(), recipe=plain(Newest), task="regression", scale=scale)
