"""Calibration error: how far scores are from the rates that came true."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from lifecycle import intervals
from lifecycle.metrics.metric import Measured
from lifecycle.metrics.rows import rows

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

__all__ = ["calibration_bias", "calibration_error", "calibration_measured"]

_BINS = 10


def calibration_error(
    y_true: npt.ArrayLike, y_score: npt.ArrayLike, *, bins: int = _BINS
) -> float:
    r"""Mean distance between score and rate over the bins, weighted by their rows.

    Undefined, and therefore `nan`, without rows, or when a score is no probability. In
    small samples it is above 0 also for a perfectly calibrated model:
    `calibration_bias` says by how much, to be read next to it.

    Parameters
    ----------
    y_true : array-like of shape (n,)
        Outcomes, 0 or 1.
    y_score : array-like of shape (n,)
        Probabilities of 1.
    bins : int
        How many bins of equal width between 0 and 1; an edge belongs to the bin above
        it, and 1 to the last.

    Returns
    -------
    float
        0 to 1.

    Raises
    ------
    ValueError
        When there is no bin.

    Notes
    -----
    :math:`\sum_b \frac{n_b}{n} |\bar s_b - \bar y_b|`.

    References
    ----------
    M. P. Naeini et al., "Obtaining well calibrated probabilities using Bayesian
    binning", AAAI 2015.

    Examples
    --------
    >>> calibration_error([0, 1], [0.25, 0.75])
    0.25
    """
    return _summed(_binned(y_true, y_score, bins))


def calibration_bias(
    y_true: npt.ArrayLike, y_score: npt.ArrayLike, *, bins: int = _BINS
) -> float:
    r"""What the calibration error would be on these rows if the scores were right.

    Undefined, and therefore `nan`, without rows, or when a score is no probability.

    Parameters
    ----------
    y_true, y_score, bins
        As in `calibration_error`; of the outcomes only which are known counts.

    Returns
    -------
    float
        An error of about this size says nothing against the model.

    Notes
    -----
    Of a normal deviation the mean size is :math:`\sqrt{2/\pi}` of its standard error:
    :math:`\sum_b \frac{n_b}{n} \sqrt{\frac{2}{\pi} \frac{\overline{s(1-s)}_b}{n_b}}`.

    References
    ----------
    J. Bröcker, "Estimating reliability and resolution of probability forecasts
    through decomposition of the empirical score", Climate Dynamics 39 (2012).

    Examples
    --------
    >>> round(calibration_bias([0, 1] * 50, [0.5] * 100), 3)
    0.04
    """
    import numpy as np

    found = _binned(y_true, y_score, bins)
    if found is None:
        return math.nan
    n, _, _, spread = found
    return float(np.sqrt(2 / math.pi * spread * n).sum() / n.sum())


def calibration_measured(
    y_true: npt.ArrayLike, y_score: npt.ArrayLike, *, level: float
) -> Measured:
    """The calibration error with its interval; see `with_interval`."""
    import numpy as np

    score = intervals.z(level)
    found = _binned(y_true, y_score, _BINS)
    if found is None:
        known = rows(y_true, y_score, "score")[0].size
        return Measured(math.nan, math.nan, math.nan, known)
    n, ones, _, _ = found
    value = _summed(found)
    # one hit and one miss more keep a bin that saw one class from being sure
    rate = (ones + 1) / (n + 2)
    variance = rate * (1 - rate) / n
    share = n / n.sum()
    half = score * math.sqrt(float(share**2 @ variance))
    most = float(share @ np.sqrt(2 / math.pi * variance))
    ends = max(0.0, value - most - half), min(1.0, value + half)
    return Measured(value, *ends, int(n.sum()))


def _summed(found: tuple[np.ndarray, ...] | None) -> float:
    import numpy as np

    if found is None:
        return math.nan
    n, ones, sums, _ = found
    return float(np.abs(sums - ones).sum() / n.sum())


def _binned(
    y_true: npt.ArrayLike, y_score: npt.ArrayLike, bins: int
) -> tuple[np.ndarray, ...] | None:
    """Per bin that has rows: rows, ones, sum of scores, mean of s(1 - s)."""
    import numpy as np

    if bins < 1:
        raise ValueError(f"bins must be 1 or more, got {bins}; use 10")
    truth, score = rows(y_true, y_score, "score")
    if not score.size or not (score.min() >= 0 and score.max() <= 1):
        return None
    edges = np.linspace(0, 1, bins + 1)
    cell = np.minimum(np.searchsorted(edges, score, side="right") - 1, bins - 1)
    n = np.bincount(cell, minlength=bins)
    kept = n > 0
    ones, sums, spread = (
        np.bincount(cell, weights=values, minlength=bins)[kept]
        for values in (truth, score, score * (1 - score))
    )
    return n[kept].astype(float), ones, sums, spread / n[kept]
