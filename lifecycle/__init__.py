"""A workbench for the life of models in production.

Open a workspace, or import a room and hand it plain frames and arrays:

>>> from lifecycle import metrics
>>> metrics.accuracy([1, 0, 1, 1], [1, 0, 0, 1])
0.75
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from os import PathLike

    from lifecycle.workspace import Router, Workspace

__all__ = ["Router", "__version__", "open"]

__version__ = "0.1.0"


def open(directory: str | PathLike[str] | None = None) -> Workspace:
    """Open the workspace in a directory, or the one around the current directory.

    Parameters
    ----------
    directory : path, optional
        A directory that holds `lifecycle.toml`. Without it (or with an empty
        string) the current directory and its parents are searched, as git does.

    Returns
    -------
    lifecycle.workspace.Workspace
        The door to the workspace's models, logs, registry and reports.

    Raises
    ------
    lifecycle.errors.SettingsError
        When there is no `lifecycle.toml`, or it does not say what it must.
    """
    from lifecycle import workspace

    return workspace.open(directory)


def __getattr__(name: str) -> object:
    if name == "Router":
        from lifecycle.workspace import Router

        return Router
    raise AttributeError(f"module 'lifecycle' has no attribute {name!r}")
