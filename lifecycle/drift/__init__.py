"""Drift: how far features have moved from their reference.

Distances between two samples of one feature, and `compare`, which looks at all
features of a frame at once and alerts only where a difference is both significant
among all that were looked at and large enough to matter. The reference is a sample
too, and is treated as one.

Drift of inputs is not harm: it says where to look, not that the model is wrong.
"""

from __future__ import annotations

from lifecycle.drift.budget import level
from lifecycle.drift.chunked import Course
from lifecycle.drift.compare import compare
from lifecycle.drift.course import course
from lifecycle.drift.measures import homogeneity, ks_distance, wasserstein
from lifecycle.drift.result import Drift
from lifecycle.drift.shares import (
    chi_square,
    hellinger,
    jensen_shannon,
    l_infinity,
    psi,
)

__all__ = [
    "Course",
    "Drift",
    "chi_square",
    "compare",
    "course",
    "hellinger",
    "homogeneity",
    "jensen_shannon",
    "ks_distance",
    "l_infinity",
    "level",
    "psi",
    "wasserstein",
]
