"""The command that reads the trial that is running, or plans one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from lifecycle import errors
from lifecycle.cli import commands, say
from lifecycle.cli.commands import AsJson, AsOf, ModelName
from lifecycle.cli.renewing import app

if TYPE_CHECKING:
    from lifecycle import experiment

__all__ = ["app"]

_LOOKS = 12


@app.command()
def trial(
    model: ModelName,
    plan: Annotated[
        bool, typer.Option("--plan", help="how long one takes, before it begins")
    ] = False,
    effect: Annotated[
        float | None,
        typer.Option(help="with --plan: the smallest difference worth having"),
    ] = None,
    share: Annotated[
        float | None, typer.Option(help="with --plan: the share of the traffic")
    ] = None,
    as_of: AsOf = None,
    as_json: AsJson = False,
) -> None:
    """Read the trial that is running: go on, or stop, and why; or plan one."""
    from lifecycle.workspace import trial as trials

    ws = commands.opened()
    view = ws.view(model, as_of)
    if plan:
        _planned(trials.plan(view, effect=effect, share=share), as_json=as_json)
        return
    if effect is not None or share is not None:
        raise errors.BadParameters(
            "--effect and --share belong to a plan; add --plan, or leave them out"
        )
    told = view.trial()
    if told is None:
        say.dump(None) if as_json else say.show(f"nothing of {model} is on trial")
        return
    if as_json:
        say.dump({**told.facts(), "title": told.title})
        return
    say.show(told.title)
    say.show(f"{told.decision}. {told.sentence}")
    if told.course:
        _looks(told)
    for each in told.guardrails:
        name = f"{each.metric.name}, at most {each.tolerance:g} worse"
        say.show(f"guardrail {name}: {each.state}")


def _looks(told: experiment.Reading) -> None:
    from lifecycle import markup

    def shown(value: float) -> str:
        return markup.number(value, told.metric.shown)

    say.table(
        ["due in", "n on trial", "n production", "difference", "lower", "upper", "p"],
        [
            [
                look.period,
                f"{look.n_experimental:,}",
                f"{look.n_production:,}",
                *map(shown, (look.difference, look.lower, look.upper)),
                f"{look.p:.2g}",
            ]
            for look in told.course[-_LOOKS:]
        ],
    )


def _planned(told: experiment.Plan, *, as_json: bool) -> None:
    rows: list[dict[Any, Any]] = told.frame().to_dict("records")
    if as_json:
        say.dump({"sentence": told.sentence, "rows": rows})
        return
    say.show(told.sentence)
    say.table(
        ["compared by", "test", "keys", "weeks"],
        [
            [row["way"], row["test"], f"{row['keys']:,.0f}", f"{row['weeks']:,.1f}"]
            for row in rows
        ],
    )
