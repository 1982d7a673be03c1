"""What each guard of a release says now: rows and counts in, findings out."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import cached_property, partial
from typing import TYPE_CHECKING

from lifecycle import evaluation, guards, routing
from lifecycle.findings import Finding
from lifecycle.workspace import (
    comparing,
    excused,
    expecting,
    health,
    late,
    saying,
    seasonal,
    unworked,
)

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

    from lifecycle import registry
    from lifecycle.workspace.view import View

__all__ = ["FAILURES", "MEASURES", "Post", "posts"]

FAILURES = "failures"
"""The guard that never acts: rows of the last day that failed, whoever is at fault."""
_OF_A_DAY = "failed rows of a day"
MEASURES = {
    "performance": "accuracy_difference",
    "estimated": expecting.MEASURE,
    "errors": "errors",
    "missing": "missing scores",
    "constant": "constant",
    "latency": late.MEASURE,
    "scores": "score_shift",
    FAILURES: _OF_A_DAY,
}
"""What each guard measures."""

BEFORE = timedelta(weeks=4)  # before a release, to see how two versions differ
NEWEST = 2_000  # rows in which a score may have become one number
_SOUND = 200  # scored rows, to see whether the other version is fit to be asked


@dataclass(frozen=True)
class Post:
    """A release that is watched: which version, against which, since when.

    Parameters
    ----------
    view : View
    serving : Version
        On trial, or in production.
    other : Version or None
        That it displaced, or would; None where there is no way back.
    since : datetime
        Its start in the role.
    """

    view: View
    serving: registry.Version
    other: registry.Version | None
    since: datetime

    @property
    def subject(self) -> str:
        """The version in words."""
        return f"version {self.serving.number}"

    @cached_property
    def alpha(self) -> float:
        """The probability of a false rollback that each guard may have."""
        told = self.view.settings.guard
        acting = len(set(told.act) - {"kpi"})
        acting -= "estimated" in told.act and not told.estimated
        acting += len(told.kpi) if "kpi" in told.act else 0
        return guards.share(
            told.false_rollbacks_per_year,
            guards=max(1, acting),
            releases=2 * told.releases_per_year,  # on trial, then in production
        )

    def findings(self) -> dict[str, Finding]:
        """What each guard says, by its name, in the order of the settings.

        A guard that could not be worked out is undefined, and a row of its own says
        which these are and why (`unworked`).
        """
        told = self.view.settings.guard
        asked: dict[str, Callable[[], Finding]] = {
            "performance": self.performance,
            "estimated": self.estimated,
            "errors": self.errors,
            "missing": self.missing,
            "constant": self.constant,
            "latency": self.latency,
            "scores": self.scores,
        }
        for name, tolerance in told.kpi.items():
            asked[f"kpi {name}"] = partial(self.kpi, name, tolerance)
        if not told.estimated:
            del asked["estimated"]
        found, why = {}, {}
        for name, ask in asked.items():
            found[name], why[name] = unworked.asked(self._measure(name), ask)
        if "alert" not in (found["errors"].verdict, found["missing"].verdict):
            found[FAILURES], why[FAILURES] = unworked.asked(_OF_A_DAY, self.failures)
        lost = {name: words for name, words in why.items() if words}
        if lost:
            found[unworked.UNWORKED] = unworked.row_of(lost, asked=len(why))
        return {
            name: row
            if row.subject.startswith(self.subject)
            else replace(
                row, subject=", ".join(filter(None, (self.subject, row.subject)))
            )
            for name, row in found.items()
        }

    def _measure(self, name: str) -> str:
        """What a guard measures, also where it could not be worked out."""
        kind, _, own = name.partition(" ")
        if kind == "kpi":
            return seasonal.measure(own, self.view.settings.kpis[own])
        return MEASURES[kind]

    # -- with outcomes -----------------------------------------------------------------

    def performance(self) -> Finding:
        """Accuracy against the other version's, on rows that both score.

        Of those that neither was trained on the rows whose outcome came due since the
        release: what was known before it the gate has seen, or a person. In the order
        of their predictions: each look adds rows at the end, and a corrected outcome
        keeps its place. By the time they became known, wins that were corrected late
        would stand together.
        """
        rows, least = self.view.mature, self.view.settings.guard.min_rows
        if self.other is None:
            return _undefined(MEASURES["performance"])
        rows = rows[rows["time"] > self._trained_to]
        rows = rows[rows["time"] + self.view.settings.delay > self.since]
        if len(rows) < least:
            return replace(_undefined(MEASURES["performance"]), n=len(rows))
        return evaluation.guard(
            *saying.judged(self.view, (self.serving, self.other), rows),
            alpha=self.alpha,
            min_n=least,
        )

    def estimated(self) -> Finding:
        """Accuracy as it is estimated against the other version's, on the same rows."""
        return expecting.expected(
            self.view,
            self.serving,
            self.other,
            since=self._since,
            unseen_from=self._trained_to,
            scores=self._scores,
            alpha=self.alpha,
        )

    def kpi(self, name: str, tolerance: float) -> Finding:
        """A share of the predictions since, against what is usual (`seasonal.kpi`)."""
        return seasonal.kpi(
            self.view,
            name,
            serving=self.serving,
            other=self.other,
            since=self.since,
            tolerance=tolerance,
            alpha=self.alpha,
        )

    # -- before outcomes ---------------------------------------------------------------

    def errors(self) -> Finding:
        """Rows that the version raised on, or answered too late; a call counts once.

        Rows that the version behind failed on too are not held against it.
        """
        at_most = self.view.settings.guard.max_error_rate
        return self._held("errors", self._faults.failed, at_most)

    def missing(self) -> Finding:
        """Rows that the version gave no finite score, whoever served them."""
        at_most = self.view.settings.guard.max_missing
        return self._held("missing scores", self._faults.missed, at_most)

    def failures(self) -> Finding:
        """Rows of the last day that got no score from the version, each counted.

        Of a single bad call, and of input that no version can score, somebody is told.
        """
        told, faults = self.view.settings.guard, self._faults
        found = guards.rate(
            min(faults.bad, faults.asked),
            faults.asked,
            at_most=max(told.max_error_rate, told.max_missing),
            alpha=self.alpha,
            measure=_OF_A_DAY,
            min_n=told.min_rows,
        )
        if self.other is None or not faults.bad:
            return found
        words = f"{self.subject}, version {self.other.number} fails on "
        return replace(found, subject=f"{words}{faults.both:,} of {faults.bad:,} too")

    @property
    def unfit(self) -> str:
        """Why going back would be no remedy, where that is known; else empty."""
        if self.other is None or self._told.failed or self._told.missed:
            return ""
        why = self._logged[1]
        return f"version {self.other.number} is no remedy: {why}" if why else ""

    @cached_property
    def _faults(self) -> excused.Faults:
        """As a router or a batch counted; else the log is all there is."""
        told = self._told
        return told if told.failed or told.missed else self._logged[0]

    @cached_property
    def _told(self) -> excused.Faults:
        return excused.counted(
            self._health.tally,
            str(self.serving.number),
            start=health.hour_of(self.since),
            day=self._day,
        )

    @cached_property
    def _logged(self) -> tuple[excused.Faults, str]:
        rows, why = self.view.labelled, ""
        served = rows["version"] == str(self.serving.number)
        rows = rows[served & (rows["time"] >= self.since)]
        bad = rows["score"].isna().to_numpy()
        both = bad & False
        if self.other is not None and bad.any():
            asked = partial(self._scores, self.other)
            sound = rows[~bad].tail(_SOUND)
            both[bad], why = excused.also(asked, rows[bad], sound=sound)
        return excused.logged(rows, bad, both, day=self._day), why

    def _held(
        self, measure: str, calls: Mapping[float, int], at_most: float
    ) -> Finding:
        return guards.rate(
            0,
            0,
            at_most=at_most,
            alpha=self.alpha,
            measure=measure,
            min_n=self.view.settings.guard.min_rows,
            shares=list(calls),
            times=list(calls.values()),
        )

    def constant(self) -> Finding:
        """Whether the newest rows have one score, and the other tells them apart."""
        rows = self._since[self._since["version"] == str(self.serving.number)]
        rows = rows.tail(NEWEST)
        if self.other is None or rows.empty:
            return _undefined("constant")
        before = self.view.scored
        before = before[(before["time"] < self.since)].tail(NEWEST)
        return guards.still(
            rows["score"].to_numpy(),
            self._scores(self.other, rows),
            usual=self._scores(self.serving, before) if len(before) else [],
            alpha=self.alpha,
        )

    def latency(self) -> Finding:
        """Stretches in which one call of twenty took longer than is bearable."""
        return late.late(
            self._health.tally,
            *self._numbers,
            start=health.hour_of(self.since),
            told=self.view.settings.guard,
            alpha=self.alpha,
        )

    def scores(self) -> Finding:
        """Whether its scores have moved against the other's since its release."""
        if self.other is None:
            return _undefined("score_shift")
        rows = self.view.scored
        before = rows[(rows["time"] < self.since) & (rows["time"] > self._trained_to)]
        before = before[before["time"] >= self.since - BEFORE]
        return guards.shift(
            self._apart(before),
            self._apart(self._since),
            floor=self.view.settings.guard.score_shift,
            alpha=self.alpha,
            min_n=self.view.settings.guard.min_rows,
        )

    # -- rows --------------------------------------------------------------------------

    @cached_property
    def _since(self) -> pd.DataFrame:
        rows = self.view.scored
        rows = rows[rows["time"] >= self.since]
        return rows.sort_values(["time", "id"], kind="stable")

    @cached_property
    def _health(self) -> routing.Health:
        start = self.since - BEFORE
        return health.read(
            self.view.workspace, self.view.name, start=start, end=self.view.as_of
        )

    @property
    def _numbers(self) -> tuple[str, str | None]:
        """Both versions, as a tally names them."""
        other = None if self.other is None else str(self.other.number)
        return str(self.serving.number), other

    @property
    def _day(self) -> str:
        """The hour in which the last day begins."""
        return health.hour_of(self.view.as_of - timedelta(days=1))

    @property
    def _trained_to(self) -> datetime:
        both = [self.serving, *([self.other] if self.other is not None else [])]
        ends = [each.trained_to for each in both if each.trained_to]
        return max(ends, default=datetime.min.replace(tzinfo=self.since.tzinfo))

    def _scores(self, version: registry.Version, rows: pd.DataFrame) -> np.ndarray:
        return saying.said(self.view, version, rows)[0]

    def _apart(self, rows: pd.DataFrame) -> np.ndarray:
        """Its scores less the other's, of rows that both score."""
        import numpy as np

        assert self.other is not None
        if rows.empty:
            return np.empty(0)
        apart = self._scores(self.serving, rows) - self._scores(self.other, rows)
        apart = apart[~np.isnan(apart)] / saying.spread(self.view, self.since)
        return np.clip(apart, -1, 1)


def posts(view: View) -> list[Post]:
    """Which releases are watched now: the one in production first, then the trial.

    Production against the previous version for the weeks of the settings after it came,
    the trial against production for as long as it lasts.
    """
    trial, champion = view.experimental, view.production
    if champion is None:
        return []
    found = []
    since = _released(view, champion)
    if view.as_of - since <= timedelta(weeks=view.settings.guard.weeks):
        found.append(Post(view, champion, view.previous, since))
    if trial is not None:
        found.append(Post(view, trial, champion, comparing.began(view, trial)))
    return found


def _released(view: View, champion: registry.Version) -> datetime:
    """When the version in production came there."""
    for entry in reversed(view.registry.ledger(view.name)):
        now, before = entry.after.get("production"), entry.before.get("production")
        if entry.at <= view.as_of and now == champion.number and before != now:
            return entry.at
    return view.as_of


def _undefined(measure: str) -> Finding:
    return Finding(measure, math.nan, 0)
