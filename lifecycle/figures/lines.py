"""A measure over the periods: its line, band, threshold and alerts."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from lifecycle.figures.axes import legend, name_ends, newest, periods_axis, stroke
from lifecycle.figures.marks import Row, alerts, band, course, limits, thresholds
from lifecycle.figures.picture import LINES, Picture, clean, draw, say, some

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["over_time"]

_MOST_LINES = 6


def over_time(rows: Sequence[Row], *, title: str, measure: str) -> Picture:
    """Draw a measure over its periods, with band, threshold and alerts.

    Parameters
    ----------
    rows : sequence of findings
        One a period and subject, with `value`, `lower`, `upper`, `threshold`,
        `verdict`, `period`, `subject` and `unit`. Rows without a period are left
        out; a period whose value is `nan` leaves a gap. Each subject is a line; of
        more than six subjects those with the most alerts are drawn.
    title : str
        What is asked, in a few words.
    measure : str
        The name of the measure.

    Returns
    -------
    Picture

    Examples
    --------
    >>> from lifecycle.findings import Finding
    >>> rows = [
    ...     Finding("accuracy", 0.8, 400, threshold=0.7, verdict="quiet", period="W1"),
    ...     Finding("accuracy", 0.6, 400, threshold=0.7, verdict="alert", period="W2"),
    ... ]
    >>> over_time(rows, title="Performance", measure="accuracy").alt
    'Performance: accuracy from W1 to W2. Newest 0.600, highest 0.800 (W1), lowest
    0.600 (W2). Threshold 0.700. Alert in W2.'
    """
    rows = [row for row in rows if row.period]
    periods = sorted({row.period for row in rows})
    every: dict[str, dict[str, Row]] = {}
    for row in rows:
        every.setdefault(row.subject, {})[row.period] = row
    lines = dict(sorted(every.items(), key=_loudest)[:_MOST_LINES])
    unit = rows[0].unit if rows else ""
    left_out = len(every) - len(lines)

    def paint(axes: Axes) -> None:
        for place, held in enumerate(lines.values()):
            if len(lines) <= 2:
                band(axes, held, periods, LINES[place])
            stroke(axes, course(held, periods), place)
        thresholds(axes, lines.values(), periods, unit)
        alerts(axes, lines.values(), periods)
        periods_axis(axes, periods, measure, unit)
        if len(lines) > 1:
            name_ends(
                axes, {k: newest(course(held, periods)) for k, held in lines.items()}
            )
        legend(axes)

    alt = _in_words(title, measure, periods, lines, unit)
    if left_out:
        alt += f" {left_out} more are not drawn."
    return draw(paint, title=title, alt=alt, height=3.1 if rows else 1.2)


def _loudest(pair: tuple[str, Mapping[str, Row]]) -> tuple[float, float]:
    held = pair[1].values()
    values = [abs(row.value) for row in held if not math.isnan(row.value)]
    loud = sum(row.verdict == "alert" for row in held)
    return (-loud, -values[-1] if values else 0.0)


def _in_words(
    title: str,
    measure: str,
    periods: list[str],
    lines: Mapping[str, Mapping[str, Row]],
    unit: str,
) -> str:
    if not periods:
        return f"{clean(title, 80)}: no periods to draw."
    name = clean(measure.replace("_", " "), 60)
    words = [f"{clean(title, 80)}: {name} from {periods[0]} to {periods[-1]}."]
    for subject, held in lines.items():
        rows = [held[p] for p in periods if p in held and not math.isnan(held[p].value)]
        about = f"{clean(subject)}: newest" if subject else "Newest"
        if not rows:
            words.append(f"{about} undefined.")
            continue
        high = max(rows, key=lambda row: row.value)
        low = min(rows, key=lambda row: row.value)
        words.append(
            f"{about} {say(rows[-1].value, unit)}, "
            f"highest {say(high.value, unit)} ({high.period}), "
            f"lowest {say(low.value, unit)} ({low.period})."
        )
    marks = limits(row for held in lines.values() for row in held.values())
    if len(marks) == 1:
        words.append(f"Threshold {say(marks.pop(), unit)}.")
    loud = sorted(
        {p for held in lines.values() for p in held if held[p].verdict == "alert"}
    )
    words.append(f"Alert in {some(loud)}." if loud else "No alert.")
    return " ".join(words)
