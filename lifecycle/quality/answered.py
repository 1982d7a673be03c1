"""Due rows and their outcomes, in chunks: those that are trusted before the others."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from lifecycle import periods, profiles

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

__all__ = ["Answered", "answered"]


@dataclass(frozen=True, eq=False)
class Answered:
    """Rows whose outcome is due, sorted by chunk.

    Parameters
    ----------
    frame : DataFrame of shape (n, n_columns)
        The rows, for their inputs.
    labels : tuple of str
        One a chunk; those of the reference come first.
    edges : ndarray of int, shape (n_chunks + 1,)
        The first row of each chunk, and the end of the last.
    trusted : int
        How many chunks are the reference's.
    known : ndarray of bool, shape (n,)
        Whether the outcome is known.
    code : ndarray of int, shape (n,)
        Which outcome it is, -1 where it is not known.
    truth : ndarray of float, shape (n,)
        The outcome as a number, `nan` where it is not known or none.
    score : ndarray of float, shape (n,)
        `nan` where there is none.
    version : ndarray of int, shape (n,)
        Whose score it is.
    lag, age : ndarray of float, shape (n,)
        Seconds from the prediction until its outcome came, infinite where it did not,
        and until now.
    inputs : tuple
        Names of the columns that must stay as they are.
    """

    frame: pd.DataFrame
    labels: tuple[str, ...]
    edges: np.ndarray
    trusted: int
    known: np.ndarray
    code: np.ndarray
    truth: np.ndarray
    score: np.ndarray
    version: np.ndarray
    lag: np.ndarray
    age: np.ndarray
    inputs: tuple[Any, ...] = ()

    @property
    def binary(self) -> bool:
        """Whether all outcomes that are known are 0 or 1."""
        import numpy as np

        held = self.truth[self.known]
        return bool(held.size and np.isin(held, (0.0, 1.0)).all())

    def chunk(self, place: int) -> np.ndarray:
        """The rows of a chunk."""
        import numpy as np

        return np.arange(self.edges[place], self.edges[place + 1])

    def runs(self, places: Sequence[int]) -> list[tuple[int, int]]:
        """The first and the last of chunks that follow each other."""
        found: list[tuple[int, int]] = []
        for place in places:
            if found and found[-1][1] == place - 1:
                found[-1] = found[-1][0], place
            else:
                found.append((place, place))
        return found

    def span(
        self, first: int, last: int, *, timezone: str, min_n: int
    ) -> tuple[datetime, datetime | None]:
        """From when to when chunks last; no end where none of so many rows follows."""
        import numpy as np

        since = periods.bounds(self.labels[first], timezone=timezone).start
        if (np.diff(self.edges)[last + 1 :] < min_n).all():
            return since, None
        return since, periods.bounds(self.labels[last], timezone=timezone).end


def answered(
    labelled: pd.DataFrame,
    reference: pd.DataFrame | None,
    *,
    as_of: datetime,
    delay: timedelta,
    every: periods.Every,
    timezone: str,
    features: Sequence[Any],
) -> Answered:
    """Take the rows whose outcome is due, and cut them.

    Parameters
    ----------
    labelled : DataFrame of shape (n, n_columns)
    reference : DataFrame of shape (n_reference, n_columns), or None
    as_of : datetime
    delay : timedelta
    every, timezone : str
    features : sequence of column names

    Returns
    -------
    Answered

    Raises
    ------
    ValueError
        When times have no zone.
    """
    import numpy as np
    import pandas as pd

    wanted = dict.fromkeys(
        ["time", "outcome", "score", "version", "known_at", *features]
    )
    parts, chunks, order = [], [], []
    trusted = 0
    for frame in (reference, labelled):
        if frame is None:
            continue
        times = profiles.column(frame, "time")
        due = periods.mature(times, as_of=as_of, delay=delay)
        held = frame.loc[np.asarray(due), [x for x in wanted if x in frame.columns]]
        names = periods.chunk_of(held["time"], every=every, timezone=timezone)
        codes, labels = pd.factorize(names, sort=True)
        if frame is reference:
            trusted = len(labels)
        parts.append(held.iloc[np.argsort(codes, kind="stable")])
        order.append(np.bincount(codes, minlength=len(labels)))
        chunks += [str(label) for label in labels]
    rows = pd.concat(parts, ignore_index=True) if len(parts) > 1 else parts[0]
    outcome = profiles.column(rows, "outcome")
    known = outcome.notna().to_numpy()
    seconds = profiles.numbers(profiles.column(rows, "time"))
    came = profiles.numbers(profiles.column(rows, "known_at"))
    came = np.where(np.isnan(came), seconds, came)
    known = known & (came <= as_of.timestamp())
    code = pd.factorize(outcome)[0].astype(np.int64)
    code[~known] = -1
    truth = pd.to_numeric(outcome, errors="coerce").to_numpy(
        dtype=float, na_value=np.nan
    )
    return Answered(
        rows,
        tuple(chunks),
        np.append(0, np.cumsum(np.concatenate(order))).astype(np.int64),
        trusted,
        known,
        code,
        np.where(known, truth, np.nan),
        profiles.numbers(profiles.column(rows, "score")),
        pd.factorize(profiles.column(rows, "version"))[0],
        np.where(known, np.maximum(came - seconds, 0.0), np.inf),
        as_of.timestamp() - seconds,
        tuple(features),
    )
