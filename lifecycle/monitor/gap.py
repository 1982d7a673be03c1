"""How far scores were from what came true, chunk by chunk."""

from __future__ import annotations

import math
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from lifecycle import intervals, periods
from lifecycle.findings import Finding, Findings
from lifecycle.monitor.due import parts

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["calibration"]


def calibration(
    labelled: pd.DataFrame,
    *,
    as_of: datetime,
    delay: timedelta,
    chunk: periods.Every = "week",
    timezone: str = "UTC",
) -> Findings:
    r"""How far scores were from what came true, by chunk.

    Calibration in the large: above 0 more came true than was said, below 0 less. A
    score can be right on the average and wrong everywhere; `calibration.reliability`
    shows that.

    Parameters
    ----------
    labelled : DataFrame
        `time` (UTC), `score` and `outcome`, missing where not known.
    as_of : datetime with a zone
    delay : timedelta
        How long an outcome takes; rows that are not due are left out.
    chunk, timezone
        Length of a chunk, and the zone in which days begin.

    Returns
    -------
    Findings
        A row a chunk, with a 90% interval; nothing is held against it.

    Notes
    -----
    The mean of :math:`y_i - s_i` with Student's interval.

    References
    ----------
    B. Van Calster et al., "A calibration hierarchy for risk models was defined",
    Journal of Clinical Epidemiology 74 (2016).

    Examples
    --------
    >>> import pandas as pd
    >>> from datetime import UTC
    >>> rows = pd.DataFrame({"time": pd.Timestamp("2023-04-03", tz="UTC"),
    ...     "score": [0.5] * 4, "outcome": [1.0, 1.0, 1.0, 0.0]})
    >>> now = datetime(2023, 6, 1, tzinfo=UTC)
    >>> print(calibration(rows, as_of=now, delay=timedelta(weeks=6)).summary)
    In 2023-W14 75.0% came true where 50.0% was said (n 4).
    """
    due = periods.mature(labelled["time"], as_of=as_of, delay=delay)
    known = labelled["outcome"].notna() & labelled["score"].notna()
    rows = labelled[due & known.to_numpy(dtype=bool)]
    truth, score = (
        rows[name].to_numpy(dtype=float, na_value=math.nan)
        for name in ("outcome", "score")
    )
    found, said = [], "Calibration is undefined: no outcome of a score is due yet."
    for label, part in parts(rows["time"], chunk, timezone):
        gaps = truth[part] - score[part]
        ends = intervals.mean(gaps)
        found.append(
            Finding(
                "calibration gap", float(gaps.mean()), len(gaps), *ends, period=label
            )
        )
        said = (
            f"In {label} {truth[part].mean():.1%} came true where "
            f"{score[part].mean():.1%} was said (n {len(gaps):,})."
        )
    return Findings("Calibration", tuple(found), said)
