"""Arrow columns as floats or as codes, without a detour through pandas."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from lifecycle.profiles import columns

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa

__all__ = ["codes_of", "floats_of", "kind_of_type", "micros_of", "plain"]

MICROSECONDS = {"s": 1_000_000, "ms": 1000, "us": 1, "ns": 0}
"""In one of the unit; 0 where the unit is a thousandth of one."""


def plain(column: Any) -> pa.Array:
    """One array of a column that may come in pieces."""
    import pyarrow as pa

    if not isinstance(column, pa.ChunkedArray):
        return column
    if column.num_chunks == 1:
        return column.chunk(0)
    if not column.num_chunks:
        return pa.nulls(0, column.type)
    if pa.types.is_dictionary(column.type):
        column = column.unify_dictionaries()
    joined = column.combine_chunks()
    return joined.chunk(0) if isinstance(joined, pa.ChunkedArray) else joined


def kind_of_type(kind: pa.DataType) -> columns.Kind:
    """Whether a column of this type holds numbers or names, as `kind_of` would say."""
    import pyarrow as pa

    if pa.types.is_null(kind):
        return "empty"
    numeric = (
        pa.types.is_integer(kind)
        or pa.types.is_floating(kind)
        or pa.types.is_decimal(kind)
        or pa.types.is_timestamp(kind)
        or pa.types.is_date(kind)
        or pa.types.is_duration(kind)
    )
    return "numeric" if numeric else "categorical"


def floats_of(array: pa.Array) -> np.ndarray:
    """An Arrow array as floats, as `numbers` gives them.

    Examples
    --------
    >>> import pyarrow as pa
    >>> floats_of(pa.array([1, None], pa.int32())).tolist()
    [1.0, nan]
    """
    import numpy as np
    import pyarrow as pa

    kind = array.type
    if pa.types.is_dictionary(kind):
        values = np.append(floats_of(array.dictionary), math.nan)
        return values[_indices(array)]
    if pa.types.is_null(kind):
        return np.full(len(array), math.nan)
    if kind_of_type(kind) != "numeric" and not pa.types.is_boolean(kind):
        return columns.numbers(array.to_pylist())
    if pa.types.is_temporal(kind):
        moments, valid = micros_of(array)
        values = moments / 1e6
    else:
        if pa.types.is_boolean(kind):
            array = array.cast(pa.uint8())
        elif pa.types.is_decimal(kind):
            array = array.cast(pa.float64(), safe=False)
        values, valid = _buffer(array)
        values = values.astype(np.float64, copy=False)
    return values if valid is None else np.where(valid, values, math.nan)


def micros_of(array: pa.Array) -> tuple[np.ndarray, np.ndarray | None]:
    """Moments, days or durations in microseconds, and which of them are there.

    Returns
    -------
    values : ndarray of int, shape (n,)
    valid : ndarray of bool, shape (n,), or None
        None where all are.
    """
    import numpy as np
    import pyarrow as pa

    kind = array.type
    values, valid = _buffer(array)
    values = values.astype(np.int64, copy=False)
    if pa.types.is_date32(kind):
        unit = 86_400_000_000
    else:
        unit = MICROSECONDS["ms" if pa.types.is_date64(kind) else kind.unit]
    if unit == 1:
        return values, valid
    return values * unit if unit else values // 1000, valid


def codes_of(array: pa.Array) -> tuple[np.ndarray, list[str]]:
    """An Arrow array as places in a list of names, as `coded` gives them.

    Examples
    --------
    >>> import pyarrow as pa
    >>> codes, names = codes_of(pa.array(["web", None, "web"]))
    >>> codes.tolist(), names
    ([0, 1, 0], ['web'])
    """
    import numpy as np
    import pyarrow as pa

    kind = array.type
    if pa.types.is_null(kind):
        return np.zeros(len(array), dtype=np.int64), []
    if not pa.types.is_dictionary(kind):
        if pa.types.is_nested(kind):
            return columns.coded(array.to_pylist())
        if pa.types.is_string_view(kind):
            try:
                array = array.cast(pa.string())
            except pa.ArrowNotImplementedError:  # not every version of Arrow can
                return columns.coded(array.to_pylist())
        array = array.dictionary_encode()
    values = array.dictionary.to_pylist()
    codes = _indices(array)
    lost = [k for k, value in enumerate(values) if value is None or value != value]
    if lost:
        codes = np.where(np.isin(codes, lost), len(values), codes)
    return codes, [str(value) for value in values]


def _indices(array: pa.DictionaryArray) -> np.ndarray:
    """The codes of a dictionary, one past its end where there is no value."""
    import numpy as np

    codes, valid = _buffer(array.indices)
    if valid is None:
        return codes
    return np.where(valid, codes.astype(np.int64), len(array.dictionary))


def _buffer(array: pa.Array) -> tuple[np.ndarray, np.ndarray | None]:
    """The numbers of an array as they lie in memory, and which of them are there.

    Arrow's own way to numpy imports pandas, which takes longer than reading a file.
    """
    import numpy as np
    import pyarrow as pa

    real, whole = pa.types.is_floating, pa.types.is_unsigned_integer
    letter = "f" if real(array.type) else "u" if whole(array.type) else "i"
    kind = np.dtype(f"{letter}{array.type.bit_width // 8}")
    bits, data = array.buffers()
    if not len(array) or data is None:
        return np.zeros(len(array), dtype=kind), np.zeros(len(array), dtype=bool)
    start = array.offset
    values = np.frombuffer(data, kind, len(array), start * kind.itemsize)
    if bits is None or not array.null_count:
        return values, None
    flags = np.unpackbits(np.frombuffer(bits, np.uint8), bitorder="little")
    return values, flags[start : start + len(array)].astype(bool)
