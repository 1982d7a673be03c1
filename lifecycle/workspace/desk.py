"""The workspace object: each verb of the command line, once."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from difflib import get_close_matches
from functools import cached_property
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lifecycle import (
    alerts,
    config,
    errors,
    logs,
    recipes,
    tasks,
)
from lifecycle.workspace import actors, moments, shelf
from lifecycle.workspace.attending import Attending
from lifecycle.workspace.releasing import Releasing
from lifecycle.workspace.watching import Watching

if TYPE_CHECKING:
    from concurrent.futures import Executor

    import pandas as pd

    from lifecycle import figures, jobs
    from lifecycle.registry import Entry, Registry
    from lifecycle.workspace import clock, fleet, intake, overview, view

__all__ = ["Workspace", "open"]


def open(
    directory: str | PathLike[str] | None = None, *, lenient: bool | None = None
) -> Workspace:
    """Open the workspace in a directory, or the one around the current directory.

    Parameters
    ----------
    directory : path, optional
        Where `lifecycle.toml` is. Without it (or with an empty string) the current
        directory and its parents are searched.
    lenient : bool, optional
        Leave out a model whose settings are wrong, instead of opening nothing
        (`Workspace.wrong` says why); where not given, if nobody is there to mend them.

    Raises
    ------
    SettingsError
        When there is no `lifecycle.toml`, or it does not say what it must.
    """
    if directory is None or str(directory) == "":
        return Workspace(config.find(Path.cwd()), lenient=lenient)
    place = Path(directory).expanduser()
    if not (place / config.FILE).is_file():
        raise errors.SettingsError(
            f"no {config.FILE} in {place}; run `lifecycle init {place}` to make one"
        )
    return Workspace(place.resolve(), lenient=lenient)


class Workspace(Releasing, Watching, Attending):
    """A directory with settings, logs, registry, recipes, notebooks and reports.

    Parameters
    ----------
    directory : Path
        Holds `lifecycle.toml`.
    lenient : bool, optional
        As in `open`.

    Notes
    -----
    Times without a zone are the workspace's; all are kept in UTC. `as_of` is that of
    the settings (simulated workspaces have one) unless given, else the clock's.
    """

    settings: config.Settings

    def __init__(self, directory: Path, *, lenient: bool | None = None) -> None:
        self.directory = directory
        self.wrong: dict[str, str] = {}
        if actors.unattended() if lenient is None else lenient:
            self.settings, self.wrong = config.load_sound(directory)
        else:
            self.settings = config.load(directory)

    # -- what is there ---------------------------------------------------------

    @cached_property
    def registry(self) -> Registry:
        """The durable book of versions, roles, proposals, alerts, runs and moves."""
        return shelf.opened(self)

    @property
    def reports(self) -> Path:
        """Where runs leave their notebook, page and record."""
        return self.directory / "reports"

    @property
    def models(self) -> tuple[str, ...]:
        """The names of the models, in the order of the settings."""
        return tuple(self.settings.models)

    def model(self, name: str) -> config.Model:
        """The settings of one model; `UnknownModel` where there is none."""
        try:
            return self.settings.models[name]
        except KeyError:
            if name in self.wrong:
                raise errors.SettingsError(self.wrong[name]) from None
            near = get_close_matches(name, self.models, n=1)
            known = ", ".join(self.models) or "none yet"
            remedy = f"did you mean {near[0]}?" if near else f"there is {known}"
            raise errors.UnknownModel(f"no model {name!r} here; {remedy}") from None

    def logs(self, name: str) -> logs.Logs:
        """The log of one model."""
        words = tasks.of(self.model(name).task).words
        return logs.Logs(self.log_folder(name), words=words)

    def log_folder(self, name: str) -> Path:
        """Where the log of one model lies; a link to elsewhere is refused."""
        folder = self.directory / "logs" / name
        if folder.is_symlink():
            raise errors.SettingsError(
                f"{folder} is a link to elsewhere; put the log itself there, or make "
                "a link of all logs"
            )
        return folder

    def recipe(self, name: str) -> recipes.Recipe:
        """A recipe of the workspace's `recipes/`, or of the library."""
        return recipes.load(name, folder=self.directory / "recipes")

    def moment(self, as_of: datetime | str | None = None) -> datetime:
        """The moment a report speaks of, in UTC."""
        told = as_of or self.settings.workspace.as_of or datetime.now(UTC)
        return moments.read(told, timezone=self.settings.workspace.timezone)

    def view(self, name: str = "", as_of: datetime | str | None = None) -> view.View:
        """One model at one moment: what the notebooks ask.

        Parameters
        ----------
        name : str
            May be empty where the workspace has one model, or a first one.
        as_of : datetime or ISO text, optional
        """
        from lifecycle.workspace.view import View

        if not name and not self.models:
            raise errors.UnknownModel(
                f"{config.FILE} names no model; add a [models.NAME] table"
            )
        chosen = name or self.models[0]
        self.model(chosen)
        return View(self, chosen, self.moment(as_of))

    # -- what comes in and goes out --------------------------------------------

    def ingest(
        self,
        name: str,
        table: str,
        source: Path | str | pd.DataFrame,
        *,
        as_of: datetime | str | None = None,
        skip_bad: bool = False,
    ) -> intake.Ingested:
        """Take a file or a frame into the log; see `intake.ingest`."""
        from lifecycle.workspace import intake

        return intake.ingest(
            self, name, table, source, as_of=self.moment(as_of), skip_bad=skip_bad
        )

    def score(
        self,
        name: str,
        source: Path | str | pd.DataFrame,
        *,
        out: Path | None = None,
        as_of: datetime | str | None = None,
        say: Callable[[str], None] = lambda text: None,
    ) -> pd.DataFrame:
        """Score rows with the version each is routed to; see `scoring.score`."""
        from lifecycle.workspace import scoring

        at = self.moment(as_of)
        return scoring.score(self, name, source, out=out, as_of=at, say=say)

    # -- the clock -------------------------------------------------------------

    def run(
        self,
        notebook: str,
        name: str,
        *,
        as_of: datetime | str | None = None,
        parameters: Mapping[str, Any] | None = None,
        timeout_seconds: int = 600,
        warm: jobs.Warm | None = None,
        index: bool = True,
    ) -> jobs.Run:
        """Run a notebook for a model and leave its report; see `pages.run`."""
        from lifecycle.workspace import pages

        return pages.run(
            self,
            notebook,
            name,
            as_of=self.moment(as_of),
            parameters=parameters or {},
            timeout_seconds=timeout_seconds,
            warm=warm,
            index=index,
        )

    def due(
        self,
        *,
        as_of: datetime | str | None = None,
        models: Sequence[str] = (),
        pages: Sequence[str] = (),
        warm: jobs.Warm | None = None,
        say: Callable[[str], None] = lambda text: None,
        executor: Executor | None = None,
        jobs: int | None = None,
        each: Callable[[fleet.Done], None] = lambda done: None,
    ) -> list[clock.Tick]:
        """Do what is due, once: watch, guard, run, renew; see `clock.due`.

        With an executor, or a number of processes as `jobs`, several models at a time
        and each by itself, started warm by its worker; see `fleet.due`.
        """
        from lifecycle.workspace import clock, fleet

        at = self.moment(as_of)
        if executor is None and jobs is None:
            return clock.due(
                self, as_of=at, models=models, warm=warm, say=say, pages=pages
            )
        return fleet.due(
            self,
            as_of=at,
            models=models,
            pages=pages,
            executor=executor,
            jobs=jobs or 1,
            say=say,
            each=each,
        )

    # -- looking back ----------------------------------------------------------

    def status(self, *, as_of: datetime | str | None = None) -> list[overview.Status]:
        """One row a model: health, versions, alerts, proposals, last and next run."""
        from lifecycle.workspace import overview

        with self.registry.at_once():
            return overview.status(self, as_of=self.moment(as_of))

    def history(self, name: str) -> list[Entry]:
        """The ledger of one model, oldest first; who did what, and why."""
        self.model(name)
        return self.registry.ledger(name)

    def alerts(self, name: str | None = None) -> list[alerts.Alert]:
        """Open alerts of one model, or of all."""
        return alerts.open_alerts(self.registry, name)

    def refresh_index(
        self,
        *,
        as_of: datetime | str | None = None,
        chart: figures.Picture | None = None,
        notes: Sequence[str] = (),
    ) -> Path:
        """Write `reports/index.html` anew and say where it is."""
        from lifecycle.workspace import front

        at = self.moment(as_of)
        return front.write_index(self, as_of=at, chart=chart, notes=notes)

    def __repr__(self) -> str:
        title = self.settings.workspace.title
        return f"<Workspace {title}: {', '.join(self.models) or 'no models yet'}>"
