"""What a release is watched for, and when it goes back by itself."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from lifecycle.config.rules import Table

__all__ = ["GUARDS", "Guard", "Guards"]

Guards = Literal[
    "performance",
    "estimated",
    "errors",
    "missing",
    "constant",
    "latency",
    "scores",
    "kpi",
]
GUARDS: tuple[Guards, ...] = (
    "performance",
    "estimated",
    "errors",
    "missing",
    "constant",
    "latency",
    "scores",
    "kpi",
)


class Guard(Table):
    """How a release is guarded: trials against production, it against before.

    For `weeks` after a version went into production it is held against the previous
    one, at most every `every_hours`. Guards in `act` roll it back, the others only open
    an alert. When nothing is wrong a model with at most `releases_per_year` is rolled
    back `false_rollbacks_per_year` times a year or less.

    `max_error_rate` and `max_missing` are shares of the rows asked for, those of one
    call counted once; late is an hour, or more with 20 calls, whose 95th percentile is
    above `max_latency_ms`, or above `max_latency_ratio` times that of the version
    before; `score_shift` is by how much the mean score may move against that of the
    version before. A KPI of `kpi` may fall by its number more than its season and its
    past explain.

    Where `estimated`, accuracy is estimated before outcomes are due, and may be
    `estimated_margin` below that of the version before on the same rows. It sees that
    more rows come of a kind the version is weak at, and not that such rows mean
    something else than before (concept drift): that takes outcomes.
    """

    every_hours: Annotated[float, Field(ge=0)] = 1.0
    weeks: Annotated[float, Field(gt=0, le=520)] = 26.0
    false_rollbacks_per_year: Annotated[float, Field(gt=0, lt=1)] = 0.01
    releases_per_year: Annotated[float, Field(gt=0)] = 26.0
    min_rows: Annotated[int, Field(ge=1)] = 40
    max_error_rate: Annotated[float, Field(gt=0, lt=1)] = 0.02
    max_missing: Annotated[float, Field(gt=0, lt=1)] = 0.02
    max_latency_ms: Annotated[float, Field(gt=0)] | None = None
    max_latency_ratio: Annotated[float, Field(gt=1)] = 3.0
    estimated: bool = True
    estimated_margin: Annotated[float, Field(ge=0, lt=1)] = 0.02
    score_shift: Annotated[float, Field(gt=0, lt=1)] = 0.1
    kpi: dict[
        Annotated[str, Field(min_length=1, max_length=64)],
        Annotated[float, Field(gt=0, lt=1)],
    ] = Field(default_factory=dict)
    act: tuple[Guards, ...] = GUARDS
