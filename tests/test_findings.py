"""A number carries its count, its interval and its verdict."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lifecycle import figures
from lifecycle.findings import Finding, Findings, Sheet, judge


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


# -- sheets --------------------------------------------------------------------


def _said(verdict: str, summary: str) -> Findings:
    row = Finding("accuracy", 0.5, 10, threshold=0.7, verdict=verdict)
    return Findings("Performance", (row,), summary)


@pytest.mark.parametrize(
    ("verdicts", "whole"),
    [
        (("quiet", "alert"), "alert"),
        (("undefined", "quiet"), "quiet"),
        (("undefined",), "undefined"),
        ((), "undefined"),
    ],
)
def test_a_sheet_is_an_alert_when_a_part_is_one(verdicts: tuple, whole: str) -> None:
    assert Sheet("All", tuple(_said(v, v) for v in verdicts)).verdict == whole


def test_a_sheet_says_what_its_first_alert_says() -> None:
    parts = (_said("quiet", "All is well."), _said("alert", "It fell."))
    assert Sheet("All", parts).summary == "It fell."
    assert Sheet("All", parts[:1]).summary == "All is well."
    assert Sheet("All", parts, "Told.").summary == "Told."


def test_a_sheet_shows_pictures_and_findings_and_escapes_what_they_say() -> None:
    picture = figures.Picture("<svg/>", 'a "<b>" picture')
    sheet = Sheet("All", (picture, _said("quiet", "<script>alert(1)</script>")))
    html = sheet._repr_html_()
    assert 'alt="a &quot;&lt;b&gt;&quot; picture"' in html
    assert "<script>" not in html
    assert [row.measure for row in sheet.findings] == ["accuracy"]
