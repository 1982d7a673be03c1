"""Bars: subjects by size."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

from lifecycle.figures.axes import scale
from lifecycle.figures.marks import DASHED, Row, beside, limits, whiskers
from lifecycle.figures.picture import (
    ALERT,
    INK,
    LINES,
    MUTED,
    Picture,
    clean,
    draw,
    say,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["by_subject"]

_MOST_BARS = 20


def by_subject(rows: Sequence[Row], *, title: str, measure: str) -> Picture:
    """Draw one bar a subject, largest first, with interval and threshold.

    Parameters
    ----------
    rows : sequence of findings
        One a subject; of several the last counts. Beyond twenty the smallest are
        left out.
    title : str
        What is asked, in a few words.
    measure : str
        What the bars measure.

    Returns
    -------
    Picture

    Examples
    --------
    >>> from lifecycle.findings import Finding
    >>> rows = [
    ...     Finding("ks", 0.04, 900, threshold=0.1, verdict="quiet", subject="visits"),
    ...     Finding("ks", 0.31, 900, threshold=0.1, verdict="alert", subject="plan"),
    ... ]
    >>> by_subject(rows, title="Drift", measure="ks").alt
    'Drift: ks of 2 subjects, largest first: plan 0.310 (alert), visits 0.040.
    Threshold 0.100.'
    """
    newest = {row.subject: row for row in rows}
    ranked = sorted(newest.values(), key=_rank, reverse=True)
    shown = ranked[:_MOST_BARS]
    unit = shown[0].unit if shown else ""
    marks = limits(shown)

    def paint(axes: Axes) -> None:
        for place, row in enumerate(shown):
            _bar(axes, place, row)
        if len(marks) == 1:
            at = next(iter(marks))
            axes.axvline(at, color=MUTED, linestyle=DASHED, linewidth=1)
            axes.annotate(
                f"threshold {say(at, unit)}",
                (at, 1),
                xycoords=("data", "axes fraction"),
                xytext=(0, 2),
                textcoords="offset points",
                ha="center",
                color=MUTED,
                fontsize=8,
            )
        names = [clean(row.subject, 28) or "all" for row in shown]
        axes.set_yticks(range(len(shown)), names)
        axes.set_ylim(len(shown) - 0.4, -0.6)
        axes.axvline(0, color=MUTED, linewidth=0.8)
        axes.grid(visible=False, axis="y")
        axes.grid(visible=True, axis="x")
        axes.tick_params(axis="y", length=0, labelcolor=INK)
        axes.margins(x=0.05)
        scale(axes.xaxis, unit)
        axes.set_xlabel(clean(measure.replace("_", " "), 60))

    return draw(
        paint,
        title=title,
        alt=_ranking(title, measure, shown, len(ranked), marks),
        height=max(1.5, 1.0 + 0.27 * len(shown)),
    )


def _rank(row: Row) -> float:
    return -math.inf if math.isnan(row.value) else row.value


def _bar(axes: Axes, place: int, row: Row) -> None:
    if not math.isfinite(row.value):
        beside(axes, place, say(row.value, row.unit), alert=row.verdict == "alert")
        return
    alert = row.verdict == "alert"
    axes.barh(place, row.value, height=0.62, color=ALERT if alert else LINES[0])
    whiskers(axes, row, place)
    beside(axes, place, say(row.value, row.unit), alert=alert)


def _ranking(
    title: str, measure: str, shown: Sequence[Row], count: int, marks: set[float]
) -> str:
    if not shown:
        return f"{clean(title, 80)}: nothing to draw."
    told = [
        f"{clean(row.subject) or 'all'} {say(row.value, row.unit)}"
        + (" (alert)" if row.verdict == "alert" else "")
        for row in shown
    ]
    name = clean(measure.replace("_", " "), 60)
    words = f"{clean(title, 80)}: {name} of {count} subjects, largest first: "
    words += ", ".join(told) + "."
    if count > len(shown):
        words += f" {count - len(shown)} smaller ones are not drawn."
    if len(marks) == 1:
        words += f" Threshold {say(next(iter(marks)), shown[0].unit)}."
    return words
