"""A papermill engine that tells the truth about how a notebook ended.

Papermill's own calls a run that timed out, or whose kernel died, completed. This
one marks the cell that failed, leaves the cells behind it pending, and holds one
deadline for the whole run. `papermill --engine lifecycle IN OUT` works too.

Papermill loads this module while it is itself being imported, so nothing of
papermill's is imported here but inside the functions.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

__all__ = ["Ending", "Engine"]


@dataclass(slots=True)
class Ending:
    """How the execution of a notebook ended; filled in by the engine.

    Parameters
    ----------
    status : {"succeeded", "failed", "timeout", "died"}
        "failed" until the last cell is through.
    message : str
        What went wrong, in one sentence without a full stop.
    cell : int or None
        Which cell, counted from 1.
    started : float or None
        Seconds until the kernel was ready.

    Examples
    --------
    >>> Ending().status
    'failed'
    """

    status: Literal["succeeded", "failed", "timeout", "died"] = "failed"
    message: str = "the notebook did not start"
    cell: int | None = None
    started: float | None = None


class Engine:
    """The engine `lifecycle`, with the methods papermill asks an engine for."""

    @classmethod
    def execute_notebook(
        cls,
        nb: Any,
        kernel_name: str,
        output_path: str | None = None,
        progress_bar: Any = False,
        log_output: bool = False,
        autosave_cell_every: int = 5,
        *,
        run_timeout: float | None = None,
        make_manager: Callable[[], Any] | None = None,
        ending: Ending | None = None,
        start_timeout: float = 60,
        **others: Any,
    ) -> Any:
        """Execute a parameterised notebook.

        Parameters
        ----------
        nb : nbformat.NotebookNode
        kernel_name : str
        output_path : str, optional
            Saved to after each cell.
        progress_bar, log_output, autosave_cell_every
            As papermill has them.
        run_timeout : float, optional
            Seconds for the whole notebook, start of the kernel included.
        make_manager : callable, optional
            Makes the kernel manager in place of Jupyter's default one.
        ending : Ending, optional
            Filled in with how it ended.
        start_timeout : float
            Seconds for the start of the kernel.
        **others
            What papermill passes to every engine.

        Returns
        -------
        nbformat.NotebookNode

        Raises
        ------
        nbclient.exceptions.CellTimeoutError
            When the time was up.
        RuntimeError
            When the kernel died, or could not start.
        """
        from lifecycle.jobs.client import Client, Manager

        ending = ending or Ending()
        until = None if run_timeout is None else time.monotonic() + run_timeout
        manager = Manager(
            nb,
            output_path=output_path,
            progress_bar=progress_bar,
            log_output=log_output,
            autosave_cell_every=autosave_cell_every,
        )
        manager.notebook_start()
        try:
            Client(
                manager,
                until=until,
                make_manager=make_manager,
                ending=ending,
                kernel_name=kernel_name,
                startup_timeout=int(max(1, min(start_timeout, run_timeout or 1e6))),
                log_output=log_output,
                stdout_file=others.get("stdout_file"),
                stderr_file=others.get("stderr_file"),
            ).execute()
        finally:
            manager.cleanup_pbar()
            manager.notebook_complete()
        return manager.nb

    @classmethod
    def nb_kernel_name(cls, nb: Any, name: str | None = None) -> str:
        """The name asked for, else the notebook's, else Python's."""
        return name or nb.metadata.get("kernelspec", {}).get("name") or "python3"

    @classmethod
    def nb_language(cls, nb: Any, language: str | None = None) -> str:
        """The language asked for, else the notebook's, else Python."""
        return language or nb.metadata.get("language_info", {}).get("name") or "python"
