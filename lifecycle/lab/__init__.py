"""JupyterLab on a workspace: home on the left, the newest report on the right.

The extension in `labextensions/` (launcher tiles and palette commands) is written by
hand and needs no Node, neither to build nor to install: the wheel puts it where
JupyterLab looks, and `command` names its place to one that has not found it.
"""

from __future__ import annotations

from lifecycle.lab.starting import arrangement, command, environment, extension

__all__ = ["arrangement", "command", "environment", "extension"]
