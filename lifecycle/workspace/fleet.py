"""A fleet: the ticks of many models on any executor, and what they share once."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import (
    BrokenExecutor,
    CancelledError,
    Executor,
    Future,
    as_completed,
)
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING

from lifecycle import errors
from lifecycle.jobs.lanes import Lanes
from lifecycle.workspace import clock, working
from lifecycle.workspace.chain import Tick

if TYPE_CHECKING:
    from lifecycle.workspace.desk import Workspace

__all__ = ["Done", "Failure", "due"]

_INDEX_EVERY = 100
"""Models after which the index is written though others go on."""
_BUG = 1
"""The exit code of what nobody foresaw, as Python has it."""
_KILLED = "KilledWorker"
"""What Dask, which only `clustered` imports, says of a task that workers died with."""


@dataclass(frozen=True, slots=True)
class Failure(Tick):
    """A model whose tick ended in the middle; the others went on.

    Parameters
    ----------
    exit_code : int
        Of the error; 22 where its process was killed, 1 for what nobody foresaw.
    trace : str
        Where it happened, as Python tells it; empty for errors of the house.
    """

    exit_code: int = errors.LifecycleError.exit_code
    trace: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class Done:
    """A model that is done with, while others of the fleet go on.

    Parameters
    ----------
    model : str
    ticks : tuple of Tick
        What was done, and what was only said (kind "word").
    number, total : int
        How many are done, of how many.
    failed : int
        How many of those done ended in a `Failure`.
    left : float
        Seconds until all are done, if they go on as they went; 0 with the last.
    """

    model: str
    ticks: tuple[Tick, ...]
    number: int
    total: int
    failed: int
    left: float


def due(
    workspace: Workspace,
    *,
    as_of: datetime,
    models: Sequence[str] = (),
    pages: Sequence[str] = (),
    executor: Executor | None = None,
    jobs: int = 1,
    say: Callable[[str], None] = lambda text: None,
    each: Callable[[Done], None] = lambda done: None,
) -> list[Tick]:
    """Do for each model what is due at `as_of`, several at a time.

    No failure stops the others: neither an exception, nor a process that is killed,
    nor an executor that refuses, cancels or breaks. What is left by an executor that
    broke is done in processes of this machine. Index and deliveries are done once, at
    the end, in this process; the index also after every hundred models, and when
    Ctrl-C ends it all.

    Parameters
    ----------
    workspace : Workspace
    as_of : datetime with zone
    models : sequence of str
        All where empty.
    pages : sequence of str
        Of those that are due only these; all where empty, and when an alert opens.
    executor : concurrent.futures.Executor, optional
        What runs `working.work`; its workers see the workspace under the same path.
        It is not shut down.
    jobs : int
        Without an executor: so many processes.
    say : callable
        Told each step in one sentence, in the order of the models.
    each : callable
        Told each model as it is done with, in the order of that.

    Returns
    -------
    list of Tick
        In the order of the models; a `Failure` for one that ended in the middle.

    Raises
    ------
    UnknownModel
        Before anything is begun.
    """
    names = tuple(dict.fromkeys(models or workspace.models))
    for name in names:
        workspace.model(name)
    fleet = _Fleet(workspace, names, as_of, tuple(pages), say, each)
    try:
        with ExitStack() as stack:
            runs_them = executor or stack.enter_context(Lanes(jobs))
            broken = fleet.run(runs_them, names, last=executor is None)
            if broken:  # another pool, and there one process a model at a time
                lanes = Lanes(os.cpu_count() or 1, attempts=1)
                fleet.run(stack.enter_context(lanes), broken, last=True)
    except KeyboardInterrupt:
        fleet.index()
        raise
    finally:
        working.rest()  # an executor of threads worked here
    ticks = fleet.ticks()
    clock.close(workspace, ticks, as_of=as_of, say=say)
    return [tick for tick in ticks if tick.kind != "word"]


class _Fleet:
    """What became of each model so far."""

    def __init__(
        self,
        workspace: Workspace,
        names: Sequence[str],
        as_of: datetime,
        pages: tuple[str, ...],
        say: Callable[[str], None],
        each: Callable[[Done], None],
    ) -> None:
        self.workspace, self.names, self.as_of = workspace, names, as_of
        self.pages = pages
        self.say, self.each = say, each
        self.done: dict[str, tuple[Tick, ...]] = {}
        self.failed = 0
        self.unsaid = list(reversed(names))
        self.began = time.monotonic()

    def run(self, executor: Executor, names: Sequence[str], *, last: bool) -> list[str]:
        """Run models; those whose executor broke are left over, but by the last."""
        left: list[str] = []
        futures: dict[Future[list[Tick]], str] = {}
        try:
            for name, told in self._submitted(executor, names):
                if isinstance(told, Future):
                    futures[told] = name
                elif isinstance(told, BrokenExecutor) and not last:
                    left.append(name)
                else:
                    self._note(name, (_failure(name, told),))
            for future in as_completed(futures):
                name, error = futures.pop(future), _error(future)  # nobody holds it now
                if isinstance(error, BrokenExecutor) and not last:
                    left.append(name)
                elif error is not None:
                    self._note(name, (_failure(name, error),))
                else:
                    died = executor.died(future) if isinstance(executor, Lanes) else ()
                    self._note(name, (*_again(name, died), *_taken(name, future)))
        finally:
            for future in futures:
                future.cancel()
        return [name for name in names if name in left]

    def _submitted(
        self, executor: Executor, names: Sequence[str]
    ) -> Iterator[tuple[str, Future[list[Tick]] | BaseException]]:
        place = str(self.workspace.directory)
        for name in names:
            try:
                told = executor.submit(
                    working.work, place, name, self.as_of, self.pages
                )
            except (RuntimeError, OSError) as error:  # closed, broken, out of reach
                yield name, error
            else:
                yield name, told

    def _note(self, name: str, ticks: tuple[Tick, ...]) -> None:
        self.done[name] = ticks
        self.failed += any(isinstance(tick, Failure) for tick in ticks)
        number, total = len(self.done), len(self.names)
        pace = (time.monotonic() - self.began) / number
        left = pace * (total - number)
        self.each(Done(name, ticks, number, total, self.failed, left))
        while self.unsaid and self.unsaid[-1] in self.done:
            for tick in self.done[self.unsaid.pop()]:
                self.say(tick.text)
        if number % _INDEX_EVERY == 0 and number < total:
            self.index()

    def index(self) -> None:
        """Write the index, if anything has run."""
        if any(tick.run for tick in self.ticks()):
            self.workspace.refresh_index(as_of=self.as_of)

    def ticks(self) -> list[Tick]:
        """All so far, in the order of the models."""
        return [tick for name in self.names for tick in self.done.get(name, ())]


def _error(future: Future[list[Tick]]) -> BaseException | None:
    try:
        return future.exception()
    except CancelledError:
        return RuntimeError("the executor cancelled it")


def _again(name: str, died: Sequence[str]) -> tuple[Tick, ...]:
    """What is said of a tick that was done once more."""
    words = f"{name}: a process {{}} in the middle, and it was done again"
    return tuple(Tick(name, "word", words.format(each)) for each in died)


def _taken(name: str, future: Future[list[Tick]]) -> tuple[Tick, ...]:
    """What came back, if it is what `work` gives."""
    told: object = future.result()
    if isinstance(told, list) and all(isinstance(each, Tick) for each in told):
        return tuple(told)
    return (_failure(name, RuntimeError(f"the executor gave back {told!r:.80}")),)


def _failure(name: str, error: BaseException) -> Failure:
    words, code = " ".join(str(error).split())[:500], _BUG
    if isinstance(error, errors.LifecycleError):
        code = error.exit_code
    elif type(error).__name__ == _KILLED:
        words = "every worker that ran it died; its log and the scheduler's say why"
        code = errors.KernelDied.exit_code
    else:
        words = f"{type(error).__name__}: {words}" if words else type(error).__name__
    return Failure(
        name,
        "failure",
        f"{name} failed: {words}",
        failed=True,
        exit_code=code,
        trace="".join(getattr(error, "__notes__", ())),
    )
