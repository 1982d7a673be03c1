"""Sentences of a page in its reader's language, by template.

A sentence is made in English, wherever that is, and read again where a page is
written: what a template of the catalogue fits is put into the reader's language with
its names and numbers; what none fits stays as it is, and can be marked.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Mapping

from lifecycle.markup import german_phrases, german_sentences

__all__ = ["CATALOGUES", "spoken"]

CATALOGUES: Mapping[str, Mapping[str, Mapping[str, str]]] = {
    "de": {
        "sentences": german_sentences.SENTENCES,
        "phrases": german_phrases.PHRASES,
        "words": german_phrases.WITHIN,
    }
}
"""By language: templates of sentences, of phrases within them, and small words.

In a template `{}` is a name and `{#}` a number, a sum or a period, which stay what they
are; `{~}` is a phrase that has a template of its own, `{?}` one that may have, and
`{*}` a list in which the small words are put. A sentence is looked up clause by clause
between semicolons; without a template for each it stays as it is.
"""

_ENDS = re.compile(r"(?<=[.!?])\s+(?=[A-Z\d])")
_VALUE = r"([^ ()<>;]*\d%?(?: \d\d:\d\d UTC|[ \u00a0](?:[µ\u03bc]s|ms|s|MB))?)"
_KINDS = {
    "": r"(.{1,200}?)",
    "#": _VALUE,
    "~": r"(.{1,300}?)",
    "?": r"(.{1,300}?)",
    "*": r"(.+)",
}
_LONGEST = 2000


def spoken(text: str, locale: str) -> tuple[tuple[str, bool], ...]:
    """The sentences of a text, each with whether it is in the locale's language.

    Parameters
    ----------
    text : str
        English, on one line.
    locale : str
        Such as "de" or "de_CH".

    Returns
    -------
    tuple of (str, bool)
        Numbers and days are still as the house writes them; see `localised`.

    Examples
    --------
    >>> spoken("The verdict went from quiet to alert. The moon is full.", "de")
    (('Das Urteil ging von ruhig zu Alarm.', True), ('The moon is full.', False))
    """
    language = re.split(r"[-_]", locale)[0]
    if language == "en" or not text:
        return ((text, True),)
    if language not in CATALOGUES or len(text) > _LONGEST:
        return ((text, False),)
    found = []
    for sentence in _ENDS.split(text):
        put = _sentence(language, sentence)
        found.append((sentence, False) if put is None else (put, True))
    return tuple(found)


@functools.lru_cache(maxsize=4096)
def _sentence(language: str, sentence: str) -> str | None:
    """The sentence with each of its clauses put; `None` where one has no template."""
    bare, end = (sentence[:-1], ".") if sentence.endswith(".") else (sentence, "")
    clauses = [_put(language, "sentences", each) for each in _clauses(bare)]
    known = [each for each in clauses if each is not None]
    if len(known) < len(clauses):
        return None
    whole = "; ".join(known)
    if sentence[:1].isupper():
        whole = whole[:1].upper() + whole[1:]
    return whole + end


def _clauses(text: str) -> list[str]:
    """What stands between semicolons, as far as these are not in brackets."""
    found, depth, begin = [], 0, 0
    for place, sign in enumerate(text):
        depth += (sign == "(") - (sign == ")")
        if depth == 0 and text.startswith("; ", place):
            found.append(text[begin:place])
            begin = place + 2
    return [*found, text[begin:]]


def _put(language: str, kind: str, text: str) -> str | None:
    for pattern, kinds, put in _templates(language, kind):
        found = pattern.fullmatch(text)
        if found is None:
            continue
        pairs = zip(kinds, found.groups(), strict=True)
        parts = [_part(language, each, part) for each, part in pairs]
        if None not in parts:
            return put.format(*parts)
    return None


def _part(language: str, kind: str, text: str) -> str | None:
    """What stands for a name, a number or a phrase; `None` where that is not known."""
    if kind == "*":
        for word, ours in CATALOGUES[language]["words"].items():
            text = re.sub(rf"(?<![\w=]){re.escape(word)}(?![\w=])", ours, text)
        return text
    if kind not in ("~", "?"):
        return text
    put = _put(language, "phrases", text)
    return text if put is None and kind == "?" else put


@functools.cache
def _templates(
    language: str, kind: str
) -> tuple[tuple[re.Pattern[str], tuple[str, ...], str], ...]:
    made = []
    for key, put in CATALOGUES[language][kind].items():
        parts = re.split(r"\{([#~?*]?)\}", key)
        pattern = "".join(
            _KINDS[part] if place % 2 else re.escape(part)
            for place, part in enumerate(parts)
        )
        made.append((re.compile(pattern), tuple(parts[1::2]), put))
    return tuple(made)
