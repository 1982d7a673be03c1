"""Recording: what was told is written to the spool, behind the requests' back."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from time import monotonic
from typing import TYPE_CHECKING

from lifecycle import errors, logs

if TYPE_CHECKING:
    import pyarrow as pa

    from lifecycle.workspace.told import Told

__all__ = ["Recorder"]


class Recorder:
    """A bounded queue before a spool.

    Where the queue is full a request waits for room, at most `patience` seconds, and
    is then answered without being logged, which is counted. While the disk takes
    nothing nobody waits: what is in the queue stays there and is tried again.

    Parameters
    ----------
    spool : Spool
    pack : callable
        Makes one Arrow table of many `Told`; called on the writing thread only.
    queue_rows : int
        Rows in the queue at most; a request larger than that is let in alone.
    patience : float
        Seconds.
    """

    def __init__(
        self,
        spool: logs.Spool,
        pack: Callable[[list[Told]], pa.Table],
        *,
        queue_rows: int,
        patience: float,
    ) -> None:
        self._spool, self._pack = spool, pack
        self._most, self._patience = queue_rows, patience
        self._lock = threading.Lock()
        self._room = threading.Condition(self._lock)
        self._writing = threading.Lock()
        self._queue: deque[Told] = deque()
        self._held: list[Told] = []
        self._rows = 0
        self._given = self._written = 0  # tickets
        self.wanted = threading.Event()
        self.background = False
        self.unlogged = 0
        self.trouble = ""

    def put(self, told: Told) -> int:
        """Queue what was told; its ticket, or 0 where it is not logged."""
        rows = told.rows
        with self._lock:
            if self._rows + rows <= self._most:
                self._queue.append(told)
                self._rows += rows
                self._given += 1
                return self._given
        if not self.background:
            self._try()
        else:
            self.wanted.set()
        with self._lock:
            until = monotonic() + self._patience
            while not self._fits(rows) and not self.trouble and self.background:
                left = until - monotonic()
                if left <= 0 or not self._room.wait(left):
                    break
            if self._fits(rows):
                return self._let_in(told, rows)
            self.unlogged += rows
            return 0

    def _fits(self, rows: int) -> bool:
        return self._rows + rows <= self._most or not self._rows

    def _let_in(self, told: Told, rows: int) -> int:
        self._queue.append(told)
        self._rows += rows
        self._given += 1
        return self._given

    def wait(self, ticket: int) -> bool:
        """Wait until what has this ticket is on the disk; False where it is not.

        It is not while the disk takes nothing: the request does not wait for space.
        """
        if not ticket:
            return False
        if not self.background:
            self._try()
        else:
            self.wanted.set()
        with self._lock:
            until = monotonic() + self._patience
            while self._written < ticket and not self.trouble and self.background:
                left = until - monotonic()
                if left <= 0 or not self._room.wait(left):
                    break
            return self._written >= ticket

    def write(self) -> int:
        """Bring all that is queued to the disk; how many rows that were.

        Raises
        ------
        OSError
            The disk takes nothing; the rows stay queued.
        """
        with self._writing:
            with self._lock:
                self._held.extend(self._queue)
                self._queue.clear()
                ticket = self._given
                self.wanted.clear()
            if not self._held:
                return 0
            rows = sum(told.rows for told in self._held)
            try:
                self._spool.write(self._pack(self._held))
            except OSError as error:
                with self._lock:
                    self.trouble = error.strerror or type(error).__name__
                    self._room.notify_all()
                raise
            self._held = []
            with self._lock:
                self._rows -= rows
                self._written = ticket
                self.trouble = ""
                self._room.notify_all()
            return rows

    def _try(self) -> None:
        try:
            self.write()
        except OSError:
            return  # `trouble` says so

    def flush(self) -> None:
        """Come back when all that was put before is on the disk.

        Raises
        ------
        LifecycleError
            The disk takes nothing.
        """
        self._try()
        if self.trouble:
            raise errors.LifecycleError(
                f"{self._rows:,} predictions are not on the disk ({self.trouble}); "
                f"make space for {self._spool.directory}, they are tried again"
            )

    def seal(self) -> None:
        """Let others take the segment that is being written."""
        with self._writing:
            self._spool.seal()
