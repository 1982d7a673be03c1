"""Estimates from rows that came in with a known probability."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

from lifecycle import intervals
from lifecycle.findings import Finding

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

__all__ = ["hajek", "horvitz_thompson"]


def horvitz_thompson(
    values: npt.ArrayLike,
    inclusion: npt.ArrayLike,
    *,
    rows: int,
    measure: str = "mean",
    unit: str = "",
    level: float = 0.90,
) -> Finding:
    r"""The mean of all rows from some that came in independently of each other.

    Unbiased whatever the values are, and therefore not kept within them: from few rows
    a share may come out above 1.

    Parameters
    ----------
    values, inclusion : array-like of shape (n,)
        Of each row that came in, and the probability with which it did.
    rows : int
        How many there are in all.
    measure, unit : str
        What the finding is called, and its unit.
    level : float
        Of the interval.

    Returns
    -------
    Finding
        Undefined, and therefore `nan`, when no row came in.

    Raises
    ------
    ValueError
        When a probability is not above 0 and at most 1, or there are more rows than
        `rows`.

    Notes
    -----
    With :math:`\pi_i` the probability of row :math:`i` and :math:`N` rows,

    .. math:: \frac{1}{N} \sum_i \frac{y_i}{\pi_i},
        \qquad \frac{1}{N^2} \sum_i (1-\pi_i) \frac{y_i^2}{\pi_i^2}

    its variance where each row comes in by a draw of its own.

    References
    ----------
    D. G. Horvitz and D. J. Thompson, "A generalization of sampling without replacement
    from a finite universe", JASA 47 (1952).

    Examples
    --------
    >>> found = horvitz_thompson([1, 0, 1], [0.5, 0.5, 0.25], rows=10)
    >>> found.value  # (2 + 0 + 4) / 10
    0.6
    """
    y, p = _checked(values, inclusion)
    if len(y) > rows:
        raise ValueError(f"rows must be at least {len(y)}, which came in, got {rows}")
    if not len(y):
        return Finding(measure, math.nan, 0, unit=unit)
    value = float((y / p).sum()) / rows
    spread = math.sqrt(float(((1 - p) * (y / p) ** 2).sum())) / rows
    half = intervals.z(level) * spread
    return Finding(measure, value, len(y), value - half, value + half, unit=unit)


def hajek(
    values: npt.ArrayLike,
    inclusion: npt.ArrayLike,
    *,
    strata: npt.ArrayLike | None = None,
    among: npt.ArrayLike | None = None,
    measure: str = "share",
    subject: str = "",
    level: float = 0.90,
) -> Finding:
    r"""A share of all rows, or of some of them, from rows of known inclusion.

    Each row stands for as many as it was one of. Of a stratum in which not all rows
    have a value those that have stand for the others.

    Parameters
    ----------
    values : array-like of shape (n,)
        0 or 1; `nan` where it is not known.
    inclusion : array-like of shape (n,)
        The probability with which each row came in.
    strata : array-like of shape (n,), optional
        The rows were drawn stratum by stratum, each at random and without replacement.
        Without, each came in by a draw of its own.
    among : array-like of bool, shape (n,), optional
        Asks for the share among these rows only.
    measure, subject : str
        What the finding is called.
    level : float
        Of the interval.

    Returns
    -------
    Finding
        n is how many rows have a value. Undefined, and therefore `nan`, when none has,
        or none of a stratum.

    Raises
    ------
    ValueError
        When a probability is not above 0 and at most 1, or a value is no share.

    Notes
    -----
    :math:`\hat p = \sum y_i/\pi_i \big/ \sum 1/\pi_i`, with the variance of its
    linearised terms :math:`e_i = (y_i - \hat p) / (\pi_i \sum 1/\pi_j)`: in each
    stratum of :math:`n_h` rows
    :math:`(1-\pi_h)\, n_h/(n_h-1) \sum (e_i - \bar e_h)^2`, and without strata
    :math:`\sum (1-\pi_i) e_i^2`. The interval is Wilson's at the number of rows
    :math:`(z/t)^2\, \hat p(1-\hat p)/\hat v` that a plain sample would have needed for
    that, with the quantile of Student's :math:`t` at Satterthwaite's degrees of
    freedom; where the variance is 0, at :math:`(\sum 1/\pi_i)^2 / \sum 1/\pi_i^2`.
    Where a stratum that stands for most rows has few of them it holds a little less
    often than it says: in 86 of 100 instead of 90 for twenty rows at a share of 0.1.

    References
    ----------
    J. Hajek, comment in "Foundations of statistical inference" (1971). W. G. Cochran,
    "Sampling techniques" (1977), ch. 5 and 6. E. L. Korn and B. I. Graubard,
    "Confidence intervals for proportions with small expected number of positive counts
    estimated from survey data", Survey Methodology 24 (1998). F. E. Satterthwaite, "An
    approximate distribution of estimates of variance components", Biometrics Bulletin
    2 (1946).

    Examples
    --------
    >>> found = hajek([1, 1, 0, 0], [0.5, 0.5, 0.1, 0.1])
    >>> round(found.value, 4), found.n  # (2 + 2) / (2 + 2 + 10 + 10)
    (0.1667, 4)
    """
    import numpy as np

    y, p = _checked(values, inclusion)
    if not np.isin(y[~np.isnan(y)], (0.0, 1.0)).all():
        raise ValueError("values must be 0, 1 or nan; a share is asked for")
    _, stratum = np.unique(
        np.arange(len(y)) if strata is None else np.asarray(strata, dtype=str),
        return_inverse=True,
    )
    told = ~np.isnan(y)
    inside = told if among is None else told & np.asarray(among, dtype=bool)
    if strata is not None:
        asked = np.bincount(stratum)
        answered = np.bincount(stratum, weights=told, minlength=len(asked))
        if (answered == 0).any():
            return Finding(
                measure, math.nan, int(inside.sum()), subject=subject, unit="%"
            )
        p = p * (answered / asked)[stratum]
    if not inside.any():
        return Finding(measure, math.nan, 0, subject=subject, unit="%")
    weights = np.where(inside, 1 / p, 0.0)
    total = float(weights.sum())
    value = float((weights * np.where(inside, y, 0.0)).sum()) / total
    terms = np.where(inside, weights * (np.where(inside, y, 0.0) - value) / total, 0.0)
    parts = [(float(((1 - p) * terms**2).sum()), max(int(inside.sum()) - 1, 1))]
    if strata is not None:
        parts = [
            _within(terms[mine], float(p[mine][0]))
            for mine in (told & (stratum == each) for each in range(stratum.max() + 1))
        ]
    ends = _ends(value, parts, weights[inside], level)
    return Finding(measure, value, int(inside.sum()), *ends, subject=subject, unit="%")


def _within(terms: np.ndarray, share: float) -> tuple[float, int]:
    """The variance of the sum of a stratum's terms, and its degrees of freedom.

    Of one term alone, against nothing.
    """
    n = len(terms)
    if n == 1:
        return (1 - share) * float(terms[0] ** 2), 1
    spread = float(((terms - terms.mean()) ** 2).sum())
    return (1 - share) * n / (n - 1) * spread, n - 1


def _ends(
    value: float, parts: Sequence[tuple[float, int]], weights: np.ndarray, level: float
) -> tuple[float, float]:
    from scipy.special import stdtrit

    if (weights == 1).all():
        return value, value  # every row came in
    value = min(max(value, 0.0), 1.0)
    variance = sum(part for part, _ in parts)
    effective = float(weights.sum() ** 2 / (weights**2).sum())
    if 0 < value < 1 and variance > 0:
        freedom = variance**2 / sum(part**2 / free for part, free in parts)
        t = float(stdtrit(freedom, (1 + level) / 2))
        effective = value * (1 - value) / variance * (intervals.z(level) / t) ** 2
    return intervals.wilson(value * effective, effective, level=level)


def _checked(
    values: npt.ArrayLike, inclusion: npt.ArrayLike
) -> tuple[np.ndarray, np.ndarray]:
    import numpy as np

    y, p = np.asarray(values, dtype=float), np.asarray(inclusion, dtype=float)
    if y.shape != p.shape:
        raise ValueError(
            f"values are {len(y)} and inclusion {len(p)} rows; give one for each"
        )
    if not ((p > 0) & (p <= 1)).all():
        raise ValueError(
            "inclusion must be above 0 and at most 1; a row that could not come in "
            "says nothing of others"
        )
    return y, p
