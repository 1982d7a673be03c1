"""KPIs from events, linked to the model: by chunk, role and score."""

from __future__ import annotations

import math
from datetime import datetime, timedelta
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Literal

from lifecycle import intervals, periods
from lifecycle.business import words
from lifecycle.business.changes import Better, changed
from lifecycle.business.terms import Estimate, Measure, Of, estimate, terms_of
from lifecycle.findings import Finding, Findings, judge

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

__all__ = ["kpi"]

_ROLES = ("production", "experimental")


def kpi(
    labelled: pd.DataFrame,
    events: pd.DataFrame | None = None,
    *,
    name: str,
    kind: str | tuple[str, ...] = "",
    measure: Measure = "share",
    by: Literal["chunk", "role", "score"] = "chunk",
    of: Of = "all",
    person: str | None = None,
    within: timedelta | None = None,
    as_of: datetime | None = None,
    chunks: pd.Series[Any] | None = None,
    bins: int = 10,
    better: Better = "high",
    limit: float = math.nan,
    min_n: int = 30,
    unit: str = "",
) -> Findings:
    """Measure a KPI from what happened to predictions.

    Parameters
    ----------
    labelled : DataFrame of shape (n, n_columns)
        The predictions, with `id`; `time`, `role`, `score`, `prediction` and `outcome`
        where a setting needs them.
    events : DataFrame, optional
        With `id` of the prediction, `kind`, `time`, and `value` where it is summed.
        Events of predictions that are not among the rows are left out.
    name : str
        What the KPI is called: "click-through", "average order value".
    kind : str or tuple of str
        The kinds of event that count; where empty, the outcome itself.
    measure : {"share", "mean", "sum", "ratio"}
        Share of predictions with such an event; mean of the events' values; sum of
        them; share of the sum that falls on the rows of `of`. A value that is missing
        or infinite counts nothing.
    by : {"chunk", "role", "score"}
        A row a chunk; a row a role and the difference of experimental to production;
        a row a bin of equally many scores, the highest first.
    of : {"all", "predicted", "right", "wrong"}
        Which predictions: all, those predicted 1, those that were right or wrong. With
        "ratio" those whose share is asked for; right and wrong are then out of the
        rows whose outcome is known.
    person : str, optional
        A column of the predictions; the share is one of people, each counted once.
    within : timedelta, optional
        An event counts this long after its prediction, and not before it.
    as_of : datetime, optional
        With `within`, leaves out predictions that have not had so long.
    chunks : Series of str, shape (n,), optional
        The chunk of each prediction; ISO weeks in UTC where not given.
    bins : int
        How many bins of the score.
    better : {"high", "low"}
        Which side is good. A chunk beyond `limit` on the other side is an alert, and
        so is a difference whose whole interval lies on it.
    limit : float
        In the unit of the KPI; nothing but differences is judged where it is `nan`.
    min_n : int
        Rows that rest on fewer are not judged.
    unit : str
        A currency, or "min"; shares are shown in percent.

    Returns
    -------
    Findings
        Rows of measure `name` with 90% intervals, and for roles one
        `name difference`, experimental minus production.

    Raises
    ------
    ValueError
        When a setting is unknown, a column it needs is not there, or `chunks` are not
        of the same rows.

    See Also
    --------
    before_after : The same before and after a promotion.

    Examples
    --------
    >>> import pandas as pd
    >>> rows = pd.DataFrame({"id": ["a", "b", "c", "d"]})
    >>> happened = pd.DataFrame({"id": ["a", "a", "c"], "kind": ["click"] * 3})
    >>> weeks = pd.Series(["2023-W14"] * 4)
    >>> found = kpi(rows, happened, name="click-through", kind="click", chunks=weeks)
    >>> found[0].value, found[0].n
    (0.5, 4)
    """
    import numpy as np

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
    unit = "%" if measure in ("share", "ratio") else unit
    side: Literal["above", "below"] = "below" if better == "high" else "above"

    def row(found: Estimate, period: str = "", subject: str = "") -> Finding:
        verdict = judge(found.value, limit, side=side, n=found.n, min_n=min_n)
        return Finding(
            name,
            found.value,
            found.n,
            found.lower,
            found.upper,
            limit,
            verdict,
            period,
            subject,
            unit,
        )

    if by == "chunk":
        codes, labels = _chunks(labelled, chunks)
        held = set(codes[terms.kept & (codes >= 0)].tolist())
        rows = [
            row(estimate(terms, codes == code), period=label)
            for code, label in enumerate(labels)
            if code in held
        ]
        return Findings(
            words.title(name), tuple(rows), words.by_chunk(name, rows), main=name
        )
    if by == "role":
        roles = np.asarray(labelled["role"], dtype=object)
        both = [estimate(terms, roles == role) for role in _ROLES]
        rows = [row(x, subject=role) for x, role in zip(both, _ROLES, strict=True)]
        rows.append(changed(terms, name, both, better, min_n, unit))
        return Findings(
            words.title(name), tuple(rows), words.by_role(name, rows), main=name
        )
    if by == "score":
        rows = [
            row(estimate(terms, inside), subject=label)
            for label, inside in _bins(labelled, terms.kept, bins)
        ]
        everyone = estimate(terms, np.ones(terms.kept.size, dtype=bool))
        return Findings(
            words.title(name),
            tuple(rows),
            words.by_score(name, rows, everyone, unit),
            main=name,
        )
    raise ValueError(f"by must be chunk, role or score, got {by!r}; use one")


def _chunks(
    labelled: pd.DataFrame, chunks: pd.Series[Any] | None
) -> tuple[np.ndarray, list[str]]:
    """Each row's place among the labels, -1 for none; the labels oldest first."""
    import pandas as pd

    labels = periods.chunk_of(labelled["time"]) if chunks is None else chunks
    if len(labels) != len(labelled):
        raise ValueError(
            f"chunks has {len(labels)} labels for {len(labelled)} rows; give one a row"
        )
    codes, names = pd.factorize(labels, sort=True)
    return codes, [str(name) for name in names]


def _bins(
    labelled: pd.DataFrame, kept: np.ndarray, bins: int
) -> list[tuple[str, np.ndarray]]:
    """Equally many scores each, equal ones together; the highest first."""
    import numpy as np

    if bins < 1:
        raise ValueError(f"bins must be 1 or more, got {bins}; use 10")
    score = intervals.floats(labelled["score"])
    known = np.sort(score[kept & ~np.isnan(score)])
    if not known.size:
        return []
    cuts = [known[known.size * k // bins] for k in range(1, bins)]
    edges = np.unique([-math.inf, *cuts, math.inf])
    found = []
    for low, high in pairwise(edges):
        inside = (score >= low) & ((score < high) | (high == math.inf))
        part = score[inside & kept]
        if part.size:
            found.append((f"{part.min():.3f} to {part.max():.3f}", inside))
    return found[::-1]
