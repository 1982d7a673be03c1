"""Warm starts: runs forked from a process that has everything imported.

A cold run spends most of its time starting an interpreter and importing. `Warm`
starts one process that imports once and then only forks: each run and each kernel
is a process of its own, used once, and knows nothing of the run before.
"""

from __future__ import annotations

import contextlib
import json
import logging
import os
import socket
import struct
import subprocess
import sys
import tempfile
import threading
from types import TracebackType
from typing import Any

from lifecycle.jobs.processes import Cold, Process, begin, end_group

__all__ = ["Warm"]

_PATIENCE = 180.0
"""Seconds until a server that does not answer is given up; it imports for some ten."""


class Warm:
    """A process from which runs are forked, for as long as the `with` lasts.

    It is started at once and imports while its caller goes on. Where the system
    cannot fork (Windows, macOS), and when the process is gone, runs start cold,
    and `sentence` says why.

    What a library reads from the environment as it is imported, such as
    `OMP_NUM_THREADS`, is read when `Warm` starts; all else is the environment at
    the time of the run.

    Examples
    --------
    ::

        with Warm() as warm:
            jobs.run("audit.ipynb", ..., warm=warm)
            jobs.run("drift.ipynb", ..., warm=warm)
    """

    def __init__(self) -> None:
        self.sentence = ""
        self._lock = threading.Lock()
        self._control: socket.socket | None = None
        self._server: subprocess.Popen[bytes] | None = None
        self._home: tempfile.TemporaryDirectory[str] | None = None

    def __enter__(self) -> Warm:
        if sys.platform in ("win32", "darwin"):
            self._give_up("this system cannot fork safely")
            return self
        self._home = tempfile.TemporaryDirectory(prefix="lc-warm-")
        self._control, theirs = socket.socketpair()
        env = os.environ | {"MPLBACKEND": "Agg", "TQDM_DISABLE": "1"}
        env.pop("JPY_PARENT_PID", None)
        env |= {"IPYTHONDIR": self._home.name, "JUPYTER_RUNTIME_DIR": self._home.name}
        with theirs:
            self._server = begin(
                "forkserver",
                str(theirs.fileno()),
                env=env,
                pass_fds=[theirs.fileno()],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
            )
        self._control.settimeout(_PATIENCE)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """End the process; runs that are under way end first."""
        with self._lock:
            if self._control is not None:
                self._control.close()
                self._control = None
            if self._server is not None:
                self._server.wait()
                self._server = None
            if self._home is not None:
                self._home.cleanup()
                self._home = None

    def start(self, job: dict[str, Any]) -> Process:
        """Start the process of a run, warm if possible.

        Parameters
        ----------
        job : dict
            For `lifecycle.jobs.child`.

        Returns
        -------
        Process
        """
        with self._lock:
            forked = self._fork()
        if forked is None:
            return Cold(job)
        with contextlib.suppress(BrokenPipeError):
            forked.lifeline.sendall(json.dumps(job).encode() + b"\n")
        return forked

    def _fork(self) -> _Forked | None:
        if self._control is None:
            self.sentence = self.sentence or "the warm process is closed"
            return None
        ours, theirs = socket.socketpair()
        try:
            with theirs:
                socket.send_fds(self._control, [b"."], [theirs.fileno()])
            answer = self._control.recv(8)
        except OSError as error:
            answer = str(error).encode()
        if len(answer) != 8:
            ours.close()
            self._control.close()
            self._control = None
            self._give_up("the warm process does not answer")
            return None
        return _Forked(struct.unpack("q", answer)[0], ours)

    def _give_up(self, why: str) -> None:
        self.sentence = f"{why}; runs start cold"
        logging.getLogger("lifecycle.jobs").warning("%s", self.sentence)


class _Forked:
    """A process of a run that was forked from the warm one."""

    def __init__(self, pid: int, lifeline: socket.socket) -> None:
        self.pid, self.lifeline = pid, lifeline
        self._code: int | None = None

    def wait(self, seconds: float) -> int | None:
        if self._code is None:
            self.lifeline.settimeout(max(0.001, seconds))
            try:
                answer = self.lifeline.recv(8)
            except TimeoutError:
                return None
            except OSError:
                answer = b""
            self._code = struct.unpack("q", answer)[0] if len(answer) == 8 else -9
        return self._code

    def end(self) -> None:
        if self._code is None:
            end_group(self.pid)
            self.wait(_PATIENCE)
        self.lifeline.close()
