"""Many processes that decide in one book at once, and one that watches.

Run in a process of its own, since it forks. It is told in JSON where the book is and
prints in JSON what the processes did and saw.
"""

from __future__ import annotations

import json
import os
import random
import sys
import time
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from lifecycle import errors, promotion
from lifecycle.registry import Proposal, Registry, tables

NEWEST = sa.select(tables.ledger).order_by(tables.ledger.c.seq.desc()).limit(1)
AT = datetime(2024, 3, 4, tzinfo=UTC)
VERSIONS = 12
PAUSE = 0.005  # seconds between two looks
KINDS = (
    *("propose", "propose", "propose", "approve", "approve"),
    *("approve", "approve", "try", "try", "widen", "widen"),
    *("reject", "withdraw", "roll back", "guard", "shadow", "retire"),
)
REFUSED = (
    errors.AlreadyDecided,
    errors.IllegalMove,
    errors.NotAllowed,
    errors.Stale,
    errors.UnknownProposal,
)


def book_of(told: dict[str, Any]) -> Registry:
    """The book, opened anew."""
    return Registry(told["book"], artefacts=told["artefacts"])


def prepare(told: dict[str, Any]) -> None:
    """Versions to speak of, the first of them live."""
    book = book_of(told)
    for number in range(1, VERSIONS + 1):
        book.register("m", recipe="", estimator=[number], birth={}, author="a", at=AT)
    asked = promotion.propose(book, "m", 1, author="a", reason="r", evidence={}, at=AT)
    promotion.approve(book, "m", asked.id, approver="b", reason="r", at=AT)


def work(told: dict[str, Any], me: int) -> dict[str, Any]:
    """So many moves that were made; what was refused is counted by its kind."""
    book, chance = book_of(told), random.Random(told["seed"] + me)
    name, made, refused = f"p{me}", [], Counter[str]()
    while len(made) < told["moves"]:
        say = {"reason": "r", "at": AT}
        waiting = promotion.pending(book, "m")
        asked = chance.choice(waiting) if waiting else None
        number = chance.randint(1, VERSIONS)
        kind = chance.choice(KINDS)
        try:
            made.append(_made(book, kind, number, asked, name, say))
        except REFUSED as error:
            refused[type(error).__name__] += 1
    return {"name": name, "made": made, "refused": refused}


def _made(
    book: Registry,
    kind: str,
    number: int,
    asked: Proposal | None,
    name: str,
    say: dict[str, Any],
) -> list[Any]:
    """One move that was made: what the ledger calls it, its proposal, its row."""
    own = {"actor": name, **say}
    if kind == "roll back":
        move = promotion.roll_back(book, "m", **own)
    elif kind == "guard":  # whoever serves was judged, unless somebody is faster
        serves = book.roles("m")["production"].number
        move = promotion.roll_back(book, "m", automatic=True, number=serves, **own)
    elif kind == "widen":
        trial = book.roles("m").get("experimental")
        share = 0.5 if trial is not None and trial.share < 0.5 else 1.0
        move = promotion.widen(book, "m", share=share, **own)
    elif kind in ("shadow", "retire"):
        change = promotion.shadow if kind == "shadow" else promotion.retire
        move = change(book, "m", number, **own)
    elif kind in ("propose", "try") or asked is None:
        new = promotion.propose(
            book,
            "m",
            number,
            target="experimental" if kind == "try" else "production",
            author=name,
            evidence={},
            needed=1 + number % 2,  # every other version takes two persons
            **say,
        )
        return ["propose", new.id, 0]
    elif kind == "withdraw":
        move = promotion.withdraw(book, "m", asked.id, **own)
    else:
        decide = promotion.approve if kind == "approve" else promotion.reject
        move = decide(book, "m", asked.id, approver=name, digest=asked.digest, **say)
    return [move.entry.move, move.entry.proposal, move.entry.seq]


def watch(told: dict[str, Any], stop: Path) -> dict[str, Any]:
    """Look again and again: one production version, and the ledger's own."""
    book, looks, seen, wrong = book_of(told), 0, set(), []
    while not stop.exists():
        time.sleep(PAUSE)  # the others want to work
        with book.reading() as look:
            roles = look.roles("m")
            last = look.connection.execute(NEWEST).one()
            live = [v.number for v in look.versions("m") if v.status == "production"]
        looks += 1
        seen.add(last.seq)
        share = sum(role.share for role in roles.values())
        if live != [roles["production"].number] or share != 1:
            wrong.append(f"row {last.seq}: {live} live, {roles}")
        if last.after["production"] != live[0]:
            wrong.append(f"row {last.seq} says {last.after}, the roles {roles}")
    return {"looks": looks, "rows": len(seen), "wrong": wrong}


def forked(act: Callable[[], Any], out: Path) -> int:
    """A child that leaves what it says in a file."""
    child = os.fork()
    if not child:
        code = 1
        try:
            out.write_text(json.dumps(act()))
            code = 0
        finally:
            os._exit(code)
    return child


def main() -> None:
    """Let so many processes loose, and gather what they say."""
    told = json.loads(sys.argv[1])
    place = Path(told["artefacts"])
    prepare(told)
    stop = place / "stop"
    watcher = forked(lambda: watch(told, stop), place / "watched.json")
    began = time.perf_counter()
    workers = [
        forked(lambda me=me: work(told, me), place / f"worker-{me}.json")
        for me in range(told["processes"])
    ]
    codes = [os.waitstatus_to_exitcode(os.waitpid(each, 0)[1]) for each in workers]
    seconds = time.perf_counter() - began
    stop.touch()
    codes.append(os.waitstatus_to_exitcode(os.waitpid(watcher, 0)[1]))
    said = [place / f"worker-{me}.json" for me in range(told["processes"])]
    result = {
        "codes": codes,
        "seconds": seconds,
        "workers": [json.loads(each.read_text()) for each in said if each.exists()],
        "watched": json.loads((place / "watched.json").read_text() or "{}"),
    }
    json.dump(result, sys.stdout)
