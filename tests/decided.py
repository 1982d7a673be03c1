"""What becomes of a version in the book, from a proposal to its end: every way."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from lifecycle import promotion
from lifecycle.registry import Proposal, Registry

LIVE = datetime(2024, 3, 4, tzinfo=UTC)
PERSON, OTHER = "Ana Silva", "Dana Weber"
WAYS = 8


def decide(book: Registry, model: str, turn: int, number: int) -> None:
    """From a proposal to a rollback, each turn another way; clears up before."""
    at = LIVE + turn * timedelta(hours=1)
    who = {"at": at, "reason": f"turn {turn}"}
    _clear_up(book, model, who)
    way = turn % WAYS
    if way in (0, 7):
        promotion.shadow(book, model, number, actor=PERSON, **who)
    asked = promotion.propose(
        book,
        model,
        number,
        target="experimental" if way == 6 else "production",
        author=PERSON,
        evidence={"turn": turn},
        needed=2 if way in (5, 6) else 1,
        expires_at=at if way == 7 else None,
        **who,
    )
    say = {"approver": OTHER, "digest": asked.digest, **who}
    if way == 0:
        promotion.reject(book, model, asked.id, **say)
    elif way == 1:
        promotion.withdraw(book, model, asked.id, actor=PERSON, **who)
    elif way == 2:
        promotion.approve(book, model, asked.id, **say)
        promotion.roll_back(book, model, actor=OTHER, **who)
    elif way in (3, 4):
        promotion.approve(
            book, model, asked.id, target="experimental", share=0.05, **say
        )
        promotion.widen(book, model, share=0.5, actor=OTHER, **who)
        if way == 3:
            promotion.widen(book, model, actor=OTHER, **who)
        else:
            promotion.roll_back(book, model, actor=OTHER, **who)
    elif way == 5:  # two approve it, and a guard takes it back
        _both(book, asked, say)
        _guarded(book, model, number, who)
    elif way == 6:  # two begin a trial and widen it; it shows nothing, and ends
        _both(book, asked, say)
        more = promotion.propose(
            book,
            model,
            number,
            target="experimental",
            share=0.5,
            author=PERSON,
            evidence={},
            needed=2,
            **who,
        )
        _both(book, more, {**say, "digest": more.digest})
        machine = {"actor": "trial", "automatic": True, "unattended": True}
        promotion.retire(book, model, number, **machine, **who)
    else:  # nobody decides it in time, and the shadow is not needed any more
        promotion.expire(book, model, actor="clock", at=at)
        promotion.retire(book, model, number, actor=PERSON, **who)


def _clear_up(book: Registry, model: str, who: dict[str, Any]) -> None:
    roles = book.roles(model)
    if "experimental" in roles:
        promotion.roll_back(book, model, actor=OTHER, **who)
    if "shadow" in roles:
        promotion.retire(book, model, roles["shadow"].number, actor=OTHER, **who)
    for left in promotion.pending(book, model):
        promotion.withdraw(book, model, left.id, actor=PERSON, **who)


def _both(book: Registry, asked: Proposal, say: dict[str, Any]) -> None:
    for person in (OTHER, "Mia Lund"):
        told = {**say, "approver": person}
        promotion.approve(book, asked.model, asked.id, **told)


def _guarded(book: Registry, model: str, number: int, who: dict[str, Any]) -> None:
    """What a guard does: back to the version before, whatever became of that one."""
    back = book.roles(model)["previous"].number
    machine = {"actor": "guard", "automatic": True, "evidence": {"guard": {}}}
    if book.version(model, back).status == "previous":
        promotion.roll_back(book, model, number=number, to=back, **machine, **who)
