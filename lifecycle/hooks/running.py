"""Running a program: no shell, a time limit, and nothing left running."""

from __future__ import annotations

import importlib.util
import json
import os
import selectors
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from time import monotonic
from typing import IO

from lifecycle.hooks.words import NotTaken, heard, secrets

__all__ = ["run", "run_apart"]

_TAIL = 4096  # bytes of output that are kept while it runs
_LAST = 64  # reads after its end, enough for what a pipe holds
_GRACE = 2.0  # seconds between asking a program to end and ending it
_LOOK = 0.02  # seconds between two looks at whether it has ended


def run(
    words: Sequence[str],
    body: bytes,
    *,
    folder: Path,
    timeout: float,
    hide: Sequence[str] = (),
    environment: Mapping[str, str] | None = None,
) -> str:
    """Run a program with words on its standard input.

    Parameters
    ----------
    words : sequence of str
        The program's path and its arguments.
    body : bytes
        What it may read.
    folder : Path
        Where it runs.
    timeout : float
        Seconds; then it and all that it started in its process group are ended.
    hide : sequence of str
        Secrets that are not repeated.
    environment : mapping, optional
        Its environment; this process's where not given.

    Returns
    -------
    str
        The end of what it said.

    Raises
    ------
    NotTaken
        When it cannot be run, ends with another code than 0, or takes too long.
    """
    try:
        child = subprocess.Popen(
            words,
            cwd=folder,
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    except OSError as error:
        raise NotTaken(
            f"{heard(words[0])} cannot be run ({error.strerror}); "
            "check the file and its permissions"
        ) from None
    hidden = secrets(*hide)
    with _ended(child):
        said, in_time = _talk(child, body, monotonic() + timeout)
        told = heard(said, hide=hidden)
        if not in_time:
            raise NotTaken(_with(f"took longer than {timeout:g} seconds", told))
    code = child.returncode
    if code:
        ended = f"signal {-code}" if code < 0 else f"exit code {code}"
        raise NotTaken(_with(f"ended with {ended}", told))
    return told


def run_apart(
    module: str, told: object, *, folder: Path, timeout: float, hide: Sequence[str] = ()
) -> str:
    """Run a module of the house, which uses MLflow, in an interpreter of its own.

    So MLflow sets nothing in this process, and ends at the time limit. It is told to
    report no usage, and to try a call once.

    Parameters
    ----------
    module : str
        Below `lifecycle.hooks`; reads JSON on standard input.
    told : object
        That JSON.
    folder, timeout, hide
        As in `run`.

    Raises
    ------
    NotTaken
        When MLflow is not installed, or as in `run`.
    """
    if importlib.util.find_spec("mlflow") is None:
        raise NotTaken(
            "MLflow is not installed here; run: pip install "
            '"lifecycle-workbench[mlflow]"'
        )
    house = str(Path(__file__).parents[2])
    known = os.environ.get("PYTHONPATH", "")
    return run(
        [sys.executable, "-W", "ignore", "-m", f"lifecycle.hooks.{module}"],
        json.dumps(told).encode(),
        folder=folder,
        timeout=timeout,
        hide=hide,
        environment={
            **os.environ,
            "PYTHONPATH": f"{house}{os.pathsep}{known}" if known else house,
            "MLFLOW_DISABLE_TELEMETRY": "true",
            "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "0",
            "MLFLOW_HTTP_REQUEST_TIMEOUT": str(max(1, int(timeout))),
            "MLFLOW_LOGGING_LEVEL": "ERROR",
        },
    )


def _with(what: str, told: str) -> str:
    return f"{what}: {told}" if told else what


def _talk(
    child: subprocess.Popen[bytes], body: bytes, ends: float
) -> tuple[bytes, bool]:
    """Hear what it says until it ends; the end of that, and whether it was in time."""
    assert child.stdin is not None
    assert child.stdout is not None
    said, left = b"", memoryview(body)
    with selectors.DefaultSelector() as ready:
        for pipe, event in (
            (child.stdin, selectors.EVENT_WRITE),
            (child.stdout, selectors.EVENT_READ),
        ):
            os.set_blocking(pipe.fileno(), False)
            ready.register(pipe, event)
        while child.poll() is None:
            if monotonic() >= ends:
                return said, False
            for key, _ in ready.select(_LOOK):
                if key.fileobj is child.stdin:
                    left = _give(child.stdin, left)
                    if not left:
                        ready.unregister(child.stdin)
                        child.stdin.close()
                elif (more := _take(child.stdout)) is not None:
                    said = (said + more)[-_TAIL:]
                    if not more:
                        ready.unregister(child.stdout)
            if not ready.get_map():
                with suppress(subprocess.TimeoutExpired):
                    child.wait(_LOOK)
        for _ in range(_LAST):  # what it has started may go on speaking
            if not (more := _take(child.stdout)):
                break
            said = (said + more)[-_TAIL:]
    return said, True


def _give(pipe: IO[bytes], left: memoryview) -> memoryview:
    try:
        return left[os.write(pipe.fileno(), left) :]
    except BlockingIOError:
        return left
    except BrokenPipeError:  # it does not want to read
        return left[len(left) :]


def _take(pipe: IO[bytes]) -> bytes | None:
    """What there is to read; empty at the end, `None` where there is nothing yet."""
    try:
        return os.read(pipe.fileno(), _TAIL)
    except BlockingIOError:
        return None


@contextmanager
def _ended(child: subprocess.Popen[bytes]) -> Iterator[None]:
    """Whatever happens, the command has ended and its pipes are closed."""
    try:
        yield
    finally:
        if child.poll() is None:
            _end(child)
        for pipe in (child.stdin, child.stdout):
            if pipe is not None:
                with suppress(BrokenPipeError):
                    pipe.close()


def _end(child: subprocess.Popen[bytes]) -> None:
    """Ask the process group to end, and end it when it does not."""
    with suppress(ProcessLookupError):
        os.killpg(child.pid, signal.SIGTERM)
    with suppress(subprocess.TimeoutExpired):
        child.wait(_GRACE)
    with suppress(ProcessLookupError):
        os.killpg(child.pid, signal.SIGKILL)
    child.wait()
