"""Roles without traffic: a shadow that scores everything, and giving a role up."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any

from lifecycle import errors
from lifecycle.promotion.moving import Move, carry_out, said
from lifecycle.promotion.standing import Standing

if TYPE_CHECKING:
    from lifecycle.registry import Registry

__all__ = ["retire", "shadow"]


def shadow(
    registry: Registry,
    model: str,
    number: int,
    *,
    actor: str,
    source: str = "given",
    reason: str,
    at: datetime,
    evidence: Mapping[str, Any] | None = None,
) -> Move:
    """Let a version score everything that production scores, and serve nothing.

    It takes no approval, for nobody is served by it.

    Parameters
    ----------
    registry : Registry
        The book.
    model : str
        Which model.
    number : int
        A version without a role.
    actor, source, reason : str
        Who, how that is known, and why.
    at : datetime
        Now, with a zone.
    evidence : mapping, optional
        What it rests on.

    Raises
    ------
    IllegalMove
        When the version has a role, another one is the shadow, or none serves.
    ArtefactError
        When the stored model is missing or altered.
    """
    actor, reason = said(actor, reason)
    with registry.atomic() as book:
        before = Standing.of(model, book.roles(model))
        version = book.version(model, number)
        after = before.watch(number)
        registry.check(version)
        return carry_out(
            book,
            before,
            after,
            version,
            "shadow",
            actor=actor,
            source=source,
            reason=reason,
            at=at,
            sentence=f"version {number} of {model} scores everything and serves "
            "nothing",
            evidence=evidence or {},
        )


def retire(
    registry: Registry,
    model: str,
    number: int,
    *,
    actor: str,
    source: str = "given",
    reason: str,
    at: datetime,
    unattended: bool = False,
    automatic: bool = False,
    evidence: Mapping[str, Any] | None = None,
) -> Move:
    """Take its role from a version that is not in production; it is no bad version.

    A trial that shows no difference ends so, a shadow that is not needed any more, and
    a previous version that nobody would return to. A shadow is then what it was
    before: a candidate, or a version that was rolled back.

    Parameters
    ----------
    registry : Registry
        The book.
    model : str
        Which model.
    number : int
        The version on trial, the previous one or the shadow.
    actor, source, reason : str
        Who, how that is known, and why.
    at : datetime
        Now, with a zone.
    unattended : bool
        A run without a person: it may not give the previous version up.
    automatic : bool
        Nobody stands behind it; the ledger says so.
    evidence : mapping, optional
        The numbers behind it.

    Raises
    ------
    IllegalMove
        When the version is in production, or has no role.
    NotAllowed
        When the backup would be given up without a person.
    """
    actor, reason = said(actor, reason)
    with registry.atomic() as book:
        before = Standing.of(model, book.roles(model))
        version = book.version(model, number)
        after = before.retire(number)
        if number == before.previous and (unattended or automatic):
            raise errors.NotAllowed(
                f"version {number} of {model} is the one to return to; giving it up "
                "takes a person"
            )
        return carry_out(
            book,
            before,
            after,
            version,
            "retire",
            actor=actor,
            source=source,
            reason=reason,
            at=at,
            sentence=f"version {number} of {model} has no role any more",
            evidence={"automatic": automatic, **(evidence or {})},
        )
