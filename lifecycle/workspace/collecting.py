"""What a workspace no longer needs of stored models and recipes, and what is held."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from lifecycle import promotion
from lifecycle.registry import collecting
from lifecycle.registry.pieces import Collection, Piece
from lifecycle.workspace import actors

if TYPE_CHECKING:
    from lifecycle.registry import Entry
    from lifecycle.workspace.desk import Workspace

__all__ = ["collect", "hold", "release"]

SOURCES = "recipes/.versions"


def collect(
    workspace: Workspace,
    name: str | None = None,
    *,
    reason: str = "",
    by: str | None = None,
    as_of: datetime | str | None = None,
    dry_run: bool = False,
) -> Collection:
    """Remove what no role, no window of the ledger and no legal hold needs.

    Of each model the stored models that `[models.NAME.artefacts]` of the settings does
    not keep, and what processes that died have left; of the workspace the sources of
    recipes that no version names. Rows, cards and histories stay.

    Parameters
    ----------
    workspace : Workspace
    name : str, optional
        One model; all of them, and the recipes, where not given.
    reason : str
        For the ledger.
    by : str, optional
        Who; the person at the terminal where not given.
    as_of : datetime or ISO text, optional
    dry_run : bool
        Only say what would be removed.

    Returns
    -------
    Collection

    Raises
    ------
    LifecycleError
        When the ledger was altered.
    """
    names = workspace.models if name is None else (name,)
    actor, at, now = workspace.who(by), workspace.moment(as_of), datetime.now(UTC)
    pieces: list[Piece] = []
    for each in names:
        settings = workspace.model(each).artefacts
        found = collecting.collect(
            workspace.registry,
            each,
            actor=actor.name,
            source=actor.source,
            reason=reason,
            at=at,
            keep_days=settings.keep_days,
            keep_last=settings.keep_last,
            now=now,
            dry_run=dry_run,
        )
        pieces += found.pieces
    if name is None:
        sources = list(_sources(workspace, now))
        if not dry_run:
            collecting.remove(workspace.directory, sources)
        pieces += sources
    return Collection(tuple(pieces), dry_run=dry_run)


def _sources(workspace: Workspace, now: datetime) -> Iterator[Piece]:
    """Kept recipes that no version names, collected or not, and half-written ones.

    A version whose artefact was collected is made again with its source.
    """
    folder = workspace.directory / SOURCES
    if not folder.is_dir() or folder.is_symlink():
        return
    needed = collecting.sources(workspace.registry)
    for path in sorted(folder.iterdir()):
        kept = re.fullmatch(r"[0-9a-f]{64}\.py", path.name)
        half = re.fullmatch(r"\.[0-9a-f]{32}\.tmp", path.name)
        if not (kept or half) or path.stem in needed or not collecting.old(path, now):
            continue
        if not path.is_symlink() and not path.is_file():
            continue
        why = "no version names it" if kept else "half written"
        size, place = path.lstat().st_size, f"{SOURCES}/{path.name}"
        yield Piece("recipe", "", None, place, size, why, goes=True)


def hold(
    workspace: Workspace,
    name: str,
    number: int,
    *,
    reason: str,
    by: str | None = None,
    as_of: datetime | str | None = None,
) -> Entry:
    """Keep a version's stored model until it is released; see `promotion.hold`."""
    workspace.model(name)
    actor = workspace.who(by)
    return promotion.hold(
        workspace.registry,
        name,
        number,
        actor=actor.name,
        source=actor.source,
        reason=reason,
        at=workspace.moment(as_of),
    )


def release(
    workspace: Workspace,
    name: str,
    number: int,
    *,
    reason: str,
    by: str | None = None,
    as_of: datetime | str | None = None,
) -> Entry:
    """End a legal hold; see `promotion.release`."""
    workspace.model(name)
    actor = workspace.who(by)
    return promotion.release(
        workspace.registry,
        name,
        number,
        actor=actor.name,
        source=actor.source,
        reason=reason,
        at=workspace.moment(as_of),
        unattended=actors.unattended(),
    )
