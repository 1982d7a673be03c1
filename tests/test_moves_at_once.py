"""Many processes decide at once, on either database: each proposal exactly once."""

from __future__ import annotations

import json
from collections import Counter
from typing import Any

import pytest

from lifecycle.registry import Registry
from tests import at_once
from tests.apart import Apart

DECIDING = {"approve": "approved", "reject": "rejected", "withdraw": "withdrawn"}


def let_loose(
    apart: Apart, book: Registry, *, processes: int, moves: int
) -> dict[str, Any]:
    """What so many processes do that make so many moves each."""
    place = str(book._url if "postgresql" in str(book._url) else book._url.database)
    told = {
        "book": place,
        "artefacts": str(book.artefacts),
        "processes": processes,
        "moves": moves,
        "seed": 3,
    }
    book.artefacts.mkdir(parents=True, exist_ok=True)
    child = apart.start("from tests import at_once; at_once.main()", json.dumps(told))
    assert child.wait(600) == 0, child.errors
    result: dict[str, Any] = json.loads(child.out)
    # a sentence such as "database is locked" would have ended its process
    assert result["codes"] == [0] * (processes + 1), child.errors
    return result


def nothing_is_decided_twice(book: Registry, said: dict[str, Any]) -> None:
    """The ledger tells what the processes say, and each decision once."""
    assert book.verify_ledger() is None
    rows = book.ledger("m")
    told = [
        (each["name"], kind, proposal)
        for each in said["workers"]
        for kind, proposal, _ in each["made"]
    ]
    kept = [
        (row.actor, row.move, row.proposal)
        for row in rows[at_once.VERSIONS + 2 :]
        if "was rolled back" not in row.reason  # withdrawn by a rollback, with it
    ]
    assert Counter(told) == Counter(kept)
    decided = Counter(
        (row.proposal, DECIDING[row.move]) for row in rows if row.move in DECIDING
    )
    proposals = book.proposals("m")
    assert decided == Counter(
        (each.id, each.status) for each in proposals if each.status != "pending"
    )
    assert max(decided.values()) == 1


def never_two_in_production(said: dict[str, Any]) -> None:
    """Whenever the watcher looked."""
    assert said["watched"]["wrong"] == []
    assert said["watched"]["rows"] > 1, "it saw none of the moves"


def told(said: dict[str, Any]) -> str:
    """The figures in a line."""
    made = Counter(kind for each in said["workers"] for kind, *_ in each["made"])
    refused = Counter[str]()
    for each in said["workers"]:
        refused.update(each["refused"])
    pace, looks = made.total() / said["seconds"], said["watched"]["looks"]
    return (
        f"{made.total()} moves by {len(said['workers'])} processes, {pace:.0f} a "
        f"second: {dict(made)}; refused {dict(refused)}; {looks} looks"
    )


def test_processes_that_decide_at_once_decide_each_proposal_once(
    apart, database, tmp_path
):
    book = database(tmp_path)
    said = let_loose(apart, book, processes=4, moves=15)
    nothing_is_decided_twice(book, said)
    never_two_in_production(said)
    assert sum(len(each["made"]) for each in said["workers"]) == 60


@pytest.mark.slow
def test_eight_processes_and_two_thousand_moves(apart, database, tmp_path):
    book = database(tmp_path)
    said = let_loose(apart, book, processes=8, moves=250)
    print(told(said))  # noqa: T201
    nothing_is_decided_twice(book, said)
    never_two_in_production(said)
    assert sum(len(each["made"]) for each in said["workers"]) == 2_000
