"""Tokens of other systems, the web hooks that were taken, how far polls are.

Revision ID: 0008
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def _must(name: str, kind: Any, default: str | None = None) -> sa.Column[Any]:
    return sa.Column(name, kind, nullable=False, server_default=default)


def upgrade() -> None:
    """Make room for them."""
    moment = sa.DateTime(timezone=True)
    op.create_table(
        "token",
        _must("id", sa.Text()),
        _must("source", sa.Text()),
        _must("sha256", sa.String(64)),
        _must("scopes", sa.Text()),
        _must("models", sa.Text()),
        sa.Column("rate_per_minute", sa.Integer()),
        _must("created_by", sa.Text()),
        _must("created_at", moment),
        sa.Column("expires_at", moment),
        sa.Column("revoked_by", sa.Text()),
        sa.Column("revoked_at", moment),
        _must("reason", sa.Text(), ""),
        sa.PrimaryKeyConstraint("id", name="pk_token"),
        sa.CheckConstraint(
            "(revoked_at IS NULL) = (revoked_by IS NULL)", name="ck_token_revoked"
        ),
    )
    op.create_table(
        "delivered",
        _must("source", sa.Text()),
        _must("key", sa.String(64)),
        _must("at", moment),
        sa.PrimaryKeyConstraint("source", "key", name="pk_delivered"),
    )
    op.create_index("ix_delivered_at", "delivered", ["at"])
    op.create_table(
        "polled",
        _must("name", sa.Text()),
        _must("item", sa.Text()),
        _must("mark", sa.Text()),
        _must("at", moment),
        sa.PrimaryKeyConstraint("name", "item", name="pk_polled"),
    )
