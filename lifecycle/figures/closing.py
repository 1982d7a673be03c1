"""An interval that closes over time, look by look."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

from lifecycle.figures.axes import legend, periods_axis, roomy, stroke
from lifecycle.figures.marks import DASHED, Row, band, course, reach
from lifecycle.figures.picture import INK, LINES, MUTED, Picture, clean, draw, say

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["closing"]

_AIMED = "worth having"


def closing(
    rows: Sequence[Row], *, title: str, measure: str, aim: float = math.nan
) -> Picture:
    """Draw a difference and its interval at each look, until it leaves 0.

    Parameters
    ----------
    rows : sequence of findings
        One a look, `period` ascending, with `value`, `lower`, `upper`, `n` and `unit`.
        An end that is infinite or missing leaves a gap.
    title : str
        What is asked, in a few words.
    measure : str
        What differs.
    aim : float
        The smallest difference worth having, drawn as a dashed line; negative where
        less is better.

    Returns
    -------
    Picture
        Ends that lie far outside at the first looks are cut off.

    Examples
    --------
    >>> from lifecycle.findings import Finding
    >>> rows = [Finding("accuracy", 0.03, 400, 0.0, 0.08, period="W1"),
    ...     Finding("accuracy", 0.04, 900, 0.01, 0.07, period="W2")]
    >>> closing(rows, title="Trial", measure="accuracy", aim=0.02).alt
    'Trial: difference in accuracy from W1 to W2. Newest 0.040 (0.010 to 0.070, n 900);
    at the first look 0.030 (0.000 to 0.080, n 400). 0 was left at W2. Worth having from
    0.020.'
    """
    rows = [row for row in rows if row.period]
    periods = [row.period for row in rows]
    held = {row.period: row for row in rows}
    unit = rows[0].unit if rows else ""

    def paint(axes: Axes) -> None:
        roomy(axes)
        band(axes, held, periods, LINES[0])
        for end in ("lower", "upper"):
            edge = course(held, periods, end)
            axes.plot(range(len(periods)), edge, color=LINES[0], linewidth=0.8)
        if len(rows) == 1 and reach(rows[0]):
            both = [rows[0].lower, rows[0].upper]
            axes.plot([0, 0], both, color=LINES[0], linewidth=4, alpha=0.3)
        stroke(axes, course(held, periods), 0)
        axes.axhline(0, color=INK, linewidth=1.2, zorder=1.5)
        if math.isfinite(aim):
            axes.axhline(aim, color=MUTED, linestyle=DASHED, linewidth=1, label=_AIMED)
        periods_axis(axes, periods, f"difference in {measure}", unit)
        low, high = _sight(rows, aim)
        if low < high:
            axes.set_ylim(low, high)
        axes.set_xlim(-0.4, max(len(periods), 1) - 0.6)
        legend(axes)

    alt = _in_words(title, measure, rows, aim)
    return draw(paint, title=title, alt=alt, height=3.1 if rows else 1.2)


def _sight(rows: Sequence[Row], aim: float) -> tuple[float, float]:
    """From where to where: all values, and the ends of the later half of the looks."""
    later = rows[len(rows) // 2 :]
    seen = [0.0, aim, *(row.value for row in rows)]
    seen += [end for row in later for end in (row.lower, row.upper)]
    known = [each for each in seen if math.isfinite(each)]
    room = 0.12 * (max(known) - min(known))
    return min(known) - room, max(known) + room


def _in_words(title: str, measure: str, rows: Sequence[Row], aim: float) -> str:
    if not rows:
        return f"{clean(title, 80)}: no looks to draw."
    unit = rows[0].unit
    name = clean(measure.replace("_", " "), 60)
    first, last = rows[0], rows[-1]
    words = (
        f"{clean(title, 80)}: difference in {name} from {clean(first.period)} to "
        f"{clean(last.period)}. Newest {_told(last)}"
    )
    if len(rows) > 1:
        words += f"; at the first look {_told(first)}"
    left = next((row.period for row in rows if row.lower > 0 or row.upper < 0), "")
    words += f". 0 was left at {clean(left)}." if left else ". 0 is still inside."
    if math.isfinite(aim):
        words += f" Worth having from {say(aim, unit)}."
    return words


def _told(row: Row) -> str:
    both = reach(row)
    inside = f"{both}, n {row.n:,}" if both else f"n {row.n:,}"
    return f"{say(row.value, row.unit)} ({inside})"
