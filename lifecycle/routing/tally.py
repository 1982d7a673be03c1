"""A tally: what each version did in each hour, in numbers that add up."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields
from typing import Any

__all__ = ["COUNTS", "Count", "Tally"]

COUNTS = ("requests", "rows", "errors", "slow", "missing", "skipped")
"""What is counted; `requests` are calls, the others rows."""
_STEPS = 4  # of the histogram, to a doubling
_MILLE = 1000
_BINS = ("bins", "failed", "missed")


@dataclass(slots=True)
class Count:
    """What one version did in one hour.

    Parameters
    ----------
    requests, rows : int
        Calls, and rows in them; with those that failed.
    errors, slow, missing, skipped : int
        Rows it raised on; rows it was too late with; rows it gave no finite score;
        rows it was not asked for because it had failed before.
    seconds : float
        That all its calls took.
    bins : dict of int to int
        Calls by their time: bin k holds those of about 2 ** (k / 4) milliseconds.
    score_min, score_max, score_sum : float
        Of its finite scores, served or not; infinities where there is none.
    excused : int
        Rows it failed on that the next in line was asked for and failed on too.
    failed, missed : dict of int to int
        Calls by the share of their rows, per mille and rounded down, that it raised on
        or was too late with; and, of the rows left, that it gave no finite score.
        Excused rows are no part of either, nor is a call that has no others.
    """

    requests: int = 0
    rows: int = 0
    errors: int = 0
    slow: int = 0
    missing: int = 0
    skipped: int = 0
    seconds: float = 0.0
    bins: dict[int, int] = field(default_factory=dict)
    score_min: float = math.inf
    score_max: float = -math.inf
    score_sum: float = 0.0
    excused: int = 0
    failed: dict[int, int] = field(default_factory=dict)
    missed: dict[int, int] = field(default_factory=dict)

    @property
    def faults(self) -> int:
        """Rows it did not answer, for whatever reason."""
        return self.errors + self.slow + self.missing + self.skipped

    def merge(self, other: Count) -> None:
        """Add what another count says."""
        for name in (*COUNTS, "seconds", "score_sum", "excused"):
            setattr(self, name, getattr(self, name) + getattr(other, name))
        for name in _BINS:
            mine: dict[int, int] = getattr(self, name)
            for step, n in getattr(other, name).items():
                mine[step] = mine.get(step, 0) + n
        self.score_min = min(self.score_min, other.score_min)
        self.score_max = max(self.score_max, other.score_max)

    def quantile(self, level: float) -> float:
        """Milliseconds that a share `level` of the calls took at most.

        Undefined, and therefore `nan`, without a call that was timed. Within 10% of
        the true one: the middle of its bin.

        Examples
        --------
        >>> round(Count(bins={0: 98, 40: 2}).quantile(0.5), 2)
        1.0
        """
        wanted = level * sum(self.bins.values())
        seen = 0
        for step in sorted(self.bins):
            seen += self.bins[step]
            if seen >= wanted:
                return float(2 ** (step / _STEPS))
        return math.nan


class Tally:
    """Counts by version, role and hour; two tallies add up to one.

    Examples
    --------
    >>> tally = Tally()
    >>> tally.add("4", "experimental", "2024-05-06T07", rows=3, errors=3, seconds=0.01)
    >>> tally.add("4", "experimental", "2024-05-06T07", rows=1, seconds=0.004)
    >>> tally.counts["4", "experimental", "2024-05-06T07"].errors
    3
    >>> tally
    <Tally: 1 version, 4 rows, 3 faults>
    """

    def __init__(self) -> None:
        self.counts: dict[tuple[str, str, str], Count] = {}

    def add(
        self,
        version: str,
        role: str,
        hour: str,
        *,
        rows: int,
        seconds: float | None = None,
        errors: int = 0,
        slow: int = 0,
        missing: int = 0,
        skipped: int = 0,
        scores: tuple[float, float, float] | None = None,
        requests: int = 1,
        excused: int = 0,
    ) -> None:
        """Count a call.

        Parameters
        ----------
        version, role : str
            Who was asked, and as what.
        hour : str
            In UTC, "2024-05-06T07".
        rows : int
            That it was asked for.
        seconds : float, optional
            That it took; None for one that was not asked.
        errors, slow, missing, skipped : int
            Rows, as in `Count`.
        scores : tuple of three floats, optional
            Least, greatest and sum of its finite scores.
        requests : int
            Calls.
        excused : int
            Rows, of those it raised on, was late with or gave no score, that the next
            in line failed on too.
        """
        key = (version, role, hour)
        count = self.counts.get(key)
        if count is None:
            count = self.counts[key] = Count()
        count.requests += requests
        count.rows += rows
        count.errors += errors
        count.slow += slow
        count.missing += missing
        count.skipped += skipped
        if seconds is not None:
            count.seconds += seconds
            step = round(_STEPS * math.log2(max(seconds * 1000, 1e-3)))
            count.bins[step] = count.bins.get(step, 0) + 1
            count.excused += excused
            bad, asked = errors + slow, rows - skipped
            both = min(excused, bad)
            _share(count.failed, bad - both, asked - both)
            left = min(excused - both, missing)
            _share(count.missed, missing - left, asked - bad - left)
        if scores is not None:
            least, greatest, total = scores
            count.score_min = min(count.score_min, least)
            count.score_max = max(count.score_max, greatest)
            count.score_sum += total

    def merge(self, other: Tally) -> None:
        """Add what another tally says."""
        for key, count in other.counts.items():
            self.counts.setdefault(key, Count()).merge(count)

    def plain(self) -> list[dict[str, Any]]:
        """As plain values for JSON, in order."""
        told = []
        for key in sorted(self.counts):
            count = self.counts[key]
            values = {each.name: getattr(count, each.name) for each in fields(count)}
            for name in _BINS:
                held: dict[int, int] = values[name]
                values[name] = {str(step): n for step, n in sorted(held.items())}
            for name in ("score_min", "score_max"):
                if math.isinf(values[name]):
                    values[name] = None
            told.append(dict(zip(("version", "role", "hour"), key, strict=True)))
            told[-1] |= values
        return told

    @classmethod
    def of(cls, told: Iterable[Mapping[str, Any]]) -> Tally:
        """Read what `plain` gave.

        Raises
        ------
        ValueError, TypeError, KeyError
            When it is none.
        """
        tally = cls()
        for row in told:
            key = (str(row["version"]), str(row["role"]), str(row["hour"]))
            count = Count()
            for name in COUNTS:
                setattr(count, name, int(row[name]))
            count.seconds = float(row["seconds"])
            for name in _BINS:  # files of before have no shares
                held = row["bins"] if name == "bins" else row.get(name, {})
                setattr(count, name, {int(step): int(n) for step, n in held.items()})
            count.excused = int(row.get("excused", 0))
            if row["score_min"] is not None:
                count.score_min = float(row["score_min"])
                count.score_max = float(row["score_max"])
            count.score_sum = float(row["score_sum"])
            tally.counts.setdefault(key, Count()).merge(count)
        return tally

    def __repr__(self) -> str:
        versions = len({key[0] for key in self.counts})
        rows = sum(count.rows for count in self.counts.values())
        faults = sum(count.faults for count in self.counts.values())
        said = "1 version" if versions == 1 else f"{versions} versions"
        return f"<Tally: {said}, {rows:,} rows, {faults:,} faults>"


def _share(calls: dict[int, int], bad: int, asked: int) -> None:
    """Count a call by the share of its rows that went wrong, where it has rows."""
    if asked > 0:
        share = _MILLE * bad // asked
        calls[share] = calls.get(share, 0) + 1
