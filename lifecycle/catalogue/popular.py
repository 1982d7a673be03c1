"""What sells, held against what sold in the reference."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from lifecycle import intervals, markup, periods
from lifecycle.catalogue.counted import Counted, checked, counted, limit
from lifecycle.catalogue.homogeneous import Homogeneity, homogeneity
from lifecycle.findings import Finding, Findings, Verdict, judge

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

__all__ = ["popularity"]


def popularity(
    reference: pd.DataFrame,
    analysis: pd.DataFrame,
    *,
    item: str = "item",
    every: periods.Every | None = "week",
    time: str = "time",
    timezone: str = "UTC",
    chance: float = 0.01,
    level: float = 0.90,
    min_n: int = 100,
    named: int = 5,
) -> Findings:
    r"""Hold what sells in each chunk against the reference.

    Undefined, and therefore `nan`, when either side has fewer than `min_n` rows.

    Parameters
    ----------
    reference, analysis : DataFrame
        A row for each purchase or click.
    item, every, time, timezone, level
        As of `turnover`; with `every` None the test alone decides.
    chance : float
        Level of the test, and chance with which a chunk like the reference's own lies
        above the threshold.
    min_n : int
    named : int
        So many items that gained, and that lost, are named of the newest chunk.

    Returns
    -------
    Findings
        `popularity`, a row a chunk: Cramér's V of reference and chunk without its bias,
        0 to 1; n is the rows of the chunk. Then, for the newest, `more popular` and
        `less popular`: items by change of their share of the rows. Those are not
        judged.

    Raises
    ------
    ValueError
        When a column is missing, moments have no zone, or `chance` or `level` is none.

    Notes
    -----
    An alert needs both: the test of `homogeneity`, whose p-value must be at most
    `chance`, and a V above the upper prediction bound of the reference's own chunks,
    each against all others. The test knows how many rows there are, but takes them as
    independent; the bound knows how much weeks differ that nobody would call different.
    With fewer than five chunks there is no bound, and nothing is judged. V depends on
    how many rows a chunk has per those of the reference: a season that doubles the
    sales raises it by up to two fifths, for the same shares. The items named have the
    largest part in the statistic; the intervals of their change are Newcombe's, and not
    corrected for having been chosen.

    References
    ----------
    R. G. Newcombe, "Interval estimation for the difference between independent
    proportions", Statistics in Medicine 17 (1998). The others as of `homogeneity`.

    Examples
    --------
    >>> import pandas as pd
    >>> before = pd.DataFrame({"item": ["tea", "pot"] * 200})
    >>> after = pd.DataFrame({"item": ["tea", "pot", "pot", "pot"] * 100})
    >>> popularity(before, after, every=None).summary
    'The items sell differently than in the reference (V 0.26); more popular: pot; less
    popular: tea.'
    """
    import numpy as np

    checked(level, chance)
    read = counted(reference, analysis, item, every, time, timezone)
    total = read.own.sum(axis=0)
    own = np.array([_tested(total - row, row, min_n).v for row in read.own])
    held = 0.0 if every is None else limit(own, chance)
    rows, told = [], []
    for label, now in zip(read.labels, read.now, strict=True):
        found = _tested(total, now, min_n)
        verdict: Verdict = judge(found.v, held, side="above")
        if verdict == "alert" and found.p > chance:
            verdict = "quiet"
        ends = _ends(found, level)
        rows.append(
            Finding("popularity", found.v, int(now.sum()), *ends, held, verdict, label)
        )
    if rows and not math.isnan(rows[-1].value):
        told = _named(read, total, read.now[-1], named, level)
    return Findings(
        "What sells", (*rows, *told), _summary(rows, told), shown=600 + len(told)
    )


def _tested(first: np.ndarray, second: np.ndarray, min_n: int) -> Homogeneity:
    if min(int(first.sum()), int(second.sum())) < min_n:
        return Homogeneity(*[math.nan] * 7)
    return homogeneity(first, second)


def _ends(found: Homogeneity, level: float) -> tuple[float, float]:
    if math.isnan(found.v):
        return math.nan, math.nan
    half = intervals.z(level) * found.error
    lower, upper = (
        math.sqrt(min(1.0, max(0.0, found.square + way * half))) for way in (-1, 1)
    )
    return lower, upper


def _named(
    read: Counted, total: np.ndarray, now: np.ndarray, named: int, level: float
) -> list[Finding]:
    """The items that gained and lost the most, by their part in the statistic."""
    import numpy as np

    n, m = int(total.sum()), int(now.sum())
    sums = total + now
    excess = (now - sums * m / (n + m)) / np.sqrt(np.maximum(sums, 1))
    made = []
    for measure, order in (("more popular", -excess), ("less popular", excess)):
        for place in np.argsort(order, kind="stable")[:named].tolist():
            if order[place] < 0:
                change, lower, upper = _change(
                    int(total[place]), n, int(now[place]), m, level
                )
                made.append(
                    Finding(
                        measure, change, int(sums[place]), lower, upper,
                        period=read.labels[-1], subject=_line(read.names[place]),
                        unit="%",
                    )
                )  # fmt: skip
    return made


def _change(k: int, n: int, j: int, m: int, level: float) -> tuple[float, float, float]:
    p, q = k / n, j / m
    low, high = intervals.wilson(k, n, level=level)
    down, up = intervals.wilson(j, m, level=level)
    change = q - p
    return (
        change,
        change - math.hypot(q - down, high - p),
        change + math.hypot(up - q, p - low),
    )


def _line(name: Any) -> str:
    return markup.one_line(name, 60)


def _summary(rows: list[Finding], told: list[Finding]) -> str:
    if not rows or math.isnan(rows[-1].value):
        return "What sells cannot be compared: there are too few rows."
    row = rows[-1]
    when = f"In {row.period} the items" if row.period else "The items"
    if row.verdict == "undefined":
        return (
            f"{when} differ from the reference by V {row.value:.2f}; it has too few "
            f"chunks to say what is usual."
        )
    if row.verdict == "quiet":
        return f"{when} sell as in the reference (V {row.value:.2f})."
    parts = [f"{when} sell differently than in the reference (V {row.value:.2f})"]
    for measure in ("more popular", "less popular"):
        names = [each.subject for each in told if each.measure == measure]
        if names:
            parts.append(f"{measure}: {', '.join(names)}")
    return "; ".join(parts) + "."
