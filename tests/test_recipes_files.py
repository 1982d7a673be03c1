"""What a recipe's file may say beside its estimator, and how it is kept."""

from __future__ import annotations

import hashlib

import numpy as np
import pandas as pd
import pytest

from lifecycle import recipes
from lifecycle.errors import SettingsError

PLAIN = """
from sklearn.linear_model import LogisticRegression
def estimator(numeric, categorical, seed):
    return LogisticRegression(random_state=seed)
"""
ROWS = pd.DataFrame({"a": [1.0, np.nan, 3.0]}, index=[7, 8, 9])


def made(tmp_path, more: str, plain: str = PLAIN):
    (tmp_path / "mine.py").write_text(plain + more)
    return recipes.load("mine", folder=tmp_path)


# ---------------------------------------------------------------- what there is


def test_the_library_says_of_each_recipe_which_task_it_serves():
    assert set(recipes.TASKS) == set(recipes.LIBRARY)
    kinds = {"binary": "classifier", "multiclass": "classifier"}
    kinds |= {"regression": "regressor"}
    for name, task in recipes.TASKS.items():
        assert recipes.load(name).kind == kinds[task]


def test_ridge_does_not_extrapolate():
    rng = np.random.default_rng(0)
    rows = pd.DataFrame({"a": rng.uniform(0, 1, 200)})
    model = recipes.load("ridge").build(["a"], [], seed=1).fit(rows, 5 * rows["a"])
    edge, far = (pd.DataFrame({"a": [x]}) for x in (rows["a"].max(), 1e9))
    np.testing.assert_array_equal(model.predict(edge), model.predict(far))


def test_a_plain_file_has_nothing_to_search_and_shapes_nothing(tmp_path):
    recipe = made(tmp_path, "")
    assert recipe.space(["a"], []) == {}
    assert not recipe.prepares
    assert recipe.prepare(ROWS) is ROWS
    assert recipe.trials == 20
    assert recipe.fingerprint == recipe.source_sha256


def test_an_estimator_that_only_looks_like_one_of_scikit_learns_is_taken(tmp_path):
    source = (
        "class Own:\n"
        "    def fit(self, X, y): return self\n"
        "    def {}(self, X): return X\n"
        "    def get_params(self, deep=True): return dict()\n"
        "    def set_params(self, **given): return self\n"
        "def estimator(numeric, categorical, seed):\n"
        "    return Own()\n"
    )
    assert made(tmp_path, "", source.format("predict_proba")).kind == "classifier"
    with pytest.raises(SettingsError, match="returned Own, which has no predict_proba"):
        _ = made(tmp_path, "", source.format("predict")).kind


def test_the_libraries_of_a_file_are_those_it_imports_and_python_does_not_bring(
    tmp_path,
):
    more = (
        "import os, numpy as np\n"
        "def features(frame):\n"
        "    from scipy.stats import norm\n"
        "    from lifecycle.recipes import library\n"
        "    import pandas.api.types\n"
    )
    found = made(tmp_path, more).libraries
    assert found == ("numpy", "pandas", "scipy", "sklearn")


# ---------------------------------------------------------------- the search space


def test_a_space_is_a_dictionary_or_a_function_of_the_columns(tmp_path):
    plain = made(tmp_path, "SPACE = {'C': (0.1, 1.0)}\nTRIALS = 7\n")
    assert plain.space(["a"], []) == {"C": [0.1, 1.0]}
    assert plain.trials == 7
    source = "def space(numeric, categorical):\n    return {'C': [len(numeric)]}\n"
    assert made(tmp_path, source).space(["a", "b"], []) == {"C": [2]}


def test_distributions_of_scipy_are_part_of_a_space(tmp_path):
    recipe = made(
        tmp_path, "from scipy.stats import loguniform\nSPACE={'C': loguniform(1, 2)}\n"
    )
    assert 1 <= recipe.space(["a"], [])["C"].rvs(random_state=1) <= 2


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ("SPACE = [1]\n", "the search space is list; write a dictionary"),
        ("SPACE = {'C': 3}\n", "'C' in the search space has int; write a list"),
        ("SPACE = {'C': 'abc'}\n", "'C' in the search space has str; write a list"),
        ("SPACE = {'C': []}\n", "'C' in the search space has no values"),
        ("def space(n, c):\n    return 1 / 0\n", r"mine\.py, line 6: ZeroDivision"),
    ],
)
def test_a_space_that_is_none_is_one_sentence(tmp_path, more, said):
    with pytest.raises(SettingsError, match=said):
        made(tmp_path, more).space(["a"], [])


@pytest.mark.parametrize("trials", ["0", "-1", "'9'", "True", "1001", "2.5"])
def test_trials_are_a_whole_number_above_nothing(tmp_path, trials):
    with pytest.raises(SettingsError, match=r"TRIALS is .*; write a whole number"):
        made(tmp_path, f"TRIALS = {trials}\n")


def test_a_tuned_recipe_has_its_parameters_and_a_fingerprint_of_its_own(tmp_path):
    recipe = made(tmp_path, "SPACE = {'C': [1.0]}\n")
    tuned = recipe.tuned({"C": 0.25})
    assert tuned.build(["a"], [], seed=1).C == 0.25
    assert tuned.space(["a"], []) == {}
    assert tuned.source_sha256 == recipe.source_sha256
    assert tuned.fingerprint != recipe.fingerprint
    assert tuned.fingerprint == recipe.tuned({"C": 0.25}).fingerprint
    assert tuned.fingerprint != recipe.tuned({"C": 0.5}).fingerprint


def test_a_parameter_the_estimator_has_not_is_one_sentence(tmp_path):
    with pytest.raises(SettingsError, match=r"mine\.py: .*'Q'.*name a parameter"):
        made(tmp_path, "").tuned({"Q": 1}).build(["a"], [], seed=1)


# ---------------------------------------------------------------- shaping the rows


def test_a_feature_function_gives_a_frame_of_the_same_rows(tmp_path):
    recipe = made(
        tmp_path, "def features(frame):\n    return frame.assign(b=frame['a'] * 2)\n"
    )
    shaped = recipe.prepare(ROWS)
    assert recipe.prepares
    assert shaped["b"].tolist()[::2] == [2.0, 6.0]
    assert ROWS.columns.tolist() == ["a"]


def test_a_feature_function_cannot_change_the_rows_it_is_given(tmp_path):
    recipe = made(
        tmp_path, "def features(frame):\n    frame['a'] = 0.0\n    return frame\n"
    )
    before = ROWS.copy()
    recipe.prepare(ROWS)
    pd.testing.assert_frame_equal(ROWS, before)


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ("return frame['nowhere']", r"recipes/mine\.py, line 6: KeyError"),
        ("return 3", "returned int; return a DataFrame"),
        ("return frame.dropna()", "given 3 rows and returned 2, or others"),
        ("return frame[::-1]", "given 3 rows and returned 3, or others"),
        ("return frame.reset_index(drop=True)", "given 3 rows and returned 3"),
        ("return frame[[]]", "returned no columns, or one name twice"),
        ("return frame[['a', 'a']]", "returned no columns, or one name twice"),
    ],
)
def test_a_feature_function_that_returns_something_else_is_told_so(
    tmp_path, body, said
):
    recipe = made(tmp_path, f"def features(frame):\n    {body}\n")
    with pytest.raises(SettingsError, match=said):
        recipe.prepare(ROWS)


def test_features_that_are_no_function_are_refused(tmp_path):
    with pytest.raises(SettingsError, match="features is list; write a function"):
        made(tmp_path, "features = ['a']\n")


# ---------------------------------------------------------------- kept for a version


def test_what_was_kept_is_the_recipe_as_it_was(tmp_path):
    recipe = made(tmp_path, "SPACE = {'C': [1.0]}\n")
    path = recipes.keep(recipe, tmp_path)
    (tmp_path / "mine.py").write_text("x = 1\n")
    again = recipes.kept(recipe.source_sha256, name="mine", folder=tmp_path)
    assert path == tmp_path / ".versions" / f"{recipe.source_sha256}.py"
    assert again.source == recipe.source
    assert again.space(["a"], []) == {"C": [1.0]}
    assert again.build(["a"], [], seed=4).random_state == 4


def test_keeping_twice_leaves_one_file_and_an_altered_one_is_mended(tmp_path):
    recipe = made(tmp_path, "")
    path = recipes.keep(recipe, tmp_path)
    path.write_text("altered")
    recipes.keep(recipe, tmp_path)
    recipes.keep(recipe, tmp_path)
    assert path.read_bytes() == recipe.source
    assert [each.name for each in path.parent.iterdir()] == [path.name]


def test_the_library_is_kept_too(tmp_path):
    recipe = recipes.load("extra_trees")
    recipes.keep(recipe, tmp_path)
    again = recipes.kept(recipe.source_sha256, name="extra_trees", folder=tmp_path)
    made = again.build(["a"], [], seed=3)[-1]
    assert type(made).__name__ == "ExtraTreesClassifier"


def test_a_file_of_the_users_with_a_name_of_the_librarys_is_kept_as_theirs(tmp_path):
    source = "from lifecycle.recipes.library import ridge as estimator\n"
    (tmp_path / "extra_trees.py").write_text(source)
    recipe = recipes.load("extra_trees", folder=tmp_path)
    recipes.keep(recipe, tmp_path)
    again = recipes.kept(recipe.source_sha256, name="extra_trees", folder=tmp_path)
    assert again.kind == recipe.kind == "regressor"


def test_a_kept_source_that_was_altered_is_not_run(tmp_path):
    path = recipes.keep(made(tmp_path, ""), tmp_path)
    path.write_text("raise SystemExit\n")
    with pytest.raises(SettingsError, match=r"was altered \(SHA-256 .*; it is the"):
        recipes.kept(path.stem, name="mine", folder=tmp_path)


def test_a_source_that_was_not_kept_is_one_sentence(tmp_path):
    digest = hashlib.sha256(b"").hexdigest()
    with pytest.raises(SettingsError, match=r"cannot be read .*; restore it"):
        recipes.kept(digest, name="mine", folder=tmp_path)


@pytest.mark.parametrize("digest", ["", "../mine", "a" * 63, "G" * 64])
def test_a_digest_is_never_a_path(tmp_path, digest):
    with pytest.raises(SettingsError, match="is no digest of a recipe"):
        recipes.kept(digest, name="mine", folder=tmp_path)


def test_a_recipe_made_by_hand_has_no_source_to_keep(tmp_path):
    recipe = recipes.Recipe("mine", "0" * 64, lambda numeric, categorical, seed: None)
    with pytest.raises(ValueError, match="carries no source of its digest"):
        recipes.keep(recipe, tmp_path)
