"""A model's versions and rows as they stood at a moment."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, time, timedelta
from functools import cached_property
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from lifecycle import config, errors, periods, registry, tasks
from lifecycle.workspace import columns, ownership

if TYPE_CHECKING:
    import pandas as pd

    from lifecycle.workspace.desk import Workspace

__all__ = ["LENGTH", "SHOWN_CHUNKS", "Rows"]

SHOWN_CHUNKS = {"day": 60, "week": 53, "month": 36}
LENGTH = {
    "day": timedelta(days=1),
    "week": timedelta(weeks=1),
    "month": timedelta(days=30.4375),
}


class Rows:
    """What is known of a model of a workspace at `as_of`.

    Parameters
    ----------
    workspace : Workspace
    name : str
        The model's name in the settings.
    as_of : datetime
        With a zone. Predictions made and outcomes known later are not used.
    """

    def __init__(self, workspace: Workspace, name: str, as_of: datetime) -> None:
        self.workspace = workspace
        self.name = name
        self.as_of = as_of
        self.registry = workspace.registry
        self.currency = workspace.settings.workspace.currency
        self.timezone = workspace.settings.workspace.timezone
        self.answered: dict[object, Any] = {}

    @cached_property
    def settings(self) -> config.Model:
        """The model's settings, with new columns that its version in production reads.

        See `columns.read`. Owner, deputy and day of review are those of `as_of`.
        """
        told = columns.read(self.workspace.model(self.name), self.production)
        return ownership.applied(told, self.workspace, self.name, as_of=self.as_of)

    @cached_property
    def task(self) -> tasks.Task:
        """What kind of answer the model gives."""
        return tasks.of(self.settings.task)

    @cached_property
    def classes(self) -> tuple[str, ...]:
        """Of several classes all that were ever predicted, true or said, by their code.

        In the order in which they first came, so that a new one changes no code.
        """
        import pandas as pd

        if not self.task.words:
            return ()
        said = self.workspace.logs(self.name).feedback(as_of=self.as_of)["label"]
        seen = [self.labelled["outcome"], self.labelled["prediction"], said]
        names = pd.concat([each.dropna().astype(object) for each in seen])
        return tuple(str(name) for name in names.unique())

    # -- versions --------------------------------------------------------------

    @cached_property
    def production(self) -> registry.Version | None:
        """The version in production, or `None` before the first."""
        return self._in_role("production")

    @cached_property
    def previous(self) -> registry.Version | None:
        """The stable version behind it, ready at once."""
        return self._in_role("previous")

    @cached_property
    def experimental(self) -> registry.Version | None:
        """The version that serves a share of the traffic."""
        return self._in_role("experimental")

    def _in_role(self, role: str) -> registry.Version | None:
        number = self._roles.get(role)
        return None if number is None else self.registry.version(self.name, number)

    @cached_property
    def _roles(self) -> dict[str, int | None]:
        """Who held which role at `as_of`, as the last move until then left it."""
        moves = self.registry.ledger(self.name)
        until = [move.after for move in moves if move.after and move.at <= self.as_of]
        return until[-1] if until else {}

    def estimator(self, version: registry.Version) -> Any:
        """The stored model of a version, checked against its digest."""
        return self.registry.load(version, trusted=self.settings.trusted_types)

    # -- rows ------------------------------------------------------------------

    @cached_property
    def labelled(self) -> pd.DataFrame:
        """Every prediction up to `as_of`, with its outcome where it is known.

        A feature of the settings that the log does not know is missing throughout.

        Raises
        ------
        SettingsError
            When the log was written while the model had another task.
        """
        import pandas as pd

        rows = self.workspace.logs(self.name).labelled(as_of=self.as_of)
        self._check_task(rows)
        features = self.settings.features
        for name in [each for each in features.names if each not in rows]:
            rows[name] = pd.Series(
                dtype=float if name in features.numeric else object, index=rows.index
            )
        return rows

    def _check_task(self, rows: pd.DataFrame) -> None:
        """Refuse a log that was written while the model had another task."""
        import pandas as pd

        for column in ("prediction", "outcome"):
            numbers = pd.api.types.is_numeric_dtype(rows[column])
            if numbers == self.task.words and rows[column].notna().any():
                kind = "numbers" if numbers else "names"
                raise errors.SettingsError(
                    f"the log of {self.name} holds {kind} as {column}, and the task is "
                    f"{self.task.name!r}; give the task back, or name another model"
                )

    @cached_property
    def mature(self) -> pd.DataFrame:
        """The predictions whose outcomes are due and known, oldest first."""
        rows = self.labelled
        due = periods.mature(rows["time"], as_of=self.as_of, delay=self.settings.delay)
        kept = rows[due & rows["outcome"].notna()]
        return kept.sort_values(["time", "id"], kind="stable", ignore_index=True)

    @cached_property
    def scored(self) -> pd.DataFrame:
        """The predictions that were served to somebody: history has no score."""
        return self.labelled[self.labelled["prediction"].notna()]

    def chunks(self, rows: pd.DataFrame) -> pd.Series:
        """The chunk label of each row, in the workspace's time zone."""
        return periods.chunk_of(
            rows["time"], every=self.settings.chunk, timezone=self.timezone
        )

    def chunk_label(self, moment: Any) -> str:
        """The chunk that a moment falls in, in the workspace's time zone."""
        import pandas as pd

        at: Sequence[Any] = [pd.Timestamp(moment)]
        every = self.settings.chunk
        labels = periods.chunk_of(at, every=every, timezone=self.timezone)
        return str(labels.iloc[0])

    def recent(self, rows: pd.DataFrame, chunks: int | None = None) -> pd.DataFrame:
        """The rows of the newest chunks before `as_of`."""
        count = chunks or SHOWN_CHUNKS[self.settings.chunk]
        return rows[rows["time"] > self.as_of - count * LENGTH[self.settings.chunk]]

    def early(self, wait: timedelta) -> list[str]:
        """The chunks too new to be told of: most of their rows have not waited so long.

        Fewer than `ripe_share` of the served rows have; the few that have would speak
        for a chunk that they are only the first hours of.
        """
        rows, least = self.recent(self.scored), self.settings.alerts.ripe_share
        waited = (rows["time"] + wait <= self.as_of).groupby(self.chunks(rows)).mean()
        return [str(each) for each in waited.index[waited < least]]

    @cached_property
    def reference_period(self) -> tuple[datetime, datetime] | None:
        """What is normal, half-open: what the production version was trained on.

        Before the first version the reference period of the settings; `None` where
        there is none either.
        """
        version = self.production
        if version is not None and version.trained_from and version.trained_to:
            return version.trained_from, version.trained_to + timedelta(microseconds=1)
        told = self.settings.reference
        if told is None:
            return None
        zone = ZoneInfo(self.timezone)
        start, end = (
            datetime.combine(day, time(), tzinfo=zone) for day in (told.start, told.end)
        )
        return start, end

    @cached_property
    def reference(self) -> pd.DataFrame:
        """The rows of the reference period; no rows where there is none."""
        rows = self.labelled
        if self.reference_period is None:
            return rows.iloc[:0]
        start, end = self.reference_period
        return rows[(rows["time"] >= start) & (rows["time"] < end)]

    def reasons(self, prediction: str) -> pd.Series:
        """What moved the score of one prediction; see `lifecycle.workspace.reasons`."""
        from lifecycle.workspace import reasons

        return reasons.reasons(self, prediction)

    @cached_property
    def live_since(self) -> datetime | None:
        """When the version in production got there, as known at `as_of`."""
        since = None
        for entry in self.registry.ledger(self.name):
            now, before = entry.after.get("production"), entry.before.get("production")
            if entry.at <= self.as_of and now != before:
                since = entry.at
        return since if self.production is not None else None

    @cached_property
    def analysis(self) -> pd.DataFrame:
        """The newest rows, as many chunks as the drift rule looks at."""
        newest = self.recent(self.labelled, self.settings.alerts.drift_chunks)
        return newest[newest["prediction"].notna()]
