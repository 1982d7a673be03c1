"""The workspace: one object that opens a directory and everything in it.

>>> import lifecycle
>>> ws = lifecycle.open("demo")                              # doctest: +SKIP
>>> ws.view("lead-scoring").performance()                    # doctest: +SKIP
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from lifecycle.workspace.desk import Workspace, open
from lifecycle.workspace.scaffold import init

if TYPE_CHECKING:
    from lifecycle.workspace.router import Router
    from lifecycle.workspace.view import View

__all__ = ["Router", "View", "Workspace", "init", "open"]


def __getattr__(name: str) -> object:  # a rollback does not wait for them
    if name == "Router":
        from lifecycle.workspace.router import Router

        return Router
    if name == "View":
        from lifecycle.workspace.view import View

        return View
    raise AttributeError(f"module 'lifecycle.workspace' has no attribute {name!r}")
