"""Distances between two samples of one feature, and tests of their likeness.

Missing values are left out; how many there are is a question of its own.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from lifecycle import profiles

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

__all__ = [
    "chi_square",
    "homogeneity",
    "jensen_shannon",
    "ks_distance",
    "psi",
    "wasserstein",
]

BINS = 10
LEAST_EXPECTED = 5.0


def ks_distance(reference: npt.ArrayLike, analysis: npt.ArrayLike) -> float:
    r"""Kolmogorov-Smirnov distance between two samples of numbers.

    Undefined, and therefore `nan`, when either sample is empty.

    Parameters
    ----------
    reference : array-like of shape (n_reference,)
        The sample that says what is normal.
    analysis : array-like of shape (n_analysis,)
        The sample under question.

    Returns
    -------
    float
        Between 0 (the same distribution) and 1 (no overlap).

    Notes
    -----
    :math:`\sup_x |F(x) - G(x)|`, with :math:`F` and :math:`G` the empirical
    distribution functions.

    Examples
    --------
    >>> ks_distance([1, 2, 3, 4], [3, 4, 5, 6])
    0.5
    >>> ks_distance([1, 2, 3, 4], [])
    nan
    """
    return kolmogorov_smirnov(*_known(reference, analysis))[0]


def wasserstein(reference: npt.ArrayLike, analysis: npt.ArrayLike) -> float:
    r"""How far numbers move, in the mean, to turn one sample into the other.

    Undefined, and therefore `nan`, when either sample is empty or holds an infinity.
    In the unit of the feature, so that features cannot be compared by it.

    Parameters
    ----------
    reference : array-like of shape (n_reference,)
    analysis : array-like of shape (n_analysis,)

    Returns
    -------
    float
        0 or more.

    Notes
    -----
    :math:`\int |F(x) - G(x)|\, dx`.

    Examples
    --------
    >>> wasserstein([0, 1, 2], [5, 6, 7])
    5.0
    """
    import numpy as np
    from scipy.stats import wasserstein_distance

    before, after = _known(reference, analysis)
    finite = np.isfinite(before).all() and np.isfinite(after).all()
    if not before.size or not after.size or not finite:
        return math.nan
    return float(wasserstein_distance(before, after))


def jensen_shannon(
    reference: npt.ArrayLike, analysis: npt.ArrayLike, *, bins: int = BINS
) -> float:
    r"""Jensen-Shannon distance between two samples, of names or of numbers.

    Undefined, and therefore `nan`, when either sample is empty. With few rows and
    many categories it is above 0 also for samples of the same distribution.

    Parameters
    ----------
    reference : array-like of shape (n_reference,)
    analysis : array-like of shape (n_analysis,)
    bins : int
        Into how many equally full cells of the reference numbers are cut; those
        outside its range fall into a further one.

    Returns
    -------
    float
        Between 0 (the same shares) and 1 (no category in common).

    Notes
    -----
    :math:`\sqrt{\tfrac12 \sum_i p_i \log_2 \tfrac{p_i}{m_i} + \tfrac12 \sum_i q_i
    \log_2 \tfrac{q_i}{m_i}}` with :math:`m = (p + q)/2`.

    References
    ----------
    D. M. Endres and J. E. Schindelin, "A new metric for probability distributions",
    IEEE Trans. Inf. Theory 49 (2003).

    Examples
    --------
    >>> jensen_shannon(["web", "phone"], ["phone", "web"])
    0.0
    >>> jensen_shannon(["web"], ["fax"])
    1.0
    """
    return distance_of_shares(*cells(reference, analysis, bins=bins))


def psi(
    reference: npt.ArrayLike, analysis: npt.ArrayLike, *, bins: int = BINS
) -> float:
    r"""Population stability index of two samples, of names or of numbers.

    Undefined, and therefore `nan`, when either sample is empty. Half a row is added to
    each cell, so that a category which is new or gone costs a finite amount.

    Parameters
    ----------
    reference : array-like of shape (n_reference,)
    analysis : array-like of shape (n_analysis,)
    bins : int
        As in `jensen_shannon`.

    Returns
    -------
    float
        0 or more; by custom, 0.1 is worth a look and 0.25 is a shift.

    Notes
    -----
    :math:`\sum_i (q_i - p_i) \ln (q_i / p_i)`.

    References
    ----------
    B. Yurdakul, "Statistical properties of population stability index", Western
    Michigan University (2018).

    Examples
    --------
    >>> psi([1, 1, 1, 1], [1, 1, 1, 1]), psi([1, 1, 1, 1], [1, 1, 1, 2]) > 0.1
    (0.0, True)
    """
    import numpy as np

    before, after = cells(reference, analysis, bins=bins)
    if not before.sum() or not after.sum():
        return math.nan
    p, q = ((side + 0.5) / (side + 0.5).sum() for side in (before, after))
    return float(np.sum((q - p) * np.log(q / p)))


def chi_square(
    reference: npt.ArrayLike, analysis: npt.ArrayLike, *, bins: int = BINS
) -> float:
    """Chi-square statistic of homogeneity of two samples.

    Both are samples: the statistic is that of the table with one row a sample and one
    column a category, not of analysis counts against shares taken as known. Categories
    that are rare in both together are counted as one, so that the expected count is
    at least five. Undefined, and therefore `nan`, when fewer than two categories are
    left and they were not one from the start.

    Parameters
    ----------
    reference : array-like of shape (n_reference,)
    analysis : array-like of shape (n_analysis,)
    bins : int
        As in `jensen_shannon`.

    Returns
    -------
    float
        0 or more.

    Examples
    --------
    >>> before, after = ["a"] * 30 + ["b"] * 30, ["a"] * 20 + ["b"] * 40
    >>> round(chi_square(before, after), 3)
    3.429
    """
    return contingency(*cells(reference, analysis, bins=bins))[0]


def homogeneity(reference: npt.ArrayLike, analysis: npt.ArrayLike) -> float:
    """How likely samples of one distribution would differ at least this much.

    Numbers by the two-sample Kolmogorov-Smirnov test (its asymptotic p-value, which is
    too large rather than too small where values are tied), names by the chi-square test
    of homogeneity. Undefined, and therefore `nan`, when either sample is empty.

    Parameters
    ----------
    reference : array-like of shape (n_reference,)
    analysis : array-like of shape (n_analysis,)

    Returns
    -------
    float
        The p-value.

    Examples
    --------
    >>> homogeneity([1, 2, 3], [1, 2, 3])
    1.0
    """
    if profiles.kind_of(reference, analysis) == "numeric":
        return kolmogorov_smirnov(*_known(reference, analysis))[1]
    return contingency(*cells(reference, analysis))[1]


def kolmogorov_smirnov(before: np.ndarray, after: np.ndarray) -> tuple[float, float]:
    """Distance and asymptotic p-value of two samples without missing values."""
    import numpy as np
    from scipy.stats import kstwo

    n, m = before.size, after.size
    if not n or not m:
        return math.nan, math.nan
    samples = np.sort(before), np.sort(after)
    points = np.concatenate(samples)
    f, g = (np.searchsorted(s, points, side="right") / s.size for s in samples)
    value = float(np.max(np.abs(f - g)))
    return value, float(kstwo.sf(value, max(1, round(n * m / (n + m)))))


def distance_of_shares(before: np.ndarray, after: np.ndarray) -> float:
    """Jensen-Shannon distance of two rows of counts."""
    from scipy.spatial.distance import jensenshannon

    if not before.sum() or not after.sum():
        return math.nan
    found = float(jensenshannon(before, after, base=2))
    # rounding may put the divergence of equal shares a hair below 0
    return 0.0 if math.isnan(found) else found


def contingency(before: np.ndarray, after: np.ndarray) -> tuple[float, float]:
    """Chi-square statistic and p-value of two rows of counts, rare cells pooled."""
    import numpy as np
    from scipy.stats import chi2_contingency

    table = np.array([before, after], dtype=float)
    sizes, columns = table.sum(axis=1), table.sum(axis=0)
    table, columns = table[:, columns > 0], columns[columns > 0]
    if not sizes.min():
        return math.nan, math.nan
    if columns.size == 1:
        return 0.0, 1.0
    least = LEAST_EXPECTED * sizes.sum() / sizes.min()
    rare = columns < least
    if rare.any():
        # in the order of their frequency, until the pool is large enough itself
        order = np.argsort(columns, kind="stable")
        count = int(rare.sum())
        while count < columns.size and columns[order[:count]].sum() < least:
            count += 1
        pooled = table[:, order[:count]].sum(axis=1, keepdims=True)
        table = np.hstack([pooled, table[:, order[count:]]])
    if table.shape[1] < 2:
        return math.nan, math.nan
    found = chi2_contingency(table, correction=False)
    return float(found.statistic), float(found.pvalue)


def cells(
    reference: Any, analysis: Any, *, bins: int = BINS
) -> tuple[np.ndarray, np.ndarray]:
    """Counts of both samples on the same cells."""
    import numpy as np

    if profiles.kind_of(reference, analysis) == "numeric":
        grid = profiles.Grid.numeric(reference, cells=bins)
        counts = grid.count(reference), grid.count(analysis)
        before, after = (np.append(each.cells, each.unseen) for each in counts)
        return before, after
    first, second = profiles.tally(reference)[0], profiles.tally(analysis)[0]
    return shared(first, second)


def shared(
    first: dict[str, int], second: dict[str, int]
) -> tuple[np.ndarray, np.ndarray]:
    """Counts of both over the categories of either."""
    import numpy as np

    names = list(dict.fromkeys([*first, *second]))
    before, after = (
        np.array([side.get(name, 0) for name in names], dtype=int)
        for side in (first, second)
    )
    return before, after


def _known(reference: Any, analysis: Any) -> tuple[np.ndarray, np.ndarray]:
    import numpy as np

    before, after = profiles.numbers(reference), profiles.numbers(analysis)
    return before[~np.isnan(before)], after[~np.isnan(after)]
