"""A cluster of Dask, by the address of its scheduler, as an executor for a fleet."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import Executor
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from lifecycle import errors
from lifecycle.workspace import working

if TYPE_CHECKING:
    from lifecycle.workspace.desk import Workspace

__all__ = ["dask"]

_REACH = "20 s"
"""How long a scheduler may take to answer."""


@contextmanager
def dask(workspace: Workspace, address: str) -> Iterator[Executor]:
    """The workers of a Dask cluster, once each has shown that it can work here.

    Parameters
    ----------
    workspace : Workspace
        Every worker sees it under this path, and can reach its registry.
    address : str
        Of the scheduler, "tcp://host:8786"; with TLS as Dask's own settings say.

    Yields
    ------
    concurrent.futures.Executor

    Raises
    ------
    LifecycleError
        When Dask is not installed, the scheduler does not answer, there is no worker,
        or one of them cannot work for this workspace; with its address and reason.
    """
    try:
        import distributed  # type: ignore[import-not-found,unused-ignore]
    except ImportError as error:
        raise errors.LifecycleError(
            "a Dask cluster needs the library distributed; run "
            "`pip install 'lifecycle-workbench[dask]'`"
        ) from error
    try:
        client = distributed.Client(address, timeout=_REACH, set_as_default=False)
    except (OSError, ValueError, TypeError) as error:
        raise errors.LifecycleError(
            f"no Dask scheduler answers at {address} ({_line(error)}); start one with "
            "`dask scheduler`, and give the address that it prints"
        ) from None
    with client:
        _look(client, workspace, address)
        yield client.get_executor(pure=False)  # the same model is no known answer


def _look(client: Any, workspace: Workspace, address: str) -> None:
    """Ask each worker whether it can work here, before it is given anything."""
    if not client.nthreads():
        raise errors.LifecycleError(
            f"the Dask scheduler at {address} has no worker; start one with "
            f"`dask worker {address} --nthreads 1` where the workspace is"
        )
    found = client.run(working.standing, str(workspace.directory), on_error="return")
    for worker, told in found.items():
        if told:
            raise errors.LifecycleError(
                f"the Dask worker {worker} cannot work for this workspace "
                f"({_line(told)}); a worker needs this release, the workspace under "
                "the same path, and its registry"
            )


def _line(told: object) -> str:
    return " ".join(str(told).split())[:300] or type(told).__name__
