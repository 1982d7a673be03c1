from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lifecycle import drift, intervals, quality


def frame(**columns):
    return pd.DataFrame(columns)


def row(found, measure, subject=""):
    return found.only(measure=measure, subject=subject)[0]


def test_values_that_go_missing_are_a_fault():
    before = frame(a=[1.0, 2.0] * 100)
    after = frame(a=[1.0, None] * 50)
    missing = row(quality.check(before, after, features=["a"]), "missing", "a")
    assert (missing.value, missing.n, missing.threshold) == (0.5, 100, 0.05)
    assert (missing.lower, missing.upper) == intervals.wilson(50, 100)
    assert missing.verdict == "alert"


def test_what_was_always_missing_is_no_fault():
    before = frame(a=[1.0, None] * 100)
    found = quality.check(before, frame(a=[1.0, None] * 20), features=["a"])
    assert row(found, "missing", "a").verdict == "quiet"
    assert found.summary == "No fault in the data of 1 feature."


def test_a_little_more_missing_by_chance_is_no_fault():
    before = frame(a=[1.0] * 95 + [None] * 5)
    after = frame(a=[1.0] * 35 + [None] * 4)  # 10.3% of 39 rows
    assert row(
        quality.check(before, after, features=["a"]), "missing", "a"
    ).verdict == ("quiet")


def test_a_new_segment_is_no_fault_but_drift():
    before = frame(a=["x", "y"] * 50)
    after = frame(a=["x", "y", "z", None] * 20)
    found = quality.check(before, after, features=["a"])
    unseen = row(found, "unseen", "a")
    assert (unseen.value, unseen.n) == (20 / 60, 60)
    assert unseen.verdict == "quiet"
    assert drift.compare(before, after).drifted == ("a",)


def test_a_column_that_speaks_in_other_words_is_a_fault():
    before = frame(a=["x", "y"] * 50)
    after = frame(a=["X", "Y", "x"] * 30)
    unseen = row(quality.check(before, after, features=["a"]), "unseen", "a")
    assert (unseen.value, unseen.threshold, unseen.verdict) == (2 / 3, 0.5, "alert")


def test_a_little_more_than_half_by_chance_is_no_other_language():
    before = frame(a=["x", "y"] * 50)
    after = frame(a=["z"] * 21 + ["x"] * 19)
    unseen = row(quality.check(before, after, features=["a"]), "unseen", "a")
    assert unseen.verdict == "quiet"


def test_numbers_far_outside_the_range_of_the_reference_are_a_fault():
    before = frame(a=range(100))
    after = frame(a=[*range(40), *[-500, 1000, math.inf] * 4])
    found = quality.check(before, after, features=["a"])
    outside = row(found, "out_of_range", "a")
    assert (outside.value, outside.n, outside.verdict) == (12 / 52, 52, "alert")
    assert found.faults[0].sentence == (
        "a has 23% of its values far outside the reference's range"
    )


def test_numbers_that_move_just_beyond_the_range_are_drift():
    before = frame(a=range(100))
    after = frame(a=[*range(60), *range(100, 140)])
    found = quality.check(before, after, features=["a"])
    assert row(found, "out_of_range", "a").verdict == "quiet"
    assert (found.faults, [mark.kind for mark in found.drifts]) == ((), ["drift"])
    assert found.drifts[0].sentence == (
        "a has 40% of its values just outside the reference's range"
    )


@pytest.mark.parametrize("unknown", [-1, 999, -9999])
def test_a_number_that_stands_for_unknown_is_a_fault(unknown):
    before = frame(a=list(range(600)) * 2)
    after = frame(a=[*range(80), *[unknown] * 20])
    assert row(
        quality.check(before, after, features=["a"]), "out_of_range", "a"
    ).verdict == ("alert")


def test_a_column_that_always_grows_is_never_out_of_range():
    before, after = dated(50, 24), dated(20, 24)
    before["a"], after["a"] = range(1200), range(1200, 1680)
    outside = row(quality.check(before, after, features=["a"]), "out_of_range", "a")
    assert (outside.value, outside.threshold, outside.verdict) == (1.0, 1.05, "quiet")


def test_a_feed_that_froze_is_a_fault():
    before = frame(a=[1.0, 2.0] * 50, b=["x"] * 100)
    after = frame(a=[2.0] * 40, b=["x"] * 40)
    found = quality.check(before, after, features=["a", "b"])
    assert row(found, "distinct", "a").verdict == "alert"
    assert row(found, "distinct", "b").verdict == "undefined"
    assert found.summary == "1 possible fault in the data: a has always the same value."


def test_an_id_that_occurs_twice_is_a_fault():
    after = frame(id=["a", "b", "b", "c"])
    found = row(quality.check(after, after, features=[]), "duplicate_ids")
    assert (found.value, found.n, found.verdict) == (0.5, 4, "alert")
    single = quality.check(after, frame(id=["a", "b"]), features=[])
    assert row(single, "duplicate_ids").verdict == "quiet"


def dated(days, per_day):
    hours = pd.timedelta_range("0h", periods=days * per_day, freq=f"{24 // per_day}h")
    return frame(time=pd.Timestamp("2023-01-01", tz="UTC") + hours)


def test_a_feed_that_dries_up_is_a_fault():
    before = dated(30, 24)
    found = row(quality.check(before, dated(10, 1), features=[]), "volume")
    assert found.value == pytest.approx(1 / 24, rel=0.2)
    assert found.verdict == "alert"
    assert row(quality.check(before, dated(10, 12), features=[]), "volume").verdict == (
        "quiet"
    )


def test_the_volume_of_one_moment_is_undefined():
    found = row(quality.check(dated(30, 24), dated(1, 1), features=[]), "volume")
    assert math.isnan(found.value)
    assert found.verdict == "undefined"


def test_few_rows_are_undefined():
    before = frame(a=range(100))
    for rows in (0, 1, 29):
        found = quality.check(before, frame(a=[500.0] * rows), features=["a"])
        assert {r.verdict for r in found} == {"undefined"}
        assert found.verdict == "undefined"
        assert found.summary.startswith("Data quality is undefined")


def test_without_a_reference_nothing_is_judged():
    found = quality.check(frame(a=[]), frame(a=[1.0, None] * 50), features=["a"])
    assert {r.verdict for r in found} == {"undefined"}
    assert row(found, "missing", "a").value == 0.5


def test_a_column_that_is_gone_is_missing_throughout():
    found = quality.check(frame(a=[1] * 50), frame(b=[1] * 50), features=["a"])
    assert row(found, "missing", "a").value == 1
    assert found.summary.endswith("the data: a is gone: not one row has a value.")


def test_the_summary_names_the_first_faults_and_counts_the_rest():
    names = [f"f{number}" for number in range(8)]
    before = pd.DataFrame({name: [1.0, 2.0] * 50 for name in names})
    after = pd.DataFrame({name: [1.0, 2.0, None] * 20 for name in names})
    summary = quality.check(before, after, features=names).summary
    assert summary.startswith(
        "8 possible faults in the data: f0 is missing in 33% of the rows, f1"
    )
    assert summary.endswith("and 3 more.")


def test_a_hostile_name_is_escaped():
    name = "<img src=x onerror=alert(1)>\n{value}"
    before = pd.DataFrame({name: ["a", "b"] * 50})
    found = quality.check(before, pd.DataFrame({name: [None] * 50}), features=[name])
    assert "<img" not in found._repr_html_()
    assert "\n" not in found.summary


MESSY = st.lists(
    st.one_of(
        st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=2)
    ),
    max_size=45,
)


@settings(max_examples=60, deadline=None)
@given(MESSY, MESSY)
def test_whatever_the_columns_hold_shares_are_shares(a, b):
    pair = (frame(x=pd.Series(side, dtype=object)) for side in (a, b))
    found = quality.check(*pair, features=["x"])
    assert next(r.measure for r in found) == "missing"
    for each in found:
        if each.unit == "%" and not math.isnan(each.value):
            assert 0 <= each.lower <= each.value <= each.upper <= 1


def test_values_without_a_hash_are_counted():
    before = frame(a=[[1], [2]] * 50)
    found = quality.check(before, frame(a=[[1]] * 40), features=["a"])
    assert row(found, "distinct", "a").verdict == "alert"
    assert np.isclose(row(found, "unseen", "a").value, 0)
