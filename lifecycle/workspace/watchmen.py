"""What each guard of a release says now: rows and counts in, findings out."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import cached_property, partial
from typing import TYPE_CHECKING

from lifecycle import evaluation, guards, intervals, routing
from lifecycle.findings import Finding
from lifecycle.workspace import comparing, health, shadows

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

    from lifecycle import registry
    from lifecycle.workspace.view import View

__all__ = ["Post", "posts"]

BEFORE = timedelta(weeks=4)  # before a release, to see how two versions differ
MOST = 2_000  # of rows or blocks that a sequence is made of
NEWEST = 2_000  # rows in which a score may have become one number
_CALLS = 20  # timed in an hour, or a day, that is counted
_LATE = 0.05  # of the hours, and of the calls in one


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
        acting += len(told.kpi) if "kpi" in told.act else 0
        return guards.share(
            told.false_rollbacks_per_year,
            guards=max(1, acting),
            releases=2 * told.releases_per_year,  # on trial, then in production
        )

    def findings(self) -> dict[str, Finding]:
        """What each guard says, by its name, in the order of the settings."""
        asked: dict[str, Callable[[], Finding]] = {
            "performance": self.performance,
            "errors": self.errors,
            "missing": self.missing,
            "constant": self.constant,
            "latency": self.latency,
            "scores": self.scores,
        }
        for name, tolerance in self.view.settings.guard.kpi.items():
            asked[f"kpi {name}"] = partial(self.kpi, name, tolerance)
        found = {name: _asked(name, ask) for name, ask in asked.items()}
        return {
            name: row
            if row.subject.startswith(self.subject)
            else replace(row, subject=self.subject)
            for name, row in found.items()
        }

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
            return _undefined("accuracy_difference")
        rows = rows[rows["time"] > self._trained_to]
        rows = rows[rows["time"] + self.view.settings.delay > self.since]
        if len(rows) < least:
            return replace(_undefined("accuracy_difference"), n=len(rows))
        return evaluation.guard(
            rows["outcome"].to_numpy(),
            self._says(self.serving, rows),
            self._says(self.other, rows),
            alpha=self.alpha,
            min_n=least,
        )

    def kpi(self, name: str, tolerance: float) -> Finding:
        """A share of the predictions since, against the same before the release."""
        told, pause = self.view.settings.kpis[name], comparing.wait(self.view, name)
        if told.measure != "share" or told.of != "all":
            return replace(_undefined(f"kpi {name}"), unit="%")
        rows = self.view.scored
        rows = rows[rows["time"] + pause <= self.view.as_of]
        if not told.event:
            rows = rows[rows["outcome"].notna()]
        served = rows["version"] == str(self.serving.number)
        now = rows[served & (rows["time"] >= self.since)]
        then = rows[rows["time"] < self.since].tail(comparing.BEFORE)
        usual, _ = comparing.counted(self.view, then, told, pause)
        top, _ = comparing.counted(self.view, now, told, pause)
        if not usual.size or not top.size:
            return replace(_undefined(f"kpi {name}"), unit="%")
        low = told.better == "low"
        bad = int((top > 0).sum()) if low else int((top <= 0).sum())
        was = int((usual > 0).sum()) if low else int((usual <= 0).sum())
        # what was usual is known up to chance: its end, not its point
        _, end = intervals.wilson(was, usual.size, level=1 - self.alpha)
        bound = min(end + tolerance, 0.999)
        return guards.rate(
            bad,
            top.size,
            at_most=bound,
            alpha=self.alpha / 2,
            measure=f"kpi {name}" if low else f"kpi {name}, not reached",
            min_n=self.view.settings.guard.min_rows,
        )

    # -- before outcomes ---------------------------------------------------------------

    def errors(self) -> Finding:
        """Rows that the version raised on, or answered too late."""
        told = self._health.total(str(self.serving.number), start=self._hour)
        bad = told.errors + told.slow
        if self.other is not None:  # what the fallback raised on, too, says nothing
            other = str(self.other.number)
            behind = self._health.total(other, role="previous", start=self._hour)
            bad = max(0, bad - behind.errors)
        return guards.rate(
            bad,
            told.rows - told.skipped,
            at_most=self.view.settings.guard.max_error_rate,
            alpha=self.alpha,
            measure="errors",
            min_n=self.view.settings.guard.min_rows,
        )

    def missing(self) -> Finding:
        """Rows that the version gave no finite score, whoever served them."""
        told = self._health.total(str(self.serving.number), start=self._hour)
        tried, without = (
            told.rows - told.skipped - told.errors - told.slow,
            told.missing,
        )
        if not tried:  # a batch, or another service: the log is all there is
            rows = self.view.labelled
            served = rows["version"] == str(self.serving.number)
            rows = rows[served & (rows["time"] >= self.since)]
            tried, without = len(rows), int(rows["score"].isna().sum())
        return guards.rate(
            without,
            tried,
            at_most=self.view.settings.guard.max_missing,
            alpha=self.alpha,
            measure="missing scores",
            min_n=self.view.settings.guard.min_rows,
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
        """Hours in which one call of twenty took longer than is bearable."""
        told = self.view.settings.guard
        unit, spans = "hours", self._spans(len("2024-05-06T07"))
        if not spans[str(self.serving.number)]:  # too few calls an hour
            unit, spans = "days", self._spans(len("2024-05-06"))
        first = self._hour.strftime("%Y-%m-%dT%H")
        now = [p95 for span, p95 in spans[str(self.serving.number)] if span >= first]
        bounds = [] if told.max_latency_ms is None else [told.max_latency_ms]
        if self.other is not None:
            then = sorted(p95 for _, p95 in spans[str(self.other.number)])
            if then:
                bounds.append(told.max_latency_ratio * then[len(then) // 2])
        if not now or not bounds:
            return _undefined("late hours")
        found = guards.rate(
            sum(p95 > min(bounds) for p95 in now),
            len(now),
            at_most=_LATE,
            alpha=self.alpha,
            measure=f"late {unit}",
        )
        return replace(found, subject=f"{self.subject}, above {min(bounds):.3g} ms")

    def _spans(self, signs: int) -> dict[str, list[tuple[str, float]]]:
        """The 95th percentile of each version's calls, hour by hour or day by day."""
        held: dict[tuple[str, str], routing.Count] = {}
        for (version, _, hour), count in self._health.tally.counts.items():
            held.setdefault((version, hour[:signs]), routing.Count()).merge(count)
        found: dict[str, list[tuple[str, float]]] = defaultdict(list)
        for (version, span), count in sorted(held.items()):
            if sum(count.bins.values()) >= _CALLS:
                found[version].append((span, count.quantile(0.95)))
        return found

    def scores(self) -> Finding:
        """Whether its scores have moved against the other's since its release."""
        if self.other is None:
            return _undefined("score_shift")
        rows = self.view.scored
        before = rows[(rows["time"] < self.since) & (rows["time"] > self._trained_to)]
        before = before[before["time"] >= self.since - BEFORE]
        block = max(1, math.ceil(2 * len(before) / MOST))
        return guards.shift(
            self._apart(before),
            self._apart(self._since)[: 4 * MOST * block],
            floor=self.view.settings.guard.score_shift,
            alpha=self.alpha,
            block=block,
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
    def _hour(self) -> datetime:
        """The hour of the start: counts are kept by the hour."""
        return self.since.replace(minute=0, second=0, microsecond=0)

    @property
    def _trained_to(self) -> datetime:
        assert self.other is not None
        ends = [v.trained_to for v in (self.serving, self.other) if v.trained_to]
        return max(ends, default=datetime.min.replace(tzinfo=self.since.tzinfo))

    def _scores(self, version: registry.Version, rows: pd.DataFrame) -> np.ndarray:
        return shadows.scores(self.view.workspace, self.view.name, version, rows)

    def _says(self, version: registry.Version, rows: pd.DataFrame) -> np.ndarray:
        import numpy as np

        scores = self._scores(version, rows)
        says = (scores >= version.threshold).astype(float)
        return np.where(np.isnan(scores), np.nan, says)

    def _apart(self, rows: pd.DataFrame) -> np.ndarray:
        """Its scores less the other's, of rows that both score."""
        import numpy as np

        assert self.other is not None
        if rows.empty:
            return np.empty(0)
        apart = self._scores(self.serving, rows) - self._scores(self.other, rows)
        apart = apart[~np.isnan(apart)]
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


def _asked(name: str, ask: Callable[[], Finding]) -> Finding:
    """What a guard says; one that a model keeps from speaking leaves it to the others.

    A version that raises, or whose artefact is gone, is what guards are for: whatever
    its code raises may not silence those that only count.
    """
    try:
        return ask()
    except Exception:  # noqa: BLE001 - the code of a model, whatever it raises
        return _undefined(name)


def _undefined(measure: str) -> Finding:
    return Finding(measure, math.nan, 0)
