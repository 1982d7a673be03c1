"""What the test of a version said, as parts of its card."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from lifecycle import figures, findings, markup
from lifecycle.workspace.leaf import Part

if TYPE_CHECKING:
    from lifecycle.registry import Version
    from lifecycle.workspace.view import View

__all__ = ["evidence", "parts", "worse"]

WORST = 8
_SEGMENT = "segment_difference"
_APART = {"calibration_error", "agreement", _SEGMENT}
_NAMES = {
    "candidate": "This version",
    "champion": "The one in production then",
    "difference": "Difference",
}
_SIDES = tuple(_NAMES)
_HEADER = ("measure", "this version", "90%", "then", "difference", "90% of it", "n")
_SHARES = {"accuracy", "precision", "recall", "f1", "agreement"}


def evidence(view: View, version: Version) -> Mapping[str, Any]:
    """What the newest test of a version found, until the view's moment.

    Returns
    -------
    mapping
        As `evaluation.Evaluation.facts` told it with a proposal, or when the gate was
        failed; empty where it was never tested.
    """
    asked = [
        each
        for each in view.registry.proposals(view.name)
        if each.number == version.number and each.created_at <= view.as_of
    ]
    if asked:
        return asked[-1].evidence
    for renewal in reversed(view.registry.renewals(view.name)):
        if renewal.version == version.number and renewal.as_of <= view.as_of:
            return renewal.tested
    return {}


def parts(view: View, version: Version, told: Mapping[str, Any]) -> Iterator[Part]:
    """How good it was, where it was worst, and whether its scores can be believed."""
    rows = [_finding(row) for row in told.get("rows") or () if isinstance(row, Mapping)]
    gate = str(told.get("gate") or "")
    if not rows:
        said = gate or "It was not tested on held-out rows."
        yield Part("Metrics", lines=(markup.sentence(markup.one_line(said)),))
        return
    verdict = "Passed the gate." if told.get("passed") else "Did not pass the gate."
    yield Part(
        "Metrics",
        lines=(
            verdict,
            *_sentences(told),
            "Then: the version in production at that time.",
        ),
        header=(
            "measure",
            "this version",
            "90%",
            "then",
            "difference",
            "90% of it",
            "n",
        ),
        rows=tuple(_measures(rows)),
        numeric=(1, 2, 3, 4, 5, 6),
    )
    segments = sorted(
        (row for row in rows if row.measure == _SEGMENT), key=lambda row: row.value
    )
    if segments:
        yield _segments(segments)
    calibration = [row for row in rows if row.measure == "calibration_error"]
    if calibration:
        shown = {
            name: _told(row, "%")
            for side, name in _NAMES.items()
            for row in calibration
            if row.subject == side
        }
        yield Part(
            "Calibration",
            lines=(
                "The mean distance between score and share that came true, over bins "
                "of the score; 0 is best.",
            ),
            facts=shown,
        )


def _sentences(told: Mapping[str, Any]) -> tuple[str, ...]:
    given = told.get("reasons")
    reasons = given if isinstance(given, list) else [told.get("gate") or ""]
    return tuple(markup.one_line(each, 500) for each in reasons if each)


def _measures(rows: list[findings.Finding]) -> Iterator[tuple[str, ...]]:
    """A row a measure, with each side's value, interval and rows."""
    named = [row for row in rows if row.measure not in _APART and row.subject in _SIDES]
    for measure in dict.fromkeys(row.measure for row in named):
        sides = {row.subject: row for row in named if row.measure == measure}
        unit = "%" if measure in _SHARES else ""
        mine, then, apart = (sides.get(side) for side in _SIDES)
        name = markup.one_line(measure.replace("_", " "), 60)
        counted = next(row for row in (mine, apart, then) if row is not None)
        cells = (_value(mine, unit), _within(mine, unit), _value(then, unit))
        more = (_value(apart, unit, signed=True), _within(apart, unit))
        yield (name, *cells, *more, f"{counted.n:,}")


def _segments(rows: list[findings.Finding]) -> Part:
    worst = rows[:WORST]
    drawn = [replace(row, unit="%") for row in worst]
    picture = figures.forest(
        drawn, title="Segments in which it gained least", measure="difference"
    )
    return Part(
        "Segments",
        lines=(
            f"The share of right predictions less that of the version in production "
            f"then, in the {len(worst)} of {len(rows)} segments that gained least.",
        ),
        header=("segment", "difference", "90%", "n"),
        rows=tuple(
            (
                row.subject,
                _signed(row.value),
                f"{_signed(row.lower)} to {_signed(row.upper)}",
                f"{row.n:,}",
            )
            for row in worst
        ),
        numeric=(1, 2, 3),
        picture=picture,
    )


def worse(told: Mapping[str, Any]) -> Iterator[str]:
    """Where it was worse than the version in production then, a sentence each."""
    for row in told.get("rows") or ():
        if not isinstance(row, Mapping) or row.get("measure") != _SEGMENT:
            continue
        found = _finding(row)
        if found.value < 0:
            how = "is clearly" if found.upper < 0 else "may be"
            yield (
                f"It {how} worse than the version before it where {found.subject}: "
                f"{_signed(found.value)} right ({_signed(found.lower)} to "
                f"{_signed(found.upper)}, n {found.n:,})."
            )


def _finding(row: Mapping[str, Any]) -> findings.Finding:
    return findings.Finding(
        markup.one_line(row.get("measure", ""), 60),
        _float(row.get("value")),
        int(row.get("n") or 0),
        _float(row.get("lower")),
        _float(row.get("upper")),
        subject=markup.one_line(row.get("subject", ""), 80),
        unit=markup.one_line(row.get("unit", ""), 20),
    )


def _float(value: object) -> float:
    return float(value) if isinstance(value, int | float) else math.nan


def _told(row: findings.Finding, unit: str) -> str:
    """A value with its interval and the rows behind it."""
    more = ", ".join(filter(None, (_within(row, unit), f"n {row.n:,}")))
    return f"{_value(row, unit)} ({more})"


def _value(row: findings.Finding | None, unit: str, *, signed: bool = False) -> str:
    if row is None:
        return "–"
    return _signed(row.value, unit or row.unit, always=signed)


def _within(row: findings.Finding | None, unit: str) -> str:
    return (
        "" if row is None else markup.interval(row.lower, row.upper, unit or row.unit)
    )


def _signed(value: float, unit: str = "%", *, always: bool = True) -> str:
    sign = "+" if value > 0 and always else ""
    return f"{sign}{markup.number(value, unit)}"
