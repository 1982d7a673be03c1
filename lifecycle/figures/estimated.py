"""Realised and estimated performance on one chart, the unripe part lighter."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence
from typing import TYPE_CHECKING

from lifecycle.figures.axes import legend, marked, name_ends, newest, periods_axis
from lifecycle.figures.marks import (
    DASHED,
    Row,
    alerts,
    band,
    course,
    limits,
    reach,
    thresholds,
)
from lifecycle.figures.picture import (
    CARD,
    INK,
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

__all__ = ["realised_and_estimated"]

_BLUE, _OCHRE = LINES[:2]


def realised_and_estimated(
    realised_rows: Sequence[Row],
    estimated_rows: Sequence[Row],
    *,
    title: str,
    measure: str,
    ripe: Collection[str] | None = None,
    doubtful: Collection[str] = (),
) -> Picture:
    """Draw what was realised and what was estimated, each with its band.

    Parameters
    ----------
    realised_rows, estimated_rows : sequence of findings
        One a period; rows without a period are left out, of several the last counts.
    title : str
        What is asked, in a few words.
    measure : str
        What both measure.
    ripe : collection of str, optional
        Periods with enough outcomes due. Without it those whose realised value is
        judged, and where none is, those where it is defined. What is realised in the
        others is drawn dashed and hollow, and the newest of them are shaded.
    doubtful : collection of str
        Periods whose estimate must not be trusted; marked by a cross.

    Returns
    -------
    Picture

    Examples
    --------
    >>> from lifecycle.findings import Finding
    >>> told = [Finding("accuracy", 0.8, 400, 0.76, 0.84, period="W1")]
    >>> guessed = [Finding("accuracy", v, 400, v - 0.05, v + 0.05, period=p)
    ...     for v, p in ((0.78, "W1"), (0.75, "W2"))]
    >>> realised_and_estimated(told, guessed, title="Performance",
    ...     measure="accuracy").alt
    'Performance: accuracy from W1 to W2. Realised: newest 0.800 (W1, 0.760 to 0.840).
    Estimated: newest 0.750 (W2, 0.700 to 0.800). Outcomes not due yet: W2. Where both
    are known they differ by 0.020 on average, at most 0.020 (W1). No alert.'
    """
    told = {row.period: row for row in realised_rows if row.period}
    guessed = {row.period: row for row in estimated_rows if row.period}
    periods = sorted({*told, *guessed})
    due = _due(told) if ripe is None else {p for p in ripe if p in told}
    open_ = [p for p in periods if p not in due]
    unit = next((row.unit for row in (*told.values(), *guessed.values())), "")
    firm = {p: row for p, row in told.items() if p in due}

    def paint(axes: Axes) -> None:
        if periods:
            _shade(axes, periods, due)
        band(axes, guessed, periods, _OCHRE, 0.12)
        band(axes, firm, periods, _BLUE)
        _line(axes, course(guessed, periods), _OCHRE, "s", dashed=True)
        _loose(axes, told, periods, due)
        _line(axes, course(firm, periods), _BLUE, "o")
        _doubts(axes, guessed, periods, doubtful)
        thresholds(axes, [told, guessed], periods, unit)
        alerts(axes, [told, guessed], periods)
        periods_axis(axes, periods, measure, unit)
        if periods:
            both = {"realised": told, "estimated": guessed}
            name_ends(axes, {k: newest(course(v, periods)) for k, v in both.items()})
        legend(axes)

    alt = _in_words(title, measure, periods, told, guessed, open_, doubtful, unit)
    return draw(paint, title=title, alt=alt, height=3.1 if periods else 1.2)


def _due(told: Mapping[str, Row]) -> set[str]:
    known = {p for p, row in told.items() if math.isfinite(row.value)}
    judged = {p for p in known if told[p].verdict != "undefined"}
    return judged or known


def _line(
    axes: Axes, values: Sequence[float], colour: str, mark: str, *, dashed: bool = False
) -> None:
    axes.plot(
        range(len(values)),
        values,
        color=colour,
        linestyle=DASHED if dashed else "-",
        linewidth=1.4 if dashed else 1.8,
        marker=mark,
        markevery=marked(values),
        markerfacecolor=CARD if dashed else colour,
        zorder=3,
    )


def _loose(
    axes: Axes, told: Mapping[str, Row], periods: Sequence[str], due: Collection[str]
) -> None:
    """What came true so far where too little is due: thin, dashed, hollow."""
    values = course(told, periods)
    loose = [math.nan if p in due else v for p, v in zip(periods, values, strict=True)]
    if all(map(math.isnan, loose)):
        return
    joined = [
        value if period not in due or _beside(place, periods, due) else math.nan
        for place, (period, value) in enumerate(zip(periods, values, strict=True))
    ]
    at = range(len(periods))
    axes.plot(at, joined, color=_BLUE, linestyle=DASHED, linewidth=1, alpha=0.75)
    axes.plot(at, loose, "o", color=_BLUE, markerfacecolor=CARD, label="few due")


def _beside(place: int, periods: Sequence[str], due: Collection[str]) -> bool:
    return any(
        0 <= near < len(periods) and periods[near] not in due
        for near in (place - 1, place + 1)
    )


def _shade(axes: Axes, periods: Sequence[str], due: Collection[str]) -> None:
    """Shade the newest periods, whose outcomes are still to come."""
    last = max((place for place, p in enumerate(periods) if p in due), default=-1)
    count = len(periods) - 1 - last
    if not count:
        return
    axes.axvspan(last + 0.5, len(periods) - 0.5, color=MUTED, alpha=0.09, linewidth=0)
    axes.annotate(
        "outcomes not due yet" if count > len(periods) / 5 else "not due",
        (len(periods) - 0.5, 0),
        xycoords=("data", "axes fraction"),
        xytext=(-4, 4),
        textcoords="offset points",
        ha="right",
        color=MUTED,
        fontsize=8,
    )


def _doubts(
    axes: Axes,
    guessed: Mapping[str, Row],
    periods: Sequence[str],
    doubtful: Collection[str],
) -> None:
    found = [
        (place, guessed[p].value)
        for place, p in enumerate(periods)
        if p in doubtful and p in guessed and math.isfinite(guessed[p].value)
    ]
    if found:
        x, y = zip(*found, strict=True)
        axes.plot(
            x,
            y,
            "x",
            color=INK,
            markersize=11,
            markeredgewidth=1.4,
            zorder=6,
            label="not to be trusted",
        )


def _in_words(
    title: str,
    measure: str,
    periods: Sequence[str],
    told: Mapping[str, Row],
    guessed: Mapping[str, Row],
    open_: Sequence[str],
    doubtful: Collection[str],
    unit: str,
) -> str:
    if not periods:
        return f"{clean(title, 80)}: no periods to draw."
    name = clean(measure.replace("_", " "), 60)
    ends = f"{clean(periods[0])} to {clean(periods[-1])}"
    words = [f"{clean(title, 80)}: {name} from {ends}."]
    for which, held in (("Realised", told), ("Estimated", guessed)):
        known = [p for p in periods if p in held and math.isfinite(held[p].value)]
        if not known:
            words.append(f"{which}: undefined.")
            continue
        row = held[known[-1]]
        told_ends = f", {reach(row)}" if reach(row) else ""
        words.append(
            f"{which}: newest {say(row.value, unit)} ({clean(known[-1])}{told_ends})."
        )
    if open_:
        rest = list(periods[-len(open_) :]) == list(open_) and len(open_) > 1
        since = f"from {clean(open_[0])} on ({len(open_)} periods)"
        words.append(f"Outcomes not due yet: {since if rest else some(open_)}.")
    words += _gap(periods, told, guessed, open_, unit)
    marks = limits((*told.values(), *guessed.values()))
    if len(marks) == 1:
        words.append(f"Threshold {say(marks.pop(), unit)}.")
    doubted = [p for p in periods if p in doubtful and p in guessed]
    if doubted:
        words.append(f"The estimate is not to be trusted in {some(doubted)}.")
    loud = [
        f"{clean(p)} ({which})"
        for p in periods
        for which, held in (("realised", told), ("estimated", guessed))
        if p in held and held[p].verdict == "alert"
    ]
    words.append(f"Alert in {some(loud)}." if loud else "No alert.")
    return " ".join(words)


def _gap(
    periods: Sequence[str],
    told: Mapping[str, Row],
    guessed: Mapping[str, Row],
    open_: Sequence[str],
    unit: str,
) -> list[str]:
    gaps = {
        p: abs(told[p].value - guessed[p].value)
        for p in periods
        if p in told and p in guessed and p not in open_
    }
    gaps = {p: gap for p, gap in gaps.items() if math.isfinite(gap)}
    if not gaps:
        return []
    most = max(gaps, key=gaps.__getitem__)
    mean = sum(gaps.values()) / len(gaps)
    return [
        f"Where both are known they differ by {_far(mean, unit)} on average, at most "
        f"{_far(gaps[most], unit)} ({clean(most)})."
    ]


def _far(gap: float, unit: str) -> str:
    return f"{100 * gap:.1f} points" if unit == "%" else say(gap, unit)
