"""Estimation: performance before the outcomes are known.

From calibrated probabilities, on a reference weighted to look like the rows in
question; of a regression, from a model of its error. No estimate without outcomes can
see concept drift, and each says so.
"""

from __future__ import annotations

from lifecycle.estimation.binary import estimate
from lifecycle.estimation.counted import from_cells
from lifecycle.estimation.counting import cells_by_chunk
from lifecycle.estimation.direct import loss
from lifecycle.estimation.expected import METRICS
from lifecycle.estimation.looking_back import Beside, Error, beside
from lifecycle.estimation.result import Estimate, Ground
from lifecycle.estimation.several import multiclass

__all__ = [
    "METRICS",
    "Beside",
    "Error",
    "Estimate",
    "Ground",
    "beside",
    "cells_by_chunk",
    "estimate",
    "from_cells",
    "loss",
    "multiclass",
]
