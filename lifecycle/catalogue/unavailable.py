"""Items that are shown and cannot be had: retired, or out of stock."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from lifecycle import markup, periods
from lifecycle.catalogue.counted import checked, chunked, present
from lifecycle.findings import Finding, Findings, judge
from lifecycle.metrics.bounded import within

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import pandas as pd

__all__ = ["unavailable"]


def unavailable(
    recommendations: pd.DataFrame,
    available: npt.ArrayLike,
    *,
    at_most: float = 0.0,
    item: str = "item",
    occasion: str = "occasion",
    every: periods.Every | None = None,
    time: str = "time",
    timezone: str = "UTC",
    level: float = 0.90,
    named: int = 5,
) -> Findings:
    r"""Share of what was recommended that nobody could have bought.

    Undefined, and therefore `nan`, in a chunk without recommendations.

    Parameters
    ----------
    recommendations : DataFrame of shape (n, n_columns)
        A row for each item of each list; rows without item or list are left out.
    available : array-like
        The items that could be had; or, of shape (n,) and of bool, whether each row's
        could: stock changes by the hour.
    at_most : float
        A share above this is an alert; not one by default.
    item, occasion : str
        Columns of the item and of the list a row belongs to.
    every : {"week", "month", "day"}, optional
        Length of a chunk; all is one where none is given.
    time, timezone
        The column of moments and the zone in which days begin, with `every`.
    level : float
        Of the intervals.
    named : int
        So many of the unavailable items are named, those shown most often in the newest
        chunk.

    Returns
    -------
    Findings
        `unavailable`, a row a chunk; n is the recommendations. Then `shown in vain`,
        items by their share of the newest chunk's recommendations, which are not
        judged.

    Raises
    ------
    ValueError
        When a column is missing, or `at_most` is no share.

    Notes
    -----
    Lists are drawn, not rows: with :math:`b_l` of the :math:`k_l` items of list
    :math:`l` unavailable, :math:`s^2 = \frac{L}{L-1} \sum_l (b_l - \hat p k_l)^2 /
    n^2`; the interval is Wilson's of as many rows as would vary as much, and of
    :math:`L` where none or all are unavailable. The verdict is that of the share
    itself: one item that cannot be had is one too many where `at_most` is 0.

    References
    ----------
    W. G. Cochran, "Sampling Techniques", 3rd edition, Wiley 1977, section 3.12.

    Examples
    --------
    >>> import pandas as pd
    >>> lists = {"occasion": [1, 1, 2, 2], "item": ["tea", "pot", "pot", "cup"]}
    >>> unavailable(pd.DataFrame(lists), ["tea", "pot"]).summary
    '25.0% of 4 recommendations could not be had, in 1 of 2 lists; most often: cup.'
    """
    import pandas as pd

    checked(level, 0.5)
    if not 0 <= at_most < 1:
        raise ValueError(f"at_most must be a share below 1, got {at_most}")
    items = present(recommendations, item, "recommendations")
    lists = pd.factorize(present(recommendations, occasion, "recommendations"))[0]
    good = _available(items, available)
    chunk, labels = chunked(recommendations, every, time, timezone, "recommendations")
    kept = (lists >= 0) & items.notna().to_numpy()
    rows, told, hit, seen = [], [], 0, 0
    for number, label in enumerate(labels):
        inside = kept & (chunk == number)
        bad = ~good[inside]
        n = int(bad.size)
        value, ends, hit, seen = _share(lists[inside], bad, level)
        verdict = judge(value, at_most, side="above")
        rows.append(
            Finding("unavailable", value, n, *ends, at_most, verdict, label, unit="%")
        )
        if number == len(labels) - 1 and bad.any():
            worst = items[inside][bad].value_counts(sort=False)
            worst = worst.sort_values(ascending=False, kind="stable").head(named)
            for name, count in worst.items():
                _, ends, *_ = _share(
                    lists[inside], (items[inside] == name).to_numpy(), level
                )
                told.append(
                    Finding(
                        "shown in vain", int(count) / n, n, *ends, period=label,
                        subject=markup.one_line(name, 60), unit="%",
                    )
                )  # fmt: skip
    return Findings(
        "What cannot be had",
        (*rows, *told),
        _summary(rows, told, hit, seen),
        shown=600 + len(told),
    )


def _available(items: pd.Series[Any], available: npt.ArrayLike) -> np.ndarray:
    import numpy as np
    import pandas as pd

    given = pd.Series(list(available) if isinstance(available, set) else available)
    if given.dtype == bool and items.dtype != bool:
        if len(given) != len(items):
            raise ValueError(
                f"available says of {len(given):,} rows whether they could be had, "
                f"recommendations have {len(items):,}; pass one for each"
            )
        return given.to_numpy()
    return np.asarray(items.isin(given))


def _share(
    lists: np.ndarray, bad: np.ndarray, level: float
) -> tuple[float, tuple[float, float], int, int]:
    """The share with its interval, the lists it touches, and how many there are."""
    import numpy as np

    n = bad.size
    if not n:
        return math.nan, (math.nan, math.nan), 0, 0
    value = int(bad.sum()) / n
    sizes = np.bincount(lists)
    there = sizes > 0
    hits = np.bincount(lists, weights=bad)[there]
    away, count = hits - value * sizes[there], int(there.sum())
    variance = float(away @ away) / n**2 * (count / (count - 1) if count > 1 else 1.0)
    return value, within(value, variance, count, level), int((hits > 0).sum()), count


def _summary(rows: list[Finding], told: list[Finding], hit: int, seen: int) -> str:
    if not rows or math.isnan(rows[-1].value):
        return "What cannot be had is undefined: nothing was recommended."
    row = rows[-1]
    when = f"In {row.period} " if row.period else ""
    if row.value == 0:
        each = "each" if when else "Each"
        return f"{when}{each} of {row.n:,} recommendations could be had."
    names = ", ".join(each.subject for each in told)
    return (
        f"{when}{row.value:.1%} of {row.n:,} recommendations could not be had, in "
        f"{hit:,} of {seen:,} lists; most often: {names}."
    )
