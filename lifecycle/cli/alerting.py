"""The commands about alerts: who has them, who is told, and what rules are worth."""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from lifecycle.cli import commands, say
from lifecycle.cli.commands import AsJson, AsOf, ModelName, Person, Reason, app

if TYPE_CHECKING:
    from lifecycle.alerts import Hindsight
    from lifecycle.findings import Finding

__all__ = ["app"]

SomeModel = Annotated[
    str | None, typer.Argument(metavar="[MODEL]", help="of all, if left out")
]


@app.command()
def alerts(
    model: SomeModel = None,
    every: Annotated[
        bool, typer.Option("--all", help="closed ones too, and what was sent")
    ] = False,
    as_of: AsOf = None,
    as_json: AsJson = False,
) -> None:
    """Who has to look at what: the open alerts, and who has taken them on."""
    from lifecycle.workspace import notices

    ws = commands.opened()
    found = notices.episodes(ws, model, closed=every)
    silent = {each.id: notices.silent_until(ws, each, as_of=as_of) for each in found}
    if as_json:
        told = notices.messages(ws, model) if every else None
        say.dump(
            [notices.plain(each, silent=silent[each.id], told=told) for each in found]
        )
        return
    if not found:
        say.show("no alert is open" if not every else "there was no alert yet")
    else:
        for each in found:
            state = notices.state(each, silent=silent[each.id])
            facts = (each.model, each.rule, each.severity, state)
            say.told(f"{each.id}  {' · '.join(facts)}", notices.dated(each))
    told = notices.messages(ws, model) if every else []
    if told:
        say.show("")
        say.table(
            ["message", "alert", "to", "state", "since (UTC)", "about", "trouble"],
            [
                [
                    each.id,
                    each.alert or "–",
                    each.recipient,
                    each.state,
                    f"{each.sent_at or each.dead_at or each.created_at:%Y-%m-%d}",
                    each.subject,
                    each.last_error or "–",
                ]
                for each in told
            ],
        )
    for sentence in notices.troubles(ws, model):
        say.complain(sentence)


@app.command()
def acknowledge(
    id: Annotated[int, typer.Argument(metavar="ID", help="as `alerts` shows it")],
    as_of: AsOf = None,
    person: Person = None,
) -> None:
    """Take an alert on: it stays open, but nobody else is called."""
    from lifecycle.workspace import notices

    taken = notices.acknowledge(commands.opened(), id, by=person, as_of=as_of)
    say.show(f"alert {taken.id} is {taken.acknowledged_by}'s: {taken.sentence}")


@app.command()
def silence(
    model: ModelName,
    rule: Annotated[str, typer.Argument(metavar="RULE", help="its name, or all")],
    until: Annotated[
        str, typer.Option("--until", metavar="ISO", help="nobody is told before")
    ],
    reason: Reason,
    as_of: AsOf = None,
    person: Person = None,
) -> None:
    """Tell nobody of a rule until a date; the ledger says who wanted that."""
    from lifecycle.workspace import notices

    entry = notices.silence(
        commands.opened(),
        model,
        rule,
        until=until,
        reason=reason,
        by=person,
        as_of=as_of,
    )
    held = entry.evidence["until"][:16].replace("T", " ")
    say.show(f"{entry.actor} silenced {rule} of {model} until {held} UTC")


@app.command()
def deliver(as_of: AsOf = None) -> None:
    """Send what waits in the outbox; `due` does it too."""
    from lifecycle.workspace import notices

    done = notices.deliver(commands.opened(), as_of=as_of)
    say.show(done.sentence or "no message waits")


@app.command()
def replay(
    model: ModelName,
    rules: Annotated[
        Path | None,
        typer.Option(
            "--rules", metavar="FILE", help="TOML with [alerts] and [rules.NAME]"
        ),
    ] = None,
    start: Annotated[str | None, typer.Option("--start", metavar="ISO")] = None,
    end: Annotated[str | None, typer.Option("--end", metavar="ISO")] = None,
    as_json: AsJson = False,
) -> None:
    """Try alert rules on the past: how many alerts, true and false, and how late."""
    from lifecycle.workspace import notices

    found = notices.replay(
        commands.opened(),
        model,
        rules=rules,
        start=start,
        end=end,
        say=say.show if not as_json else lambda text: None,
    )
    if as_json:
        say.dump(notices.replayed(found))
        return
    names = list(dict.fromkeys(row.subject for row in found.findings))
    columns = list(dict.fromkeys(row.measure for row in found.findings))
    say.table(
        ["rule", *columns],
        [[name, *(_told(found, name, each) for each in columns)] for name in names],
    )
    say.show(found.findings.summary)


def _told(found: Hindsight, rule: str, measure: str) -> str:
    for row in found.findings:
        if row.subject == rule and row.measure == measure:
            return _said(row)
    return "–"


def _said(row: Finding) -> str:
    if math.isnan(row.value):
        return "–"
    share = row.unit == "%"
    shown = f"{row.value:.0%}" if share else f"{row.value:.3g}"
    if row.measure == "alerts" or math.isnan(row.lower):
        return shown if row.measure == "alerts" else f"{shown}, n {row.n}"
    ends = [f"{end:.0%}" if share else f"{end:.3g}" for end in (row.lower, row.upper)]
    return f"{shown} [{ends[0]}, {ends[1]}], n {row.n}"
