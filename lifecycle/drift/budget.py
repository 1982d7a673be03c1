"""From the false alarms one model may raise in a year to the level of one chunk."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np

__all__ = ["level"]

MOST = 0.10
YEAR = 365.2425
POINTS = 4001


def level(
    budget: float = 0.5,
    *,
    chunks: float = YEAR / 7,
    confirm: int = 2,
    shared: float = 0.0,
) -> float:
    r"""Share of false discoveries in one chunk that keeps a year's budget.

    Parameters
    ----------
    budget : float
        False alarms a model may raise in a year, in the mean, where nothing drifts.
    chunks : float
        Chunks in a year.
    confirm : int
        An alarm is a row beyond its limits in so many chunks running.
    shared : float
        How much of the noise of two chunks is the same, because both are held against
        one reference: *n* / (*n* + *N*) of *n* rows a chunk and *N* of the reference.

    Returns
    -------
    float
        For Benjamini and Hochberg's procedure within each chunk; at most 0.10, so that
        no more than a tenth of what is named is there by chance.

    Raises
    ------
    ValueError
        When the budget is not positive, or an alarm asks for less than one chunk.

    Notes
    -----
    Where nothing drifts, the procedure at level :math:`\alpha` names anything at all in
    a chunk with probability at most :math:`\alpha`, however many hypotheses there are.
    An alarm needs `confirm` = *r* such chunks running. If the chunks were independent,
    a year would see at most :math:`C \alpha^r` alarms of *C* chunks. They are not: the
    reference is a sample, drawn once, and a reference that happens to lie off makes
    every chunk look off in the same way. Two statistics share the part
    :math:`\varrho = n / (n + N)` of their variance; given the reference, they are
    independent. So, with the standard normal *U* for the luck of the reference,

    .. math:: C\, E\Big[\Big\{\bar\Phi\Big(\frac{z - \sqrt\varrho U}{\sqrt{1-\varrho}}
       \Big) + \bar\Phi\Big(\frac{z + \sqrt\varrho U}{\sqrt{1-\varrho}}\Big)\Big\}^r
       \Big] = \text{budget}, \qquad \alpha = 2 \bar\Phi(z),

    is solved for :math:`\alpha`. It is the case of all hypotheses moving as one, with
    one direction in which to differ: the most any number of hypotheses can cost.
    Independent ones cost far less (of *m* hypotheses about a share 1/*m*), because the
    *same* row must be beyond its limits in each of the chunks; what is left of the
    budget is not spent, for nobody knows how a model's features hang together.
    Chunks that are correlated by themselves (a season, a campaign) are outside of it:
    for those stands the threshold from the reference's own chunks.

    Examples
    --------
    >>> round(level(0.5, chunks=52), 3)
    0.098
    >>> round(level(0.5, chunks=52, shared=1000 / 6000), 3)
    0.09
    >>> round(level(0.5, chunks=52, confirm=1), 4)
    0.0096
    """
    import math

    from scipy.optimize import brentq

    if not budget > 0:
        raise ValueError(f"budget must be above 0, got {budget}; use 0.5")
    if confirm < 1:
        raise ValueError(f"confirm must be 1 or more, got {confirm}; use 2")

    def excess(exponent: float) -> float:
        return math.log(
            max(chunks * together(10**exponent, confirm, shared), 1e-300)
        ) - (math.log(budget))

    if excess(math.log10(MOST)) <= 0:
        return MOST
    return float(10 ** brentq(excess, -12, math.log10(MOST), xtol=1e-6))


def together(alpha: float, confirm: int, shared: float) -> float:
    """Chance that `confirm` chunks with one reference all pass a test of this level."""
    import numpy as np
    from scipy.special import ndtr, ndtri

    if confirm == 1:
        return alpha
    rho = min(max(shared, 0.0), 0.999)
    luck = np.linspace(-9, 9, POINTS)
    weight = np.exp(-(luck**2) / 2)
    z, pull = -ndtri(alpha / 2), np.sqrt(rho) * luck
    rest = np.sqrt(1 - rho)
    each: np.ndarray = ndtr((pull - z) / rest) + ndtr((-pull - z) / rest)
    return float((weight * each**confirm).sum() / weight.sum())


def chunks_a_year(label: str) -> float:
    """How many chunks like the one of this label a year has."""
    if re.fullmatch(r"\d{4}-\d{2}", label, re.ASCII):
        return 12.0
    if re.fullmatch(r"\d{4}-\d{2}-\d{2}", label, re.ASCII):
        return YEAR
    return YEAR / 7
