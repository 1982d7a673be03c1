"""Which windows lie how many chunks after which."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING

from lifecycle import periods
from lifecycle.training.windows import Part

if TYPE_CHECKING:
    import numpy as np

__all__ = ["after", "ahead", "blind", "chunk_number"]


def chunk_number(label: str) -> int:
    """Chunks in a row have numbers in a row.

    Examples
    --------
    >>> chunk_number("2021-W01") - chunk_number("2020-W53")
    1
    >>> chunk_number("2023-03") - chunk_number("2022-12")
    3
    """
    year = int(label[:4])
    if "W" in label:
        return date.fromisocalendar(year, int(label[6:]), 1).toordinal() // 7
    if len(label) == 7:
        return 12 * year + int(label[5:])
    return date.fromisoformat(label).toordinal()


def after(
    part: Part, parts: Sequence[Part], lags: Sequence[int]
) -> list[tuple[int, Part]]:
    """The later windows that begin one of the lags after a window, nearest first."""
    start = chunk_number(part.label)
    gaps = [(chunk_number(other.label) - start, other) for other in parts]
    return sorted(
        ((gap, other) for gap, other in gaps if gap in set(lags)),
        key=lambda pair: pair[0],
    )


def ahead(
    part: Part, labels: np.ndarray, newest: Part, lags: Sequence[int]
) -> np.ndarray:
    """Positions of rows beyond the newest window, one of the lags after a window.

    Their outcomes are not due; their scores will be asked for when they are.
    """
    import numpy as np

    start, last = chunk_number(part.label), chunk_number(newest.label)
    wanted = [
        label
        for label in set(labels)
        if (number := chunk_number(label)) >= last and number - start in set(lags)
    ]
    return np.flatnonzero(np.isin(labels, np.array(wanted, dtype=object)))


def blind(
    part: Part, *, delay: timedelta, chunk: periods.Every, timezone: str
) -> tuple[int, str, datetime] | None:
    """The last window whose candidates have not seen a row of this one.

    How many chunks later it begins, its label and its start; None where the outcomes of
    a window are due before the next one begins.
    """
    label = periods.chunk_at(part.start + delay, every=chunk, timezone=timezone)
    lag = chunk_number(label) - chunk_number(part.label)
    if lag < 1:
        return None
    return lag, label, periods.bounds(label, timezone=timezone).start
