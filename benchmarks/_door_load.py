"""Load for the door: a process of its own that posts over kept connections, and stops.

    python -m benchmarks._door_load ADDRESS PATH KIND SECONDS MANY [TOKEN [ACKED]]

Each connection posts, waits for the answer, and posts again. What was acknowledged is
written to ACKED, an id a line. The counts go to standard output as JSON.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
import time
from pathlib import Path
from urllib.parse import urlsplit

EACH = 100  # rows of a batch
LEAST = 120.0  # seconds after which the process ends, whatever happens


def body(kind: str, at: int) -> bytes:
    """A body that nobody sent before."""
    if kind == "row":
        return (
            b'{"id":"r%07d-%d","n0":0.1,"n1":-1.2,"n2":0.3,"n3":2.5,"n4":-0.7,"n5":0.9,'
            b'"plan":"pro","region":"north"}' % (at, os.getpid())
        )
    rows = EACH if kind == "batch" else 1
    made = [
        b'{"feedback_id":"w%d-%07d-%d","id":"lead-%07d","time":"2026-03-01T10:00:00Z",'
        b'"kind":"override","label":0,"person":"Bo Larsen","reason":"left the firm"}'
        % (os.getpid(), at, n, at)
        for n in range(rows)
    ]
    return b"[" + b",".join(made) + b"]" if kind == "batch" else made[0]


class Connection(asyncio.Protocol):
    """Posts as fast as it is answered."""

    def __init__(self, load: Load) -> None:
        self._load, self._held, self._sent = load, b"", 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport
        self._post()

    def _post(self) -> None:
        if time.monotonic() > self._load.until:
            self._transport.close()
            return
        self._load.number += 1
        self._sent, self._began = self._load.number, time.perf_counter()
        told = body(self._load.kind, self._sent)
        self._transport.write(self._load.head % len(told) + told)  # type: ignore[attr-defined]

    def data_received(self, data: bytes) -> None:
        self._held += data
        head, mark, rest = self._held.partition(b"\r\n\r\n")
        if not mark:
            return
        length = int(head.lower().partition(b"content-length: ")[2].split(b"\r", 1)[0])
        if len(rest) < length:
            return
        self._held = rest[length:]
        self._load.answered(head, self._sent, time.perf_counter() - self._began)
        self._post()

    def connection_lost(self, exc: Exception | None) -> None:
        self._load.lost()


class Load:
    """All connections, and what they were answered."""

    def __init__(self, path: str, kind: str, seconds: float, token: str) -> None:
        self.kind, self.number = kind, 0
        self.until = time.monotonic() + seconds
        key = f"Authorization: Bearer {token}\r\n" if token else ""
        self.head = (
            f"POST {path} HTTP/1.1\r\nHost: door\r\n{key}"
            "Content-Type: application/json\r\nContent-Length: %d\r\n\r\n"
        ).encode()
        self.fine = self.other = 0
        self.seconds: list[float] = []
        self.acked: list[int] = []
        self.open = 0
        self.over = asyncio.Event()
        self.begun: Path | None = None

    def answered(self, head: bytes, number: int, seconds: float) -> None:
        """Count one answer."""
        if head.split(b" ", 2)[1] in (b"200", b"202"):
            if self.begun is not None and not self.fine:
                self.begun.touch()
            self.fine += 1
            self.acked.append(number)
            self.seconds.append(seconds)
        else:
            self.other += 1

    def lost(self) -> None:
        """One connection less."""
        self.open -= 1
        if not self.open:
            self.over.set()


async def run(address: str, load: Load, connections: int) -> None:
    """Post until the time is over, or nobody answers any more."""
    place = urlsplit(address)
    loop = asyncio.get_running_loop()
    load.open = connections
    for _ in range(connections):
        await loop.create_connection(
            lambda: Connection(load), place.hostname, place.port
        )
    await asyncio.wait_for(load.over.wait(), LEAST)


def main(words: list[str]) -> None:
    """Run, and say what came."""
    address, path, kind, seconds, connections, *more = words
    load = Load(path, kind, float(seconds), more[0] if more else "")
    if len(more) > 1:
        load.begun = Path(more[1] + ".begun")
    began = time.perf_counter()
    asyncio.run(run(address, load, int(connections)))
    spent = time.perf_counter() - began
    if len(more) > 1:
        pid = os.getpid()
        with Path(more[1]).open("w") as file:
            file.writelines(f"w{pid}-{n:07d}-0\n" for n in load.acked)
    times = sorted(load.seconds) or [float("nan")]
    told = {
        "fine": load.fine,
        "other": load.other,
        "seconds": spent,
        "median": times[len(times) // 2],
        "slow": times[int(len(times) * 0.99)],
    }
    sys.stdout.write(json.dumps(told) + "\n")


if __name__ == "__main__":
    main(sys.argv[1:])
