"""Do two periods sell the same items? A test that holds with many rare ones."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

__all__ = ["Homogeneity", "homogeneity"]


class Homogeneity(NamedTuple):
    """Pearson's statistic, what it is by chance, its p-value, and how far apart."""

    statistic: float
    mean: float
    variance: float
    p: float
    v: float
    square: float
    error: float


def homogeneity(reference: npt.ArrayLike, analysis: npt.ArrayLike) -> Homogeneity:
    r"""Test whether two rows of counts come from the same shares.

    Undefined, and therefore `nan`, when either has no counts, both together fewer than
    four, or only one item occurs.

    Parameters
    ----------
    reference, analysis : array-like of int, shape (n_items,)
        How often each item occurred.

    Returns
    -------
    statistic, mean, variance : float
        Pearson's :math:`X^2`, and its exact moments given all sums of the table.
    p : float
        That chance alone gives as much.
    v : float
        0 (the same shares) to 1 (no item in common).
    square, error : float
        :math:`v^2` before it is cut at 0, and its standard error.

    Raises
    ------
    ValueError
        When the counts are not of the same items, negative or no whole numbers.

    Notes
    -----
    Of 100,000 items most are expected less than once, and :math:`X^2` is then not
    distributed as chi-squared. Given the sums of rows and columns its mean is
    :math:`N(k-1)/(N-1)`, and its variance, exactly,

    .. math:: \frac{2N}{N-3}(v_1 - w_1)(v_2 - w_2) + \frac{N^2}{N-1} w_1 w_2,
        \quad v_c = \frac{(c-1)(N-c)}{N-1},
        \quad w_c = \frac{N \sum_i 1/n_i - c^2}{N-2}

    with :math:`c` and :math:`n_i` number and sums of the rows (:math:`w_1`) and of the
    columns (:math:`w_2`). The p-value is that of the gamma distribution with these
    moments: chi-squared where counts are large, normal where items are many.
    :math:`v^2 = (X^2 - \mathrm{mean})/N`, cut at 0. The standard error adds to that
    variance the one by the delta method that drift itself brings. Rows count as
    independent: who buys ten things at once makes p too small, which is why
    `popularity` also asks the reference's own chunks.

    References
    ----------
    R. B. Dawson, "A simplified expression for the variance of the chi-squared function
    on a contingency table", Biometrika 41 (1954). T. Lewis, I. W. Saunders and M.
    Westcott, "The moments of the Pearson chi-squared statistic", Biometrika 71 (1984).
    C. Morris, "Central limit theorems for multinomial sums", Annals of Statistics 3
    (1975). W. Bergsma, "A bias-correction for Cramér's V", J. Korean Stat. Soc. 42
    (2013).

    Examples
    --------
    >>> found = homogeneity([30, 10], [10, 30])
    >>> found.statistic, round(found.mean, 3), round(found.p, 6)
    (20.0, 1.013, 8e-06)
    >>> homogeneity([1, 2], [0, 0]).p
    nan
    """
    import numpy as np
    from scipy import stats

    x, y = (np.asarray(each) for each in (reference, analysis))
    if x.shape != y.shape or x.ndim != 1:
        raise ValueError(
            f"reference and analysis must count the same items, got shapes {x.shape} "
            f"and {y.shape}"
        )
    for name, counts in (("reference", x), ("analysis", y)):
        if counts.size and ((counts < 0).any() or (counts % 1 != 0).any()):
            raise ValueError(f"{name} must be counts, whole and 0 or more")
    x, y = x[(x + y) > 0].astype(float), y[(x + y) > 0].astype(float)
    n, m, k = float(x.sum()), float(y.sum()), x.size
    size, sums = n + m, x + y
    if not n or not m or size < 4 or k < 2:
        return Homogeneity(*[math.nan] * 7)
    statistic = float((((x * m - y * n) ** 2) / sums).sum()) / (n * m)
    mean = size * (k - 1) / (size - 1)
    groups = (2, size * (1 / n + 1 / m)), (k, size * float((1 / sums).sum()))
    v1, v2 = ((c - 1) * (size - c) / (size - 1) for c, _ in groups)
    w1, w2 = ((inverse - c * c) / (size - 2) for c, inverse in groups)
    variance = 2 * size / (size - 3) * (v1 - w1) * (v2 - w2)
    variance = max(0.0, variance + size * size / (size - 1) * w1 * w2)
    p = float(statistic <= mean)
    if variance > 0:
        p = float(stats.gamma.sf(statistic, mean**2 / variance, scale=variance / mean))
    steep = _gradient(x / size, y / size)
    error = math.sqrt(variance + size * steep) / size
    square = (statistic - mean) / size
    v = math.sqrt(min(1.0, max(0.0, square)))
    return Homogeneity(statistic, mean, variance, p, v, square, error)


def _gradient(p: np.ndarray, q: np.ndarray) -> float:
    """Variance over the rows of the slope of phi squared in their cell."""
    a, b, c = float(p.sum()), float(q.sum()), p + q
    columns = (p * p / a + q * q / b) / c**2
    first = 2 * p / (a * c) - float((p * p / c).sum()) / a**2 - columns
    second = 2 * q / (b * c) - float((q * q / c).sum()) / b**2 - columns
    mean = float(p @ first + q @ second)
    return max(0.0, float(p @ first**2 + q @ second**2) - mean**2)
