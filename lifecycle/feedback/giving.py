"""What people give as their reasons."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from lifecycle import intervals
from lifecycle.findings import Finding, Findings

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["reasons"]

_CUT = 80


def reasons(
    feedback: pd.DataFrame,
    *,
    kinds: Sequence[str] = ("flag", "override", "correction"),
    top: int = 10,
) -> Findings:
    """Count the reasons people give, the most frequent first.

    Reasons that differ in case and spaces only are one, shown as it was first written,
    on one line and cut at 80 letters.

    Parameters
    ----------
    feedback : DataFrame
        With `kind` and `reason`.
    kinds : sequence of str
        The kinds of feedback that are counted.
    top : int
        How many reasons are shown.

    Returns
    -------
    Findings
        Rows `reason`, the share of words with a reason that give this one (subject),
        with Wilson's 90% interval. Nothing is judged.

    Raises
    ------
    ValueError
        When `top` is below 1.

    Examples
    --------
    >>> import pandas as pd
    >>> why = ["no budget", "No  budget", "left the firm", None]
    >>> said = pd.DataFrame({"kind": "override", "reason": why})
    >>> reasons(said).summary
    "Of 3 reasons given the most frequent is 'no budget' (2)."
    """
    if top < 1:
        raise ValueError(f"top must be 1 or more, got {top}; use 10")
    told = feedback.loc[feedback["kind"].isin(list(kinds)), "reason"]
    lines = [_line(str(each)) for each in told[told.notna()]]
    lines = [line for line in lines if line]
    counts: dict[str, int] = {}
    written: dict[str, str] = {}
    for line in lines:
        key = line.casefold()
        written.setdefault(key, line)
        counts[key] = counts.get(key, 0) + 1
    n = len(lines)
    ranked = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    rows = tuple(
        Finding(
            "reason",
            hits / n,
            n,
            *intervals.wilson(hits, n),
            subject=_cut(written[key]),
            unit="%",
        )
        for key, hits in ranked[:top]
    )
    summary = "Nobody gave a reason."
    if rows:
        many = "1 reason" if n == 1 else f"{n:,} reasons"
        summary = (
            f"Of {many} given the most frequent is '{rows[0].subject}' "
            f"({ranked[0][1]:,})."
        )
    return Findings("Reasons", rows, summary, main="reason")


def _line(text: str) -> str:
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())


def _cut(line: str) -> str:
    return line if len(line) <= _CUT else line[: _CUT - 1] + "…"
