"""What each action is worth: net values with intervals, the chosen one marked."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from lifecycle.figures.axes import roomy, scale
from lifecycle.figures.marks import Row, whiskers
from lifecycle.figures.picture import (
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

__all__ = ["net_values"]

_MOST = 16


def net_values(
    rows: Sequence[Row],
    *,
    title: str,
    chosen: str = "",
    prices: Mapping[str, float] | None = None,
    measure: str = "net value",
) -> Picture:
    """Draw what each action is worth after its price, the chosen one marked.

    Parameters
    ----------
    rows : sequence of findings
        One an action, named by its subject, with the net value and its interval; of
        several of one name the last counts. Beyond sixteen the smallest are left out,
        the chosen one never.
    title : str
        What is asked, in a few words.
    chosen : str
        The subject that is taken.
    prices : mapping of str to float, optional
        What each subject costs, in the same unit; written beside the bar.
    measure : str
        What the bars measure.

    Returns
    -------
    Picture
        The largest first, undefined ones last; left of the line at 0 an action costs
        more than it brings. A loss that would dwarf all others runs out of the drawing,
        which an arrow says.

    Examples
    --------
    >>> from lifecycle.findings import Finding
    >>> rows = [Finding("net_value", 0.0, 400, subject="keep", unit="USD"),
    ...     Finding("net_value", 9320.0, 400, 7340.0, 11300.0, subject="retrain",
    ...     unit="USD")]
    >>> net_values(rows, title="Over 26 weeks", chosen="retrain",
    ...     prices={"retrain": 500.0}).alt
    'Over 26 weeks: net value of 2 actions, largest first: retrain $9,320 ($7,340 to
    $11,300), price $500, chosen; keep $0.'
    """
    newest = {row.subject: row for row in rows}
    ranked = sorted(newest.values(), key=_rank, reverse=True)
    shown = ranked[:_MOST]
    if chosen in newest and newest[chosen] not in shown:
        shown = [*shown[:-1], newest[chosen]]
    unit = shown[0].unit if shown else ""
    told = prices or {}
    floor = _floor(shown)

    def paint(axes: Axes) -> None:
        roomy(axes)
        axes.axvline(0, color=INK, linewidth=1.2, zorder=3)
        for place, row in enumerate(shown):
            _bar(axes, place, row, floor, taken=row.subject == chosen)
            _beside(axes, place, row, told.get(row.subject), row.subject == chosen)
        names = [_name(row.subject) for row in shown]
        axes.set_yticks(range(len(shown)), names)
        for label, row in zip(axes.get_yticklabels(), shown, strict=True):
            label.set_fontweight("bold" if row.subject == chosen else "normal")
        axes.set_ylim(max(len(shown), 1) - 0.4, -0.6)
        axes.grid(visible=False, axis="y")
        axes.grid(visible=True, axis="x")
        axes.tick_params(axis="y", length=0, labelcolor=INK)
        axes.margins(x=0.05)
        if math.isfinite(floor):
            axes.set_xlim(left=floor)
        scale(axes.xaxis, unit, most=5)
        axes.set_xlabel(clean(measure, 60))

    return draw(
        paint,
        title=title,
        alt=_in_words(title, measure, shown, len(ranked), chosen, told),
        height=max(1.5, 1.0 + 0.31 * len(shown)),
    )


def _rank(row: Row) -> float:
    return -math.inf if math.isnan(row.value) else row.value


def _name(subject: str) -> str:
    """The name of an action, on two lines where one is too long."""
    line = clean(subject, 60) or "all"
    first, comma, rest = line.partition(", ")
    if len(line) > 28 and comma:
        return f"{clean(first, 30)},\n{clean(rest, 30)}"
    return clean(line, 30)


def _ends(row: Row) -> list[float]:
    return [end for end in (row.value, row.lower, row.upper) if math.isfinite(end)]


def _floor(rows: Sequence[Row]) -> float:
    """Where the drawing ends at the left, should a loss dwarf what else there is."""
    hopeful = [row for row in rows if not row.upper < 0 and _ends(row)]
    size = max((abs(end) for row in hopeful for end in _ends(row)), default=0.0)
    lowest = min((end for row in rows for end in _ends(row)), default=0.0)
    return -1.2 * size if size and lowest < -3 * size else -math.inf


def _bar(axes: Axes, place: int, row: Row, floor: float, *, taken: bool) -> None:
    if not math.isfinite(row.value):
        return
    strength = 1.0 if taken else 0.38
    value = max(row.value, floor)
    axes.barh(place, value, height=0.58, color=LINES[0], alpha=strength)
    if row.value < floor:
        axes.annotate(
            "\N{BLACK LEFT-POINTING TRIANGLE}",
            (floor, place),
            xytext=(3, 0),
            textcoords="offset points",
            va="center",
            ha="left",
            color=INK,
        )
    if min(_ends(row)) >= floor:
        whiskers(axes, row, place)
    if taken and row.value >= floor:
        axes.plot(
            [row.value], [place], "D", color=INK, markersize=5, zorder=6, clip_on=False
        )


def _beside(axes: Axes, place: int, row: Row, price: float | None, taken: bool) -> None:
    words = roughly(row.value, row.unit) + ("  chosen" if taken else "")
    below = "" if price is None or math.isnan(price) else roughly(price, row.unit)
    for text, rise, small in (
        (words, 4 if below else 0, False),
        (f"price {below}" if below else "", -6, True),
    ):
        axes.annotate(
            text,
            (1, place),
            xycoords=("axes fraction", "data"),
            xytext=(8, rise),
            textcoords="offset points",
            va="center",
            color=MUTED if small else INK,
            fontsize=7.5 if small else 9,
            fontweight="bold" if taken and not small else "normal",
        )


def _in_words(
    title: str,
    measure: str,
    shown: Sequence[Row],
    count: int,
    chosen: str,
    prices: Mapping[str, float],
) -> str:
    if not shown:
        return f"{clean(title, 80)}: nothing to draw."
    told = []
    for row in shown:
        ends = [roughly(end, row.unit) for end in (row.lower, row.upper)]
        if not (math.isfinite(row.lower) and math.isfinite(row.upper)):
            ends = []
        span = f" ({' to '.join(ends)})" if ends else ""
        price = prices.get(row.subject, math.nan)
        cost = "" if math.isnan(price) else f", price {roughly(price, row.unit)}"
        mark = ", chosen" if row.subject == chosen else ""
        name = clean(row.subject) or "all"
        told.append(f"{name} {roughly(row.value, row.unit)}{span}{cost}{mark}")
    actions = f"{count} action{'' if count == 1 else 's'}"
    words = f"{clean(title, 80)}: {clean(measure, 60)} of {actions}, largest first: "
    words += "; ".join(told) + "."
    if count > len(shown):
        words += f" {count - len(shown)} smaller ones are not drawn."
    return words
