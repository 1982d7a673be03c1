"""Items that come and go while the model knows those of its reference."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from lifecycle import intervals, periods
from lifecycle.catalogue.counted import checked, counted, limit
from lifecycle.findings import Finding, Findings, judge
from lifecycle.metrics.bounded import within

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

__all__ = ["turnover"]

MEASURES = ("new items", "gone items", "on new items")


def turnover(
    reference: pd.DataFrame,
    analysis: pd.DataFrame,
    *,
    item: str = "item",
    every: periods.Every | None = "week",
    time: str = "time",
    timezone: str = "UTC",
    chance: float = 0.01,
    level: float = 0.90,
) -> Findings:
    r"""Share of a chunk's items that were not there before, and of those that are gone.

    Undefined, and therefore `nan`, in a chunk without rows.

    Parameters
    ----------
    reference, analysis : DataFrame
        A row for each purchase, or each item of a catalogue, in any order.
    item : str
        Column of items; rows without one are left out.
    every : {"week", "month", "day"} or None
        Length of a chunk; with None all of the analysis is one, and nothing is judged.
    time, timezone
        The column of moments, with a zone, and the zone in which days begin.
    chance : float
        With which a measure of a chunk like the reference's own lies above its
        threshold.
    level : float
        Of the intervals.

    Returns
    -------
    Findings
        A row a chunk of each: `new items`, share of the chunk's items that neither the
        reference nor an earlier chunk had (n: items of the chunk); `gone items`, share
        of the reference's items that the chunk has not (n: items of the reference); `on
        new items`, share of the chunk's rows that fall on new ones (n: rows).

    Raises
    ------
    ValueError
        When a column is missing, moments have no zone, or `chance` or `level` is none.

    Notes
    -----
    The threshold is the upper prediction bound, :math:`\bar x + t_{m-1} s \sqrt{1 +
    1/m}`, of the same measure of each of the reference's :math:`m` chunks against all
    others, moved by what one chunk less of the reference does to the measure of the
    chunk that is judged; with fewer than five nothing is judged. What sells once a
    month is gone from most weeks: only the threshold says how much of that is normal.
    Intervals of shares of items are Wilson's, as if items came and went one by one;
    that of rows takes the items as clusters, :math:`s^2 = \sum_i x_i^2 (z_i - \bar
    z)^2 / n^2`.

    References
    ----------
    G. J. Hahn and W. Q. Meeker, "Statistical Intervals", Wiley 1991, section 4.7.

    Examples
    --------
    >>> import pandas as pd
    >>> days = pd.to_datetime(["2024-03-04", "2024-03-11"], utc=True)
    >>> before = pd.DataFrame({"item": list("abcd"), "time": days[0]})
    >>> after = pd.DataFrame({"item": list("abex"), "time": days[1]})
    >>> [(row.measure, row.value, row.n) for row in turnover(before, after)]
    [('new items', 0.5, 4), ('gone items', 0.5, 4), ('on new items', 0.5, 4)]
    """
    import numpy as np

    checked(level, chance)
    read = counted(reference, analysis, item, every, time, timezone)
    total = read.own.sum(axis=0)
    own = np.array([_shares(row, total - row, total - row) for row in read.own])
    limits = [limit(own.reshape(-1, 3)[:, number], chance) for number in range(3)]
    rows, seen, known = [], total.copy(), int((total > 0).sum())
    for label, now in zip(read.labels, read.now, strict=True):
        values = _shares(now, seen, total)
        fewer = [_shares(now, seen - row, total - row) for row in read.own]
        shift = np.array(values) - np.mean(fewer or [(math.nan,) * 3], axis=0)
        items, size = int((now > 0).sum()), int(now.sum())
        fresh = (now > 0) & (seen == 0)
        ends = [
            intervals.wilson(round(values[0] * items), items, level=level)
            if items
            else (math.nan, math.nan),
            intervals.wilson(round(values[1] * known), known, level=level)
            if known and items
            else (math.nan, math.nan),
            _ends(now, fresh, values[2], level),
        ]
        for number, n in enumerate((items, known, size)):
            value, held = values[number], limits[number] + float(shift[number])
            verdict = judge(value, held, side="above")
            rows.append(
                Finding(
                    MEASURES[number], value, n, *ends[number], held, verdict, label,
                    unit="%",
                )
            )  # fmt: skip
        seen = seen + now
    return Findings("Catalogue turnover", tuple(rows), _summary(rows), MEASURES[0])


def _shares(
    now: np.ndarray, seen: np.ndarray, reference: np.ndarray
) -> tuple[float, float, float]:
    items, known = int((now > 0).sum()), int((reference > 0).sum())
    if not items:
        return math.nan, math.nan, math.nan
    fresh = (now > 0) & (seen == 0)
    gone = int(((reference > 0) & (now == 0)).sum())
    return (
        int(fresh.sum()) / items,
        gone / known if known else math.nan,
        int(now[fresh].sum()) / int(now.sum()),
    )


def _ends(
    now: np.ndarray, fresh: np.ndarray, share: float, level: float
) -> tuple[float, float]:
    n = int(now.sum())
    if not n:
        return math.nan, math.nan
    away = now * (fresh - share)
    return within(share, float(away @ away) / n**2, int((now > 0).sum()), level)


def _summary(rows: list[Finding]) -> str:
    last = [row for row in rows if row.period == rows[-1].period] if rows else []
    if not last or math.isnan(last[0].value):
        return "How many items came and went is undefined: there are no rows."
    when = f"In {last[0].period} " if last[0].period else ""
    came, gone, sold = (f"{row.value:.1%}" for row in last)
    sentence = (
        f"{when}{came} of the items were new, with {sold} of the rows; {gone} of the "
        f"reference's were gone"
    )
    sentence = sentence[:1].upper() + sentence[1:]
    above = [row.measure for row in last if row.verdict == "alert"]
    if above:
        return f"{sentence}: more than usual ({', '.join(above)})."
    if all(row.verdict == "undefined" for row in last):
        return f"{sentence}; the reference has too few chunks to say what is usual."
    return f"{sentence}, as usual."
