"""A number carries its count, its interval and its verdict."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lifecycle.findings import Finding, Findings, judge


@given(st.floats(allow_nan=True), st.floats(allow_nan=True))
def test_a_missing_value_is_never_quiet_and_never_an_alert(
    value: float, threshold: float
) -> None:
    verdict = judge(value, threshold, side="above")
    if math.isnan(value) or math.isnan(threshold):
        assert verdict == "undefined"
    else:
        assert verdict == ("alert" if value > threshold else "quiet")


def test_the_threshold_itself_is_quiet_on_both_sides() -> None:
    assert judge(0.7, 0.7, side="below") == "quiet"
    assert judge(0.7, 0.7, side="above") == "quiet"


def test_too_few_rows_are_not_judged() -> None:
    assert judge(0.1, 0.7, side="below", n=29, min_n=30) == "undefined"
    assert judge(0.1, 0.7, side="below", n=30, min_n=30) == "alert"


def row(period: str, verdict: str, value: float = 0.5, measure: str = "m") -> Finding:
    return Finding(measure, value, 10, verdict=verdict, period=period)  # type: ignore[arg-type]


def test_the_verdict_is_that_of_the_newest_judged_period() -> None:
    assert (
        Findings("q", (row("2023-W01", "alert"), row("2023-W02", "quiet"))).verdict
        == "quiet"
    )
    late = (row("2023-W01", "alert"), row("2023-W02", "undefined"))
    assert Findings("q", late).verdict == "alert"


def test_a_finding_without_a_period_always_counts() -> None:
    assert (
        Findings("q", (row("", "alert"), row("2023-W02", "quiet"))).verdict == "alert"
    )


def test_nothing_found_is_undefined() -> None:
    assert Findings("q", ()).verdict == "undefined"


def test_the_newest_row_passes_over_what_is_missing() -> None:
    rows = (row("2023-W01", "quiet", 0.8), row("2023-W02", "undefined", math.nan))
    newest = Findings("q", rows).newest("m")
    assert newest is not None
    assert newest.value == 0.8


def test_the_table_has_a_column_a_field() -> None:
    frame = Findings("q", (row("2023-W01", "quiet"),)).frame()
    assert list(frame.columns) == list(Finding.__dataclass_fields__)


def test_text_of_people_is_escaped_in_html() -> None:
    hostile = "<script>alert(1)</script>"
    shown = Findings(hostile, (Finding(hostile, 1.0, 1, subject=hostile),), hostile)
    assert "<script" not in shown._repr_html_()


@pytest.mark.parametrize("measure", ["m", "absent"])
def test_a_plot_says_what_it_shows(measure: str) -> None:
    rows = (row("2023-W01", "quiet", 0.8), row("2023-W02", "alert", 0.6))
    picture = Findings("Question", rows).plot(measure)
    assert picture.alt
