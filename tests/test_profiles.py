from __future__ import annotations

import math
from datetime import UTC, date, datetime
from decimal import Decimal

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lifecycle import profiles

NUMBERS = st.lists(
    st.one_of(
        st.none(),
        st.integers(-5, 5).map(float),
        st.floats(allow_nan=True, allow_infinity=True),
    ),
    max_size=60,
)
NAMES = st.lists(st.one_of(st.none(), st.text(max_size=3)), max_size=40)


@pytest.mark.parametrize(
    ("values", "kind"),
    [
        ([1, 2.5, None], "numeric"),
        ([Decimal("1.5"), 2], "numeric"),
        ([10**400, 1], "numeric"),
        ([date(2023, 1, 1)], "numeric"),
        (pd.to_datetime(["2023-01-01T00:00Z"]), "numeric"),
        (pd.Series([1, None], dtype="Int64"), "numeric"),
        ([True, False], "categorical"),
        ([True, None], "categorical"),
        (pd.Series([True, None], dtype="boolean"), "categorical"),
        (["a", 1], "categorical"),
        (pd.Series(["a"], dtype="category"), "categorical"),
        ([[1], [2]], "categorical"),
        ([1j], "categorical"),
        ([None, math.nan], "empty"),
        ([], "empty"),
    ],
)
def test_the_kind_of_a_column_is_seen_in_its_values(values, kind):
    assert profiles.kind_of(values) == kind


def test_the_first_column_that_is_not_empty_decides():
    assert profiles.kind_of([None], ["a"], [1]) == "categorical"


def test_everything_that_is_a_number_becomes_one():
    found = profiles.numbers(
        [Decimal("1.5"), 10**400, -(10**400), "7", "x", None, True]
    )
    assert found[:4].tolist() == [1.5, math.inf, -math.inf, 7]
    assert np.isnan(found[4:6]).all()
    assert found[6] == 1


def test_moments_become_seconds():
    moment = datetime(2023, 4, 3, 12, tzinfo=UTC)
    for values in (
        pd.to_datetime([moment, None]),
        pd.Series([moment, None], dtype=object),
        pd.Series([moment, None]).dt.tz_convert("Asia/Kolkata"),
    ):
        found = profiles.numbers(values)
        assert found[0] == moment.timestamp()
        assert math.isnan(found[1])
    assert profiles.numbers([date(1970, 1, 2)]).tolist() == [86_400]
    assert profiles.numbers(pd.to_timedelta(["2s"])).tolist() == [2]


def test_a_tally_counts_names_the_most_frequent_first():
    assert profiles.tally(["b", "a", "c", "c", None]) == ({"c": 2, "a": 1, "b": 1}, 1)


def test_a_tally_takes_booleans_and_lists():
    assert profiles.tally([True, True, False])[0] == {"True": 2, "False": 1}
    assert profiles.tally([[1], [1], [2]])[0] == {"[1]": 2, "[2]": 1}


def test_a_tally_takes_numbers_too_large_for_a_float_among_names():
    values = [10**400, "web", 10**400, None, -(10**400)]
    expected = {str(10**400): 2, str(-(10**400)): 1, "web": 1}
    assert profiles.tally(values) == (expected, 1)
    grid = profiles.Grid.categorical(values)
    assert grid.count([*values, 10**401]).unseen == 1


def test_a_tally_leaves_out_categories_that_do_not_occur():
    values = pd.Series(["a"], dtype=pd.CategoricalDtype(["a", "b"]))
    assert profiles.tally(values)[0] == {"a": 1}


def test_a_column_a_frame_lacks_is_missing_throughout():
    frame = pd.DataFrame({"a": [1, 2]})
    assert profiles.column(frame, "b").isna().tolist() == [True, True]


def test_a_column_that_occurs_twice_is_refused():
    frame = pd.DataFrame([[1, 2]], columns=["a", "a"])
    with pytest.raises(ValueError, match="'a' occurs twice"):
        profiles.column(frame, "a")


def test_cells_hold_equally_many_rows_of_the_reference():
    grid = profiles.Grid.numeric(range(1000), cells=10)
    assert grid.count(range(1000)).cells.tolist() == [100] * 10


def test_a_frequent_value_has_a_cell_of_its_own():
    grid = profiles.Grid.numeric([0] * 50 + list(range(1, 51)), cells=10)
    assert grid.labels[0] == "0"
    assert grid.count([0, 0, 0.001]).cells.tolist()[:2] == [2, 1]


def test_numbers_outside_the_reference_are_unseen():
    counts = profiles.Grid.numeric([1, 2, 3], cells=2).count([0.9, 1, 3, 3.1, math.inf])
    assert counts.unseen == 3
    assert counts.cells.sum() == 2


def test_an_infinity_of_the_reference_is_a_value():
    grid = profiles.Grid.numeric([-math.inf, 1, math.inf], cells=3)
    counts = grid.count([-math.inf, 1, math.inf])
    assert counts.unseen == 0
    assert counts.cells.sum() == 3


def test_a_constant_reference_has_one_cell():
    grid = profiles.Grid.numeric([7, 7, 7])
    assert grid.labels == ("7",)
    assert grid.count([7, 8, None]).cells.tolist() == [1]


def test_a_reference_without_values_has_seen_nothing():
    for grid in (profiles.Grid.numeric([None]), profiles.Grid.categorical([None])):
        counts = grid.count([1.0, None])
        assert (counts.unseen, counts.missing, counts.cells.size) == (1, 1, 0)


@settings(max_examples=60, deadline=None)
@given(NUMBERS, NUMBERS, st.integers(1, 20))
def test_every_row_of_numbers_is_counted_once(reference, analysis, cells):
    grid = profiles.Grid.numeric(reference, cells=cells)
    counts = grid.count(analysis)
    missing = sum(v is None or math.isnan(v) for v in analysis)
    assert (counts.n, counts.missing) == (len(analysis), missing)
    assert len(grid.labels) == counts.cells.size
    assert grid.count(reference).unseen == 0


@settings(max_examples=60, deadline=None)
@given(NAMES, NAMES)
def test_every_row_of_names_is_counted_once(reference, analysis):
    grid = profiles.Grid.categorical(reference)
    counts = grid.count(analysis)
    assert (counts.n, counts.missing) == (len(analysis), analysis.count(None))
    known = {name for name in reference if name is not None}
    assert counts.unseen == sum(v is not None and v not in known for v in analysis)


@settings(max_examples=60, deadline=None)
@given(NUMBERS, NUMBERS, NUMBERS)
def test_counts_of_parts_add_up_to_those_of_the_whole(reference, first, second):
    grid = profiles.Grid.numeric(reference, cells=8)
    both, parts = grid.count(first + second), grid.count(first) + grid.count(second)
    assert both.cells.tolist() == parts.cells.tolist()
    assert (both.missing, both.unseen) == (parts.missing, parts.unseen)


def test_counts_on_other_grids_do_not_add_up():
    one, two = profiles.Grid.categorical(["a"]), profiles.Grid.categorical(["a", "b"])
    with pytest.raises(ValueError, match="same grid"):
        one.count([]) + two.count([])
