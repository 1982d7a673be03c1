"""Alerts that wait to close, that go to a second person, and the outbox.

Revision ID: 0002
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

_WORDS = (
    "key, alert, model, kind, recipient, subject, body, report, picture, created_at"
)

# table, event, columns, condition under which it is refused, the sentence
_RULES = (
    ("outbox", "DELETE", "", "", "a message is never removed"),
    ("outbox", "UPDATE", _WORDS, "", "the words of a message are never changed"),
    (
        "outbox",
        "UPDATE",
        "",
        "OLD.sent_at IS NOT NULL OR OLD.dead_at IS NOT NULL",
        "a message is settled once",
    ),
)


def _triggers() -> None:
    sqlite = op.get_bind().dialect.name == "sqlite"
    for table, event, columns, condition, sentence in _RULES:
        name = f"{table}_{event}{'_columns' if columns else ''}".lower()
        of = f" OF {columns}" if columns else ""
        when = f" WHEN ({condition})" if condition else ""
        head = f"CREATE TRIGGER {name} BEFORE {event}{of} ON {table}"
        if sqlite:
            op.execute(f"{head}{when} BEGIN SELECT raise(ABORT, '{sentence}'); END")
        else:
            op.execute(
                f"{head} FOR EACH ROW{when} "
                f"EXECUTE FUNCTION lifecycle_refuse('{sentence}')"
            )
    if not sqlite:
        op.execute(
            "CREATE TRIGGER outbox_truncate BEFORE TRUNCATE ON outbox "
            "EXECUTE FUNCTION lifecycle_refuse('outbox is never emptied')"
        )


def upgrade() -> None:
    """Grow the alerts, make the outbox."""
    moment = sa.DateTime(timezone=True)

    def must(name: str, kind: Any, default: str | None = None) -> sa.Column[Any]:
        return sa.Column(name, kind, nullable=False, server_default=default)

    for column in (
        must("quiet", sa.Integer(), "0"),
        must("quiet_in", sa.Text(), ""),
        sa.Column("escalated_to", sa.Text()),
        sa.Column("escalated_at", moment),
        sa.Column("reminded_at", moment),
    ):
        op.add_column("alert", column)
    op.create_table(
        "outbox",
        must("id", sa.Integer()),
        must("key", sa.String(32)),
        must("alert", sa.Integer()),
        must("model", sa.Text()),
        must("kind", sa.Text()),
        must("recipient", sa.Text()),
        must("subject", sa.Text()),
        must("body", sa.Text()),
        must("report", sa.Text()),
        must("picture", sa.Text()),
        must("created_at", moment),
        must("attempts", sa.Integer()),
        must("next_try", moment),
        must("claim", sa.Text(), ""),
        sa.Column("lease_until", moment),
        must("reached", sa.Text()),
        sa.Column("sent_at", moment),
        sa.Column("dead_at", moment),
        must("last_error", sa.Text(), ""),
        sa.PrimaryKeyConstraint("id", name="pk_outbox"),
        sa.ForeignKeyConstraint(["alert"], ["alert.id"], name="fk_outbox_alert"),
        sa.UniqueConstraint("key", name="uq_outbox_key"),
        sa.CheckConstraint(
            "kind IN ('opened', 'escalated', 'reminder', 'closed')",
            name="ck_outbox_kind",
        ),
        sa.CheckConstraint(
            "recipient IN ('owner', 'deputy')", name="ck_outbox_recipient"
        ),
        sa.CheckConstraint(
            "sent_at IS NULL OR dead_at IS NULL", name="ck_outbox_settled"
        ),
    )
    waiting = sa.text("sent_at IS NULL AND dead_at IS NULL")
    op.create_index(
        "ix_outbox_waiting",
        "outbox",
        ["next_try"],
        sqlite_where=waiting,
        postgresql_where=waiting,
    )
    op.create_index("ix_outbox_alert", "outbox", ["alert"])
    _triggers()
