"""JupyterLab on a workspace: home on the left, the newest report on the right.

The extension in `labextensions/` (launcher tiles and palette commands) is written by
hand and needs no Node, neither to build nor to install: the wheel puts it where
JupyterLab looks, and `command` names its place to one that has not found it. What the
tiles ask, and the runs they start, is answered by an extension of JupyterLab's server,
which is this room; `jupyter_server_config.d/` turns it on in a plain `jupyter lab`.
"""

from __future__ import annotations

from typing import Any

from lifecycle.lab.starting import (
    arrangement,
    command,
    environment,
    extension,
    ready,
    taken,
)

__all__ = ["arrangement", "command", "environment", "extension", "ready", "taken"]


def _jupyter_server_extension_points() -> list[dict[str, str]]:
    return [{"module": "lifecycle.lab"}]


def _load_jupyter_server_extension(server: Any) -> None:
    from lifecycle.lab import handlers

    handlers.load(server)
