"""The tick of the clock: watch, guard, run the notebooks that are due, renew."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lifecycle import alerts, config, errors, findings, jobs, periods
from lifecycle.jobs import schedule
from lifecycle.workspace import guarding, notices, renewal, rules

if TYPE_CHECKING:
    from lifecycle.workspace.desk import Workspace
    from lifecycle.workspace.view import View

__all__ = ["Tick", "due", "notebook_path", "run", "stamp"]


@dataclass(frozen=True, slots=True)
class Tick:
    """One thing that was done because it was due.

    Parameters
    ----------
    model : str
    kind : str
        "alert", "guard", "run" or "renewal".
    text : str
        What was done, in one sentence.
    run : jobs.Run, optional
        For a run.
    rule : str
        For an alert: which one.
    """

    model: str
    kind: str
    text: str
    run: jobs.Run | None = None
    rule: str = ""


def stamp(as_of: datetime) -> str:
    """A moment as the name of a folder; the date alone at midnight UTC.

    Examples
    --------
    >>> stamp(datetime(2023, 4, 3, tzinfo=UTC))
    '2023-04-03'
    >>> stamp(datetime(2023, 4, 3, 6, tzinfo=UTC))
    '2023-04-03T060000Z'
    """
    moment = as_of.astimezone(UTC)
    whole = moment.strftime("%Y-%m-%dT%H%M%SZ")
    return whole.removesuffix("T000000Z")


def notebook_path(workspace: Workspace, notebook: str) -> Path:
    """Where a notebook is: in the workspace, or else with the package.

    Raises
    ------
    BadParameters
        When there is no such notebook.
    """
    own = {path.stem: path for path in _notebooks(workspace.directory / "notebooks")}
    shipped = {path.stem: path for path in _notebooks(jobs.shipped())}
    known = shipped | own
    if notebook not in known:
        near = get_close_matches(notebook, known, n=1)
        remedy = f"did you mean {near[0]}?" if near else f"there is {', '.join(known)}"
        raise errors.BadParameters(f"there is no notebook {notebook!r}; {remedy}")
    return known[notebook]


def _notebooks(folder: Path) -> list[Path]:
    return sorted(folder.glob("*.ipynb")) if folder.is_dir() else []


def run(
    workspace: Workspace,
    notebook: str,
    name: str,
    *,
    as_of: datetime,
    parameters: Mapping[str, Any],
    timeout_seconds: int,
    warm: jobs.Warm | None,
    index: bool,
    slot: datetime | None = None,
) -> jobs.Run:
    """Run one notebook for one model; the report is there also when it fails.

    Parameters
    ----------
    workspace : Workspace
    notebook : str
        The file's name without its ending, in the workspace's `notebooks/` or among
        the shipped ones.
    name : str
        The model.
    as_of : datetime
        The moment the report speaks of.
    parameters : mapping
        Further parameters of the notebook.
    timeout_seconds : int
        For the whole run.
    warm : jobs.Warm, optional
        A preloaded server to start from.
    index : bool
        Whether `reports/index.html` is written anew.
    slot : datetime, optional
        The scheduled moment that this run answers.

    Raises
    ------
    BadParameters, AlreadyRunning
        Before anything is started.
    """
    settings = workspace.model(name)
    path = notebook_path(workspace, notebook)
    for given in sorted({"workspace", "model", "as_of"} & set(parameters)):
        raise errors.BadParameters(
            f"{given} is said by the command itself; leave it out of the parameters"
        )
    directory = workspace.reports / name / stamp(as_of)
    started = datetime.now(UTC)
    done = jobs.run(
        path,
        parameters={
            "workspace": str(workspace.directory),
            "model": name,
            "as_of": as_of.isoformat(),
            **parameters,
        },
        directory=directory,
        name=notebook,
        header={
            "Model": name,
            "Notebook": notebook,
            "Owner": settings.owner,
            "As of": as_of.strftime("%Y-%m-%d %H:%M UTC"),
        },
        timeout_seconds=timeout_seconds,
        cwd=workspace.directory,
        lock=workspace.directory / ".lifecycle" / f"{name}.{notebook}.lock",
        warm=warm,
    )
    workspace.registry.record_run(
        name,
        notebook,
        as_of,
        slot=slot,
        status=done.status,
        started=started,
        ended=datetime.now(UTC),
        exit_code=done.exit_code,
        verdict=done.record.verdict if done.record else "undefined",
        summary=done.record.summary if done.record else done.message,
        directory=str(directory.relative_to(workspace.directory)),
    )
    if index:
        workspace.refresh_index(as_of=as_of)
    return done


def due(
    workspace: Workspace,
    *,
    as_of: datetime,
    models: Sequence[str],
    warm: jobs.Warm | None,
    say: Callable[[str], None],
) -> list[Tick]:
    """Do for each model what is due at `as_of`, once.

    Performance and drift are looked at first; a new alert makes all four notebooks
    due (where the settings say so), a release that does clearly worse is rolled
    back, and a ruling to renew becomes a proposal that waits for a person.

    Parameters
    ----------
    workspace : Workspace
    as_of : datetime
    models : sequence of str
        All where empty.
    warm : jobs.Warm, optional
    say : callable
        Told each step in one sentence.
    """
    ticks: list[Tick] = []

    def note(tick: Tick) -> None:
        ticks.append(tick)
        say(tick.text)

    for name in models or workspace.models:
        opened = watch(workspace.view(name, as_of))
        for alert in opened:
            note(Tick(name, "alert", alert.sentence, rule=alert.rule))
        moved = guarding.guard(workspace.view(name, as_of))
        if moved:
            note(Tick(name, "guard", moved))
        wanted = _wanted(workspace, name, as_of, alarmed=bool(opened or moved))
        _chain(workspace, name, as_of, wanted, warm, note)
    if any(tick.run for tick in ticks):
        workspace.refresh_index(as_of=as_of)
    told = notices.deliver(workspace, as_of=as_of)
    if told.sentence:
        say(told.sentence)
    return ticks


def watch(view: View) -> list[alerts.Alert]:
    """Hold every rule against the view's moment; newly opened alerts.

    Before the first prediction is served only silence can be wrong. Whoever has not
    taken an alert on in time is reminded, or a second person told.
    """
    told, opened = view.settings.watched, []
    if view.scored.empty:
        told = {
            name: rule
            for name, rule in told.items()
            if rules.LOOKS.get(rule.watch) == "aside"
        }
    found = rules.watch(view, told)
    accuracy = found.get("accuracy", ())
    judged = [
        row
        for row in accuracy
        if row.measure == "accuracy" and row.verdict != "undefined"
    ]
    _end_of_rollback(view, judged)
    lasting = {each.rule for each in alerts.open_alerts(view.registry, view.name)}
    for name, rows in found.items():
        rule = told[name]
        opened += alerts.update(
            view.registry,
            view.name,
            rows,
            rule=name,
            at=view.as_of,
            owner=view.settings.owner,
            severity=rule.severity,
            words=rows.summary and f"{view.name}: {rows.summary}",
            close_after=rule.close_after or 1,
            margin=rule.margin,
            report=notices.report_link(view, rule.watch, new=name not in lasting),
        )
    notices.chase(view, new=bool(opened))
    return opened


def _end_of_rollback(view: View, judged: Sequence[findings.Finding]) -> None:
    """A rollback is over when the version put back has shown itself on a new chunk."""
    for alert in alerts.open_alerts(view.registry, view.name):
        if alert.rule != "rollback" or not judged:
            continue
        newest = judged[-1]
        began = periods.bounds(newest.period, timezone=view.timezone).start
        if newest.verdict == "quiet" and began >= alert.opened_at:
            alerts.update(
                view.registry,
                view.name,
                findings.Findings("", (replace(newest, subject=alert.subject),)),
                rule="rollback",
                at=view.as_of,
                owner=view.settings.owner,
            )


def _wanted(
    workspace: Workspace, name: str, as_of: datetime, *, alarmed: bool
) -> dict[str, datetime | None]:
    """Which notebooks run now, each with the slot it answers."""
    settings = workspace.model(name)
    wanted: dict[str, datetime | None] = {}
    for notebook, cron in settings.schedule.crons().items():
        last = workspace.registry.last_slot(name, notebook)
        slot = schedule.due(
            cron, workspace.settings.workspace.timezone, last=last, as_of=as_of
        )
        if slot is not None and workspace.registry.claim_slot(name, notebook, slot):
            wanted[notebook] = slot
    if alarmed and settings.schedule.on_alert:
        for notebook in config.NOTEBOOKS:
            wanted.setdefault(notebook, None)
    return {each: wanted[each] for each in config.NOTEBOOKS if each in wanted}


def _chain(
    workspace: Workspace,
    name: str,
    as_of: datetime,
    wanted: Mapping[str, datetime | None],
    warm: jobs.Warm | None,
    note: Callable[[Tick], None],
) -> None:
    """Run audit and drift side by side, then decide, act on it, then promote."""

    def one(notebook: str) -> Tick:
        try:
            done = run(
                workspace,
                notebook,
                name,
                as_of=as_of,
                parameters={},
                timeout_seconds=600,
                warm=warm,
                index=False,
                slot=wanted[notebook],
            )
        except errors.AlreadyRunning as error:
            return Tick(name, "run", f"{name}: {notebook} not started, {error}")
        told = done.record.summary if done.record else done.message
        return Tick(name, "run", f"{name}: {notebook} {done.status}. {told}", done)

    first = [each for each in ("audit", "drift") if each in wanted]
    with ThreadPoolExecutor(max_workers=2) as pool:
        for tick in pool.map(one, first):
            note(tick)
    if "decide" in wanted:
        tick = one("decide")
        note(tick)
        record = tick.run.record if tick.run else None
        if record is not None and workspace.model(name).release.automatic:
            text = renewal.act(workspace, name, record.facts, as_of=as_of)
            note(Tick(name, "renewal", text))
    if "promote" in wanted:
        note(one("promote"))
