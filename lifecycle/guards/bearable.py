"""What a business figure may fall to since a release: its own past tells."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from lifecycle.findings import Finding

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

__all__ = ["AHEAD", "LAST_YEAR", "bearable"]

LAST_YEAR = "moved as a year ago"
"""The subject of what is expected from the same weeks of last year."""
AHEAD = 8
"""Weeks since a release beyond which the weeks before it say nothing of them."""
_BEFORE = 8  # weeks that are the level before
_YEAR = 52
_LEAST = 16  # weeks of a past, to see how far it moves by itself
_SEASONS = 26  # weeks that are known of two years, to see how far seasons differ
_LAGS = 1, 2, 4  # weeks between which a share steps
_ROWS = 100  # of a stretch of weeks that is compared


def bearable(
    hits: npt.ArrayLike, n: npt.ArrayLike, *, ahead: int, alpha: float
) -> Finding:
    r"""How high a share of bad rows may be since a release, though nothing is wrong.

    Parameters
    ----------
    hits, n : array-like of shape (n_weeks,)
        Bad rows, and rows, of each week before the release, oldest first; the last ends
        with it.
    ahead : int
        Weeks since the release, the one that runs counted.
    alpha : float
        With about this probability at most the share of a sound version ends above.

    Returns
    -------
    Finding
        `usual`: the share that is expected, `upper` the highest that is bearable,
        `subject` in words from what. Undefined where the past is too short to tell: of
        fewer than 16 weeks, or with more than 8 weeks since the release and no year.

    Raises
    ------
    ValueError
        When the counts are no counts.

    Notes
    -----
    What no past has shown (a season stronger than the last, a campaign) is not in it.
    With :math:`b` the share of the eight weeks before. Where there is a year, the
    expected share is :math:`b + l' - l`: of last year's weeks, :math:`l'` those of the
    time since the release and :math:`l` the eight before them. Otherwise it is
    :math:`b`, and bearable is beside it the largest step, up or down, that the past
    took over as many weeks: a slow season passes for no fault, and a fault smaller than
    it is not seen. On top, :math:`t_{1-\alpha}` times the root of the variance of
    these shares: of counting, and :math:`\tau^2 (1/a + 1/8)` for how weeks wobble,
    :math:`\tau^2` from half the squared steps of one, two and four weeks, the largest,
    less what counting explains. With a year it is the wobble of what a week is above
    that of a year before, which no season moves; where fewer than 26 weeks are known of
    both years, twice that of the weeks themselves.

    Examples
    --------
    >>> calm = bearable([20, 22] * 12, [100] * 24, ahead=2, alpha=1e-3)
    >>> calm.subject, round(calm.value, 2), 0.21 < calm.upper < 0.27
    ('as in the weeks before', 0.21, True)
    >>> bearable([20] * 4, [100] * 4, ahead=2, alpha=1e-3).verdict
    'undefined'
    """
    import numpy as np

    bad, rows = (np.asarray(each, dtype=float) for each in (hits, n))
    told = bad.shape == rows.shape and bad.ndim == 1
    if not told or not np.all((bad >= 0) & (bad <= rows)):
        raise ValueError("hits and n must be counts of the same weeks, hits at most n")
    weeks = len(rows)
    unknown = Finding("usual", math.nan, int(rows.sum()), verdict="undefined")
    before = slice(weeks - _BEFORE, weeks)
    if ahead < 1 or weeks < _LEAST or rows[before].sum() < _ROWS:
        return unknown
    start = weeks - _YEAR
    then = slice(start, start + ahead), slice(start - _BEFORE, start)
    if start >= _BEFORE and all(rows[part].sum() >= _ROWS for part in then):
        level, spread = _share(bad, rows, before)
        for part, sign in zip(then, (1, -1), strict=True):
            share, variance = _share(bad, rows, part)
            level, spread = level + sign * share, spread + variance
        level, how = min(max(level, 0.0), 1.0), LAST_YEAR
        wobble, seen = 2 * _wobble(bad, rows), weeks
        if start >= _SEASONS:
            wobble, seen = _wobble(bad, rows, lag=_YEAR), start
        step = 0.0
    elif ahead <= AHEAD:
        level, spread = _share(bad, rows, before)
        how = "as in the weeks before"
        wobble, seen = _wobble(bad, rows), weeks
        step = _largest_step(bad, rows, ahead)
    else:
        return unknown
    if math.isnan(step):
        return unknown
    spread += wobble * (1 / min(ahead, _YEAR) + 1 / _BEFORE)
    end = level + step + _tail(seen, alpha) * math.sqrt(spread)
    return Finding(
        "usual", level, int(rows.sum()), math.nan, end, verdict="quiet", subject=how
    )


def _tail(weeks: int, alpha: float) -> float:
    """How many standard errors, estimated from so many weeks, are bearable."""
    from scipy.special import stdtrit

    return float(stdtrit(weeks - 1, 1 - alpha))


def _share(bad: np.ndarray, rows: np.ndarray, part: slice) -> tuple[float, float]:
    """The share of some weeks together, and its variance by counting."""
    n, hits = float(rows[part].sum()), float(bad[part].sum())
    smooth = (hits + 0.5) / (n + 1)
    return hits / n, smooth * (1 - smooth) / n


def _wobble(bad: np.ndarray, rows: np.ndarray, *, lag: int = 0) -> float:
    """The variance of a week's share beyond counting, or of how it differs from one."""
    whole = float(bad.sum() / rows.sum())
    kept = rows > 0
    if lag:
        kept = kept[lag:] & kept[:-lag]
    now = slice(lag, None)
    share = bad[now][kept] / rows[now][kept]
    by_chance = whole * (1 - whole) / rows[now][kept]
    if lag:
        share = share - bad[:-lag][kept] / rows[:-lag][kept]
        by_chance = by_chance + whole * (1 - whole) / rows[:-lag][kept]
    found = 0.0
    for weeks in _LAGS:
        steps = (share[weeks:] - share[:-weeks]) ** 2
        steps = steps - by_chance[weeks:] - by_chance[:-weeks]
        found = max(found, float(steps.mean()) / 2 if steps.size else 0.0)
    return found


def _largest_step(bad: np.ndarray, rows: np.ndarray, ahead: int) -> float:
    """The largest step of the past from eight weeks to the next so many."""
    import numpy as np

    sums = [np.concatenate([[0.0], np.cumsum(each)]) for each in (bad, rows)]
    places = np.arange(_BEFORE, len(rows) - ahead + 1)
    if places.size < _BEFORE:
        return math.nan
    shares = []
    for start, stop in ((places - _BEFORE, places), (places, places + ahead)):
        hits, n = (each[stop] - each[start] for each in sums)
        shares.append(np.where(n >= _ROWS, hits / np.maximum(n, 1), math.nan))
    steps = np.abs(shares[1] - shares[0])
    return float(np.nanmax(steps)) if np.isfinite(steps).any() else math.nan
