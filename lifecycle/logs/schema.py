"""Schema: the canonical tables, their keys, and frames as Arrow tables."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from lifecycle.errors import InputError
from lifecycle.logs.problems import shown

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

__all__ = [
    "CANONICAL",
    "KEYS",
    "TABLES",
    "derived_ids",
    "empty",
    "moment_of",
    "there",
    "to_arrow",
    "whole",
]

CANONICAL: dict[str, dict[str, str]] = {
    "predictions": {
        "id": "text",
        "time": "time",
        "score": "number",
        "prediction": "label",
        "version": "text",
        "role": "text",
    },
    "outcomes": {"id": "text", "time": "time", "outcome": "label"},
    "feedback": {
        "feedback_id": "text",
        "id": "text",
        "time": "time",
        "kind": "text",
        "label": "label",
        "person": "text",
        "reason": "text",
        "source": "text",
    },
    "events": {
        "event_id": "text",
        "id": "text",
        "time": "time",
        "kind": "text",
        "value": "number",
    },
}
"""Columns of each table; the features of predictions come after `time`.

A label is a number, or a text where a model tells several classes apart (`words`).
"""

KEYS: dict[str, tuple[str, ...]] = {
    "predictions": ("id",),
    "outcomes": ("id", "time"),
    "feedback": ("feedback_id",),
    "events": ("event_id",),
}
"""What makes a row the same row."""

TABLES = tuple(CANONICAL)


def derived_ids(frame: pd.DataFrame, table: str, *, words: bool = False) -> list[str]:
    """An id for each row of feedback or events from all it says.

    The same row has the same id in whatever file it comes. Where a row says nothing of
    its source, the source is not looked at.

    Examples
    --------
    >>> import pandas as pd
    >>> times = pd.to_datetime(["2023-04-03", "2023-04-03"], utc=True)
    >>> click = pd.DataFrame({"id": ["7", "7"], "time": times, "kind": "click"})
    >>> one, two = derived_ids(click, "events")
    >>> one == two, len(one)
    (True, 20)
    """
    arrow = to_arrow(frame, table, keys=False, words=words)
    named = "source" in arrow.column_names  # the last column: rows without it are older
    rows = zip(*(column.to_pylist() for column in arrow.columns), strict=True)
    return [
        hashlib.blake2b(
            json.dumps(
                row[:-1] if named and row[-1] is None else row,
                ensure_ascii=True,
                default=str,
            ).encode(),
            digest_size=10,
        ).hexdigest()
        for row in rows
    ]


def kinds(
    names: list[str],
    table: str,
    frame: pd.DataFrame | None = None,
    *,
    words: bool = False,
) -> pa.Schema:
    """The Arrow schema of these columns; features as the frame has them."""
    import pandas as pd
    import pyarrow as pa

    types = {
        "text": pa.string(),
        "time": pa.timestamp("us", "UTC"),
        "number": pa.float64(),
        "label": pa.string() if words else pa.float64(),
    }
    fields = []
    for name in names:
        kind = CANONICAL[table].get(name)
        if kind is None:
            column = pd.Series(dtype=float) if frame is None else frame[name]
            numeric = pd.api.types.is_numeric_dtype(column)
            kind = "number" if numeric else "text"
        fields.append(pa.field(name, types[kind]))
    return pa.schema(fields)


def empty(
    table: str, columns: Sequence[str] | None = None, *, words: bool = False
) -> pa.Table:
    """A table without rows, with the canonical columns or those asked for."""
    names = CANONICAL[table] if columns is None else columns
    return kinds(list(dict.fromkeys(names)), table, words=words).empty_table()


def there(columns: Sequence[str], names: Sequence[str]) -> list[str]:
    """The columns asked for; one that is not there is an error with a sentence."""
    for column in columns:
        if column not in names:
            raise InputError(
                f"the log has no column {shown(column)}; it has {', '.join(names)}"
            )
    return list(dict.fromkeys(columns))


def whole(
    table: str,
    rows: pa.Table,
    names: Sequence[str] | None = None,
    *,
    words: bool = False,
) -> pa.Table:
    """With the columns that an earlier release did not write, missing throughout."""
    import pyarrow as pa

    for field in empty(table, names, words=words).schema:
        if field.name in CANONICAL[table] and field.name not in rows.column_names:
            rows = rows.append_column(field, pa.nulls(rows.num_rows, field.type))
    return rows


def to_arrow(
    frame: pd.DataFrame, table: str, *, keys: bool = True, words: bool = False
) -> pa.Table:
    """A canonical frame as an Arrow table: columns in order, types as documented.

    Columns that may be null are added where they are missing; columns that are
    not canonical are features in predictions and left out elsewhere.

    Raises
    ------
    ValueError
        When a key, the id or the time is missing, or a time has no zone.
    """
    import pyarrow as pa

    canonical = list(CANONICAL[table])
    needed = ["id", "time", *(KEYS[table] if keys else ())]
    if table == "outcomes":
        needed.append("outcome")
    if table in ("feedback", "events") and "kind" in canonical:
        needed.append("kind")
    for column in needed:
        if column not in frame:
            raise ValueError(f"{table} need a column {column!r}; got {list(frame)}")
    extra = (
        [] if table != "predictions" else [str(c) for c in frame if c not in canonical]
    )
    order = [*canonical[:2], *extra, *canonical[2:]] if extra else canonical
    if not keys:
        order = [column for column in order if column not in KEYS[table]]
    schema = kinds(order, table, frame, words=words)
    arrays = [
        _array(frame[field.name], field.type)
        if field.name in frame
        else pa.nulls(len(frame), field.type)
        for field in schema
    ]
    arrow = pa.table(arrays, schema=schema)
    for column in dict.fromkeys(needed):
        if arrow[column].null_count:
            raise ValueError(
                f"{table} have {arrow[column].null_count} rows without {column!r}; "
                "fill them in or leave them out"
            )
    return arrow


def _array(column: pd.Series, kind: pa.DataType) -> pa.Array:
    import pandas as pd
    import pyarrow as pa

    if pa.types.is_timestamp(kind):
        if not isinstance(column.dtype, pd.DatetimeTZDtype):
            raise ValueError(
                f"times in {column.name!r} must carry a zone, got {column.dtype}; "
                "use pandas.to_datetime(..., utc=True)"
            )
        return pa.array(column.dt.tz_convert("UTC").astype("datetime64[us, UTC]"), kind)
    if pa.types.is_floating(kind):
        return pa.array(
            column.to_numpy(dtype=float, na_value=float("nan")), kind, from_pandas=True
        )
    values = column.astype(object).where(column.notna(), None)
    try:
        return pa.array(values, kind)
    except (pa.ArrowInvalid, pa.ArrowTypeError):
        return pa.array([None if v is None else str(v) for v in values], kind)


def moment_of(bound: datetime, term: str) -> Any:
    """A moment as the times of the tables are; refused without a zone."""
    import pandas as pd
    import pyarrow as pa

    moment = pd.Timestamp(bound)
    if moment.tz is None:
        raise ValueError(f"{term} must carry a zone, got {bound!r}")
    return pa.scalar(
        moment.tz_convert("UTC").floor("us").to_pydatetime(), pa.timestamp("us", "UTC")
    )
