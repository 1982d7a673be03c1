"""Lanes: processes side by side, each doing one call at a time, for many models.

The standard library has a pool of processes too. When one of its workers is killed the
pool is broken as a whole: all that was submitted fails, nobody can say whose call it
was, and its workers import the caller's main module again. A lane has a process of its
own, so it is known what was killed with it: that call is made once more, in a new
process, and the other lanes do not notice.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
import traceback
from collections.abc import Callable
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from multiprocessing.connection import Connection, Pipe
from multiprocessing.reduction import ForkingPickler
from types import TracebackType
from typing import IO, Any, TypeVar
from weakref import WeakKeyDictionary

from lifecycle.errors import KernelDied
from lifecycle.jobs.processes import begin, end_group

__all__ = ["Lanes", "main"]

_T = TypeVar("_T")
_GRACE = 3.0
"""Seconds for leaving things in order that a call has when it is told to stop."""
_THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")


class Lanes(Executor):
    """An executor of processes, in which each death has one culprit.

    A process starts with the first call for it, as a fresh interpreter that knows
    nothing of the caller's main module; functions, arguments and results are pickled
    on the way. When its `with` ends by an exception, Ctrl-C too, nothing more is begun
    and what is under way is ended.

    Parameters
    ----------
    count : int
        How many calls are made at a time.
    attempts : int
        How often a call is made whose process is killed; then it fails with
        `KernelDied`. One that raises is not made again.

    Raises
    ------
    ValueError
        When there would be no lane, or no attempt.

    Notes
    -----
    Numerical libraries get as many threads in a lane as there are processors for it,
    unless the environment says how many.

    Examples
    --------
    >>> with Lanes(1) as lanes:
    ...     list(lanes.map(abs, [-1, 2, -3]))
    [1, 2, 3]
    """

    def __init__(self, count: int, *, attempts: int = 2) -> None:
        for name, told in (("count", count), ("attempts", attempts)):
            if told < 1:
                raise ValueError(f"{name} is {told}; give 1 or more")
        self.count, self.attempts = count, attempts
        self._threads = ThreadPoolExecutor(count, thread_name_prefix="lane")
        self._lock = threading.Lock()
        self._lanes: list[_Lane] = []
        self._free: list[_Lane] = []
        self._died: WeakKeyDictionary[Future[Any], list[str]] = WeakKeyDictionary()

    def submit(self, fn: Callable[..., _T], /, *args: Any, **kwargs: Any) -> Future[_T]:
        """Have a function called in one of the processes."""
        call, died = bytes(ForkingPickler.dumps((fn, args, kwargs))), list[str]()
        future = self._threads.submit(self._make, call, died)
        self._died[future] = died
        return future

    def died(self, future: Future[Any]) -> tuple[str, ...]:
        """How each process ended that died with a call which was made again."""
        return tuple(self._died.get(future, ()))

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """Take no more calls; those under way are finished, others too or cancelled."""
        self._threads.shutdown(wait=wait, cancel_futures=cancel_futures)
        for lane in self._lanes if wait else ():
            lane.end()

    def stop(self) -> None:
        """Begin nothing more, and end what is under way: politely, then by force."""
        self._threads.shutdown(wait=False, cancel_futures=True)
        for lane in self._lanes:
            lane.interrupt()
        until = time.monotonic() + _GRACE
        for lane in self._lanes:
            lane.kill(max(0.0, until - time.monotonic()))
        self.shutdown()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if kind is None:
            self.shutdown()
        else:
            self.stop()

    def _make(self, call: bytes, died: list[str]) -> Any:
        """In a thread: hand a call to a process that is free, and wait for it."""
        with self._lock:
            if not self._free:
                self._free.append(_Lane(_environment(self.count)))
                self._lanes.append(self._free[-1])
            lane = self._free.pop()
        try:
            for _ in range(self.attempts):
                answer = lane.make(call)
                if answer is not None or lane.stopped:
                    break
                died.append(lane.last)
        finally:
            with self._lock:
                self._free.append(lane)
        if answer is None:
            raise KernelDied(f"the process {lane.last}")
        done, told = ForkingPickler.loads(answer)
        if not done:
            raise told
        return told


class _Lane:
    """A process that makes calls; started with the first, and after a death."""

    def __init__(self, env: dict[str, str]) -> None:
        self.env, self.last, self.stopped = env, "was not started", False
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._line: Connection | None = None
        self._said: IO[bytes] | None = None

    def make(self, call: bytes) -> bytes | None:
        """Have a call made; `None` when its process ended in the middle."""
        try:
            line = self._begun()
            line.send_bytes(call)
            return line.recv_bytes()
        except (EOFError, ConnectionError):
            self.end()
            return None

    def _begun(self) -> Connection:
        with self._lock:
            if self.stopped:
                raise EOFError
            if self._line is None:
                self._line, theirs = Pipe()
                self._said = tempfile.TemporaryFile()  # noqa: SIM115  closed at its end
                with theirs:
                    self._process = begin(
                        "lanes",
                        str(theirs.fileno()),
                        env=self.env,
                        pass_fds=[theirs.fileno()],
                        stdin=subprocess.DEVNULL,
                        stdout=self._said,
                        stderr=self._said,
                    )
            return self._line

    def interrupt(self) -> None:
        """Let the call under way end as Ctrl-C would end it; make no other."""
        with self._lock:
            self.stopped = True
            if self._process is not None:
                self._process.send_signal(signal.SIGINT)

    def kill(self, after: float) -> None:
        """End the process and all of its group, if it does not end in some seconds."""
        process = self._process
        if process is not None:
            try:
                process.wait(after)
            except subprocess.TimeoutExpired:
                end_group(process.pid)

    def end(self) -> None:
        """Close the line, which ends the process that waits on it."""
        with self._lock:
            if self._process is None or self._line is None or self._said is None:
                return
            self._line.close()
            code = self._process.wait()
            end_group(self._process.pid)
            with self._said:
                word = _last_word(self._said)
            self._process = self._line = self._said = None
        if code < 0:
            self.last = f"was killed by signal {-code}"
        else:
            self.last = f"ended with {code}{word and f': {word}'}"


def _last_word(said: IO[bytes]) -> str:
    end = said.seek(0, os.SEEK_END)
    said.seek(max(0, end - 4096))
    lines = said.read().decode(errors="replace").splitlines()
    return next((each.strip() for each in reversed(lines) if each.strip()), "")


def _environment(count: int) -> dict[str, str]:
    share = str(max(1, (os.cpu_count() or 1) // count))
    return dict.fromkeys(_THREADS, share) | os.environ


def main() -> int:
    """Make the calls that come on the descriptor of the last argument, until it closes.

    Returns
    -------
    int
        0.
    """
    with Connection(int(sys.argv[-1])) as line:
        while True:
            try:
                line.send_bytes(_made(line.recv_bytes()))
            except (EOFError, ConnectionError, KeyboardInterrupt):
                return 0


def _made(call: bytes) -> bytes:
    try:
        function, args, named = ForkingPickler.loads(call)
        return bytes(ForkingPickler.dumps((True, function(*args, **named))))
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # noqa: BLE001  a future carries any
        error.add_note(traceback.format_exc())
        return _carried(error)


def _carried(error: BaseException) -> bytes:
    """An error on its way to the caller; one that cannot travel, in its words."""
    try:
        told = bytes(ForkingPickler.dumps((False, error)))
        ForkingPickler.loads(told)
    except Exception:  # noqa: BLE001  whatever its class makes of itself
        words = RuntimeError(f"{type(error).__name__}: {error}")
        return bytes(ForkingPickler.dumps((False, words)))
    return told
