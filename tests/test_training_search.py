"""The search for parameters: on later rows, seeded, and not by luck."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import loguniform
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import log_loss, mean_squared_error

from lifecycle import recipes, training
from lifecycle.errors import NotEnoughData, SettingsError
from lifecycle.training import searching

NAMES = {"numeric": ["a", "b"], "categorical": []}
SOURCE = """\
from sklearn.linear_model import LogisticRegression
def estimator(numeric, categorical, seed):
    return LogisticRegression(C={C}, random_state=seed)
SPACE = {space}
"""


def made(tmp_path, space: str, *, C: float = 1.0, source: str = SOURCE):
    (tmp_path / "mine.py").write_text(source.format(space=space, C=C))
    return recipes.load("mine", folder=tmp_path)


def table(n: int = 400, seed: int = 0) -> tuple[pd.DataFrame, np.ndarray]:
    rng = np.random.default_rng(seed)
    rows = pd.DataFrame({"a": rng.normal(size=n), "b": rng.normal(size=n)})
    return rows, (rows["a"] + rng.normal(0, 0.5, n) > 0).to_numpy().astype(int)


def search(recipe, rows, truth, **more):
    told = {**NAMES, "seed": 1, **more}
    return training.search(recipe, rows, truth, **told)


def test_the_losses_are_log_losses_on_later_rows_as_scikit_learn_has_them(tmp_path):
    rows, truth = table()
    found = search(made(tmp_path, "{'C': [0.001]}"), rows, truth)
    for place, C in enumerate((1.0, 0.001)):
        said, true = [], []
        for start in (100, 200, 300):
            model = LogisticRegression(C=C, random_state=1)
            model.fit(rows[:start], truth[:start])
            said.append(model.predict_proba(rows[start : start + 100])[:, 1])
            true.append(truth[start : start + 100])
        expected = log_loss(np.concatenate(true), np.concatenate(said))
        assert found.tried[place]["loss"] == pytest.approx(expected, rel=1e-9)
        assert found.tried[place]["n"] == 300
    gain = found.tried[0]["loss"] - found.tried[1]["loss"]
    assert found.tried[1]["gain"] == pytest.approx(gain)
    assert found.fits == 6


def test_a_regressor_is_searched_by_its_squared_error(tmp_path):
    source = SOURCE.replace(
        "LogisticRegression(C={C}, random_state=seed)", "Ridge({C})"
    )
    source = source.replace("LogisticRegression", "Ridge")
    rows, _ = table()
    truth = rows["a"].to_numpy() * 2
    recipe = made(tmp_path, "{'alpha': [1e-6, 1e6]}", C=1e4, source=source)
    found = search(recipe, rows, truth)
    assert found.measure == "squared_error"
    assert found.chosen == {"alpha": 1e-6}
    far = found.tried[2]
    assert far["loss"] == pytest.approx(
        mean_squared_error(truth[100:], np.zeros(300)), rel=0.1
    )


def test_what_is_surely_better_is_chosen_and_trained_with(tmp_path):
    rows, truth = table()
    recipe = made(tmp_path, "{'C': [1e-6, 10.0]}", C=1e-6)
    frame = rows.assign(outcome=truth)
    candidate = training.train(frame, recipe, seed=1, **NAMES)
    assert candidate.estimator.C == 10.0
    assert candidate.birth["parameters"] == {"C": 10.0}
    told = candidate.birth["search"]
    assert json.loads(json.dumps(told)) == told
    assert told["chosen"] == {"C": 10.0}
    assert [each["parameters"] for each in told["tried"]] == [
        {},
        {"C": 1e-6},
        {"C": 10.0},
    ]
    assert told["tried"][1]["gain"] == 0.0


def test_what_changes_nothing_is_not_chosen(tmp_path):
    rows, truth = table()
    found = search(made(tmp_path, "{'max_iter': [150, 200, 250]}"), rows, truth)
    assert [each["gain"] for each in found.tried] == [0.0] * 4
    assert found.chosen == {}
    assert found.summary == (
        "Of 4 sets of parameters none is surely better than the recipe as it is."
    )


def test_the_best_of_many_must_be_better_by_more_than_their_luck():
    def tried(gain, sets):
        row = {"parameters": {"C": 1}, "loss": 1 - gain, "gain": gain, "error": 0.1}
        worse = {"parameters": {"C": 2}, "loss": 1.0, "gain": 0.0, "error": 0.1}
        return [{"parameters": {}, "loss": 1.0}, row, *[worse] * (sets - 1)]

    assert searching._chosen(tried(0.11, 1)) == {"C": 1}
    assert searching._chosen(tried(0.09, 1)) == {}
    assert searching._chosen(tried(0.24, 20)) == {}  # sqrt(2 ln 20) is 2.448
    assert searching._chosen(tried(0.25, 20)) == {"C": 1}


def test_rows_that_come_later_never_change_what_was_said_of_earlier_ones(tmp_path):
    rows, truth = table()
    recipe = made(tmp_path, "{'C': [0.01]}")
    base = search(recipe, rows, truth, folds=1)
    last = truth.copy()
    last[200:] = 1 - last[200:]
    other = search(recipe, rows, last, folds=1)
    assert base.tried[0]["loss"] != other.tried[0]["loss"]
    model = LogisticRegression(random_state=1).fit(rows[:200], truth[:200])
    said = model.predict_proba(rows[200:])[:, 1]
    assert other.tried[0]["loss"] == pytest.approx(log_loss(last[200:], said))


@settings(max_examples=6, deadline=None)
@given(seed=st.integers(0, 1000), trials=st.integers(1, 3))
def test_the_same_seed_gives_the_same_search(seed, trials):
    rows, truth = table(60, seed=2)
    recipe = recipes.Recipe(
        "mine",
        "0" * 64,
        lambda numeric, categorical, seed: LogisticRegression(random_state=seed),
        grid={"C": loguniform(1e-3, 1e3), "fit_intercept": [True, False]},
    )
    told = {"seed": seed, "trials": trials, "folds": 2}
    first, again = (search(recipe, rows, truth, **told) for _ in range(2))
    assert first == again
    assert 2 <= len(first.tried) <= trials + 1
    assert first.chosen in [each["parameters"] for each in first.tried]


def test_no_more_sets_are_tried_than_asked_and_none_twice(tmp_path):
    rows, truth = table(120)
    recipe = made(tmp_path, "{'C': [float(x) for x in range(1, 90)]}")
    assert len(search(recipe, rows, truth, trials=5).tried) == 6
    few = made(tmp_path, "{'C': [1.0, 1.0, 2.0]}")
    found = search(few, rows, truth)
    assert [each["parameters"] for each in found.tried] == [{}, {"C": 1.0}, {"C": 2.0}]


def test_the_files_own_number_of_trials_is_kept(tmp_path):
    rows, truth = table(120)
    source = SOURCE + "TRIALS = 3\n"
    space = "{{'C': [float(x) for x in range(1, 90)]}}"
    (tmp_path / "mine.py").write_text(
        source.format(space=space, C=1).replace("{{", "{")
    )
    text = (tmp_path / "mine.py").read_text().replace("}}", "}")
    (tmp_path / "mine.py").write_text(text)
    recipe = recipes.load("mine", folder=tmp_path)
    assert len(search(recipe, rows, truth).tried) == 4


def test_given_parameters_are_used_and_nothing_is_searched(tmp_path):
    rows, truth = table()
    recipe = made(tmp_path, "{'C': [10.0]}")
    frame = rows.assign(outcome=truth)
    given_ = training.train(frame, recipe, parameters={"C": 0.5}, seed=1, **NAMES)
    assert given_.estimator.C == 0.5
    assert given_.birth["search"] is None
    assert given_.birth["parameters"] == {"C": 0.5}
    plain = training.train(frame, recipe, search=False, seed=1, **NAMES)
    assert (plain.estimator.C, plain.birth["search"]) == (1.0, None)


def test_words_are_learned_from_and_not_tested_by(tmp_path):
    rows, truth = table()
    weights = np.where(np.arange(400) % 2, 1.0, 0.5)
    found = search(made(tmp_path, "{'C': [0.01]}"), rows, truth, weights=weights)
    assert found.tried[0]["n"] == 150
    model = LogisticRegression(random_state=1)
    model.fit(rows[:100], truth[:100], sample_weight=weights[:100])
    part = search(
        made(tmp_path, "{'C': [0.01]}"),
        rows[:200],
        truth[:200],
        weights=weights[:200],
        folds=1,
    )
    odd = np.arange(101, 200, 2)
    said = model.predict_proba(rows.iloc[odd])[:, 1]
    assert part.tried[0]["loss"] == pytest.approx(log_loss(truth[odd], said))


def test_a_set_that_cannot_be_fitted_is_remarked_and_never_chosen(tmp_path):
    rows, truth = table()
    found = search(made(tmp_path, "{'C': [-1.0, 0.5]}"), rows, truth)
    bad = found.tried[1]
    assert np.isnan(bad["loss"])
    assert "could not be fitted" in bad["remark"]
    assert found.chosen != {"C": -1.0}
    assert found.facts()["tried"][1]["loss"] is None


def test_a_parameter_that_is_not_there_is_a_sentence_and_no_trial(tmp_path):
    rows, truth = table()
    with pytest.raises(SettingsError, match=r"mine\.py: .*'Q'.*name a parameter"):
        search(made(tmp_path, "{'Q': [1]}"), rows, truth)


def test_a_value_no_record_can_keep_is_refused(tmp_path):
    rows, truth = table()
    with pytest.raises(SettingsError, match="has a value of object, which no birth"):
        search(made(tmp_path, "{'C': [object()]}"), rows, truth)


def test_one_outcome_before_every_part_cannot_be_searched(tmp_path):
    rows, truth = table()
    last = np.where(np.arange(400) < 300, 0, truth)
    with pytest.raises(NotEnoughData, match="400 rows in 4 parts leave none with both"):
        search(made(tmp_path, "{'C': [0.1]}"), rows, last)


def test_parts_after_one_outcome_only_are_passed_over(tmp_path):
    rows, truth = table()
    late = np.where(np.arange(400) < 150, 0, truth)
    found = search(made(tmp_path, "{'C': [0.1]}"), rows, late)
    assert found.tried[0]["n"] == 200


def test_rows_whose_outcomes_would_not_have_been_known_are_not_learned_from(tmp_path):
    rows, truth = table()
    found = search(made(tmp_path, "{'C': [0.01]}"), rows, truth, gap=30)
    said, true = [], []
    for start in (100, 200, 300):
        model = LogisticRegression(random_state=1)
        model.fit(rows[: start - 30], truth[: start - 30])
        said.append(model.predict_proba(rows[start : start + 100])[:, 1])
        true.append(truth[start : start + 100])
    expected = log_loss(np.concatenate(true), np.concatenate(said))
    assert found.tried[0]["loss"] == pytest.approx(expected, rel=1e-9)
    most = search(made(tmp_path, "{'C': [0.01]}"), rows, truth, gap=9_999)
    half = search(made(tmp_path, "{'C': [0.01]}"), rows, truth, gap=50)
    assert most == half
    with pytest.raises(ValueError, match="gap must be 0 rows or more, got -1"):
        search(made(tmp_path, "{'C': [0.1]}"), rows, truth, gap=-1)


def test_a_training_set_says_how_long_its_outcomes_take_and_is_searched_so(tmp_path):
    rows, truth = table()
    days = pd.date_range("2023-01-01", periods=401, tz="UTC")
    frame = rows.assign(outcome=truth, time=days[:400], id=rows.index.astype(str))
    known = {"as_of": days[400], "delay": pd.Timedelta(days=20)}
    gathered = training.material(frame, **known)
    recipe = made(tmp_path, "{'C': [0.01]}")
    told = training.train(gathered, recipe, seed=1, **NAMES).birth["search"]
    n = len(gathered)
    assert n == 381
    gap = round(n * 20 / 380)  # 20 days of 380 between the first and the last row
    same = search(recipe, rows[:n], truth[:n], gap=gap)
    assert told["tried"] == same.facts()["tried"]
    assert told["tried"] != search(recipe, rows[:n], truth[:n]).facts()["tried"]


def test_no_folds_are_refused(tmp_path):
    rows, truth = table()
    with pytest.raises(ValueError, match="folds must be 1 or more, got 0"):
        search(made(tmp_path, "{'C': [0.1]}"), rows, truth, folds=0)


def test_a_search_shows_itself(tmp_path):
    rows, truth = table()
    recipe = made(tmp_path, "{'C': [1e-6, 10.0]}", C=1e-6)
    found = search(recipe, rows, truth)
    assert isinstance(found, searching.Search)
    assert repr(found).startswith("<Search 3 tried. Of 3 sets of parameters C 10 is")
    assert found.findings.rows[0].subject == "as it is"
    assert found.findings.rows[1].subject == "C 10"
    assert found.findings.rows[1].lower > 0
    assert len(found.frame()) == 3
    assert "as it is" in found._repr_html_()
    assert "C 10" in found.plot().svg
