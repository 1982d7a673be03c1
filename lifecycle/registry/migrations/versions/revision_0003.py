"""The book of renewals, and a further message of an alert that has grown.

Revision ID: 0003
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

_WORDS = (
    "key, alert, model, kind, recipient, subject, body, report, picture, created_at"
)
_KINDS = "kind IN ('opened', 'grown', 'escalated', 'reminder', 'closed')"
_WAITING = "sent_at IS NULL AND dead_at IS NULL"

# table, event, columns, condition under which it is refused, the sentence
_OF_OUTBOX = (
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
_OF_RENEWAL = (
    ("renewal", "DELETE", "", "", "a renewal is never removed"),
    ("renewal", "UPDATE", "model, id, why, as_of", "", "a renewal stays what it was"),
    ("renewal", "UPDATE", "", "OLD.ended_at IS NOT NULL", "a renewal ends once"),
)


def _triggers(rules: tuple[tuple[str, str, str, str, str], ...]) -> None:
    sqlite = op.get_bind().dialect.name == "sqlite"
    for table, event, columns, condition, sentence in rules:
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


def _must(name: str, kind: Any, default: str | None = None) -> sa.Column[Any]:
    return sa.Column(name, kind, nullable=False, server_default=default)


def _renewal() -> None:
    moment = sa.DateTime(timezone=True)
    op.create_table(
        "renewal",
        _must("model", sa.Text()),
        _must("id", sa.Integer()),
        _must("why", sa.Text()),
        _must("state", sa.Text()),
        _must("as_of", moment),
        sa.Column("against", sa.Integer()),
        _must("ruling", sa.Text()),
        sa.Column("version", sa.Integer()),
        _must("tested", sa.Text()),
        sa.Column("proposal", sa.Integer()),
        _must("holder", sa.Text()),
        sa.Column("lease_until", moment),
        _must("attempts", sa.Integer()),
        sa.Column("ended_at", moment),
        _must("outcome", sa.Text()),
        _must("sentence", sa.Text()),
        sa.PrimaryKeyConstraint("model", "id", name="pk_renewal"),
        *(
            sa.ForeignKeyConstraint(
                ["model", column],
                ["version.model", "version.number"],
                name=f"fk_renewal_{column}",
            )
            for column in ("against", "version")
        ),
        sa.ForeignKeyConstraint(
            ["model", "proposal"],
            ["proposal.model", "proposal.id"],
            name="fk_renewal_proposal",
        ),
        sa.CheckConstraint(
            "why IN ('schedule', 'alert', 'by hand', 'continuous')",
            name="ck_renewal_why",
        ),
        sa.CheckConstraint(
            "state IN ('due', 'decided', 'trained', 'tested', 'proposed', 'ended')",
            name="ck_renewal_state",
        ),
        sa.CheckConstraint(
            "outcome IN ('', 'kept', 'left to a person', 'data to mend', "
            "'failed the gate', 'proposed', 'promoted', 'overtaken', 'refused', "
            "'failed')",
            name="ck_renewal_outcome",
        ),
        sa.CheckConstraint(
            "(state = 'ended') = (ended_at IS NOT NULL)"
            " AND (ended_at IS NULL) = (outcome = '')",
            name="ck_renewal_ended",
        ),
        sa.CheckConstraint(
            "(holder = '') = (lease_until IS NULL)"
            " AND (ended_at IS NULL OR holder = '')",
            name="ck_renewal_held",
        ),
        sa.CheckConstraint("attempts > 0", name="ck_renewal_attempts"),
    )
    still = sa.text("ended_at IS NULL")
    op.create_index(
        "uq_renewal_open",
        "renewal",
        ["model"],
        unique=True,
        sqlite_where=still,
        postgresql_where=still,
    )
    _triggers(_OF_RENEWAL)
    if op.get_bind().dialect.name != "sqlite":
        op.execute(
            "CREATE TRIGGER renewal_truncate BEFORE TRUNCATE ON renewal "
            "EXECUTE FUNCTION lifecycle_refuse('renewal is never emptied')"
        )


def _outbox() -> None:
    if op.get_bind().dialect.name != "sqlite":
        op.drop_constraint("ck_outbox_kind", "outbox", type_="check")
        op.create_check_constraint("ck_outbox_kind", "outbox", _KINDS)
        return
    # SQLite changes a condition only with the whole table
    for name in ("outbox_delete", "outbox_update_columns", "outbox_update"):
        op.execute(f"DROP TRIGGER {name}")
    for name in ("ix_outbox_waiting", "ix_outbox_alert"):
        op.drop_index(name, "outbox")
    op.rename_table("outbox", "outbox_before")
    _make_outbox()
    op.execute("INSERT INTO outbox SELECT * FROM outbox_before")
    op.drop_table("outbox_before")
    op.create_index(
        "ix_outbox_waiting", "outbox", ["next_try"], sqlite_where=sa.text(_WAITING)
    )
    op.create_index("ix_outbox_alert", "outbox", ["alert"])
    _triggers(_OF_OUTBOX)


def _make_outbox() -> None:
    moment = sa.DateTime(timezone=True)
    op.create_table(
        "outbox",
        _must("id", sa.Integer()),
        _must("key", sa.String(32)),
        _must("alert", sa.Integer()),
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
        sa.CheckConstraint(
            "recipient IN ('owner', 'deputy')", name="ck_outbox_recipient"
        ),
        sa.CheckConstraint(
            "sent_at IS NULL OR dead_at IS NULL", name="ck_outbox_settled"
        ),
    )


def upgrade() -> None:
    """Make the book of renewals, and let an alert's message say that it has grown."""
    _renewal()
    _outbox()
