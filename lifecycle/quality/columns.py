"""What a column holds: nothing, another kind, other names, numbers out of range."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from lifecycle.findings import Finding, judge
from lifecycle.quality.order import Rows
from lifecycle.quality.reading import Column, Pair
from lifecycle.quality.runs import unheard_of
from lifecycle.quality.shares import Evidence, Terms, share

if TYPE_CHECKING:
    import numpy as np

__all__ = ["contents"]

_FOREIGN = 0.5
_FOLDS = 5
_MOST_NEW = 40
_COUNTED = 100_000
_PLURAL = {"number": "numbers", "moment": "moments", "truth": "true or false"}


def contents(
    name: str, pair: Pair, rows: Rows, terms: Terms, *, reference: Rows
) -> Iterator[Evidence]:
    """Judge what a column holds against what its reference held.

    Parameters
    ----------
    name : str
    pair : Pair
        Both columns, in the order of their rows.
    rows, reference : Rows
        Of the analysis and the reference.
    terms : Terms

    Yields
    ------
    Evidence
        Of `missing`, `type`, `unseen` and `renamed` or `out_of_range`, `distinct`.
    """
    before, after = pair.reference, pair.analysis
    lost = int(before.missing.sum())
    gone = (
        rows.n >= terms.min_n
        and bool(after.missing.all())
        and lost < len(before.missing)
    )
    yield share(
        rows,
        name,
        "missing",
        after.missing,
        None,
        (lost, before.missing.size),
        terms,
        said="is gone: not one row has a value"
        if gone
        else "is missing in {value:.0%} of the rows",
        reached=_worst_chunk(reference, before.missing, terms.min_n),
    )
    told = ~after.missing
    had, has = (_PLURAL.get(kind, kind) or "nothing" for kind in pair.kinds)
    yield share(
        rows,
        name,
        "type",
        after.foreign,
        told,
        (int(before.foreign.sum()), int((~before.missing).sum())),
        terms,
        said=f"is {has} where it was {had} in {{value:.0%}} of its values",
    )
    judged = _ranges if pair.numeric else _names
    yield from judged(name, pair, rows, terms, reference.timed)
    yield _distinct(name, before, after, terms)


def _worst_chunk(rows: Rows, mask: np.ndarray, min_n: int) -> float:
    """The largest share of marked rows in a chunk; 0 without chunks."""
    import numpy as np

    sizes = np.diff(rows.edges)
    enough = sizes >= min_n
    if not rows.labels or not enough.any():
        return 0.0
    return float((rows.counts(mask)[enough] / sizes[enough]).max())


def _names(
    name: str, pair: Pair, rows: Rows, terms: Terms, timed: bool
) -> Iterator[Evidence]:
    import numpy as np

    after = pair.analysis.values
    known, new = after >= 0, after >= pair.seen
    yield share(
        rows,
        name,
        "unseen",
        new,
        known,
        _new_before(_dealt(pair.reference.values, timed)),
        terms,
        floor=_FOREIGN,
        said="has {value:.0%} of its values in categories the reference lacks",
        moved="has {value:.0%} of its values in new categories beside the known ones",
    )
    other = _renamed(pair, terms, timed) if new.any() else {}
    words = ""
    if other:
        fresh, old = next(iter(other.items()))
        words = f"writes {_quoted(pair.names[fresh])} for {_quoted(pair.names[old])}"
        if len(other) > 1:
            words += f" and renames {len(other) - 1} more"
        words += ", {value:.0%} of its values"
    yield share(
        rows,
        name,
        "renamed",
        np.isin(after, list(other)) if other else np.zeros(rows.n, dtype=bool),
        known,
        (0, int((pair.reference.values >= 0).sum())),
        terms,
        said=words,
    )


def _dealt(values: np.ndarray, timed: bool) -> np.ndarray:
    """The rows as they came in; where nobody knows, dealt out like cards to five."""
    import numpy as np

    if timed:
        return values
    return np.concatenate([values[fold::_FOLDS] for fold in range(_FOLDS)])


def _new_before(codes: np.ndarray) -> tuple[int, int]:
    """As many of the reference's values as of its last fifth the others lack."""
    import numpy as np

    known = codes[codes >= 0]
    cut = known.size - known.size // _FOLDS
    if not known.size or cut == known.size:
        return 0, known.size
    seen = np.zeros(int(known.max()) + 1, dtype=bool)
    seen[known[:cut]] = True
    share = float(np.mean(~seen[known[cut:]]))
    return round(share * known.size), known.size


def _renamed(pair: Pair, terms: Terms, timed: bool) -> dict[int, int]:
    """New names that stand for known ones: written otherwise, or come in their place.

    The known one must be gone since the new one came, must have been as frequent, and
    in the order of time must have gone just before: July takes no place of May.
    """
    import numpy as np

    before, after = pair.reference.values, pair.analysis.values
    size = len(pair.names)
    then = np.bincount(before[before >= 0], minlength=size)
    now = np.bincount(after[after >= 0], minlength=size)
    ranked = pair.seen + np.argsort(-now[pair.seen :], kind="stable")[:_MOST_NEW]
    fresh = [int(code) for code in ranked if now[code] >= terms.min_n]
    written = {_plain(pair.names[code]): code for code in range(pair.seen)}
    found: dict[int, int] = {}
    for code in fresh:
        old = written.get(_plain(pair.names[code]))
        if old is not None:
            found[code] = old
    for code in fresh:
        if code in found:
            continue
        first = int(np.argmax(after == code))
        rest = after[first:]
        rest = rest[rest >= 0]
        left = np.bincount(rest, minlength=size)[: pair.seen]
        usual = then[: pair.seen] / max(1, then.sum())
        part = now[code] / rest.size
        if part <= terms.tolerance:
            continue
        near = (usual > part / 1.5) & (usual < part * 1.5) & (left == 0)
        near &= usual * rest.size > terms.z**2  # not away by chance
        near[list(found.values())] = False
        for place in np.flatnonzero(near) if timed else ():
            past = np.concatenate([before, after[:first]])
            since = past[np.flatnonzero(past == place)[-1] :]
            near[place] = usual[place] * int((since >= 0).sum()) <= terms.z**2
        if near.any():
            distance = np.where(near, np.abs(usual - part), math.inf)
            found[code] = int(np.argmin(distance))
    return found


def _plain(name: str) -> str:
    """A name as it sounds: without case, spaces and signs."""
    return re.sub(r"[\W_]+", "", name).casefold() or name


def _quoted(name: str) -> str:
    line = " ".join("".join(c if c.isprintable() else " " for c in name).split())
    line = line if len(line) <= 30 else line[:29] + "…"
    return "'" + line.replace("{", "{{").replace("}", "}}") + "'"


def _ranges(
    name: str, pair: Pair, rows: Rows, terms: Terms, timed: bool
) -> Iterator[Evidence]:
    import numpy as np

    before, after = pair.reference.values, pair.analysis.values
    inside = before[~np.isnan(before)]
    low, high = (inside.min(), inside.max()) if inside.size else (math.nan, math.nan)
    with np.errstate(all="ignore"):
        beyond = (after < low) | (after > high)
        width = max(high - low, abs(low), abs(high))
        width = 10 * max(1.0, width) if high == low else width
        far = (after < low - width) | (after > high + width)
    far &= beyond
    if beyond.any():
        far |= beyond & _stands_for_nothing(after, beyond, float(low), float(high))
    yield share(
        rows,
        name,
        "out_of_range",
        beyond,
        ~np.isnan(after),
        _beyond_before(_dealt(inside, timed), worst=timed),
        terms,
        gross=far,
        said="has {value:.0%} of its values far outside the reference's range",
        moved="has {value:.0%} of its values just outside the reference's range",
    )


def _stands_for_nothing(
    values: np.ndarray, beyond: np.ndarray, low: float, high: float
) -> np.ndarray:
    """Where one value stands for "unknown": 0 or -1 where none was, 999, -9999."""
    import numpy as np

    found, times = np.unique(values[beyond], return_counts=True)
    value = float(found[np.argmax(times)])
    if 2 * times.max() < beyond.sum() or not math.isfinite(value):
        return np.zeros(values.size, dtype=bool)
    nines = re.fullmatch(r"9{2,}", f"{abs(value):.0f}") and value == int(value)
    blank = (value == 0 and low > 0) or (value == -1 and low >= 0)
    return (values == value) & bool(blank or nines)


def _beyond_before(known: np.ndarray, *, worst: bool) -> tuple[int, int]:
    """How much of the reference lies outside the range of its other four fifths.

    In the order of time as much as of the fifth furthest out, else of all five.
    """
    import numpy as np

    if known.size < _FOLDS:
        return 0, known.size
    cuts = np.linspace(0, known.size, _FOLDS + 1).astype(int)
    least = np.minimum.reduceat(known, cuts[:-1])
    most = np.maximum.reduceat(known, cuts[:-1])
    out = []
    for fold in range(_FOLDS):
        low, high = np.delete(least, fold).min(), np.delete(most, fold).max()
        part = known[cuts[fold] : cuts[fold + 1]]
        out.append(int(((part < low) | (part > high)).sum()))
    total = _FOLDS * max(out) if worst else sum(out)
    return min(total, known.size), known.size


def _distinct(name: str, before: Column, after: Column, terms: Terms) -> Evidence:
    """How many values there are; one alone is a fault unless it is to be expected."""
    import numpy as np
    import pandas as pd

    values, usual = after.values[after.known], before.values[before.known]
    n = values.size
    if values.dtype.kind == "f":
        count = len(pd.unique(values[-_COUNTED:]))
        if 2 * count > _COUNTED:
            n = min(n, _COUNTED)  # nearly all differ: the rest would only cost time
        elif n > _COUNTED:
            count = len(pd.unique(values))
    else:
        count = int(np.count_nonzero(np.bincount(values)))
    several = usual.size > 0 and bool((usual != usual[0]).any())
    value = float(count) if values.size else math.nan
    threshold = 2.0 if several else math.nan
    verdict = judge(value, threshold, side="below", n=values.size, min_n=terms.min_n)
    if verdict == "alert" and not unheard_of(
        (usual,), values[0], values.size, 1, terms
    ):
        verdict = "quiet"
    finding = Finding(
        "distinct",
        value,
        n,
        threshold=threshold,
        verdict=verdict,
        subject=name,
    )
    loud = verdict == "alert"
    return Evidence(
        finding,
        "fault" if loud else "",
        "has always the same value" if loud else "",
        rows=values.size if loud else 0,
    )
