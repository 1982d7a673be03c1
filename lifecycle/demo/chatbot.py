"""What the chatbot's story came to: intents named rightly, and wrong answers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lifecycle import figures, simulate

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["chart", "line", "measured", "sentences", "weekly"]

_FIRST, _LAST = 5, 8
"""Weeks before the first product is launched, and those at the end."""


def weekly(
    story: simulate.Story,
    managed: pd.DataFrame,
    alone: pd.DataFrame,
) -> pd.DataFrame:
    """The figures behind the chart, a row a live week, against the true intents.

    Parameters
    ----------
    story : simulate.Story
    managed, alone : DataFrame
        The predictions of the model that is looked after, and of the one that is not.

    Returns
    -------
    DataFrame
        `week`, `n`, then `accuracy`, `unsure` (share that was handed to a person) and
        `wrong` (share that was answered wrongly) with `_managed` and `_unmanaged`, and
        `accuracy_best`.
    """
    assert isinstance(story, simulate.Messages)
    one, two = story.answers(managed), story.answers(alone).set_index("week")
    table = one[["week", "n"]].copy()
    for column in ("accuracy", "unsure", "wrong"):
        table[f"{column}_managed"] = one[column]
        table[f"{column}_unmanaged"] = table["week"].map(two[column])
    table["accuracy_best"] = one["best"]
    return table


def line(
    story: simulate.Story, managed: pd.DataFrame, alone: pd.DataFrame
) -> tuple[str, str]:
    """A week's right intents and handed over messages, of either model."""
    assert isinstance(story, simulate.Messages)
    said = []
    for rows in (managed, alone):
        week = story.answers(rows).iloc[-1]
        said.append(f"{week['accuracy']:.0%} right, {week['unsure']:.0%} unsure")
    return said[0], said[1]


def measured(table: pd.DataFrame) -> dict[str, Any]:
    """What the run measured.

    Returns
    -------
    dict
        `start` (accuracy of the first five weeks), `managed_end` and `unmanaged_end`
        (of the last eight), `wrong_managed` and `wrong_unmanaged` (share answered
        wrongly, the last eight weeks).
    """
    weight = table["n"]

    def mean(column: str, rows: slice) -> float:
        part = table[column].iloc[rows] * weight.iloc[rows]
        return float(part.sum() / weight.iloc[rows].sum())

    last = slice(-_LAST, None)
    return {
        "start": mean("accuracy_managed", slice(0, _FIRST)),
        "managed_end": mean("accuracy_managed", last),
        "unmanaged_end": mean("accuracy_unmanaged", last),
        "wrong_managed": mean("wrong_managed", last),
        "wrong_unmanaged": mean("wrong_unmanaged", last),
    }


def chart(table: pd.DataFrame) -> figures.Picture:
    """Managed against unmanaged accuracy by week, with what happened."""
    weeks = list(table["week"])
    marks = [
        (week, text)
        for week, said in zip(weeks, table["events"], strict=True)
        for text in dict.fromkeys(said)
    ]
    return figures.versus(
        {
            "managed": (weeks, list(table["accuracy_managed"])),
            "left alone": (weeks, list(table["accuracy_unmanaged"])),
            "best possible": (weeks, list(table["accuracy_best"])),
        },
        title="Share of messages whose intent was named rightly",
        threshold=0.80,
        unit="%",
        events=marks,
    )


def sentences(table: pd.DataFrame) -> list[str]:
    """What was measured, in words for the screen."""
    found = measured(table)
    return [
        f"first {_FIRST} weeks: {found['start']:.1%} of the intents named rightly; "
        f"last {_LAST} weeks: {found['managed_end']:.1%} managed, "
        f"{found['unmanaged_end']:.1%} left alone",
        f"answered wrongly in the last {_LAST} weeks: {found['wrong_managed']:.1%} "
        f"managed, {found['wrong_unmanaged']:.1%} left alone",
    ]
