"""Intervals: how far a number may be from the truth, from sampling alone.

Two-sided, 90% unless asked otherwise; `nan` at both ends where there is none. An
interval holds for one look at rows that were not chosen by looking; `betting` and
`asymptotic` hold at all looks together, and `evidence` weighs one question over time.
`boundary`, `always_valid`, `staked` and `refuted` are what such sequences are made of.
"""

from __future__ import annotations

from lifecycle.intervals.drawn import bootstrap
from lifecycle.intervals.levels import floats, z
from lifecycle.intervals.means import mean, paired_difference
from lifecycle.intervals.mixtures import always_valid, boundary
from lifecycle.intervals.proportions import wilson
from lifecycle.intervals.ranks import auc, placements
from lifecycle.intervals.sequences import asymptotic, betting
from lifecycle.intervals.stakes import refuted, staked
from lifecycle.intervals.wagers import evidence

__all__ = [
    "always_valid",
    "asymptotic",
    "auc",
    "betting",
    "bootstrap",
    "boundary",
    "evidence",
    "floats",
    "mean",
    "paired_difference",
    "placements",
    "refuted",
    "staked",
    "wilson",
    "z",
]
