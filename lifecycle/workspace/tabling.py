"""Rows as an estimator takes them, made in microseconds."""

from __future__ import annotations

import math
import threading
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from lifecycle import training

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import pandas as pd

__all__ = ["Tabler"]


class Tabler:
    """Makes the table that `training.features` makes, and does only what is needed.

    Parameters
    ----------
    numeric, categorical : sequence of str
        The columns of a version.

    Notes
    -----
    One row comes in a table that each thread fills anew, since making one takes
    pandas longer than all else a router does: use it, and keep nothing of it.
    """

    def __init__(self, numeric: Sequence[str], categorical: Sequence[str]) -> None:
        self.numeric, self.categorical = tuple(numeric), tuple(categorical)
        self.names = (*self.numeric, *self.categorical)
        self._held = threading.local()

    def table(self, frame: pd.DataFrame) -> pd.DataFrame:
        """The features of many rows.

        Raises
        ------
        InputError
            A column is missing, or a number is none.
        """
        import numpy as np
        import pandas as pd

        infer = pd.api.types.infer_dtype
        columns: dict[str, Any] = {}
        try:
            for name in self.numeric:
                values = frame[name].to_numpy()
                if values.ndim > 1 or values.dtype != np.float64:
                    return self._slowly(frame)
                if not np.isfinite(values).all():
                    values = np.where(np.isfinite(values), values, np.nan)
                columns[name] = values
            for name in self.categorical:
                column = frame[name]
                if column.ndim > 1:
                    return self._slowly(frame)
                if column.dtype == "str":
                    texts = _shared(column)
                else:
                    texts = column.to_numpy()
                    if texts.dtype != object or infer(texts, skipna=False) != "string":
                        return self._slowly(frame)
                columns[name] = texts
        except KeyError:
            return self._slowly(frame)
        return pd.DataFrame(
            {
                name: pd.Series(values, dtype=values.dtype, copy=False)
                for name, values in columns.items()
            },
            copy=False,
        )

    def row(self, values: Mapping[str, Any]) -> pd.DataFrame:
        """The features of one row, in a table that the next call fills anew.

        Raises
        ------
        InputError
            A column is missing, or a number is none.
        """
        held = getattr(self._held, "row", None)
        if held is None:
            held = self._held.row = _Row(self.numeric, self.categorical)
        table = held.filled(values)
        if table is None:
            return self._one(values)
        return table

    def _one(self, values: Mapping[str, Any]) -> pd.DataFrame:
        import pandas as pd

        known = {n: [values[n]] for n in self.names if n in values}
        return self._slowly(pd.DataFrame(known, index=[0]))

    def _slowly(self, frame: pd.DataFrame) -> pd.DataFrame:
        return training.features(
            frame, numeric=self.numeric, categorical=self.categorical
        )


def _shared(column: pd.Series) -> npt.NDArray[np.object_]:
    """A column of texts as objects, the same one for the same text.

    Its words are made once and not for each row, and an encoder of scikit-learn finds
    them again by identity.
    """
    import numpy as np
    import pyarrow as pa

    held = pa.array(column.array)
    if isinstance(held, pa.ChunkedArray):
        held = held.combine_chunks()
    coded = held.dictionary_encode()
    words = np.append(coded.dictionary.to_numpy(zero_copy_only=False), np.nan)
    codes = coded.indices
    if codes.null_count:
        codes = codes.fill_null(len(words) - 1)
    return words.take(codes.to_numpy())


class _Row:
    """A table of one row over arrays of ours."""

    def __init__(self, numeric: Sequence[str], categorical: Sequence[str]) -> None:
        import numpy as np
        import pandas as pd

        self._numeric: list[tuple[str, npt.NDArray[np.float64]]] = [
            (name, np.zeros(1)) for name in numeric
        ]
        self._categorical: list[tuple[str, npt.NDArray[np.object_]]] = [
            (name, np.array([""], dtype=object)) for name in categorical
        ]
        columns = {
            name: pd.Series(array, dtype=array.dtype, copy=False)
            for name, array in (*self._numeric, *self._categorical)
        }
        self._table = pd.DataFrame(columns, copy=False)
        self._shared = self._is_shared()

    def _is_shared(self) -> bool:
        """Whether the table shows what stands in the arrays, in this pandas."""
        for at, (_, numbers) in enumerate(self._numeric):
            numbers[0] = at + 0.5
        for name, texts in self._categorical:
            texts[0] = f"={name}"
        wanted = [at + 0.5 for at in range(len(self._numeric))]
        return self._table.to_numpy(dtype=object).tolist() == [
            [*wanted, *(f"={name}" for name, _ in self._categorical)]
        ]

    def filled(self, values: Mapping[str, Any]) -> pd.DataFrame | None:
        """The table with these values; None where they ask for a closer look."""
        if not self._shared:
            return None
        try:
            for name, numbers in self._numeric:
                value = values[name]
                if value is None:
                    value = math.nan
                elif type(value) is not float and type(value) is not int:
                    return None
                numbers[0] = value if math.isfinite(value) else math.nan
            for name, texts in self._categorical:
                value = values[name]
                if type(value) is not str:
                    if value is not None and value == value:  # and not nan
                        return None
                    value = math.nan
                texts[0] = value
        except (KeyError, OverflowError):
            return None
        return self._table
