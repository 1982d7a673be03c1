"""What was told in one request, kept until it is written; then as an Arrow table."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from itertools import groupby
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

    from lifecycle.workspace.lineup import Lineup

__all__ = ["Told", "table"]


class Told(NamedTuple):
    """One request's rows, as they came, and what was said of them.

    Parameters
    ----------
    lineup : Lineup
        That it was served by.
    rows : int
    at : datetime
        When, with a zone; the rows of a frame with `time` have their own.
    ids : sequence of str, or Arrow array
    source : DataFrame or mapping
        The rows; a mapping is one.
    key : str or None
        The column by which they were dealt; None for the id.
    scores, predictions, codes : sequence
        As in `Answers`; those without a finite score are not logged.
    """

    lineup: Lineup
    rows: int
    at: datetime
    ids: Sequence[str] | pa.Array
    source: pd.DataFrame | Mapping[str, Any]
    key: str | None
    scores: Any
    predictions: Any
    codes: Any


def table(told: Sequence[Told]) -> pa.Table:
    """The rows of many requests as the log holds them, in their order."""
    import pyarrow as pa

    made: list[pa.Table] = []
    for (lineup, key, single), group in groupby(
        told, key=lambda each: (each.lineup, each.key, isinstance(each.source, Mapping))
    ):
        if single:
            made.append(_of_rows(lineup, key, list(group)))
        else:
            made += [_of_frame(lineup, key, each) for each in group]
    return pa.concat_tables(made, promote_options="default")


def _of_rows(lineup: Lineup, key: str | None, told: list[Told]) -> pa.Table:
    sources: list[Any] = [each.source for each in told]

    def values(name: str) -> list[Any] | None:
        found = [source.get(name) for source in sources]
        return None if all(value is None for value in found) else found

    return _table(
        lineup,
        key,
        ids=[each.ids[0] for each in told],
        times=[each.at for each in told],
        values=values,
        scores=[each.scores for each in told],
        predictions=[each.predictions for each in told],
        codes=[each.codes for each in told],
    )


def _of_frame(lineup: Lineup, key: str | None, told: Told) -> pa.Table:
    import pyarrow as pa

    frame: Any = told.source
    if "time" in frame.columns:
        column = frame["time"].dt.tz_convert("UTC").astype("datetime64[us, UTC]")
        times = pa.array(column)
    else:
        moment = pa.timestamp("us", "UTC")
        times = pa.repeat(pa.scalar(told.at, moment), told.rows)
    made = _table(
        lineup,
        key,
        ids=told.ids,
        times=times,
        values=lambda name: frame[name] if name in frame.columns else None,
        scores=told.scores,
        predictions=told.predictions,
        codes=told.codes,
    )
    return made.filter(made["score"].is_valid()) if made["score"].null_count else made


def _table(
    lineup: Lineup,
    key: str | None,
    *,
    ids: Sequence[str] | pa.Array,
    times: Any,
    values: Callable[[str], Any],
    scores: Any,
    predictions: Any,
    codes: Any,
) -> pa.Table:
    import numpy as np
    import pyarrow as pa

    moment = pa.timestamp("us", "UTC")
    columns: dict[str, Any] = {
        "id": _as(pa.string(), ids),
        "time": _as(moment, times),
    }
    for name, kind, make in _logged(lineup, key):
        held = values(name)
        columns[name] = pa.nulls(len(ids), kind) if held is None else make(held)
    columns["score"] = pa.array(np.asarray(scores, dtype=float), from_pandas=True)
    columns["prediction"] = (
        pa.array(list(predictions), pa.string())
        if lineup.words
        else pa.array(np.asarray(predictions, dtype=float), from_pandas=True)
    )
    code = pa.array(np.asarray(codes, dtype=np.int8))
    for at, name in enumerate(("version", "role")):
        words = pa.array([pair[at] for pair in lineup.served], pa.string())
        columns[name] = words.take(code)
    return pa.table(columns)


def _as(kind: pa.DataType, values: Any) -> pa.Array:
    import pyarrow as pa

    return values.cast(kind) if isinstance(values, pa.Array) else pa.array(values, kind)


def _logged(
    lineup: Lineup, key: str | None
) -> Iterator[tuple[str, pa.DataType, Callable[[Any], pa.Array]]]:
    import pyarrow as pa

    for name in lineup.numeric:
        yield name, pa.float64(), _numbers
    for name in lineup.categorical:
        yield name, pa.string(), _texts
    if key and key not in (*lineup.numeric, *lineup.categorical):
        yield key, pa.string(), _texts


def _numbers(values: Any) -> pa.Array:
    import numpy as np
    import pyarrow as pa

    try:
        if not isinstance(values, list):
            values = values.to_numpy(dtype=float, na_value=np.nan)
        return pa.array(values, pa.float64(), from_pandas=True)
    except (TypeError, ValueError, OverflowError, pa.ArrowException):
        return pa.array([_number(each) for each in values], pa.float64())


def _number(value: Any) -> float | None:
    """A number, or none: a column that no version reads may hold anything."""
    try:
        found = float(value)
    except (TypeError, ValueError, OverflowError):
        return None
    return found if found == found else None


def _texts(values: Any) -> pa.Array:
    import pyarrow as pa

    try:
        made = pa.array(values, from_pandas=True)
        if isinstance(made, pa.ChunkedArray):
            made = made.combine_chunks()
        if made.type == pa.string():
            return made
        if pa.types.is_large_string(made.type) or pa.types.is_null(made.type):
            return made.cast(pa.string())
    except (UnicodeEncodeError, pa.ArrowException):
        pass
    return pa.array([_text(each) for each in values], pa.string())


def _text(value: Any) -> str | None:
    """A text that the log can hold; half a surrogate pair becomes a question mark."""
    if value is None or value != value:
        return None
    return str(value).encode("utf-8", "replace").decode()
