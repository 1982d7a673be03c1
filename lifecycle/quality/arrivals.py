"""Rows as they come in: too few, too many, none for a while, the same ones twice."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from lifecycle import intervals, periods
from lifecycle.findings import Finding, judge
from lifecycle.quality.order import Rows
from lifecycle.quality.shares import Evidence, Terms, ends

if TYPE_CHECKING:
    import numpy as np

__all__ = ["duplicate_ids", "duplicate_rows", "longest_gap", "volume"]

_HOUR = 3600.0
_FEWEST = 5


def volume(
    reference: Rows,
    analysis: Rows,
    terms: Terms,
    *,
    floor: float,
    timezone: str,
    as_of: datetime | None,
) -> Iterator[Evidence]:
    """Rows per day against the reference's, and chunk by chunk.

    Parameters
    ----------
    reference, analysis : Rows
        Cut into chunks of one length, or not at all.
    terms : Terms
    floor : float
        Fewer rows per day than this share of the reference's are an alert.
    timezone : str
    as_of : datetime or None
        The moment of the question; a chunk that ends later is not over.

    Yields
    ------
    Evidence
        None without times. A chunk is an alert below half of the reference's smallest
        or above twice its largest (of days those of the same weekday), by more than a
        Poisson count would stray; the first and the last chunk may be cut short and
        are judged for too many only, unless `as_of` says that the last is over.
    """
    if not (reference.timed and analysis.timed):
        return
    before, after = (_per_day(each) for each in (reference, analysis))
    n = analysis.n
    value = after / before if before > 0 else math.nan
    half = intervals.z(0.9) * value / math.sqrt(n) if n else math.nan
    whole = Finding(
        "volume",
        value,
        n,
        max(0.0, value - half) if not math.isnan(value) else math.nan,
        value + half,
        threshold=floor,
        verdict=judge(value, floor, side="below"),
        unit="%",
    )
    shown = _by_chunk(reference, analysis, terms, timezone, as_of)
    loud = [row for row in shown if row.verdict == "alert"]
    if whole.verdict == "alert":
        said = f"only {value:.0%} of the reference's rows per day came in"
        yield Evidence(whole, "fault", said, chunks=tuple(shown))
    elif loud:
        few = loud[-1].value < 1
        said = f"{'only ' if few else ''}{loud[-1].value:.0%} of the usual rows came in"
        span = [periods.bounds(row.period, timezone=timezone) for row in loud]
        over = loud[-1] is not shown[-1]
        yield Evidence(
            replace(loud[-1], period=""),
            "fault",
            said,
            span[0].start,
            span[-1].end if over else None,
            sum(row.n for row in loud),
            tuple(shown),
        )
    else:
        yield Evidence(whole, chunks=tuple(shown))


def _per_day(rows: Rows) -> float:
    """Rows per day between the first and the last, undefined within one day."""
    import numpy as np

    times = rows.seconds
    if times is None:
        return math.nan
    times = times[~np.isnan(times)]
    if times.size < 2:
        return math.nan
    days = float(times[-1] - times[0]) / 86_400
    return times.size / days if days >= 1 else math.nan


def _by_chunk(
    reference: Rows,
    analysis: Rows,
    terms: Terms,
    timezone: str,
    as_of: datetime | None,
) -> list[Finding]:
    import numpy as np

    usual = list(_all(reference, timezone, None).items())[1:-1]
    now = _all(analysis, timezone, as_of)
    if len(usual) < _FEWEST or not now:
        return []
    days = analysis.every == "day"
    sizes: dict[int, list[int]] = {}
    for label, count in usual:
        sizes.setdefault(_weekday(label) if days else 0, []).append(count)
    every = [count for _, count in usual]
    shown = []
    names = list(now)
    for place, (label, count) in enumerate(now.items()):
        same = sizes.get(_weekday(label) if days else 0, [])
        held = np.array(same if len(same) >= 3 else every)
        middle = float(np.median(held))
        fewest, most = held.min() / 2, 2 * held.max()
        cut = place == 0 or place == len(names) - 1
        if place and as_of is not None:
            cut = periods.bounds(label, timezone=timezone).end > as_of
        few = not cut and fewest - count > terms.z * math.sqrt(fewest)
        many = count - most > terms.z * math.sqrt(most)
        value = count / middle if middle else math.nan
        half = intervals.z(0.9) * math.sqrt(count) / middle if middle else math.nan
        limit = (most if many else fewest) / middle if middle else math.nan
        judged = middle and not (cut and not many and count < fewest)
        shown.append(
            Finding(
                "volume",
                value,
                count,
                max(0.0, value - half) if middle else math.nan,
                value + half,
                threshold=limit,
                verdict="undefined"
                if not judged
                else "alert"
                if few or many
                else "quiet",
                period=label,
                unit="%",
            )
        )
    return shown


def _all(rows: Rows, timezone: str, as_of: datetime | None) -> dict[str, int]:
    """Rows of every chunk from the first to the last, the empty ones too."""
    import numpy as np
    import pandas as pd

    if not rows.labels:
        return {}
    counts = dict(zip(rows.labels, np.diff(rows.edges).tolist(), strict=True))
    start = periods.bounds(rows.labels[0], timezone=timezone).start
    end = periods.bounds(rows.labels[-1], timezone=timezone).end
    if as_of is not None:
        end = max(end, as_of)
    days = pd.date_range(start, end, freq="12h", inclusive="left")
    every: Any = rows.every
    names = periods.chunk_of(days, every=every, timezone=timezone)
    return {str(name): counts.get(str(name), 0) for name in names.unique()}


def _weekday(label: str) -> int:
    return datetime.strptime(label, "%Y-%m-%d").weekday()  # noqa: DTZ007


def longest_gap(
    reference: Rows, analysis: Rows, terms: Terms, *, as_of: datetime | None
) -> Iterator[Evidence]:
    r"""Judge the longest time without a row, in hours.

    Yields
    ------
    Evidence
        None without times; undefined where the reference came in at one moment. An
        alert is twice as long as the reference's longest, and
        longer than chance makes one of :math:`n` gaps: :math:`n e^{-g/\bar g}` for a
        gap :math:`g` where the reference's mean is :math:`\bar g`.
    """
    import numpy as np

    if not (reference.timed and analysis.timed):
        return
    usual, _ = _gaps(reference, None)
    gaps, times = _gaps(analysis, as_of)
    if not gaps.size:
        return
    place = int(np.argmax(gaps))
    longest = float(gaps[place])
    judged = usual.size >= terms.min_n and float(usual.max()) > 0
    limit = 2 * float(usual.max()) if judged else math.nan
    loud = judged and longest > limit
    if loud:
        loud = math.log(gaps.size) - longest / float(usual.mean()) < terms.log_p
    finding = Finding(
        "longest_gap",
        longest / _HOUR,
        gaps.size,
        threshold=limit / _HOUR,
        verdict="alert" if loud else "quiet" if judged else "undefined",
        unit="h",
    )
    if not loud:
        yield Evidence(finding)
        return
    lasted = f"{longest / _HOUR:.0f} hours"
    if longest >= 72 * _HOUR:
        lasted = f"{longest / _HOUR / 24:.0f} days"
    since, until = (datetime.fromtimestamp(x, UTC) for x in times[place])
    yield Evidence(finding, "fault", f"not one row came in for {lasted}", since, until)


def _gaps(rows: Rows, as_of: datetime | None) -> tuple[np.ndarray, np.ndarray]:
    """Seconds between rows, and between which moments each lies."""
    import numpy as np

    times = rows.seconds
    if times is None:
        return np.zeros(0), np.zeros((0, 2))
    times = times[~np.isnan(times)]
    if as_of is not None and times.size and as_of.timestamp() > times[-1]:
        times = np.append(times, as_of.timestamp())
    return np.diff(times), np.column_stack([times[:-1], times[1:]])


def duplicate_ids(rows: Rows) -> Iterator[Evidence]:
    """Judge the share of rows whose id another row has too; none is to be expected."""
    if "id" not in rows.frame.columns:
        return
    twice = rows.column("id").duplicated(keep=False).to_numpy()
    yield _twice(rows, "duplicate_ids", twice, 0.0, "have an id that occurs twice")


def duplicate_rows(
    rows: Rows, before: np.ndarray, after: np.ndarray, terms: Terms
) -> Iterator[Evidence]:
    """Judge the share of rows that say the same as another under every name.

    Parameters
    ----------
    rows : Rows
        The analysis.
    before, after : ndarray of uint64
        A number for each row, equal where rows are.
    terms : Terms

    Yields
    ------
    Evidence
        Held against as many rows of the reference, since equal rows by chance grow
        with their number.
    """
    import numpy as np

    size = min(before.size, after.size)
    usual = int(_again(before[before.size - size :]).sum())
    mask = _again(after[after.size - size :])
    hits = int(mask.sum())
    one = np.array([size])
    value, low, _ = (float(x[0]) for x in ends(np.array([hits]), one, terms.z))
    share, _, most = (float(x[0]) for x in ends(np.array([usual]), one, terms.z))
    threshold = share + terms.tolerance if size else math.nan
    judged = size >= terms.min_n
    loud = judged and value > threshold
    loud = loud and (value - share) ** 2 > (value - low) ** 2 + (most - share) ** 2
    whole = np.append(np.zeros(after.size - size, dtype=bool), mask)
    found = _twice(rows, "duplicate_rows", whole, threshold, "are there twice")
    finding = Finding(
        "duplicate_rows",
        value,
        size,
        *intervals.wilson(hits, size),
        threshold=threshold,
        verdict="alert" if loud else "quiet" if judged else "undefined",
        unit="%",
    )
    yield replace(found, finding=finding) if loud else Evidence(finding)


def _again(keys: np.ndarray) -> np.ndarray:
    """Which numbers occur more than once."""
    import numpy as np

    order = np.argsort(keys)
    held = keys[order]
    same = held[1:] == held[:-1]
    found = np.zeros(keys.size, dtype=bool)
    found[order] = np.append(same, False) | np.append(False, same)
    return found


def _twice(
    rows: Rows, measure: str, mask: np.ndarray, threshold: float, said: str
) -> Evidence:
    import numpy as np

    n, hits = mask.size, int(mask.sum())
    value = hits / n if n else math.nan
    verdict = judge(value, threshold, side="above")
    ends_ = intervals.wilson(hits, n)
    finding = Finding(
        measure, value, n, *ends_, threshold=threshold, verdict=verdict, unit="%"
    )
    if not hits:
        return Evidence(finding)
    places = np.flatnonzero(mask)
    first, last = int(places[0]), int(places[-1]) + 1
    since = rows.moment(first) if first else None
    until = rows.moment(last) if last < n else None
    return Evidence(
        finding, "fault", f"{value:.1%} of the rows {said}", since, until, hits
    )
