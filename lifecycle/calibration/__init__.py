"""Calibration: whether probabilities mean what they say, and a correction that does.

A score is counted on cells of equal width on the scale of the arcsine of its root, on
which a rate is known equally well everywhere; all that follows costs the cells and
not the rows.
"""

from __future__ import annotations

from lifecycle.calibration.cells import Cells
from lifecycle.calibration.correction import Calibrator, calibrator
from lifecycle.calibration.curve import expected_calibration_error, reliability

__all__ = [
    "Calibrator",
    "Cells",
    "calibrator",
    "expected_calibration_error",
    "reliability",
]
