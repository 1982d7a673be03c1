"""What the lead-scoring story came to: accuracy, managed and left alone."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lifecycle import figures, simulate

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["chart", "line", "measured", "sentences", "weekly"]

GOAL = 0.80


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
        `week`, `n`, `accuracy_managed`, `accuracy_unmanaged`, `bayes_accuracy`.
    """
    assert isinstance(story, simulate.Leads)
    table = story.accuracy(managed).rename(
        columns={"accuracy": "accuracy_managed", "bayes": "bayes_accuracy"}
    )
    other = story.accuracy(alone).set_index("week")["accuracy"]
    table.insert(3, "accuracy_unmanaged", table["week"].map(other))
    return table


def line(
    story: simulate.Story, managed: pd.DataFrame, alone: pd.DataFrame
) -> tuple[str, str]:
    """A week's figure of either model, in a few words."""
    assert isinstance(story, simulate.Leads)
    found = [story.accuracy(rows)["accuracy"].iloc[-1] for rows in (managed, alone)]
    return f"{found[0]:.0%}", f"{found[1]:.0%}"


def measured(table: pd.DataFrame) -> dict[str, Any]:
    """What the run measured: start, fall, return, and whether it stayed.

    Returns
    -------
    dict
        `start` (mean of the first quarter), `unmanaged_end` and `managed_end` (means
        of the last 26 weeks), `back_week` (the first week from which on every week
        of the managed model is above 80%, or None), `weeks_above`, `lowest_after`.
    """
    managed = table["accuracy_managed"].to_numpy()
    below = [at for at, value in enumerate(managed) if value <= GOAL]
    back = below[-1] + 1 if below else 0
    stayed = back < len(managed)
    weight = table["n"]

    def mean(column: str, rows: slice) -> float:
        part = table.iloc[rows]
        return float((part[column] * weight.iloc[rows]).sum() / weight.iloc[rows].sum())

    return {
        "start": mean("accuracy_managed", slice(0, 13)),
        "unmanaged_end": mean("accuracy_unmanaged", slice(-26, None)),
        "unmanaged_lowest": float(table["accuracy_unmanaged"].min()),
        "managed_end": mean("accuracy_managed", slice(-26, None)),
        "back_week": str(table["week"].iloc[back]) if stayed else None,
        "weeks_above": len(managed) - back if stayed else 0,
        "lowest_after": float(managed[back:].min()) if stayed else None,
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
            "best possible": (weeks, list(table["bayes_accuracy"])),
        },
        title="Accuracy by week, against the true outcomes",
        threshold=0.70,
        unit="%",
        events=marks,
    )


def sentences(table: pd.DataFrame) -> list[str]:
    """What was measured, in words for the screen."""
    found = measured(table)
    lines = [
        f"first quarter: {found['start']:.1%} accurate; last half year: "
        f"{found['managed_end']:.1%} managed, {found['unmanaged_end']:.1%} left alone "
        f"(lowest week {found['unmanaged_lowest']:.1%})"
    ]
    if found["back_week"] is None:
        lines.append("the managed model did not come back above 80% to stay")
    else:
        lines.append(
            f"managed above {GOAL:.0%} in every week from {found['back_week']} to the "
            f"end: {found['weeks_above']} weeks, the lowest {found['lowest_after']:.1%}"
        )
    return lines
