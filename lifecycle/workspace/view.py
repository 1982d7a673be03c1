"""One model at one moment: what the notebooks ask, a call a question."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lifecycle import (
    decision,
    diagnosis,
    drift,
    estimation,
    evaluation,
    experiment,
    findings,
    markup,
    monitor,
    promotion,
    quality,
    registry,
    training,
)
from lifecycle.workspace import advice, by_task, heard, measured, moved, worded, worth
from lifecycle.workspace.rows import LENGTH, Rows

if TYPE_CHECKING:
    from lifecycle.jobs import record as records
    from lifecycle.quality import Quality
    from lifecycle.workspace import leaf

__all__ = ["View"]

PAGE_CHUNKS = 13  # of tables on a page; pictures and results reach further back
SHORT = 8  # of those that say little, and rows of segments


def _once(question: Any) -> Any:
    """Ask a view a question once; the same view gives the same answer again."""

    @functools.wraps(question)
    def asked(view: View, *settings: Any, **named: Any) -> Any:
        key = (question.__name__, settings, tuple(sorted(named.items())))
        if key not in view.answered:
            view.answered[key] = question(view, *settings, **named)
        return view.answered[key]

    return asked


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
            metrics=self.task.metrics,
            task=self.task.name,
            as_of=self.as_of,
            delay=self.settings.delay,
            chunk=self.settings.chunk,
            timezone=self.timezone,
            thresholds={"accuracy": rules.accuracy_below} if self.task.judges else None,
            min_n=rules.min_rows,
            ripe=rules.ripe_share,
        )

    @_once
    def estimated(self) -> estimation.Estimate | None:
        """Performance before the outcomes are due, and of some chunks that have them.

        `None` before there are outcomes of the version in production.
        """
        return measured.estimated(self)

    @_once
    def beside(self) -> estimation.Beside:
        """Realised, estimated and the gap; how wrong such estimates have been."""
        return estimation.beside(
            self.performance(),
            self.estimated() or findings.Findings("Estimated performance", ()),
        )

    @_once
    def harm(self, epsilon: float = 0.02) -> findings.Findings:
        """Whether errors have risen by more than epsilon, however often one looks."""
        return measured.harm(self, epsilon)

    def how_good(self) -> findings.Sheet:
        """Performance on one sheet: drawn, realised, estimated, and tested for harm."""
        beside, told = self.beside(), self.performance()
        known = tuple(row for row in told if row.n and row.measure in self.task.metrics)
        performance, picture = replace(told, rows=known), beside.plot(self.task.main)
        # a gap says how good the estimates are, not how good the model is
        beside = replace(beside, findings=heard.unjudged(beside.findings, "gap"))
        drawn = self.audited()
        parts = (picture, performance, beside, self.harm(), *([drawn] if drawn else []))
        return findings.Sheet("Performance", parts, shown=PAGE_CHUNKS)

    @_once
    def audited(self) -> findings.Findings:
        """How good it is where no outcome has come, by a sample; see `sampled`."""
        from lifecycle.workspace import sampled

        return sampled.audited(self)

    def segments(self) -> findings.Sheet:
        """Where the model is worst, confirmed on newer rows."""
        parts = (*measured.segments(self), *by_task.by_class(self))
        return findings.Sheet("Segments", parts)

    def diagnosis(self) -> diagnosis.Diagnosis | findings.Findings:
        """Why it is not as good as at first: data, inputs, concept, season, labels."""
        found = measured.diagnosed(self)
        if found is not None:
            return found
        words = "Nothing can be said of causes before later chunks have outcomes."
        if not self.task.judges or not self.settings.features.plain:
            words = (
                "Causes are told apart by right and wrong answers and by columns that "
                "are no text; see what has moved on the page drift."
            )
        return findings.Findings("Diagnosis", (), words)

    def calibration(self) -> findings.Sheet:
        """How far scores were from what came true: score by score, chunk by chunk."""
        return by_task.calibration(self)

    def business(self) -> findings.Sheet:
        """What it is worth: money, conversion and KPIs, by chunk, role and score."""
        return worth.sheet(self)

    def kpi(self, event: str, measure: str = "") -> findings.Findings:
        """One KPI by chunk: one of the settings, or of a kind of events."""
        return worth.kpi(self, event, measure)

    def feedback(self) -> findings.Sheet:
        """How much people flagged and overrode, where, why, and who was right.

        Told, not judged: people speak up where they are surprised. A rule `feedback`
        judges how often they speak.
        """
        return heard.sheet(self)

    def feedback_waiting(self) -> Any:
        """What people said and nobody has decided; see `triaging.waiting`."""
        from lifecycle.workspace import triaging

        return triaging.waiting(self)

    def feedback_decided(self) -> Any:
        """What people said and somebody has decided; see `triaging.decided`."""
        from lifecycle.workspace import triaging

        return triaging.decided(self)

    @_once
    def quality(self) -> Quality:
        """Whether the newest rows are fit to be judged at all."""
        return quality.check(
            self.reference,
            self.analysis,
            features=self.settings.features.plain,
            timezone=self.timezone,
            as_of=self.as_of,
            min_n=self.settings.alerts.min_rows,
        )

    @_once
    def outcomes(self) -> Quality:
        """Whether the outcomes that are due can be believed."""
        return quality.outcomes(
            self.recent(self.scored),
            as_of=self.as_of,
            delay=self.settings.delay,
            every=self.settings.chunk,
            timezone=self.timezone,
            features=self.settings.features.names,
            min_n=self.settings.alerts.min_rows,
        )

    def data(self) -> findings.Sheet:
        """Whether inputs and outcomes are fit to be judged and trained on."""
        parts = [self.quality()]
        if not self.scored.empty:
            parts.append(self.outcomes())
        return findings.Sheet("Data quality", tuple(parts), shown=SHORT)

    # -- drift -----------------------------------------------------------------

    @_once
    def drift(self) -> drift.Course:
        """How far each chunk has moved from what the model was trained on."""
        return moved.features(self)

    def answers(self) -> findings.Sheet:
        """Whether scores, outcomes that are due, and the words of texts have moved."""
        parts = (*moved.answers(self), *worded.texts(self), *worded.arrived(self))
        return findings.Sheet("Scores and outcomes", parts)

    def season(self) -> findings.Findings:
        """What has drifted, held against the same chunks of last year."""
        return moved.season(self, self.drift())

    def together(self) -> findings.Findings:
        """All features of the newest rows at once: what no single one shows."""
        return moved.together(self)

    # -- decide ----------------------------------------------------------------

    @_once
    def backtest(self) -> training.Backtest | None:
        """What each action would have brought in the newest chunks with outcomes."""
        from lifecycle.workspace import ruling

        return ruling.backtest(self)

    @_once
    def ruling(self) -> decision.Ruling:
        """Keep, mend, retrain, rebuild or roll back, with evidence and money."""
        from lifecycle.workspace import ruling

        return ruling.ruling(self)

    def course(self) -> decision.Course | None:
        """The back-test window by window; `None` before the first version."""
        tested = self.backtest()
        if tested is None:
            return None
        return decision.course(tested, ruling=self.ruling())

    @_once
    def promises(self) -> decision.Promises:
        """What earlier rulings promised, and what came."""
        from lifecycle.workspace import promised

        with self.registry.at_once():  # a dozen versions, one after the other
            return promised.promises(self)

    # -- promote ---------------------------------------------------------------

    def proposal(self) -> registry.Proposal | None:
        """The newest proposal that waits for a person."""
        now = None if self.production is None else self.production.number
        waiting = [
            each
            for each in promotion.pending(self.registry, self.name)
            if each.created_at <= self.as_of and not promotion.overtaken(each, now)
        ]
        return waiting[-1] if waiting else None

    def evaluation(self) -> evaluation.Evaluation | None:
        """The proposed version against the one in production, on the same rows.

        `None` where nothing is proposed.
        """
        from lifecycle.workspace import gating

        waiting = self.proposal()
        if waiting is None:
            return None
        version = self.registry.version(self.name, waiting.number)
        took = gating.as_timed(waiting.evidence)
        return gating.evaluate(self, version, latency=took)

    @_once
    def trial(self) -> experiment.Reading | None:
        """What the trial that is running says; `None` where nothing is on trial."""
        from lifecycle.workspace import trial

        return trial.reading(self)

    def card(self, number: int | None = None) -> leaf.Card:
        """The model card of a version; of that in production where none is named."""
        from lifecycle.workspace import card

        return card.card(self, number)

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
            todo=advice.todo(self, found),
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
