"""Profiles: a column as counts on a grid that its reference fixed.

Counts of two files, weeks or machines add up to the counts of both. How to read a
column at all (is it numbers, which values are missing) is decided here once, for
every room that looks at features.
"""

from __future__ import annotations

from lifecycle.profiles.columns import Kind, column, kind_of, numbers, tally
from lifecycle.profiles.grid import Counts, Grid

__all__ = ["Counts", "Grid", "Kind", "column", "kind_of", "numbers", "tally"]
