"""Diagnosis: what a loss of performance is made of.

Late labels, faults in the data, other inputs, another meaning of the same inputs, the
season: only some of them are cured by retraining.
"""

from __future__ import annotations

from lifecycle.diagnosis.parts import diagnose
from lifecycle.diagnosis.result import Diagnosis

__all__ = ["Diagnosis", "diagnose"]
