from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest

from lifecycle import business, intervals


def leads(outcomes, predictions=None, chunks=None):
    n = len(outcomes)
    return {
        "labelled": pd.DataFrame(
            {
                "outcome": pd.Series(outcomes, dtype=float),
                "prediction": pd.Series(predictions or [1] * n, dtype=float),
            }
        ),
        "chunks": pd.Series(chunks or ["2023-W14"] * n),
    }


def conversion(*args, **options):
    given = leads(*args)
    return business.conversion(given["labelled"], chunks=given["chunks"], **options)


def test_conversion_is_the_share_of_rows_acted_upon_that_came_to_a_good_end():
    found = conversion([1, 0, 0, 1, 1], [1, 1, 1, 1, 0])
    assert (found[0].value, found[0].n, found[0].unit) == (0.5, 4, "%")
    assert (found[0].lower, found[0].upper) == intervals.wilson(2, 4)
    assert found.main == "conversion"


def test_who_was_acted_upon_may_be_told():
    acted = np.array([True, False, False])
    assert conversion([1, 0, 0], acted=acted)[0].value == 1


def test_chunks_come_oldest_first():
    found = conversion([1, 0, 1], None, ["2023-W15", "2023-W14", "2023-W15"])
    assert [(r.period, r.value) for r in found] == [("2023-W14", 0), ("2023-W15", 1)]
    assert "in 2023-W15 converted" in found.summary
    assert "against 67% over all 2 chunks" in found.summary


def test_chunks_are_weeks_where_none_are_given():
    rows = leads([1, 1])["labelled"]
    rows["time"] = pd.to_datetime(["2023-04-03T00:00Z", "2023-04-10T00:00Z"])
    assert [r.period for r in business.conversion(rows)] == ["2023-W14", "2023-W15"]


def test_unknown_outcomes_and_chunks_are_left_out():
    found = conversion([1, None, 0], [1, 1, 1], ["a", "a", None])
    assert [(r.period, r.n) for r in found] == [("a", 1)]


@pytest.mark.parametrize("outcomes", [[], [None, None]])
def test_nothing_known_is_undefined(outcomes):
    found = conversion(outcomes)
    assert len(found) == 0
    assert found.verdict == "undefined"
    assert found.summary.startswith("Conversion is undefined")


def test_nothing_is_judged_without_a_threshold():
    assert conversion([0] * 100).verdict == "undefined"


def test_a_conversion_below_the_threshold_is_an_alert_on_enough_rows():
    found = conversion([0] * 40, below=0.2)
    assert (found.verdict, found[0].threshold) == ("alert", 0.2)
    assert found.summary.endswith("below the threshold of 20%.")
    assert conversion([0] * 29, below=0.2).verdict == "undefined"
    assert conversion([1] * 40, below=0.2).verdict == "quiet"


def test_columns_of_other_rows_are_refused():
    with pytest.raises(ValueError, match="acted has 1 values for 2 rows"):
        conversion([1, 0], acted=[True])
    with pytest.raises(ValueError, match="chunks has 1 labels for 2 rows"):
        conversion([1, 0], None, ["a"])


def test_value_is_the_sum_over_the_four_kinds():
    y, p = [1, 1, 0, 0, 0], [1, 0, 1, 0, 0]
    found = business.value(
        y,
        p,
        true_positive=1000,
        false_positive=-100,
        false_negative=-10,
        true_negative=1,
    )
    assert found == 892


def test_value_leaves_unknown_rows_out_and_is_undefined_without_rows():
    assert business.value([1, None], [1, 1], true_positive=5, false_positive=-1) == 5
    assert math.isnan(business.value([], [], true_positive=5))
