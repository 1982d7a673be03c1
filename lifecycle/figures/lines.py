"""A measure over the periods: its line, band, threshold and alerts."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Protocol

from lifecycle.figures.axes import legend, name_ends, newest, periods_axis, stroke
from lifecycle.figures.picture import (
    ALERT,
    CARD,
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

__all__ = ["over_time"]

_MOST_LINES = 6


class _Row(Protocol):
    @property
    def value(self) -> float: ...
    @property
    def lower(self) -> float: ...
    @property
    def upper(self) -> float: ...
    @property
    def threshold(self) -> float: ...
    @property
    def verdict(self) -> str: ...
    @property
    def period(self) -> str: ...
    @property
    def subject(self) -> str: ...
    @property
    def unit(self) -> str: ...


def over_time(rows: Sequence[_Row], *, title: str, measure: str) -> Picture:
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
    every: dict[str, dict[str, _Row]] = {}
    for row in rows:
        every.setdefault(row.subject, {})[row.period] = row
    lines = dict(sorted(every.items(), key=_loudest)[:_MOST_LINES])
    unit = rows[0].unit if rows else ""
    left_out = len(every) - len(lines)

    def paint(axes: Axes) -> None:
        for place, held in enumerate(lines.values()):
            _line(axes, periods, held, place, banded=len(lines) <= 2)
        _thresholds(axes, periods, lines, unit)
        _alerts(axes, periods, lines)
        periods_axis(axes, periods, measure, unit)
        if len(lines) > 1:
            name_ends(axes, {k: _end(periods, held) for k, held in lines.items()})
        legend(axes)

    alt = _in_words(title, measure, periods, lines, unit)
    if left_out:
        alt += f" {left_out} more are not drawn."
    return draw(paint, title=title, alt=alt, height=3.1 if rows else 1.2)


def _loudest(pair: tuple[str, Mapping[str, _Row]]) -> tuple[float, float]:
    held = pair[1].values()
    values = [abs(row.value) for row in held if not math.isnan(row.value)]
    alerts = sum(row.verdict == "alert" for row in held)
    return (-alerts, -values[-1] if values else 0.0)


def _line(
    axes: Axes,
    periods: list[str],
    held: Mapping[str, _Row],
    place: int,
    *,
    banded: bool,
) -> None:
    colour = LINES[place % len(LINES)]
    values = [held[p].value if p in held else math.nan for p in periods]
    x = range(len(periods))
    if banded:
        lower = [held[p].lower if p in held else math.nan for p in periods]
        upper = [held[p].upper if p in held else math.nan for p in periods]
        if not all(map(math.isnan, lower)):
            axes.fill_between(x, lower, upper, color=colour, alpha=0.18, linewidth=0)
    stroke(axes, values, place)


def _thresholds(
    axes: Axes, periods: list[str], lines: Mapping[str, Mapping[str, _Row]], unit: str
) -> None:
    values = {row.threshold for held in lines.values() for row in held.values()}
    values = {value for value in values if not math.isnan(value)}
    if len(values) == 1:
        at = values.pop()
        axes.axhline(at, color=MUTED, linestyle=(0, (4, 3)), linewidth=1)
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
    for held in lines.values() if values else ():
        steps = [held[p].threshold if p in held else math.nan for p in periods]
        axes.step(
            range(len(periods)),
            steps,
            where="mid",
            color=MUTED,
            linestyle=(0, (4, 3)),
            linewidth=1,
        )


def _alerts(
    axes: Axes, periods: list[str], lines: Mapping[str, Mapping[str, _Row]]
) -> None:
    found = [
        (periods.index(period), row.value)
        for held in lines.values()
        for period, row in held.items()
        if row.verdict == "alert" and not math.isnan(row.value)
    ]
    if found:
        axes.scatter(
            [place for place, _ in found],
            [value for _, value in found],
            marker="D",
            s=42,
            color=ALERT,
            edgecolors=CARD,
            linewidths=1,
            zorder=5,
            label="alert",
        )


def _in_words(
    title: str,
    measure: str,
    periods: list[str],
    lines: Mapping[str, Mapping[str, _Row]],
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
    marks = {row.threshold for held in lines.values() for row in held.values()}
    marks = {mark for mark in marks if not math.isnan(mark)}
    if len(marks) == 1:
        words.append(f"Threshold {say(marks.pop(), unit)}.")
    alerts = sorted(
        {p for held in lines.values() for p in held if held[p].verdict == "alert"}
    )
    words.append(f"Alert in {some(alerts)}." if alerts else "No alert.")
    return " ".join(words)


def _end(periods: list[str], held: Mapping[str, _Row]) -> float:
    return newest([held[p].value for p in periods if p in held])
