from __future__ import annotations

import hashlib
import warnings

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone

from lifecycle import recipes, training
from lifecycle.errors import SettingsError
from lifecycle.registry import artefacts

NUMERIC = ["age", "visits", "empty", "constant"]
CATEGORICAL = ["plan", "void", "only"]


def table(n: int, seed: int = 0) -> tuple[pd.DataFrame, np.ndarray]:
    rng = np.random.default_rng(seed)
    age = rng.normal(40, 10, n)
    frame = pd.DataFrame(
        {
            "age": np.where(rng.random(n) < 0.2, np.nan, age),
            "visits": rng.poisson(3, n).astype(float),
            "empty": np.nan,
            "constant": 1.0,
            "plan": pd.Series(rng.choice(["free", "pro", "team"], n), dtype="str"),
            "void": pd.Series([None] * n, dtype="str"),
            "only": pd.Series(["x"] * n, dtype="str"),
        }
    )
    frame.loc[rng.random(n) < 0.1, "plan"] = None
    truth = (frame["visits"] + rng.normal(0, 1, n) > 3).to_numpy().astype(int)
    return training.features(frame, numeric=NUMERIC, categorical=CATEGORICAL), truth


def says(model, rows: pd.DataFrame) -> np.ndarray:
    """Probability of outcome 1, or the value a regressor gives."""
    if hasattr(model, "predict_proba"):
        return model.predict_proba(rows)[:, 1]
    return model.predict(rows)


@pytest.mark.filterwarnings("ignore:Feature . is constant:UserWarning")
@pytest.mark.parametrize("name", sorted(recipes.LIBRARY))
@pytest.mark.parametrize("n", [50, 400])
def test_every_recipe_survives_missing_constant_and_unseen_values(name: str, n: int):
    rows, truth = table(n)
    model = recipes.load(name).build(NUMERIC, CATEGORICAL, seed=3).fit(rows, truth)
    strange = rows.assign(
        plan="never seen", void="now there", only=np.nan, age=np.nan, empty=7.0
    )
    strange = training.features(strange, numeric=NUMERIC, categorical=CATEGORICAL)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        scores = says(model, strange)
    assert np.isfinite(scores).all()


@pytest.mark.filterwarnings("ignore:Feature . is constant:UserWarning")
@pytest.mark.parametrize("name", sorted(recipes.LIBRARY))
def test_every_recipe_is_stored_without_unknown_types_and_comes_back_the_same(
    name: str,
):
    from skops import io

    rows, truth = table(300)
    model = recipes.load(name).build(NUMERIC, CATEGORICAL, seed=3).fit(rows, truth)
    content = io.dumps(model)
    unknown = io.get_untrusted_types(data=content)
    assert set(unknown) <= artefacts.TRUSTED
    again = io.loads(content, trusted=unknown)
    np.testing.assert_array_equal(says(again, rows), says(model, rows))


@pytest.mark.filterwarnings("ignore:Feature . is constant:UserWarning")
@pytest.mark.parametrize("name", sorted(recipes.LIBRARY))
def test_every_recipe_learns_what_is_there_to_learn(name: str):
    rows, truth = table(1200)
    model = recipes.load(name).build(NUMERIC, CATEGORICAL, seed=3)
    said = says(model.fit(rows[:800], truth[:800]), rows[800:])
    assert ((said >= 0.5) == truth[800:]).mean() > 0.75


@pytest.mark.filterwarnings("ignore:Feature . is constant:UserWarning")
@pytest.mark.parametrize("name", sorted(recipes.LIBRARY))
def test_recipes_work_with_one_kind_of_feature_only(name: str):
    rows, truth = table(200)
    for numeric, categorical in ((["visits"], []), ([], ["plan"])):
        model = recipes.load(name).build(numeric, categorical, seed=1)
        model.fit(rows[[*numeric, *categorical]], truth)


@pytest.mark.parametrize("name", sorted(recipes.LIBRARY))
def test_missing_and_often_equal_numbers_are_fitted_without_a_warning(name: str):
    rows, truth = table(400)
    rows["visits"] = np.where(rows["age"].isna(), np.nan, np.minimum(rows["visits"], 2))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        model = recipes.load(name).build(["age", "visits"], ["plan"], seed=3)
        model.fit(rows, truth)


def test_the_bins_are_those_between_the_eighths_and_missing_has_its_own_column():
    from sklearn.preprocessing import KBinsDiscretizer

    rows, truth = table(400)
    rows["size"] = np.random.default_rng(2).normal(size=400)
    model = recipes.load("binned_logistic").build(["size", "age"], [], seed=3)
    columns = model.fit(rows, truth)[0].transform(rows)
    eighths = KBinsDiscretizer(8, encode="onehot-dense", strategy="quantile")
    np.testing.assert_array_equal(columns[:, :8], eighths.fit_transform(rows[["size"]]))
    np.testing.assert_array_equal(columns[:, -1], rows["age"].isna())
    assert columns.shape == (400, 17)


def words(n: int) -> pd.DataFrame:
    """Fifty categories, some of them rare, and missing ones."""
    rng = np.random.default_rng(4)
    numbers = np.minimum(rng.geometric(0.06, n), 50)
    plan = pd.Series([f"plan {k:02d}" for k in numbers], dtype=object)
    return pd.DataFrame({"plan": plan.where(rng.random(n) > 0.1, np.nan)})


def test_rare_categories_are_grouped_as_one_encoder_of_texts_groups_them():
    from sklearn.preprocessing import OneHotEncoder, OrdinalEncoder

    rows, truth = words(600), np.arange(600) % 2
    strange = pd.concat([rows, pd.DataFrame({"plan": ["never seen"]})])
    onehot = OneHotEncoder(
        handle_unknown="infrequent_if_exist", min_frequency=5, max_categories=40
    ).fit(rows)
    mine = recipes.load("scaled_logistic").build([], ["plan"], seed=1)
    mine.fit(rows, truth)
    found = mine[0].transform(strange)
    wanted = onehot.transform(strange).toarray()
    assert 20 < found.shape[1] == wanted.shape[1] <= 40
    np.testing.assert_array_equal(found @ found.T, wanted @ wanted.T)

    codes = OrdinalEncoder(
        handle_unknown="use_encoded_value",
        unknown_value=-1,
        encoded_missing_value=-2,
        min_frequency=5,
        max_categories=40,
    ).fit(rows)
    trees = recipes.load("boosted_trees").build([], ["plan"], seed=1).fit(rows, truth)
    found, wanted = trees[0].transform(strange), codes.transform(strange)
    np.testing.assert_array_equal(found == found.T, wanted == wanted.T)
    assert found[-1] == -1


def test_the_logistic_does_not_extrapolate():
    rows, truth = table(300)
    model = recipes.load("scaled_logistic").build(["visits"], [], seed=1)
    model.fit(rows[["visits"]], truth)
    edge = pd.DataFrame({"visits": [rows["visits"].max()]})
    far = pd.DataFrame({"visits": [1e9]})
    np.testing.assert_array_equal(model.predict_proba(edge), model.predict_proba(far))


def test_the_estimator_is_not_fitted_and_can_be_cloned():
    model = recipes.load("boosted_trees").build(["visits"], ["plan"], seed=9)
    clone(model)
    assert not hasattr(model[-1], "classes_")
    assert model[-1].random_state == 9


def test_a_users_file_comes_before_the_library_and_its_bytes_are_hashed(tmp_path):
    source = (
        "from sklearn.dummy import DummyClassifier\n"
        "def estimator(numeric, categorical, seed):\n"
        "    return DummyClassifier(random_state=seed)\n"
    )
    (tmp_path / "extra_trees.py").write_text(source)
    recipe = recipes.load("extra_trees", folder=tmp_path)
    assert recipe.source_sha256 == hashlib.sha256(source.encode()).hexdigest()
    assert type(recipe.build(["a"], [], seed=1)).__name__ == "DummyClassifier"
    assert not list(tmp_path.glob("__pycache__"))


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("def estimator(:\n", r"recipes/mine\.py, line 1: SyntaxError"),
        (
            "x = 1\n\nimport nowhere_at_all\n",
            r"recipes/mine\.py, line 3: ModuleNotFound",
        ),
        ("y = 1\n", r"recipes/mine\.py has no function estimator"),
        ("a\0b", r"recipes/mine\.py.*mend the recipe"),
        ("x = 'caf\xe9'".encode("latin-1"), r"recipes/mine\.py.*mend the recipe"),
    ],
)
def test_a_file_that_cannot_be_run_is_one_sentence_with_file_and_line(
    tmp_path, source, said
):
    raw = source if isinstance(source, bytes) else source.encode()
    (tmp_path / "mine.py").write_bytes(raw)
    with pytest.raises(SettingsError, match=said):
        recipes.load("mine", folder=tmp_path)


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ("return 1 / 0", r"recipes/mine\.py, line 2: ZeroDivisionError"),
        ("return 4", r"returned int, which has no fit"),
        (
            "from sklearn.svm import LinearSVC; return LinearSVC()",
            r"returned LinearSVC, which has no predict_proba",
        ),
    ],
)
def test_a_function_that_fails_says_where(tmp_path, body, said):
    source = f"def estimator(numeric, categorical, seed):\n    {body}\n"
    (tmp_path / "mine.py").write_text(source)
    recipe = recipes.load("mine", folder=tmp_path)
    with pytest.raises(SettingsError, match=said):
        recipe.build(["a"], [], seed=1)


@pytest.mark.parametrize("name", ["../mine", "a b", "", "mine.py", "x" * 80])
def test_a_name_is_never_a_path(tmp_path, name):
    with pytest.raises(SettingsError, match="no name of a recipe"):
        recipes.load(name, folder=tmp_path)


def test_an_unknown_recipe_names_those_there_are(tmp_path):
    with pytest.raises(SettingsError, match="use one of scaled_logistic"):
        recipes.load("zzz", folder=tmp_path / "not there")


def test_no_features_are_refused():
    with pytest.raises(SettingsError, match="given no features"):
        recipes.load("extra_trees").build([], [], seed=1)
