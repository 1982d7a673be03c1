"""A trial held against the gate: what was measured becomes a ruling with reasons."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from lifecycle.evaluation import gate as rules
from lifecycle.evaluation.differing import Differing
from lifecycle.evaluation.gate import Check, Gate, Unit, refusals
from lifecycle.evaluation.measuring import sized, timed
from lifecycle.evaluation.pairing import Part
from lifecycle.evaluation.result import IN_SUMMARY, Evaluation
from lifecycle.evaluation.timing import Latency
from lifecycle.findings import Finding, Findings

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Trial"]

_SEGMENTS_SHOWN = 20


@dataclass(frozen=True, slots=True)
class Trial:
    """Two models measured on the same rows, not judged yet."""

    n: int
    dropped: int
    saved: Finding
    outcome: str
    unit: Unit
    rows: Sequence[Finding]
    weekly: Sequence[Finding]
    parts: Sequence[Part]
    small: int
    loss: str
    differing: Differing
    curves: Mapping[str, pd.DataFrame] = field(default_factory=dict)

    def held_against(
        self,
        gate: Gate,
        *,
        latency: Latency | None,
        sizes: tuple[float, float] | None,
    ) -> Evaluation:
        """Ask every rule of the gate, and say why it passes or does not."""
        checks = self._checks(gate, latency, sizes)
        said = {check.rule: check for check in checks}
        passed = all(check.passed for check in checks)
        saved = replace(
            self.saved,
            threshold=gate.min_gain,
            verdict=_worst(said["rows"], said["gain"], said["tolerance"]),
        )
        reasons = [self.outcome, *refusals(checks)]
        if passed:
            reasons.append(self._passed(gate, said))
        if self.dropped:
            reasons.append(
                f"{self.dropped} rows are left out, they lack an outcome or a score."
            )
        rows = [saved, *(self._judged(row, gate, said) for row in self.rows)]
        rows += timed(latency, gate.max_latency_ratio)
        rows += sized(sizes, gate.max_size_mb)
        rows += [
            Finding(
                "segment_difference",
                part.value,
                part.n,
                part.lower,
                part.upper,
                threshold=0.0,
                verdict=_of_part(part, judged=said["rows"].passed),
                subject=part.name,
            )
            for part in sorted(self.parts, key=lambda part: part.value)
        ][:_SEGMENTS_SHOWN]
        found = Findings(
            "Candidate against champion",
            (*rows, *self.weekly),
            " ".join(reasons[:IN_SUMMARY]),
            main=saved.measure,
        )
        return Evaluation(
            found, passed, tuple(reasons), saved, checks, self.differing, self.curves
        )

    def _checks(
        self, gate: Gate, latency: Latency | None, sizes: tuple[float, float] | None
    ) -> tuple[Check, ...]:
        rows = rules.enough(gate, self.n)
        judged = rows.passed
        checks = [rows, *rules.saved(gate, self.saved, self.unit, judged=judged)]
        if self.parts or self.small:
            worse = [
                f"where {part.name}, by {-part.value:.1%} of {self.loss}{part.n} rows"
                for part in self.parts
                if part.clearly
            ]
            count, n = len(self.parts), self.n
            checks.append(
                rules.cut(
                    gate, worse, tested=count, small=self.small, n=n, judged=judged
                )
            )
        if gate.calibration_tolerance is not None:
            errors = [row for row in self.rows if row.measure == "calibration_error"]
            checks.append(rules.calibrated(gate, *errors, judged=judged))
        if gate.max_latency_ratio is not None:
            ratio = None if latency is None else latency.findings.rows[-1]
            checks.append(rules.quick(gate, ratio))
        if gate.max_size_mb is not None:
            size = math.nan if sizes is None else sizes[1] / 1_000_000
            checks.append(rules.small_enough(gate, size))
        return tuple(checks)

    def _passed(self, gate: Gate, said: Mapping[str, Check]) -> str:
        sure = "better by more than chance would allow"
        if self.saved.lower <= 0:
            sure = (
                f"better so far, and hardly worse by more than {gate.tolerance:g} "
                f"{self.unit.words}"
            )
        told = ""
        if self.parts:
            told = f"; none of {len(self.parts)} segments is clearly worse"
        within = [r for r in ("calibration", "latency", "size") if r in said]
        if within:
            listed = " and ".join(filter(None, [", ".join(within[:-1]), within[-1]]))
            told += f"; {listed} {'is' if len(within) == 1 else 'are'} within bounds"
        return f"Passed: {sure}{told}."

    def _judged(self, row: Finding, gate: Gate, said: Mapping[str, Check]) -> Finding:
        asked = (row.measure, row.subject) == ("calibration_error", "difference")
        if not asked or "calibration" not in said:
            return row
        check = said["calibration"]
        return replace(row, threshold=check.bound, verdict=check.verdict)


def _worst(*checks: Check) -> Any:
    """Undefined before alert: what cannot be judged forbids nothing."""
    said = [check.verdict for check in checks]
    return next((v for v in ("undefined", "alert") if v in said), "quiet")


def _of_part(part: Part, *, judged: bool) -> Any:
    if not judged:
        return "undefined"
    return "alert" if part.clearly else "quiet"
