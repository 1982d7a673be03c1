"""Rows drawn with a known probability, what they tell of all, and what flags do not."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import optimize, stats

from lifecycle import feedback


def population(n: int = 600, *, seed: int = 0) -> pd.DataFrame:
    """Predictions whose scores say how probable they are wrong."""
    rng = np.random.default_rng(seed)
    doubt = rng.beta(1, 4, n) / 2
    frame = pd.DataFrame({"id": [f"i{k:04d}" for k in range(n)], "doubt": doubt})
    frame["plan"] = rng.choice(["free", "pro", "team"], n, p=[0.7, 0.25, 0.05])
    frame["wrong"] = (rng.uniform(size=n) < doubt).astype(float)
    return frame


def test_horvitz_thompson_is_right_in_the_mean_over_every_sample_there_can_be():
    values, chances = np.array([3.0, -1, 4, 2]), np.array([0.2, 0.9, 0.5, 0.7])
    mean, variance = [], []
    for came in itertools.product([False, True], repeat=4):
        mask = np.array(came)
        weight = np.prod(np.where(mask, chances, 1 - chances))
        found = feedback.horvitz_thompson(values[mask], chances[mask], rows=4)
        value = 0.0 if math.isnan(found.value) else found.value
        spread = 0.0 if math.isnan(found.value) else (found.upper - found.lower) / 2
        mean.append((weight, value))
        variance.append((weight, (spread / stats.norm.ppf(0.95)) ** 2))
    middle = sum(w * v for w, v in mean)
    assert middle == pytest.approx(values.mean())
    true = sum(w * (v - middle) ** 2 for w, v in mean)
    assert sum(w * v for w, v in variance) == pytest.approx(true)


def test_a_stratified_share_is_right_in_the_mean_over_every_sample_there_can_be():
    truth = {"a": [1, 0, 1, 1], "b": [0, 0, 1, 0, 0]}
    found = []
    for one in itertools.combinations(truth["a"], 2):
        for other in itertools.combinations(truth["b"], 3):
            chances = [0.5] * 2 + [0.6] * 3
            strata = ["a"] * 2 + ["b"] * 3
            got = feedback.hajek([*one, *other], chances, strata=strata)
            found.append(got.value)
    assert np.mean(found) == pytest.approx(4 / 9)


def test_the_interval_of_a_stratified_share_is_that_of_the_textbook():
    # Cochran (5.6): N = 60 and 40, n = 10 and 20, with 7 and 4 ones drawn
    values = [1] * 7 + [0] * 3 + [1] * 4 + [0] * 16
    chances = [10 / 60] * 10 + [20 / 40] * 20
    got = feedback.hajek(values, chances, strata=["a"] * 10 + ["b"] * 20)
    share = 0.6 * 0.7 + 0.4 * 0.2
    one = 0.6**2 * (1 - 1 / 6) * 0.7 * 0.3 / 9
    other = 0.4**2 * (1 - 1 / 2) * 0.2 * 0.8 / 19
    z = stats.norm.ppf(0.95)
    t = stats.t.ppf(0.95, (one + other) ** 2 / (one**2 / 9 + other**2 / 19))
    n = share * (1 - share) / (one + other) * (z / t) ** 2

    def beyond(p: float) -> float:
        return abs(share - p) - z * math.sqrt(p * (1 - p) / n)

    assert got.value == pytest.approx(share)
    assert got.lower == pytest.approx(optimize.brentq(beyond, 1e-9, share))
    assert got.upper == pytest.approx(optimize.brentq(beyond, share, 1 - 1e-9))
    assert (got.n, got.unit) == (30, "%")


def test_rows_that_were_not_answered_are_stood_for_by_those_of_their_stratum():
    values = [1, 0, math.nan, math.nan, 1, 1]
    chances, strata = [0.1] * 4 + [0.5] * 2, ["a"] * 4 + ["b"] * 2
    got = feedback.hajek(values, chances, strata=strata)
    assert got.value == pytest.approx((40 * 0.5 + 4 * 1) / 44)
    assert got.n == 4
    silent = feedback.hajek([math.nan] * 2 + [1, 1], [0.5] * 4, strata=[*"aabb"])
    assert math.isnan(silent.value)
    assert silent.verdict == "undefined"


def test_where_every_row_came_in_there_is_nothing_left_to_chance():
    got = feedback.hajek([1, 0, 0, 1, 1], [1.0] * 5, strata=[*"aabbb"])
    assert (got.value, got.lower, got.upper) == (0.6, 0.6, 0.6)


@pytest.mark.parametrize("values", [[], [math.nan]])
def test_of_no_values_a_share_is_undefined(values):
    assert math.isnan(feedback.hajek(values, [0.5] * len(values)).value)
    assert feedback.horvitz_thompson([], [], rows=3).verdict == "undefined"


@pytest.mark.parametrize("chance", [0.0, 1.2, math.nan])
def test_a_row_that_could_not_come_in_is_refused(chance):
    with pytest.raises(ValueError, match="inclusion must be above 0 and at most 1"):
        feedback.hajek([1.0], [chance])


@settings(max_examples=60, deadline=None)
@given(
    sizes=st.lists(st.integers(1, 30), min_size=1, max_size=8),
    n=st.integers(2, 120),
    seed=st.integers(0, 9),
    by=st.sampled_from(["random", "uncertainty", "segment"]),
)
def test_every_row_can_be_drawn_and_the_probabilities_add_up(sizes, n, seed, by):
    plan = [f"p{k}" for k, size in enumerate(sizes) for _ in range(size)]
    rows = pd.DataFrame({"id": [f"{k}" for k in range(len(plan))], "plan": plan})
    doubt = np.random.default_rng(seed).uniform(0, 0.5, len(rows))
    doubt[::7] = math.nan
    made = feedback.draw(rows, n, by=by, seed=seed, segment="plan", wrong=doubt)
    assert len(made) == min(n, len(rows)) == made.rows["id"].nunique()
    assert sum(count for _, count, _ in made.strata) == len(rows)
    assert all(0 < drawn <= count for _, count, drawn in made.strata)
    assert all(drawn >= min(2, count) for _, count, drawn in made.strata)
    assert (1 / made.rows["inclusion"]).sum() == pytest.approx(len(rows))
    told = dict(zip(rows["id"], plan, strict=True))
    if by == "segment":
        kept = made.rows[made.rows["stratum"] != "others"]
        assert all(f"plan={told[i]}" == s for i, s in kept[["id", "stratum"]].values)


def test_the_same_seed_draws_the_same_rows_whatever_their_order():
    rows = population(200)
    shuffled = rows.sample(frac=1, random_state=1)
    one, other = (
        feedback.draw(each, 20, by="uncertainty", seed=3, wrong=each["doubt"])
        for each in (rows, shuffled)
    )
    pd.testing.assert_frame_equal(one.rows, other.rows)
    again = feedback.draw(rows, 20, by="uncertainty", seed=4, wrong=rows["doubt"])
    assert set(again.rows["id"]) != set(one.rows["id"])


def test_where_the_model_is_unsure_more_is_drawn_and_the_share_is_known_better():
    rows = population(3000)
    made = feedback.draw(rows, 200, by="uncertainty", wrong=rows["doubt"])
    shares = [drawn / count for _, count, drawn in made.strata]
    assert shares[-1] > 1.5 * shares[0]
    widths = {}
    for by in ("random", "uncertainty"):
        found = [drawn_share(rows, 200, by=by, seed=seed) for seed in range(60)]
        widths[by] = np.std([each.value for each in found])
    assert widths["uncertainty"] < 0.95 * widths["random"]


def drawn_share(rows, n, *, by, seed):
    made = feedback.draw(
        rows, n, by=by, seed=seed, segment="plan", wrong=rows["doubt"]
    ).rows.merge(rows, on="id")
    return feedback.hajek(made["wrong"], made["inclusion"], strata=made["stratum"])


@pytest.mark.parametrize(
    ("by", "n"), [("random", 60), ("uncertainty", 60), ("segment", 150)]
)
def test_the_share_has_no_bias_and_its_interval_holds_as_often_as_it_says(by, n):
    rows = population()
    truth = rows["wrong"].mean()
    found = [drawn_share(rows, n, by=by, seed=seed) for seed in range(200)]
    values = np.array([each.value for each in found])
    assert abs(values.mean() - truth) < 4 * values.std() / math.sqrt(len(values))
    held = np.mean([each.lower <= truth <= each.upper for each in found])
    assert 0.85 < held <= 0.97


def test_a_model_that_is_wrong_about_itself_does_not_bias_what_is_drawn_by_it():
    rows = population().assign(doubt=lambda r: 0.5 - r["doubt"])  # sure where wrong
    truth = rows["wrong"].mean()
    found = [drawn_share(rows, 60, by="uncertainty", seed=s).value for s in range(200)]
    assert abs(np.mean(found) - truth) < 4 * np.std(found) / math.sqrt(len(found))


def test_what_people_flag_is_no_sample_and_a_drawn_one_says_what_they_pass_over():
    rows = population(2000, seed=5)
    rng = np.random.default_rng(6)
    seen = rng.uniform(size=len(rows)) < np.where(rows["wrong"] == 1, 0.4, 0.02)
    said = pd.DataFrame({"id": rows["id"][seen], "kind": "flag"})
    flagged = rows[seen]
    truth = rows["wrong"].mean(), rows.loc[rows["wrong"] == 1, "id"].isin(said["id"])
    assert flagged["wrong"].mean() > 4 * truth[0]  # what one would believe of flags
    found = {"wrong": [], "caught": []}
    for seed in range(100):
        drawn = feedback.draw(rows, 300, seed=seed).rows.merge(rows, on="id")
        told = feedback.caught(drawn, said)
        found["wrong"].append(told.only(measure="wrong").rows[0].value)
        found["caught"].append(told.only(measure="caught").rows[0].value)
    for name, true in zip(found, (truth[0], truth[1].mean()), strict=True):
        values = np.array(found[name])
        assert abs(values.mean() - true) < 5 * values.std() / math.sqrt(100) + 0.005


def test_of_a_sample_without_a_wrong_one_nobody_knows_what_is_passed_over():
    drawn = pd.DataFrame({"id": ["a", "b"], "wrong": [0, 0], "stratum": "all"})
    told = feedback.caught(
        drawn.assign(inclusion=0.1), pd.DataFrame({"id": [], "kind": []})
    )
    assert told.summary.startswith("What people pass over is undefined")
    assert told.verdict == "undefined"


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ({"n": 1}, "n must be 2 or more, got 1"),
        ({"by": "plan"}, "by must be random, uncertainty or segment"),
        ({"by": "segment", "segment": "size"}, "there is no column 'size'"),
        ({"by": "uncertainty"}, "is not given; name wrong="),
    ],
)
def test_a_draw_that_makes_no_sense_is_refused(given, sentence):
    with pytest.raises(ValueError, match=sentence):
        feedback.draw(population(20), **{"n": 10, **given})


def test_a_draw_shows_itself_with_strata_and_probabilities():
    made = feedback.draw(population(100), 10, by="segment", segment="plan")
    assert repr(made).startswith("<Draw 10 of 100 rows were drawn")
    assert "plan=free" in made._repr_html_()
    assert list(made.frame()) == ["id", "stratum", "inclusion"]
