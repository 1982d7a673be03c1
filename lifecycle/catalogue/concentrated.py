"""How few items fill the lists that everybody sees."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from lifecycle import periods
from lifecycle.catalogue.counted import checked, counted, limit
from lifecycle.findings import Finding, Findings, judge
from lifecycle.metrics.bounded import within

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

__all__ = ["concentration"]

MEASURES = ("gini", "top items")


def concentration(
    reference: pd.DataFrame,
    analysis: pd.DataFrame,
    *,
    item: str = "item",
    top: float = 0.01,
    catalogue: int | None = None,
    every: periods.Every | None = "week",
    time: str = "time",
    timezone: str = "UTC",
    chance: float = 0.01,
    level: float = 0.90,
) -> Findings:
    r"""Gini coefficient of the items' rows, and the share of the most frequent ones.

    Undefined, and therefore `nan`, in a chunk without rows.

    Parameters
    ----------
    reference, analysis : DataFrame
        A row for each item of a list that was shown, or each purchase.
    item, every, time, timezone, chance, level
        As of `turnover`.
    top : float
        Which share of the catalogue counts as its top, rounded up to whole items.
    catalogue : int, optional
        How many items could have been shown; those of both frames where nobody says.

    Returns
    -------
    Findings
        A row a chunk of `gini`, 0 (all items alike) to 1 (one item alone), and of `top
        items`, the share of the rows on the most frequent `top` of the catalogue; n is
        the rows.

    Raises
    ------
    ValueError
        When a column is missing, `top`, `chance` or `level` is none, or the catalogue
        is smaller than the number of items seen.

    Notes
    -----
    With :math:`K` items, the rarest first, and their shares of the rows :math:`p_i`,
    the coefficient is :math:`\sum_i (2i - K - 1) p_i / K`. Both are means over the rows
    of a number that belongs to the row's item, and their variance is that of such a
    mean: first order, the ranks taken as known. A list shows an item once, which makes
    intervals a little too wide; the top is chosen by the same rows, which in small
    chunks makes it too large. Thresholds are those of the reference's own chunks, as of
    `turnover`: compare chunks of about as many rows.

    References
    ----------
    C. Gini, "Variabilità e mutabilità", Bologna 1912. D. Fleder and K. Hosanagar,
    "Blockbuster culture's next rise or fall", Management Science 55 (2009).

    Examples
    --------
    >>> import pandas as pd
    >>> even = pd.DataFrame({"item": [1, 2, 3, 4]})
    >>> one = pd.DataFrame({"item": [1] * 4})
    >>> [row.value for row in concentration(even, one, every=None)]
    [0.75, 1.0]
    """
    import numpy as np

    checked(level, chance)
    if not 0 < top <= 1:
        raise ValueError(f"top must be a share of the catalogue, above 0, got {top}")
    read = counted(reference, analysis, item, every, time, timezone)
    size = len(read.names) if catalogue is None else catalogue
    if size < len(read.names):
        raise ValueError(
            f"{len(read.names):,} items were seen, more than the catalogue of {size:,} "
            f"holds; pass its size"
        )
    first = max(1, math.ceil(round(top * size, 9)))
    own = np.array([_measured(row, size, first, level) for row in read.own])
    limits = [limit(own.reshape(-1, 2, 3)[:, number, 0], chance) for number in range(2)]
    rows = []
    for label, now in zip(read.labels, read.now, strict=True):
        found = _measured(now, size, first, level)
        for number, (value, lower, upper) in enumerate(found):
            held = limits[number]
            verdict = judge(value, held, side="above")
            rows.append(
                Finding(
                    MEASURES[number], value, int(now.sum()), lower, upper, held,
                    verdict, label, unit="%" if number else "",
                )
            )  # fmt: skip
    return Findings("Concentration", tuple(rows), _summary(rows, first), MEASURES[0])


def _measured(
    counts: np.ndarray, size: int, first: int, level: float
) -> list[tuple[float, float, float]]:
    import numpy as np

    n = int(counts.sum())
    if not n:
        return [(math.nan, math.nan, math.nan)] * 2
    ordered = np.sort(counts[counts > 0]).astype(float)
    share = ordered / n
    rank = np.arange(size - ordered.size + 1, size + 1)
    found = []
    for worth in ((2.0 * rank - size - 1) / size, (rank > size - first).astype(float)):
        value = float(share @ worth)
        variance = float(share @ (worth - value) ** 2) / n
        found.append((value, *within(value, variance, n, level)))
    return found


def _summary(rows: list[Finding], first: int) -> str:
    if not rows or math.isnan(rows[-1].value):
        return "How few items fill the rows is undefined: there are none."
    gini, top = rows[-2:]
    when = f"In {gini.period} the" if gini.period else "The"
    items = "most frequent item" if first == 1 else f"{first:,} most frequent items"
    sentence = f"{when} {items} had {top.value:.1%} of the rows"
    sentence += f" (Gini {gini.value:.2f})"
    if "alert" in (gini.verdict, top.verdict):
        return f"{sentence}: more than usual."
    if gini.verdict == "undefined":
        return f"{sentence}; the reference has too few chunks to say what is usual."
    return f"{sentence}, as usual."
