"""The index: how the fleet stands, on one page, with the way to every report.

`write` makes the front page, `write_model` the pages of one model: its life on one time
line, its versions, its reports and its history. It knows no registry: whoever calls it
says what is so in plain data. All is static; the same inputs give the same bytes, and a
page whose bytes are there already is not written again.
"""

from __future__ import annotations

from lifecycle.jobs.index.fleet import write
from lifecycle.jobs.index.lines import (
    AlertLine,
    MoveLine,
    ReportLink,
    Row,
    VersionLine,
)
from lifecycle.jobs.index.model import write_model

__all__ = [
    "AlertLine",
    "MoveLine",
    "ReportLink",
    "Row",
    "VersionLine",
    "write",
    "write_model",
]
