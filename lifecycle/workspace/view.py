"""One model at one moment: what the notebooks ask, a call a question."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lifecycle import (
    business,
    calibration,
    decision,
    drift,
    evaluation,
    feedback,
    figures,
    findings,
    markup,
    monitor,
    promotion,
    quality,
    registry,
)
from lifecycle.workspace.rows import LENGTH, Rows

if TYPE_CHECKING:
    import pandas as pd

    from lifecycle.jobs import record as records

__all__ = ["View"]


class View(Rows):
    """A model of a workspace as it stood at `as_of`: the questions about it.

    Parameters
    ----------
    workspace : Workspace
    name : str
        The model's name in the settings.
    as_of : datetime
        With a zone. Predictions made and outcomes known later are not used.
    """

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
