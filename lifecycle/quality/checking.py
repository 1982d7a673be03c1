"""All columns and the frame as a whole, with one budget of false faults."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from statistics import NormalDist
from typing import TYPE_CHECKING, Any

from lifecycle import intervals, periods, profiles
from lifecycle.findings import Finding
from lifecycle.quality import arrivals, runs
from lifecycle.quality.columns import contents
from lifecycle.quality.faults import Fault, Quality, marks
from lifecycle.quality.order import Rows, rows_of, zoned
from lifecycle.quality.reading import pair_of
from lifecycle.quality.shares import Evidence, Terms
from lifecycle.quality.units import scale

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

__all__ = ["check"]

_HOUSE = frozenset(
    "id time score prediction version role outcome known_at".split()  # noqa: SIM905
)
_NAMED = 5
_LOOKS = 8


def check(
    reference: pd.DataFrame,
    analysis: pd.DataFrame,
    *,
    features: Sequence[Any],
    chunk: periods.Every | None = None,
    timezone: str = "UTC",
    as_of: datetime | None = None,
    tolerance: float = 0.05,
    volume_floor: float = 0.1,
    rate: float = 0.05,
    min_n: int = 30,
) -> Quality:
    """Look for faults in the data, column by column and in the frame as a whole.

    Parameters
    ----------
    reference : DataFrame of shape (n_reference, n_columns)
        The rows that say what is normal.
    analysis : DataFrame of shape (n_analysis, n_columns)
        The rows under question. `id` and `time` (UTC) are used where they are there.
    features : sequence of column names
        A column that a frame lacks is taken as missing throughout.
    chunk : {"week", "month", "day"}, optional
        Gives each share chunk by chunk as well. Where not given, days, weeks or months
        are looked through for faults all the same, so that one that touches the last
        day only does not drown in the others.
    timezone : str
        The zone in which days begin.
    as_of : datetime, optional
        The moment of the question, with a zone; the time from the last row to it
        counts as a gap.
    tolerance : float
        An alert needs a share this much above the reference's.
    volume_floor : float
        Fewer rows per day than this share of the reference's are an alert.
    rate : float
        Probability of any false fault, dealt out evenly among columns, measures and
        chunks.
    min_n : int
        Shares of fewer rows are not judged.

    Returns
    -------
    Quality
        Findings, with `faults`: what is wrong, since when and which rows it touches.
        Of each feature (subject):
        `missing`, the share of rows without a value;
        `type`, the share of values of another kind than most of the reference's;
        `unseen`, the share of values in categories the reference does not have, an
        alert above a half, and `renamed`, the share of those that stand in the place of
        a known one; or `out_of_range`, the share of numbers below its smallest or above
        its largest, an alert where half of them lie further out than the reference is
        wide, or high, or stand for no number (0, -1, 999), and `scale`, the median
        against its;
        `distinct`, how many values there are (of numbers that nearly all differ among
        the newest 100,000), an alert when one and it had several;
        `frozen`, rows in the longest run of one value; `repeated`, the share of the
        newest rows that repeat an earlier stretch (the last two need `time`).
        Of other columns: `offered`, the share of rows with a value where the reference
        has none: not a fault, perhaps a feature.
        Of the frame: `duplicate_ids`, `duplicate_rows`, `volume`, rows per day against
        the reference's, and `longest_gap` in hours.
        Shares with Wilson's 90% interval. Shares the reference would itself reach are
        no alert: those of its last fifth against the rest, or the worst of five.

    Raises
    ------
    ValueError
        When a frame has a column twice, a chunk is asked for and times have no zone,
        `as_of` has none, or `rate` is not within 0 and 1.

    Examples
    --------
    >>> import pandas as pd
    >>> before = pd.DataFrame({"plan": ["free", "pro"] * 50})
    >>> after = pd.DataFrame({"plan": ["fax", None] * 20 + ["team"] * 10})
    >>> found = check(before, after, features=["plan"])
    >>> print(found.summary)
    2 possible faults in the data: plan is missing in 40% of the rows, plan has 100% of
    its values in categories the reference lacks.
    """
    if not 0 < rate < 1:
        raise ValueError(f"rate must lie within 0 and 1, got {rate}; use 0.05")
    if as_of is not None and as_of.utcoffset() is None:
        raise ValueError(f"as_of has no time zone: {as_of}; add tzinfo=timezone.utc")
    after = rows_of(analysis, chunk=chunk, timezone=timezone, min_n=min_n)
    every: Any = after.every or "day"
    same = every if after.labels and zoned(reference) else None
    before = rows_of(reference, chunk=same, timezone=timezone)
    looks = max(1, len(features)) * _LOOKS * (1 + len(after.labels))
    terms = Terms(tolerance, min_n, -NormalDist().inv_cdf(rate / looks))
    found: list[Evidence] = []
    hashed: list[np.ndarray] = [_times(before), _times(after)]
    for name in features:
        found += _column(before, after, name, terms, hashed)
    found += _offered(before, after, features)
    found += arrivals.duplicate_ids(after)
    if len(features):
        found += arrivals.duplicate_rows(after, hashed[0], hashed[1], terms)
    found += arrivals.volume(
        before, after, terms, floor=volume_floor, timezone=timezone, as_of=as_of
    )
    found += arrivals.longest_gap(before, after, terms, as_of=as_of)
    rows = [each.finding for each in found]
    if chunk is not None:
        by_chunk = [row for each in found for row in each.chunks]
        rows = sorted(by_chunk, key=lambda row: row.period) + rows
    wrong = marks(found)
    return Quality(
        title="Data quality",
        rows=tuple(rows),
        summary=_summary(rows, wrong, len(features)),
        main="missing",
        shown=max(60, len(rows)),
        marks=wrong,
        features=tuple(str(name) for name in features),
    )


def _column(
    before: Rows, after: Rows, name: object, terms: Terms, hashed: list[np.ndarray]
) -> Iterator[Evidence]:
    """Judge one column, and mix it into the numbers that stand for whole rows."""
    import numpy as np

    pair = pair_of(before.column(name), after.column(name))
    said = str(name)
    yield from contents(said, pair, after, terms, reference=before)
    if pair.numeric:
        yield scale(said, pair, after, terms)
    keys = runs.scattered(pair.reference), runs.scattered(pair.analysis)
    if before.timed and after.timed:
        yield runs.frozen(said, pair, after, terms)
        yield runs.repeated(said, pair, keys, after, terms)
    for place, key in enumerate(keys):
        hashed[place] = hashed[place] * np.uint64(0x9FB21C651E98DF25) + key


def _times(rows: Rows) -> np.ndarray:
    import numpy as np

    if rows.seconds is None:
        return np.zeros(rows.n, dtype=np.uint64)
    return rows.seconds.view(np.uint64)


def _offered(before: Rows, after: Rows, features: Sequence[Any]) -> Iterator[Evidence]:
    """Columns with values where the reference has none."""
    known = _HOUSE | {str(name) for name in features}
    for name in dict.fromkeys(after.frame.columns):
        if str(name) in known:
            continue
        if profiles.column(before.frame, name).notna().any():
            continue
        n = after.n
        hits = int(profiles.column(after.frame, name).notna().sum())
        if hits and before.n:
            ends = intervals.wilson(hits, n)
            yield Evidence(
                Finding("offered", hits / n, n, *ends, subject=str(name), unit="%")
            )


def _summary(rows: list[Finding], wrong: tuple[Fault, ...], features: int) -> str:
    faults = [mark for mark in wrong if mark.kind == "fault"]
    if not faults:
        if not any(row.verdict == "quiet" for row in rows):
            return "Data quality is undefined: there are too few rows to be judged."
        many = "feature" if features == 1 else "features"
        return f"No fault in the data of {features} {many}."
    said = [fault.sentence for fault in faults]
    if len(said) > _NAMED:
        said[_NAMED:] = [f"and {len(said) - _NAMED} more"]
    count = f"{len(faults)} possible fault" + ("" if len(faults) == 1 else "s")
    return f"{count} in the data: {', '.join(said)}."
