"""Landing: what was told comes into the log, each row once, and stays on its disk."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from lifecycle.errors import LifecycleError
from lifecycle.logs.store import Store, locked
from lifecycle.logs.upsert import differing, fitted, near, stored_rows

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import pandas as pd
    import pyarrow as pa

    from lifecycle.logs.tables import Appended, Logs

__all__ = ["Landed", "bring", "land"]

_ATTEMPTS = 50
_COMPACT_AFTER = 20
_BATCH = 2**17  # rows of the log that are looked at together


@dataclass(frozen=True, slots=True)
class Landed:
    """What came of predictions that were brought to the log.

    Parameters
    ----------
    rows_new, rows_same : int
        Rows added; rows that the log has already, such as after a crash.
    rows_otherwise : int
        Rows whose id was told something else before: the log keeps the first.
    version : int or None
        The table's Delta version afterwards; None where there is no table.
    """

    rows_new: int
    rows_same: int
    rows_otherwise: int
    version: int | None


def land(log: Logs, rows: pa.Table) -> Landed:
    """Add predictions whose ids the log does not have yet, in one commit.

    Bringing the same rows again adds nothing, whoever brings them and how often: a
    process killed between the commit and whatever it does next may start over.
    The new files are on the disk before this returns.

    Parameters
    ----------
    log : Logs
    rows : pyarrow.Table
        Canonical: `id` and `time` in every row, features as float64 or string.

    Raises
    ------
    InputError
        When a feature changed its type.
    LifecycleError
        When the log cannot be written: its disk is full, or others are faster again
        and again.

    Notes
    -----
    Memory does not grow with the log: its ids are looked at in batches, and only in
    files and row groups that can hold one of the new.
    """
    from deltalake.exceptions import CommitFailedError, DeltaError

    path = log.directory / "predictions"
    if not rows.num_rows:
        return Landed(0, 0, 0, None)
    rows, twice, changed = _first_of_each(rows)
    with locked(path):
        for attempt in range(_ATTEMPTS):
            try:
                if not Store.exists(path):
                    Store.create(path, rows.schema)
                store = Store(path)
                return _landed(store, rows, twice, changed)
            except (CommitFailedError, FileExistsError) as error:
                if attempt == _ATTEMPTS - 1:
                    raise _sentence(path, error) from error
            except (DeltaError, OSError) as error:
                raise _sentence(path, error) from error
    raise AssertionError("unreachable")


def bring(
    log: Logs, table: str, frame: pd.DataFrame, *, stamped: bool = False
) -> Appended:
    """Append rows, and come back when the disk has them.

    What told them may be forgotten then: neither a killed process nor a loss of power
    takes them away.

    Parameters
    ----------
    log : Logs
    table, frame, stamped
        As `Logs.append` takes them.

    Returns
    -------
    Appended

    Raises
    ------
    InputError
        When a feature changed its type, or two rows share a key and differ.
    LifecycleError
        When the log cannot be written.
    """
    from deltalake.exceptions import DeltaError

    path = log.directory / table
    try:
        store = Store(path) if Store.exists(path) else None
        before = set() if store is None else set(store.files())
        version = -1 if store is None else store.version
        done = log.append(table, frame, stamped=stamped)
        if done.version is not None and done.version > version:
            _settle(Store(path), before, version)
    except (DeltaError, OSError) as error:
        raise _sentence(path, error) from error
    return done


def _landed(store: Store, rows: pa.Table, twice: int, changed: int) -> Landed:
    import pyarrow as pa

    rows = fitted(rows, store.schema)
    there = _there(store, rows)
    if there.any():
        double = rows.filter(pa.array(there))
        found = stored_rows(store, "predictions", double)
        otherwise = _otherwise(double, found)
        twice += int(there.sum()) - otherwise
        changed += otherwise
        rows = rows.filter(pa.array(~there))
    if rows.num_rows:
        before, version = set(store.files()), store.version
        store.append(rows)
        store.compact(_COMPACT_AFTER)
        _settle(store, before, version)
    return Landed(rows.num_rows, twice, changed, store.version)


def _first_of_each(rows: pa.Table) -> tuple[pa.Table, int, int]:
    """The first row of each id; how many say the same again, and something else."""
    import numpy as np

    codes = rows["id"].combine_chunks().dictionary_encode().indices.to_numpy()
    _, first, where = np.unique(codes, return_index=True, return_inverse=True)
    if len(first) == rows.num_rows:
        return rows, 0, 0
    otherwise = _otherwise(rows, rows.take(first[where]))
    again = rows.num_rows - len(first) - otherwise
    return rows.take(np.sort(first)), again, otherwise


def _otherwise(rows: pa.Table, others: pa.Table) -> int:
    """How many rows say something else; when they said it does not matter."""
    names = [name for name in rows.column_names if name != "time"]
    return int(differing(rows.select(names), others.select(names)).sum())


def _there(store: Store, rows: pa.Table) -> npt.NDArray[np.bool_]:
    """Which of the rows' ids the log has."""
    import numpy as np
    import pyarrow.compute as pc

    ids = rows["id"].combine_chunks()
    found = np.zeros(len(ids), dtype=bool)
    for batch in store.batches("id", near("predictions", rows, ("id",)), _BATCH):
        hits = batch.filter(pc.is_in(batch, value_set=ids))
        if len(hits):
            places = pc.index_in(hits, value_set=ids)
            found[places.to_numpy(zero_copy_only=False)] = True
    return found


def _settle(store: Store, before: set[str], version: int) -> None:
    """Wait until the disk has the files of the newest commits."""
    log = store.path / "_delta_log"
    commits = [
        log / f"{number:020d}.json" for number in range(version + 1, store.version + 1)
    ]
    new: list[Path | str] = [*sorted(set(store.files()) - before), *commits]
    for path in (*new, store.path, log):
        try:
            handle = os.open(path, os.O_RDONLY)
        except FileNotFoundError:  # put together with others since
            continue
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def _sentence(path: Path, error: Exception) -> LifecycleError:
    told = " ".join(str(error).split())[:200]
    return LifecycleError(
        f"{path}: rows cannot be written to the log ({told}); see to the space "
        "on its disk and its permissions, what waits is kept and tried again"
    )
