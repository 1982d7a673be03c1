"""The registry's database without the library: for what only it can refuse."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import sqlalchemy as sa

from lifecycle.registry import Registry

__all__ = ["Raw", "Refused", "raw"]


class Refused(Exception):
    """The database itself said no."""


class Raw:
    """Sentences of SQL that both databases understand, each its own transaction."""

    def __init__(self, connection: Any, dialect: str) -> None:
        self.connection = connection
        self.dialect = dialect

    def execute(self, sentence: str) -> list[tuple[Any, ...]]:
        """The rows of a sentence; `Refused` where a rule of the tables forbids it."""
        try:
            found = self.connection.execute(sentence)
        except sqlite3.IntegrityError as error:
            raise Refused(str(error)) from error
        except Exception as error:  # the driver may not be installed: no class to name
            state = getattr(error, "sqlstate", None) or ""
            if state[:2] not in ("23", "P0"):
                raise
            as_sqlite = {"23505": "UNIQUE constraint: ", "23503": "FOREIGN KEY: "}
            raise Refused(f"{as_sqlite.get(state, '')}{error}") from error
        return [tuple(row) for row in found.fetchall()] if found.description else []

    def disarm(self) -> None:
        """Put the triggers to sleep: what can be done behind them."""
        if self.dialect != "sqlite":
            self.execute("SET session_replication_role = replica")
            return
        for (name,) in self.execute(
            "SELECT name FROM sqlite_master WHERE type = 'trigger'"
        ):
            self.execute(f"DROP TRIGGER {name}")


@contextmanager
def raw(book: Registry) -> Iterator[Raw]:
    """A connection to the database of a registry, as any program could have one."""
    engine = sa.create_engine(book._url, poolclass=sa.pool.NullPool)
    connection = engine.raw_connection()
    driver = connection.driver_connection
    assert driver is not None
    try:
        if engine.dialect.name == "sqlite":
            driver.isolation_level = None
            driver.execute("PRAGMA foreign_keys = ON")
        else:
            driver.autocommit = True
        yield Raw(driver, engine.dialect.name)
    finally:
        connection.close()
