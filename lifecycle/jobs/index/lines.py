"""What the index is told of models, reports, alerts and moves: plain data."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from datetime import datetime

from lifecycle.figures import Picture

__all__ = ["AlertLine", "MoveLine", "ReportLink", "Row", "VersionLine"]


@dataclass(frozen=True, slots=True)
class ReportLink:
    """A report and what it says.

    Parameters
    ----------
    notebook : str
        "audit", "drift".
    as_of : datetime
        The moment it speaks of, with its zone.
    path : str
        From the directory of the index, with `/`, not quoted: it may hold spaces.
    verdict : str
        "alert", "quiet", "undefined".
    status : str
        "succeeded", or how the run ended.
    """

    notebook: str
    as_of: datetime
    path: str
    verdict: str = "undefined"
    status: str = "succeeded"


@dataclass(frozen=True, slots=True)
class AlertLine:
    """An open alert: since when, about what, whose it is, and what else to know."""

    model: str
    rule: str
    sentence: str
    opened_at: datetime
    severity: str = ""
    owner: str = ""
    acknowledged_by: str = ""
    also: str = ""


@dataclass(frozen=True, slots=True)
class MoveLine:
    """Something that happened: a move in the ledger, a run, an alert.

    Parameters
    ----------
    at : datetime
        With its zone.
    model, what : str
        The model, and what happened in a few words.
    who, why : str
        Empty where nobody and no reason is named.
    path : str
        A report, as in `ReportLink`; empty for none.
    verdict : str
        A word for a badge ("alert", "failed"); empty for none.
    """

    at: datetime
    model: str
    what: str
    who: str = ""
    why: str = ""
    path: str = ""
    verdict: str = ""


@dataclass(frozen=True, slots=True)
class Row:
    """One model, as it stands.

    Parameters
    ----------
    model, owner : str
    verdict : str
        "alert", "quiet" or "undefined".
    production, since : str
        Its version in words, "version 3", and since when; empty for none.
    value, lower, upper : float
        The newest accuracy, or another measure, with its interval; `nan` where
        unknown.
    n : int
        Rows behind the value.
    measure, unit, period : str
        Of the value; the unit as in a finding.
    course : Picture, optional
        A sparkline of the value.
    money, money_lower, money_upper : float
        What the predictions earned in the newest month with outcomes; `nan` where no
        price is set, or nothing is known.
    currency, money_period : str
        Of the money.
    alerts : tuple of AlertLine
        Open ones.
    pending : tuple of str
        Proposals that wait for a person, a sentence each.
    reports : tuple of ReportLink
        Newest first; four are shown.
    last_run, next_run : datetime, optional
    path : str
        Of the model's own page, from the directory of the index; empty for none.
    """

    model: str
    owner: str = ""
    verdict: str = "undefined"
    production: str = ""
    since: str = ""
    value: float = math.nan
    lower: float = math.nan
    upper: float = math.nan
    n: int = 0
    measure: str = "accuracy"
    unit: str = "%"
    period: str = ""
    course: Picture | None = None
    money: float = math.nan
    money_lower: float = math.nan
    money_upper: float = math.nan
    currency: str = ""
    money_period: str = ""
    alerts: tuple[AlertLine, ...] = field(default=())
    pending: tuple[str, ...] = field(default=())
    reports: tuple[ReportLink, ...] = field(default=())
    last_run: datetime | None = None
    next_run: datetime | None = None
    path: str = ""


@dataclass(frozen=True, slots=True)
class VersionLine:
    """A version of a model, and what became of it.

    Parameters
    ----------
    number : int
    recipe, status : str
    trained_to : datetime, optional
        The newest row it learned from.
    served : tuple of str
        When it was in production, in words, a period each.
    why : str
        Why it was proposed, or not.
    path : str
        Of its card, as in `ReportLink`; empty for none.
    """

    number: int
    recipe: str
    status: str
    trained_to: datetime | None = None
    served: tuple[str, ...] = ()
    why: str = ""
    path: str = ""
