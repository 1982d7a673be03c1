"""One model at one moment: what the notebooks ask, a call a question."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, time, timedelta
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from lifecycle import (
    business,
    calibration,
    config,
    decision,
    drift,
    evaluation,
    feedback,
    figures,
    findings,
    markup,
    monitor,
    periods,
    promotion,
    quality,
    registry,
)

if TYPE_CHECKING:
    import pandas as pd

    from lifecycle.jobs import record as records
    from lifecycle.workspace.desk import Workspace

__all__ = ["View"]

SHOWN_CHUNKS = {"day": 60, "week": 53, "month": 36}
LENGTH = {
    "day": timedelta(days=1),
    "week": timedelta(weeks=1),
    "month": timedelta(days=30.4375),
}


class View:
    """A model of a workspace as it stood at `as_of`.

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
        self.settings: config.Model = workspace.model(name)
        self.registry = workspace.registry
        self.currency = workspace.settings.workspace.currency
        self.timezone = workspace.settings.workspace.timezone

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
        """
        import pandas as pd

        rows = self.workspace.logs(self.name).labelled(as_of=self.as_of)
        features = self.settings.features
        for name in [each for each in features.names if each not in rows]:
            rows[name] = pd.Series(
                dtype=float if name in features.numeric else object, index=rows.index
            )
        return rows

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

    def recent(self, rows: pd.DataFrame, chunks: int | None = None) -> pd.DataFrame:
        """The rows of the newest chunks before `as_of`."""
        count = chunks or SHOWN_CHUNKS[self.settings.chunk]
        return rows[rows["time"] > self.as_of - count * LENGTH[self.settings.chunk]]

    @cached_property
    def reference(self) -> pd.DataFrame:
        """What is normal: the rows the production version was trained on.

        Before the first version the reference period of the settings; before that,
        no rows.
        """
        rows = self.labelled
        if self.production is not None and self.production.trained_from is not None:
            start, end = self.production.trained_from, self.production.trained_to
            return rows[(rows["time"] >= start) & (rows["time"] <= end)]
        told = self.settings.reference
        if told is None:
            return rows.iloc[:0]
        zone = ZoneInfo(self.timezone)
        begin = datetime.combine(told.start, time(), tzinfo=zone)
        finish = datetime.combine(told.end, time(), tzinfo=zone)
        return rows[(rows["time"] >= begin) & (rows["time"] < finish)]

    @cached_property
    def analysis(self) -> pd.DataFrame:
        """The newest rows, as many chunks as the drift rule looks at."""
        newest = self.recent(self.labelled, self.settings.alerts.drift_chunks)
        return newest[newest["prediction"].notna()]

    # -- audit -----------------------------------------------------------------

    def performance(self, chunks: int | None = None) -> findings.Findings:
        """Realised performance by chunk, on the outcomes due at `as_of`."""
        rules = self.settings.alerts
        delayed = self.settings.delay // LENGTH[self.settings.chunk] + 1
        wanted = None if chunks is None else chunks + delayed
        return monitor.performance(
            self.recent(self.scored, wanted),
            metrics=(
                "accuracy",
                "precision",
                "recall",
                "roc_auc",
                "brier",
            ),
            as_of=self.as_of,
            delay=self.settings.delay,
            chunk=self.settings.chunk,
            timezone=self.timezone,
            thresholds={"accuracy": rules.accuracy_below},
            min_n=rules.min_rows,
        )

    def calibration(self) -> findings.Findings:
        """How far scores were from what came true, by chunk."""
        return monitor.calibration(
            self.recent(self.scored),
            as_of=self.as_of,
            delay=self.settings.delay,
            chunk=self.settings.chunk,
            timezone=self.timezone,
        )

    def reliability(self) -> figures.Picture:
        """Whether the scores mean what they say, score by score."""
        rows = self.recent(self.mature[self.mature["score"].notna()])
        table = calibration.reliability(rows["outcome"], rows["score"])
        return figures.reliability(table, title="Calibration")

    def business(self) -> findings.Findings:
        """What became of the rows somebody acted upon."""
        rows = self.recent(self.mature[self.mature["prediction"].notna()])
        return business.conversion(
            rows, acted=self._acted(rows), chunks=self.chunks(rows)
        )

    def _acted(self, rows: pd.DataFrame) -> Any:
        kind = self.settings.action_event
        if kind is None:
            return (rows["prediction"] == 1).to_numpy()
        events = self.workspace.logs(self.name).events(as_of=self.as_of)
        acted = set(events.loc[events["kind"] == kind, "id"])
        return rows["id"].isin(acted).to_numpy()

    def feedback(self) -> findings.Findings:
        """How much people flagged and overrode, by chunk."""
        said = self.workspace.logs(self.name).feedback(as_of=self.as_of)
        rows = self.recent(self.scored)
        return feedback.count(said, rows, chunks=self.chunks(rows))

    def quality(self) -> findings.Findings:
        """Whether the newest rows are fit to be judged at all."""
        return quality.check(
            self.reference, self.analysis, features=self.settings.features.names
        )

    # -- drift -----------------------------------------------------------------

    def drift(self) -> drift.Drift:
        """How far the newest rows have moved from what the model was trained on."""
        rules = self.settings.alerts
        return drift.compare(
            self.reference,
            self.analysis,
            features=self.settings.features.names,
            floor=rules.drift_floor,
        )

    # -- decide ----------------------------------------------------------------

    def ruling(self) -> decision.Ruling:
        """Keep, retrain, rebuild or roll back, with evidence and money."""
        from lifecycle.workspace import renewal

        return renewal.ruling(self)

    # -- promote ---------------------------------------------------------------

    def proposal(self) -> registry.Proposal | None:
        """The newest proposal that waits for a person."""
        waiting = promotion.pending(self.registry, self.name)
        return waiting[-1] if waiting else None

    def evaluation(self) -> evaluation.Evaluation | None:
        """The proposed version against the one in production, on the same rows.

        `None` where nothing is proposed.
        """
        from lifecycle.workspace import renewal

        waiting = self.proposal()
        if waiting is None:
            return None
        version = self.registry.version(self.name, waiting.number)
        return renewal.evaluate(self, version)

    # -- the end of a page -----------------------------------------------------

    def conclude(
        self,
        notebook: str,
        *results: Any,
        summary: str = "",
        facts: Mapping[str, Any] | None = None,
        result_path: str = "",
    ) -> records.Record:
        """The answer of a page in one sentence, and its result record.

        Parameters
        ----------
        notebook : str
            The page's name: "audit".
        *results
            Findings, or results that carry `.findings`; `None` is passed over.
        summary : str
            The answer; without it that of the first result that is an alert, or of the
            first.
        facts : mapping, optional
            Further plain values for the record.
        result_path : str
            Where the record is written; nowhere if empty.
        """
        from lifecycle.jobs import record as records

        found = [result for result in results if result is not None]
        alarmed = [each for each in found if each.verdict == "alert"]
        answers = [each.summary for each in alarmed + found if each.summary]
        record = records.Record.of(
            model=self.name,
            notebook=notebook,
            as_of=self.as_of,
            findings=found,
            summary=summary or next(iter(answers), ""),
            facts={**self.facts(), **(facts or {})},
        )
        if result_path:
            record.write(Path(result_path))
        return record

    def facts(self) -> dict[str, Any]:
        """What identifies this view: versions, period and owner."""
        return {
            "owner": self.settings.owner,
            "production": self.production and self.production.number,
            "previous": self.previous and self.previous.number,
            "experimental": self.experimental and self.experimental.number,
        }

    def __repr__(self) -> str:
        number = (
            f"version {self.production.number}" if self.production else "no version"
        )
        return f"<View {self.name}: {number} in production, as of {_said(self.as_of)}>"

    def _repr_html_(self) -> str:
        production = self.production
        facts: dict[str, object] = {
            "Owner": self.settings.owner,
            "As of": _said(self.as_of),
            "In production": "no version yet",
            "Predictions served": f"{len(self.scored):,}",
            "Rows with a known outcome": f"{len(self.mature):,}",
        }
        if production:
            trained = (
                f"{_day(production.trained_from)} to {_day(production.trained_to)}"
            )
            facts["In production"] = f"version {production.number}, {production.recipe}"
            facts["Trained on"] = trained
        if self.experimental:
            facts["Experimental"] = f"version {self.experimental.number}"
        return markup.card(self.name, facts)


def _said(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%d %H:%M UTC")


def _day(moment: datetime | None) -> str:
    return "–" if moment is None else moment.astimezone(UTC).strftime("%Y-%m-%d")
