"""Every command: its words, its options, and one call to the workspace."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from lifecycle import __version__
from lifecycle.cli import say

if TYPE_CHECKING:
    from lifecycle.registry import Entry
    from lifecycle.workspace import Workspace

__all__ = ["AsJson", "AsOf", "ModelName", "Person", "Reason", "app", "opened"]

app = typer.Typer(
    name="lifecycle",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="Watch, renew and release the models you own.",
)


class Table(StrEnum):
    """What a file holds."""

    predictions = "predictions"
    outcomes = "outcomes"
    feedback = "feedback"
    events = "events"


class _Chosen:
    """The workspace named on the command line, if one was."""

    directory: Path | None = None


ModelName = Annotated[str, typer.Argument(metavar="MODEL", help="as in lifecycle.toml")]
AsOf = Annotated[
    str | None,
    typer.Option("--as-of", metavar="ISO", help="the moment meant; now if left out"),
]
Reason = Annotated[str, typer.Option("--reason", help="why, for the ledger")]
Person = Annotated[
    str | None, typer.Option("--as", metavar="NAME", help="who acts; you, if left out")
]
AsJson = Annotated[bool, typer.Option("--json", help="as JSON")]


def _version(wanted: bool) -> None:
    if wanted:
        say.show(f"lifecycle {__version__}")
        raise typer.Exit


@app.callback()
def _options(
    workspace: Annotated[
        Path | None,
        typer.Option(
            "--workspace", "-w", metavar="DIR", help="found like git does if left out"
        ),
    ] = None,
    version: Annotated[
        bool,
        typer.Option("--version", callback=_version, is_eager=True, help="and exit"),
    ] = False,
) -> None:
    _Chosen.directory = workspace


def opened() -> Workspace:
    """The workspace named on the command line, else the one around here."""
    import lifecycle

    return lifecycle.open(_Chosen.directory)


@app.command()
def init(
    directory: Annotated[Path, typer.Argument(metavar="DIR")],
    scenario: Annotated[
        str,
        typer.Option(
            help="blank, or a simulated business: lead-scoring, fraud, chatbot"
        ),
    ] = "blank",
) -> None:
    """Make a workspace: settings, notebooks, a place for recipes."""
    if scenario == "blank":
        from lifecycle import workspace

        made = workspace.init(directory)
        say.show(f"made {made}; say there what your model's columns are called")
        return
    from lifecycle import demo

    made = demo.prepare(directory, scenario=scenario, say=say.show)
    place = shlex.quote(str(directory))
    say.show(f"made {made}; try: lifecycle -w {place} run audit {scenario}")


@app.command()
def demo(
    dest: Annotated[Path, typer.Option("--dest", metavar="DIR")] = Path("demo"),
    scenario: Annotated[
        str, typer.Option(help="whose story: lead-scoring, fraud or chatbot")
    ] = "lead-scoring",
) -> None:
    """Run the story of a dying model through the workbench, in simulated time."""
    from lifecycle import demo

    index = demo.run(dest, say=say.show, scenario=scenario)
    say.show(str(index))


@app.command()
def ingest(
    model: ModelName,
    table: Annotated[Table, typer.Argument()],
    files: Annotated[list[Path], typer.Argument(metavar="FILE...")],
    as_of: AsOf = None,
    skip_bad: Annotated[
        bool,
        typer.Option("--skip-bad", help="keep good rows; write bad ones beside it"),
    ] = False,
) -> None:
    """Take CSV, Parquet or JSON Lines files into the log of a model."""
    ws = opened()
    for file in files:
        taken = ws.ingest(model, table.value, file, as_of=as_of, skip_bad=skip_bad)
        say.show(f"{file.name}: {taken}")
        for remark in taken.remarks:
            say.show(f"  {remark}")


@app.command()
def run(
    notebook: Annotated[
        str, typer.Argument(help="audit, drift, decide, promote, or your own")
    ],
    model: ModelName,
    as_of: AsOf = None,
    parameter: Annotated[
        list[str] | None,
        typer.Option("-p", "--parameter", metavar="NAME=VALUE", help="repeatable"),
    ] = None,
    timeout: Annotated[int, typer.Option(help="seconds for the whole run")] = 600,
    fail_on_alert: Annotated[
        bool, typer.Option("--fail-on-alert", help="exit 10 when the verdict is alert")
    ] = False,
) -> None:
    """Run a notebook for a model; leaves notebook, HTML report and record."""
    ws = opened()
    done = ws.run(
        notebook,
        model,
        as_of=as_of,
        parameters=_parameters(ws, notebook, parameter or []),
        timeout_seconds=timeout,
    )
    say.show(f"{notebook} of {model}: {done.status} in {done.seconds:.1f} s")
    if done.record is not None:
        say.show(f"{done.record.verdict}: {done.record.summary}")
    else:
        more = f"; give it more than {timeout} s with --timeout"
        say.complain(done.message + (more if done.status == "timeout" else ""))
    say.show(str(done.html))
    if done.exit_code:
        raise typer.Exit(done.exit_code)
    if fail_on_alert and done.record and done.record.verdict == "alert":
        raise typer.Exit(10)


def _parameters(ws: Workspace, notebook: str, given: Sequence[str]) -> dict[str, Any]:
    from lifecycle.jobs import parameters
    from lifecycle.workspace import pages

    return parameters.parse(pages.notebook_path(ws, notebook), given)


@app.command()
def train(
    model: ModelName,
    recipe: Annotated[str, typer.Option(help="the model's own if left out")] = "",
    start: Annotated[str | None, typer.Option("--from", metavar="ISO")] = None,
    end: Annotated[str | None, typer.Option("--to", metavar="ISO")] = None,
    span: Annotated[
        int | None, typer.Option(help="newest chunks instead of a period")
    ] = None,
    as_of: AsOf = None,
    person: Person = None,
) -> None:
    """Train a candidate on the outcomes known and due."""
    ws = opened()
    made = ws.train(
        model,
        as_of=as_of,
        recipe=recipe,
        start=_moment(ws, start),
        end=_moment(ws, end),
        span=span,
        by=person,
    )
    say.show(
        f"version {made.number} of {model}: {made.recipe}, trained on "
        f"{made.trained_from:%Y-%m-%d} to {made.trained_to:%Y-%m-%d} (UTC); propose "
        f'it with: lifecycle propose {model} {made.number} --reason "…"'
    )


def _moment(ws: Workspace, text: str | None) -> datetime | None:
    return None if text is None else ws.moment(text)


@app.command()
def score(
    model: ModelName,
    file: Annotated[Path, typer.Argument(metavar="FILE")],
    out: Annotated[Path | None, typer.Option(metavar="FILE", help="a CSV")] = None,
    as_of: AsOf = None,
) -> None:
    """Score the rows of a file and log the predictions."""
    ws = opened()
    ws.score(model, file, out=out, as_of=as_of, say=say.show)
    if out is not None:
        say.show(str(out))


@app.command()
def status(as_of: AsOf = None, as_json: AsJson = False) -> None:
    """How each model stands: what needs a person comes first."""
    from lifecycle.workspace import checking, elsewhere

    ws = opened()
    rows = ws.status(as_of=as_of)
    altered = ws.registry.verify_ledger()
    if altered is not None:
        say.complain(
            f"the ledger was altered at row {altered} behind the workbench's back; "
            "restore the registry from a backup"
        )
    for problem in checking.problems(ws):
        say.complain(problem)
    if as_json:
        say.dump([each.plain() for each in rows])
        return
    if not rows:
        say.show("lifecycle.toml names no model yet; add a [models.NAME] table")
        return
    say.table(
        ["model", "health", "accuracy", "live", "report (UTC)", "owner"],
        [
            [
                each.model,
                each.verdict,
                each.accuracy_words,
                each.live_words,
                f"{each.last_run:%Y-%m-%d}" if each.last_run else "–",
                each.owner.split("<")[0].strip() or each.owner,
            ]
            for each in rows
        ],
    )
    for sentence in (told for each in rows for told in each.needs):
        say.show(f"\n{sentence}")
    for sentence in elsewhere.troubles(ws):
        say.show(f"\n{sentence}")


@app.command()
def history(model: ModelName, as_json: AsJson = False) -> None:
    """Who did what to a model, when and why."""
    entries = opened().history(model)
    if as_json:
        say.dump([_plain(asdict(entry)) for entry in entries])
        return
    if not entries:
        say.show(f"nothing has happened to {model} yet")
        return
    say.table(
        ["when (UTC)", "who", "move", "version", "why"],
        [
            [f"{e.at:%Y-%m-%d %H:%M}", e.actor, _move(e), e.number or "–", e.reason]
            for e in entries
        ],
    )


def _move(entry: Entry) -> str:
    """A move, with the rule that is silent or the features that are accepted."""
    told = entry.evidence
    about = told.get("rule") if entry.move == "silence" else None
    if entry.move == "hand over":
        about = told.get("to")
    if entry.move in ("accept drift", "withdraw acceptance"):
        about = ", ".join(map(str, told.get("features", ())))
    return f"{entry.move}: {about}" if about else entry.move


def _plain(entry: dict[str, Any]) -> dict[str, Any]:
    return {
        key: value.isoformat() if isinstance(value, datetime) else value
        for key, value in entry.items()
    }
