"""The desk: where the columns of a file become the house's, and faults are noted."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING, Any

from lifecycle.logs import cells
from lifecycle.logs.columns import Columns
from lifecycle.logs.problems import Problem

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import pandas as pd

    from lifecycle.logs.readers import Raw

__all__ = ["CANON", "FEEDBACK_KINDS", "Desk", "strings"]

FEEDBACK_KINDS = ("flag", "override", "correction", "issue", "usage", "label")


def strings(values: Any) -> pd.Series:
    """Text with missing values, as pandas holds what it reads from Arrow."""
    import pyarrow as pa

    column: pd.Series = pa.array(values, pa.string()).to_pandas()
    return column


class Desk:
    """Takes columns out of a raw file and notes what is wrong with their cells.

    Parameters
    ----------
    raw : Raw
        What the file holds.
    """

    def __init__(self, raw: Raw) -> None:
        self.raw = raw
        self.problems: list[Problem] = []
        self.bad: set[int] = set()

    def has(self, column: str | None) -> bool:
        """Whether the file has this column."""
        return column is not None and column in self.raw.table.column_names

    def names(self, column: str | None, *, needed: bool = False) -> pd.Series:
        """Text, all missing where the file has no such column."""
        if column is None or not self.has(column):
            return strings([None] * len(self.raw.lines))
        found = self._take(column, cells.names(self.raw.table[column], needed=needed))
        return strings(found)

    def numbers(
        self,
        column: str | None,
        *,
        lower: float = -float("inf"),
        upper: float = float("inf"),
    ) -> npt.NDArray[np.float64]:
        """Numbers, all `nan` where the file has no such column."""
        import numpy as np

        if column is None or not self.has(column):
            return np.full(len(self.raw.lines), np.nan)
        array = self.raw.table[column]
        found = self._take(column, cells.numbers(array, lower=lower, upper=upper))
        return np.asarray(found, dtype=float)

    def truths(
        self, column: str | None, positive: str | None, *, needed: bool = False
    ) -> npt.NDArray[np.float64]:
        """0 or 1, all `nan` where the file has no such column."""
        import numpy as np

        if column is None or not self.has(column):
            return np.full(len(self.raw.lines), np.nan)
        array = self.raw.table[column]
        checked = cells.truths(array, positive=positive, needed=needed)
        return np.asarray(self._take(column, checked), dtype=float)

    def labels(self, column: str | None, told: Columns, *, needed: bool = False) -> Any:
        """What was predicted or came true, as the task has it; missing where it is."""
        import numpy as np

        if told.task == "binary":
            return self.truths(column, told.positive, needed=needed)
        if told.task == "multiclass":
            return self.names(column, needed=needed)
        values = self.numbers(column)
        if needed and column is not None:
            self.note(np.isnan(values) & ~self._noted(), cells.ABSENT, column)
        return values

    def _noted(self) -> npt.NDArray[np.bool_]:
        import numpy as np

        noted = np.zeros(len(self.raw.lines), dtype=bool)
        noted[list(self.bad)] = True
        return noted

    def moments(self, column: str, timezone: str) -> pd.Series:
        """Moments in UTC."""
        import pandas as pd

        checked = cells.moments(self.raw.table[column], timezone=timezone)
        return pd.Series(pd.DatetimeIndex(self._take(column, checked), tz="UTC"))

    def words(self, column: str, known: tuple[str, ...], reason: str) -> pd.Series:
        """One of a few words, in lower case."""

        def meaning(word: str) -> str | None:
            return word.lower() if word.lower() in known else None

        found, checked = cells.choices(
            self.raw.table[column], meaning, reason, missing=cells.ABSENT
        )
        self._take(column, checked)
        return strings(found)

    def note(self, rows: npt.NDArray[np.bool_], reason: str, column: str) -> None:
        """Rows that are bad, with what stands in the column there."""
        import numpy as np

        indices = np.flatnonzero(rows)
        values = self.raw.table[column].take(indices).to_pylist()
        for index, value in zip(indices.tolist(), values, strict=True):
            empty = value is None or str(value).strip() == ""
            self.refuse(index, reason, column, None if empty else str(value))

    def refuse(self, index: int, reason: str, column: str, value: str | None) -> None:
        """One bad row."""
        line = self.raw.lines[index]
        self.bad.add(index)
        self.problems.append(
            Problem(self.raw.file, reason, line, column, value, self.raw.place)
        )

    def _take(self, column: str, checked: cells.Checked) -> Any:
        for rows, reason in checked.faults:
            self.note(rows, reason, column)
        return checked.values


def _predictions(
    desk: Desk, columns: Columns, as_of: datetime, timezone: str
) -> dict[str, Any]:
    import numpy as np

    frame: dict[str, Any] = {
        "id": desk.names(columns.id, needed=True),
        "time": desk.moments(columns.time, timezone),
    }
    frame |= {name: desk.numbers(name) for name in columns.numeric}
    frame |= {name: desk.names(name) for name in (*columns.categorical, *columns.text)}
    frame |= {n: desk.numbers(n) for n in columns.offered_numeric if desk.has(n)}
    frame |= {n: desk.names(n) for n in columns.offered_categorical if desk.has(n)}
    ends = {} if columns.task == "regression" else {"lower": 0.0, "upper": 1.0}
    score = desk.numbers(columns.score, **ends)
    said = desk.labels(columns.prediction, columns)
    if columns.task == "binary":
        derived = np.where(np.isnan(score), np.nan, score >= columns.threshold)
        said = np.where(np.isnan(said), derived, said)
    if columns.task == "regression":  # the score of an amount is the amount
        score = said = np.where(np.isnan(said), score, said)
    return frame | {
        "score": score,
        "prediction": said,
        "version": desk.names(columns.version),
        "role": desk.names(None),
    }


def _outcomes(
    desk: Desk, columns: Columns, as_of: datetime, timezone: str
) -> dict[str, Any]:
    import pandas as pd

    if columns.outcome_time and desk.has(columns.outcome_time):
        known = desk.moments(columns.outcome_time, timezone)
    else:
        moment = pd.Timestamp(as_of).tz_convert("UTC").floor("us").as_unit("us")
        known = pd.Series([moment] * len(desk.raw.lines), dtype="datetime64[us, UTC]")
    return {
        "id": desk.names(columns.id, needed=True),
        "time": known,
        "outcome": desk.labels(columns.outcome, columns, needed=True),
    }


def _feedback(
    desk: Desk, columns: Columns, as_of: datetime, timezone: str
) -> dict[str, Any]:
    reason = f"is no kind of feedback; write one of {', '.join(FEEDBACK_KINDS)}"
    return {
        "feedback_id": desk.names(columns.feedback_id),
        "id": desk.names(columns.id, needed=True),
        "time": desk.moments(columns.feedback_time, timezone),
        "kind": desk.words(columns.feedback_kind, FEEDBACK_KINDS, reason),
        "label": desk.labels(columns.label, columns),
        "person": desk.names(columns.person),
        "reason": desk.names(columns.reason),
        "source": desk.names(columns.source),
    }


def _events(
    desk: Desk, columns: Columns, as_of: datetime, timezone: str
) -> dict[str, Any]:
    return {
        "event_id": desk.names(columns.event_id),
        "id": desk.names(columns.id, needed=True),
        "time": desk.moments(columns.event_time, timezone),
        "kind": desk.names(columns.event_kind, needed=True),
        "value": desk.numbers(columns.value),
    }


CANON: dict[str, Callable[[Desk, Columns, datetime, str], dict[str, Any]]] = {
    "predictions": _predictions,
    "outcomes": _outcomes,
    "feedback": _feedback,
    "events": _events,
}
"""For each kind of file, how its canonical columns are made."""
