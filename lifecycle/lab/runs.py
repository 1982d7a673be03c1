"""Runs that a person asks for in JupyterLab, each a process of its own."""

from __future__ import annotations

import contextlib
import os
import re
import secrets
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from threading import Lock
from typing import IO, TYPE_CHECKING, Any, Literal

from lifecycle import errors

if TYPE_CHECKING:
    from lifecycle.workspace import Workspace

__all__ = ["Busy", "Runs", "State", "facts", "opened"]

State = Literal[
    "running", "succeeded", "failed", "timeout", "died", "stopped", "refused"
]

_ENDINGS: dict[int, State] = {0: "succeeded", 20: "failed", 21: "timeout", 22: "died"}
_KEPT = 50  # how many that have ended are remembered
_LONGEST = 400  # signs of a sentence


class Busy(errors.RunError):
    """As many notebooks run as may at once."""

    exit_code = 31


@dataclass
class _Run:
    notebook: str
    model: str
    usual: float | None
    began: float
    process: subprocess.Popen[bytes]
    said: IO[bytes]
    complained: IO[bytes]
    stopped: bool = False
    ended: dict[str, Any] = field(default_factory=dict)


class Runs:
    """The runs of one workspace that were asked for here.

    Parameters
    ----------
    directory : Path
        The workspace.
    most : int
        How many run at once.
    begin : sequence of str, optional
        What a process is started with before the words of `lifecycle`.
    timer : callable
        Seconds that only grow.

    Notes
    -----
    A run is `lifecycle run NOTEBOOK MODEL` in a session of its own, so it ends as one
    that was started at a terminal does: with report, record and row in the registry,
    also when JupyterLab is closed before.
    """

    def __init__(
        self,
        directory: Path,
        *,
        most: int = 2,
        begin: Sequence[str] = (sys.executable, "-P", "-m", "lifecycle"),
        timer: Callable[[], float] = time.monotonic,
    ) -> None:
        self.directory, self.most = directory, most
        self._begin, self._timer = tuple(begin), timer
        self._runs: dict[str, _Run] = {}
        self._changing = Lock()  # a server asks from several threads

    def start(self, notebook: object, model: object) -> str:
        """Start a notebook for a model, and return the run's id.

        Raises
        ------
        BadParameters, UnknownModel
            When there is no such notebook, or no such model.
        AlreadyRunning
            When this notebook runs for this model.
        Busy
            When as many run as may.
        """
        import lifecycle

        ws = lifecycle.open(self.directory)
        page = _one_of(_notebooks(ws), notebook, "notebook", errors.BadParameters)
        name = _one_of(ws.models, model, "model", errors.UnknownModel)
        usual = _usual(ws, page, name)
        with self._changing:
            self._room_for(page, name)
            self._forget()
            id = secrets.token_hex(8)
            self._runs[id] = self._begun(page, name, usual)
        return id

    def _room_for(self, page: str, name: str) -> None:
        running = [run for run in self._runs.values() if run.process.poll() is None]
        if any((run.notebook, run.model) == (page, name) for run in running):
            raise errors.AlreadyRunning(
                f"{page} of {name} is running already; wait until it is done"
            )
        if len(running) >= self.most:
            raise Busy(f"{len(running)} notebooks are running; wait until one is done")

    def _begun(self, page: str, name: str, usual: float | None) -> _Run:
        said = tempfile.TemporaryFile()  # noqa: SIM115  closed when it is forgotten
        complained = tempfile.TemporaryFile()  # noqa: SIM115
        words = ["--workspace", str(self.directory), "run", "--", page, name]
        process = subprocess.Popen(
            [*self._begin, *words],
            stdin=subprocess.DEVNULL,
            stdout=said,
            stderr=complained,
            cwd=self.directory,
            start_new_session=True,
        )
        return _Run(page, name, usual, self._timer(), process, said, complained)

    def tell(self, id: str) -> dict[str, Any]:
        """How a run stands: `state`, `seconds`, `usual`, and when it ended `report`.

        Raises
        ------
        BadParameters
            When there is no such run, or it ended long ago.
        """
        run = self._known(id)
        about = {"id": id, "notebook": run.notebook, "model": run.model}
        code = run.process.poll()
        if code is None:
            seconds = round(self._timer() - run.began, 1)
            state = {"state": "running", "seconds": seconds, "usual": run.usual}
            return about | state
        with self._changing:
            run.ended = run.ended or self._ending(run, code)
        return about | run.ended

    def stop(self, id: str) -> None:
        """End a run that a person no longer wants, and all it has started."""
        run = self._known(id)
        if run.process.poll() is None:
            run.stopped = True
            with contextlib.suppress(ProcessLookupError):
                os.killpg(run.process.pid, signal.SIGTERM)
            try:
                run.process.wait(10)
            except subprocess.TimeoutExpired:
                os.killpg(run.process.pid, signal.SIGKILL)
                run.process.wait()

    def _known(self, id: str) -> _Run:
        if id not in self._runs:
            raise errors.BadParameters("there is no such run here; start it again")
        return self._runs[id]

    def _forget(self) -> None:
        ended = [id for id, run in self._runs.items() if run.process.poll() is not None]
        for id in ended[:-_KEPT]:
            gone = self._runs.pop(id)
            gone.said.close()
            gone.complained.close()

    def _ending(self, run: _Run, code: int) -> dict[str, Any]:
        with run.said, run.complained:
            said, complained = _lines(run.said), _lines(run.complained)
        state: State = "stopped" if run.stopped else _ENDINGS.get(code, "refused")
        report = self._report(said[-1]) if said else ""
        told = said[-2:-1] if state == "succeeded" else complained[-1:]
        sentence = told[0] if told else f"it ended with code {code}"
        if state == "stopped":
            sentence = "stopped before it was done; nothing of it is kept"
        seconds = round(self._timer() - run.began, 1)
        return {
            "state": state,
            "seconds": seconds,
            "report": report,
            "sentence": sentence[:_LONGEST],
        }

    def _report(self, line: str) -> str:
        """The page that the run has named, from the workspace; empty for none."""
        path, root = Path(line), self.directory.resolve()
        if path.suffix != ".html" or not path.is_file():
            return ""
        whole = path.resolve()
        return whole.relative_to(root).as_posix() if whole.is_relative_to(root) else ""


def facts(directory: Path) -> dict[str, Any]:
    """What the tiles of JupyterLab ask: models, notebooks, what was written last.

    Parameters
    ----------
    directory : Path
        The workspace.

    Returns
    -------
    dict
        `models` and `notebooks` by name, `report` the newest page from the workspace
        (empty for none), `waiting` the models with something to decide.
    """
    import lifecycle
    from lifecycle import promotion
    from lifecycle.workspace import overview

    ws = lifecycle.open(directory)
    pending = (name for name in ws.models if promotion.pending(ws.registry, name))
    return {
        "title": ws.settings.workspace.title,
        "models": list(ws.models),
        "notebooks": _notebooks(ws),
        "report": overview.newest_report(ws),
        "waiting": list(pending),
    }


def opened(directory: Path, path: object) -> bool:
    """Keep that somebody has a report before them in JupyterLab; not who.

    Parameters
    ----------
    directory : Path
        The workspace.
    path : str
        The page from there, with `/`: `reports/MODEL/MOMENT/NOTEBOOK.html`, or
        `reports/MODEL/index.html` for a model's own page.

    Returns
    -------
    bool
        Whether it is the first time on this day.

    Raises
    ------
    BadParameters, UnknownModel
        When that is no report of a model that is here.
    """
    import lifecycle

    parts = path.split("/") if isinstance(path, str) else []
    if len(parts) not in (3, 4) or parts[0] != "reports":
        raise errors.BadParameters(f"{str(path)[:60]!r} is no report of a model")
    ws = lifecycle.open(directory)
    name = _one_of(ws.models, parts[1], "model", errors.UnknownModel)
    page = parts[3].removesuffix(".html") if len(parts) == 4 else ""
    if page:
        _one_of(_notebooks(ws), page, "notebook", errors.BadParameters)
    return ws.opened(name, page, way="lab")


def _notebooks(ws: Workspace) -> list[str]:
    """What can be run for a model: the shipped pages first, then the user's own."""
    from lifecycle import config, jobs

    there: set[str] = set()
    for folder in (ws.directory / "notebooks", jobs.shipped()):
        there |= {path.stem for path in folder.glob("*.ipynb")}
    there = {name for name in there if re.fullmatch(r"\w[\w -]*", name)} - {"home"}
    first = [name for name in config.NOTEBOOKS if name in there]
    return [*first, *sorted(there - set(first))]


def _one_of(
    known: Sequence[str],
    asked: object,
    what: str,
    error: type[errors.LifecycleError],
) -> str:
    if isinstance(asked, str) and asked in known:
        return asked
    there = ", ".join(known) or "none"
    raise error(f"there is no {what} {str(asked)[:60]!r} here; there is {there}")


def _usual(ws: Workspace, notebook: str, model: str) -> float | None:
    """Seconds that the newest success took, if there was one."""
    for run in ws.registry.runs(model, notebook, 10):
        if run.status == "succeeded" and run.started and run.ended:
            return round((run.ended - run.started).total_seconds(), 1)
    return None


def _lines(file: IO[bytes]) -> list[str]:
    size = file.seek(0, os.SEEK_END)
    file.seek(max(0, size - 20_000))
    text = file.read().decode("utf-8", errors="replace")
    return [line.strip() for line in text.splitlines() if line.strip()]
