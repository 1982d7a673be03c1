"""Markup: what goes in as text comes out as text."""

from __future__ import annotations

import math
import re
import unicodedata
from datetime import UTC, datetime
from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lifecycle import markup
from lifecycle.findings import Finding, Findings

HOSTILE = [
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    '"><svg onload=alert(1)>',
    "' onmouseover='alert(1)",
    "</style></title><script>alert(1)</script>",
    "&lt;script&gt;",
]


class Seen(HTMLParser):
    """Elements, attributes and text of a page as a browser would see them."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str]] = []
        self.text = ""
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += [(name, value or "") for name, value in attrs]

    def handle_data(self, data: str) -> None:
        self.text += data


def assert_harmless(html: str) -> None:
    seen = Seen(html)
    assert not {"script", "iframe", "object", "embed", "link", "base"} & set(seen.tags)
    for name, value in seen.attributes:
        assert not name.startswith("on"), (name, value)
        if name in ("src", "href", "action", "srcset", "poster"):
            assert not re.match(r"\s*(javascript|vbscript|file|http):", value, re.I)
            assert not value.startswith("//")
        if name == "src":
            assert value.startswith("data:image/")


@pytest.mark.parametrize("text", HOSTILE)
def test_every_block_shows_hostile_text_as_text(text: str) -> None:
    row = Finding(text, 0.5, 3, verdict="alert", subject=text, period=text, unit=text)
    blocks = [
        markup.paragraph(text, kind=text),
        markup.items([text]),
        markup.folded(text, text),
        markup.section(text, text, anchor=text),
        markup.table([text, text], [[text, text]], caption=text),
        markup.card(text, {text: text, "many": [text], "map": {text: text}}),
        markup.findings(text, text, text, [row]),
        markup.badge(text),
        markup.link(text, text),
        markup.link("https://example.org/?" + text, text),
        markup.image("<svg/>", text, caption=text, kind=text),
        markup.page(text, text),
    ]
    for block in blocks:
        assert_harmless(block)
        assert "<svg onload" not in block
    assert text in Seen(markup.paragraph(text)).text


@given(st.text())
def test_a_cell_reads_as_what_was_put_in(text: str) -> None:
    cell = Seen(f"<p>{markup.cell(text)}</p>")
    assert cell.tags == ["p"]
    assert len(cell.text) == len(text)
    for shown, put in zip(cell.text, text, strict=True):
        obeyed = unicodedata.category(put) in ("Cc", "Cs") and put not in "\t\n\r"
        turned = unicodedata.bidirectional(put)[:2] in ("LR", "RL", "PD", "FS")
        assert shown == ("\N{REPLACEMENT CHARACTER}" if obeyed or turned else put)


@given(st.text(), st.text())
def test_a_link_leads_nearby_or_to_https_or_nowhere(href: str, text: str) -> None:
    for _, target in Seen(markup.link(href, text)).attributes:
        assert target.lower().startswith("https://") or not re.match(
            r"[\x00-\x20]*[a-z][a-z0-9+.\-]*:|[\x00-\x20]*[/\\]", target, re.I
        )


@pytest.mark.parametrize(
    "href",
    [
        "javascript:alert(1)",
        "JaVaScRiPt:alert(1)",
        " javascript:alert(1)",
        "java\nscript:alert(1)",
        "\x01javascript:alert(1)",
        "data:text/html,<script>",
        "http://example.org",
        "//example.org",
        "\\\\example.org",
        "file:///etc/passwd",
        "",
    ],
)
def test_a_link_that_is_not_safe_leaves_its_text(href: str) -> None:
    assert markup.link(href, "text") == "text"


def test_relative_and_https_links_stay() -> None:
    assert markup.link("a%20b/2023-04-01/x.html", "x").startswith('<a href="a%20b/')
    assert markup.link("https://example.org/a?b=1&c=2", "x") == (
        '<a href="https://example.org/a?b=1&amp;c=2">x</a>'
    )
    assert markup.link("#alerts", "x") == '<a href="#alerts">x</a>'


@pytest.mark.parametrize(
    ("value", "unit", "written"),
    [
        (0.8123, "%", "81.2%"),
        (0.8123, "", "0.812"),
        (0, "", "0"),
        (0.0, "", "0.000"),
        (0.0002, "", "0.0002"),
        (4.0, "rows", "4\N{NO-BREAK SPACE}rows"),
        (4.25, "min", "4.250\N{NO-BREAK SPACE}min"),
        (12.345, "", "12.35"),
        (123.45, "", "123.5"),
        (12345.6, "", "12,346"),
        (12345, "", "12,345"),
        (10**20, "", "100,000,000,000,000,000,000"),
        (10**400, "", "1.00e+400"),
        (-0.0004, "%", "0.0%"),
        (-0.001, "USD", "$0.00"),
        (-1e300, "%", "\N{MINUS SIGN}1.00e+302%"),
        (1e18, "USD", "$1.00e+18"),
        (12400, "USD", "$12,400"),
        (-1500.0, "USD", "\N{MINUS SIGN}$1,500"),
        (0.0, "EUR", "€0"),
        (2.5, "CHF", "CHF\N{NO-BREAK SPACE}2.50"),
        (3, "days", "3\N{NO-BREAK SPACE}days"),
        (math.nan, "%", "\N{EN DASH}"),
        (None, "", "\N{EN DASH}"),
        (-math.inf, "", "\N{MINUS SIGN}∞"),
        (True, "", "yes"),
        ("text", "", "\N{EN DASH}"),
    ],
)
def test_numbers_are_written_for_a_reader(
    value: object, unit: str, written: str
) -> None:
    assert markup.number(value, unit) == written


def test_numbers_of_numpy_are_numbers() -> None:
    np = pytest.importorskip("numpy")
    assert markup.number(np.int64(12345)) == "12,345"
    assert markup.number(np.float64("nan")) == "\N{EN DASH}"
    assert markup.cell(np.float32(0.5)) == "0.500"


def test_markup_is_not_escaped_twice_and_sums_are_plain_again() -> None:
    badge = markup.badge("alert")
    assert markup.cell(badge) == badge
    assert markup.cell(badge + "<b>").startswith("&lt;span")


def test_moments_and_collections_read_well() -> None:
    assert markup.cell(datetime(2023, 4, 1, 6, tzinfo=UTC)) == "2023-04-01 06:00 UTC"
    assert markup.cell({"b", "a"}) == "a, b"
    assert markup.cell({"n": 400, "share": 0.5}) == "n 400, share 0.500"


def test_a_badge_says_its_word() -> None:
    for verdict, word in [("alert", "Alert"), ("quiet", "Quiet"), ("", "Undefined")]:
        assert Seen(markup.badge(verdict)).text == word


def test_a_table_has_scopes_a_name_and_a_box_for_the_keyboard() -> None:
    html = markup.table(["feature", "n"], [["plan", 4]], caption="Drift", numeric=[1])
    assert '<th scope="col" class="lc-num">n</th>' in html
    assert '<th scope="row">plan</th>' in html
    assert 'tabindex="0"' in html
    assert 'aria-label="Drift"' in html
    assert "<caption>Drift</caption>" in html


def test_a_table_without_rows_is_a_table() -> None:
    assert "<tbody></tbody>" in markup.table(["a"], [])


def test_a_row_of_another_length_is_named() -> None:
    with pytest.raises(ValueError, match="row 2 of the table has 1 cells for 2"):
        markup.table(["a", "b"], [[1, 2], [3]])


def test_findings_leave_out_columns_that_are_empty() -> None:
    plain = markup.findings("Q", "A.", "quiet", [Finding("ks", 0.1, 9)])
    assert "Period" not in plain
    assert "Interval" not in plain
    assert "Threshold" not in plain
    full = Finding("ks", 0.1, 9, 0.0, 0.2, 0.3, "quiet", "W1", "plan")
    assert "0.000 to 0.200" in markup.findings("Q", "A.", "quiet", [full])


def test_findings_without_rows_say_so() -> None:
    assert "No rows." in Findings("Q", ())._repr_html_()


def test_of_many_findings_the_newest_stand_in_sight() -> None:
    rows = [Finding("a", 0.5, 9, period=f"W{k:02d}") for k in range(30)]
    html = markup.findings("Q", "", "undefined", rows)
    near, _, far = html.partition("<details")
    assert "W29" in near
    assert "W17" not in near
    assert "W17" in far
    assert "18 earlier rows" in far


def test_a_page_fetches_nothing_and_runs_nothing() -> None:
    html = markup.page("T", markup.paragraph("x"), style="p { color: red } </style>")
    seen = Seen(html)
    assert html.startswith("<!doctype html>")
    assert ("content", markup.POLICY) in seen.attributes
    assert "default-src 'none'" in markup.POLICY
    assert "script" not in seen.tags
    assert "url(" not in markup.STYLE
    assert "@import" not in markup.STYLE
    assert html.count("</style>") == 1


def luminance(colour: str) -> float:
    parts = [int(colour[k : k + 2], 16) / 255 for k in (1, 3, 5)]
    linear = [
        p / 12.92 if p <= 0.03928 else ((p + 0.055) / 1.055) ** 2.4 for p in parts
    ]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("mode", [0, 1], ids=["light", "dark"])
def test_text_stands_out_from_its_ground(mode: int) -> None:
    block = markup.STYLE.split(":root {")[mode + 1].split("}")[0]
    colour = dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6})", block))
    pairs = [(ink, ground) for ink in ("ink", "muted") for ground in ("paper", "sheet")]
    tones = ["alert", "quiet", "pending", "undefined"]
    pairs += [(tone, f"{tone}-paper") for tone in tones]
    pairs += [(ink, f"{tone}-paper") for tone in tones for ink in ("ink", "muted")]
    pairs += [("accent", "paper"), ("ink", "card")]
    for ink, ground in pairs:
        assert contrast(colour[ink], colour[ground]) >= 4.5, (ink, ground)


def colours(sheet: str) -> dict[str, str]:
    return dict(re.findall(r"--([a-z-]+): (#[0-9a-f]{6})", sheet))


def test_in_print_the_page_is_white_and_its_text_stands_out() -> None:
    screen, _, paper = markup.STYLE.partition("@media print {")
    light = colours(screen.partition("@media screen and")[0])
    printed = light | colours(paper)
    assert "color-scheme: light" in paper
    assert printed["ink"] == "#000000"
    for ground in ("paper", "card", "sheet", "alert-paper", "quiet-paper"):
        assert printed[ground] == "#ffffff"
    for words in ("ink", "muted", "alert", "quiet", "pending", "undefined", "accent"):
        assert contrast(printed[words], "#ffffff") >= 4.5


def test_the_dark_is_for_screens_alone() -> None:
    asked = re.findall(r"@media ([^{]*prefers-color-scheme[^{]*)", markup.STYLE)
    assert asked
    assert all(each.startswith("screen and") for each in asked)


def test_a_period_is_shown_whole() -> None:
    rows = [
        Finding("ks", 0.5, 9, period=f"W{week}", subject=name)
        for week in range(4)
        for name in ("a", "b", "c", "d", "e")
    ]
    html = markup.findings("Q", "", "undefined", rows)
    near, _, far = html.partition("<details")
    assert near.count("<tr>") == 1 + 10
    assert "W1" not in near
    assert far.count("W1") == 5


def test_one_long_period_is_cut_all_the_same() -> None:
    rows = [Finding(f"m{k:02d}", 0.5, 9, period="W1") for k in range(30)]
    near = markup.findings("Q", "", "undefined", rows).partition("<details")[0]
    assert near.count("<tr>") == 1 + 12


def test_measures_of_a_period_stand_side_by_side_the_newest_first() -> None:
    rows = [
        Finding(
            name,
            0.5,
            9,
            0.4,
            0.6,
            0.7 if name == "accuracy" else math.nan,
            "alert" if name == "accuracy" else "undefined",
            f"W{week:02d}",
        )
        for week in range(12)
        for name in ("accuracy", "roc_auc")
    ]
    html = markup.findings("Q", "A.", "alert", rows)
    near, _, far = html.partition("<details")
    assert near.count("<tr>") == 1 + 8
    assert near.index("W11") < near.index("W04")
    assert "Accuracy (threshold 0.700)" in near
    assert "ROC AUC</th>" in near
    assert near.count('lc-alert">Alert') == 1 + 8
    assert "4 earlier periods" in far
    assert "W03" in far


def test_a_value_of_too_few_rows_says_so_side_by_side() -> None:
    few = Finding("accuracy", 0.5, 3, threshold=0.7, period="W1")
    free = Finding("recall", 0.5, 3, period="W1")
    assert markup.grid([few, free]).count("Undefined") == 1


def test_an_alert_is_never_folded_away_behind_what_is_quiet() -> None:
    rows = [Finding("new", 0.1, 9, 0, 1, 0.3, "quiet", "", f"f{k}") for k in range(30)]
    rows.append(Finding("new", 0.5, 9, 0, 1, 0.3, "alert", "", "plan"))
    near = markup.findings("Q", "A.", "alert", rows).partition("<details")[0]
    assert "plan" in near


def test_what_was_held_against_nothing_has_no_verdict() -> None:
    free = Finding("conversion", 0.5, 9, 0.4, 0.6)
    assert "Undefined" not in markup.findings("Q", "A.", "undefined", [free])
    few = Finding("accuracy", 0.5, 3, threshold=0.7)
    assert "Undefined" in markup.findings("Q", "A.", "undefined", [free, few])


def test_a_row_without_a_name_has_no_header_that_says_nothing() -> None:
    shown = markup.table(["subject", "n"], [["", 3], ["all", 4]])
    assert '<th scope="row"></th>' not in shown
    assert '<th scope="row">all</th>' in shown
