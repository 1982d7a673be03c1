"""The gate: every rule, what it says, and that undefined is never a pass."""

from __future__ import annotations

import json
import time

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from lifecycle import config, evaluation
from lifecycle.evaluation import Gate, Latency
from tests.two_models import models, row

BETTER = models(2000, champion=0.7, candidate=0.8)


def check(tested: evaluation.Evaluation, rule: str) -> evaluation.Check:
    return next(each for each in tested.checks if each.rule == rule)


def test_the_gate_has_the_names_and_defaults_of_the_settings():
    assert Gate(**config.Gate().model_dump()) == Gate()
    assert set(Gate.__dataclass_fields__) == set(config.Gate.model_fields)


def test_every_rule_that_is_asked_says_one_sentence():
    tested = evaluation.compare(
        *BETTER,
        segments={"plan": np.tile(["a", "b"], 1000)},
        gate=Gate(calibration_tolerance=0.5, max_latency_ratio=2, max_size_mb=50),
        latency=Latency((0.01, 0.01), (0.015, 0.015), n=100),
        sizes=(1e6, 2e6),
    )
    assert [each.rule for each in tested.checks] == [
        *("rows", "gain", "tolerance", "segments"),
        *("calibration", "latency", "size"),
    ]
    assert all(each.passed and each.sentence.endswith(".") for each in tested.checks)
    assert tested.passed
    assert tested.reasons[-1] == (
        "Passed: better by more than chance would allow; none of 2 segments is clearly "
        "worse; calibration, latency and size are within bounds."
    )
    assert "The gate: 7 rules, all passed" in tested._repr_html_()


def test_rules_that_are_not_set_are_shown_and_not_judged():
    took = Latency((0.01, 0.01), (0.1, 0.1), n=100)
    tested = evaluation.compare(*BETTER, latency=took, sizes=(1, 9e9))
    assert tested.passed
    assert {each.rule for each in tested.checks} == {"rows", "gain", "tolerance"}
    assert row(tested, "latency_ratio", "candidate to champion").verdict == "undefined"
    assert row(tested, "size", "candidate").value == 9000


@pytest.mark.parametrize(
    ("gate", "rule", "words"),
    [
        (Gate(max_latency_ratio=2), "latency", "was not measured"),
        (Gate(max_size_mb=2), "size", "was not measured"),
    ],
)
def test_what_is_asked_for_and_was_not_measured_does_not_pass(gate, rule, words):
    tested = evaluation.compare(*BETTER, gate=gate)
    assert not tested.passed
    assert tested.verdict == check(tested, rule).verdict == "undefined"
    assert words in tested.reasons[1]
    assert tested.reasons[1].startswith("Not passed: how ")


def test_a_slow_candidate_does_not_pass():
    took = Latency((0.010, 0.011, 0.010), (0.040, 0.041, 0.043), n=1000)
    tested = evaluation.compare(*BETTER, gate=Gate(max_latency_ratio=3), latency=took)
    assert not tested.passed
    assert tested.verdict == "alert"
    assert "times as long a row as the champion" in tested.reasons[1]
    assert "up to 3 times is allowed" in tested.reasons[1]
    ratio = row(tested, "latency_ratio", "candidate to champion")
    assert (ratio.threshold, ratio.verdict) == (3, "alert")


def test_a_large_candidate_does_not_pass():
    tested = evaluation.compare(*BETTER, gate=Gate(max_size_mb=5), sizes=(1e6, 7.5e6))
    assert tested.reasons[1] == (
        "Not passed: it takes 7.5 MB stored, up to 5 MB are allowed."
    )
    assert row(tested, "size", "difference").value == pytest.approx(6.5)
    with pytest.raises(ValueError, match="sizes must be bytes"):
        evaluation.compare(*BETTER, sizes=(-1, 3))


def test_scores_that_mean_less_than_the_champions_do_not_pass():
    truth, champion, candidate = models(3000, champion=0.75, candidate=0.8)
    flat = np.where(candidate >= 0.5, 0.99, 0.01)
    asked = Gate(calibration_tolerance=0.02)
    tested = evaluation.compare(truth, champion, flat, gate=asked)
    told = check(tested, "calibration")
    assert (told.verdict, told.bound) == ("alert", 0.02)
    assert "up to 2.0% more is tolerated" in told.sentence
    found = row(tested, "calibration_error", "difference")
    assert (found.verdict, found.value) == ("alert", told.value)
    assert not tested.passed


def test_calibration_of_what_is_no_probability_is_undefined_and_does_not_pass():
    truth, champion, candidate = BETTER
    tested = evaluation.compare(
        truth,
        10 * champion,
        10 * candidate,
        champion_threshold=5,
        candidate_threshold=5,
        gate=Gate(calibration_tolerance=0.5),
    )
    assert check(tested, "gain").passed
    assert check(tested, "calibration").verdict == tested.verdict == "undefined"
    assert not tested.passed
    assert tested.reliability().alt.endswith("no bins to draw.")


def test_segments_of_which_none_has_rows_enough_do_not_pass():
    truth, champion, candidate = models(120, champion=0.5, candidate=0.95)
    plan = {"plan": np.tile(list("abcde"), 24)}
    tested = evaluation.compare(truth, champion, candidate, segments=plan)
    assert check(tested, "gain").passed
    assert check(tested, "segments").verdict == "undefined"
    assert not tested.passed
    assert "none of 5 segments has 50 rows" in tested.reasons[1]
    few = evaluation.compare(
        truth, champion, candidate, segments=plan, gate=Gate(min_segment_rows=20)
    )
    assert few.passed


def test_too_few_rows_leave_every_rule_about_them_undefined():
    tested = evaluation.compare(
        *models(60, champion=0.9, candidate=0.5),
        segments={"plan": np.tile(["a", "b"], 30)},
        gate=Gate(calibration_tolerance=0.0, min_segment_rows=5),
    )
    assert {each.verdict for each in tested.checks} == {"undefined"}
    assert len([said for said in tested.reasons if "Not passed" in said]) == 1


def test_a_bound_of_the_gate_is_what_counts():
    arrays = models(4000, champion=0.75, candidate=0.78)
    assert not evaluation.compare(*arrays, gate=Gate(min_gain=0.1)).passed
    assert evaluation.compare(*arrays, gate=Gate(min_gain=0.0)).passed
    many = Gate(min_rows=9000)
    assert evaluation.compare(*arrays, gate=many).verdict == "undefined"


@pytest.mark.parametrize("name", ["tolerance", "max_size_mb", "min_rows"])
@pytest.mark.parametrize("bound", [-1, float("nan"), float("inf")])
def test_bounds_that_make_no_sense_are_refused(name, bound):
    with pytest.raises(ValueError, match=f"{name} of the gate must be 0 or more"):
        Gate(**{name: bound})


def test_a_gain_may_be_asked_for_below_nothing():
    truth, champion, _ = BETTER
    assert Gate(min_gain=-0.05).min_gain == -0.05
    may_lose = Gate(min_gain=-0.05)
    assert evaluation.compare(truth, champion, champion, gate=may_lose).passed


def test_the_reasons_of_a_failed_candidate_are_plain_values():
    tested = evaluation.compare(
        *models(300, champion=0.8, candidate=0.7),
        segments={"<b>\n": np.tile(["x\ny" * 50, "z"], 150)},
        weeks=np.repeat(["W1", "W2"], 150),
        gate=Gate(max_size_mb=1, max_latency_ratio=1),
        costs={"false_positive": 2.0},
    )
    facts = tested.facts()
    assert json.loads(json.dumps(facts, allow_nan=False)) == facts
    assert not facts["passed"]
    assert facts["reasons"] == list(tested.reasons)
    assert all(isinstance(said, str) and "\n" not in said for said in facts["reasons"])
    assert {"rule", "verdict", "sentence", "value", "bound", "n"} <= set(
        facts["checks"][0]
    )
    assert facts["saved"]["lower"] == pytest.approx(tested.difference.lower)
    assert not any(told.get("period") for told in facts["rows"])
    nothing = evaluation.compare([], [], []).facts()
    assert nothing["saved"] == {"value": None, "lower": None, "upper": None}
    json.dumps(nothing, allow_nan=False)


# ---------------------------------------------------------------- latency


def test_both_are_timed_on_the_same_rows_in_turns_after_one_run():
    seen: list[tuple[str, int]] = []
    ticks = iter(np.cumsum([0, 1, 0, 3, 0, 3, 0, 1, 0, 1, 0, 3]).tolist())
    took = evaluation.latency(
        lambda rows: seen.append(("champion", len(rows))),
        lambda rows: seen.append(("candidate", len(rows))),
        pd.DataFrame({"a": range(5)}),
        repeats=3,
        timer=lambda: next(ticks),
    )
    order = [name for name, _ in seen]
    assert order == [
        *("champion", "candidate"),
        *("champion", "candidate"),
        *("candidate", "champion"),
        *("champion", "candidate"),
    ]
    assert {n for _, n in seen} == {5}
    assert (took.champion, took.candidate, took.n) == ((1, 1, 1), (3, 3, 3), 5)
    assert took.ratio == pytest.approx(3)
    assert took.frame().shape == (3, 2)


def test_a_real_timer_gives_a_ratio_with_an_interval():
    rows = np.arange(2000.0)
    took = evaluation.latency(np.sin, np.sin, rows, timer=time.perf_counter)
    assert took.lower <= took.ratio <= took.upper
    assert len(took.champion) == 7


def test_the_ratio_is_that_of_geometric_means_with_students_interval():
    champion, candidate = (0.010, 0.012, 0.011, 0.015), (0.021, 0.020, 0.025, 0.028)
    took = Latency(champion, candidate, n=500)
    logs = np.log(np.array(candidate) / np.array(champion))
    ends = np.exp(stats.ttest_1samp(logs, 0).confidence_interval(0.9))
    assert took.ratio == pytest.approx(
        stats.gmean(candidate) / stats.gmean(champion), rel=1e-12
    )
    assert (took.lower, took.upper) == pytest.approx(tuple(ends))
    shown = took.findings.newest("latency", "champion")
    assert shown.value == pytest.approx(1e6 * np.mean(champion) / 500)


def test_times_that_say_nothing_are_undefined_or_refused():
    assert np.isnan(Latency((0.0, 0.0), (0.1, 0.1), n=5).ratio)
    assert np.isnan(Latency((), (), n=5).ratio)
    one = Latency((0.1,), (0.2,), n=5)
    assert one.ratio == pytest.approx(2)
    assert np.isnan(one.lower)
    with pytest.raises(ValueError, match="equally often"):
        Latency((0.1,), (), n=5)
    with pytest.raises(ValueError, match="finite; mend the timer"):
        Latency((-0.1,), (0.1,), n=5)
    with pytest.raises(ValueError, match="time some rows"):
        Latency((0.1,), (0.1,), n=0)
    with pytest.raises(ValueError, match="repeats must be 2 or more"):
        evaluation.latency(len, len, [1], repeats=1, timer=time.perf_counter)
    with pytest.raises(ValueError, match="frame has no rows"):
        evaluation.latency(len, len, [], timer=time.perf_counter)


# ---------------------------------------------------------------- where they differ


def test_rows_on_which_exactly_one_is_right_come_first_and_by_distance():
    truth = [1, 1, 0, 0, 1]
    champion = [0.9, 0.4, 0.45, 0.2, 0.8]
    candidate = [0.95, 0.6, 0.55, 0.2, 0.1]
    tested = evaluation.compare(
        truth,
        champion,
        candidate,
        ids=list("abcde"),
        features=pd.DataFrame({"visits": [1, 2, 3, 4, 5]}, index=list("vwxyz")),
    )
    shown = tested.differing.frame()
    assert shown["id"].tolist() == ["e", "b", "c", "a"]  # d: no difference at all
    assert shown["right"].tolist() == ["champion", "candidate", "champion", "both"]
    assert shown["visits"].tolist() == [5, 2, 3, 1]
    assert tested.differing.summary == (
        "On 3 of 5 rows exactly one is right: the candidate on 1, the champion on 2."
    )


def test_ids_are_told_only_where_they_were_given_and_follow_the_rows_left_in():
    truth, champion, candidate = models(300, champion=0.6, candidate=0.9)
    champion[::3] = np.nan
    bare = evaluation.compare(truth, champion, candidate).differing.frame()
    assert list(bare) == ["outcome", "champion", "candidate", "right"]
    named = evaluation.compare(
        truth, champion, candidate, ids=np.arange(300), most=7
    ).differing.frame()
    assert len(named) == 7
    assert not (named["id"].astype(int) % 3 == 0).any()
    at = named["id"].astype(int).to_numpy()
    assert named["candidate"].tolist() == candidate[at].tolist()
    assert named["outcome"].tolist() == truth[at].tolist()


def test_hostile_ids_and_features_are_escaped_on_one_line():
    truth, champion, candidate = models(200, champion=0.6, candidate=0.9)
    evil = "<script>alert(1)</script>\n" + "x" * 500
    tested = evaluation.compare(
        truth,
        champion,
        candidate,
        ids=[evil] * 200,
        features=pd.DataFrame({"<i>": [evil] * 200, "candidate": [None] * 200}),
    )
    for shown in (tested._repr_html_(), tested.differing._repr_html_()):
        assert "<script>" not in shown
        assert "<i>" not in shown
        assert "x" * 61 not in shown
    assert "candidate (feature)" in tested.differing.frame()


def test_ids_of_other_rows_are_refused():
    with pytest.raises(ValueError, match="ids must be of the same rows"):
        evaluation.compare([1, 0], [0.1, 0.2], [0.1, 0.9], ids=["a"])
    with pytest.raises(ValueError, match="features must be of the same rows"):
        evaluation.compare(
            [1, 0], [0.1, 0.2], [0.1, 0.9], features=pd.DataFrame({"a": [1]})
        )


def test_the_same_model_twice_differs_nowhere():
    truth, score, _ = BETTER
    tested = evaluation.compare(truth, score, score)
    assert tested.differing.frame().empty
    assert "exactly one is right" in tested.differing._repr_html_()
    assert tested.difference.lower == tested.difference.upper == 0
