"""The metrics of a regression: how far predicted amounts were from what came true."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from lifecycle import intervals
from lifecycle.intervals import floats
from lifecycle.metrics.metric import Measured

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

__all__ = ["mae", "mape", "pinball", "quantile_of", "r2", "regression", "rmse"]


def mae(y_true: npt.ArrayLike, y_pred: npt.ArrayLike) -> float:
    """Mean size of the error, in the unit of the outcome.

    Undefined, and therefore `nan`, without rows, or when a value is infinite.

    Parameters
    ----------
    y_true : array-like of shape (n,)
        Outcomes, any numbers.
    y_pred : array-like of shape (n,)
        Predictions, in the same unit.

    Returns
    -------
    float
        0 or more.

    Examples
    --------
    >>> mae([3, 5], [2, 7])
    1.5
    """
    return regression("mae", y_true, y_pred).value


def rmse(y_true: npt.ArrayLike, y_pred: npt.ArrayLike) -> float:
    """Root of the mean squared error, in the unit of the outcome.

    Undefined, and therefore `nan`, without rows, or when a value is infinite.

    Parameters
    ----------
    y_true : array-like of shape (n,)
        Outcomes, any numbers.
    y_pred : array-like of shape (n,)
        Predictions, in the same unit.

    Returns
    -------
    float
        0 or more.

    Examples
    --------
    >>> rmse([3, 5], [2, 12])
    5.0
    """
    return regression("rmse", y_true, y_pred).value


def mape(y_true: npt.ArrayLike, y_pred: npt.ArrayLike) -> float:
    """Mean size of the error as a share of the outcome.

    Of an outcome of 0 there is no share: these rows are left out, and n is less by
    them. Undefined, and therefore `nan`, when no outcome is other than 0, or when a
    value is infinite.

    Parameters
    ----------
    y_true : array-like of shape (n,)
        Outcomes, any numbers.
    y_pred : array-like of shape (n,)
        Predictions, in the same unit.

    Returns
    -------
    float
        0 or more; 0.1 is 10%.

    Examples
    --------
    >>> mape([10, 20, 0], [11, 18, 3])
    0.1
    """
    return regression("mape", y_true, y_pred).value


def r2(y_true: npt.ArrayLike, y_pred: npt.ArrayLike) -> float:
    r"""Share of the outcomes' variance that the predictions explain.

    Undefined, and therefore `nan`, with fewer than two rows, when all outcomes are
    equal, or when a value is infinite.

    Parameters
    ----------
    y_true : array-like of shape (n,)
        Outcomes, any numbers.
    y_pred : array-like of shape (n,)
        Predictions, in the same unit.

    Returns
    -------
    float
        1 or less; below 0 where the outcomes' own mean would have been nearer.

    Notes
    -----
    :math:`1 - \sum (y_i - \hat y_i)^2 / \sum (y_i - \bar y)^2`.

    Examples
    --------
    >>> r2([1, 2, 3], [1, 2, 4])
    0.5
    """
    return regression("r2", y_true, y_pred).value


def pinball(
    y_true: npt.ArrayLike, y_pred: npt.ArrayLike, *, quantile: float = 0.5
) -> float:
    r"""Mean loss of a predicted quantile, in the unit of the outcome.

    Undefined, and therefore `nan`, without rows, or when a value is infinite.

    Parameters
    ----------
    y_true : array-like of shape (n,)
        Outcomes, any numbers.
    y_pred : array-like of shape (n,)
        The predicted quantile, in the same unit.
    quantile : float
        Which quantile was predicted, within 0 and 1; half of the mean size of the
        error at 0.5.

    Returns
    -------
    float
        0 or more.

    Raises
    ------
    ValueError
        When the quantile is not within 0 and 1.

    Notes
    -----
    :math:`\max(q (y - \hat y), (q - 1)(y - \hat y))`.

    References
    ----------
    R. Koenker and G. Bassett, "Regression quantiles", Econometrica 46 (1978).

    Examples
    --------
    >>> pinball([10, 10], [8, 12], quantile=0.75)
    1.0
    """
    return regression(f"pinball@{quantile}", y_true, y_pred).value


def regression(
    name: str, y_true: npt.ArrayLike, y_pred: npt.ArrayLike, *, level: float = 0.90
) -> Measured:
    r"""A metric of a regression with its interval and the rows it rests on.

    Rows where either is missing are left out.

    Parameters
    ----------
    name : str
        "mae", "rmse", "mape", "r2" or "pinball" ("pinball@0.9" of another quantile
        than the median).
    y_true, y_pred : array-like of shape (n,)
        Outcomes and predictions of the same rows, in one unit.
    level : float
        Between 0 and 1.

    Returns
    -------
    value, lower, upper : float
        `nan` where undefined; the ends also where one row alone cannot tell.
    n : int
        The rows that count: for MAPE those whose outcome is not 0.

    Raises
    ------
    ValueError
        When there is no such metric, or the columns are not of the same rows.

    Notes
    -----
    Means: Student's interval; RMSE: the root of the interval of the mean squared
    error; :math:`R^2`: the delta method for a ratio of two means, :math:`s^2 = \frac
    1{n^2} \sum_i (e_i^2 - (1 - R^2)(y_i - \bar y)^2)^2 / v^2`, with the outcomes'
    variance :math:`v`.

    Examples
    --------
    >>> value, lower, upper, n = regression("mae", [3, 5, 4, 4], [2, 7, 4, 3])
    >>> value, round(lower, 2), round(upper, 2), n
    (1.0, 0.04, 1.96, 4)
    """
    import numpy as np

    intervals.z(level)
    base, _, setting = name.partition("@")
    quantile = quantile_of(name, setting) if base == "pinball" else math.nan
    if base not in _TERMS or (setting and base != "pinball"):
        raise ValueError(f"no metric {name!r}; use one of {', '.join(_TERMS)}")
    truth, guess = _known(y_true, y_pred)
    if base == "mape":
        kept = truth != 0
        truth, guess = truth[kept], guess[kept]
    n = truth.size
    with np.errstate(all="ignore"):
        losses = _TERMS[base](truth, guess, quantile)
        finite = bool(np.isfinite(losses).all() and np.isfinite(losses.sum()))
        if not n or not finite:
            return Measured(math.nan, math.nan, math.nan, n)
        if base == "r2":
            return _explained(truth, losses, level)
        value, ends = float(losses.mean()), intervals.mean(losses, level=level)
    lower, upper = max(0.0, ends[0]) if n > 1 else math.nan, ends[1]
    if base == "rmse":
        value, lower, upper = (math.sqrt(each) for each in (value, lower, upper))
    return Measured(value, lower, upper, n)


def _squares(y: np.ndarray, p: np.ndarray, _: float) -> Any:
    return (y - p) ** 2


def _lopsided(y: np.ndarray, p: np.ndarray, q: float) -> Any:
    import numpy as np

    return np.maximum(q * (y - p), (q - 1) * (y - p))


_TERMS: dict[str, Callable[[np.ndarray, np.ndarray, float], Any]] = {
    "mae": lambda y, p, _: abs(y - p),
    "rmse": _squares,
    "mape": lambda y, p, _: abs(y - p) / abs(y),
    "r2": _squares,
    "pinball": _lopsided,
}


def _explained(truth: np.ndarray, losses: np.ndarray, level: float) -> Measured:
    import numpy as np

    n = truth.size
    away = (truth - truth.mean()) ** 2
    if n < 2 or np.ptp(truth) == 0 or not math.isfinite(away.sum()):
        return Measured(math.nan, math.nan, math.nan, n)
    left = float(losses.sum() / away.sum())
    residual = (losses - left * away) / away.mean()
    half = intervals.z(level) * math.sqrt(float(residual @ residual)) / n
    return Measured(1 - left, 1 - left - half, min(1.0, 1 - left + half), n)


def quantile_of(name: str, setting: str) -> float:
    """The quantile in "pinball@0.9"."""
    try:
        quantile = float(setting or 0.5)
    except ValueError:
        quantile = math.nan
    if not 0 < quantile < 1:
        raise ValueError(
            f"the quantile of {name!r} must lie within 0 and 1; write pinball@0.9"
        )
    return quantile


def _known(
    y_true: npt.ArrayLike, y_pred: npt.ArrayLike
) -> tuple[np.ndarray, np.ndarray]:
    import numpy as np

    truth, guess = floats(y_true), floats(y_pred)
    if truth.size != guess.size:
        raise ValueError(
            f"outcomes and predictions must be of the same rows, got {truth.size} and "
            f"{guess.size}; join them by id first"
        )
    known = ~(np.isnan(truth) | np.isnan(guess))
    return truth[known], guess[known]
