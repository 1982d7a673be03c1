"""Distances between two samples of numbers, and the test of their likeness.

Missing values are left out; how many there are is a question of its own. Samples are
columns, or their `Counts` on one grid of the reference.
"""

from __future__ import annotations

import math
import warnings
from typing import TYPE_CHECKING, Any, Literal

from lifecycle import profiles
from lifecycle.drift import distances, gridded
from lifecycle.drift.shares import cells

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

__all__ = ["homogeneity", "ks_distance", "wasserstein"]

FINE = 1000
FEW = 10_000


def ks_distance(
    reference: npt.ArrayLike | profiles.Counts,
    analysis: npt.ArrayLike | profiles.Counts,
    *,
    exact: bool = True,
) -> float:
    r"""Kolmogorov-Smirnov distance between two samples of numbers.

    Undefined, and therefore `nan`, when either sample is empty.

    Parameters
    ----------
    reference : array-like of shape (n_reference,), or Counts
        The sample that says what is normal.
    analysis : array-like of shape (n_analysis,), or Counts on the same grid
        The sample under question.
    exact : bool
        Of arrays, use every value; otherwise count both on the reference's grid
        first, as a profile does.

    Returns
    -------
    float
        Between 0 (the same distribution) and 1 (no overlap).

    Raises
    ------
    ValueError
        When one is `Counts` and the other is not, or both are on different grids.

    Notes
    -----
    :math:`\sup_x |F(x) - G(x)|`, with :math:`F` and :math:`G` the empirical
    distribution functions. On a grid the supremum is taken over the ends of the cells:
    never more than the exact distance, and less by at most the largest share that
    either sample has in one cell (a thousandth on a grid of 1,000 without ties; a value
    frequent enough to fill a cell has one of its own, and costs nothing).

    Examples
    --------
    >>> ks_distance([1, 2, 3, 4], [3, 4, 5, 6])
    0.5
    >>> grid = profiles.Grid.numeric([1, 2, 3, 4])
    >>> ks_distance(grid.count([1, 2, 3, 4]), grid.count([3, 4, 4, 4]))
    0.5
    >>> ks_distance([1, 2, 3, 4], [])
    nan
    """
    if gridded.counted(reference, analysis):
        return float(distances.kolmogorov(*gridded.in_order(reference, analysis)))
    before, after = _known(reference, analysis)
    if exact:
        return kolmogorov_smirnov(before, after)[0]
    grid = profiles.Grid.numeric(before, cells=FINE)
    return ks_distance(grid.count(before), grid.count(after))


def wasserstein(
    reference: npt.ArrayLike | profiles.Counts,
    analysis: npt.ArrayLike | profiles.Counts,
    *,
    normed: Literal["no", "std", "iqr"] = "no",
) -> float:
    r"""How far numbers move, in the mean, to turn one sample into the other.

    Undefined, and therefore `nan`, when either sample is empty or holds an infinity,
    and, when normed, where the reference does not vary.

    Parameters
    ----------
    reference : array-like of shape (n_reference,), or Counts
    analysis : array-like of shape (n_analysis,), or Counts on the same grid
    normed : {"no", "std", "iqr"}
        In the unit of the feature, so that features cannot be compared by it; or
        divided by the reference's standard deviation; or by the distance of its
        quartiles, which a few wild values do not stretch.

    Returns
    -------
    float
        0 or more.

    Raises
    ------
    ValueError
        When `normed` is unknown, or counts are those of names.

    Notes
    -----
    :math:`\int |F(x) - G(x)|\, dx`. On a grid the area within a cell, and outside of
    the reference's range, follows from the sum of the numbers there; it is exact where
    the two functions do not cross within the cell, and else too small.

    Examples
    --------
    >>> wasserstein([0, 1, 2], [5, 6, 7])
    5.0
    >>> round(wasserstein([0, 1, 2], [5, 6, 7], normed="std"), 3)
    6.124
    """
    import numpy as np
    from scipy.stats import wasserstein_distance

    if normed not in ("no", "std", "iqr"):
        raise ValueError(f"normed must be no, std or iqr, got {normed!r}")
    if gridded.counted(reference, analysis):
        return gridded.wasserstein(reference, analysis, normed)
    before, after = _known(reference, analysis)
    finite = np.isfinite(before).all() and np.isfinite(after).all()
    if not before.size or not after.size or not finite:
        return math.nan
    unit = 1.0
    if normed == "std":
        unit = float(np.std(before))
    elif normed == "iqr":
        unit = float(np.subtract(*np.quantile(before, [0.75, 0.25])))
    if not unit > 0:
        return math.nan
    return float(wasserstein_distance(before, after)) / unit


def homogeneity(
    reference: npt.ArrayLike | profiles.Counts,
    analysis: npt.ArrayLike | profiles.Counts,
    *,
    ordered: bool = False,
) -> float:
    """How likely samples of one distribution would differ at least this much.

    Numbers by the two-sample Kolmogorov-Smirnov test (exact where the product of the
    sizes is at most 10,000, else asymptotic; too large rather than too small where
    values are tied), names by the chi-square test of homogeneity. Undefined, and
    therefore `nan`, when either sample is empty.

    Parameters
    ----------
    reference : array-like of shape (n_reference,), or Counts
    analysis : array-like of shape (n_analysis,), or Counts on the same grid
    ordered : bool
        Of counts: whether the cells are in the order of numbers.

    Returns
    -------
    float
        The p-value.

    Examples
    --------
    >>> homogeneity([1, 2, 3], [1, 2, 3])
    1.0
    """
    if gridded.counted(reference, analysis):
        if ordered:
            before, after = gridded.in_order(reference, analysis)
            value = distances.kolmogorov(before, after)
            return float(distances.kolmogorov_p(value, before.sum(), after.sum()))
        return distances.contingency(*gridded.as_names(reference, analysis), 1)[1]
    if profiles.kind_of(reference, analysis) == "numeric":
        return kolmogorov_smirnov(*_known(reference, analysis))[1]
    return distances.contingency(*cells(reference, analysis))[1]


def kolmogorov_smirnov(before: np.ndarray, after: np.ndarray) -> tuple[float, float]:
    """Distance and p-value of two samples without missing values."""
    import numpy as np
    from scipy.stats import ks_2samp, kstwo

    n, m = before.size, after.size
    if not n or not m:
        return math.nan, math.nan
    samples = np.sort(before), np.sort(after)
    points = np.concatenate(samples)
    f, g = (np.searchsorted(s, points, side="right") / s.size for s in samples)
    value = float(np.max(np.abs(f - g)))
    if n * m <= FEW:
        order = [np.searchsorted(np.unique(points), s) for s in samples]
        with warnings.catch_warnings():  # it says so when it has to fall back
            warnings.simplefilter("ignore", RuntimeWarning)
            return value, float(ks_2samp(*order, method="exact").pvalue)
    return value, float(kstwo.sf(value, max(1, round(n * m / (n + m)))))


def _known(reference: Any, analysis: Any) -> tuple[np.ndarray, np.ndarray]:
    import numpy as np

    before, after = profiles.numbers(reference), profiles.numbers(analysis)
    return before[~np.isnan(before)], after[~np.isnan(after)]
