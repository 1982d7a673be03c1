"""Feedback: what people say about predictions, and whether they are right.

People speak up where something surprises them: what they flag and override is no
sample of all predictions, and a rate among it is one of theirs. `draw` draws a sample
with known probabilities, `hajek` and `horvitz_thompson` say what it tells of all, and
`caught` what people pass over.
"""

from __future__ import annotations

from lifecycle.feedback.counting import by_segment, count
from lifecycle.feedback.drawing import Draw, draw
from lifecycle.feedback.giving import reasons
from lifecycle.feedback.inclusion import hajek, horvitz_thompson
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
from lifecycle.feedback.selection import caught

__all__ = [
    "RULED",
    "TRIAGED",
    "Draw",
    "about",
    "by_segment",
    "caught",
    "count",
    "draw",
    "hajek",
    "handled",
    "horvitz_thompson",
    "reasons",
    "right",
    "ruled",
    "ruling_id",
    "standing",
    "waiting",
]
