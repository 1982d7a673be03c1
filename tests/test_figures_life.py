"""The life of a model on one time line, and a small line with its estimate."""

from __future__ import annotations

import xml.etree.ElementTree as ET

import pytest

from lifecycle import figures
from lifecycle.figures import Happening
from lifecycle.findings import Finding

WEEKS = [f"2023-W{k:02d}" for k in range(1, 41)]


def metric(values: dict[str, float], **more: float) -> list[Finding]:
    return [
        Finding("accuracy", value, 400, value - 0.03, value + 0.03, period=week,
                unit="%", **more)
        for week, value in values.items()
    ]  # fmt: skip


def texts(picture: figures.Picture) -> list[str]:
    root = ET.fromstring(picture.svg)
    return ["".join(node.itertext()) for node in root.iter() if node.tag.endswith("t")]


def test_the_sentence_tells_the_metric_and_what_was_done_in_its_order() -> None:
    rows = metric({"2023-W01": 0.8, "2023-W02": 0.6, "2023-W03": 0.7})
    done = [
        Happening("releases", "2023-W03", "version 2 to production", mark="2"),
        Happening("alerts", "2023-W02", "alert: accuracy", until="2023-W03", bad=True),
    ]
    told = figures.life(rows, done, title="Accuracy of leads", unit="%").alt
    assert told == (
        "Accuracy of leads from 2023-W01 to 2023-W03: first 80.0%, lowest 60.0% "
        "(2023-W02), last 70.0%. 2023-W02 to 2023-W03: alert: accuracy; 2023-W03: "
        "version 2 to production."
    )


def test_lanes_marks_and_both_lines_are_named_in_the_drawing() -> None:
    drawn = figures.life(
        metric(dict.fromkeys(WEEKS[:30], 0.8), threshold=0.7),
        [
            Happening("releases", WEEKS[4], "version 2", mark="v2"),
            Happening("rulings", WEEKS[3], "ruling: retrain"),
        ],
        estimated=metric(dict.fromkeys(WEEKS[25:36], 0.78)),
        title="Accuracy",
        unit="%",
    )
    words = " ".join(texts(drawn))
    for each in ("Releases", "Rulings", "v2", "realised", "estimated", "threshold"):
        assert each in words, each


def test_marks_that_would_cover_each_other_are_not_all_named() -> None:
    done = [
        Happening("releases", week, f"version {k}", mark=f"no{k}")
        for k, week in enumerate([WEEKS[0], *WEEKS])
    ]
    words = " ".join(
        texts(figures.life(metric(dict.fromkeys(WEEKS, 0.8)), done, title="A"))
    )
    assert "no0" in words
    assert "no1 " not in words


@pytest.mark.parametrize("values", [{}, {"2023-W01": float("nan")}])
def test_nothing_measured_is_said(values: dict[str, float]) -> None:
    told = figures.life(metric(values), title="Accuracy", unit="%").alt
    assert "nothing" in told


def test_of_many_happenings_the_newest_thirty_are_told() -> None:
    done = [Happening("rulings", week, "ruling: retrain") for week in WEEKS]
    told = figures.life(metric({"2023-W01": 0.8}), done, title="A", unit="%").alt
    assert "10 earlier ones" in told
    assert told.count("ruling: retrain") == 30


def test_the_same_numbers_give_the_same_bytes_and_hostile_words_are_words() -> None:
    done = [Happening("<b>", "2023-W02", "</svg><script>", mark="<i>")]
    rows = metric({"2023-W01": 0.8, "2023-W02": 0.7})
    first, again = (figures.life(rows, done, title="<x>") for _ in range(2))
    assert first == again
    assert "<script" not in first.svg
    ET.fromstring(first.svg)


def test_an_estimate_is_a_second_line_over_the_same_periods() -> None:
    alone = figures.sparkline([0.8, 0.7, 0.6], name="accuracy", unit="%")
    nan = float("nan")
    both = figures.sparkline(
        [0.8, 0.7, nan], beside=[nan, 0.72, 0.65], name="accuracy", unit="%"
    )
    assert alone.svg.count("<path") == 1
    assert both.svg.count("<path") == 2
    assert both.alt.endswith("newest 70.0%. Estimated at 65.0% for the newest.")
