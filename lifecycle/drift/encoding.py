"""Features of two frames as one table of numbers, however they are made."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from lifecycle import profiles
from lifecycle.drift import intake
from lifecycle.profiles.columns import coded

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

__all__: list[str] = []

LARGEST = 1e30


def chosen(
    reference: pd.DataFrame,
    analysis: pd.DataFrame,
    features: Sequence[Any] | None,
    time: str,
) -> list[Any]:
    """The features to look at; all columns of the reference but the house's own."""
    if features is None:
        names = [name for name in reference.columns if name != time]
        if {"id", "time"} <= set(reference.columns):
            names = [name for name in names if name not in intake.HOUSE]
    else:
        names = list(dict.fromkeys(features))
    for name in names:
        if name not in reference.columns and name not in analysis.columns:
            raise ValueError(
                f"there is no column {name!r} in reference or analysis; mend the name "
                f"of the feature"
            )
    if not names:
        raise ValueError("there are no features to compare; name some as features=")
    return names


def sampled(frame: pd.DataFrame, rows: int, rng: np.random.Generator) -> pd.DataFrame:
    """At most so many rows, drawn at random, in their order."""
    import numpy as np

    if len(frame) <= rows:
        return frame
    return frame.iloc[np.sort(rng.choice(len(frame), rows, replace=False))]


def encoded(
    names: Sequence[Any], reference: pd.DataFrame, *frames: pd.DataFrame
) -> list[np.ndarray]:
    """Each frame as floats, shape (n, n_features); `nan` where missing.

    Names are replaced by how large a share of the reference has them, 0 where none has.
    """
    import numpy as np

    columns: list[list[np.ndarray]] = [[] for _ in frames]
    for name in names:
        series = [profiles.column(frame, name) for frame in frames]
        before = profiles.column(reference, name)
        if profiles.kind_of(before, *series) == "numeric":
            for made, each in zip(columns, series, strict=True):
                made.append(np.clip(profiles.numbers(each), -LARGEST, LARGEST))
            continue
        counts = profiles.tally(before)[0]
        total = max(1, sum(counts.values()))
        for made, each in zip(columns, series, strict=True):
            made.append(_shares(each, counts, total))
    return [
        np.column_stack(made) if made else np.empty((len(frame), 0))
        for made, frame in zip(columns, frames, strict=True)
    ]


def codes(names: Sequence[Any], *frames: pd.DataFrame) -> list[np.ndarray]:
    """Each frame as floats; names as their rank by frequency in all frames together.

    So every name has a number of its own, and those that are common in either stand
    at the beginning.
    """
    import numpy as np

    columns: list[list[np.ndarray]] = [[] for _ in frames]
    for name in names:
        series = [profiles.column(frame, name) for frame in frames]
        if profiles.kind_of(*series) == "numeric":
            for made, each in zip(columns, series, strict=True):
                made.append(np.clip(profiles.numbers(each), -LARGEST, LARGEST))
            continue
        counts: dict[str, int] = {}
        for each in series:
            for value, count in profiles.tally(each)[0].items():
                counts[value] = counts.get(value, 0) + count
        order = sorted(counts, key=lambda value: (-counts[value], value))
        rank = {value: place for place, value in enumerate(order)}
        for made, each in zip(columns, series, strict=True):
            made.append(_looked_up(each, rank, np.nan))
    return [np.column_stack(made) for made in columns]


def _shares(series: pd.Series[Any], counts: dict[str, int], total: int) -> np.ndarray:
    shares = {name: count / total for name, count in counts.items()}
    return _looked_up(series, shares, 0.0)


def _looked_up(series: pd.Series[Any], table: Any, otherwise: float) -> np.ndarray:
    """A number for every value's name; `nan` where missing."""
    import numpy as np

    places, names = coded(series)
    numbers = [table.get(name, otherwise) for name in names]
    found: np.ndarray = np.array([*numbers, np.nan], dtype=float)[places]
    return found
