"""Columns: what the user calls the things the house has its own words for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

__all__ = ["Columns", "Kind"]

Kind = Literal["predictions", "outcomes", "feedback", "events"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Columns:
    """The user's names of the columns in files that come in.

    A file needs the columns of its kind only; `None` says that files never
    carry the column. Ids, times, features and outcomes must be there, all
    others may be missing.

    Parameters
    ----------
    id, time : str
        The key of a prediction, and when it was made.
    score, prediction, version : str or None
        Probability of the positive class, the class said (0/1), and who said it.
    outcome : str
        The truth: 0/1, true/false, yes/no, or the `positive` label.
    outcome_time : str or None
        When the truth became known; where the column is missing, `as_of`.
    numeric, categorical, text : tuple of str
        The features, under their own names.
    offered_numeric, offered_categorical : tuple of str
        Columns that are kept where a file has them, and no feature yet.
    positive : str or None
        The label that means 1 ("won"); any other label then means 0.
    threshold : float
        From this score on a row without a prediction is predicted positive.
    task : {"binary", "multiclass", "regression"}
        What predictions, outcomes and labels are: truths, names of classes, amounts.
    feedback_id, feedback_time, feedback_kind, label, person, reason, source : str
        Columns of feedback; the id of the prediction is under `id`. `source` is where
        a word came in: "crm", "support desk".
    event_id, event_time, event_kind, value : str
        Columns of events; the id of the prediction is under `id`.

    Examples
    --------
    >>> columns = Columns(id="lead", numeric=("visits",), categorical=("plan",))
    >>> columns.needed("predictions")
    ('lead', 'time', 'visits', 'plan')
    >>> columns.optional("predictions")
    ('score', 'prediction', 'version')
    """

    id: str = "id"
    time: str = "time"
    score: str | None = "score"
    prediction: str | None = "prediction"
    version: str | None = "version"
    outcome: str = "outcome"
    outcome_time: str | None = "outcome_time"
    numeric: tuple[str, ...] = ()
    categorical: tuple[str, ...] = ()
    text: tuple[str, ...] = ()
    offered_numeric: tuple[str, ...] = ()
    offered_categorical: tuple[str, ...] = ()
    positive: str | None = None
    threshold: float = 0.5
    task: str = "binary"
    feedback_id: str = "feedback_id"
    feedback_time: str = "time"
    feedback_kind: str = "kind"
    label: str = "label"
    person: str = "person"
    reason: str = "reason"
    source: str = "source"
    event_id: str = "event_id"
    event_time: str = "time"
    event_kind: str = "kind"
    value: str = "value"

    def needed(self, kind: Kind) -> tuple[str, ...]:
        """The user's columns without which a file of this kind is refused."""
        return {
            "predictions": (
                *(self.id, self.time),
                *(*self.numeric, *self.categorical, *self.text),
            ),
            "outcomes": (self.id, self.outcome),
            "feedback": (self.id, self.feedback_time, self.feedback_kind),
            "events": (self.id, self.event_time, self.event_kind),
        }[kind]

    def optional(self, kind: Kind) -> tuple[str, ...]:
        """The user's columns that a file of this kind may carry."""
        names = {
            "predictions": (
                *(self.score, self.prediction, self.version),
                *(*self.offered_numeric, *self.offered_categorical),
            ),
            "outcomes": (self.outcome_time,),
            "feedback": (
                *(self.feedback_id, self.label, self.person, self.reason),
                self.source,
            ),
            "events": (self.event_id, self.value),
        }[kind]
        return tuple(name for name in names if name)

    def wanted(self, kind: Kind) -> tuple[str, ...]:
        """Needed and optional columns, each once."""
        return tuple(dict.fromkeys((*self.needed(kind), *self.optional(kind))))
