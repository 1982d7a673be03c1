"""The commands of the schedule: run it, look at it, install it."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Annotated
from zoneinfo import ZoneInfo

import typer

from lifecycle.cli import commands, say
from lifecycle.cli.commands import AsOf, app

if TYPE_CHECKING:
    from lifecycle.registry import Run
    from lifecycle.workspace import Workspace

__all__ = ["app"]

_SHOWN = 8  # runs
Jobs = Annotated[int, typer.Option("--jobs", "-j", min=1, help="models at a time")]


@app.command()
def scheduler(
    jobs: Jobs = 2,
    grace: Annotated[
        float, typer.Option(min=0, help="seconds for what runs, after a stop")
    ] = 60.0,
) -> None:
    """Run what is due, all the time; stops on SIGTERM, reads settings on SIGHUP."""
    from lifecycle.workspace.scheduler import Scheduler

    ws = commands.opened()
    Scheduler(ws.directory, jobs=jobs, grace=grace).run()


@app.command()
def schedule(
    model: Annotated[
        str, typer.Argument(metavar="MODEL", help="or `install`, for the units")
    ],
    shown: Annotated[
        bool, typer.Option("--print", help="with `install`: to the terminal")
    ] = False,
    jobs: Jobs = 2,
    as_of: AsOf = None,
) -> None:
    """The next slots and the last runs of a model; `install --print` writes units."""
    ws = commands.opened()
    if model == "install" and model not in ws.models:
        from lifecycle import errors
        from lifecycle.workspace import installing

        if not shown:
            raise errors.BadParameters(
                "nothing is installed by itself; look at it with `lifecycle schedule "
                "install --print` and put it where it says"
            )
        typer.echo(installing.written(ws.directory, jobs=jobs), nl=False)
        return
    at = ws.moment(as_of)
    _next(ws, model, at)
    _last(ws, model)


def _next(ws: Workspace, model: str, at: datetime) -> None:
    from lifecycle.jobs import schedule as slots

    pages = ws.model(model).schedule.pages()
    rows = []
    for name, page in pages.items():
        zone = page.timezone or ws.settings.workspace.timezone
        for slot in slots.next_slots(page.cron, zone, after=at, count=3):
            rows.append((slot, name, page.cron, zone, ", ".join(page.after or ())))
    if not rows:
        say.show(
            f"no page of {model} has a schedule: [models.{model}.schedule] in "
            "lifecycle.toml says when one is due"
        )
        return
    rows.sort(key=lambda row: row[0])
    say.table(
        ["next", "page", "zone", "cron", "after"],
        [
            [f"{slot:%a %Y-%m-%d %H:%M}", name, zone, cron, after or "–"]
            for slot, name, cron, zone, after in rows
        ],
    )


def _last(ws: Workspace, model: str) -> None:
    pages = ws.model(model).schedule.pages()
    runs = [run for run in ws.registry.runs(model) if run.slot or run.attempt]
    if not runs:
        say.show(f"\nnothing of {model} has been run by the clock yet")
        return
    say.show("")
    ours = ws.settings.workspace.timezone
    rows = []
    told = [run for run in runs if run.status != "skipped"]
    told.sort(key=lambda run: (run.slot or run.as_of, run.id), reverse=True)
    for run in told[:_SHOWN]:
        page = pages.get(run.notebook)
        zone = ZoneInfo((page.timezone if page else None) or ours)
        slot = f"{run.slot.astimezone(zone):%a %Y-%m-%d %H:%M}" if run.slot else "alert"
        rows.append(
            [slot, run.notebook, run.status, run.attempt or "–", _words(run, zone)]
        )
    if rows:
        say.table(["slot", "page", "status", "attempt", "what came"], rows)
    skipped = [run for run in runs if run.status == "skipped"]
    if skipped:
        newest = max(skipped, key=lambda run: run.as_of)
        several = "slots were" if len(skipped) > 1 else "slot was"
        say.show(
            f"{len(skipped)} {several} skipped, "
            f"the newest {newest.notebook} for {newest.as_of:%Y-%m-%d %H:%M} UTC: "
            f"{newest.summary}"
        )


def _words(run: Run, zone: ZoneInfo) -> str:
    """What a run says of itself, and when it is tried again."""
    told = [run.summary.rstrip(".")] if run.summary else []
    if run.next_try:
        told.append(f"tried again from {run.next_try.astimezone(zone):%Y-%m-%d %H:%M}")
    if run.status == "claimed":
        told.append(run.holder.partition("#")[0])
    if run.log and run.status != "succeeded":
        told.append(run.log)
    return "; ".join(told) or "–"
