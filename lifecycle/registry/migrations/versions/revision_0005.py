"""The shadow role, approvals of several persons, deadlines, and what hooks were told.

Revision ID: 0005
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

_HELD = ("production", "previous", "experimental", "shadow")
_APART = " AND ".join(
    f"{one} <> {other}" for k, one in enumerate(_HELD) for other in _HELD[k + 1 :]
)

# table, event, columns, condition under which it is refused, the sentence
_RULES = (
    ("approval", "UPDATE", "", "an approval is never changed"),
    ("approval", "DELETE", "", "an approval is never removed"),
    ("delivery", "DELETE", "", "a delivery is never removed"),
    ("delivery", "UPDATE", "hook, model, seq", "a delivery stays what it was about"),
)


def _must(name: str, kind: Any, default: str | None = None) -> sa.Column[Any]:
    return sa.Column(name, kind, nullable=False, server_default=default)


def _trigger(table: str, event: str, columns: str, sentence: str) -> None:
    name = f"{table}_{event}{'_columns' if columns else ''}".lower()
    of = f" OF {columns}" if columns else ""
    head = f"CREATE TRIGGER {name} BEFORE {event}{of} ON {table}"
    if op.get_bind().dialect.name == "sqlite":
        op.execute(f"{head} BEGIN SELECT raise(ABORT, '{sentence}'); END")
    else:
        op.execute(
            f"{head} FOR EACH ROW EXECUTE FUNCTION lifecycle_refuse('{sentence}')"
        )


def _is_version(table: str, column: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        ["model", column],
        ["version.model", "version.number"],
        name=f"fk_{table}_{column}",
    )


def _role() -> None:
    """A fourth role; the condition that all are apart changes with it."""
    if op.get_bind().dialect.name != "sqlite":
        op.add_column("role", sa.Column("shadow", sa.Integer()))
        op.create_foreign_key(
            "fk_role_shadow",
            "role",
            "version",
            ["model", "shadow"],
            ["model", "number"],
        )
        op.drop_constraint("ck_role_apart", "role", type_="check")
        op.create_check_constraint("ck_role_apart", "role", _APART)
        return
    op.execute("DROP TRIGGER role_delete")
    op.rename_table("role", "role_before")  # nothing refers to it
    op.create_table(
        "role",
        _must("model", sa.Text()),
        _must("production", sa.Integer()),
        sa.Column("previous", sa.Integer()),
        sa.Column("experimental", sa.Integer()),
        _must("share", sa.Double()),
        sa.Column("shadow", sa.Integer()),
        sa.PrimaryKeyConstraint("model", name="pk_role"),
        *(_is_version("role", column) for column in _HELD),
        sa.CheckConstraint("share >= 0 AND share < 1", name="ck_role_share"),
        sa.CheckConstraint(
            "(experimental IS NULL) = (share = 0)", name="ck_role_experiment"
        ),
        sa.CheckConstraint(_APART, name="ck_role_apart"),
    )
    op.execute("INSERT INTO role SELECT *, NULL FROM role_before")
    op.drop_table("role_before")
    _trigger("role", "DELETE", "", "a model keeps its production version")


def _proposal() -> None:
    moment = sa.DateTime(timezone=True)
    op.add_column("proposal", _must("needed", sa.Integer(), "1"))
    op.add_column("proposal", sa.Column("expires_at", moment))


def _approval() -> None:
    op.create_table(
        "approval",
        _must("model", sa.Text()),
        _must("proposal", sa.Integer()),
        _must("approver", sa.Text()),
        _must("source", sa.Text()),
        _must("verified", sa.Boolean()),
        _must("reason", sa.Text()),
        _must("digest", sa.String(64)),
        _must("at", sa.DateTime(timezone=True)),
        sa.PrimaryKeyConstraint("model", "proposal", "approver", name="pk_approval"),
        sa.ForeignKeyConstraint(
            ["model", "proposal"],
            ["proposal.model", "proposal.id"],
            name="fk_approval_proposal",
        ),
    )


def _delivery() -> None:
    moment = sa.DateTime(timezone=True)
    op.create_table(
        "delivery",
        _must("hook", sa.Text()),
        _must("model", sa.Text()),
        _must("seq", sa.Integer()),
        _must("state", sa.Text()),
        _must("attempts", sa.Integer()),
        _must("next_try", moment),
        _must("claim", sa.Text(), ""),
        sa.Column("lease_until", moment),
        sa.Column("settled_at", moment),
        _must("last_error", sa.Text(), ""),
        sa.PrimaryKeyConstraint("hook", "model", "seq", name="pk_delivery"),
        sa.CheckConstraint(
            "state IN ('waiting', 'sent', 'dead')", name="ck_delivery_state"
        ),
        sa.CheckConstraint(
            "(state = 'waiting') = (settled_at IS NULL)", name="ck_delivery_settled"
        ),
        sa.CheckConstraint("seq >= 0 AND attempts >= 0", name="ck_delivery_counted"),
    )


def upgrade() -> None:
    """Make room for a shadow, for several approvers and for hooks."""
    _role()
    _proposal()
    _approval()
    _delivery()
    for table, event, columns, sentence in _RULES:
        _trigger(table, event, columns, sentence)
    if op.get_bind().dialect.name != "sqlite":
        for table in ("approval", "delivery"):
            op.execute(
                f"CREATE TRIGGER {table}_truncate BEFORE TRUNCATE ON {table} "
                f"EXECUTE FUNCTION lifecycle_refuse('{table} is never emptied')"
            )
