"""Recalibration: the scores are mapped anew, the ranking stays."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import minimize
from scipy.special import expit, logit

from lifecycle import recipes, training
from lifecycle.errors import InputError, NotEnoughData
from lifecycle.registry import artefacts
from lifecycle.training.recalibrating import Map

NAMES = {"numeric": ["a"], "categorical": ["kind"]}


def drawn(n=2000, *, slope=1.0, intercept=0.0, seed=0) -> pd.DataFrame:
    """Log odds of the outcome are `2 a` times slope plus intercept."""
    rng = np.random.default_rng(seed)
    a = rng.normal(size=n)
    return pd.DataFrame(
        {
            "id": [f"i{place:05d}" for place in range(n)],
            "time": pd.date_range("2023-01-02", periods=n, freq="h", tz="UTC"),
            "a": a,
            "kind": rng.choice(["x", "y"], n),
            "outcome": (rng.random(n) < expit(2 * slope * a + intercept)).astype(float),
        }
    )


@pytest.fixture(scope="module")
def parents() -> dict[str, training.Candidate]:
    frame = drawn(1500)
    return {
        name: training.train(frame, recipes.load(name), seed=1, **NAMES)
        for name in ("scaled_logistic", "boosted_trees", "extra_trees")
    }


def test_the_map_is_the_one_of_the_largest_posterior():
    rng = np.random.default_rng(3)
    score = rng.beta(2, 3, 120).clip(1 / 240, 1 - 1 / 240)
    truth = (rng.random(120) < expit(0.5 * logit(score) + 1)).astype(float)

    def loss(place):
        line = place[0] * logit(score) + place[1]
        fit = np.logaddexp(0, line) - truth * line
        return fit.sum() + 0.5 * ((place[0] - 1) / 0.5) ** 2

    found = minimize(loss, [1.0, 0.0], method="Nelder-Mead", options={"xatol": 1e-9})
    fresh = Map.fitted(score, truth)
    assert [fresh.slope, fresh.intercept] == pytest.approx(found.x, abs=1e-4)


def test_a_planted_shift_and_slope_are_found():
    rng = np.random.default_rng(5)
    score = expit(rng.normal(0, 2, 20_000))
    truth = (rng.random(20_000) < expit(0.6 * logit(score) - 1.2)).astype(float)
    fresh = Map.fitted(score, truth)
    assert fresh.slope == pytest.approx(0.6, abs=0.05)
    assert fresh.intercept == pytest.approx(-1.2, abs=0.06)


def test_of_few_rows_the_level_is_learned_and_hardly_the_slope():
    """Half of all outcomes are 1 whatever the score, which is 0.2 or 0.3."""
    score = np.array([0.2, 0.3] * 30)
    truth = np.array([0.0, 1.0, 1.0, 0.0] * 15)
    fresh = Map.fitted(score, truth)
    assert fresh(score).mean() == pytest.approx(0.5, abs=1e-4)
    assert fresh.slope > 0.5


@settings(max_examples=60, deadline=None)
@given(
    slope=st.floats(0.06, 5),
    intercept=st.floats(-30, 30),
    score=st.lists(st.floats(0, 1), min_size=2, max_size=40),
)
def test_the_ranking_is_never_turned_round(slope, intercept, score):
    mapped = Map(slope, intercept)(np.sort(score))
    assert (np.diff(mapped) >= 0).all()
    assert ((mapped >= 0) & (mapped <= 1)).all()


def test_one_sure_and_wrong_score_does_not_level_the_rest():
    rng = np.random.default_rng(7)
    score = rng.random(500)
    truth = (rng.random(500) < score).astype(float)
    before = Map.fitted(score, truth)
    score[0], truth[0] = 1.0, 0.0
    assert Map.fitted(score, truth).slope == pytest.approx(before.slope, abs=0.1)


@pytest.mark.parametrize("low", [0.2, 1e-6, 0.0])
def test_scores_that_rank_the_wrong_way_are_refused(low):
    score = np.repeat([low, 1 - low], 200)
    truth = np.repeat([1.0, 0.0], 200)
    with pytest.raises(NotEnoughData, match="no longer rank their outcomes"):
        Map.fitted(score, truth)


@pytest.mark.parametrize("name", ["scaled_logistic", "boosted_trees", "extra_trees"])
def test_it_is_stored_and_read_again_without_further_trust(parents, name, tmp_path):
    frame = drawn(600, intercept=-1.5, seed=8)
    parent = parents[name]
    made = training.recalibrate(parent.estimator, frame, parent=4, **NAMES)
    path, _ = artefacts.write(tmp_path, made.estimator)
    back = artefacts.revive(path.read_bytes(), name="x", trusted=())
    score = training.predict(back, frame, **NAMES)
    np.testing.assert_array_equal(
        score, training.predict(made.estimator, frame, **NAMES)
    )
    before = training.predict(parent.estimator, frame, **NAMES)
    fresh = Map(made.birth["slope"], made.birth["intercept"])
    np.testing.assert_allclose(score, fresh(before), rtol=1e-9)
    gaps = np.diff(score[np.argsort(before, kind="stable")])
    assert (gaps >= 0).all()


def test_the_level_comes_right_and_may_be_done_twice(parents):
    frame = drawn(4000, intercept=-1.5, seed=9)
    parent = parents["scaled_logistic"].estimator
    before = training.predict(parent, frame, **NAMES)
    once = training.recalibrate(parent, frame, rows=4000, **NAMES)
    after = training.predict(once.estimator, frame, **NAMES)
    assert before.mean() - frame["outcome"].mean() > 0.15
    assert after.mean() == pytest.approx(frame["outcome"].mean(), abs=1e-3)
    twice = training.recalibrate(once.estimator, frame, rows=4000, **NAMES)
    assert twice.birth["slope"] == pytest.approx(1, abs=0.02)
    assert twice.birth["intercept"] == pytest.approx(0, abs=0.02)


def test_only_the_newest_labelled_rows_are_used(parents):
    frame = drawn(900, seed=2)
    frame.loc[880:, "outcome"] = np.nan
    parent = parents["scaled_logistic"].estimator
    made = training.recalibrate(parent, frame, rows=300, parent=7, **NAMES)
    birth = made.birth
    assert json.loads(json.dumps(birth)) == birth
    assert birth["rows"] == 300
    assert birth["unlabelled"] == 20
    assert birth["trained_from"] == frame["time"][580].isoformat()
    assert birth["trained_to"] == frame["time"][879].isoformat()
    assert birth["positives"] == int(frame["outcome"][580:880].sum())
    assert (birth["parent"], birth["recipe"]) == (7, "recalibrated")
    assert repr(made).startswith("<Candidate recalibrated: 300 rows")
    frame.loc[:579, "outcome"] = 1 - frame.loc[:579, "outcome"]
    mixed = frame.sample(frac=1, random_state=1)
    again = training.recalibrate(parent, mixed, rows=300, **NAMES)
    assert again.birth["slope"] == birth["slope"]
    assert again.birth["data_sha256"] == birth["data_sha256"]


def test_too_little_to_go_by_is_refused(parents):
    parent = parents["scaled_logistic"].estimator
    with pytest.raises(NotEnoughData, match="only 30 labelled rows"):
        training.recalibrate(parent, drawn(30), **NAMES)
    with pytest.raises(NotEnoughData, match="all 200 outcomes are 1"):
        training.recalibrate(parent, drawn(200).assign(outcome=1.0), **NAMES)
    with pytest.raises(InputError, match="no column 'outcome'"):
        training.recalibrate(parent, drawn(200)[["a", "kind"]], **NAMES)
    with pytest.raises(InputError, match="no classifier of 0 and 1"):
        training.recalibrate(object(), drawn(200), **NAMES)


def test_words_of_people_do_not_move_the_scores(parents):
    frame = drawn(600, seed=4)
    known = frame["time"] <= frame["time"][399]
    rows = frame.assign(outcome=frame["outcome"].where(known))
    words = pd.DataFrame(
        {
            "id": frame["id"][:550],
            "time": frame["time"][599],
            "kind": "correction",
            "label": frame["outcome"][:550],
            "person": [f"p{place % 9}" for place in range(550)],
        }
    )
    as_of = frame["time"][599].to_pydatetime()
    heard = training.material(
        rows, as_of=as_of, delay=pd.Timedelta(0).to_pytimedelta(), feedback=words
    )
    assert len(heard) > 400
    parent = parents["scaled_logistic"].estimator
    one = training.recalibrate(parent, heard, rows=999, **NAMES)
    two = training.recalibrate(parent, rows, rows=999, **NAMES)
    assert one.birth["rows"] == two.birth["rows"] == 400
    assert one.birth["intercept"] == two.birth["intercept"]


def test_a_parent_whose_recipe_shapes_its_rows_gets_them_shaped(tmp_path):
    (tmp_path / "mine.py").write_text(
        "from sklearn.linear_model import LogisticRegression\n"
        "def features(frame):\n"
        "    return frame[['a']].fillna(0) * 2\n"
        "def estimator(numeric, categorical, seed):\n"
        "    return LogisticRegression()\n"
    )
    mine = recipes.load("mine", folder=tmp_path)
    parent = training.train(drawn(500), mine, seed=1, **NAMES)
    told = {"recipe": mine, "prepared": parent.birth["prepared"]}
    frame = drawn(500, intercept=1.0, seed=6)
    made = training.recalibrate(parent.estimator, frame, **told, **NAMES)
    before = training.predict(parent.estimator, frame, **told, **NAMES)
    after = training.predict(made.estimator, frame, **told, **NAMES)
    fresh = Map(made.birth["slope"], made.birth["intercept"])
    np.testing.assert_allclose(after, fresh(before), rtol=1e-9)
