"""What the fraud story came to: frauds stopped, customers blocked, and the money."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lifecycle import figures, simulate

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["chart", "line", "measured", "sentences", "weekly"]

_QUARTER = 13
_SMOOTH = 4


def weekly(
    story: simulate.Story,
    managed: pd.DataFrame,
    alone: pd.DataFrame,
) -> pd.DataFrame:
    """The figures behind the chart, a row a live week, against the true outcomes.

    Parameters
    ----------
    story : simulate.Story
    managed, alone : DataFrame
        The predictions of the model that is looked after, and of the one that is not.

    Returns
    -------
    DataFrame
        `week`, `n`, `frauds`, then `caught`, `blocked` and `cost` (US dollars) with
        `_managed` and `_unmanaged`, and `cost_best`.
    """
    assert isinstance(story, simulate.Payments)
    one, two = story.losses(managed), story.losses(alone).set_index("week")
    table = one[["week", "n", "frauds"]].copy()
    for column in ("caught", "blocked", "cost"):
        table[f"{column}_managed"] = one[column]
        table[f"{column}_unmanaged"] = table["week"].map(two[column])
    table["cost_best"] = one["best"]
    return table


def line(
    story: simulate.Story, managed: pd.DataFrame, alone: pd.DataFrame
) -> tuple[str, str]:
    """A week's frauds stopped and customers blocked, of either model."""
    assert isinstance(story, simulate.Payments)
    said = []
    for rows in (managed, alone):
        week = story.losses(rows).iloc[-1]
        said.append(f"{week['caught']:.0%} stopped, {week['blocked']:.0f} blocked")
    return said[0], said[1]


def measured(table: pd.DataFrame) -> dict[str, Any]:
    """What the run measured.

    Returns
    -------
    dict
        `start` (share of fraud stopped in the first quarter), `managed_end` and
        `unmanaged_end` (in the last one), `cost_managed`, `cost_unmanaged` and
        `cost_best` (US dollars a week, all weeks), `saved` (US dollars in all).
    """
    first, last = table.head(_QUARTER), table.tail(_QUARTER)

    def caught(rows: pd.DataFrame, whose: str) -> float:
        return float(
            (rows[f"caught_{whose}"] * rows["frauds"]).sum() / rows["frauds"].sum()
        )

    costs = {
        f"cost_{whose}": float(table[f"cost_{whose}"].mean())
        for whose in ("managed", "unmanaged", "best")
    }
    return {
        "start": caught(first, "managed"),
        "managed_end": caught(last, "managed"),
        "unmanaged_end": caught(last, "unmanaged"),
        **costs,
        "saved": (costs["cost_unmanaged"] - costs["cost_managed"]) * len(table),
    }


def chart(table: pd.DataFrame) -> figures.Picture:
    """Managed against unmanaged share of fraud stopped, with what happened."""
    weeks = list(table["week"])
    marks = [
        (week, text)
        for week, said in zip(weeks, table["events"], strict=True)
        for text in dict.fromkeys(said)
    ]

    def smooth(whose: str) -> list[float]:
        stopped = table[f"caught_{whose}"] * table["frauds"]
        sums = [
            each.rolling(_SMOOTH, min_periods=1).sum()
            for each in (stopped, table["frauds"])
        ]
        return list(sums[0] / sums[1])

    return figures.versus(
        {
            "managed": (weeks, smooth("managed")),
            "left alone": (weeks, smooth("unmanaged")),
        },
        title="Share of fraud that was stopped, over four weeks",
        threshold=0.75,
        unit="%",
        events=marks,
    )


def sentences(table: pd.DataFrame) -> list[str]:
    """What was measured, in words for the screen."""
    found = measured(table)
    return [
        f"first quarter: {found['start']:.1%} of fraud stopped; last quarter: "
        f"{found['managed_end']:.1%} managed, {found['unmanaged_end']:.1%} left alone",
        f"errors cost ${found['cost_managed']:,.0f} a week managed, "
        f"${found['cost_unmanaged']:,.0f} left alone and ${found['cost_best']:,.0f} at "
        f"the best possible: ${found['saved']:,.0f} saved in {len(table)} weeks",
    ]
