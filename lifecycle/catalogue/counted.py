"""How often each item, or user, occurs in each chunk: a log is read once for all."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from lifecycle import periods

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

__all__: list[str] = []

LEAST_CHUNKS = 5
QUARTER = 900  # seconds; no zone's day begins between two of them


@dataclass(frozen=True, eq=False)
class Counted:
    """Rows by chunk and name; both arrays have a column for each of `names`.

    `own` are the chunks of the reference, `now` those of the analysis.
    """

    names: np.ndarray
    own: np.ndarray
    now: np.ndarray
    labels: tuple[str, ...]


def counted(
    reference: pd.DataFrame,
    analysis: pd.DataFrame,
    column: Any,
    every: periods.Every | None,
    time: str,
    timezone: str,
) -> Counted:
    """Count the values of a column; rows without value or moment are left out."""
    import numpy as np
    import pandas as pd

    frames = {"reference": reference, "analysis": analysis}
    values = [present(frame, column, name) for name, frame in frames.items()]
    codes, names = pd.factorize(pd.concat(values, ignore_index=True))
    parts = np.split(codes, [len(values[0])])
    tables: list[np.ndarray] = []
    known: tuple[str, ...] = ()
    for (name, frame), code in zip(frames.items(), parts, strict=True):
        chunk, labels = chunked(frame, every, time, timezone, name)
        kept = (chunk >= 0) & (code >= 0)
        place = chunk[kept] * len(names) + code[kept]
        table = np.bincount(place, minlength=len(labels) * len(names))
        tables.append(table.reshape(len(labels), len(names)))
        known = labels
    return Counted(np.asarray(names), tables[0], tables[1], known)


def present(frame: pd.DataFrame, column: Any, name: str) -> pd.Series[Any]:
    """A column of a frame, or a sentence that it is not there."""
    if column not in frame.columns:
        raise ValueError(
            f"{name} has no column {column!r}; it has "
            f"{', '.join(map(str, list(frame.columns)[:10]))}"
        )
    return frame[column]


def chunked(
    frame: pd.DataFrame,
    every: periods.Every | None,
    time: str,
    timezone: str,
    name: str,
) -> tuple[np.ndarray, tuple[str, ...]]:
    """The chunk of each row (-1 without a moment), and the labels in their order."""
    import numpy as np
    import pandas as pd

    if every is None:
        return np.zeros(len(frame), dtype=np.int64), ("",)
    moments = pd.DatetimeIndex(present(frame, time, name))
    if moments.tz is None and len(moments):
        raise ValueError(
            f"the moments of {name} in {time!r} have no zone; localize them first"
        )
    quarters = moments.floor(f"{QUARTER}s")
    codes, days = pd.factorize(quarters)
    said = periods.chunk_of(days, every=every, timezone=timezone).to_numpy()
    place, labels = pd.factorize(said, sort=True)
    order = np.append(place, -1).astype(np.int64)
    return order[codes], tuple(map(str, labels))


def limit(own: np.ndarray, chance: float) -> float:
    """What a chunk like the reference's own exceeds with this chance.

    Undefined, and therefore `nan`, with fewer than five of them. The upper prediction
    bound of one more of independent values of a normal distribution.
    """
    import numpy as np
    from scipy import stats

    known = own[~np.isnan(own)]
    if known.size < LEAST_CHUNKS:
        return math.nan
    reach = float(stats.t.isf(chance, known.size - 1))
    spread = float(known.std(ddof=1)) * math.sqrt(1 + 1 / known.size)
    return float(known.mean()) + reach * spread


def checked(level: float, chance: float) -> None:
    """Both are between 0 and 1, or a sentence says which is not."""
    for name, value in (("level", level), ("chance", chance)):
        if not 0 < value < 1:
            raise ValueError(f"{name} must be between 0 and 1, got {value}")
