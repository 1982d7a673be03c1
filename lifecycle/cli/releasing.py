"""The commands of a release beside a proposal: widen, go back, shadow, retire."""

from __future__ import annotations

from typing import Annotated

import typer

from lifecycle.cli import commands, say
from lifecycle.cli.commands import AsJson, AsOf, ModelName, Person, Reason, app

__all__ = ["app"]

Number = Annotated[int, typer.Argument(metavar="VERSION", help="its number")]

ledger = typer.Typer(
    no_args_is_help=True, help="The record of who did what, and whether it is whole."
)
app.add_typer(ledger, name="ledger")


@app.command()
def widen(
    model: ModelName,
    reason: Reason,
    share: Annotated[
        float, typer.Option(help="of the traffic, up to 1: all of it promotes it")
    ] = 1.0,
    version: Annotated[
        int | None, typer.Option(help="on trial, as you looked at it; for all traffic")
    ] = None,
    person: Person = None,
    as_of: AsOf = None,
) -> None:
    """Give the version on trial more of the traffic; all of it by its number."""
    done = commands.opened().widen(
        model, share, number=version, reason=reason, by=person, as_of=as_of
    )
    say.show(done.sentence)


@app.command()
def rollback(
    model: ModelName,
    reason: Reason,
    to: Annotated[int | None, typer.Option(metavar="VERSION")] = None,
    version: Annotated[
        int | None, typer.Option(help="to be given up: nothing is done to another one")
    ] = None,
    as_of: AsOf = None,
    person: Person = None,
) -> None:
    """End the trial, or put the previous version back into production."""
    done = commands.opened().rollback(
        model, to=to, number=version, reason=reason, by=person, as_of=as_of
    )
    say.show(done.sentence)


@app.command()
def shadow(
    model: ModelName,
    version: Number,
    reason: Reason,
    person: Person = None,
    as_of: AsOf = None,
) -> None:
    """Let a version score everything that production scores, and serve nothing."""
    ws = commands.opened()
    say.show(ws.shadow(model, version, reason=reason, by=person, as_of=as_of).sentence)


@app.command()
def unshadow(
    model: ModelName, reason: Reason, person: Person = None, as_of: AsOf = None
) -> None:
    """End the shadow; the version is what it was before."""
    ws = commands.opened()
    say.show(ws.unshadow(model, reason=reason, by=person, as_of=as_of).sentence)


@app.command()
def retire(
    model: ModelName,
    version: Number,
    reason: Reason,
    person: Person = None,
    as_of: AsOf = None,
) -> None:
    """End a trial, a shadow or a backup; nothing bad is said of the version."""
    ws = commands.opened()
    say.show(ws.retire(model, version, reason=reason, by=person, as_of=as_of).sentence)


@app.command()
def moves(model: ModelName, as_of: AsOf = None, as_json: AsJson = False) -> None:
    """What can be done with each version now."""
    from lifecycle import promotion

    ws = commands.opened()
    ws.model(model)
    found = promotion.possible(ws.registry, model, at=ws.moment(as_of))
    status = {each.number: each.status for each in ws.registry.versions(model)}
    rows = [
        {"version": number, "status": status[number], "moves": list(legal)}
        for number, legal in found.items()
    ]
    if as_json:
        say.dump(rows)
    elif not rows:
        say.show(f"{model} has no version yet; lifecycle train {model} makes one")
    else:
        say.table(
            ["version", "status", "what can be done"],
            [
                [number, status[number], ", ".join(legal) or "–"]
                for number, legal in found.items()
            ],
        )


@ledger.command()
def verify(as_json: AsJson = False) -> None:
    """Whether every row of the ledger follows from the one before; exit 10 if not."""
    with commands.opened().registry.reading() as book:
        seq, (rows, last) = book.first_altered(), book.end()
        found = None if seq is None else book.about(seq)
    if as_json:
        say.dump({"rows": rows, "altered": seq, "hash": last if rows else None})
    elif seq is None:
        end = f"; the last row's hash is {last}" if rows else ""
        say.show(f"the ledger is whole: {rows:,} rows{end}")
    if seq is None:
        return
    if not as_json:
        told = "is missing"
        if found is not None:
            model, move = found
            told = f"({move} of {model}) was altered"
        say.complain(
            f"row {seq} of the ledger {told}; restore the registry from a backup and "
            "ask who could write to it"
        )
    raise typer.Exit(10)
