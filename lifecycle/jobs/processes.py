"""Starting the process of a run from a fresh interpreter, and ending it for good."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any, Protocol

import lifecycle

__all__ = ["Cold", "Process", "begin", "end_group"]

_START = """
import importlib.util, sys
sys.path[:] = [path for path in sys.path if path]
spec = importlib.util.find_spec("lifecycle")
if spec is None or spec.origin != sys.argv[1]:
    sys.path.insert(0, sys.argv[2])
from lifecycle.jobs import {module}
sys.exit({module}.main())
"""


class Process(Protocol):
    """A process that does one job."""

    def wait(self, seconds: float) -> int | None:
        """Its exit code, or `None` when it still runs after so many seconds."""

    def end(self) -> None:
        """End it and everything it started; no harm when it has ended."""


def begin(module: str, *arguments: str, **settings: Any) -> subprocess.Popen[bytes]:
    """Start a module of this package in this interpreter, with this `lifecycle`.

    Parameters
    ----------
    module : str
        One of `lifecycle.jobs`, with a `main`.
    *arguments : str
    **settings
        For `subprocess.Popen`.

    Returns
    -------
    subprocess.Popen
        In a session and process group of its own.
    """
    origin = Path(lifecycle.__file__)
    code = _START.format(module=module)
    command = [sys.executable, "-c", code, str(origin), str(origin.parents[1])]
    group: dict[str, Any] = {"start_new_session": True}
    if sys.platform == "win32":
        group = {"creationflags": subprocess.CREATE_NEW_PROCESS_GROUP}
    return subprocess.Popen([*command, *arguments], **group, **settings)


class Cold:
    """A process that starts with an empty interpreter.

    Parameters
    ----------
    job : dict
        For `lifecycle.jobs.child`.
    """

    def __init__(self, job: dict[str, Any]) -> None:
        with Path(job["log"]).open("ab") as log:
            self._process = begin(
                "child",
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=log,
                env=job["env"],
            )
        assert self._process.stdin is not None
        self._lifeline = self._process.stdin
        with contextlib.suppress(BrokenPipeError):
            self._lifeline.write(json.dumps(job).encode() + b"\n")
            self._lifeline.flush()

    def wait(self, seconds: float) -> int | None:
        """Its exit code, or `None` when it still runs after so many seconds."""
        try:
            return self._process.wait(max(0.0, seconds))
        except subprocess.TimeoutExpired:
            return None

    def end(self) -> None:
        """End it and everything it started."""
        end_group(self._process.pid)
        self._process.wait()
        with contextlib.suppress(BrokenPipeError):
            self._lifeline.close()


def end_group(pid: int) -> None:
    """Kill a process group; its leader may have ended before.

    Parameters
    ----------
    pid : int
        Of the leader.
    """
    if sys.platform == "win32":
        command = ["taskkill", "/F", "/T", "/PID", str(pid)]
        subprocess.run(command, check=False, capture_output=True)
        return
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(pid, signal.SIGKILL)
