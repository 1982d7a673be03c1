"""What drawings of findings share: the row they read, bands, thresholds, alerts."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Protocol

from lifecycle.figures.picture import ALERT, CARD, INK, MUTED, say

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = [
    "DASHED",
    "Row",
    "alerts",
    "band",
    "beside",
    "course",
    "limits",
    "reach",
    "thresholds",
    "whiskers",
]

DASHED = (0, (4, 3))


class Row(Protocol):
    """What is read of a finding."""

    @property
    def value(self) -> float:
        """What was measured."""

    @property
    def n(self) -> int:
        """Rows behind it."""

    @property
    def lower(self) -> float:
        """The low end of its interval."""

    @property
    def upper(self) -> float:
        """The high end of its interval."""

    @property
    def threshold(self) -> float:
        """What it was held against."""

    @property
    def verdict(self) -> str:
        """One of "alert", "quiet" and "undefined"."""

    @property
    def period(self) -> str:
        """The label of its chunk."""

    @property
    def subject(self) -> str:
        """What it speaks of."""

    @property
    def unit(self) -> str:
        """Of the value."""


def course(
    held: Mapping[str, Row], periods: Sequence[str], what: str = "value"
) -> list[float]:
    """The values over the periods; `nan` where there is none, or it is infinite."""
    found = [float(getattr(held[p], what)) if p in held else math.nan for p in periods]
    return [value if math.isfinite(value) else math.nan for value in found]


def band(
    axes: Axes,
    held: Mapping[str, Row],
    periods: Sequence[str],
    colour: str,
    strength: float = 0.18,
) -> None:
    """Fill between the ends of the intervals, where there are any."""
    lower, upper = (course(held, periods, end) for end in ("lower", "upper"))
    if all(map(math.isnan, lower)):
        return
    at = range(len(periods))
    axes.fill_between(at, lower, upper, color=colour, alpha=strength, linewidth=0)


def limits(rows: Iterable[Row]) -> set[float]:
    """The thresholds that rows were held against."""
    return {row.threshold for row in rows if math.isfinite(row.threshold)}


def thresholds(
    axes: Axes,
    lines: Iterable[Mapping[str, Row]],
    periods: Sequence[str],
    unit: str,
    *,
    named: bool = True,
) -> None:
    """Draw the threshold as one dashed line, or as steps where it changes."""
    lines = list(lines)
    values = limits(row for held in lines for row in held.values())
    if len(values) == 1:
        at = values.pop()
        axes.axhline(at, color=MUTED, linestyle=DASHED, linewidth=1)
        if named:
            axes.annotate(
                f"threshold {say(at, unit)}",
                (0, at),
                xycoords=("axes fraction", "data"),
                xytext=(4, 3),
                textcoords="offset points",
                color=MUTED,
                fontsize=8,
            )
        return
    for held in lines if values else ():
        steps = course(held, periods, "threshold")
        axes.step(
            range(len(periods)),
            steps,
            where="mid",
            color=MUTED,
            linestyle=DASHED,
            linewidth=1,
        )


def alerts(
    axes: Axes,
    lines: Iterable[Mapping[str, Row]],
    periods: Sequence[str],
    *,
    size: float = 42,
) -> None:
    """Mark the alerts by a diamond; the legend names it."""
    found = [
        (periods.index(period), row.value)
        for held in lines
        for period, row in held.items()
        if row.verdict == "alert" and math.isfinite(row.value)
    ]
    if found:
        axes.scatter(
            [place for place, _ in found],
            [value for _, value in found],
            marker="D",
            s=size,
            color=ALERT,
            edgecolors=CARD,
            linewidths=1,
            zorder=5,
            label="alert",
        )


def whiskers(
    axes: Axes, row: Row, place: float, *, start: float = 0.0, upright: bool = False
) -> None:
    """Draw the interval of a value, counted from a start, as a line with ends."""
    ends = [start + row.lower, start + row.upper]
    if not all(map(math.isfinite, ends)):
        return
    at = [place, place]
    x, y = (at, ends) if upright else (ends, at)
    mark = "_" if upright else "|"
    for colour, wide, long in ((CARD, 2.8, 7), (INK, 1.1, 5)):  # a halo on the bar
        axes.plot(x, y, color=colour, linewidth=wide, zorder=4)
        axes.plot(
            x, y, mark, color=colour, markersize=long, markeredgewidth=wide, zorder=4
        )


def beside(axes: Axes, place: float, words: str, *, alert: bool) -> None:
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


def reach(row: Row) -> str:
    """The interval in words; empty where there is none."""
    if not (math.isfinite(row.lower) and math.isfinite(row.upper)):
        return ""
    return f"{say(row.lower, row.unit)} to {say(row.upper, row.unit)}"
