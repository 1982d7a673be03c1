"""A feature's cells, then and now: names side by side, numbers on their scale."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

from lifecycle.figures.axes import legend, scale
from lifecycle.figures.picture import INK, LINES, MUTED, Picture, clean, draw, say

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    from matplotlib.axes import Axes

__all__ = ["compare_counts"]

_MOST_PAIRS = 12
_MOST_STEPS = 40
_NARROWEST = 1e-290
_ENDLESS = 1e300
_TAIL = 0.005
"""Of either side, what may lie beyond the end of a scale of numbers."""


def compare_counts(
    labels: Sequence[object],
    reference: npt.ArrayLike,
    analysis: npt.ArrayLike,
    *,
    title: str,
    bounds: npt.ArrayLike | None = None,
) -> Picture:
    """Draw the shares of a feature's cells, reference against analysis.

    Parameters
    ----------
    labels : sequence of length k
        Names of the cells, in their order.
    reference, analysis : array-like of shape (k,)
        How many rows fell into each cell.
    title : str
        Usually the feature's name.
    bounds : array-like of shape (m + 1,), optional
        Of a number: where its first *m* cells begin and end, ascending. They are then
        drawn on the scale of the number itself, in about thirty steps of equal width;
        what is in cells behind them, in cells that reach to infinity, or beyond the
        outermost half percent, is told below.

    Returns
    -------
    Picture
        Without bounds paired bars up to twelve cells and two outlines beyond; of
        more than forty cells neighbours are drawn together.

    Raises
    ------
    ValueError
        If labels and counts are not of one length, or the bounds do not fit them.

    Notes
    -----
    Within a cell the rows are taken to lie evenly, so cells that hold equally many rows
    of the reference show its shape and not a flat line.

    Examples
    --------
    >>> compare_counts(["web", "phone"], [75, 25], [50, 50], title="channel").alt
    'channel: share of rows by cell, reference against analysis. Largest change:
    web from 75.0% to 50.0%. 100 rows against 100.'
    """
    import numpy as np

    counts = [np.asarray(side, dtype=float).ravel() for side in (reference, analysis)]
    if any(len(side) != len(labels) for side in counts):
        raise ValueError(
            f"{len(labels)} labels for {len(counts[0])} reference and "
            f"{len(counts[1])} analysis counts; give one count a label"
        )
    names = [clean(label, 24) for label in labels]
    totals = [int(side.sum()) for side in counts]
    before, after = (side / side.sum() if side.sum() > 0 else side for side in counts)
    if bounds is not None:
        edges = _edges(bounds, len(names))
        return _on_scale(names, before, after, edges, title, totals)
    alt = _change(title, names, before, after, totals)
    names, before, after = _together(names, before, after)
    few = len(names) <= _MOST_PAIRS

    def paint(axes: Axes) -> None:
        (_pairs if few else _outlines)(axes, names, before, after)
        legend(axes)

    height = max(1.6, 0.95 + 0.36 * len(names)) if few else 3.0
    return draw(paint, title=title, alt=alt, height=height)


def _edges(bounds: npt.ArrayLike, size: int) -> npt.NDArray[np.float64]:
    import numpy as np

    edges = np.asarray(bounds, dtype=float).ravel()
    if not 1 <= len(edges) <= size + 1:
        raise ValueError(
            f"{len(edges)} bounds for {size} cells; give one more than there are cells "
            "on the scale"
        )
    if not (edges[1:] >= edges[:-1]).all():
        raise ValueError("bounds must be ascending and without nan; sort them")
    return edges


def _finite(
    edges: npt.NDArray[np.float64], *sides: npt.NDArray[np.float64]
) -> tuple[npt.NDArray[np.float64], list[npt.NDArray[np.float64]]]:
    """The cells that can be drawn: those that do not reach to infinity."""
    import numpy as np

    places = np.flatnonzero(np.abs(edges) < _ENDLESS)
    if len(places) < 2:
        return np.zeros(2), [np.zeros(1) for _ in sides]
    return edges[places], [side[places[0] : places[-1]] for side in sides]


def _on_scale(
    names: list[str],
    before: npt.NDArray[np.float64],
    after: npt.NDArray[np.float64],
    edges: npt.NDArray[np.float64],
    title: str,
    totals: list[int],
) -> Picture:
    import numpy as np

    edges, pair = _finite(edges, before, after)
    steps, values = _dealt(edges, *pair)
    drawn = [_spread(edges, side, steps) for side in pair]
    left = [
        float(max(side.sum() - part.sum(), 0))
        for side, part in zip((before, after), drawn, strict=True)
    ]

    def paint(axes: Axes) -> None:
        _steps(axes, steps, *drawn)
        scale(axes.xaxis, "")
        legend(axes)
        if max(left) >= 0.0005:
            axes.set_xlabel(f"not on the scale: {_pair(left)}")

    width = float(np.diff(steps).min())
    words = f"{clean(title, 80)}: share of rows along the scale, reference against "
    words += "analysis."
    if all(totals):
        middle = (_middle(edges, side) for side in pair)
        first, then = (_about(value, width / 10) for value in middle)
        words += f" The middle of the rows went from {first} to {then}."
        far = int(np.argmax(np.abs(drawn[1] - drawn[0])))
        low, high = (_about(float(step), width) for step in steps[far : far + 2])
        where = f"between {low} and {high}"
        if values is not None:
            where = f"at {float(values[far]):.6g}".replace("-", "\N{MINUS SIGN}")
        words += f" Largest change {where}: "
        words += f"{_pair([side[far] for side in drawn])}."
        if max(left) >= 0.0005:
            words += f" Not on the scale: {_pair(left)}."
        words += f" {totals[0]:,} rows against {totals[1]:,}."
    else:
        words += " One of them has no rows."
    return draw(paint, title=title, alt=words, height=3.0)


def _dealt(
    edges: npt.NDArray[np.float64], *sides: npt.NDArray[np.float64]
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64] | None]:
    """Where the steps begin and end: one around each of few values, else even."""
    import numpy as np

    whole = np.sum(sides, axis=0)
    narrow = np.maximum(1e-9 * (edges[-1] - edges[0]), 4 * np.spacing(abs(edges[1:])))
    points = np.diff(edges) <= narrow
    if whole[points].sum() > 0.9 * whole.sum() > 0:
        values = edges[1:][points]
        if len(values) <= _MOST_STEPS:
            between = (values[1:] + values[:-1]) / 2
            half = np.diff(values).min() / 2 if len(values) > 1 else 0.5
            ends = [values[0] - half], [values[-1] + half]
            return np.concatenate((ends[0], between, ends[1])), values
    low, high = _ends(edges, *sides)
    return np.linspace(low, high, 1 + min(30, max(len(edges) - 1, 8))), None


def _about(value: float, width: float) -> str:
    """A place on the scale, no finer than a tenth of a step."""
    places = max(0, min(9, math.ceil(-math.log10(width)))) if width > 0 else 3
    text = f"{value:,.{places}f}"
    return text.replace("-", "\N{MINUS SIGN}" if re.search("[1-9]", text) else "")


def _pair(shares: Sequence[float]) -> str:
    return f"{say(float(shares[0]), '%')}, then {say(float(shares[1]), '%')}"


def _ends(
    edges: npt.NDArray[np.float64], *sides: npt.NDArray[np.float64]
) -> tuple[float, float]:
    """The scale without the outermost half percent of either side."""
    low, high = math.inf, -math.inf
    for side in sides:
        if side.sum() > 0:
            low = min(low, _quantile(edges, side, _TAIL))
            high = max(high, _quantile(edges, side, 1 - _TAIL))
    if not low < high:
        low, high = float(edges[0]), float(edges[-1])
    return (low, high) if low < high else (low - 0.5, low + 0.5)


def _quantile(
    edges: npt.NDArray[np.float64], shares: npt.NDArray[np.float64], level: float
) -> float:
    import numpy as np

    reached = np.append(0.0, np.cumsum(shares))
    return float(np.interp(level * reached[-1], reached, edges))


def _middle(edges: npt.NDArray[np.float64], shares: npt.NDArray[np.float64]) -> float:
    return _quantile(edges, shares, 0.5) if shares.sum() > 0 else math.nan


def _spread(
    edges: npt.NDArray[np.float64],
    shares: npt.NDArray[np.float64],
    steps: npt.NDArray[np.float64],
) -> npt.NDArray[np.float64]:
    """The shares of cells dealt out to steps of equal width."""
    import numpy as np

    reached = np.append(0.0, np.cumsum(shares))
    # a cell too narrow to divide by has no width
    wide = np.append(True, np.diff(edges) > _NARROWEST)
    edges = edges[np.maximum.accumulate(np.where(wide, np.arange(len(edges)), 0))]
    # a cell of no width is a jump: at its place all of it has been reached
    below = np.interp(steps, edges, reached)
    at = np.searchsorted(edges, steps, side="right") - 1
    exact = (at >= 0) & (edges[np.clip(at, 0, None)] == steps)
    below = np.where(exact, reached[np.clip(at, 0, None)], below)
    first = np.searchsorted(edges, steps[0], side="left")
    if first < len(edges) and edges[first] == steps[0]:
        below[0] = reached[first]
    return np.diff(below)


def _steps(
    axes: Axes,
    edges: npt.NDArray[np.float64],
    before: npt.NDArray[np.float64],
    after: npt.NDArray[np.float64],
) -> None:
    axes.stairs(before, edges, fill=True, color=MUTED, alpha=0.35, label="reference")
    axes.stairs(after, edges, color=LINES[0], linewidth=1.8, label="analysis")
    axes.margins(x=0.01)
    axes.set_ylim(bottom=0)
    scale(axes.yaxis, "%")
    axes.set_ylabel("share of rows")


def _together(
    names: list[str],
    before: npt.NDArray[np.float64],
    after: npt.NDArray[np.float64],
) -> tuple[list[str], npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Neighbours together where there are more cells than can be told apart."""
    import numpy as np

    if len(names) <= _MOST_STEPS:
        return names, before, after
    size = math.ceil(len(names) / _MOST_STEPS)
    starts = np.arange(0, len(names), size)
    first, second = (np.add.reduceat(side, starts) for side in (before, after))
    return [names[start] for start in starts], first, second


def _pairs(
    axes: Axes,
    names: list[str],
    before: npt.NDArray[np.float64],
    after: npt.NDArray[np.float64],
) -> None:
    import numpy as np

    y = np.arange(len(names))
    axes.barh(y - 0.19, before, 0.36, color=MUTED, alpha=0.55, label="reference")
    axes.barh(y + 0.19, after, 0.36, color=LINES[0], label="analysis")
    axes.set_yticks(y, names)
    axes.set_ylim(len(names) - 0.4, -0.6)
    axes.grid(visible=False, axis="y")
    axes.grid(visible=True, axis="x")
    axes.tick_params(axis="y", length=0, labelcolor=INK)
    scale(axes.xaxis, "%")
    axes.set_xlabel("share of rows")


def _outlines(
    axes: Axes,
    names: list[str],
    before: npt.NDArray[np.float64],
    after: npt.NDArray[np.float64],
) -> None:
    import numpy as np

    _steps(axes, np.arange(-0.5, len(names)), before, after)
    most = max(len(name) for name in names)
    step = math.ceil(len(names) * max(10, most) / 70)
    axes.set_xticks(range(0, len(names), step), names[::step])


def _change(
    title: str,
    names: list[str],
    before: npt.NDArray[np.float64],
    after: npt.NDArray[np.float64],
    totals: list[int],
) -> str:
    import numpy as np

    words = f"{clean(title, 80)}: share of rows by cell, reference against analysis."
    if not all(totals):
        return f"{words} One of them has no rows."
    most = int(np.argmax(np.abs(after - before)))
    words += f" Largest change: {names[most]} from {say(float(before[most]), '%')}"
    words += f" to {say(float(after[most]), '%')}."
    return f"{words} {totals[0]:,} rows against {totals[1]:,}."
