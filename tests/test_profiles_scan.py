"""Profiles of frames and files: cut by time and segment, the same however they come."""

from __future__ import annotations

import math
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from itertools import pairwise

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lifecycle import periods, profiles
from lifecycle.errors import InputError
from lifecycle.profiles import Profile, arrow, cutting

START = pd.Timestamp("2023-04-03T09:00Z")
ZONES = [
    "UTC",
    "Europe/Berlin",
    "Asia/Kolkata",
    "Asia/Kathmandu",
    "America/St_Johns",
    "America/Sao_Paulo",
    "Pacific/Apia",
    "Africa/Monrovia",
]
MOMENTS = st.datetimes(
    datetime(1901, 1, 1),  # noqa: DTZ001
    datetime(2060, 1, 1),  # noqa: DTZ001
    timezones=st.just(UTC),
)


def same(one: Profile, two: Profile) -> bool:
    """Bit for bit."""
    if one.groups != two.groups or one.undated != two.undated:
        return False
    names = ("rows", "span", "cells", "steps", "marks", "tails")
    return all(
        getattr(one.stack, name).tolist() == getattr(two.stack, name).tolist()
        for name in names
    )


def leads(rows: int, *, seed: int = 0, sort: bool = True) -> pd.DataFrame:
    """Leads of some weeks, with numbers, names and holes."""
    rng = np.random.default_rng(seed)
    hours = rng.uniform(0, 24 * 25, rows)
    hours = np.sort(hours) if sort else hours
    visits = rng.poisson(4, rows).astype(float)
    amount = rng.lognormal(3, 1, rows)
    visits[rng.random(rows) < 0.1] = np.nan
    amount[:2] = math.inf, -math.inf
    plan = rng.choice(["free", "pro", "team", None], rows, p=[0.5, 0.3, 0.1, 0.1])
    return pd.DataFrame(
        {
            "time": (START + pd.to_timedelta(hours, "h")).as_unit("us"),
            "visits": visits,
            "amount": amount,
            "plan": plan,
            "paid": rng.random(rows) < 0.3,
        }
    )


FEATURES = ["visits", "amount", "plan", "paid"]


@pytest.fixture(scope="module")
def grids():
    return profiles.grids(leads(3_000, seed=9).iloc[2:], FEATURES, cells=50)


# --- cutting by time -------------------------------------------------------------


@settings(max_examples=120)
@given(
    st.lists(st.one_of(MOMENTS, st.none()), max_size=40),
    st.sampled_from(ZONES),
    st.sampled_from(["week", "month", "day"]),
    st.booleans(),
)
def test_chunks_are_those_of_periods(moments, zone, every, sort):
    known = [m for m in moments if m is not None]
    moments = sorted(known) if sort else moments
    times = pd.Series(pd.DatetimeIndex(moments, tz="UTC").as_unit("us"))
    micros = times.dt.tz_localize(None).to_numpy().astype("datetime64[us]")
    valid = ~np.isnat(micros)
    cut = cutting.Cutter(every, zone).cut(micros.astype(np.int64), valid)
    labels = periods.chunk_of(times, every=every, timezone=zone)
    rows = np.arange(len(times)) if cut.order is None else cut.order
    assert cut.rows() == valid.sum()
    for name, first, last in cut.parts:
        assert set(labels.iloc[rows[first:last]]) == {name}


@pytest.mark.parametrize("every", ["day", "week", "month"])
def test_a_day_that_returns_when_the_clocks_go_back_after_midnight(every):
    begin = datetime(2009, 10, 31, 12, tzinfo=UTC)
    times = pd.date_range(begin, periods=600, freq="3min")
    cut = cutting.Cutter(every, "America/St_Johns").cut(
        times.tz_localize(None).to_numpy().astype("datetime64[us]").astype(np.int64)
    )
    labels = periods.chunk_of(times, every=every, timezone="America/St_Johns")
    for name, first, last in cut.parts:
        assert set(labels.iloc[first:last]) == {name}
    assert cut.rows() == 600


def test_one_moment_has_the_chunk_of_many():
    moment = datetime(2023, 4, 3, 1, tzinfo=UTC)
    for every in ("week", "month", "day"):
        many = periods.chunk_of([moment], every=every, timezone="America/New_York")
        one = periods.chunk_at(moment, every=every, timezone="America/New_York")
        assert many.tolist() == [one]
    with pytest.raises(ValueError, match="every must be week, month or day"):
        periods.chunk_at(moment, every="year")
    with pytest.raises(ValueError, match="moment has no time zone"):
        periods.chunk_at(datetime(2023, 4, 3))  # noqa: DTZ001


# --- frames ----------------------------------------------------------------------


def test_each_chunk_is_counted_as_its_rows_are(grids):
    frame = leads(2_000)
    found = profiles.profile(frame, grids)
    labels = periods.chunk_of(frame["time"])
    assert found.chunks == tuple(sorted(set(labels)))
    assert found.rows() == len(frame)
    for chunk in found.chunks:
        rows = frame[labels == chunk]
        assert found.rows(chunk) == len(rows)
        assert found.span(chunk) == (rows["time"].min(), rows["time"].max())
        for name in FEATURES:
            one, two = found.counts(name, chunk), grids[name].count(rows[name])
            assert one.cells.tolist() == two.cells.tolist()
            assert (one.missing, one.unseen) == (two.missing, two.unseen)
            assert np.array_equal(one.sums, two.sums, equal_nan=True)


def test_a_profile_tells_the_share_of_what_is_missing(grids):
    table = profiles.profile(leads(500), grids).frame()
    assert list(table) == ["segment", "chunk", "column", "rows", "missing", "unseen"]
    assert table.loc[table["column"] == "visits", "missing"].sum() == (
        leads(500)["visits"].isna().sum()
    )


def test_a_profile_shows_its_chunks(grids):
    frame = leads(500)
    shown = profiles.profile(frame, grids)._repr_html_()
    assert "2023-W14" in shown
    assert shown.count("<tr>") == 1 + len(profiles.profile(frame, grids).chunks)
    whole = profiles.profile(frame, grids, time=None)._repr_html_()
    assert "all rows" in whole


def test_rows_without_a_moment_are_in_no_chunk(grids):
    frame = leads(100)
    frame.loc[frame.index[:7], "time"] = pd.NaT
    found = profiles.profile(frame, grids)
    assert (found.rows(), found.undated) == (93, 7)


def test_without_moments_all_rows_are_one_chunk(grids):
    frame = leads(100).drop(columns="time")
    found = profiles.profile(frame, grids, time=None)
    assert (found.chunks, found.rows(), found.span()) == (("",), 100, None)
    with pytest.raises(ValueError, match="the frame has no column 'time'"):
        profiles.profile(frame, grids)


def test_moments_need_a_zone(grids):
    frame = leads(10)
    frame["time"] = frame["time"].dt.tz_localize(None)
    with pytest.raises(ValueError, match="the moments in 'time' have no time zone"):
        profiles.profile(frame, grids)


def test_a_frame_without_rows_has_no_chunks(grids):
    found = profiles.profile(leads(10).iloc[:0], grids)
    assert (found.chunks, found.rows(), found.counts("plan").n) == ((), 0, 0)
    assert repr(found) == "<Profile of 4 columns: 0 rows in no chunk>"


def test_a_column_that_is_absent_is_missing_and_one_not_counted_is_refused(grids):
    found = profiles.profile(leads(50).drop(columns="plan"), grids)
    assert found.counts("plan").missing == 50
    assert found.counts("plan", "1999-W01").n == 0
    with pytest.raises(ValueError, match="no column 'age' was counted; use one of"):
        found.counts("age")


def test_a_column_of_the_reference_without_values_has_seen_nothing():
    frame = pd.DataFrame({"time": [START], "a": [None], "b": [math.nan]})
    grids = profiles.grids(frame, ["a", "b"])
    assert [grid.size for grid in grids.values()] == [0, 0]
    filled = frame.assign(a="x", b=1.0)
    found = profiles.profile(filled, grids)
    assert (found.counts("a").unseen, found.counts("b").unseen) == (1, 1)


# --- segments --------------------------------------------------------------------


@pytest.mark.parametrize("sort", [True, False])
def test_segments_are_profiles_of_their_rows(grids, sort):
    frame = leads(1_500, sort=sort)
    frame.loc[frame.index[::40], "plan"] = "new"
    found = profiles.profile(frame, grids, segments=["plan", "paid"])
    assert set(found.segments) == {
        "",
        "plan=free",
        "plan=pro",
        "plan=team",
        "plan (others)",
        "plan (missing)",
        "paid=True",
        "paid=False",
    }
    plain = profiles.profile(frame, grids)
    for chunk in plain.chunks:
        for column in FEATURES:
            mine, theirs = found.counts(column, chunk), plain.counts(column, chunk)
            assert mine.cells.tolist() == theirs.cells.tolist()
            assert (mine.missing, mine.tails) == (theirs.missing, theirs.tails)
    for name, rows in {
        "plan=pro": frame[frame["plan"] == "pro"],
        "plan (others)": frame[frame["plan"] == "new"],
        "plan (missing)": frame[frame["plan"].isna()],
        "paid=True": frame[frame["paid"]],
    }.items():
        one = profiles.profile(rows, grids)
        assert found.rows(segment=name) == len(rows)
        for chunk in one.chunks:
            for column in FEATURES:
                mine = found.counts(column, chunk, name)
                theirs = one.counts(column, chunk)
                assert mine.cells.tolist() == theirs.cells.tolist()
                assert np.array_equal(mine.sums, theirs.sums, equal_nan=True)


def test_only_the_twenty_largest_values_are_segments_of_their_own():
    words = [f"k{k:02d}" for k in range(30) for _ in range(60 - k)]
    frame = pd.DataFrame({"time": START, "word": words})
    grids = profiles.grids(frame, ["word"])
    found = profiles.profile(frame, grids, segments=["word"])
    assert len(found.segments) == 22
    assert found.rows(segment="word (others)") == sum(60 - k for k in range(20, 30))


def test_numbers_with_few_values_may_be_segments_and_others_may_not(grids):
    frame = pd.DataFrame({"time": START, "flag": [0.0, 1.0, 1.0, None, 7.0]})
    few = profiles.grids(frame.iloc[:3], ["flag"], cells=2)
    found = profiles.profile(frame, few, segments=["flag"])
    assert found.rows(segment="flag (missing)") == 1
    assert found.rows(segment="flag (others)") == 1
    with pytest.raises(ValueError, match="segments need a column of names"):
        profiles.profile(leads(10), grids, segments=["amount"])
    with pytest.raises(ValueError, match="segment 'age' has no grid"):
        profiles.profile(leads(10), grids, segments=["age"])


def test_a_segment_of_a_column_that_is_absent_is_missing(grids):
    frame = leads(40).drop(columns=["plan", "paid"])
    found = profiles.profile(frame, grids, segments=["plan"])
    assert found.segments == ("", "plan (missing)")
    assert found.rows(segment="plan (missing)") == 40


# --- adding and keeping ----------------------------------------------------------


@settings(max_examples=25)
@given(st.lists(st.integers(0, 399), max_size=5), st.randoms())
def test_profiles_of_parts_add_up_bit_for_bit(stops, random):
    frame = leads(400, sort=False)
    grids = profiles.grids(frame, FEATURES, cells=20)
    bounds = [0, *sorted(stops), 400]
    parts = [
        profiles.profile(frame.iloc[a:b], grids, segments=["plan"])
        for a, b in pairwise(bounds)
    ]
    random.shuffle(parts)
    whole = profiles.profile(frame, grids, segments=["plan"])
    assert same(sum(parts[1:], parts[0]), whole)
    assert same(Profile.total(parts), whole)


def test_profiles_of_another_kind_do_not_add_up(grids):
    frame = leads(50)
    one = profiles.profile(frame, grids)
    with pytest.raises(ValueError, match="every 'week' and 'day' do not add up"):
        one + profiles.profile(frame, grids, every="day")
    with pytest.raises(ValueError, match="different grids do not add up"):
        one + profiles.profile(frame, profiles.grids(frame, FEATURES))
    with pytest.raises(ValueError, match="no profiles to add up"):
        Profile.total([])


def test_a_profile_of_some_chunks_has_those_alone(grids):
    frame = leads(500)
    found = profiles.profile(frame, grids, segments=["plan"])
    some = found.only(found.chunks[1:3])
    assert some.chunks == found.chunks[1:3]
    rest = found.only({found.chunks[0], *found.chunks[3:]})
    assert same(some + rest, found)


def test_a_profile_is_kept_as_bytes_and_read_again(grids):
    frame = leads(700)
    frame.loc[5, "amount"] = 1e300
    for segments in ([], ["plan"]):
        found = profiles.profile(frame, grids, segments=segments, timezone="Asia/Tokyo")
        read = Profile.from_bytes(found.to_bytes())
        assert same(read, found)
        assert [g.digest for g in read.grids.values()] == [
            g.digest for g in grids.values()
        ]
        assert (read.every, read.timezone, read.cuts) == (
            "week",
            "Asia/Tokyo",
            tuple(segments),
        )
        assert same(read + found, found + found)


def test_an_empty_profile_is_kept_too():
    empty = profiles.scan([], {})
    assert same(Profile.from_bytes(empty.to_bytes()), empty)


def test_bytes_that_are_torn_or_foreign_are_refused(grids):
    data = profiles.profile(leads(50), grids).to_bytes()
    middle = bytearray(data)
    middle[len(data) // 2] ^= 1
    for wrong in (b"", data[:-1], data[:40], bytes(middle), b"PK" + data, data + b"x"):
        with pytest.raises(ValueError, match="make the profile again"):
            Profile.from_bytes(wrong)


# --- files -----------------------------------------------------------------------


@pytest.mark.parametrize("sort", [True, False])
@pytest.mark.parametrize("threads", [1, 3])
def test_files_and_the_frame_of_all_their_rows_have_one_profile(
    tmp_path, grids, sort, threads
):
    frame = leads(3_000, sort=sort)
    for number, rows in enumerate(
        (slice(0, 1100), slice(1100, 1100), slice(1100, None))
    ):
        frame.iloc[rows].to_parquet(
            tmp_path / f"{number}.parquet", row_group_size=170, index=False
        )
    files = sorted(tmp_path.glob("*.parquet"))
    for segments in ([], ["plan", "paid"]):
        asked = {"timezone": "Europe/Berlin", "segments": segments}
        found = profiles.scan(files, grids, threads=threads, **asked)
        assert same(found, profiles.profile(frame, grids, **asked))
    start, end = START + timedelta(days=3), START + timedelta(days=12)
    inside = frame[(frame["time"] >= start) & (frame["time"] < end)]
    found = profiles.scan(files, grids, start=start, end=end, threads=threads)
    assert same(found, profiles.profile(inside, grids))


def test_grids_of_files_are_those_of_the_frame(tmp_path):
    frame = leads(900)
    frame.to_parquet(tmp_path / "a.parquet", row_group_size=100, index=False)
    one = profiles.grids(tmp_path / "a.parquet", FEATURES)
    two = profiles.grids(frame, FEATURES)
    assert [g.digest for g in one.values()] == [g.digest for g in two.values()]
    with pytest.raises(ValueError, match="there is no column 'age' in the reference"):
        profiles.grids([tmp_path / "a.parquet"], ["age"])


MOMENT = datetime(1969, 12, 31, 23, 59, 59, 999_999)  # noqa: DTZ001
TYPES = {
    "float32": pa.array([1.5, None, 2.5, math.nan], pa.float32()),
    "int8": pa.array([1, None, 3, 4], pa.int8()),
    "huge": pa.array([2**62, None, -(2**62), 5], pa.int64()),
    "unsigned": pa.array([2**63, None, 1, 2], pa.uint64()),
    "flag": pa.array([True, None, False, True]),
    "day": pa.array([date(2020, 1, 1), None, date(1960, 1, 1), date(2020, 1, 2)]),
    "day64": pa.array([date(2020, 1, 1), None] * 2, pa.date64()),
    "naive": pa.array([MOMENT, None] * 2, pa.timestamp("us")),
    "nanos": pa.array([-1500, None, 1500, 3], pa.timestamp("ns", "Asia/Tokyo")),
    "seconds": pa.array([10, None, 20, 30], pa.timestamp("s", "UTC")),
    "span": pa.array([1000, None, 5, 7], pa.duration("ms")),
    "money": pa.array([Decimal("1.25"), None, Decimal("-3.50"), Decimal("1.25")]),
    "coded": pa.array(["a", None, "b", "a"]).dictionary_encode(),
    "large": pa.array(["a", None, "b", "c"], pa.large_string()),
    "view": pa.array(["a", None, "b", "c"], pa.string_view()),
    "nothing": pa.nulls(4),
    "clock": pa.array([1, None, 2, 3], pa.time32("s")),
    "list": pa.array([[1], None, [2], [1]]),
    "digits": pa.array(["1.5", None, "many", "2"]),
}


@pytest.mark.parametrize("name", TYPES)
@pytest.mark.parametrize("rows", [slice(0, 4), slice(1, 4), slice(1, 2), slice(0, 0)])
def test_arrow_columns_are_read_as_their_pandas_selves(name, rows):
    array = TYPES[name][rows]
    values = pd.Series(array.to_pylist(), dtype=object)
    if name in ("nanos", "span"):
        values = array.to_pandas()
    if array.null_count < len(array):
        assert profiles.kind_of(values) == arrow.kind_of_type(array.type)
    if arrow.kind_of_type(array.type) == "numeric" or name in ("flag", "digits"):
        found, want = arrow.floats_of(array), profiles.numbers(values)
        assert np.array_equal(found, want, equal_nan=True)
    codes, names = arrow.codes_of(array)
    grid = profiles.Grid.categorical(["a", "True", "[1]", "1.5"])
    mine, theirs = grid.count_codes(codes, names), grid.count(values)
    assert mine.cells.tolist() == theirs.cells.tolist()
    assert (mine.missing, mine.unseen) == (theirs.missing, theirs.unseen)


def test_all_types_survive_a_file(tmp_path):
    names = [name for name in TYPES if name != "view"]
    times = pa.array([START + timedelta(days=k) for k in range(4)])
    table = pa.table({"time": times, **{name: TYPES[name] for name in names}})
    pq.write_table(table, tmp_path / "a.parquet", row_group_size=3)
    grids = profiles.grids(tmp_path / "a.parquet", names)
    found = profiles.scan(tmp_path / "a.parquet", grids)
    for name in names:
        counts = found.counts(name)
        lost = TYPES[name].null_count + (name == "float32")
        assert (counts.n, counts.missing, counts.unseen) == (4, lost, 0), name


def test_a_column_of_another_type_is_unseen_or_missing_and_no_fault(tmp_path):
    frame = leads(60)
    odd = frame.assign(plan=range(60), amount="much", visits=frame["visits"] > 2)
    odd.to_parquet(tmp_path / "odd.parquet", index=False)
    grids = profiles.grids(frame, FEATURES)
    found = profiles.scan(tmp_path / "odd.parquet", grids)
    assert found.counts("plan").unseen == 60
    assert found.counts("amount").missing == 60
    assert found.counts("visits").n == 60
    assert same(found, profiles.profile(odd, grids))


def test_a_column_that_files_have_as_numbers_and_as_names_is_one_of_names(tmp_path):
    for number, values in enumerate(([1, 2], ["a", "b"])):
        pq.write_table(pa.table({"x": values}), tmp_path / f"{number}.parquet")
    grid = profiles.grids(sorted(tmp_path.glob("*.parquet")), ["x"])["x"]
    assert grid.labels == ("1", "2", "a", "b")


def test_a_name_with_a_dot_is_one_column(tmp_path):
    table = pa.table({"time": [START], "a": [1.0], "a.b": [2.0]})
    pq.write_table(table, tmp_path / "a.parquet")
    grids = profiles.grids(table.to_pandas(), ["a", "a.b"])
    found = profiles.scan(tmp_path / "a.parquet", grids)
    assert (found.counts("a").unseen, found.counts("a.b").unseen) == (0, 0)


def test_a_column_of_a_file_that_occurs_twice_is_refused(tmp_path):
    times = pa.array([START])
    table = pa.table([times, pa.array([1.0]), pa.array([2.0])], ["time", "a", "a"])
    pq.write_table(table, tmp_path / "a.parquet")
    grids = {"a": profiles.Grid.numeric([1])}
    with pytest.raises(ValueError, match="the column 'a' occurs twice"):
        profiles.scan(tmp_path / "a.parquet", grids)


def test_files_that_cannot_be_profiled_are_refused_in_a_sentence(tmp_path, grids):
    path = tmp_path / "a.parquet"
    path.write_bytes(b"no parquet at all")
    with pytest.raises(InputError, match="the file is not Parquet, or not whole"):
        profiles.scan(path, grids)
    pq.write_table(pa.table({"plan": ["pro"]}), path)
    with pytest.raises(ValueError, match="the file has no column 'time'"):
        profiles.scan(path, grids)
    assert profiles.scan(path, grids, time=None).rows() == 1
    pq.write_table(pa.table({"time": pa.array([MOMENT])}), path)
    with pytest.raises(ValueError, match="must hold moments with a time zone"):
        profiles.scan(path, grids)
    with pytest.raises(ValueError, match="start has no time zone"):
        profiles.scan(path, grids, start=MOMENT)
    with pytest.raises(ValueError, match="threads must be 1 or more"):
        profiles.scan(path, grids, threads=0)
    with pytest.raises(ValueError, match="start and end need a column of moments"):
        profiles.scan(path, grids, time=None, end=datetime.now(UTC))


def test_a_moment_beyond_the_calendar_is_refused(tmp_path):
    times = pa.array([2**62], pa.timestamp("us", "UTC"))
    pq.write_table(pa.table({"time": times}), tmp_path / "a.parquet")
    with pytest.raises(ValueError, match="outside the years 1 to 9999"):
        profiles.scan(tmp_path / "a.parquet", {})


def test_reading_files_does_not_import_pandas(tmp_path):
    import subprocess
    import sys

    leads(50).to_parquet(tmp_path / "a.parquet", index=False)
    script = (
        "import sys\nfrom lifecycle import profiles\npath = sys.argv[1]\n"
        "grids = profiles.grids(path, ['visits', 'amount', 'plan', 'paid'])\n"
        "profiles.scan(path, grids)\nprint('pandas' in sys.modules)"
    )
    ran = subprocess.run(
        [sys.executable, "-c", script, str(tmp_path / "a.parquet")],
        capture_output=True,
        text=True,
        check=True,
    )
    assert ran.stdout == "False\n"
