"""The command that opens JupyterLab on a workspace."""

from __future__ import annotations

import os
from typing import Annotated

import typer

from lifecycle.cli import commands, say
from lifecycle.cli.commands import app

__all__ = ["app"]


@app.command(
    context_settings={"allow_extra_args": True, "ignore_unknown_options": True}
)
def lab(
    context: typer.Context,
    browser: Annotated[
        bool, typer.Option("--browser/--no-browser", help="open a browser")
    ] = True,
    port: Annotated[int | None, typer.Option(help="a free one, if left out")] = None,
) -> None:
    """Open JupyterLab here: home on the left, the newest report on the right.

    What is not known here is handed on to JupyterLab, such as --ip. Below a JupyterHub,
    with this as its Spawner.cmd, the hub says the address and who may come in.
    """
    from lifecycle import lab as jupyter
    from lifecycle.workspace import overview

    ws = commands.opened()
    jupyter.ready(ws.directory)
    if port is not None and jupyter.taken(port):
        say.show(f"port {port} is taken; JupyterLab takes the next one that is free")
    left = next(
        name
        for name in ("home", "promote", "audit")
        if name == "audit" or (ws.directory / "notebooks" / f"{name}.ipynb").is_file()
    )
    right = overview.newest_report(ws)
    hub = os.environ.get("JUPYTERHUB_SERVICE_PREFIX", "")
    words = jupyter.command(
        ws.directory, browser=browser, port=port, hub=hub, more=context.args
    )
    layout = jupyter.arrangement(f"notebooks/{left}.ipynb", right)
    told = jupyter.environment(ws.directory, layout, os.environ)
    say.show(f"{ws.directory}: notebooks/{left}.ipynb, {right or 'no report yet'}")
    os.execve(words[0], words, told)
