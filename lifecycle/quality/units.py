"""Units: numbers that are a hundred or a thousand times what they were."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from lifecycle import intervals
from lifecycle.findings import Finding, Verdict
from lifecycle.quality.order import Rows
from lifecycle.quality.reading import Pair
from lifecycle.quality.shares import Evidence, Terms

if TYPE_CHECKING:
    import numpy as np

__all__ = ["scale"]

_FACTORS = (10.0, 60.0, 100.0, 1e3, 3600.0, 1e4, 1e6, 1e9)
_NEAR = math.log(1.25)
_SHAPE = 0.1
_SAMPLE = 2000


def scale(name: str, pair: Pair, rows: Rows, terms: Terms) -> Evidence:
    """Hint at another unit: the same shape, so many times larger or smaller.

    Parameters
    ----------
    name : str
    pair : Pair
        Both columns, of numbers.
    rows : Rows
        The analysis.
    terms : Terms

    Returns
    -------
    Evidence
        Of `scale`, the median against the reference's, with an interval from the ranks
        of the median. An alert where it is about 10, 60, 100, 1,000, 3,600 ... or one
        part of so many, divided by it the numbers are distributed as the reference's
        (Kolmogorov-Smirnov distance below 0.1, or not significant at 1%), and its
        square root is ruled out. Undefined where the reference's median is 0 or there
        are few rows. Where the whole is quiet and a chunk is not, it speaks of the
        newest such chunk.

    Notes
    -----
    Of a chunk at most some 2,000 rows are looked at, evenly taken.
    """
    usual = _sample(pair.reference.values, 5 * _SAMPLE)
    values = pair.analysis.values
    if usual.size < terms.min_n:
        return Evidence(Finding("scale", math.nan, 0, subject=name))
    found = []
    spans = [*zip(rows.edges[:-1], rows.edges[1:], strict=True), (0, rows.n)]
    for first, last in spans if rows.labels else spans[-1:]:
        part = _sample(values[first:last], _SAMPLE)
        found.append(_ratio(part, usual, terms))
    loud = [factor == factor and factor != 1 for *_, factor in found]
    chosen = len(found) - 1
    if any(loud) and not loud[-1]:
        chosen = max(k for k, each in enumerate(loud) if each)
    ratio, lower, upper, n, factor = found[chosen]
    verdict: Verdict = "undefined" if factor != factor else "quiet"
    if not any(loud):
        return Evidence(
            Finding("scale", ratio, n, lower, upper, verdict=verdict, subject=name)
        )
    finding = Finding("scale", ratio, n, lower, upper, factor, "alert", subject=name)
    large = f"{factor:,.0f} times" if factor > 1 else f"1/{1 / factor:,.0f} of"
    touched = [k for k, each in enumerate(loud[:-1]) if each]
    if not touched:
        words = f"looks like another unit, {large} what it was"
        return Evidence(finding, "fault", words, rows=rows.n)
    first, last = int(rows.edges[touched[0]]), int(rows.edges[touched[-1] + 1])
    until = None if touched[-1] == len(rows.labels) - 1 else rows.moment(last)
    words = f"{'looked' if until else 'looks'} like another unit, {large} what it was"
    since = None if touched[0] == 0 else rows.moment(first)
    return Evidence(finding, "fault", words, since, until, last - first)


def _sample(values: np.ndarray, most: int) -> np.ndarray:
    import numpy as np

    part = values[:: max(1, values.size // most)]
    return np.sort(part[np.isfinite(part)])


def _ratio(
    part: np.ndarray, usual: np.ndarray, terms: Terms
) -> tuple[float, float, float, int, float]:
    """Median against the reference's, its interval, n, and the factor (1: the same)."""
    n, middle = part.size, _middle(usual)
    if n < terms.min_n or middle == 0:
        return math.nan, math.nan, math.nan, n, math.nan
    ratio = _middle(part) / middle
    z = intervals.z(0.9)
    lower, upper = sorted(_ranks(part, side, middle) for side in (-z, z))
    plain = ratio, lower, upper, n
    if not 5 < max(ratio, 1 / ratio if ratio > 0 else 0) < math.inf:
        return *plain, 1.0
    size = abs(math.log(ratio))
    factor = min(_FACTORS, key=lambda f: abs(math.log(f) - size))
    factor = factor if ratio > 1 else 1 / factor
    near = abs(math.log(ratio / factor)) < _NEAR or lower <= factor <= upper
    apart = _ranks(part, -terms.z if (ratio > 1) == (middle > 0) else terms.z, middle)
    sure = apart > math.sqrt(factor) if ratio > 1 else apart < math.sqrt(factor)
    same = near and sure and _distance(part / factor, usual) < _alike(n, usual.size)
    return *plain, factor if same else 1.0


def _middle(ordered: np.ndarray) -> float:
    """The median of values in their order."""
    n = ordered.size
    if not n:
        return math.nan
    return float(ordered[(n - 1) // 2] + ordered[n // 2]) / 2


def _distance(a: np.ndarray, b: np.ndarray) -> float:
    """Kolmogorov-Smirnov distance of two sorted samples."""
    import numpy as np

    points = np.concatenate([a, b])
    f, g = (np.searchsorted(x, points, side="right") / x.size for x in (a, b))
    return float(np.abs(f - g).max())


def _alike(n: int, m: int) -> float:
    """Below this distance samples have the same shape; 1.63 is the 1% point."""
    return max(_SHAPE, 1.63 * math.sqrt(1 / n + 1 / m))


def _ranks(part: np.ndarray, z: float, middle: float) -> float:
    place = round(part.size / 2 + z * math.sqrt(part.size) / 2 - 0.5)
    return float(part[min(max(place, 0), part.size - 1)]) / middle
