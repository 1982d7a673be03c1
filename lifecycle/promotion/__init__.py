"""The moves of a model: who asks, who decides, and who serves.

::

    candidate ─propose─► pending ─approve─► production ─► previous ─retire─► retired
      │   ▲              │  │  └──────────► experimental ─widen─► production
   shadow retire     agree  │                      ├─roll back─► rolled back
      ▼   │        reject · withdraw · expire      └─retire─► retired
      shadow

Each move is one transaction on a `lifecycle.registry.Registry`: roles, shares,
the proposal and a row of the ledger, or nothing. A move that is not legal now
raises an error whose message is one sentence; `possible` tells which ones are.
Nobody moves without a reason. Rolling back also puts the previous version into
production. A retired or rolled back version can be proposed again, the latter by a
person only; whatever has no role can be the shadow, and is afterwards what it was.
`accept` moves no role: it signs what is normal from now on, and
`withdraw_acceptance` takes that back; `hold` keeps a version's stored model until
`release`; `hand_over` gives the model to another person, and `review` says that
somebody has looked at whose it is. `promote_within` is the only promotion that no
person makes, and a renewal the only way to it.
"""

from __future__ import annotations

from lifecycle.promotion.accepting import (
    Accepted,
    accept,
    accepted,
    withdraw_acceptance,
)
from lifecycle.promotion.agreeing import expire
from lifecycle.promotion.automatic import promote_within
from lifecycle.promotion.bounds import Bounds, within
from lifecycle.promotion.deciding import (
    approve,
    overtaken,
    pending,
    propose,
    reject,
    withdraw,
)
from lifecycle.promotion.holding import held, hold, release
from lifecycle.promotion.legal import possible
from lifecycle.promotion.moving import Move, roll_back, widen
from lifecycle.promotion.owning import HAND_OVER, REVIEW, Kept, hand_over, kept, review
from lifecycle.promotion.renewing import (
    MOST_ATTEMPTS,
    begin_renewal,
    end_renewal,
    fail_gate,
    hold_renewal,
    step_renewal,
)
from lifecycle.promotion.retiring import retire, shadow
from lifecycle.promotion.standing import Standing

__all__ = [
    "HAND_OVER",
    "MOST_ATTEMPTS",
    "REVIEW",
    "Accepted",
    "Bounds",
    "Kept",
    "Move",
    "Standing",
    "accept",
    "accepted",
    "approve",
    "begin_renewal",
    "end_renewal",
    "expire",
    "fail_gate",
    "hand_over",
    "held",
    "hold",
    "hold_renewal",
    "kept",
    "overtaken",
    "pending",
    "possible",
    "promote_within",
    "propose",
    "reject",
    "release",
    "retire",
    "review",
    "roll_back",
    "shadow",
    "step_renewal",
    "widen",
    "withdraw",
    "withdraw_acceptance",
    "within",
]
