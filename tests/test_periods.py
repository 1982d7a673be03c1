from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lifecycle import periods

ZONES = ["UTC", "Europe/Berlin", "America/New_York", "Asia/Kolkata", "Pacific/Apia"]
MOMENTS = st.datetimes(datetime(2000, 1, 1), datetime(2040, 1, 1)).map(  # noqa: DTZ001
    lambda moment: moment.replace(tzinfo=UTC)
)


def utc(*parts):
    return datetime(*parts, tzinfo=UTC)


def test_a_period_holds_its_start_and_not_its_end():
    period = periods.Period(utc(2023, 1, 1), utc(2023, 1, 2))
    times = pd.to_datetime(
        ["2022-12-31T23:59:59Z", "2023-01-01T00:00:00Z", "2023-01-02T00:00:00Z", None]
    )
    assert period.contains(times).tolist() == [False, True, False, False]
    assert period.contains(pd.Series(times)).tolist() == [False, True, False, False]


def test_a_period_needs_a_zone_and_an_order():
    with pytest.raises(ValueError, match="start has no time zone"):
        periods.Period(datetime(2023, 1, 1), utc(2023, 1, 2))  # noqa: DTZ001
    with pytest.raises(ValueError, match="after its start"):
        periods.Period(utc(2023, 1, 2), utc(2023, 1, 2))


def test_a_period_may_end_where_the_wall_clock_shows_an_earlier_hour():
    zone = ZoneInfo("Europe/Berlin")
    start = datetime(2023, 10, 29, 2, 30, fold=0, tzinfo=zone)
    end = datetime(2023, 10, 29, 2, 10, fold=1, tzinfo=zone)
    period = periods.Period(start, end)
    assert period.contains([utc(2023, 10, 29, 0, 45)]).tolist() == [True]


def test_chunks_are_named_by_their_start():
    times = [utc(2023, 4, 3), utc(2021, 1, 1), utc(2020, 12, 31, 23, 59)]
    assert periods.chunk_of(times).tolist() == ["2023-W14", "2020-W53", "2020-W53"]
    assert periods.chunk_of(times, every="month").tolist()[0] == "2023-04"
    assert periods.chunk_of(times, every="day").tolist()[2] == "2020-12-31"


def test_a_chunk_begins_at_midnight_of_the_zone():
    times = [utc(2023, 4, 2, 21, 59), utc(2023, 4, 2, 22, 0)]
    labels = periods.chunk_of(times, timezone="Europe/Berlin")
    assert labels.tolist() == ["2023-W13", "2023-W14"]


def test_chunks_keep_the_index_and_what_is_missing():
    times = pd.Series(pd.to_datetime(["2023-04-03T00:00Z", None]), index=["a", "b"])
    labels = periods.chunk_of(times)
    assert labels["a"] == "2023-W14"
    assert pd.isna(labels["b"])


def test_no_times_have_no_chunks():
    assert periods.chunk_of([]).empty
    assert periods.chunk_of(pd.Series([], dtype="datetime64[us, UTC]")).empty


def test_times_without_a_zone_are_refused():
    with pytest.raises(ValueError, match="no time zone"):
        periods.chunk_of(pd.to_datetime(["2023-04-03"]))


def test_an_unknown_length_or_zone_is_refused():
    with pytest.raises(ValueError, match="week, month or day"):
        periods.chunk_of([], every="year")
    for name in ("Mars/Olympus", "../etc/passwd", "", "America"):
        with pytest.raises(ValueError, match="is no time zone"):
            periods.chunk_of([], timezone=name)


@settings(max_examples=60, deadline=None)
@given(MOMENTS, st.sampled_from(["week", "month", "day"]), st.sampled_from(ZONES))
def test_a_moment_lies_within_the_bounds_of_its_chunk(moment, every, zone):
    label = periods.chunk_of([moment], every=every, timezone=zone).iloc[0]
    assert periods.bounds(label, timezone=zone).contains([moment]).all()


@settings(max_examples=60, deadline=None)
@given(MOMENTS, MOMENTS, st.sampled_from(["week", "month", "day"]))
def test_labels_sort_as_time_does(one, other, every):
    early, late = sorted([one, other])
    labels = periods.chunk_of([early, late], every=every).tolist()
    assert labels == sorted(labels)


@settings(max_examples=60, deadline=None)
@given(MOMENTS, st.sampled_from(["week", "month", "day"]), st.sampled_from(ZONES))
def test_chunks_follow_one_another_without_a_gap(moment, every, zone):
    label = periods.chunk_of([moment], every=every, timezone=zone).iloc[0]
    end = periods.bounds(label, timezone=zone).end
    following = periods.chunk_of([end], every=every, timezone=zone).iloc[0]
    assert following > label
    assert periods.bounds(following, timezone=zone).start == end


@pytest.mark.parametrize(
    "label",
    ["", "2023", "2023-W54", "2023-13", "2023-02-30", "2023-W5", "W14", "٢٠٢٣-04"],
)
def test_what_is_no_label_is_refused(label):
    with pytest.raises(ValueError, match="is no chunk"):
        periods.bounds(label)


def test_december_ends_with_the_year():
    assert periods.bounds("2023-12").end == utc(2024, 1, 1)


def test_a_prediction_is_mature_from_the_moment_its_delay_has_passed():
    times = [utc(2023, 1, 1), utc(2023, 1, 1, 0, 0, 1)]
    due = periods.mature(times, as_of=utc(2023, 1, 15), delay=timedelta(days=14))
    assert due.tolist() == [True, False]


def test_a_missing_time_is_never_mature():
    times = pd.Series(pd.to_datetime([None, "2023-01-01T00:00Z"]))
    due = periods.mature(times, as_of=utc(2024, 1, 1), delay=timedelta(0))
    assert due.tolist() == [False, True]


def test_maturity_needs_a_zone():
    with pytest.raises(ValueError, match="as_of has no time zone"):
        periods.mature([], as_of=datetime(2023, 1, 1), delay=timedelta(0))  # noqa: DTZ001


def test_maturity_refuses_a_delay_before_the_calendar():
    with pytest.raises(ValueError, match="too long"):
        periods.mature([], as_of=utc(2023, 1, 1), delay=timedelta(days=999_999))


def test_a_date_means_its_midnight_there():
    moment = periods.parse_moment("2023-07-01", timezone="Europe/Berlin")
    assert moment == utc(2023, 6, 30, 22)


def test_an_offset_in_the_text_is_kept():
    moment = periods.parse_moment(" 2023-07-01T10:00+05:30 ", timezone="Europe/Berlin")
    assert moment.utcoffset() == timedelta(hours=5, minutes=30)
    assert periods.parse_moment("2023-07-01T10:00Z").tzinfo is not None


def test_a_time_without_offset_is_taken_in_the_zone():
    moment = periods.parse_moment("2023-07-01 10:00", timezone="America/New_York")
    assert moment == utc(2023, 7, 1, 14)


def test_a_midnight_that_the_clocks_skip_is_the_first_moment_of_the_day():
    moment = periods.parse_moment("2018-11-04", timezone="America/Sao_Paulo")
    assert moment == datetime(2018, 11, 4, 1, tzinfo=timezone(timedelta(hours=-2)))


@pytest.mark.parametrize(
    ("text", "word"), [("2023-10-29T02:30", "twice"), ("2023-03-26T02:30", "never")]
)
def test_an_hour_the_clocks_changed_is_refused(text, word):
    with pytest.raises(ValueError, match=f"{word} in Europe/Berlin.*offset"):
        periods.parse_moment(text, timezone="Europe/Berlin")


@pytest.mark.parametrize("text", ["", "yesterday", "2023-02-30", "03.04.2023", "1e9"])
def test_what_is_no_moment_is_refused(text):
    with pytest.raises(ValueError, match="is no moment; write 2023-04-03"):
        periods.parse_moment(text)


@settings(max_examples=60, deadline=None)
@given(st.dates(date(2000, 1, 1), date(2040, 1, 1)), st.sampled_from(ZONES))
def test_a_day_begins_where_its_chunk_does(day, zone):
    moment = periods.parse_moment(day.isoformat(), timezone=zone)
    try:
        assert moment == periods.bounds(day.isoformat(), timezone=zone).start
    except ValueError:
        # Apia had no 30 December 2011
        assert (zone, day) == ("Pacific/Apia", date(2011, 12, 30))
