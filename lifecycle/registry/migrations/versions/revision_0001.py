"""The first tables, and the triggers that keep the ledger honest.

Revision ID: 0001
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

_ZERO = "0" * 64

# table, event, columns, condition under which it is refused, the sentence
_RULES = (
    ("ledger", "UPDATE", "", "", "the ledger only grows: a row is never changed"),
    ("ledger", "DELETE", "", "", "the ledger only grows: a row is never removed"),
    ("version", "DELETE", "", "", "a version is never removed"),
    (
        "version",
        "UPDATE",
        "model, number, recipe, artefact, sha256, trained_from, trained_to, as_of, "
        "data, features, threshold, metrics, birth, author, created_at",
        "",
        "a version is never changed, only its mark",
    ),
    ("role", "DELETE", "", "", "a model keeps its production version"),
    ("proposal", "DELETE", "", "", "a proposal is never removed"),
    (
        "proposal",
        "UPDATE",
        "",
        "OLD.status <> 'pending'",
        "a proposal is decided once",
    ),
)
_CHAIN = (
    "NEW.seq IS {differs} (SELECT coalesce(max(seq), 0) + 1 FROM ledger) OR "
    "NEW.previous IS {differs} coalesce("
    f"(SELECT hash FROM ledger ORDER BY seq DESC LIMIT 1), '{_ZERO}')"
)
_BROKEN = "a row of the ledger follows the one before it"


def _name(table: str, event: str, columns: str) -> str:
    return f"{table}_{event}{'_columns' if columns else ''}".lower()


def _on_sqlite() -> None:
    for table, event, columns, condition, sentence in _RULES:
        of = f" OF {columns}" if columns else ""
        when = f" WHEN {condition}" if condition else ""
        op.execute(
            f"CREATE TRIGGER {_name(table, event, columns)} BEFORE {event}{of} "
            f"ON {table}{when} BEGIN SELECT raise(ABORT, '{sentence}'); END"
        )
    op.execute(
        f"CREATE TRIGGER ledger_insert BEFORE INSERT ON ledger "
        f"WHEN {_CHAIN.format(differs='NOT')} "
        f"BEGIN SELECT raise(ABORT, '{_BROKEN}'); END"
    )


def _on_postgresql() -> None:
    op.execute(
        "CREATE FUNCTION lifecycle_refuse() RETURNS trigger LANGUAGE plpgsql AS "
        "$$ BEGIN RAISE EXCEPTION '%', TG_ARGV[0]; END $$"
    )
    for table, event, columns, condition, sentence in _RULES:
        of = f" OF {columns}" if columns else ""
        when = f" WHEN ({condition})" if condition else ""
        op.execute(
            f"CREATE TRIGGER {_name(table, event, columns)} BEFORE {event}{of} "
            f"ON {table} FOR EACH ROW{when} "
            f"EXECUTE FUNCTION lifecycle_refuse('{sentence}')"
        )
    for table in ("ledger", "version", "role", "proposal"):
        op.execute(
            f"CREATE TRIGGER {table}_truncate BEFORE TRUNCATE ON {table} "
            f"EXECUTE FUNCTION lifecycle_refuse('{table} is never emptied')"
        )
    op.execute(
        "CREATE FUNCTION lifecycle_chain() RETURNS trigger LANGUAGE plpgsql AS $$ "
        f"BEGIN IF {_CHAIN.format(differs='DISTINCT FROM')} "
        f"THEN RAISE EXCEPTION '{_BROKEN}'; END IF; RETURN NEW; END $$"
    )
    op.execute(
        "CREATE TRIGGER ledger_insert BEFORE INSERT ON ledger FOR EACH ROW "
        "EXECUTE FUNCTION lifecycle_chain()"
    )


def _tables() -> None:
    moment = sa.DateTime(timezone=True)

    def must(name: str, kind: Any) -> sa.Column[Any]:
        return sa.Column(name, kind, nullable=False)

    def is_version(table: str, column: str) -> sa.ForeignKeyConstraint:
        return sa.ForeignKeyConstraint(
            ["model", column],
            ["version.model", "version.number"],
            name=f"fk_{table}_{column}",
        )

    op.create_table(
        "version",
        must("model", sa.Text()),
        must("number", sa.Integer()),
        must("recipe", sa.Text()),
        must("artefact", sa.Text()),
        must("sha256", sa.String(64)),
        sa.Column("trained_from", moment),
        sa.Column("trained_to", moment),
        sa.Column("as_of", moment),
        must("data", sa.Text()),
        must("features", sa.Text()),
        must("threshold", sa.Double()),
        must("metrics", sa.Text()),
        must("birth", sa.Text()),
        must("author", sa.Text()),
        must("created_at", moment),
        sa.Column("mark", sa.Text(), nullable=False, server_default=""),
        sa.PrimaryKeyConstraint("model", "number", name="pk_version"),
        sa.CheckConstraint("number > 0", name="ck_version_number"),
    )
    op.create_table(
        "role",
        must("model", sa.Text()),
        must("production", sa.Integer()),
        sa.Column("previous", sa.Integer()),
        sa.Column("experimental", sa.Integer()),
        must("share", sa.Double()),
        sa.PrimaryKeyConstraint("model", name="pk_role"),
        is_version("role", "production"),
        is_version("role", "previous"),
        is_version("role", "experimental"),
        sa.CheckConstraint("share >= 0 AND share < 1", name="ck_role_share"),
        sa.CheckConstraint(
            "(experimental IS NULL) = (share = 0)", name="ck_role_experiment"
        ),
        sa.CheckConstraint(
            "production <> previous AND production <> experimental"
            " AND previous <> experimental",
            name="ck_role_apart",
        ),
    )
    op.create_table(
        "proposal",
        must("model", sa.Text()),
        must("id", sa.Integer()),
        must("number", sa.Integer()),
        must("target", sa.Text()),
        must("share", sa.Double()),
        sa.Column("against", sa.Integer()),
        must("digest", sa.String(64)),
        must("status", sa.Text()),
        must("author", sa.Text()),
        must("reason", sa.Text()),
        must("evidence", sa.Text()),
        must("created_at", moment),
        sa.Column("decided_at", moment),
        sa.Column("decided_by", sa.Text()),
        sa.Column("decision_reason", sa.Text()),
        sa.PrimaryKeyConstraint("model", "id", name="pk_proposal"),
        is_version("proposal", "number"),
        sa.CheckConstraint(
            "target IN ('production', 'experimental')", name="ck_proposal_target"
        ),
        sa.CheckConstraint("share > 0 AND share <= 1", name="ck_proposal_share"),
        sa.CheckConstraint(
            "status IN ('pending', 'approved', 'rejected', 'withdrawn')",
            name="ck_proposal_status",
        ),
        sa.CheckConstraint(
            "(status = 'pending') = (decided_at IS NULL)", name="ck_proposal_decided"
        ),
    )
    _unique_while(
        "uq_proposal_pending", "proposal", "model number", "status = 'pending'"
    )
    op.create_table(
        "ledger",
        must("seq", sa.Integer()),
        must("at", moment),
        must("model", sa.Text()),
        must("move", sa.Text()),
        sa.Column("number", sa.Integer()),
        sa.Column("proposal", sa.Integer()),
        must("actor", sa.Text()),
        must("source", sa.Text()),
        must("verified", sa.Boolean()),
        must("reason", sa.Text()),
        must("evidence", sa.Text()),
        must("before", sa.Text()),
        must("after", sa.Text()),
        must("previous", sa.String(64)),
        must("hash", sa.String(64)),
        sa.PrimaryKeyConstraint("seq", name="pk_ledger"),
    )
    op.create_index("ix_ledger_model", "ledger", ["model", "seq"])
    op.create_table(
        "alert",
        must("id", sa.Integer()),
        must("model", sa.Text()),
        must("rule", sa.Text()),
        must("subject", sa.Text()),
        must("opened_at", moment),
        sa.Column("closed_at", moment),
        sa.Column("value", sa.Double()),
        sa.Column("threshold", sa.Double()),
        must("n", sa.Integer()),
        must("sentence", sa.Text()),
        must("owner", sa.Text()),
        must("severity", sa.Text()),
        must("seen_at", moment),
        sa.Column("acknowledged_by", sa.Text()),
        sa.Column("acknowledged_at", moment),
        sa.PrimaryKeyConstraint("id", name="pk_alert"),
    )
    op.create_index("ix_alert_model", "alert", ["model", "rule", "subject"])
    _unique_while("uq_alert_open", "alert", "model rule subject", "closed_at IS NULL")
    op.create_table(
        "run",
        must("id", sa.Integer()),
        must("model", sa.Text()),
        must("notebook", sa.Text()),
        must("as_of", moment),
        sa.Column("slot", moment),
        must("status", sa.Text()),
        sa.Column("started", moment),
        sa.Column("ended", moment),
        sa.Column("exit_code", sa.Integer()),
        must("verdict", sa.Text()),
        must("summary", sa.Text()),
        must("directory", sa.Text()),
        sa.PrimaryKeyConstraint("id", name="pk_run"),
        sa.UniqueConstraint(
            "model", "notebook", "slot", name="uq_run_model_notebook_slot"
        ),
    )


def _unique_while(name: str, table: str, columns: str, condition: str) -> None:
    op.create_index(
        name,
        table,
        columns.split(),
        unique=True,
        sqlite_where=sa.text(condition),
        postgresql_where=sa.text(condition),
    )


def upgrade() -> None:
    """Make the tables, then the triggers of the database at hand."""
    _tables()
    if op.get_bind().dialect.name == "sqlite":
        _on_sqlite()
    else:
        _on_postgresql()
