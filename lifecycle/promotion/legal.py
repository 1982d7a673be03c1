"""Which move is legal now: what can be done with each version of a model."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from lifecycle import errors
from lifecycle.promotion.agreeing import in_time
from lifecycle.promotion.granting import CANARY, standing_after
from lifecycle.promotion.standing import Standing
from lifecycle.registry import artefacts

if TYPE_CHECKING:
    from collections.abc import Callable

    from lifecycle.registry import Proposal, Registry, Version

__all__ = ["MOVES", "possible"]

MOVES = (
    "propose for production",
    "propose for a trial",
    "propose for more traffic",
    "approve",
    "reject",
    "withdraw",
    "widen",
    "roll back",
    "shadow",
    "unshadow",
    "retire",
)
"""The moves of a version, in the order they are told."""


def possible(
    registry: Registry, model: str, *, at: datetime
) -> dict[int, tuple[str, ...]]:
    """What the roles and the proposals allow to do with each version.

    Who may do it is another question: it takes a reason, a person where the move asks
    for one, and whom the settings name.

    Parameters
    ----------
    registry : Registry
        The book; it is only read.
    model : str
        Whose versions.
    at : datetime
        Now, with a zone: a proposal whose time is over can only be ended.

    Returns
    -------
    dict of int to tuple of str
        The number of each version, and of `MOVES` those that are legal.
    """
    with registry.reading() as book:
        versions = book.versions(model)
        standing = Standing.of(model, book.roles(model))
        waiting = {
            each.number: each for each in book.proposals(model, status="pending")
        }
    return {
        each.number: _of(each, standing, waiting.get(each.number), at)
        for each in versions
    }


def _of(
    version: Version, standing: Standing, waits: Proposal | None, at: datetime
) -> tuple[str, ...]:
    number, found = version.number, set[str]()
    if waits is not None:
        found = {"reject", "withdraw"}
        if waits.against == standing.production:
            goes = _goes(lambda: in_time(waits, at)) and _goes(
                lambda: standing_after(standing, number, waits.target, waits.share)
            )
            found |= {"approve"} if goes else set()
    elif version.status != artefacts.COLLECTED:
        if _goes(lambda: standing.promote(number)):
            found.add("propose for production")
        if _goes(lambda: standing.experiment(number, CANARY)):
            found.add("propose for a trial")
        if standing.experimental == number:
            found.add("propose for more traffic")
    if standing.experimental == number:
        found.add("widen")
    if version.status != artefacts.COLLECTED and _goes(lambda: standing.watch(number)):
        found.add("shadow")
    if _goes(lambda: standing.retire(number)):
        found.add("unshadow" if number == standing.shadow else "retire")
    if _goes(standing.roll_back) and standing.roll_back()[0] == number:
        found.add("roll back")
    return tuple(move for move in MOVES if move in found)


def _goes(move: Callable[[], object]) -> bool:
    try:
        move()
    except errors.IllegalMove:
        return False
    return True
