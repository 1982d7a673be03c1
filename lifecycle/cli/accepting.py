"""The command that takes a drift for the new normal."""

from __future__ import annotations

from typing import Annotated

import typer

from lifecycle import errors
from lifecycle.cli import commands, say
from lifecycle.cli.alerting import app
from lifecycle.cli.commands import AsOf, ModelName, Person, Reason

__all__ = ["app"]


@app.command()
def accept(
    model: ModelName,
    reason: Reason,
    feature: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[FEATURE...]", help="all that have drifted, if left out"
        ),
    ] = None,
    chunks: Annotated[
        int | None, typer.Option(help="how many of the newest chunks are normal", min=1)
    ] = None,
    withdraw: Annotated[
        bool, typer.Option("--withdraw", help="take back what was accepted")
    ] = False,
    as_of: AsOf = None,
    person: Person = None,
) -> None:
    """Accept a drift as the new normal, while the version in production serves."""
    from lifecycle.workspace import accepting

    if withdraw:
        if chunks is not None:
            raise errors.BadParameters(
                "--chunks says what is accepted; leave it out with --withdraw"
            )
        entry = accepting.withdraw(
            commands.opened(),
            model,
            feature or (),
            reason=reason,
            by=person,
            as_of=as_of,
        )
        names = ", ".join(entry.evidence["features"])
        say.show(
            f"{entry.actor} withdrew what was accepted of {model}: {names}; the "
            "reference is normal again"
        )
        return
    entry = accepting.accept(
        commands.opened(),
        model,
        feature or (),
        reason=reason,
        chunks=chunks,
        by=person,
        as_of=as_of,
    )
    told = entry.evidence
    say.show(
        f"{entry.actor} accepted {', '.join(told['features'])} of {model} as they were "
        f"from {told['chunks'][0]} to {told['chunks'][-1]}"
    )
