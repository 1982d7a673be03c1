"""The policies of the replay, by name: what others do, the prototype's rule, and ours."""

from __future__ import annotations

from collections.abc import Callable

from benchmarks import _replay_value
from benchmarks._replay_baselines import BASELINES
from benchmarks._replay_course import Ground, Path, Prices

__all__ = ["OURS", "POLICIES"]

OURS = "VALUE"
POLICIES: dict[str, Callable[[Ground, Prices], Path]] = {
    **BASELINES,
    "VALUE": _replay_value.value,
}
