"""Segments against the rest of the rows: how far apart, and by what chance."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from lifecycle import intervals, metrics
from lifecycle.metrics.rows import terms as counted

if TYPE_CHECKING:
    import numpy as np

    from lifecycle.monitor.reading import Told

__all__ = ["Contrast", "contrast", "terms"]

_COUNTED = frozenset(
    {"accuracy", "precision", "recall", "specificity", "f1", "log_loss", "brier"}
)
Terms = tuple[Any, Any]


@dataclass(frozen=True, slots=True)
class Contrast:
    """Each segment against the rest.

    Parameters
    ----------
    value, rest : ndarray of float, shape (n_segments,)
        The metric inside and outside of the segment.
    n, n_rest : ndarray of int
        The rows that count.
    error : ndarray of float
        Standard error of the value outside.
    p : ndarray of float
        Chance to find a segment so much worse, or more, when it is like the rest.
    """

    value: np.ndarray
    rest: np.ndarray
    n: np.ndarray
    n_rest: np.ndarray
    error: np.ndarray
    p: np.ndarray


def terms(told: Told, task: str, name: str) -> Terms | None:
    """What a metric counts and out of what, row by row; `None` where it is no ratio."""
    import numpy as np

    if task == "binary" and name in _COUNTED:
        needs = metrics.of(task, name).needs
        truth, guess = told.columns["outcome"], told.columns[needs]
        kept = told.known & ~np.isnan(guess)
        top, bottom = np.zeros(kept.size), np.zeros(kept.size)
        top[kept], bottom[kept] = counted(name, truth[kept], guess[kept])
    elif task == "multiclass" and name in ("accuracy", "weighted_recall"):
        read_ = told.columns["classes"]
        top = (told.known & (read_.truth == read_.guess)).astype(float)
        bottom = told.known.astype(float)
    elif task == "regression" and name != "r2":
        base, _, setting = name.partition("@")
        truth, guess = told.columns["outcome"], told.columns["prediction"]
        kept = told.known & ~((base == "mape") & (truth == 0))
        gap = np.where(kept, truth - guess, 0.0)
        quantile = float(setting or 0.5)
        with np.errstate(all="ignore"):
            if base == "pinball":
                top = np.maximum(quantile * gap, (quantile - 1) * gap)
            else:
                top = gap**2 if base == "rmse" else abs(gap)
            if base == "mape":
                top = np.where(kept, top / abs(truth), 0.0)
        bottom = kept.astype(float)
    else:
        return None
    return (top, bottom) if np.isfinite(top.sum()) else None


def contrast(
    told: Told,
    task: str,
    name: str,
    codes: np.ndarray,
    size: int,
    rows: np.ndarray,
    counts: Terms | None,
    *,
    tested: np.ndarray | None = None,
) -> Contrast:
    """Compare each segment with the rest of the rows.

    Shares are compared by the hypergeometric distribution (Fisher), other means and
    ratios by Welch's test of the rows' terms, everything else by the two standard
    errors that the intervals imply. `p` is worked out for those to be tested only.
    """
    if counts is None:
        return _measured(told, task, name, codes, size, rows)
    better = metrics.of(task, name).greater_is_better
    found = _ratios(*counts, codes, size, rows, tested, better=better)
    if task == "regression" and name == "rmse":
        return _rooted(found)
    return found


def _ratios(
    top: np.ndarray,
    bottom: np.ndarray,
    codes: np.ndarray,
    size: int,
    rows: np.ndarray,
    tested: np.ndarray | None,
    *,
    better: bool,
) -> Contrast:
    import numpy as np
    from scipy import stats

    top, bottom, codes = top[rows], bottom[rows], codes[rows]
    inside = codes >= 0
    sums = []
    for each in (bottom > 0, top, bottom, top * top, top * bottom, bottom * bottom):
        own = np.bincount(codes[inside], weights=each[inside], minlength=size)
        sums.append((own, each.sum() - own))
    with np.errstate(all="ignore"):
        sides = []
        for n, t, b, tt, tb, bb in zip(*sums, strict=True):
            value = t / b
            spread = np.maximum(tt - 2 * value * tb + value**2 * bb, 0)
            sides.append((n, value, spread / b**2 * n / (n - 1)))
        (n, value, variance), (m, rest, other) = sides
        shares = bool(np.isin(bottom, (0, 1)).all() and np.isin(top, (0, 1)).all())
        if tested is None:
            p = np.full(size, math.nan)
        elif shares:
            p = _fisher(n, sums[1][0], n + m, float(top.sum()), tested, better=better)
        else:
            apart = (rest - value) if better else (value - rest)
            both = variance + other
            freedom = both**2 / (variance**2 / (n - 1) + other**2 / (m - 1))
            p = stats.t.sf(apart / np.sqrt(both), freedom)
    return Contrast(
        value, rest, n.astype(int), m.astype(int), np.sqrt(other), np.asarray(p)
    )


def _fisher(
    n: np.ndarray,
    hits: np.ndarray,
    rows: np.ndarray,
    total: float,
    tested: np.ndarray,
    *,
    better: bool,
) -> np.ndarray:
    """Chance of so few hits in n of the rows; of so many where less is better.

    The normal approximation first, which is cheap: where it finds nothing (above 0.3)
    its answer is taken.
    """
    import numpy as np
    from scipy import special, stats

    share = total / rows
    spread = np.sqrt(n * share * (1 - share) * (rows - n) / (rows - 1))
    away = (hits - n * share) * (1 if better else -1)
    p = np.where(spread > 0, special.ndtr((away + 0.5) / spread), 1.0)
    p[~tested] = math.nan
    near = tested & (p < 0.3)
    law = stats.hypergeom(rows[near], total, n[near])
    p[near] = law.cdf(hits[near]) if better else law.sf(hits[near] - 1)
    return p


def _rooted(found: Contrast) -> Contrast:
    import numpy as np

    with np.errstate(all="ignore"):
        rest = np.sqrt(found.rest)
        return Contrast(
            np.sqrt(found.value),
            rest,
            found.n,
            found.n_rest,
            found.error / (2 * rest),
            found.p,
        )


def _measured(
    told: Told, task: str, name: str, codes: np.ndarray, size: int, rows: np.ndarray
) -> Contrast:
    """Segment by segment, for metrics that are no ratio of sums."""
    import numpy as np
    from scipy.special import ndtr

    better = metrics.of(task, name).greater_is_better
    wide = 2 * intervals.z(0.90)
    places, own = np.flatnonzero(rows), codes[rows]
    result = np.full((5, size), math.nan)
    counts = np.zeros((2, size), dtype=int)
    order = np.argsort(own, kind="stable")
    starts = np.searchsorted(own[order], np.arange(size + 1))
    for number in range(size):
        part = order[starts[number] : starts[number + 1]]
        if not part.size:
            continue
        other = np.ones(own.size, dtype=bool)
        other[part] = False
        here = told.measure(name, places[part])
        there = told.measure(name, places[other])
        errors = [(side.upper - side.lower) / wide for side in (here, there)]
        apart = (there.value - here.value) * (1 if better else -1)
        both = math.hypot(*errors)
        p = float(ndtr(-apart / both)) if both > 0 else math.nan
        result[:, number] = here.value, there.value, errors[1], p, apart
        counts[:, number] = here.n, there.n
    value, rest, error, p_values, _ = result
    return Contrast(value, rest, counts[0], counts[1], error, p_values)
