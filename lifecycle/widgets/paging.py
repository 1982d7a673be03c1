"""A long list, a page at a time."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Generic, TypeVar

from lifecycle.widgets.shell import Shell

__all__ = ["Pages"]

Row = TypeVar("Row")


class Pages(Generic[Row]):
    """Rows that are shown so many at a time, with two buttons to go on and back.

    Parameters
    ----------
    shell : Shell
        The panel they are in.
    size : int
        Rows of a page.
    draw : callable
        Called when another page is to be shown.
    """

    def __init__(self, shell: Shell, size: int, draw: Callable[[], None]) -> None:
        self.rows: Sequence[Row] = ()
        self.size, self.at, self._draw = size, 0, draw
        self.back = shell.button("Previous", lambda: self._go(-1))
        self.on = shell.button("Next", lambda: self._go(1))
        self.bar = shell.row(self.back, self.on)
        self.fill(())

    def fill(self, rows: Sequence[Row]) -> None:
        """Other rows; the page stays where it is as far as there is one."""
        self.rows = rows
        self.at = max(0, min(self.at, (len(rows) - 1) // self.size))
        self.back.disabled = self.at == 0
        self.on.disabled = (self.at + 1) * self.size >= len(rows)
        self.bar.layout.display = None if len(rows) > self.size else "none"

    @property
    def shown(self) -> Sequence[Row]:
        """The rows of the page."""
        return self.rows[self.at * self.size : (self.at + 1) * self.size]

    @property
    def words(self) -> str:
        """Which rows these are."""
        first = self.at * self.size
        return f"{first + 1:,} to {first + len(self.shown):,} of {len(self.rows):,}"

    def _go(self, step: int) -> str:
        self.at += step
        self.fill(self.rows)
        self._draw()
        return f"This is {self.words}."

    @property
    def controls(self) -> Any:
        """The two buttons; not there where one page is enough."""
        return self.bar
