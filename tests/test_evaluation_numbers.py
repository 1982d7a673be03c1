"""Differences of metrics, paired: against scipy, scikit-learn and simulation."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from sklearn import metrics as sk

from lifecycle import evaluation, intervals, metrics
from lifecycle.evaluation.differences import between
from lifecycle.evaluation.pairing import Pair
from tests.two_models import noisy, row

SKLEARN = {
    "precision": lambda y, s: sk.precision_score(y, s >= 0.5),
    "recall": lambda y, s: sk.recall_score(y, s >= 0.5),
    "f1": lambda y, s: sk.f1_score(y, s >= 0.5),
    "log_loss": lambda y, s: sk.log_loss(y, s),
    "average_precision": sk.average_precision_score,
}


@pytest.mark.parametrize("name", SKLEARN)
def test_every_metric_and_its_difference_are_those_of_scikit_learn(name):
    truth, champion, candidate = noisy(700)
    champion = champion.round(1)  # ties
    tested = evaluation.compare(truth, champion, candidate)
    one, two = SKLEARN[name](truth, champion), SKLEARN[name](truth, candidate)
    assert row(tested, name, "champion").value == pytest.approx(one)
    assert row(tested, name, "candidate").value == pytest.approx(two)
    assert row(tested, name, "difference").value == pytest.approx(two - one)


@pytest.mark.parametrize("name", [*SKLEARN, "accuracy", "brier", "roc_auc"])
def test_the_interval_of_a_difference_is_near_the_paired_bootstraps(name):
    truth, champion, candidate = noisy(600, seed=3)
    metric = metrics.METRICS[name]  # held to scikit-learn elsewhere, and quicker
    scored = metric.needs == "score"
    sides = [s if scored else (s >= 0.5).astype(int) for s in (champion, candidate)]

    def apart(rows):
        rows = rows.astype(int)
        one, two = (metric.function(truth[rows], side[rows]) for side in sides)
        return two - one

    drawn = stats.bootstrap(
        (np.arange(600),),
        apart,
        vectorized=False,
        n_resamples=400,
        confidence_level=0.9,
        method="percentile",
        rng=np.random.default_rng(5),
    ).confidence_interval
    found = row(evaluation.compare(truth, champion, candidate), name, "difference")
    width = drawn.high - drawn.low
    assert found.lower == pytest.approx(drawn.low, abs=0.22 * width)
    assert found.upper == pytest.approx(drawn.high, abs=0.22 * width)


def test_recall_is_students_interval_on_the_rows_that_were_one():
    truth, champion, candidate = noisy(300, seed=8)
    ones = truth == 1
    gain = (candidate[ones] >= 0.5).astype(float) - (champion[ones] >= 0.5)
    expected = stats.ttest_1samp(gain, 0).confidence_interval(0.9)
    found = row(evaluation.compare(truth, champion, candidate), "recall", "difference")
    assert (found.lower, found.upper) == pytest.approx(tuple(expected))
    assert found.n == ones.sum()


@pytest.mark.parametrize("name", ["log_loss", "brier"])
def test_a_mean_loss_is_students_interval_of_the_paired_difference(name):
    truth, champion, candidate = noisy(300, seed=9)

    def loss(score):
        if name == "brier":
            return (score - truth) ** 2
        return -np.log(np.where(truth == 1, score, 1 - score))

    expected = stats.ttest_rel(loss(candidate), loss(champion)).confidence_interval(0.9)
    found = row(evaluation.compare(truth, champion, candidate), name, "difference")
    assert (found.lower, found.upper) == pytest.approx(tuple(expected))


def test_the_interval_of_a_precision_by_hand():
    truth = np.array([1, 1, 0, 1, 0, 0])
    champion = np.array([0.9, 0.9, 0.9, 0.1, 0.1, 0.9])  # 2 of 4
    candidate = np.array([0.9, 0.9, 0.1, 0.9, 0.9, 0.1])  # 3 of 4
    # what a row adds: (t - R b) / mean(b), with mean(b) = 4/6 for both
    one = np.array([0.5, 0.5, -0.5, 0, 0, -0.5]) * 1.5
    two = np.array([0.25, 0.25, 0, 0.25, -0.75, 0]) * 1.5
    error = np.sqrt(np.sum((two - one) ** 2) / 36 * 4 / 3)
    half = stats.t.ppf(0.95, 3) * error
    found = row(
        evaluation.compare(truth, champion, candidate), "precision", "difference"
    )
    assert found.value == pytest.approx(0.25)
    assert (found.lower, found.upper) == pytest.approx((0.25 - half, 0.25 + half))


def test_what_nobody_predicted_has_no_precision_and_no_difference():
    truth, _, candidate = noisy(200)
    tested = evaluation.compare(truth, np.full(200, 0.1), candidate)
    assert np.isnan(row(tested, "precision", "champion").value)
    found = row(tested, "precision", "difference")
    assert np.isnan([found.value, found.lower, found.upper]).all()
    assert found.n == 0


@pytest.mark.parametrize("outcome", [0, 1])
def test_of_one_class_only_what_can_be_measured_is(outcome):
    rng = np.random.default_rng(2)
    tested = evaluation.compare(np.full(150, outcome), rng.random(150), rng.random(150))
    assert np.isnan(row(tested, "roc_auc", "difference").lower)
    assert not np.isnan(row(tested, "brier", "difference").lower)
    found = row(tested, "average_precision", "difference")
    assert np.isnan(found.value) == (outcome == 0)
    tested._repr_html_()


def test_missing_and_constant_scores_leave_no_crash_and_no_false_certainty():
    truth = np.array([0, 1] * 60, dtype=float)
    truth[:7] = np.nan
    tested = evaluation.compare(truth, np.full(120, 0.5), np.full(120, 0.5))
    assert tested.difference.n == 113
    for measure in ("roc_auc", "average_precision", "calibration_error"):
        assert row(tested, measure, "difference").value == 0
    assert not tested.passed
    assert evaluation.compare([1.0], [0.2], [0.9]).verdict == "undefined"
    pd.testing.assert_frame_equal(
        tested.frame(),
        evaluation.compare(
            pd.array(truth, dtype="Float64"), np.full(120, 0.5), np.full(120, 0.5)
        ).frame(),
    )


# ---------------------------------------------------------------- calibration


def test_the_difference_of_calibration_errors_by_hand():
    truth = np.array([0, 1] * 50)
    champion, candidate = np.full(100, 0.8), np.full(100, 0.55)
    tested = evaluation.compare(truth, champion, candidate)
    found = row(tested, "calibration_error", "difference")
    assert found.value == pytest.approx(0.05 - 0.3)
    # both bins see the same rows: only what chance can have added is unsure
    chance = np.sqrt(2 / np.pi * 0.25 / 100)
    assert found.lower == pytest.approx(-0.25 - chance)
    assert found.upper == pytest.approx(-0.25 + chance)


def test_the_interval_of_calibration_holds_the_truth_often_enough():
    rng = np.random.default_rng(21)
    levels = np.array([0.05, 0.25, 0.45, 0.65, 0.95])
    said = np.array([0.15, 0.35, 0.45, 0.55, 0.85])  # off by .1 but in the middle
    true_difference = -0.08  # of the candidate, which is exactly right
    held = 0
    for _ in range(200):
        which = rng.integers(0, 5, 400)
        pair = Pair.of(
            rng.random(400) < levels[which],
            said[which],
            levels[which],
            thresholds=(0.5, 0.5),
            labels={},
            segments={},
        )
        lower, upper = between("calibration_error", pair, level=0.9, rng=rng)
        held += lower <= true_difference <= upper
    assert held >= stats.binom.ppf(0.001, 200, 0.9)


def test_the_curves_of_both_are_drawn_and_told():
    truth, champion, candidate = noisy(800)
    tested = evaluation.compare(truth, champion, candidate)
    assert "Do the scores mean what they say</summary>" in tested._repr_html_()
    picture = tested.reliability()
    assert "candidate, observed rate against mean score in 10 bins" in picture.alt
    assert "champion, observed rate" in picture.alt
    assert ">champion</text>" in picture.svg


# ---------------------------------------------------------------- money


def test_money_a_week_is_money_a_row_times_the_rows():
    truth, champion, candidate = noisy(500)
    costs = {"false_positive": 3.0, "false_negative": 9.0}
    tested = evaluation.compare(
        truth, champion, candidate, costs=costs, currency="EUR", rows_per_week=250
    )
    wrong = {
        "champion": (champion >= 0.5) != truth,
        "candidate": (candidate >= 0.5) != truth,
    }
    each = {k: np.where(v, np.where(truth == 1, 9, 3), 0) for k, v in wrong.items()}
    for subject, money in each.items():
        found = row(tested, "cost_a_week", subject)
        assert (found.value, found.unit) == (pytest.approx(250 * money.mean()), "EUR")
    a_row, a_week = (row(tested, m, "difference") for m in ("cost", "cost_a_week"))
    assert a_week.value == pytest.approx(
        250 * (each["candidate"] - each["champion"]).mean()
    )
    assert (a_week.lower, a_week.upper) == pytest.approx(
        (250 * a_row.lower, 250 * a_row.upper)
    )
    with pytest.raises(ValueError, match="rows_per_week must be 0 or more"):
        evaluation.compare(truth, champion, candidate, rows_per_week=-1)


def test_money_of_each_period_is_the_sum_of_its_rows():
    truth, champion, candidate = noisy(300)
    weeks = np.repeat(["W1", "W2", "W3"], [50, 100, 150])
    tested = evaluation.compare(
        truth, champion, candidate, weeks=weeks, costs={"false_negative": 5.0}
    )
    wrong = np.where(truth == 1, 5, 1) * ((champion >= 0.5) != truth)
    for week in ("W1", "W2", "W3"):
        found = row(tested, "cost_of_period", "champion", week)
        own = wrong[weeks == week]
        assert (found.value, found.n) == (own.sum(), own.size)
        expected = stats.ttest_1samp(own, 0).confidence_interval(0.9)
        assert found.lower == pytest.approx(own.size * expected.low)
    total = sum(
        row(tested, "cost_of_period", "difference", w).value for w in set(weeks)
    )
    assert total == pytest.approx(300 * row(tested, "cost", "difference").value)


def test_a_segment_column_may_be_called_weeks():
    truth, champion, candidate = noisy(200)
    weeks = np.repeat(["W1", "W2"], 100)
    tested = evaluation.compare(
        truth,
        champion,
        candidate,
        weeks=weeks,
        segments={"weeks": np.tile(["odd", "even"], 100)},
    )
    assert {f.period for f in tested.findings} == {"", "W1", "W2"}
    assert row(tested, "segment_difference", "weeks = odd").n == 100


# ---------------------------------------------------------------- of any arrays


@settings(max_examples=25, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.sampled_from([0.0, 1.0, float("nan")]),
            st.sampled_from([0.0, 0.3, 0.5, 0.9, 1.0, float("nan")]),
            st.sampled_from([0.0, 0.3, 0.5, 0.9, 1.0]),
        ),
        max_size=60,
    )
)
def test_any_rows_give_numbers_within_their_intervals_or_none(rows):
    truth, champion, candidate = zip(*rows, strict=True) if rows else ([], [], [])
    tested = evaluation.compare(
        truth, champion, candidate, gate=evaluation.Gate(min_rows=5)
    )
    for found in tested.findings:
        drawn = found.measure == "average_precision"  # percentiles of draws
        if not (np.isnan(found.lower) or drawn) and found.subject == "difference":
            slack = 1e-9
            assert found.lower - slack <= found.value <= found.upper + slack
    assert tested.passed == all(each.passed for each in tested.checks)
    tested.facts()


def test_the_areas_interval_is_the_same_however_the_rows_come():
    truth, champion, candidate = noisy(200)
    order = np.random.default_rng(1).permutation(200)
    one = row(evaluation.compare(truth, champion, candidate), "roc_auc", "difference")
    two = row(
        evaluation.compare(truth[order], champion[order], candidate[order]),
        "roc_auc",
        "difference",
    )
    assert (one.lower, one.upper) == pytest.approx((two.lower, two.upper))
    wins = intervals.placements(truth, candidate)[0].mean()
    assert one.value == pytest.approx(
        wins - intervals.placements(truth, champion)[0].mean()
    )
