"""The process that runs one notebook: it executes, judges, strips and renders.

Started cold (a fresh interpreter) or warm (forked from `lifecycle.jobs.forkserver`),
it reads its job as one line of JSON from descriptor 0. The same descriptor is its
lifeline: when the other end closes, whoever wanted the run is gone, and the whole
process group ends.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import time
from functools import partial
from pathlib import Path
from typing import Any

__all__ = ["main"]

_MARKER = "papermill-error-cell-tag"


def main() -> int:
    """Do the job on descriptor 0.

    Returns
    -------
    int
        0 when `outcome.json` and the report are written, whatever they say.
    """
    job = _receive()
    _settle(job)
    waiting = None
    if job["action"] == "run":
        waiting = _fork() if job["fork"] else None
    # jsonschema would have this parse a grammar for 1.8 s, to check internationalised
    # addresses, of which a notebook has none; the kernel's process is left alone
    sys.modules.setdefault("rfc3987_syntax", None)  # type: ignore[arg-type]
    _hold_lifeline(job)
    if job["action"] == "run":
        outcome = _execute(job, waiting)
    else:
        outcome = {"status": job["status"], "message": job["message"]}
    _tell(job, outcome)
    begun = time.monotonic()
    _strip(job, outcome)
    _render(job, outcome)
    timings = outcome.setdefault("timings", {})
    timings |= {"render": time.monotonic() - begun, "cpu": _processor_seconds()}
    _tell(job, outcome)
    return 0


def _tell(job: dict[str, Any], outcome: dict[str, Any]) -> None:
    from lifecycle.jobs import store

    path = Path(job["work"]) / "outcome.json"
    store.write(path, json.dumps(outcome), durable=False)


def _render(job: dict[str, Any], outcome: dict[str, Any]) -> None:
    from lifecycle.jobs import record, report

    succeeded = outcome["status"] == "succeeded"
    found = record.read(Path(job["work"]) / "record.json") if succeeded else None
    page = Path(job["work"]) / f"{job['name']}.html"
    report.render(
        page.with_suffix(".ipynb"),
        page,
        header=job["header"],
        status=outcome["status"],
        message="" if found else outcome["message"],
        record=found,
    )


def _receive() -> dict[str, Any]:
    text = b""
    while not text.endswith(b"\n"):
        part = os.read(0, 1 << 16)
        if not part:
            os._exit(1)
        text += part
    job: dict[str, Any] = json.loads(text)
    return job


def _settle(job: dict[str, Any]) -> None:
    """Take on the environment, the directory and the log of the run."""
    os.environ.clear()
    os.environ.update(job["env"])
    if hasattr(time, "tzset"):
        time.tzset()
    os.chdir(job["cwd"])
    log = os.open(job["log"], os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o666)
    os.dup2(log, 1)
    os.dup2(log, 2)
    os.close(log)


def _fork() -> Any:
    import ipykernel.ipkernel
    import ipykernel.kernelapp  # noqa: F401  shared with the kernel

    from lifecycle.jobs import kernel

    return kernel.fork()


def _hold_lifeline(job: dict[str, Any]) -> None:
    if os.name != "posix":
        return
    import shutil
    from threading import Thread

    def wait() -> None:
        while os.read(0, 1):
            pass
        for left in (job["runtime"], job["work"]):
            shutil.rmtree(left, ignore_errors=True)
        os.killpg(os.getpgrp(), signal.SIGKILL)

    Thread(target=wait, name="lifeline", daemon=True).start()


def _execute(job: dict[str, Any], waiting: Any) -> dict[str, Any]:
    import papermill
    from nbclient.exceptions import CellTimeoutError
    from papermill.engines import papermill_engines
    from papermill.exceptions import PapermillException
    from papermill.iorw import papermill_io

    from lifecycle.jobs import kernel, store
    from lifecycle.jobs.engine import Ending, Engine

    work, name = Path(job["work"]), job["name"]
    ending = Ending()
    papermill_engines.register("lifecycle", Engine)
    papermill_io.register(str(work), store.Whole())
    begun = time.monotonic()
    try:
        papermill.execute_notebook(
            _literal(job["notebook"]),
            _literal(work / f"{name}.ipynb"),
            parameters=job["parameters"] | {"result_path": str(work / "record.json")},
            engine_name="lifecycle",
            kernel_name="python3",
            language="python",
            progress_bar=False,
            run_timeout=job["timeout"],
            make_manager=partial(kernel.manager, Path(job["runtime"]), waiting),
            ending=ending,
        )
    except (PapermillException, CellTimeoutError, RuntimeError) as error:
        if ending.status == "failed" and ending.cell is None:
            ending.message = " ".join(str(error).split())[:300]
    finally:
        if waiting is not None:
            waiting.leave()
    spent = time.monotonic() - begun
    start = ending.started or 0.0
    outcome: dict[str, Any] = {
        "status": ending.status,
        "message": ending.message,
        "timings": {"start": start, "cells": spent - start},
    }
    if ending.status == "succeeded":
        outcome |= _judge(job)
    return outcome


def _judge(job: dict[str, Any]) -> dict[str, str]:
    """Ask of a notebook that ran through whether it handed back what it found."""
    from lifecycle.errors import NotebookFailed
    from lifecycle.jobs import record

    try:
        found = record.read(Path(job["work"]) / "record.json")
    except NotebookFailed as error:
        return {"status": "failed", "message": str(error)}
    wanted = job["parameters"].get("model", found.model)
    if found.model != wanted:
        message = (
            f"the result record speaks of the model {found.model!r}, the run was "
            f"about {wanted!r}; hand the parameter model on to the record"
        )
        return {"status": "failed", "message": message}
    earlier = record.latest_before(
        Path(job["directory"]).parent,
        model=found.model,
        notebook=job["name"],
        as_of=found.as_of,
    )
    found.compared(earlier).write(Path(job["work"]) / "record.json")
    return {"message": found.summary}


def _literal(path: Path | str) -> str:
    """A path papermill does not take for a format string."""
    return str(path).replace("{", "{{").replace("}", "}}")


def _strip(job: dict[str, Any], outcome: dict[str, Any]) -> None:
    """Take the machine's own paths out of the notebook before anybody reads it."""
    from papermill.translators import translate_parameters

    from lifecycle.jobs import store

    path = Path(job["work"]) / f"{job['name']}.ipynb"
    source = path if path.exists() else Path(job["notebook"])
    notebook = json.loads(source.read_text(encoding="utf-8"))
    shown = {
        key: _relative(value, job["directory"])
        for key, value in job["parameters"].items()
    } | {"result_path": ""}
    given = {key: value for key, value in shown.items() if value != ""}
    job["header"] = {"parameters": given} | job["header"]
    metadata = notebook.setdefault("metadata", {})
    stamp = metadata.setdefault("papermill", {})
    for key in ("input_path", "output_path", "environment_variables"):
        stamp.pop(key, None)
    stamp["parameters"] = shown
    metadata["kernelspec"] = {
        "display_name": "Python 3",
        "language": "python",
        "name": "python3",
    }
    if outcome["status"] == "succeeded":
        notebook["cells"] = [
            cell for cell in notebook["cells"] if _MARKER not in _tags(cell)
        ]
    for cell in notebook["cells"]:
        if "injected-parameters" in _tags(cell):
            cell["source"] = translate_parameters(
                "python3", "python", shown, "Parameters"
            )
        state = cell["metadata"].get("papermill", {})
        if state.get("status") == "running":  # the run was ended from outside
            state |= {"status": "failed", "exception": True}
            cell.setdefault("outputs", []).append(_stopped(outcome["message"]))
    text = json.dumps(notebook, indent=1, sort_keys=True, ensure_ascii=False)
    store.write(path, text + "\n", durable=False)


def _tags(cell: dict[str, Any]) -> list[str]:
    tags: list[str] = cell.get("metadata", {}).get("tags", [])
    return tags


def _stopped(message: str) -> dict[str, Any]:
    return {
        "output_type": "error",
        "ename": "Stopped",
        "evalue": message,
        "traceback": [message],
    }


def _relative(value: Any, directory: str) -> Any:
    """A path as seen from the report, so that the notebook can be run again there."""
    if not isinstance(value, str) or not Path(value).is_absolute():
        return value
    try:
        return os.path.relpath(value, directory)
    except ValueError:  # another drive
        return Path(value).name


def _processor_seconds() -> float:
    if sys.platform == "win32":
        return time.process_time()
    import resource

    own = resource.getrusage(resource.RUSAGE_SELF)
    kernel = resource.getrusage(resource.RUSAGE_CHILDREN)
    return own.ru_utime + own.ru_stime + kernel.ru_utime + kernel.ru_stime
