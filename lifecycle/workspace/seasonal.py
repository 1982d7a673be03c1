"""A KPI since a release, against what its own past or the other version allows."""

from __future__ import annotations

import math
from dataclasses import replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from lifecycle import config, guards
from lifecycle.findings import Finding
from lifecycle.workspace import comparing

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

    from lifecycle import registry
    from lifecycle.workspace.view import View

__all__ = ["kpi", "measure"]

WEEK = timedelta(weeks=1)
PAST = 104  # weeks before a release that are looked at
BESIDE = 100  # rows of the other version since then, to be compared with


def kpi(
    view: View,
    name: str,
    *,
    serving: registry.Version,
    other: registry.Version | None,
    since: datetime,
    tolerance: float,
    alpha: float,
) -> Finding:
    """Whether a share of the predictions has fallen since a release, and against what.

    Against the other version's rows of the same days where it serves beside (a trial):
    no season tells them apart. Else against what is usual (`guards.bearable`): the
    weeks before the release, moved as they moved a year ago where there is a year, or
    with all that they have moved by themselves before.

    Returns
    -------
    Finding
        The share of rows that were bad; `subject` ends in what it is held against.
    """
    told, pause = view.settings.kpis[name], comparing.wait(view, name)
    unknown = Finding(measure(name, told), math.nan, 0, unit="%")
    if told.measure != "share" or told.of != "all":
        return unknown
    rows = view.scored
    rows = rows[rows["time"] + pause <= view.as_of]
    if not told.event:
        rows = rows[rows["outcome"].notna()]
    mine = rows[(rows["version"] == str(serving.number)) & (rows["time"] >= since)]
    subject = f"version {serving.number}"
    beside = _beside(view, rows, serving, other)
    if beside is not None and other is not None:
        theirs, began, turn = beside
        alpha /= turn * (turn + 1)
        mine = mine[mine["time"] >= began]
        good = ~_bad(view, theirs, told, pause)
        usual = guards.rate(
            int(good.sum()), len(good), at_most=0.5, alpha=alpha / 2, measure="usual"
        )
        highest = 1 - usual.lower
        subject += f", against version {other.number} on the same days"
    else:
        past = rows[(rows["time"] < since) & (rows["time"] >= since - PAST * WEEK)]
        hits, n = _weeks(past, _bad(view, past, told, pause), since)
        ahead = max(1, math.ceil((view.as_of - pause - since) / WEEK))
        if ahead > guards.AHEAD and len(n) < PAST // 2 + guards.AHEAD:
            ahead = guards.AHEAD  # later weeks are too far from those before it
            mine = mine[mine["time"] < since + ahead * WEEK]
        level = alpha / (2 * ahead * (ahead + 1))
        usual = guards.bearable(hits, n, ahead=ahead, alpha=level)
        highest = usual.upper
        subject += f", {_words(usual, ahead)}"
    bad = _bad(view, mine, told, pause)
    if usual.verdict == "undefined" or math.isnan(highest) or not bad.size:
        return replace(unknown, n=bad.size, subject=subject)
    return guards.rate(
        int(bad.sum()),
        bad.size,
        at_most=min(highest + tolerance, 0.999),
        alpha=alpha / 2,
        measure=unknown.measure,
        min_n=view.settings.guard.min_rows,
        subject=subject,
    )


def measure(name: str, told: config.Kpi) -> str:
    """What is counted of a KPI: rows that went against it."""
    return f"kpi {name}" if told.better == "low" else f"kpi {name}, not reached"


def _words(usual: Finding, ahead: int) -> str:
    """What it is held against."""
    if usual.verdict == "undefined":
        return "whose past is too short to say what is usual"
    if usual.subject == guards.LAST_YEAR:
        return "against the 8 weeks before, moved as a year ago"
    return f"weeks 1 to {ahead} against the 8 before, and all they moved by till then"


def _beside(
    view: View,
    rows: pd.DataFrame,
    serving: registry.Version,
    other: registry.Version | None,
) -> tuple[pd.DataFrame, datetime, int] | None:
    """The other version's rows since the share of a trial last changed.

    With when that was, and the how manieth share it is: before, rows were dealt
    otherwise, and more of them to one season than to another.
    """
    shares = comparing.shares(view, serving)
    if other is None or not shares:
        return None
    began = shares[-1][0]
    theirs = rows[(rows["version"] == str(other.number)) & (rows["time"] >= began)]
    theirs = theirs[theirs["role"] == "production"]
    return None if len(theirs) < BESIDE else (theirs, began, len(shares))


def _bad(
    view: View, rows: pd.DataFrame, told: config.Kpi, pause: timedelta
) -> np.ndarray:
    """Which rows went against the KPI."""
    top, _ = comparing.counted(view, rows, told, pause)
    found: np.ndarray = top > 0 if told.better == "low" else top <= 0
    return found


def _weeks(
    rows: pd.DataFrame, bad: np.ndarray, since: datetime
) -> tuple[np.ndarray, np.ndarray]:
    """Bad rows, and rows, of each whole week before a moment, oldest first."""
    import numpy as np

    if rows.empty:
        return np.empty(0), np.empty(0)
    past = (since - rows["time"]).dt.total_seconds().to_numpy()
    back = (past // WEEK.total_seconds()).astype(int)
    whole = int((since - rows["time"].min()) / WEEK)
    kept = back < whole
    hits = np.bincount(back[kept], weights=bad[kept], minlength=whole)
    return hits[::-1], np.bincount(back[kept], minlength=whole)[::-1]
