"""Findings as tables: what alerts first, the newest period first, the rest folded."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Protocol

from lifecycle.markup.blocks import folded, paragraph, table
from lifecycle.markup.text import Html, badge, cell, interval, join, number

__all__ = ["findings", "grid", "said"]

_IN_SIGHT = 12
_PERIODS_IN_SIGHT = 8
_MOST_COLUMNS = 6
_SHORT = {"ks": "KS", "js": "JS", "psi": "PSI", "roc_auc": "ROC AUC", "auc": "AUC"}


class _Row(Protocol):
    @property
    def measure(self) -> str: ...
    @property
    def value(self) -> float: ...
    @property
    def n(self) -> int: ...
    @property
    def lower(self) -> float: ...
    @property
    def upper(self) -> float: ...
    @property
    def threshold(self) -> float: ...
    @property
    def verdict(self) -> str: ...
    @property
    def period(self) -> str: ...
    @property
    def subject(self) -> str: ...
    @property
    def unit(self) -> str: ...


def findings(title: str, summary: str, verdict: str, rows: Sequence[_Row]) -> Html:
    """Write findings: the question, the verdict, the answer, and the rows behind it.

    Parameters
    ----------
    title, summary : str
        The question in a few words; the answer in a sentence.
    verdict : {"alert", "quiet", "undefined"}
        The verdict on the whole.
    rows : sequence of findings
        Several measures by period stand side by side, one row a period. Columns that
        are empty in every row are left out; where nothing was held against a value
        its verdict is left open.

    Examples
    --------
    >>> findings("Drift", "Nothing moved.", "quiet", ())
    '<div class="lc-findings"><h3>Drift <span class="lc-badge ...">Quiet</span></h3>...'
    """
    judged = verdict != "undefined" or any(map(_judged, rows)) or not rows
    mark = f" {badge(verdict)}" if judged else ""
    head = f"<h3>{cell(title)}{mark}</h3>"
    words = paragraph(summary, kind="summary") if summary else ""
    body = _shown(title, rows) if rows else paragraph("No rows.", kind="muted")
    return Html(f'<div class="lc-findings">{head}{words}{body}</div>')


def grid(
    rows: Sequence[_Row],
    *,
    down: str = "period",
    across: str = "measure",
    label: str = "",
) -> Html:
    """Write findings side by side: each cell a value with its interval and count.

    Parameters
    ----------
    rows : sequence of findings
        Of several for one cell the last counts.
    down, across : {"period", "measure", "subject"}
        What a row stands for, and what a column; both in the order they come in.
    label : str
        Name of the table for those who do not see it.

    Examples
    --------
    >>> from lifecycle.findings import Finding
    >>> rows = [Finding("accuracy", 0.81, 400, 0.78, 0.84, period="W1", unit="%"),
    ...     Finding("recall", 0.6, 150, 0.5, 0.7, period="W1", unit="%")]
    >>> shown = grid(rows)
    >>> "Recall</th>" in shown, "<small>50.0% to 70.0%</small>" in shown
    (True, True)
    """
    lines = list(dict.fromkeys(getattr(row, down) for row in rows))
    columns = list(dict.fromkeys(getattr(row, across) for row in rows))
    held = {(getattr(row, down), getattr(row, across)): row for row in rows}
    header = [said(down)]
    for column in columns:
        limits = {_threshold(row) for row in rows if getattr(row, across) == column}
        limit = limits.pop() if len(limits) == 1 else ""
        header.append(said(column) + (f" (threshold {limit})" if limit else ""))
    body: list[list[object]] = []
    for line in lines:
        found = (held.get((line, column)) for column in columns)
        name = said(line) if down == "measure" else line
        body.append([name, *("" if row is None else _cell(row) for row in found)])
    numeric = range(1, len(header))
    return table(header, body, label=label, numeric=list(numeric))


def said(measure: str) -> str:
    """Name a measure as a reader would.

    Examples
    --------
    >>> said("roc_auc"), said("net_value"), said("accuracy")
    ('ROC AUC', 'Net value', 'Accuracy')
    """
    words = _SHORT.get(measure, measure.replace("_", " "))
    return words[:1].upper() + words[1:]


def _cell(row: _Row) -> Html:
    loud = row.verdict != "quiet" and _judged(row)
    mark = f"{badge(row.verdict)} " if loud else ""
    count = f' <span class="lc-count">n {number(row.n)}</span>'
    ends = interval(row.lower, row.upper, row.unit)
    below = f"<small>{cell(ends)}</small>" if ends else ""
    return Html(f"{mark}{cell(number(row.value, row.unit))}{count}{below}")


def _shown(title: str, rows: Sequence[_Row]) -> Html:
    """Some rows in sight, of periods the newest; the others a click away."""
    label = f"{title}: the numbers"
    if any(row.period for row in rows):
        # of one period they stay as they come; what speaks of the whole comes first
        newest = sorted(
            rows, key=lambda row: (row.period == "", row.period), reverse=True
        )
        if _side_by_side(rows):
            return _by_period(label, newest)
        return _cut(label, newest, "earlier")
    return _cut(label, sorted(rows, key=lambda row: row.verdict != "alert"), "more")


def _side_by_side(rows: Sequence[_Row]) -> bool:
    measures = {row.measure for row in rows}
    once = len({(row.period, row.measure) for row in rows}) == len(rows)
    whole = all(row.period for row in rows)
    return whole and once and 1 < len(measures) <= _MOST_COLUMNS


def _by_period(label: str, newest: Sequence[_Row]) -> Html:
    periods = list(dict.fromkeys(row.period for row in newest))
    if len(periods) <= _PERIODS_IN_SIGHT + 2:
        return grid(newest, label=label)
    near = set(periods[:_PERIODS_IN_SIGHT])
    far = [row for row in newest if row.period not in near]
    count = len(periods) - len(near)
    return join(
        [
            grid([row for row in newest if row.period in near], label=label),
            folded(f"{count} earlier periods", grid(far, label=f"{label}, earlier")),
        ]
    )


def _cut(label: str, rows: Sequence[_Row], which: str) -> Html:
    if len(rows) <= _IN_SIGHT + 3:
        return _rows(label, rows)
    cut = _IN_SIGHT
    while rows[cut].period and rows[cut].period == rows[cut - 1].period and cut > 1:
        cut -= 1  # a period is shown whole
    if cut == 1:
        cut = _IN_SIGHT
    near, far = rows[:cut], rows[cut:]
    rest = folded(f"{len(far)} {which} rows", _rows(f"{label}, {which}", far))
    return join([_rows(label, near), rest])


def _rows(label: str, rows: Sequence[_Row]) -> Html:
    one = {row.measure for row in rows}
    value = said(rows[0].measure) if len(one) == 1 else "Value"
    names = [said(row.measure) if len(one) > 1 else "" for row in rows]
    columns: list[tuple[str, bool, list[object]]] = [
        ("Period", False, [row.period for row in rows]),
        ("Subject", False, [row.subject for row in rows]),
        ("Measure", False, [*names]),
        (value, True, [number(row.value, row.unit) for row in rows]),
        ("Interval", True, [interval(row.lower, row.upper, row.unit) for row in rows]),
        ("n", True, [row.n for row in rows]),
        ("Threshold", True, [_threshold(row) for row in rows]),
        (
            "Verdict",
            False,
            [badge(row.verdict) if _judged(row) else "" for row in rows],
        ),
    ]
    kept = [column for column in columns if any(value != "" for value in column[2])]
    return table(
        [name for name, _, _ in kept],
        list(zip(*(values for _, _, values in kept), strict=True)),
        label=label,
        numeric=[place for place, (_, right, _) in enumerate(kept) if right],
    )


def _judged(row: _Row) -> bool:
    return row.verdict != "undefined" or not math.isnan(row.threshold)


def _threshold(row: _Row) -> str:
    return "" if math.isnan(row.threshold) else number(row.threshold, row.unit)
