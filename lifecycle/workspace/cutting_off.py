"""Cutting off: a call gets so much time; who waits goes on without it."""

from __future__ import annotations

import threading
from collections.abc import Callable
from queue import SimpleQueue
from typing import Any

__all__ = ["Bounded"]


class Bounded:
    """Runs calls on threads of its own, so that nobody waits longer than a limit.

    A thread cannot be stopped: a call that is cut off runs on until it ends by itself,
    and its answer is thrown away. While all threads are held up by such calls, a new
    call is not begun. A call that never lets go of the interpreter holds up everybody,
    as it would without this.

    Parameters
    ----------
    most : int
        Threads at once; made when they are needed.

    Examples
    --------
    >>> bounded = Bounded(2)
    >>> bounded.run(lambda: 7, 5.0)
    (True, 7)
    """

    def __init__(self, most: int = 4) -> None:
        self._most = most
        self._lock = threading.Lock()
        self._calls: SimpleQueue[_Call] = SimpleQueue()
        self._threads = self._busy = 0

    def run(self, call: Callable[[], Any], limit: float) -> tuple[bool, Any]:
        """Whether a call ended in time, and what it returned.

        Parameters
        ----------
        call : callable
            Must not raise.
        limit : float
            Seconds.
        """
        with self._lock:
            if self._busy >= self._most:
                return False, None
            self._busy += 1
            fresh = self._busy > self._threads
            self._threads += fresh
        if fresh:
            threading.Thread(
                target=self._work, name="lifecycle-bounded", daemon=True
            ).start()
        mine = _Call(call)
        self._calls.put(mine)
        if mine.done.wait(limit):
            return True, mine.result
        return False, None

    def _work(self) -> None:
        while True:
            call = self._calls.get()
            result = call.run()
            with self._lock:
                self._busy -= 1
            call.result = result
            call.done.set()
            del call, result


class _Call:
    __slots__ = ("done", "result", "run")

    def __init__(self, run: Callable[[], Any]) -> None:
        self.run, self.result, self.done = run, None, threading.Event()
