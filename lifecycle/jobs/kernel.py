"""The kernel of a run: this very interpreter's ipykernel, and no other.

Where the system can fork, the kernel is forked from the process that runs the
notebook before anything has started there: no second start of an interpreter, and
no import that has been made already is made again. Elsewhere it is started as
Jupyter starts it. Either way it stays in the run's process group, so that one
signal ends the run with all that it started, and it talks over files in a private
directory (or encrypted), so that no port can be taken or listened to.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from jupyter_client.kernelspec import KernelSpec
from jupyter_client.manager import AsyncKernelManager
from jupyter_client.provisioning import LocalProvisioner

__all__ = ["CAN_FORK", "Forked", "fork", "manager"]

CAN_FORK = hasattr(os, "fork") and sys.platform != "darwin"
"""Apple's own libraries do not survive a fork without exec."""

_LONGEST_SOCKET = 100
"""The path of a Unix socket may have some 104 characters."""


class Forked:
    """A kernel that is forked and waits for its connection file.

    Parameters
    ----------
    pid : int
    pipe : int
        Where its arguments go.
    """

    stdin = stdout = stderr = None

    def __init__(self, pid: int, pipe: int) -> None:
        self.pid = pid
        self.returncode: int | None = None
        self._pipe: int | None = pipe

    def begin(self, arguments: list[str]) -> None:
        """Tell the waiting kernel to become one."""
        if self._pipe is None:
            raise RuntimeError("a forked kernel begins once; fork another")
        with os.fdopen(self._pipe, "w") as pipe:
            json.dump(arguments, pipe)
        self._pipe = None

    def leave(self) -> None:
        """Let go of a kernel that was not needed."""
        if self._pipe is not None:
            os.close(self._pipe)
            self._pipe = None
            self.wait()

    def poll(self) -> int | None:
        """Its exit code, or `None` while it lives; as `subprocess.Popen` has it."""
        return self._reap(os.WNOHANG)

    def wait(self) -> int | None:
        """Wait for its end."""
        return self._reap(0)

    def send_signal(self, number: int) -> None:
        """Send a signal to the kernel alone."""
        if self.poll() is None:
            os.kill(self.pid, number)

    def kill(self) -> None:
        """End it at once."""
        self.send_signal(signal.SIGKILL)

    def terminate(self) -> None:
        """Ask it to end."""
        self.send_signal(signal.SIGTERM)

    def _reap(self, options: int) -> int | None:
        if self.returncode is None:
            pid, status = os.waitpid(self.pid, options)
            if pid:
                self.returncode = os.waitstatus_to_exitcode(status)
        return self.returncode


def fork() -> Forked:
    """Fork a kernel that waits until it is told its connection file.

    To be called before any thread, socket or event loop has started.

    Returns
    -------
    Forked
    """
    read, write = os.pipe()
    pid = os.fork()
    if pid:
        os.close(read)
        return Forked(pid, write)
    code = 1
    try:
        os.close(write)
        _serve(read)
        code = 0
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else 1
    finally:
        os._exit(code)


def _serve(pipe: int) -> None:
    """What the forked process does: wait, become a kernel, serve, end."""
    import atexit
    import faulthandler

    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    with os.fdopen(pipe) as told:
        text = told.read()
    if not text:
        return
    faulthandler.enable()
    if "numpy" in sys.modules:  # Python draws a new state after a fork, numpy does not
        sys.modules["numpy"].random.seed()
    from ipykernel.kernelapp import IPKernelApp

    sys.argv = ["ipykernel_launcher", *json.loads(text)]
    app = IPKernelApp.instance()
    with _without("debugpy"):  # nobody is there to debug; it is half of the start
        app.initialize(sys.argv[1:])
    try:
        app.start()
    finally:
        atexit._run_exitfuncs()
        for stream in (sys.__stdout__, sys.__stderr__):
            if stream is not None:
                stream.flush()


@contextlib.contextmanager
def _without(name: str) -> Iterator[None]:
    """Have the import of a module fail for a while, unless it is there already."""
    sys.modules.setdefault(name, None)  # type: ignore[arg-type]
    try:
        yield
    finally:
        if sys.modules[name] is None:
            del sys.modules[name]


class _Forking(LocalProvisioner):
    """Hands a kernel that is forked already its connection file."""

    waiting: Forked

    async def launch_kernel(self, cmd: list[str], **_: Any) -> Any:
        self.waiting.begin([*cmd[3:], f"--IPKernelApp.parent_handle={os.getpid()}"])
        self.process = self.waiting
        self.pid = self.waiting.pid
        self.pgid = None  # it shares ours: a signal to the group would be our end
        self.cwd = Path.cwd()
        return self.connection_info


class _Manager(AsyncKernelManager):
    """Knows one kernel, whatever is installed elsewhere."""

    @property
    def kernel_spec(self) -> KernelSpec:
        return KernelSpec(
            argv=[
                sys.executable,
                "-m",
                "ipykernel_launcher",
                "-f",
                "{connection_file}",
            ],
            display_name="Python 3",
            language="python",
            metadata={"supported_encryption": ["curve"]},
        )


def manager(directory: Path, waiting: Forked | None = None) -> AsyncKernelManager:
    """Make the manager of one run's kernel.

    Parameters
    ----------
    directory : Path
        Private to the run; the connection file and the sockets go there.
    waiting : Forked, optional
        The kernel, where it is forked already.

    Returns
    -------
    jupyter_client.AsyncKernelManager
    """
    made = _Manager(
        kernel_name="python3", connection_file=str(directory / "kernel.json")
    )
    short = len(os.fsencode(directory)) + len("/kernel-ipc-1") < _LONGEST_SOCKET
    if os.name == "posix" and short:
        made.transport = "ipc"
    elif made.has_trait("transport_encryption"):
        made.transport_encryption = "auto"
    if waiting is not None:
        provisioner = _Forking(
            kernel_id="run", kernel_spec=made.kernel_spec, parent=made
        )
        provisioner.waiting = waiting
        made.provisioner = provisioner
    return made
