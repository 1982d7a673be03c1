"""Which part is the cause, and how a sentence says so."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from lifecycle import intervals, markup, metrics
from lifecycle.findings import Finding, Verdict

__all__ = ["CANNOT_TELL", "Naming", "Part"]

CANNOT_TELL = "cannot tell"
_SHARES = ("accuracy", "precision", "recall", "specificity")
_SUM = ("late labels", "data fault", "covariate shift", "concept shift")
_REMEDY = {
    "late labels": "outcomes that came early are no fair sample; wait for those due",
    "data fault": "mend the data before the model is judged",
    "season": "it was so in the same weeks of last year",
    "covariate shift": "other rows come in, on which the model was never better",
    "concept shift": "the same inputs mean something else now; retraining can help",
}


@dataclass(frozen=True, slots=True)
class Part:
    """A value or a change of the metric, its standard error, the rows behind it."""

    value: float
    error: float
    n: int

    def less(self, other: Part) -> Part:
        """The change from another, independent value to this one."""
        error = math.hypot(self.error, other.error)
        return Part(self.value - other.value, error, self.n)


@dataclass(frozen=True, slots=True)
class Naming:
    """By what a change of the metric is judged."""

    metric: str
    floor: float
    level: float
    enough: bool

    def finding(self, name: str, part: Part | None) -> Finding:
        """A part with its interval and verdict; undefined where there is none."""
        if part is None:
            return self.row(name, math.nan, math.nan, math.nan, n=0)
        half = intervals.z(self.level) * part.error
        return self.row(
            name, part.value, part.value - half, part.value + half, n=part.n
        )

    def row(
        self, name: str, value: float, lower: float, upper: float, *, n: int
    ) -> Finding:
        """An alert where the whole interval does harm, and enough of it."""
        better = metrics.METRICS[self.metric].greater_is_better
        harm, least = (-value, -upper) if better else (value, lower)
        verdict: Verdict = "undefined"
        if self.enough and not math.isnan(value) and not math.isnan(lower):
            verdict = "alert" if least > 0 and harm >= self.floor else "quiet"
        unit = "%" if self.metric in _SHARES else ""
        return Finding(name, value, n, lower, upper, verdict=verdict, unit=unit)

    def conclude(
        self, rows: Sequence[Finding], beyond: Part | None, before: float, now: float
    ) -> tuple[str, str]:
        """The cause, and the sentence about it.

        Parameters
        ----------
        rows : sequence of Finding
            The change, its parts, and the season.
        beyond : Part or None
            The change since the same weeks of last year.
        before, now : float
            The metric on the reference and on all known outcomes.
        """
        found = {row.measure: row for row in rows}
        change = found["change"]
        name = markup.said(self.metric)
        if change.verdict == "undefined":
            return "", (
                f"Nobody can say whether {_inner(name)} has changed: too few outcomes "
                f"are known here (n {change.n:,}) or in the reference."
            )
        values = f"{self._plain(now)} against {self._plain(before)} in the reference"
        ends = f"{self.level:.0%}: {self._step(change.lower)} to "
        ends += f"{self._step(change.upper)}, n {change.n:,}"
        if change.verdict == "quiet":
            return "", f"{name} has not worsened beyond chance: {values} ({ends})."
        words = f"{name} has worsened: {values} ({ends}); "
        if found["season"].verdict == "alert" and (
            beyond is None or self.finding("beyond", beyond).verdict != "alert"
        ):
            cause = "season"
        else:
            parts = [found[each] for each in _SUM if found[each].verdict == "alert"]
            twin = found["concept on the reference"]
            split = found["concept shift"].verdict != "undefined"
            if not parts and not split and twin.verdict == "alert":
                ends = f"{self._step(twin.lower)} to {self._step(twin.upper)}"
                words += (
                    "the rows are too unlike the reference's to part inputs from "
                    "concept, but what the newest outcomes teach would cost "
                    f"{self._step(twin.value)} ({ends}) on the reference's own rows: "
                    f"at least concept shift; {_REMEDY['concept shift']}"
                )
                return "concept shift", words + "."
            if not parts:
                open_ = [each for each in _SUM if found[each].verdict == "undefined"]
                words += "nobody can tell why: no part of it is beyond chance"
                if open_:
                    words += f", and nothing is known of {' and '.join(open_)}"
                return CANNOT_TELL, words + "."
            cause = max(parts, key=lambda row: abs(row.value)).measure
        part = found[cause]
        ends = f"{self._step(part.lower)} to {self._step(part.upper)}"
        words += (
            f"most of what can be told is {cause}, {self._step(part.value)} ({ends})"
        )
        return cause, f"{words}: {_REMEDY[cause]}."

    def _plain(self, value: float) -> str:
        return f"{value:.1%}" if self.metric in _SHARES else f"{value:.3f}"

    def _step(self, value: float) -> str:
        shares = self.metric in _SHARES
        words = f"{100 * value:+.1f} points" if shares else f"{value:+.3f}"
        return words.replace("-", "\u2212")


def _inner(name: str) -> str:
    return name if name.startswith("ROC") else name.lower()
