"""What a receiver says, made fit for the book: one line, cut, without secrets."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable
from datetime import timedelta

from lifecycle import errors

__all__ = ["NotTaken", "heard", "secrets"]

_MOST = 300  # characters that are kept
_SHORTEST = 6  # of a secret that can be told from ordinary words
_HIDDEN = "(hidden)"
_SECRET_NAME = re.compile(
    r"(KEY|TOKEN|SECRET|PASS|PASSWORD|PASSWD|PASSPHRASE|(?<=_)PWD|CREDENTIALS?"
    r"|(?<=_)AUTH|DSN|COOKIE)S?(_|$)",
    re.IGNORECASE,
)
_PATTERNS = (
    re.compile(r"(?<=://)[^\s/@]+(?=@)"),
    re.compile(r"(?i)(?<=bearer )\S+|(?<=basic )\S+"),
    re.compile(
        r"(?i)((?:pass(?:word|wd|phrase)?|secret|token|(?:api|access|private)[_-]?key"
        r"|authorization|credential)s?[\"']?\s*[:=]\s*)(?!bearer |basic )"
        r"[\"']?[^\s\"',;&]+"
    ),
)


class NotTaken(errors.LifecycleError):
    """A receiver did not take a move.

    Parameters
    ----------
    reason : str
        In one line, without secrets.
    gone : bool
        Whether it never will.
    later : timedelta, optional
        After how long it wants to be asked again.
    """

    def __init__(
        self, reason: str, *, gone: bool = False, later: timedelta | None = None
    ) -> None:
        super().__init__(reason)
        self.gone = gone
        self.later = later


def secrets(*more: str) -> tuple[str, ...]:
    """What may not be repeated: the given words, and what the environment calls so.

    Examples
    --------
    >>> "hunter2!" in secrets("hunter2!")
    True
    """
    named = (value for name, value in os.environ.items() if _SECRET_NAME.search(name))
    return tuple(sorted({each for each in (*more, *named) if len(each) >= _SHORTEST}))


def heard(text: str | bytes, *, hide: Iterable[str] = ()) -> str:
    r"""The end of what a receiver said.

    Parameters
    ----------
    text : str or bytes
    hide : iterable of str
        Words that are not repeated; what looks like a password is not, either.

    Examples
    --------
    >>> heard(b"ok\nfailed: token=abc123, \x1b[31mhttps://me:pw@host", hide=["me:pw"])
    'ok failed: token=(hidden), [31mhttps://(hidden)@host'
    """
    told = text.decode("utf-8", "replace") if isinstance(text, bytes) else text
    for each in sorted(hide, key=len, reverse=True):
        told = told.replace(each, _HIDDEN)
    told = " ".join("".join(c if c.isprintable() else " " for c in told).split())
    for pattern in _PATTERNS:
        told = pattern.sub(
            lambda found: (found.group(1) if found.re.groups else "") + _HIDDEN, told
        )
    return told if len(told) <= _MOST else "…" + told[-_MOST:]
