"""Calibration: whether probabilities mean what they say."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from lifecycle import intervals
from lifecycle.metrics.rows import rows as complete

if TYPE_CHECKING:
    import numpy.typing as npt
    import pandas as pd

__all__ = ["expected_calibration_error", "reliability"]

_COLUMNS = (
    "bin",
    "lower",
    "upper",
    "n",
    "mean_score",
    "rate",
    "rate_lower",
    "rate_upper",
)


def reliability(
    y_true: npt.ArrayLike, y_score: npt.ArrayLike, *, bins: int = 10
) -> pd.DataFrame:
    """Mean score against the rate that came true, bin by bin.

    Rows where either is missing are left out.

    Parameters
    ----------
    y_true : array-like of shape (n,)
        Outcomes, 0 or 1.
    y_score : array-like of shape (n,)
        Probabilities of 1.
    bins : int
        How many bins of equal width between 0 and 1; the last includes 1.

    Returns
    -------
    DataFrame of `bins` rows
        `bin` (from 0), its ends `lower` and `upper`, `n`, `mean_score`, `rate`, and
        the 90% interval `rate_lower`, `rate_upper` of the rate (Wilson's). Where a
        bin is empty its numbers are `nan`.

    Raises
    ------
    ValueError
        When a score is no probability.

    Examples
    --------
    >>> table = reliability([0, 0, 1, 1], [0.1, 0.1, 0.9, 0.7], bins=2)
    >>> table[["n", "mean_score", "rate"]].values.tolist()
    [[2.0, 0.1, 0.0], [2.0, 0.8, 1.0]]
    """
    import numpy as np
    import pandas as pd

    if bins < 1:
        raise ValueError(f"bins must be 1 or more, got {bins}; use 10")
    truth, score = complete(y_true, y_score, "score")
    outside = score[(score < 0) | (score > 1)]
    if outside.size:
        raise ValueError(
            f"scores must be probabilities between 0 and 1, got {outside[0]:g}; pass "
            f"the model's predict_proba"
        )
    # an edge belongs to the bin above it, as the edges are written, not as they round
    edges = np.linspace(0, 1, bins + 1)
    cell = np.minimum(np.searchsorted(edges, score, side="right") - 1, bins - 1)
    n = np.bincount(cell, minlength=bins)
    ones = np.bincount(cell, weights=truth, minlength=bins)
    sums = np.bincount(cell, weights=score, minlength=bins)
    rows = []
    for number in range(bins):
        count, hits = int(n[number]), int(ones[number])
        known = [math.nan] * 4
        if count:
            ends = intervals.wilson(hits, count)
            known = [sums[number] / count, hits / count, *ends]
        rows.append([number, edges[number], edges[number + 1], count, *known])
    return pd.DataFrame(rows, columns=list(_COLUMNS))


def expected_calibration_error(
    y_true: npt.ArrayLike, y_score: npt.ArrayLike, *, bins: int = 10
) -> float:
    r"""Mean distance between score and rate over the bins, weighted by their rows.

    Undefined, and therefore `nan`, without rows. In small samples it is above 0 also
    for a perfectly calibrated model.

    Parameters
    ----------
    y_true, y_score : array-like of shape (n,)
        Outcomes and probabilities.
    bins : int
        Bins of equal width.

    Returns
    -------
    float
        Between 0 and 1.

    Raises
    ------
    ValueError
        When a score is no probability.

    Notes
    -----
    :math:`\sum_b \frac{n_b}{n} |\bar s_b - \bar y_b|`.

    References
    ----------
    M. P. Naeini et al., "Obtaining well calibrated probabilities using Bayesian
    binning", AAAI 2015.

    Examples
    --------
    >>> expected_calibration_error([0, 1], [0.25, 0.75])
    0.25
    """
    table = reliability(y_true, y_score, bins=bins)
    total = int(table["n"].sum())
    if not total:
        return math.nan
    distance = (table["mean_score"] - table["rate"]).abs()
    return float((distance * table["n"]).sum() / total)
