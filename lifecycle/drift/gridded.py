"""Counts on the grid of a reference, as rows that the distances take."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from lifecycle import profiles
from lifecycle.drift import distances

if TYPE_CHECKING:
    import numpy as np

__all__: list[str] = []


def counted(reference: object, analysis: object) -> bool:
    """Whether both samples are counts; one alone is an error."""
    kinds = [isinstance(side, profiles.Counts) for side in (reference, analysis)]
    if any(kinds) != all(kinds):
        raise ValueError(
            "reference and analysis must both be Counts or both be columns; count the "
            "column on the grid of the reference first"
        )
    return all(kinds)


def as_names(reference: Any, analysis: Any) -> tuple[np.ndarray, np.ndarray]:
    """The cells of both, and what is unseen in one more at the end."""
    import numpy as np

    _check(reference, analysis)
    before, after = (
        np.append(side.cells, side.unseen) for side in (reference, analysis)
    )
    return before, after


def in_order(reference: Any, analysis: Any) -> tuple[np.ndarray, np.ndarray]:
    """The cells of both between what lies below and what lies above them."""
    _check(reference, analysis)
    return between(reference), between(analysis)


def between(counts: Any) -> np.ndarray:
    """One row of counts from the smallest value to the largest."""
    import numpy as np

    ends = [counts.below], [counts.unseen - counts.below]
    return np.concatenate([ends[0], counts.cells, ends[1]])


def sums(counted: Sequence[Any], grid: Any) -> np.ndarray:
    """Sums of the numbers in the cells, a row each; all at once what `Counts` says."""
    import numpy as np

    nothing = np.zeros(grid.size, dtype=np.int64)
    table = np.array(
        [
            (each.cells, nothing if each.steps is None else each.steps)
            for each in counted
        ],
        dtype=np.int64,
    ).reshape(len(counted), 2, grid.size)
    found = grid.sums(table[:, 0], table[:, 1])
    found = np.broadcast_to(found, (len(counted), grid.size)).copy()
    unknown = [each.steps is None or each.infinite > 0 for each in counted]
    found[np.array(unknown, dtype=bool) | np.isnan(found).any(axis=1)] = math.nan
    return found


def beyond(counts: Any, grid: Any) -> tuple[float, float]:
    """How far, summed, values lie below the reference's range and above it."""
    if not counts.unseen:
        return 0.0, 0.0
    sums, low, high = counts.sums, counts.below, counts.unseen - counts.below
    under = low * grid.ends[0] - float(sums[0]) if low else 0.0
    over = float(sums[-1]) - high * grid.ends[1] if high else 0.0
    return under, over


def wasserstein(reference: Any, analysis: Any, normed: str) -> float:
    """Of counts: exact but where the two cross within a cell, and never above it."""
    grid = reference.grid
    if grid is None or grid.bounds is None:
        raise ValueError("these Counts are of names; count numbers on a numeric grid")
    sides = in_order(reference, analysis)
    tails = [beyond(each, grid) for each in (reference, analysis)]
    if not all(side.sum() for side in sides):
        return math.nan
    inside = [each.sums[1:-1] for each in (reference, analysis)]
    area = float(earth(*sides, grid, *inside))
    for first, second in zip(*tails, strict=True):
        area += abs(second / sides[1].sum() - first / sides[0].sum())
    unit = 1.0 if normed == "no" else spread(sides[0], grid, normed)
    return area / unit if unit > 0 else math.nan


def earth(
    before: Any, after: Any, grid: Any, before_sums: Any, after_sums: Any
) -> np.ndarray:
    """Area between the distribution functions over the bounds of a grid.

    From the sums of the numbers in each cell: the area up to `h` below the function of
    a sample within a cell is the sum of what its numbers lack of `h`. Straight lines
    within the cells where the sums are not known.
    """
    import numpy as np

    table = [np.asarray(side, dtype=float) for side in (before, after)]
    known = [side.sum(axis=-1, keepdims=True) for side in table]
    bounds = _bounds(grid)
    low, high = bounds[:-1], bounds[1:]
    with np.errstate(invalid="ignore", divide="ignore"):
        steps = [
            np.cumsum(side[..., :-1], axis=-1) / n
            for side, n in zip(table, known, strict=True)
        ]
        lacking = [
            (side[..., 1:-1] * high - sums) / n
            for side, sums, n in zip(
                table, (before_sums, after_sums), known, strict=True
            )
        ]
        left = (steps[1] - steps[0])[..., :-1]
        signed = left * (high - low) + lacking[1] - lacking[0]
    total = np.abs(signed).sum(axis=-1)
    if not np.isnan(total).any():
        return np.asarray(total)
    return np.asarray(
        np.where(np.isnan(total), _straight(table[0], table[1], bounds), total)
    )


def _straight(before: Any, after: Any, bounds: np.ndarray) -> np.ndarray:
    import numpy as np

    inner = [_within(side) for side in (before, after)]
    steps = [np.cumsum(distances.shares(side), axis=-1) for side in inner]
    gap = steps[1] - steps[0]
    gap = np.concatenate([np.zeros((*gap.shape[:-1], 1)), gap], axis=-1)
    left, right = gap[..., :-1], gap[..., 1:]
    size = np.abs(left) + np.abs(right)
    with np.errstate(invalid="ignore", divide="ignore"):
        crossing = (left**2 + right**2) / (2 * size)
    area = np.where(left * right < 0, crossing, size / 2)
    with np.errstate(invalid="ignore"):
        total = (area * np.diff(bounds)).sum(axis=-1)
    return np.asarray(np.where(np.isnan(gap).any(axis=-1), math.nan, total))


def spread(before: Any, grid: Any, normed: str) -> float:
    """Standard deviation or distance of the quartiles, of counts on a grid."""
    import numpy as np

    bounds, share = _bounds(grid), distances.shares(_within(before))
    if not share.size:
        return math.nan
    if normed == "iqr":
        steps = np.append(0.0, np.cumsum(share))
        low, high = np.interp([0.25, 0.75], steps, bounds)
        return float(high - low)
    middle = (bounds[:-1] + bounds[1:]) / 2
    mean = share @ middle
    within = np.diff(bounds) ** 2 / 12
    return float(np.sqrt(share @ ((middle - mean) ** 2 + within)))


def _bounds(grid: Any) -> np.ndarray:
    import numpy as np

    bounds = np.array(grid.bounds, dtype=float)
    if bounds.size:
        bounds[0] = max(bounds[0], grid.ends[0])
    return bounds


def _within(counts: Any) -> np.ndarray:
    """What lies beyond is counted in the cells at the ends."""
    import numpy as np

    table = np.asarray(counts, dtype=float)
    inner = table[..., 1:-1].copy()
    if inner.shape[-1]:
        inner[..., 0] += table[..., 0]
        inner[..., -1] += table[..., -1]
    return inner


def _check(reference: Any, analysis: Any) -> None:
    if reference.cells.shape != analysis.cells.shape:
        raise ValueError(
            f"reference and analysis are counted on {reference.cells.size} and "
            f"{analysis.cells.size} cells; count both on the grid of the reference"
        )
