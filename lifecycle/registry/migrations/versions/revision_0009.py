"""A message that is about a report and no alert.

Revision ID: 0009
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

_KINDS = "kind IN ('opened', 'grown', 'escalated', 'reminder', 'closed', 'report')"
_ABOUT = "(alert IS NULL) = (kind = 'report')"
_WAITING = "sent_at IS NULL AND dead_at IS NULL"
_WORDS = (
    "key, alert, model, kind, recipient, subject, body, report, picture, created_at"
)
_REFUSED = {
    "outbox_delete": ("DELETE", "", "a message is never removed"),
    "outbox_update_columns": (
        f"UPDATE OF {_WORDS}",
        "",
        "the words of a message are never changed",
    ),
    "outbox_update": (
        "UPDATE",
        " WHEN (OLD.sent_at IS NOT NULL OR OLD.dead_at IS NOT NULL)",
        "a message is settled once",
    ),
}


def _must(name: str, kind: Any, default: str | None = None) -> sa.Column[Any]:
    return sa.Column(name, kind, nullable=False, server_default=default)


def upgrade() -> None:
    """Let a message be about a report."""
    if op.get_bind().dialect.name != "sqlite":
        op.alter_column("outbox", "alert", nullable=True)
        op.drop_constraint("ck_outbox_kind", "outbox", type_="check")
        op.create_check_constraint("ck_outbox_kind", "outbox", _KINDS)
        op.create_check_constraint("ck_outbox_about", "outbox", _ABOUT)
        return
    # SQLite changes a condition only with the whole table
    for name in _REFUSED:
        op.execute(f"DROP TRIGGER {name}")
    for name in ("ix_outbox_waiting", "ix_outbox_alert"):
        op.drop_index(name, "outbox")
    op.rename_table("outbox", "outbox_before")
    _make()
    op.execute("INSERT INTO outbox SELECT * FROM outbox_before")
    op.drop_table("outbox_before")
    op.create_index(
        "ix_outbox_waiting", "outbox", ["next_try"], sqlite_where=sa.text(_WAITING)
    )
    op.create_index("ix_outbox_alert", "outbox", ["alert"])
    for name, (event, when, sentence) in _REFUSED.items():
        op.execute(
            f"CREATE TRIGGER {name} BEFORE {event} ON outbox{when} "
            f"BEGIN SELECT raise(ABORT, '{sentence}'); END"
        )


def _make() -> None:
    moment = sa.DateTime(timezone=True)
    op.create_table(
        "outbox",
        _must("id", sa.Integer()),
        _must("key", sa.String(32)),
        sa.Column("alert", sa.Integer()),
        _must("model", sa.Text()),
        _must("kind", sa.Text()),
        _must("recipient", sa.Text()),
        _must("subject", sa.Text()),
        _must("body", sa.Text()),
        _must("report", sa.Text()),
        _must("picture", sa.Text()),
        _must("created_at", moment),
        _must("attempts", sa.Integer()),
        _must("next_try", moment),
        _must("claim", sa.Text(), ""),
        sa.Column("lease_until", moment),
        _must("reached", sa.Text()),
        sa.Column("sent_at", moment),
        sa.Column("dead_at", moment),
        _must("last_error", sa.Text(), ""),
        sa.PrimaryKeyConstraint("id", name="pk_outbox"),
        sa.ForeignKeyConstraint(["alert"], ["alert.id"], name="fk_outbox_alert"),
        sa.UniqueConstraint("key", name="uq_outbox_key"),
        sa.CheckConstraint(_KINDS, name="ck_outbox_kind"),
        sa.CheckConstraint(_ABOUT, name="ck_outbox_about"),
        sa.CheckConstraint(
            "recipient IN ('owner', 'deputy')", name="ck_outbox_recipient"
        ),
        sa.CheckConstraint(
            "sent_at IS NULL OR dead_at IS NULL", name="ck_outbox_settled"
        ),
    )
