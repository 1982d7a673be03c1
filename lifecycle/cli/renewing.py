"""The commands about renewal: one by hand, what became of them, one fitted again."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

from lifecycle.cli import commands, say
from lifecycle.cli.accepting import app
from lifecycle.cli.commands import AsJson, AsOf, ModelName, Person

if TYPE_CHECKING:
    from lifecycle.registry import Renewal

__all__ = ["app"]


@app.command()
def renew(
    model: ModelName,
    why: Annotated[str, typer.Option(help="why, for the proposal")] = "",
    as_of: AsOf = None,
    person: Person = None,
) -> None:
    """Renew a model now: ask for a ruling, train, test, and propose what passes."""
    from lifecycle import errors
    from lifecycle.workspace import renewing

    done = renewing.by_hand(
        commands.opened(), model, reason=why, by=person, as_of=as_of, say=say.show
    )
    if done.outcome in ("failed", "refused"):
        raise typer.Exit(errors.LifecycleError.exit_code)


@app.command()
def renewals(model: ModelName, as_json: AsJson = False) -> None:
    """What was ruled on a model, why, and what became of it."""
    ws = commands.opened()
    ws.model(model)
    found = ws.registry.renewals(model)
    if as_json:
        say.dump([_plain(each) for each in found])
        return
    if not found:
        say.show(f"nothing has been ruled on {model} yet")
        return
    say.table(
        ["id", "as of (UTC)", "why", "ruling", "version", "how it ended", "what came"],
        [
            [
                each.id,
                f"{each.as_of:%Y-%m-%d}",
                each.why,
                str(each.ruling.get("action", "–")).replace("_", " "),
                each.version or "–",
                each.outcome or f"open, {each.state}",
                _told(each),
            ]
            for each in found
        ],
    )


@app.command()
def reproduce(
    model: ModelName,
    version: Annotated[int, typer.Argument()],
    register: Annotated[
        bool, typer.Option("--register", help="as a new version, a candidate")
    ] = False,
    as_of: AsOf = None,
    person: Person = None,
    as_json: AsJson = False,
) -> None:
    """Fit a version again from its birth record; exit 10 when the two differ."""
    from lifecycle.workspace import reproducing

    ws, made = commands.opened(), None
    if register:
        found, made = reproducing.again(ws, model, version, by=person, as_of=as_of)
    else:
        found = reproducing.reproduce(ws, model, version)
    if as_json:
        say.dump({**found.facts(), "version": made and made.number})
    else:
        say.show(f"version {version} of {model}: {found.summary}")
        for difference in found.differs:
            say.show(f"  {difference}")
        if made is not None:
            say.show(f"registered as version {made.number}; lifecycle propose it next")
    if found.verdict == "alert":
        raise typer.Exit(10)


def _told(renewal: Renewal) -> str:
    """What was ruled, what became of it where that says more, and who had asked why."""
    ruled, ended = str(renewal.ruling.get("sentence") or ""), renewal.sentence
    if ruled and (ruled in ended or renewal.outcome == "kept"):
        ended = ""
    asked, by = (renewal.ruling.get(name) for name in ("asked", "asked_by"))
    why = f"{by} had asked for it: {asked}" if asked else ""
    if why and str(asked) in ended:
        why = ""
    return " ".join(each for each in (ruled, ended, why) if each) or "–"


def _plain(renewal: Renewal) -> dict[str, Any]:
    told = asdict(renewal)
    for hidden in ("holder", "lease_until"):
        del told[hidden]
    return {
        key: value.isoformat() if isinstance(value, datetime) else value
        for key, value in told.items()
    }
