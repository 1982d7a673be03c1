"""A page in its reader's locale: numbers, money, days and the fixed words.

Everywhere else a number has one form: 1,234.5 and 81.2% and $1,200, a day is
2024-06-03. So records can be compared, and a sentence made in a notebook is the same
wherever it was made. When a page is written these forms are read again and set as the
reader's country has them.
"""

from __future__ import annotations

import base64
import functools
import re
from collections.abc import Callable
from datetime import date
from html import unescape
from typing import TYPE_CHECKING

from lifecycle.markup.sentences import spoken
from lifecycle.markup.text import Html, cell
from lifecycle.markup.words import translator

if TYPE_CHECKING:
    from babel import Locale

__all__ = ["HOUSE", "known_locale", "localised"]

HOUSE = "en"
"""The locale in which everything is written first."""

_TAGS = re.compile(r"(<[^>]*>)")
_DAY = re.compile(r"(?<![\w/.,:-])(\d{4})-(\d\d)-(\d\d)(?![\w/]|-\d|\.\d)")
_NUMBER = re.compile(
    r"(?<![\w.,/:#\N{MIDDLE DOT}])(?<!\w-)(?P<sign>[-+]?)"
    r"(?P<money>[$€£¥]|(?<!\w)[A-Z]{3}\N{NO-BREAK SPACE})?"
    r"(?P<whole>\d{1,3}(?:,\d{3})+|\d+)(?P<part>\.\d+)?(?P<power>e[-+]?\d+)?"
    r"(?P<share>%)?(?![\w%]|[.,:/]\d)"
)
_SIGNS = {"$": "USD", "€": "EUR", "£": "GBP", "¥": "JPY"}
_SAID = re.compile(r'\b(alt|title|aria-label)="([^"]*)"')
_DRAWING = re.compile(r"(data:image/svg\+xml;base64,)([A-Za-z0-9+/=]+)")
_LEFT_ALONE = ("code", "pre", "style", "samp", "kbd")
_PROSE = re.compile(r'^<(main|p|ul)\b[^>]*class="page-body"')
_DATA = re.compile(r'^<(?:(?:td|dd|h1|title)\b|th scope="row")')


def known_locale(name: str) -> str:
    """The name of a locale as the standard writes it.

    Raises
    ------
    ValueError
        When nothing is known of it.

    Examples
    --------
    >>> known_locale("de-ch"), known_locale("en")
    ('de_CH', 'en')
    """
    return name if name == HOUSE else str(_locale(name))


def localised(html: str, locale: str, *, prose: str = "") -> Html:
    r"""Set the text of a page as its reader's locale has it.

    Parameters
    ----------
    html : str
        Markup; what stands in code is left as it is.
    locale : str
        Such as "de" or "fr_CH"; "en" gives the same page back.
    prose : str
        The language of the sentences in the page's body; empty where it is that of the
        locale.

    Returns
    -------
    Html
        Fixed words, and sentences of which there is a template, are translated where
        there is a catalogue for the language; the others stay English.

    Raises
    ------
    ValueError
        When nothing is known of the locale.

    Notes
    -----
    Patterns of numbers, money and days are those of the Unicode CLDR [1]_. ISO weeks
    (2024-W07) and hours (06:00 UTC) are the same everywhere.

    References
    ----------
    .. [1] Unicode Consortium, "Unicode Locale Data Markup Language (LDML)", Unicode
       Technical Standard 35, parts 3 and 4.

    Examples
    --------
    >>> localised("<p>1,234.5 rows, 81.2%, $1,200 on 2024-06-03</p>", "de")
    '<p>1.234,5 rows, 81,2\xa0%, 1.200\xa0$ on 03.06.2024</p>'
    >>> localised("<p>81.2%</p><code>0.5</code>", "en")
    '<p>81.2%</p><code>0.5</code>'
    """
    if locale == HOUSE:
        return Html(html)
    known = _locale(locale)
    setting = functools.partial(_set, known)
    word = translator(known.language)
    drawn = translator(known.language, drawn=True)
    pieces, closed, foreign = _TAGS.split(html), "", ""
    for place, piece in enumerate(pieces):
        if place % 2:
            name = re.match(r"</?([\w-]*)", piece)
            tag = name[1] if name else ""
            if piece == f"</{closed}>":
                closed = ""
            elif not closed and tag in _LEFT_ALONE and piece[1] != "/":
                closed = tag
            if piece == f"</{foreign}>":
                foreign = ""
            elif prose and not foreign and (found := _PROSE.match(piece)):
                foreign = found[1]
                pieces[place] = f'{piece[:-1]} lang="{prose}">'
            if "=" in piece and not closed:
                pieces[place] = _attributes(pieces[place], setting, word, drawn)
        elif piece.strip() and not closed:
            data = bool(_DATA.match(pieces[place - 1]))
            said = word(piece, data)
            if said is None and not data:
                said = _sentences(piece, locale)
            if said is not None and foreign and prose != known.language:
                said = f'<span lang="{known.language}">{said}</span>'
            pieces[place] = setting(piece) if said is None else setting(said)
    return Html("".join(pieces))


def _sentences(text: str, locale: str) -> str | None:
    """Sentences of which some have a template; `None` where none has."""
    bare = text.strip()
    if bare.count(" ") < 2:
        return None
    found = spoken(unescape(bare), locale)
    if not any(known for _, known in found):
        return None
    told = " ".join(
        cell(said) if known else f'<span lang="{HOUSE}">{cell(said)}</span>'
        for said, known in found
    )
    return text.replace(bare, told, 1)


def _attributes(
    tag: str,
    setting: Callable[[str], str],
    word: Callable[[str, bool], str | None],
    written: Callable[[str, bool], str | None],
) -> str:
    """What is read out instead of a picture or a box, and the picture itself."""

    def said(found: re.Match[str]) -> str:
        return f'{found[1]}="{setting(word(found[2], False) or found[2])}"'

    def drawn(found: re.Match[str]) -> str:
        svg = base64.b64decode(found[2]).decode("utf-8", "replace")
        parts = _TAGS.split(svg)
        for place in range(0, len(parts), 2):
            if not parts[place - 1].startswith("<style"):
                parts[place] = setting(written(parts[place], False) or parts[place])
        again = "".join(parts).encode("utf-8", "replace")
        return found[1] + base64.b64encode(again).decode("ascii")

    if tag.startswith("<img"):
        tag = _DRAWING.sub(drawn, tag)
    return _SAID.sub(said, tag)


@functools.cache
def _locale(name: str) -> Locale:
    from babel import Locale, UnknownLocaleError

    try:
        return Locale.parse(name.replace("-", "_"))
    except (UnknownLocaleError, ValueError, TypeError):
        raise ValueError(
            f"{name!r} is not a locale; write a language and, where it matters, a "
            "country, such as 'de' or 'fr_CH'"
        ) from None


def _set(locale: Locale, text: str) -> str:
    """Set days and numbers of a text."""
    if not any(map(str.isdigit, text)):
        return text
    parts = _DAY.split(text)
    done = _NUMBER.sub(lambda found: _number(locale, found), parts[0])
    for place in range(1, len(parts), 4):
        year, month, day, after = parts[place : place + 4]
        done += _day(locale, year, month, day)
        done += _NUMBER.sub(lambda found: _number(locale, found), after)
    return done


def _day(locale: Locale, year: str, month: str, day: str) -> str:
    from babel.dates import format_date

    try:
        held = date(int(year), int(month), int(day))
    except ValueError:
        return f"{year}-{month}-{day}"
    return str(format_date(held, format="medium", locale=locale))


def _number(locale: Locale, found: re.Match[str]) -> str:
    symbols = locale.number_symbols["latn"]
    whole = found["whole"].replace(",", symbols["group"])
    part = (found["part"] or "").replace(".", symbols["decimal"])
    digits = f"{whole}{part}{found['power'] or ''}"
    if found["money"]:
        from babel.numbers import get_currency_symbol

        code = _SIGNS.get(found["money"], found["money"][:3])
        pattern = locale.currency_formats["standard"].pattern.partition(";")[0]
        set_ = re.sub(r"[#0][#0,.]*", digits, pattern)
        digits = set_.replace("\N{CURRENCY SIGN}", get_currency_symbol(code, locale))
    if found["share"]:
        pattern = locale.percent_formats[None].pattern
        digits = re.sub(r"[#0][#0,.]*", digits, pattern)
    return found["sign"] + digits
