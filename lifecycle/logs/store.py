"""Store: one Delta table in a directory, read by pyarrow and written under a lock.

The files of the table are read as plain Parquet: delta-rs' own reader keeps
threads that end a Python process with an abort at exit. Nothing is ever vacuumed
and the log of commits never expires, so every version can be read again.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lifecycle.errors import LifecycleError

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["Store"]

CONFIGURATION = {
    "delta.checkpointInterval": "10",
    "delta.enableExpiredLogCleanup": "false",
    "delta.logRetentionDuration": "interval 36500 days",
    "delta.deletedFileRetentionDuration": "interval 36500 days",
}
SMALL = 32 * 2**20
"""Files below so many bytes are put together; larger ones are left alone."""


class Store:
    """One version of a Delta table, the newest unless one is named.

    Parameters
    ----------
    path : Path
        The table's directory.
    version : int, optional
        Read as it was then.
    """

    def __init__(self, path: Path, version: int | None = None) -> None:
        from deltalake import DeltaTable

        _one_process()
        self.path = path
        self._delta = DeltaTable(str(path), version=version)

    @staticmethod
    def exists(path: Path) -> bool:
        """Whether there is a table at all."""
        return (path / "_delta_log").is_dir() and any(
            (path / "_delta_log").glob("*.json")
        )

    @classmethod
    def create(cls, path: Path, schema: pa.Schema) -> Store:
        """Make the table, unless another writer just did."""
        from deltalake import DeltaTable

        _one_process()
        path.parent.mkdir(parents=True, exist_ok=True)
        DeltaTable.create(str(path), schema, mode="ignore", configuration=CONFIGURATION)
        return cls(path)

    @property
    def version(self) -> int:
        """The Delta version that is open."""
        return int(self._delta.version())

    @property
    def schema(self) -> pa.Schema:
        """Columns and types of this version."""
        import pyarrow as pa

        return pa.schema(self._delta.schema())

    def files(self) -> list[str]:
        """The Parquet files of this version."""
        return [
            str(self.path / uri.rsplit("/", 1)[1]) for uri in self._delta.file_uris()
        ]

    def scan(self, columns: Sequence[str] | None = None, where: Any = None) -> pa.Table:
        """Rows of this version for which the pyarrow expression `where` holds.

        A merge writes its files with strings as views, and pyarrow cannot hold their
        statistics against a string: such files are read first and filtered then.
        """
        import pyarrow as pa

        wanted = columns and list(columns)
        dataset = self._dataset()
        if where is None:
            return dataset.to_table(columns=wanted)
        parts = []
        for fragment in dataset.get_fragments():
            if any(map(pa.types.is_string_view, fragment.physical_schema.types)):
                rows = fragment.to_table(schema=self.schema).filter(where)
                parts.append(rows if wanted is None else rows.select(wanted))
            else:
                given = {"schema": self.schema, "columns": wanted, "filter": where}
                parts.append(fragment.to_table(**given))
        return pa.concat_tables(parts) if parts else dataset.to_table(columns=wanted)

    def batches(self, column: str, where: Any, rows: int) -> Iterator[pa.Array]:
        """One column of text, so many rows at a time, where `where` may hold."""
        import pyarrow as pa

        for fragment in self._dataset().get_fragments():
            held = fragment.physical_schema.field(column).type
            read = fragment.to_batches(
                schema=self.schema,
                columns=[column],
                filter=None if pa.types.is_string_view(held) else where,
                batch_size=rows,
                batch_readahead=1,
                fragment_readahead=1,
                use_threads=False,
            )
            for batch in read:
                yield batch.column(0).cast(pa.string())

    def count(self) -> int:
        """Rows of this version."""
        return int(self._dataset().count_rows())

    def _dataset(self) -> Any:
        import pyarrow.dataset as ds
        import pyarrow.fs as fs

        return ds.dataset(
            self.files(),
            schema=self.schema,
            format="parquet",
            filesystem=fs.LocalFileSystem(),
        )

    def append(self, rows: pa.Table) -> None:
        """Add rows; columns the table does not have yet are added to it.

        Raises
        ------
        CommitFailedError
            Another writer was faster; open the table anew and look again.
        """
        from deltalake import write_deltalake

        grown = set(rows.column_names) - set(self.schema.names)
        write_deltalake(
            self._delta,
            rows,
            mode="append",
            schema_mode="merge" if grown else None,
            commit_properties=_once(),
        )

    def merge(self, rows: pa.Table, keys: Sequence[str]) -> None:
        """Replace the rows that share their keys, and add the others, in one commit.

        Columns the table does not have yet are added to it.
        """
        same = " AND ".join(f"old.{key} = new.{key}" for key in keys)
        (
            self._delta.merge(
                rows,
                same,
                source_alias="new",
                target_alias="old",
                merge_schema=bool(set(rows.column_names) - set(self.schema.names)),
                commit_properties=_once(),
            )
            .when_matched_update_all()
            .when_not_matched_insert_all()
            .execute()
        )

    def compact(self, after: int) -> None:
        """Put small files together once there are so many; the rows stay the same."""
        from deltalake.exceptions import CommitFailedError

        small = [file for file in self.files() if Path(file).stat().st_size < SMALL]
        if len(small) >= after:
            try:
                self._delta.optimize.compact(target_size=SMALL)
            except CommitFailedError:  # another writer did, or the next append will
                return


_USED_BY: list[int] = []  # the process that opened a table first


def _one_process() -> None:
    """Refuse what delta-rs cannot do: its threads do not live on in a fork.

    Raises
    ------
    LifecycleError
        This process was forked from one that had opened a table.
    """
    _USED_BY.append(os.getpid())
    del _USED_BY[1:]
    if _USED_BY[0] != os.getpid():
        raise LifecycleError(
            "this process was forked from one that had opened the log, and cannot open "
            "it; fork before that, or start the process by spawn or forkserver"
        )


def _once() -> Any:
    """Commit only if nobody has committed since the table was opened."""
    from deltalake import CommitProperties

    return CommitProperties(max_commit_retries=0)


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Let one writer of this host at a time have the table at `path`."""
    import fcntl

    path.parent.mkdir(parents=True, exist_ok=True)
    with path.with_name(f".{path.name}.lock").open("a") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
