"""The commands that give a version to MLflow, and take one from it."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from lifecycle.cli import commands, say
from lifecycle.cli.commands import AsOf, ModelName, Person, app

__all__ = ["app"]


class Form(StrEnum):
    """As what a version is written."""

    mlflow = "mlflow"


@app.command("export")
def export(
    model: ModelName,
    version: Annotated[int, typer.Argument()],
    directory: Annotated[
        Path, typer.Argument(metavar="DIR", help="made; not there yet")
    ],
    form: Annotated[Form, typer.Option("--as", help="as what")] = Form.mlflow,
) -> None:
    """Write a version as an MLflow model directory, without a pickle."""
    from lifecycle.workspace import exchange

    made = exchange.export(commands.opened(), model, version, directory)
    say.show(f"version {version} of {model} is in {made} as an {form.value} model")


@app.command("import")
def receive(
    model: ModelName,
    directory: Annotated[Path, typer.Argument(metavar="DIR", help="an MLflow model")],
    as_of: AsOf = None,
    person: Person = None,
) -> None:
    """Make an MLflow model directory the model's next version, a candidate."""
    from lifecycle.workspace import exchange

    made = exchange.receive(commands.opened(), model, directory, by=person, as_of=as_of)
    say.show(
        f"{directory} is version {made.number} of {model}, a candidate; propose it "
        "when it has shown itself"
    )
