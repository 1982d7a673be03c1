"""Who runs a slot and until when, each attempt at it, and when a model was watched.

Revision ID: 0006
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

_CLAIMED = sa.text("status = 'claimed' AND holder <> ''")


def _must(name: str, kind: Any, default: str | None = None) -> sa.Column[Any]:
    return sa.Column(name, kind, nullable=False, server_default=default)


def upgrade() -> None:
    """Give a claim a lease, and make room for attempts."""
    moment = sa.DateTime(timezone=True)
    op.add_column("run", _must("attempt", sa.Integer(), "0"))
    op.add_column("run", _must("holder", sa.Text(), ""))
    op.add_column("run", sa.Column("lease_until", moment))
    op.add_column("run", sa.Column("next_try", moment))
    op.add_column("run", _must("log", sa.Text(), ""))
    op.create_index(
        "uq_run_claimed",
        "run",
        ["model", "notebook"],
        unique=True,
        sqlite_where=_CLAIMED,
        postgresql_where=_CLAIMED,
    )
    op.create_table(
        "attempt",
        _must("run", sa.Integer()),
        _must("number", sa.Integer()),
        _must("holder", sa.Text()),
        _must("started", moment),
        sa.Column("ended", moment),
        _must("status", sa.Text()),
        _must("summary", sa.Text(), ""),
        sa.PrimaryKeyConstraint("run", "number", name="pk_attempt"),
        sa.ForeignKeyConstraint(["run"], ["run.id"], name="fk_attempt_run"),
    )
    op.create_table(
        "watched",
        _must("model", sa.Text()),
        _must("slot", moment),
        sa.PrimaryKeyConstraint("model", name="pk_watched"),
    )
