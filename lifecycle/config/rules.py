"""The rules of a model: what is watched, where it goes too far, who is told.

A rule is a table of its own, named as the alerts will be::

    [models.leads.rules.calls]
    watch = "kpi"
    event = "called"
    below = 0.40
    severity = "info"

The same two tables, `[alerts]` and `[rules.NAME]`, are what `lifecycle replay` reads
from a file.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Annotated, Any, Literal, get_args

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    SecretStr,
    ValidationInfo,
    field_validator,
    model_validator,
)

__all__ = [
    "WATCHES",
    "Alerts",
    "Contact",
    "People",
    "Person",
    "Rule",
    "RuleFile",
    "Rules",
    "Table",
    "Watch",
]

Watch = Literal[
    "accuracy",
    "precision",
    "recall",
    "roc_auc",
    "brier",
    "drop",
    "harm",
    "estimated",
    "drift",
    "quality",
    "kpi",
    "feedback",
    "handed_over",
    "no_data",
    "nobody_looked",
    "unopened",
    "overdue",
    "review",
]
WATCHES: tuple[str, ...] = get_args(Watch)

_SIDES: dict[str, tuple[tuple[str, ...], str]] = {
    "drop": (("above",), "above = 0.05 for five points below the reference"),
    "harm": (("above",), "above = 0.05 for a loss that rose by five points"),
    "estimated": (("below", "above"), "below = 0.70"),
    "drift": ((), "drift_floor and false_alarms_per_year are set under alerts"),
    "quality": ((), "every fault of the data counts"),
    "kpi": (("below", "above"), "below = 0.40"),
    "feedback": (("above",), "above = 0.10 for one prediction in ten"),
    "handed_over": (("above",), "above = 0.10 for one row in ten"),
    "no_data": (("above",), "above = 2 for two chunks without a prediction"),
    "nobody_looked": (("above",), "above = 4 for four weeks"),
    "unopened": (("above",), "above = 4 for four weeks"),
    "overdue": (("above",), "above = 14 for fourteen days"),
    "review": (("above",), "above = 0 for the day after review_by"),
}
_PLAIN = (("below", "above"), "below = 0.70")
_ADDRESS = re.compile(r"\$\{[A-Za-z_][A-Za-z0-9_]*\}|[A-Za-z][A-Za-z0-9+.-]*://\S+")


class Table(BaseModel):
    """A table of the settings: closed, frozen, without infinite numbers."""

    model_config = ConfigDict(
        extra="forbid", frozen=True, strict=False, allow_inf_nan=False
    )


def _named(text: str) -> str:
    if not text.strip():
        raise ValueError("is empty; name a person who answers for the model")
    return text.strip()


def _addresses(told: object) -> object:
    """Addresses may be secrets: an error names their place, never their words."""
    if not isinstance(told, list | tuple):
        raise ValueError(
            'must be a list; write notify = ["${ANNA_MAIL}"] and keep the URL in the '
            "environment"
        )
    for place, each in enumerate(told, start=1):
        held = each.get_secret_value() if isinstance(each, SecretStr) else each
        if not isinstance(held, str) or not _ADDRESS.fullmatch(held.strip()):
            raise ValueError(
                f"address {place} is no URL of apprise and no ${{NAME}} of the "
                'environment; write "${ANNA_MAIL}" or "mailto://…"'
            )
    return tuple(told)


Person = Annotated[str, AfterValidator(_named)]
Addresses = Annotated[tuple[SecretStr, ...], BeforeValidator(_addresses)]
Severity = Literal["info", "warning", "critical"]


class Contact(Table):
    """Where a person is told of the models that were handed over to them."""

    notify: Addresses


class Alerts(Table):
    """When somebody must be told, and who.

    `accuracy_below` and `drift` are two rules that a model has unasked, `overdue` is
    the third where something renews it; of amounts `error_above` stands for the first:
    by which share the mean absolute error may lie above the version's first chunks.
    `rules` adds others, and a rule of the same name takes the place of any.
    `false_alarms_per_year` is what all of a model's features together may cost in
    false drift alarms, and `drift_confirm` in how many chunks running a drift must
    show. Addresses are apprise's URLs, or `${NAME}` for one that stands in the
    environment; whoever is named under `deputy` is told when nobody has taken an
    alert on within `escalate_after_days`. `reports` says of which scheduled reports the
    owner is told: none, those that say alert, or all.
    """

    accuracy_below: Annotated[float, Field(ge=0, le=1)] = 0.70
    error_above: Annotated[float, Field(gt=0)] = 0.20
    min_rows: Annotated[int, Field(ge=1)] = 30
    ripe_share: Annotated[float, Field(ge=0, le=1)] = 0.5
    drift: bool = True
    drift_floor: Annotated[float, Field(gt=0, lt=1)] = 0.10
    drift_chunks: Annotated[int, Field(ge=1)] = 4
    drift_confirm: Annotated[int, Field(ge=1, le=12)] = 2
    false_alarms_per_year: Annotated[float, Field(gt=0, le=52)] = 1.0
    close_after: Annotated[int, Field(ge=1, le=52)] = 1
    notify: Addresses = ()
    deputy: Person | None = None
    notify_deputy: Addresses = ()
    escalate_after_days: Annotated[float, Field(gt=0, le=366)] | None = None
    remind_every_days: Annotated[float, Field(gt=0, le=366)] | None = None
    reports: Literal["never", "alert", "always"] = "never"

    @model_validator(mode="after")
    def _somebody(self) -> Alerts:
        if self.escalate_after_days is not None and self.deputy is None:
            raise ValueError(
                "escalate_after_days needs somebody to go to; add "
                'deputy = "Name <mail>"'
            )
        if self.notify_deputy and self.deputy is None:
            raise ValueError(
                'notify_deputy has addresses of nobody; add deputy = "Name <mail>"'
            )
        return self


class Rule(Table):
    """One thing that is watched.

    `above` and `below` are in the unit of what is watched: a share or a score for
    performance, KPI and feedback, points for `drop` and `harm`, chunks for `no_data`,
    weeks for `nobody_looked` and `unopened`, days for `overdue` and `review`. `event`
    is a KPI of the settings by its name, or a kind of events. An episode closes after
    `close_after` quiet chunks (that of `alerts` where it is left out), each of them
    better than the threshold by `margin`.
    """

    watch: Watch
    below: float | None = None
    above: float | None = None
    measure: str = ""
    event: str = ""
    severity: Severity = "warning"
    close_after: Annotated[int, Field(ge=1, le=52)] | None = None
    margin: Annotated[float, Field(ge=0)] = 0.0

    @field_validator("event", "measure")
    @classmethod
    def _trimmed(cls, text: str) -> str:
        return text.strip()

    @model_validator(mode="after")
    def _whole(self) -> Rule:
        sides, example = _SIDES.get(self.watch, _PLAIN)
        given = [side for side in ("below", "above") if getattr(self, side) is not None]
        wrong = [side for side in given if side not in sides]
        if wrong and not sides:
            raise ValueError(
                f"{self.watch} takes no {wrong[0]}: {example}; take it out"
            )
        if wrong:
            raise ValueError(f"{self.watch} takes no {wrong[0]}; write {example}")
        if len(given) > 1:
            raise ValueError("has both below and above; make two rules of it")
        if sides and not given and self.watch != "accuracy":
            raise ValueError(f"has no threshold; add {example}")
        if self.watch == "kpi" and not self.event:
            raise ValueError('watches no event; add event = "called", a kind of events')
        if self.event and self.watch != "kpi":
            raise ValueError(f"{self.watch} takes no event; take it out")
        return self

    @property
    def threshold(self) -> float:
        """The value that is too far, `nan` where there is none."""
        given = self.below if self.below is not None else self.above
        return float("nan") if given is None else given

    @property
    def side(self) -> Literal["above", "below"]:
        """On which side of the threshold a value is an alert."""
        return "below" if self.below is not None else "above"


def _watched(told: object, info: ValidationInfo) -> object:
    """A rule that is named as what it watches need not say it twice."""
    if not isinstance(told, Mapping):
        return told
    full: dict[Any, Any] = {}
    for name, rule in told.items():
        plain = isinstance(rule, Mapping) and "watch" not in rule and name in WATCHES
        full[name] = {**rule, "watch": name} if plain else rule
    return full


People = dict[Person, Contact]
RuleName = Annotated[str, Field(pattern="^[a-z0-9][a-z0-9_-]{0,63}$")]
Rules = Annotated[dict[RuleName, Rule], BeforeValidator(_watched)]


def effective(
    alerts: Alerts,
    rules: Mapping[str, Rule],
    *,
    overdue_days: float | None = None,
    reviewed: bool = False,
    task: str = "binary",
) -> dict[str, Rule]:
    """All rules that hold: those that every model has, then its own.

    Parameters
    ----------
    alerts : Alerts
    rules : mapping of str to Rule
    overdue_days : float, optional
        After which a renewal that is due and has not run is an alert; None where
        nothing renews the model.
    reviewed : bool
        Whether a day is named on which somebody looks at whose the model is.
    task : {"binary", "multiclass", "regression"}
        Of amounts there is no accuracy; their error is held instead.

    Examples
    --------
    >>> list(effective(Alerts(drift=False), {"looked": Rule(
    ...     watch="nobody_looked", above=4)}))
    ['accuracy', 'looked']
    """
    found: dict[str, Rule] = {"accuracy": Rule(watch="accuracy", severity="critical")}
    if task == "regression":
        limit = alerts.error_above
        held = Rule(watch="drop", measure="mae", above=limit, severity="critical")
        found = {"error": held}
    if alerts.drift:
        found["drift"] = Rule(watch="drift")
    if overdue_days is not None:
        found["overdue"] = Rule(watch="overdue", above=overdue_days)
    if reviewed:
        found["review"] = Rule(watch="review", above=0)
    found |= rules
    return {name: _filled(rule, alerts) for name, rule in found.items()}


def _filled(rule: Rule, alerts: Alerts) -> Rule:
    told: dict[str, Any] = {}
    if rule.close_after is None:
        told["close_after"] = alerts.close_after
    if rule.watch == "accuracy" and rule.below is None and rule.above is None:
        told["below"] = alerts.accuracy_below
    return rule.model_copy(update=told)


class RuleFile(Table):
    """What a file of rules says: the tables that stand below `[models.NAME]`."""

    alerts: Alerts = Alerts()
    rules: Rules = Field(default_factory=dict)

    @property
    def watched(self) -> dict[str, Rule]:
        """All rules that hold, by name."""
        return effective(self.alerts, self.rules)
