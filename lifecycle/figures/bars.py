"""Bars: subjects by size, and a feature's cells in two periods."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Protocol

import numpy as np

from lifecycle.figures.axes import legend, scale
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
    import numpy.typing as npt
    from matplotlib.axes import Axes

__all__ = ["by_subject", "compare_counts"]

_MOST_BARS = 20
_MOST_PAIRS = 12


class _Row(Protocol):
    @property
    def value(self) -> float: ...
    @property
    def lower(self) -> float: ...
    @property
    def upper(self) -> float: ...
    @property
    def threshold(self) -> float: ...
    @property
    def verdict(self) -> str: ...
    @property
    def subject(self) -> str: ...
    @property
    def unit(self) -> str: ...


def by_subject(rows: Sequence[_Row], *, title: str, measure: str) -> Picture:
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
    marks = {row.threshold for row in shown if not math.isnan(row.threshold)}

    def paint(axes: Axes) -> None:
        for place, row in enumerate(shown):
            _bar(axes, place, row)
        if len(marks) == 1:
            at = next(iter(marks))
            axes.axvline(at, color=MUTED, linestyle=(0, (4, 3)), linewidth=1)
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


def _rank(row: _Row) -> float:
    return -math.inf if math.isnan(row.value) else row.value


def _bar(axes: Axes, place: int, row: _Row) -> None:
    if math.isnan(row.value):
        _beside(axes, place, "undefined", alert=False)
        return
    alert = row.verdict == "alert"
    axes.barh(place, row.value, height=0.62, color=ALERT if alert else LINES[0])
    if not (math.isnan(row.lower) or math.isnan(row.upper)):
        axes.plot([row.lower, row.upper], [place, place], color=INK, linewidth=1.1)
        axes.plot([row.lower, row.upper], [place, place], "|", color=INK, markersize=5)
    _beside(axes, place, say(row.value, row.unit), alert=alert)


def _beside(axes: Axes, place: int, words: str, *, alert: bool) -> None:
    """Write a value in a column of its own, where no bar can cover it."""
    axes.annotate(
        f"{words}  alert" if alert else words,
        (1, place),
        xycoords=("axes fraction", "data"),
        xytext=(8, 0),
        textcoords="offset points",
        va="center",
        color=ALERT if alert else INK,
        fontweight="bold" if alert else "normal",
    )


def _ranking(
    title: str, measure: str, shown: Sequence[_Row], count: int, marks: set[float]
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


def compare_counts(
    labels: Sequence[object],
    reference: npt.ArrayLike,
    analysis: npt.ArrayLike,
    *,
    title: str,
) -> Picture:
    """Draw the shares of a feature's cells, reference against analysis.

    Parameters
    ----------
    labels : sequence of length k
        Names of the cells, in their order.
    reference, analysis : array-like of shape (k,)
        How many rows fell into each cell.
    title : str
        Usually the feature's name.

    Returns
    -------
    Picture
        Paired bars up to twelve cells, two outlines beyond.

    Raises
    ------
    ValueError
        If labels and counts are not of one length.

    Examples
    --------
    >>> compare_counts(["web", "phone"], [75, 25], [50, 50], title="channel").alt
    'channel: share of rows by cell, reference against analysis. Largest change:
    web from 75.0% to 50.0%. 100 rows against 100.'
    """
    counts = [np.asarray(side, dtype=float).ravel() for side in (reference, analysis)]
    if any(len(side) != len(labels) for side in counts):
        raise ValueError(
            f"{len(labels)} labels for {len(counts[0])} reference and "
            f"{len(counts[1])} analysis counts; give one count a label"
        )
    names = [clean(label, 24) for label in labels]
    before, after = (side / side.sum() if side.sum() > 0 else side for side in counts)

    def paint(axes: Axes) -> None:
        (_pairs if len(names) <= _MOST_PAIRS else _outlines)(axes, names, before, after)
        legend(axes)

    few = len(names) <= _MOST_PAIRS
    totals = [int(side.sum()) for side in counts]
    return draw(
        paint,
        title=title,
        alt=_change(title, names, before, after, totals),
        height=max(1.6, 0.95 + 0.36 * len(names)) if few else 3.0,
    )


def _pairs(
    axes: Axes,
    names: list[str],
    before: npt.NDArray[np.float64],
    after: npt.NDArray[np.float64],
) -> None:
    y = np.arange(len(names))
    axes.barh(y - 0.19, before, 0.36, color=MUTED, alpha=0.55, label="reference")
    axes.barh(y + 0.19, after, 0.36, color=LINES[0], label="analysis")
    axes.set_yticks(y, names)
    axes.set_ylim(len(names) - 0.4, -0.6)
    axes.grid(visible=False, axis="y")
    axes.grid(visible=True, axis="x")
    axes.tick_params(axis="y", length=0, labelcolor=INK)
    scale(axes.xaxis, "%")
    axes.set_xlabel("share of rows")


def _outlines(
    axes: Axes,
    names: list[str],
    before: npt.NDArray[np.float64],
    after: npt.NDArray[np.float64],
) -> None:
    edges = np.arange(len(names) + 1) - 0.5
    axes.stairs(before, edges, fill=True, color=MUTED, alpha=0.35, label="reference")
    axes.stairs(after, edges, color=LINES[0], linewidth=1.8, label="analysis")
    step = math.ceil(len(names) / 7)
    axes.set_xticks(range(0, len(names), step), names[::step])
    axes.margins(x=0.01)
    axes.set_ylim(bottom=0)
    scale(axes.yaxis, "%")
    axes.set_ylabel("share of rows")


def _change(
    title: str,
    names: list[str],
    before: npt.NDArray[np.float64],
    after: npt.NDArray[np.float64],
    totals: list[int],
) -> str:
    words = f"{clean(title, 80)}: share of rows by cell, reference against analysis."
    if not all(totals):
        return f"{words} One of them has no rows."
    most = int(np.argmax(np.abs(after - before)))
    words += f" Largest change: {names[most]} from {say(float(before[most]), '%')}"
    words += f" to {say(float(after[most]), '%')}."
    return f"{words} {totals[0]:,} rows against {totals[1]:,}."
