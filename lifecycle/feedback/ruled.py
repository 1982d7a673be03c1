"""What became of what people said: accepted, refused or corrected, by whom and why.

A ruling is decided once. One that was wrong is replaced by another, which names it by
its number; all of them stay on record, and the newest is the one that stands.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from lifecycle import intervals
from lifecycle.findings import Finding, Findings

if TYPE_CHECKING:
    import pandas as pd

__all__ = [
    "RULED",
    "TRIAGED",
    "about",
    "handled",
    "ruled",
    "ruling_id",
    "standing",
    "waiting",
]

RULED = ("accepted", "refused", "corrected")
"""Kinds of rows of the feedback log that decide on another row of it."""

TRIAGED = ("flag", "override", "correction", "issue")
"""Kinds of feedback that wait for such a decision."""

_RULING = re.compile(r"ruling (?:([2-9]|[1-9][0-9]{1,5}) )?of (.*)", re.DOTALL)


def ruling_id(feedback_id: str, number: int = 1) -> str:
    """The id of the ruling on a row of feedback: one, whoever decides and when.

    Parameters
    ----------
    feedback_id : str
        Of what is decided on.
    number : int
        1 for the first; 2 for the one that replaces it, and so on.

    Examples
    --------
    >>> ruling_id("F7"), ruling_id("F7", 2)
    ('ruling of F7', 'ruling 2 of F7')
    """
    return (
        f"ruling {number} of {feedback_id}"
        if number > 1
        else f"ruling of {feedback_id}"
    )


def ruled(ruling: str) -> tuple[str, int] | None:
    """What a ruling with this id is about, and its number; `None` for another id.

    Examples
    --------
    >>> ruled("ruling 2 of F7")
    ('F7', 2)
    """
    found = _RULING.fullmatch(ruling)
    return (found[2], int(found[1] or 1)) if found else None


def about(feedback: pd.DataFrame) -> pd.DataFrame:
    """All rulings, also those that were replaced, each with what it decides on.

    Parameters
    ----------
    feedback : DataFrame
        `feedback_id`, `id`, `time`, `kind`, `label`, `person`, `reason`.

    Returns
    -------
    DataFrame
        Those of the kinds in `RULED`, with `about` and `number`: 1 for the first
        ruling on a row, 2 for the one that replaced it.
    """
    import pandas as pd

    mine = feedback[feedback["kind"].isin(RULED)]
    told = [ruled(each) for each in mine["feedback_id"].astype(object).astype(str)]
    named = [each or ("", 0) for each in told]
    mine = mine.assign(
        about=pd.Series([name for name, _ in named], mine.index, dtype=object),
        number=pd.Series([number for _, number in named], mine.index, dtype="int64"),
    )
    return mine[mine["number"] > 0]


def standing(feedback: pd.DataFrame) -> pd.DataFrame:
    """The rulings that stand: of each row of feedback the newest.

    Parameters
    ----------
    feedback : DataFrame
        As for `about`.

    Returns
    -------
    DataFrame
        As from `about`, one row a word.

    Examples
    --------
    >>> import pandas as pd
    >>> rows = pd.DataFrame({"feedback_id": ["F1", "ruling of F1", "ruling 2 of F1"]})
    >>> rows["kind"] = ["flag", "refused", "accepted"]
    >>> standing(rows)["kind"].tolist()
    ['accepted']
    """
    found = about(feedback).sort_values("number", kind="stable")
    return found.drop_duplicates("about", keep="last").sort_index()


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
    decisions = standing(feedback)
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
