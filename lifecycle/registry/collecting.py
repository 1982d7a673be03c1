"""The end of stored models that nothing needs any more: which, and their files."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from stat import S_ISLNK, S_ISREG
from typing import TYPE_CHECKING, Any

from lifecycle import errors
from lifecycle.registry import artefacts, canonical
from lifecycle.registry.artefacts import COLLECTED
from lifecycle.registry.pieces import Collection, Piece

if TYPE_CHECKING:
    from lifecycle.registry.reading import Reading
    from lifecycle.registry.records import Entry, Version
    from lifecycle.registry.store import Registry

__all__ = [
    "HOLD",
    "MOVE",
    "RELEASE",
    "collect",
    "held",
    "needed",
    "old",
    "remove",
    "sources",
]

MOVE, HOLD, RELEASE = "collect", "hold", "release"
AGE = timedelta(days=1)
"""How old a file must be that nothing refers to: a younger one may be in the making."""

_ROLES = ("production", "previous", "experimental", "shadow")


def held(entries: Iterable[Entry]) -> dict[int, Entry]:
    """The versions that a legal hold keeps, by the rows of their model's ledger.

    Parameters
    ----------
    entries : iterable of Entry
        Oldest first.

    Returns
    -------
    dict of int to Entry
        Version to the row that holds it.
    """
    found: dict[int, Entry] = {}
    for entry in entries:
        if entry.number is None:
            continue
        if entry.move == HOLD:
            found[entry.number] = entry
        elif entry.move == RELEASE:
            found.pop(entry.number, None)
    return found


def needed(
    book: Reading, model: str, *, at: datetime, keep_days: float, keep_last: int
) -> dict[int, str]:
    """The versions of a model whose stored model stays, each with the reason.

    Parameters
    ----------
    book : Reading
        The registry inside one transaction.
    model : str
        Whose versions.
    at : datetime
        Now, with a zone.
    keep_days : float
        The window of the ledger: what it names there stays, and so does what had a
        role.
    keep_last : int
        How many of the newest versions stay whatever they are.

    Returns
    -------
    dict of int to str
        A version that is not in it is needed by nothing: no role, no proposal that
        waits, no renewal that is open, no hold, no row of the ledger in the window;
        it was not the first that went live, and no version that stays was made from it.
    """
    versions, ledger = book.versions(model), book.ledger(model)
    kept: dict[int, str] = {}
    for number, why in _reasons(book, model, ledger, at - timedelta(days=keep_days)):
        if number is not None:
            kept.setdefault(number, why)
    for version in versions[len(versions) - min(keep_last, len(versions)) :]:
        kept.setdefault(version.number, f"one of the newest {keep_last}")
    made = {each.number: each for each in versions if each.status != COLLECTED}
    for version in reversed(versions):  # a parent is older than what it is parent of
        parent = version.birth.get("parent")
        if version.number in kept and version.number in made and parent in made:
            kept.setdefault(parent, f"version {version.number} was made from it")
    return kept


def _reasons(
    book: Reading, model: str, ledger: Iterable[Entry], since: datetime
) -> Iterator[tuple[int | None, str]]:
    entries = list(ledger)
    for name, role in book.roles(model).items():
        yield role.number, name
    for number, entry in held(entries).items():
        yield number, f"held by {entry.actor}: {entry.reason}"
    lived = (entry.after.get("production") for entry in entries)
    first = next((number for number in lived if number is not None), None)
    yield first, "the first that went live: what came after is measured against it"
    for proposal in book.proposals(model, status="pending"):
        yield proposal.number, f"proposal {proposal.id} waits for a decision"
        yield proposal.against, f"proposal {proposal.id} is held against it"
    for renewal in book.renewals(model, only_open=True):
        yield renewal.version, f"renewal {renewal.id} is open"
        yield renewal.against, f"renewal {renewal.id} is open"
    for entry in reversed(entries):
        if entry.at < since:
            continue
        if entry.move != MOVE:
            yield entry.number, f"in the ledger: {entry.move} on {entry.at:%Y-%m-%d}"
        for facts in (entry.before, entry.after):
            for name in _ROLES:
                yield facts.get(name), f"was {name} on {entry.at:%Y-%m-%d}"


def collect(
    registry: Registry,
    model: str,
    *,
    actor: str,
    source: str = "given",
    reason: str = "",
    at: datetime,
    keep_days: float = 365.0,
    keep_last: int = 10,
    now: datetime,
    dry_run: bool = False,
) -> Collection:
    """Remove the stored models that nothing needs, and what died processes left.

    A version's row, its birth record and its history stay; its status is "artefact
    collected" from then on, and loading it is refused with the remedy.

    Parameters
    ----------
    registry : Registry
        The book.
    model : str
        Whose.
    actor, source, reason : str
        Who, how that is known, and why, for the ledger.
    at : datetime
        The moment meant, with a zone.
    keep_days, keep_last
        As in `needed`.
    now : datetime
        By the clock that dates files, with a zone.
    dry_run : bool
        Only say what would be removed.

    Returns
    -------
    Collection

    Raises
    ------
    LifecycleError
        When the ledger was altered: what it no longer tells may be needed.
    ArtefactError
        When the model's directory is a link to elsewhere.

    Notes
    -----
    The mark of each version and its row of the ledger are one transaction, and the
    files go after it. A process that dies in between leaves files that nothing loads
    any more; the next collection removes them. Files that no version refers to go
    while writers wait, so that none is of a version just being registered.
    """
    model = canonical.model_name(model)
    altered = registry.verify_ledger()
    if altered is not None:
        raise errors.LifecycleError(
            f"row {altered} of the ledger is missing or was altered, so nothing of "
            f"{model} is collected; restore the registry from a backup first"
        )
    folder = registry.artefacts / model
    if folder.is_symlink():
        raise errors.ArtefactError(
            f"{folder} is a link to elsewhere, so nothing in it is removed; put the "
            "directory itself there"
        )
    rules = {"at": at, "keep_days": keep_days, "keep_last": keep_last}
    if dry_run:
        with registry.reading() as book:
            return Collection(_found(book, model, folder, rules, now), dry_run=True)
    because = reason or "no role, no window of the ledger and no hold needs it"
    with registry.atomic() as book:
        found = _found(book, model, folder, rules, now)
        for version in book.versions(model):
            if version.status == COLLECTED or version.number not in _going(found):
                continue
            book.mark(model, version.number, COLLECTED)
            book.enter(
                model,
                MOVE,
                actor=actor,
                source=source,
                reason=because,
                at=at,
                number=version.number,
                evidence={
                    "artefact_sha256": version.sha256,
                    "keep_days": keep_days,
                    "keep_last": keep_last,
                },
            )
        remove(registry.artefacts, [e for e in found if e.kind == "leftover"])
    remove(registry.artefacts, [e for e in found if e.kind == "artefact"])
    return Collection(found)


def _going(pieces: Iterable[Piece]) -> set[int | None]:
    return {each.number for each in pieces if each.goes and each.kind == "artefact"}


def _found(
    book: Reading, model: str, folder: Path, rules: Any, now: datetime
) -> tuple[Piece, ...]:
    why = needed(book, model, **rules)
    stored = [_stored(folder, each, why) for each in book.versions(model)]
    there = [each for each in stored if each.goes or each.size]
    return (*there, *_leftovers(book, model, folder, now))


def _stored(folder: Path, version: Version, why: dict[int, str]) -> Piece:
    """A version's own file, by its number; no path of its row is ever removed."""
    size = _size(folder / f"{version.number}.skops")
    piece = Piece(
        "artefact",
        version.model,
        version.number,
        f"{version.model}/{version.number}.skops",
        size or 0,
        why.get(version.number, ""),
        goes=False,
    )
    if version.status == COLLECTED:
        left = "was collected before, and its file was left"
        return replace(piece, why=left, goes=size is not None)
    if version.number in why:
        return piece
    return replace(piece, why="nothing needs it", goes=True)


def _leftovers(book: Reading, model: str, folder: Path, now: datetime) -> list[Piece]:
    """Files of the house that no version refers to, older than a day."""
    known = {f"{each.number}.skops" for each in book.versions(model)}
    known |= {f".{each.token}.tmp" for each in book.renewals(model, only_open=True)}
    found = []
    for path in sorted(folder.iterdir() if folder.is_dir() else ()):
        ours = path.suffix == ".skops" and path.stem.isdecimal()
        temporary = path.suffix == ".tmp" and path.name.startswith(".")
        if path.name in known or not (ours or temporary) or not old(path, now):
            continue
        size = _size(path)
        if size is None:  # a directory is nobody's leftover
            continue
        why = "half written" if temporary else "no version refers to it"
        place = f"{model}/{path.name}"
        found.append(Piece("leftover", model, None, place, size, why, goes=True))
    return found


def sources(registry: Registry) -> set[str]:
    """The digests of the recipes that versions of any model name, collected or not."""
    import sqlalchemy as sa

    from lifecycle.registry import tables

    with registry.reading() as book:
        births = book.connection.execute(sa.select(tables.version.c.birth)).scalars()
        return {str(birth.get("recipe_sha256")) for birth in births}


def old(path: Path, now: datetime) -> bool:
    """Whether a file that nothing refers to is old enough to go."""
    with suppress(FileNotFoundError):
        return now.timestamp() - path.lstat().st_mtime > AGE.total_seconds()
    return False


def _size(path: Path) -> int | None:
    """Bytes of a file or of a link; None where there is neither."""
    try:
        facts = path.lstat()
    except FileNotFoundError:
        return None
    return facts.st_size if S_ISREG(facts.st_mode) or S_ISLNK(facts.st_mode) else None


def remove(root: Path, pieces: Iterable[Piece]) -> None:
    """Remove files, a link itself rather than what it leads to, down to the disk."""
    folders = set()
    for each in pieces:
        if each.goes:
            path = root / each.path
            path.unlink(missing_ok=True)
            folders.add(path.parent)
    for folder in folders:
        if folder.is_dir():
            artefacts.settle(folder)
