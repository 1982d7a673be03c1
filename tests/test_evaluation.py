from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from sklearn import metrics as sk

from lifecycle import evaluation
from lifecycle.evaluation import Gate
from tests.two_models import models, row

# ---------------------------------------------------------------- the gate


def test_a_better_candidate_passes_and_the_reason_says_by_how_much():
    tested = evaluation.compare(*models(2000, champion=0.7, candidate=0.8))
    assert tested.passed
    assert tested.verdict == "quiet"
    assert "right in 80" in tested.reasons[0] or "right in 79" in tested.reasons[0]
    assert tested.reasons[-1].startswith("Passed")


def test_what_passes_within_the_tolerance_is_not_called_beyond_chance():
    truth = np.tile([0, 1], 1000)
    row = np.arange(2000)
    champion = np.where(row < 40, 1 - truth, truth)  # 40 errors
    candidate = np.where(row >= 1970, 1 - truth, truth)  # 30 others
    tested = evaluation.compare(truth, champion, candidate)
    assert tested.passed
    assert -0.01 < tested.difference.lower < 0 < tested.difference.value
    assert tested.reasons[-1] == (
        "Passed: better so far, and hardly worse by more than 0.01 errors a row."
    )


def test_a_worse_candidate_does_not_pass_and_is_an_alert():
    tested = evaluation.compare(*models(2000, champion=0.8, candidate=0.7))
    assert not tested.passed
    assert tested.verdict == "alert"
    assert "Not passed: it saves -0." in tested.reasons[1]


def test_the_same_model_again_does_not_pass():
    truth, score, _ = models(500, champion=0.8, candidate=0.8)
    tested = evaluation.compare(truth, score, score)
    assert tested.difference.value == 0
    assert not tested.passed


def test_a_gain_that_may_be_a_loss_does_not_pass():
    truth = np.tile([0, 1], 60)
    champion = np.where(np.arange(120) < 30, 1 - truth, truth).astype(float)
    candidate = np.where(np.arange(120) > 90, 1 - truth, truth).astype(float)
    tested = evaluation.compare(truth, champion, candidate)
    assert tested.difference.value == pytest.approx(1 / 120)
    assert not tested.passed
    assert "might still be worse" in tested.reasons[1]
    assert evaluation.compare(
        truth, champion, candidate, gate=Gate(tolerance=0.2)
    ).passed


def test_a_gain_below_what_is_asked_does_not_pass():
    arrays = models(4000, champion=0.75, candidate=0.78)
    assert evaluation.compare(*arrays).passed
    assert not evaluation.compare(*arrays, gate=Gate(min_gain=0.1)).passed


def test_too_few_rows_are_undefined_and_do_not_pass():
    tested = evaluation.compare(*models(60, champion=0.5, candidate=1.0))
    assert tested.verdict == "undefined"
    assert not tested.passed
    assert "60 rows have outcome and both scores, 100 are needed" in tested.reasons[1]


def test_no_rows_at_all_are_undefined():
    tested = evaluation.compare([], [], [], costs={"false_positive": 2.0}, weeks=[])
    assert tested.verdict == "undefined"
    assert tested.reasons[0] == "There are no rows with an outcome and both scores."
    assert np.isnan(tested.difference.value)
    tested.plot()


def test_one_class_leaves_the_area_undefined_and_judges_the_rest():
    tested = evaluation.compare(np.ones(300), np.full(300, 0.4), np.full(300, 0.6))
    assert tested.passed
    assert np.isnan(row(tested, "roc_auc", "difference").value)
    assert np.isnan(row(tested, "roc_auc", "difference").lower)


def test_rows_in_which_something_is_missing_are_left_out_of_both():
    truth, champion, candidate = models(500, champion=0.7, candidate=0.9)
    champion[:50] = np.nan
    tested = evaluation.compare(truth, champion, candidate)
    alone = evaluation.compare(truth[50:], champion[50:], candidate[50:])
    assert tested.difference == alone.difference
    assert tested.reasons[-1] == (
        "50 rows are left out, they lack an outcome or a score."
    )


def test_arrays_of_different_length_are_refused():
    with pytest.raises(ValueError, match="must be of the same rows"):
        evaluation.compare([1, 0], [0.5], [0.5, 0.1])
    with pytest.raises(ValueError, match="must not be negative"):
        evaluation.compare([1], [0.5], [0.5], costs={"false_positive": -3.0})


# ---------------------------------------------------------------- the numbers


def test_the_measures_are_those_of_scikit_learn():
    truth, champion, candidate = models(800, champion=0.7, candidate=0.8)
    tested = evaluation.compare(truth, champion, candidate)
    for subject, score in (("champion", champion), ("candidate", candidate)):
        assert row(tested, "accuracy", subject).value == pytest.approx(
            sk.accuracy_score(truth, score >= 0.5)
        )
        assert row(tested, "roc_auc", subject).value == pytest.approx(
            sk.roc_auc_score(truth, score)
        )
        assert row(tested, "brier", subject).value == pytest.approx(
            sk.brier_score_loss(truth, score)
        )
    both = (champion >= 0.5) == (candidate >= 0.5)
    assert row(tested, "agreement", "both").value == pytest.approx(both.mean())


def test_the_difference_is_paired():
    truth, champion, candidate = models(800, champion=0.7, candidate=0.8)
    gain = ((candidate >= 0.5) == truth).astype(float) - ((champion >= 0.5) == truth)
    found = evaluation.compare(truth, champion, candidate).difference
    expected = stats.ttest_1samp(gain, 0).confidence_interval(0.9)
    assert (found.lower, found.upper) == pytest.approx(tuple(expected))


def test_the_interval_of_two_areas_is_delongs_by_hand():
    truth = np.array([0, 0, 0, 1, 1, 1])
    one = np.array([0.1, 0.5, 0.6, 0.4, 0.7, 0.9])
    two = np.array([0.2, 0.3, 0.4, 0.4, 0.8, 0.9])
    # wins of the positives: 1/3, 1, 1 and 2.5/3, 1, 1; of the negatives: 1, 2/3, 2/3
    # and 1, 1, 2.5/3; the differences are .5, 0, 0 and 0, 1/3, 1/6
    variance = np.var([0.5, 0, 0], ddof=1) / 3 + np.var([0, 1 / 3, 1 / 6], ddof=1) / 3
    half = stats.norm.ppf(0.95) * np.sqrt(variance)
    found = row(evaluation.compare(truth, one, two), "roc_auc", "difference")
    assert found.value == pytest.approx(1 / 6)
    assert (found.lower, found.upper) == pytest.approx((1 / 6 - half, 1 / 6 + half))


def test_costs_weigh_the_gate_and_are_shown_as_money():
    truth = np.tile([0, 1], 200)
    yes = np.where(np.arange(400) < 120, 1.0, truth)  # 60 false positives
    no = np.where(np.arange(400) < 80, 0.0, truth)  # 40 false negatives
    cheap = evaluation.compare(truth, yes, no)
    assert cheap.passed
    costs = {"false_positive": 10.0, "false_negative": 40.0}
    dear = evaluation.compare(truth, yes, no, costs=costs, currency="EUR")
    assert not dear.passed
    assert dear.difference.value == pytest.approx((60 * 0.25 - 40) / 400)
    money = row(dear, "cost", "difference")
    assert (money.value, money.unit) == (pytest.approx((1600 - 600) / 400), "EUR")
    assert money.lower < money.value < money.upper


def test_the_same_call_gives_the_same_numbers():
    arrays = models(300, champion=0.7, candidate=0.8)
    costs = {"false_positive": 1.0, "false_negative": 3.0}
    one, two = (evaluation.compare(*arrays, costs=costs) for _ in range(2))
    pd.testing.assert_frame_equal(one.frame(), two.frame())


# ---------------------------------------------------------------- segments


def test_a_segment_that_is_clearly_worse_stops_the_candidate():
    truth, champion, candidate = models(3000, champion=0.7, candidate=0.85)
    plan = np.where(np.arange(3000) % 10 == 0, "free", "paid")
    hurt = plan == "free"
    candidate[hurt] = np.where(truth[hurt] == 1, 0.1, 0.9)
    tested = evaluation.compare(
        truth, champion, candidate, segments=pd.DataFrame({"plan": plan})
    )
    assert tested.difference.value > 0
    assert not tested.passed
    assert any("clearly worse where plan = free" in said for said in tested.reasons)
    assert row(tested, "segment_difference", "plan = free").verdict == "alert"
    assert row(tested, "segment_difference", "plan = paid").verdict == "quiet"


def test_a_segments_chance_is_mcnemars_exact_test():
    truth = np.tile([0, 1], 100)
    champion = truth.astype(float)
    candidate = np.where(np.arange(200) < 5, 1 - truth, truth).astype(float)
    part = {"half": np.repeat(["a", "b"], 100)}
    # 5 of 5 lost: 1/32 is not below 5%/2
    tested = evaluation.compare(truth, champion, candidate, segments=part)
    assert row(tested, "segment_difference", "half = a").verdict == "quiet"
    candidate[5] = 1 - truth[5]  # 6 of 6: 1/64 is
    tested = evaluation.compare(truth, champion, candidate, segments=part)
    assert row(tested, "segment_difference", "half = a").verdict == "alert"


def test_among_many_equal_segments_a_false_alarm_is_rare():
    alarms = 0
    for seed in range(60):
        truth, champion, candidate = models(
            1500, champion=0.7, candidate=0.7, seed=seed
        )
        rng = np.random.default_rng(10_000 + seed)
        segments = {f"s{k}": rng.integers(0, 5, 1500).astype(str) for k in range(4)}
        tested = evaluation.compare(truth, champion, candidate, segments=segments)
        alarms += any("clearly worse where" in said for said in tested.reasons)
    assert alarms <= stats.binom.ppf(0.999, 60, 0.05)


def test_columns_that_cut_nothing_or_too_much_are_no_segments():
    truth, champion, candidate = models(300, champion=0.7, candidate=0.8)
    segments = {
        "id": [f"i{k}" for k in range(300)],
        "one": ["x"] * 300,
        "gaps": [None, "y", "z"] * 100,
    }
    tested = evaluation.compare(truth, champion, candidate, segments=segments)
    names = [f.subject for f in tested.findings if f.measure == "segment_difference"]
    assert sorted(names) == ["gaps = missing", "gaps = y", "gaps = z"]


def test_hostile_segment_names_are_escaped():
    truth, champion, candidate = models(300, champion=0.7, candidate=0.8)
    segments = {"<b>": np.tile(["<script>alert(1)</script>", "x"], 150)}
    tested = evaluation.compare(truth, champion, candidate, segments=segments)
    assert "<script>" not in tested._repr_html_()
    assert "<b>" not in tested._repr_html_()


def test_the_course_over_weeks_is_drawn():
    truth, champion, candidate = models(300, champion=0.7, candidate=0.8)
    weeks = np.repeat(["2023-W01", "2023-W02", "2023-W03"], 100)
    tested = evaluation.compare(truth, champion, candidate, weeks=weeks)
    weekly = [f for f in tested.findings if f.period == "2023-W02"]
    assert [f.n for f in weekly] == [100, 100]
    assert tested.verdict == "quiet"
    assert "candidate" in tested.plot().alt


# ---------------------------------------------------------------- the guard


def test_a_release_that_is_worse_is_found():
    rng = np.random.default_rng(4)
    truth = rng.integers(0, 2, 800)
    good = np.where(rng.random(800) < 0.85, truth, 1 - truth)
    bad = np.where(rng.random(800) < 0.65, truth, 1 - truth)
    found = evaluation.guard(truth, bad, good)
    assert found.verdict == "alert"
    assert found.lower < found.value < found.upper < 0
    assert evaluation.guard(truth, good, bad).verdict == "quiet"


def test_few_rows_are_undefined_however_bad():
    found = evaluation.guard([1] * 49, [0] * 49, [1] * 49)
    assert (found.verdict, found.n) == ("undefined", 49)
    assert np.isnan(found.upper)
    assert evaluation.guard([1] * 50, [0] * 50, [1] * 50).verdict == "alert"
    assert evaluation.guard([], [], []).verdict == "undefined"


def test_rows_without_outcome_or_prediction_do_not_count():
    truth = [1.0, np.nan, 1.0, 0.0]
    found = evaluation.guard(truth, [1, 1, np.nan, 0], [1, 1, 1, 1], min_n=2)
    assert (found.n, found.value) == (2, 0.5)


def test_unlike_lengths_are_refused():
    with pytest.raises(ValueError, match="join them by id first"):
        evaluation.guard([1, 0], [1], [1, 0])
    with pytest.raises(ValueError, match="between -1 and 1"):
        evaluation.watched([3.0])
    with pytest.raises(ValueError, match="alpha"):
        evaluation.watched([0.0], alpha=0.0)


def ever(
    differences: np.ndarray, *, alpha: float = 0.05, first: int = 50
) -> int | None:
    """First look at which a difference of 0 is refuted, row by row, by hand."""
    wealth, total, squares = 1.0, 0.5, 0.25
    mean, spread = 0.5, 0.25
    for count, x in enumerate((differences + 1) / 2, start=1):
        stake = min(max((0.5 - mean) / (spread + (0.5 - mean) ** 2), 0), 1)
        wealth *= 1 - stake * (x - 0.5)
        total += x
        mean = total / (count + 1)
        squares += (x - mean) ** 2
        spread = squares / (count + 1)
        if count >= first and wealth >= 1 / alpha:
            return count
    return None


def test_with_no_difference_it_rarely_fires_though_watched_at_each_row():
    rng = np.random.default_rng(11)
    fired = 0
    for _ in range(300):
        differences = rng.choice([-1, 0, 1], p=[0.12, 0.76, 0.12], size=1500)
        fired += ever(differences) is not None
    assert fired / 300 <= 0.05


def test_the_guard_is_the_bet_row_by_row():
    rng = np.random.default_rng(12)
    for shift in (0.0, 0.05, 0.1, 0.2):
        p = [0.15 + shift / 2, 0.7, 0.15 - shift / 2]
        differences = rng.choice([-1, 0, 1], p=p, size=600)
        first = ever(differences)
        for look in (50, 150, 300, 600):
            upper = evaluation.watched(differences[:look], first=50)[1]
            if first is None or look < first:
                assert upper >= 0
            elif upper >= 0:  # rounded outwards by one step at most
                assert upper <= 0.01


@settings(max_examples=25, deadline=None)
@given(st.lists(st.sampled_from([-1.0, -0.5, 0.0, 0.5, 1.0]), min_size=2, max_size=80))
def test_the_watched_interval_only_narrows_and_mirrors(differences):
    told = np.array(differences)
    before = evaluation.watched(told[:-1])
    after = evaluation.watched(told)
    assert before[0] <= after[0]
    assert after[1] <= before[1]
    mirrored = evaluation.watched(-told)
    assert mirrored == pytest.approx((-after[1], -after[0]))


def test_the_watched_interval_covers_the_truth():
    rng = np.random.default_rng(13)
    missed = 0
    for _ in range(60):
        differences = rng.choice([-1, 0, 1], p=[0.05, 0.7, 0.25], size=500)
        lower, upper = evaluation.watched(differences)
        missed += not lower <= 0.2 <= upper
    assert missed <= stats.binom.ppf(0.999, 60, 0.1)
