"""What a person could look at before deciding: the newest report, and its hash."""

from __future__ import annotations

import hashlib
from datetime import datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from lifecycle.workspace.desk import Workspace

__all__ = ["report"]

_PAGES = ("promote", "decide", "audit")  # the first there is speaks of the proposal


def report(workspace: Workspace, name: str, *, as_of: datetime) -> dict[str, str]:
    """The newest report about a model as evidence for the ledger.

    Parameters
    ----------
    workspace : Workspace
    name : str
        Of the model.
    as_of : datetime
        Later reports are not meant.

    Returns
    -------
    dict of str to str
        `report`, its path in the workspace, and `report_sha256`; empty where no page
        has run, or its file is not there any more.
    """
    for page in _PAGES:
        for run in workspace.registry.runs(name, page):
            if not run.directory or run.as_of > as_of:
                continue
            path = f"{run.directory}/{page}.html"
            file = workspace.directory / path
            if file.is_file():
                content = file.read_bytes()
                sha256 = hashlib.sha256(content).hexdigest()
                return {"report": path, "report_sha256": sha256}
            break
    return {}
