"""The warm process: imports once, then forks a process for each run.

The standard library has a fork server too, but one for the whole interpreter,
which never ends before it does, and whose children import the caller's main module
again; a script that opens `Warm` without a guard would start itself over and over.
This one belongs to one `Warm`, and gets nothing from its caller but descriptors.
"""

from __future__ import annotations

import contextlib
import gc
import importlib
import os
import pkgutil
import select
import selectors
import signal
import socket
import struct
import sys
import tempfile
import traceback
from pathlib import Path

import lifecycle
from lifecycle.jobs import child
from lifecycle.jobs.processes import end_group

__all__ = ["PRELOAD", "main"]

_NAMES = """
ipykernel.ipkernel ipykernel.kernelapp ipykernel.iostream ipykernel.heartbeat
IPython.core.completer matplotlib_inline.backend_inline
papermill nbclient nbformat.v4 nbconvert nbconvert.exporters nh3 bs4
numpy numpy.random numpy.linalg pandas pandas.io.formats.style
pyarrow pyarrow.parquet pyarrow.dataset pyarrow.csv
scipy.special scipy.stats scipy.optimize scipy.sparse
sklearn.metrics sklearn.pipeline sklearn.compose sklearn.preprocessing sklearn.impute
sklearn.linear_model sklearn.ensemble sklearn.isotonic sklearn.calibration
sklearn.model_selection
matplotlib.figure matplotlib.font_manager matplotlib.pyplot matplotlib.dates
matplotlib.backends.backend_agg matplotlib.backends.backend_svg
deltalake sqlalchemy sqlalchemy.dialects.sqlite alembic.command skops.io
pydantic cronsim ipywidgets
lifecycle.jobs.client lifecycle.jobs.kernel lifecycle.jobs.record lifecycle.jobs.report
"""
PRELOAD = tuple(_NAMES.split())
"""What notebooks, the runner and the reports import, beside the rooms of the house."""


def main() -> int:
    """Serve on the socket whose descriptor is the last argument, until it closes."""
    control = socket.socket(fileno=int(sys.argv[-1]))
    rooms = [room.name for room in pkgutil.iter_modules(lifecycle.__path__)]
    skipped = {"__main__", "cli", "demo"}  # nobody imports these in a notebook
    for name in [*PRELOAD, *(f"lifecycle.{room}" for room in {*rooms} - skipped)]:
        with contextlib.suppress(ImportError, SyntaxError):  # the notebook will say so
            importlib.import_module(name)
        if select.select([control], [], [], 0)[0] and not control.recv(
            1, socket.MSG_PEEK
        ):
            return 0  # nobody waits for us any more
    _rehearse()
    gc.collect()
    gc.freeze()  # what is imported stays where it is, shared by all
    _serve(control)
    os._exit(0)


def _rehearse() -> None:
    """Render one report, so that templates and patterns are compiled once for all."""
    from nbformat import v4, writes

    from lifecycle.jobs import report

    table = (
        "<table><thead><tr><th>a</th></tr></thead><tr><td>1 &amp; 2</td></tr></table>"
    )
    shown = v4.new_output("display_data", {"text/html": table, "text/plain": "a"})
    drawn = v4.new_output("display_data", {"image/svg+xml": "<svg></svg>"})
    wrong = v4.new_output("error", ename="E", evalue="e", traceback=["e"])
    cells = [
        v4.new_markdown_cell("# Why?\n\n*So*: `a`\n\n* one\n"),
        v4.new_code_cell('a = "1"  # one', outputs=[shown, drawn, wrong]),
    ]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "rehearsal.ipynb"
        path.write_text(writes(v4.new_notebook(cells=cells)), encoding="utf-8")
        page = path.with_suffix(".html")
        report.render(path, page, header={"Model": "a"}, status="succeeded")


def _serve(control: socket.socket) -> None:
    woken, wake = os.pipe()
    os.set_blocking(woken, False)
    os.set_blocking(wake, False)
    signal.set_wakeup_fd(wake, warn_on_full_buffer=False)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    running: dict[int, socket.socket] = {}
    with selectors.DefaultSelector() as selector:
        selector.register(control, selectors.EVENT_READ)
        selector.register(woken, selectors.EVENT_READ)
        asked = True
        while asked or running:
            ready = {key.fileobj for key, _ in selector.select()}
            if woken in ready:
                with contextlib.suppress(BlockingIOError):
                    os.read(woken, 1 << 12)
                _reap(running)
            if control in ready:
                word, descriptors, _, _ = socket.recv_fds(control, 1, 1)
                if not word:
                    asked = False
                    selector.unregister(control)
                    continue
                lifeline = socket.socket(fileno=descriptors[0])
                pid = os.fork()
                if pid == 0:
                    for open_one in (control, *running.values()):
                        open_one.close()
                    selector.close()
                    os.close(woken)
                    os.close(wake)
                    _become(lifeline)
                running[pid] = lifeline
                control.sendall(struct.pack("q", pid))


def _become(lifeline: socket.socket) -> None:
    """In the forked process: leave the server behind, do the job, end."""
    code = 1
    try:
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        os.setsid()
        os.dup2(lifeline.fileno(), 0)
        lifeline.close()
        code = child.main()
        sys.stdout.flush()
        sys.stderr.flush()
    except BaseException:  # noqa: BLE001  told to the log, and the process ends
        traceback.print_exc()
        sys.stderr.flush()
    finally:
        os._exit(code)


def _reap(running: dict[int, socket.socket]) -> None:
    """Tell whoever waits how its process ended, once its group is gone."""
    for pid in list(running):
        ended, status = os.waitpid(pid, os.WNOHANG)
        if not ended:
            continue
        end_group(pid)
        with running.pop(pid) as lifeline, contextlib.suppress(OSError):
            lifeline.sendall(struct.pack("q", os.waitstatus_to_exitcode(status)))
