"""One object a task: packed answers, losses, and what a raw answer says."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lifecycle import config, errors, metrics, tasks
from lifecycle.config import reading

CODES = st.integers(0, 5_000)
SURE = st.floats(0, 1)


@given(st.lists(st.tuples(CODES, SURE), max_size=30))
def test_a_class_and_its_probability_come_back_as_they_were_packed(told):
    codes, sure = ([each[at] for each in told] for at in (0, 1))
    back = tasks.parted(tasks.pack(codes, sure))
    assert back[0].tolist() == codes
    assert back[1] == pytest.approx(sure, abs=1e-8)


def test_no_answer_stays_none_and_a_certain_one_keeps_its_class():
    raw = tasks.pack([2, 3, 0], [1.0, np.nan, 0.0])
    codes, sure = tasks.parted(raw)
    assert codes[[0, 2]].tolist() == [2.0, 0.0]
    assert np.isnan(codes[1])
    assert sure[[0, 2]] == pytest.approx([1.0, 0.0])


@given(st.permutations("abcde"), st.lists(st.integers(0, 4), min_size=1, max_size=20))
def test_another_list_of_classes_names_the_same_classes(other, codes):
    raw = tasks.pack(codes, [0.5] * len(codes))
    moved, sure = tasks.parted(tasks.recoded(raw, "abcde", other))
    assert [other[int(each)] for each in moved] == ["abcde"[each] for each in codes]
    assert sure == pytest.approx(0.5)


def test_a_class_that_others_do_not_know_is_never_right():
    raw = tasks.recoded(tasks.pack([1], [0.9]), ["card", "crypto"], ["card", "loan"])
    assert tasks.parted(raw)[0].tolist() == [2.0]


def test_the_loss_of_classes_weighs_wrong_ones_against_those_handed_over():
    loss = tasks.Loss.priced("multiclass", {"wrong": 8.0, "handed_over": 2.0})
    truth = np.array([0.0, 1.0, 1.0, 2.0])
    raw = tasks.pack([0, 0, 1, 2], [0.9, 0.9, 0.2, 0.2])
    assert (loss.of(truth, raw, 0.5) * loss.error).tolist() == [0.0, 8.0, 2.0, 2.0]
    assert (loss.of(truth, raw, 0.0) * loss.error).tolist() == [0.0, 8.0, 0.0, 0.0]
    alone = tasks.Loss.priced("multiclass", {"wrong": 8.0})
    assert alone.of(truth, raw, 0.5).tolist() == [0.0, 1.0, 0.0, 0.0]


def test_a_person_may_cost_more_than_a_mistake():
    loss = tasks.Loss.priced("multiclass", {"wrong": 1.0, "handed_over": 4.0})
    assert (loss.error, loss.wrong, loss.unsure) == (4.0, 0.25, 1.0)


def test_the_loss_of_amounts_costs_each_unit_whatever_the_scale():
    for scale in (1.0, 25.0):
        loss = tasks.Loss.priced("regression", {"per_unit": 0.5}, scale)
        lost = loss.of(np.array([100.0, 80.0]), np.array([90.0, 100.0]), 0.5)
        assert lost * loss.error == pytest.approx([5.0, 10.0])
    again = loss.scaled(10.0)
    assert again.error == pytest.approx(5.0)
    assert again.scale == 10.0


@pytest.mark.parametrize(
    ("task", "costs", "said"),
    [
        ("multiclass", {"wrong": 0.0}, "wrong must be above 0, got 0.0"),
        ("multiclass", {"handed_over": -1.0}, "handed_over must not be negative"),
        ("regression", {"per_unit": float("inf")}, "per_unit must be above 0, got inf"),
        ("binary", {"false_positive": -1.0}, "must not be negative"),
        ("votes", {}, "or 'ranking', got 'votes'"),
    ],
)
def test_prices_that_make_no_sense_are_refused(task, costs, said):
    with pytest.raises(ValueError, match=said):
        tasks.Loss.priced(task, costs)


def test_each_task_says_its_own_of_the_same_raw_answers():
    nan = float("nan")
    score, said = tasks.of("binary").said([0.2, 0.5, nan], threshold=0.5)
    assert said[:2].tolist() == [0.0, 1.0]
    assert np.isnan(said[2])
    score, said = tasks.of("regression").said([12.5, nan], threshold=0.5)
    assert said[0] == score[0] == 12.5
    assert np.isnan(said[1])
    raw = tasks.pack([1, 0, 0], [0.6, 0.7, nan])
    score, said = tasks.of("multiclass").said(raw, threshold=0.9, classes=("a", "b"))
    assert said.tolist() == ["b", "a", None]
    assert score[:2] == pytest.approx([0.6, 0.7])


def test_right_is_equal_and_what_is_missing_is_neither():
    right = tasks.of("multiclass").right(
        pd.Series(["a", "b", None, "a"]), pd.Series(["a", "a", "a", None])
    )
    assert right[:2].tolist() == [1.0, 0.0]
    assert np.isnan(right[2:]).all()
    with pytest.raises(ValueError, match="regression has no right and wrong"):
        tasks.of("regression").right([1.0], [1.0])


def test_every_metric_a_task_shows_is_one_of_its_own():
    for name, task in tasks.TASKS.items():
        assert task.main in task.metrics
        for metric in task.metrics:
            assert metrics.of(name, metric).task == name
    with pytest.raises(ValueError, match="no task 'votes'; use one of binary"):
        tasks.of("votes")


# ---------------------------------------------------------------- settings


def model(**more):
    told = {"owner": "Ana", "id": "id", "time": "at", "outcome": "out"}
    told |= {"label_delay_days": 7, "task": "multiclass"}
    told |= {"features": {"numeric": ["x"]}}
    return reading.parse({"models": {"m": {**told, **more}}}).models["m"]


def test_what_is_usual_depends_on_the_task():
    assert model(task="binary").threshold == 0.5
    several = model(features={"text": ["message"], "categorical": ["lang"]})
    assert (several.threshold, several.recipe) == (0.0, "tfidf_logistic")
    assert several.features.names == ("lang", "message")
    assert several.features.plain == ("lang",)
    amounts = model(task="regression")
    assert amounts.recipe == "boosted_regression"
    watched = amounts.watched
    assert "accuracy" not in watched
    error = watched["error"]
    assert (error.watch, error.measure, error.above) == ("drop", "mae", 0.2)
    assert model(task="regression", alerts={"error_above": 0.5}).watched[
        "error"
    ].above == pytest.approx(0.5)
    assert isinstance(several, config.Model)


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"task": "binary", "threshold": 0}, "threshold is 0, which predicts 1 always"),
        ({"positive": "won"}, "positive names a label of two, and the task is 'multi"),
        (
            {"task": "regression", "kpis": {"good": {"of": "right"}}},
            "'good' counts right predictions, and an amount is not right or wrong",
        ),
        (
            {"features": {"text": ["a"], "categorical": ["a"]}},
            "a is named twice; keep one of them",
        ),
        ({"costs": {"wrong": 0}}, "greater than 0"),
        ({"task": "survival"}, "'binary', 'multiclass' or 'regression'"),
    ],
)
def test_settings_that_do_not_go_with_the_task_say_why(more, said):
    with pytest.raises(errors.SettingsError, match=said):
        model(**more)
