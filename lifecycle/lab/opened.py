"""Which requests of JupyterLab show somebody a report: that it was opened is kept."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from lifecycle import errors, workspace

__all__ = ["notice", "opened"]

_LOG = logging.getLogger(__name__)
_ADDRESSES = ("api/contents/", "files/")
_DONE = 300  # answers below are no errors


def opened(path: str, query: Mapping[str, Any], *, base: str) -> tuple[str, str] | None:
    """The model and the page that a request shows, if it shows one.

    A report counts when its content is sent. JupyterLab asks for no content when it
    lists a folder, or looks whether a file has changed.

    Parameters
    ----------
    path : str
        Of the request, quoted.
    query : mapping
        What follows it: "content" is "0" where none is asked for.
    base : str
        What all addresses of the server begin with.

    Examples
    --------
    >>> opened("/hub/files/reports/leads/2024/audit.html", {}, base="/hub/")
    ('leads', 'audit')
    >>> asked = {"content": "0"}
    >>> opened("/api/contents/reports/leads/index.html", asked, base="/") is None
    True
    """
    if not path.startswith(base):
        return None
    rest = path.removeprefix(base)
    address = next((each for each in _ADDRESSES if rest.startswith(each)), None)
    if address is None or query.get("content") == "0":
        return None
    parts = unquote(rest.removeprefix(address)).split("/")
    if len(parts) not in (3, 4) or parts[0] != "reports":
        return None
    if ".." in parts or not parts[-1].endswith(".html"):
        return None
    page = parts[-1].removesuffix(".html")
    if len(parts) == 3:  # the page of the model itself
        return (parts[1], "") if page == "index" else None
    return None if parts[2] == "cards" else (parts[1], page)


def notice(server: Any, directory: Path) -> None:
    """Keep each report that the server sends as opened, beside what it logs.

    Parameters
    ----------
    server : jupyter_server.serverapp.ServerApp
    directory : Path
        Of the workspace.
    """
    settings = server.web_app.settings
    inner, base = settings["log_function"], settings["base_url"]

    def answered(handler: Any) -> None:
        inner(handler)
        if handler.request.method != "GET" or handler.get_status() >= _DONE:
            return
        asked = {
            name: values[-1].decode("utf-8", "replace")
            for name, values in handler.request.query_arguments.items()
        }
        found = opened(handler.request.path, asked, base=base)
        if found is not None:
            loop = asyncio.get_running_loop()
            loop.run_in_executor(None, _keep, directory, *found)

    settings["log_function"] = answered


def _keep(directory: Path, model: str, page: str) -> None:
    """Keep it; a folder of reports may be of a model that is gone."""
    try:
        workspace.open(directory, lenient=True).opened(model, page, way="lab")
    except errors.LifecycleError as error:
        _LOG.debug("a report was opened, and that is not kept: %s", error)
