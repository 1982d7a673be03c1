"""The commands about stored models: collect what nothing needs, hold, let go."""

from __future__ import annotations

from typing import Annotated

import typer

from lifecycle.cli import commands, say
from lifecycle.cli.commands import AsJson, AsOf, ModelName, Person, Reason, app

__all__ = ["app"]

Number = Annotated[int, typer.Argument(metavar="VERSION")]


@app.command()
def collect(
    model: Annotated[
        str | None, typer.Argument(metavar="[MODEL]", help="all, if left out")
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="only say what would be removed")
    ] = False,
    reason: Annotated[str, typer.Option(help="why, for the ledger")] = "",
    as_of: AsOf = None,
    person: Person = None,
    as_json: AsJson = False,
) -> None:
    """Remove stored models that no role, ledger window or legal hold needs."""
    from lifecycle.workspace import collecting

    found = collecting.collect(
        commands.opened(),
        model,
        reason=reason,
        by=person,
        as_of=as_of,
        dry_run=dry_run,
    )
    if as_json:
        say.dump(found.facts())
        return
    shown = found.pieces if dry_run else found.gone
    if shown:
        say.table(
            ["file", "MB", "", "why"],
            [
                [
                    each.path,
                    f"{each.size / 1e6:,.1f}",
                    "goes" if each.goes else "stays",
                    each.why,
                ]
                for each in shown
            ],
        )
    say.show(found.sentence)


@app.command()
def hold(
    model: ModelName,
    version: Number,
    reason: Reason,
    as_of: AsOf = None,
    person: Person = None,
) -> None:
    """Keep a version's artefact, whatever is collected, until it is released."""
    from lifecycle.workspace import collecting

    entry = collecting.hold(
        commands.opened(), model, version, reason=reason, by=person, as_of=as_of
    )
    say.show(
        f"{entry.actor} holds version {version} of {model}: its artefact stays until "
        f"`lifecycle release-hold {model} {version}`"
    )


@app.command("release-hold")
def release_hold(
    model: ModelName,
    version: Number,
    reason: Reason,
    as_of: AsOf = None,
    person: Person = None,
) -> None:
    """End a legal hold; the version is kept as any other from now on."""
    from lifecycle.workspace import collecting

    entry = collecting.release(
        commands.opened(), model, version, reason=reason, by=person, as_of=as_of
    )
    say.show(f"{entry.actor} released version {version} of {model}")
