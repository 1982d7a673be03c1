"""How much people flag and override, by chunk and by segment."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import pairwise
from statistics import NormalDist
from typing import TYPE_CHECKING, Any

from lifecycle import intervals, periods, profiles
from lifecycle.findings import Finding, Findings, judge

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

__all__ = ["by_segment", "count", "place_of"]

_KINDS = {"flagged": ("flag",), "overridden": ("override", "correction")}


def count(
    feedback: pd.DataFrame,
    labelled: pd.DataFrame,
    *,
    chunks: pd.Series[Any] | None = None,
    segments: Sequence[Any] = (),
    above: float = math.nan,
    min_n: int = 30,
    most: int = 20,
) -> Findings:
    """Share of predictions that people flagged or overrode, chunk by chunk.

    A prediction counts once however often it was flagged. Feedback on predictions that
    are not among the rows is left out.

    Parameters
    ----------
    feedback : DataFrame
        With `id` of the prediction and `kind`.
    labelled : DataFrame of shape (n, n_columns)
        The predictions, with `id`, with `time` unless `chunks` is given, and with the
        columns of `segments`.
    chunks : Series of str, shape (n,), optional
        The chunk of each prediction; ISO weeks in UTC where not given.
    segments : sequence of column names
        Gives each of their values chunk by chunk as well, as subject "plan=free".
    above : float
        A share above this is an alert; nothing is judged where it is `nan`. Segments
        are measured here and judged by `by_segment`.
    min_n : int
        Shares of fewer predictions are not judged.
    most : int
        Of a column of more values the most frequent; numbers by their quarters.

    Returns
    -------
    Findings
        Rows `flagged` (kind flag) and `overridden` (kinds override and correction),
        oldest chunk first, with Wilson's 90% interval.

    Raises
    ------
    ValueError
        When `chunks` are not of the same rows.

    Examples
    --------
    >>> import pandas as pd
    >>> said = pd.DataFrame({"id": ["a", "b"], "kind": ["flag", "override"]})
    >>> rows = pd.DataFrame({"id": ["a", "b", "c", "d"]})
    >>> found = count(said, rows, chunks=pd.Series(["2023-W14"] * 4))
    >>> [(row.measure, row.value) for row in found]
    [('flagged', 0.25), ('overridden', 0.25)]
    """
    import numpy as np

    codes, names = place_of(labelled, chunks)
    touched = _touched(feedback, labelled)
    parts = [
        ("", np.ones(len(labelled), dtype=bool)),
        *_parts(labelled, segments, most),
    ]
    rows = []
    for code, period in enumerate(names):
        for subject, part in parts:
            inside = part & (codes == code)
            n = int(inside.sum())
            if not n:
                continue
            limit = math.nan if subject else above
            for measure, hit in touched.items():
                hits = int((hit & inside).sum())
                rows.append(_share(measure, hits, n, period, subject, limit, min_n))
    return Findings("Feedback", tuple(rows), _counted(rows), main="overridden")


def by_segment(
    feedback: pd.DataFrame,
    labelled: pd.DataFrame,
    *,
    segments: Sequence[Any],
    above: float = math.nan,
    rate: float = 0.05,
    min_n: int = 30,
    most: int = 20,
) -> Findings:
    """Share of predictions that people flagged or overrode, segment by segment.

    Parameters
    ----------
    feedback, labelled
        As in `count`.
    segments : sequence of column names
        Each value of each is a segment, "plan=free".
    above : float
        What a share is held against; the share of all other predictions where not
        given.
    rate : float
        Probability that any segment is an alert by chance, dealt out evenly.
    min_n : int
        Shares of fewer predictions are not judged.
    most : int
        Of a column of more values the most frequent; numbers by their quarters.

    Returns
    -------
    Findings
        Rows `flagged` and `overridden` of each segment (subject), the most overridden
        first, with Wilson's 90% interval. An alert is surely above: the more segments
        there are, the surer.

    Raises
    ------
    ValueError
        When `rate` is not within 0 and 1.

    Notes
    -----
    Surely above a given share: so is the lower end of Wilson's interval, one-sided at
    `rate` over the number of rows. Surely above the others: so is 0 below Newcombe's
    lower end of the difference.

    References
    ----------
    R. G. Newcombe, "Interval estimation for the difference between independent
    proportions", Statistics in Medicine 17 (1998), method 10.

    Examples
    --------
    >>> import pandas as pd
    >>> rows = pd.DataFrame({"plan": ["free"] * 50 + ["pro"] * 50})
    >>> rows["id"] = rows.index.astype(str)
    >>> said = pd.DataFrame({"id": rows["id"][:25], "kind": "override"})
    >>> by_segment(said, rows, segments=["plan"]).summary
    'People overrode 50.0% of 50 predictions where plan=free, and 0.0% of all others.'
    """
    if not 0 < rate < 1:
        raise ValueError(f"rate must lie within 0 and 1, got {rate}; use 0.05")
    touched = _touched(feedback, labelled)
    parts = list(_parts(labelled, segments, most))
    score = -NormalDist().inv_cdf(rate / max(1, len(parts) * len(touched)))
    level = 2 * NormalDist().cdf(score) - 1
    rows, others = [], {}
    for subject, part in parts:
        n = int(part.sum())
        for measure, hit in touched.items():
            hits, rest = int((hit & part).sum()), int((hit & ~part).sum())
            other = len(labelled) - n
            limit = above
            if math.isnan(above) and other:
                limit = rest / other
            row = _share(measure, hits, n, "", subject, limit, min_n)
            sure = intervals.wilson(hits, n, level=level)[0]
            if math.isnan(above) and other:
                upper = intervals.wilson(rest, other, level=level)[1]
                loud = row.value - limit > math.hypot(row.value - sure, upper - limit)
            else:
                loud = sure > limit
            if row.verdict == "alert" and not loud:
                row = replace(row, verdict="quiet")
            rows.append(row)
            others[subject, measure] = rest / other if other else math.nan
    rows.sort(key=lambda row: -_overridden(rows, row.subject))
    summary = _by_segment(rows, others)
    return Findings("Feedback by segment", tuple(rows), summary, main="overridden")


def place_of(
    labelled: pd.DataFrame, chunks: pd.Series[Any] | None
) -> tuple[np.ndarray, list[str]]:
    """Each row's place among the chunks, -1 for none; their labels, oldest first.

    Parameters
    ----------
    labelled : DataFrame of shape (n, n_columns)
    chunks : Series of str, shape (n,), or None
        ISO weeks in UTC where not given.

    Raises
    ------
    ValueError
        When `chunks` are not of the same rows.
    """
    import pandas as pd

    labels = periods.chunk_of(labelled["time"]) if chunks is None else chunks
    if len(labels) != len(labelled):
        raise ValueError(
            f"chunks has {len(labels)} labels for {len(labelled)} rows; give one a row"
        )
    codes, names = pd.factorize(labels, sort=True)
    return codes, [str(name) for name in names]


def _touched(feedback: pd.DataFrame, labelled: pd.DataFrame) -> dict[str, np.ndarray]:
    ids = labelled["id"].astype(object)  # text is looked up a word at a time
    said = feedback["id"].astype(object)
    return {
        measure: ids.isin(said[feedback["kind"].isin(kinds)]).to_numpy()
        for measure, kinds in _KINDS.items()
    }


def _parts(
    labelled: pd.DataFrame, segments: Sequence[Any], most: int
) -> Iterator[tuple[str, np.ndarray]]:
    """The rows of each segment, by name."""
    import numpy as np

    for name in segments:
        column = profiles.column(labelled, name)
        if profiles.kind_of(column) == "numeric":
            values = profiles.numbers(column)
            known = values[np.isfinite(values)]
            if known.size and len(np.unique(known)) > most:
                column = _quarters(values, known, column.index)
        known_names = column[column.notna()].map(str)
        for value in known_names.value_counts().index[:most]:
            inside = np.zeros(len(column), dtype=bool)
            inside[column.notna().to_numpy()] = (known_names == value).to_numpy(bool)
            yield f"{_line(str(name))}={_line(value)}", inside


def _quarters(values: np.ndarray, known: np.ndarray, index: Any) -> pd.Series[Any]:
    import numpy as np
    import pandas as pd

    edges = np.unique(np.quantile(known, [0, 0.25, 0.5, 0.75, 1]))
    place = np.clip(np.searchsorted(edges, values, side="right") - 1, 0, edges.size - 2)
    labels = np.array(
        [f"{a:.4g} to {b:.4g}" for a, b in pairwise(edges)],
        dtype=object,
    )
    told = labels[place]
    told[np.isnan(values)] = None
    return pd.Series(told, index=index, dtype=object)


def _share(
    measure: str,
    hits: int,
    n: int,
    period: str,
    subject: str,
    limit: float,
    min_n: int,
) -> Finding:
    value = hits / n if n else math.nan
    return Finding(
        measure,
        value,
        n,
        *intervals.wilson(hits, n),
        threshold=limit,
        verdict=judge(value, limit, side="above", n=n, min_n=min_n),
        period=period,
        subject=subject,
        unit="%",
    )


def _overridden(rows: list[Finding], subject: str) -> float:
    found = [
        r.value for r in rows if r.subject == subject and r.measure == "overridden"
    ]
    return found[0] if found and not math.isnan(found[0]) else -1.0


def _counted(rows: list[Finding]) -> str:
    whole = [row for row in rows if not row.subject]
    if not whole:
        return "There are no predictions to speak about."
    newest = whole[-1]
    now = {row.measure: row for row in whole if row.period == newest.period}
    hits = {name: round(row.value * row.n) for name, row in now.items()}
    before = sum(row.value * row.n for row in whole if row.measure == "overridden")
    total = sum(row.n for row in whole if row.measure == "overridden")
    sentence = (
        f"In {newest.period} people flagged {hits['flagged']:,} and overrode "
        f"{hits['overridden']:,} of {newest.n:,} predictions; "
        f"{before / total:.1%} were overridden over the whole time"
    )
    loud = [row for row in now.values() if row.verdict == "alert"]
    if loud:
        words = " and ".join(f"{row.measure} {row.value:.1%}" for row in loud)
        sentence += f"; {words} is above the threshold of {loud[0].threshold:.1%}"
    return sentence + "."


def _by_segment(rows: list[Finding], others: dict[tuple[str, str], float]) -> str:
    loud = [row for row in rows if row.verdict == "alert"]
    if not loud:
        judged = any(row.verdict == "quiet" for row in rows)
        return (
            "No segment is flagged or overridden more than the others."
            if judged
            else "Feedback by segment is undefined: there are too few predictions."
        )
    first = loud[0]
    verb = "overrode" if first.measure == "overridden" else "flagged"
    rest = others[first.subject, first.measure]
    sentence = f"People {verb} {first.value:.1%} of {first.n:,} predictions where "
    sentence += first.subject
    if not math.isnan(rest):
        sentence += f", and {rest:.1%} of all others"
    if len(loud) > 1:
        sentence += f"; {len(loud) - 1} more stand out"
    return sentence + "."


def _line(text: str) -> str:
    """A name on one line, cut when it is endless."""
    line = " ".join("".join(c if c.isprintable() else " " for c in text).split())
    return line if len(line) <= 60 else line[:59] + "…"
