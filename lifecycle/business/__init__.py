"""Business: what became of predictions, and what it was worth."""

from __future__ import annotations

from lifecycle.business.changes import before_after
from lifecycle.business.conversions import conversion
from lifecycle.business.kpis import kpi
from lifecycle.business.worth import earnings, summed, value

__all__ = ["before_after", "conversion", "earnings", "kpi", "summed", "value"]
