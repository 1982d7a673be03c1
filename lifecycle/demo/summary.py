"""What the story came to: weekly figures, the closing chart, sentences."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lifecycle import figures, simulate, workspace
from lifecycle.demo.prepare import MANAGED, UNMANAGED

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["chart", "measured", "sentences", "time_lines", "weekly", "write"]

GOAL = 0.80


def weekly(
    ws: workspace.Workspace,
    story: simulate.Leads,
    told: Mapping[datetime, Sequence[str]],
) -> pd.DataFrame:
    """The figures behind the chart, a row a live week, against the true outcomes.

    Returns
    -------
    DataFrame
        `week`, `n`, `accuracy_managed`, `accuracy_unmanaged`, `bayes_accuracy`,
        `events` (list of str).
    """
    truth = {
        name: story.accuracy(ws.logs(name).predictions(start=story.start))
        for name in (MANAGED, UNMANAGED)
    }
    table = truth[MANAGED].rename(
        columns={"accuracy": "accuracy_managed", "bayes": "bayes_accuracy"}
    )
    other = truth[UNMANAGED].set_index("week")["accuracy"]
    table.insert(3, "accuracy_unmanaged", table["week"].map(other))
    by_week = {simulate.week_label(monday): list(said) for monday, said in told.items()}
    table["events"] = [by_week.get(week, []) for week in table["week"]]
    return table


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


def write(
    path: Path,
    table: pd.DataFrame,
    story: simulate.Leads,
    seconds: Mapping[str, float],
    timings: Mapping[str, float],
) -> None:
    """Write `summary.json`: weekly figures, what was planted, what was measured."""
    told = {
        "weeks": [
            {
                key: round(value, 6) if isinstance(value, float) else value
                for key, value in row.items()
            }
            for row in table.to_dict(orient="records")
        ],
        "measured": measured(table),
        "planted": [
            {
                "date": event.date.isoformat(),
                "name": event.name,
                "kind": event.kind,
                "features": list(event.features),
            }
            for event in story.events
        ],
        "seconds": {kind: round(value, 2) for kind, value in seconds.items()},
        "notebooks": {part: round(value, 2) for part, value in timings.items()},
    }
    path.write_text(json.dumps(told, indent=1) + "\n", encoding="utf-8")


def time_lines(seconds: Mapping[str, float], timings: Mapping[str, float]) -> list[str]:
    """Where the time went, largest first."""
    whole = sum(seconds.values())
    lines = [f"{whole:.0f} s in all:"]
    for kind, value in sorted(seconds.items(), key=lambda item: -item[1]):
        lines.append(f"  {value:6.1f} s  {value / whole:4.0%}  {kind}")
    runs = int(timings.get("runs", 0))
    if runs:
        each = timings["run seconds"] / runs
        lines.append(f"  ({runs} notebook runs, {each:.1f} s each)")
    return lines
