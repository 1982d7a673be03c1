"""Profiles: a column as counts on a grid that its reference fixed.

Counts of two files, weeks or machines add up to exactly the counts of both. `profile`
counts the columns of a frame, `scan` those of Parquet files, chunk by chunk, in memory
that does not grow with the rows; what is asked of a log later is answered from the
counts. How to read a column at all (is it numbers, which values are missing) is decided
here once, for every room that looks at features.
"""

from __future__ import annotations

from lifecycle.profiles.columns import Kind, column, kind_of, numbers, tally
from lifecycle.profiles.counts import Counts
from lifecycle.profiles.grid import Grid
from lifecycle.profiles.result import Profile
from lifecycle.profiles.scanning import grids, profile, scan

__all__ = [
    "Counts",
    "Grid",
    "Kind",
    "Profile",
    "column",
    "grids",
    "kind_of",
    "numbers",
    "profile",
    "scan",
    "tally",
]
