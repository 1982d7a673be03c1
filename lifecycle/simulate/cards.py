"""The card payments of the fraud story: what honest and stolen ones look like.

Each kind of payer has its own distribution of every feature. The stolen and skimmed
ones are what the first model has learned from; the ring pays small sums by night from
devices the bank has known for long, and looks like nobody before it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

__all__ = ["COSTS", "EVENTS", "KINDS", "RATES", "TERMINALS", "Kind", "Planted"]

TERMINALS = tuple(f"T{number:02d}" for number in range(1, 41))
COSTS = {"false_positive": 12.0, "false_negative": 150.0}
"""A blocked customer's call and what some of them take elsewhere; a mean loss (USD)."""


@dataclass(frozen=True)
class Kind:
    """What one kind of payer's features are like.

    Numbers are log-normal by the middle and spread of their logarithm, `payments_24h`
    is Poisson, categories are shares; `night` is the share of payments from 0 to 5 h.
    """

    amount: tuple[float, float]
    distance_km: tuple[float, float]
    device_age_days: tuple[float, float]
    payments_24h: float
    night: float
    merchant: Mapping[str, float]
    country: Mapping[str, float]
    entry: Mapping[str, float]
    terminal: Mapping[str, float]


@dataclass(frozen=True)
class Planted:
    """What happens from one week to another after going live."""

    week: int
    until: int | None
    name: str
    kind: Literal["shift", "flip", "season", "fault"]
    features: tuple[str, ...]
    description: str


def _even(names: tuple[str, ...]) -> dict[str, float]:
    return {name: 1 / len(names) for name in names}


def _mostly(few: tuple[str, ...], share: float) -> dict[str, float]:
    """So much of it at a few terminals, the rest at all of them."""
    spread = {name: (1 - share) / len(TERMINALS) for name in TERMINALS}
    return {
        name: spread[name] + (share / len(few) if name in few else 0.0)
        for name in TERMINALS
    }


_LEGIT = Kind(
    amount=(3.4, 0.9),
    distance_km=(1.4, 1.2),
    device_age_days=(5.6, 0.8),
    payments_24h=1.2,
    night=0.06,
    merchant={
        "grocery": 0.38,
        "fuel": 0.14,
        "electronics": 0.10,
        "travel": 0.08,
        "digital goods": 0.10,
        "other": 0.20,
    },
    country={"home": 0.86, "neighbour": 0.10, "far": 0.04},
    entry={"chip": 0.40, "contactless": 0.38, "online": 0.22},
    terminal=_even(TERMINALS),
)
_SUMMER = Kind(
    amount=(3.5, 0.9),
    distance_km=(2.3, 1.6),
    device_age_days=(5.6, 0.8),
    payments_24h=1.3,
    night=0.07,
    merchant={
        "grocery": 0.30,
        "fuel": 0.16,
        "electronics": 0.08,
        "travel": 0.20,
        "digital goods": 0.08,
        "other": 0.18,
    },
    country={"home": 0.72, "neighbour": 0.18, "far": 0.10},
    entry={"chip": 0.40, "contactless": 0.38, "online": 0.22},
    terminal=_even(TERMINALS),
)
_STOLEN = Kind(
    amount=(5.3, 0.7),
    distance_km=(4.2, 1.3),
    device_age_days=(1.2, 1.0),
    payments_24h=5.0,
    night=0.25,
    merchant={
        "grocery": 0.04,
        "fuel": 0.04,
        "electronics": 0.46,
        "travel": 0.22,
        "digital goods": 0.10,
        "other": 0.14,
    },
    country={"home": 0.45, "neighbour": 0.20, "far": 0.35},
    entry={"chip": 0.04, "contactless": 0.16, "online": 0.80},
    terminal=_even(TERMINALS),
)
_SKIMMED = Kind(
    amount=(4.8, 0.6),
    distance_km=(5.4, 1.0),
    device_age_days=(5.2, 0.9),
    payments_24h=3.0,
    night=0.15,
    merchant={
        "grocery": 0.20,
        "fuel": 0.45,
        "electronics": 0.20,
        "travel": 0.02,
        "digital goods": 0.02,
        "other": 0.11,
    },
    country={"home": 0.30, "neighbour": 0.45, "far": 0.25},
    entry={"chip": 0.90, "contactless": 0.08, "online": 0.02},
    terminal=_mostly(TERMINALS[4:8], 0.8),
)
_RING = Kind(
    amount=(3.3, 0.4),
    distance_km=(1.2, 1.0),
    device_age_days=(5.9, 0.6),
    payments_24h=1.6,
    night=0.70,
    merchant={
        "grocery": 0.02,
        "fuel": 0.01,
        "electronics": 0.05,
        "travel": 0.02,
        "digital goods": 0.80,
        "other": 0.10,
    },
    country={"home": 0.92, "neighbour": 0.06, "far": 0.02},
    entry={"chip": 0.01, "contactless": 0.02, "online": 0.97},
    terminal=_mostly(TERMINALS[34:38], 0.7),
)
KINDS: Mapping[str, Kind] = {
    "legit": _LEGIT,
    "summer": _SUMMER,
    "stolen": _STOLEN,
    "skimmed": _SKIMMED,
    "ring": _RING,
}
RATES: tuple[Mapping[str, float], Mapping[str, float]] = (
    {"stolen": 0.014, "skimmed": 0.006, "ring": 0.0},
    {"stolen": 0.008, "skimmed": 0.006, "ring": 0.012},
)
"""Share of all payments, before the ring and with it."""

EVENTS: tuple[Planted, ...] = (
    Planted(
        6,
        12,
        "summer travel",
        "season",
        ("distance_km", "merchant", "country"),
        "customers travel: more payments from afar, at hotels and airlines",
    ),
    Planted(
        14,
        None,
        "a ring at night",
        "flip",
        ("merchant", "hour", "terminal"),
        "a ring buys digital goods by night with taken-over accounts, in small sums",
    ),
    Planted(
        26,
        28,
        "device feed broken",
        "fault",
        ("device_age_days",),
        "the device service answers nothing: its column is empty for two weeks",
    ),
    Planted(
        31,
        None,
        "terminals replaced",
        "shift",
        ("terminal",),
        "a chain replaces ten terminals: new numbers, the same honest customers",
    ),
)
