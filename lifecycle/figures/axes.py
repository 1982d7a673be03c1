"""What several drawings share: axes of periods, strokes, names at line ends."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from lifecycle.figures.picture import LINES, MUTED, SIGNS, clean, say

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = [
    "legend",
    "marked",
    "name_ends",
    "newest",
    "periods_axis",
    "roomy",
    "scale",
    "spread",
    "stroke",
]

_DASHES = ("-", (0, (5, 1.5)), (0, (1.5, 1.2)), (0, (6, 1.5, 1.5, 1.5)), "-", "-")
_MARKS = ("o", "s", "v", "P", "X", "*")


def stroke(axes: Axes, values: Sequence[float], place: int) -> None:
    """Draw a line in the colour, dash and mark of its place; `nan` leaves a gap."""
    axes.plot(
        range(len(values)),
        values,
        color=LINES[place % len(LINES)],
        linestyle=_DASHES[place % len(_DASHES)],
        marker=_MARKS[place % len(_MARKS)],
        markevery=marked(values),
    )


def marked(values: Sequence[float]) -> list[int]:
    """Which points get a mark: all of a short line; of a long one the lone and last."""
    known = [place for place, value in enumerate(values) if not math.isnan(value)]
    if len(values) <= 26:
        return known
    held = set(known)
    lone = [place for place in known if not held & {place - 1, place + 1}]
    return sorted({*lone, *known[-1:]})


def periods_axis(axes: Axes, periods: list[str], measure: str, unit: str) -> None:
    """Label the periods, at most seven and always the newest, and the measure."""
    step = max(1, math.ceil(len(periods) / 7))
    shown = list(range(len(periods) - 1, -1, -step))
    axes.set_xticks(shown, [clean(periods[place], 12) for place in shown])
    axes.margins(x=0.03, y=0.12)
    scale(axes.yaxis, unit)
    if measure:
        axes.set_ylabel(clean(measure.replace("_", " "), 40))
    if not axes.has_data():
        axes.set_yticks([])
        middle: dict[str, Any] = {
            "transform": axes.transAxes,
            "ha": "center",
            "va": "center",
        }
        axes.text(0.5, 0.5, "nothing to draw", color=MUTED, **middle)


def newest(values: Sequence[float]) -> float:
    """The last value that is not `nan`."""
    return next(
        (value for value in reversed(values) if not math.isnan(value)), math.nan
    )


def name_ends(axes: Axes, ends: Mapping[str, float]) -> None:
    """Name each line at its right end, in its colour."""
    low, high = axes.get_ylim()
    axes.set_ylim(low, high)
    heights = [
        0.5 if math.isnan(end) or high == low else (end - low) / (high - low)
        for end in ends.values()
    ]
    for place, (name, height) in enumerate(
        zip(ends, spread(heights, 0.075), strict=True)
    ):
        axes.text(
            1.01,
            height,
            clean(name, 22) or "all",
            transform=axes.transAxes,
            color=LINES[place % len(LINES)],
            va="center",
            fontweight="bold",
        )


def legend(axes: Axes) -> None:
    """Explain the marks beside the title, or below it where the line is full."""
    handles, labels = axes.get_legend_handles_labels()
    if not handles:
        return
    figure: Any = axes.figure
    fixed: dict[str, Any] = {
        "ncols": len(handles),
        "borderaxespad": 0.1,
        "handletextpad": 0.4,
    }
    # a letter of the title takes some 5.8 points, one of a label 4.8, a mark 38
    title = 5.8 * len(figure.get_suptitle())
    if title + sum(38 + 4.8 * len(label) for label in labels) > 470:
        corner = (1.0, 1.02)
        axes.legend(handles, labels, loc="lower right", bbox_to_anchor=corner, **fixed)
        return
    shown = figure.legend(handles, labels, loc="upper right", **fixed)
    shown.set_in_layout(False)  # it shares the line of the title


def roomy(axes: Axes) -> None:
    """Leave a little room at the right: a reader's letters may be wider."""
    figure: Any = axes.figure
    figure.get_layout_engine().set(rect=(0, 0, 0.98, 1))


def scale(axis: Any, unit: str, *, most: int = 6) -> None:
    """Set the numbers of an axis in its unit, about so many of them."""
    from matplotlib.ticker import FuncFormatter, MaxNLocator, ScalarFormatter

    axis.set_major_locator(MaxNLocator(nbins=most, steps=[1, 2, 2.5, 5, 10]))
    if unit == "%":
        axis.set_major_formatter(FuncFormatter(lambda value, _: _percent(value)))
    elif unit in SIGNS:
        axis.set_major_formatter(FuncFormatter(lambda value, _: say(value, unit)))
    elif unit:
        axis.set_major_formatter(
            FuncFormatter(lambda value, _: f"{value:,.10g} {clean(unit, 8)}")
        )
    else:
        plain = ScalarFormatter(useOffset=False)
        axis.set_major_formatter(plain)


def _percent(value: float) -> str:
    return f"{100 * value:.4g}%".replace("-", "\N{MINUS SIGN}")


def spread(heights: list[float], apart: float) -> list[float]:
    """Push heights apart so that labels beside them do not cover each other.

    Examples
    --------
    >>> spread([0.5, 0.5, 0.9], 0.1)
    [0.45, 0.55, 0.9]
    """
    order = sorted(range(len(heights)), key=heights.__getitem__)
    placed = list(heights)
    for _ in range(50):
        for low, high in pairwise(order):
            lack = apart - (placed[high] - placed[low])
            if lack > 1e-9:
                placed[low] -= lack / 2
                placed[high] += lack / 2
    return [round(height, 6) for height in placed]
