"""Scores that have become one number."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from lifecycle.findings import Finding, Verdict

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

__all__ = ["still"]

_USUAL = 100  # rows that say what is usual, at least
_TELLS = 0.95  # of one score, above it a version hardly tells rows apart


def still(
    now: npt.ArrayLike,
    other: npt.ArrayLike,
    *,
    usual: npt.ArrayLike,
    alpha: float,
    subject: str = "",
) -> Finding:
    r"""Whether a version says the same of rows that another tells apart.

    Parameters
    ----------
    now : array-like of shape (n,)
        Its newest scores, oldest first.
    other : array-like of shape (n,)
        What the version before says of the same rows.
    usual : array-like of shape (n_usual,)
        What the version itself said of rows before its release.
    alpha : float
        With this probability at most a sound release is ever called bad.
    subject : str
        Which version.

    Returns
    -------
    Finding
        `constant`: how many of the newest rows have one score, though the version
        before told each from the one before it; `threshold` is how many of them are too
        many. Undefined where either version hardly tells rows apart, or where little is
        known of what is usual.

    Notes
    -----
    Rows are taken as drawn independently. Where the most frequent score of either
    version has the share :math:`q` of the rows, :math:`r` of them in a row have one
    score with probability :math:`q^{r-1}` at most at each start; over :math:`10^6`
    starts that is below :math:`\alpha` from :math:`r = 1 + (\log\alpha - 6 \log 10) /
    \log q` on. A row on which the version before says what it said of the row before
    is not counted: a request that is sent again and again is no fault.

    Examples
    --------
    >>> tells = [k / 100 for k in range(100)]
    >>> still([0.5] * 100, tells, usual=tells * 2, alpha=1e-4).verdict
    'alert'
    >>> still(tells, tells, usual=tells * 2, alpha=1e-4).verdict
    'quiet'
    """
    import numpy as np

    mine, theirs, own = (
        np.asarray(values, dtype=float) for values in (now, other, usual)
    )
    n, nan = len(mine), math.nan
    unknown = Finding("constant", nan, n, nan, nan, nan, "undefined", "", subject)
    often = [_often(values[~np.isnan(values)]) for values in (theirs, own)]
    if not n or (~np.isnan(own)).sum() < _USUAL or not max(often) <= _TELLS:
        return unknown
    share = max(*often, 0.05)
    most = 1 + math.ceil((math.log(alpha) - math.log(1e6)) / math.log(share))
    different = np.flatnonzero(mine != mine[-1])  # a missing score differs from itself
    first = int(different[-1]) + 1 if different.size else 0
    told = theirs[first:]
    told = told[~np.isnan(told)]
    run = 1 + int(np.count_nonzero(np.diff(told))) if told.size else 0
    verdict: Verdict = "alert" if run >= most else "quiet"
    return Finding(
        "constant", float(run), n, nan, nan, float(most), verdict, "", subject, "rows"
    )


def _often(values: np.ndarray) -> float:
    """The share of the most frequent value; undefined without any."""
    import numpy as np

    if not values.size:
        return math.nan
    _, counts = np.unique(values, return_counts=True)
    return float(counts.max()) / values.size
