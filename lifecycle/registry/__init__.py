"""The durable book: versions, roles, proposals, renewals, alerts, runs, ledger.

`Registry` opens it (SQLite by default, PostgreSQL for a team). Its reading
functions only read; whatever changes something goes through `Registry.atomic`,
one transaction for the change and the record of the change.
"""

from __future__ import annotations

from lifecycle.registry.alarms import Alert, Message
from lifecycle.registry.records import (
    Approval,
    Entry,
    Learned,
    Opened,
    Proposal,
    Role,
    Run,
    Version,
)
from lifecycle.registry.renewals import Renewal
from lifecycle.registry.store import Registry

__all__ = [
    "Alert",
    "Approval",
    "Entry",
    "Learned",
    "Message",
    "Opened",
    "Proposal",
    "Registry",
    "Renewal",
    "Role",
    "Run",
    "Version",
]
