"""Two schedulers on one registry, killed again and again: a program of its own.

`python -m tests.schedulers PLACE KILLS SEED` forks them from a process that has
imported all and opened nothing. Their clocks run 2,400 times as fast as the machine's,
3 s apart, and one takes the other for a process of another machine: only the lease, by
the database's clock, tells it that the other is gone. Prints in JSON what came of it.
"""

from __future__ import annotations

import json
import os
import random
import signal
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import sqlalchemy.dialects.sqlite  # noqa: F401  before the forks, so that each is cheap

from lifecycle.registry import Registry, slots
from lifecycle.workspace import (
    Workspace,
    agenda,
    chain,
    claiming,
    holding,
    scheduler,
    shelf,
)

BEGIN = datetime(2024, 3, 31, 0, 30, tzinfo=UTC)  # Berlin's clocks go forward at 01:00
SPEED = 40  # minutes of a clock in a second
APART = (timedelta(seconds=-1.5), timedelta(seconds=1.5))


def work(
    directory: str, model: str, as_of: datetime, note: Callable[[chain.Tick], None]
) -> None:
    """A tick whose pages are a short sleep: the slots are those of the house."""
    ws = Workspace(Path(directory))
    wanted = chain.wanted(ws, model, as_of, alarmed=False, note=note)
    for page, slot in wanted.items():
        with claiming.held(ws, model, page, slot, as_of=as_of) as mine:
            if mine is not None:
                time.sleep(random.uniform(0.01, 0.15))
                if not mine.stop():
                    mine.end("succeeded", "done")


def nothing(*_: Any) -> None:
    """What is done after the ticks."""


def main() -> None:
    place, kills, rng = Path(sys.argv[1]), int(sys.argv[2]), random.Random(sys.argv[3])
    started, frozen = time.monotonic(), [None]
    claiming.LEASE, claiming.BEAT = timedelta(seconds=1.0), 0.2
    agenda.PAUSE = timedelta()
    scheduler._LOOK = timedelta(seconds=30)

    def clock() -> datetime:
        gone = (frozen[0] or time.monotonic()) - started
        return BEGIN + timedelta(minutes=SPEED * gone)

    def forked(number: int) -> int:
        child = os.fork()
        if child:
            return child
        code = 1
        try:
            random.seed()
            if number:  # another machine
                holding._machine = lambda: "another machine"
            os.dup2(os.open(place / f"{number}.log", os.O_CREAT | os.O_APPEND | 2), 1)
            scheduler.Scheduler(
                place,
                grace=5,
                poll=0.05,
                now=lambda: clock() + APART[number],
                work=work,
                after=nothing,
            ).run()
            code = 0
        finally:
            os._exit(code)

    running = [forked(0), forked(1)]
    ours: set[int] = set(running)
    for _ in range(kills):
        time.sleep(rng.uniform(0.05, 0.3))
        number = rng.randrange(2)
        os.kill(running[number], signal.SIGKILL)
        os.waitpid(running[number], 0)
        for group in _children(running[number], place):
            ours.add(group)
        running[number] = forked(number)
        ours.add(running[number])
    frozen[0] = time.monotonic()
    last = clock()
    for number in (0, 1):  # with a clock that stands
        os.kill(running[number], signal.SIGTERM)
        os.waitpid(running[number], 0)
        running[number] = forked(number)
    ws = Workspace(place)
    until = time.monotonic() + 30
    while time.monotonic() < until and not _settled(ws, last):
        time.sleep(0.1)
    codes = []
    for pid in running:
        os.kill(pid, signal.SIGTERM)
        codes.append(os.waitpid(pid, 0)[1])
    told = {"codes": codes, "last": last.isoformat(), "rows": _rows(ws)}
    sys.stdout.write(json.dumps(told) + "\n")


def _children(parent: int, place: Path) -> list[int]:
    """The ticks that a killed scheduler left, half of them killed as well."""
    book = shelf.opened(Workspace(place))
    with book.reading() as inside:
        held = [run.holder for run in slots.unfinished(inside) if run.holder]
    found = []
    for holder in held:
        told = holder.partition("#")[2].split("/")
        pid = int(told[1])
        if random.random() < 0.7 and _is_ours(pid):
            os.kill(pid, signal.SIGKILL)
            found.append(pid)
    return found


def _is_ours(pid: int) -> bool:
    try:
        told = Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return False
    return b"tests.schedulers" in told and sys.argv[1].encode() in told


def _settled(ws: Workspace, last: datetime) -> bool:
    agenda.lose(ws)
    with ws.registry.reading() as book:
        busy = slots.unfinished(book)
    due = [agenda.look(ws, name, as_of=last).wanted for name in ws.models]
    return not busy and not any(due)


def _rows(ws: Workspace) -> list[dict[str, Any]]:
    book: Registry = ws.registry
    told = []
    for run in book.runs():
        with book.reading() as inside:
            tried = slots.attempts(inside, run.id)
        told.append(
            {
                "page": f"{run.model} {run.notebook}",
                "slot": run.slot and run.slot.isoformat(),
                "status": run.status,
                "attempts": [one.status for one in tried],
            }
        )
    return told


if __name__ == "__main__":
    main()
