"""Rates: errors, missing scores, late answers, people who did not act."""

from __future__ import annotations

import math
from collections.abc import Callable

from lifecycle import intervals
from lifecycle.findings import Finding, Verdict

__all__ = ["against", "rate"]

_ALTERNATIVES = 48
_HALVINGS = 48


def against(hits: int, n: int, at_most: float) -> float:
    r"""How strongly counts speak against a rate of at most so much, as a logarithm.

    Parameters
    ----------
    hits, n : int
        Of n rows so many were bad.
    at_most : float
        Between 0 and 1, both excluded.

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
    The logarithm of :math:`\frac1m \sum_j (p_j/p_0)^k ((1-p_j)/(1-p_0))^{n-k}` over
    alternatives :math:`p_j > p_0`: each term is a likelihood ratio whose expectation,
    row by row and given what came before, is 1 at :math:`p_0` and less below it, so
    that the mean of them is a supermartingale (Ville's inequality). The alternatives
    are spread evenly in the log-odds between a quarter above the bound and certainty.

    References
    ----------
    H. Robbins, "Statistical methods related to the law of the iterated logarithm",
    Annals of Mathematical Statistics 41 (1970).

    Examples
    --------
    >>> against(0, 100, 0.01) < 0 < against(10, 100, 0.01)
    True
    """
    if not (0 <= hits <= n) or not 0 < at_most < 1:
        raise ValueError(
            f"{hits} of {n} and a bound of {at_most} are no counts and no rate; count "
            "rows, and give a bound between 0 and 1"
        )
    start = _odds(min(1.25 * at_most, (1 + at_most) / 2))
    step = (_odds(1 - 1e-6) - start) / (_ALTERNATIVES - 1) if start < 13 else 0.0
    terms = []
    for place in range(_ALTERNATIVES):
        chance = 1 / (1 + math.exp(-(start + place * step)))
        terms.append(
            hits * math.log(chance / at_most)
            + (n - hits) * (math.log1p(-chance) - math.log1p(-at_most))
        )
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
    """
    nan = math.nan
    if not n:
        return Finding(
            measure, nan, 0, nan, nan, at_most, "undefined", "", subject, "%"
        )
    limit = -math.log(alpha)
    lower = _largest(lambda bound: against(hits, n, bound) >= limit, hits / n)
    _, upper = intervals.wilson(hits, n)
    verdict: Verdict = "alert" if lower > at_most else "quiet"
    if verdict == "quiet" and n < min_n:
        verdict = "undefined"
    return Finding(
        measure, hits / n, n, lower, upper, at_most, verdict, "", subject, "%"
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


def _odds(chance: float) -> float:
    return math.log(chance / (1 - chance))
