"""The life of a model on one time line: its metric, and what was done with it."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from lifecycle.figures.axes import periods_axis, stroke
from lifecycle.figures.marks import Row, band, course, thresholds
from lifecycle.figures.picture import (
    ALERT,
    CARD,
    INK,
    LINES,
    MUTED,
    Picture,
    clean,
    compose,
    say,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["Happening", "life"]

_MOST_TOLD = 30  # happenings in the sentence
_MARKS = ("o", "s", "D", "v", "P", "X")


@dataclass(frozen=True, slots=True)
class Happening:
    """Something that happened to a model, or lasted.

    Parameters
    ----------
    lane : str
        The line it is drawn on: "releases", "rulings", "alerts".
    period : str
        The label of its chunk.
    text : str
        In a few words.
    until : str
        The chunk in which it ended, where it lasted; of what lasts still, the newest.
    mark : str
        A letter or a number in the drawing; empty for a mark alone.
    bad : bool
        Drawn in the colour of an alert, with a mark of its own.
    """

    lane: str
    period: str
    text: str
    until: str = ""
    mark: str = ""
    bad: bool = False


def life(
    realised: Sequence[Row],
    happenings: Sequence[Happening] = (),
    *,
    estimated: Sequence[Row] = (),
    title: str,
    unit: str = "",
) -> Picture:
    """Draw a metric over the chunks, and below it what happened when, lane by lane.

    Parameters
    ----------
    realised : sequence of findings
        The metric against outcomes, one a chunk; with intervals a band is drawn.
    happenings : sequence of Happening
        Lanes stand in the order of their first.
    estimated : sequence of findings
        The same metric before the outcomes; drawn as a second line.
    title : str
        What is shown.
    unit : str
        As in a finding: "%" for shares.

    Returns
    -------
    Picture

    Examples
    --------
    >>> from lifecycle.findings import Finding
    >>> rows = [Finding("accuracy", 0.8, 400, period="W1", unit="%"),
    ...     Finding("accuracy", 0.6, 400, period="W2", unit="%")]
    >>> done = [Happening("releases", "W2", "version 2 to production", mark="2")]
    >>> life(rows, done, title="Accuracy of leads", unit="%").alt
    'Accuracy of leads from W1 to W2: first 80.0%, lowest 60.0% (W2), last 60.0%.
    W2: version 2 to production.'
    """
    labels = sorted(
        {row.period for row in (*realised, *estimated) if row.period}
        | {each.period for each in happenings}
        | {each.until for each in happenings if each.until}
    )
    lanes = list(dict.fromkeys(each.lane for each in happenings))
    lines = {"realised": {row.period: row for row in realised if row.period}}
    if estimated:
        lines["estimated"] = {row.period: row for row in estimated if row.period}

    def fill(figure: Figure) -> None:
        tall = [3.0, 0.34 * max(1, len(lanes)) + 0.2]
        upper, lower = figure.subplots(2, 1, sharex=True, height_ratios=tall)
        _metric(upper, lines, labels, unit)
        _lanes(lower, labels, lanes, happenings)
        periods_axis(lower, labels, "", "")
        lower.set_yticks(
            range(len(lanes)), [clean(each.capitalize(), 14) for each in lanes]
        )
        lower.set_ylim(len(lanes) - 0.4, -0.6)
        lower.grid(visible=False)

    return compose(
        fill,
        title=title,
        alt=_told(title, labels, lines["realised"], happenings, unit),
        height=3.2 + 0.3 * len(lanes),
    )


def _metric(
    axes: Axes, lines: Mapping[str, Mapping[str, Row]], labels: list[str], unit: str
) -> None:
    band(axes, lines["realised"], labels, LINES[0])
    for place, (name, held) in enumerate(lines.items()):
        stroke(axes, course(held, labels), place)
        axes.lines[-1].set_label(name)
    thresholds(axes, lines.values(), labels, unit)
    periods_axis(axes, labels, "", unit)
    axes.tick_params(labelbottom=False)
    if len(lines) > 1:
        axes.legend(loc="lower left", ncols=len(lines))


def _lanes(
    axes: Axes,
    labels: Sequence[str],
    lanes: Sequence[str],
    happenings: Sequence[Happening],
) -> None:
    place = {label: number for number, label in enumerate(labels)}
    for y in range(len(lanes)):
        axes.axhline(y, color=MUTED, linewidth=0.5, alpha=0.5, zorder=1)
    reach, last = len(labels) / 40, dict.fromkeys(lanes, -math.inf)
    for each in sorted(happenings, key=lambda one: one.period):
        y, x = lanes.index(each.lane), place[each.period]
        colour = ALERT if each.bad else INK
        if each.until:
            ends: Any = [x, max(place[each.until], x + 0.3)]
            axes.plot(ends, [y, y], color=colour, linewidth=5, solid_capstyle="butt")
            continue
        mark = "X" if each.bad else _MARKS[y % len(_MARKS)]
        axes.scatter(
            [x], [y], marker=mark, s=40, color=colour, edgecolors=CARD, zorder=3
        )
        if each.mark and x - last[each.lane] > reach:
            axes.annotate(
                clean(each.mark, 6),
                (x, y),
                xytext=(0, 5),
                textcoords="offset points",
                ha="center",
                fontsize=7.5,
                color=colour,
            )
            last[each.lane] = x


def _told(
    title: str,
    labels: Sequence[str],
    held: Mapping[str, Row],
    happenings: Sequence[Happening],
    unit: str,
) -> str:
    values = {p: row.value for p, row in held.items() if not math.isnan(row.value)}
    name = clean(title, 80)
    if not labels:
        return f"{name}: nothing to draw."
    words = f"{name} from {labels[0]} to {labels[-1]}"
    if values:
        known = sorted(values)
        low = min(known, key=values.__getitem__)
        words += (
            f": first {say(values[known[0]], unit)}, lowest {say(values[low], unit)} "
            f"({low}), last {say(values[known[-1]], unit)}."
        )
    else:
        words += ": nothing measured yet."
    listed = [
        f"{each.period}{f' to {each.until}' if each.until else ''}: "
        f"{clean(each.text, 60)}"
        for each in sorted(happenings, key=lambda one: one.period)
    ]
    if len(listed) > _MOST_TOLD:
        listed = [f"{len(listed) - _MOST_TOLD} earlier ones", *listed[-_MOST_TOLD:]]
    return f"{words} {'; '.join(listed)}." if listed else words
