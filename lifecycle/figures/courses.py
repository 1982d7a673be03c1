"""Courses side by side over the same periods, with what happened when."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from lifecycle.figures.axes import name_ends, newest, periods_axis, stroke
from lifecycle.figures.picture import CARD, INK, MUTED, Picture, clean, draw, say, some

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["versus"]

_MOST_NOTES = 12
_SECOND = 0.56  # where the second column of notes begins


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
        What happened when; marked by numbers, explained below the drawing. What
        happened at one label is one note, and the same note has one number. Of more
        than twelve notes the first are drawn.
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
    notes = _notes(labels, events)
    held = {
        name: dict(zip(map(str, names), map(float, values), strict=True))
        for name, (names, values) in lines.items()
    }
    drawn = dict(list(notes.items())[:_MOST_NOTES])
    key = [
        f"{number}  " + clean(f"{some(when, 3)}: {text}", 48)
        for number, (text, when) in enumerate(drawn.items(), start=1)
    ]
    if len(notes) > len(drawn):
        key.append(f"and {len(notes) - len(drawn)} more")

    def paint(axes: Axes) -> None:
        for place, course in enumerate(held.values()):
            values = [course.get(label, math.nan) for label in labels]
            stroke(axes, values, place)
        if threshold is not None and not math.isnan(threshold):
            axes.axhline(threshold, color=MUTED, linestyle=(0, (4, 3)), linewidth=1)
            axes.annotate(
                f"threshold {say(threshold, unit)}",
                (0, threshold),
                xycoords=("axes fraction", "data"),
                xytext=(4, 3),
                textcoords="offset points",
                color=MUTED,
                fontsize=8,
            )
        periods_axis(axes, labels, "", unit)
        low, high = axes.get_ylim()
        axes.set_ylim(low, high + (high - low) * (0.14 if drawn else 0))
        _events(axes, labels, drawn)
        ends = {
            name: newest([course.get(label, math.nan) for label in labels])
            for name, course in held.items()
        }
        name_ends(axes, ends)
        for place, line in enumerate(key):
            axes.annotate(
                line,
                (_SECOND * (place % 2), 0),
                xycoords="axes fraction",
                xytext=(0, -26 - 12 * (place // 2)),
                textcoords="offset points",
                color=MUTED,
                va="top",
                fontsize=8,
            )

    height = 3.4 + 0.17 * math.ceil(len(key) / 2)
    return draw(
        paint,
        title=title,
        alt=_courses(title, labels, held, events, unit),
        height=height,
    )


def _events(
    axes: Axes,
    labels: list[str],
    notes: Mapping[str, Sequence[str]],
) -> None:
    reach = len(labels) / 36  # markers nearer than this would cover each other
    taken: list[list[int]] = []
    marks = [
        (labels.index(label), number)
        for number, when in enumerate(notes.values(), start=1)
        for label in when
    ]
    for x, number in sorted(marks):
        axes.axvline(x, color=MUTED, linewidth=0.7, alpha=0.6, zorder=1)
        free = (
            k for k, row in enumerate(taken) if all(abs(x - y) > reach for y in row)
        )
        level = next(free, len(taken))
        taken.extend([[]] if level == len(taken) else [])
        taken[level].append(x)
        axes.annotate(
            str(number),
            (x, 1),
            xycoords=("data", "axes fraction"),
            xytext=(0, -5 - 14 * level),
            textcoords="offset points",
            ha="center",
            va="center",
            fontsize=7.5,
            fontweight="bold",
            color=CARD,
            bbox={"boxstyle": "circle,pad=0.25", "facecolor": INK, "edgecolor": CARD},
        )


def _notes(
    labels: list[str], events: Sequence[tuple[str, str]]
) -> dict[str, list[str]]:
    """What happened, in the order of its first label, with all its labels."""
    told: dict[str, list[str]] = {}
    for label, text in events:
        told.setdefault(str(label), []).append(str(text))
    notes: dict[str, list[str]] = {}
    for label in labels:
        if label in told:
            notes.setdefault(", ".join(dict.fromkeys(told[label])), []).append(label)
    return notes


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
