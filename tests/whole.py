"""What holds after every kill: a book that adds up, and no torn file."""

from __future__ import annotations

import json
from pathlib import Path

from lifecycle.registry import Registry


def book_is_whole(book: Registry, model: str) -> None:
    """One production version, a ledger that can be verified, every artefact loads."""
    assert book.verify_ledger() is None
    roles = book.roles(model)
    versions = {version.number: version for version in book.versions(model)}
    holders = [v.number for v in versions.values() if v.status == "production"]
    assert holders == [roles["production"].number], holders
    assert abs(sum(role.share for role in roles.values()) - 1) < 1e-12, roles
    for version in versions.values():
        book.load(version)
    told = book.ledger(model)
    assert [entry.seq for entry in told] == sorted({entry.seq for entry in told})
    decided = [
        entry.proposal
        for entry in told
        if entry.move in ("approve", "reject", "withdraw", "expire")
    ]
    assert len(decided) == len(set(decided)), decided
    # the database is sound underneath, too
    with book.reading() as look:
        if look.connection.dialect.name == "sqlite":
            check = look.connection.exec_driver_sql("PRAGMA integrity_check").scalar()
            assert check == "ok", check


def files_are_whole(place: Path) -> None:
    """Whatever has a name can be read; what begins with a dot is nobody's business."""
    for path in sorted(place.rglob("*")):
        if path.is_dir() or any(
            part.startswith(".") for part in path.relative_to(place).parts
        ):
            continue
        if path.parent.name == "_delta_log" and path.suffix == ".json":
            for line in path.read_text().splitlines():
                json.loads(line)
        elif path.suffix in (".json", ".ipynb"):
            json.loads(path.read_text())
        elif path.suffix == ".html":
            assert path.read_text().rstrip().endswith("</html>"), path
        elif path.suffix in (".skops", ".csv", ".py", ".toml", ".log"):
            assert path.stat().st_size, path
