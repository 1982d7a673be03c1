"""What came in at the door before: web hooks that were taken, how far polls are."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

import sqlalchemy as sa
from sqlalchemy import exc

from lifecycle.registry import canonical
from lifecycle.registry.columns import Moment
from lifecycle.registry.tables import metadata

if TYPE_CHECKING:
    from lifecycle.registry.store import Registry

__all__ = ["came", "forget", "keep", "mark", "marks"]

delivered = sa.Table(
    "delivered",
    metadata,
    sa.Column("source", sa.Text, primary_key=True),
    sa.Column("key", sa.String(64), primary_key=True),
    sa.Column("at", Moment, nullable=False),
    sa.Index("ix_delivered_at", "at"),
)
polled = sa.Table(
    "polled",
    metadata,
    sa.Column("name", sa.Text, primary_key=True),
    sa.Column("item", sa.Text, primary_key=True),
    sa.Column("mark", sa.Text, nullable=False),
    sa.Column("at", Moment, nullable=False),
)


def came(registry: Registry, source: str, key: str) -> bool:
    """Whether a source's message was taken before."""
    query = sa.select(delivered.c.at).where(
        delivered.c.source == source, delivered.c.key == key
    )
    with registry.reading() as book:
        return book.connection.execute(query).first() is not None


def keep(registry: Registry, source: str, key: str, *, at: datetime) -> bool:
    """Keep that a message was taken; False where it was kept before."""
    row = {"source": source, "key": key, "at": canonical.utc(at)}
    try:
        with registry.atomic() as book:
            book.connection.execute(sa.insert(delivered).values(**row))
    except exc.IntegrityError:
        return False
    return True


def forget(registry: Registry, *, before: datetime) -> int:
    """Forget messages that were taken before a moment; how many."""
    query = sa.delete(delivered).where(delivered.c.at < canonical.utc(before))
    with registry.atomic() as book:
        return book.connection.execute(query).rowcount


def marks(registry: Registry, name: str) -> dict[str, str]:
    """How far a poll is: of a table one mark, of a folder one for each file."""
    query = sa.select(polled.c.item, polled.c.mark).where(polled.c.name == name)
    with registry.reading() as book:
        return {row.item: row.mark for row in book.connection.execute(query)}


def mark(registry: Registry, name: str, item: str, mark: str, *, at: datetime) -> None:
    """Keep how far a poll is."""
    values = {"mark": mark, "at": canonical.utc(at)}
    with registry.atomic() as book:
        changed = book.connection.execute(
            sa.update(polled)
            .where(polled.c.name == name, polled.c.item == item)
            .values(**values)
        )
        if not changed.rowcount:
            book.connection.execute(
                sa.insert(polled).values(name=name, item=item, **values)
            )
