"""Who works on a renewal, whether that process lives, and its lease while it does."""

from __future__ import annotations

import os
import platform
import threading
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from lifecycle import promotion, registry

if TYPE_CHECKING:
    from lifecycle.promotion.renewing import Why

__all__ = ["alive", "holder", "holding"]

LEASE = timedelta(minutes=10)
BEAT = 60.0  # seconds after which the lease is made longer


def holder() -> str:
    """A name for the work of this process, differently at each call.

    What a person reads, then what tells one process from another: the machine since
    it was started, the process, and when that began.
    """
    pid = os.getpid()
    told = (_machine(), str(pid), _began(pid), uuid.uuid4().hex)
    return f"process {pid} on {platform.node()}#{'/'.join(told)}"


def alive(holder: str) -> bool | None:
    """Whether the process that a holder names still runs.

    Returns
    -------
    bool or None
        None for a process of another machine, of which only the lease can tell.

    Examples
    --------
    >>> alive(holder()), alive("process 1 on elsewhere#another machine/1/1/x")
    (True, None)
    """
    machine, pid, began, _ = (holder.partition("#")[2].split("/") + [""] * 4)[:4]
    if machine != _machine() or not pid.isdigit():
        return None
    try:
        os.kill(int(pid), 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass
    return _began(int(pid)) == began


def _machine() -> str:
    """The machine since it was started, and the processes that it shows."""
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
        return f"{boot} {Path('/proc/self/ns/pid').stat().st_ino}"
    except OSError:  # no Linux
        return platform.node().replace("/", " ")


def _began(pid: int) -> str:
    """When a process began, by the machine's ticks; "ended" for one that is over."""
    try:
        told = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return ""
    return "ended" if told[0] in "ZX" else told[19]


@contextmanager
def holding(
    book: registry.Registry, name: str, *, why: Why, at: datetime, moved: timedelta
) -> Iterator[registry.Renewal]:
    """Begin or resume the renewal of a model, and hold it while the block runs.

    The lease grows while this process lives. At the end of the block the renewal is
    let go: one that has not ended is resumed by whoever comes next.

    Raises
    ------
    AlreadyRunning
        When another process works on it.
    """
    now = datetime.now(UTC)
    renewal = promotion.begin_renewal(
        book,
        name,
        why=why,
        at=at,
        holder=holder(),
        until=now + LEASE,
        now=now,
        moved=moved,
        alive=alive,
    )
    over = threading.Event()

    def beat() -> None:
        while not over.wait(BEAT):
            until = datetime.now(UTC) + LEASE
            if not promotion.hold_renewal(book, renewal, until=until):
                return

    heart = threading.Thread(target=beat, name=f"renewal of {name}", daemon=True)
    heart.start()
    try:
        yield renewal
    finally:
        over.set()
        heart.join()
        promotion.hold_renewal(book, renewal, until=None)
