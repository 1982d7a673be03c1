"""The commands about what people said: what waits, and what is decided on it."""

from __future__ import annotations

from typing import Annotated

import typer

from lifecycle import errors
from lifecycle.cli import commands, say
from lifecycle.cli.commands import AsJson, AsOf, ModelName, Person, Reason, app

__all__ = ["app"]

SHOWN = 30


_WAITING = {
    "feedback_id": "id",
    "time": "time (UTC)",
    "kind": "kind",
    "id": "prediction",
    "score": "score",
    "person": "person",
    "reason": "reason",
}
_DECIDED = {
    "ruling": "ruling",
    "decided_at": "decided (UTC)",
    "decision": "decision",
    "to": "to",
    "decided_by": "by",
    "why": "why",
    "kind": "kind",
    "person": "person",
    "reason": "reason",
}


@app.command()
def feedback(
    model: ModelName,
    decided: Annotated[
        bool, typer.Option("--decided", help="what was decided, and by whom")
    ] = False,
    as_of: AsOf = None,
    as_json: AsJson = False,
) -> None:
    """What people said that nobody has decided yet, or what was; newest first."""
    view = commands.opened().view(model, as_of)
    names = _DECIDED if decided else _WAITING
    rows = view.feedback_decided() if decided else view.feedback_waiting()
    told = rows[list(names)].astype(object).where(rows[list(names)].notna(), None)
    for each in {"time", "decided_at"} & set(names):
        told[each] = [f"{moment:%Y-%m-%d %H:%M}" for moment in rows[each]]
    if as_json:
        say.dump(told.to_dict("records"))
    elif told.empty:
        word = "has been decided yet" if decided else "waits for a decision"
        say.show(f"nothing that people said of {model} {word}")
    else:
        say.table(
            list(names.values()), told.head(SHOWN).fillna("–").to_numpy().tolist()
        )
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
        str | None, typer.Option(metavar="OUTCOME", help="what it is: 0 or 1, a class")
    ] = None,
    as_of: AsOf = None,
    person: Person = None,
) -> None:
    """Accept, refuse or correct what people said; each word once.

    The id of a ruling (`feedback --decided` lists them) takes it back for another one.
    """
    if accept + refuse + (correct is not None) != 1:
        raise errors.BadParameters(
            "say one of --accept, --refuse and --correct OUTCOME"
        )
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
