"""Feeds that froze: one value over and over, or an earlier stretch once more."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from lifecycle import intervals
from lifecycle.findings import Finding, Verdict
from lifecycle.quality.order import Rows
from lifecycle.quality.reading import Column, Pair
from lifecycle.quality.shares import Evidence, Terms, ends

if TYPE_CHECKING:
    import numpy as np

__all__ = ["frozen", "repeated", "scattered", "unheard_of"]

_GRAM = 16
_NATURAL = 0.1
_LONGER = 2
_EPISODES = 2
_REPEATED = 0.2
_NEWEST = 20_000


def frozen(name: str, pair: Pair, rows: Rows, terms: Terms) -> Evidence:
    r"""Find the run of one value that the reference would hardly ever have made.

    Parameters
    ----------
    name : str
    pair : Pair
        Both columns in the order of time.
    rows : Rows
        The analysis.
    terms : Terms

    Returns
    -------
    Evidence
        Of `frozen`, the rows of the longest run of equal values; missing ones do not
        break it. Undefined where the reference has fewer than two values.

    Notes
    -----
    With :math:`s` the share of the reference's rows of the run's value that the same
    value follows (its upper end; of a value it does not have, that of all rows), a run
    of :math:`L` rows among :math:`n` has a probability of at most
    :math:`n\,s^{L-1}`; of the run that ends with the rows, :math:`s^{L-1}`. Where the
    other rows of the analysis repeat it more often their share counts: a value that
    became frequent is drift. An alert also needs to be longer than twice the
    reference's longest run, and a value that made up less than all but the tolerance:
    what was hardly ever another is no fault.
    """
    import numpy as np

    usual = pair.reference.values[pair.reference.known]
    places = np.flatnonzero(pair.analysis.known)
    values = pair.analysis.values[places]
    if not values.size:
        return Evidence(Finding("frozen", math.nan, 0, subject=name))
    starts = np.append(0, np.flatnonzero(values[1:] != values[:-1]) + 1)
    lengths = np.diff(np.append(starts, values.size))
    longest = _longest(usual)
    several = usual.size > 1 and longest < usual.size
    best = int(np.argmax(lengths))
    long = lengths > _LONGER * longest
    many = long.sum() > _EPISODES  # no feed freezes that often
    loud = False
    for run, looks in ((lengths.size - 1, 1), (best, values.size)):
        length, value = int(lengths[run]), values[starts[run]]
        first, last = places[starts[run]], places[starts[run] + length - 1]
        if not several or length < terms.min_n:
            continue
        if rows.moment(int(first)) == rows.moment(int(last)):
            continue  # one delivery, in whatever order
        apart = np.arange(lengths.size) == run if many else long
        others = values[np.repeat(~apart, lengths)]
        if unheard_of((usual, others), value, length, looks, terms):
            loud, best = True, run
            break
    length = int(lengths[best])
    verdict: Verdict = "alert" if loud else "quiet"
    if not several or values.size < terms.min_n:
        verdict = "undefined"
    finding = Finding(
        "frozen",
        float(length),
        values.size,
        threshold=float(_LONGER * longest) if several else math.nan,
        verdict=verdict,
        subject=name,
        unit="rows",
    )
    if not loud:
        return Evidence(finding)
    first = int(places[starts[best]])
    after = starts[best] + length
    until = rows.moment(int(places[after])) if after < values.size else None
    words = (
        f"had one value in {length:,} rows running"
        if until
        else (f"is frozen: one value in the newest {length:,} rows")
    )
    return Evidence(finding, "fault", words, rows.moment(first), until, length)


def _longest(values: np.ndarray) -> int:
    import numpy as np

    if not values.size:
        return 0
    breaks = np.flatnonzero(values[1:] != values[:-1])
    return int(np.diff(np.concatenate(([-1], breaks, [values.size - 1]))).max())


def unheard_of(
    usual: tuple[np.ndarray, ...],
    value: float,
    length: int,
    looks: int,
    terms: Terms,
) -> bool:
    """Say whether the usual rows would hardly ever have made so long a run.

    Parameters
    ----------
    usual : tuple of ndarray, each of shape (n,)
        The reference's values, in the order of time; perhaps other sound ones.
    value : float
    length, looks : int
        How long the run is, and how many rows might have begun it.
    terms : Terms
    """
    import numpy as np

    if length <= _LONGER * _longest(usual[0]):
        return False
    held = [each for each in usual if each.size >= terms.min_n] or [usual[0]]
    if any(float(np.mean(each == value)) >= 1 - terms.tolerance for each in held):
        return False
    stays = max(_stays(each, value) for each in held)
    return math.log(looks) + (length - 1) * math.log(stays) < terms.log_p


def _stays(values: np.ndarray, value: float) -> float:
    """How often the same value follows, at the most."""
    import numpy as np

    at = values[:-1] == value
    same = values[1:] == values[:-1]
    n = int(at.sum())
    if not n:
        at, n = np.ones(same.size, dtype=bool), same.size
    hits = int((same & at).sum())
    return min(1 - 1e-12, max(1e-12, intervals.wilson(hits, n, level=0.99)[1]))


def scattered(column: Column) -> np.ndarray:
    """Each value as a number spread over 64 bits, equal where values are equal.

    References
    ----------
    G. L. Steele et al., "Fast splittable pseudorandom number generators", OOPSLA
    (2014), for the mixing function.
    """
    import numpy as np

    mixed = column.keys() * np.uint64(0x9E3779B97F4A7C15)
    mixed ^= mixed >> np.uint64(30)
    mixed *= np.uint64(0xBF58476D1CE4E5B9)
    mixed ^= mixed >> np.uint64(27)
    return mixed


def repeated(
    name: str,
    pair: Pair,
    keys: tuple[np.ndarray, np.ndarray],
    rows: Rows,
    terms: Terms,
) -> Evidence:
    """Find the newest stretch in earlier ones, value by value; missing ones are passed.

    Parameters
    ----------
    name : str
    pair : Pair
        Both columns in the order of time.
    keys : tuple of ndarray of uint64
        Both as `scattered` gives them.
    rows : Rows
        The analysis.
    terms : Terms

    Returns
    -------
    Evidence
        Of `repeated`, the share of the newest chunk's values that begin sixteen which
        occurred in the same order before, looked for in as long a past as four fifths
        of the reference. Undefined unless surely less than a tenth of the reference's
        own last fifth do: for columns of few values, and below some 2,000 rows; and
        where most values are the same as the one before.
    """
    import numpy as np

    start = int(rows.edges[-2]) if rows.labels else rows.n - rows.n // 5
    start = max(start, rows.n - _NEWEST)
    known = pair.analysis.known
    before, after = keys[0][pair.reference.known], keys[1][known]
    first = int(known[:start].sum())
    size, cut = after.size - first, before.size - before.size // 5
    if size < max(terms.min_n, 2 * _GRAM) or before.size < 10 * _GRAM:
        return Evidence(Finding("repeated", math.nan, 0, subject=name, unit="%"))
    old, new = _grams(before), _grams(after)
    step = np.uint64(7 if size > 100 * _GRAM else 0)  # an eighth of the rows will do
    usual = _found(old[cut:], old[: cut - _GRAM], step)
    past = np.concatenate([old, new[: max(0, first - _GRAM)]])[-cut:]
    hits, n = _found(new[first:], past, step)
    value = hits / n if n else math.nan
    apart = size / _GRAM  # those that share no row
    low = float(ends(np.array([value * apart]), np.array([apart]), terms.z)[1][0])
    natural = math.nan
    if usual[1]:  # at the most
        past_apart = (before.size - cut) / _GRAM
        natural = intervals.wilson(usual[0] / usual[1] * past_apart, past_apart)[1]
    newest = after[first:]
    lively = 2 * int((newest[1:] != newest[:-1]).sum()) > size  # no run of one value
    judged = n > 0 and lively and natural <= _NATURAL
    loud = judged and value > _REPEATED and low > _NATURAL
    finding = Finding(
        "repeated",
        value,
        n,
        *intervals.wilson(hits, n),
        threshold=_REPEATED if judged else math.nan,
        verdict="alert" if loud else "quiet" if judged else "undefined",
        subject=name,
        unit="%",
    )
    if not loud:
        return Evidence(finding)
    words = f"repeats an earlier stretch in {value:.0%} of the newest {size:,} rows"
    return Evidence(finding, "fault", words, rows.moment(start), None, size)


def _grams(keys: np.ndarray) -> np.ndarray:
    """Sixteen values running as one number, by doubling four times."""
    import numpy as np

    held, length = keys, 1
    while length < _GRAM and held.size > length:
        held = held[:-length] * np.uint64(0xD6E8FEB86659FD93) + held[length:]
        held ^= held >> np.uint64(32)
        length *= 2
    return held if length == _GRAM else held[:0]


def _found(wanted: np.ndarray, earlier: np.ndarray, step: np.uint64) -> tuple[int, int]:
    """How many of the grams wanted occurred earlier, of those that are looked at."""
    import numpy as np

    kept = np.sort(wanted[(wanted & step) == 0])
    held = earlier[(earlier & step) == 0]
    if not kept.size or not held.size:
        return 0, kept.size
    first = np.searchsorted(kept, held)
    there = first < kept.size
    same = np.unique(held[there][kept[first[there]] == held[there]])
    upto = np.searchsorted(kept, same, side="right")
    return int((upto - np.searchsorted(kept, same, side="left")).sum()), kept.size
