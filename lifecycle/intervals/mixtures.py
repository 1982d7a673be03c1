"""How far a sum may stray when it is looked at again and again."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

__all__ = ["always_valid", "boundary", "prior"]


def boundary(
    variance: npt.ArrayLike, *, alpha: float = 0.05, tightest: float
) -> np.ndarray:
    r"""How far a sum of centred values may stray, at all looks together.

    Parameters
    ----------
    variance : array-like of shape (n,)
        Of the sum at each look: the sum of the values' variances, 0 or more.
    alpha : float
        For each side, between 0 and 0.5: with probability `alpha` at most the sum is
        ever further up (or down). Exact for normal values, in the limit for others.
    tightest : float
        The variance at which the boundary is to be as near as it can be, above 0; to
        be fixed without looking at the sum.

    Returns
    -------
    ndarray of float, shape (n,)

    Raises
    ------
    ValueError
        When `alpha` or `tightest` is out of range.

    Notes
    -----
    Robbins' mixture of normal bets: :math:`\sqrt{2(V + \eta)\log
    \frac{\sqrt{(V + \eta)/\eta}}{2\alpha}}`, with :math:`\eta = V^* / (-2\log 2\alpha +
    \log(1 - 2\log 2\alpha))` for the variance :math:`V^*` at which it is tightest.

    References
    ----------
    H. Robbins, "Statistical methods related to the law of the iterated logarithm",
    Annals of Mathematical Statistics 41 (1970). S. R. Howard et al., "Time-uniform,
    nonparametric, nonasymptotic confidence sequences", Annals of Statistics 49 (2021),
    arXiv 1810.08240, equation 14.

    Examples
    --------
    >>> boundary([100.0, 400.0], alpha=0.025, tightest=100).round(1).tolist()
    [30.4, 62.5]
    """
    import numpy as np

    eta = prior(alpha=alpha, tightest=tightest)
    wide = np.asarray(variance, dtype=float) + eta
    return np.sqrt(2 * wide * (np.log(wide / eta) / 2 - math.log(2 * alpha)))


def always_valid(
    total: npt.ArrayLike,
    variance: npt.ArrayLike,
    *,
    alpha: float = 0.05,
    tightest: float,
) -> np.ndarray:
    r"""The p-value that holds at all looks together: how rare so large a sum is.

    Below :math:`2\alpha` exactly where the sum is beyond `boundary`, on either side.

    Parameters
    ----------
    total : array-like of shape (n,)
        The sum at each look.
    variance, alpha, tightest
        As in `boundary`.

    Returns
    -------
    ndarray of float, shape (n,)
        Between 0 and 1, never rising from look to look.

    References
    ----------
    R. Johari et al., "Always valid inference: continuous monitoring of A/B tests",
    Operations Research 70 (2022), arXiv 1512.04922.

    Examples
    --------
    >>> edge = boundary([100.0], alpha=0.025, tightest=100)
    >>> always_valid(edge, [100.0], alpha=0.025, tightest=100).round(3).tolist()
    [0.05]
    """
    import numpy as np

    eta = prior(alpha=alpha, tightest=tightest)
    wide = np.asarray(variance, dtype=float) + eta
    seen = np.asarray(total, dtype=float)
    found = np.exp(np.minimum(np.log(wide / eta) / 2 - seen**2 / (2 * wide), 0.0))
    return np.minimum.accumulate(found)


def prior(*, alpha: float, tightest: float) -> float:
    """The variance of the mixture that is tightest at a variance."""
    if not 0 < alpha < 0.5:
        raise ValueError(
            f"alpha must lie between 0 and 0.5, got {alpha}; use 0.05 for 90%"
        )
    if not tightest > 0:
        raise ValueError(f"tightest must be above 0, got {tightest}; use 500")
    twice = -2 * math.log(2 * alpha)
    return tightest / (twice + math.log1p(twice))
