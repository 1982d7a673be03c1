"""A book with one version in production, and renewals at any step."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from lifecycle import promotion
from lifecycle.registry import Registry, Renewal

AT = datetime(2023, 5, 1, 12, tzinfo=UTC)
DAY = timedelta(days=1)
SAVED = {"passed": True, "gate": "Passed.", "saved": {"value": 0.03, "lower": 0.02}}


@pytest.fixture
def book(database: Callable[[Path], Registry], tmp_path: Path) -> Registry:
    """A registry whose model has its first version in production."""
    made = database(tmp_path)
    register(made)
    asked = promotion.propose(made, "m", 1, author="a", reason="r", evidence={}, at=AT)
    promotion.approve(made, "m", asked.id, approver="b", reason="go", at=AT)
    return made


def register(book: Registry, renewal: Renewal | None = None) -> int:
    return book.register(
        "m",
        recipe="plain",
        estimator=["stored"],
        birth={},
        author="lifecycle",
        at=AT,
        renewal=renewal,
    ).number


def begin(book: Registry, holder: str = "one#1", **told: Any) -> Renewal:
    settings: dict[str, Any] = {
        "why": "schedule",
        "at": AT,
        "until": AT + timedelta(minutes=10),
        "now": AT,
        "moved": 7 * DAY,
    }
    return promotion.begin_renewal(book, "m", holder=holder, **{**settings, **told})


def gated(book: Registry, **told: Any) -> Renewal:
    """A renewal whose candidate has passed the gate."""
    renewal = promotion.step_renewal(
        book, begin(book, **told), "decided", ruling={"action": "retrain"}
    )
    register(book, renewal)
    return promotion.step_renewal(book, book.renewals("m")[-1], "tested", tested=SAVED)


def proposed(book: Registry, evidence: dict[str, Any] | None = None) -> Renewal:
    renewal = gated(book)
    promotion.propose(
        book,
        "m",
        renewal.version or 0,
        author="lifecycle",
        source="automatic",
        reason="r",
        evidence=SAVED if evidence is None else evidence,
        at=AT,
        automatic=True,
        renewal=renewal,
    )
    return book.renewals("m")[-1]
