"""Places: where in what a system sends a value stands, written with dots."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import Any

__all__ = ["each_of", "find"]

_STEP = re.compile(
    r"(?P<name>[^.\[\]]+)|\[(?:(?P<at>\d{1,6})|(?P<all>\*)"
    r"|(?P<key>[^=\]]+)=(?P<value>[^\]]*))\]|(?P<dot>\.)"
)


def find(payload: Any, place: str) -> Any:
    """The value at a place; None where there is nothing.

    Parameters
    ----------
    payload : Any
        As JSON is read.
    place : str
        `customer.id`, `items[0].sku`, `note_attributes[name=lead].value` (the first
        whose name is lead).

    Raises
    ------
    ValueError
        The place is not written like that.

    Examples
    --------
    >>> order = {"customer": {"id": 7}, "notes": [{"name": "lead", "value": "L1"}]}
    >>> find(order, "customer.id"), find(order, "notes[name=lead].value")
    (7, 'L1')
    >>> find(order, "customer.mail") is None
    True
    """
    return next(_walked(payload, _steps(place)), None)


def each_of(payload: Any, place: str) -> Iterator[Any]:
    """All values at a place, in which `[*]` means each of a list.

    Examples
    --------
    >>> list(each_of({"items": [{"sku": "a"}, {"sku": "b"}]}, "items[*].sku"))
    ['a', 'b']
    """
    yield from _walked(payload, _steps(place)) if place else iter((payload,))


@lru_cache(maxsize=1024)
def _steps(place: str) -> tuple[tuple[str, str, str], ...]:
    steps: list[tuple[str, str, str]] = []
    at = 0
    while at < len(place):
        found = _STEP.match(place, at)
        if found is None:
            raise ValueError(
                f"{place[:60]!r} is no place; write names with dots, [0], [*] or "
                "[name=value]"
            )
        at = found.end()
        if found["name"]:
            steps.append(("name", found["name"], ""))
        elif found["at"]:
            steps.append(("at", found["at"], ""))
        elif found["all"]:
            steps.append(("all", "", ""))
        elif found["key"]:
            steps.append(("where", found["key"], found["value"]))
    return tuple(steps)


def _walked(value: Any, steps: tuple[tuple[str, str, str], ...]) -> Iterator[Any]:
    if not steps:
        if value is not None:
            yield value
        return
    (kind, told, wanted), rest = steps[0], steps[1:]
    if kind == "name":
        if isinstance(value, dict) and told in value:
            yield from _walked(value[told], rest)
        return
    held = value if isinstance(value, list) else [value] * (value is not None)
    if kind == "all":
        for each in held:
            yield from _walked(each, rest)
    elif kind == "at":
        if int(told) < len(held):
            yield from _walked(held[int(told)], rest)
    else:
        for each in held:
            if isinstance(each, dict) and str(each.get(told)) == wanted:
                yield from _walked(each, rest)
                return
