"""Rows that count for less, rows that a recipe shapes, outcomes that are numbers."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.linear_model import LogisticRegression, Ridge

from lifecycle import recipes, training
from lifecycle.errors import InputError, NotEnoughData, SettingsError
from lifecycle.training import learning, shaping

NAMES = {"numeric": ["a"], "categorical": ["kind"]}
LOGISTIC = recipes.load("scaled_logistic")


@pytest.fixture(scope="module")
def rows() -> pd.DataFrame:
    rng = np.random.default_rng(3)
    a = rng.normal(size=300)
    times = pd.date_range("2023-01-02", periods=300, freq="h", tz="UTC")
    frame = pd.DataFrame({"time": times, "a": a, "kind": rng.choice(["x", "y"], 300)})
    frame["outcome"] = (a + rng.normal(0, 0.7, 300) > 0).astype(float)
    return frame.assign(w=np.where(np.arange(300) % 3, 1.0, 0.25), amount=3 * a + 1)


def own(tmp_path, source: str):
    (tmp_path / "mine.py").write_text(source)
    return recipes.load("mine", folder=tmp_path)


# ---------------------------------------------------------------- weights


def test_weights_reach_the_last_step_of_a_pipeline(rows):
    made = training.train(rows, LOGISTIC, weight="w", seed=1, **NAMES)
    table = training.features(rows, **NAMES)
    columns = made.estimator[:-1].transform(table)
    by_hand = LogisticRegression(max_iter=1000, random_state=1)
    by_hand.fit(columns, rows["outcome"].astype(int), sample_weight=rows["w"])
    np.testing.assert_allclose(made.estimator[-1].coef_, by_hand.coef_, atol=1e-6)
    plain = training.train(rows, LOGISTIC, seed=1, **NAMES)
    assert abs(made.estimator[-1].coef_ - plain.estimator[-1].coef_).max() > 1e-3
    assert made.birth["data_sha256"] != plain.birth["data_sha256"]


def test_weights_of_one_change_nothing(rows):
    plain = training.train(rows, LOGISTIC, seed=1, **NAMES)
    ones = training.train(rows.assign(w=1.0), LOGISTIC, weight="w", seed=1, **NAMES)
    assert ones.birth["data_sha256"] == plain.birth["data_sha256"]
    np.testing.assert_array_equal(ones.estimator[-1].coef_, plain.estimator[-1].coef_)


def test_rows_of_no_weight_are_as_if_they_were_not_there(rows):
    none = rows.assign(w=np.where(rows.index < 100, 0.0, 1.0))
    made = training.train(none, LOGISTIC, weight="w", seed=1, **NAMES)
    fewer = training.train(rows.iloc[100:], LOGISTIC, seed=1, **NAMES)
    assert made.birth["rows"] == 200
    assert made.birth["data_sha256"] == fewer.birth["data_sha256"]


def test_a_logs_own_column_called_weight_is_no_weight(rows):
    plain = training.train(rows, LOGISTIC, seed=1, **NAMES)
    heavy = training.train(rows.assign(weight=72.5), LOGISTIC, seed=1, **NAMES)
    assert heavy.birth["data_sha256"] == plain.birth["data_sha256"]


NEIGHBOURS = """\
from sklearn.neighbors import KNeighborsClassifier
def estimator(numeric, categorical, seed):
    return KNeighborsClassifier(3)
"""


def test_an_estimator_that_takes_no_weights_is_given_fewer_rows_and_says_so(
    tmp_path, rows
):
    recipe = own(tmp_path, NEIGHBOURS)
    names = {"numeric": ["a"], "categorical": []}
    made = training.train(rows, recipe, weight="w", seed=1, **names)
    again = training.train(rows, recipe, weight="w", seed=1, **names)
    (said,) = made.birth["warnings"]
    assert said.startswith(
        "the estimator takes no weights: of 100 rows that weigh less"
    )
    assert made.birth["warnings"] == again.birth["warnings"]
    fitted = made.estimator.n_samples_fit_
    assert 200 < fitted < 300
    assert f", {fitted - 200} stayed in" in said


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 10_000))
def test_true_outcomes_always_stay_in_and_words_of_no_weight_never_do(seed):
    weights = np.array([1.0] * 40 + [0.0] * 40 + [0.3] * 400)
    kept = learning.thinned(weights, seed=seed)
    assert kept[:40].all()
    assert not kept[40:80].any()
    assert (
        60 < kept[80:].sum() < 180
    )  # 120 in the mean, six standard deviations each way


@pytest.mark.parametrize("bad", [-0.1, 1.01, np.nan, np.inf])
def test_a_weight_beyond_nothing_and_the_truths_is_refused(rows, bad):
    strange = rows.assign(w=np.where(rows.index == 7, bad, 1.0))
    with pytest.raises(InputError, match=r"weight .* is not between 0 and 1; divide"):
        training.train(strange, LOGISTIC, weight="w", seed=1, **NAMES)


def test_a_column_of_weights_that_is_not_there_is_named(rows):
    with pytest.raises(InputError, match="no column 'wo', which was to say"):
        training.train(rows, LOGISTIC, weight="wo", seed=1, **NAMES)


def test_words_alone_are_not_enough_to_train_on(rows):
    light = rows.assign(w=0.1)
    with pytest.raises(NotEnoughData, match=r"300 labelled rows weigh 30\.0 together"):
        training.train(light, LOGISTIC, weight="w", seed=1, **NAMES)


def test_a_training_set_brings_its_weights_and_its_facts():
    days = pd.date_range("2023-01-02", periods=120, freq="D", tz="UTC")
    frame = pd.DataFrame({"id": [f"i{k}" for k in range(120)], "time": days})
    frame = frame.assign(a=np.arange(120) % 7.0, kind="x", outcome=np.arange(120) % 2.0)
    frame["known_at"] = frame["time"] + pd.Timedelta(days=5)
    frame.loc[110:, ["outcome", "known_at"]] = [np.nan, pd.NaT]
    said = frame[["id", "time"]].assign(kind="override", label=1.0, person="ann")
    known = {"as_of": days[-1], "delay": pd.Timedelta(days=10)}
    ones = said[(frame["outcome"] == 1) | frame["outcome"].isna()]
    made = training.material(frame, feedback=ones, **known)
    birth = training.train(made, LOGISTIC, seed=1, **NAMES).birth
    assert json.loads(json.dumps(birth)) == birth
    assert birth["rows"] == len(made) == 120
    assert birth["trained_to"] == days[109].isoformat()
    assert birth["people_to"] == days[119].isoformat()
    assert birth["material"]["people"]["rows"] == 10
    assert birth["material"] == made.facts()


# ---------------------------------------------------------------- shaped rows


SHAPES = """\
from lifecycle.recipes.library import scaled_logistic as estimator
def features(frame):
    big = (frame["a"] > 0).map({True: "big", False: "small"})
    return frame[["a"]].assign(square=frame["a"] ** 2, big=big)
"""


def test_a_recipe_shapes_its_rows_and_the_record_says_what_came_of_it(tmp_path, rows):
    recipe = own(tmp_path, SHAPES)
    made = training.train(rows, recipe, seed=1, **NAMES)
    assert made.birth["features"] == NAMES
    assert made.birth["prepared"] == {
        "numeric": ["a", "square"],
        "categorical": ["big"],
    }
    told = {"recipe": recipe, "prepared": made.birth["prepared"]}
    whole = training.predict(made.estimator, rows, **NAMES, **told)
    by_hand = pd.DataFrame({"a": rows["a"], "square": rows["a"] ** 2})
    by_hand["big"] = np.where(rows["a"] > 0, "big", "small")
    table = training.features(by_hand, **made.birth["prepared"])
    np.testing.assert_array_equal(whole, made.estimator.predict_proba(table)[:, 1])
    one = training.predict(made.estimator, rows.iloc[[5]], **NAMES, **told)
    np.testing.assert_allclose(one, whole[[5]], rtol=1e-12)
    nothing = training.predict(made.estimator, rows.head(0), **NAMES, **told)
    assert nothing.shape == (0,)


def test_what_the_recipes_file_imports_is_among_the_packages(tmp_path, rows):
    import threadpoolctl

    recipe = own(tmp_path, f"import threadpoolctl\n{SHAPES}")
    found = training.train(rows, recipe, seed=1, **NAMES).birth["packages"]
    assert found["threadpoolctl"] == threadpoolctl.__version__


@pytest.mark.parametrize(
    "body",
    [
        "frame.assign(b=frame['a'] - frame['a'].mean())",
        "frame.assign(b=frame['a'].shift(1))",
        "frame.assign(b=frame['a'].shift(-1))",
        "frame.assign(b=frame['a'].rank())",
        "frame.assign(b=frame['kind'].map(frame['kind'].value_counts()))",
        "frame.assign(b=frame['kind'].where(frame['kind'].duplicated(), 'first'))",
        "frame.assign(b=range(len(frame)))",
    ],
)
def test_a_recipe_that_looks_at_other_rows_is_refused(tmp_path, rows, body):
    source = SHAPES.partition("def features")[0]
    recipe = own(tmp_path, f"{source}def features(frame):\n    return {body}\n")
    with pytest.raises(SettingsError, match=r"gives column 'b' other values when some"):
        training.train(rows, recipe, seed=1, **NAMES)


def test_columns_that_only_some_rows_make_are_refused(tmp_path, rows):
    source = SHAPES.partition("def features")[0]
    body = (
        "import pandas as pd\ndef features(frame):\n    return pd.get_dummies(frame)\n"
    )
    recipe = own(tmp_path, source + body)
    strange = rows.assign(kind=np.where(rows.index < 3, "rare", "x"))
    with pytest.raises(SettingsError, match="gives column 'kind_rare' other values"):
        training.train(strange, recipe, seed=1, **NAMES)


def test_rows_are_shaped_alike_whether_few_or_many(tmp_path, rows):
    recipe = own(tmp_path, SHAPES)
    for n in (1, 2, 3, 300):
        table = training.features(rows.head(n), **NAMES)
        found, numeric, categorical = shaping.prepared(recipe, table, **NAMES)
        assert (numeric, categorical) == (["a", "square"], ["big"])
        assert len(found) == n


# ---------------------------------------------------------------- numbers


@pytest.mark.parametrize("name", ["ridge", "boosted_regression"])
def test_a_regressor_learns_a_number_and_says_it(rows, name):
    numbers = rows.assign(outcome=rows["amount"])
    made = training.train(numbers, recipes.load(name), seed=1, **NAMES)
    said = training.predict(made.estimator, numbers, **NAMES)
    assert np.corrcoef(said, numbers["outcome"])[0, 1] > 0.95
    birth = made.birth
    assert (birth["task"], birth["positives"]) == ("regression", None)
    assert json.loads(json.dumps(birth)) == birth
    assert repr(made).startswith(f"<Candidate {name}: 300 rows, data ")


def test_ridge_with_weights_is_that_of_scikit_learn(rows):
    numbers = rows.assign(outcome=rows["amount"])
    made = training.train(numbers, recipes.load("ridge"), weight="w", seed=1, **NAMES)
    columns = made.estimator[:-1].transform(training.features(rows, **NAMES))
    by_hand = Ridge().fit(columns, rows["amount"], sample_weight=rows["w"])
    np.testing.assert_allclose(made.estimator[-1].coef_, by_hand.coef_)


@pytest.mark.parametrize(
    ("name", "task", "said"),
    [
        ("ridge", "binary", "makes a regressor, which is for the task 'regression'"),
        ("extra_trees", "regression", "makes a classifier, which is for the task"),
    ],
)
def test_a_recipe_for_another_task_is_refused(rows, name, task, said):
    with pytest.raises(SettingsError, match=said):
        training.train(rows, recipes.load(name), task=task, seed=1, **NAMES)


def test_numbers_that_are_all_alike_or_infinite_are_refused(rows):
    ridge = recipes.load("ridge")
    with pytest.raises(NotEnoughData, match=r"all 300 outcomes are 2\.5"):
        training.train(rows.assign(outcome=2.5), ridge, seed=1, **NAMES)
    endless = rows.assign(outcome=np.where(rows.index == 3, np.inf, rows["a"]))
    with pytest.raises(InputError, match="an outcome is infinite"):
        training.train(endless, ridge, seed=1, **NAMES)
