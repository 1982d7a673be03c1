"""What a story came to: the file of its weekly figures, and where the time went."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lifecycle import simulate

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["time_lines", "write"]


def write(
    path: Path,
    table: pd.DataFrame,
    found: Mapping[str, Any],
    story: simulate.Story,
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
        "measured": dict(found),
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
