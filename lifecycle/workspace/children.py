"""A process for each tick: in a group of its own, and how it ended is told."""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import signal
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from lifecycle import errors
from lifecycle.jobs.processes import end_group
from lifecycle.workspace import claiming
from lifecycle.workspace.chain import Tick

__all__ = ["RAN", "Child", "Work", "line", "tidy"]

RAN = 3  # a tick that ran a page ends with it
_FORKS = sys.platform not in ("win32", "darwin")
_MOST_LOG = 1 << 20  # bytes; then the log is begun anew, with one kept before it
Work = Callable[[str, str, datetime, Callable[[Tick], None]], None]


def line(text: str) -> None:
    """One line to standard output, with the time, in one piece."""
    words = "".join(sign for sign in " ".join(text.split()) if sign.isprintable())
    told = f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ} {words}\n"
    sys.stdout.flush()
    with contextlib.suppress(OSError, ValueError):  # whoever listened is gone
        os.write(sys.stdout.fileno(), told.encode(errors="replace"))


def tidy(log: Path) -> None:
    """Begin a log anew that has become long."""
    log.parent.mkdir(parents=True, exist_ok=True)
    with contextlib.suppress(FileNotFoundError):
        if log.stat().st_size > _MOST_LOG:
            log.replace(log.with_suffix(".log.1"))


class Child:
    """A process that does one piece of work.

    Parameters
    ----------
    work : callable
        What it does, with directory, model, moment and a listener for each tick.
    directory : Path
        Of the workspace.
    model : str
        Empty for what all models share.
    as_of : datetime with zone
    seconds : float
        How long it may take.
    """

    def __init__(
        self,
        work: Work,
        directory: Path,
        model: str,
        *,
        as_of: datetime,
        seconds: float,
    ) -> None:
        self.model, self.began = model, time.monotonic()
        self.until = self.began + seconds
        name = f"{model}/tick.log" if model else "shared.log"
        self.log = directory / ".lifecycle" / "runs" / name
        tidy(self.log)
        context: Any = multiprocessing.get_context("fork" if _FORKS else "spawn")
        told = (work, str(directory), model, as_of, str(self.log))
        self.process = context.Process(target=_begin, args=told)
        self.process.start()

    @property
    def sentinel(self) -> int:
        """What becomes ready when it has ended."""
        return int(self.process.sentinel)

    def code(self) -> int | None:
        """How it ended; None while it runs."""
        found: int | None = self.process.exitcode
        return found

    def ask(self) -> None:
        """Ask it to hand back what it runs, and to end."""
        self.process.terminate()

    def end(self) -> None:
        """End it with all that it started."""
        if self.code() is None:
            if _FORKS:
                end_group(self.process.pid)
            self.process.kill()
        self.process.join()


def _begin(work: Work, directory: str, model: str, as_of: datetime, log: str) -> None:
    """What the process does: settle, work, say what was done, end with a code.

    What it dies of goes to the log; the scheduler says where that is.
    """
    if hasattr(os, "setsid"):
        os.setsid()
    signal.set_wakeup_fd(-1)
    for name in ("SIGHUP", "SIGINT"):
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), signal.SIG_IGN)
    signal.signal(signal.SIGTERM, lambda *_: claiming.ENDING.set())
    kept = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
    os.dup2(kept, 2)
    sys.stderr = os.fdopen(kept, "w", buffering=1, errors="replace")
    ran = []

    def note(tick: Tick) -> None:
        line(tick.text)
        if tick.run is not None:
            ran.append(tick)

    try:
        work(directory, model, as_of, note)
    except errors.LifecycleError as error:
        for sentence in str(error).splitlines():
            line(f"{model}: {sentence}" if model else sentence)
        sys.exit(error.exit_code)
    if ran:
        sys.exit(RAN)
