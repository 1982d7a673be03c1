"""Rates: errors, missing scores, late answers, people who did not act."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING

from lifecycle import intervals
from lifecycle.findings import Finding, Verdict

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

__all__ = ["against", "rate"]

_ALTERNATIVES = 48
_NEAREST = 0.1  # above the bound, in log-odds
_CERTAIN = math.log(1e6)
_HALVINGS = 48


def against(
    hits: int,
    n: int,
    at_most: float,
    *,
    shares: npt.ArrayLike = (),
    times: npt.ArrayLike = 1,
) -> float:
    r"""How strongly counts speak against a rate of at most so much, as a logarithm.

    Parameters
    ----------
    hits, n : int
        Of n rows so many were bad.
    at_most : float
        Between 0 and 1, both excluded.
    shares : array-like of shape (n_shares,)
        Of rows that came together in a call, which share was bad, between 0 and 1: a
        call counts once, however many rows it has.
    times : int or array-like of shape (n_shares,)
        How many calls have each share.

    Returns
    -------
    float
        While the rate is at most `at_most`, it ever reaches :math:`-\log\alpha` with
        probability :math:`\alpha` at most, however often it is asked as rows are added.

    Raises
    ------
    ValueError
        When the counts are no counts, or the bound is no rate.

    Notes
    -----
    The logarithm of :math:`\frac1m \sum_j (p_j/p_0)^k ((1-p_j)/(1-p_0))^{n-k} \prod_c
    (1 + \lambda_j (x_c - p_0))` over alternatives :math:`p_j > p_0`, with
    :math:`\lambda_j = (p_j - p_0) / (p_0 (1 - p_0))`. Of a single row the last factor
    is one of the first two: a likelihood ratio is a bet that a row is bad. The
    expectation of each, given what came before, is 1 at :math:`p_0` and less below it,
    for shares of any distribution, so that the mean of them is a supermartingale
    (Ville's inequality).
    The alternatives lie above the bound by 0.1 in the log-odds and on, in a geometric
    row, to one in a million.

    References
    ----------
    H. Robbins, "Statistical methods related to the law of the iterated logarithm",
    Annals of Mathematical Statistics 41 (1970). I. Waudby-Smith and A. Ramdas,
    "Estimating means of bounded random variables by betting", JRSS B 86 (2024), arXiv
    2010.09686.

    Examples
    --------
    >>> against(0, 100, 0.01) < 0 < against(10, 100, 0.01)
    True
    >>> round(against(0, 0, 0.02, shares=[1.0]), 2) == round(against(1, 1, 0.02), 2)
    True
    """
    return _evidence(hits, n, at_most, _tallied(shares, times))


def _tallied(
    shares: npt.ArrayLike, times: npt.ArrayLike
) -> tuple[np.ndarray, np.ndarray]:
    """Each share, and how many calls have it."""
    import numpy as np

    told = np.asarray(shares, dtype=float)
    often = np.broadcast_to(np.asarray(times), told.shape)
    if not np.all((told >= 0) & (told <= 1)) or not np.all(often >= 0):
        raise ValueError(
            "shares must lie between 0 and 1, none missing, and times must be counts; "
            "divide the bad rows of a call by its rows"
        )
    values, places = np.unique(told, return_inverse=True)
    counts = np.bincount(places.ravel(), weights=often, minlength=values.size)
    return values, counts


def _evidence(
    hits: int, n: int, at_most: float, clusters: tuple[np.ndarray, np.ndarray]
) -> float:
    if not (0 <= hits <= n) or not 0 < at_most < 1:
        raise ValueError(
            f"{hits} of {n} and a bound of {at_most} are no counts and no rate; count "
            "rows, and give a bound between 0 and 1"
        )
    bound = math.log(at_most / (1 - at_most))
    reach = max(_CERTAIN - bound, 1.0) / _NEAREST
    terms, stakes = [], []
    for place in range(_ALTERNATIVES):
        odds = bound + _NEAREST * reach ** (place / (_ALTERNATIVES - 1))
        chance = 1 / (1 + math.exp(-odds))
        stakes.append((chance - at_most) / (at_most * (1 - at_most)))
        terms.append(
            hits * math.log(chance / at_most)
            + (n - hits) * (-math.log1p(math.exp(odds)) - math.log1p(-at_most))
        )
    values, counts = clusters
    if values.size:
        import numpy as np

        bets = np.log1p(np.multiply.outer(stakes, values - at_most)) @ counts
        terms = [term + bet for term, bet in zip(terms, bets.tolist(), strict=True)]
    top = max(terms)
    total = math.fsum(math.exp(term - top) for term in terms)
    return top + math.log(total / _ALTERNATIVES)


def rate(
    hits: int,
    n: int,
    *,
    at_most: float,
    alpha: float,
    measure: str,
    subject: str = "",
    min_n: int = 1,
    shares: npt.ArrayLike = (),
    times: npt.ArrayLike = 1,
) -> Finding:
    """Hold a rate against a bound, at any look.

    Parameters
    ----------
    hits, n : int
        Of n rows since the release so many were bad.
    at_most : float
        What is bearable, between 0 and 1.
    alpha : float
        With this probability at most a sound release is ever called bad.
    measure, subject : str
        What is counted, and of which version.
    min_n : int
        Below it nothing is judged, unless the bound is refuted all the same.
    shares, times
        Calls by the share of their rows that was bad, as in `against`: each counts as
        one of the n.

    Returns
    -------
    Finding
        The rate; `lower` is the largest bound that is refuted, so that it holds at all
        looks together, `upper` the upper end of a 90% interval at this look. Alert
        where the lower end is above the bound.

    Examples
    --------
    >>> rate(30, 100, at_most=0.02, alpha=1e-4, measure="errors").verdict
    'alert'
    >>> rate(2, 100, at_most=0.02, alpha=1e-4, measure="errors").verdict
    'quiet'
    >>> rate(0, 0, at_most=0.02, alpha=1e-4, measure="errors", shares=[1.0]).verdict
    'quiet'
    """
    nan, clusters = math.nan, _tallied(shares, times)
    values, counts = clusters
    bad, whole = hits + float(values @ counts), n + int(counts.sum())
    if not whole:
        return Finding(
            measure, nan, 0, nan, nan, at_most, "undefined", "", subject, "%"
        )
    limit, value = -math.log(alpha), min(bad / whole, 1.0)
    lower = _largest(lambda p: _evidence(hits, n, p, clusters) >= limit, value)
    _, upper = intervals.wilson(value * whole, whole)
    verdict: Verdict = "alert" if lower > at_most else "quiet"
    if verdict == "quiet" and whole < min_n:
        verdict = "undefined"
    return Finding(
        measure, value, whole, lower, upper, at_most, verdict, "", subject, "%"
    )


def _largest(refuted: Callable[[float], bool], below: float) -> float:
    """The largest bound that is refuted; those below it are, too."""
    low, high = 0.0, min(max(below, 1e-9), 1 - 1e-9)
    if refuted(high):
        return high
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        if middle <= 1e-9:
            return 0.0
        low, high = (middle, high) if refuted(middle) else (low, middle)
    return low
