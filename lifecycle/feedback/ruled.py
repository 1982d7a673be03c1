"""What became of what people said: accepted, refused or corrected, once and for all."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lifecycle import intervals
from lifecycle.findings import Finding, Findings

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["RULED", "TRIAGED", "about", "handled", "ruling_id", "waiting"]

RULED = ("accepted", "refused", "corrected")
"""Kinds of rows of the feedback log that decide on another row of it."""

TRIAGED = ("flag", "override", "correction", "issue")
"""Kinds of feedback that wait for such a decision."""

_PREFIX = "ruling of "


def ruling_id(feedback_id: str) -> str:
    """The id of the ruling on a row of feedback: one, whoever decides and when.

    Examples
    --------
    >>> ruling_id("F7")
    'ruling of F7'
    """
    return _PREFIX + feedback_id


def about(feedback: pd.DataFrame) -> pd.DataFrame:
    """The rulings, each with the id of what it decides on.

    Parameters
    ----------
    feedback : DataFrame
        `feedback_id`, `id`, `time`, `kind`, `label`, `person`, `reason`.

    Returns
    -------
    DataFrame
        Those of the kinds in `RULED`, with `about`.
    """
    ids = feedback["feedback_id"].astype(object).astype(str)
    mine = feedback["kind"].isin(RULED) & ids.str.startswith(_PREFIX)
    return feedback[mine].assign(about=ids[mine].str.removeprefix(_PREFIX))


def waiting(feedback: pd.DataFrame) -> pd.DataFrame:
    """What nobody has decided yet, newest first.

    Parameters
    ----------
    feedback : DataFrame
        As for `about`.

    Examples
    --------
    >>> import pandas as pd
    >>> rows = pd.DataFrame({"feedback_id": ["F1", "F2", "ruling of F1"]})
    >>> rows["kind"], rows["time"] = ["flag", "flag", "refused"], [1, 2, 3]
    >>> waiting(rows)["feedback_id"].tolist()
    ['F2']
    """
    decided = set(about(feedback)["about"])
    ids = feedback["feedback_id"].astype(object).astype(str)
    open_ = feedback["kind"].isin(TRIAGED) & ~ids.isin(decided)
    order = ["time", "feedback_id"]
    return feedback[open_].sort_values(order, ascending=False, ignore_index=True)


def handled(feedback: pd.DataFrame) -> Findings:
    """How much of what people said was accepted, refused, corrected, or waits.

    Parameters
    ----------
    feedback : DataFrame
        As for `about`.

    Returns
    -------
    Findings
        Rows `accepted`, `refused`, `corrected` and `waiting`: shares of the words that
        can be decided on, with Wilson's 90% interval. Nothing is judged.

    Examples
    --------
    >>> import pandas as pd
    >>> rows = pd.DataFrame({"feedback_id": ["F1", "F2", "ruling of F1"]})
    >>> rows["kind"], rows["time"] = ["flag", "flag", "refused"], [1, 2, 3]
    >>> handled(rows).summary
    'Of 2 words of people 0 were accepted, 1 refused and 0 corrected; 1 waits.'
    """
    said = feedback[feedback["kind"].isin(TRIAGED)]
    decisions = about(feedback)
    ids = said["feedback_id"].astype(object).astype(str)
    decisions = decisions[decisions["about"].isin(set(ids))]
    counts = {kind: int((decisions["kind"] == kind).sum()) for kind in RULED}
    n = len(said)
    counts["waiting"] = n - sum(counts.values())
    rows = tuple(
        Finding(
            name,
            count / n if n else float("nan"),
            n,
            *intervals.wilson(count, n),
            unit="%",
        )
        for name, count in counts.items()
    )
    words = "1 word" if n == 1 else f"{n:,} words"
    left = counts["waiting"]
    summary = (
        f"Of {words} of people {counts['accepted']:,} were accepted, "
        f"{counts['refused']:,} refused and {counts['corrected']:,} corrected; "
        f"{left:,} {'waits' if left == 1 else 'wait'}."
    )
    if not n:
        summary = "Nobody said anything that waits for a decision."
    return Findings("What became of it", rows, summary, main="waiting")
