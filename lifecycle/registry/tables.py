"""The tables as SQLAlchemy sees them; the revisions in `migrations` make them.

A model's roles are one row, so that the database itself refuses a second
production version and shares that do not add up to 1: the experimental version's
share is stored, the production version has what is left.
"""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa

from lifecycle.registry.columns import Json, Moment
from lifecycle.registry.renewals import OUTCOMES, REASONS, STATES

__all__ = [
    "Json",
    "Moment",
    "alert",
    "approval",
    "attempt",
    "delivery",
    "learned",
    "ledger",
    "metadata",
    "opened",
    "outbox",
    "proposal",
    "renewal",
    "role",
    "run",
    "version",
    "watched",
]

metadata = sa.MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_1_name)s",
        "pk": "pk_%(table_name)s",
    }
)


def _text(
    name: str, *, key: bool = False, default: str | None = None
) -> sa.Column[str]:
    return sa.Column(
        name, sa.Text, primary_key=key, nullable=False, server_default=default
    )


def _one_of(column: str, words: Sequence[str]) -> sa.CheckConstraint:
    told = ", ".join(f"'{word}'" for word in words)
    return sa.CheckConstraint(f"{column} IN ({told})", name=column)


def _is_version(column: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        ["model", column], ["version.model", "version.number"]
    )


version = sa.Table(
    "version",
    metadata,
    _text("model", key=True),
    sa.Column("number", sa.Integer, primary_key=True, autoincrement=False),
    _text("recipe"),
    _text("artefact"),
    sa.Column("sha256", sa.String(64), nullable=False),
    sa.Column("trained_from", Moment),
    sa.Column("trained_to", Moment),
    sa.Column("as_of", Moment),
    sa.Column("data", Json, nullable=False),
    sa.Column("features", Json, nullable=False),
    sa.Column("threshold", sa.Double, nullable=False),
    sa.Column("metrics", Json, nullable=False),
    sa.Column("birth", Json, nullable=False),
    _text("author"),
    sa.Column("created_at", Moment, nullable=False),
    _text("mark", default=""),
    sa.CheckConstraint("number > 0", name="number"),
)

role = sa.Table(
    "role",
    metadata,
    _text("model", key=True),
    sa.Column("production", sa.Integer, nullable=False),
    sa.Column("previous", sa.Integer),
    sa.Column("experimental", sa.Integer),
    sa.Column("share", sa.Double, nullable=False),
    sa.Column("shadow", sa.Integer),
    _is_version("production"),
    _is_version("previous"),
    _is_version("experimental"),
    _is_version("shadow"),
    sa.CheckConstraint("share >= 0 AND share < 1", name="share"),
    sa.CheckConstraint("(experimental IS NULL) = (share = 0)", name="experiment"),
    sa.CheckConstraint(
        "production <> previous AND production <> experimental"
        " AND production <> shadow AND previous <> experimental"
        " AND previous <> shadow AND experimental <> shadow",
        name="apart",
    ),
)

proposal = sa.Table(
    "proposal",
    metadata,
    _text("model", key=True),
    sa.Column("id", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("number", sa.Integer, nullable=False),
    _text("target"),
    sa.Column("share", sa.Double, nullable=False),
    sa.Column("against", sa.Integer),
    sa.Column("digest", sa.String(64), nullable=False),
    _text("status"),
    _text("author"),
    _text("reason"),
    sa.Column("evidence", Json, nullable=False),
    sa.Column("created_at", Moment, nullable=False),
    sa.Column("decided_at", Moment),
    sa.Column("decided_by", sa.Text),
    sa.Column("decision_reason", sa.Text),
    sa.Column("needed", sa.Integer, nullable=False, server_default="1"),
    sa.Column("expires_at", Moment),
    _is_version("number"),
    sa.CheckConstraint("target IN ('production', 'experimental')", name="target"),
    sa.CheckConstraint("share > 0 AND share <= 1", name="share"),
    sa.CheckConstraint(
        "status IN ('pending', 'approved', 'rejected', 'withdrawn')", name="status"
    ),
    sa.CheckConstraint("(status = 'pending') = (decided_at IS NULL)", name="decided"),
)
sa.Index(
    "uq_proposal_pending",
    proposal.c.model,
    proposal.c.number,
    unique=True,
    sqlite_where=proposal.c.status == "pending",
    postgresql_where=proposal.c.status == "pending",
)

approval = sa.Table(
    "approval",
    metadata,
    _text("model", key=True),
    sa.Column("proposal", sa.Integer, primary_key=True, autoincrement=False),
    _text("approver", key=True),
    _text("source"),
    sa.Column("verified", sa.Boolean, nullable=False),
    _text("reason"),
    sa.Column("digest", sa.String(64), nullable=False),
    sa.Column("at", Moment, nullable=False),
    sa.ForeignKeyConstraint(
        ["model", "proposal"],
        ["proposal.model", "proposal.id"],
        name="fk_approval_proposal",
    ),
)

delivery = sa.Table(
    "delivery",
    metadata,
    _text("hook", key=True),
    _text("model", key=True),
    sa.Column("seq", sa.Integer, primary_key=True, autoincrement=False),
    _text("state"),
    sa.Column("attempts", sa.Integer, nullable=False),
    sa.Column("next_try", Moment, nullable=False),
    _text("claim", default=""),
    sa.Column("lease_until", Moment),
    sa.Column("settled_at", Moment),
    _text("last_error", default=""),
    _one_of("state", ("waiting", "sent", "dead")),
    sa.CheckConstraint("(state = 'waiting') = (settled_at IS NULL)", name="settled"),
    sa.CheckConstraint("seq >= 0 AND attempts >= 0", name="counted"),
)

ledger = sa.Table(
    "ledger",
    metadata,
    sa.Column("seq", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("at", Moment, nullable=False),
    _text("model"),
    _text("move"),
    sa.Column("number", sa.Integer),
    sa.Column("proposal", sa.Integer),
    _text("actor"),
    _text("source"),
    sa.Column("verified", sa.Boolean, nullable=False),
    _text("reason"),
    sa.Column("evidence", Json, nullable=False),
    sa.Column("before", Json, nullable=False),
    sa.Column("after", Json, nullable=False),
    sa.Column("previous", sa.String(64), nullable=False),
    sa.Column("hash", sa.String(64), nullable=False),
    sa.Index("ix_ledger_model", "model", "seq"),
)

alert = sa.Table(
    "alert",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    _text("model"),
    _text("rule"),
    _text("subject"),
    sa.Column("opened_at", Moment, nullable=False),
    sa.Column("closed_at", Moment),
    sa.Column("value", sa.Double),
    sa.Column("threshold", sa.Double),
    sa.Column("n", sa.Integer, nullable=False),
    _text("sentence"),
    _text("owner"),
    _text("severity"),
    sa.Column("seen_at", Moment, nullable=False),
    sa.Column("acknowledged_by", sa.Text),
    sa.Column("acknowledged_at", Moment),
    sa.Column("quiet", sa.Integer, nullable=False, server_default="0"),
    _text("quiet_in", default=""),
    sa.Column("escalated_to", sa.Text),
    sa.Column("escalated_at", Moment),
    sa.Column("reminded_at", Moment),
    sa.Column("told", Json, nullable=False, server_default="{}"),
    sa.Index("ix_alert_model", "model", "rule", "subject"),
)
sa.Index(
    "uq_alert_open",
    alert.c.model,
    alert.c.rule,
    alert.c.subject,
    unique=True,
    sqlite_where=alert.c.closed_at.is_(None),
    postgresql_where=alert.c.closed_at.is_(None),
)

outbox = sa.Table(
    "outbox",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("key", sa.String(32), nullable=False),
    sa.Column("alert", sa.Integer),
    *map(_text, ("model", "kind", "recipient", "subject", "body", "report")),
    sa.Column("picture", Json, nullable=False),
    sa.Column("created_at", Moment, nullable=False),
    sa.Column("attempts", sa.Integer, nullable=False),
    sa.Column("next_try", Moment, nullable=False),
    _text("claim", default=""),
    sa.Column("lease_until", Moment),
    sa.Column("reached", Json, nullable=False),
    sa.Column("sent_at", Moment),
    sa.Column("dead_at", Moment),
    _text("last_error", default=""),
    sa.ForeignKeyConstraint(["alert"], ["alert.id"]),
    sa.UniqueConstraint("key"),
    _one_of("kind", ("opened", "grown", "escalated", "reminder", "closed", "report")),
    sa.CheckConstraint("(alert IS NULL) = (kind = 'report')", name="about"),
    sa.CheckConstraint("recipient IN ('owner', 'deputy')", name="recipient"),
    sa.CheckConstraint("sent_at IS NULL OR dead_at IS NULL", name="settled"),
)
sa.Index(
    "ix_outbox_waiting",
    outbox.c.next_try,
    sqlite_where=sa.and_(outbox.c.sent_at.is_(None), outbox.c.dead_at.is_(None)),
    postgresql_where=sa.and_(outbox.c.sent_at.is_(None), outbox.c.dead_at.is_(None)),
)
sa.Index("ix_outbox_alert", outbox.c.alert)

run = sa.Table(
    "run",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    _text("model"),
    _text("notebook"),
    sa.Column("as_of", Moment, nullable=False),
    sa.Column("slot", Moment),
    _text("status"),
    sa.Column("started", Moment),
    sa.Column("ended", Moment),
    sa.Column("exit_code", sa.Integer),
    _text("verdict"),
    _text("summary"),
    _text("directory"),
    sa.Column("attempt", sa.Integer, nullable=False, server_default="0"),
    _text("holder", default=""),
    sa.Column("lease_until", Moment),
    sa.Column("next_try", Moment),
    _text("log", default=""),
    sa.UniqueConstraint("model", "notebook", "slot"),
)
_CLAIMED = sa.and_(run.c.status == "claimed", run.c.holder != "")
sa.Index(
    "uq_run_claimed",
    run.c.model,
    run.c.notebook,
    unique=True,
    sqlite_where=_CLAIMED,
    postgresql_where=_CLAIMED,
)

attempt = sa.Table(
    "attempt",
    metadata,
    sa.Column("run", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("number", sa.Integer, primary_key=True, autoincrement=False),
    _text("holder"),
    sa.Column("started", Moment, nullable=False),
    sa.Column("ended", Moment),
    _text("status"),
    _text("summary", default=""),
    sa.ForeignKeyConstraint(["run"], ["run.id"]),
)

watched = sa.Table(
    "watched",
    metadata,
    _text("model", key=True),
    sa.Column("slot", Moment, nullable=False),
)

renewal = sa.Table(
    "renewal",
    metadata,
    _text("model", key=True),
    sa.Column("id", sa.Integer, primary_key=True, autoincrement=False),
    _text("why"),
    _text("state"),
    sa.Column("as_of", Moment, nullable=False),
    sa.Column("against", sa.Integer),
    sa.Column("ruling", Json, nullable=False),
    sa.Column("version", sa.Integer),
    sa.Column("tested", Json, nullable=False),
    sa.Column("proposal", sa.Integer),
    _text("holder"),
    sa.Column("lease_until", Moment),
    sa.Column("attempts", sa.Integer, nullable=False),
    sa.Column("ended_at", Moment),
    _text("outcome"),
    _text("sentence"),
    _is_version("against"),
    _is_version("version"),
    sa.ForeignKeyConstraint(
        ["model", "proposal"],
        ["proposal.model", "proposal.id"],
        name="fk_renewal_proposal",
    ),
    _one_of("why", REASONS),
    _one_of("state", STATES),
    _one_of("outcome", OUTCOMES),
    sa.CheckConstraint(
        "(state = 'ended') = (ended_at IS NOT NULL)"
        " AND (ended_at IS NULL) = (outcome = '')",
        name="ended",
    ),
    sa.CheckConstraint(
        "(holder = '') = (lease_until IS NULL) AND (ended_at IS NULL OR holder = '')",
        name="held",
    ),
    sa.CheckConstraint("attempts > 0", name="attempts"),
)
sa.Index(
    "uq_renewal_open",
    renewal.c.model,
    unique=True,
    sqlite_where=renewal.c.ended_at.is_(None),
    postgresql_where=renewal.c.ended_at.is_(None),
)

learned = sa.Table(
    "learned",
    metadata,
    _text("model", key=True),
    sa.Column("number", sa.Integer, primary_key=True, autoincrement=False),
    _text("feedback_id", key=True),
    _text("prediction"),
    _text("label"),
    sa.Column("weight", sa.Double, nullable=False),
    sa.ForeignKeyConstraint(["model", "number"], ["version.model", "version.number"]),
    sa.CheckConstraint("weight > 0", name="weight"),
    sa.Index("ix_learned_word", "model", "feedback_id"),
)

opened = sa.Table(
    "opened",
    metadata,
    *(_text(name, key=True) for name in ("model", "page", "day")),
    sa.Column("at", Moment, nullable=False),
    _text("way"),
)
