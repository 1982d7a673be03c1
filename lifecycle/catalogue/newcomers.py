"""Users nobody has seen: about them a model knows only what sells best."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from lifecycle import intervals, periods
from lifecycle.catalogue.counted import checked, counted, limit
from lifecycle.findings import Finding, Findings, judge

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

__all__ = ["newcomers"]


def newcomers(
    reference: pd.DataFrame,
    analysis: pd.DataFrame,
    *,
    user: str = "user",
    every: periods.Every | None = "week",
    time: str = "time",
    timezone: str = "UTC",
    chance: float = 0.01,
    level: float = 0.90,
) -> Findings:
    """Share of a chunk's users that were never seen before.

    Undefined, and therefore `nan`, in a chunk without users.

    Parameters
    ----------
    reference, analysis : DataFrame
        A row for each purchase, visit or item shown.
    user : str
        Column of users; rows without one are left out.
    every, time, timezone, chance, level
        As of `turnover`.

    Returns
    -------
    Findings
        `newcomers`, a row a chunk: the share of its users of whom neither the reference
        nor an earlier chunk has a row; n is the users of the chunk.

    Raises
    ------
    ValueError
        When a column is missing, moments have no zone, or `chance` or `level` is none.

    Notes
    -----
    The interval is Wilson's. The threshold is that of `turnover`: a chunk of the
    reference is held against all others of it, later ones too, so that its first chunk,
    in which everybody is new, does not count as normal.

    Examples
    --------
    >>> import pandas as pd
    >>> day = pd.Timestamp("2024-03-04", tz="UTC")
    >>> before = pd.DataFrame({"user": [1, 2], "time": day})
    >>> after = pd.DataFrame({"user": [2, 3], "time": day + pd.Timedelta(weeks=1)})
    >>> newcomers(before, after)[0].value
    0.5
    """
    import numpy as np

    checked(level, chance)
    read = counted(reference, analysis, user, every, time, timezone)
    total = read.own.sum(axis=0)
    own = [_share((row > 0), (total - row) > 0) for row in read.own]
    held = limit(np.array(own), chance)
    rows, seen = [], total > 0
    for label, counts in zip(read.labels, read.now, strict=True):
        now = counts > 0
        n, value = int(now.sum()), _share(now, seen)
        ends = (math.nan, math.nan)
        if n:
            ends = intervals.wilson(int((now & ~seen).sum()), n, level=level)
        verdict = judge(value, held, side="above")
        rows.append(
            Finding("newcomers", value, n, *ends, held, verdict, label, unit="%")
        )
        seen = seen | now
    return Findings("New users", tuple(rows), _summary(rows))


def _share(now: np.ndarray, seen: np.ndarray) -> float:
    n = int(now.sum())
    return int((now & ~seen).sum()) / n if n else math.nan


def _summary(rows: list[Finding]) -> str:
    if not rows or math.isnan(rows[-1].value):
        return "How many users are new is undefined: there are none."
    row = rows[-1]
    when = f"In {row.period} " if row.period else ""
    sentence = f"{when}{row.value:.1%} of {row.n:,} users were never seen before"
    if row.verdict == "undefined":
        return f"{sentence}; the reference has too few chunks to say what is usual."
    if row.verdict == "alert":
        return f"{sentence}: more than usual (up to {row.threshold:.1%})."
    return f"{sentence}, as usual."
