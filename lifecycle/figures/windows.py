"""A back-test by window: what options would have saved against the champion."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from lifecycle.figures.axes import newest, periods_axis, roomy, spread, stroke
from lifecycle.figures.marks import Row, band, course
from lifecycle.figures.picture import (
    INK,
    LINES,
    MUTED,
    Picture,
    clean,
    draw,
    say,
    some,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["by_window"]

_MOST_LINES = 3
_MOST_REASONS = 4


def by_window(
    rows: Sequence[Row],
    *,
    title: str,
    measure: str = "errors saved a row",
    left_out: Mapping[str, str] | None = None,
) -> Picture:
    """Draw what options saved against the champion, window by window, with bands.

    Parameters
    ----------
    rows : sequence of findings
        One a window and option, `period` and `subject`; above 0 the option is better
        than the champion. The options that come first are drawn, at most three.
    title : str
        What is asked, in a few words.
    measure : str
        What is saved.
    left_out : mapping of str to str, optional
        Windows that are left out, and why: hatched, the reasons written below.

    Returns
    -------
    Picture
        A window without a value leaves a gap.

    Examples
    --------
    >>> from lifecycle.findings import Finding
    >>> rows = [Finding("difference", 0.04, 400, 0.02, 0.06, period=week,
    ...     subject="retrain") for week in ("W1", "W3")]
    >>> by_window(rows, title="Back-test", left_out={"W2": "visits frozen"}).alt
    'Back-test: errors saved a row against the champion, from W1 to W3. retrain: above 0
    in 2 of 2 windows, newest 0.040 (0.020 to 0.060, W3). Left out: W2, visits frozen.'
    """
    rows = [row for row in rows if row.period]
    why = {str(window): str(reason) for window, reason in (left_out or {}).items()}
    periods = sorted({row.period for row in rows} | set(why))
    every: dict[str, dict[str, Row]] = {}
    for row in rows:
        every.setdefault(row.subject, {})[row.period] = row
    lines = dict(list(every.items())[:_MOST_LINES])
    unit = rows[0].unit if rows else ""
    reasons = _reasons(why)

    def paint(axes: Axes) -> None:
        roomy(axes)
        _hatched(axes, [periods.index(window) for window in why])
        for place, held in enumerate(lines.values()):
            band(axes, held, periods, LINES[place], 0.16)
            _lone(axes, held, periods, LINES[place])
            stroke(axes, course(held, periods), place)
        if periods:
            axes.axhline(0, color=INK, linewidth=1.2, zorder=1.5)
        periods_axis(axes, periods, measure, unit)
        axes.set_xlim(-0.6, max(len(periods), 1) - 0.4)
        if periods:
            _named(axes, {n: newest(course(h, periods)) for n, h in lines.items()})
        for place, line in enumerate(reasons):
            axes.annotate(
                line,
                (0, 0),
                xycoords="axes fraction",
                xytext=(0, -26 - 12 * place),
                textcoords="offset points",
                color=MUTED,
                va="top",
                fontsize=8,
            )

    alt = _in_words(title, measure, periods, lines, why, unit)
    if len(every) > len(lines):
        alt += f" {len(every) - len(lines)} more options are not drawn."
    height = 3.1 if periods else 1.2
    return draw(paint, title=title, alt=alt, height=height + 0.17 * len(reasons))


def _lone(
    axes: Axes, held: Mapping[str, Row], periods: Sequence[str], colour: str
) -> None:
    """Draw the interval of a window that stands alone, where no band can."""
    values = [math.nan, *course(held, periods), math.nan]
    ends = zip(*(course(held, periods, e) for e in ("lower", "upper")), strict=True)
    for place, (low, high) in enumerate(ends):
        beside = (values[place], values[place + 2])
        if all(map(math.isnan, beside)) and not math.isnan(low + high):
            axes.plot([place] * 2, [low, high], color=colour, linewidth=4, alpha=0.3)


def _named(axes: Axes, ends: Mapping[str, float]) -> None:
    """Name each line at its right end, and the line at 0 as the champion's."""
    low, high = axes.get_ylim()
    axes.set_ylim(low, high)
    at = {name: 0.0 if math.isnan(end) else end for name, end in ends.items()}
    heights = spread([(x - low) / (high - low) for x in (*at.values(), 0.0)], 0.075)
    names = [clean(name.replace("_", " "), 22) or "all" for name in at]
    for place, (name, height) in enumerate(
        zip([*names, "champion"], heights, strict=True)
    ):
        axes.text(
            1.01,
            height,
            name,
            transform=axes.transAxes,
            color=INK if place == len(at) else LINES[place],
            va="center",
            fontweight="normal" if place == len(at) else "bold",
        )


def _hatched(axes: Axes, places: Sequence[int]) -> None:
    for place in places:
        axes.axvspan(
            place - 0.5,
            place + 0.5,
            facecolor="none",
            edgecolor=MUTED,
            hatch="////",
            linewidth=0,
            alpha=0.55,
            zorder=0.5,
        )


def _reasons(why: Mapping[str, str]) -> list[str]:
    """One line a reason, with the windows it holds for."""
    grouped: dict[str, list[str]] = {}
    for window in sorted(why):
        grouped.setdefault(why[window], []).append(window)
    told = [
        clean(f"Hatched, left out: {some(windows, 3)}: {reason}", 110)
        for reason, windows in grouped.items()
    ]
    if len(told) > _MOST_REASONS:
        told = [*told[:_MOST_REASONS], f"and {len(told) - _MOST_REASONS} more reasons"]
    return told


def _in_words(
    title: str,
    measure: str,
    periods: Sequence[str],
    lines: Mapping[str, Mapping[str, Row]],
    why: Mapping[str, str],
    unit: str,
) -> str:
    if not periods:
        return f"{clean(title, 80)}: no windows to draw."
    span = f"from {clean(periods[0])} to {clean(periods[-1])}"
    about = f"{clean(title, 80)}: {clean(measure, 60)}"
    words = [f"{about} against the champion, {span}."]
    for name, held in lines.items():
        known = [held[p] for p in periods if p in held and math.isfinite(held[p].value)]
        if not known:
            words.append(f"{clean(name) or 'all'}: undefined.")
            continue
        last, better = known[-1], sum(row.value > 0 for row in known)
        ends = [last.lower, last.upper]
        told = [" to ".join(say(end, unit) for end in ends)] if _both(ends) else []
        about = ", ".join([*told, clean(last.period)])
        words.append(
            f"{clean(name) or 'all'}: above 0 in {better} of {len(known)} windows, "
            f"newest {say(last.value, unit)} ({about})."
        )
    if why:
        told = [f"{clean(window)}, {clean(why[window], 60)}" for window in sorted(why)]
        words.append(f"Left out: {'; '.join(told[:12])}.")
    return " ".join(words)


def _both(ends: Sequence[float]) -> bool:
    return all(map(math.isfinite, ends))
