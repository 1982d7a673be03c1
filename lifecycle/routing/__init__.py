"""Routing: who is served by which version, and how each of them does.

`assign` deals ids to roles, `sample_ratio` asks whether the traffic agrees, a
`Breaker` leaves alone what fails, and a `Tally` counts what each version did.
"""

from __future__ import annotations

from lifecycle.routing.breaker import Breaker
from lifecycle.routing.dealing import assign, chosen
from lifecycle.routing.health import Health
from lifecycle.routing.ratio import sample_ratio
from lifecycle.routing.tally import COUNTS, Count, Tally

__all__ = [
    "COUNTS",
    "Breaker",
    "Count",
    "Health",
    "Tally",
    "assign",
    "chosen",
    "sample_ratio",
]
