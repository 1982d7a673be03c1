"""Small multiples: several courses over the same periods, a panel each."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from lifecycle.figures.axes import newest, scale
from lifecycle.figures.marks import Row, alerts, band, course, thresholds
from lifecycle.figures.picture import (
    ALERT,
    INK,
    LINES,
    MUTED,
    Picture,
    clean,
    compose,
    say,
    some,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["small_multiples"]

_MOST_PANELS = 9
_Held = Mapping[str, Row]


def small_multiples(
    panels: Sequence[tuple[str, Sequence[Row]]], *, title: str, columns: int = 3
) -> Picture:
    """Draw several courses over the same periods, each in a panel of its own.

    Parameters
    ----------
    panels : sequence of (name, findings)
        In the order of their importance; a finding a period, as for `over_time`. Of
        more than nine panels the first are drawn, the others are told in words.
    title : str
        What is asked, in a few words.
    columns : int
        Panels side by side, 1 to 4.

    Returns
    -------
    Picture
        Every panel has its own scale, and its name and newest value above it.

    Raises
    ------
    ValueError
        When there are not 1 to 4 columns.

    Examples
    --------
    >>> from lifecycle.findings import Finding
    >>> rows = [Finding("ks", v, 900, threshold=0.1, verdict=said, period=p)
    ...     for v, said, p in ((0.04, "quiet", "W1"), (0.31, "alert", "W2"))]
    >>> small_multiples([("plan", rows)], title="What moved most").alt
    'What moved most: 1 panel from W1 to W2. plan: first 0.040, newest 0.310 (W2),
    threshold 0.100, alert in W2.'
    """
    if not 1 <= columns <= 4:
        raise ValueError(f"columns must be 1 to 4, got {columns}; use 3")
    held = [
        (str(name), {row.period: row for row in rows if row.period})
        for name, rows in panels
    ]
    shown, rest = held[:_MOST_PANELS], [name for name, _ in held[_MOST_PANELS:]]
    periods = sorted({period for _, rows in shown for period in rows})
    beside = min(columns, max(1, len(shown)))
    down = math.ceil(len(shown) / beside)

    def fill(figure: Figure) -> None:
        layout: Any = figure.get_layout_engine()
        layout.set(w_pad=0.08, h_pad=0.06, wspace=0.03, hspace=0.04)
        for place, (name, rows) in enumerate(shown):
            axes = figure.add_subplot(down, beside, place + 1)
            lowest = place + beside >= len(shown)
            _panel(axes, name, rows, periods, labelled=lowest, wide=beside)
        if rest:
            line = f"Not drawn: {some((clean(name, 24) for name in rest), 4)}"
            figure.supxlabel(clean(line, 110), x=0.008, ha="left", color=MUTED, size=8)
        if not shown:
            axes = figure.add_subplot()
            axes.set_axis_off()
            axes.text(0.5, 0.5, "nothing to draw", color=MUTED, ha="center")

    alt = _in_words(title, shown, periods, rest)
    height = 1.2 if not shown else 0.45 + 1.3 * down + (0.2 if rest else 0)
    return compose(fill, title=title, alt=alt, height=height)


def _panel(
    axes: Axes,
    name: str,
    held: _Held,
    periods: Sequence[str],
    *,
    labelled: bool,
    wide: int,
) -> None:
    unit = _unit(held)
    values = course(held, periods)
    band(axes, held, periods, LINES[0])
    thresholds(axes, [held], periods, unit, named=False)
    axes.plot(range(len(periods)), values, color=LINES[0], linewidth=1.5)
    known = [place for place, value in enumerate(values) if not math.isnan(value)]
    axes.plot(known[-1:], [values[k] for k in known[-1:]], "o", color=LINES[0])
    alerts(axes, [held], periods, size=22)
    loud = bool(known) and held[periods[known[-1]]].verdict == "alert"
    said = ("\N{BLACK DIAMOND} " if loud else "") + say(newest(values), unit)
    room = max(8, 78 // wide - len(said))
    bold: dict[str, Any] = {"size": 8.5, "weight": "bold", "color": INK}
    axes.set_title(clean(name, room), loc="left", y=1.0, **bold)  # y: not measured
    axes.set_title(
        said,
        loc="right",
        y=1.0,
        size=8.5,
        color=ALERT if loud else MUTED,
        weight="bold" if loud else "normal",
    )
    axes.set_xlim(-0.5, max(len(periods) - 0.5, 0.5))
    axes.margins(y=0.15)
    scale(axes.yaxis, unit, most=3)
    axes.tick_params(length=2, labelsize=8)
    ends = sorted({0, len(periods) - 1}) if periods else []
    names = [clean(periods[place], 10) for place in ends] if labelled else []
    axes.set_xticks(ends, names or [""] * len(ends))
    if len(ends) > 1:  # the first and the last stay within their panel
        first, last = axes.get_xticklabels()
        first.set_horizontalalignment("left")
        last.set_horizontalalignment("right")
    if not known:
        axes.set_yticks([])
        middle: dict[str, Any] = {
            "transform": axes.transAxes,
            "ha": "center",
            "va": "center",
        }
        axes.text(0.5, 0.5, "undefined", color=MUTED, fontsize=8, **middle)


def _unit(held: _Held) -> str:
    return next((row.unit for row in held.values()), "")


def _in_words(
    title: str,
    shown: Sequence[tuple[str, _Held]],
    periods: Sequence[str],
    rest: Sequence[str],
) -> str:
    if not periods:
        return f"{clean(title, 80)}: nothing to draw."
    count = f"{len(shown)} panel{'s' if len(shown) > 1 else ''}"
    span = f"from {clean(periods[0])} to {clean(periods[-1])}"
    words = [f"{clean(title, 80)}: {count} {span}."]
    for name, held in shown:
        unit = _unit(held)
        known = [p for p in periods if p in held and math.isfinite(held[p].value)]
        if not known:
            words.append(f"{clean(name)}: undefined.")
            continue
        first, last = held[known[0]], held[known[-1]]
        line = f"{clean(name)}: first {say(first.value, unit)}, "
        line += f"newest {say(last.value, unit)} ({clean(known[-1])})"
        if math.isfinite(last.threshold):
            line += f", threshold {say(last.threshold, unit)}"
        loud = [p for p in periods if p in held and held[p].verdict == "alert"]
        words.append(f"{line}, {f'alert in {some(loud, 3)}' if loud else 'no alert'}.")
    if rest:
        words.append(f"Not drawn: {some(rest)}.")
    return " ".join(words)
