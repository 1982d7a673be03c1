"""A KPI before and after a promotion, and how a difference is judged."""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Literal

from lifecycle import profiles
from lifecycle.business import words
from lifecycle.business.terms import (
    Estimate,
    Measure,
    Of,
    Terms,
    difference,
    estimate,
    terms_of,
)
from lifecycle.findings import Finding, Findings, judge

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Better", "before_after", "changed"]

Better = Literal["high", "low"]


def before_after(
    labelled: pd.DataFrame,
    events: pd.DataFrame | None = None,
    *,
    name: str,
    promotions: Sequence[datetime],
    kind: str | tuple[str, ...] = "",
    measure: Measure = "share",
    of: Of = "all",
    person: str | None = None,
    within: timedelta | None = None,
    as_of: datetime | None = None,
    span: timedelta = timedelta(weeks=4),
    better: Better = "high",
    min_n: int = 30,
    unit: str = "",
) -> Findings:
    """Compare a KPI before and after each promotion.

    This is no experiment: whatever else changed at the time changed with it.

    Parameters
    ----------
    labelled, events, name, kind, measure, of, person, within, as_of
        As in `kpi`; `labelled` with `time`.
    promotions : sequence of datetime
        When a version went live, with a zone.
    span : timedelta
        How long before and after is looked at; another promotion ends it.
    better : {"high", "low"}
        A difference whose whole interval lies on the other side is an alert.
    min_n : int
        A difference is judged when both sides rest on so many rows.
    unit : str
        A currency, or "min"; shares are shown in percent.

    Returns
    -------
    Findings
        Of each promotion (its moment is the subject's), oldest first: `name before`,
        `name after` and `name difference`, with 90% intervals.

    Raises
    ------
    ValueError
        When a moment has no zone, or as in `kpi`.

    Examples
    --------
    >>> import pandas as pd
    >>> from datetime import datetime, timezone
    >>> days = pd.date_range("2023-04-01", periods=20, tz="UTC")
    >>> rows = pd.DataFrame({"time": days, "outcome": [0] * 10 + [1] * 10})
    >>> moved = datetime(2023, 4, 11, tzinfo=timezone.utc)
    >>> found = before_after(rows, name="conversion", promotions=[moved])
    >>> [row.value for row in found]
    [0.0, 1.0, 1.0]
    """
    terms = terms_of(
        labelled,
        events,
        kind=kind,
        measure=measure,
        of=of,
        person=person,
        within=within,
        as_of=as_of,
    )
    if any(moment.utcoffset() is None for moment in promotions):
        raise ValueError(
            "a promotion has no time zone; give its moment with tzinfo=timezone.utc"
        )
    unit = "%" if measure in ("share", "ratio") else unit
    seconds = profiles.numbers(labelled["time"])
    moments = sorted({moment.timestamp() for moment in promotions})
    edges = [-math.inf, *moments, math.inf]
    rows: list[Finding] = []
    for number, moment in enumerate(moments, start=1):
        first = max(edges[number - 1], moment - span.total_seconds())
        last = min(edges[number + 1], moment + span.total_seconds())
        both = [
            estimate(terms, (seconds >= first) & (seconds < moment)),
            estimate(terms, (seconds >= moment) & (seconds < last)),
        ]
        subject = datetime.fromtimestamp(moment, UTC).strftime("%Y-%m-%d %H:%M")
        for found, when in zip(both, ("before", "after"), strict=True):
            ends = found.lower, found.upper
            rows.append(
                Finding(
                    f"{name} {when}",
                    found.value,
                    found.n,
                    *ends,
                    subject=subject,
                    unit=unit,
                )
            )
        rows.append(changed(terms, name, both, better, min_n, unit, subject))
    title = f"{words.title(name)} before and after"
    return Findings(
        title, tuple(rows), words.around(name, rows), main=f"{name} difference"
    )


def changed(
    terms: Terms,
    name: str,
    both: list[Estimate],
    better: Better,
    min_n: int,
    unit: str,
    subject: str = "",
) -> Finding:
    """Judge the difference of two estimates: bad where its whole interval is."""
    change = difference(terms, *both)
    worst = change.upper if better == "high" else -change.lower
    verdict = judge(worst, 0.0, side="below", n=min(x.n for x in both), min_n=min_n)
    return Finding(
        f"{name} difference",
        change.value,
        change.n,
        change.lower,
        change.upper,
        0.0,
        verdict,
        subject=subject,
        unit=unit,
    )
