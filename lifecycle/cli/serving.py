"""The commands of the door: open it, who may call, and what is asked elsewhere."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Annotated, Any

import typer

from lifecycle.cli import commands, say
from lifecycle.cli.commands import AsJson, AsOf, Person

if TYPE_CHECKING:
    from lifecycle.registry.tokens import Token

__all__ = ["app"]

app = typer.Typer(help="Who may call at the door.", no_args_is_help=True)
commands.app.add_typer(app, name="token")

Why = Annotated[str, typer.Option("--reason", help="kept with the token")]


@commands.app.command()
def serve(
    host: Annotated[str | None, typer.Option(help="as in the settings")] = None,
    port: Annotated[
        int | None, typer.Option(help="as in the settings; 0 takes a free one")
    ] = None,
) -> None:
    """Open the door: other systems send outcomes and feedback, and ask for scores.

    It ends with SIGTERM or Ctrl+C, once what it took is in the logs. Several may run
    on one workspace.
    """
    from lifecycle import server

    server.serve(
        commands.opened(),
        host=host,
        port=port,
        now=lambda: datetime.now(UTC),
        ready=lambda address: say.show(f"the door is open at {address}/docs"),
    )


@commands.app.command()
def poll(
    name: Annotated[
        str | None, typer.Argument(metavar="[NAME]", help="all, if left out")
    ] = None,
    as_of: AsOf = None,
) -> None:
    """Look for new rows in the tables and folders of [server.polls], once.

    Exit 10 where one could not be read.
    """
    from lifecycle import server

    ws = commands.opened()
    done = server.poll(ws, name, at=ws.moment(as_of))
    for each in done:
        say.show(str(each))
    if not done:
        say.show("the settings have no poll; add a [server.polls.NAME] table")
    if any(each.trouble for each in done):
        raise typer.Exit(10)


@app.command()
def create(
    source: Annotated[str, typer.Argument(help="the system that gets it")],
    scope: Annotated[
        list[str],
        typer.Option(
            "--scope",
            help="predictions, outcomes, feedback, events or metrics; several times",
        ),
    ],
    model: Annotated[
        list[str] | None, typer.Option("--model", help="only this one; several times")
    ] = None,
    days: Annotated[
        int | None, typer.Option(min=1, help="for how long; for ever, if left out")
    ] = None,
    rate: Annotated[
        int | None, typer.Option(min=1, help="requests a minute; as in the settings")
    ] = None,
    by: Person = None,
) -> None:
    """Make a token for a system and show it, once."""
    from lifecycle.registry import tokens
    from lifecycle.workspace import actors

    ws, now = commands.opened(), datetime.now(UTC)
    for each in model or ():
        ws.model(each)
    actor = actors.who(by, hub=ws.settings.workspace.identity.hub)
    try:
        made, told = tokens.issue(
            ws.registry,
            source,
            scopes=scope,
            models=model or (),
            rate_per_minute=rate,
            expires_at=None if days is None else now + timedelta(days=days),
            by=actor.name,
            at=now,
        )
    except ValueError as error:
        raise typer.BadParameter(str(error)) from None
    say.complain(
        f"token {made.id} of {made.source}, for {', '.join(made.scopes)}; it is shown "
        "now and never again:"
    )
    say.show(told)


@app.command("list")
def listed(as_json: AsJson = False) -> None:
    """All tokens that were made; none of them is shown."""
    from lifecycle.registry import tokens

    now = datetime.now(UTC)
    found = tokens.listed(commands.opened().registry)
    if as_json:
        say.dump([_plain(each, now) for each in found])
        return
    if not found:
        say.show("there is no token; `lifecycle token create` makes one")
        return
    say.table(
        ["id", "source", "state", "until (UTC)", "made by", "scopes", "models"],
        [
            [
                each.id,
                each.source,
                each.state(now),
                f"{each.expires_at:%Y-%m-%d}" if each.expires_at else "–",
                each.created_by,
                ", ".join(each.scopes),
                ", ".join(each.models) or "all",
            ]
            for each in found
        ],
    )


@app.command()
def revoke(
    id: Annotated[str, typer.Argument(help="as `token list` shows it")],
    reason: Why = "",
    by: Person = None,
) -> None:
    """End a token; doors refuse it within seconds."""
    from lifecycle.registry import tokens
    from lifecycle.workspace import actors

    ws = commands.opened()
    actor = actors.who(by, hub=ws.settings.workspace.identity.hub)
    done = tokens.revoke(
        ws.registry, id, by=actor.name, reason=reason, at=datetime.now(UTC)
    )
    say.show(f"token {done.id} of {done.source} is revoked")


def _plain(token: Token, now: datetime) -> dict[str, Any]:
    until, ended = token.expires_at, token.revoked_at
    return {
        "id": token.id,
        "source": token.source,
        "state": token.state(now),
        "scopes": list(token.scopes),
        "models": list(token.models),
        "rate_per_minute": token.rate_per_minute,
        "created_by": token.created_by,
        "created_at": token.created_at.isoformat(),
        "expires_at": until and until.isoformat(),
        "revoked_by": token.revoked_by,
        "revoked_at": ended and ended.isoformat(),
        "reason": token.reason,
    }
