"""Pages in their reader's locale: numbers, money, days, fixed words."""

from __future__ import annotations

import base64
import re
from pathlib import Path

import pytest
from babel.dates import format_date
from babel.numbers import format_currency, format_decimal, format_percent
from hypothesis import given
from hypothesis import strategies as st

import lifecycle
from lifecycle import figures, jobs, markup
from lifecycle.markup.words import CATALOGUES

LOCALES = ("de", "fr", "es", "de_CH", "pt_BR", "sv", "pl", "ja")
MINUS = "\N{MINUS SIGN}"


@pytest.mark.parametrize("locale", LOCALES)
@given(value=st.integers(10_000, 10**12), share=st.integers(0, 1000))
def test_numbers_money_and_shares_are_set_as_babel_sets_them(
    locale: str, value: int, share: int
) -> None:
    said = markup.localised(
        f"<p>{value:,} and {value / 8:,.3f} and {share / 1000:.1%} and ${value:,}</p>",
        locale,
    )
    whole = format_decimal(value, locale=locale)
    part = format_decimal(value / 8, "#,##0.000", locale=locale)
    money = format_currency(value, "USD", locale=locale, currency_digits=False).replace(
        format_decimal(0, "0.00", locale=locale)[1:], ""
    )
    pattern = re.sub(r"#,##0|0", "0.0", format_percent(0, locale=locale))
    percent = pattern.replace("0.0", format_decimal(share / 10, "0.0", locale=locale))
    assert said == f"<p>{whole} and {part} and {percent} and {money}</p>"


@pytest.mark.parametrize("locale", LOCALES)
@given(day=st.dates())
def test_days_are_set_as_babel_sets_them(locale: str, day: object) -> None:
    assert markup.localised(f"on {day}.", locale) == (
        f"on {format_date(day, 'medium', locale=locale)}."
    )


@pytest.mark.parametrize(
    "text",
    [
        "2024-W07",
        "06:00 UTC",
        "build 12",
        "3.11.2",
        "10.0.0.1",
        "1,2,3",
        "v1.5",
        "2023-13-45",
        "a/2024-06-03/audit",
        "2024-06-03T060000Z",
        "&#x27;a&#x27;",
        "plan_2.0",
        "1:2.5",
    ],
)
def test_what_is_no_number_and_no_day_stays(text: str) -> None:
    assert markup.localised(f"<p>{text}</p>", "de") == f"<p>{text}</p>"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (f"{MINUS}€1,500", f"{MINUS}1.500\xa0€"),
        ("CHF\xa01,500.25", "1.500,25\xa0CHF"),
        (
            "(90%: 83.1% to 88.7%, n 1,411)",
            "(90\xa0%: 83,1\xa0% to 88,7\xa0%, n 1.411)",
        ),
        ("+$55,000 over 26 weeks", "+55.000\xa0$ over 26 weeks"),
        ("threshold 0.5.", "threshold 0,5."),
        ("&quot;0.5&quot;", "&quot;0,5&quot;"),
        ("1.5e+21", "1,5e+21"),
    ],
)
def test_numbers_within_a_sentence_are_set(text: str, said: str) -> None:
    assert markup.localised(f"<p>{text}</p>", "de") == f"<p>{said}</p>"


def test_code_links_and_styles_are_left_alone() -> None:
    page = (
        '<style>p{width:1.5em}</style><a href="2024-06-03/a.html">0.5</a>'
        "<pre><code>x = 0.5</code> 1.5</pre><code>0.5</code><p>0.5</p>"
    )
    assert markup.localised(page, "de") == page.replace(">0.5</a>", ">0,5</a>").replace(
        "<p>0.5", "<p>0,5"
    )


def test_pictures_and_what_is_said_of_them_follow() -> None:
    picture = figures.sparkline([0.85, 0.62], name="accuracy", unit="%")
    drawn = figures.Picture(picture.svg.replace("</svg>", "<text>0.5</text></svg>"), "")
    shown = markup.localised(markup.image(drawn.svg, picture.alt), "de")
    assert "first 85,0\xa0%" in shown
    svg = base64.b64decode(re.findall('base64,([^"]*)', shown)[0]).decode()
    assert svg == drawn.svg.replace(">0.5<", ">0,5<")


def test_english_is_the_same_page_and_another_says_its_language() -> None:
    body = markup.Html("<p>81.2% of 1,400</p>")
    assert markup.page("t", body) == markup.page("t", body, locale="en")
    assert '<html lang="de-CH">' in markup.page("t", body, locale="de_CH")


def test_english_sentences_on_a_page_of_another_language_say_so() -> None:
    page = markup.Html(
        '<h2>What to do</h2><main class="page-body"><h2>Contents</h2><p>Why.</p></main>'
    )
    said = markup.page("t", page, locale="de", prose="en")
    assert '<h2>Was zu tun ist</h2><main class="page-body" lang="en">' in said
    assert '<h2><span lang="de">Inhalt</span></h2><p>Why.</p>' in said


def test_words_that_are_somebodys_data_are_not_translated() -> None:
    table = markup.table(["Period", "Verdict"], [["Alert", "Contents"]])
    said = markup.localised(table, "de")
    assert ">Zeitraum</th>" in said
    assert ">Urteil</th>" in said
    assert '<th scope="row">Alert</th><td>Contents</td>' in said


@pytest.mark.parametrize("name", ["", "xx", "deutsch", "../de", "de;x"])
def test_a_locale_nobody_knows_is_refused_in_a_sentence(name: str) -> None:
    with pytest.raises(ValueError, match="is not a locale; write a language"):
        markup.known_locale(name)


def test_a_moment_keeps_its_hour_in_a_translated_sentence() -> None:
    said = markup.localised("<h2>Since the report of 2024-06-03 06:00 UTC</h2>", "de")
    assert said == "<h2>Seit dem Bericht vom 03.06.2024 06:00 UTC</h2>"


def test_the_settings_take_a_locale_and_refuse_what_is_none(tmp_path: Path) -> None:
    from lifecycle import config, errors

    path = tmp_path / config.FILE
    path.write_text('[workspace]\nlocale = "de-ch"\n', "utf-8")
    assert config.load(tmp_path).workspace.locale == "de_CH"
    path.write_text('[workspace]\nlocale = "deutsch"\n', "utf-8")
    with pytest.raises(errors.SettingsError, match="'deutsch' is not a locale"):
        config.load(tmp_path)


def test_each_catalogue_has_all_words_and_the_same_places_in_them() -> None:
    keys = {language: set(words) for language, words in CATALOGUES.items()}
    assert all(held == keys["de"] for held in keys.values())
    for words in CATALOGUES.values():
        for key, said in words.items():
            assert said
            assert len(re.findall(r"\{#?\}", key)) == said.count("{}")


def test_no_catalogue_keeps_a_word_that_no_page_has() -> None:
    house = Path(lifecycle.__file__).parent
    files = [p for p in house.rglob("*.py") if not p.name.startswith("german")]
    files += jobs.shipped().glob("*.ipynb")
    text = " ".join(" ".join(p.read_text("utf-8").split()) for p in files).lower()
    for key in CATALOGUES["de"]:
        parts = [part.strip(" ,().:") for part in re.split(r"\{#?\}", key)]
        assert all(part.lower() in text for part in parts), key
