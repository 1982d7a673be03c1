"""The workspace: one object that opens a directory and everything in it.

>>> import lifecycle
>>> ws = lifecycle.open("demo")                              # doctest: +SKIP
>>> ws.view("lead-scoring").performance()                    # doctest: +SKIP
"""

from __future__ import annotations

from lifecycle.workspace.desk import Workspace, open
from lifecycle.workspace.router import Router
from lifecycle.workspace.scaffold import init
from lifecycle.workspace.view import View

__all__ = ["Router", "View", "Workspace", "init", "open"]
