"""Running one notebook for one model, from its parameters to its report."""

from __future__ import annotations

import contextlib
import json
import os
import re
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from lifecycle.errors import (
    BadParameters,
    KernelDied,
    NotebookFailed,
    RunError,
    Stopped,
    TimeLimit,
)
from lifecycle.jobs import parameters as known_parameters
from lifecycle.jobs import store
from lifecycle.jobs.locking import locked
from lifecycle.jobs.processes import Cold, Process
from lifecycle.jobs.warm import Warm

if TYPE_CHECKING:
    from lifecycle.jobs.record import Record

__all__ = ["Run", "Status", "run", "shipped"]

Status = Literal["succeeded", "failed", "timeout", "died"]

_RENDER_SECONDS = 120.0
"""How long a report may take after the run's own time is up."""
_MOST_LOG = 1 << 18  # bytes
_ERRORS: dict[str, type[RunError]] = {
    "failed": NotebookFailed,
    "timeout": TimeLimit,
    "died": KernelDied,
}


@dataclass(frozen=True)
class Run:
    """How a run ended, and what it left.

    Parameters
    ----------
    name : str
    status : {"succeeded", "failed", "timeout", "died"}
    message : str
        The record's summary, or what went wrong and where.
    html, notebook : Path
        The report and the executed notebook; both are there after every run.
    record : Record or None
        `None` unless the run succeeded.
    seconds : float
        On the clock.
    timings : mapping of str to float
        Where the time went, as far as known: "start" of the kernel, "cells",
        "render", on the clock; "cpu" of all processes of the run together.
    log : Path or None
        What the processes said, where the run did not succeed and they did.
    """

    name: str
    status: Status
    message: str
    html: Path
    notebook: Path
    record: Record | None = None
    seconds: float = 0.0
    timings: Mapping[str, float] = field(default_factory=dict)
    log: Path | None = None

    @property
    def error(self) -> RunError | None:
        """The error to raise for it, or `None` when it succeeded."""
        if self.status == "succeeded":
            return None
        sentence = f"{self.name} did not succeed: {self.message}; see {self.html}"
        return _ERRORS[self.status](sentence)

    @property
    def exit_code(self) -> int:
        """0 done, 20 notebook failed, 21 time limit, 22 kernel died."""
        error = self.error
        return error.exit_code if error else 0

    def __repr__(self) -> str:
        return f"<Run {self.name}: {self.status}, {self.message}>"


def shipped() -> Path:
    """The directory of the notebooks that come with the workbench.

    Returns
    -------
    Path
        Inside the installed package, or beside it in a checkout.
    """
    package = Path(__file__).parents[1]
    installed = package / "notebooks"
    return installed if installed.is_dir() else package.parent / "notebooks"


def run(
    notebook: str | Path,
    *,
    parameters: Mapping[str, object],
    directory: str | Path,
    name: str,
    header: Mapping[str, object],
    timeout_seconds: float = 600,
    cwd: str | Path,
    lock: str | Path,
    warm: Warm | None = None,
    stop: Callable[[], bool] | None = None,
    log: str | Path | None = None,
) -> Run:
    """Run a notebook in processes of its own, and publish what it leaves.

    It succeeded only if the process exited with 0 *and* the last cell wrote a valid
    result record to `result_path`, a parameter that the runner gives. Whatever
    happens, `NAME.ipynb`, `NAME.html` and `NAME.json` stand in the directory
    afterwards, each whole, and say how it ended. May be called from several
    threads at once, and inside a running event loop.

    Parameters
    ----------
    notebook : path
    parameters : mapping of str to object
        Checked against the notebook's own list.
    directory : path
        For the report; made if need be.
    name : str
        Of the files; letters, digits, space, `-` and `_`.
    header : mapping of str to object
        Facts for the head of the report.
    timeout_seconds : float
        For the whole run; then its process group is killed.
    cwd : path
        Where the notebook's code runs.
    lock : path
        A file; while it is locked the same run does not start twice.
    warm : Warm, optional
        Start from there.
    stop : callable, optional
        Asked twice a second; once it says so the processes of the run are ended, and
        nothing is published.
    log : path, optional
        What the processes said is added to this file, however the run ends.

    Returns
    -------
    Run
        Also of a notebook that failed; `Run.error` says so.

    Raises
    ------
    lifecycle.errors.BadParameters
        Before anything starts.
    lifecycle.errors.AlreadyRunning
        Before anything starts.
    lifecycle.errors.Stopped
        When `stop` said so.
    """
    notebook, directory = Path(notebook).resolve(), Path(directory).resolve()
    given = _checked(notebook, parameters, name)
    with locked(Path(lock), name):
        directory.mkdir(parents=True, exist_ok=True)
        for left in directory.iterdir():  # by a run that was killed: we hold its lock
            if left.name.startswith(f".{name}.run-"):
                shutil.rmtree(left, ignore_errors=True)
        work = Path(tempfile.mkdtemp(prefix=f".{name}.run-", dir=directory))
        runtime = Path(tempfile.mkdtemp(prefix="lc-", dir=_short_directory()))
        job = {
            "action": "run",
            "notebook": str(notebook),
            "directory": str(directory),
            "work": str(work),
            "runtime": str(runtime),
            "name": name,
            "parameters": given,
            "header": {"stamp": f"Ran at {_now()}"} | dict(header),
            "timeout": timeout_seconds,
            "cwd": str(Path(cwd).resolve()),
            "env": _environment(runtime),
            "log": str(work / "log"),
            "fork": sys.platform != "win32" and sys.platform != "darwin",
        }
        job = json.loads(json.dumps(job, default=str))
        try:
            return _Attempt(job, warm, stop).run()
        finally:
            if log is not None:
                _keep(work / "log", Path(log))
            shutil.rmtree(runtime, ignore_errors=True)
            shutil.rmtree(work, ignore_errors=True)


class _Attempt:
    """One run, once its parameters are right and its lock is held."""

    def __init__(
        self,
        job: dict[str, Any],
        warm: Warm | None,
        stop: Callable[[], bool] | None = None,
    ) -> None:
        self.job, self.warm, self.stop = job, warm, stop
        self.work, self.directory = Path(job["work"]), Path(job["directory"])
        self.name: str = job["name"]
        self.began = time.monotonic()
        self.begun_at = datetime.now(UTC)

    def run(self) -> Run:
        """Execute, judge again, make sure of a report, publish."""
        from lifecycle.jobs import record

        code = self._perform(self.job, self.job["timeout"] + _RENDER_SECONDS)
        outcome = self._outcome()
        status, message = self._ending(code, outcome)
        found: Record | None = None
        if status == "succeeded":
            try:
                found = record.read(self.work / "record.json")
            except NotebookFailed as error:
                status, message = "failed", str(error)
        if code != 0 or status != outcome.get("status"):
            self._render(status, message)
        kept = found or self._failed_record(status, message)
        kept = kept.model_copy(update={"notebook": self.name})
        kept.write(self.work / f"{self.name}.json")
        log = self._publish(status)
        return Run(
            name=self.name,
            status=status,
            message=message,
            html=self.directory / f"{self.name}.html",
            notebook=self.directory / f"{self.name}.ipynb",
            record=kept if found else None,
            seconds=time.monotonic() - self.began,
            timings=outcome.get("timings", {}),
            log=log,
        )

    def _perform(self, job: dict[str, Any], seconds: float) -> int | None:
        """Let a process do a job; `None` when it had to be ended."""
        process: Process = self.warm.start(job) if self.warm else Cold(job)
        try:
            return self._wait(process, seconds)
        finally:
            process.end()

    def _wait(self, process: Process, seconds: float) -> int | None:
        """Wait for its end, or until it is to stop."""
        until, code = time.monotonic() + seconds, None
        while code is None and (left := until - time.monotonic()) > 0:
            if self.stop is not None and self.stop():
                raise Stopped(f"{self.name} was stopped before it had ended")
            code = process.wait(left if self.stop is None else min(left, 0.5))
        return code

    def _outcome(self) -> dict[str, Any]:
        """What the process told of the notebook, before it began with the report."""
        try:
            text = (self.work / "outcome.json").read_text(encoding="utf-8")
        except FileNotFoundError:
            return {}
        outcome: dict[str, Any] = json.loads(text)
        return outcome

    def _ending(self, code: int | None, outcome: dict[str, Any]) -> tuple[Status, str]:
        """How the run ended; a success counts only if the process exits with 0."""
        if outcome and (code == 0 or outcome["status"] != "succeeded"):
            return outcome["status"], outcome["message"]
        if outcome:
            word = "it took too long" if code is None else self._last_word()
            return "failed", f"its report could not be written: {word}"
        if code is None:
            return "timeout", "the time was up"
        if code < 0:
            return "died", f"the process of the run was killed by signal {-code}"
        return "failed", f"the run stopped: {self._last_word()}"

    def _last_word(self) -> str:
        with contextlib.suppress(OSError):
            text = Path(self.job["log"]).read_text(encoding="utf-8", errors="replace")
            lines = [line.strip() for line in text.splitlines() if line.strip()]
            if lines:
                return lines[-1][:300]
        return "it left no word"

    def _render(self, status: Status, message: str) -> None:
        """Write the report of a run that could not do so itself."""
        page = self.work / f"{self.name}.html"
        page.unlink(missing_ok=True)
        job = self.job | {"action": "render", "status": status, "message": message}
        self._perform(job, _RENDER_SECONDS)
        if not page.exists():
            from lifecycle import markup

            title = f"{self.name}: {status}"
            store.write(page, str(markup.page(title, markup.paragraph(message))))
        executed = self.work / f"{self.name}.ipynb"
        if not executed.exists():
            shutil.copyfile(self.job["notebook"], executed)

    def _failed_record(self, status: Status, message: str) -> Record:
        from lifecycle.jobs.record import Record
        from lifecycle.periods import parse_moment

        given = self.job["parameters"]
        as_of = self.begun_at
        with contextlib.suppress(ValueError):
            as_of = parse_moment(str(given.get("as_of") or ""))
        made = Record.of(
            model=str(given.get("model", "")),
            notebook=self.name,
            as_of=as_of,
            summary=f"{self.name} did not succeed: {message}.",
        )
        return made.model_copy(update={"status": status})

    def _publish(self, status: Status) -> Path | None:
        """The record goes last: who sees a new one finds its report."""
        log, kept = Path(self.job["log"]), self.directory / f"{self.name}.log"
        if status != "succeeded" and log.exists() and log.stat().st_size:
            store.publish(log, kept)
        else:
            kept.unlink(missing_ok=True)
        for kind in ("ipynb", "html", "json"):
            file = f"{self.name}.{kind}"
            store.publish(self.work / file, self.directory / file)
        return kept if kept.exists() else None


def _keep(said: Path, log: Path) -> None:
    """Add what the processes of a run said, the last part of it, to a file."""
    with contextlib.suppress(FileNotFoundError), said.open("rb") as words:
        words.seek(max(0, said.stat().st_size - _MOST_LOG))
        with log.open("ab") as kept:
            shutil.copyfileobj(words, kept)


def _checked(
    notebook: Path, given: Mapping[str, object], name: str
) -> dict[str, object]:
    if not re.fullmatch(r"\w[\w -]*", name):
        raise BadParameters(
            f"{name!r} cannot be the name of a report; use letters, digits, space, "
            "- and _"
        )
    if "result_path" in given:
        raise BadParameters(
            "result_path is set by the runner; leave it out of the parameters"
        )
    checked = known_parameters.check(notebook, given)
    if "result_path" not in known_parameters.read(notebook):
        raise BadParameters(
            f"{notebook.name} has no parameter 'result_path'; add the line "
            'result_path: str = "" to its parameters cell and write the record there'
        )
    return checked


def _environment(runtime: Path) -> dict[str, str]:
    """The environment of a run; nothing is kept in a home that may not be there."""
    strangers = ("JPY_PARENT_PID", "JPY_SESSION_NAME", "PYTHONSTARTUP")
    kept = {key: text for key, text in os.environ.items() if key not in strangers}
    kept |= {
        "LIFECYCLE_UNATTENDED": "1",
        "TQDM_DISABLE": "1",
        "MPLBACKEND": "Agg",
        "JUPYTER_RUNTIME_DIR": str(runtime),
        "IPYTHONDIR": str(runtime / "ipython"),
    }
    if not os.access(Path("~").expanduser(), os.W_OK):
        kept.setdefault("MPLCONFIGDIR", str(runtime / "matplotlib"))
    return kept


def _short_directory() -> str | None:
    """Where a socket's path stays short enough; `None` for the usual place."""
    usual = tempfile.gettempdir()
    if len(usual) > 60 and os.name == "posix" and os.access("/tmp", os.W_OK):
        return "/tmp"
    return usual


def _now() -> str:
    return f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC"
