"""What each hook has been told of the ledger, and what it is still to be told.

The ledger is the outbox: its rows are ordered, only grow, and are written in the
move's own transaction. A row here says how far one hook has come with one model. The
functions take the transaction they belong to.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import fields
from datetime import datetime
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from lifecycle.registry import canonical, tables
from lifecycle.registry.records import Entry
from lifecycle.registry.told import Told

if TYPE_CHECKING:
    from lifecycle.registry.reading import Reading
    from lifecycle.registry.writing import Writing

__all__ = [
    "begin",
    "begun",
    "change",
    "claim",
    "following",
    "last_row",
    "left",
    "revive",
    "rows",
]


_NAMES = [field.name for field in fields(Told)]


def rows(
    book: Reading,
    hook: str | None = None,
    model: str | None = None,
    *,
    state: str | None = None,
) -> list[Told]:
    """Rows of one hook or of all, by hook, model and row of the ledger."""
    table = tables.delivery
    query = sa.select(table).order_by(table.c.hook, table.c.model, table.c.seq)
    for column, wanted in (("hook", hook), ("model", model), ("state", state)):
        if wanted is not None:
            query = query.where(table.c[column] == wanted)
    found = book.connection.execute(query).mappings()
    return [Told(**{name: row[name] for name in _NAMES}) for row in found]


def begin(book: Writing, hook: str, model: str, *, after: int, at: datetime) -> bool:
    """Let a hook begin with the rows of a model after one; False where it has begun."""
    if _ends(book, hook, model) is not None:
        return False
    book.connection.execute(
        sa.insert(tables.delivery).values(
            hook=hook,
            model=model,
            seq=after,
            state="sent",
            attempts=0,
            next_try=at,
            claim="",
            lease_until=None,
            settled_at=at,
            last_error="",
        )
    )
    return True


def following(
    book: Reading, hook: str, model: str, *, moves: Collection[str] = ()
) -> tuple[Entry, Told | None] | None:
    """The row that a hook is to be told next, and how far it has come with it.

    The oldest that waits; where none does, the first of the ledger after all that are
    settled. `None` where it has been told all, or has not begun.

    Parameters
    ----------
    book : Reading
    hook, model : str
    moves : collection of str
        Those it hears of; rows that change who has which role where it is empty.
    """
    first = next(iter(rows(book, hook, model, state="waiting")), None)
    if first is None:
        wanted = _untold(book, hook, model, moves)
    else:
        columns = tables.ledger.c
        wanted = (columns.model == model, columns.seq == first.seq)
    if wanted is None:
        return None
    query = sa.select(tables.ledger).where(*wanted).order_by(tables.ledger.c.seq)
    found = book.connection.execute(query.limit(1)).mappings().one_or_none()
    if found is None:
        return None
    names = [field.name for field in fields(Entry)]
    return Entry(**{name: found[name] for name in names}), first


def left(book: Reading, hook: str, model: str, *, moves: Collection[str] = ()) -> int:
    """How many rows a hook is still to be told; `moves` as in `following`."""
    waiting = len(rows(book, hook, model, state="waiting"))
    wanted = _untold(book, hook, model, moves)
    if wanted is None:
        return waiting
    query = sa.select(sa.func.count()).select_from(tables.ledger).where(*wanted)
    return waiting + int(book.connection.execute(query).scalar() or 0)


def begun(book: Reading) -> set[tuple[str, str]]:
    """The hooks that have begun, each with the model."""
    columns = tables.delivery.c
    query = sa.select(columns.hook, columns.model).distinct()
    return {(row.hook, row.model) for row in book.connection.execute(query)}


def claim(
    book: Writing, hook: str, entry: Entry, *, claim: str, at: datetime, until: datetime
) -> Told:
    """Take a row for one attempt; the caller has seen that it is free."""
    table = tables.delivery
    mine = _key(hook, entry.model, entry.seq)
    values: dict[str, Any] = {"claim": claim, "lease_until": until}
    changed = book.connection.execute(
        sa.update(table).where(*mine).values(attempts=table.c.attempts + 1, **values)
    )
    if not changed.rowcount:
        book.connection.execute(
            sa.insert(table).values(
                hook=hook,
                model=entry.model,
                seq=entry.seq,
                state="waiting",
                attempts=1,
                next_try=at,
                settled_at=None,
                last_error="",
                **values,
            )
        )
    return _one(book, hook, entry.model, entry.seq)


def change(book: Writing, told: Told, *, error: str = "", **values: Any) -> Told | None:
    """Another word on a row that one has claimed; `None` when it is another's now."""
    table = tables.delivery
    changed = book.connection.execute(
        sa.update(table)
        .where(
            *_key(told.hook, told.model, told.seq),
            table.c.claim == told.claim,
            table.c.state == "waiting",
        )
        .values(lease_until=None, last_error=canonical.words(error), **values)
    )
    if changed.rowcount != 1:
        return None
    return _one(book, told.hook, told.model, told.seq)


def last_row(book: Reading, model: str) -> int:
    """The last row that the ledger has of a model; 0 where it has none."""
    columns = tables.ledger.c
    query = sa.select(sa.func.max(columns.seq)).where(columns.model == model)
    return int(book.connection.execute(query).scalar() or 0)


def revive(book: Writing, told: Told, *, at: datetime) -> Told:
    """Let a dead row wait again, as if it had never been tried."""
    table = tables.delivery
    book.connection.execute(
        sa.update(table)
        .where(*_key(told.hook, told.model, told.seq), table.c.state == "dead")
        .values(state="waiting", attempts=0, next_try=at, settled_at=None, claim="")
    )
    return _one(book, told.hook, told.model, told.seq)


def _key(hook: str, model: str, seq: int) -> tuple[sa.ColumnElement[bool], ...]:
    columns = tables.delivery.c
    return columns.hook == hook, columns.model == model, columns.seq == seq


def _one(book: Reading, hook: str, model: str, seq: int) -> Told:
    query = sa.select(tables.delivery).where(*_key(hook, model, seq))
    row = book.connection.execute(query).mappings().one()
    return Told(**{name: row[name] for name in _NAMES})


def _untold(
    book: Reading, hook: str, model: str, moves: Collection[str]
) -> tuple[sa.ColumnElement[bool], ...] | None:
    """What holds for the rows after all that a hook has; `None` before it begins."""
    after = _ends(book, hook, model)
    if after is None:
        return None
    columns = tables.ledger.c
    before, now = (sa.type_coerce(columns[n], sa.Text) for n in ("before", "after"))
    wanted = columns.move.in_(list(moves)) if moves else before != now
    return columns.model == model, columns.seq > after, wanted


def _ends(book: Reading, hook: str, model: str) -> int | None:
    """The last row that a hook has of a model, settled or not."""
    columns = tables.delivery.c
    query = sa.select(sa.func.max(columns.seq)).where(
        columns.hook == hook, columns.model == model
    )
    return book.connection.execute(query).scalar()
