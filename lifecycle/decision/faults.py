"""Faults of the data as a ruling sees them: the windows touched, and the cost."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from statistics import NormalDist
from typing import TYPE_CHECKING, Any

from lifecycle import periods
from lifecycle.decision.words import Words, line, some

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import pandas as pd

__all__ = ["DataFault", "clean", "left_out", "missing", "touched"]


@dataclass(frozen=True, slots=True)
class DataFault:
    """Something wrong with the data upstream of a model.

    While it lasts the ruling is to mend it; once it is over its windows are left out
    of the evidence. One that the owner has accepted is how the data are now: its
    windows count like any others.

    Parameters
    ----------
    sentence : str
        What is wrong.
    since, until : datetime, optional
        The first moment touched and the first no longer touched; without `until` it
        lasts.
    chunks : sequence of str
        Labels of the chunks it touches. Without them, the moments say it; without
        either, every window is touched.
    n : int
        Rows touched.
    extra_loss : float
        By how much the champion's mean loss is higher on touched rows than on clean
        ones; `nan` where that is not known.
    variance : float
        Of `extra_loss`.
    rows_per_week : float
        Predictions a week that it touches; those of the ruling where `nan`.
    accepted : bool
        The owner has said that the data will stay like this.

    Raises
    ------
    ValueError
        When a number makes no sense, or the fault ends before it begins.

    Examples
    --------
    >>> fault = DataFault("age is frozen since 2023-04-03", chunks=("2023-W14",))
    >>> fault
    <DataFault age is frozen since 2023-04-03: lasts, 1 chunk, 0 rows>
    >>> fault.lasts
    True
    """

    sentence: str
    since: datetime | None = None
    until: datetime | None = None
    chunks: Sequence[str] = ()
    n: int = 0
    extra_loss: float = math.nan
    variance: float = math.nan
    rows_per_week: float = math.nan
    accepted: bool = False

    def __post_init__(self) -> None:
        for name in ("n", "variance", "rows_per_week"):
            if getattr(self, name) < 0 or math.isinf(getattr(self, name)):
                raise ValueError(
                    f"{name} of a fault must be 0 or more, got {getattr(self, name)}; "
                    "mend it"
                )
        if math.isinf(self.extra_loss):
            raise ValueError("extra_loss of a fault is infinite; use nan if not known")
        for name in ("since", "until"):
            moment = getattr(self, name)
            if moment is not None and moment.tzinfo is None:
                raise ValueError(
                    f"{name} has no time zone: {moment}; add tzinfo=timezone.utc"
                )
        first, last = self.since, self.until
        if first is not None and last is not None and last < first:
            raise ValueError(
                f"the fault ends at {last}, before it begins at {first}; exchange them"
            )
        object.__setattr__(self, "sentence", line(self.sentence, 200).rstrip("."))
        object.__setattr__(self, "chunks", tuple(str(each) for each in self.chunks))

    @property
    def lasts(self) -> bool:
        """Whether it is still there and nobody has accepted it."""
        return self.until is None and not self.accepted

    @classmethod
    def measured(
        cls,
        sentence: str,
        loss: npt.ArrayLike,
        chunks: npt.ArrayLike,
        touched: npt.ArrayLike,
        *,
        since: datetime | None = None,
        until: datetime | None = None,
        rows_per_week: float = math.nan,
        accepted: bool = False,
    ) -> DataFault:
        r"""A fault with what it costs, measured on rows.

        Undefined, and therefore `nan`, is the extra loss when no touched or no clean
        row has its outcome, and its variance when fewer than two chunks are clean.

        Parameters
        ----------
        sentence : str
            What is wrong.
        loss : array-like of shape (n,)
            The champion's loss of each row; `nan` where the outcome is not known.
        chunks : array-like of shape (n,)
            The label of each row's chunk.
        touched : array-like of bool, shape (n,)
            Which rows the fault touches, as `quality.Fault.touches` marks them.
        since, until, rows_per_week, accepted
            As of the fault.

        Returns
        -------
        DataFault

        Raises
        ------
        ValueError
            When the three are not of one length.

        Notes
        -----
        The rows of a chunk share what happened in it, so chunks are the sample: with
        the variance :math:`s^2` of the mean loss between :math:`k` clean chunks, and
        :math:`j` touched ones, the variance of the difference is
        :math:`s^2 (1/j + 1/k)`.

        Examples
        --------
        >>> fault = DataFault.measured("age is frozen", [0, 1, 0, 0, 1, 1],
        ...     ["W1", "W1", "W2", "W2", "W3", "W3"], [False] * 4 + [True] * 2)
        >>> fault.chunks, fault.n, fault.extra_loss, round(fault.variance, 4)
        (('W3',), 2, 0.75, 0.1875)
        """
        import numpy as np

        losses = np.asarray(loss, dtype=float)
        labels = np.asarray(chunks, dtype=object).astype(str)
        marked = np.asarray(touched, dtype=bool)
        if not losses.shape == labels.shape == marked.shape or losses.ndim != 1:
            raise ValueError(
                f"loss, chunks and touched must be of one length, got {losses.shape}, "
                f"{labels.shape} and {marked.shape}; give one value a row of each"
            )
        known = ~np.isnan(losses)
        bad, good = known & marked, known & ~marked
        extra = variance = math.nan
        if bad.any() and good.any():
            extra = float(losses[bad].mean() - losses[good].mean())
            means = _means(losses[good], labels[good])
            if len(means) > 1:
                count = len(set(labels[bad]))
                variance = float(means.var(ddof=1)) * (1 / count + 1 / len(means))
        return cls(
            sentence,
            since,
            until,
            tuple(sorted(set(labels[marked]))),
            int(marked.sum()),
            extra,
            variance,
            rows_per_week,
            accepted,
        )

    def cost(
        self, *, rows_per_week: float, error: float, level: float = 0.90
    ) -> tuple[float, float, float]:
        """What the fault costs a week while it lasts, with its interval.

        Parameters
        ----------
        rows_per_week : float
            Where the fault does not say how many rows a week it touches.
        error : float
            The price of a loss of 1.
        level : float

        Returns
        -------
        value, lower, upper : float
            `nan` where it is not known.

        Examples
        --------
        >>> fault = DataFault("age is frozen", extra_loss=0.1, variance=0.0004)
        >>> [round(end) for end in fault.cost(rows_per_week=400, error=10)]
        [400, 268, 532]
        """
        rows = rows_per_week if math.isnan(self.rows_per_week) else self.rows_per_week
        scale = rows * error
        half = NormalDist().inv_cdf((1 + level) / 2) * math.sqrt(self.variance)
        ends = self.extra_loss - half, self.extra_loss + half
        return self.extra_loss * scale, ends[0] * scale, ends[1] * scale

    def says(self, words: Words, *, rows_per_week: float, error: float) -> str:
        """What is wrong and what it costs, without a full stop."""
        value, lower, upper = self.cost(
            rows_per_week=rows_per_week, error=error, level=words.level
        )
        if math.isnan(value):
            return f"{self.sentence}; what it costs is not known yet"
        if value <= 0:
            return f"{self.sentence}; no loss from it can be shown yet"
        ends = "" if math.isnan(lower) else f" ({words.between(lower, upper)})"
        costs = f"costs about {words.money(value)} a week{ends} while it lasts"
        return f"{self.sentence}, which {costs}"

    def facts(self) -> dict[str, Any]:
        """The fault as plain values."""
        numbers = ("extra_loss", "variance", "rows_per_week")
        return {
            "sentence": self.sentence,
            "since": None if self.since is None else self.since.isoformat(),
            "until": None if self.until is None else self.until.isoformat(),
            "chunks": list(self.chunks),
            "n": int(self.n),
            **{
                name: None if math.isnan(value) else float(value)
                for name in numbers
                for value in [getattr(self, name)]
            },
            "accepted": self.accepted,
            "lasts": self.lasts,
        }

    def __repr__(self) -> str:
        state = "lasts" if self.lasts else "accepted" if self.accepted else "over"
        plural = "" if len(self.chunks) == 1 else "s"
        counts = f"{len(self.chunks)} chunk{plural}, {self.n:,} rows"
        return f"<DataFault {self.sentence}: {state}, {counts}>"


def clean(table: pd.DataFrame, faults: Sequence[DataFault]) -> pd.DataFrame:
    """The rows of a back-test's table whose window no fault touches.

    The ages stay: a gap is a gap, and what is older stays older.

    Examples
    --------
    >>> import pandas as pd
    >>> table = pd.DataFrame({"window": ["2023-W13", "2023-W14"], "age": [1, 0]})
    >>> clean(table, [DataFault("frozen", chunks=["2023-W14"])])["age"].tolist()
    [1]
    """
    marked = [touched(table, fault) for fault in faults if not fault.accepted]
    for each in marked:
        table = table[~each[table.index]]
    return table


def touched(table: pd.DataFrame, fault: DataFault) -> pd.Series[bool]:
    """Which rows of a back-test's table lie in a window that a fault touches.

    A window put together from several chunks is touched when one of them is; where
    `start` and `end` are given they tell which ones those are.
    """
    import pandas as pd

    moments = {"start", "end"} <= set(table.columns)
    if not fault.chunks and fault.since is None and fault.until is None:
        return pd.Series(True, index=table.index)
    if not fault.chunks:
        if not moments:
            raise ValueError(
                f"the fault {fault.sentence!r} names no chunks and the table has no "
                "start and end of its windows; give the fault its chunks"
            )
        within = pd.Series(True, index=table.index)
        if fault.since is not None:
            within &= table["end"] > pd.Timestamp(fault.since)
        if fault.until is not None:
            within &= table["start"] < pd.Timestamp(fault.until)
        return within
    if "window" not in table.columns:
        raise ValueError(
            f"the fault {fault.sentence!r} names chunks and the table has no column "
            "window; add the label of each window"
        )
    within = table["window"].astype(str).isin(fault.chunks)
    if moments:
        for middle in _middles(fault.chunks):
            within |= (table["start"] <= middle) & (middle < table["end"])
    return within


def missing(table: pd.DataFrame, faults: Sequence[DataFault]) -> tuple[str, ...]:
    """Chunks that faults touch and that a back-test has left out by itself.

    Those before its oldest window it would not have tested anyway.
    """
    chunks = {c for fault in faults if not fault.accepted for c in fault.chunks}
    if not len(table) or "window" not in table.columns:
        return tuple(sorted(chunks))
    oldest = table["window"].astype(str).min()
    return tuple(
        chunk
        for chunk in sorted(chunks)
        if chunk > oldest and not touched(table, DataFault("", chunks=[chunk])).any()
    )


def left_out(windows: Sequence[str], faults: Sequence[DataFault]) -> str:
    """Say which windows are left out, and for what."""
    if not windows:
        return ""
    verb = "is" if len(windows) == 1 else "are"
    causes = "; ".join(dict.fromkeys(fault.sentence for fault in faults))
    return f"{some(windows)} {verb} left out: {line(causes, 200)}."


def _middles(chunks: Sequence[str]) -> list[pd.Timestamp]:
    """The middle of each chunk, which no difference of time zones moves out of it."""
    import pandas as pd

    found = []
    for label in chunks:
        try:
            period = periods.bounds(label)
        except ValueError:  # a label of the caller's own, which names a window
            continue
        found.append(pd.Timestamp(period.start + (period.end - period.start) / 2))
    return found


def _means(losses: np.ndarray, labels: np.ndarray) -> np.ndarray:
    import numpy as np

    _, place = np.unique(labels, return_inverse=True)
    return np.bincount(place, weights=losses) / np.bincount(place)
