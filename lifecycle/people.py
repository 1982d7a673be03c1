"""People: when two ways of writing a name are one person."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence

__all__ = ["folded", "key", "meant", "same"]

_BOTH = re.compile(r"(?P<name>[^<>]*)<(?P<address>[^<>\s]+@[^<>\s]+)>")
_ADDRESS = re.compile(r"[^<>\s@]+@[^<>\s@]+")


def folded(name: str) -> str:
    """How a name is compared: the same for all spellings of it.

    Examples
    --------
    >>> folded(" José  Silva") == folded("JOSE\u0301 SILVA")
    True
    """
    told = unicodedata.normalize("NFKC", name).casefold()
    return " ".join(unicodedata.normalize("NFKC", told).split())


def same(one: str, other: str) -> bool:
    """Whether two names may be one person's: by the name, or by the mail address.

    Examples
    --------
    >>> same("Ana Silva <ana@bank.example>", "ANA SILVA")
    True
    >>> same("Ana Silva <ana@bank.example>", "ana@bank.example")
    True
    >>> same("Ana Silva", "ana@bank.example")
    False
    """
    mine, theirs = _parts(one), _parts(other)
    return any(a and a == b for a, b in zip(mine, theirs, strict=True))


def key(name: str) -> str:
    """What is the same for all that one person may be called, as far as it shows.

    The mail address where there is one, else the name, folded.

    Examples
    --------
    >>> key("Ana Silva <Ana@Bank.example>") == key(" ana@bank.example")
    True
    >>> key("ANA  Silva")
    'ana silva'
    """
    told, address = _parts(name)
    return address or told


def meant(person: str, among: Sequence[str]) -> str | None:
    """Which of the names on a list a person is; None for none of them.

    Where both have a mail address it decides; else the name or the address does that
    both have.

    Examples
    --------
    >>> listed = ["Ana Silva <ana@bank.example>", "Rui Costa"]
    >>> meant("ana silva", listed)
    'Ana Silva <ana@bank.example>'
    >>> meant("Ana Silva <ana@elsewhere.example>", listed) is None
    True
    """
    mine = _parts(person)
    for each in among:
        theirs = _parts(each)
        other = mine[1] and theirs[1] and mine[1] != theirs[1]
        if not other and same(person, each):
            return each
    return None


def _parts(told: str) -> tuple[str, str]:
    """The name and the address, folded; empty for what is not there."""
    text = folded(told)
    both = _BOTH.fullmatch(text)
    if both:
        return both["name"].strip(' "'), both["address"]
    return ("", text) if _ADDRESS.fullmatch(text) else (text, "")
