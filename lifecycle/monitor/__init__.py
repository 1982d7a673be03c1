"""Monitor: how good the model was, on outcomes that are due.

`performance` by chunk, `segments` for the parts of the rows where it is worst, `harm`
for whether it has become worse at all, `confusion` and `calibration` for how. Takes
plain tables: `time`, `prediction`, `score`, `outcome`.
"""

from __future__ import annotations

from lifecycle.monitor.confusing import confusion
from lifecycle.monitor.gap import calibration
from lifecycle.monitor.harming import harm
from lifecycle.monitor.realised import performance, reference_performance
from lifecycle.monitor.segmenting import segments

__all__ = [
    "calibration",
    "confusion",
    "harm",
    "performance",
    "reference_performance",
    "segments",
]
