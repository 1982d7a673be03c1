"""Quality: whether the newest rows are fit to be judged at all.

A broken feed looks like drift and is mended differently: these findings are about the
data, never about the model. The other way round, a new segment is drift and no fault:
categories that come up beside the known ones, or numbers that move just beyond the
known range, are measured here and judged there; a fault is what the world does not do
by itself: values gone, frozen, of another kind, in another unit, under other names.
`outcomes` asks the same of what came true, before anything is trained on it.
"""

from __future__ import annotations

from lifecycle.quality.checking import check
from lifecycle.quality.faults import Fault, Quality, faults
from lifecycle.quality.outcomes import outcomes

__all__ = ["Fault", "Quality", "check", "faults", "outcomes"]
