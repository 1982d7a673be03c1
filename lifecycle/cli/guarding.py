"""The command that shows what each guard of a release says."""

from __future__ import annotations

import math

import typer

from lifecycle.cli import commands, say
from lifecycle.cli.commands import AsJson, AsOf, ModelName, app

__all__ = ["app"]


@app.command()
def guard(model: ModelName, as_of: AsOf = None, as_json: AsJson = False) -> None:
    """What each guard of the newest release says; `due` acts upon it."""
    from lifecycle.workspace import guarding

    ws = commands.opened()
    found = guarding.look(ws.view(model, as_of))
    if as_json:
        table = found.frame().astype(object)
        rows = table.where(table.notna(), None).to_dict("records")
        say.dump({"summary": found.summary, "verdict": found.verdict, "rows": rows})
        return
    say.show(found.summary)
    if len(found):
        say.table(
            ["version: guard", "value", "at all looks", "n", "bound", "verdict"],
            [
                [
                    f"{_version(row.subject)}: {row.measure.replace('_', ' ')}",
                    _number(row.value, row.unit),
                    _ends(row.lower, row.upper, row.unit),
                    f"{row.n:,}",
                    _number(row.threshold, row.unit),
                    row.verdict,
                ]
                for row in found
            ],
        )
    if found.verdict == "alert":
        raise typer.Exit(10)


def _version(subject: str) -> str:
    return subject.removeprefix("version ").partition(",")[0]


def _number(value: float, unit: str) -> str:
    if math.isnan(value):
        return "–"
    return f"{value:.2%}" if unit == "%" else f"{value:.4g}"


def _ends(lower: float, upper: float, unit: str) -> str:
    if math.isnan(lower):
        return "–"
    return f"{_number(lower, unit)} to {_number(upper, unit)}"
