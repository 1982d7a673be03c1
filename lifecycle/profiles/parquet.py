"""Parquet files, read a column of a row group at a time."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lifecycle.errors import InputError
from lifecycle.profiles import arrow
from lifecycle.profiles.grid import Grid

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa

__all__ = ["Column", "Files", "Moments", "Reader", "grids", "listed", "readers"]

Files = str | Path | Sequence[str | Path]
Column = Any
"""Floats, or codes and names, or None for a column that is not there."""
Moments = Any
"""Microseconds and which of them are there (None: all), or None without moments."""


def listed(files: Files) -> list[Path]:
    """The paths, also of a single file."""
    return [Path(files)] if isinstance(files, (str, Path)) else list(map(Path, files))


class Reader:
    """Reads one file, for one thread.

    Parameters
    ----------
    path : Path
    grids : mapping of column to Grid or None
        How the columns are wanted; None where that is not known yet.
    other : Reader, optional
        Of the same file; what it knows of the file is not read again.
    """

    def __init__(
        self, path: Path, grids: Mapping[str, Grid | None], other: Reader | None = None
    ) -> None:
        import pyarrow as pa
        import pyarrow.parquet as pq

        self.path, self._grids = path, grids
        metadata = None if other is None else other._file.metadata
        try:
            self._file: Any = pq.ParquetFile(path, metadata=metadata, pre_buffer=False)
            schema = self._file.schema_arrow
            self.kinds = {field.name: field.type for field in schema}
            self._twice = {
                name for name in schema.names if schema.names.count(name) > 1
            }
            coded = [
                name
                for name, kind in self.kinds.items()
                if name in grids
                and _of_names(grids[name])
                and (pa.types.is_string(kind) or pa.types.is_large_string(kind))
            ]
            if coded:
                self._file = pq.ParquetFile(
                    path,
                    metadata=self._file.metadata,
                    read_dictionary=coded,
                    pre_buffer=False,
                )
        except pa.ArrowInvalid as error:
            raise InputError(
                f"{path}: the file is not Parquet, or not whole; write it again"
            ) from error

    @property
    def groups(self) -> int:
        """How many row groups there are."""
        return int(self._file.num_row_groups)

    def rows(self, group: int) -> int:
        """How many rows a row group has."""
        return int(self._file.metadata.row_group(group).num_rows)

    def array(self, group: int, name: str) -> pa.Array | None:
        """A column of a row group; None where the file does not have it."""
        import pyarrow as pa

        if name not in self.kinds:
            return None
        if name in self._twice:
            raise ValueError(
                f"{self.path}: the column {name!r} occurs twice; rename one of them"
            )
        try:
            table = self._file.read_row_group(group, columns=[name], use_threads=False)
        except (pa.ArrowInvalid, OSError) as error:
            raise InputError(
                f"{self.path}: the column {name!r} cannot be read; write the file again"
            ) from error
        return arrow.plain(table.column(name))

    def read(self, group: int, name: str) -> Column:
        """A column of a row group as its grid wants it."""
        array = self.array(group, name)
        if array is None:
            return None
        if _of_names(self._grids[name]):
            return arrow.codes_of(array)
        return arrow.floats_of(array)

    def moments(self, group: int, name: str) -> tuple[np.ndarray, np.ndarray | None]:
        """Microseconds since 1970, and which of the rows have a moment."""
        import pyarrow as pa

        array = self.array(group, name)
        if array is None:
            raise ValueError(
                f"{self.path}: the file has no column {name!r}; name the column of "
                f"moments, or count all rows as one chunk with time=None"
            )
        if not pa.types.is_timestamp(array.type) or array.type.tz is None:
            raise ValueError(
                f"{self.path}: {name!r} must hold moments with a time zone, got "
                f"{array.type}; write them in UTC"
            )
        return arrow.micros_of(array)


def _of_names(grid: Grid | None) -> bool:
    return grid is None or grid.bounds is None


def readers(path: Path, grids: Mapping[str, Grid], threads: int) -> list[Reader]:
    """A reader for each thread."""
    first = Reader(path, grids)
    return [first, *(Reader(path, grids, first) for _ in range(threads - 1))]


def grids(paths: Iterable[Path], names: Iterable[str], cells: int) -> dict[str, Grid]:
    """The grid of each column of some files together."""
    import numpy as np

    wanted = list(names)
    files = [Reader(path, dict.fromkeys(wanted)) for path in paths]
    made = {}
    for name in wanted:
        kinds = {
            arrow.kind_of_type(file.kinds[name]) for file in files if name in file.kinds
        }
        if not kinds:
            raise ValueError(
                f"there is no column {name!r} in the reference; mend the name of the "
                f"feature"
            )
        if kinds - {"empty"} == {"numeric"}:
            floats = [arrow.floats_of(array) for array in _arrays(files, name)]
            made[name] = Grid.numeric(np.concatenate([*floats, np.zeros(0)]), cells)
            continue
        tally: dict[str, int] = {}
        for array in _arrays(files, name):
            codes, words = arrow.codes_of(array)
            times = np.bincount(codes, minlength=len(words) + 1).tolist()
            for word, count in zip(words, times, strict=False):
                if count:
                    tally[word] = tally.get(word, 0) + count
        ranked = sorted(tally.items(), key=lambda item: (-item[1], item[0]))
        made[name] = Grid(tuple(word for word, _ in ranked))
    return made


def _arrays(files: Iterable[Reader], name: str) -> Iterator[pa.Array]:
    for file in files:
        for group in range(file.groups):
            array = file.array(group, name)
            if array is not None:
                yield array
