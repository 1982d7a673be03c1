"""Scores that have become one number."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from lifecycle.findings import Finding, Verdict

if TYPE_CHECKING:
    import numpy.typing as npt

__all__ = ["still"]


def still(
    now: npt.ArrayLike,
    other: npt.ArrayLike,
    *,
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
    alpha : float
        With this probability at most a sound release is ever called bad.
    subject : str
        Which version.

    Returns
    -------
    Finding
        `constant`: how many of the newest rows have one score; `threshold` is how many
        of them are too many. Undefined where the other version says one thing, too.

    Notes
    -----
    Rows are taken as drawn independently, and the version before as no finer than this
    one. Where the most frequent score of the other version has the share :math:`q` of
    the rows, :math:`r` of them in a row have one score with probability
    :math:`q^{r-1}` at most at each start; over :math:`10^6` starts that is below
    :math:`\alpha` from :math:`r = 1 + (\log\alpha - 6 \log 10) / \log q` on.

    Examples
    --------
    >>> tells = [k / 100 for k in range(100)]
    >>> still([0.5] * 100, tells, alpha=1e-4).verdict
    'alert'
    >>> still(tells, tells, alpha=1e-4).verdict
    'quiet'
    """
    import numpy as np

    mine, theirs = (np.asarray(values, dtype=float) for values in (now, other))
    n, nan = len(mine), math.nan
    there = theirs[~np.isnan(theirs)]
    if not n or not there.size:
        return Finding("constant", nan, n, nan, nan, nan, "undefined", "", subject)
    _, counts = np.unique(there, return_counts=True)
    often = float(counts.max()) / there.size
    if often > 0.95:  # it hardly tells rows apart itself
        return Finding("constant", nan, n, nan, nan, nan, "undefined", "", subject)
    often = max(often, 0.05)
    most = 1 + math.ceil((math.log(alpha) - math.log(1e6)) / math.log(often))
    different = np.flatnonzero(mine != mine[-1])
    run = n if not different.size else n - 1 - int(different[-1])
    if math.isnan(mine[-1]):
        run = 0
    verdict: Verdict = "alert" if run >= most else "quiet"
    return Finding(
        "constant", float(run), n, nan, nan, float(most), verdict, "", subject, "rows"
    )
