"""Bars in a given order, such as deciles of the score, against the whole."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

from lifecycle.figures.axes import scale
from lifecycle.figures.marks import Row, reach, whiskers
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

__all__ = ["by_decile"]

_MOST = 20


def by_decile(
    rows: Sequence[Row],
    *,
    title: str,
    measure: str,
    groups: str = "decile of the score",
    whole: Row | None = None,
) -> Picture:
    """Draw a bar with its interval for each decile of the score, against the whole.

    Parameters
    ----------
    rows : sequence of findings
        One a decile, named by its subject, drawn from left to right in their order; a
        row without a subject is the whole. Beyond twenty the last are left out.
    title : str
        What is asked, in a few words.
    measure : str
        What the bars measure: the rate that converted, the lift.
    groups : str
        What a bar stands for.
    whole : finding, optional
        All rows together: a line across the bars.

    Returns
    -------
    Picture

    Examples
    --------
    >>> from lifecycle.findings import Finding
    >>> rows = [Finding("conversion", v, 200, v - 0.05, v + 0.05, subject=s, unit="%")
    ...     for v, s in ((0.48, "1"), (0.21, "2"))]
    >>> by_decile(rows, title="Conversion by score", measure="conversion").alt
    'Conversion by score: conversion by decile of the score: 1 48.0% (43.0% to 53.0%),
    2 21.0% (16.0% to 26.0%).'
    """
    named = [row for row in rows if row.subject]
    if whole is None:
        whole = next((row for row in rows if not row.subject), None)
    shown = named[:_MOST]
    unit = next((row.unit for row in (*shown, whole) if row is not None), "")

    def paint(axes: Axes) -> None:
        for place, row in enumerate(shown):
            _bar(axes, place, row, words=len(shown) <= 12)
        if whole is not None and math.isfinite(whole.value):
            axes.axhline(whole.value, color=INK, linewidth=1.2, zorder=3)
            axes.annotate(
                f"overall\n{say(whole.value, unit)}",
                (1, whole.value),
                xycoords=("axes fraction", "data"),
                xytext=(6, 0),
                textcoords="offset points",
                va="center",
                fontweight="bold",
            )
        most = max(2, 72 // max(1, len(shown)))
        names = [clean(row.subject, most) for row in shown]
        axes.set_xticks(range(len(shown)), names)
        axes.set_xlim(-0.6, max(len(shown), 1) - 0.4)
        axes.axhline(0, color=MUTED, linewidth=0.8)
        axes.tick_params(axis="x", length=0, labelcolor=INK)
        axes.margins(y=0.1)
        scale(axes.yaxis, unit)
        axes.set_xlabel(clean(groups, 60))
        axes.set_ylabel(clean(measure.replace("_", " "), 40))

    alt = _in_words(title, measure, groups, shown, len(named), whole)
    return draw(paint, title=title, alt=alt, height=3.1 if shown else 1.5)


def _bar(axes: Axes, place: int, row: Row, *, words: bool) -> None:
    if not math.isfinite(row.value):
        axes.annotate("–", (place, 0), xytext=(0, 3), textcoords="offset points")
        return
    alert = row.verdict == "alert"
    axes.bar(place, row.value, width=0.7, color=ALERT if alert else LINES[0])
    whiskers(axes, row, place, upright=True)
    if alert:
        axes.plot(
            [place],
            [row.value],
            "D",
            color=ALERT,
            markeredgecolor=CARD,
            markersize=7,
            zorder=5,
        )
    if not words:
        return
    tops = [end for end in (row.upper, row.value, 0.0) if math.isfinite(end)]
    axes.annotate(
        say(row.value, row.unit),
        (place, max(tops)),
        xytext=(0, 6 if alert else 3),
        textcoords="offset points",
        ha="center",
        fontsize=8,
        color=ALERT if alert else INK,
        fontweight="bold" if alert else "normal",
        bbox={"facecolor": CARD, "edgecolor": "none", "pad": 0.8},
        zorder=6,
    )


def _in_words(
    title: str,
    measure: str,
    groups: str,
    shown: Sequence[Row],
    count: int,
    whole: Row | None,
) -> str:
    if not shown:
        return f"{clean(title, 80)}: nothing to draw."
    name = clean(measure.replace("_", " "), 60)
    told = []
    for row in shown:
        ends = f" ({reach(row)})" if reach(row) else ""
        loud = " alert" if row.verdict == "alert" else ""
        told.append(f"{clean(row.subject)} {say(row.value, row.unit)}{ends}{loud}")
    words = f"{clean(title, 80)}: {name} by {clean(groups, 60)}: {', '.join(told)}."
    if whole is not None:
        words += f" Overall {say(whole.value, whole.unit)}."
    if count > len(shown):
        words += f" {count - len(shown)} more are not drawn."
    return words
