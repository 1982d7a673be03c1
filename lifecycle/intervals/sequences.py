"""Intervals of a mean that hold at all looks together."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from lifecycle.intervals.levels import NOWHERE, floats
from lifecycle.intervals.mixtures import boundary

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

__all__ = ["asymptotic", "betting"]

_BLOCK = 1024  # rows looked at together


def betting(
    values: npt.ArrayLike, *, alpha: float = 0.05, first: int = 1, steps: int = 400
) -> tuple[float, float]:
    r"""Interval of the mean of values in [0, 1] that holds at all looks together.

    Whoever looks after every row and stops when it suits is covered all the same.
    Undefined, and therefore `nan`, with fewer than `first` values. Missing values are
    left out.

    Parameters
    ----------
    values : array-like of shape (n,)
        Between 0 and 1, in the order in which they came.
    alpha : float
        For each end: with probability `alpha` at most it is ever on the wrong side.
        The interval has level 1 - 2 alpha.
    first : int
        The first look; the interval only narrows from there.
    steps : int
        Into how many steps the ends are rounded, outwards.

    Returns
    -------
    lower, upper : float
        Within 0 and 1.

    Raises
    ------
    ValueError
        When a value lies beyond 0 or 1, or `alpha` does.

    Notes
    -----
    With a guess :math:`m` at the mean, a bet that the mean is less grows to
    :math:`K_t(m) = \prod_{i \le t} (1 - \lambda_i(m)\,(X_i - m))`. Where the mean of
    each value, given those before it, is :math:`m` or more this is a non-negative
    supermartingale, so that it ever reaches :math:`1/\alpha` with probability
    :math:`\alpha` at most (Ville). The upper end is the largest :math:`m` that was
    never refuted so. The stake :math:`\lambda_i = (m - \hat\mu_{i-1}) /
    (\hat\sigma^2_{i-1} + (m - \hat\mu_{i-1})^2)`, held between 0 and
    :math:`1/(2(1-m))`, looks at the past only ("approximate GRAPA"). The lower end is
    the same of :math:`1 - X`.

    References
    ----------
    I. Waudby-Smith and A. Ramdas, "Estimating means of bounded random variables by
    betting", JRSS B 86 (2024), arXiv 2010.09686, section 4 and appendix B.

    Examples
    --------
    >>> lower, upper = betting([0, 0, 1, 0, 0] * 40)
    >>> lower < 0.2 < upper < 0.5
    True
    >>> betting([], alpha=0.05)
    (nan, nan)
    """
    import numpy as np

    _check_alpha(alpha)
    told = floats(values)
    told = told[~np.isnan(told)]
    if not np.all((told >= 0) & (told <= 1)):
        raise ValueError("values must lie between 0 and 1; scale them first")
    if len(told) < max(first, 1):
        return NOWHERE
    upper = _upper(told, alpha=alpha, first=first, steps=steps)
    lower = 1 - _upper(1 - told, alpha=alpha, first=first, steps=steps)
    return lower, upper


def asymptotic(
    values: npt.ArrayLike, *, alpha: float = 0.05, tightest: float = 500
) -> tuple[float, float]:
    r"""Interval of a mean that holds at all later looks together, for any values.

    For values without bounds (money, minutes), where `betting` cannot be used. The
    promise is kept in the limit: take the first look at some dozens of values at
    least. Undefined, and therefore `nan`, for fewer than two values or when one is
    infinite. Missing values are left out.

    Parameters
    ----------
    values : array-like of shape (n,)
        In the order in which they came.
    alpha : float
        For each end; the interval has level 1 - 2 alpha.
    tightest : float
        The number of values at which the interval is to be as narrow as it can be.

    Returns
    -------
    lower, upper : float

    Raises
    ------
    ValueError
        When `alpha` is not within 0 and 0.5, or `tightest` is not above 0.

    Notes
    -----
    :math:`\hat\mu \pm \hat\sigma \sqrt{\frac{2(t\rho^2 + 1)}{t^2\rho^2} \log
    \frac{\sqrt{t\rho^2 + 1}}{2\alpha}}`, the boundary of a mixture of normal bets, with
    :math:`\rho^2 = (-2\log 2\alpha + \log(1 - 2\log 2\alpha))/t^*` for the number of
    values :math:`t^*` at which it is tightest.

    References
    ----------
    I. Waudby-Smith et al., "Time-uniform central limit theory and asymptotic
    confidence sequences", Annals of Statistics 52 (2024), arXiv 2103.06476, theorem
    2.2. S. R. Howard et al., "Time-uniform, nonparametric, nonasymptotic confidence
    sequences", Annals of Statistics 49 (2021), arXiv 1810.08240.

    Examples
    --------
    >>> lower, upper = asymptotic([3.0, 5.0] * 100)
    >>> round(lower, 2), round(upper, 2)
    (3.8, 4.2)
    """
    import numpy as np

    _check_alpha(alpha)
    if alpha >= 0.5:
        raise ValueError(f"alpha must lie below 0.5, got {alpha}; use 0.05 for 90%")
    if not tightest > 0:
        raise ValueError(f"tightest must be above 0, got {tightest}; use 500")
    told = floats(values)
    told = told[~np.isnan(told)]
    n = told.size
    if n < 2 or not np.isfinite(told).all():
        return NOWHERE
    half = float(np.std(told) * boundary(n, alpha=alpha, tightest=tightest)) / n
    middle = float(np.mean(told))
    return middle - half, middle + half


def _check_alpha(alpha: float) -> None:
    if not 0 < alpha < 1:
        raise ValueError(
            f"alpha must lie between 0 and 1, got {alpha}; use 0.05 for 90%"
        )


def _upper(x: np.ndarray, *, alpha: float, first: int, steps: int) -> float:
    """Largest mean in [0, 1] that no bet below it has refuted.

    All guesses are carried through blocks of rows; a guess once refuted is dropped,
    so that most of the rows meet a few guesses only.
    """
    import numpy as np

    count = np.arange(1, len(x) + 1)
    means = (0.5 + np.cumsum(x)) / (count + 1)
    spreads = (0.25 + np.cumsum((x - means) ** 2)) / (count + 1)
    past_mean = np.concatenate([[0.5], means[:-1]])[:, None]
    past_spread = np.concatenate([[0.25], spreads[:-1]])[:, None]
    guesses = np.arange(steps + 1) / steps
    wealth = np.zeros(guesses.size)
    bar = -math.log(alpha)
    last = max(first, 1) - 1  # the first row whose wealth is looked at
    for start in range(0, len(x), _BLOCK):
        rows = slice(start, start + _BLOCK)
        ahead = guesses - past_mean[rows]
        most = 0.5 / np.maximum(1 - guesses, 1e-9)
        stakes = np.clip(ahead / (past_spread[rows] + ahead**2), 0, most)
        course = np.log1p(-stakes * (x[rows, None] - guesses))
        course = wealth + np.cumsum(course, axis=0)
        seen = course[max(0, last - start) :]
        alive = seen.max(axis=0) < bar if seen.size else np.ones(guesses.size, bool)
        if not alive.any():
            return 0.0
        guesses, wealth = guesses[alive], course[-1][alive]
    return float(min(guesses[-1] + 1 / steps, 1.0))
