"""Which words of people a version learned from, and when a report was opened.

Revision ID: 0007
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def _must(name: str, kind: Any) -> sa.Column[Any]:
    return sa.Column(name, kind, nullable=False)


def upgrade() -> None:
    """Make room for both."""
    op.create_table(
        "learned",
        _must("model", sa.Text()),
        _must("number", sa.Integer()),
        _must("feedback_id", sa.Text()),
        _must("prediction", sa.Text()),
        _must("label", sa.Text()),
        _must("weight", sa.Double()),
        sa.PrimaryKeyConstraint("model", "number", "feedback_id", name="pk_learned"),
        sa.ForeignKeyConstraint(
            ["model", "number"],
            ["version.model", "version.number"],
            name="fk_learned_model",
        ),
        sa.CheckConstraint("weight > 0", name="ck_learned_weight"),
    )
    op.create_index("ix_learned_word", "learned", ["model", "feedback_id"])
    op.create_table(
        "opened",
        _must("model", sa.Text()),
        _must("page", sa.Text()),
        _must("day", sa.Text()),
        _must("at", sa.DateTime(timezone=True)),
        _must("way", sa.Text()),
        sa.PrimaryKeyConstraint("model", "page", "day", name="pk_opened"),
    )
