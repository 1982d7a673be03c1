"""The command that writes the model card of a version."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from lifecycle.cli import commands, say
from lifecycle.cli.commands import AsJson, AsOf, ModelName, app

__all__ = ["app"]


@app.command()
def card(
    model: ModelName,
    version: Annotated[
        int | None,
        typer.Argument(metavar="[VERSION]", help="that in production, if left out"),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="reports/MODEL/cards if left out"),
    ] = None,
    as_of: AsOf = None,
    as_json: AsJson = False,
) -> None:
    """Write a version's model card as HTML and Markdown: data, metrics, limits, who."""
    from lifecycle.workspace import pages

    ws = commands.opened()
    made = ws.view(model, as_of).card(version)
    if as_json:
        say.dump(made.facts())
        return
    for path in made.write(out or pages.place(ws, model) / "cards"):
        say.show(str(path))
