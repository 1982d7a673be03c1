"""The command that does what is due, of one model or of a fleet."""

from __future__ import annotations

import signal
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated

import typer

from lifecycle.cli import commands, course, say
from lifecycle.cli.commands import AsOf, app

if TYPE_CHECKING:
    from concurrent.futures import Executor

    from lifecycle.workspace import Workspace
    from lifecycle.workspace.chain import Tick

__all__ = ["app"]

_SIGNALLED = 128
"""What a shell adds to the signal that ended a command."""


@app.command()
def due(
    models: Annotated[
        list[str] | None, typer.Argument(metavar="[MODEL]", help="all, if left out")
    ] = None,
    as_of: AsOf = None,
    page: Annotated[
        list[str] | None,
        typer.Option(
            "--page", metavar="NAME", help="of those due only this; repeatable"
        ),
    ] = None,
    jobs: Annotated[
        int,
        typer.Option("--jobs", "-j", min=1, help="models at a time, one a process"),
    ] = 1,
    dask: Annotated[
        str | None,
        typer.Option(metavar="ADDRESS", help="of a Dask scheduler that runs them"),
    ] = None,
    progress: Annotated[
        bool | None,
        typer.Option(
            "--progress/--no-progress", help="how many are done, how long it takes"
        ),
    ] = None,
) -> None:
    """Run what is due, once: what cron, a timer or an orchestrator calls."""
    from lifecycle.workspace import checking, pages, working

    ws = commands.opened()
    for each in page or ():
        pages.notebook_path(ws, each)
    names = tuple(dict.fromkeys(models or ws.models))
    wrong = checking.problems(ws)
    for problem in wrong:
        say.complain(problem)
    shown = course.Course(len(names), progress)
    alone = len(names) < 2 and jobs == 1 and dask is None
    try:
        with (
            working.stoppable(signal.SIGINT, signal.SIGTERM) as came,
            _cluster(ws, dask) as executor,
            shown.shown(),
        ):
            ticks = ws.due(
                as_of=as_of,
                models=names,
                pages=page or (),
                say=say.show,
                executor=executor,
                jobs=None if alone else jobs,
                each=shown.tell,
            )
    except KeyboardInterrupt:
        done = f"{shown.number} of {len(names)} models were done with"
        say.complain(f"stopped; {done}, the others stay due")
        raise typer.Exit(_SIGNALLED + (came or [signal.SIGINT])[-1]) from None
    if not ticks:
        say.show("nothing is due")
        _idle(ws, names)
    codes = _codes(ticks, wrong=len(wrong))
    if codes:
        raise typer.Exit(codes[0])


@contextmanager
def _cluster(ws: Workspace, address: str | None) -> Iterator[Executor | None]:
    if address is None:
        yield None
        return
    from lifecycle.workspace import clustered

    with clustered.dask(ws, address) as executor:
        yield executor


def _idle(ws: Workspace, names: Sequence[str]) -> None:
    for name in names:
        if not ws.model(name).schedule.crons():
            say.show(
                f"  no page of {name} has a schedule: [models.{name}.schedule] in "
                "lifecycle.toml says when one is due"
            )


def _codes(ticks: Sequence[Tick], *, wrong: int) -> list[int]:
    """The exit codes of all that did not succeed; the first is that of the command."""
    from lifecycle import errors
    from lifecycle.workspace import fleet

    codes = []
    for tick in ticks:
        if tick.run and tick.run.exit_code:
            codes.append(tick.run.exit_code)
        elif isinstance(tick, fleet.Failure):
            codes.append(tick.exit_code)
    failed = [tick.model for tick in ticks if tick.kind == "renewal" and tick.failed]
    for name in dict.fromkeys(failed):
        say.complain(f"a renewal failed; `lifecycle renewals {name}` says why")
        codes.append(errors.LifecycleError.exit_code)
    return codes + [errors.SettingsError.exit_code] * wrong
