"""The gate: what a candidate must show before it is proposed."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from lifecycle.findings import Finding, Verdict

__all__ = ["Check", "Gate", "Unit", "refusals"]


@dataclass(frozen=True, slots=True)
class Gate:
    """What a candidate must show on held-out later rows before it is proposed.

    Parameters
    ----------
    tolerance : float
        By how many errors a row the lower end of what it saves may lie below nothing.
    min_gain : float
        More than so many errors a row it must save.
    min_rows, min_segment_rows : int
        Rows without which nothing is judged, in all and of a segment.
    calibration_tolerance : float, optional
        By how much its calibration error may be above the champion's; without it the
        two are shown and not judged.
    max_latency_ratio : float, optional
        How many times the champion's time a row it may take.
    max_size_mb : float, optional
        How many millions of bytes it may take stored.

    Raises
    ------
    ValueError
        When a bound makes no sense.

    Notes
    -----
    A rule that is set and cannot be judged, for want of rows or because nobody
    measured, is undefined, and the candidate does not pass.

    Examples
    --------
    >>> Gate(max_latency_ratio=2).tolerance
    0.01
    """

    tolerance: float = 0.01
    min_gain: float = 0.0
    min_rows: int = 100
    min_segment_rows: int = 50
    calibration_tolerance: float | None = None
    max_latency_ratio: float | None = None
    max_size_mb: float | None = None

    def __post_init__(self) -> None:
        for name in self.__dataclass_fields__:
            bound = getattr(self, name)
            least = -math.inf if name == "min_gain" else 0
            if bound is not None and not least <= bound < math.inf:
                raise ValueError(
                    f"{name} of the gate must be 0 or more, got {bound}; mend the gate"
                )


@dataclass(frozen=True, slots=True)
class Check:
    """What one rule of the gate says.

    Parameters
    ----------
    rule : {"rows", "gain", "tolerance", "segments", "calibration", "latency", "size"}
    verdict : {"alert", "quiet", "undefined"}
        Only quiet lets a candidate through.
    sentence : str
    value, bound : float
        What was found and what it was held against; `nan` where there is none.
    n : int
        Rows behind it; for the size, files.

    Examples
    --------
    >>> Check("size", "quiet", "It takes 12 MB stored, up to 50 MB are allowed.")
    <Check size: quiet. It takes 12 MB stored, up to 50 MB are allowed.>
    """

    rule: str
    verdict: Verdict
    sentence: str
    value: float = math.nan
    bound: float = math.nan
    n: int = 0

    @property
    def passed(self) -> bool:
        """Whether this rule lets the candidate through."""
        return self.verdict == "quiet"

    def __repr__(self) -> str:
        return f"<Check {self.rule}: {self.verdict}. {self.sentence}>"


@dataclass(frozen=True, slots=True)
class Unit:
    """How what is saved is spoken of."""

    words: str
    are: str

    def said(self, value: float) -> str:
        """Write an amount with its sign."""
        return f"{value:+.3f} {self.words}"


def enough(gate: Gate, n: int) -> Check:
    """Whether there are rows to judge by."""
    sentence = f"{n} rows have outcome and both scores, {gate.min_rows} are needed"
    if n >= gate.min_rows:
        return Check("rows", "quiet", f"{sentence}.", n, gate.min_rows, n)
    sentence += "; wait for more outcomes."
    return Check("rows", "undefined", sentence, n, gate.min_rows, n)


def saved(gate: Gate, found: Finding, unit: Unit, *, judged: bool) -> list[Check]:
    """Whether it is better, and can hardly be worse."""
    gain = gate.min_gain
    better = Check(
        "gain",
        _held(found.value > gain, found.value, judged=judged),
        f"It saves {unit.said(found.value)}, more than {gain:g} {unit.are} asked for.",
        found.value,
        gain,
        found.n,
    )
    safe = found.lower > -gate.tolerance
    sentence = (
        f"At the lower end it saves {unit.said(found.lower)}, down to "
        f"{gate.tolerance:g} below nothing is tolerated."
    )
    if math.isnan(found.lower):
        sentence = "How far it might be worse is not known; test it on more rows."
    elif not safe:
        sentence = (
            f"It might still be worse by {-found.lower:.3f} {unit.words}, "
            f"{gate.tolerance:g} {unit.are} tolerated; test it on more rows."
        )
    verdict = _held(safe, found.lower, judged=judged)
    bound = 0.0 - gate.tolerance
    return [better, Check("tolerance", verdict, sentence, found.lower, bound, found.n)]


def cut(
    gate: Gate, worse: Sequence[str], *, tested: int, small: int, n: int, judged: bool
) -> Check:
    """Whether no segment got clearly worse: where, and by how much, one did."""
    if not tested:
        sentence = (
            f"None of {small} segments has {gate.min_segment_rows} rows, so that none "
            "can be judged; wait for more outcomes."
        )
        return Check("segments", "undefined", sentence, math.nan, 0, n)
    if worse:
        more = f"; and in {len(worse) - 3} more" if len(worse) > 3 else ""
        sentence = f"It is clearly worse {'; '.join(worse[:3])}{more}."
    else:
        sentence = f"None of {tested} segments is clearly worse"
        sentence += f"; {small} have too few rows to be judged." if small else "."
    verdict = _held(not worse, 0.0, judged=judged)
    return Check("segments", verdict, sentence, len(worse), 0, n)


def calibrated(
    gate: Gate, champion: Finding, candidate: Finding, found: Finding, *, judged: bool
) -> Check:
    """Whether its scores mean about as much as the champion's."""
    bound = gate.calibration_tolerance or 0.0
    if math.isnan(found.value):
        sentence = "Its calibration is not known; pass probabilities as scores."
    else:
        sentence = (
            f"Its calibration error is {candidate.value:.1%}, the champion's "
            f"{champion.value:.1%}; up to {bound:.1%} more is tolerated."
        )
    verdict = _held(found.value <= bound, found.value, judged=judged)
    return Check("calibration", verdict, sentence, found.value, bound, found.n)


def quick(gate: Gate, ratio: Finding | None) -> Check:
    """Whether it takes not too long a row."""
    bound = gate.max_latency_ratio or 0.0
    if ratio is None or math.isnan(ratio.value):
        sentence = "How long it takes was not measured; time both on the same rows."
        return Check("latency", "undefined", sentence, math.nan, bound)
    ends = ""
    if not math.isnan(ratio.lower):
        ends = f" ({ratio.lower:.2f} to {ratio.upper:.2f})"
    sentence = (
        f"It takes {ratio.value:.2f} times as long a row as the champion{ends}; up to "
        f"{bound:g} times is allowed."
    )
    verdict = _held(ratio.value <= bound, ratio.value)
    return Check("latency", verdict, sentence, ratio.value, bound, ratio.n)


def small_enough(gate: Gate, megabytes: float) -> Check:
    """Whether it is not too large to be stored."""
    bound = gate.max_size_mb or 0.0
    if math.isnan(megabytes):
        sentence = "How large it is stored was not measured; pass the sizes of both."
        return Check("size", "undefined", sentence, math.nan, bound)
    sentence = f"It takes {megabytes:.3g} MB stored, up to {bound:g} MB are allowed."
    verdict = _held(megabytes <= bound, megabytes)
    return Check("size", verdict, sentence, megabytes, bound, 1)


def refusals(checks: Sequence[Check]) -> list[str]:
    """Why a candidate does not pass, a sentence a rule; what follows is left out."""
    failed = {check.rule: check for check in checks if not check.passed}
    if "rows" in failed:
        for rule in ("gain", "tolerance", "segments", "calibration"):
            failed.pop(rule, None)
    if "gain" in failed:
        failed.pop("tolerance", None)
    return [f"Not passed: {_lower(check.sentence)}" for check in failed.values()]


def _held(good: bool, value: float, *, judged: bool = True) -> Verdict:
    if not judged or math.isnan(value):
        return "undefined"
    return "quiet" if good else "alert"


def _lower(sentence: str) -> str:
    return sentence[:1].lower() + sentence[1:]
