"""How a version becomes the production version: what it must show, who decides."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AfterValidator, Field, model_validator

from lifecycle import people
from lifecycle.config.rules import Table

__all__ = ["Gate", "Promote", "Release", "Renewal"]


def _some(spans: tuple[int, ...]) -> tuple[int, ...]:
    if not spans:
        raise ValueError("names no span; list at least one in chunks, 0 for all rows")
    return spans


Spans = Annotated[tuple[Annotated[int, Field(ge=0)], ...], AfterValidator(_some)]


class Release(Table):
    """How a candidate becomes the production version, and how it loses the place.

    `spans` are the lengths of history a retraining may use, in chunks; 0 is all.
    `approvals` is how many persons must approve a proposal, `approvers` who may
    (anybody where it is empty), `verified` asks for names that somebody vouches for.
    One name or mail address is one person. With `digest_required` a decision takes the
    digest of what was shown; a terminal shows what is proposed and asks. Where several
    must approve, one of them widens a trial up to `alone_up_to` of the traffic; more of
    it is proposed and approved like a release. A proposal that nobody has decided is an
    alert after `remind_after_days` and over after `decide_within_days`.
    """

    automatic: bool = True
    two_persons: bool = False
    approvals: Annotated[int, Field(ge=1, le=20)] = 1
    approvers: tuple[Annotated[str, Field(min_length=1, max_length=120)], ...] = ()
    verified: bool = False
    digest_required: bool = False
    alone_up_to: Annotated[float, Field(ge=0, lt=1)] = 0.5
    decide_within_days: Annotated[float, Field(gt=0)] = 14.0
    remind_after_days: Annotated[float, Field(gt=0)] = 7.0
    canary_share: Annotated[float, Field(gt=0, lt=1)] = 0.05
    holdout_chunks: Annotated[int, Field(ge=1)] = 2
    spans: Spans = (8, 13, 0)

    @model_validator(mode="after")
    def _able(self) -> Release:
        for place, name in enumerate(self.approvers):
            for other in self.approvers[:place]:
                if people.same(name, other):
                    raise ValueError(
                        f"approvers names {other!r} and {name!r}, who may be one "
                        "person; name each once, by a mail address where two share a "
                        "name"
                    )
        names = len(self.approvers)
        if self.approvers and names < self.approvals:
            raise ValueError(
                f"approvers names {names} and approvals asks for "
                f"{self.approvals}; name more or ask for fewer"
            )
        return self


class Gate(Table):
    """What a candidate must show on held-out later rows before it is proposed.

    `tolerance` is by how many errors a row the lower end of what it saves may lie
    below nothing, `min_gain` how many it must save. `calibration_tolerance` is by how
    much its calibration error may be above the champion's; `max_latency_ratio` how
    many times the champion's time a row it may take, `max_size_mb` how large it may be
    stored.
    """

    tolerance: Annotated[float, Field(ge=0, le=1)] = 0.01
    min_gain: Annotated[float, Field(ge=-1, le=1)] = 0.0
    min_rows: Annotated[int, Field(ge=1)] = 100
    min_segment_rows: Annotated[int, Field(ge=1)] = 50
    calibration_tolerance: Annotated[float, Field(ge=0, le=1)] | None = None
    max_latency_ratio: Annotated[float, Field(gt=0)] | None = None
    max_size_mb: Annotated[float, Field(gt=0)] | None = None


class Promote(Table):
    """Within which bounds a candidate goes live without a person.

    Nothing does unless `auto` says so. Of the rulings only those in `actions`, only
    where the lower end of what the gate saw saved is above `min_saved` errors a row,
    and not before `every_days` have passed since the last move of the model.
    """

    auto: bool = False
    actions: tuple[Literal["recalibrate", "retrain", "rebuild", "roll_back"], ...] = (
        "recalibrate",
        "retrain",
    )
    target: Literal["production", "experimental"] = "experimental"
    min_saved: Annotated[float, Field(ge=-1, le=1)] = 0.0
    every_days: Annotated[float, Field(ge=0)] = 7.0


class Renewal(Table):
    """When a model is renewed, and from what.

    `windows` is how many of the newest chunks with outcomes a back-test looks at, and
    `certainty` with which probability an action must pay before it is ruled.
    `continuous` trains a candidate each chunk whatever the ruling is, "refit" on the
    newest `continuous_span` chunks, "update" by going on from the champion; it meets
    the same gate. A renewal that has been due for `overdue_days` and has not run is an
    alert. With `learn_from_people` corrections and overrides count where the outcome
    is not known, weighed by how often their source was right.
    """

    windows: Annotated[int, Field(ge=1, le=52)] = 4
    certainty: Annotated[float, Field(ge=0.5, lt=1)] = 0.95
    continuous: Literal["off", "refit", "update"] = "off"
    continuous_span: Annotated[int, Field(ge=1)] = 13
    overdue_days: Annotated[float, Field(gt=0)] = 14.0
    learn_from_people: bool = True
