"""The commands about those who speak of predictions: replies, samples, their record."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from lifecycle.cli import commands, say
from lifecycle.cli.commands import AsJson, AsOf, ModelName, Person, app

__all__ = ["app"]

SHOWN = 50


class Drawing(StrEnum):
    """By what rows are drawn."""

    random = "random"
    uncertainty = "uncertainty"
    segment = "segment"


class Speaker(StrEnum):
    """Of whom it is told how often they were right."""

    source = "source"
    person = "person"


@app.command()
def replies(
    model: ModelName,
    of: Annotated[
        str, typer.Option("--of", metavar="NAME", help="whose words, if not yours")
    ] = "",
    word: Annotated[
        list[str] | None,
        typer.Option("--id", metavar="ID", help="of the feedback; repeatable"),
    ] = None,
    person: Person = None,
    as_of: AsOf = None,
    as_json: AsJson = False,
) -> None:
    """What became of what you said; of what all said for owner and deputy."""
    ws = commands.opened()
    found = ws.replies(
        model, person=of, ids=word or (), who=ws.who(person), as_of=as_of
    )
    if as_json:
        say.dump(found.plain())
        return
    say.show(found.summary)
    for each in found.items[:SHOWN]:
        say.show(f"  {each.person or 'nobody named'}: {each.sentence}")
    if len(found) > SHOWN:
        say.show(f"and {len(found) - SHOWN:,} more; --json lists all")


@app.command()
def voices(
    model: ModelName,
    by: Annotated[Speaker, typer.Option(help="whose words")] = Speaker.source,
    person: Person = None,
    as_of: AsOf = None,
    as_json: AsJson = False,
) -> None:
    """How often people were right, by source; by person for owner and deputy."""
    found = commands.opened().voices(model, by=by.value, who=person, as_of=as_of)
    rows = [
        row
        for row in found.only(measure="right")
        if row.n and not row.subject.startswith("model, ")
    ]
    if as_json:
        names = ("subject", "value", "lower", "upper", "n")
        told = [{name: getattr(row, name) for name in names} for row in rows]
        say.dump({"summary": found.summary, "right": told})
        return
    say.show(found.summary)
    shown = [
        [row.subject, f"{row.value:.1%}", f"{row.lower:.1%}–{row.upper:.1%}", row.n]
        for row in rows
    ]
    say.table(["who", "right", "interval", "words"], shown)


@app.command()
def sample(
    model: ModelName,
    n: Annotated[int, typer.Option("--n", help="how many rows")] = 50,
    by: Annotated[Drawing, typer.Option(help="how they are drawn")] = Drawing.random,
    segment: Annotated[
        str, typer.Option(metavar="COLUMN", help="of --by segment")
    ] = "",
    seed: Annotated[int, typer.Option(help="the same draws the same")] = 0,
    since: Annotated[
        str | None, typer.Option(metavar="ISO", help="four chunks back if left out")
    ] = None,
    out: Annotated[Path | None, typer.Option(metavar="FILE", help="a CSV")] = None,
    person: Person = None,
    as_of: AsOf = None,
) -> None:
    """Draw predictions without an outcome for labelling, into a CSV."""
    done = commands.opened().sample(
        model,
        n,
        by=by.value,
        segment=segment,
        seed=seed,
        start=since,
        out=out,
        who=person,
        as_of=as_of,
    )
    say.show(done.sentence)
    say.show(f"fill in label, then: lifecycle label {model} {done.path}")


@app.command()
def label(
    model: ModelName,
    file: Annotated[Path, typer.Argument(metavar="FILE")],
    person: Person = None,
    as_of: AsOf = None,
) -> None:
    """Take the labels of drawn rows in, and say how good the model is by them."""
    done = commands.opened().label(model, file, by=person, as_of=as_of)
    say.show(done.sentence)
    say.show(done.findings.summary)
