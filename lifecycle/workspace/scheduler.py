"""The scheduler: sees what is due, and lets a process of its own do it, N at a time.

It keeps nothing to itself. Slots, leases and attempts are in the registry, so several
schedulers, and `lifecycle due` beside them, share the work on one machine or many; one
that is killed is missed by nobody.
"""

from __future__ import annotations

import contextlib
import importlib
import os
import signal
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from multiprocessing import connection
from pathlib import Path
from typing import Any

from lifecycle import config, errors
from lifecycle.jobs import schedule
from lifecycle.workspace import agenda, children, ticking
from lifecycle.workspace.chain import Tick
from lifecycle.workspace.children import RAN, Child, Work
from lifecycle.workspace.desk import Workspace

__all__ = ["Scheduler", "close", "tick"]

_WATCHING = 15.0  # minutes that a tick may take beside its pages
_AGAIN = timedelta(minutes=15)  # the longest before a tick that broke is begun again
_HANDING = 20.0  # seconds to hand back what runs
_LOOK = timedelta(seconds=30)  # after which another process may have changed the book
_PRELOAD = (
    "numpy pandas pyarrow.parquet scipy.stats sklearn.pipeline deltalake skops.io"
)


def tick(
    directory: str, model: str, as_of: datetime, note: Callable[[Tick], None]
) -> None:
    """All that is due of one model."""
    ticking.tick(directory, model, as_of=as_of, note=note)


def close(
    directory: str, _model: str, as_of: datetime, note: Callable[[Tick], None]
) -> None:
    """What all models share, after ticks: the index, and what is to be told."""
    from lifecycle.workspace import clock, desk

    workspace = desk.open(directory, lenient=True)
    workspace.refresh_index(as_of=as_of)
    clock.close(
        workspace, (), as_of=as_of, say=lambda text: note(Tick("", "word", text))
    )


class Scheduler:
    """Runs what is due, until it is told to stop.

    Parameters
    ----------
    directory : Path
        Of the workspace.
    jobs : int
        Models at a time.
    grace : float
        Seconds that what runs may still take after a stop; then it is handed back.
    poll : float
        Seconds between two looks at the clock.
    now : callable
        The moment, in UTC.
    say : callable
        Told each event in one line.
    work, after : callable
        What a process does for one model, and after models.
    """

    def __init__(
        self,
        directory: Path,
        *,
        jobs: int = 2,
        grace: float = 60.0,
        poll: float = 5.0,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        say: Callable[[str], None] = children.line,
        work: Work = tick,
        after: Work = close,
    ) -> None:
        if jobs < 1:
            raise errors.BadParameters(f"jobs is {jobs}; at least one model at a time")
        self.workspace = Workspace(directory, lenient=True)
        self.directory, self.jobs, self.grace, self.poll = directory, jobs, grace, poll
        self._now, self.say, self.work, self.after = now, say, work, after
        self._children: list[Child] = []
        self._look: dict[str, datetime] = {}  # when a model is looked at again
        self._broke: dict[str, int] = {}  # how often in a row its tick has broken
        self._changed = False  # whether a tick was done since the index was written
        self._seen: tuple[int, ...] = ()
        self._sound = True
        self.stopping = 0
        self._again = False

    def run(self) -> None:
        """Go on until SIGTERM or SIGINT; SIGHUP reads the settings anew."""
        with self._signals() as woken:
            where = f"process {os.getpid()}, {self.jobs} at a time"
            self.say(f"scheduler of {self.workspace.settings.workspace.title}: {where}")
            while not self.stopping:
                self.step()
                connection.wait([woken, *self._sentinels()], self._patience())
                with contextlib.suppress(BlockingIOError):
                    os.read(woken, 1 << 10)
            self._end(woken)
            self.say("scheduler stopped; nothing of it runs")

    def step(self) -> None:
        """One look: at the settings, at what has ended, at what is due."""
        self._read()
        self._reap()
        with self._server():
            for lost in agenda.lose(self.workspace):
                self.say(f"{lost.model}: {agenda.lost_words(lost)}")
                self._look.pop(lost.model, None)
            if self._sound:
                self._begin()

    # -- what is due -------------------------------------------------------------------

    def _begin(self) -> None:
        now = self.moment()
        waiting = sorted(self.workspace.models, key=lambda name: self._looked(name))
        for name in waiting:
            if len(self._children) >= self.jobs:
                return
            if self._looked(name) <= now and self._is_due(name, now):
                pages = self.workspace.model(name).schedule.pages().values()
                minutes = _WATCHING + sum(page.time_limit_minutes for page in pages)
                self._start(self.work, name, now, 60 * minutes)
        shared = any(not child.model for child in self._children)
        if self._changed and not shared and len(self._children) < self.jobs:
            self._changed = False
            self._start(self.after, "", now, 60 * _WATCHING)

    def moment(self) -> datetime:
        """The moment that is meant: the clock's, or that of a simulated workspace."""
        return self.workspace.settings.workspace.as_of or self._now()

    def _looked(self, name: str) -> datetime:
        return self._look.get(name, datetime.min.replace(tzinfo=UTC))

    def _is_due(self, name: str, now: datetime) -> bool:
        """Whether a tick is to begin; the watch of the moment is then this one's."""
        told = self.workspace.model(name).schedule
        zone = self.workspace.settings.workspace.timezone
        book, mine = self.workspace.registry, self._of(name)
        coming = [
            schedule.next_slots(page.cron, page.timezone or zone, after=now, count=1)
            for page in (*told.pages().values(), config.Page(cron=told.watch))
        ]
        self._look[name] = min(
            [now + _LOOK, *(slot for each in coming for slot in each)]
        )
        from lifecycle.registry import slots

        with book.reading() as inside:
            last = slots.watched(inside, name)
        slot = schedule.due(told.watch, zone, last=last, as_of=now)
        if slot is not None and len(mine) < 2:
            with book.atomic() as inside:
                if slots.watch(inside, name, slot):
                    return True
        if mine:
            return False
        found = agenda.look(self.workspace, name, as_of=now)
        return bool(found.wanted or found.missed or found.over)

    def _of(self, name: str) -> list[Child]:
        return [child for child in self._children if child.model == name]

    def _start(self, work: Work, name: str, now: datetime, seconds: float) -> None:
        child = Child(work, self.directory, name, as_of=now, seconds=seconds)
        self._children.append(child)

    # -- what has ended ----------------------------------------------------------------

    def _reap(self) -> None:
        for child in list(self._children):
            code, who = child.code(), child.model or "the index"
            if code is None and time.monotonic() < child.until:
                continue
            if code is None:
                self.say(f"{who}: ended, it took longer than all its pages may")
            elif code not in (0, RAN):
                self.say(f"{who}: stopped with code {code}; {child.log} may say why")
            child.end()
            self._children.remove(child)
            if not child.model:
                continue
            self._changed = True
            if code in (0, RAN):
                self._broke.pop(child.model, None)
                wait = timedelta(seconds=self.poll) if code == RAN else _LOOK
                self._look[child.model] = min(
                    self._looked(child.model), self.moment() + wait
                )
                continue
            broke = self._broke[child.model] = self._broke.get(child.model, 0) + 1
            wait = min(timedelta(seconds=self.poll) * 2 ** min(broke, 20), _AGAIN)
            self._look[child.model] = self.moment() + wait

    def _sentinels(self) -> list[int]:
        return [child.sentinel for child in self._children]

    def _patience(self) -> float:
        """Seconds until the next look."""
        coming = [at for at in self._look.values() if at > self.moment()]
        left = (min(coming) - self.moment()).total_seconds() if coming else self.poll
        return min(self.poll, max(0.02, left))

    # -- settings ----------------------------------------------------------------------

    def _read(self) -> None:
        """Read the settings anew where the file is another, and say what is wrong."""
        seen: tuple[int, ...]
        try:
            found = (self.directory / config.FILE).stat()
            seen = (found.st_mtime_ns, found.st_size, found.st_ino)
        except OSError:
            seen = (0,)
        if seen == self._seen and not self._again:
            return
        first, self._seen, self._again = not self._seen, seen, False
        try:
            self.workspace = Workspace(self.directory, lenient=True)
        except errors.SettingsError as error:
            self._sound = False
            for sentence in error.problems:
                self.say(f"{sentence}; nothing new begins until it is mended")
            return
        self._sound = True
        self._look.clear()
        from lifecycle.workspace import checking

        if not first:
            self.say(f"{config.FILE} was read anew")
        for sentence in checking.problems(self.workspace):
            self.say(sentence)

    @contextmanager
    def _server(self) -> Iterator[None]:
        """A registry that does not answer is said, and asked again at the next look."""
        try:
            yield
        except errors.LifecycleError as error:
            self.say(str(error))

    # -- the end -----------------------------------------------------------------------

    @contextmanager
    def _signals(self) -> Iterator[int]:
        """Signals only leave a word and wake the loop; what is heavy is imported."""
        if sys.platform not in ("win32", "darwin") and self.work is tick:
            for name in _PRELOAD.split():
                with contextlib.suppress(ImportError):
                    importlib.import_module(name)
        woken, wake = os.pipe()
        os.set_blocking(woken, False)
        os.set_blocking(wake, False)

        def stop(*_: Any) -> None:
            self.stopping += 1

        def again(*_: Any) -> None:
            self._again = True

        wanted = {"SIGTERM": stop, "SIGINT": stop, "SIGHUP": again}
        here = {
            getattr(signal, n): act for n, act in wanted.items() if hasattr(signal, n)
        }
        before = {number: signal.signal(number, act) for number, act in here.items()}
        fd = signal.set_wakeup_fd(wake, warn_on_full_buffer=False)
        try:
            yield woken
        finally:
            signal.set_wakeup_fd(fd)
            for number, act in before.items():
                signal.signal(number, act)
            os.close(woken)
            os.close(wake)

    def _end(self, woken: int) -> None:
        """Let what runs come to its end; then have it handed back; then end it."""
        if self._children:
            names = ", ".join(child.model or "the index" for child in self._children)
            self.say(f"stopping, {names} may take {self.grace:.0f} s more")
        self._wait(woken, self.grace)
        for child in self._children:
            child.ask()
        self.stopping = 1
        self._wait(woken, _HANDING)
        for child in self._children:
            child.end()
            self.say(f"{child.model or 'the index'}: ended, it did not stop by itself")

    def _wait(self, woken: int, seconds: float) -> None:
        """Wait for the processes; a second signal cuts it short."""
        until = time.monotonic() + seconds
        while self._children and self.stopping < 2:
            left = until - time.monotonic()
            if left <= 0:
                return
            connection.wait([woken, *self._sentinels()], min(left, self.poll))
            with contextlib.suppress(BlockingIOError):
                os.read(woken, 1 << 10)
            self._reap()
