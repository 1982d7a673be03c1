"""What a panel is where nobody can click: HTML, and its words."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

__all__ = ["Static", "alone", "either"]


class Static:
    """A piece of HTML that shows itself, with its words for a terminal.

    Examples
    --------
    >>> Static("<p>Nothing waits.</p>", "Nothing waits.")
    Nothing waits.
    """

    def __init__(self, html: str, text: str) -> None:
        self.html = html
        self.text = text

    def __repr__(self) -> str:
        return self.text

    def _repr_html_(self) -> str:
        return self.html


def alone(unattended: bool | None = None) -> bool:
    """Whether no person is there: as told, else by the environment.

    Examples
    --------
    >>> alone(True)
    True
    """
    if unattended is None:
        return bool(os.environ.get("LIFECYCLE_UNATTENDED"))
    return unattended


def either(
    unattended: bool | None,
    panel: Callable[..., Any],
    told: Callable[..., Any],
    *of: Any,
) -> Any:
    """A panel's box where a person is there, else what is told in its place.

    Parameters
    ----------
    unattended : bool, optional
        Whether no person is there; found out from the environment where not given.
    panel : callable
        Makes the panel, whose `shell` holds the box.
    told : callable
        Says in words what the panel is about.
    *of
        What both are called with.

    Returns
    -------
    ipywidgets.VBox, or Static where no person is there
    """
    return told(*of) if alone(unattended) else panel(*of).shell.box
