"""The policies of the replay by name: what others do, the prototype's rule, ours."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from benchmarks.replay.baselines import BASELINES
from benchmarks.replay.course import Ground, Path, Prices
from benchmarks.replay.ours import ours
from benchmarks.replay.value import value

__all__ = ["OURS", "POLICIES"]

OURS = "ours"
POLICIES: dict[str, Callable[[Ground, Prices], Path]] = {
    **BASELINES,
    "VALUE": value,
    "ours, no model made a window later": partial(ours, nearer=False),
    OURS: ours,
}
