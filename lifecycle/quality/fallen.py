"""Positives recorded as negatives: a rate that fell alone."""

from __future__ import annotations

import math
from collections.abc import Iterator, Set
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from lifecycle import intervals, profiles
from lifecycle.findings import Finding, Verdict
from lifecycle.quality.answered import Answered
from lifecycle.quality.shares import Evidence, Kind, Terms

if TYPE_CHECKING:
    import numpy as np

__all__ = ["falls"]

_BACK = 8  # chunks that say what is usual
_FEWEST = 3
_LEAST = 0.2  # of the usual rate
_BELOW = 0.9  # of the lowest usual rate
_AT_ONCE = 2 / 3  # of the fall
_LASTING = 6  # chunks, after which it is normal
_UNLIKE = 3  # chunks, after which a fall that is the world's is normal
_SURE = 0.02  # above this probability nothing says that the positives moved
_BINS = 8
_SEVERE = 0.3  # of the positives are left, so few that a doubt is no excuse
_MOSTLY = 0.75  # of a fall that scores would have to show
_FAR = 0.1  # Kolmogorov-Smirnov distance below which an input has not moved
_ADVICE = "check the outcomes before anything is trained on them"


@dataclass(frozen=True, slots=True)
class _Level:
    """What the rate is usually: mean, spread between chunks, lowest, the last two."""

    mean: float
    spread: float
    lowest: float
    last: float
    n: int
    last_n: int


def falls(
    rows: Answered,
    terms: Terms,
    shown: list[Finding],
    bad: Set[int],
    *,
    timezone: str,
) -> Iterator[Evidence]:
    r"""Judge the rate of outcomes 0 and 1 chunk by chunk, and what falls look like.

    Parameters
    ----------
    rows : Answered
    terms : Terms
    shown : list of Finding
        A finding a chunk is added.
    bad : set of int
        Chunks whose outcomes are known to be faulty: neither judged nor normal.
    timezone : str

    Yields
    ------
    Evidence
        Of each run of chunks whose rate fell at once: a fault where the scores, the
        inputs and the ranking stayed as they were, else drift.

    Notes
    -----
    The usual rate :math:`\pi` is that of the eight sound chunks before. A fall is
    beyond what chance and the usual variance :math:`\tau^2` between chunks (method of
    moments) explain at the family's standard errors :math:`z`,
    :math:`\arcsin\sqrt{r} < \arcsin\sqrt{\pi} - \frac{z}{2} \sqrt{1/n + 1/N +
    \frac{9}{8} \tau^2 / (\pi(1-\pi))}`, more than a fifth, and below the lowest
    chunk; it is at once where two thirds of it, and more than chance at two per cent,
    lie between the chunk and the two before. The chunks of a run are judged together,
    so that what one does not show the next may.

    References
    ----------
    F. J. Anscombe, "The transformation of Poisson, binomial and negative-binomial
    data", Biometrika 35 (1948).
    """
    usual = list(range(rows.trusted))
    run: list[int] = []
    state = False
    news: dict[int, Finding] = {}
    for place in range(rows.trusted, len(rows.labels)):
        level = _level(rows, usual[-_BACK:], terms.min_n)
        found, fell = _chunk(rows, place, level, run, terms, skip=place in bad)
        news[place] = found
        if found.verdict == "undefined":
            if found.n and place not in bad and not run:
                usual.append(place)
            continue
        if fell:
            run.append(place)
            state = _as_before(rows, usual[-_BACK:], run)
            over = len(run) > (_LASTING if state else _UNLIKE)
            if not over:
                continue
            state = False
        if run:
            yield _evidence(rows, run, usual, news, state, timezone, terms.min_n)
            usual = usual if state else (run[:] if fell else usual + run)
            run, state = [], False
        if not fell:
            usual.append(place)
    if run:
        yield _evidence(rows, run, usual, news, state, timezone, terms.min_n)
    shown += news.values()


def _level(rows: Answered, usual: list[int], min_n: int) -> _Level | None:
    import numpy as np

    held = [rows.truth[rows.chunk(x)][rows.known[rows.chunk(x)]] for x in usual]
    held = [x for x in held if x.size >= min_n]
    if len(held) < _FEWEST:
        return None
    sizes = np.array([x.size for x in held])
    rates = np.array([x.mean() for x in held])
    mean = float((rates * sizes).sum() / sizes.sum())
    chance = mean * (1 - mean) * float(np.mean(1 / sizes))
    spread = max(0.0, float(np.var(rates, ddof=1)) - chance)
    last = float((rates * sizes)[-2:].sum() / sizes[-2:].sum())
    every, two = int(sizes.sum()), int(sizes[-2:].sum())
    return _Level(mean, spread, float(rates.min()), last, every, two)


def _chunk(
    rows: Answered,
    place: int,
    level: _Level | None,
    run: list[int],
    terms: Terms,
    *,
    skip: bool,
) -> tuple[Finding, bool]:
    """The rate of a chunk, and whether it fell at once or is still down."""
    own = rows.chunk(place)
    truth = rows.truth[own][rows.known[own]]
    n, hits = truth.size, int(truth.sum())
    value = hits / n if n else math.nan
    found = Finding(
        "outcome_rate",
        value,
        n,
        *intervals.wilson(hits, n),
        period=rows.labels[place],
        subject="outcome",
        unit="%",
    )
    if level is None or n < terms.min_n or skip or not 0 < level.mean < 1:
        return found, False
    chance = level.mean * (1 - level.mean)
    spread = 1 / n + 1 / level.n + level.spread / chance * (1 + 1 / _BACK)
    angle = math.asin(math.sqrt(level.mean)) - terms.z * math.sqrt(spread) / 2
    limit = min(
        math.sin(max(0.0, angle)) ** 2,
        (1 - _LEAST) * level.mean,
        _BELOW * level.lowest,
    )
    fell = value < limit
    if run:
        before = rows.chunk(run[-1])
        was = float(rows.truth[before][rows.known[before]].mean())
        fell = value < (level.mean + was) / 2
    elif fell:
        step = level.last - value
        fell = step >= _AT_ONCE * (level.mean - value)
        error = math.sqrt(chance / n + chance / level.last_n + level.spread)
        fell = fell and step > intervals.z(1 - _SURE) * error
    return replace(found, threshold=limit, verdict="quiet"), fell


def _evidence(
    rows: Answered,
    run: list[int],
    usual: list[int],
    news: dict[int, Finding],
    fault: bool,
    timezone: str,
    min_n: int,
) -> Evidence:
    """One run in words; the findings of its chunks are alerts where it is a fault."""
    verdict: Verdict = "alert" if fault else "quiet"
    for place in run:
        news[place] = replace(news[place], verdict=verdict)
    before, after = _rate(rows, usual[-_BACK:]), _rate(rows, run)
    since, until = rows.span(run[0], run[-1], timezone=timezone, min_n=min_n)
    n = sum(news[place].n for place in run)
    finding = replace(news[run[-1]], period="")
    kind: Kind = "fault" if fault else "drift"
    words = f"rate fell at once from {before:.1%} to {after:.1%}"
    if fault:
        words += " with the scores and the ranking as they were"
    advice = _ADVICE if fault else ""
    return Evidence(finding, kind, words, since, until, n, advice=advice)


def _rate(rows: Answered, places: list[int]) -> float:
    import numpy as np

    truth = np.concatenate([rows.truth[rows.chunk(x)] for x in places])
    return float(np.nanmean(truth))


# -- what else must have stayed ---------------------------------------------------


def _as_before(rows: Answered, usual: list[int], run: list[int]) -> bool:
    """Whether scores, inputs and the positives' places among them are as they were."""
    import numpy as np

    own = _scored(rows, run)
    if not own.size:
        return False
    codes = rows.version[own]
    group = int(np.bincount(codes + 1).argmax()) - 1
    own = own[codes == group]
    parts = [_scored(rows, [place]) for place in usual]
    parts = [x[rows.version[x] == group] for x in parts]
    parts = [x for x in parts if x.size]
    if len(parts) < _FEWEST:
        return False
    base = np.concatenate(parts)
    edges = np.quantile(rows.score[base], np.linspace(0, 1, _BINS + 1)[1:-1])
    edges = np.unique(edges)
    bins = np.searchsorted(edges, rows.score[base], side="right")
    size = np.bincount(bins, minlength=edges.size + 1).astype(float)
    hits = np.bincount(bins, rows.truth[base], minlength=edges.size + 1)
    p = hits / np.maximum(size, 1)
    places = np.searchsorted(edges, rows.score[own], side="right")
    chunks = np.array(
        [p[np.searchsorted(edges, rows.score[x], side="right")].mean() for x in parts]
    )
    if not _stayed(p[bins], chunks, p[places], float(rows.truth[own].mean())):
        return False
    counts = np.bincount(places, minlength=p.size).astype(float)
    ones = np.bincount(places, rows.truth[own], minlength=p.size)
    return _thinned(p, size, counts, ones) and _inputs(rows, base, own)


def _scored(rows: Answered, places: list[int]) -> np.ndarray:
    import numpy as np

    held = np.concatenate([rows.chunk(x) for x in places])
    return held[rows.known[held] & ~np.isnan(rows.score[held])]


def _stayed(p: np.ndarray, chunks: np.ndarray, now: np.ndarray, rate: float) -> bool:
    r"""Whether the scores rule out that a shifted prior is the fall, or half of it.

    A prior that shifts by :math:`\Delta` moves the mean of the calibrated score
    :math:`p` by :math:`\Delta\,\mathrm{var}(p)/(\pi(1-\pi))`. Where most of the
    positives went at once it is enough that the scores show nothing of it.
    """
    prior = float(p.mean())
    spread = float(p.var())
    if not 0 < prior < 1 or spread <= 0:
        return False
    reach = spread / (prior * (1 - prior))
    between = max(0.0, float(chunks.var(ddof=1)) - spread / (p.size / chunks.size))
    error = spread / now.size + spread / p.size + between * (1 + 1 / chunks.size)
    shift = (prior - float(now.mean())) / reach
    half = intervals.z(0.9) * math.sqrt(error) / reach
    fall = prior - rate
    if rate < _SEVERE * prior and shift < _MOSTLY * fall and shift < half:
        return True  # no world loses most of its positives unseen by any score
    return shift + half < fall and abs(shift) < fall / 2


def _thinned(
    p: np.ndarray, size: np.ndarray, counts: np.ndarray, ones: np.ndarray
) -> bool:
    """Whether the rate fell by one factor at every score: nothing says otherwise.

    Chi-square over the bins at two per cent, and a trend along them at ten.
    """
    import numpy as np
    from scipy.special import chdtrc

    expected = counts * p
    if expected.sum() <= 0:
        return False
    kept = float(ones.sum() / expected.sum())
    fair = kept * expected
    noise = fair * (1 - np.minimum(kept * p, 1)) + (kept * counts) ** 2 * p * (
        1 - p
    ) / np.maximum(size, 1)
    used = fair >= 1
    if used.sum() < _FEWEST:  # hardly one is left that could have moved
        return kept < _SEVERE
    odd = float((((ones - fair)[used]) ** 2 / noise[used]).sum())
    if float(chdtrc(int(used.sum()) - 1, odd)) < _SURE:
        return False
    step = np.arange(p.size) - float((np.arange(p.size) * fair).sum() / fair.sum())
    error = math.sqrt(float((step**2 * noise).sum()))
    return abs(float((step * (ones - fair)).sum())) < intervals.z(0.9) * error


def _inputs(rows: Answered, base: np.ndarray, own: np.ndarray) -> bool:
    """Whether the inputs, and those of the positives, are as they were."""
    import numpy as np
    import pandas as pd
    from scipy.special import kolmogorov

    for name in rows.inputs:
        column = profiles.column(rows.frame, name)
        values = profiles.numbers(column)
        if profiles.kind_of(column) == "categorical":
            values = pd.factorize(column.astype(str))[0].astype(float)
        for mask in (np.ones(len(values), bool), rows.truth == 1):
            a, b = (np.sort(values[x[mask[x]]]) for x in (base, own))
            a, b = a[~np.isnan(a)], b[~np.isnan(b)]
            if not a.size or not b.size:
                continue
            points = np.concatenate([a, b])
            f, g = (np.searchsorted(x, points, "right") / x.size for x in (a, b))
            far = float(np.abs(f - g).max())
            root = math.sqrt(a.size * b.size / (a.size + b.size))
            if far > _FAR and kolmogorov(root * far) < _SURE / (2 * len(rows.inputs)):
                return False
    return True
