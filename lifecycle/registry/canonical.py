"""One spelling for everything that is stored or hashed: times, words, names, JSON."""

from __future__ import annotations

import hashlib
import json
import math
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import PurePath

from lifecycle import errors

__all__ = ["digest", "model_name", "text", "utc", "words"]

_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,63}")


def utc(moment: datetime, *, name: str = "at") -> datetime:
    """A moment in UTC, as a plain `datetime` with microseconds.

    Parameters
    ----------
    moment : datetime
        With a time zone.
    name : str
        What the argument is called, for the error.

    Raises
    ------
    ValueError
        Without a time zone.

    Examples
    --------
    >>> from datetime import timedelta, timezone
    >>> utc(datetime(2023, 5, 1, 2, tzinfo=timezone(timedelta(hours=2)))).isoformat()
    '2023-05-01T00:00:00+00:00'
    """
    if moment.tzinfo is None or moment.utcoffset() is None:
        raise ValueError(f"{name} must carry a time zone, got {moment}; add one")
    m = moment.astimezone(UTC)
    return datetime(
        m.year, m.month, m.day, m.hour, m.minute, m.second, m.microsecond, tzinfo=UTC
    )


def words(text: object) -> str:
    r"""What a person or a log wrote, in characters that every database can hold.

    Examples
    --------
    >>> words(" better\x00 ")
    'better\ufffd'
    """
    known = str(text).encode("utf-8", "replace").decode("utf-8")
    return known.replace("\x00", "\ufffd").strip()


def model_name(name: str) -> str:
    """The name of a model, when it is one.

    Raises
    ------
    UnknownModel
        When the name could not be that of a model: it becomes part of a path.

    Examples
    --------
    >>> model_name("lead-scoring")
    'lead-scoring'
    """
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        raise errors.UnknownModel(
            f"{name!r} cannot be the name of a model; use a-z, 0-9, - and _ "
            "(at most 64, the first a letter or a digit)"
        )
    return name


def _plain(value: object) -> object:
    """The value in JSON's own types; an undefined number becomes null."""
    if value is None or isinstance(value, bool | int):
        return value if value is None or isinstance(value, bool) else int(value)
    if isinstance(value, float):
        return float(value) if math.isfinite(value) else None
    if isinstance(value, str | PurePath):
        return _whole(str(value))
    if isinstance(value, datetime):
        if value != value:  # the missing time of pandas
            return None
        return utc(value, name="a moment").isoformat(timespec="microseconds")
    if isinstance(value, Mapping):
        return {_whole(str(key)): _plain(part) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(part) for part in value]
    if isinstance(value, set | frozenset):
        return sorted((_plain(part) for part in value), key=str)
    if hasattr(value, "tolist"):  # numbers and arrays of numpy
        return _plain(value.tolist())
    raise TypeError(
        f"{type(value).__name__} cannot be kept in the registry; "
        "use numbers, text, times, lists and dictionaries"
    )


def _whole(words: str) -> str:
    """Signs in two halves put together, as they come back from JSON."""
    if words.isascii():
        return words
    return words.encode("utf-16", "surrogatepass").decode("utf-16", "surrogatepass")


def text(value: object) -> str:
    """Canonical JSON: sorted keys, ASCII, no spaces; `nan` is null, times are UTC.

    Examples
    --------
    >>> text({"b": float("nan"), "a": (1, "x")})
    '{"a":[1,"x"],"b":null}'
    """
    return json.dumps(
        _plain(value), sort_keys=True, separators=(",", ":"), allow_nan=False
    )


def digest(value: object) -> str:
    """SHA-256 of the canonical JSON, in hexadecimal.

    Examples
    --------
    >>> digest({"a": 1, "b": 2}) == digest({"b": 2, "a": 1})
    True
    """
    return hashlib.sha256(text(value).encode("ascii")).hexdigest()
