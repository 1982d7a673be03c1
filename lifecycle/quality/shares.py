"""Shares of rows held against the reference's, over all and chunk by chunk."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from datetime import datetime
from statistics import NormalDist
from typing import TYPE_CHECKING, Literal

from lifecycle import intervals
from lifecycle.findings import Finding, Verdict, judge
from lifecycle.quality.order import Rows

if TYPE_CHECKING:
    import numpy as np

__all__ = ["Evidence", "Terms", "ends", "share"]

Kind = Literal["fault", "drift", ""]


@dataclass(frozen=True, slots=True)
class Terms:
    """By what a share is judged.

    Parameters
    ----------
    tolerance : float
        An alert needs a share this much above the reference's.
    min_n : int
        Shares of fewer rows are not judged.
    z : float
        How many standard errors: the family's rate dealt out among its rows.
    """

    tolerance: float
    min_n: int
    z: float

    @property
    def log_p(self) -> float:
        """Logarithm of the probability below which chance is ruled out."""
        return math.log(NormalDist().cdf(-self.z))


@dataclass(frozen=True, slots=True)
class Evidence:
    """A finding, and what it says about the data.

    Parameters
    ----------
    finding : Finding
    kind : {"fault", "drift", ""}
        Empty where nothing is wrong.
    said : str
        What is wrong, to be put behind the column's name.
    since, until : datetime or None
        First moment touched, and first no longer touched; `None` where it began
        with the rows, or has not ended.
    rows : int
        How many rows are touched.
    chunks : tuple of Finding
        The same chunk by chunk, oldest first.
    advice : str
        What to do, said last.
    """

    finding: Finding
    kind: Kind = ""
    said: str = ""
    since: datetime | None = None
    until: datetime | None = None
    rows: int = 0
    chunks: tuple[Finding, ...] = ()
    advice: str = ""


def ends(
    hits: np.ndarray, n: np.ndarray, z: float
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Shares with Wilson's interval, `nan` where there are no rows.

    Parameters
    ----------
    hits, n : ndarray, shape (n_chunks,)
    z : float
        Standard errors.

    Returns
    -------
    value, lower, upper : ndarray of float, shape (n_chunks,)

    Examples
    --------
    >>> import numpy as np
    >>> value, lower, upper = ends(np.array([8]), np.array([10]), intervals.z(0.9))
    >>> lower.round(3).tolist(), upper.round(3).tolist()
    ([0.541], [0.931])
    """
    import numpy as np

    n = np.where(n > 0, n, math.nan)
    p = hits / n
    centre = p + z * z / (2 * n)
    half = z * np.sqrt(p * (1 - p) / n + z * z / (4 * n * n))
    scale = 1 + z * z / n
    lower = np.where(p == 0, 0.0, np.maximum(0, (centre - half) / scale))
    upper = np.where(p == 1, 1.0, np.minimum(1, (centre + half) / scale))
    return p, np.where(np.isnan(p), p, lower), np.where(np.isnan(p), p, upper)


def share(
    rows: Rows,
    subject: str,
    measure: str,
    mask: np.ndarray,
    base: np.ndarray | None,
    usual: tuple[int, int],
    terms: Terms,
    *,
    said: str,
    floor: float = 0.0,
    gross: np.ndarray | None = None,
    moved: str = "",
    reached: float = 0.0,
) -> Evidence:
    r"""Judge the share of marked rows against the reference's.

    Parameters
    ----------
    rows : Rows
        The analysis.
    subject, measure : str
    mask : ndarray of bool, shape (n,)
        The rows that are marked.
    base : ndarray of bool, shape (n,), or None
        The rows they are a share of; all where `None`.
    usual : tuple of int
        How many of how many rows of the reference are marked.
    terms : Terms
    said : str
        What is wrong, with a place for the share.
    floor : float
        A share that is not surely above this is no fault but drift.
    gross : ndarray of bool, shape (n,), optional
        Which of the marked rows cannot come of drift; unless half of them are, it is
        drift. All where not given.
    moved : str
        What drift is called.
    reached : float
        The largest share of a chunk of the reference; a chunk is judged by what is
        more than the tolerance above it.

    Notes
    -----
    Above the reference's by more than chance: Newcombe's lower end of the difference of
    two shares is above 0, at the family's standard errors.

    References
    ----------
    R. G. Newcombe, "Interval estimation for the difference between independent
    proportions", Statistics in Medicine 17 (1998), method 10.
    """
    import numpy as np

    total = rows.n if base is None else int(base.sum())
    hits = np.append(rows.counts(mask), int(mask.sum()))
    sizes = np.diff(rows.edges) if base is None else rows.counts(base)
    n = np.append(sizes, total)
    known = np.array([usual[0]]), np.array([usual[1]])
    before, _, most = (float(x[0]) for x in ends(known[0], known[1], terms.z))
    value, low, _ = ends(hits, n, terms.z)
    moving = before + terms.tolerance if usual[1] >= terms.min_n else math.nan
    threshold = max(moving, floor) if moving == moving else math.nan
    limits = np.full(n.size, threshold)
    limits[:-1] = np.maximum(threshold, reached + terms.tolerance)
    with np.errstate(invalid="ignore"):
        above = (value - before) ** 2 > (value - low) ** 2 + (most - before) ** 2
        loud = (n >= terms.min_n) & (value > moving) & above
        loud[:-1] &= value[:-1] > reached + terms.tolerance
    worst = np.zeros(loud.size, dtype=bool)
    if loud.any():
        sharp = mask if gross is None else gross
        worst = loud & (value > limits) & (low > floor)
        worst &= 2 * np.append(rows.counts(sharp), sharp.sum()) >= hits
    shown = [
        _finding(measure, subject, int(h), int(m), limit, bad, terms.min_n, period)
        for h, m, limit, bad, period in zip(
            hits, n, limits.tolist(), worst, (*rows.labels, ""), strict=True
        )
    ]
    kind: Kind = "fault" if worst.any() else "drift" if loud.any() else ""
    touched = worst if kind == "fault" else loud
    finding = shown[-1]
    if not kind:
        return Evidence(finding, chunks=tuple(shown[:-1]))
    since, until, first, last = _span(rows, touched[:-1], mask, before)
    inside = np.zeros(rows.n, dtype=bool)
    inside[first:last] = True
    count = int((mask & inside).sum())
    if touched[:-1].any():
        part = count / max(1, int((inside if base is None else base & inside).sum()))
    else:
        part = float(value[-1])
    if kind == "fault" and not worst[-1]:  # a chunk must not drown in the others
        newest = shown[int(np.flatnonzero(worst)[-1])]
        finding = replace(newest, period="")
    words = (said if kind == "fault" else moved).format(value=part)
    return Evidence(finding, kind, words, since, until, count, tuple(shown[:-1]))


def _span(
    rows: Rows, loud: np.ndarray, mask: np.ndarray, usual: float
) -> tuple[datetime | None, datetime | None, int, int]:
    """From when to when chunks are touched, and the rows that lie between."""
    import numpy as np

    found = np.flatnonzero(loud)
    if not found.size:
        return None, None, 0, rows.n
    first, last = int(rows.edges[found[0]]), int(rows.edges[found[-1] + 1])
    if usual < 0.01:  # where hardly any row is marked the first tells the moment
        first += int(np.argmax(mask[first:last]))
    open_end = found[-1] == loud.size - 1
    since = None if found[0] == 0 else rows.moment(first)
    return since, None if open_end else rows.moment(last), first, last


def _finding(
    measure: str,
    subject: str,
    hits: int,
    n: int,
    threshold: float,
    loud: bool,
    min_n: int,
    period: str,
) -> Finding:
    value = hits / n if n else math.nan
    judged = judge(value, threshold, side="above", n=n, min_n=min_n)
    verdict: Verdict = judged if judged == "undefined" or loud else "quiet"
    return Finding(
        measure,
        value,
        n,
        *intervals.wilson(hits, n),
        threshold=threshold,
        verdict=verdict,
        period=period,
        subject=subject,
        unit="%",
    )
