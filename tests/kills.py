"""Work, killed again and again: what the next process finds and does.

Run as a program of its own, `python -m tests.kills`, since it forks: every process that
works is a child of one that has imported all and opened nothing, so that a kill costs
what the work costs. It is told in JSON what to do and prints in JSON what came of it.
"""

from __future__ import annotations

import ctypes
import json
import mmap
import os
import random
import shutil
import signal
import sys
import time
import traceback
from collections.abc import Callable
from contextlib import closing
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from tests import killed_works as works

MODES = ("before", "half", "after")
AGAIN = 25  # kills of one workspace, before a new one


@dataclass
class Death:
    """One kill: of which work, where in it, and what was wrong afterwards."""

    work: str
    mode: str
    step: int = 0
    kind: str = ""
    name: str = ""
    fault: str = ""


def asked(act: Callable[[], Any]) -> Any:
    """What a child says; its error is ours."""
    reading, writing = os.pipe()
    child = os.fork()
    if not child:
        os.close(reading)
        try:
            said = {"said": act()}
        except BaseException:  # noqa: BLE001  # whatever it is goes to the parent
            said = {"error": traceback.format_exc()}
        with open(writing, "w") as out:  # noqa: PTH123
            json.dump(said, out)
        os._exit(0)
    os.close(writing)
    with open(reading) as heard:  # noqa: PTH123
        told = json.loads(heard.read() or '{"error": "it died"}')
    os.waitpid(child, 0)
    if "error" in told:
        raise RuntimeError(told["error"])
    return told["said"]


class Killer:
    """Runs work in a child and ends it.

    Parameters
    ----------
    library : str
        `killing.c`, built and loaded before the C library; empty without one.
    """

    def __init__(self, library: str) -> None:
        self.library = ctypes.CDLL(library) if library else None

    def __call__(
        self, act: Callable[[], Any], *, step: int, mode: str, instant: float | None
    ) -> tuple[Death, bool, float]:
        """Where it died, whether it did, and how long it ran."""
        with closing(mmap.mmap(-1, 4096)) as seen:
            began = time.perf_counter()
            child = os.fork()
            if not child:
                if self.library is not None:
                    here = ctypes.addressof(ctypes.c_char.from_buffer(seen))
                    how = MODES.index(mode) if mode in MODES else 0
                    self.library.arm(
                        ctypes.c_void_p(here), ctypes.c_long(step), ctypes.c_int(how)
                    )
                code = 1
                try:
                    act()
                    code = 0
                except BaseException:  # noqa: BLE001  # its exit code tells
                    traceback.print_exc()
                finally:
                    os._exit(code)
            if instant is not None:
                time.sleep(instant)
                os.kill(child, signal.SIGKILL)
            status = os.waitpid(child, 0)[1]
            seconds = time.perf_counter() - began
            found = bytes(seen[:272])
        count = int.from_bytes(found[:8], "little")
        kind, name = (
            part.split(b"\0")[0].decode(errors="replace")
            for part in (found[8:24], found[24:264])
        )
        died = os.WIFSIGNALED(status)
        if not died and status:
            raise RuntimeError("the work itself failed")
        return Death("", mode, count, kind, name), died, seconds


def run(work: works.Work, killer: Killer, kills: int, seed: int) -> list[Death]:
    """Kill a work so many times; after each, look, do it again, and look."""
    chance = random.Random(seed)
    asked(lambda: work.make(0))
    known = [  # how often each kind of turn touches the disk, and how long it takes
        killer(lambda turn=turn: work.act(turn), step=0, mode="", instant=None)
        for turn in range(work.kinds)
    ]
    spread = chance.random()  # over all the steps, evenly and in no order
    deaths: list[Death] = []
    turn, worlds = work.kinds, 0
    while len(deaths) < kills:
        if turn == AGAIN:
            turn, worlds = 0, worlds + 1
            asked(lambda world=worlds: work.make(world))
        first, _, seconds = known[turn % work.kinds]
        spread = (spread + (5**0.5 - 1) / 2) % 1
        mode = MODES[len(deaths) % len(MODES)]
        instant, step = None, 1 + int(spread * first.step)
        if not first.step or len(deaths) % 5 == 4:
            mode, instant, step = "instant", spread * seconds, 0
        death, died, _ = killer(
            lambda turn=turn: work.act(turn), step=step, mode=mode, instant=instant
        )
        death.work = work.name
        try:
            asked(lambda turn=turn: work.after(turn))
        except RuntimeError as error:
            death.fault = str(error)
            kept = work.place.with_name(f"{work.place.name}-fault-{len(deaths)}")
            shutil.copytree(work.place, kept, symlinks=True)
            turn = AGAIN - 1
        turn += 1
        if died or death.fault:
            deaths.append(death)
    return deaths


def main() -> None:
    """Do what is asked for on the command line."""
    told = json.loads(sys.argv[1])
    killer = Killer(told["library"])
    place = Path(told["place"])
    deaths: list[Death] = []
    for name, kills in told["kills"].items():
        url = told["url"] if "@" in name else ""
        work = works.WORKS[name.partition("@")[0]](place / name, url)
        work.name = name
        deaths += run(work, killer, kills, told["seed"])
    json.dump([asdict(death) for death in deaths], sys.stdout)


if __name__ == "__main__":
    main()
