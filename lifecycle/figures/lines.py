"""Lines over the periods: a measure with its band, and two courses side by side."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Protocol

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
    scale,
    some,
    spread,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["over_time", "versus"]

_MOST_LINES = 6
_MOST_EVENTS = 12
_DASHES = ("-", (0, (5, 1.5)), (0, (1.5, 1.2)), (0, (6, 1.5, 1.5, 1.5)), "-", "-")
_MARKS = ("o", "s", "v", "P", "X", "*")


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
        _axis(axes, periods, measure, unit)
        if len(lines) > 1:
            _names(axes, {name: _last(periods, held) for name, held in lines.items()})
        _legend(axes)

    alt = _in_words(title, measure, periods, lines, unit)
    if left_out:
        alt += f" {left_out} more are not drawn."
    return draw(paint, title=title, alt=alt)


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
    axes.plot(
        x,
        values,
        color=colour,
        linestyle=_DASHES[place % len(_DASHES)],
        marker=_MARKS[place % len(_MARKS)],
    )


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


def _axis(axes: Axes, periods: list[str], measure: str, unit: str) -> None:
    step = max(1, math.ceil(len(periods) / 8))
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


def _last(periods: list[str], held: Mapping[str, _Row]) -> float:
    values = [held[p].value for p in periods if p in held]
    return next(
        (value for value in reversed(values) if not math.isnan(value)), math.nan
    )


def _names(axes: Axes, ends: Mapping[str, float]) -> None:
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


def _legend(axes: Axes) -> None:
    handles, labels = axes.get_legend_handles_labels()
    if handles:
        where: dict[str, Any] = {"loc": "lower right", "bbox_to_anchor": (1, 1)}
        axes.legend(handles, labels, borderaxespad=0.3, handletextpad=0.2, **where)


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


def versus(
    lines: Mapping[str, tuple[Sequence[str], Sequence[float]]],
    *,
    title: str,
    threshold: float | None = None,
    events: Sequence[tuple[str, str]] = (),
    unit: str = "",
) -> Picture:
    """Draw courses side by side, such as managed against unmanaged.

    Parameters
    ----------
    lines : mapping of str to (labels, values)
        Labels sort as text; `nan` leaves a gap.
    title : str
        What is compared.
    threshold : float, optional
        Drawn as a dashed line.
    events : sequence of (label, text)
        What happened when; marked by letters, explained below the drawing. The
        same text has one letter. Of more than twelve texts the first are drawn.
    unit : str
        As in a finding: "%" for shares.

    Returns
    -------
    Picture

    Examples
    --------
    >>> course = {"managed": (["W1", "W2"], [0.85, 0.84])}
    >>> versus(course, title="Accuracy", events=[("W2", "retrained")], unit="%").alt
    'Accuracy: from W1 to W2. managed: first 85.0%, lowest 84.0% (W2), last 84.0%.
    Events: retrained (W2).'
    """
    labels = sorted({str(label) for names, _ in lines.values() for label in names})
    texts = list(dict.fromkeys(text for _, text in events))
    letters = {text: chr(ord("A") + k) for k, text in enumerate(texts[:_MOST_EVENTS])}
    held = {
        name: dict(zip(map(str, names), map(float, values), strict=True))
        for name, (names, values) in lines.items()
    }
    key = [f"{letter}  {clean(text, 44)}" for text, letter in letters.items()]
    if len(texts) > len(letters):
        key.append(f"and {len(texts) - len(letters)} more")

    def paint(axes: Axes) -> None:
        for place, course in enumerate(held.values()):
            axes.plot(
                range(len(labels)),
                [course.get(label, math.nan) for label in labels],
                color=LINES[place % len(LINES)],
                linestyle=_DASHES[place % len(_DASHES)],
                marker=_MARKS[place % len(_MARKS)],
            )
        if threshold is not None and not math.isnan(threshold):
            axes.axhline(threshold, color=MUTED, linestyle=(0, (4, 3)), linewidth=1)
        _axis(axes, labels, "", unit)
        low, high = axes.get_ylim()
        axes.set_ylim(low, high + (high - low) * 0.12)
        _events(axes, labels, events, letters)
        _names(axes, {name: _end(labels, course) for name, course in held.items()})
        for place, line in enumerate(key):
            axes.annotate(
                line,
                (0.5 * (place % 2), 0),
                xycoords="axes fraction",
                xytext=(0, -26 - 12 * (place // 2)),
                textcoords="offset points",
                color=MUTED,
                va="top",
                fontsize=8.5,
            )

    height = 3.4 + 0.17 * math.ceil(len(key) / 2)
    return draw(
        paint,
        title=title,
        alt=_courses(title, labels, held, events, unit),
        height=height,
    )


def _end(labels: list[str], course: Mapping[str, float]) -> float:
    values = [course[label] for label in labels if label in course]
    return next(
        (value for value in reversed(values) if not math.isnan(value)), math.nan
    )


def _events(
    axes: Axes,
    labels: list[str],
    events: Sequence[tuple[str, str]],
    letters: Mapping[str, str],
) -> None:
    stacked: dict[int, int] = {}
    for label, text in events:
        if text not in letters or str(label) not in labels:
            continue
        x = labels.index(str(label))
        axes.axvline(x, color=MUTED, linewidth=0.7, alpha=0.6, zorder=1)
        axes.annotate(
            letters[text],
            (x, 1),
            xycoords=("data", "axes fraction"),
            xytext=(0, -5 - 14 * stacked.get(x, 0)),
            textcoords="offset points",
            ha="center",
            va="center",
            fontsize=7.5,
            fontweight="bold",
            color=CARD,
            bbox={"boxstyle": "circle,pad=0.25", "facecolor": INK, "edgecolor": CARD},
        )
        stacked[x] = stacked.get(x, 0) + 1


def _courses(
    title: str,
    labels: list[str],
    held: Mapping[str, Mapping[str, float]],
    events: Sequence[tuple[str, str]],
    unit: str,
) -> str:
    if not labels:
        return f"{clean(title, 80)}: nothing to draw."
    words = [f"{clean(title, 80)}: from {labels[0]} to {labels[-1]}."]
    for name, course in held.items():
        known = [x for x in labels if not math.isnan(course.get(x, math.nan))]
        if not known:
            words.append(f"{clean(name)}: undefined.")
            continue
        low = min(known, key=course.__getitem__)
        words.append(
            f"{clean(name)}: first {say(course[known[0]], unit)}, "
            f"lowest {say(course[low], unit)} ({low}), "
            f"last {say(course[known[-1]], unit)}."
        )
    if events:
        told = [f"{clean(text, 60)} ({label})" for label, text in events]
        words.append(f"Events: {'; '.join(told[:40])}.")
    return " ".join(words)
