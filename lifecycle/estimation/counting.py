"""Scores counted by chunk, without a table of the rows."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from lifecycle import calibration, periods

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

__all__ = ["cells_by_chunk"]

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def cells_by_chunk(
    time: npt.ArrayLike,
    y_score: npt.ArrayLike,
    y_pred: npt.ArrayLike,
    y_true: npt.ArrayLike | None = None,
    *,
    chunk: periods.Every = "week",
    timezone: str = "UTC",
) -> dict[str, calibration.Cells]:
    """Count scores on cells, chunk by chunk: millions of rows in a moment.

    Rows without a time, a score or a prediction are left out. The cells of two files
    add up label by label, and `from_cells` estimates from them.

    Parameters
    ----------
    time : array-like of shape (n,)
        Moments, with a time zone or in UTC: a Series, an Arrow column as numpy gives it
        (`datetime64`), or datetimes with a zone.
    y_score : array-like of shape (n,)
        Probabilities of 1.
    y_pred : array-like of shape (n,)
        Predictions, 0 or 1.
    y_true : array-like of shape (n,), optional
        Outcomes, 0 or 1, missing where not known.
    chunk : {"week", "month", "day"}
        Length of a chunk.
    timezone : str
        The zone in which days begin.

    Returns
    -------
    dict of str to Cells
        By label, oldest first; chunks without rows are left out.

    Examples
    --------
    >>> import numpy as np
    >>> days = np.array(["2023-04-03", "2023-04-12"], dtype="datetime64[us]")
    >>> list(cells_by_chunk(days, [0.2, 0.9], [0, 1]))
    ['2023-W14', '2023-W15']
    """
    import numpy as np

    from lifecycle.intervals import floats

    moments = _microseconds(time)
    score, guess = floats(y_score), floats(y_pred)
    truth = None if y_true is None else floats(y_true)
    if not moments.size == score.size == guess.size:
        raise ValueError(
            f"times, scores and predictions must be of the same rows, got "
            f"{moments.size}, {score.size} and {guess.size}; join them by id first"
        )
    known = moments != np.iinfo(np.int64).min
    if not known.all():
        moments, score, guess = moments[known], score[known], guess[known]
        truth = None if truth is None else truth[known]
    if not moments.size:
        return {}
    first, last = int(moments.min()), int(moments.max())
    labels, starts = _starts(first, last, chunk, timezone)
    place = np.searchsorted(np.array(starts), moments, side="right") - 1
    made = {}
    for at, rows in _slices(place, len(labels)):
        made[labels[at]] = calibration.Cells.count(
            score[rows], guess[rows], None if truth is None else truth[rows]
        )
    return made


def _microseconds(time: npt.ArrayLike) -> np.ndarray:
    """Microseconds since 1970 in UTC; the smallest integer where missing."""
    import numpy as np

    values = time if isinstance(time, np.ndarray) else getattr(time, "array", time)
    if isinstance(values, np.ndarray) and values.dtype.kind == "M":
        return values.astype("datetime64[us]").astype(np.int64)
    import pandas as pd

    moments = pd.DatetimeIndex(values)  # type: ignore[arg-type]
    if moments.tz is not None:
        moments = moments.tz_convert("UTC").tz_localize(None)
    return moments.to_numpy().astype("datetime64[us]").astype(np.int64)


def _starts(
    first: int, last: int, chunk: periods.Every, timezone: str
) -> tuple[list[str], list[int]]:
    """Labels of the chunks that hold two moments and all between, and their starts."""
    labels: list[str] = []
    starts: list[int] = []
    end = first
    while not starts or end <= last:
        label = _label(end, chunk, timezone)
        period = periods.bounds(label, timezone=timezone)
        labels.append(label)
        start, end = (
            (moment - _EPOCH) // timedelta(microseconds=1)
            for moment in (period.start, period.end)
        )
        starts.append(start)
    return labels, starts


def _label(moment: int, chunk: periods.Every, timezone: str) -> str:
    from zoneinfo import ZoneInfo

    day = (_EPOCH + timedelta(microseconds=moment)).astimezone(ZoneInfo(timezone))
    if chunk == "month":
        return f"{day:%Y-%m}"
    if chunk == "day":
        return f"{day:%Y-%m-%d}"
    if chunk != "week":
        raise ValueError(f"chunk must be week, month or day, got {chunk!r}")
    year, week, _ = day.isocalendar()
    return f"{year:04d}-W{week:02d}"


def _slices(place: np.ndarray, size: int) -> list[tuple[int, slice | np.ndarray]]:
    """The rows of each chunk that has any; slices where the rows are in order."""
    import numpy as np

    if bool((place[1:] >= place[:-1]).all()):
        ends = np.searchsorted(place, np.arange(size + 1)).tolist()
        return [
            (at, slice(ends[at], ends[at + 1]))
            for at in range(size)
            if ends[at] < ends[at + 1]
        ]
    order = np.argsort(place, kind="stable")
    ends = np.searchsorted(place[order], np.arange(size + 1)).tolist()
    return [
        (at, order[ends[at] : ends[at + 1]])
        for at in range(size)
        if ends[at] < ends[at + 1]
    ]
