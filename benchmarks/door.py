"""The door: how many requests it takes, beside an application that only echoes them.

Both are served by uvicorn in processes of their own and loaded in turn by a third one,
over the same connections with the same bodies. Then the door is killed under load,
again and again, and all that it acknowledged is looked for in the log.

The door waits for the disk and has a thread that writes: with other work on the machine
both wait for a core, and the echo does not. What it costs a request tells that apart.
"""

from __future__ import annotations

import json
import os
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from benchmarks import _door_load, _table
from benchmarks.router import MODEL, _desk
from lifecycle.registry import tokens
from lifecycle.workspace import Workspace

AT = datetime(2026, 3, 1, tzinfo=UTC)
ROUNDS, SECONDS, CONNECTIONS, KILLS = 5, 3.0, 64, 5
SETTINGS = """\
[server]
port = 0
rate_per_minute = 100000000

"""
FEEDBACK = f"/models/{MODEL}/feedback"


def measure() -> Iterator[_table.Row]:
    """The rows, as they come."""
    with tempfile.TemporaryDirectory(prefix="door-") as folder:
        desk = _desk(Path(folder, "desk"), "boosted_trees")
        path = desk.directory / "lifecycle.toml"
        path.write_text(SETTINGS + path.read_text())
        _, key = tokens.issue(
            desk.registry, "crm", scopes=tokens.SCOPES, by="ana", at=AT
        )
        with _echo(desk) as (echo, other), _door(desk) as (door, process):
            yield from _throughput(echo, other.pid, door, process.pid, key)
            yield _table.row("most memory of the door", _most(process.pid), "MB")
        yield from _killed(desk, key)


def _throughput(
    echo: str, other: int, door: str, mine: int, key: str
) -> Iterator[_table.Row]:
    asked = {
        "echo, a row": (echo, "/echo", "one", ""),
        "feedback, a row": (door, FEEDBACK, "one", key),
        "feedback, 100 rows": (door, FEEDBACK, "batch", key),
        "echo, 100 rows": (echo, "/echo", "batch", ""),
        "bare predict": (echo, "/bare", "row", ""),
        "bare predict, in threads": (echo, "/bare-threads", "row", ""),
        "predictions, a row": (door, f"/models/{MODEL}/predictions", "row", key),
    }
    rates: dict[str, list[float]] = {name: [] for name in asked}
    slow: dict[str, list[float]] = {name: [] for name in asked}
    spent: dict[str, list[float]] = {name: [] for name in asked}
    for address, path, kind, token in asked.values():  # loads what is loaded once
        _load(address, path, kind, 1.0, token)
    for _ in range(ROUNDS):
        for name, (address, path, kind, token) in asked.items():
            pid = mine if token else other
            before = _spent(pid)
            told = _load(address, path, kind, SECONDS, token)
            spent[name].append((_spent(pid) - before) / max(told["fine"], 1) * 1e6)
            if told["other"]:
                raise RuntimeError(f"{name}: {told['other']} were not taken")
            rates[name].append(told["fine"] / told["seconds"])
            slow[name].append(told["slow"] * 1000)
    middle = {name: statistics.median(each) for name, each in rates.items()}
    for name, rate in middle.items():
        yield _table.row(f"{name}: requests a second", rate)
        cost = statistics.median(spent[name])
        yield _table.row(f"{name}: processor time a request", cost, "us")
        yield _table.row(
            f"{name}: 99 of 100 within", statistics.median(slow[name]), "ms"
        )
    share = _share(rates["feedback, a row"], rates["echo, a row"])
    yield _table.row("feedback, of the echo's throughput", share, at_least=0.5)
    rows = _door_load.EACH * _share(rates["feedback, 100 rows"], rates["echo, a row"])
    yield _table.row("feedback of 100, of the echo's rows", rows, at_least=20)
    cost = _share(spent["echo, a row"], spent["feedback, a row"])
    yield _table.row("feedback, of the echo's, by processor time", cost)
    cost = _share(spent["echo, a row"], spent["feedback, 100 rows"])
    rows = _door_load.EACH * cost
    yield _table.row("feedback of 100, of the echo's rows, by processor time", rows)
    cost = _share(spent["bare predict"], spent["predictions, a row"])
    yield _table.row("predictions, of a bare predict, by processor time", cost)
    share = _share(rates["predictions, a row"], rates["bare predict"])
    yield _table.row("predictions, of a bare predict", share, at_least=0.8)
    share = _share(rates["predictions, a row"], rates["bare predict, in threads"])
    yield _table.row("predictions, of a bare predict in threads", share)


def _share(mine: list[float], theirs: list[float]) -> float:
    """The median of the rounds' ratios: what disturbs a round disturbs both."""
    return statistics.median(a / b for a, b in zip(mine, theirs, strict=True))


def _killed(desk: Workspace, key: str) -> Iterator[_table.Row]:
    acked: set[str] = set()
    for n in range(KILLS):
        with _door(desk) as (address, process):
            path = desk.directory / f"acked-{n}"
            words = [address, FEEDBACK, "one", "20", str(CONNECTIONS), key, str(path)]
            load = subprocess.Popen(
                [sys.executable, "-m", "benchmarks._door_load", *words],
                stdout=subprocess.PIPE,
                text=True,
            )
            while not Path(f"{path}.begun").exists() and load.poll() is None:
                time.sleep(0.05)
            time.sleep(0.3 + 0.5 * n)
            process.send_signal(signal.SIGKILL)
            load.communicate()
        acked |= set(path.read_text().split())
    with _door(desk) as (_, process):
        process.send_signal(signal.SIGTERM)
        process.wait()
    held = set(desk.logs(MODEL).feedback()["feedback_id"])
    lost = sum(f"crm:{each}" not in held for each in acked)
    yield _table.row("killed under load", KILLS, "times")
    yield _table.row("acknowledged before", len(acked))
    yield _table.row("of these not in the log", lost, at_most=0)


def _load(
    address: str, path: str, kind: str, seconds: float, token: str
) -> dict[str, float]:
    words = [address, path, kind, str(seconds), str(CONNECTIONS), token]
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks._door_load", *words],
        check=True,
        capture_output=True,
        text=True,
    )
    told: dict[str, float] = json.loads(done.stdout)
    return told


@contextmanager
def _echo(desk: Workspace) -> Iterator[tuple[str, subprocess.Popen[str]]]:
    words = ["benchmarks._door_echo", str(desk.directory)]
    with _served(["-m", *words]) as served:
        yield served


@contextmanager
def _door(desk: Workspace) -> Iterator[tuple[str, subprocess.Popen[str]]]:
    words = ["lifecycle", "--workspace", str(desk.directory), "serve"]
    with _served(["-m", *words]) as served:
        yield served


@contextmanager
def _served(words: list[str]) -> Iterator[tuple[str, subprocess.Popen[str]]]:
    process = subprocess.Popen(
        [sys.executable, *words],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "OMP_NUM_THREADS": "1"},  # requests are the threads
    )
    try:
        assert process.stdout is not None
        line = process.stdout.readline()
        address = next(each for each in line.split() if each.startswith("http"))
        yield address.removesuffix("/docs"), process
    finally:
        process.terminate()
        process.wait()


def _spent(pid: int) -> float:
    """Seconds of processor time of a process."""
    words = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(words[11]) + int(words[12])) / os.sysconf("SC_CLK_TCK")


def _most(pid: int) -> float:
    told = Path(f"/proc/{pid}/status").read_text()
    return int(told.partition("VmHWM:")[2].split()[0]) / 1024


if __name__ == "__main__":
    sys.exit(_table.main(measure, __doc__ or ""))
