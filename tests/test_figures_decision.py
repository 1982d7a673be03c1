"""Pictures of the page that decides: net values, windows, flip points, promises."""

from __future__ import annotations

import math
import re
from typing import NamedTuple
from xml.etree import ElementTree

import pandas as pd
import pytest

from lifecycle import decision, figures
from lifecycle.figures import Picture
from lifecycle.findings import Finding

HOSTILE = [
    "<script>alert(1)</script>",
    '"><svg onload=alert(1)>',
    "$\\frac{1}{$ ]]> &amp;",
    "nul\x00 bell\x07 lone\ud800, line\nbreak",
    "x" * 5000,
    "",
]
MINUS = "\N{MINUS SIGN}"


class Flip(NamedTuple):
    what: str
    side: str
    now: float
    at: float
    to: str = ""
    unit: str = "USD"


class Kept(NamedTuple):
    name: str
    promised: float
    promised_lower: float
    promised_upper: float
    came: float
    came_lower: float = math.nan
    came_upper: float = math.nan
    inside: bool | None = True


def net(subject: str, value: float, lower: float = math.nan, upper: float = math.nan):
    return Finding("net_value", value, 400, lower, upper, subject=subject, unit="USD")


def saved(subject: str, window: str, value: float, half: float = 0.02) -> Finding:
    ends = value - half, value + half
    return Finding("difference", value, 400, *ends, period=window, subject=subject)


def every_kind(name: str = "retrain") -> list[Picture]:
    weeks = [f"2023-W{k:02d}" for k in range(1, 9)]
    bins = pd.DataFrame(
        {
            "n": [9, 9],
            "mean_score": [0.2, 0.8],
            "rate": [0.1, 0.9],
            "rate_lower": [0.0, 0.8],
            "rate_upper": [0.2, 1.0],
        }
    )
    return [
        figures.net_values(
            [net(name, 9320.0, 7340.0, 11300.0), net("keep", 0.0), net("b", -9e5)],
            title=name,
            chosen=name,
            prices={name: 500.0},
            measure=name,
        ),
        figures.by_window(
            [saved(name, week, 0.01 * k) for k, week in enumerate(weeks)],
            title=name,
            measure=name,
            left_out={"2023-W09": name, weeks[2]: name},
        ),
        figures.flip_points(
            [
                Flip(name, "above", 1500, 3400, name, "USD"),
                Flip(name, "below", 1500, 20, name, name),
                Flip("delay", "later", 0, 2, name, name),
            ],
            title=name,
        ),
        figures.promised(
            [Kept(name, 900, 400, 1400, 850, 600, 1100)], title=name, unit="USD"
        ),
        figures.reliability(bins, title=name, beside=bins, names=(name, name)),
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
            assert not any(key.lower().startswith("on") for key in element.attrib)
        assert len(picture.alt) <= 2000
        assert "\n" not in picture.alt


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
        assert "screen and (prefers-color-scheme:dark)" in picture.svg
        assert not re.search(r' (fill|stroke)="#', picture.svg)


def test_two_drawings_of_the_same_are_the_same_bytes() -> None:
    for one, two in zip(every_kind(), every_kind(), strict=True):
        assert one == two


# ---------------------------------------------------------------- net values


def test_the_chosen_action_is_marked_by_a_word_and_the_price_is_written() -> None:
    picture = figures.net_values(
        [net("keep", 0.0), net("retrain", 9320.0, 7340.0, 11300.0)],
        title="Net value",
        chosen="retrain",
        prices={"retrain": 500.0, "keep": math.nan},
    )
    assert re.search(r">\$9,320\s+chosen<", picture.svg)
    assert ">price $500<" in picture.svg
    assert picture.svg.count(">price ") == 1
    assert picture.alt.startswith(
        "Net value: net value of 2 actions, largest first: retrain $9,320 ($7,340 to "
        "$11,300), price $500, chosen; keep $0."
    )


def test_undefined_values_come_last_and_have_no_bar() -> None:
    alt = figures.net_values(
        [net("rebuild", math.nan), net("keep", 0.0), net("roll back", -5.0)], title="t"
    ).alt
    assert alt.index("keep") < alt.index("roll back") < alt.index("rebuild undefined")


def test_a_loss_that_would_dwarf_all_others_runs_out_of_the_drawing() -> None:
    small = [net("retrain", 9000.0, 7000.0, 11000.0), net("keep", 0.0)]
    huge = net("rebuild", -69000.0, -74000.0, -63000.0)
    arrow = "\N{BLACK LEFT-POINTING TRIANGLE}"
    cut = figures.net_values([*small, huge], title="t")
    assert arrow in cut.svg
    assert f"{MINUS}$60,000" not in cut.svg
    assert f">{MINUS}$69,000<" in cut.svg
    assert f"rebuild {MINUS}$69,000" in cut.alt
    near = figures.net_values([*small, net("roll back", -9000.0)], title="t")
    assert arrow not in near.svg
    alone = figures.net_values([net("keep", 0.0), huge], title="t")
    assert arrow not in alone.svg


def test_of_many_actions_the_chosen_one_is_never_left_out() -> None:
    rows = [net(f"option {k}", 100.0 - k) for k in range(40)]
    picture = figures.net_values(rows, title="t", chosen="option 39")
    assert "option 39 $61, chosen" in picture.alt
    assert picture.alt.endswith("24 smaller ones are not drawn.")


def test_no_actions_are_said() -> None:
    assert figures.net_values([], title="t").alt == "t: nothing to draw."


# ---------------------------------------------------------------- windows


def test_windows_left_out_are_hatched_and_their_reasons_are_written_once() -> None:
    rows = [saved("retrain", week, 0.04) for week in ("W1", "W4")]
    why = {"W2": "visits frozen", "W3": "visits frozen"}
    picture = figures.by_window(rows, title="t", left_out=why)
    assert "<pattern" in picture.svg
    assert ">Hatched, left out: W2 and W3: visits frozen<" in picture.svg
    assert picture.alt.endswith("Left out: W2, visits frozen; W3, visits frozen.")
    assert "<pattern" not in figures.by_window(rows, title="t").svg


def test_the_first_options_are_drawn_and_the_others_counted() -> None:
    rows = [saved(f"option {k}", week, 0.0) for k in range(5) for week in ("W1", "W2")]
    picture = figures.by_window(rows, title="t")
    assert ">option 2</text>" in picture.svg
    assert ">option 3</text>" not in picture.svg
    assert ">champion</text>" in picture.svg
    assert picture.alt.endswith("2 more options are not drawn.")


def test_how_often_an_option_was_better_is_told() -> None:
    values = {"W1": -0.1, "W2": math.nan, "W3": 0.2}
    rows = [saved("retrain", week, value) for week, value in values.items()]
    alt = figures.by_window(rows, title="t").alt
    assert "retrain: above 0 in 1 of 2 windows, newest 0.200" in alt
    nothing = figures.by_window([saved("a", "W1", math.nan)], title="t").alt
    assert "a: undefined." in nothing


def test_no_windows_are_said() -> None:
    picture = figures.by_window([net("keep", 0.0)], title="t")
    assert picture.alt == "t: no windows to draw."
    assert "nothing to draw" in picture.svg
    only = figures.by_window([], title="t", left_out={"W1": "frozen"})
    assert "<pattern" in only.svg


# ---------------------------------------------------------------- flip points


def test_the_present_price_and_where_it_turns_are_written() -> None:
    picture = figures.flip_points(
        [
            Flip("retrain", "above", 1500, 3400, "keep"),
            Flip("retrain", "below", 1500, math.inf),
            Flip("error", "below", 10, 4.35, "keep"),
            Flip("delay", "later", 0, 2, "keep", "week"),
        ],
        title="t",
    )
    for words in ("$3,400: keep", "now $1,500", "$4.35: keep", "2 weeks later: keep"):
        assert f">{words}<" in picture.svg
    assert picture.alt == (
        "t: retrain, now $1,500, above $3,400: keep, never below; error, now $10, "
        "below $4.35: keep; delay, 2 weeks later: keep."
    )


def test_what_never_turns_and_what_is_unknown_is_said_not_drawn() -> None:
    picture = figures.flip_points(
        [
            Flip("roll_back", "above", 0, math.inf),
            Flip("rebuild", "below", 80000, math.nan),
        ],
        title="t",
    )
    assert ">nothing changes it<" in picture.svg
    assert ">below: unknown<" in picture.svg
    assert figures.flip_points([], title="t").alt == "t: nothing to draw."


def test_a_price_that_turns_at_nothing_or_far_away_stays_within_the_drawing() -> None:
    for at in (0.0, 1e-12, 1e15):
        side = "above" if at > 1 else "below"
        picture = figures.flip_points([Flip("error", side, 5, at, "keep")], title="t")
        assert "now $5" in picture.alt
    free = figures.flip_points([Flip("roll_back", "above", 0, 120, "keep")], title="t")
    assert ">above $120: keep<" in free.svg


def test_the_flips_of_a_ruling_are_drawn_as_they_are() -> None:
    flips = decision.Flips((decision.Flip("retrain", "above", 1500.0, 3400.0, "keep"),))
    assert "above $3,400: keep" in figures.flip_points(flips.rows, title="t").alt


# ---------------------------------------------------------------- promises


def test_what_came_outside_its_promise_is_said_in_words() -> None:
    picture = figures.promised(
        [
            Kept("may", 900, 400, 1400, 850),
            Kept("june", 900, 400, 1400, -20, inside=False),
        ],
        title="t",
        unit="USD",
    )
    assert re.search(rf">{MINUS}\$20 of \$900\s+outside<", picture.svg)
    assert ">$850 of $900<" in picture.svg
    assert picture.alt == (
        f"t: june promised $900 ($400 to $1,400), came {MINUS}$20 (outside); may "
        "promised $900 ($400 to $1,400), came $850 (within)."
    )


def test_promises_without_an_interval_are_drawn_and_old_ones_counted() -> None:
    bare = Kept("may", 900, math.nan, math.nan, math.nan, inside=None)
    assert "came undefined (unknown)" in figures.promised([bare], title="t").alt
    many = figures.promised([bare] * 20, title="t")
    assert many.alt.endswith("4 older ones are not drawn.")
    assert figures.promised([], title="t").alt == "t: nothing to draw."
