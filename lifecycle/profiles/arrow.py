"""Arrow columns as floats or as codes, without a detour through pandas."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from lifecycle.profiles import columns

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa

__all__ = ["codes_of", "floats_of", "kind_of_type", "plain"]


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
    if pa.types.is_boolean(kind):
        array = array.cast(pa.uint8())
    elif pa.types.is_decimal(kind):
        array = array.cast(pa.float64(), safe=False)
    elif kind_of_type(kind) != "numeric":
        return columns.numbers(array.to_pylist())
    values = array.to_numpy(zero_copy_only=False)
    if values.dtype.kind in "mM":
        moments = values.astype(f"{values.dtype.kind}8[us]")
        seconds = moments.view(np.int64) / 1e6
        return np.where(np.isnat(moments), math.nan, seconds)
    return np.asarray(values, dtype=np.float64)


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
            array = array.cast(pa.string())
        array = array.dictionary_encode()
    values = array.dictionary.to_pylist()
    codes = _indices(array)
    lost = [k for k, value in enumerate(values) if value is None or value != value]
    if lost:
        codes = np.where(np.isin(codes, lost), len(values), codes)
    return codes, [str(value) for value in values]


def _indices(array: pa.DictionaryArray) -> np.ndarray:
    """The codes of a dictionary, one past its end where there is no value."""
    import pyarrow as pa

    indices = array.indices
    if indices.null_count:
        indices = indices.cast(pa.int64()).fill_null(len(array.dictionary))
    found: np.ndarray = indices.to_numpy()
    return found
