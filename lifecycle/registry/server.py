"""A registry on a PostgreSQL server: its address, its one writer, its errors."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from sqlalchemy import exc

from lifecycle import errors

__all__ = [
    "address",
    "connecting",
    "fit",
    "is_later",
    "lock",
    "options",
    "sentence",
    "shown",
]

_KEY = 0x6C6966  # of the advisory lock
_IDLE = 5  # minutes that a writer may be silent, before the server gives it up
_SECRETS = ("password", "sslpassword", "passfile", "sslkey")
_LATER = (  # the server is there, and will answer soon
    "the database system is",
    "too many clients",
    "remaining connection slots",
    "too many connections",
)
_LONG = 300  # letters of the server's own words


def address(url: sa.URL) -> sa.URL:
    """The address with the driver that the library speaks.

    Examples
    --------
    >>> address(sa.make_url("postgres://anna@host/book")).drivername
    'postgresql+psycopg'
    """
    if url.drivername in ("postgres", "postgresql"):
        return url.set(drivername="postgresql+psycopg")
    return url


def shown(url: sa.URL) -> str:
    """The address without what nobody may read.

    Examples
    --------
    >>> shown(sa.make_url("postgresql://anna:geheim@host/book?password=geheim&port=1"))
    'postgresql://anna:***@host/book?port=1'
    """
    return url.difference_update_query(_SECRETS).render_as_string(hide_password=True)


def connecting(url: sa.URL, patience: int) -> dict[str, Any]:
    """What the driver is told beyond the address."""
    told = {"connect_timeout": patience, "client_encoding": "utf8"}
    return {name: v for name, v in told.items() if name not in url.query}


def options(*, writes: bool) -> dict[str, Any]:
    """What a transaction is: a reader sees one moment, a writer all that came before.

    A writer's moment may not be fixed while it still waits for its turn.
    """
    if writes:
        return {"isolation_level": "READ COMMITTED", "postgresql_readonly": False}
    return {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}


def lock(connection: sa.Connection, patience: int) -> None:
    """Wait for the turn to write: the ledger is a chain, so one writes at a time.

    Where the writer's machine vanishes, the server lets the others on after minutes.
    """
    connection.exec_driver_sql(
        f"SELECT set_config('lock_timeout', '{patience}s', true),"
        f" set_config('idle_in_transaction_session_timeout', '{_IDLE}min', true),"
        f" pg_advisory_xact_lock({_KEY})"
    )


def fit(connection: sa.Connection) -> None:
    """Refuse a database that cannot hold every name and reason.

    Raises
    ------
    LifecycleError
        When its encoding is not UTF-8.
    """
    encoding = connection.exec_driver_sql("SHOW server_encoding").scalar()
    if encoding != "UTF8":
        raise errors.LifecycleError(
            f"{shown(connection.engine.url)} has the encoding {encoding}, which cannot "
            "hold every name; make the registry's database with ENCODING 'UTF8'"
        )


def is_later(error: exc.DBAPIError) -> bool:
    """Whether the server is about to start, or has no place for one more just now."""
    return any(words in str(error.orig) for words in _LATER)


def sentence(url: sa.URL, error: exc.DBAPIError, patience: int) -> str | None:
    """What went wrong, in one line without a secret; None where it is our own fault."""
    place = shown(url)
    if getattr(error.orig, "sqlstate", "") == "55P03":
        return (
            f"{place} is being written by another process for more than {patience} "
            "seconds; try again when it has finished"
        )
    words = " ".join(str(error.orig).split())
    for secret in {url.password, *(url.query.get(name) for name in _SECRETS)}:
        if secret:
            words = words.replace(str(secret), "***")
    words = words if len(words) <= _LONG else f"{words[: _LONG - 1]}…"
    if isinstance(error, exc.OperationalError | exc.InternalError):
        return (
            f"{place} cannot be used as a registry just now ({words}); see that the "
            "server runs and that workspace.registry is right, then look whether the "
            "move was made before you make it again"
        )
    if getattr(error.orig, "sqlstate", "") == "42501":
        return (
            f"{place} cannot be used as a registry ({words}); give the account the "
            "right to make, read and write its tables"
        )
    return None
