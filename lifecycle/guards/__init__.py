"""When a release must go back by itself: what is held against which bound.

A guard is asked again and again, hour after hour, and each answer holds at all looks
together: with probability `alpha` at most a guard ever says that a sound release is
bad. `share` cuts the year's budget of false rollbacks into those of single guards.
Of `estimated` and `bearable` this is an aim that simulations bear out, not a theorem.
"""

from __future__ import annotations

from lifecycle.guards.bearable import AHEAD, LAST_YEAR, bearable
from lifecycle.guards.budget import share
from lifecycle.guards.counted import against, rate
from lifecycle.guards.estimated import estimated, stretch
from lifecycle.guards.shifted import shift
from lifecycle.guards.still import still

__all__ = [
    "AHEAD",
    "LAST_YEAR",
    "against",
    "bearable",
    "estimated",
    "rate",
    "share",
    "shift",
    "still",
    "stretch",
]
