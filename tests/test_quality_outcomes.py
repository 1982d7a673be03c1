"""Faults of the outcomes: lost, all alike, and positives recorded as negatives."""

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta
from statistics import NormalDist

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binomtest

from lifecycle import quality

START = pd.Timestamp("2023-01-02", tz="UTC")  # a Monday
NONE = timedelta(0)
AT = 14  # the week in which something happens
ON = slice(AT, AT + 4)


def logistic(x):
    return 1 / (1 + np.exp(-x))


def weeks(count, n=600, *, base=-1.0, seed=1, change=None):
    """A score that ranks, and outcomes by it; `change(week, x, y, rng)` mends both."""
    rng = np.random.default_rng(seed)
    parts = []
    for week in range(count):
        x = rng.normal(size=n)
        y = (rng.random(n) < logistic(base + 1.5 * x)).astype(float)
        if change is not None:
            x, y = change(week, x, y, rng)
        moment = 7 * (week + np.sort(rng.random(len(x))))
        parts.append(
            pd.DataFrame(
                {
                    "time": (START + pd.to_timedelta(moment, unit="D")).as_unit("us"),
                    "x": x,
                    "score": logistic(base + 1.5 * x),
                    "outcome": y,
                }
            )
        )
    return pd.concat(parts, ignore_index=True)


def week_of(rows):
    return ((rows["time"] - START).dt.days // 7).to_numpy()


def during(rows, span=ON):
    week = week_of(rows)
    return (week >= span.start) & (week < span.stop)


def look(rows, week, **options):
    at = START + timedelta(weeks=week)
    return quality.outcomes(rows, as_of=at, delay=options.pop("delay", NONE), **options)


def unlearnt(share):
    """Of the weeks in question this share of the positives is recorded as negatives."""

    def change(week, x, y, rng):
        if AT <= week < AT + 4:
            y = np.where((y == 1) & (rng.random(len(y)) < share), 0.0, y)
        return x, y

    return change


def concept(p_of_x, *, since=AT):
    def change(week, x, y, rng):
        if week >= since:
            y = (rng.random(len(x)) < p_of_x(week, x)).astype(float)
        return x, y

    return change


def prior(kept):
    """True prior shift: of the world's positives only this share is left."""

    def change(week, x, y, rng):
        if week >= AT:
            x = rng.normal(size=8 * len(y))
            n, y = len(y), (rng.random(x.size) < logistic(-1 + 1.5 * x)).astype(float)
            places = np.flatnonzero((y == 0) | (rng.random(x.size) < kept))[:n]
            x, y = x[places], y[places]
        return x, y

    return change


SOUND = weeks(20)


def test_sound_outcomes_have_no_fault():
    found = look(SOUND, 20)
    assert found.marks == ()
    assert found.summary == "No fault in the outcomes of 19 chunks."
    assert found.verdict == "quiet"


def test_lost_outcomes_are_named_with_the_rows_they_touch():
    rows = SOUND.copy()
    lost = during(rows) & (np.random.default_rng(0).random(len(rows)) < 0.3)
    rows.loc[lost, "outcome"] = np.nan
    (fault,) = look(rows, 20).faults
    assert (fault.column, fault.cause) == ("outcome", "outcomes_known")
    assert fault.since == START + timedelta(weeks=AT)
    assert fault.until == START + timedelta(weeks=AT + 4)
    assert fault.touches(rows).tolist() == during(rows).tolist()
    assert look(rows, 20).touched(rows).tolist() == during(rows).tolist()
    assert "known for 71% of the due predictions, usually for 100%" in fault.sentence


def test_a_fault_of_the_newest_chunk_has_no_end_yet():
    rows = SOUND.copy()
    rows.loc[during(rows, slice(19, 20)), "outcome"] = np.nan
    (fault,) = look(rows, 20).faults
    assert fault.until is None
    assert fault.touches(rows).tolist() == (week_of(rows) == 19).tolist()


def test_two_episodes_are_two_faults():
    rows = SOUND.copy()
    rows.loc[during(rows, slice(8, 9)), "outcome"] = np.nan
    rows.loc[during(rows, slice(12, 14)), "outcome"] = np.nan
    first, second = look(rows, 20).faults
    both = first.touches(rows) | second.touches(rows)
    assert both.tolist() == np.isin(week_of(rows), (8, 12, 13)).tolist()


def test_the_share_known_has_wilsons_interval():
    rows = SOUND.copy()
    lost = np.random.default_rng(1).random(len(rows)) < 0.1
    rows.loc[lost, "outcome"] = np.nan
    row = look(rows, 20).only(measure="outcomes_known")[5]
    known = int((~lost & (week_of(rows) == 5)).sum())
    assert (row.value, row.n) == (known / 600, 600)
    ends = binomtest(known, 600).proportion_ci(0.9, method="wilson")
    assert (row.lower, row.upper) == pytest.approx((ends.low, ends.high))


def test_a_share_that_the_references_chunks_reach_is_none_lost():
    rows = SOUND.copy()
    rng = np.random.default_rng(2)
    poor = np.isin(week_of(rows), (3, 15)) & (rng.random(len(rows)) < 0.3)
    rows.loc[poor, "outcome"] = np.nan
    early = week_of(rows) < 10
    found = look(rows[~early], 20, reference=rows[early])
    assert found.faults == ()
    steady = rows[early & (week_of(rows) != 3)]
    assert len(look(rows[~early], 20, reference=steady).faults) == 1


def late(rows, days, seed=3):
    lag = np.random.default_rng(seed).exponential(days, len(rows))
    return rows.assign(known_at=rows["time"] + pd.to_timedelta(lag, unit="D"))


def test_late_outcomes_are_not_lost():
    rows = late(SOUND, 7)
    early = week_of(rows) < 10
    found = look(rows[~early], 17, reference=rows[early])
    newest = found.only(measure="outcomes_known")[-1]
    assert newest.value < 0.6
    assert found.faults == ()


def test_outcomes_later_than_they_used_to_be_are_missed():
    rows = late(SOUND, 7)
    slow = late(SOUND, 28)
    early = week_of(rows) < 10
    (fault,) = look(slow[~early], 17, reference=rows[early]).faults
    assert fault.cause == "outcomes_known"


def test_an_outcome_that_came_after_the_moment_is_not_known():
    rows = SOUND.assign(known_at=SOUND["time"])
    rows.loc[week_of(rows) == 12, "known_at"] = START + timedelta(weeks=40)
    assert [each.cause for each in look(rows, 20).faults] == ["outcomes_known"]
    assert look(rows, 41).faults == ()


def test_rows_that_are_not_due_are_left_out():
    rows = SOUND.copy()
    rows.loc[week_of(rows) >= 17, "outcome"] = np.nan
    found = look(rows, 20, delay=timedelta(weeks=3))
    assert found.faults == ()
    assert found[-1].period == "2023-W17"


def test_outcomes_all_alike_are_a_fault():
    rows = SOUND.copy()
    rows.loc[during(rows), "outcome"] = 0.0
    (fault,) = look(rows, 20).faults
    assert fault.cause == "outcomes_alike"
    assert fault.touches(rows).tolist() == during(rows).tolist()


def test_no_positive_by_chance_is_none():
    rng = np.random.default_rng(4)
    rows = SOUND.assign(outcome=(rng.random(len(SOUND)) < 0.004).astype(float))
    counts = rows.groupby(week_of(rows))["outcome"].sum()
    assert (counts == 0).any()
    assert look(rows, 20).faults == ()


@pytest.mark.parametrize(
    "values", [["red", "blue", "green"], [1.5, 2.5, 7.0], [True, False, True]]
)
def test_outcomes_of_every_kind_can_be_alike(values):
    drawn = np.random.default_rng(5).choice(np.array(values, dtype=object), len(SOUND))
    rows = SOUND.assign(outcome=drawn)
    assert look(rows, 20).faults == ()
    rows.loc[during(rows), "outcome"] = values[0]
    assert [each.cause for each in look(rows, 20).faults] == ["outcomes_alike"]


def test_amounts_have_no_rate():
    rows = SOUND.assign(outcome=np.random.default_rng(6).normal(size=len(SOUND)))
    measures = {row.measure for row in look(rows, 20)}
    assert measures == {"outcomes_known", "outcomes_alike"}


@pytest.mark.parametrize("share", [0.4, 0.7])
def test_positives_recorded_as_negatives_are_a_fault(share):
    rows = weeks(20, seed=2, change=unlearnt(share))
    (fault,) = look(rows, 20).faults
    assert fault.cause == "outcome_rate"
    assert fault.touches(rows).tolist() == during(rows).tolist()
    assert "check the outcomes before anything is trained on them" in fault.sentence
    loud = [row.period for row in look(rows, 20) if row.verdict == "alert"]
    assert loud == [f"2023-W{1 + week}" for week in range(AT, AT + 4)]


def test_they_are_seen_as_soon_as_the_chunk_is_due():
    rows = weeks(20, seed=2, change=unlearnt(0.6))
    so_far = rows[week_of(rows) <= AT]
    (fault,) = look(so_far, AT + 1).faults
    assert fault.since == START + timedelta(weeks=AT)


def test_without_a_score_a_fall_is_no_fault():
    rows = weeks(20, seed=2, change=unlearnt(0.6)).drop(columns="score")
    found = look(rows, 20)
    assert found.faults == ()
    assert [each.cause for each in found.drifts] == ["outcome_rate"]
    assert "train" not in found.drifts[0].sentence


def test_a_score_that_ranks_nothing_proves_nothing():
    rows = weeks(20, seed=2, change=unlearnt(0.6))
    rows["score"] = np.random.default_rng(0).random(len(rows))
    assert look(rows, 20).faults == ()


def test_scores_of_another_version_are_not_compared():
    rows = weeks(20, seed=2, change=unlearnt(0.6))
    rows["version"] = np.where(week_of(rows) < AT, 1, 2)
    assert look(rows, 20).faults == ()
    assert len(look(rows.assign(version=1), 20).faults) == 1


@pytest.mark.parametrize(
    ("name", "change"),
    [
        ("a prior that shifts", prior(0.4)),
        ("a concept that turns", concept(lambda _, x: logistic(-1.8 - 1.5 * x))),
        ("a concept that forgets", concept(lambda _, x: 0 * x + 0.12)),
        ("noise", concept(lambda _, x: 0.3 + 0.4 * logistic(1 + 1.5 * x))),
        (
            "a gradual fall",
            concept(lambda w, x: logistic(-1 - 0.1 * (w - 6) + 1.5 * x), since=6),
        ),
    ],
)
def test_what_the_world_does_is_no_fault(name, change):
    rows = weeks(20, seed=3, change=change)
    assert [look(rows, week).faults for week in range(AT + 1, 21)] == [()] * 6, name


def test_a_fall_that_stays_becomes_normal():
    rows = weeks(34, seed=4, change=concept(lambda _, x: 0.5 * logistic(-1 + 1.5 * x)))
    begun = [look(rows[week_of(rows) < w], w) for w in range(AT + 1, AT + 7)]
    assert all(len(found.faults) == 1 for found in begun)
    for week in (AT + 7, 34):
        found = look(rows[week_of(rows) < week], week)
        assert found.faults == ()
        assert len(found.drifts) == 1
    assert found.verdict == "quiet"


def test_an_input_of_the_positives_that_moved_is_the_worlds():
    rng = np.random.default_rng(7)
    rows = weeks(20, seed=2, change=unlearnt(0.0))
    rows["plan"] = rng.choice(["free", "pro"], len(rows))
    gone = during(rows) & (rows["plan"] == "pro") & (rng.random(len(rows)) < 0.9)
    rows.loc[gone, "outcome"] = 0.0
    assert len(look(rows, 20).faults) == 1
    assert look(rows, 20, features=["x", "plan"]).faults == ()
    even = weeks(20, seed=2, change=unlearnt(0.6)).assign(plan=rows["plan"])
    assert len(look(even, 20, features=["x", "plan", "absent"]).faults) == 1


def test_the_limit_of_the_rate_is_the_one_in_the_notes():
    rows = weeks(12, seed=8)
    row = look(rows, 12).only(measure="outcome_rate")[-1]
    rates = np.array([rows["outcome"][week_of(rows) == w].mean() for w in range(3, 11)])
    mean = rates.mean()
    chance = mean * (1 - mean)
    tau = max(0.0, rates.var(ddof=1) - chance / 600)
    z = -NormalDist().inv_cdf(0.05 / (3 * 12))
    spread = 1 / 600 + 1 / 4800 + tau / chance * (1 + 1 / 8)
    angle = math.asin(math.sqrt(mean)) - z / 2 * math.sqrt(spread)
    by_hand = min(math.sin(angle) ** 2, 0.8 * mean, 0.9 * rates.min())
    assert row.threshold == pytest.approx(by_hand)
    assert row.value == rows["outcome"][week_of(rows) == 11].mean()


def test_few_rows_are_undefined():
    found = look(weeks(10, n=20), 10)
    assert found.verdict == "undefined"
    assert found.summary.startswith("The outcomes are undefined")


@pytest.mark.parametrize(
    "rows",
    [
        SOUND[:0],
        SOUND[["time"]],
        SOUND.assign(outcome=None),
        SOUND.assign(outcome=1.0),
        SOUND[:1],
        SOUND.assign(score=np.nan),
        SOUND.assign(score=0.5),
    ],
    ids=["empty", "no column", "none known", "one class", "one row", "nan", "ties"],
)
def test_what_says_nothing_has_no_fault(rows):
    assert look(rows, 20).faults == ()
    assert look(rows, 20, reference=rows).faults == ()


def test_days_begin_in_the_zone_asked_for():
    rows = SOUND.copy()
    rows.loc[during(rows), "outcome"] = np.nan
    (fault,) = look(rows, 20, timezone="Asia/Tokyo").faults
    assert fault.since == datetime(2023, 4, 9, 15, tzinfo=UTC)


def test_what_is_asked_wrongly_says_so():
    with pytest.raises(ValueError, match="as_of has no time zone"):
        quality.outcomes(SOUND, as_of=START.tz_localize(None), delay=NONE)
    with pytest.raises(ValueError, match="rate must lie within 0 and 1, got 2"):
        look(SOUND, 20, rate=2)
    with pytest.raises(ValueError, match="no time zone"):
        look(SOUND.assign(time=SOUND["time"].dt.tz_localize(None)), 20)


@settings(max_examples=30, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.integers(0, 70),
            st.sampled_from([0.0, 1.0, np.nan]),
            st.floats(0, 1) | st.just(math.nan),
        ),
        max_size=60,
    )
)
def test_rows_in_any_order_give_the_same_answer(cells):
    days, outcome, score = zip(*cells, strict=True) if cells else ((), (), ())
    rows = pd.DataFrame({"time": START + pd.to_timedelta(list(days), unit="D")})
    rows["outcome"] = np.array(outcome, dtype=float)
    rows["score"] = np.array(score, dtype=float)
    one = look(rows, 20, min_n=1)
    other = look(rows[::-1], 20, min_n=1)
    pd.testing.assert_frame_equal(one.frame(), other.frame())
    assert one.marks == other.marks
    assert all(0 <= row.lower <= row.upper <= 1 for row in one if row.n)


def rare(seed, *, kept):
    """One outcome in twenty is 1; of these, in the weeks in question, some are lost."""
    rows = weeks(20, n=400, base=-4.0, seed=seed)
    lost = during(rows) & (rows["outcome"] == 1)
    lost &= np.random.default_rng(seed).random(len(rows)) > kept
    return rows, lost


def test_rare_positives_that_go_missing_are_lost_though_few_outcomes_are():
    rows, lost = rare(1, kept=0.1)
    rows.loc[lost, "outcome"] = np.nan
    assert look(rows, 20).only(measure="outcomes_known")[AT].value > 0.9
    found = look(rows, 20).faults
    assert "outcomes_known" in {each.cause for each in found}
    assert look(rows, 20).touched(rows).tolist() == during(rows).tolist()


def test_rare_positives_recorded_as_negatives_leave_too_few_to_be_placed():
    rows, lost = rare(2, kept=0.1)
    rows.loc[lost, "outcome"] = 0.0
    found = look(rows, 20)
    assert found.faults
    assert found.touched(rows).tolist() == during(rows).tolist()
