"""Feedback: what people say about predictions, and whether they are right.

People speak up where something surprises them: what they flag and override is no sample
of all predictions, and a rate among it is one of theirs.
"""

from __future__ import annotations

from lifecycle.feedback.counting import by_segment, count
from lifecycle.feedback.giving import reasons
from lifecycle.feedback.outcome import right
from lifecycle.feedback.ruled import (
    RULED,
    TRIAGED,
    about,
    handled,
    ruled,
    ruling_id,
    standing,
    waiting,
)

__all__ = [
    "RULED",
    "TRIAGED",
    "about",
    "by_segment",
    "count",
    "handled",
    "reasons",
    "right",
    "ruled",
    "ruling_id",
    "standing",
    "waiting",
]
