"""A sparkline: the course of a number, small enough for a line of a table."""

from __future__ import annotations

import math
from collections.abc import Sequence

from lifecycle.figures.picture import LINES, MUTED, Picture, adapt, clean, say

__all__ = ["sparkline"]

_WIDE, _HIGH, _EDGE = 120.0, 28.0, 3.5


def sparkline(
    values: Sequence[float],
    *,
    name: str,
    beside: Sequence[float] = (),
    threshold: float | None = None,
    unit: str = "",
) -> Picture:
    """Draw the course of a number in a small line without axes.

    Parameters
    ----------
    values : sequence of float
        Oldest first; `nan` leaves a gap.
    name : str
        What is shown, for the sentence.
    beside : sequence of float
        A second line over the same periods, thin and dashed: an estimate.
    threshold : float, optional
        Drawn as a dashed line.
    unit : str
        As in a finding.

    Returns
    -------
    Picture
        With a dot at the newest value.

    Examples
    --------
    >>> sparkline([0.85, 0.62], name="accuracy", unit="%").alt
    'accuracy over 2 periods: first 85.0%, lowest 62.0%, newest 62.0%.'
    """
    points, others = _known(values), _known(beside)
    if not points:
        return Picture(_wrap(""), f"{clean(name)}: nothing measured yet.")
    reach = [value for _, value in (*points, *others)]
    if threshold is not None and not math.isnan(threshold):
        reach.append(threshold)
    low, high = min(reach), max(reach)

    def at(place: int, value: float) -> tuple[str, str]:
        last = max(1, len(values) - 1, len(beside) - 1)
        x = _EDGE + (_WIDE - 2 * _EDGE) * place / last
        share = 0.5 if high == low else (value - low) / (high - low)
        return f"{x:.1f}", f"{_HIGH - _EDGE - (_HIGH - 2 * _EDGE) * share:.1f}"

    def line(known: Sequence[tuple[int, float]]) -> str:
        path, before = "", -2
        for place, value in known:
            x, y = at(place, value)
            path += f"{'L' if place == before + 1 else 'M'}{x} {y}"
            before = place
        return path

    drawn = ""
    if threshold is not None and not math.isnan(threshold):
        y = at(0, threshold)[1]
        drawn += (
            f'<path d="M0 {y}H{_WIDE:.0f}" stroke-dasharray="4 3" '
            f'style="stroke: {MUTED}; fill: none"/>'
        )
    if others:
        drawn += (
            f'<path d="{line(others)}" stroke-width="1.3" stroke-dasharray="3 2" '
            f'style="stroke: {LINES[1]}; fill: none"/>'
        )
    drawn += (
        f'<path d="{line(points)}" stroke-width="1.8" '
        f'style="stroke: {LINES[0]}; fill: none"/>'
    )
    x, y = at(*points[-1])
    drawn += f'<circle cx="{x}" cy="{y}" r="3" style="fill: {LINES[0]}"/>'
    sentence = (
        f"{clean(name)} over {len(values)} periods: first {say(points[0][1], unit)}, "
        f"lowest {say(min(v for _, v in points), unit)}, "
        f"newest {say(points[-1][1], unit)}."
    )
    if others:
        sentence += f" Estimated at {say(others[-1][1], unit)} for the newest."
    return Picture(_wrap(drawn), sentence)


def _known(values: Sequence[float]) -> list[tuple[int, float]]:
    return [(place, float(v)) for place, v in enumerate(values) if not math.isnan(v)]


def _wrap(drawn: str) -> str:
    return (
        '<svg xmlns="http://www.w3.org/2000/svg" class="lc-drawing" role="img" '
        f'width="{_WIDE:.0f}" height="{_HIGH:.0f}" '
        f'viewBox="0 0 {_WIDE:.0f} {_HIGH:.0f}">'
        f"{adapt(drawn)}</svg>"
    )
