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
import selectors
import signal
import socket
import struct
import sys
import traceback

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
deltalake duckdb sqlalchemy sqlalchemy.dialects.sqlite alembic.command skops.io
pydantic cronsim ipywidgets
lifecycle.periods lifecycle.profiles lifecycle.intervals lifecycle.metrics
lifecycle.calibration lifecycle.figures lifecycle.markup lifecycle.findings
lifecycle.drift lifecycle.estimation lifecycle.business lifecycle.quality
lifecycle.feedback lifecycle.routing lifecycle.logs lifecycle.registry
lifecycle.recipes lifecycle.config lifecycle.monitor lifecycle.training
lifecycle.evaluation lifecycle.decision lifecycle.promotion lifecycle.alerts
lifecycle.jobs.client lifecycle.jobs.kernel lifecycle.jobs.record
lifecycle.jobs.report lifecycle.jobs.index lifecycle.workspace lifecycle.widgets
"""
PRELOAD = tuple(_NAMES.split())
"""What notebooks, the runner and the reports import."""


def main() -> int:
    """Serve on the socket whose descriptor is the last argument, until it closes."""
    control = socket.socket(fileno=int(sys.argv[-1]))
    for name in PRELOAD:
        with contextlib.suppress(ImportError):
            importlib.import_module(name)
    gc.collect()
    gc.freeze()  # what is imported stays where it is, shared by all
    _serve(control)
    os._exit(0)


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
