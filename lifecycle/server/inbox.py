"""The inbox: what was acknowledged is on the disk, many requests in one write."""

from __future__ import annotations

import asyncio
import threading
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from lifecycle import logs
from lifecycle.server.refusals import Refused

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["Inbox", "Note"]

_SEGMENT = 8 * 2**20  # bytes: what is landed together is read into memory
_FULL = 1  # seconds after which a sender may try again


class Note(NamedTuple):
    """What one request brought.

    Parameters
    ----------
    model, table, source, request : str
    at : float
        Seconds since 1970, when it came.
    rows : int
    body : bytes
        JSON: a row, or a list of rows.
    """

    model: str
    table: str
    source: str
    request: str
    at: float
    rows: int
    body: bytes


class Inbox:
    """Takes notes of requests and answers when the disk has them.

    Requests that come while the disk is being written to are written together next
    time: under load one sync is shared by many.

    Parameters
    ----------
    directory : Path
        Of the spool.
    token : str
        No other process has the same.
    most_bytes : int
        What waits for the disk at most; beyond it a request is refused with 503.
    """

    def __init__(
        self, directory: Path, *, token: str, most_bytes: int = 256 * 2**20
    ) -> None:
        self._spool = logs.Spool(directory, token=token, segment_bytes=_SEGMENT)
        self._most, self._bytes = most_bytes, 0
        self._lock, self._writing = threading.Lock(), threading.Lock()
        self._wanted = threading.Event()
        self._queue: list[tuple[Note, asyncio.Future[None]]] = []
        self._closing = False
        self._thread: threading.Thread | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self.trouble = ""
        self.taken: dict[tuple[str, str], int] = {}

    def start(self) -> None:
        """Begin to write; within the loop that will wait for it."""
        self._loop, self._closing = asyncio.get_running_loop(), False
        self._thread = threading.Thread(
            target=self._work, name="door-inbox", daemon=True
        )
        self._thread.start()

    async def put(self, note: Note) -> None:
        """Come back when the disk has what was noted.

        Raises
        ------
        Refused
            503 where the disk takes nothing, or too much waits for it already.
        """
        assert self._loop is not None
        if self._thread is not None and not self._thread.is_alive():
            raise _later("the thread that writes has ended")
        if self._bytes + len(note.body) > self._most and self._bytes:
            raise _later("too much waits for the disk")
        future: asyncio.Future[None] = self._loop.create_future()
        with self._lock:
            self._queue.append((note, future))
            self._bytes += len(note.body)
        self._wanted.set()
        await future
        key = (note.model, note.table)
        self.taken[key] = self.taken.get(key, 0) + note.rows

    def seal(self) -> None:
        """Let what was written be landed."""
        with self._writing:
            self._spool.seal()

    def close(self) -> None:
        """Write what waits, and end."""
        self._closing = True
        self._wanted.set()
        if self._thread is not None:
            self._thread.join()
        self.seal()

    @property
    def waiting(self) -> int:
        """Bytes that wait for the disk."""
        return self._bytes

    def _work(self) -> None:
        assert self._loop is not None
        while True:
            self._wanted.wait()
            self._wanted.clear()
            with self._lock:
                held, self._queue = self._queue, []
            if held:
                trouble = self._written([note for note, _ in held])
                with self._lock:
                    self._bytes -= sum(len(note.body) for note, _ in held)
                self.trouble = trouble
                self._loop.call_soon_threadsafe(_tell, held, trouble)
            elif self._closing:
                return
            if self._closing:
                self._wanted.set()

    def _written(self, notes: list[Note]) -> str:
        import pyarrow as pa

        try:
            with self._writing:
                self._spool.write(_table(notes))
        except OSError as error:
            return error.strerror or type(error).__name__
        except pa.ArrowException as error:  # else all who come later would wait
            return type(error).__name__
        return ""


def _tell(held: list[tuple[Note, asyncio.Future[None]]], trouble: str) -> None:
    for _, future in held:
        if future.done():  # the caller has gone
            continue
        if trouble:
            future.set_exception(_later(f"the disk takes nothing ({trouble})"))
        else:
            future.set_result(None)


def _later(why: str) -> Refused:
    return Refused(
        503,
        f"nothing was kept: {why}; send it again later",
        headers={"Retry-After": str(_FULL)},
    )


def _table(notes: list[Note]) -> pa.Table:
    import pyarrow as pa

    texts = ("model", "table", "source", "request")
    columns = {
        name: pa.array([getattr(note, name) for note in notes], pa.string())
        for name in texts
    }
    columns["at"] = pa.array([note.at for note in notes], pa.float64())
    columns["body"] = pa.array([note.body for note in notes], pa.binary())
    return pa.table(columns)
