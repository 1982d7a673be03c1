"""Quality: whether the newest rows are fit to be judged at all.

A broken feed looks like drift and is mended differently: these findings are about the
data, never about the model. The other way round, a new segment is drift and no fault:
categories that come up beside the known ones are measured here and judged there; only
where most of a column's values are unknown does it speak another language.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from statistics import NormalDist
from typing import TYPE_CHECKING, Any

from lifecycle import intervals, profiles
from lifecycle.findings import Finding, Findings, judge

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["check"]

_Z = NormalDist().inv_cdf(0.95)
_NAMED = 5
_FOREIGN = 0.5
_SAID = {
    "missing": "is missing in {value:.0%} of the rows",
    "unseen": "has {value:.0%} of its values in categories the reference lacks",
    "out_of_range": "has {value:.0%} of its values outside the reference's range",
    "distinct": "has always the same value",
    "duplicate_ids": "{value:.1%} of the rows have an id that occurs twice",
    "volume": "only {value:.0%} of the reference's rows per day came in",
}


def check(
    reference: pd.DataFrame,
    analysis: pd.DataFrame,
    *,
    features: Sequence[Any],
    tolerance: float = 0.05,
    volume_floor: float = 0.1,
    min_n: int = 30,
) -> Findings:
    """Look for faults in the data, feature by feature and in the frame as a whole.

    Parameters
    ----------
    reference : DataFrame of shape (n_reference, n_columns)
        The rows that say what is normal.
    analysis : DataFrame of shape (n_analysis, n_columns)
        The rows under question. `id` and `time` (UTC) are used where they are there.
    features : sequence of column names
        A column that a frame lacks is taken as missing throughout.
    tolerance : float
        An alert needs a share this much above the reference's.
    volume_floor : float
        Fewer rows per day than this share of the reference's are an alert.
    min_n : int
        Shares of fewer rows are not judged.

    Returns
    -------
    Findings
        Per feature (subject): `missing`, the share of rows without a value;
        `unseen`, the share of values in categories the reference does not have, an
        alert above a half (renamed categories, another column), or `out_of_range`,
        the share of numbers below its smallest or above its largest;
        `distinct`, how many values there are, an alert when it is one and the
        reference had several. Of the frame: `duplicate_ids`, the share of rows whose id
        another row has too, and `volume`, rows per day against the reference's.
        Shares with Wilson's 90% interval; an alert also needs its lower end above the
        reference's share.

    Examples
    --------
    >>> import pandas as pd
    >>> before = pd.DataFrame({"plan": ["free", "pro"] * 50})
    >>> after = pd.DataFrame({"plan": ["Free", None] * 20 + ["team"] * 10})
    >>> found = check(before, after, features=["plan"])
    >>> print(found.summary)
    2 possible faults in the data: plan is missing in 40% of the rows, plan has 100% of
    its values in categories the reference lacks.
    """
    rows: list[Finding] = []
    for name in features:
        pair = profiles.column(reference, name), profiles.column(analysis, name)
        rows += _feature(str(name), *pair, tolerance=tolerance, min_n=min_n)
    rows += _duplicates(analysis)
    rows += _volume(reference, analysis, volume_floor)
    return Findings(
        title="Data quality",
        rows=tuple(rows),
        summary=_summary(rows, len(features)),
        main="missing",
        shown=max(60, len(rows)),
    )


def _feature(
    name: str,
    reference: pd.Series[Any],
    analysis: pd.Series[Any],
    *,
    tolerance: float,
    min_n: int,
) -> Iterator[Finding]:
    numeric = profiles.kind_of(reference, analysis) == "numeric"
    grid = (
        profiles.Grid.numeric(reference, cells=1)
        if numeric
        else profiles.Grid.categorical(reference)
    )
    before, after = grid.count(reference), grid.count(analysis)

    def share(
        measure: str, hits: int, n: int, usual: float, threshold: float
    ) -> Finding:
        lower, upper = intervals.wilson(hits, n)
        value = hits / n if n else math.nan
        verdict = judge(value, threshold, side="above", n=n, min_n=min_n)
        if verdict == "alert" and lower <= usual:
            verdict = "quiet"
        return Finding(
            measure, value, n, lower, upper, threshold, verdict, subject=name, unit="%"
        )

    lost = before.missing / before.n if before.n else math.nan
    yield share("missing", after.missing, after.n, lost, lost + tolerance)
    usual, most = (0.0, tolerance) if numeric else (_FOREIGN, _FOREIGN)
    if not before.known:
        most = math.nan
    measure = "out_of_range" if numeric else "unseen"
    yield share(measure, after.unseen, after.known, usual, most)
    values = _distinct(analysis)
    several = _distinct(reference) > 1
    yield Finding(
        "distinct",
        float(values) if after.known else math.nan,
        after.known,
        threshold=2.0 if several else math.nan,
        verdict=judge(
            float(values) if after.known else math.nan,
            2.0 if several else math.nan,
            side="below",
            n=after.known,
            min_n=min_n,
        ),
        subject=name,
    )


def _distinct(column: pd.Series[Any]) -> int:
    try:
        return int(column.nunique())
    except TypeError:  # lists and other values without a hash
        return int(column.dropna().map(repr).nunique())


def _duplicates(analysis: pd.DataFrame) -> Iterator[Finding]:
    if "id" not in analysis.columns:
        return
    ids = profiles.column(analysis, "id")
    n = len(ids)
    twice = int(ids.duplicated(keep=False).sum())
    value = twice / n if n else math.nan
    yield Finding(
        "duplicate_ids",
        value,
        n,
        *intervals.wilson(twice, n),
        threshold=0.0,
        verdict=judge(value, 0.0, side="above"),
        unit="%",
    )


def _volume(
    reference: pd.DataFrame, analysis: pd.DataFrame, floor: float
) -> Iterator[Finding]:
    """Rows per day against the reference's, with the noise of a Poisson count."""
    if "time" not in reference.columns or "time" not in analysis.columns:
        return
    before, after = (_per_day(frame) for frame in (reference, analysis))
    n = len(analysis)
    value = after / before if before > 0 else math.nan
    half = _Z * value / math.sqrt(n) if n else math.nan
    yield Finding(
        "volume",
        value,
        n,
        max(0.0, value - half) if not math.isnan(value) else math.nan,
        value + half,
        threshold=floor,
        verdict=judge(value, floor, side="below"),
        unit="%",
    )


def _per_day(frame: pd.DataFrame) -> float:
    """Rows per day between the first and the last, undefined within one day."""
    times = profiles.numbers(profiles.column(frame, "time"))
    times = times[times == times]
    if times.size < 2:
        return math.nan
    days = float(times.max() - times.min()) / 86_400
    return times.size / days if days >= 1 else math.nan


def _summary(rows: list[Finding], features: int) -> str:
    alerts = [row for row in rows if row.verdict == "alert"]
    if not alerts:
        if not any(row.verdict == "quiet" for row in rows):
            return "Data quality is undefined: there are too few rows to be judged."
        many = "feature" if features == 1 else "features"
        return f"No fault in the data of {features} {many}."
    said = [
        " ".join(
            [_name(row.subject), _SAID[row.measure].format(value=row.value)]
        ).strip()
        for row in alerts
    ]
    if len(said) > _NAMED:
        said[_NAMED:] = [f"and {len(said) - _NAMED} more"]
    count = f"{len(alerts)} possible fault" + ("" if len(alerts) == 1 else "s")
    return f"{count} in the data: {', '.join(said)}."


def _name(name: str) -> str:
    """A feature's name on one line, cut when it is endless."""
    line = " ".join("".join(c if c.isprintable() else " " for c in name).split())
    return line if len(line) <= 60 else line[:59] + "…"
