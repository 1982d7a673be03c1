from __future__ import annotations

import math
from statistics import NormalDist

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from lifecycle import intervals


@settings(max_examples=60, deadline=None)
@given(st.integers(1, 300), st.data(), st.sampled_from([0.5, 0.9, 0.99]))
def test_wilson_is_scipys(n, data, level):
    successes = data.draw(st.integers(0, n))
    theirs = stats.binomtest(successes, n).proportion_ci(level, method="wilson")
    assert intervals.wilson(successes, n, level=level) == pytest.approx(
        (theirs.low, theirs.high), abs=1e-12
    )


def test_wilson_at_none_and_all_is_not_empty():
    lower, upper = intervals.wilson(0, 20)
    assert lower == 0
    assert 0 < upper < 0.2
    assert intervals.wilson(20, 20) == pytest.approx((1 - upper, 1))


def test_wilson_of_no_rows_is_undefined():
    assert all(map(math.isnan, intervals.wilson(0, 0)))


def test_wilson_refuses_more_successes_than_rows():
    with pytest.raises(ValueError, match="between 0 and n, got 3 of 2"):
        intervals.wilson(3, 2)


@pytest.mark.parametrize("level", [0, 1, 90, math.nan])
def test_a_level_lies_within_0_and_1(level):
    with pytest.raises(ValueError, match=r"use 0\.9 for 90%"):
        intervals.wilson(1, 2, level=level)


def test_mean_is_students():
    values = [3.0, 5.0, 4.0, 9.0]
    theirs = stats.ttest_1samp(values, 0).confidence_interval(0.9)
    assert intervals.mean(values) == pytest.approx((theirs.low, theirs.high))


def test_mean_leaves_missing_values_out():
    assert intervals.mean([1, None, 2, 3]) == intervals.mean([1, 2, 3])


@pytest.mark.parametrize("values", [[], [1], [math.nan, 2], [1, 2, math.inf]])
def test_mean_of_less_than_two_or_infinite_values_is_undefined(values):
    assert all(map(math.isnan, intervals.mean(values)))


def test_mean_of_equal_values_is_sure():
    assert intervals.mean([2, 2, 2]) == (2, 2)


def test_paired_difference_is_scipys():
    a, b = [1.0, 2.0, 4.0, 3.0], [0.5, 2.5, 2.0, 2.0]
    theirs = stats.ttest_rel(a, b).confidence_interval(0.9)
    assert intervals.paired_difference(a, b) == pytest.approx(
        (0.75, theirs.low, theirs.high)
    )


def test_paired_difference_leaves_incomplete_pairs_out():
    with_gaps = intervals.paired_difference([1, 5, None, 2], [0, None, 3, 2])
    assert with_gaps == intervals.paired_difference([1, 2], [0, 2])


def test_paired_difference_of_nothing_is_undefined():
    assert all(map(math.isnan, intervals.paired_difference([], [])))


def test_paired_difference_refuses_other_rows():
    with pytest.raises(ValueError, match="join them by id"):
        intervals.paired_difference([1], [1, 2])


def test_auc_has_delongs_variance():
    # by hand: positives 2, 4, 5 against negatives 1, 3: V = 1/2, 1, 1; W = 1, 2/3
    area, variance = 5 / 6, (1 / 12) / 3 + (1 / 18) / 2
    n = area * (1 - area) / variance
    ours = intervals.auc([0, 1, 0, 1, 1], [1, 2, 3, 4, 5])
    assert ours == pytest.approx(intervals.wilson(area * n, n))


def test_auc_of_many_rows_is_delongs_normal_interval():
    rng = np.random.default_rng(3)
    truth = rng.integers(0, 2, 20_000)
    score = rng.normal(truth * 0.8, 1)
    positive, negative = score[truth == 1], score[truth == 0]
    area = stats.mannwhitneyu(positive, negative).statistic / (
        positive.size * negative.size
    )
    v = np.array([(x > negative).mean() for x in positive])
    w = np.array([(positive > x).mean() for x in negative])
    error = math.sqrt(v.var(ddof=1) / v.size + w.var(ddof=1) / w.size)
    half = NormalDist().inv_cdf(0.95) * error
    assert intervals.auc(truth, score) == pytest.approx(
        (area - half, area + half), abs=1e-4
    )


def test_auc_of_one_class_is_undefined():
    assert all(map(math.isnan, intervals.auc([1, 1], [0.1, 0.2])))
    assert all(map(math.isnan, intervals.auc([], [])))


def test_auc_told_apart_perfectly_rests_on_the_smaller_class():
    assert intervals.auc([0, 0, 0, 1, 1], [1, 2, 3, 4, 5]) == intervals.wilson(2, 2)


def test_auc_of_a_single_row_of_a_class_rests_on_that_row():
    truth, score = [1] + [0] * 1000, [900.5, *range(1000)]
    assert intervals.auc(truth, score) == pytest.approx(intervals.wilson(0.901, 1))


def test_auc_of_equal_scores_is_around_a_half():
    lower, upper = intervals.auc([0, 1] * 10, [0.5] * 20)
    assert lower < 0.5 < upper


def test_auc_covers_the_truth_about_as_often_as_it_says():
    rng = np.random.default_rng(11)
    area = NormalDist().cdf(1.5 / math.sqrt(2))
    hits = 0
    for _ in range(400):
        truth = rng.permutation([0] * 60 + [1] * 20)
        lower, upper = intervals.auc(truth, rng.normal(1.5 * truth, 1))
        hits += lower <= area <= upper
    assert 0.86 <= hits / 400 <= 0.95


def test_bootstrap_is_the_same_for_the_same_seed():
    values = np.arange(30.0)
    assert intervals.bootstrap(np.mean, values, rng=5) == intervals.bootstrap(
        np.mean, values, rng=np.random.default_rng(5)
    )


def test_bootstrap_draws_the_rows_of_all_arrays_together():
    a = np.arange(20.0)
    result = intervals.bootstrap(lambda x, y: float(np.max(np.abs(x - y))), a, a, rng=1)
    assert result == (0, 0)


def test_bootstrap_of_a_mean_is_near_students():
    values = np.random.default_rng(2).normal(size=400)
    ours = intervals.bootstrap(np.mean, values, rng=1, draws=2000)
    assert ours == pytest.approx(intervals.mean(values), abs=0.02)


def test_bootstrap_of_a_mostly_undefined_statistic_is_undefined():
    result = intervals.bootstrap(lambda x: math.nan, [1, 2], rng=1)
    assert all(map(math.isnan, result))
    assert all(map(math.isnan, intervals.bootstrap(np.mean, [], rng=1)))


def test_bootstrap_refuses_arrays_of_other_lengths():
    with pytest.raises(ValueError, match="same number of rows"):
        intervals.bootstrap(np.mean, [1], [1, 2], rng=1)


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.tuples(st.sampled_from([0, 1]), st.sampled_from([0.0, 0.2, 0.7, 1.0])),
        max_size=40,
    )
)
def test_auc_is_undefined_or_within_0_and_1_around_the_area(rows):
    truth = np.array([t for t, _ in rows])
    score = np.array([s for _, s in rows])
    lower, upper = intervals.auc(truth, score)
    if len(set(truth.tolist())) < 2:
        assert math.isnan(lower)
        return
    wins = [
        (p > n) + (p == n) / 2 for p in score[truth == 1] for n in score[truth == 0]
    ]
    assert 0 <= lower <= np.mean(wins) + 1e-12
    assert np.mean(wins) - 1e-12 <= upper <= 1
