"""What came of people's attention: the words a version learned, reports opened.

The functions take the transaction they belong to.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from lifecycle.registry import canonical, tables
from lifecycle.registry.records import Learned, Opened

if TYPE_CHECKING:
    from lifecycle.registry.reading import Reading
    from lifecycle.registry.writing import Writing

__all__ = ["evidence", "keep_learned", "learned", "note_opened", "opened"]


def evidence(words: Sequence[Mapping[Any, Any]]) -> dict[str, Any]:
    """What the ledger says of the words a version learned: how many, and a digest."""
    if not words:
        return {}
    told = sorted([str(each["feedback_id"]), float(each["weight"])] for each in words)
    return {"words": len(told), "words_sha256": canonical.digest(told)}


def keep_learned(
    book: Writing, model: str, number: int, words: Sequence[Mapping[Any, Any]]
) -> None:
    """Keep which words a version learned; in the transaction that registers it."""
    rows = [
        {
            "model": model,
            "number": number,
            "feedback_id": canonical.words(str(each["feedback_id"])),
            "prediction": canonical.words(str(each["prediction"])),
            "label": canonical.words(str(each["label"])),
            "weight": float(each["weight"]),
        }
        for each in words
    ]
    if rows:
        book.connection.execute(sa.insert(tables.learned), rows)


def learned(
    book: Reading,
    model: str,
    *,
    number: int | None = None,
    ids: Sequence[str] | None = None,
) -> list[Learned]:
    """The words a model's versions learned, by version and word."""
    table = tables.learned
    query = sa.select(table).where(table.c.model == model)
    if number is not None:
        query = query.where(table.c.number == number)
    query = query.order_by(table.c.number, table.c.feedback_id)
    if ids is None:
        return [Learned(**row) for row in book.connection.execute(query).mappings()]
    found: list[Learned] = []
    for first in range(0, len(ids), 500):  # so many values a statement may have
        some = query.where(table.c.feedback_id.in_(ids[first : first + 500]))
        found += [Learned(**row) for row in book.connection.execute(some).mappings()]
    return sorted(found, key=lambda each: (each.number, each.feedback_id))


def note_opened(
    book: Writing, model: str, page: str, *, at: datetime, way: str
) -> bool:
    """Keep that a report was opened; False where it was on that day already."""
    at, table = canonical.utc(at), tables.opened
    key = {
        "model": model,
        "page": canonical.words(page),
        "day": f"{at.astimezone(UTC):%Y-%m-%d}",
    }
    mine = [table.c[name] == value for name, value in key.items()]
    if book.connection.execute(sa.select(table.c.day).where(*mine)).first():
        return False
    row = {**key, "at": at, "way": canonical.words(way)}
    book.connection.execute(sa.insert(table).values(**row))
    return True


def opened(book: Reading, model: str, page: str | None = None) -> list[Opened]:
    """When reports of a model were opened, newest first; of one page or of all."""
    table = tables.opened
    query = sa.select(table).where(table.c.model == model)
    if page is not None:
        query = query.where(table.c.page == page)
    query = query.order_by(table.c.at.desc(), table.c.page)
    return [Opened(**row) for row in book.connection.execute(query).mappings()]
