"""The commands about whose a model is: hand over, review, open a report."""

from __future__ import annotations

from datetime import date
from typing import Annotated

import typer

from lifecycle import errors
from lifecycle.cli import commands, say
from lifecycle.cli.commands import AsJson, AsOf, ModelName, Person, Reason, app

__all__ = ["app"]


@app.command("hand-over")
def hand_over(
    model: ModelName,
    to: Annotated[
        str, typer.Option("--to", metavar="NAME", help="who looks after it now")
    ],
    reason: Reason,
    deputy: Annotated[
        str, typer.Option(metavar="NAME", help="who stands in; as before if left out")
    ] = "",
    person: Person = None,
    as_of: AsOf = None,
) -> None:
    """Give a model to another person; open alerts go along."""
    from lifecycle.workspace import ownership

    ws = commands.opened()
    ws.hand_over(model, to, reason=reason, deputy=deputy, by=person, as_of=as_of)
    say.show(ws.ownership(model, as_of=as_of).sentence)
    told = ownership.notified(ws, model, as_of=ws.moment(as_of))
    for _, problem in told.values():
        if problem:
            say.complain(problem)


@app.command()
def review(
    model: ModelName,
    due: Annotated[
        str, typer.Option("--next", metavar="DATE", help="when to look again")
    ],
    reason: Reason,
    person: Person = None,
    as_of: AsOf = None,
) -> None:
    """Say that owner, purpose and KPI of a model were looked at."""
    try:
        day = date.fromisoformat(due)
    except ValueError:
        raise errors.BadParameters(
            f"--next {due!r} is no date; write it as 2024-06-30"
        ) from None
    ws = commands.opened()
    ws.review(model, due=day, reason=reason, by=person, as_of=as_of)
    say.show(f"{model} was reviewed; it is looked at again by {day}")


@app.command()
def owner(model: ModelName, as_of: AsOf = None, as_json: AsJson = False) -> None:
    """Who looks after a model at a moment, since when, and what for."""
    found = commands.opened().ownership(model, as_of=as_of)
    if as_json:
        say.dump(found.plain())
        return
    say.show(found.sentence)
    for name, told in found.facts().items():
        if name not in ("Owner", "Deputy"):
            say.show(f"  {name}: {told}")


@app.command("open")
def open_(
    model: ModelName,
    page: Annotated[str, typer.Argument(metavar="[PAGE]", help="audit, drift ...")] = (
        ""
    ),
    show: Annotated[
        bool, typer.Option("--print", help="say where it is, and open nothing")
    ] = False,
    as_of: AsOf = None,
) -> None:
    """Open the newest report of a model in the browser; that it was is kept."""
    import webbrowser

    ws = commands.opened()
    path = ws.newest(model, page)
    if not show:
        webbrowser.open(path.as_uri())
        ws.opened(model, page, way="terminal", as_of=as_of)
    say.show(str(path))
