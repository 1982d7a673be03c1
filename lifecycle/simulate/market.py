"""The market of the lead-scoring story: what leads are like, and what wins them.

Shares and effects of every value, before and after the feature's day of change.
The effects are chosen so that a model of 2022 is right in 85% of the cases at
first and in 40% from the autumn of 2023 on, while a new one reaches 87%.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

__all__ = [
    "CATEGORIES",
    "CHANGES",
    "INTERCEPT",
    "MISSING",
    "NUMBERS",
    "Category",
    "Change",
    "Number",
]

INTERCEPT = -1.1  # log-odds; about four in ten leads are won


@dataclass(frozen=True)
class Category:
    """Shares and effects (in log-odds) of the values of one feature."""

    share: Mapping[str, float]
    effect: Mapping[str, float]


@dataclass(frozen=True)
class Number:
    """A number whose logarithm has this middle and spread; effect per spread."""

    middle: float
    spread: float
    effect: float


@dataclass(frozen=True)
class Change:
    """What happens to one feature, so many weeks after going live."""

    week: int
    name: str
    shift: str
    flip: str


CHANGES: Mapping[str, Change] = {
    "visits": Change(
        13,
        "free tier launched",
        "anybody can try the product: twice as many visits before a lead is made",
        "many visits no longer mean a buyer, but somebody who tries and leaves",
    ),
    "industry": Change(
        17,
        "new segments",
        "sales turns to the public sector and to energy, which were not there before",
        "software and finance houses hesitate, retail and manufacturing buy",
    ),
    "plan": Change(
        21,
        "prices changed",
        "cheaper entry plans: most leads ask for free or team",
        "those who ask for the dear plans compare offers and go elsewhere",
    ),
    "channel": Change(
        25,
        "marketplace opened",
        "a cloud marketplace brings leads; advertising is doubled",
        "leads from advertising and the marketplace buy, referrals have dried up",
    ),
    "company_size": Change(
        29,
        "market turned",
        "large companies stay away, small ones come",
        "large companies have frozen their budgets, small ones buy at once",
    ),
}

_INDUSTRY = (
    Category(
        {
            "software": 0.30,
            "finance": 0.20,
            "retail": 0.20,
            "manufacturing": 0.15,
            "healthcare": 0.15,
        },
        {
            "software": 1.5,
            "finance": 1.1,
            "retail": -1.6,
            "manufacturing": -1.4,
            "healthcare": 0.0,
        },
    ),
    Category(
        {
            "software": 0.20,
            "finance": 0.14,
            "retail": 0.19,
            "manufacturing": 0.14,
            "healthcare": 0.10,
            "public sector": 0.13,
            "energy": 0.10,
        },
        {
            "software": -2.6,
            "finance": -2.4,
            "retail": 2.6,
            "manufacturing": 2.4,
            "healthcare": 0.0,
            "public sector": -1.2,
            "energy": 1.4,
        },
    ),
)
_CHANNEL = (
    Category(
        {"web": 0.35, "referral": 0.25, "advertising": 0.20, "event": 0.20},
        {"web": 0.0, "referral": 1.6, "advertising": -2.0, "event": 0.2},
    ),
    Category(
        {
            "web": 0.25,
            "referral": 0.17,
            "advertising": 0.30,
            "event": 0.13,
            "marketplace": 0.15,
        },
        {
            "web": 0.0,
            "referral": -3.6,
            "advertising": 2.6,
            "event": -1.9,
            "marketplace": 1.9,
        },
    ),
)
_PLAN = (
    Category(
        {"free": 0.30, "team": 0.30, "business": 0.25, "enterprise": 0.15},
        {"free": -1.8, "team": -0.4, "business": 1.0, "enterprise": 2.0},
    ),
    Category(
        {"free": 0.42, "team": 0.30, "business": 0.18, "enterprise": 0.10},
        {"free": 2.2, "team": 0.7, "business": -2.9, "enterprise": -3.6},
    ),
)
_COMPANY_SIZE = (Number(4.4, 1.1, 1.9), Number(3.6, 1.1, -3.4))
_VISITS = (Number(1.4, 0.7, 1.2), Number(1.9, 0.7, -1.8))
_RECENCY = Number(2.0, 0.8, -0.9)
_EMAILS = Number(0.8, 0.6, 0.9)
_DEMO = Category({"yes": 0.3, "no": 0.7}, {"yes": 1.2, "no": -0.5})
_REGION = Category({"EMEA": 0.46, "Americas": 0.38, "APAC": 0.16}, {})
NUMBERS: Mapping[str, tuple[Number, ...]] = {
    "company_size": _COMPANY_SIZE,
    "visits": _VISITS,
    "recency_days": (_RECENCY,),
    "emails_opened": (_EMAILS,),
}
CATEGORIES: Mapping[str, tuple[Category, ...]] = {
    "industry": _INDUSTRY,
    "channel": _CHANNEL,
    "plan": _PLAN,
    "demo_requested": (_DEMO,),
    "region": (_REGION,),
}
MISSING: Mapping[str, float] = {
    "company_size": 0.08,
    "industry": 0.03,
    "visits": 0.06,
    "emails_opened": 0.04,
    "demo_requested": 0.05,
}
