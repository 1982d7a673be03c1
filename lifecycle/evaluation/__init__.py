"""Evaluation: a candidate against the champion on the same rows, and the guard after.

`compare` is asked before a release, on held-out later rows, and holds what it finds
against a `Gate`; `latency` times both for it. `guard` is asked again and again after
the release, and stays honest under repeated looks; `gained` says what the release has
saved; `reasons` what moved a single score.
"""

from lifecycle.evaluation.comparing import compare
from lifecycle.evaluation.differing import Differing
from lifecycle.evaluation.explaining import reasons
from lifecycle.evaluation.gaining import gained
from lifecycle.evaluation.gate import Check, Gate
from lifecycle.evaluation.guarding import guard, watched
from lifecycle.evaluation.result import Evaluation
from lifecycle.evaluation.timing import Latency, latency

__all__ = [
    "Check",
    "Differing",
    "Evaluation",
    "Gate",
    "Latency",
    "compare",
    "gained",
    "guard",
    "latency",
    "reasons",
    "watched",
]
