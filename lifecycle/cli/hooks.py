"""The commands about hooks: how far they have come, tell them, try again, test."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from lifecycle.cli import commands, say
from lifecycle.cli.commands import AsJson, AsOf

if TYPE_CHECKING:
    from lifecycle.hooks import State
    from lifecycle.registry.told import Told

__all__ = ["app"]

app = typer.Typer(
    help="Who is told of moves, for models that are served elsewhere.",
    invoke_without_command=True,
    no_args_is_help=False,
)
commands.app.add_typer(app, name="hooks")

_LAST = "last told (UTC)"
HookName = Annotated[str, typer.Argument(metavar="NAME", help="as the settings say")]


@app.callback()
def hooks(context: typer.Context, as_json: AsJson = False) -> None:
    """How far each hook has come with each model, and what was given up."""
    if context.invoked_subcommand is not None:
        return
    from lifecycle.workspace import elsewhere

    found = elsewhere.states(commands.opened())
    if as_json:
        say.dump([_plain(each) for each in found])
        return
    if not found:
        say.show("the settings have no hook; add a [hooks.NAME] table")
        return
    say.table(
        ["hook", "model", "state", "begins after", "to tell", "given up", _LAST],
        [
            [
                each.hook,
                each.model,
                each.word,
                "–" if each.since is None else f"row {each.since}",
                each.left,
                ", ".join(f"row {row.seq}" for row in each.dead) or "–",
                _last(each.last),
            ]
            for each in found
        ],
    )
    for sentence in (s for each in found for s in (each.failure, each.given_up)):
        if sentence:
            say.complain(sentence)


@app.command()
def deliver(as_of: AsOf = None) -> None:
    """Tell the hooks what is due; `due` does it too. Exit 10 while one fails."""
    from lifecycle.workspace import elsewhere

    done = elsewhere.deliver(commands.opened(), as_of=as_of)
    say.show(done.sentence or "nothing is due for a hook")
    if done.waiting or done.dead or done.later or done.lost:
        raise typer.Exit(10)


@app.command()
def retry(
    name: HookName,
    seq: Annotated[
        int | None,
        typer.Argument(metavar="[SEQ]", help="row of the ledger; all, if left out"),
    ] = None,
    model: Annotated[str | None, typer.Option("--model", help="only its rows")] = None,
    out_of_order: Annotated[
        bool,
        typer.Option("--out-of-order", help="although a later row was taken"),
    ] = False,
) -> None:
    """Let what was given up wait again, in its order; then deliver it."""
    from lifecycle.workspace import elsewhere

    ws = commands.opened()
    count = elsewhere.retry(ws, name, seq, model=model, out_of_order=out_of_order)
    say.show(f"{count} row{'s wait' if count > 1 else ' waits'} for hook {name} again")
    deliver()


@app.command()
def test(name: HookName) -> None:
    """See whether a hook would be taken: a ping, or a look; nothing is changed."""
    from lifecycle.workspace import elsewhere

    say.show(f"hook {name}: {elsewhere.test(commands.opened(), name)}")


def _last(told: Told | None) -> str:
    if told is None or told.settled_at is None:
        return "–"
    return f"row {told.seq}, {told.settled_at:%Y-%m-%d %H:%M}"


def _plain(state: State) -> dict[str, Any]:
    return {
        "hook": state.hook,
        "model": state.model,
        "state": state.word,
        "begins_after": state.since,
        "to_tell": state.left,
        "last": state.last and _row(state.last),
        "failing": state.failing and _row(state.failing),
        "given_up": [_row(each) for each in state.dead],
    }


def _row(told: Told) -> dict[str, Any]:
    settled = told.settled_at
    return {
        "seq": told.seq,
        "state": told.state,
        "attempts": told.attempts,
        "next_try": told.next_try.isoformat() if told.state == "waiting" else None,
        "settled_at": settled and settled.isoformat(),
        "last_error": told.last_error,
    }
