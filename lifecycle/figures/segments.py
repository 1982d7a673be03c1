"""A forest: a value with its interval per subject, against that of the whole."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

from lifecycle.figures.axes import legend, scale
from lifecycle.figures.marks import DASHED, Row, beside, limits, reach, whiskers
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

__all__ = ["forest"]

_MOST = 20


def forest(
    rows: Sequence[Row], *, title: str, measure: str, whole: Row | None = None
) -> Picture:
    """Draw a value with its interval per subject, against that of the whole.

    Parameters
    ----------
    rows : sequence of findings
        One a subject, drawn in their order: the worst first. A row without a subject
        is the whole. Beyond twenty the last are left out.
    title : str
        What is asked, in a few words.
    measure : str
        What is measured.
    whole : finding, optional
        All rows together: a line with a band over the height of the drawing.

    Returns
    -------
    Picture

    Examples
    --------
    >>> from lifecycle.findings import Finding
    >>> rows = [Finding("accuracy", 0.61, 80, 0.52, 0.69, subject="plan=free"),
    ...     Finding("accuracy", 0.84, 900, 0.82, 0.86)]
    >>> forest(rows, title="Segments", measure="accuracy").alt
    'Segments: accuracy of 1 subject against 0.840 (0.820 to 0.860) overall: plan=free
    0.610 (0.520 to 0.690, n 80).'
    """
    named = [row for row in rows if row.subject]
    if whole is None:
        whole = next((row for row in rows if not row.subject), None)
    shown = named[:_MOST]
    unit = next((row.unit for row in (*shown, whole) if row is not None), "")
    marks = limits(shown)

    def paint(axes: Axes) -> None:
        if whole is not None and math.isfinite(whole.value):
            if reach(whole):
                ends = (whole.lower, whole.upper)
                axes.axvspan(*ends, color=MUTED, alpha=0.15, linewidth=0)
            axes.axvline(whole.value, color=INK, linewidth=1.2, label="overall")
        if len(marks) == 1:
            at = next(iter(marks))
            axes.axvline(at, color=MUTED, linestyle=DASHED, linewidth=1)
            axes.plot(
                [], [], color=MUTED, linestyle=DASHED, linewidth=1, label="threshold"
            )
        for place, row in enumerate(shown):
            _point(axes, place, row)
        names = [clean(row.subject, 28) for row in shown]
        axes.set_yticks(range(len(shown)), names)
        axes.set_ylim(max(len(shown), 1) - 0.4, -0.6)
        axes.grid(visible=False, axis="y")
        axes.grid(visible=True, axis="x")
        axes.tick_params(axis="y", length=0, labelcolor=INK)
        axes.margins(x=0.06)
        scale(axes.xaxis, unit)
        axes.set_xlabel(clean(measure.replace("_", " "), 60))
        if not axes.has_data():
            axes.set_xticks([])
        legend(axes)

    return draw(
        paint,
        title=title,
        alt=_in_words(title, measure, shown, len(named), whole),
        height=max(1.5, 1.0 + 0.27 * len(shown)),
    )


def _point(axes: Axes, place: int, row: Row) -> None:
    if not math.isfinite(row.value):
        beside(axes, place, say(row.value, row.unit), alert=row.verdict == "alert")
        return
    alert = row.verdict == "alert"
    whiskers(axes, row, place)
    axes.plot(
        [row.value],
        [place],
        "D" if alert else "o",
        color=ALERT if alert else LINES[0],
        markeredgecolor=CARD,
        markersize=7,
        zorder=5,
    )
    beside(axes, place, f"{say(row.value, row.unit)}  n {row.n:,}", alert=alert)


def _in_words(
    title: str, measure: str, shown: Sequence[Row], count: int, whole: Row | None
) -> str:
    if not shown:
        return f"{clean(title, 80)}: nothing to draw."
    name = clean(measure.replace("_", " "), 60)
    words = f"{clean(title, 80)}: {name} of {count} subject{'s' if count > 1 else ''}"
    if whole is not None:
        ends = f" ({reach(whole)})" if reach(whole) else ""
        words += f" against {say(whole.value, whole.unit)}{ends} overall"
    told = []
    for row in shown:
        behind = ", ".join(part for part in (reach(row), f"n {row.n:,}") if part)
        loud = ", alert" if row.verdict == "alert" else ""
        told.append(f"{clean(row.subject)} {say(row.value, row.unit)} ({behind}{loud})")
    words += f": {'; '.join(told)}."
    if count > len(shown):
        words += f" {count - len(shown)} more are not drawn."
    marks = limits(shown)
    if len(marks) == 1:
        words += f" Threshold {say(marks.pop(), shown[0].unit)}."
    return words
