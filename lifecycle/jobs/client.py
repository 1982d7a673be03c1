"""Papermill's client, made honest; imported only where a notebook is executed."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from datetime import datetime
from typing import Any

from nbclient.exceptions import (
    CellExecutionError,
    CellTimeoutError,
    DeadKernelError,
)
from nbformat.v4 import new_output
from papermill.clientwrap import PapermillNotebookClient
from papermill.engines import NotebookExecutionManager
from papermill.iorw import papermill_io

from lifecycle.jobs.engine import Ending

__all__ = ["Client", "Manager"]


class Manager(NotebookExecutionManager):
    """Papermill's book-keeping, which leaves a cell that did not run pending.

    What a run that is ended from outside leaves behind is saved as each cell begins,
    as plain JSON: it is laid out for people once, at the end.
    """

    def save(self, **_: Any) -> None:
        """Write the notebook as it stands."""
        if self.output_path:
            text = json.dumps(self.nb, ensure_ascii=False, default=_as_text)
            papermill_io.write(text, self.output_path)
        self.last_save_time = self.now()

    def cell_complete(self, cell: Any, cell_index: int | None = None, **_: Any) -> None:
        """Stamp a cell; it is saved with the next that begins, or at the end."""
        end = self.now()
        stamp = cell.metadata.papermill
        begun = datetime.fromisoformat(stamp["start_time"])
        stamp["end_time"] = end.isoformat()
        stamp["duration"] = (end - begun).total_seconds()
        if stamp["status"] != self.FAILED:
            stamp["status"] = self.COMPLETED
        if self.pbar:
            self.pbar.update(1)

    def notebook_complete(self, **_: Any) -> None:
        """Stamp and save; the cells' states stay what they are."""
        self.end_time = self.now()
        stamp = self.nb.metadata.papermill
        stamp["end_time"] = self.end_time.isoformat()
        stamp["duration"] = (self.end_time - self.start_time).total_seconds()
        self.complete_pbar()
        self.cleanup_pbar()
        self.save()


class Client(PapermillNotebookClient):
    """Executes the cells under one deadline and says how that ended.

    Parameters
    ----------
    manager : Manager
    until : float or None
        The deadline, in `time.monotonic`'s seconds.
    make_manager : callable or None
        Makes the kernel manager.
    ending : Ending
        Filled in.
    **settings
        nbclient's.
    """

    def __init__(
        self,
        manager: Manager,
        *,
        until: float | None,
        make_manager: Callable[[], Any] | None,
        ending: Ending,
        **settings: Any,
    ) -> None:
        super().__init__(manager, **settings)
        self._until = until
        self._make_manager = make_manager
        self._ending = ending
        self._begun = time.monotonic()

    def create_kernel_manager(self) -> Any:
        """The manager that was asked for, else nbclient's."""
        if self._make_manager is None:
            return super().create_kernel_manager()
        self.km = self._make_manager()
        return self.km

    def start_new_kernel_client(self, **settings: Any) -> Any:
        """Connect; a kernel that never answers is a kernel that died."""
        try:
            client = super().start_new_kernel_client(**settings)
        except RuntimeError:
            late = self._until is not None and time.monotonic() > self._until
            self._ending.status = "timeout" if late else "died"
            self._ending.message = (
                "the time was up before the kernel had started"
                if late
                else "the kernel could not start"
            )
            raise
        self._ending.started = time.monotonic() - self._begun
        return client

    def _get_timeout(self, cell: Any) -> float | None:
        """What is left of the run's time; nbclient asks before each cell."""
        if self._until is None:
            return super()._get_timeout(cell)
        return max(0.01, self._until - time.monotonic())

    def papermill_execute_cells(self) -> None:
        """Execute until a cell fails; only then is the state of a cell written."""
        for index, cell in enumerate(self.nb.cells):
            self.nb_man.cell_start(cell, index)
            try:
                self.execute_cell(cell, index)
            except (CellExecutionError, CellTimeoutError, DeadKernelError) as error:
                self._failed(cell, index, error)
                if isinstance(error, CellExecutionError):
                    return
                self.shutdown_kernel = "immediate"
                raise
            self.nb_man.cell_complete(cell, cell_index=index)
        self._ending.status, self._ending.message = "succeeded", ""

    def _failed(self, cell: Any, index: int, error: Any) -> None:
        ending = self._ending
        ending.cell = index + 1
        if isinstance(error, CellTimeoutError):
            ending.status = "timeout"
            ending.message = f"the time was up in cell {index + 1}"
        elif isinstance(error, DeadKernelError):
            ending.status = "died"
            ending.message = f"the kernel died in cell {index + 1}"
        else:
            ending.status = "failed"
            said = " ".join(f"{error.ename}: {error.evalue}".split())[:300]
            ending.message = (
                f"cell {index + 1} ended the notebook half way (sys.exit)"
                if error.ename == "SystemExit"
                else f"cell {index + 1} raised {said}".rstrip(": ")
            )
        self.nb_man.cell_exception(cell, cell_index=index, exception=error)
        if not isinstance(error, CellExecutionError):
            sentence = ending.message[:1].upper() + ending.message[1:] + "."
            name = type(error).__name__
            cell.setdefault("outputs", []).append(
                new_output("error", ename=name, evalue=sentence, traceback=[sentence])
            )
        self.nb_man.cell_complete(cell, cell_index=index)


def _as_text(data: object) -> str:
    """Bytes in an output are base64 already."""
    if isinstance(data, bytes):
        return data.decode("ascii")
    raise TypeError(f"{type(data).__name__} is nothing JSON knows")
