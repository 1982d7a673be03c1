"""Tables: what was predicted, what came true, what people said and did."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from lifecycle.errors import InputError
from lifecycle.logs import joins, schema
from lifecycle.logs.schema import KEYS, TABLES, empty, moment_of, to_arrow, whole
from lifecycle.logs.store import Store, locked
from lifecycle.logs.upsert import one_each, upsert

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

    from lifecycle import periods, profiles

__all__ = ["Appended", "Logs"]

ATTEMPTS = 50
COMPACT_AFTER = 20


@dataclass(frozen=True, slots=True)
class Appended:
    """What an append did.

    Parameters
    ----------
    rows_new, rows_same, rows_changed : int
        Rows added; rows that were there already; rows that replaced another.
    version : int or None
        The table's Delta version afterwards; `None` where there is no table.
    """

    rows_new: int
    rows_same: int
    rows_changed: int
    version: int | None


class Logs:
    """The logs of one model: four Delta tables in a directory.

    Appending the same rows again changes nothing. Predictions are for ever: a row
    with a known id and other content is refused. Rows of the other tables replace
    the row with the same key. All reads are sorted by time, then by key.

    Parameters
    ----------
    directory : path-like
        Made by the first append.
    words : bool
        Whether predictions, outcomes and labels are names of classes.

    Examples
    --------
    >>> import tempfile
    >>> import pandas as pd
    >>> folder = tempfile.TemporaryDirectory()
    >>> log = Logs(folder.name)
    >>> days = pd.to_datetime(["2023-04-03", "2023-04-04"], utc=True)
    >>> leads = pd.DataFrame({"id": ["7", "8"], "time": days, "score": [0.9, 0.2]})
    >>> log.append("predictions", leads)
    Appended(rows_new=2, rows_same=0, rows_changed=0, version=1)
    >>> log.append("predictions", leads)
    Appended(rows_new=0, rows_same=2, rows_changed=0, version=1)
    >>> truth = pd.DataFrame({"id": ["7"], "time": days[1:], "outcome": [1.0]})
    >>> log.append("outcomes", truth).rows_new
    1
    >>> log.labelled(as_of=days[1])["outcome"].tolist()
    [1.0, nan]
    >>> folder.cleanup()
    """

    def __init__(
        self,
        directory: str | Path,
        *,
        pinned: Mapping[str, int] | None = None,
        words: bool = False,
    ) -> None:
        self.directory = Path(directory).absolute()
        if "%" in str(self.directory):
            raise InputError(
                f"{self.directory}: the log cannot live in a path with a percent sign; "
                "choose another directory"
            )
        self._pinned = None if pinned is None else dict(pinned)
        self._words = words

    def __repr__(self) -> str:
        versions = ", ".join(
            f"{name} {number}" for name, number in self.versions().items()
        )
        return f"<Logs {self.directory.name}: {versions or 'empty'}>"

    def append(
        self,
        table: str,
        frame: pd.DataFrame,
        *,
        stamped: bool = False,
        keep: bool = False,
    ) -> Appended:
        """Add rows, each key once, whatever was appended before and by whom.

        Parameters
        ----------
        table : {"predictions", "outcomes", "feedback", "events"}
            Where to.
        frame : DataFrame
            Canonical columns; in predictions all others are features.
        stamped : bool
            The outcomes are a look at what is known at `time`, not dated facts: a
            row that says what is known already is the same row (`Incoming.stamped`).
        keep : bool
            A row whose key is there stays as it is, whatever the new one says: of
            several writers the first is believed.

        Raises
        ------
        InputError
            When a prediction's id is there with other content, when two rows of
            `frame` share a key and differ, or a feature changed its type.
        ValueError
            When a key, id or time is missing, or a time has no zone.
        """
        from deltalake.exceptions import CommitFailedError, DeltaError

        _known_table(table)
        if self._pinned is not None:
            raise ValueError(
                "these logs are pinned to versions; append to Logs(directory)"
            )
        rows = to_arrow(frame, table, words=self._words)
        if not rows.num_rows:
            return Appended(0, 0, 0, self.versions().get(table))
        path = self.directory / table
        rows, repeated = one_each(table, rows)
        with locked(path):
            for attempt in range(ATTEMPTS):
                try:
                    if not Store.exists(path):
                        Store.create(path, rows.schema)
                    store = Store(path)
                    new, same, changed = upsert(
                        store, table, rows, stamped=stamped, keep=keep
                    )
                    if new or changed:
                        store.compact(COMPACT_AFTER)
                    break
                except (CommitFailedError, FileExistsError):
                    if attempt == ATTEMPTS - 1:
                        raise
                except DeltaError:
                    if Store.exists(path) or attempt == ATTEMPTS - 1:
                        raise
        return Appended(new, same + repeated, changed, store.version)

    def predictions(
        self,
        *,
        as_of: datetime | None = None,
        start: datetime | None = None,
        end: datetime | None = None,
        columns: Sequence[str] | None = None,
    ) -> pd.DataFrame:
        """Predictions with `time <= as_of` and `start <= time < end`."""
        return self._read("predictions", as_of, start, end, columns)

    def outcomes(
        self,
        *,
        as_of: datetime | None = None,
        start: datetime | None = None,
        end: datetime | None = None,
        columns: Sequence[str] | None = None,
    ) -> pd.DataFrame:
        """Outcomes known by `as_of`; an id that was corrected has several."""
        return self._read("outcomes", as_of, start, end, columns)

    def feedback(
        self,
        *,
        as_of: datetime | None = None,
        start: datetime | None = None,
        end: datetime | None = None,
        columns: Sequence[str] | None = None,
    ) -> pd.DataFrame:
        """What people said by `as_of`."""
        return self._read("feedback", as_of, start, end, columns)

    def events(
        self,
        *,
        as_of: datetime | None = None,
        start: datetime | None = None,
        end: datetime | None = None,
        columns: Sequence[str] | None = None,
    ) -> pd.DataFrame:
        """Business events by `as_of`."""
        return self._read("events", as_of, start, end, columns)

    def labelled(
        self,
        *,
        as_of: datetime,
        start: datetime | None = None,
        end: datetime | None = None,
        columns: Sequence[str] | None = None,
    ) -> pd.DataFrame:
        """Predictions with their newest outcome known by `as_of`.

        Parameters
        ----------
        as_of : datetime with a zone
            Predictions made and outcomes known until then.
        start, end : datetime with a zone, optional
            Half-open period of the predictions' time.
        columns : sequence of str, optional
            Columns of the predictions to read.

        Returns
        -------
        DataFrame
            As `predictions`, with `outcome` (`nan` where not known) and `known_at`.
        """
        wanted = None if columns is None else [*dict.fromkeys(["id", *columns])]
        left = self._scan("predictions", as_of, start, end, wanted)
        right = self._scan("outcomes", as_of, None, None, None)
        joined = joins.newest_outcome(left, right)
        if columns is not None:
            joined = joined.select([*dict.fromkeys(columns), "outcome", "known_at"])
        return joined.to_pandas()

    def profile(
        self,
        grids: Mapping[str, profiles.Grid],
        *,
        folder: str | Path,
        as_of: datetime,
        every: periods.Every = "week",
        timezone: str = "UTC",
        segments: Sequence[str] = (),
        start: datetime | None = None,
        end: datetime | None = None,
        partial: bool = False,
    ) -> profiles.Profile:
        """Count the predictions on the grids of a reference, chunk by chunk.

        Each file of the log is read once; its counts are kept, and the next call
        reads only the files that are new. Calls may run at the same time.

        Parameters
        ----------
        grids : mapping of column to Grid
            As `profiles.grids` makes them. A column the log lacks is missing.
        folder : path-like
            Where counts are kept; all in it can be deleted at any time.
        as_of : datetime with a zone
            Predictions made until then.
        every : {"week", "month", "day"}
            Length of a chunk.
        timezone : str
            The zone in which days begin.
        segments : sequence of str
            Columns with a grid whose values cut the rows further.
        start, end : datetime with a zone, optional
            Half-open period of the predictions' time.
        partial : bool
            Chunks that are not wholly within, such as the one running at `as_of`,
            are left out; with True they are counted as far as they are within, and
            their rows are read at every call.

        Returns
        -------
        Profile
            The same, bit for bit, as `profiles.profile` makes from all the rows.
        """
        from lifecycle.logs.profiled import Kept, profile_files

        store = self._store("predictions")
        cuts = tuple(dict.fromkeys(segments))
        return profile_files(
            [] if store is None else store.files(),
            Kept(Path(folder), dict(grids), every, timezone, cuts),
            as_of=as_of,
            start=start,
            end=end,
            partial=partial,
            tidy=self._pinned is None,
        )

    def span(self) -> tuple[datetime, datetime] | None:
        """Times of the first and the last prediction, or `None` without any."""
        import pyarrow.compute as pc

        times = self._scan("predictions", None, None, None, ["time"])["time"]
        if not len(times):
            return None
        ends = pc.min_max(times).as_py()
        return ends["min"].astimezone(UTC), ends["max"].astimezone(UTC)

    def count(self, table: str) -> int:
        """Rows of a table."""
        store = self._store(table)
        return 0 if store is None else store.count()

    def versions(self) -> dict[str, int]:
        """The Delta version of each table that is there; what `at` takes."""
        stores = {table: self._store(table) for table in TABLES}
        return {table: store.version for table, store in stores.items() if store}

    def at(self, versions: Mapping[str, int]) -> Logs:
        """The logs as they were at these versions; tables not named are empty.

        Examples
        --------
        >>> Logs("anywhere").at({}).count("predictions")
        0
        """
        for table in versions:
            _known_table(table)
        return Logs(self.directory, pinned=versions, words=self._words)

    def _store(self, table: str) -> Store | None:
        from deltalake.exceptions import DeltaError

        _known_table(table)
        path = self.directory / table
        version = None if self._pinned is None else self._pinned.get(table)
        if (self._pinned is not None and version is None) or not Store.exists(path):
            return None
        try:
            return Store(path, version)
        except DeltaError as error:
            wanted = "" if version is None else f" at version {version}"
            raise InputError(
                f"{path}: the log cannot be read{wanted}; restore the directory "
                "from a backup"
            ) from error

    def _scan(
        self,
        table: str,
        as_of: datetime | None,
        start: datetime | None,
        end: datetime | None,
        columns: Sequence[str] | None,
    ) -> pa.Table:
        import pyarrow.dataset as ds

        store = self._store(table)
        if store is None:
            return empty(table, columns, words=self._words)
        time, where = ds.field("time"), None
        for bound, term in ((as_of, "as_of"), (start, "start"), (end, "end")):
            if bound is None:
                continue
            moment = moment_of(bound, term)
            holds = {
                "as_of": time <= moment,
                "start": time >= moment,
                "end": time < moment,
            }
            where = holds[term] if where is None else where & holds[term]
        order = ["time", *(key for key in KEYS[table] if key != "time")]
        if columns is None:
            rows = joins.ordered(store.scan(None, where), order)
            return whole(table, rows, words=self._words)
        held = store.schema.names
        names = schema.there(
            columns, [*dict.fromkeys([*held, *schema.CANONICAL[table]])]
        )
        read = [name for name in (*names, *order) if name in held]
        rows = joins.ordered(store.scan(list(dict.fromkeys(read)), where), order)
        return whole(table, rows, names, words=self._words).select(names)

    def _read(
        self,
        table: str,
        as_of: datetime | None,
        start: datetime | None,
        end: datetime | None,
        columns: Sequence[str] | None,
    ) -> pd.DataFrame:
        return self._scan(table, as_of, start, end, columns).to_pandas()


def _known_table(table: str) -> None:
    if table not in TABLES:
        raise ValueError(f"no table {table!r}; there are {', '.join(TABLES)}")
