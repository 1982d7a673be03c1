"""Drift: how far features have moved from their reference.

Distances between two samples of one feature; `compare`, which looks at all features
of a frame at once and alerts only where a difference is both significant among all
that were looked at and large enough to matter; and `course`, which does so chunk by
chunk with one budget of false alarms a year, ranked by `importance`. The reference is
a sample too, and is treated as one. `season` holds what has drifted against last year;
`domain_classifier` and `reconstruction` look at all features at once, `text` at words.

Drift of inputs is not harm: it says where to look, not that the model is wrong.
"""

from __future__ import annotations

from lifecycle.drift.budget import level
from lifecycle.drift.chunked import Course
from lifecycle.drift.compare import compare
from lifecycle.drift.course import course
from lifecycle.drift.domain import domain_classifier
from lifecycle.drift.importance import importance
from lifecycle.drift.measures import homogeneity, ks_distance, wasserstein
from lifecycle.drift.reconstruction import reconstruction
from lifecycle.drift.result import Drift
from lifecycle.drift.season import last_year, season
from lifecycle.drift.shares import (
    chi_square,
    hellinger,
    jensen_shannon,
    l_infinity,
    psi,
)
from lifecycle.drift.text import text

__all__ = [
    "Course",
    "Drift",
    "chi_square",
    "compare",
    "course",
    "domain_classifier",
    "hellinger",
    "homogeneity",
    "importance",
    "jensen_shannon",
    "ks_distance",
    "l_infinity",
    "last_year",
    "level",
    "psi",
    "reconstruction",
    "season",
    "text",
    "wasserstein",
]
