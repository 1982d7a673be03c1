"""Faults planted in a feed: found, dated, and told apart from drift."""

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lifecycle import intervals, quality

START = pd.Timestamp("2023-01-02", tz="UTC")  # a Monday


def feed(days, per_day=50, *, start=START, seed=1):
    """Rows at random moments of each day; a number, a name, a flag, a count."""
    rng = np.random.default_rng(seed)
    n = days * per_day
    moments = np.sort(np.repeat(np.arange(days), per_day) + rng.random(n))
    return pd.DataFrame(
        {
            "id": [f"{start:%m%d}-{i}" for i in range(n)],
            "time": (start + pd.to_timedelta(moments, unit="D")).as_unit("us"),
            "amount": rng.lognormal(3, 1, n),
            "plan": rng.choice(["free", "pro", "team"], n, p=[0.5, 0.3, 0.2]),
            "vip": (rng.random(n) < 0.01).astype(float),
            "visits": rng.poisson(3, n).astype(float),
        }
    )


FEATURES = ["amount", "plan", "vip", "visits"]
LATER = START + timedelta(days=60)
BEFORE = feed(60)


def after(days=14, seed=2):
    return feed(days, start=LATER, seed=seed)


def since_day(rows, day):
    return (rows["time"] >= LATER + timedelta(days=day)).to_numpy()


def check(rows, **options):
    return quality.check(BEFORE, rows, features=FEATURES, **options)


def only_fault(rows, **options):
    found = check(rows, **options).faults
    assert len(found) == 1, found
    return found[0]


def test_a_sound_feed_has_no_fault():
    found = check(after())
    assert (found.faults, found.drifts, found.verdict) == ((), (), "quiet")
    assert found.summary == "No fault in the data of 4 features."
    assert found.states()["state"].tolist() == ["fine"] * 4


def test_the_order_of_the_rows_does_not_matter():
    rows = after()
    rows.loc[since_day(rows, 10), "amount"] = 7.0
    mixed = rows.sample(frac=1, random_state=3)
    reference = BEFORE.sample(frac=1, random_state=3)
    assert (
        check(rows)
        .frame()
        .equals(quality.check(reference, mixed, features=FEATURES).frame())
    )


def test_a_feed_that_froze_says_since_when():
    rows = after()
    rows.loc[since_day(rows, 10), "amount"] = 7.0
    fault = only_fault(rows)
    assert (fault.column, fault.cause, fault.kind) == ("amount", "frozen", "fault")
    assert fault.since == rows["time"][500].to_pydatetime()
    assert (fault.until, fault.rows) == (None, 200)
    assert fault.sentence == (
        "amount is frozen: one value in the newest 200 rows since 2023-03-13"
    )
    np.testing.assert_array_equal(fault.touches(rows), since_day(rows, 10))
    np.testing.assert_array_equal(check(rows).touched(rows), since_day(rows, 10))


def test_a_feed_that_froze_and_came_back_has_an_end():
    rows = after()
    stuck = since_day(rows, 4) & ~since_day(rows, 7)
    rows.loc[stuck, "visits"] = 2.0
    fault = only_fault(rows)
    assert (fault.cause, fault.rows >= 150) == ("frozen", True)
    np.testing.assert_array_equal(fault.touches(rows)[stuck], True)
    assert (fault.touches(rows) & ~stuck).sum() <= 5  # a 2 beside it by chance


def test_missing_values_do_not_break_a_run():
    rows = after()
    rows.loc[since_day(rows, 10), "amount"] = 7.0
    rows.loc[since_day(rows, 10) & (np.arange(len(rows)) % 40 == 0), "amount"] = None
    found = check(rows).only(measure="frozen", subject="amount")[0]
    assert (found.value, found.verdict) == (195.0, "alert")


def test_a_flag_that_is_hardly_ever_set_is_not_frozen():
    rows = after()
    rows["vip"] = 0.0
    found = check(rows)
    assert found.faults == ()
    assert found.only(measure="frozen", subject="vip")[0].verdict == "quiet"
    assert found.only(measure="distinct", subject="vip")[0].verdict == "quiet"


def test_what_was_always_one_value_is_not_frozen():
    before, rows = BEFORE.assign(vip=0.0), after().assign(vip=0.0)
    found = quality.check(before, rows, features=["vip"])
    assert found.only(measure="frozen")[0].verdict == "undefined"
    assert found.faults == ()


def test_a_column_that_stays_for_weeks_may_stay_again():
    before, rows = BEFORE.copy(), after()
    before["campaign"] = np.repeat(["spring", "sale", "spring"], 1000)
    rows["campaign"] = "spring"
    assert quality.check(before, rows, features=["campaign"]).faults == ()


def test_one_delivery_in_the_order_of_a_file_is_not_frozen():
    before, rows = BEFORE.copy(), after()
    rows["time"] = rows["time"].dt.normalize()
    rows = rows.sort_values(["time", "plan"], ignore_index=True)
    found = quality.check(before, rows, features=["plan"])
    assert found.only(measure="frozen")[0].verdict == "quiet"


def test_a_stretch_that_is_delivered_again_under_new_names_is_found():
    rows = after()
    newest = since_day(rows, 13)
    rows.loc[newest, "amount"] = rows["amount"][100:150].to_numpy()
    fault = only_fault(rows)
    assert (fault.cause, fault.column) == ("repeated", "amount")
    assert fault.since == rows["time"][650].to_pydatetime()
    found = check(rows).only(measure="repeated", subject="amount")[0]
    assert found.value == 35 / 35  # of fifty rows so many begin sixteen


def test_a_column_of_few_values_is_not_asked_whether_it_repeats():
    found = check(after()).only(measure="repeated", subject="vip")[0]
    assert found.verdict == "undefined"


def test_a_fault_of_the_last_day_does_not_drown_in_the_others():
    rows = after()
    last = since_day(rows, 13)
    rows.loc[last & (np.arange(len(rows)) % 2 == 0), "plan"] = None
    whole = rows["plan"].isna().mean()
    assert whole < 0.05
    found = check(rows)
    row = found.only(measure="missing", subject="plan")[0]
    assert (row.value, row.n, row.period, row.verdict) == (0.5, 50, "", "alert")
    assert (row.lower, row.upper) == intervals.wilson(25, 50)
    fault = found.faults[0]
    assert (fault.rows, fault.until) == (25, None)
    assert fault.sentence == "plan is missing in 50% of the rows since 2023-03-16"


def test_chunk_by_chunk_an_episode_has_a_beginning_and_an_end():
    rows = after(28)
    rows.loc[since_day(rows, 7) & ~since_day(rows, 14), "plan"] = None
    found = check(rows, chunk="week")
    shares = found.only(measure="missing", subject="plan")
    assert [(r.period, r.verdict) for r in shares] == [
        ("2023-W09", "quiet"),  # from Friday on
        ("2023-W10", "alert"),
        ("2023-W11", "alert"),
        ("2023-W12", "quiet"),
        ("2023-W13", "quiet"),
        ("", "alert"),
    ]
    assert [r.n for r in shares] == [150, 350, 350, 350, 200, 1400]
    assert [round(r.value * r.n) for r in shares] == [0, 150, 200, 0, 0, 350]
    fault = found.faults[0]
    assert fault.since == rows["time"][350].to_pydatetime()
    assert fault.until is not None
    touched = fault.touches(rows)
    assert touched[rows["plan"].isna().to_numpy()].all()
    assert not touched[since_day(rows, 21)].any()


def test_text_where_numbers_were_is_another_kind():
    rows = after()
    rows["amount"] = rows["amount"].astype(object)
    bad = since_day(rows, 7)
    rows.loc[bad, "amount"] = rows.loc[bad, "amount"].map(lambda x: f"{x:.2f} EUR")
    fault = only_fault(rows)
    assert (fault.cause, fault.rows) == ("type", 350)
    assert fault.sentence.startswith("amount is text where it was numbers in 100%")
    np.testing.assert_array_equal(fault.touches(rows), bad)


@pytest.mark.parametrize(
    ("column", "made", "words"),
    [
        ("plan", lambda x: len(x), "is numbers where it was text"),
        ("amount", lambda x: f"{x}", "is text where it was numbers"),
        ("amount", lambda x: x > 20, "is true or false where it was numbers"),
        ("amount", lambda x: START.date(), "is moments where it was numbers"),
    ],
)
def test_a_column_of_another_kind_is_named(column, made, words):
    rows = after()
    rows[column] = rows[column].map(made).astype(object)
    fault = next(f for f in check(rows).faults if f.cause == "type")
    assert fault.sentence == f"{column} {words} in 100% of its values"


def test_decimals_and_whole_numbers_are_numbers():
    rows = after()
    rows["visits"] = rows["visits"].astype(int)
    rows["amount"] = [Decimal(f"{x:.2f}") for x in rows["amount"]]
    assert check(rows).faults == ()


def test_a_hundred_times_as_much_hints_at_another_unit():
    rows = after()
    rows.loc[since_day(rows, 7), "amount"] *= 100
    found = check(rows)
    fault = next(f for f in found.faults if f.column == "amount")
    assert (fault.cause, fault.rows, fault.until) == ("scale", 350, None)
    assert fault.since == rows["time"][350].to_pydatetime()
    assert fault.sentence == (
        "amount looks like another unit, 100 times what it was since 2023-03-10"
    )
    row = found.only(measure="scale", subject="amount")[0]
    assert (row.threshold, row.verdict) == (100.0, "alert")
    assert row.lower < row.value < row.upper
    assert len(found.faults) == 1  # that it is out of range is said already


@pytest.mark.parametrize("factor", [1 / 1000, 1 / 60, 10, 3600])
def test_other_units_are_known(factor):
    rows = after()
    rows["amount"] *= factor
    row = check(rows).only(measure="scale", subject="amount")[0]
    assert row.verdict == "alert"
    assert row.threshold == pytest.approx(factor)


@pytest.mark.parametrize("factor", [1.0, 1.5, 2.0, 4.0, 25.0])
def test_prices_that_rose_are_no_other_unit(factor):
    rows = after()
    rows["amount"] *= factor
    assert check(rows).only(measure="scale", subject="amount")[0].verdict == "quiet"


def test_a_ratio_of_medians_has_the_interval_of_its_ranks():
    rows = feed(2, 50, start=LATER)
    row = quality.check(BEFORE, rows, features=["amount"]).only(measure="scale")[0]
    held = np.sort(rows["amount"])
    middle = np.median(BEFORE["amount"])
    assert row.value == pytest.approx(np.median(held) / middle)
    # n/2 -+ 1.645 sqrt(n)/2 of 100: ranks 42 and 58 from one
    assert row.lower == pytest.approx(held[41] / middle, rel=0.03)
    assert row.upper == pytest.approx(held[57] / middle, rel=0.03)


def test_renamed_categories_are_a_fault_and_a_new_one_is_drift():
    renamed, new = after(), after()
    renamed["plan"] = renamed["plan"].replace({"team": "TEAM "})
    new.loc[::4, "plan"] = "enterprise"
    fault = only_fault(renamed)
    assert fault.cause == "renamed"
    assert fault.sentence.startswith("plan writes 'TEAM' for 'team', 17%")
    found = check(new)
    assert found.faults == ()
    assert found.drifts[0].sentence == (
        "plan has 25% of its values in new categories beside the known ones"
    )
    assert found.states().set_index("column").loc["plan", "state"] == "drift"


def test_a_category_that_takes_the_place_of_another_is_renamed():
    rows = after()
    half = since_day(rows, 7)
    rows.loc[half, "plan"] = rows.loc[half, "plan"].replace({"team": "group"})
    fault = only_fault(rows)
    assert (fault.cause, "writes 'group' for 'team'" in fault.sentence) == (
        "renamed",
        True,
    )
    assert fault.rows == (rows["plan"] == "group").sum()


def test_a_day_no_worse_than_the_worst_of_the_reference_is_no_fault():
    before, rows = BEFORE.copy(), after()
    bad = (before["time"].dt.day == 10) & (np.arange(3000) % 10 < 6)
    before.loc[bad, "plan"] = None
    rows.loc[since_day(rows, 13) & (np.arange(700) % 10 < 6), "plan"] = None
    assert quality.check(before, rows, features=["plan"]).faults == ()
    rows.loc[since_day(rows, 13), "plan"] = None
    assert quality.check(before, rows, features=["plan"]).faults[0].cause == "missing"


def test_july_does_not_take_the_place_of_may():
    before, rows = BEFORE.copy(), after()
    before["month"] = ["may"] * 2400 + ["june"] * 600
    rows["month"] = "july"
    found = quality.check(before, rows, features=["month"])
    assert "renamed" not in {fault.cause for fault in found.faults}


def test_a_value_that_became_frequent_is_no_frozen_feed():
    rng = np.random.default_rng(8)
    before, rows = BEFORE.copy(), feed(60, start=LATER)
    before["own"] = (rng.random(3000) < 0.4).astype(float)
    rows["own"] = (rng.random(3000) < 0.85).astype(float)
    found = quality.check(before, rows, features=["own"])
    row = found.only(measure="frozen")[0]
    assert row.value > row.threshold
    assert (row.verdict, found.faults) == ("quiet", ())


def test_two_episodes_at_one_value_do_not_hide_each_other():
    rows = after(28)
    for day in (5, 20):
        rows.loc[since_day(rows, day) & ~since_day(rows, day + 4), "amount"] = 7.0
    assert only_fault(rows).cause == "frozen"


def test_zeros_where_there_were_none_stand_for_nothing():
    rows = after()
    rows.loc[since_day(rows, 12) & (np.arange(700) % 3 == 0), "amount"] = 0.0
    fault = only_fault(rows)
    assert (fault.column, fault.cause) == ("amount", "out_of_range")


def test_a_reference_of_one_moment_says_nothing_of_gaps():
    before = BEFORE.assign(time=START)
    row = quality.check(before, after(), features=FEATURES).only(measure="longest_gap")[
        0
    ]
    assert (row.verdict, math.isnan(row.threshold)) == ("undefined", True)


def test_ten_thousand_names_of_which_many_are_always_new_are_no_fault():
    rng = np.random.default_rng(5)
    before, rows = BEFORE.copy(), after()
    before["who"] = rng.integers(10_000, size=len(before)).astype(str)
    rows["who"] = rng.integers(10_000, size=len(rows)).astype(str)
    found = quality.check(before, rows, features=["who"])
    assert found.only(measure="unseen")[0].value > 0.6
    assert found.marks == ()


def test_a_column_that_the_reference_lacks_is_offered():
    rows = after()
    rows["industry"] = ["retail", None] * 350
    found = check(rows).only(measure="offered")
    assert [(r.subject, r.value, r.n, r.verdict) for r in found] == [
        ("industry", 0.5, 700, "undefined")
    ]
    before = BEFORE.assign(industry=None)
    rows = rows.assign(score=0.5)  # the house's own
    found = quality.check(before, rows, features=FEATURES).only(measure="offered")
    assert [r.subject for r in found] == ["industry"]


def test_a_column_that_is_gone_is_said_to_be_gone():
    found = check(after().drop(columns="visits"))
    assert [f.sentence for f in found.faults] == [
        "visits is gone: not one row has a value"
    ]
    assert found.touched(after()).all()


# -- rows as they come in ------------------------------------------------------


def test_a_day_with_too_few_rows_and_one_with_too_many():
    rows = after()
    few = rows[~(since_day(rows, 5) & ~since_day(rows, 6)) | (np.arange(700) % 10 == 0)]
    fault = only_fault(few)
    assert (fault.cause, fault.column, fault.rows) == ("volume", "", 5)
    assert fault.since == (LATER + timedelta(days=5)).to_pydatetime()
    assert fault.sentence == (
        "only 10% of the usual rows came in from 2023-03-08 to 2023-03-09"
    )
    assert not check(few).touched(few).any()
    twice = feed(1, 150, start=LATER + timedelta(days=14), seed=9)
    many = pd.concat([rows, twice.assign(id=[f"x{i}" for i in range(150)])])
    fault = only_fault(many)
    assert fault.sentence == "300% of the usual rows came in since 2023-03-17"


def test_days_without_rows_are_a_gap_and_count_as_days():
    rows = after()
    rows = rows[~(since_day(rows, 5) & ~since_day(rows, 9))]
    found = check(rows, chunk="day")
    empty = found.only(measure="volume")
    assert [r.n for r in empty if r.period][5:9] == [0, 0, 0, 0]
    gap = next(f for f in found.faults if f.cause == "longest_gap")
    assert gap.sentence == "not one row came in for 4 days since 2023-03-07"
    row = found.only(measure="longest_gap")[0]
    hours = rows["time"].diff().max() / pd.Timedelta(hours=1)
    assert (row.value, row.verdict) == (pytest.approx(hours), "alert")


def test_weekends_without_rows_are_no_gap():
    before, rows = feed(70), feed(28, start=START + timedelta(days=70), seed=4)
    before, rows = (f[f["time"].dt.day_of_week < 5] for f in (before, rows))
    assert quality.check(before, rows, features=FEATURES).faults == ()


def test_the_time_since_the_last_row_counts_when_the_moment_is_known():
    rows = after()
    assert check(rows).faults == ()
    as_of = rows["time"].max().to_pydatetime() + timedelta(days=2)
    found = check(rows, as_of=as_of)
    assert "longest_gap" in {f.cause for f in found.faults}


def test_a_file_that_was_delivered_twice_is_a_fault():
    rows = after()
    again = rows[:140].assign(id=[f"again-{i}" for i in range(140)])
    both = pd.concat([rows, again], ignore_index=True)
    found = check(both)
    row = found.only(measure="duplicate_rows")[0]
    assert (row.value, row.verdict) == (280 / 840, "alert")
    fault = next(f for f in found.faults if f.cause == "duplicate_rows")
    assert (fault.rows, fault.since) == (280, None)
    volume = [f for f in found.faults if f.cause == "volume"]
    marked = found.touched(both)
    assert volume == []
    assert marked.sum() == 140


def test_rows_that_are_equal_by_chance_are_no_fault():
    before = pd.DataFrame({"a": ["x", "y"] * 200, "b": [0, 1] * 200})
    found = quality.check(before, before[:300], features=["a", "b"])
    row = found.only(measure="duplicate_rows")[0]
    assert (row.value, row.verdict) == (1.0, "quiet")


# -- caution -------------------------------------------------------------------


def mixed(n, columns, rng):
    made = {}
    for number in range(columns):
        kind = number % 8
        if kind == 0:
            values = rng.normal(size=n)
        elif kind == 1:
            values = rng.standard_cauchy(n)
        elif kind == 2:
            values = (rng.random(n) < 0.01).astype(float)
        elif kind == 3:
            values = rng.choice(["a", "b", "c"], n)
        elif kind == 4:
            values = np.cumsum(rng.random(n) < 0.002) % 3  # stays for long
        elif kind == 5:
            values = np.where(rng.random(n) < 0.5, math.nan, rng.normal(size=n))
        elif kind == 6:
            values = np.minimum(rng.zipf(1.3, n), 10**6).astype(str)
        else:
            values = np.where(rng.random(n) < 0.9, 0, rng.exponential(size=n))
        made[f"{number}"] = values
    moments = START + pd.to_timedelta(np.sort(rng.random(n)) * n / 100, unit="D")
    return pd.DataFrame({"time": moments.as_unit("us"), **made})


def test_of_two_hundred_sound_columns_hardly_one_is_called_a_fault():
    """At a rate of 5% two or more of six runs have a probability of 3%."""
    false = 0
    for seed in range(6):
        rows = mixed(4500, 200, np.random.default_rng(seed))
        features = list(rows.columns[1:])
        found = quality.check(rows[:2500], rows[2500:], features=features)
        false += bool(found.faults)
    assert false <= 1


def test_a_rate_that_is_no_rate_is_refused():
    with pytest.raises(
        ValueError, match=r"rate must lie within 0 and 1, got 2; use 0\.05"
    ):
        check(after(), rate=2)


def test_a_moment_without_a_zone_and_a_zone_that_is_none_are_refused():
    with pytest.raises(ValueError, match="as_of has no time zone"):
        check(after(), as_of=datetime(2023, 4, 1))  # noqa: DTZ001
    with pytest.raises(ValueError, match="'Moon' is no time zone"):
        check(after(), timezone="Moon")


def test_days_begin_in_the_zone_that_is_given():
    rows = after()
    rows.loc[since_day(rows, 13), "plan"] = None
    found = check(rows, chunk="day", timezone="America/New_York")
    missing = found.only(measure="missing", subject="plan")
    assert missing[0].period == "2023-03-02"
    assert sum(r.n for r in missing if r.period) == 700


def test_a_reference_without_a_zone_is_held_against_dated_rows():
    before = BEFORE.assign(time=BEFORE["time"].dt.tz_localize(None))
    assert quality.check(before, after(), features=FEATURES).faults == ()


def test_times_without_a_zone_are_in_order_and_in_no_chunk():
    before = BEFORE.assign(time=BEFORE["time"].dt.tz_localize(None))
    rows = after()
    rows["time"] = rows["time"].dt.tz_localize(None)
    rows.loc[since_day(after(), 10), "amount"] = 7.0
    found = quality.check(before, rows, features=FEATURES)
    assert [f.cause for f in found.faults] == ["frozen"]
    with pytest.raises(ValueError, match="no time zone"):
        quality.check(before, rows, features=FEATURES, chunk="day")


def test_rows_without_a_time_are_counted_and_belong_to_no_chunk():
    rows = after()
    rows.loc[:9, "time"] = pd.NaT
    found = check(rows, chunk="week").only(measure="missing", subject="plan")
    assert found[len(found) - 1].n == 700
    assert sum(r.n for r in found if r.period) == 690


@pytest.mark.parametrize("n", [0, 1, 2])
def test_hardly_any_rows_are_no_fault(n):
    found = check(after()[:n], chunk="week")
    assert found.marks == ()
    assert quality.check(after()[:n], after(), features=FEATURES).faults == ()


def test_nullable_and_categorical_columns_read_like_the_others():
    rows = after()
    rows.loc[since_day(rows, 10), "amount"] = 7.0
    other = rows.assign(
        amount=rows["amount"].astype("Float64"),
        plan=rows["plan"].astype("category"),
        visits=rows["visits"].astype("Int64"),
    )
    assert check(other).frame().equals(check(rows).frame())


def test_huge_whole_numbers_and_infinities_are_read():
    huge = [10**400, 1, -(10**400), 2.5] * 50
    before = pd.DataFrame({"a": pd.Series(huge, dtype=object)})
    rows = pd.DataFrame({"a": [math.inf, 3, -math.inf, 10**30] * 20})
    found = quality.check(before, rows, features=["a"])
    assert found.only(measure="out_of_range")[0].value == 0


def test_a_hostile_category_stays_on_one_line():
    rows = after()
    evil = "{0}\n<script>" + "x" * 100
    rows["plan"] = rows["plan"].replace({"team": evil})
    found = check(rows)
    assert "\n" not in found.summary
    assert "<script>" not in found._repr_html_()
    assert "writes '{0} <script>xxx" in found.faults[0].sentence


def test_a_page_shows_what_is_wrong_and_when():
    rows = after()
    rows.loc[since_day(rows, 10), "amount"] = 7.0
    page = check(rows)._repr_html_()
    assert "What is wrong" in page
    assert "since 2023-03-13" in page
    assert "What is wrong" not in check(after())._repr_html_()


def test_a_fault_shows_itself():
    since = datetime(2023, 4, 3, tzinfo=UTC)
    fault = quality.Fault("a", "fault", "scale", since, since, 3, "")
    assert repr(fault) == (
        "<Fault a: scale from 2023-04-03 00:00 to 2023-04-03 00:00, 3 rows>"
    )
    assert quality.faults(check(after())) == ()


MESSY = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(10**400), 10**400),
    st.floats(),
    st.text(max_size=2),
    st.decimals(allow_nan=False),
    st.dates(),
    st.just([1]),
)


@st.composite
def frames(draw):
    """Few different values, many rows, at any moments, some of them missing."""
    few = draw(st.lists(MESSY, min_size=1, max_size=4))
    n = draw(st.sampled_from([0, 1, 31, 60]))
    days = draw(st.sampled_from([0, 1, 40]))
    seed = draw(st.integers(0, 9))
    rng = np.random.default_rng(seed)
    times = pd.Series(START + pd.to_timedelta(rng.random(n) * days, unit="D"))
    times[rng.random(n) < 0.1 * (seed % 3)] = pd.NaT
    values = [few[k] for k in rng.integers(len(few), size=n)]
    return pd.DataFrame({"time": times, "x": pd.Series(values, dtype=object)})


@settings(max_examples=40, deadline=None)
@given(frames(), frames(), st.sampled_from([None, "day", "week", "month"]))
def test_whatever_comes_in_is_checked(reference, analysis, chunk):
    found = quality.check(reference, analysis, features=["x", "gone"], chunk=chunk)
    assert found.touched(analysis).shape == (len(analysis),)
    assert set(found.states()["column"]) == {"x", "gone"}
    assert found._repr_html_()
    for row in found:
        if row.unit == "%" and row.measure != "volume" and not math.isnan(row.value):
            assert 0 <= row.lower <= row.value <= row.upper <= 1
    for fault in found.marks:
        assert 0 <= fault.rows <= len(analysis)
        assert fault.since is None or fault.until is None or fault.since <= fault.until
