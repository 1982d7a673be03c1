"""Words and numbers inside a line: escaped, formatted, linked."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping
from datetime import datetime
from decimal import Decimal
from html import escape
from numbers import Integral, Real
from typing import cast

__all__ = [
    "Html",
    "badge",
    "cell",
    "interval",
    "join",
    "link",
    "number",
    "safe_href",
    "sentence",
    "traffic",
]

_DASH = "\N{EN DASH}"
_SIGNS = {"USD": "$", "EUR": "€", "GBP": "£", "JPY": "¥"}
_CURRENCY = re.compile(r"[A-Z]{3}")
_STEERING = re.compile(
    "[^\t\n\r -~\xa0-\u2029\u202f-\u2065\u206a-\ud7ff\ue000-\U0010ffff]"
)
"""What a terminal or a line obeys, and halves of signs, which no file can hold."""
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.\-]*:")
_TONES = {
    "alert": "alert",
    "failed": "alert",
    "timeout": "alert",
    "died": "alert",
    "lost": "alert",
    "waiting": "pending",
    "quiet": "quiet",
    "succeeded": "quiet",
    "undefined": "undefined",
    "pending": "pending",
}


class Html(str):
    """A string that is markup already and is not escaped again.

    Examples
    --------
    >>> cell("<b>"), cell(Html("<b>bold</b>"))
    ('&lt;b&gt;', '<b>bold</b>')
    """

    __slots__ = ()

    def __html__(self) -> str:
        """Return itself: the protocol of template engines."""
        return str(self)


def join(parts: Iterable[object], between: str = "") -> Html:
    """Put parts together, escaping those that are not markup.

    Examples
    --------
    >>> join([Html("<b>1</b>"), "< 2"], ", ")
    '<b>1</b>, &lt; 2'
    """
    return Html(escape(between).join(cell(part) for part in parts))


def number(value: object, unit: str = "") -> str:
    r"""Write a number for a reader: few digits, thousands, a true minus sign.

    Parameters
    ----------
    value : float, int or None
        A dash where it is undefined (`None` or `nan`).
    unit : str
        Empty for a plain number, "%" for a share (0.812 is shown as 81.2%), a
        currency of three capitals, or any word to put behind the number.

    Returns
    -------
    str
        Plain text, not yet escaped.

    Examples
    --------
    >>> number(0.8123), number(0.8123, "%"), number(12400), number(12400.4, "USD")
    ('0.812', '81.2%', '12,400', '$12,400')
    >>> number(-1500, "EUR") == "\N{MINUS SIGN}€1,500"
    True
    >>> number(float("nan")) == "\N{EN DASH}"
    True
    """
    if isinstance(value, bool):
        return "yes" if value else "no"
    if not isinstance(value, Real):
        return _DASH
    whole = isinstance(value, Integral)
    if whole and abs(cast("int", value)) >= 10**21:
        return _huge(Decimal(int(cast("int", value))), unit)
    held = float(cast("float", value))
    if math.isnan(held):
        return _DASH
    sign = "\N{MINUS SIGN}" if held < 0 else ""
    size = abs(held)
    if math.isinf(size):
        return f"{sign}∞"
    if size >= 1e15 and not whole:
        return _huge(Decimal(held), unit)
    if unit == "%":
        digits = f"{100 * size:.1f}%"
        return digits if digits == "0.0%" else sign + digits
    if _CURRENCY.fullmatch(unit):
        digits = f"{size:,.0f}" if size >= 100 or size == 0 else f"{size:,.2f}"
        sign = "" if digits == "0.00" else sign
        mark = _SIGNS.get(unit, f"{unit}\N{NO-BREAK SPACE}")
        return f"{sign}{mark}{digits}"
    counted = whole or (bool(unit) and size.is_integer())  # 4 rows, not 4.000
    text = sign + (f"{size:,.0f}" if counted else _plain(size))
    return f"{text}\N{NO-BREAK SPACE}{unit}" if unit else text


def _huge(value: Decimal, unit: str) -> str:
    """A number too long to be read digit by digit."""
    sign = "\N{MINUS SIGN}" if value < 0 else ""
    size = abs(value) * (100 if unit == "%" else 1)
    if unit == "%":
        return f"{sign}{size:.3g}%"
    if _CURRENCY.fullmatch(unit):
        return f"{sign}{_SIGNS.get(unit, f'{unit} ')}{size:.3g}"
    return f"{sign}{size:.3g} {unit}".strip()


def _plain(value: float) -> str:
    if 0 < value < 0.0005:
        return f"{value:.2g}"
    if value >= 10 and value.is_integer():
        return f"{value:,.0f}"
    places = 3 if value < 10 else 2 if value < 100 else 1 if value < 1000 else 0
    return f"{value:,.{places}f}"


def traffic(share: float) -> str:
    """A share of the traffic, in percent; less than all of it never reads as all.

    Examples
    --------
    >>> [traffic(share) for share in (0.05, 1, 0.999, 0.0001)]
    ['5%', '100%', '99.9%', '0.01%']
    """
    text = f"{share:.0%}"
    if text in ("0%", "100%") and share not in (0, 1):
        return f"{100 * share:.7g}%"
    return text


def interval(lower: float, upper: float, unit: str = "") -> str:
    """Write both ends of an interval; empty where there is none.

    Examples
    --------
    >>> interval(0.58, 0.66, "%")
    '58.0% to 66.0%'
    >>> interval(float("nan"), float("nan"))
    ''
    """
    if math.isnan(lower) and math.isnan(upper):
        return ""
    return f"{number(lower, unit)} to {number(upper, unit)}"


def cell(value: object) -> Html:
    """Write any value as it may stand in a table: escaped, numbers formatted.

    Examples
    --------
    >>> cell("<b>"), cell(0.5), cell(True), cell(["a", 2]), cell({"n": 400})
    ('&lt;b&gt;', '0.500', 'yes', 'a, 2', 'n 400')
    """
    if isinstance(value, Html):
        return value
    if value is None or isinstance(value, Real):
        return Html(escape(number(value)))
    if isinstance(value, datetime):
        return Html(escape(f"{value:%Y-%m-%d %H:%M} {value.tzname() or ''}".rstrip()))
    if isinstance(value, Mapping):
        return join((join((key, held), " ") for key, held in value.items()), ", ")
    if isinstance(value, (list, tuple, set, frozenset)):
        parts = sorted(value, key=str) if isinstance(value, (set, frozenset)) else value
        return join(parts, ", ")
    text = str(value)
    if not text.isprintable():
        text = _STEERING.sub("\N{REPLACEMENT CHARACTER}", text)
    return Html(escape(text))


def sentence(words: str) -> str:
    """Set words as a sentence: the first letter large, a full stop at the end.

    What is not a plain word, such as the name of a model, is left as it is.

    Examples
    --------
    >>> sentence("tested; we go live"), sentence("lead-scoring fell"), sentence("")
    ('Tested; we go live.', 'lead-scoring fell.', '')
    """
    text = " ".join(words.split())
    if not text:
        return ""
    end = "" if text[-1] in ".!?…" else "."
    if re.match(r"[a-z]+[ ,;.]", f"{text} "):
        text = text[0].upper() + text[1:]
    return text + end


def badge(verdict: str) -> Html:
    """Write a verdict as a word in a coloured box; the word says all.

    Parameters
    ----------
    verdict : str
        "alert", "quiet", "undefined", or another state, which is shown in grey.

    Examples
    --------
    >>> badge("alert")
    '<span class="lc-badge lc-alert">Alert</span>'
    """
    tone = _TONES.get(verdict, "undefined")
    word = escape(verdict[:1].upper() + verdict[1:]) or "Undefined"
    return Html(f'<span class="lc-badge lc-{tone}">{word}</span>')


def safe_href(href: str) -> bool:
    """Whether a link leads to a page beside this one or to https, and nowhere else.

    Examples
    --------
    >>> safe_href("churn/2023-04-01/audit.html"), safe_href("https://example.org")
    (True, True)
    >>> safe_href("javascript:alert(1)"), safe_href("//example.org"), safe_href("/x")
    (False, False, False)
    """
    if not href or any(ord(letter) < 33 or ord(letter) == 127 for letter in href):
        return False
    if href.lower().startswith("https://"):
        return True
    return not (href[0] in "/\\" or _SCHEME.match(href))


def link(href: str, text: object) -> Html:
    """Write a link; a target that is not safe leaves the text alone.

    Examples
    --------
    >>> link("audit.html", "Audit <1>")
    '<a href="audit.html">Audit &lt;1&gt;</a>'
    >>> link("javascript:alert(1)", "Audit")
    'Audit'
    """
    words = cell(text)
    if not safe_href(href):
        return words
    return Html(f'<a href="{escape(href, quote=True)}">{words}</a>')
