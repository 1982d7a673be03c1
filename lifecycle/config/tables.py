"""The tables of the settings: whose a model is, its columns, rules and prices."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field, model_validator

from lifecycle.config.artefacts import Artefacts
from lifecycle.config.guarding import Guard
from lifecycle.config.hooks import Hooks
from lifecycle.config.identity import Identity
from lifecycle.config.releasing import Gate, Promote, Release, Renewal
from lifecycle.config.rules import (
    Alerts,
    People,
    Person,
    Rule,
    Rules,
    Table,
    effective,
)
from lifecycle.config.scheduling import Schedule, Zone
from lifecycle.config.serving import Server
from lifecycle.config.trial import Trial

__all__ = [
    "FILE",
    "Alerts",
    "Costs",
    "Features",
    "Kpi",
    "Model",
    "Reference",
    "Rule",
    "Settings",
    "Shared",
]

FILE = "lifecycle.toml"
_RESERVED = frozenset(
    ("id", "time", "score", "prediction", "version", "role", "outcome", "known_at")
)


def _text(features: object) -> object:
    return features.get("text") if isinstance(features, Mapping) else None


def _place(name: str) -> str:
    from lifecycle import markup

    return markup.known_locale(name)


class Features(Table):
    """The columns a model reads, by kind.

    Those under `text` hold sentences. Those under `offered_numeric` and
    `offered_categorical` are kept in the log where a file has them, and not read: a
    ruling weighs what a rebuild with them would bring.
    """

    numeric: tuple[str, ...] = ()
    categorical: tuple[str, ...] = ()
    text: tuple[str, ...] = ()
    offered_numeric: tuple[str, ...] = ()
    offered_categorical: tuple[str, ...] = ()

    @property
    def names(self) -> tuple[str, ...]:
        """All that it reads, numeric first, text last."""
        return self.numeric + self.categorical + self.text

    @property
    def plain(self) -> tuple[str, ...]:
        """What it reads that is a number or a category."""
        return self.numeric + self.categorical

    @property
    def worded(self) -> tuple[str, ...]:
        """What it reads that is held as strings: categories, then text."""
        return self.categorical + self.text

    @property
    def offered(self) -> tuple[str, ...]:
        """Those it might read after a rebuild."""
        return self.offered_numeric + self.offered_categorical

    @model_validator(mode="after")
    def _distinct(self) -> Features:
        every = self.names + self.offered
        twice = sorted({n for n in every if every.count(n) > 1})
        if twice:
            raise ValueError(f"{', '.join(twice)} is named twice; keep one of them")
        if not self.names:
            raise ValueError(
                "names no column; list at least one under numeric, categorical or text"
            )
        return self


class Reference(Table):
    """The period that says what is normal until a version says it better.

    Half-open: `start` belongs to it, `end` does not.
    """

    start: date
    end: date

    @model_validator(mode="after")
    def _ordered(self) -> Reference:
        if self.start >= self.end:
            raise ValueError(
                f"start {self.start} is not before end {self.end}; swap them"
            )
        return self


class Kpi(Table):
    """A business figure: the share of predictions with an event, or what it is worth.

    `event` is a kind of the events; without one the outcome itself counts. `of` says
    which predictions: with `measure = "ratio"` those whose share of the whole is asked
    for, such as the time spent on wrong ones. `person` is a column of the predictions,
    when people are counted instead of them.
    """

    event: str = ""
    measure: Literal["share", "mean", "sum", "ratio"] = "share"
    of: Literal["all", "predicted", "right", "wrong"] = "all"
    within_days: Annotated[float, Field(gt=0)] | None = None
    person: str | None = None
    better: Literal["high", "low"] = "high"
    unit: Annotated[str, Field(pattern="^([A-Z]{3}|min|)$")] = ""


class Costs(Table):
    """What errors and actions cost, in the workspace's currency.

    `true_positive` and `true_negative` are what a right prediction brings; a wrong one
    costs. Of several classes those are `right` and `wrong`, and `handed_over` is what a
    person costs who takes a row that the model does not know; of amounts `per_unit` is
    what each unit of error costs. `fit` is what one fit of a back-test costs.
    """

    true_positive: Annotated[float, Field(ge=0)] = 0.0
    true_negative: Annotated[float, Field(ge=0)] = 0.0
    false_positive: Annotated[float, Field(ge=0)] = 1.0
    false_negative: Annotated[float, Field(ge=0)] = 1.0
    right: Annotated[float, Field(ge=0)] = 0.0
    wrong: Annotated[float, Field(gt=0)] = 1.0
    handed_over: Annotated[float, Field(ge=0)] | None = None
    per_unit: Annotated[float, Field(gt=0)] = 1.0
    recalibrate: Annotated[float, Field(ge=0)] = 20.0
    retrain: Annotated[float, Field(ge=0)] = 100.0
    rebuild: Annotated[float, Field(ge=0)] = 5_000.0
    roll_back: Annotated[float, Field(ge=0)] = 10.0
    fit: Annotated[float, Field(ge=0)] = 0.0
    horizon_weeks: Annotated[int, Field(ge=1)] = 26

    @model_validator(mode="after")
    def _told_apart(self) -> Costs:
        if not self.false_positive and not self.false_negative:
            raise ValueError(
                "false_positive and false_negative are both 0; one of them must cost "
                "something, or no model is better than another"
            )
        return self


class Model(Table):
    """One model: whose it is, what its columns are called, and its rules.

    `threshold` is the score from which on a binary model predicts 1 (0.5); of several
    classes the probability of the best one below which a row is handed to a person (0:
    never). `unit` is that of amounts. `owner` is the first one: who a model was handed
    over to since stands in the ledger. `kpi` names the one of its KPIs that it is there
    for, and `review_by` the day on which somebody looks at all this again.
    """

    owner: Person
    task: Literal["binary", "multiclass", "regression"]
    purpose: str = ""
    kpi: str = ""
    review_by: date | None = None
    id: str
    time: str
    score: str = "score"
    prediction: str = "prediction"
    version: str = "version"
    outcome: str
    outcome_time: str | None = None
    positive: str | None = None
    threshold: Annotated[float, Field(ge=0, lt=1)] = 0.5
    unit: Annotated[str, Field(pattern="^([A-Z]{3}|min|)$")] = ""
    features: Features
    reference: Reference | None = None
    recipe: str = "boosted_trees"
    rebuild: tuple[str, ...] = ()
    seed: int = 0
    trusted_types: tuple[str, ...] = ()
    label_delay_days: Annotated[float, Field(ge=0, le=3660)]
    chunk: Literal["day", "week", "month"] = "week"
    action_event: str | None = None
    segments: tuple[str, ...] = ()
    kpis: dict[Annotated[str, Field(min_length=1, max_length=64)], Kpi] = Field(
        default_factory=dict
    )
    alerts: Alerts = Alerts()
    rules: Rules = Field(default_factory=dict)
    costs: Costs = Costs()
    schedule: Schedule = Schedule()
    release: Release = Release()
    gate: Gate = Gate()
    guard: Guard = Guard()
    promote: Promote = Promote()
    trial: Trial = Trial()
    renewal: Renewal = Renewal()
    artefacts: Artefacts = Artefacts()

    @property
    def delay(self) -> timedelta:
        """How long after a prediction its outcome is due."""
        return timedelta(days=self.label_delay_days)

    @property
    def watched(self) -> dict[str, Rule]:
        """All rules that hold, by name: those every model has, then its own.

        A renewal can be overdue where something is to renew the model: a schedule for
        `decide`, or whatever is due (`automatic`).
        """
        renews = self.release.automatic or self.schedule.decide is not None
        days = self.renewal.overdue_days if renews else None
        return effective(
            self.alerts,
            self.rules,
            overdue_days=days,
            reviewed=self.review_by is not None,
            task=self.task,
        )

    @model_validator(mode="before")
    @classmethod
    def _usual(cls, told: Any) -> Any:
        """What is usual for the task where the settings say nothing."""
        if not isinstance(told, Mapping):
            return told
        usual: dict[str, Any] = {}
        if told.get("task") == "multiclass":
            usual = {"threshold": 0.0}
        if told.get("task") == "regression":
            usual = {"recipe": "boosted_regression"}
        held = told.get("features")
        text = held.text if isinstance(held, Features) else _text(held)
        if text:
            usual["recipe"] = "tfidf_logistic"
        return {**usual, **told}

    @model_validator(mode="after")
    def _of_the_task(self) -> Model:
        if self.task == "binary" and not self.threshold:
            raise ValueError("threshold is 0, which predicts 1 always; take 0.5")
        if self.task != "binary" and self.positive is not None:
            raise ValueError(
                f"positive names a label of two, and the task is {self.task!r}; take "
                "it out"
            )
        for name, kpi in self.kpis.items():
            if self.task == "regression" and (not kpi.event or kpi.of != "all"):
                raise ValueError(
                    f"kpis: {name!r} counts right predictions, and an amount is not "
                    "right or wrong; name an event, and all predictions"
                )
        return self

    @model_validator(mode="after")
    def _on_trial(self) -> Model:
        self.trial.held_against(self.kpis)
        if self.kpi and self.kpi not in self.kpis:
            known = ", ".join(self.kpis) or "none"
            raise ValueError(f"kpi {self.kpi!r} is not there; name one of: {known}")
        for name in self.guard.kpi:
            if name not in self.kpis:
                known = ", ".join(self.kpis) or "none"
                raise ValueError(
                    f"guard.kpi: there is no KPI {name!r}; name one of: {known}"
                )
            if (self.kpis[name].measure, self.kpis[name].of) != ("share", "all"):
                raise ValueError(
                    f"guard.kpi: {name!r} is no share of all predictions; guard it in "
                    "a trial (trial.guardrails)"
                )
        return self

    @model_validator(mode="after")
    def _columns(self) -> Model:
        told = {
            "id": self.id,
            "time": self.time,
            "score": self.score,
            "prediction": self.prediction,
            "outcome": self.outcome,
            "outcome_time": self.outcome_time,
            "version": self.version,
        }
        for key, column in told.items():
            if column in (*self.features.names, *self.features.offered):
                raise ValueError(
                    f"feature {column!r} is also the {key} column; a model must not "
                    "read it, so take it out of features"
                )
        for name in (*self.features.names, *self.features.offered):
            if name in _RESERVED:
                raise ValueError(
                    f"feature {name!r} has a name the log keeps for itself; rename "
                    "the column"
                )
        for name in self.segments:
            if name not in self.features.categorical:
                raise ValueError(
                    f"segment {name!r} is no categorical feature; list it there, or "
                    "take it out of segments"
                )
        return self


class Shared(Table):
    """What all models of a workspace share."""

    title: str = "Models in production"
    timezone: Zone = "UTC"
    currency: Annotated[str, Field(pattern="^[A-Z]{3}$")] = "USD"
    locale: Annotated[str, AfterValidator(_place)] = "en"
    registry: str = "registry.db"
    as_of: datetime | None = None
    reports_url: str = ""
    identity: Identity = Identity()

    @model_validator(mode="after")
    def _zoned(self) -> Shared:
        if self.as_of is not None and self.as_of.tzinfo is None:
            raise ValueError(
                f"as_of {self.as_of} has no time zone; end it with Z or an offset"
            )
        return self


class Settings(Table):
    """A workspace's settings, as read and checked.

    Examples
    --------
    >>> model = Model(
    ...     owner="Dana", task="binary", id="lead", time="at", outcome="won",
    ...     features=Features(numeric=("visits",)), label_delay_days=42,
    ... )
    >>> Settings(models={"lead-scoring": model}).models["lead-scoring"].delay.days
    42
    """

    workspace: Shared = Shared()
    models: dict[Annotated[str, Field(pattern="^[a-z0-9][a-z0-9_-]{0,63}$")], Model] = (
        Field(default_factory=dict)
    )
    hooks: Hooks = Field(default_factory=dict)
    people: People = Field(default_factory=dict)
    server: Server = Server()

    @model_validator(mode="after")
    def _heard(self) -> Settings:
        for name, hook in self.hooks.items():
            for model in hook.models:
                if model not in self.models:
                    known = ", ".join(self.models) or "none"
                    raise ValueError(
                        f"hook {name!r} names model {model!r}, which is not there; "
                        f"there is {known}"
                    )
        return self
