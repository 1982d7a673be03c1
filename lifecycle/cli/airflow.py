"""The command that writes the models down for Airflow."""

from __future__ import annotations

import shlex
import shutil
import sys
from pathlib import Path
from typing import Annotated

import typer

from lifecycle.cli import commands
from lifecycle.cli.commands import app

__all__ = ["app"]


@app.command()
def airflow(
    command: Annotated[
        str,
        typer.Option(metavar="WORDS", help="that start lifecycle where the tasks run"),
    ] = "",
) -> None:
    """Print a DAG file: each model a DAG of Airflow 3, each page a task."""
    from lifecycle.workspace import dags

    words = shlex.split(command) or [_own()]
    sys.stdout.write(dags.airflow(commands.opened(), command=words))


def _own() -> str:
    """The command beside this interpreter, or else the one that the shell finds."""
    beside = Path(sys.executable).with_name("lifecycle")
    return str(beside) if beside.is_file() else shutil.which("lifecycle") or "lifecycle"
