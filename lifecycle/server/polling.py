"""Polling: the other door, for systems that cannot send."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from lifecycle import errors
from lifecycle.registry import received

if TYPE_CHECKING:
    from lifecycle import config
    from lifecycle.workspace import Workspace

__all__ = ["Polled", "poll"]

_READ = (".csv", ".jsonl", ".ndjson", ".json", ".parquet", ".pq")
_PAGES = 1_000  # pages of a table that are read in one look
_LIKE_ADDRESS = re.compile(r"\S*://\S+")


@dataclass(frozen=True, slots=True)
class Polled:
    """What one look at a table or a folder brought.

    Parameters
    ----------
    name : str
        Of the poll.
    rows, bad : int
        Rows that were taken; rows that were set aside.
    trouble : str
        A sentence; what came before it stays taken.

    Examples
    --------
    >>> print(Polled("warehouse", 398, 2))
    warehouse: 398 rows, 2 bad ones set aside
    """

    name: str
    rows: int = 0
    bad: int = 0
    trouble: str = ""

    def __str__(self) -> str:
        bad = f", {self.bad:,} bad ones set aside" if self.bad else ""
        trouble = f"; {self.trouble}" if self.trouble else ""
        return f"{self.name}: {self.rows:,} rows{bad}{trouble}"


def poll(
    workspace: Workspace, name: str | None = None, *, at: datetime
) -> list[Polled]:
    """Look for new rows, and bring them to the logs.

    How far a poll is stands in the registry, and is moved after the log has the rows:
    a process killed between takes them again, which changes nothing.

    Parameters
    ----------
    workspace : Workspace
    name : str, optional
        Of `[server.polls]`; all where left out.
    at : datetime
        When outcomes without a time of their own became known.

    Returns
    -------
    list of Polled

    Raises
    ------
    SettingsError
        There is no such poll.
    """
    polls = workspace.settings.server.polls
    if name is not None and name not in polls:
        known = ", ".join(polls) or "none; add a table [server.polls.NAME]"
        raise errors.SettingsError(
            f"lifecycle.toml: there is no poll {name!r}; there is {known}"
        )
    chosen = polls if name is None else {name: polls[name]}
    return [_one(workspace, name, each, at) for name, each in chosen.items()]


def _one(workspace: Workspace, name: str, poll: config.Poll, at: datetime) -> Polled:
    done = Polled(name)
    look = _folder if poll.folder else _table
    try:
        for found in look(workspace, name, poll, at):
            done = Polled(name, done.rows + found.rows, done.bad + found.bad)
    except (errors.LifecycleError, OSError) as error:
        told = _LIKE_ADDRESS.sub("…", " ".join(str(error).split()))[:300]
        return Polled(name, done.rows, done.bad, told)
    return done


# -- a table -------------------------------------------------------------------


def _table(
    workspace: Workspace, name: str, poll: config.Poll, at: datetime
) -> Iterator[Polled]:
    import sqlalchemy as sa
    from sqlalchemy import exc

    address = os.environ.get(poll.url_env or "", "")
    if not address:
        raise errors.SettingsError(
            f"poll {name}: the variable {poll.url_env} is not set; put the database's "
            "address into it"
        )
    try:
        engine = sa.create_engine(sa.make_url(address), poolclass=sa.pool.NullPool)
    except (exc.ArgumentError, ImportError, ValueError) as error:
        kind = type(error).__name__
        raise errors.SettingsError(
            f"poll {name}: {poll.url_env} holds no address that SQLAlchemy opens "
            f"({kind}); write such as postgresql+psycopg://…, and install its driver"
        ) from None
    try:
        yield from _pages(workspace, name, poll, at, engine)
    except exc.SQLAlchemyError as error:
        # what a driver says may hold the address
        kind = type(getattr(error, "orig", None) or error).__name__
        raise errors.LifecycleError(
            f"poll {name}: the database refused to be read ({kind}); check that it is "
            f"up, and that {poll.table} and {poll.watermark} are there"
        ) from None
    finally:
        engine.dispose()


def _pages(
    workspace: Workspace, name: str, poll: config.Poll, at: datetime, engine: Any
) -> Iterator[Polled]:
    import sqlalchemy as sa

    schema, _, table_name = poll.table.rpartition(".")
    with engine.connect() as connection:
        table = sa.Table(
            table_name, sa.MetaData(), schema=schema or None, autoload_with=connection
        )
        if poll.watermark not in table.c:
            raise errors.SettingsError(
                f"poll {name}: {poll.table} has no column {poll.watermark!r}; it has "
                f"{', '.join(table.c.keys()[:12])}"
            )
        mark = table.c[poll.watermark]
        for _ in range(_PAGES):
            held = received.marks(workspace.registry, name).get("")
            query = sa.select(table).order_by(mark).limit(poll.rows)
            if held is not None:
                # rows with the same mark may have come since: they are taken again
                query = query.where(mark >= _read(held))
            rows = [dict(row) for row in connection.execute(query).mappings()]
            if not rows:
                return
            last = rows[-1][poll.watermark]
            if last is None:
                raise errors.InputError(
                    f"poll {name}: {poll.watermark} is empty in some rows; choose a "
                    "column that never is"
                )
            full = len(rows) == poll.rows
            if full and rows[0][poll.watermark] == last:
                raise errors.SettingsError(
                    f"poll {name}: {poll.rows:,} rows and more have the same "
                    f"{poll.watermark}; raise rows, or choose a finer column"
                )
            yield _taken(workspace, name, poll, rows, at)
            written = _written(last)
            if written != held:
                received.mark(workspace.registry, name, "", written, at=at)
            if not full:
                return


def _taken(
    workspace: Workspace,
    name: str,
    poll: config.Poll,
    rows: list[dict[str, Any]],
    at: datetime,
) -> Polled:
    import pandas as pd

    theirs = {column: ours for ours, column in poll.columns.items()}
    frame = pd.DataFrame(rows).rename(columns=theirs)
    with TemporaryDirectory(prefix="lifecycle-poll-") as place:
        path = Path(place) / f"{name}.jsonl"
        frame.to_json(
            path,
            orient="records",
            lines=True,
            date_format="iso",
            date_unit="us",
            double_precision=15,
        )
        return _ingested(workspace, name, poll, path, at)


def _written(mark: Any) -> str:
    if isinstance(mark, datetime):
        return json.dumps({"moment": mark.isoformat()})
    if isinstance(mark, bool | int | float | str):
        return json.dumps({"value": mark})
    return json.dumps({"value": str(mark)})


def _read(held: str) -> Any:
    told = json.loads(held)
    if "moment" in told:
        return datetime.fromisoformat(told["moment"])
    return told["value"]


# -- a folder ------------------------------------------------------------------


def _folder(
    workspace: Workspace, name: str, poll: config.Poll, at: datetime
) -> Iterator[Polled]:
    from pyarrow import fs

    known = received.marks(workspace.registry, name)
    for files, info in _files(workspace, name, poll.folder):
        stamp = f"{info.size}-{info.mtime_ns}"
        item = info.base_name
        if known.get(item) == stamp:
            continue
        with TemporaryDirectory(prefix="lifecycle-poll-") as place:
            path = Path(place) / Path(item).name
            fs.copy_files(
                info.path,
                str(path),
                source_filesystem=files,
                destination_filesystem=fs.LocalFileSystem(),
            )
            yield _ingested(workspace, name, poll, path, at)
        received.mark(workspace.registry, name, item, stamp, at=at)


def _files(workspace: Workspace, name: str, folder: str) -> Iterator[tuple[Any, Any]]:
    """The files of a folder by name; one that begins with a dot is not ready."""
    import pyarrow as pa
    from pyarrow import fs

    try:
        if "://" in folder:
            files, path = fs.FileSystem.from_uri(folder)
        else:
            files = fs.LocalFileSystem()
            path = str((workspace.directory / folder).resolve())
        found = files.get_file_info(fs.FileSelector(path, recursive=False))
    except (pa.ArrowException, OSError, ValueError) as error:
        kind = type(error).__name__
        raise errors.SettingsError(
            f"poll {name}: the folder cannot be read ({kind}); check its address, its "
            "permissions, and what its store wants in the environment"
        ) from None
    for info in sorted(found, key=lambda each: each.base_name):
        ready = info.type == fs.FileType.File and not info.base_name.startswith(".")
        if ready and info.base_name.lower().endswith(_READ):
            yield files, info


def _ingested(
    workspace: Workspace, name: str, poll: config.Poll, path: Path, at: datetime
) -> Polled:
    from lifecycle.workspace import intake

    done = intake.ingest(
        workspace, poll.model, poll.into, path, as_of=at, skip_bad=True
    )
    if done.written is not None:
        kept = workspace.directory / "logs" / poll.model / "polled"
        kept.mkdir(parents=True, exist_ok=True)
        moved = kept / f"{name}-{at:%Y%m%dT%H%M%S%f}-{done.written.name}"
        moved.write_bytes(done.written.read_bytes())
    return Polled(name, done.new + done.changed, done.bad)
