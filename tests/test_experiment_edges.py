"""Trials at their edges: nothing there, one class, hostile names, plans and faces."""

from __future__ import annotations

import math
from xml.etree import ElementTree

import numpy as np
import pytest
from scipy import stats

from lifecycle import experiment, figures
from lifecycle.experiment import Arms, Metric, Pairs, course, plan, read
from lifecycle.findings import Finding

WON = Metric("won", usual=0.3)
HOSTILE = [
    "<script>alert(1)</script>",
    '"><svg onload=alert(1)>',
    "nul\x00 bell\x07, line\nbreak",
    "x" * 5000,
    "=HYPERLINK(1)",
]


def two_weeks(n: int = 400, more: float = 0.0) -> Arms:
    rng = np.random.default_rng(1)
    served = rng.random(n) < 0.5
    won = rng.random(n) < 0.3 + more * served
    return Arms(won, served, share=0.5, looks=np.repeat(["W1", "W2"], n // 2))


def test_nothing_at_all_goes_on_and_says_so() -> None:
    for evidence in (Arms([], [], share=0.5), Pairs([], [])):
        told = read(WON, evidence, effect=0.05)
        assert (told.decision, told.verdict) == ("continue", "undefined")
        assert told.newest is None
        assert len(told.frame()) == 0
        assert "there are no keys of both versions" in told.sentence
        assert "no looks to draw" in told.plot().alt
        assert "<table" not in told._repr_html_()
        assert read(WON, evidence, effect=0.05, planned=0).decision == "stop: futility"


def test_one_arm_alone_is_no_look_and_soon_a_broken_ratio() -> None:
    few = Arms([0, 1, 1], [True] * 3, share=0.5)
    assert course(WON, few, effect=0.05) == ()
    assert read(WON, few, effect=0.05).decision == "continue"
    alone = Arms([0, 1] * 40, [True] * 80, share=0.5)
    assert read(WON, alone, effect=0.05).decision == "undefined: sample ratio"
    late = Arms(
        [0, 1, 1, 0],
        [True, True, True, False],
        share=0.5,
        looks=["W1", "W1", "W2", "W2"],
    )
    assert [look.period for look in course(WON, late, effect=0.05)] == ["W2"]


@pytest.mark.parametrize("value", [0.0, 1.0])
def test_one_class_is_no_difference_and_no_division_by_nothing(value: float) -> None:
    served = np.arange(600) % 2 == 0
    for metric in (WON, Metric("won", "mean"), Metric("won", "mean", cap=3.0)):
        told = read(metric, Arms([value] * 600, served, share=0.5), effect=0.05)
        assert told.decision in ("continue", "stop: futility")
        assert told.newest.lower <= 0 <= told.newest.upper
    agreed = read(WON, Pairs([value] * 600, [value] * 600), effect=0.05)
    assert agreed.decision in ("continue", "stop: futility")


def test_missing_values_are_left_out() -> None:
    arms = Arms([1, None, np.nan, 0], [True, True, False, False], share=0.5)
    assert len(arms) == 2
    assert len(Pairs([1, None, 0], [0, 1, np.nan])) == 1


@pytest.mark.parametrize(
    ("made", "words"),
    [
        (lambda: Arms([1, 0], [True], share=0.5), "experimental has 1 values for 2"),
        (lambda: Arms([1], [True], share=1.0), "share must lie within 0 and 1"),
        (lambda: Pairs([1, 0], [1]), "production has 1 values for 2 keys"),
        (lambda: Metric("x", "median"), "kind must be binary, mean or ratio"),
        (lambda: Metric("x", better="up"), "better must be high or low"),
        (lambda: Metric("x", cap=1.0), "cap must be above 0 and of a mean"),
        (lambda: Metric("x", spread=0.0), "spread must be above 0"),
        (lambda: read(WON, Pairs([], []), effect=0), "effect must be above 0, got 0"),
        (
            lambda: read(WON, Pairs([], []), effect=0.1, futility=1),
            "futility must lie from 0 to 1",
        ),
        (
            lambda: read(WON, Arms([7, 0], [True, False], share=0.5), effect=0.1),
            "values of 'won' must lie between 0 and 1, got 0 to 7",
        ),
        (
            lambda: course(
                Metric("x", "mean", cap=5.0),
                Arms([-1, 0], [True, False], share=0.5),
                effect=1,
            ),
            "leave the cap out",
        ),
        (lambda: plan(WON, effect=0, share=0.5, rows_per_week=1), "effect must be"),
        (lambda: plan(WON, effect=0.1, share=1, rows_per_week=1), "share must lie"),
        (
            lambda: plan(WON, effect=0.1, share=0.5, rows_per_week=1, power=1),
            "power must lie",
        ),
        (
            lambda: plan(Metric("x", "mean"), effect=1, share=0.5, rows_per_week=1),
            "spread of 'x' is missing",
        ),
        (
            lambda: plan(Metric("x"), effect=0.1, share=0.5, rows_per_week=1),
            "usual of 'x' is missing",
        ),
    ],
)
def test_what_cannot_be_is_one_sentence(made, words: str) -> None:
    with pytest.raises(ValueError, match=words) as told:
        made()
    assert "\n" not in str(told.value)


def test_values_above_the_cap_count_as_the_cap() -> None:
    served = np.arange(400) % 2 == 0
    value = np.where(np.arange(400) % 50 < 2, 9000.0, 20.0)
    metric = Metric("order", "mean", cap=100.0, usual=20.0, spread=100.0)
    look = course(metric, Arms(value, served, share=0.5), effect=5)[-1]
    assert look.experimental == pytest.approx(20 + 80 / 25)


def test_before_the_first_look_of_a_mean_nothing_is_refuted() -> None:
    metric = Metric("order", "mean")
    served = np.arange(100) % 2 == 0
    arms = Arms(np.where(served, 9.0, 1.0) + np.arange(100) % 3, served, share=0.5)
    assert course(metric, arms, effect=1, first=51)[-1].lower == -math.inf
    assert course(metric, arms, effect=1, first=50)[-1].lower > 0
    told = read(metric, arms, effect=1)
    assert "nothing ruled out yet" in told.sentence
    assert told.facts()["lower"] is None


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_names_stay_one_line_and_harmless(name: str) -> None:
    told = read(Metric(name, usual=0.3), two_weeks(), effect=0.05, title=name)
    assert "\n" not in told.sentence
    assert "\x00" not in told.sentence
    assert len(told.sentence) < 400
    page = told._repr_html_()
    assert "<script" not in page
    assert "<svg onload" not in page
    ElementTree.fromstring(told.plot().svg)
    asked = {"effect": 0.05, "share": 0.5, "rows_per_week": 100}
    made = plan(Metric(name, usual=0.3), **asked)
    assert "<script" not in made._repr_html_()
    assert "\n" not in made.sentence


# ---------------------------------------------------------------------- a plan


def test_a_fixed_end_needs_the_keys_of_the_textbook() -> None:
    """Two shares of 30% and 34%, 5% and 80%: 2,131 a group (by hand)."""
    made = plan(WON, effect=0.04, share=0.5, rows_per_week=500)
    z = stats.norm.ppf(0.975) + stats.norm.ppf(0.8)
    a_group = z**2 * (0.3 * 0.7 + 0.34 * 0.66) / 0.04**2
    assert made.ways[0].fixed == pytest.approx(2 * a_group)
    assert round(a_group) == 2131


def test_a_small_share_takes_the_keys_that_its_variance_says() -> None:
    metric = Metric("order", "mean", spread=400.0)
    even, canary = (
        plan(metric, effect=2, share=s, rows_per_week=1000).ways[0].fixed
        for s in (0.5, 0.05)
    )
    assert canary / even == pytest.approx((1 / 0.05 + 1 / 0.95) / 4)


def test_watching_costs_what_simulated_sums_say() -> None:
    """Brownian sums held against the boundary at 2,000 steps, 400 of them."""
    from lifecycle import intervals

    way = plan(WON, effect=0.04, share=0.5, rows_per_week=500).ways[0]
    needed = (stats.norm.ppf(0.975) + stats.norm.ppf(0.8)) ** 2
    step = 4 * needed / 2000
    noise = np.random.default_rng(1).normal(step, math.sqrt(step), (400, 2000))
    times = step * np.arange(1, 2001)
    edge = intervals.boundary(times, alpha=0.025, tightest=needed)
    beyond = np.cumsum(noise, axis=1) >= edge
    first = np.where(beyond.any(axis=1), times[beyond.argmax(axis=1)], np.inf) / needed
    assert way.median / way.fixed == pytest.approx(np.median(first), rel=0.1)
    assert way.sure / way.fixed == pytest.approx(np.quantile(first, 0.8), rel=0.1)


def test_a_plan_tells_pairs_and_too_few_weeks() -> None:
    made = plan(
        WON,
        effect=0.04,
        share=0.05,
        rows_per_week=500,
        delay_weeks=6,
        disagreeing=0.1,
        weeks=0.5,
    )
    assert made.best.name == "pairs"
    assert "as both versions score the same keys" in made.sentence
    assert "The planned less than a week are too few" in made.sentence
    frame = made.frame()
    assert frame["way"].tolist() == ["arms"] * 3 + ["pairs"] * 3
    assert (frame.loc[:2, "weeks"] > 6).all()
    assert repr(made) == f"<Plan: {made.sentence}>"
    none = plan(WON, effect=0.04, share=0.5, rows_per_week=0)
    assert "will never be seen" in none.sentence


# ----------------------------------------------------------------------- faces


def test_a_reading_shows_itself_four_ways() -> None:
    told = read(WON, two_weeks(2000, 0.2), effect=0.05, title="Trial of version 2")
    assert repr(told).startswith("<Reading stop: benefit. won +")
    frame = told.frame()
    assert frame["period"].tolist() == ["W1", "W2"]
    assert frame["n"].tolist() == [1000, 2000]
    page = told._repr_html_()
    assert page.index("whenever one looks") < page.index("<img")
    assert "95%, at all looks" in page
    assert "earlier looks" not in page
    rows = np.arange(40)
    weeks = np.char.add("W", (rows // 4).astype(str))
    many = Arms(rows // 2 % 2, rows % 2 == 0, share=0.5, looks=weeks)
    assert "2 earlier looks" in read(WON, many, effect=0.05)._repr_html_()
    assert "Trial of version 2" in page
    assert told.findings.main == "won difference"
    assert told.findings.newest().period == "W2"
    assert repr(told.newest).startswith("<Look W2: +0.")


def row(period: str, value: float, lower: float, upper: float) -> Finding:
    return Finding("won", value, 100, lower, upper, period=period, unit="%")


def test_the_picture_says_when_0_was_left_and_what_is_worth_having() -> None:
    rows = [row("W1", 0.1, -1, 1), row("W2", 0.08, 0.01, 0.15)]
    drawn = figures.closing(rows, title="Trial", measure="won", aim=0.02)
    assert "0 was left at W2. Worth having from 2.0%." in drawn.alt
    assert "worth having" in drawn.svg
    assert "prefers-color-scheme:dark" in drawn.svg
    inside = figures.closing(rows[:1], title="Trial", measure="won")
    assert "0 is still inside" in inside.alt
    assert "worth having" not in inside.svg


def test_ends_far_outside_at_the_first_looks_are_cut_off() -> None:
    rows = [row("W1", 0.1, -1, 1), row("W2", 0.05, -0.02, 0.12)]
    drawn = figures.closing(rows, title="Trial", measure="won", aim=0.02)
    assert "50%" not in drawn.svg
    unknown = [row("W1", math.nan, -math.inf, math.inf)]
    assert "n 100" in figures.closing(unknown, title="Trial", measure="won").alt


def test_the_benchmark_runs_on_a_few_trials(monkeypatch: pytest.MonkeyPatch) -> None:
    from benchmarks import experiment as bench

    monkeypatch.setattr(bench, "TRIALS", 3)
    cases = {case.name: case for case in bench.cases(np.random.default_rng(0))}
    assert len(cases) == 9
    rng = np.random.default_rng(1)
    told = bench.watch(cases["accuracy, pairs"], rng, 0.03)
    assert told.won.shape == (3,)
    ended, keys = bench.stopped(cases["accuracy, pairs"], rng, 0.0)
    assert len(ended) == len(keys) == 3
    assert set(ended) <= {"stop: futility", "stop: harm", "stop: benefit"}


def test_the_names_of_the_room_are_what_a_notebook_needs() -> None:
    assert set(experiment.__all__) >= {"Arms", "Pairs", "Reading", "plan", "read"}
