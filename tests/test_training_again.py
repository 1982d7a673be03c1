"""A version made again: the same rows, the same code, the same scores."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lifecycle import logs, recipes, training
from lifecycle.errors import InputError

NAMES = {"numeric": ["a", "b"], "categorical": ["kind"]}
START = datetime(2023, 1, 2, tzinfo=UTC)
AS_OF = START + timedelta(weeks=6)
DELAY = timedelta(days=7)
KNOWN = {"as_of": AS_OF, "delay": DELAY}


def log(n: int = 240) -> pd.DataFrame:
    rng = np.random.default_rng(2)
    times = pd.date_range(START, AS_OF, periods=n).astype("datetime64[us, UTC]")
    frame = pd.DataFrame({"id": [f"i{k:03d}" for k in range(n)], "time": times})
    frame["a"], frame["b"] = rng.normal(size=n), rng.normal(size=n)
    frame.loc[::9, "b"] = np.nan
    frame["kind"] = rng.choice(["x", "y"], n)
    frame["outcome"] = (frame["a"] + rng.normal(0, 0.5, n) > 0).astype(float)
    frame["known_at"] = frame["time"] + DELAY
    return frame


FRAME = log()


def again(birth, frame, recipe, estimator, **more) -> training.Reproduction:
    kept = json.loads(json.dumps(birth))  # as the registry gives it back
    return training.reproduce(kept, frame, recipe, estimator, **more)


def said(found: training.Reproduction) -> dict[str, float]:
    return {row.measure: row.value for row in found.findings}


@pytest.mark.parametrize("name", sorted(recipes.LIBRARY))
def test_every_recipe_of_the_library_is_made_again_exactly(name):
    recipe = recipes.load(name)
    made = training.train(FRAME, recipe, seed=3, **NAMES)
    mixed = FRAME.sample(frac=1, random_state=1)
    found = again(made.birth, mixed, recipe, made.estimator)
    assert found.verdict == "quiet"
    assert found.differs == ()
    assert said(found) == {
        "data": 1.0,
        "code": 1.0,
        "packages": 1.0,
        "agreement": 1.0,
        "difference": 0.0,
    }
    assert found.summary == (
        "Made again, the version scores all 240 rows exactly alike: data, code and "
        "packages are what they were."
    )


@settings(max_examples=5, deadline=None)
@given(row=st.integers(0, 239), column=st.sampled_from(["a", "b", "kind", "outcome"]))
def test_data_that_was_altered_in_one_cell_is_named(row, column):
    recipe = recipes.load("scaled_logistic")
    made = training.train(FRAME, recipe, seed=3, **NAMES)
    other = FRAME.copy()
    new = {"kind": "z", "outcome": 1 - FRAME["outcome"][row]}.get(column, 5.5)
    other.loc[row, column] = new
    found = again(made.birth, other, recipe, made.estimator)
    assert found.verdict == "alert"
    assert said(found)["data"] == 0.0
    assert said(found)["code"] == said(found)["packages"] == 1.0
    assert found.differs[0].startswith("the rows are not those it was trained on")


def test_a_missing_row_is_named_with_both_counts():
    recipe = recipes.load("extra_trees")
    made = training.train(FRAME, recipe, seed=3, **NAMES)
    found = again(made.birth, FRAME.iloc[1:], recipe, made.estimator)
    assert "(239 now, 240 then)" in found.summary
    assert found.verdict == "alert"


def test_another_recipe_of_the_same_name_is_named(tmp_path):
    source = (
        "from sklearn.linear_model import LogisticRegression\n"
        "from lifecycle.recipes.library import scaled_logistic\n"
        "def estimator(numeric, categorical, seed):\n"
        "    made = scaled_logistic(numeric, categorical, seed)\n"
        "    return made.set_params(logisticregression__C={})\n"
    )
    (tmp_path / "mine.py").write_text(source.format(1.0))
    first = recipes.load("mine", folder=tmp_path)
    made = training.train(FRAME, first, seed=3, **NAMES)
    (tmp_path / "mine.py").write_text(source.format(0.01))
    found = again(
        made.birth, FRAME, recipes.load("mine", folder=tmp_path), made.estimator
    )
    assert found.verdict == "alert"
    assert said(found)["code"] == 0.0
    assert said(found)["agreement"] < 0.5
    table = training.features(FRAME, **NAMES)
    second = recipes.load("mine", folder=tmp_path).build(**NAMES, seed=3)
    second.fit(table, FRAME["outcome"].astype(int))
    apart = abs(second.predict_proba(table) - made.estimator.predict_proba(table)).max()
    assert said(found)["difference"] == pytest.approx(apart, rel=1e-6)
    assert any(
        line.startswith("recipe 'mine' was another then") for line in found.differs
    )


def test_another_version_of_a_package_is_named_though_the_scores_agree():
    recipe = recipes.load("scaled_logistic")
    made = training.train(FRAME, recipe, seed=3, **NAMES)
    birth = {**made.birth, "packages": {**made.birth["packages"], "numpy": "1.0"}}
    birth["packages"]["lost-library"] = "2.0"
    found = again(birth, FRAME, recipe, made.estimator)
    assert said(found)["packages"] == 0.0
    assert f"numpy was 1.0 and is {np.__version__}" in found.differs
    assert "lost-library was 2.0 and is not there" in found.differs
    assert found.verdict == "quiet"
    assert found.summary.startswith(
        "Made again, the version scores all 240 rows exactly"
    )


def test_another_estimator_than_the_one_that_was_trained_is_an_alert():
    recipe = recipes.load("extra_trees")
    made = training.train(FRAME, recipe, seed=3, **NAMES)
    other = training.train(FRAME, recipe, seed=4, **NAMES)
    found = again(made.birth, FRAME, recipe, other.estimator)
    assert (found.verdict, found.differs) == ("alert", ())
    one, two = (training.predict(c.estimator, FRAME, **NAMES) for c in (made, other))
    assert said(found)["agreement"] == (one == two).mean()
    assert said(found)["difference"] == abs(one - two).max()


def test_searched_parameters_are_set_and_not_searched_again(tmp_path):
    (tmp_path / "mine.py").write_text(
        "from lifecycle.recipes.library import scaled_logistic as estimator\n"
        "SPACE = {'logisticregression__C': [1e-6]}\n"
    )
    recipe = recipes.load("mine", folder=tmp_path)
    worst = {"logisticregression__C": 1e-6}
    made = training.train(FRAME, recipe, parameters=worst, seed=3, **NAMES)
    assert again(made.birth, FRAME, recipe, made.estimator).verdict == "quiet"


def test_a_recipe_that_shapes_its_rows_is_made_again(tmp_path):
    (tmp_path / "mine.py").write_text(
        "from lifecycle.recipes.library import scaled_logistic as estimator\n"
        "def features(frame):\n"
        "    return frame.assign(square=frame['a'] ** 2)\n"
    )
    recipe = recipes.load("mine", folder=tmp_path)
    made = training.train(FRAME, recipe, seed=3, **NAMES)
    assert again(made.birth, FRAME, recipe, made.estimator).verdict == "quiet"


def test_a_version_that_went_on_is_made_again_from_its_parent():
    recipe = recipes.load("boosted_trees")
    first = training.train(FRAME.head(120), recipe, seed=3, **NAMES)
    new = FRAME.tail(120)
    made = training.go_on(first.estimator, new, recipe, seed=3, parent=1, **NAMES)
    found = again(made.birth, new, recipe, made.estimator, parent=first.estimator)
    assert found.verdict == "quiet"
    with pytest.raises(InputError, match="made from version 1; give it as parent"):
        again(made.birth, new, recipe, made.estimator)


@pytest.mark.parametrize("name", ["extra_trees", "mine"])
def test_a_version_that_maps_its_parents_scores_is_made_again(name, tmp_path):
    (tmp_path / "mine.py").write_text(
        "from lifecycle.recipes.library import scaled_logistic as estimator\n"
        "def features(frame):\n"
        "    return frame.assign(square=frame['a'] ** 2)\n"
    )
    recipe = recipes.load(name, folder=tmp_path)
    first = training.train(FRAME.head(120), recipe, seed=3, **NAMES)
    new = training.material(FRAME, start=FRAME["time"][120], **KNOWN)
    shape = {"recipe": recipe, "prepared": first.birth["prepared"]}
    told = {"rows": 60, "parent": 1, **shape, **NAMES}
    made = training.recalibrate(first.estimator, new, **told)
    rows = training.material_again(made.birth["material"], FRAME, None)
    given_ = {"parent": first.estimator, "prepared": shape["prepared"]}
    found = again(made.birth, rows, recipe, made.estimator, **given_)
    assert (found.verdict, found.differs) == ("quiet", ())
    other = training.recalibrate(first.estimator, new, **{**told, "rows": 50})
    assert again(made.birth, rows, recipe, other.estimator, **given_).verdict == "alert"
    with pytest.raises(InputError, match="made from version 1; give it as parent"):
        again(made.birth, rows, recipe, made.estimator)


def test_a_recipe_must_be_given():
    recipe = recipes.load("extra_trees")
    made = training.train(FRAME, recipe, seed=3, **NAMES)
    with pytest.raises(InputError, match="by recipe 'extra_trees'; give the recipe"):
        training.reproduce(made.birth, FRAME, None, made.estimator)


@pytest.mark.parametrize("name", ["recipe_sha256", "seed", "features", "packages"])
def test_a_record_that_lacks_something_is_refused_in_a_sentence(name):
    recipe = recipes.load("extra_trees")
    made = training.train(FRAME, recipe, seed=3, **NAMES)
    birth = {key: value for key, value in made.birth.items() if key != name}
    with pytest.raises(InputError, match=f"the birth record has no '{name}'"):
        training.reproduce(birth, FRAME, recipe, made.estimator)


def test_it_shows_itself():
    recipe = recipes.load("ridge")
    made = training.train(FRAME, recipe, seed=3, **NAMES)
    found = again(made.birth, FRAME, recipe, made.estimator)
    assert repr(found).startswith("<Reproduction quiet. Made again, the version")
    told = found.facts()
    assert json.loads(json.dumps(told)) == told
    assert (told["n"], told["agreement"], told["verdict"]) == (240, 1.0, "quiet")
    assert len(found.frame()) == 5
    assert "Made again" in found._repr_html_()
    assert "agreement" in found.plot().svg


# ---------------------------------------------------------------- the rows again


def feedback() -> pd.DataFrame:
    told = FRAME[["id", "time"]].assign(kind="override", label=FRAME["outcome"])
    told["time"] = told["time"] + timedelta(hours=2)
    told = told[told["time"] <= AS_OF]
    return told.assign(person=np.where(told.index % 2, "ann", "bob"))


def test_the_same_training_set_comes_of_the_logs_at_their_versions(tmp_path):
    """What was logged, corrected and said later changes nothing."""
    log_ = logs.Logs(tmp_path / "log")
    seen = FRAME.assign(score=0.5, prediction=1.0, version="1", role="production")
    log_.append("predictions", seen.drop(columns=["outcome", "known_at"]))
    truth = FRAME[["id", "known_at", "outcome"]].rename(columns={"known_at": "time"})
    log_.append("outcomes", truth[truth["time"] <= AS_OF])
    words = feedback().assign(feedback_id=lambda rows: "f" + rows["id"], reason=None)
    log_.append("feedback", words)
    versions = log_.versions()
    rows = log_.labelled(as_of=AS_OF)
    broken = rows["time"].between(FRAME["time"][40], FRAME["time"][60])
    first = training.material(
        rows,
        **KNOWN,
        feedback=log_.feedback(as_of=AS_OF),
        left_out=[(broken, "b is frozen"), (rows["id"] == "i100", "there twice")],
        hold_out=1,
    )
    assert "override" in first.sources
    wrong = truth.head(3).assign(outcome=1 - truth["outcome"])
    log_.append("outcomes", wrong)
    log_.append("feedback", words.head(9).assign(label=1 - words["label"]))
    late = seen.tail(1).assign(id="late", time=FRAME["time"].iloc[-2])
    log_.append("predictions", late.drop(columns=["outcome", "known_at"]))
    then = log_.at(versions)
    facts = json.loads(json.dumps(first.facts()))
    second = training.material_again(
        facts, then.labelled(as_of=AS_OF), then.feedback(as_of=AS_OF)
    )
    pd.testing.assert_frame_equal(first.frame(), second.frame())
    assert second.facts() == first.facts()
    assert second.left_out == first.left_out
    recipe = recipes.load("scaled_logistic")
    made = training.train(first, recipe, seed=1, **NAMES)
    assert again(made.birth, second, recipe, made.estimator).verdict == "quiet"
    now = training.material_again(
        facts, log_.labelled(as_of=AS_OF), log_.feedback(as_of=AS_OF)
    )
    found = again(made.birth, now, recipe, made.estimator)
    assert said(found)["data"] == 0.0


def test_a_training_set_that_listened_to_nobody_is_not_given_words_later():
    first = training.material(FRAME, **KNOWN)
    second = training.material_again(first.facts(), FRAME, feedback())
    pd.testing.assert_frame_equal(first.frame(), second.frame())


def test_facts_of_something_else_are_refused_in_a_sentence():
    with pytest.raises(InputError, match="material has no 'span'; it was made by"):
        training.material_again({}, FRAME, None)
