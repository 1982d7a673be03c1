"""Kinds of columns that mean the same on every database: canonical JSON, moments."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.types import TypeDecorator

from lifecycle.registry import canonical

__all__ = ["Json", "Moment"]


class Json(TypeDecorator[Any]):
    """Canonical JSON as text, the same bytes on every database."""

    impl = sa.Text
    cache_ok = True

    def process_bind_param(self, value: Any, dialect: sa.Dialect) -> str:
        """Write."""
        return canonical.text({} if value is None else value)

    def process_result_value(self, value: str | None, dialect: sa.Dialect) -> Any:
        """Read."""
        return json.loads(value) if value else {}


class Moment(TypeDecorator[datetime]):
    """A moment: UTC in the database, UTC with its zone in Python."""

    impl = sa.DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(
        self, value: datetime | None, dialect: sa.Dialect
    ) -> datetime | None:
        """Write."""
        return None if value is None else canonical.utc(value)

    def process_result_value(
        self, value: datetime | None, dialect: sa.Dialect
    ) -> datetime | None:
        """Read."""
        if value is None:
            return None
        return (
            value.replace(tzinfo=UTC) if value.tzinfo is None else canonical.utc(value)
        )
