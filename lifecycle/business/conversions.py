"""What became of the rows somebody acted upon."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from lifecycle import intervals, periods
from lifecycle.findings import Finding, Findings, judge

if TYPE_CHECKING:
    import numpy.typing as npt
    import pandas as pd

__all__ = ["conversion"]


def conversion(
    labelled: pd.DataFrame,
    *,
    acted: npt.ArrayLike | None = None,
    chunks: pd.Series[Any] | None = None,
    below: float = math.nan,
    min_n: int = 30,
) -> Findings:
    """Share of the rows acted upon that came to a good end, chunk by chunk.

    Rows whose outcome is not known are left out, so that a chunk whose outcomes are
    still coming in speaks of those that have come.

    Parameters
    ----------
    labelled : DataFrame of shape (n, n_columns)
        With `outcome` (0 or 1, missing where not known), with `time` unless `chunks`
        is given, and with `prediction` unless `acted` is given.
    acted : array-like of bool, shape (n,), optional
        Which rows were acted upon; those predicted 1 where not given.
    chunks : Series of str, shape (n,), optional
        The chunk of each row; ISO weeks in UTC where not given.
    below : float
        A conversion below this is an alert; nothing is judged where it is `nan`.
    min_n : int
        Chunks with fewer rows are not judged.

    Returns
    -------
    Findings
        Rows `conversion`, oldest chunk first, with Wilson's 90% interval.

    Raises
    ------
    ValueError
        When `acted` or `chunks` are not of the same rows.

    Examples
    --------
    >>> import pandas as pd
    >>> leads = pd.DataFrame({"outcome": [1, 0, 1, None], "prediction": [1, 1, 0, 1]})
    >>> found = conversion(leads, chunks=pd.Series(["2023-W14"] * 4))
    >>> found[0].value, found[0].n
    (0.5, 2)
    """
    import numpy as np

    outcome = labelled["outcome"].to_numpy(dtype=float, na_value=math.nan)
    if acted is None:
        chosen = labelled["prediction"].to_numpy(dtype=float, na_value=math.nan) == 1
    else:
        chosen = np.asarray(acted, dtype=bool)
    if chosen.shape != outcome.shape:
        raise ValueError(
            f"acted has {chosen.size} values for {outcome.size} rows; give one a row"
        )
    labels = periods.chunk_of(labelled["time"]) if chunks is None else chunks
    if len(labels) != outcome.size:
        raise ValueError(
            f"chunks has {len(labels)} labels for {outcome.size} rows; give one a row"
        )
    names = np.asarray(labels, dtype=object)
    kept = chosen & ~np.isnan(outcome) & np.asarray(labels.notna())
    rows = []
    for period in sorted(set(names[kept])):
        inside = outcome[kept & (names == period)]
        hits, n = int((inside == 1).sum()), inside.size
        rate = hits / n
        rows.append(
            Finding(
                "conversion",
                rate,
                n,
                *intervals.wilson(hits, n),
                threshold=below,
                verdict=judge(rate, below, side="below", n=n, min_n=min_n),
                period=str(period),
                unit="%",
            )
        )
    return Findings("Conversion", tuple(rows), _summary(rows), main="conversion")


def _summary(rows: list[Finding]) -> str:
    if not rows:
        return "Conversion is undefined: nothing acted upon has an outcome yet."
    newest = rows[-1]
    total = sum(row.n for row in rows)
    overall = sum(row.value * row.n for row in rows) / total
    sentence = (
        f"{newest.value:.0%} of the {newest.n:,} rows acted upon in {newest.period} "
        f"converted (90%: {newest.lower:.0%} to {newest.upper:.0%})"
    )
    if len(rows) > 1:
        sentence += f", against {overall:.0%} over all {len(rows)} chunks"
    if newest.verdict == "alert":
        sentence += f", below the threshold of {newest.threshold:.0%}"
    return sentence + "."
