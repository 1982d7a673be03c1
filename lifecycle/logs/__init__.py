"""Logs: what was predicted, what came true, what people said; files in, frames out.

`read_file` turns one file of a user into a canonical frame or an error that says
what to mend; `Logs` keeps the frames of one model in Delta tables and reads them
as they were known at a moment (`as_of`) or at a version (`at`). Predictions of a
running service wait in a `Spool` until they `land` in the log, each once.
"""

from __future__ import annotations

from lifecycle.logs.columns import Columns, Kind
from lifecycle.logs.intake import FEEDBACK_KINDS, Incoming, read_file, unknown_ids
from lifecycle.logs.landing import Landed, bring, land
from lifecycle.logs.problems import Problem
from lifecycle.logs.schema import CANONICAL, KEYS, TABLES
from lifecycle.logs.spool import Segment, Spool, taken, waiting
from lifecycle.logs.tables import Appended, Logs

__all__ = [
    "CANONICAL",
    "FEEDBACK_KINDS",
    "KEYS",
    "TABLES",
    "Appended",
    "Columns",
    "Incoming",
    "Kind",
    "Landed",
    "Logs",
    "Problem",
    "Segment",
    "Spool",
    "bring",
    "land",
    "read_file",
    "taken",
    "unknown_ids",
    "waiting",
]
