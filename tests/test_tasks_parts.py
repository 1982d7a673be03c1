"""What the parts say of several classes, of amounts and of text, held by hand."""

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta

import numpy as np
import pandas as pd
import pytest
from sklearn import metrics as truth_of

import lifecycle
from lifecycle import business, errors, evaluation, figures, recipes, tasks, training
from lifecycle.logs import Logs
from lifecycle.workspace import worded

# ---------------------------------------------------------------- the gate


def pair(n=400, seed=0):
    """Three classes; the candidate names more of them, and is surer."""
    rng = np.random.default_rng(seed)
    truth = rng.integers(0, 3, n).astype(float)
    old = np.where(rng.random(n) < 0.6, truth, (truth + 1) % 3)
    new = np.where(rng.random(n) < 0.8, truth, (truth + 2) % 3)
    return truth, tasks.pack(old, rng.uniform(0.2, 0.9, n)), tasks.pack(new, [0.85] * n)


NAMES = ("card", "loan", "address")


def compared(**more):
    truth, old, new = pair()
    found = evaluation.compare(
        truth, old, new, task="multiclass", classes=NAMES, **more
    )
    rows = {(r.measure, r.subject): r for r in found.findings if not r.period}
    return found, rows


def test_the_gate_of_classes_says_what_scikit_learn_says():
    truth, old, new = pair()
    found, rows = compared()
    for side, raw in (("champion", old), ("candidate", new)):
        guess = np.floor(raw)
        assert rows["accuracy", side].value == truth_of.accuracy_score(truth, guess)
        f1 = truth_of.f1_score(truth, guess, average="macro")
        assert rows["macro_f1", side].value == pytest.approx(f1)
    apart = rows["macro_f1", "difference"]
    assert apart.lower < apart.value < apart.upper
    both = (np.floor(old) == np.floor(new)).mean()
    assert rows["agreement", "both"].value == pytest.approx(both)
    assert found.passed
    assert found.difference.value == pytest.approx(rows["accuracy", "difference"].value)


def test_the_gate_weighs_rows_that_are_handed_over_by_their_price():
    truth, old, new = pair()
    costs = {"wrong": 8.0, "handed_over": 2.0}
    limits = {"champion_threshold": 0.5, "candidate_threshold": 0.5}
    found, rows = compared(costs=costs, currency="EUR", **limits)
    bills = []
    for raw in (old, new):
        sure, wrong = raw - np.floor(raw) < 0.5, np.floor(raw) != truth
        bills.append(np.where(sure, 2.0, np.where(wrong, 8.0, 0.0)).mean())
    assert rows["cost", "champion"].value == pytest.approx(bills[0])
    assert rows["cost", "candidate"].value == pytest.approx(bills[1])
    assert found.difference.value == pytest.approx((bills[0] - bills[1]) / 8.0)
    unsure = (old - np.floor(old) < 0.5).mean()
    assert rows["handed_over", "champion"].value == pytest.approx(unsure, abs=1e-6)
    assert rows["handed_over", "candidate"].value == 0.0


def test_a_candidate_worse_at_naming_classes_does_not_pass():
    truth, old, new = pair()
    found = evaluation.compare(truth, new, old, task="multiclass", classes=NAMES)
    assert not found.passed
    assert "It saves -" in found.checks[1].sentence


def test_the_rows_that_differ_name_the_classes_of_both():
    found, _ = compared(ids=[f"m{each}" for each in range(400)])
    table = found.differing.table
    assert set(table["outcome"]) <= set(NAMES)
    assert table["candidate"].str.match(r"^(card|loan|address) \(\d+%\)$").all()
    assert (table["right"].isin(["champion", "candidate"])).all()


def test_no_row_in_common_gives_no_numbers_and_no_pass():
    nan = [math.nan] * 5
    found = evaluation.compare(nan, nan, nan, task="multiclass", classes=NAMES)
    assert found.verdict == "undefined"
    assert found.summary.startswith("There are no rows with an outcome")


def test_what_a_version_of_amounts_saved_is_told_in_units_of_the_price():
    weeks = ["W1", "W1", "W2"]
    told = evaluation.gained(
        [10.0, 20.0, 30.0],
        [14.0, 20.0, 33.0],
        [12.0, 21.0, 30.0],
        weeks=weeks,
        costs={"per_unit": 2.0},
        task="regression",
    )
    assert told["difference"].tolist() == [0.5, 3.0]
    assert told["money"].tolist() == [2.0, 2.0]


# ---------------------------------------------------------------- training


def test_codes_that_name_no_class_are_refused():
    frame = pd.DataFrame({"x": np.arange(60.0), "outcome": [0.0, 1.0, 2.0] * 20})
    terms = {"numeric": ["x"], "categorical": [], "seed": 0, "task": "multiclass"}
    recipe = recipes.load("scaled_logistic")
    with pytest.raises(errors.InputError, match="outcome 2 is the code of none of 2"):
        training.train(frame, recipe, classes=["a", "b"], **terms)
    made = training.train(
        frame[frame["outcome"] != 1], recipe, min_rows=30, classes="abc", **terms
    )
    assert made.birth["classes"] == ["a", "c"]
    assert made.estimator.classes_.tolist() == [0, 1]
    assert made.birth["positives"] is None


def test_more_classes_than_anybody_could_tell_apart_are_refused():
    many = [str(each) for each in range(1_001)]
    frame = pd.DataFrame({"x": np.arange(1_001.0), "outcome": np.arange(1_001.0)})
    with pytest.raises(errors.InputError, match="name 1,001 classes, at most 1,000"):
        training.train(
            frame,
            recipes.load("scaled_logistic"),
            numeric=["x"],
            categorical=[],
            seed=0,
            task="multiclass",
            classes=many,
        )


def test_a_log_of_another_task_is_not_read_as_this_one(tmp_path):
    settings = """
[models.m]
owner = "Ana"
task = "TASK"
id = "id"
time = "time"
outcome = "outcome"
label_delay_days = 1
features = {numeric = ["x"]}
"""
    day = pd.Timestamp("2024-01-01", tz="UTC")
    said = pd.DataFrame({"id": ["a"], "time": [day], "x": [1.0]})
    for task, other, answer, kind in (
        ("binary", "multiclass", 1.0, "numbers"),
        ("multiclass", "regression", "card", "names"),
    ):
        place = tmp_path / task
        place.mkdir()
        file = place / "lifecycle.toml"
        file.write_text(settings.replace("TASK", task))
        rows = said.assign(prediction=answer, score=0.7)
        lifecycle.open(place).ingest("m", "predictions", rows)
        file.write_text(settings.replace("TASK", other))
        view = lifecycle.open(place).view("m", "2024-02-01")
        with pytest.raises(errors.SettingsError, match=f"holds {kind} as prediction"):
            view.performance()


def test_a_recipe_that_reads_no_text_says_so():
    trees = recipes.load("boosted_trees").reading(["message"])
    with pytest.raises(errors.SettingsError, match="reads no text, and 'message' is"):
        trees.build(["x"], ["message"], seed=0)
    trees.build(["x"], ["plan"], seed=0)
    words = recipes.load("tfidf_logistic")
    assert words.reading(["a"]).fingerprint != words.reading(["b"]).fingerprint
    assert words.reading([]).fingerprint == words.fingerprint


def test_a_user_s_recipe_may_take_the_text_by_its_name(tmp_path):
    (tmp_path / "mine.py").write_text(
        "from sklearn.dummy import DummyClassifier\n"
        "def estimator(numeric, categorical, seed, text=()):\n"
        "    assert list(text) == ['message'] and categorical == ['plan']\n"
        "    return DummyClassifier()\n"
    )
    mine = recipes.load("mine", folder=tmp_path).reading(["message"])
    mine.build(["x"], ["plan", "message"], seed=0)


def test_missing_messages_have_no_words():
    words = recipes.load("tfidf_logistic").reading(["message"])
    frame = pd.DataFrame({"message": ["card lost", "new loan", None] * 30})
    frame["outcome"] = [0.0, 1.0, 1.0] * 30
    made = training.train(
        frame, words, numeric=[], categorical=["message"], seed=0, task="binary"
    )
    said = training.predict(
        made.estimator, frame.head(3), numeric=[], categorical=["message"]
    )
    assert said[0] < 0.5 < said[1]
    assert np.isfinite(said).all()


def test_the_parameters_of_a_recipe_of_classes_are_searched_by_the_answer(tmp_path):
    (tmp_path / "tuned.py").write_text(
        "from sklearn.linear_model import LogisticRegression\n"
        "SPACE = {'C': [1e-4, 10.0]}\n"
        "def estimator(numeric, categorical, seed):\n"
        "    return LogisticRegression(C=1e-4, max_iter=500)\n"
    )
    rng = np.random.default_rng(1)
    frame = pd.DataFrame({"x": rng.normal(size=300), "y": rng.normal(size=300)})
    frame["outcome"] = np.where(frame["x"] > 0.4, 2.0, (frame["y"] > 0) * 1.0)
    made = training.train(
        frame,
        recipes.load("tuned", folder=tmp_path),
        numeric=["x", "y"],
        categorical=[],
        seed=0,
        task="multiclass",
        classes=["a", "b", "c"],
    )
    assert made.birth["parameters"] == {"C": 10.0}
    assert made.birth["search"]["measure"] == "log_loss"


def material(classes, labels, outcomes):
    days = pd.date_range("2024-01-01", periods=60, tz="UTC").as_unit("us")
    rows = pd.DataFrame({"id": [f"i{each}" for each in range(60)], "time": days})
    rows["outcome"] = outcomes
    said = rows.assign(kind="correction", label=labels, person="Ana")
    said["time"] = said["time"] + timedelta(hours=1)
    return training.material(
        rows,
        as_of=datetime(2024, 3, 1, tzinfo=UTC),
        delay=timedelta(days=5),
        feedback=said,
        classes=classes,
    )


def test_words_on_classes_are_weighed_by_how_often_their_kind_was_right():
    codes = [float(each % 4) for each in range(60)]
    told = [*codes[:50], *[math.nan] * 10]
    rows = material(4, codes, told)
    assert (rows.sources == "correction").sum() == 10
    spoken = rows.table[rows.sources == "correction"]["outcome"]
    assert spoken.tolist() == codes[50:]
    (right,) = rows.findings.only(measure="right")
    assert right.subject == "correction"
    assert right.value == 1.0
    assert right.n == 50


def test_a_row_that_a_word_on_its_class_stood_for_is_no_test_of_the_version():
    days = pd.date_range("2024-01-01", periods=4, tz="UTC").as_unit("us")
    rows = pd.DataFrame({"id": list("abcd"), "time": days})
    said = pd.DataFrame({"id": ["c"], "time": days[2:3], "kind": "correction"})
    told = {"trained_to": days[0], "feedback": said.assign(label=3.0)}
    free = training.unseen(rows, **told, as_of=days[3], classes=4)
    assert free.tolist() == [False, True, False, True]
    free = training.unseen(rows, **told, as_of=days[3], classes=3)  # no such class
    assert free.tolist() == [False, True, True, True]


def test_words_on_amounts_are_not_weighed_and_it_is_said_why():
    amounts = [float(each) for each in range(60)]
    rows = material(0, amounts, [*amounts[:50], *[math.nan] * 10])
    assert (rows.sources == "outcome").all()
    assert "outcomes are numbers" in rows.summary


# ---------------------------------------------------------------- log, money, pictures


def test_the_log_keeps_names_where_a_model_tells_classes_apart(tmp_path):
    log = Logs(tmp_path, words=True)
    day = pd.Timestamp("2024-01-01", tz="UTC")
    history = pd.DataFrame({"id": ["a"], "time": [day], "text": ["hi"]})
    log.append("predictions", history)  # nothing was predicted: the type is known
    said = history.assign(id="b", prediction="loan", score=0.7, version="1")
    log.append("predictions", said)
    truth = pd.DataFrame({"id": ["b"], "time": [day], "outcome": ["card"]})
    log.append("outcomes", truth)
    rows = log.labelled(as_of=day.to_pydatetime()).set_index("id")
    assert rows.loc["b", ["prediction", "outcome"]].tolist() == ["loan", "card"]
    assert rows.loc["a", ["prediction", "outcome"]].isna().all()
    again = log.at(log.versions()).labelled(as_of=day.to_pydatetime())
    assert again["outcome"].dropna().tolist() == ["card"]


def test_what_predictions_are_worth_is_summed_by_chunk():
    weeks = pd.Series(["W1", "W1", "W2", "W2"])
    found = business.summed(
        [5.0, -8.0, -2.0, math.nan], [True, False, False, False], chunks=weeks
    )
    told = {(row.period, row.measure): row.value for row in found}
    assert told == {
        ("W1", "earned"): -3.0,
        ("W1", "right"): 5.0,
        ("W1", "wrong"): -8.0,
        ("W2", "earned"): -2.0,
        ("W2", "right"): 0.0,
        ("W2", "wrong"): -2.0,
    }


def test_a_picture_of_no_amounts_says_so():
    empty = pd.DataFrame(columns=["n", "predicted", "true", "true_lower", "true_upper"])
    assert figures.against(empty, title="Amounts").alt == (
        "Amounts: there are no outcomes to draw."
    )


def test_a_picture_of_many_classes_shows_those_with_the_most_mistakes():
    names = [f"c{each}" for each in range(6)]
    counts = pd.DataFrame(np.eye(6, dtype=int) * 10, index=names, columns=names)
    counts.loc["c1", "c2"], counts.loc["c4", "c1"] = 7, 3
    drawn = figures.confusion(counts, title="Confusion", most=4)
    assert drawn.alt == (
        "Confusion: of 70 rows of 6 classes 85.7% were named right. Most often c1 was "
        "taken for c2: 7 of 17."
    )
    for shown in ("c1", "c2", "c4", "3 others", "59%", "41%"):
        assert f">{shown}<" in drawn.svg, shown
    assert ">c3<" not in drawn.svg
    nothing = counts.iloc[:0, :0]
    assert figures.confusion(nothing, title="Confusion").alt == (
        "Confusion: there are no outcomes to draw."
    )


def test_names_of_classes_from_people_are_one_line_and_cut():
    assert worded.ENOUGH == 5
    name = "x" * 200 + "\n<b>"
    truth = pd.Series([name, "b"])
    judged = tasks.of("multiclass").judged(
        pd.DataFrame({"prediction": [name, "c"], "outcome": truth, "score": 0.5})
    )
    assert judged["outcome"].tolist() == [1.0, 0.0]
