"""Going on from the champion: what it knew stays, what is new is learned."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest
from sklearn.ensemble import (
    ExtraTreesClassifier,
    GradientBoostingClassifier,
    HistGradientBoostingRegressor,
    RandomForestRegressor,
)
from sklearn.linear_model import SGDClassifier

from lifecycle import recipes, training
from lifecycle.errors import NotEnoughData, SettingsError

NAMES = {"numeric": ["a", "b"], "categorical": ["kind"]}
PLAIN = {"numeric": ["a", "b"], "categorical": []}


def log(n: int, seed: int, sign: int = 1) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    times = pd.date_range("2023-01-02", periods=n, freq="h", tz="UTC")
    frame = pd.DataFrame({"time": times, "a": rng.normal(size=n)})
    frame["b"] = np.where(rng.random(n) < 0.1, np.nan, rng.normal(size=n))
    frame["kind"] = rng.choice(["x", "y"], n)
    noise = rng.normal(0, 0.5, n)
    return frame.assign(outcome=(sign * frame["a"] + noise > 0).astype(float))


OLD, NEW = log(400, 0), log(400, 1, sign=-1)


def recipe_of(make) -> recipes.Recipe:
    return recipes.Recipe("mine", "0" * 64, make)


def plainly(estimator) -> recipes.Recipe:
    """A recipe of one estimator behind a filler of what is missing."""
    from sklearn.base import clone
    from sklearn.impute import SimpleImputer
    from sklearn.pipeline import make_pipeline

    return recipe_of(
        lambda n, c, seed: make_pipeline(SimpleImputer(), clone(estimator))
    )


def loss(candidate, frame, names=NAMES) -> float:
    said = training.predict(candidate.estimator, frame, **names)
    return float(((said >= 0.5) != (frame["outcome"] == 1)).mean())


@pytest.mark.parametrize("name", ["boosted_trees", "extra_trees"])
def test_a_candidate_learns_the_new_and_the_champion_stays_what_it_was(name):
    recipe = recipes.load(name)
    first = training.train(OLD, recipe, seed=1, **NAMES)
    before = training.predict(first.estimator, OLD, **NAMES)
    told = {"seed": 1, "parent": 1, "more": 60, **NAMES}
    second = training.go_on(first.estimator, NEW, recipe, **told)
    third = training.go_on(first.estimator, NEW, recipe, **told)
    held = log(300, 5, sign=-1)
    assert loss(second, held) < loss(first, held) - 0.2
    np.testing.assert_array_equal(
        training.predict(first.estimator, OLD, **NAMES), before
    )
    np.testing.assert_array_equal(
        training.predict(second.estimator, OLD, **NAMES),
        training.predict(third.estimator, OLD, **NAMES),
    )
    assert third.birth["data_sha256"] == second.birth["data_sha256"]


def test_the_record_names_the_parent_and_what_was_added():
    recipe = recipes.load("boosted_trees")
    first = training.train(OLD, recipe, seed=1, **NAMES)
    second = training.go_on(first.estimator, NEW, recipe, seed=1, parent=7, **NAMES)
    birth = second.birth
    assert json.loads(json.dumps(birth)) == birth
    assert (birth["parent"], birth["rows"], birth["recipe"]) == (7, 400, recipe.name)
    assert birth["going_on"] == {
        "how": "trees",
        "more": 15,
        "cap": 180,
        "trees": 75,
    }
    assert set(first.birth) <= set(birth)


def test_boosting_on_the_same_rows_is_boosting_for_longer():
    """The trees to come are those of one longer fit: bins and errors are right."""
    recipe = recipes.load("boosted_trees")
    first = training.train(OLD, recipe, seed=1, **NAMES)
    second = training.go_on(
        first.estimator, OLD, recipe, more=20, seed=1, parent=1, **NAMES
    )
    key = "histgradientboostingclassifier__max_iter"
    longer = training.train(OLD, recipe, parameters={key: 80}, seed=1, **NAMES)
    np.testing.assert_allclose(
        training.predict(second.estimator, NEW, **NAMES),
        training.predict(longer.estimator, NEW, **NAMES),
        rtol=1e-9,
    )


def test_new_boosted_trees_are_those_fitted_to_the_champions_errors():
    """On new rows in other bins: the residuals are those of the champion's scores."""
    rng = np.random.default_rng(0)
    old = pd.DataFrame({"a": rng.integers(0, 8, 500).astype(float)})
    new = pd.DataFrame({"a": rng.integers(0, 4, 400).astype(float) * 2})
    champion = HistGradientBoostingRegressor(max_iter=5, min_samples_leaf=1)
    champion.fit(old, old["a"] ** 2)
    recipe = recipe_of(lambda n, c, seed: HistGradientBoostingRegressor(max_iter=5))
    frame = new.assign(outcome=3 * new["a"])
    names = {"numeric": ["a"], "categorical": []}
    made = training.go_on(
        champion, frame, recipe, more=1, seed=1, parent=1, **names
    ).estimator
    error = frame["outcome"] - champion.predict(new)
    added = made.predict(new) - champion.predict(new)
    for value in (0.0, 2.0, 4.0, 6.0):  # a leaf each; learning rate 0.1
        mine = (new["a"] == value).to_numpy()
        assert added[mine] == pytest.approx(0.1 * error[mine].mean(), rel=1e-5)
    assert made.n_iter_ == 6


def test_gradient_boosting_goes_on_from_the_champions_scores():
    recipe = plainly(GradientBoostingClassifier(n_estimators=20, random_state=0))
    first = training.train(OLD, recipe, seed=1, **PLAIN)
    told = {"more": 10, "seed": 1, "parent": 1, **PLAIN}
    second = training.go_on(first.estimator, OLD, recipe, **told)
    assert second.birth["going_on"]["trees"] == 30
    longer = plainly(GradientBoostingClassifier(n_estimators=30, random_state=0))
    whole = training.train(OLD, longer, seed=1, **PLAIN)
    assert loss(second, OLD, PLAIN) == pytest.approx(loss(whole, OLD, PLAIN), abs=0.01)


def test_a_forest_grows_new_trees_and_its_oldest_go():
    for forest in (ExtraTreesClassifier, RandomForestRegressor):
        recipe = plainly(forest(n_estimators=8, random_state=0))
        first = training.train(OLD, recipe, seed=1, **PLAIN)
        second = training.go_on(first.estimator, NEW, recipe, seed=1, parent=1, **PLAIN)
        old, new = first.estimator[-1].estimators_, second.estimator[-1].estimators_
        assert (len(old), len(new)) == (8, 8)
        for one, two in zip(old[2:], new[:6], strict=True):
            np.testing.assert_array_equal(one.tree_.threshold, two.tree_.threshold)
        assert second.estimator[-1].get_params() == first.estimator[-1].get_params()


def test_a_forest_that_goes_on_again_and_again_draws_its_chance_anew():
    recipe = plainly(ExtraTreesClassifier(n_estimators=4, random_state=0))
    told = {"seed": 1, "parent": 1, **PLAIN}
    made = training.train(OLD, recipe, seed=1, **PLAIN)
    for part in (NEW[:200], NEW[100:300], NEW[200:]):
        made = training.go_on(made.estimator, part, recipe, **told)
    seeds = [tree.random_state for tree in made.estimator[-1].estimators_]
    assert len(set(seeds)) == 4
    assert made.birth["going_on"]["trees"] == 4


def test_partial_fit_goes_on_with_the_preparation_as_it_was_fitted():
    recipe = plainly(SGDClassifier(loss="log_loss", random_state=0))
    first = training.train(OLD, recipe, seed=1, **PLAIN)
    second = training.go_on(first.estimator, NEW, recipe, seed=1, parent=1, **PLAIN)
    np.testing.assert_array_equal(
        first.estimator[0].statistics_, second.estimator[0].statistics_
    )
    assert second.birth["going_on"]["how"] == "partial_fit"
    by_hand = training.train(OLD, recipe, seed=1, **PLAIN).estimator
    columns = by_hand[0].transform(training.features(NEW, **PLAIN))
    by_hand[-1].partial_fit(columns, NEW["outcome"].astype(int))
    np.testing.assert_array_equal(by_hand[-1].coef_, second.estimator[-1].coef_)


def test_rows_are_shaped_into_the_columns_that_the_champion_knows(tmp_path):
    (tmp_path / "mine.py").write_text(
        "from lifecycle.recipes.library import extra_trees as estimator\n"
        "def features(frame):\n"
        "    return frame.assign(mixed=frame['b'].where(frame['a'] < 9, 'far'))\n"
    )
    recipe = recipes.load("mine", folder=tmp_path)
    far = OLD.assign(a=np.where(np.arange(400) < 5, 10.0, OLD["a"]))
    first = training.train(far, recipe, seed=1, **NAMES)
    kept = first.birth["prepared"]
    assert "mixed" in kept["categorical"]  # and is a number in the new rows
    told = {"seed": 1, "parent": 1, **NAMES}
    second = training.go_on(first.estimator, NEW, recipe, prepared=kept, **told)
    assert second.birth["prepared"] == kept
    found = training.reproduce(
        second.birth, NEW, recipe, second.estimator, parent=first.estimator
    )
    assert found.verdict == "quiet"


def test_weights_count_in_going_on_too():
    recipe = plainly(SGDClassifier(loss="log_loss", random_state=0))
    first = training.train(OLD, recipe, seed=1, **PLAIN)
    light = NEW.assign(w=np.where(np.arange(400) % 2, 1.0, 0.01))
    told = {"seed": 1, "parent": 1, **PLAIN}
    second = training.go_on(first.estimator, light, recipe, weight="w", **told)
    plain = training.go_on(first.estimator, light, recipe, **told)
    assert abs(second.estimator[-1].coef_ - plain.estimator[-1].coef_).max() > 1e-6


def test_what_cannot_go_on_is_refused_in_one_sentence():
    recipe = recipes.load("scaled_logistic")
    first = training.train(OLD, recipe, seed=1, **NAMES)
    with pytest.raises(
        SettingsError, match=r'LogisticRegression cannot go on.*"refit"'
    ):
        training.go_on(first.estimator, NEW, recipe, seed=1, parent=1, **NAMES)


def test_there_is_a_most_of_trees():
    recipe = recipes.load("boosted_trees")
    first = training.train(OLD, recipe, seed=1, **NAMES)
    told = {"seed": 1, "parent": 1, "more": 20, "cap": 80, **NAMES}
    full = training.go_on(first.estimator, NEW, recipe, **told)
    with pytest.raises(SettingsError, match="has 80 trees and may have 80, 20 more"):
        training.go_on(full.estimator, NEW, recipe, **told)
    forest = recipes.load("extra_trees")
    grown = training.train(OLD, forest, seed=1, **NAMES)
    with pytest.raises(SettingsError, match="has 80 trees and may have 10, 20 more"):
        training.go_on(grown.estimator, NEW, forest, **{**told, "cap": 10})


def test_categories_of_the_estimators_own_cannot_go_on():
    frame = OLD.assign(kind=OLD["kind"].astype("category"))
    champion = HistGradientBoostingRegressor(max_iter=3, categorical_features=[2])
    table = frame[["a", "b"]].assign(kind=frame["kind"].cat.codes.astype(float))
    champion.fit(table, frame["outcome"])
    recipe = recipe_of(lambda n, c, seed: HistGradientBoostingRegressor(max_iter=3))
    names = {"numeric": ["a", "b", "kind"], "categorical": []}
    rows = table.assign(outcome=frame["outcome"])
    with pytest.raises(SettingsError, match="categories of its own cannot go on"):
        training.go_on(champion, rows, recipe, seed=1, parent=1, **names)


def test_boosted_trees_whose_bins_are_unknown_are_refused_and_not_guessed():
    class Other(HistGradientBoostingRegressor):
        def fit(self, X, y, sample_weight=None):
            super().fit(X, y, sample_weight)
            self._bin_mapper = object()
            return self

    Other.__name__ = "HistGradientBoostingRegressor"
    champion = Other(max_iter=3)
    HistGradientBoostingRegressor.fit(champion, OLD[["a", "b"]], OLD["outcome"])
    recipe = recipe_of(lambda n, c, seed: HistGradientBoostingRegressor(max_iter=3))
    with pytest.raises(SettingsError, match="of this scikit-learn cuts its bins"):
        training.go_on(champion, NEW, recipe, seed=1, parent=1, **PLAIN)


def test_rows_of_one_outcome_only_are_not_enough_to_go_on_with():
    recipe = recipes.load("extra_trees")
    first = training.train(OLD, recipe, seed=1, **NAMES)
    ones = NEW.assign(outcome=1.0)
    with pytest.raises(NotEnoughData, match="all 400 outcomes are 1"):
        training.go_on(first.estimator, ones, recipe, seed=1, parent=1, **NAMES)


@pytest.mark.parametrize("name", ["boosted_trees", "boosted_regression", "extra_trees"])
def test_a_stored_champion_goes_on_as_the_one_in_memory_and_is_stored_again(name):
    from skops import io

    from lifecycle.registry import artefacts

    recipe = recipes.load(name)
    first = training.train(OLD, recipe, seed=1, **NAMES)

    def stored(estimator):
        content = io.dumps(estimator)
        unknown = io.get_untrusted_types(data=content)
        assert set(unknown) <= artefacts.TRUSTED
        return io.loads(content, trusted=unknown)

    told = {"seed": 1, "parent": 1, **NAMES}
    here = training.go_on(first.estimator, NEW, recipe, **told).estimator
    there = training.go_on(stored(first.estimator), NEW, recipe, **told).estimator
    for made in (there, stored(here)):
        np.testing.assert_array_equal(
            training.predict(made, OLD, **NAMES), training.predict(here, OLD, **NAMES)
        )
