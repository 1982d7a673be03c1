"""The commands about what people said: what waits, and what is decided on it."""

from __future__ import annotations

from typing import Annotated

import typer

from lifecycle import errors
from lifecycle.cli import commands, say
from lifecycle.cli.commands import AsJson, AsOf, ModelName, Person, Reason, app

__all__ = ["app"]

SHOWN = 30


@app.command()
def feedback(model: ModelName, as_of: AsOf = None, as_json: AsJson = False) -> None:
    """What people said that nobody has decided yet, newest first."""
    rows = commands.opened().view(model, as_of).feedback_waiting()
    names = ["feedback_id", "time", "kind", "id", "score", "person", "reason"]
    told = rows[names].astype(object).where(rows[names].notna(), None)
    told["time"] = [f"{each:%Y-%m-%d %H:%M}" for each in rows["time"]]
    if as_json:
        say.dump(told.to_dict("records"))
    elif told.empty:
        say.show(f"nothing that people said of {model} waits for a decision")
    else:
        header = ["id", "time (UTC)", "kind", "prediction", "score", "person", "reason"]
        lines = told.head(SHOWN).fillna("–").to_numpy().tolist()
        say.table(header, lines)
        if len(told) > SHOWN:
            say.show(f"and {len(told) - SHOWN:,} more; --json lists all")


@app.command()
def triage(
    model: ModelName,
    ids: Annotated[list[str], typer.Argument(metavar="ID...", help="of `feedback`")],
    reason: Reason,
    accept: Annotated[bool, typer.Option("--accept", help="it is so")] = False,
    refuse: Annotated[bool, typer.Option("--refuse", help="do not learn it")] = False,
    correct: Annotated[
        float | None, typer.Option(metavar="0|1", help="what the outcome is")
    ] = None,
    as_of: AsOf = None,
    person: Person = None,
) -> None:
    """Accept, refuse or correct what people said; each word once."""
    if accept + refuse + (correct is not None) != 1:
        raise errors.BadParameters("say one of --accept, --refuse and --correct 0|1")
    done = commands.opened().triage(
        model,
        ids,
        "accepted" if accept else "refused" if refuse else "corrected",
        reason=reason,
        label=correct,
        by=person,
        as_of=as_of,
    )
    say.show(done.sentence)
    for reply in done.replies:
        say.show(f"  {reply}")
