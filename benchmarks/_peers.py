"""Programs measured as children: ours, and the peers in environments of their own.

A peer lives in ``.venv-peers/NAME`` under the project, made by pip when it is first
asked for. What a child spent is what the system says of it: processor time of all its
threads and children, and the most memory it held.
"""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

__all__ = ["PEERS", "ROOT", "python", "run", "run_own"]

ROOT = Path(__file__).resolve().parent.parent
"""The project's folder; children start in it."""
HOME = ROOT / ".venv-peers"
PEERS: Mapping[str, tuple[str, ...]] = {
    # it imports statsmodels and does not ask for it
    "nannyml": (
        "nannyml==0.13.1",
        "pandas==3.1.1",
        "pyarrow==26.0.1",
        "statsmodels==0.15.0",
    ),
    # the newest pandas it can be imported with is 3.0
    "evidently": ("evidently==0.7.23", "pandas==2.3.3", "pyarrow==26.0.1"),
    "scipy": ("scipy==1.17.1", "pandas==3.1.1", "pyarrow==26.0.1"),
}
"""What is installed for each peer."""
SILENT = {
    "NML_DISABLE_USAGE_LOGGING": "1",
    "DO_NOT_TRACK": "1",
    "ITERATIVE_DO_NOT_TRACK": "1",
    "MPLBACKEND": "Agg",
}
"""Peers tell their makers about every use unless told not to."""
TAIL = 5

# What a process has held at most is first what its parent held when it was started, so
# a large parent would be counted as the child's. This one is small, and waits.
WAITER = """
import json, os, sys, time
began = time.perf_counter()
child = os.posix_spawn(sys.argv[2], sys.argv[2:], os.environ)
_, status, used = os.wait4(child, 0)
wall = time.perf_counter() - began
with open(sys.argv[1], "w") as out:
    json.dump({"cpu_seconds": used.ru_utime + used.ru_stime,
               "peak_mb": used.ru_maxrss / 1024,
               "wall_seconds": wall,
               "exit": os.waitstatus_to_exitcode(status)}, out)
"""


def python(name: str) -> Path:
    """The interpreter of a peer's environment, installed when it is not there.

    Parameters
    ----------
    name : str
        One of `PEERS`.

    Raises
    ------
    ValueError
        When there is no such peer.
    RuntimeError
        When pip cannot install it; says pip's last words.
    """
    if name not in PEERS:
        raise ValueError(f"no peer is named {name!r}; use one of {', '.join(PEERS)}")
    folder = HOME / name
    found = folder / "bin" / "python"
    stamp = folder / "installed.txt"
    wanted = "\n".join(PEERS[name]) + "\n"
    with _alone(HOME / f"{name}.lock"):
        if not (stamp.exists() and stamp.read_text() == wanted):
            print(f"installing {' '.join(PEERS[name])} in {folder}, once", flush=True)
            shutil.rmtree(folder, ignore_errors=True)
            _install(name, [sys.executable, "-m", "venv", str(folder)])
            _install(name, [str(found), "-m", "pip", "install", "-q", *PEERS[name]])
            stamp.write_text(wanted)
    return found


def run(
    name: str, script: Path, *args: object, timeout: float = 3600
) -> dict[str, Any]:
    """Run a script with a peer's interpreter, and measure it.

    Parameters
    ----------
    name : str
        One of `PEERS`; installed when it is not there.
    script : Path
        Prints one JSON object as the last line of its standard output.
    *args
        Its arguments, as text.
    timeout : float
        Seconds after which it is ended.

    Returns
    -------
    dict
        The object, with `cpu_seconds`, `peak_mb` and `wall_seconds` added.

    Raises
    ------
    RuntimeError
        When the child fails, takes too long or prints no such line.
    """
    return _child([str(python(name)), str(script), *map(str, args)], timeout)


def run_own(
    program: Path | str, *args: object, timeout: float = 3600
) -> dict[str, Any]:
    """Run a script, or a module by its name, with this interpreter, and measure it.

    Parameters
    ----------
    program : Path or str
        A path is a script, a text a module as of ``python -m``.
    *args, timeout
        As in `run`.

    Returns
    -------
    dict
        As of `run`.
    """
    started = [str(program)] if isinstance(program, Path) else ["-m", program]
    return _child([sys.executable, *started, *map(str, args)], timeout)


def _child(command: Sequence[str], timeout: float) -> dict[str, Any]:
    with tempfile.TemporaryDirectory(prefix="peers-") as folder:
        used, out, err = (Path(folder, name) for name in ("used", "out", "err"))
        ended = _wait(command, used, out, err, timeout)
        said = err.read_text(errors="replace").strip().splitlines()
        lines = out.read_text(errors="replace").strip().splitlines()
        measured = json.loads(used.read_text()) if used.exists() else {}
    what = " ".join(command[1:])
    last = "\n".join(said[-TAIL:])
    if not ended:
        raise RuntimeError(f"{what} took more than {timeout:g} s and was ended\n{last}")
    if measured.pop("exit", 1):
        raise RuntimeError(f"{what} failed; it said last:\n{last}")
    found = _object(lines[-1]) if lines else None
    if found is None:
        raise RuntimeError(f"{what} printed no JSON object as its last line")
    return found | measured


def _wait(
    command: Sequence[str], used: Path, out: Path, err: Path, timeout: float
) -> bool:
    """Whether the child ended by itself."""
    environment = {
        key: value for key, value in os.environ.items() if key[:6] != "PYTHON"
    } | SILENT
    with out.open("wb") as stdout, err.open("wb") as stderr:
        waiter = subprocess.Popen(
            [sys.executable, "-I", "-S", "-c", WAITER, str(used), *command],
            stdin=subprocess.DEVNULL,
            stdout=stdout,
            stderr=stderr,
            cwd=ROOT,
            env=environment,
            start_new_session=True,
        )
        try:
            waiter.wait(timeout)
        except subprocess.TimeoutExpired:
            return False
        finally:
            if waiter.poll() is None:
                os.killpg(waiter.pid, signal.SIGKILL)
                waiter.wait()
    return True


def _object(line: str) -> dict[str, Any] | None:
    try:
        found = json.loads(line)
    except ValueError:
        return None
    return found if isinstance(found, dict) else None


def _install(name: str, command: Sequence[str]) -> None:
    done = subprocess.run(
        command, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
    )
    if done.returncode:
        said = (done.stderr or done.stdout).strip().splitlines()
        raise RuntimeError(
            f"{name} cannot be installed ({' '.join(command[1:])}); it said last:\n"
            + "\n".join(said[-TAIL:])
        )


@contextmanager
def _alone(path: Path) -> Iterator[None]:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
