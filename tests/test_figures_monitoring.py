"""Pictures of monitoring: what is drawn, and that the sentence says the same."""

from __future__ import annotations

import math
import re
from typing import Any
from xml.etree import ElementTree

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lifecycle import figures
from lifecycle.figures import Picture
from lifecycle.findings import Finding

WEEKS = [f"2023-W{k:02d}" for k in range(1, 13)]
MINUS = "\N{MINUS SIGN}"


def row(value: float, period: str = "", subject: str = "", **more: Any) -> Finding:
    said = {"lower": value - 0.03, "upper": value + 0.03, "unit": "%"} | more
    return Finding("accuracy", value, 400, period=period, subject=subject, **said)


def texts(picture: Picture) -> list[str]:
    root = ElementTree.fromstring(picture.svg)
    tags = (each for each in root.iter() if each.tag.endswith("}text"))
    return ["".join(each.itertext()) for each in tags]


def judged(value: float, period: str, threshold: float = 0.7) -> Finding:
    verdict = "alert" if value < threshold else "quiet"
    return row(value, period, threshold=threshold, verdict=verdict)


# -- realised and estimated --------------------------------------------------------


def test_realised_and_estimated_say_gap_threshold_and_what_is_not_due() -> None:
    realised = [judged(0.80, w) for w in WEEKS[:3]]
    estimated = [row(0.79, WEEKS[0]), row(0.76, WEEKS[1]), row(0.81, WEEKS[2])]
    estimated += [judged(0.66, w) for w in WEEKS[3:5]]
    picture = figures.realised_and_estimated(
        realised, estimated, title="Performance", measure="accuracy"
    )
    assert picture.alt == (
        "Performance: accuracy from 2023-W01 to 2023-W05. Realised: newest 80.0% "
        "(2023-W03, 77.0% to 83.0%). Estimated: newest 66.0% (2023-W05, 63.0% to "
        "69.0%). Outcomes not due yet: from 2023-W04 on (2 periods). Where both are "
        "known they differ by 2.0 points on average, at most 4.0 points (2023-W02). "
        "Threshold 70.0%. Alert in 2023-W04 (estimated) and 2023-W05 (estimated)."
    )
    assert {"realised", "estimated", "alert", "outcomes not due yet"} <= set(
        texts(picture)
    )


def test_what_is_judged_is_ripe_and_what_is_not_is_marked() -> None:
    realised = [judged(0.8, w) for w in WEEKS[:3]] + [row(0.7, WEEKS[3])]
    estimated = [row(0.78, w) for w in WEEKS[:4]]
    kinds = {"title": "t", "measure": "accuracy"}
    picture = figures.realised_and_estimated(realised, estimated, **kinds)
    assert "Outcomes not due yet: 2023-W04." in picture.alt
    assert "few due" in texts(picture)
    told = figures.realised_and_estimated(realised, estimated, ripe=WEEKS, **kinds)
    assert "not due" not in told.alt
    assert "few due" not in texts(told)


def test_an_estimate_not_to_be_trusted_is_crossed_and_named() -> None:
    picture = figures.realised_and_estimated(
        [row(0.8, WEEKS[0])],
        [row(0.8, w) for w in WEEKS[:3]],
        title="t",
        measure="accuracy",
        doubtful=[WEEKS[2], "2029-W01"],
    )
    assert "not to be trusted in 2023-W03." in picture.alt
    assert "not to be trusted" in texts(picture)


@pytest.mark.parametrize("realised", [[], [row(0.8, WEEKS[0])], [row(0.8)]])
@pytest.mark.parametrize("estimated", [[], [row(math.nan, WEEKS[0])], [row(0.8)]])
def test_either_course_may_be_missing(
    realised: list[Finding], estimated: list[Finding]
) -> None:
    picture = figures.realised_and_estimated(
        realised, estimated, title="t", measure="accuracy"
    )
    held = [each for each in (*realised, *estimated) if each.period]
    assert ("no periods to draw" in picture.alt) is not held or bool(held)
    assert "nan" not in picture.svg
    assert "nan" not in picture.alt


# -- small multiples ---------------------------------------------------------------


def test_nine_panels_are_drawn_and_the_others_are_told() -> None:
    panels = [(f"feature {k}", [judged(0.8, w) for w in WEEKS]) for k in range(12)]
    picture = figures.small_multiples(panels, title="What moved most")
    drawn = [text for text in texts(picture) if text.startswith("feature")]
    assert drawn == [f"feature {k}" for k in range(9)]
    assert "Not drawn: feature 9, feature 10 and feature 11" in texts(picture)
    assert picture.alt.startswith("What moved most: 9 panels from 2023-W01 to 2023-W12")
    assert picture.alt.endswith("Not drawn: feature 9, feature 10 and feature 11.")


def test_panels_share_their_periods_and_say_the_newest_value_and_alert() -> None:
    long = [judged(0.8, w) for w in WEEKS]
    short = [judged(0.8, WEEKS[2]), judged(0.6, WEEKS[3])]
    picture = figures.small_multiples([("long", long), ("short", short)], title="t")
    assert texts(picture).count("2023-W01") == texts(picture).count("2023-W12") == 2
    assert "80.0%" in texts(picture)
    assert "\N{BLACK DIAMOND} 60.0%" in texts(picture)
    assert (
        "short: first 80.0%, newest 60.0% (2023-W04), threshold 70.0%, alert in "
        "2023-W04." in picture.alt
    )


def test_nine_panels_of_a_year_with_alerts_stay_below_45_kilobytes() -> None:
    weeks = [f"2023-W{k:02d}" for k in range(1, 53)]
    rows = [judged(0.8 - 0.004 * k, week) for k, week in enumerate(weeks)]
    picture = figures.small_multiples([(f"f{k}", rows) for k in range(9)], title="t")
    assert len(picture.svg) < 45_000


@pytest.mark.parametrize("panels", [[], [("a", [])], [("a", [row(math.nan, "W1")])]])
def test_panels_of_nothing_are_said(panels: list[tuple[str, list[Finding]]]) -> None:
    picture = figures.small_multiples(panels, title="t")
    assert re.search("nothing to draw|undefined", picture.alt)


@pytest.mark.parametrize("columns", [0, 5, -1])
def test_too_few_or_too_many_columns_are_an_error(columns: int) -> None:
    with pytest.raises(ValueError, match=f"columns must be 1 to 4, got {columns}"):
        figures.small_multiples([], title="t", columns=columns)


# -- a forest ----------------------------------------------------------------------


def test_a_forest_sets_each_subject_against_the_whole() -> None:
    rows = [
        row(0.58, subject="plan=free", threshold=0.7, verdict="alert"),
        row(0.86, subject="plan=team", threshold=0.7, verdict="quiet"),
        row(math.nan, subject="plan=other", threshold=0.7),
        row(0.81),
    ]
    picture = figures.forest(rows, title="Segments", measure="accuracy")
    assert picture.alt == (
        "Segments: accuracy of 3 subjects against 81.0% (78.0% to 84.0%) overall: "
        "plan=free 58.0% (55.0% to 61.0%, n 400, alert); plan=team 86.0% (83.0% to "
        "89.0%, n 400); plan=other undefined (n 400). Threshold 70.0%."
    )
    assert {"overall", "threshold", "58.0%  n 400  alert", "undefined"} <= set(
        texts(picture)
    )


def test_a_whole_that_is_given_is_taken_and_many_subjects_are_counted() -> None:
    rows = [row(0.8, subject=f"s{k}") for k in range(33)]
    picture = figures.forest(rows, title="t", measure="m", whole=row(0.5))
    assert "of 33 subjects against 50.0%" in picture.alt
    assert "13 more are not drawn." in picture.alt
    assert figures.forest([], title="t", measure="m").alt == "t: nothing to draw."


# -- parts -------------------------------------------------------------------------


def corners(path: str) -> list[tuple[float, float]]:
    """The corners of a path of lines, as a browser reads it."""
    found: list[tuple[float, float]] = []
    start = at = (0.0, 0.0)
    for way, numbers in re.findall(r"([MmLlz])([^MmLlz]*)", path):
        if way == "z":
            at = start
            continue
        held = [float(each) for each in re.findall(r"-?(?:\d+\.?\d*|\.\d+)", numbers)]
        for x, y in zip(held[::2], held[1::2], strict=True):
            at = (at[0] + x, at[1] + y) if way.islower() else (x, y)
            start = at if way in "Mm" else start
            found.append(at)
    return found


@given(
    st.lists(
        st.tuples(st.floats(-700, 700), st.floats(-700, 700)), min_size=2, max_size=9
    )
)
def test_a_path_in_fewer_bytes_goes_the_same_way(
    points: list[tuple[float, float]],
) -> None:
    from lifecycle.figures.svg import tidy

    way = " \n".join(
        f"{'L' if k else 'M'} {x:f} {y:f}" for k, (x, y) in enumerate(points)
    )
    _, body = tidy(f'<svg viewBox="0 0 1 1"><path d="{way} \nz \n{way} \n"/></svg>')
    found = re.search(' d="([^"]*)"', body)
    assert found is not None
    for got, wanted in zip(corners(found.group(1)), points * 2, strict=True):
        assert got == pytest.approx(wanted, abs=0.051)


def ends_of_bars(picture: Picture) -> list[tuple[float, float]]:
    """Left and right end of every bar that is filled or outlined, top to bottom."""
    found = []
    for path in re.findall(r'<path d="([^"]*)z"', picture.svg):
        x = [point[0] for point in corners(path)]
        found.append((min(x), max(x)))
    return [pair for pair in found if pair[1] - pair[0] < 400]


def test_each_part_begins_where_the_one_before_it_ended() -> None:
    rows = [row(-0.06, subject="a"), row(-0.03, subject="b"), row(0.02, subject="c")]
    picture = figures.parts(rows, title="Lost")
    a, b, c, whole = ends_of_bars(picture)[-4:]
    assert a[0] == pytest.approx(b[1], abs=0.2)
    assert b[0] == pytest.approx(c[0], abs=0.2)
    assert whole == pytest.approx((c[1], a[1]), abs=0.2)
    assert (a[1] - a[0]) / (b[1] - b[0]) == pytest.approx(2, rel=0.02)


def test_parts_say_their_sign_interval_and_what_they_come_to() -> None:
    rows = [
        row(-0.06, subject="concept", verdict="alert"),
        row(0.02, subject="season"),
        row(math.nan, subject="late labels"),
    ]
    alt = figures.parts(rows, title="Lost").alt.replace(MINUS, "-")
    assert alt == (
        "Lost, in 3 parts: concept -6.0% (-9.0% to -3.0%) (alert); season +2.0% "
        "(-1.0% to 5.0%); late labels undefined; altogether -4.0%."
    )


def test_what_the_parts_leave_over_is_not_explained() -> None:
    rows = [row(-0.06, subject="a"), row(-0.10)]
    picture = figures.parts(rows, title="Lost")
    assert "not explained" in texts(picture)
    assert f"not explained {MINUS}4.0%; altogether {MINUS}10.0%" in picture.alt
    whole = figures.parts(
        [row(0.1, subject="a"), row(0.2, subject="b"), row(0.3)], title="t"
    )
    assert "not explained" not in whole.alt  # 0.1 + 0.2 is 0.3 but for rounding


@pytest.mark.parametrize("rows", [[], [row(math.nan)], [row(0.0, subject="a")]])
def test_no_parts_and_parts_of_nothing_are_drawn(rows: list[Finding]) -> None:
    picture = figures.parts(rows, title="t")
    assert "nothing to draw" in picture.alt or "altogether" in picture.alt


# -- deciles -----------------------------------------------------------------------


def test_deciles_keep_their_order_and_stand_against_the_whole() -> None:
    values = [0.4, 0.5, math.nan, 0.1]
    rows = [row(v, subject=f"{k}") for k, v in enumerate(values, start=1)]
    rows[1] = row(0.5, subject="2", verdict="alert")
    picture = figures.by_decile([*rows, row(0.3)], title="t", measure="conversion")
    assert picture.alt == (
        "t: conversion by decile of the score: 1 40.0% (37.0% to 43.0%), 2 50.0% "
        "(47.0% to 53.0%) alert, 3 undefined, 4 10.0% (7.0% to 13.0%). Overall 30.0%."
    )
    shown = texts(picture)
    assert [name for name in shown if name in "1234"] == ["1", "2", "3", "4"]
    assert {"overall", "30.0%"} <= set(shown)
    assert figures.by_decile([], title="t", measure="m").alt == "t: nothing to draw."


# -- cells on their scale ----------------------------------------------------------


def test_quantile_cells_are_drawn_on_the_scale_of_the_number() -> None:
    # 100 cells of equal count of an even spread over 0 to 100: the steps are level
    bounds = np.linspace(0, 100, 101)
    reference, analysis = np.full(100, 10), np.r_[np.zeros(50), np.full(50, 20)]
    picture = figures.compare_counts(
        range(100), reference, analysis, title="age", bounds=bounds
    )
    assert "The middle of the rows went from 50.0 to 75.0." in picture.alt
    assert "1,000 rows against 1,000." in picture.alt


def test_shares_dealt_to_even_steps_keep_their_sum_and_their_shape() -> None:
    from lifecycle.figures import cells

    rng = np.random.default_rng(4)
    values = np.sort(rng.exponential(size=50_000))
    bounds = np.quantile(values, np.linspace(0, 1, 1001))
    shares = np.histogram(values, bounds)[0] / values.size
    steps = np.linspace(0, 5, 26)
    dealt = cells._spread(bounds, shares, steps)
    exact = np.histogram(values, steps)[0] / values.size
    assert np.abs(dealt - exact).max() < 1e-3
    whole = cells._spread(bounds, shares, np.linspace(-1, values.max() + 1, 9))
    assert whole.sum() == pytest.approx(1)


def test_a_number_with_few_values_has_a_step_around_each() -> None:
    before = np.nextafter([0.0, 1.0, 2.0], -np.inf)
    bounds = np.sort(np.r_[before, 0.0, 1.0, 2.0])
    reference, analysis = [60, 0, 30, 0, 10], [10, 0, 40, 0, 50]
    picture = figures.compare_counts(
        "abcde", reference, analysis, title="visits", bounds=bounds
    )
    assert "Largest change at 0: 60.0%, then 10.0%." in picture.alt
    assert "Not on the scale" not in picture.alt


def test_what_is_behind_the_scale_is_told() -> None:
    picture = figures.compare_counts(
        ["0 to 1", "1 to 2", "outside"],
        [5, 5, 0],
        [4, 4, 2],
        title="t",
        bounds=[0, 1, 2],
    )
    assert "Not on the scale: 1.0%, then 20.8%." in picture.alt
    assert any(text.startswith("not on the scale") for text in texts(picture))


def test_cells_that_reach_to_infinity_are_told_and_not_drawn() -> None:
    counts = [10, 30, 40, 20]
    picture = figures.compare_counts(
        "abcd", counts, counts, title="t", bounds=[-math.inf, 0, 1, 2, math.inf]
    )
    assert "Not on the scale: 30" in picture.alt
    assert "inf" not in picture.svg
    endless = figures.compare_counts(
        "a", [1], [1], title="t", bounds=[-math.inf, math.inf]
    )
    assert "Not on the scale: 100.0%, then 100.0%." in endless.alt
    nothing = figures.compare_counts(
        ["outside"], [4], [4], title="t", bounds=[math.nan]
    )
    assert "Not on the scale: 100.0%, then 100.0%." in nothing.alt


def test_a_constant_is_drawn_as_one_value() -> None:
    bounds = [math.nextafter(7.0, -math.inf), 7.0]
    alt = figures.compare_counts(["7"], [9], [4], title="t", bounds=bounds).alt
    assert "Largest change at 7: 100.0%, then 100.0%." in alt


@pytest.mark.parametrize(
    ("bounds", "said"),
    [
        ([], "0 bounds for 2 cells"),
        ([0, 1, 2, 3], "4 bounds for 2 cells"),
        ([0, 2, 1], "ascending and without nan"),
        ([0, 1, math.nan], "ascending and without nan"),
    ],
)
def test_bounds_that_do_not_fit_are_an_error(bounds: list[float], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        figures.compare_counts(["a", "b"], [1, 1], [1, 1], title="t", bounds=bounds)


def test_a_thousand_cells_without_a_scale_are_drawn_together() -> None:
    counts = np.arange(1000)
    picture = figures.compare_counts(range(1000), counts, counts[::-1], title="t")
    assert len(picture.svg) < 12_000
    assert "Largest change: " in picture.alt


@settings(max_examples=15, deadline=None)
@given(
    st.lists(st.floats(-1e12, 1e12), min_size=2, max_size=12).map(sorted),
    st.data(),
)
def test_any_cells_can_be_drawn(bounds: list[float], data: st.DataObject) -> None:
    size = len(bounds) - 1
    counts = st.lists(st.integers(0, 10**9), min_size=size, max_size=size)
    picture = figures.compare_counts(
        range(size), data.draw(counts), data.draw(counts), title="t", bounds=bounds
    )
    assert "nan" not in picture.svg
    ElementTree.fromstring(picture.svg)


def test_a_cell_too_narrow_to_divide_by_is_a_jump() -> None:
    picture = figures.compare_counts(
        range(5),
        [0, 0, 0, 0, 0],
        [0, 0, 0, 0, 1],
        title="t",
        bounds=[-1e9, -1.0, -1.0, -1.0, -5e-324, 5e-324],
    )
    assert "nan" not in picture.svg


# -- all of them -------------------------------------------------------------------


def all_of(rows: list[Finding]) -> list[Picture]:
    named = [row(each.value, "", f"s{k}") for k, each in enumerate(rows)]
    return [
        figures.over_time(rows, title="t", measure="m"),
        figures.realised_and_estimated(rows, rows[::-1], title="t", measure="m"),
        figures.small_multiples([("a", rows)], title="t"),
        figures.forest(named, title="t", measure="m"),
        figures.parts(named, title="t"),
        figures.by_decile(named, title="t", measure="m"),
        figures.by_subject(named, title="t", measure="m"),
    ]


@pytest.mark.parametrize(
    "values",
    [
        [0.0],
        [0.5, 0.5],
        [math.nan, math.inf, -math.inf],
        [1e300, -1e300],
        [1e-300, 0.0],
        [5, np.float32(0.25), True],
    ],
)
def test_odd_values_are_drawn_or_left_out(values: list[float]) -> None:
    for picture in all_of([row(v, f"W{k}") for k, v in enumerate(values)]):
        ElementTree.fromstring(picture.svg)
        assert not re.search(r"\b(nan|inf)\b", picture.svg)


def test_a_long_title_and_a_legend_do_not_share_a_line() -> None:
    rows = [judged(0.8, w) for w in WEEKS[:3]]
    short, long = (
        figures.realised_and_estimated(
            rows, [*rows, judged(0.6, WEEKS[3])], title=title, measure="accuracy"
        )
        for title in (
            "Performance",
            "A title that takes up nearly all of its line " * 2,
        )
    )

    def height(picture: Picture, word: str) -> float:
        found = re.search(rf'y="([\d.]+)"[^>]*>{word}', picture.svg)
        assert found is not None
        return float(found.group(1))

    assert height(short, "alert") == pytest.approx(height(short, "Performance"), abs=4)
    assert height(long, "alert") > height(long, "A title") + 8
