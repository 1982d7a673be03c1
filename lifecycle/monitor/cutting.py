"""The segments of a table: values of its columns, and pairs of them."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from itertools import combinations, pairwise
from typing import TYPE_CHECKING, Any

from lifecycle import profiles
from lifecycle.monitor.reading import HOUSE
from lifecycle.monitor.saying import line

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

__all__ = ["Cut", "columns", "cuts", "pairs"]

_FEW = 10  # so many distinct numbers are values, more are cut at quartiles


@dataclass(frozen=True, slots=True)
class Cut:
    """One column, or a pair, as segments.

    Parameters
    ----------
    names : sequence of str
        "plan=free", "age 25 to 40", "city missing".
    codes : ndarray of int, shape (n,)
        Place in `names`; -1 in no segment.
    parts : sequence of tuple of str
        Of a pair the names of the two segments it is made of.
    """

    names: Sequence[str]
    codes: np.ndarray
    parts: Sequence[tuple[str, ...]] = ()


def columns(frame: pd.DataFrame, by: Sequence[Any] | None) -> list[Any]:
    """The columns to cut by: those named, or all but the house's own."""
    if by is None:
        return [
            name
            for name in frame.columns
            if name not in HOUSE and not str(name).startswith("score_")
        ]
    for name in by:
        if name not in frame.columns:
            raise ValueError(f"there is no column {line(name)!r}; mend the name in by")
    return list(dict.fromkeys(by))


def cuts(
    frame: pd.DataFrame, names: Iterable[Any], reference: pd.DataFrame | None
) -> list[Cut]:
    """A cut a column; numbers at the quartiles of the reference."""
    made = []
    for name in names:
        column = profiles.column(frame, name)
        before = column
        if reference is not None and name in reference.columns:
            before = profiles.column(reference, name)
        if profiles.kind_of(before, column) == "numeric":
            made.append(_numbers(line(name), column, before))
        else:
            made.append(_names(line(name), column))
    return made


def pairs(single: Sequence[Cut], least: int) -> list[Cut]:
    """Every two columns together, segments of at least so many rows."""
    import numpy as np

    made = []
    for first, second in combinations(single, 2):
        width = len(second.names)
        both = np.where(
            (first.codes >= 0) & (second.codes >= 0),
            first.codes.astype(np.int64) * width + second.codes,
            -1,
        )
        size = len(first.names) * width
        if size > 4 * len(both) + 1000:  # mostly cells that do not occur
            found, both = np.unique(both, return_inverse=True)
            counts = np.bincount(both)
        else:
            found, both = np.arange(-1, size), both + 1
            counts = np.bincount(both, minlength=size + 1)
        kept = (found >= 0) & (counts >= least)
        place = np.where(kept, np.cumsum(kept) - 1, -1)
        parts = [
            (first.names[cell // width], second.names[cell % width])
            for cell in found[kept].tolist()
        ]
        names = [" and ".join(each) for each in parts]
        made.append(Cut(names, place[both], parts))
    return made


def _names(name: str, column: pd.Series[Any]) -> Cut:
    import numpy as np
    import pandas as pd

    values = column.astype(object)
    # whole numbers too large for a float make no index in every version of pandas
    try:
        codes, found = pd.factorize(values.to_numpy())
    except TypeError:  # lists and other values without a hash
        codes, found = pd.factorize(values.map(repr, na_action="ignore").to_numpy())
    names = [f"{name}={line(value)}" for value in found]
    if (codes < 0).any():
        codes = np.where(codes < 0, len(names), codes)
        names.append(f"{name} missing")
    return Cut(names, codes)


def _numbers(name: str, column: pd.Series[Any], reference: pd.Series[Any]) -> Cut:
    import numpy as np

    values, before = profiles.numbers(column), profiles.numbers(reference)
    before = before[np.isfinite(before)]
    moments = column.dtype.kind == "M" or any(
        isinstance(each, date) for each in column.dropna().head(1)
    )
    known = np.unique(values[~np.isnan(values)])
    if known.size <= _FEW:
        codes = np.searchsorted(known, values)
        names = [f"{name}={_said(each, moments)}" for each in known.tolist()]
    else:
        edges = np.unique(np.quantile(before, [0.25, 0.5, 0.75]) if before.size else [])
        codes = np.searchsorted(edges, values, side="right")
        said = [_said(each, moments) for each in edges.tolist()]
        names = [f"{name} {a} to {b}" for a, b in pairwise(said)]
        if said:
            names = [f"{name} below {said[0]}", *names, f"{name} {said[-1]} or more"]
        else:
            names = [f"{name} known"]
    codes = np.where(np.isnan(values), len(names), codes)
    return Cut([*names, f"{name} missing"], codes)


def _said(value: float, moment: bool) -> str:
    if moment and math.isfinite(value):
        return datetime.fromtimestamp(value, UTC).date().isoformat()
    if abs(value) < 1e15 and value == math.floor(value):
        return f"{value:.0f}"
    return f"{value:.4g}"
