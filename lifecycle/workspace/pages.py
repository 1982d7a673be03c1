"""Running a page: which file it is, where its report goes, what is kept of the run."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lifecycle import errors, jobs
from lifecycle.jobs import schedule
from lifecycle.workspace import ownership

if TYPE_CHECKING:
    from lifecycle.workspace import claiming
    from lifecycle.workspace.desk import Workspace

__all__ = ["notebook_path", "place", "run", "stamp"]


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


def place(workspace: Workspace, name: str) -> Path:
    """The directory of a model's reports, below those of the workspace.

    Raises
    ------
    SettingsError
        When it is a link to elsewhere; that of all reports may be one.
    """
    directory = workspace.reports / name
    if not directory.resolve().is_relative_to(workspace.reports.resolve()):
        raise errors.SettingsError(
            f"{directory} is a link to elsewhere, so nothing is written there; put the "
            "directory itself there, or make a link of all reports"
        )
    return directory


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
    held: claiming.Held | None = None,
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
    held : Held, optional
        This process's hold on it: says how long it may take and when to stop, and is
        told how it ended.

    Raises
    ------
    BadParameters, AlreadyRunning
        Before anything is started.
    Stopped
        Where `held` says so.
    """
    workspace.model(name)
    path = notebook_path(workspace, notebook)
    for given in sorted({"workspace", "model", "as_of"} & set(parameters)):
        raise errors.BadParameters(
            f"{given} is said by the command itself; leave it out of the parameters"
        )
    directory = place(workspace, name) / stamp(as_of)
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
            "Owner": ownership.ownership(workspace, name, as_of=as_of).owner,
            "As of": as_of.strftime("%Y-%m-%d %H:%M UTC"),
            "locale": workspace.settings.workspace.locale,
            "next": _next(workspace, name, notebook, as_of),
        },
        timeout_seconds=held.seconds if held else timeout_seconds,
        cwd=workspace.directory,
        lock=workspace.directory / ".lifecycle" / f"{name}.{notebook}.lock",
        warm=warm,
        stop=held.stop if held else None,
        log=held.log if held else None,
    )
    summary = done.record.summary if done.record else done.message
    told: dict[str, Any] = {
        "started": started,
        "ended": datetime.now(UTC),
        "exit_code": done.exit_code,
        "verdict": done.record.verdict if done.record else "undefined",
        "directory": str(directory.relative_to(workspace.directory)),
    }
    if held is None:
        workspace.registry.record_run(
            name,
            notebook,
            as_of,
            slot=slot,
            status=done.status,
            summary=summary,
            **told,
        )
    else:
        held.end(done.status, summary, as_of=as_of, **told)
    if index:
        workspace.refresh_index(as_of=as_of)
    return done


def _next(workspace: Workspace, name: str, notebook: str, as_of: datetime) -> str:
    """When the schedule runs this page again; empty where it does not."""
    page = workspace.model(name).schedule.pages().get(notebook)
    if page is None:
        return ""
    zone = page.timezone or workspace.settings.workspace.timezone
    slots = schedule.next_slots(page.cron, zone, after=as_of, count=1)
    if not slots:
        return ""
    same = slots[0].astimezone(UTC).date() == as_of.astimezone(UTC).date()
    return f"{slots[0]:%Y-%m-%d %H:%M %Z}" if same else f"{slots[0]:%Y-%m-%d}"
