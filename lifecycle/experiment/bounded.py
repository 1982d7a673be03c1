"""Bounded metrics: bets that need no assumption about the values."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from lifecycle import intervals
from lifecycle.experiment.evidence import Arms, Metric, Pairs
from lifecycle.experiment.looks import Looks

if TYPE_CHECKING:
    import numpy as np

__all__ = ["EFFECTS", "MOST", "WEIGHTS", "Bets", "bets", "bounded"]

EFFECTS = (0.125, 0.25, 0.5, 1.0, 1.5, 2.5, 5.0, 10.0)
"""The differences that bets are made for, in minimal effects."""
WEIGHTS = (0.02, 0.03, 0.07, 0.5, 0.2, 0.1, 0.05, 0.03)
"""How much is staked on each."""
MOST = 0.5
"""The largest difference that is told apart, in units of the largest value."""
_BOLD = 0.9  # of all it has, a bet stakes this much at most
_USUAL = 20.0  # how many keys the level before the trial counts for


@dataclass(frozen=True, eq=False)
class Bets:
    """What is bet on each key, both ways.

    Parameters
    ----------
    gains : ndarray of shape (n,)
        Its mean, given the past, is the difference times `per`.
    per : ndarray of shape (n,)
    ups, downs : ndarray of shape (n, m)
        Stakes on a difference above a limit, and below.
    """

    gains: np.ndarray
    per: np.ndarray
    ups: np.ndarray
    downs: np.ndarray


def bets(
    evidence: Arms | Pairs, metric: Metric, *, effect: float, at: np.ndarray
) -> Bets:
    r"""Turn evidence into gains whose mean is the difference, with stakes on them.

    Parameters
    ----------
    evidence : Arms or Pairs
    metric : Metric
        A bounded one.
    effect : float
        The smallest difference worth having, above 0.
    at : ndarray of shape (k,)
        After how many keys the looks are, ascending; what is learned from a look (the
        level, the variance) is used from the next one on, so that no bet has seen the
        value it is made on.

    Raises
    ------
    ValueError
        When a value lies beyond its bounds.

    Notes
    -----
    Of arms :math:`g_i = (T_i - p_i)(Y_i - m_i)` and :math:`h_i = p_i(1 - p_i)`, with
    :math:`T_i` for the experimental version, :math:`p_i` its share and :math:`m_i` the
    mean of both so far: whatever the level does from week to week, :math:`E[g_i] =
    \Delta h_i`. Of pairs :math:`g_i` is the difference of the two and :math:`h_i = 1`.
    The stake for a difference :math:`\delta` is :math:`\delta / \hat\sigma^2`, the best
    one in the limit, and never so large that one key could ruin a bet.
    """
    import numpy as np

    lengths = np.diff(np.concatenate([[0], at]))
    if isinstance(evidence, Pairs):
        mine = _within(evidence.experimental, metric)
        gains = mine - _within(evidence.production, metric)
        per = np.ones(gains.size)
        usual = metric.spread
        guess = 0.1 if usual is None else usual / metric.most**2
        spread = np.repeat(_learned(gains**2, guess, at), lengths)
        low = high = np.ones(gains.size)
    else:
        values = _within(evidence.values, metric)
        share, treated = evidence.share, evidence.experimental
        usual = metric.usual
        level = 0.5 if usual is None else min(max(usual / metric.most, 0.0), 1.0)
        means = _learned(values, level, at)
        guess = level * (1 - level)
        if metric.spread is not None:
            guess = metric.spread / metric.most**2
        squares = _learned(values**2, guess + level**2, at)
        spread = np.repeat(np.maximum(squares - means**2, 0.0), lengths)
        middle = np.repeat(means, lengths)
        gains = (treated - share) * (values - middle)
        per = share * (1 - share)
        # the largest loss and the largest gain that a key can bring
        low = np.maximum((1 - share) * middle, share * (1 - middle))
        high = np.maximum((1 - share) * (1 - middle), share * middle)
    wanted = np.outer(1 / np.maximum(spread, 1e-4), np.array(EFFECTS)) * (
        effect / metric.most
    )
    ups = np.minimum(wanted, (_BOLD / (low + MOST * per))[:, None])
    downs = np.minimum(wanted, (_BOLD / (high + MOST * per))[:, None])
    return Bets(gains, per, ups, downs)


def bounded(
    evidence: Arms | Pairs,
    metric: Metric,
    *,
    effect: float,
    ends: tuple[float, float],
    at: np.ndarray,
) -> Looks:
    """The course of a bounded metric at some looks.

    Parameters
    ----------
    evidence, metric, effect, at
        As in `bets`.
    ends : tuple of float
        How often the lower and the upper end may ever be wrong.
    """
    import numpy as np

    made, scale = bets(evidence, metric, effect=effect, at=at), metric.most
    few, times, last = _together(made, at)
    told: dict[str, Any] = {"weights": WEIGHTS, "at": last, "times": times}
    both = ((few.gains, few.per, few.ups), (-few.gains, few.per, few.downs))
    lower, fallen = (
        intervals.refuted(*each, alpha=alpha, most=MOST, **told)
        for each, alpha in zip(both, ends, strict=True)
    )
    upper = -fallen
    grown = [intervals.staked(*each, **told) for each in both]
    rare = np.minimum(1.0, 2 * np.exp(-np.maximum(*grown)))
    mine, theirs, difference = _levels(evidence, metric, made, at)
    total, square, cross = (
        np.cumsum(each)[at - 1]
        for each in (made.per, made.gains**2, made.gains * made.per)
    )
    middle = difference / scale  # of the noise around it: sums of squares
    weight = np.cumsum(made.per**2)[at - 1]
    variance = square - 2 * middle * cross + middle**2 * weight
    lower = np.where(lower <= -MOST, -scale, lower * scale)
    upper = np.where(upper >= MOST, scale, upper * scale)
    return Looks(
        mine,
        theirs,
        difference,
        lower,
        upper,
        np.minimum.accumulate(rare),
        total,
        variance * scale**2,
    )


def _within(values: np.ndarray, metric: Metric) -> np.ndarray:
    """Values as shares of the largest."""
    import numpy as np

    if (values < 0).any() or (metric.cap is None and (values > 1).any()):
        bounds = "0 and 1" if metric.cap is None else "0 and above"
        raise ValueError(
            f"values of {metric.name!r} must lie between {bounds}, got "
            f"{values.min():g} to {values.max():g}; mend them, or leave the cap out"
        )
    return np.minimum(values, metric.most) / metric.most


def _learned(values: np.ndarray, before: float, at: np.ndarray) -> np.ndarray:
    """The mean that was known when each look began, a guess counted in."""
    import numpy as np

    starts = np.concatenate([[0], at[:-1]])
    sums = np.concatenate([[0.0], np.cumsum(values)])[starts]
    return (_USUAL * before + sums) / (_USUAL + starts)


def _together(made: Bets, at: np.ndarray) -> tuple[Bets, np.ndarray, np.ndarray]:
    """Equal keys of a look as one, and how often each came.

    So the order of the keys of a look says nothing, not even in the last digit of a
    sum, and a million of keys that are 0 or 1 are a few rows.
    """
    import numpy as np

    look = np.repeat(np.arange(at.size), np.diff(np.concatenate([[0], at])))
    columns = (made.downs[:, -1], made.ups[:, -1], made.per, made.gains, look)
    order = np.lexsort(columns)
    new = np.zeros(order.size, dtype=bool)
    new[:1] = True
    for column in columns:
        new[1:] |= np.diff(column[order]) != 0
    firsts = np.flatnonzero(new)
    kept = order[firsts]
    times = np.diff(np.append(firsts, order.size))
    ends = np.searchsorted(look[kept], np.arange(at.size), side="right")
    shorter = Bets(made.gains[kept], made.per[kept], made.ups[kept], made.downs[kept])
    return shorter, times, ends


def _levels(
    evidence: Arms | Pairs, metric: Metric, made: Bets, at: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The metric of each version, and the difference that the bets are about."""
    import numpy as np

    def upto(values: np.ndarray) -> np.ndarray:
        return np.concatenate([[0.0], np.cumsum(values)])[at]

    if isinstance(evidence, Pairs):
        mine, theirs = (
            upto(np.minimum(each, metric.most)) / at
            for each in (evidence.experimental, evidence.production)
        )
        return mine, theirs, mine - theirs
    values, treated = np.minimum(evidence.values, metric.most), evidence.experimental
    with np.errstate(invalid="ignore"):
        mine = upto(values * treated) / upto(treated.astype(float))
        theirs = upto(values * ~treated) / upto((~treated).astype(float))
    if np.unique(evidence.share).size == 1:
        return mine, theirs, mine - theirs
    return mine, theirs, metric.most * upto(made.gains) / upto(made.per)
