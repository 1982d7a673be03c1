"""Promises and what came of them, one under the other."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Protocol

from lifecycle.figures.axes import legend, roomy, scale
from lifecycle.figures.picture import (
    CARD,
    INK,
    LINES,
    MUTED,
    Picture,
    clean,
    draw,
    roughly,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["promised"]

_MOST = 16


class _Promise(Protocol):
    @property
    def name(self) -> str: ...
    @property
    def promised(self) -> float: ...
    @property
    def promised_lower(self) -> float: ...
    @property
    def promised_upper(self) -> float: ...
    @property
    def came(self) -> float: ...
    @property
    def came_lower(self) -> float: ...
    @property
    def came_upper(self) -> float: ...
    @property
    def inside(self) -> bool | None: ...


def promised(rows: Sequence[_Promise], *, title: str, unit: str = "") -> Picture:
    """Draw what was promised, with its interval, against what came, with its own.

    Parameters
    ----------
    rows : sequence of promises
        Oldest first, each with `name`, `promised`, `promised_lower`, `promised_upper`,
        `came`, `came_lower`, `came_upper` and `inside` (whether it came within its
        interval; `None` where unknown). Beyond sixteen the oldest are left out.
    title : str
        What is asked, in a few words.
    unit : str
        Of all of them.

    Returns
    -------
    Picture
        A bar from end to end of each promised interval, a point for what came.

    Examples
    --------
    >>> from collections import namedtuple
    >>> names = "name promised promised_lower promised_upper came came_lower came_upper"
    >>> Row = namedtuple("Row", f"{names} inside")
    >>> row = Row("May retrain", 900, 400, 1400, 850, 600, 1100, True)
    >>> promised([row], title="Promises", unit="USD").alt
    'Promises: May retrain promised $900 ($400 to $1,400), came $850 (within).'
    """
    shown = list(rows)[-_MOST:][::-1]  # the newest on top

    def paint(axes: Axes) -> None:
        roomy(axes)
        axes.axvline(0, color=INK, linewidth=1.0, zorder=1.5)
        for place, row in enumerate(shown):
            _line(axes, place, row, first=place == 0)
            _beside(axes, place, row, unit)
        axes.set_yticks(range(len(shown)), [clean(row.name, 30) for row in shown])
        axes.set_ylim(max(len(shown), 1) - 0.4, -0.6)
        axes.grid(visible=False, axis="y")
        axes.grid(visible=True, axis="x")
        axes.tick_params(axis="y", length=0, labelcolor=INK)
        axes.margins(x=0.06)
        scale(axes.xaxis, unit, most=5)
        axes.set_xlabel("up to now; at the right what came of what was promised")
        if not shown:
            axes.set_xticks([])
        legend(axes)

    return draw(
        paint,
        title=title,
        alt=_in_words(title, shown, len(rows), unit),
        height=max(1.5, 1.0 + 0.36 * len(shown)),
    )


def _line(axes: Axes, place: int, row: _Promise, *, first: bool) -> None:
    if math.isfinite(row.promised_lower) and math.isfinite(row.promised_upper):
        axes.barh(
            place,
            row.promised_upper - row.promised_lower,
            left=row.promised_lower,
            height=0.5,
            color=LINES[0],
            alpha=0.3,
            label="promised" if first else None,
        )
    if math.isfinite(row.promised):
        ends = [place - 0.25, place + 0.25]
        axes.plot([row.promised] * 2, ends, color=LINES[0], linewidth=2.4, zorder=3)
    if not math.isfinite(row.came):
        return
    if math.isfinite(row.came_lower) and math.isfinite(row.came_upper):
        for colour, wide in ((CARD, 3.2), (LINES[1], 1.6)):
            ends = [row.came_lower, row.came_upper]
            axes.plot(ends, [place] * 2, color=colour, linewidth=wide, zorder=4)
    axes.plot(
        [row.came],
        [place],
        "o",
        color=LINES[1],
        markeredgecolor=CARD,
        markersize=7.5,
        zorder=5,
        label="came" if first else None,
    )


def _beside(axes: Axes, place: int, row: _Promise, unit: str) -> None:
    words = f"{roughly(row.came, unit)} of {roughly(row.promised, unit)}"
    outside = _within(row) == "outside"
    axes.annotate(
        f"{words}  outside" if outside else words,
        (1, place),
        xycoords=("axes fraction", "data"),
        xytext=(8, 0),
        textcoords="offset points",
        va="center",
        color=INK if outside else MUTED,
        fontweight="bold" if outside else "normal",
    )


def _within(row: _Promise) -> str:
    if row.inside is None:
        return "unknown"
    return "within" if row.inside else "outside"


def _in_words(title: str, shown: Sequence[_Promise], count: int, unit: str) -> str:
    if not shown:
        return f"{clean(title, 80)}: nothing to draw."
    told = []
    for row in shown:
        ends = ""
        if math.isfinite(row.promised_lower) and math.isfinite(row.promised_upper):
            low, high = (
                roughly(row.promised_lower, unit),
                roughly(row.promised_upper, unit),
            )
            ends = f" ({low} to {high})"
        told.append(
            f"{clean(row.name)} promised {roughly(row.promised, unit)}{ends}, came "
            f"{roughly(row.came, unit)} ({_within(row)})"
        )
    words = f"{clean(title, 80)}: {'; '.join(told)}."
    if count > len(shown):
        words += f" {count - len(shown)} older ones are not drawn."
    return words
