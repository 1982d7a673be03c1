"""Means and ratios of any values: sequences that hold in the limit."""

from __future__ import annotations

from statistics import NormalDist
from typing import TYPE_CHECKING

from lifecycle import intervals
from lifecycle.experiment.evidence import Arms, Metric, Pairs
from lifecycle.experiment.looks import Looks

if TYPE_CHECKING:
    import numpy as np

__all__ = ["linearised", "rooms"]

_POWER = 0.8  # at which a fixed horizon would have it; there the interval is tightest


def linearised(
    evidence: Arms | Pairs,
    metric: Metric,
    *,
    effect: float,
    ends: tuple[float, float],
    at: np.ndarray,
    first: int,
) -> Looks:
    r"""The course of a mean or a ratio at some looks.

    Parameters
    ----------
    evidence : Arms or Pairs
    metric : Metric
    effect : float
        The smallest difference worth having, above 0.
    ends : tuple of float
        How often the lower and the upper end may ever be wrong.
    at : ndarray of shape (k,)
        After how many keys the looks are, ascending.
    first : int
        Before each version has so many keys nothing is refuted: the promise is one of
        the limit, and with heavy tails the limit is far.

    Notes
    -----
    In each stretch of equal shares a version's ratio :math:`R = \sum t_i / \sum b_i` (a
    mean where :math:`b_i = 1`) has the residuals :math:`u_i = (t_i - R b_i)/\bar b`.
    With :math:`q` the part of a stretch's :math:`n` keys that the experimental version
    served, the difference is :math:`\sum n q (1-q) (R_1 - R_0)` over the information
    :math:`\sum n q (1-q)`, and the variance of that sum :math:`\sum ((T_i - q) u_i)^2`:
    the regression on the version with a level a stretch, with its robust variance. A
    version's variance is taken for no smaller than that of both together: a few keys
    that lack the rare large amounts would else be believed too early. The ends are
    those of `intervals.boundary`.

    References
    ----------
    I. Waudby-Smith et al., "Time-uniform central limit theory and asymptotic confidence
    sequences", Annals of Statistics 52 (2024), arXiv 2103.06476. A. Deng et al.,
    "Applying the delta method in metric analytics", KDD 2018, arXiv 1803.06336.
    """
    import numpy as np

    told = _pairs(evidence, at) if isinstance(evidence, Pairs) else _arms(evidence, at)
    mine, theirs, total, information, variance, enough = told
    with np.errstate(invalid="ignore", divide="ignore"):
        difference = np.where(information > 0, total / information, np.nan)
        spread = variance / information
    sound = (information > 0) & (variance > 0) & (enough >= max(first, 2))
    away = rooms(np.where(sound, spread, np.nan), variance, effect=effect, ends=ends)
    lower, upper = (
        np.where(sound, difference + sign * room / information, sign * np.inf)
        for sign, room in zip((-1, 1), away, strict=True)
    )
    alpha = min(ends)
    scale = _tightest(np.where(sound, spread, 1.0), effect, alpha)
    rare = intervals.always_valid(
        np.where(sound, total, 0.0) / np.sqrt(scale),
        np.where(sound, variance, 0.0) / scale,
        alpha=alpha,
        tightest=1.0,
    )
    return Looks(
        mine,
        theirs,
        difference,
        np.maximum.accumulate(lower),
        np.minimum.accumulate(upper),
        rare,
        information,
        variance,
    )


def rooms(
    spread: np.ndarray,
    variance: np.ndarray,
    *,
    effect: float,
    ends: tuple[float, float],
) -> tuple[np.ndarray, np.ndarray]:
    """How far the sum may stray down and up, each look with its own spread.

    Parameters
    ----------
    spread : ndarray of shape (k,)
        Variance of a key; `nan` where there is none.
    variance : ndarray of shape (k,)
        Of the sum.
    effect, ends
        As in `linearised`.
    """
    import numpy as np

    found = []
    for alpha in ends:
        # the boundary scales: that of a sum of variance v tightest at w is the root of
        # w times that of v / w tightest at 1
        scale = _tightest(spread, effect, alpha)
        unit = intervals.boundary(variance / scale, alpha=alpha, tightest=1.0)
        found.append(unit * np.sqrt(scale))
    return found[0], found[1]


def _tightest(spread: np.ndarray, effect: float, alpha: float) -> np.ndarray:
    """The variance of the sum at which a fixed horizon would see the effect."""
    normal = NormalDist()
    reach = normal.inv_cdf(1 - alpha) + normal.inv_cdf(_POWER)
    told: np.ndarray = (reach * spread / effect) ** 2
    return told


def _pairs(evidence: Pairs, at: np.ndarray) -> tuple[np.ndarray, ...]:
    import numpy as np

    def upto(values: np.ndarray) -> np.ndarray:
        return np.cumsum(values)[at - 1]

    change = evidence.experimental - evidence.production
    total = upto(change)
    noise = np.maximum(upto(change**2) - total**2 / at, 0.0)
    noise *= at / np.maximum(at - 1, 1)
    mine, theirs = (upto(x) / at for x in (evidence.experimental, evidence.production))
    return mine, theirs, total, at.astype(float), noise, at


def _arms(evidence: Arms, at: np.ndarray) -> tuple[np.ndarray, ...]:
    """Both levels, the sum, its information and variance, and the smaller arm."""
    import numpy as np

    top = evidence.values
    bottom = np.ones(top.size) if evidence.per is None else evidence.per
    treated = evidence.experimental
    middle = top.sum() / bottom.sum() if bottom.sum() > 0 else 0.0
    moved = top - middle * bottom  # large levels would drown what differs
    total, information, variance = (np.zeros(at.size) for _ in range(3))
    for share in np.unique(evidence.share):
        inside = evidence.share == share
        sides = [_side(moved, bottom, inside & arm, at) for arm in (treated, ~treated)]
        (n1, ratio1, noise1), (n0, ratio0, noise0) = sides
        n, both = n1 + n0, (n1 > 0) & (n0 > 0)
        with np.errstate(invalid="ignore", divide="ignore"):
            part = np.where(both, n1 * n0 / n, 0.0)
            total += np.where(both, part * (ratio1 - ratio0), 0.0)
            # few keys of a skewed amount seem to vary too little: at least as all do
            a_key = (noise1 + noise0) / n
            mine, theirs = (
                np.maximum(noise1, n1 * a_key),
                np.maximum(noise0, n0 * a_key),
            )
            noise = (n0 / n) ** 2 * mine + (n1 / n) ** 2 * theirs
        information += part
        variance += np.where(both, noise, 0.0)
    levels, counts = [], []
    for arm in (treated, ~treated):
        n, ratio, _ = _side(moved, bottom, arm, at)
        levels.append(ratio + middle)
        counts.append(n)
    return *levels, total, information, variance, np.minimum(*counts)


def _side(
    top: np.ndarray, bottom: np.ndarray, inside: np.ndarray, at: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Keys, ratio and sum of squared residuals of some of the rows, up to each look."""
    import numpy as np

    def upto(values: np.ndarray) -> np.ndarray:
        return np.cumsum(np.where(inside, values, 0.0))[at - 1]

    n, t, b = upto(np.ones(top.size)), upto(top), upto(bottom)
    with np.errstate(invalid="ignore", divide="ignore"):
        ratio = np.where(b > 0, t / b, np.nan)
        squares = upto(top**2) - 2 * ratio * upto(top * bottom)
        squares = np.maximum(squares + ratio**2 * upto(bottom**2), 0.0)
        noise = squares / (b / n) ** 2 * n / np.maximum(n - 1, 1)
    return n, ratio, noise
