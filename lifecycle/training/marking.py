"""Rows that nothing is learned from, and the sentences that say why."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from lifecycle.findings import Finding

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import pandas as pd

__all__ = ["Lost", "again", "masks", "told_of"]

_PLAIN = "they are marked as not fit to be learned from"
_CUT = 160


@dataclass(frozen=True)
class Lost:
    """Rows left out for one reason.

    Parameters
    ----------
    why : str
        The reason, one line.
    rows, n : int
        So many of the n rows that would have been there.
    since, until : str
        Days of the first and the last of them; empty without any.
    runs : tuple of (int, int)
        Where the marked rows lie among all rows in order: first and count.
    """

    why: str
    rows: int
    n: int
    since: str
    until: str
    runs: tuple[tuple[int, int], ...]

    @property
    def sentence(self) -> str:
        """Which rows and why, for a person."""
        many = "1 row" if self.rows == 1 else f"{self.rows:,} rows"
        days = f"of {self.since}"
        if self.until != self.since:
            days = f"from {self.since} to {self.until}"
        verb = "is" if self.rows == 1 else "are"
        return f"{many} {days} {verb} left out: {self.why}."

    @property
    def finding(self) -> Finding:
        """Which share of the rows is not there."""
        share = self.rows / self.n if self.n else float("nan")
        return Finding("left_out", share, self.n, subject=self.why, unit="%")

    def facts(self) -> dict[str, Any]:
        """All of it as JSON."""
        told = {"why": self.why, "rows": self.rows, "runs": [*map(list, self.runs)]}
        return told | {"since": self.since, "until": self.until}


def masks(
    left_out: npt.ArrayLike | Sequence[tuple[npt.ArrayLike, str]] | None,
    order: np.ndarray,
) -> list[tuple[np.ndarray, str]]:
    """The marks of each reason, in the order of the rows.

    Parameters
    ----------
    left_out : array-like of bool, or sequence of (array-like of bool, str)
        As `material` takes it.
    order : ndarray of int, shape (n,)
        Positions of the rows in order.
    """
    import numpy as np

    if left_out is None:
        return []
    told: Iterable[tuple[Any, str]] = [(left_out, _PLAIN)]
    if isinstance(left_out, Sequence) and all(_is_pair(each) for each in left_out):
        told = left_out  # type: ignore[assignment]
    found = []
    for mask, why in told:
        marked = np.asarray(mask)
        if marked.shape != order.shape or marked.dtype != bool:
            raise ValueError(
                f"left_out must mark each of the {len(order)} rows with True or False, "
                f"got {marked.dtype} of shape {marked.shape}"
            )
        if marked.any():
            found.append((marked[order], _line(why)))
    return found


def told_of(
    reasons: Sequence[tuple[np.ndarray, str]], frame: pd.DataFrame, wanted: np.ndarray
) -> list[Lost]:
    """What each reason costs of the rows that were wanted."""
    import numpy as np

    found = []
    for mask, why in reasons:
        gone = np.flatnonzero(mask & wanted)
        days = ["", ""]
        if len(gone):
            times = frame["time"].iloc[gone[[0, -1]]]
            days = [str(moment.date()) for moment in times]
        total = int(wanted.sum())
        found.append(Lost(why, len(gone), total, days[0], days[1], _runs(mask)))
    return found


def again(
    lost: Sequence[Mapping[str, Any]], order: np.ndarray
) -> list[tuple[np.ndarray, str]]:
    """The marks that `Lost.facts` tells of, for rows in whatever order they are now."""
    import numpy as np

    found = []
    for each in lost:
        marked = np.zeros(len(order), dtype=bool)
        for first, count in each["runs"]:
            marked[order[first : first + count]] = True
        found.append((marked, str(each["why"])))
    return found


def _runs(mask: np.ndarray) -> tuple[tuple[int, int], ...]:
    import numpy as np

    edges = np.flatnonzero(np.diff(np.concatenate([[0], mask.astype(int), [0]])))
    pairs = edges.reshape(-1, 2).tolist()
    return tuple((first, last - first) for first, last in pairs)


def _is_pair(each: object) -> bool:
    return isinstance(each, tuple) and len(each) == 2 and isinstance(each[1], str)


def _line(text: str) -> str:
    """A reason on one line, cut when it is endless, without the full stop."""
    line = " ".join("".join(c if c.isprintable() else " " for c in text).split())
    line = line.rstrip(".")
    return line if len(line) <= _CUT else line[: _CUT - 1] + "…"
