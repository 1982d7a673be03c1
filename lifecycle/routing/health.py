"""Health: a tally as a table, a sentence and findings."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from lifecycle import intervals
from lifecycle.findings import Finding, Findings
from lifecycle.routing.tally import COUNTS, Count, Tally

if TYPE_CHECKING:
    import pandas as pd

    from lifecycle import figures

__all__ = ["Health"]


@dataclass(frozen=True, eq=False)
class Health:
    """What each version did, hour by hour.

    Parameters
    ----------
    tally : Tally

    Examples
    --------
    >>> tally = Tally()
    >>> tally.add("4", "production", "2024-05-06T07", rows=200, seconds=0.004)
    >>> tally.add("5", "experimental", "2024-05-06T07", rows=50, errors=5, seconds=0.1)
    >>> Health(tally)
    <Health: version 4 production 0 of 200 rows failed, version 5 experimental 5 of 50>
    >>> Health(tally).total("5").errors
    5
    """

    tally: Tally

    def frame(self) -> pd.DataFrame:
        """One row a version, role and hour, oldest first.

        Returns
        -------
        DataFrame
            `version`, `role`, `hour` (its start, UTC), `requests`, `rows`, `errors`,
            `slow`, `missing`, `skipped`, `faults`, `rate` (faults a row) with `lower`
            and `upper` (90%, Wilson's), `seconds`, `p50_ms`, `p95_ms`, `p99_ms` (of a
            call), `score_min`, `score_max`, `score_sum`.
        """
        import pandas as pd

        rows = []
        for version, role, hour in sorted(
            self.tally.counts, key=lambda key: (key[2], key[1], key[0])
        ):
            count = self.tally.counts[version, role, hour]
            rows.append(
                {"version": version, "role": role, "hour": hour, **_values(count)}
            )
        names = ["version", "role", "hour", *_values(Count())]
        frame = pd.DataFrame(rows, columns=names)
        times = pd.to_datetime(frame["hour"], format="%Y-%m-%dT%H", utc=True)
        frame["hour"] = times.astype("datetime64[us, UTC]")
        return frame

    def total(
        self,
        version: str | None = None,
        *,
        role: str | None = None,
        start: datetime | None = None,
        end: datetime | None = None,
    ) -> Count:
        """The counts of some hours together.

        Parameters
        ----------
        version, role : str, optional
            All where not given.
        start, end : datetime with a zone, optional
            Hours that begin in this half-open period.
        """
        whole = Count()
        for (number, asked, hour), count in self.tally.counts.items():
            began = datetime.fromisoformat(f"{hour}:00+00:00")
            if (
                version in (None, number)
                and role in (None, asked)
                and (start is None or began >= start)
                and (end is None or began < end)
            ):
                whole.merge(count)
        return whole

    @property
    def findings(self) -> Findings:
        """Rows that failed as a share of those asked for, a version and role."""
        rows = []
        for version, role in sorted({key[:2] for key in self.tally.counts}):
            count = self.total(version, role=role)
            told = _values(count)
            rows.append(
                Finding(
                    "failed rows",
                    told["rate"],
                    count.rows,
                    told["lower"],
                    told["upper"],
                    subject=f"version {version} {role}",
                    unit="%",
                )
            )
        return Findings("Served", tuple(rows), self._words())

    def plot(self) -> figures.Picture:
        """Failed rows a version."""
        return self.findings.plot()

    def _words(self) -> str:
        told: list[str] = []
        for version, role in sorted({key[:2] for key in self.tally.counts}):
            count = self.total(version, role=role)
            what = " rows failed" if not told else ""
            told.append(
                f"version {version} {role} {count.faults:,} of {count.rows:,}{what}"
            )
        return ", ".join(told) or "nothing served yet"

    def __repr__(self) -> str:
        return f"<Health: {self._words()}>"

    def _repr_html_(self) -> str:
        return self.findings._repr_html_()


def _values(count: Count) -> dict[str, float]:
    n, failed = count.rows, min(count.faults, count.rows)
    lower, upper = intervals.wilson(failed, n)
    empty = math.isinf(count.score_min)
    return {
        **{name: getattr(count, name) for name in COUNTS},
        "faults": count.faults,
        "rate": failed / n if n else math.nan,
        "lower": lower,
        "upper": upper,
        "seconds": count.seconds,
        "p50_ms": count.quantile(0.5),
        "p95_ms": count.quantile(0.95),
        "p99_ms": count.quantile(0.99),
        "score_min": math.nan if empty else count.score_min,
        "score_max": math.nan if empty else count.score_max,
        "score_sum": count.score_sum,
    }
