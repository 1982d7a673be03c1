"""The metrics of a ranking: how good the first items of each list were."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from lifecycle import intervals
from lifecycle.metrics.bounded import within
from lifecycle.metrics.metric import Measured
from lifecycle.metrics.ranked import Ranked

if TYPE_CHECKING:
    import numpy as np

__all__ = [
    "RANKING",
    "coverage_at",
    "hit_rate_at",
    "ndcg_at",
    "places_of",
    "precision_at",
    "ranking",
    "recall_at",
]

RANKING = ("precision", "recall", "ndcg", "hit_rate", "coverage")
_K = 10


def precision_at(ranked: Ranked, *, k: int = _K) -> float:
    """Share of the first k places that held a relevant item, in the mean of the lists.

    A list shorter than k is divided by k, too. Undefined, and therefore `nan`, without
    lists.

    Parameters
    ----------
    ranked : Ranked
    k : int
        How many places count.

    Returns
    -------
    float
        0 to 1.

    Examples
    --------
    >>> precision_at(Ranked.of_lists([[7, 3]], places=[0], items=[3]), k=2)
    0.5
    """
    return ranking(f"precision@{k}", ranked).value


def recall_at(ranked: Ranked, *, k: int = _K) -> float:
    """Share of the relevant items that stood in the first k places, mean of the lists.

    Lists without a relevant item have no recall and are left out. Undefined, and
    therefore `nan`, when none is left.

    Parameters
    ----------
    ranked : Ranked
    k : int
        How many places count.

    Returns
    -------
    float
        0 to 1.

    Examples
    --------
    >>> recall_at(Ranked.of_lists([[7, 3]], places=[0, 0], items=[3, 4]), k=2)
    0.5
    """
    return ranking(f"recall@{k}", ranked).value


def ndcg_at(ranked: Ranked, *, k: int = _K) -> float:
    r"""Discounted gain of the first k places, per that of the best order.

    Lower places count less. The mean of the lists; those without a relevant item have
    no best order and are left out. Undefined, and therefore `nan`, when none is left.

    Parameters
    ----------
    ranked : Ranked
    k : int
        How many places count.

    Returns
    -------
    float
        0 to 1.

    Notes
    -----
    :math:`\sum_{i \le k} g_i / \log_2(i + 1)`, over the same sum for the relevant items
    in the order of their gains.

    References
    ----------
    K. Järvelin and J. Kekäläinen, "Cumulated gain-based evaluation of IR techniques",
    ACM Transactions on Information Systems 20 (2002).

    Examples
    --------
    >>> lists = Ranked.of_lists([[7, 3, 5]], places=[0], items=[5])
    >>> ndcg_at(lists, k=3)
    0.5
    """
    return ranking(f"ndcg@{k}", ranked).value


def hit_rate_at(ranked: Ranked, *, k: int = _K) -> float:
    """Share of the lists with a relevant item in the first k places.

    A list of which nothing was relevant is a miss. Undefined, and therefore `nan`,
    without lists.

    Parameters
    ----------
    ranked : Ranked
    k : int
        How many places count.

    Returns
    -------
    float
        0 to 1.

    Examples
    --------
    >>> hit_rate_at(Ranked.of_lists([[7, 3], [1, 2]], places=[0], items=[3]), k=2)
    0.5
    """
    return ranking(f"hit_rate@{k}", ranked).value


def coverage_at(ranked: Ranked, *, k: int = _K) -> float:
    """Share of the catalogue that was shown to somebody in the first k places.

    It grows with the number of lists: compare it between periods of about as many.
    Undefined, and therefore `nan`, without lists, items or the size of the catalogue.

    Parameters
    ----------
    ranked : Ranked
        With items and catalogue.
    k : int
        How many places count.

    Returns
    -------
    float
        0 to 1.

    Examples
    --------
    >>> lists = Ranked.of_lists([[7, 3], [7, 2]], places=[], items=[], catalogue=6)
    >>> coverage_at(lists, k=2)
    0.5
    """
    return ranking(f"coverage@{k}", ranked).value


def ranking(name: str, ranked: Ranked, *, level: float = 0.90) -> Measured:
    r"""A metric of a ranking with its interval and the lists it rests on.

    Parameters
    ----------
    name : str
        "precision@k", "recall@k", "ndcg@k", "hit_rate@k" or "coverage@k" with a number
        for k; without one, 10.
    ranked : Ranked
    level : float
        Between 0 and 1.

    Returns
    -------
    value, lower, upper : float
        `nan` where undefined.
    n : int
        The lists that count: for recall and NDCG those with a relevant item.

    Raises
    ------
    ValueError
        When there is no such metric, or k is no number of places.

    Notes
    -----
    Means over the lists: the standard error of the mean, put into Wilson's interval as
    an effective number of lists, so that the ends stay within 0 and 1. Where lists
    belong to users, users are drawn and not lists: :math:`s^2 = \sum_u (\sum_{i \in u}
    (x_i - \bar x))^2 / n^2`. Coverage: :math:`s^2 = \sum_u c_u^2`, with :math:`c_u` the
    items that only user (or list) :math:`u` was shown, which is above the variance
    rather than below (the jackknife of B. Efron and C. Stein, Annals of Statistics 9,
    1981).

    Examples
    --------
    >>> lists = Ranked.of_lists([[7, 3]] * 80, places=range(40), items=[3] * 40)
    >>> value, lower, upper, n = ranking("hit_rate@2", lists)
    >>> value, round(lower, 3), round(upper, 3), n
    (0.5, 0.41, 0.59, 80)
    """
    import numpy as np

    intervals.z(level)
    base, k = places_of(name)
    if base == "coverage":
        return _covered(ranked, k, level)
    worth = ranked.gains[:, :k]
    unit = ranked.unit
    if base in ("recall", "ndcg"):
        some = ranked.relevant > 0
        if not some.all():
            ranked = ranked.take(some)
            worth, unit = ranked.gains[:, :k], ranked.unit
    n = len(ranked)
    if not n:
        return Measured(math.nan, math.nan, math.nan, 0)
    if base == "ndcg":
        each = _discounted(worth) / _best(ranked, k)
    else:
        hits = np.count_nonzero(worth, axis=1)
        if base == "precision":
            each = hits / k
        elif base == "recall":
            each = np.minimum(hits / ranked.relevant, 1.0)
        else:
            each = (hits > 0).astype(float)
    value = min(1.0, float(each.mean()))
    away = each - value
    groups = n
    if unit is not None:
        away = np.bincount(unit[unit >= 0], weights=away[unit >= 0])
        groups = int(np.unique(unit).size)
    scale = groups / (groups - 1) if unit is not None and groups > 1 else 1.0
    variance = float(away @ away) / n**2 * scale
    return Measured(value, *within(value, variance, groups, level), n)


def places_of(name: str) -> tuple[str, int]:
    """The metric and its k: "ndcg@5" is "ndcg" and 5."""
    base, _, setting = name.partition("@")
    if base not in RANKING:
        raise ValueError(f"no metric {name!r}; use one of {', '.join(RANKING)}")
    if setting and not (setting.isascii() and setting.isdigit() and int(setting)):
        raise ValueError(
            f"k of {name!r} must be a number of places, 1 or more; write {base}@10"
        )
    return base, int(setting or _K)


def _discounted(worth: np.ndarray) -> np.ndarray:
    import numpy as np

    discounts = 1 / np.log2(np.arange(worth.shape[1]) + 2)
    summed = np.zeros(len(worth))
    for number, discount in enumerate(discounts.tolist()):
        summed += worth[:, number] * discount
    return summed


def _best(ranked: Ranked, k: int) -> np.ndarray:
    import numpy as np

    if ranked.ideal is not None:
        return _discounted(ranked.ideal[:, :k])
    sums = np.append(0.0, np.cumsum(1 / np.log2(np.arange(k) + 2)))
    return sums[np.minimum(ranked.relevant, k)]


def _covered(ranked: Ranked, k: int, level: float) -> Measured:
    import numpy as np

    n = len(ranked)
    if ranked.items is None or not n or ranked.catalogue < 1:
        return Measured(math.nan, math.nan, math.nan, n)
    shown = ranked.items[:, :k]
    kept = shown >= 0
    unit = np.arange(n) if ranked.unit is None else ranked.unit
    owner = np.broadcast_to(unit[:, None], shown.shape)[kept]
    codes = shown[kept]
    size = int(codes.max(initial=-1)) + 1
    if size > 4 * max(codes.size, 1):  # numbers far apart: codes without gaps
        codes = np.unique(codes, return_inverse=True)[1]
        size = int(codes.max(initial=-1)) + 1
    last = np.full(size, -1, dtype=np.int64)
    last[codes] = owner
    alone = last >= 0
    distinct = int(alone.sum())
    if distinct > ranked.catalogue:
        raise ValueError(
            f"{distinct:,} items were shown, more than the catalogue of "
            f"{ranked.catalogue:,} holds; pass its size"
        )
    alone[codes[last[codes] != owner]] = False
    only = np.bincount(last[alone]) if alone.any() else np.zeros(1)
    value = distinct / ranked.catalogue
    half = intervals.z(level) * math.sqrt(float(only @ only)) / ranked.catalogue
    return Measured(value, max(0.0, value - half), min(1.0, value + half), n)
