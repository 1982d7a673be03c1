"""What people do not speak of: their words beside a sample of known inclusion."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from lifecycle.feedback.inclusion import hajek
from lifecycle.findings import Finding, Findings

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["caught"]

_SPEAKS = ("flag", "override", "correction")


def caught(sample: pd.DataFrame, feedback: pd.DataFrame) -> Findings:
    """How many wrong predictions people speak of, and how many they pass over.

    What people flag is no sample: they speak up where they are surprised, and of what
    they are shown. A sample that was drawn says what holds of all predictions.

    Parameters
    ----------
    sample : DataFrame of shape (n, n_columns)
        `id`, `inclusion` and `stratum` as `draw` gives them, and `wrong`, whether the
        prediction was (0 or 1, `nan` where nobody knows).
    feedback : DataFrame
        `id` of the prediction and `kind`.

    Returns
    -------
    Findings
        `wrong`, the share of wrong ones among all predictions and among those spoken of
        (subject), and `caught`, the share of the wrong ones that somebody spoke of.
        Each row of the sample counts by its probability of being drawn. Nothing is
        judged.

    Examples
    --------
    >>> import pandas as pd
    >>> rows = pd.DataFrame({"id": list("abcd"), "wrong": [1, 1, 0, 0]})
    >>> rows["stratum"], rows["inclusion"] = "all", 0.1
    >>> said = pd.DataFrame({"id": ["a", "c"], "kind": "flag"})
    >>> caught(rows, said).summary
    'People spoke of 50.0% of 2 wrong predictions drawn; 50.0% of all are wrong, of \
those they spoke of 50.0%.'
    """
    wrong = sample["wrong"].astype(float)
    spoken = sample["id"].isin(set(feedback.loc[feedback["kind"].isin(_SPEAKS), "id"]))
    chance, strata = sample["inclusion"], sample["stratum"]
    everywhere = hajek(
        wrong, chance, strata=strata, measure="wrong", subject="all predictions"
    )
    there = hajek(
        wrong,
        chance,
        strata=strata,
        among=spoken,
        measure="wrong",
        subject="spoken of",
    )
    heard = spoken.astype(float).where(wrong.notna())
    found = hajek(heard, chance, strata=strata, among=wrong == 1, measure="caught")
    summary = _said(everywhere, there, found)
    rows = (everywhere, there, found)
    return Findings("What people speak of", rows, summary, main="caught")


def _said(everywhere: Finding, there: Finding, found: Finding) -> str:
    if math.isnan(found.value):
        return (
            "What people pass over is undefined: no wrong prediction was drawn and "
            "labelled yet."
        )
    among = ""
    if not math.isnan(there.value):
        among = f", of those they spoke of {there.value:.1%}"
    return (
        f"People spoke of {found.value:.1%} of {found.n} wrong predictions drawn; "
        f"{everywhere.value:.1%} of all are wrong{among}."
    )
