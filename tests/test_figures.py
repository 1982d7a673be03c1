"""Figures: the same numbers give the same drawing, and the sentence says them."""

from __future__ import annotations

import math
import re
import subprocess
import sys
from xml.etree import ElementTree

import numpy as np
import pandas as pd
import pytest

from lifecycle import figures
from lifecycle.figures import Picture
from lifecycle.findings import Finding

HOSTILE = [
    "<script>alert(1)</script>",
    '"><svg onload=alert(1)>',
    "$\\frac{1}{$ ]]> &amp;",
    "nul\x00 bell\x07 lone\ud800",
    "日本語 العربية 🙂",
    "x" * 5000,
    "",
]


def row(value: float, period: str = "", subject: str = "", **more: object) -> Finding:
    said = {"threshold": 0.7, "verdict": "alert" if value < 0.7 else "quiet"} | more
    return Finding("accuracy", value, 400, period=period, subject=subject, **said)  # type: ignore[arg-type]


def every_kind(name: str = "plan") -> list[Picture]:
    weeks = [f"2023-W{k:02d}" for k in range(1, 9)]
    rows = [row(0.8 - 0.03 * k, week, name) for k, week in enumerate(weeks)]
    bins = pd.DataFrame({"n": [9, 9], "mean_score": [0.2, 0.8], "rate": [0.1, 0.9]})
    panels = [(name, rows), (name, rows[:1]), ("", [])]
    bins = bins.assign(rate_lower=bins["rate"] - 0.1, rate_upper=bins["rate"] + 0.1)
    return [
        figures.over_time(rows, title=name, measure=name),
        figures.by_subject(rows, title=name, measure=name),
        figures.reliability(bins, title=name),
        figures.compare_counts([name, "b"], [3, 1], [1, 3], title=name),
        figures.compare_counts([name] * 40, range(40), range(40), title=name),
        figures.versus(
            {name: (weeks, [0.5] * 8)}, title=name, events=[(weeks[2], name)]
        ),
        figures.compare_counts(
            [name] * 3, [3, 1, 2], [1, 3, 2], title=name, bounds=[0, 1, 2]
        ),
        figures.realised_and_estimated(rows[:5], rows, title=name, measure=name),
        figures.small_multiples(panels, title=name),
        figures.forest(rows[:3], title=name, measure=name),
        figures.parts(rows[:3], title=name),
        figures.by_decile(rows[:3], title=name, measure=name, groups=name),
        figures.sparkline([0.8, 0.7], name=name, threshold=0.7),
    ]


@pytest.mark.parametrize("name", HOSTILE)
def test_any_name_gives_a_drawing_that_holds_nothing_but_a_drawing(name: str) -> None:
    for picture in every_kind(name):
        root = ElementTree.fromstring(picture.svg)
        tags = {element.tag.rpartition("}")[2] for element in root.iter()}
        assert tags <= {
            *("svg", "style", "defs", "g", "path", "use", "text", "tspan"),
            *("clipPath", "rect", "circle", "pattern"),
        }
        for element in root.iter():
            for attribute, value in element.attrib.items():
                assert not attribute.lower().startswith("on")
                if attribute.endswith("href"):
                    assert value.startswith("#")
        assert len(picture.alt) <= 2000
        assert picture.svg.encode()


def test_no_drawing_asks_for_anything_outside_itself() -> None:
    for picture in every_kind():
        rest = picture.svg.replace("http://www.w3.org/2000/svg", "")
        rest = rest.replace("http://www.w3.org/1999/xlink", "")
        assert "http" not in rest
        assert "@import" not in rest
        assert "url(#" in rest or "url(" not in rest


DRAWN = """
from lifecycle import figures
from lifecycle.findings import Finding

rows = [
    Finding("a", k / 9, 9, k / 9 - 0.05, k / 9 + 0.05, 0.5, "quiet", f"W{k}")
    for k in range(5)
]
picture = figures.over_time(rows, title="t", measure="a")
"""


def test_the_same_numbers_give_the_same_bytes_in_another_process() -> None:
    script = DRAWN + "import sys; sys.stdout.write(picture.svg)"
    other = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    here: dict[str, Picture] = {}
    exec(DRAWN, here)
    assert other.stdout == here["picture"].svg


def test_two_drawings_of_the_same_are_the_same_bytes() -> None:
    rows = [row(0.8, "W1"), row(0.6, "W2")]
    one, two = (figures.small_multiples([("a", rows)], title="t") for _ in range(2))
    assert one == two


def test_no_shape_keeps_a_light_colour_in_the_dark() -> None:
    for picture in every_kind():
        light, _, dark = picture.svg.partition("@media screen")
        dark, _, drawn = dark.partition("</style>")
        for name in set(re.findall(r'class="(s\w+)"', drawn)):
            (style,) = re.findall(rf"\.{name}{{(.*?)}}", light)
            for way in re.findall(r"(?<!-)(fill|stroke):#", style):
                assert re.search(rf"\.{name}\b[^{{}}]*{{{way}:#\w+!important}}", dark)
        assert "#" not in re.sub(
            r'(href="|url\()#\w+', "", re.sub(">[^<]*<", "><", drawn)
        )
        # what is used by reference must not bring a colour of its own along
        for defs in re.findall(r"<defs>(.*?)</defs>", picture.svg, re.S):
            assert "<pattern" in defs or "stroke: #" not in defs
        assert not re.search(r' (fill|stroke)="#', picture.svg)


def test_settings_of_a_notebook_change_nothing_and_are_left_alone() -> None:
    import matplotlib

    rows = [row(0.8, "W1"), row(0.6, "W2")]
    plain = figures.over_time(rows, title="t", measure="a").svg
    with matplotlib.rc_context({"font.size": 30, "axes.facecolor": "black"}):
        assert figures.over_time(rows, title="t", measure="a").svg == plain
        assert matplotlib.rcParams["font.size"] == 30


def test_the_state_machine_of_matplotlib_is_not_woken() -> None:
    script = (
        "import sys; from lifecycle import figures;"
        "assert 'matplotlib' not in sys.modules;"
        "figures.versus({'a': (['1'], [1.0])}, title='t');"
        "assert 'matplotlib.pyplot' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", script], check=True)


def test_a_year_of_weeks_stays_small() -> None:
    weeks = [f"2023-W{k:02d}" for k in range(1, 53)]
    rows = [row(0.8, week, lower=0.7, upper=0.9) for week in weeks]
    assert len(figures.over_time(rows, title="t", measure="a").svg) < 16_000


def test_over_time_says_newest_highest_lowest_threshold_and_alerts() -> None:
    rows = [row(0.8, "W1"), row(0.9, "W2"), row(0.65, "W3"), row(0.68, "W4")]
    alt = figures.over_time(rows, title="Performance", measure="accuracy").alt
    assert alt == (
        "Performance: accuracy from W1 to W4. Newest 0.680, highest 0.900 (W2), "
        "lowest 0.650 (W3). Threshold 0.700. Alert in W3 and W4."
    )


def test_alerts_are_marked_by_shape_and_word() -> None:
    with_alert = figures.over_time(
        [row(0.8, "W1"), row(0.6, "W2")], title="t", measure="a"
    )
    without = figures.over_time(
        [row(0.8, "W1"), row(0.8, "W2")], title="t", measure="a"
    )
    assert ">alert</text>" in with_alert.svg
    assert ">alert</text>" not in without.svg
    assert without.alt.endswith("No alert.")


def test_a_missing_value_leaves_a_gap_and_is_never_an_alert_mark() -> None:
    rows = [row(0.8, "W1"), row(math.nan, "W2", verdict="alert"), row(0.8, "W3")]
    picture = figures.over_time(rows, title="t", measure="a")
    assert ">alert</text>" not in picture.svg
    assert "Newest 0.800" in picture.alt


def test_all_missing_is_said() -> None:
    rows = [row(math.nan, "W1", verdict="undefined")]
    assert "Newest undefined." in figures.over_time(rows, title="t", measure="a").alt


@pytest.mark.parametrize("rows", [[], [row(0.8)]], ids=["none", "no period"])
def test_nothing_to_draw_is_drawn_as_nothing(rows: list[Finding]) -> None:
    picture = figures.over_time(rows, title="Performance", measure="accuracy")
    assert picture.alt == "Performance: no periods to draw."
    assert "nothing to draw" in picture.svg


def test_of_many_subjects_those_with_alerts_are_drawn() -> None:
    rows = [row(0.8, "W1", f"quiet {k}") for k in range(9)] + [row(0.6, "W1", "loud")]
    picture = figures.over_time(rows, title="t", measure="a")
    assert ">loud</text>" in picture.svg
    assert picture.alt.endswith("4 more are not drawn.")


def test_constant_and_single_values_are_drawn() -> None:
    for rows in ([row(0.8, "W1")], [row(0.8, "W1"), row(0.8, "W2")]):
        assert "Newest 0.800" in figures.over_time(rows, title="t", measure="a").alt


def test_money_and_shares_are_written_as_such() -> None:
    money = [Finding("net_value", 12400.0, 9, subject="retrain", unit="USD")]
    share = [Finding("missing", 0.123, 9, subject="plan", unit="%")]
    assert "$12,400" in figures.by_subject(money, title="t", measure="net_value").alt
    assert "12.3%" in figures.by_subject(share, title="t", measure="missing").alt


def test_what_rounds_to_nothing_has_no_sign_and_what_is_huge_is_short() -> None:
    from lifecycle.figures.picture import say

    assert (say(-0.0004, "%"), say(-0.3, "EUR")) == ("0.0%", "€0")
    assert (say(math.inf), say(-math.inf)) == ("∞", "\N{MINUS SIGN}∞")
    assert (say(1e300, "%"), say(1e300, "USD")) == ("1e+302%", "$1e+300")


def test_bars_stand_from_largest_to_smallest_and_undefined_last() -> None:
    rows = [row(v, subject=s) for v, s in [(0.1, "a"), (-0.4, "b"), (0.9, "c")]]
    rows.append(row(math.nan, subject="d", verdict="undefined"))
    alt = figures.by_subject(rows, title="t", measure="m").alt
    assert [alt.index(f"{name} ") for name in ("c", "a", "b")] == sorted(
        alt.index(f"{name} ") for name in "cab"
    )
    assert "d undefined" in alt


def test_bars_beyond_twenty_are_counted() -> None:
    rows = [row(0.01 * k, subject=f"f{k}") for k in range(57)]
    assert (
        "37 smaller ones are not drawn."
        in figures.by_subject(rows, title="t", measure="m").alt
    )


def test_no_bars_is_said() -> None:
    assert figures.by_subject([], title="t", measure="m").alt == "t: nothing to draw."


def test_shares_of_cells_are_told_by_their_largest_change() -> None:
    alt = figures.compare_counts(
        ["web", "fair"], [90, 10], [60, 40], title="channel"
    ).alt
    assert "web from 90.0% to 60.0%" in alt or "fair from 10.0% to 40.0%" in alt
    assert "100 rows against 100" in alt


def test_a_side_without_rows_is_said_not_divided() -> None:
    alt = figures.compare_counts(["web"], [0], [4], title="channel").alt
    assert alt.endswith("One of them has no rows.")


def test_labels_and_counts_of_other_lengths_are_an_error() -> None:
    with pytest.raises(ValueError, match="2 labels for 1 reference"):
        figures.compare_counts(["a", "b"], [1], [1, 2], title="t")


def test_reliability_names_the_largest_gap() -> None:
    table = pd.DataFrame(
        {
            "n": [100, 50, 0],
            "mean_score": [0.2, 0.8, np.nan],
            "rate": [0.25, 0.5, np.nan],
            "rate_lower": [0.2, 0.4, np.nan],
            "rate_upper": [0.3, 0.6, np.nan],
        }
    )
    alt = figures.reliability(table, title="Calibration").alt
    assert "in 2 bins" in alt
    assert "at a score of 80.0%, where 50.0% came true (n 50)" in alt
    assert figures.reliability(table.iloc[:0], title="C").alt == "C: no bins to draw."


def test_versus_numbers_what_happened_and_says_when_below() -> None:
    weeks = ["W1", "W2", "W3"]
    picture = figures.versus(
        {"managed": (weeks, [0.85, 0.7, 0.84]), "alone": (weeks, [0.85, 0.6, 0.4])},
        title="Accuracy",
        threshold=0.8,
        events=[("W2", "retrained"), ("W3", "retrained"), ("W3", "rolled back")],
        unit="%",
    )
    assert "1  W2: retrained<" in picture.svg
    assert "2  W3: retrained, rolled back<" in picture.svg
    assert "threshold 80.0%" in picture.svg
    assert "alone: first 85.0%, lowest 40.0% (W3), last 40.0%." in picture.alt
    assert "retrained (W2); retrained (W3); rolled back (W3)" in picture.alt


def test_the_same_again_keeps_its_number() -> None:
    weeks = [f"W{k}" for k in range(8)]
    picture = figures.versus(
        {"managed": (weeks, [0.5] * 8)},
        title="Accuracy",
        events=[(week, "alert") for week in weeks[:5]] + [("W6", "retrained")],
    )
    assert "1  W0, W1, W2 and 2 more: alert<" in picture.svg
    assert "2  W6: retrained<" in picture.svg
    assert ">3<" not in picture.svg


def test_versus_of_nothing_is_said() -> None:
    assert figures.versus({}, title="t").alt == "t: nothing to draw."
    assert "a: undefined." in figures.versus({"a": (["1"], [math.nan])}, title="t").alt


def test_a_notebook_gets_the_drawing_with_its_description() -> None:
    data, about = Picture("<svg/>", "Nothing.")._repr_mimebundle_()
    assert data == {"image/svg+xml": "<svg/>", "text/plain": "Nothing."}
    assert about == {"image/svg+xml": {"alt": "Nothing."}}


def test_a_sparkline_without_values_says_so() -> None:
    for values in ([], [math.nan]):
        picture = figures.sparkline(values, name="accuracy")
        assert picture.alt == "accuracy: nothing measured yet."
    assert "L" in figures.sparkline([1, 2], name="a").svg
    assert figures.sparkline([1, math.nan, 2], name="a").svg.count("M") >= 2


def test_colours_stand_out_on_the_light_and_the_dark_card() -> None:
    from lifecycle.figures import picture

    def luminance(colour: str) -> float:
        parts = [int(colour[k : k + 2], 16) / 255 for k in (1, 3, 5)]
        linear = [
            p / 12.92 if p <= 0.03928 else ((p + 0.055) / 1.055) ** 2.4 for p in parts
        ]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    dark_card = luminance(picture._DARK[picture.CARD])
    for colour in (*picture.LINES, picture.INK, picture.MUTED, picture.ALERT):
        assert 1.05 / (luminance(colour) + 0.05) >= 4.5
        assert (luminance(picture._DARK[colour]) + 0.05) / (dark_card + 0.05) >= 4.5
