"""What is asked of a router: ids, keys and moments of a request, checked quickly."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from itertools import zip_longest
from typing import TYPE_CHECKING, Any

from lifecycle import errors
from lifecycle.logs import problems, schema

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

    from lifecycle.workspace.answering import Attempt

__all__ = ["counted", "moment_of", "moments", "name_of", "names", "unchanging"]

MOST = 1000
"""Characters of an id or a key at most."""
_KEPT = frozenset(
    {*schema.CANONICAL["predictions"], "outcome", "known_at", ""} - {"id"}
)


def name_of(value: Any, column: str) -> str:
    """An id or a key as text.

    Raises
    ------
    InputError
        There is none, the log cannot hold it, or has the column for itself.

    Examples
    --------
    >>> name_of(7, "id")
    '7'
    """
    if column in _KEPT or not column.isprintable():
        raise _taken(column)
    text = value if type(value) is str else _text(value)
    if not 0 < len(text) <= MOST or not (text.isascii() or _whole(text)):
        raise _refusal(text, column)
    return text


def names(frame: pd.DataFrame, column: str) -> pa.Array:
    """The ids or keys of a frame as texts; see `name_of`.

    They stay in Arrow, where pandas may have them already and the log wants them.
    """
    import pyarrow.compute as pc

    if column in _KEPT or not column.isprintable():
        raise _taken(column)
    if column not in frame.columns:
        raise errors.InputError(
            f"the rows have no column {problems.shown(column)}, by which they are "
            "known; add it"
        )
    held = frame[column]
    if held.ndim != 1:
        raise errors.InputError(
            f"the rows have column {problems.shown(column)} more than once; keep one"
        )
    try:
        texts = _texts(held)
    except UnicodeEncodeError:
        whole = (_text(each) for each in held)
        raise _refusal(next(each for each in whole if not _whole(each)), column) from (
            None
        )
    sizes = pc.min_max(pc.binary_length(texts)).as_py()  # a letter has 1 to 4 bytes
    if texts.null_count or (len(texts) and (not sizes["min"] or sizes["max"] > MOST)):
        for each in texts.to_pylist():
            if not each or len(each) > MOST:
                raise _refusal(each or "", column)
    return texts


def _texts(held: pd.Series) -> pa.Array:
    """A column as texts, without a copy where pandas keeps it in Arrow."""
    import pandas as pd
    import pyarrow as pa

    if isinstance(held.dtype, pd.StringDtype):
        made = pa.array(held.array)
        return made.combine_chunks() if isinstance(made, pa.ChunkedArray) else made
    if held.dtype.kind in "iu" and not held.hasnans:
        return pa.array(held.to_numpy()).cast(pa.string())
    values: list[Any] = held.to_numpy(dtype=object).tolist()
    try:
        "".join(values)  # it refuses what is no text
    except TypeError:
        values = [each if type(each) is str else _text(each) for each in values]
    return pa.array(values, pa.string())


def _text(value: Any) -> str:
    import pandas as pd

    return "" if pd.isna(value) is True else str(value)


def _whole(text: str) -> bool:
    """Whether it is text, and not half a surrogate pair."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _taken(column: str) -> errors.InputError:
    return errors.InputError(
        f"rows are not known or dealt by column {problems.shown(column)}, which the "
        "log keeps for itself or cannot write; name another one"
    )


def _refusal(text: str, column: str) -> errors.InputError:
    name = problems.shown(column)
    if not text:
        return errors.InputError(f"a row has no {name}; give each row one")
    if len(text) > MOST:
        return errors.InputError(
            f"{name} {problems.shown(text)} has {len(text):,} characters, at most "
            f"{MOST:,} are kept; shorten it"
        )
    return errors.InputError(
        f"{name} {problems.shown(text)} cannot be written as text; mend its encoding"
    )


def moment_of(value: Any) -> datetime:
    """The moment of a row.

    Raises
    ------
    InputError
        It is none, or has no zone.
    """
    if not isinstance(value, datetime) or value != value or value.tzinfo is None:
        raise errors.InputError(
            f"time {problems.shown(value)} is no moment with a zone; give a datetime "
            "with a zone, or leave the column out for now"
        )
    floor = getattr(value, "floor", None)  # a Timestamp may have nanoseconds
    made: datetime = value if floor is None else floor("us").to_pydatetime()
    return made


def moments(frame: pd.DataFrame) -> None:
    """Refuse a frame whose `time` is there and is no moment with a zone."""
    import pandas as pd

    if "time" not in frame.columns:
        return
    column = frame["time"]
    if not isinstance(column.dtype, pd.DatetimeTZDtype) or column.isna().any():
        raise errors.InputError(
            f"column 'time' holds {column.dtype}, some of it perhaps missing, and no "
            "moments with a zone; use pandas.to_datetime(..., utc=True), or leave the "
            "column out for now"
        )


def unchanging(frame: pd.DataFrame) -> pd.DataFrame:
    """The frame as it is, whatever its owner does with it later."""
    import pandas as pd

    lazily = int(pd.__version__.partition(".")[0]) >= 3  # copied on write
    return frame.copy(deep=not lazily)


def counted(attempts: Sequence[Attempt]) -> Iterator[dict[str, Any]]:
    """What a tally adds for what one request tried, in the order in which it did."""
    for attempt, behind in zip_longest(attempts, attempts[1:]):
        excused = 0 if behind is None else behind.fell
        yield {**_counted(attempt), "excused": excused}


def _counted(attempt: Attempt) -> dict[str, Any]:
    scores = attempt.scores
    ends: tuple[float, float, float] | None = None
    if isinstance(scores, float):
        if scores - scores == 0:
            ends = (scores, scores, scores)
    elif scores is not None:
        import numpy as np

        finite = scores[np.isfinite(scores)] if attempt.missing else scores
        if finite.size:
            ends = (float(finite.min()), float(finite.max()), float(finite.sum()))
    return {
        "version": attempt.version,
        "role": attempt.role,
        "rows": attempt.rows,
        "seconds": attempt.seconds,
        "errors": attempt.errors,
        "slow": attempt.slow,
        "missing": attempt.missing,
        "skipped": attempt.skipped,
        "scores": ends,
    }
