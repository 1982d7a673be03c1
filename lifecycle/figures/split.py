"""Parts of a change: signed bars, each beginning where the one before it ended."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from lifecycle.figures.axes import scale
from lifecycle.figures.marks import Row, beside, reach, whiskers
from lifecycle.figures.picture import (
    ALERT,
    CARD,
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

__all__ = ["parts"]

_MOST = 14
_ALL = "altogether"
_JOIN: dict[str, Any] = {"color": MUTED, "linewidth": 0.9}


def parts(rows: Sequence[Row], *, title: str) -> Picture:
    """Draw a change split into its causes: signed parts that add up, with intervals.

    Parameters
    ----------
    rows : sequence of findings
        One a cause, named by its subject, drawn in their order; the value is signed.
        A row without a subject is the change altogether; without one it is the sum of
        the parts. Where the parts do not add up to it, a bar says what is not
        explained. Beyond fourteen the last are left out of the drawing and of the
        sum.
    title : str
        What is split, in a few words.

    Returns
    -------
    Picture
        Each bar begins where the one before it ended; the whiskers are the interval
        of the part. An undefined part has no bar.

    Examples
    --------
    >>> from lifecycle.findings import Finding
    >>> rows = [Finding("loss", -0.06, 400, -0.08, -0.04, subject="concept", unit="%"),
    ...     Finding("loss", 0.01, 400, 0.0, 0.02, subject="season", unit="%"),
    ...     Finding("loss", -0.05, 400, -0.07, -0.03, unit="%")]
    >>> print(parts(rows, title="Accuracy lost").alt.replace("\N{MINUS SIGN}", "-"))
    Accuracy lost, in 2 parts: concept -6.0% (-8.0% to -4.0%); season +1.0% (0.0% to
    2.0%); altogether -5.0% (-7.0% to -3.0%).
    """
    named = [row for row in rows if row.subject]
    shown = named[:_MOST]
    given = next((row for row in rows if not row.subject), None)
    unit = rows[0].unit if rows else ""
    total = math.fsum(row.value for row in shown if math.isfinite(row.value))
    whole = total
    if given is not None and math.isfinite(given.value):
        whole = given.value
    rest = whole - total
    size = max([abs(whole), *(abs(v.value) for v in shown if math.isfinite(v.value))])
    unexplained = abs(rest) > 1e-9 * size
    lines = [clean(row.subject, 28) for row in shown]
    lines += ["not explained"] * unexplained + [_ALL]

    def paint(axes: Axes) -> None:
        start = 0.0
        for place, row in enumerate(shown):
            _signed(axes, place, start, row)
            start += row.value if math.isfinite(row.value) else 0.0
        if unexplained:
            _bar(axes, len(shown), start, rest, CARD, edge=MUTED)
            beside(axes, len(shown), signed(rest, unit), alert=False)
            ends = [len(shown) + 0.31, len(shown) + 0.69]
            axes.plot([whole, whole], ends, **_JOIN)
        last = len(lines) - 1
        _bar(axes, last, 0.0, whole, MUTED)
        loud = given is not None and given.verdict == "alert"
        beside(axes, last, signed(whole, unit), alert=loud)
        if given is not None:
            whiskers(axes, given, last)
        axes.axvline(0, color=MUTED, linewidth=0.8)
        axes.set_yticks(range(len(lines)), lines)
        axes.set_ylim(len(lines) - 0.4, -0.6)
        axes.grid(visible=False, axis="y")
        axes.grid(visible=True, axis="x")
        axes.tick_params(axis="y", length=0, labelcolor=INK)
        axes.margins(x=0.06)
        scale(axes.xaxis, unit)
        axes.get_yticklabels()[-1].set_fontweight("bold")

    def blank(axes: Axes) -> None:
        axes.set_axis_off()
        axes.text(0.5, 0.5, "nothing to draw", color=MUTED, ha="center", va="center")

    if not rows:
        words = f"{clean(title, 80)}: nothing to draw."
        return draw(blank, title=title, alt=words, height=1.2)
    left = len(named) - len(shown)
    alt = _in_words(title, shown, rest if unexplained else 0.0, whole, given, left)
    return draw(paint, title=title, alt=alt, height=1.0 + 0.3 * len(lines))


def signed(value: float, unit: str) -> str:
    """A number with its sign, also where it is positive.

    Examples
    --------
    >>> signed(0.01, "%"), signed(0.0, "%")
    ('+1.0%', '0.0%')
    """
    return ("+" if value > 0 else "") + say(value, unit)


def _signed(axes: Axes, place: int, start: float, row: Row) -> None:
    if not math.isfinite(row.value):
        beside(axes, place, say(row.value, row.unit), alert=row.verdict == "alert")
        axes.plot([start, start], [place - 0.31, place + 0.69], **_JOIN)
        return
    alert = row.verdict == "alert"
    colour = LINES[0] if row.value >= 0 else LINES[1]
    _bar(axes, place, start, row.value, ALERT if alert else colour)
    whiskers(axes, row, place, start=start)
    end = start + row.value
    axes.plot([end, end], [place + 0.31, place + 0.69], **_JOIN)
    beside(axes, place, signed(row.value, row.unit), alert=alert)


def _bar(
    axes: Axes, place: int, start: float, length: float, colour: str, edge: str = ""
) -> None:
    falls = length < 0 and not edge
    axes.barh(
        place,
        length,
        left=start,
        height=0.62,
        color=colour,
        edgecolor=edge or (CARD if falls else colour),
        hatch="////" if falls and colour != MUTED else None,
        linewidth=0.8 if edge else 0,
    )


def _in_words(
    title: str,
    shown: Sequence[Row],
    rest: float,
    whole: float,
    given: Row | None,
    left: int,
) -> str:
    def told(name: str, value: float, row: Row | None, unit: str) -> str:
        ends = f" ({reach(row)})" if row is not None and reach(row) else ""
        loud = " (alert)" if row is not None and row.verdict == "alert" else ""
        return f"{name} {signed(value, unit)}{ends}{loud}"

    unit = shown[0].unit if shown else given.unit if given is not None else ""
    words = [told(clean(row.subject), row.value, row, row.unit) for row in shown]
    words += [told("not explained", rest, None, unit)] if rest else []
    words.append(told(_ALL, whole, given, unit))
    count = f"{len(shown)} part{'' if len(shown) == 1 else 's'}"
    end = f" {left} more parts are not drawn." if left else ""
    return f"{clean(title, 80)}, in {count}: {'; '.join(words)}.{end}"
