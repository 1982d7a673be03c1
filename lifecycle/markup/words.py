"""The fixed words of pages in other languages, by catalogue."""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Mapping
from html import escape

from lifecycle.markup import german

__all__ = ["CATALOGUES", "translator"]

CATALOGUES: Mapping[str, Mapping[str, str]] = {"de": german.WORDS}
"""By language: what stands on a page in English, and what in the language.

`{}` is a name and `{#}` a number or a day, which stay what they are.
"""


DRAWINGS: Mapping[str, Mapping[str, str]] = {"de": german.DRAWN}
"""The same for what is written in drawings, beside names; it has no more room."""


def translator(
    language: str, *, drawn: bool = False
) -> Callable[[str, bool], str | None]:
    """What translates a text that is a fixed word as a whole, else gives `None`.

    It takes the text, and whether that stands where data does: there words are
    somebody's own, and only what joins two values is translated. Of a drawing only the
    few words are known that no name is likely to be.

    Examples
    --------
    >>> word = translator("de")
    >>> word("Contents", False), word("12 earlier rows", False), word("Alert", True)
    ('Inhalt', '12 frühere Zeilen', None)
    """
    plain, patterns = _catalogue(language, drawn)

    @functools.cache
    def word(text: str, data: bool) -> str | None:
        bare = text.strip()
        said = None if data else plain.get(bare)
        if said is None:
            for pattern, put, values in patterns:
                found = pattern.fullmatch(bare) if values or not data else None
                if found:
                    said = put.format(*found.groups())
                    break
        return None if said is None else text.replace(bare, said, 1)

    return word


@functools.cache
def _catalogue(
    language: str, drawn: bool
) -> tuple[dict[str, str], list[tuple[re.Pattern[str], str, bool]]]:
    held = (DRAWINGS if drawn else CATALOGUES).get(language, {})
    plain = {escape(key): put for key, put in held.items() if "{" not in key}
    patterns = [
        (re.compile(_pattern(key)), put, key in _JOINS)
        for key, put in held.items()
        if "{" in key
    ]
    return plain, patterns


_JOINS = ("{#} to {#}", "since {#}", "version {#}", "a score of {#}", "{#} accuracy")
"""What is the house's own wherever it stands."""


_VALUE = r"([^<> ]*\d[^<> ]*(?: \d\d:\d\d \w+)?)"
"""A number or a day, with its hour."""


def _pattern(key: str) -> str:
    named = re.escape(escape(key)).replace(r"\{\}", "([^<>]{1,60}?)")
    return named.replace(r"\{\#\}", _VALUE)
