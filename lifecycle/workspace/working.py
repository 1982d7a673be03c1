"""What one worker of a fleet does: the tick of a model, in a desk that stays open."""

from __future__ import annotations

import atexit
import signal
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lifecycle import config, errors, jobs
from lifecycle.jobs.processes import Cold
from lifecycle.workspace import claiming, desk, ticking
from lifecycle.workspace.chain import Tick

if TYPE_CHECKING:
    from lifecycle.jobs.processes import Process

__all__ = ["rest", "standing", "stoppable", "work"]

_PAYS = 3
"""Runs at which a warm server has taken less than as many cold starts."""


def work(
    directory: str, model: str, as_of: datetime, pages: Sequence[str] = ()
) -> list[Tick]:
    """Do what is due of one model; settings and registry stay open for the next.

    A top-level function of plain arguments, for any executor. From the third page of
    this process on pages start warm; for two its imports would take longer than theirs.

    Parameters
    ----------
    directory : str
        Of the workspace, as this machine sees it.
    model : str
    as_of : datetime with zone
    pages : sequence of str
        Of those that are due only these; all where empty.

    Returns
    -------
    list of Tick
        As `ticking.tick` gives them.

    Raises
    ------
    LifecycleError
        What the model, its settings or its data were wrong in.
    """
    done: list[Tick] = []
    with stoppable(signal.SIGINT):
        ticking.go(
            _desk(directory),
            model,
            as_of=as_of,
            warm=_WARM,
            note=done.append,
            pages=pages,
        )
    return done


@contextmanager
def stoppable(*signals: int) -> Iterator[list[int]]:
    """Let signals end what runs inside: pages are stopped, their slots given back.

    The process is to end then; a page that it begins all the same is stopped at once.

    Parameters
    ----------
    *signals : int
        They raise `KeyboardInterrupt`. Not in a thread, where signals are another's.

    Yields
    ------
    list of int
        The signals that came.
    """
    came: list[int] = []

    def stop(number: int, frame: object) -> None:
        came.append(number)
        claiming.ENDING.set()
        raise KeyboardInterrupt

    if threading.current_thread() is not threading.main_thread():
        yield came
        return
    before = [(each, signal.signal(each, stop)) for each in signals]
    try:
        yield came
    finally:
        for each, handler in before:
            signal.signal(each, handler)


def standing(directory: str) -> str:
    """Why this process cannot work for a workspace, in a sentence; empty if it can."""
    try:
        _desk(directory).registry.runs(limit=1)
    except errors.LifecycleError as error:
        return str(error)
    return ""


def rest() -> None:
    """End what this process keeps for its next model."""
    _WARM.close()
    _opened.cache_clear()


class _Later(jobs.Warm):
    """A warm server that starts when it pays, and may start again once it is closed."""

    def __init__(self) -> None:
        super().__init__()
        self._once = threading.Lock()
        self._runs = 0

    def start(self, job: dict[str, Any]) -> Process:
        """Start the process of a run, warm from the third on and if possible."""
        with self._once:
            self._runs += 1
            if self._runs < _PAYS:
                return Cold(job)
            if self._runs == _PAYS:
                atexit.register(self.close)
                self.__enter__()
        return super().start(job)

    def close(self) -> None:
        """End the server, if it had started."""
        with self._once:
            super().close()
            atexit.unregister(self.close)
            self._runs, self.sentence = 0, ""


_WARM = _Later()


def _desk(directory: str) -> desk.Workspace:
    """The workspace, opened anew only when its settings have changed."""
    try:
        stat = (Path(directory) / config.FILE).stat()
    except FileNotFoundError:
        return desk.open(directory)  # which says it in a sentence
    return _opened(directory, stat.st_mtime_ns, stat.st_size)


@lru_cache(maxsize=2)
def _opened(directory: str, _changed: int, _size: int) -> desk.Workspace:
    return desk.open(directory, lenient=True)
