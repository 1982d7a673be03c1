"""What a panel is where nobody can click: HTML, and its words."""

from __future__ import annotations

import os

__all__ = ["Static", "alone"]


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
