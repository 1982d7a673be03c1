"""How much is drawn: little on every commit, much in `make test-all`."""

from __future__ import annotations

import os

WIDE = os.environ.get("HYPOTHESIS_PROFILE") == "wide"


def draws(few: int, *, many: int) -> int:
    """So many examples of what takes long: `few`, or `many` where time is no matter."""
    return many if WIDE else few
