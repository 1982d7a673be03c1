"""What JupyterLab is started with: its arrangement, its settings, our extension."""

from __future__ import annotations

import json
import os
import socket
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from lifecycle import errors

__all__ = ["arrangement", "command", "environment", "extension", "ready", "taken"]

SPACE = "lifecycle"
_OVERRIDES = {
    # a box about news would cover the page, and nothing is fetched from anywhere
    "@jupyterlab/apputils-extension:notification": {
        "fetchNews": "false",
        "checkForUpdates": False,
    },
    # a panel's buttons work in the thread of its cells
    "@jupyterlab/apputils-extension:kernels-settings": {
        "commsOverSubshells": "disabled"
    },
}


def extension() -> Path:
    """The directory of the JupyterLab extension that comes with the workbench.

    Examples
    --------
    >>> (extension() / "static" / "remoteEntry.js").is_file()
    True
    """
    return Path(__file__).parent / "labextensions" / "lifecycle-workbench"


def ready(directory: Path) -> None:
    """See that JupyterLab can keep its things below a workspace.

    Parameters
    ----------
    directory : Path
        The workspace.

    Raises
    ------
    SettingsError
        When it cannot be written to: it is somebody else's, or of a disk that can only
        be read.

    Examples
    --------
    >>> ready(Path("."))
    """
    own = directory / ".lifecycle" / "lab"
    place = next(each for each in (own, own.parent, directory) if each.is_dir())
    if os.access(place, os.W_OK | os.X_OK):
        return
    if os.statvfs(place).f_flag & os.ST_RDONLY:
        raise errors.SettingsError(
            f"{place} is on a disk that can only be read; copy the workspace to one "
            "that can be written to, and open that"
        )
    owner = _owner(place)
    raise errors.SettingsError(
        f"{place} belongs to {owner} and cannot be written to by this account; run "
        f"lifecycle lab as {owner}, or open a copy of the workspace"
    )


def _owner(place: Path) -> str:
    try:
        return place.owner()
    except KeyError:  # an account that this machine does not name
        return f"user {place.stat().st_uid}"


def taken(port: int) -> bool:
    """Whether something on this machine listens at a port already."""
    with socket.socket() as asked:
        asked.settimeout(1)
        return asked.connect_ex(("127.0.0.1", port)) == 0


def arrangement(notebook: str, report: str = "") -> dict[str, Any]:
    """Tabs as JupyterLab keeps them: a notebook on the left, a report on the right.

    Parameters
    ----------
    notebook, report : str
        Paths from the workspace, with `/`; without a report the notebook stands alone.

    Examples
    --------
    >>> told = arrangement("notebooks/home.ipynb", "reports/leads/audit.html")
    >>> told["data"]["layout-restorer:data"]["main"]["dock"]["type"]
    'split-area'
    """
    left, right = f"notebook:{notebook}", f"htmlviewer:{report}"
    dock: dict[str, Any] = _tabs(left)
    if report:
        dock = {
            "type": "split-area",
            "orientation": "horizontal",
            "sizes": [0.5, 0.5],
            "children": [_tabs(left), _tabs(right)],
        }
    data: dict[str, Any] = {
        "layout-restorer:data": {
            "main": {"dock": dock, "current": left},
            "left": {"collapsed": True, "widgets": []},
            "right": {"collapsed": True, "widgets": []},
        },
        left: {"data": {"path": notebook, "factory": "Notebook"}},
    }
    if report:
        data[right] = {"data": {"path": report, "factory": "HTML Viewer"}}
    return {"data": data, "metadata": {"id": SPACE}}


def _tabs(widget: str) -> dict[str, Any]:
    return {"type": "tab-area", "currentIndex": 0, "widgets": [widget]}


def environment(
    directory: Path, layout: Mapping[str, Any], inherited: Mapping[str, str]
) -> dict[str, str]:
    """Write arrangement and settings below the workspace, and say where they are.

    The user's own settings of JupyterLab hold beside ours; nothing of theirs is
    touched. Whoever opens JupyterLab is there: what says that nobody is, is left out.

    Parameters
    ----------
    directory : Path
        The workspace; `.lifecycle/lab/` below it is ours, and can be deleted.
    layout : mapping
        From `arrangement`.
    inherited : mapping
        The environment that is added to. Where its home cannot be written to, what
        JupyterLab keeps there is kept below the workspace.
    """
    place = directory / ".lifecycle" / "lab"
    rules = place / "config" / "labconfig" / "default_setting_overrides.json"
    spaces = place / "workspaces"
    for folder in (rules.parent, spaces):
        folder.mkdir(parents=True, exist_ok=True)
    rules.write_text(json.dumps(_OVERRIDES), encoding="utf-8")
    from jupyterlab_server.workspaces_handler import WorkspacesManager

    WorkspacesManager(str(spaces)).save(SPACE, json.dumps(layout))
    before = inherited.get("JUPYTER_CONFIG_PATH", "")
    paths = [str(place / "config"), *([before] if before else [])]
    told = _homes(place, inherited) | {
        **inherited,
        "JUPYTER_CONFIG_PATH": os.pathsep.join(paths),
        "JUPYTERLAB_WORKSPACES_DIR": str(spaces),
        "LIFECYCLE_WORKSPACE": str(directory),
    }
    told.pop("LIFECYCLE_UNATTENDED", None)
    return told


def _homes(place: Path, inherited: Mapping[str, str]) -> dict[str, str]:
    """Where JupyterLab keeps its own things, for a user without a home."""
    home = inherited.get("HOME") or str(Path("~").expanduser())
    if os.access(home, os.W_OK | os.X_OK):
        return {}
    own = place / "home"
    own.mkdir(mode=0o700, exist_ok=True)
    names = ("CONFIG", "DATA", "RUNTIME")
    return {f"JUPYTER_{name}_DIR": str(own / name.lower()) for name in names} | {
        "JUPYTERLAB_SETTINGS_DIR": str(own / "settings"),
        "IPYTHONDIR": str(own / "ipython"),
        "MPLCONFIGDIR": str(own / "matplotlib"),
    }


def command(
    directory: Path,
    *,
    browser: bool = True,
    port: int | None = None,
    hub: str = "",
    more: Sequence[str] = (),
) -> list[str]:
    """The command that starts JupyterLab on a workspace.

    Parameters
    ----------
    directory : Path
        The workspace; it becomes JupyterLab's root.
    browser : bool
        Whether a browser is opened.
    port : int, optional
        The first one that is free where none is given, or where it is taken.
    hub : str
        The address below which a JupyterHub serves it (`JUPYTERHUB_SERVICE_PREFIX`);
        empty where none has started this process. Then the hub says address and
        port, and who may come in.
    more : sequence of str
        Handed on as they are.

    Raises
    ------
    SettingsError
        When JupyterLab is not installed, or below a hub JupyterHub is not.

    Notes
    -----
    What Python puts first on its path is left out (`-P`): a file of the workspace that
    is called like a library is not taken for it.
    """
    from importlib.util import find_spec

    wanted = {"jupyterlab": "JupyterLab"} | (
        {"jupyterhub": "JupyterHub"} if hub else {}
    )
    for module, name in wanted.items():
        if find_spec(module) is None:
            raise errors.SettingsError(
                f"{name} is not installed; run `pip install {module}`"
            )
    module = "jupyterhub.singleuser" if hub else "jupyterlab"
    words = [sys.executable, "-P", "-m", module, f"--ServerApp.root_dir={directory}"]
    space = f"/lab/workspaces/{SPACE}"
    words.append(f"--{'ServerApp' if hub else 'LabApp'}.default_url={space}")
    words.append(f"--LabApp.extra_labextensions_path={extension().parent}")
    words.append("--ServerApp.jpserver_extensions=lifecycle.lab=True")
    if not any(each.startswith(("--log-level", "--debug")) for each in more):
        # what is left is the address
        words += ["--log-level=WARN", "--LabApp.log_level=WARN"]
    if not browser or hub:
        words.append("--no-browser")
    if port is not None and not hub:
        words.append(f"--port={port}")
    return [*words, *more]
