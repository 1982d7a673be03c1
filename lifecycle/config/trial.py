"""What a trial goes by: fixed before its start, held against every look."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import Field

from lifecycle.config.rules import Table

__all__ = ["Trial"]

_OWN = "accuracy"


class Trial(Table):
    """How a version on trial is compared with the one in production.

    `metric` is "accuracy" or the name of a KPI, `minimal_effect` the smallest
    difference worth having, in its unit, and `weeks` the planned end. A benefit is not
    believed before `least_weeks`: outcomes may still be corrected. However often it
    is looked at, a false winner or loser is named in `level` of all trials at most. A
    trial whose chance to show the minimal effect by its end has fallen below `futility`
    is ended. With `paired` accuracy is compared on rows that both versions score, which
    takes far fewer weeks; say false where what is done about a prediction changes its
    outcome. Amounts above `cap` count as it. A KPI of `guardrails` may not get worse by
    more than its number. Amounts and ratios are judged from `min_rows` of each on.
    """

    metric: Annotated[str, Field(min_length=1, max_length=64)] = _OWN
    minimal_effect: Annotated[float, Field(gt=0)] = 0.02
    weeks: Annotated[float, Field(gt=0, le=104)] = 8.0
    least_weeks: Annotated[float, Field(ge=0, le=104)] = 1.0
    level: Annotated[float, Field(gt=0, lt=0.5)] = 0.05
    futility: Annotated[float, Field(ge=0, lt=1)] = 0.1
    paired: bool = True
    cap: Annotated[float, Field(gt=0)] | None = None
    min_rows: Annotated[int, Field(ge=2)] = 100
    guardrails: dict[
        Annotated[str, Field(min_length=1, max_length=64)],
        Annotated[float, Field(gt=0)],
    ] = Field(default_factory=dict)

    @property
    def own(self) -> bool:
        """Whether the metric is the model's own, and no KPI."""
        return self.metric == _OWN

    def held_against(self, kpis: Mapping[str, Any]) -> None:
        """Raise where it names a KPI that is not there, or that counts people."""
        for name in (*(() if self.own else (self.metric,)), *self.guardrails):
            if name not in kpis:
                known = ", ".join(map(repr, sorted(kpis))) or "none is set"
                raise ValueError(
                    f"trial: {name!r} is neither 'accuracy' nor a KPI ({known}); name "
                    "one of them, or add it under kpis"
                )
            if kpis[name].person is not None:
                raise ValueError(
                    f"trial: {name!r} counts people, whom both versions may serve; "
                    "name a KPI that counts predictions"
                )
