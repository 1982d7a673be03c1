"""The result record: what a run found, in a file that programs read.

Its JSON Schema is `docs/record.schema.json`. A notebook's last cell writes one;
a run without a valid one did not succeed, whatever its cells say.
"""

from __future__ import annotations

from lifecycle.jobs.record.changes import changes
from lifecycle.jobs.record.earlier import latest_before
from lifecycle.jobs.record.kept import MIME, Record, Row, Todo, read, schema

__all__ = [
    "MIME",
    "Record",
    "Row",
    "Todo",
    "changes",
    "latest_before",
    "read",
    "schema",
]
