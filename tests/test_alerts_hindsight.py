"""What rules would have said, held against what came true: counted by hand."""

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from lifecycle import alerts, figures, periods
from lifecycle.alerts import Episode, Hindsight, hindsight

START = datetime(2023, 4, 3, tzinfo=UTC)
WEEK = timedelta(weeks=1)
END = START + 52 * WEEK


def label(number: int) -> str:
    return periods.chunk_of([pd.Timestamp(START + number * WEEK)]).iloc[0]


def told(
    chunk: int,
    *,
    rule: str = "floor",
    looks="back",
    late: int = 1,
    lasts: int | None = 1,
) -> Episode:
    at = START + (chunk + 1 + late) * WEEK
    closed = None if lasts is None else at + lasts * WEEK
    return Episode(rule, "", at, closed, label(chunk), looks)


def harmed(bad: set[int], weeks: int = 50) -> dict[str, bool]:
    return {label(number): number in bad for number in range(weeks)}


def judged(*episodes: Episode, bad: set[int], **settings) -> Hindsight:
    return hindsight(
        episodes,
        harmed(bad, settings.pop("weeks", 50)),
        start=START,
        end=END,
        **settings,
    )


def of(found: Hindsight, rule: str, measure: str):
    (row,) = (
        each
        for each in found.findings
        if each.subject == rule and each.measure == measure
    )
    return row


def test_an_alert_about_a_harmed_chunk_is_true_and_about_another_false():
    found = judged(told(10), told(20), bad={10, 11})
    assert [each.true for each in found.episodes] == [True, False]
    assert [(each.first, each.last) for each in found.spells] == [
        (label(10), label(11))
    ]
    assert of(found, "floor", "alerts").value == 2
    assert of(found, "floor", "true share").value == 0.5
    assert of(found, "floor", "caught share").value == 1.0


def test_an_alert_about_a_chunk_nobody_can_judge_is_neither():
    found = judged(told(49), bad=set(), weeks=40)
    assert found.episodes[0].true is None
    assert of(found, "floor", "true share").n == 0
    assert math.isnan(of(found, "floor", "true share").value)


@pytest.mark.parametrize(
    ("bad", "weeks", "true"),
    [
        ({10}, 50, True),
        ({14}, 50, True),  # the last of the four that follow
        ({15}, 50, False),
        ({9}, 50, False),
        (set(), 50, False),
        (set(), 15, False),  # all that follow are known
        (set(), 14, None),  # the last that follows is not
        ({12}, 13, True),  # harm that is known already is enough
        (set(), 5, None),
    ],
)
def test_an_early_sign_has_four_chunks_to_come_true(bad, weeks, true):
    found = judged(told(10, looks="ahead"), bad=bad, weeks=weeks)
    assert found.episodes[0].true is true


def test_the_delay_runs_from_the_beginning_of_the_harm():
    found = judged(told(11, late=2), told(13, late=9), bad={10, 11, 12, 13})
    assert of(found, "floor", "days late").value == 28  # from week 10 to week 14
    assert of(found, "floor", "days late").n == 1
    assert math.isnan(of(found, "floor", "days late").lower)


def test_an_alert_that_was_open_before_the_harm_is_not_late():
    found = judged(told(7, looks="ahead", late=0, lasts=9), bad={10})
    assert of(found, "floor", "days late").value == 0


def test_a_false_alarm_that_never_ends_catches_nothing():
    found = judged(told(5, looks="ahead", late=0, lasts=None), bad={20})
    assert found.episodes[0].true is False
    assert of(found, "floor", "caught share").value == 0


def test_a_true_alarm_that_lasts_catches_the_next_spell_too():
    found = judged(told(10, lasts=None), bad={10, 20})
    assert of(found, "floor", "caught share").value == 1
    assert of(found, "floor", "days late").value == 7  # 14 days, then none


def test_a_spell_that_no_alert_overlaps_is_missed():
    found = judged(told(10), bad={10, 30})
    row = of(found, "floor", "caught share")
    assert (row.value, row.n) == (0.5, 2)
    assert "harm came 2 times, 1 time unseen by every rule" in found.findings.summary


def test_a_gap_of_good_chunks_makes_two_spells_and_an_unknown_chunk_does_not():
    known = harmed({10, 11, 12, 20, 22})
    del known[label(11)], known[label(21)]
    found = hindsight([], known, start=START, end=END)
    assert [(each.first, each.last) for each in found.spells] == [
        (label(10), label(12)),
        (label(20), label(22)),
    ]
    assert len(judged(bad={10, 12}).spells) == 2


def test_rules_that_never_spoke_are_there_too():
    found = judged(told(10), bad={10}, rules=["floor", "drift"])
    assert of(found, "drift", "alerts").value == 0
    assert of(found, "drift", "caught share").value == 0
    assert math.isnan(of(found, "drift", "true share").value)


def test_rules_that_speak_of_no_harm_are_counted_only():
    found = judged(
        told(10, rule="looked", looks="aside"),
        bad={10},
        rules=["looked", "no_data"],
        aside=["looked", "no_data"],
    )
    assert found.episodes[0].true is None
    assert of(found, "looked", "caught share").n == 0
    assert of(found, "looked", "alerts").value == 1
    for rule in ("looked", "no_data"):
        assert math.isnan(of(found, rule, "false a year").value)
        assert math.isnan(of(found, rule, "caught share").value)


def test_intervals_are_wilson_garwood_and_student():
    found = judged(told(10), told(20), told(30), told(31), bad={10, 30})
    share = of(found, "floor", "true share")
    ends = stats.binomtest(2, 4).proportion_ci(0.9, method="wilson")
    assert (share.lower, share.upper) == pytest.approx((ends.low, ends.high))
    false = of(found, "floor", "false a year")
    years = (END - START) / timedelta(days=365.25)
    assert false.value == pytest.approx(2 / years)
    assert false.lower == pytest.approx(stats.chi2.ppf(0.05, 4) / 2 / years)
    assert false.upper == pytest.approx(stats.chi2.ppf(0.95, 6) / 2 / years)
    none = of(judged(bad=set(), rules=["floor"]), "floor", "false a year")
    assert (none.value, none.lower) == (0, 0)
    assert none.upper == pytest.approx(stats.chi2.ppf(0.95, 2) / 2 / years)


def test_nothing_at_all_is_undefined_throughout():
    found = hindsight([], {}, start=START, end=END)
    assert found.findings.verdict == "undefined"
    assert found.frame().empty
    assert isinstance(found.plot(), figures.Picture)
    assert "0 alerts in 52.0 weeks" in repr(found)


def test_a_hostile_rule_or_sentence_is_escaped():
    found = judged(
        Episode("<script>", "", START + WEEK, None, label(0), "back"), bad={0}
    )
    assert "<script>" not in found._repr_html_()
    assert len(found.frame()) == 5


@given(
    st.lists(
        st.tuples(st.integers(0, 45), st.sampled_from(["back", "ahead"])), max_size=8
    ),
    st.sets(st.integers(0, 49), max_size=12),
)
def test_counts_add_up_whatever_was_said_and_came(said, bad):
    found = judged(*(told(chunk, looks=looks) for chunk, looks in said), bad=bad)
    assert len(found.episodes) == len(said)
    true = sum(each.true is True for each in found.episodes)
    unknown = sum(each.true is None for each in found.episodes)
    chunks = sum(round((each.end - each.start) / WEEK) for each in found.spells)
    assert chunks == len(bad)
    if said:
        row = of(found, "floor", "true share")
        assert row.n == len(said) - unknown
        assert row.n == 0 or round(row.value * row.n) == true
        caught = of(found, "floor", "caught share")
        assert caught.n == len(found.spells)
        if bad and true:
            assert caught.value > 0
        late = of(found, "floor", "days late")
        assert late.n == (round(caught.n * caught.value) if caught.n else 0)


def test_episodes_come_out_in_the_order_of_time():
    found = judged(told(20), told(10), bad=set())
    assert [each.chunk for each in found.episodes] == [label(10), label(20)]
    assert alerts.Hindsight is Hindsight
