"""The moves of a model: propose, approve, reject, withdraw, widen, roll back.

::

    candidate ──propose──► pending ──approve──► production ──► previous ──► retired
                              │        └──────► experimental ──widen──► production
                       reject · withdraw               └──roll back──► rolled back

Each move is one transaction on a `lifecycle.registry.Registry`: roles, shares,
the proposal and a row of the ledger, or nothing. A move that is not legal now
raises an error whose message is one sentence. Nobody moves without a reason.
`accept` moves no role: it signs what is normal from now on.
"""

from __future__ import annotations

from lifecycle.promotion.accepting import Accepted, accept, accepted
from lifecycle.promotion.deciding import approve, pending, propose, reject, withdraw
from lifecycle.promotion.moving import Move, roll_back, widen
from lifecycle.promotion.standing import Standing

__all__ = [
    "Accepted",
    "Move",
    "Standing",
    "accept",
    "accepted",
    "approve",
    "pending",
    "propose",
    "reject",
    "roll_back",
    "widen",
    "withdraw",
]
