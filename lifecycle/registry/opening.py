"""Open the database: connect, wait for others, bring the tables to this release."""

from __future__ import annotations

import contextlib
import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy import event, exc, pool

from lifecycle import errors
from lifecycle.registry import server

__all__ = ["REVISION", "begin", "connect", "prepare"]

REVISION = "0009"  # the newest file in migrations/versions; a test holds them equal

_PATIENCE = 60  # seconds that a writer waits for the others
_PAUSE = 0.1  # the longest between two tries, seconds
_BUSY = {5, 6}  # SQLITE_BUSY, SQLITE_LOCKED
_REACH = 10  # seconds for a server to answer at all


def connect(url: sa.URL) -> sa.Engine:
    """An engine with one connection per action, from any thread or process.

    Raises
    ------
    LifecycleError
        When the database is neither of SQLite nor of PostgreSQL, or its driver is not
        installed.
    """
    url = server.address(url)
    backend = url.get_backend_name()
    if backend == "sqlite":
        engine = sa.create_engine(
            url, poolclass=pool.NullPool, connect_args={"timeout": _PATIENCE}
        )
        event.listen(engine, "connect", _on_connect)
        event.listen(engine, "begin", _on_begin)
        return engine
    if backend != "postgresql":
        raise errors.LifecycleError(
            "a registry lives in a file of SQLite or on a PostgreSQL server, and not "
            f"in {backend}; correct workspace.registry"
        )
    try:
        engine = sa.create_engine(
            url,
            poolclass=pool.NullPool,
            connect_args=server.connecting(url, _REACH),
        )
    except ImportError as error:  # without the driver, or without what it stands on
        raise errors.LifecycleError(
            "a registry on PostgreSQL needs its driver; run "
            "`pip install 'lifecycle-workbench[postgres]'`"
        ) from error
    event.listen(engine, "begin", _on_begin_elsewhere)
    return engine


def _on_connect(connection: object, _record: object) -> None:
    connection.isolation_level = None  # type: ignore[attr-defined]  # we say BEGIN ourselves
    connection.execute("PRAGMA foreign_keys = ON")  # type: ignore[attr-defined]
    connection.execute("PRAGMA synchronous = FULL")  # type: ignore[attr-defined]


def _writes(connection: sa.Connection) -> bool:
    return bool(connection.get_execution_options().get("lifecycle_writes"))


def _on_begin(connection: sa.Connection) -> None:
    connection.exec_driver_sql("BEGIN IMMEDIATE" if _writes(connection) else "BEGIN")
    # takes the snapshot now, where waiting is possible
    connection.exec_driver_sql("SELECT count(*) FROM sqlite_master")


def _on_begin_elsewhere(connection: sa.Connection) -> None:
    if _writes(connection):
        server.lock(connection, _PATIENCE)


def _is_busy(error: exc.DBAPIError) -> bool:
    return (getattr(error.orig, "sqlite_errorcode", 0) or 0) & 0xFF in _BUSY


@contextmanager
def begin(engine: sa.Engine, *, writes: bool) -> Iterator[sa.Connection]:
    """A connection inside one transaction: committed at the end, undone by an error.

    SQLite reports "busy" at once, without waiting, while another process closes
    the database as its last user; such a moment is waited out here, and so is a server
    that starts or has no place for one more.

    Raises
    ------
    LifecycleError
        When others hold the database for longer than a minute, or it is not one.
    """
    try:
        with contextlib.ExitStack() as stack:
            yield _begun(engine, stack, writes=writes)
    except (exc.OperationalError, exc.InternalError) as error:  # full, or gone
        raise _sentence(engine, error) from error
    except exc.ProgrammingError as error:
        if engine.dialect.name == "sqlite" or _told(engine, error) is None:
            raise
        raise _sentence(engine, error) from error


def _begun(
    engine: sa.Engine, until: contextlib.ExitStack, *, writes: bool
) -> sa.Connection:
    sqlite = engine.dialect.name == "sqlite"
    options = {} if sqlite else server.options(writes=writes)
    started, pause = time.monotonic(), 0.001
    while True:
        with contextlib.ExitStack() as stack:
            try:
                connection = stack.enter_context(engine.connect())
                connection = connection.execution_options(
                    lifecycle_writes=writes, **options
                )
                stack.enter_context(connection.begin())
            except exc.OperationalError as error:
                later = _is_busy(error) if sqlite else server.is_later(error)
                if not later or time.monotonic() - started > _PATIENCE:
                    raise _sentence(engine, error) from error
            except exc.DatabaseError as error:
                if not sqlite:
                    raise
                raise _sentence(engine, error) from error
            else:
                until.push(stack.pop_all())
                return connection
        time.sleep(pause)
        pause = min(pause * 1.5, _PAUSE)


def _told(engine: sa.Engine, error: exc.DBAPIError) -> str | None:
    """What a server's error says to a person."""
    return server.sentence(engine.url, error, _PATIENCE)


def _sentence(engine: sa.Engine, error: exc.DBAPIError) -> errors.LifecycleError:
    if engine.dialect.name != "sqlite":
        return errors.LifecycleError(_told(engine, error) or "")
    place = engine.url.database
    if _is_busy(error):
        return errors.LifecycleError(
            f"{place} is in use by another process for more than {_PATIENCE} seconds; "
            "try again when it has finished"
        )
    return errors.LifecycleError(
        f"{place} cannot be used as a registry ({error.orig}); check its path, its "
        "permissions and the space on its disk, or restore it from a backup"
    )


def _found(engine: sa.Engine) -> str | None:
    """The revision of the tables; None when there are none."""
    with begin(engine, writes=False) as connection:
        if not sa.inspect(connection).has_table("alembic_version"):
            return None
        rows = connection.exec_driver_sql("SELECT version_num FROM alembic_version")
        return str(rows.scalar())


@contextmanager
def _alone(engine: sa.Engine) -> Iterator[None]:
    """One process at a time makes or upgrades the tables."""
    if engine.dialect.name != "sqlite":
        yield  # the advisory lock of the transaction does it
        return
    lock = Path(f"{engine.url.database}.lock")
    with lock.open("a") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield


def prepare(engine: sa.Engine) -> None:
    """Bring the tables to `REVISION`; does nothing (and imports nothing) when they are.

    Raises
    ------
    LifecycleError
        When a newer release wrote them.
    """
    if _found(engine) == REVISION:
        return
    with _alone(engine):
        if _found(engine) == REVISION:
            return
        from lifecycle.registry import upgrading

        if engine.dialect.name == "sqlite":
            _use_write_ahead_log(engine)
        with begin(engine, writes=True) as connection:
            if engine.dialect.name != "sqlite":
                server.fit(connection)
            upgrading.upgrade(connection)
    if engine.dialect.name == "sqlite":
        _sync_directory(Path(str(engine.url.database)).parent)


def _use_write_ahead_log(engine: sa.Engine) -> None:
    raw = engine.raw_connection()
    try:
        raw.cursor().execute("PRAGMA journal_mode = WAL")
    finally:
        raw.close()


def _sync_directory(directory: Path) -> None:
    handle = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
