"""The files of the workload as two frames, the way a user of a peer would read them.

Imported by the scripts that run inside the peers' environments; pandas alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pandas as pd

__all__ = ["SCORED", "features", "frames", "week"]

SCORED = ("time", "score", "prediction", "outcome")
"""Columns of a model's prediction; the rest but `id` are features."""


def frames(
    folder: Path, columns: Sequence[str] | None = None
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Reference and all weeks, with the time in UTC and no zone, as peers want it.

    Parameters
    ----------
    folder : Path
        As `benchmarks._workload.write` fills it.
    columns : sequence of str, optional
        The time and the features unless others are named.
    """
    reference = folder / "reference.parquet"
    wanted = list(columns) if columns else ["time", *features(reference)]
    weeks = [
        pd.read_parquet(path, columns=wanted)
        for path in sorted(folder.glob("week-*.parquet"))
    ]
    made = pd.read_parquet(reference, columns=wanted), pd.concat(weeks)
    for frame in made:
        frame["time"] = frame["time"].dt.tz_localize(None)
    return made[0], made[1].reset_index(drop=True)


def features(reference: Path) -> list[str]:
    """The names of the features, from the file's schema."""
    from pyarrow.parquet import read_schema

    names = read_schema(reference).names
    return [name for name in names if name not in ("id", *SCORED)]


def week(start: pd.Timestamp) -> str:
    """The label of a moment's ISO week.

    Examples
    --------
    >>> week(pd.Timestamp("2023-01-02"))
    '2023-W01'
    """
    iso = start.isocalendar()
    return f"{iso.year}-W{iso.week:02}"
