"""How long stored models are kept that nothing serves any more."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from lifecycle.config.rules import Table

__all__ = ["Artefacts"]


class Artefacts(Table):
    """What `lifecycle collect` leaves alone beside roles, proposals and legal holds.

    `keep_days` is the window of the ledger: a version that was in a role or named there
    within it stays, and so do the newest `keep_last`.
    """

    keep_days: Annotated[float, Field(ge=1, le=36_600)] = 365.0
    keep_last: Annotated[int, Field(ge=1)] = 10
