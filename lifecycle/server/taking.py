"""Taking: rows for the log out of what a system sends, as the settings say."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree

from lifecycle.server import places
from lifecycle.server.refusals import Refused

if TYPE_CHECKING:
    from lifecycle import config

__all__ = ["payload", "rows"]

_DEEPEST = 40  # elements in elements
_DECLARED = re.compile(rb"<!\s*(DOCTYPE|ENTITY)", re.IGNORECASE)
_OF_HEADERS = "header:"
_OF_ALL = "$."
_TRUTHS = {"outcomes": "outcome", "feedback": "label"}
_NAMES = ("id", "event_id", "feedback_id")


def payload(body: bytes, form: str) -> Any:
    """What a body holds, as JSON is read.

    Parameters
    ----------
    body : bytes
    form : {"json", "xml"}
        Elements of XML become names, those that repeat a list; namespaces and
        attributes are left out.

    Raises
    ------
    Refused
        400, where it is neither; XML with a document type is not read.

    Examples
    --------
    >>> payload(b"<a><b>1</b><b>2</b></a>", "xml")
    {'a': {'b': ['1', '2']}}
    """
    if form == "json":
        try:
            return json.loads(body, parse_constant=_no_number)
        except (ValueError, RecursionError) as error:
            why = " ".join(str(error).split())[:120]
            raise Refused(400, f"the body is no JSON ({why}); mend it") from None
    if _DECLARED.search(body):
        raise Refused(400, "the body declares a document type; send it without")
    try:
        root = ElementTree.fromstring(body)
    except (ElementTree.ParseError, ValueError, LookupError) as error:
        raise Refused(400, f"the body is no XML ({error}); mend it") from None
    return {_plain(root.tag): _element(root, 0)}


def _no_number(word: str) -> float:
    raise ValueError(f"{word} is no number of JSON")


def _plain(tag: str) -> str:
    return tag.rpartition("}")[2]


def _element(element: ElementTree.Element, depth: int) -> Any:
    if depth > _DEEPEST:
        raise Refused(400, "the body is nested too deeply; flatten it")
    if not len(element):
        return element.text
    held: dict[str, Any] = {}
    for child in element:
        name, value = _plain(child.tag), _element(child, depth + 1)
        if name in held:
            before = held[name]
            held[name] = (
                [*before, value]
                if isinstance(before, list)
                else [
                    before,
                    value,
                ]
            )
        else:
            held[name] = value
    return held


def rows(
    take: config.Take, told: Any, headers: Mapping[str, str]
) -> Iterator[dict[str, Any]]:
    """The rows of one table in a payload; what means neither 1 nor 0 is passed over.

    Parameters
    ----------
    take : Take
    told : Any
        As `payload` reads it.
    headers : mapping of str to str
        Names in lower case; a place may begin with `header:`.

    Raises
    ------
    Refused
        422, where a moment is none.

    Examples
    --------
    >>> from lifecycle import config
    >>> take = config.Take(
    ...     into="outcomes", fields={"id": "lead", "outcome": "stage"}, ones=["won"],
    ...     zeros=["lost"],
    ... )
    >>> list(rows(take, {"lead": 7, "stage": "won"}, {}))
    [{'id': '7', 'outcome': 1}]
    >>> list(rows(take, {"lead": 7, "stage": "called"}, {}))
    []
    """
    for row in places.each_of(told, take.each):
        if not all(
            _meets(_found(row, told, headers, place), wanted)
            for place, wanted in take.where.items()
        ):
            continue
        made: dict[str, Any] = dict(take.set)
        for name, place in take.fields.items():
            value = _found(row, told, headers, place)
            if value is not None:
                made[name] = value
        if _meant(take, made):
            yield _as_sent(take, made)


def _found(row: Any, told: Any, headers: Mapping[str, str], place: str) -> Any:
    if place.startswith(_OF_HEADERS):
        return headers.get(place[len(_OF_HEADERS) :].lower())
    if place.startswith(_OF_ALL):
        return places.find(told, place[len(_OF_ALL) :])
    return places.find(row, place)


def _meets(value: Any, wanted: Any) -> bool:
    several = wanted if isinstance(wanted, tuple) else (wanted,)
    return any(_same(value, each) for each in several)


def _same(value: Any, wanted: Any) -> bool:
    if isinstance(value, bool) or isinstance(wanted, bool):
        words = {True: "true", False: "false"}
        return words.get(value, value) == words.get(wanted, wanted)
    return value == wanted or str(value) == str(wanted)


def _meant(take: config.Take, made: dict[str, Any]) -> bool:
    """Whether the row counts; its truth is 1 or 0 afterwards, where that is mapped."""
    name = _TRUTHS.get(take.into, "")
    if not (take.ones or take.zeros) or name not in made:
        return name != "outcome" or name in made
    value = made[name]
    if _meets(value, take.ones):
        made[name] = 1
    elif _meets(value, take.zeros):
        made[name] = 0
    else:
        return False
    return True


def _as_sent(take: config.Take, made: dict[str, Any]) -> dict[str, Any]:
    """Values in the types of a row that is posted."""
    for name in _NAMES:
        if name in made:
            made[name] = str(made[name])
    if "time" in made:
        made["time"] = _moment(made["time"], take.time)
    for name in ("kind", "person", "reason"):
        if name in made:
            made[name] = str(made[name])
    if isinstance(made.get("value"), str):
        made["value"] = _amount(made["value"])
    return made


def _moment(value: Any, unit: str) -> str:
    try:
        if unit == "iso":
            moment = datetime.fromisoformat(str(value))
            if moment.tzinfo is None:
                raise ValueError("it has no zone")
        else:
            seconds = float(value) / (1000.0 if unit == "milliseconds" else 1.0)
            moment = datetime.fromtimestamp(seconds, UTC)
    except (TypeError, ValueError, OverflowError, OSError):
        raise Refused(
            422,
            f"time {str(value)[:40]!r} is no moment ({unit}); correct the source's "
            "table in the settings",
        ) from None
    return moment.isoformat()


def _amount(value: str) -> float | str:
    try:
        return float(value)
    except ValueError:
        return value  # the shape refuses it, and says where
