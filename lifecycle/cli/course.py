"""How far a fleet has come: a bar at a terminal, a line now and then elsewhere."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from lifecycle.cli import say

if TYPE_CHECKING:
    from rich.progress import Progress

    from lifecycle.workspace.fleet import Done

__all__ = ["Course", "left"]

_PATIENCE = 60.0
"""Seconds without a word, where there is no bar."""


class Course:
    """What is told of models that are done with.

    Parameters
    ----------
    total : int
        How many there are.
    wanted : bool, optional
        By default a bar at a terminal, and elsewhere a line a minute; where wanted a
        line for every tenth too; otherwise nothing.
    """

    def __init__(self, total: int, wanted: bool | None = None) -> None:
        self.total, self.wanted = total, wanted
        self.number = 0
        self._said_at, self._said = time.monotonic(), 0
        self._bar: Progress | None = None

    @contextmanager
    def shown(self) -> Iterator[None]:
        """Keep a bar below what is said, where there is a terminal for it."""
        if self.wanted is False or self.total < 2 or not sys.stderr.isatty():
            yield
            return
        from rich.console import Console
        from rich.progress import BarColumn, Progress, TextColumn

        same = sys.stdout.isatty()  # then what is said goes above the bar
        words = TextColumn("{task.description}", markup=False)
        console = Console(stderr=not same)
        with Progress(
            BarColumn(),
            words,
            console=console,
            transient=True,
            redirect_stdout=same,
        ) as self._bar:
            self._bar.add_task(f"0 of {self.total} models", total=self.total)
            yield
        self._bar = None

    def tell(self, done: Done) -> None:
        """One more is done with."""
        self.number = done.number
        words = f"{done.number} of {done.total} models done"
        if done.failed:
            words += f", {done.failed} failed"
        if done.number < done.total:
            words += f", {left(done.left)}"
        if self._bar is not None:
            task = self._bar.tasks[0].id
            self._bar.update(task, completed=done.number, description=words)
        elif self.wanted is not False and self._time(done.number):
            self._said_at, self._said = time.monotonic(), done.number
            say.complain(words)

    def _time(self, number: int) -> bool:
        if time.monotonic() - self._said_at >= _PATIENCE:
            return True
        tenth = max(1, self.total // 10)
        return bool(self.wanted) and (
            number - self._said >= tenth or number == self.total
        )


def left(seconds: float) -> str:
    """A time to come, in words.

    Examples
    --------
    >>> left(41.2), left(200), left(7300)
    ('about 41 s left', 'about 3 min left', 'about 2 h left')
    """
    for length, unit in ((3600, "h"), (60, "min")):
        if seconds >= 1.5 * length:
            return f"about {seconds / length:.0f} {unit} left"
    return f"about {seconds:.0f} s left"
