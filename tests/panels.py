"""A panel as a test sees it: controls by their labels, and what is said."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any


def parts(panel: Any) -> Iterator[Any]:
    """The panel and all in it."""
    yield panel
    for child in getattr(panel, "children", ()):
        yield from parts(child)


def control(panel: Any, name: str) -> Any:
    """The one control with this label."""
    found = [each for each in parts(panel) if getattr(each, "description", "") == name]
    assert len(found) == 1, f"{len(found)} controls are called {name!r}"
    return found[0]


def names(panel: Any) -> list[str]:
    """The labels of all controls, in the order in which Tab reaches them."""
    told = (getattr(each, "description", "") for each in parts(panel))
    return [name for name in told if name]


def status(panel: Any) -> str:
    """What the live region says."""
    found = [e for e in parts(panel) if "lc-status" in getattr(e, "_dom_classes", ())]
    return str(found[0].value)


def shown(panel: Any) -> str:
    """All pieces of text but the style."""
    told = [str(getattr(e, "value", "")) for e in parts(panel) if is_text(e)]
    return "\n".join(text for text in told if not text.startswith("<style"))


def is_text(widget: Any) -> bool:
    return type(widget).__name__ == "HTML"
