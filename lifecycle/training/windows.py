"""Which rows are due at a moment, and how they fall into windows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cached_property
from typing import TYPE_CHECKING

from lifecycle import periods
from lifecycle.errors import InputError
from lifecycle.training import shaping

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

__all__ = [
    "Part",
    "Rows",
    "chunk_labels",
    "cut",
    "due",
    "in_order",
    "newest",
    "ordered",
    "ranked",
]


@dataclass(frozen=True)
class Rows:
    """Labelled rows in order, with their features and chunk labels worked out once."""

    frame: pd.DataFrame
    table: pd.DataFrame
    truth: np.ndarray
    logged: np.ndarray
    labels: np.ndarray
    timezone: str

    @classmethod
    def of(
        cls,
        labelled: pd.DataFrame,
        *,
        numeric: Sequence[str],
        categorical: Sequence[str],
        chunk: periods.Every,
        timezone: str,
    ) -> Rows:
        """Order the rows and look at each once."""
        import numpy as np

        frame = in_order(labelled)
        logged = np.full(len(frame), np.nan)
        if "prediction" in frame:
            logged = frame["prediction"].to_numpy(dtype=float, na_value=np.nan)
        return cls(
            frame,
            shaping.features(frame, numeric=numeric, categorical=categorical),
            frame["outcome"].to_numpy(dtype=float, na_value=np.nan),
            logged,
            chunk_labels(frame, chunk, timezone),
            timezone,
        )

    @cached_property
    def ranks(self) -> np.ndarray:
        """The rank of each row's chunk."""
        return ranked(self.labels)


@dataclass(frozen=True)
class Part:
    """One window: the positions of its rows, and when it began and ended."""

    label: str
    start: datetime
    end: datetime
    age: int
    positions: np.ndarray


def in_order(labelled: pd.DataFrame) -> pd.DataFrame:
    """Rows by time and id, whatever order they came in."""
    for name in ("time", "outcome"):
        if name not in labelled:
            raise InputError(
                f"the labelled rows have no column {name!r}; join predictions and "
                "outcomes first"
            )
    return shaping.in_order(labelled)


def ordered(labelled: pd.DataFrame) -> tuple[pd.DataFrame, np.ndarray]:
    """Rows by time and id, and the position that each had."""
    keys = [name for name in ("time", "id", "outcome") if name in labelled]
    order = in_order(labelled[keys].reset_index(drop=True)).index.to_numpy()
    return labelled.iloc[order], order


@dataclass(frozen=True)
class Timed:
    """Labelled rows in order, the position that each had, and its chunk's label."""

    frame: pd.DataFrame
    order: np.ndarray
    labels: np.ndarray

    @classmethod
    def of(cls, labelled: pd.DataFrame, chunk: periods.Every, timezone: str) -> Timed:
        """Order the rows and find their chunks."""
        frame, order = ordered(labelled)
        return cls(frame, order, chunk_labels(frame, chunk, timezone))

    @cached_property
    def ranks(self) -> np.ndarray:
        """The rank of each row's chunk."""
        return ranked(self.labels)


def chunk_labels(
    frame: pd.DataFrame, chunk: periods.Every, timezone: str
) -> np.ndarray:
    """The chunk of each row."""
    labels = periods.chunk_of(frame["time"], every=chunk, timezone=timezone)
    return labels.to_numpy(dtype=object)


def due(frame: pd.DataFrame, *, as_of: datetime, delay: timedelta) -> np.ndarray:
    """Positions of the rows whose outcome was due and known at `as_of`."""
    import numpy as np

    ripe = periods.mature(frame["time"], as_of=as_of, delay=delay)
    ripe &= frame["outcome"].notna().to_numpy()
    if "known_at" in frame:
        known = frame["known_at"] <= as_of.astimezone(UTC)
        ripe &= known.to_numpy(dtype=bool)
    return np.flatnonzero(ripe)


def ranked(labels: np.ndarray) -> np.ndarray:
    """The rank of each label among all that there are: a chunk as a number.

    Examples
    --------
    >>> import numpy as np
    >>> ranked(np.array(["2024-W02", "2024-W01", "2024-W02"], dtype=object)).tolist()
    [1, 0, 1]
    """
    import pandas as pd

    ranks, _ = pd.factorize(labels, sort=True)
    return ranks


def newest(positions: np.ndarray, ranks: np.ndarray, span: int | None) -> np.ndarray:
    """Of the positions, those in the newest `span` chunks that have any."""
    import numpy as np

    if span is None or not len(positions):
        return positions
    if span < 1:
        raise ValueError(
            f"a span must be at least one chunk, got {span}; None means all"
        )
    own = ranks[positions]
    return positions[own >= np.unique(own)[-span:][0]]


def cut(
    rows: Rows,
    positions: np.ndarray,
    *,
    windows: int,
    min_rows: int,
    after: datetime | None,
) -> list[Part]:
    """The newest windows, newest first; thin chunks join the one before them."""
    import numpy as np

    parts: list[Part] = []
    labels = rows.labels[positions]
    gathered: list[np.ndarray] = []
    end = None
    for label in sorted(set(labels), reverse=True):
        period = periods.bounds(label, timezone=rows.timezone)
        if len(parts) == windows or (after is not None and period.start <= after):
            break
        end = end or period.end
        gathered.append(positions[labels == label])
        if sum(map(len, gathered)) < min_rows:
            continue
        together = np.concatenate(gathered[::-1])
        parts.append(Part(label, period.start, end, len(parts), together))
        gathered, end = [], None
    return parts
