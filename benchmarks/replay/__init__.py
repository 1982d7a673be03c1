"""Decisions replayed: streams, their models and losses, policies, and the optimum.

`streams` and what they are read and made by (`reading`, `retail`, `simulated`) become
a `cube` of losses (`fits`, `models`, `checks`); on it `course` plays policies
(`policies`: `baselines` with their `detectors`, `value`, and `ours`), `optimum` knows
the future, `luck` says what that is worth, `playing` makes cells and `summary` tables.
"""

from benchmarks.replay import (
    baselines,
    checks,
    course,
    cube,
    detectors,
    fits,
    luck,
    models,
    optimum,
    ours,
    playing,
    policies,
    reading,
    retail,
    simulated,
    streams,
    summary,
    value,
)

__all__ = [
    "baselines",
    "checks",
    "course",
    "cube",
    "detectors",
    "fits",
    "luck",
    "models",
    "optimum",
    "ours",
    "playing",
    "policies",
    "reading",
    "retail",
    "simulated",
    "streams",
    "summary",
    "value",
]
