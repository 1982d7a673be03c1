"""Feedback: what people say about predictions, and whether they are right."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from lifecycle import intervals, periods
from lifecycle.findings import Finding, Findings

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["count", "right"]

_KINDS = {"flagged": ("flag",), "overridden": ("override", "correction")}


def count(
    feedback: pd.DataFrame,
    labelled: pd.DataFrame,
    *,
    chunks: pd.Series[Any] | None = None,
) -> Findings:
    """Share of predictions that people flagged or overrode, chunk by chunk.

    A prediction counts once however often it was flagged. Feedback on predictions that
    are not among the rows is left out.

    Parameters
    ----------
    feedback : DataFrame
        With `id` of the prediction and `kind`.
    labelled : DataFrame of shape (n, n_columns)
        The predictions, with `id`, and with `time` unless `chunks` is given.
    chunks : Series of str, shape (n,), optional
        The chunk of each prediction; ISO weeks in UTC where not given.

    Returns
    -------
    Findings
        Rows `flagged` (kind flag) and `overridden` (kinds override and correction),
        oldest chunk first, with Wilson's 90% interval. Nothing is judged.

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

    labels = periods.chunk_of(labelled["time"]) if chunks is None else chunks
    if len(labels) != len(labelled):
        raise ValueError(
            f"chunks has {len(labels)} labels for {len(labelled)} rows; give one a row"
        )
    names = np.asarray(labels, dtype=object)
    known = np.asarray(labels.notna())
    touched = {
        measure: labelled["id"]
        .isin(set(feedback.loc[feedback["kind"].isin(kinds), "id"]))
        .to_numpy()
        for measure, kinds in _KINDS.items()
    }
    rows = []
    for period in sorted(set(names[known])):
        inside = known & (names == period)
        n = int(inside.sum())
        for measure, hit in touched.items():
            rows.append(_share(measure, int((hit & inside).sum()), n, str(period)))
    return Findings("Feedback", tuple(rows), _counted(rows), main="overridden")


def right(feedback: pd.DataFrame, labelled: pd.DataFrame) -> Findings:
    """How often people were right once the outcome came, and how often the model.

    Of several words on one prediction the last counts. Words without a label, and
    predictions whose outcome is not known, are left out.

    Parameters
    ----------
    feedback : DataFrame
        With `id` of the prediction, `label` (0 or 1) and `time`.
    labelled : DataFrame
        With `id`, `prediction` and `outcome`.

    Returns
    -------
    Findings
        One row of measure `right` for the subject "people" and one for "model", with
        Wilson's 90% interval. Nothing is judged.

    Examples
    --------
    >>> import pandas as pd
    >>> said = pd.DataFrame({"id": ["a", "b"], "label": [1, 0], "time": [1, 2]})
    >>> rows = pd.DataFrame(
    ...     {"id": ["a", "b"], "prediction": [0, 1], "outcome": [1.0, 1.0]}
    ... )
    >>> right(said, rows).summary
    'People were right in 1 of 2 corrections whose outcome is known, the model in 1.'
    """
    spoken = feedback[feedback["label"].notna()].sort_values("time", kind="stable")
    spoken = spoken.drop_duplicates("id", keep="last")[["id", "label"]]
    known = labelled[labelled["outcome"].notna() & labelled["prediction"].notna()]
    both = spoken.merge(known[["id", "prediction", "outcome"]], on="id")
    n = len(both)
    hits = {
        "people": int((both["label"] == both["outcome"]).sum()),
        "model": int((both["prediction"] == both["outcome"]).sum()),
    }
    rows = tuple(_share("right", k, n, subject=who) for who, k in hits.items())
    summary = (
        f"People were right in {hits['people']:,} of {n:,} corrections whose outcome "
        f"is known, the model in {hits['model']:,}."
        if n
        else "Nobody can say yet who was right: no corrected prediction has an outcome."
    )
    return Findings("Who was right", rows, summary, main="right")


def _share(
    measure: str, hits: int, n: int, period: str = "", subject: str = ""
) -> Finding:
    value = hits / n if n else math.nan
    ends = intervals.wilson(hits, n)
    return Finding(measure, value, n, *ends, period=period, subject=subject, unit="%")


def _counted(rows: list[Finding]) -> str:
    if not rows:
        return "There are no predictions to speak about."
    newest = rows[-1]
    now = {row.measure: row for row in rows if row.period == newest.period}
    hits = {name: round(row.value * row.n) for name, row in now.items()}
    before = sum(row.value * row.n for row in rows if row.measure == "overridden")
    total = sum(row.n for row in rows if row.measure == "overridden")
    return (
        f"In {newest.period} people flagged {hits['flagged']:,} and overrode "
        f"{hits['overridden']:,} of {newest.n:,} predictions; "
        f"{before / total:.1%} were overridden over the whole time."
    )
