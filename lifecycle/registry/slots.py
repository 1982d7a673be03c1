"""Slots of the schedule: who runs one and until when, each attempt, what was skipped.

A slot is one row of the runs, unique by model, page and moment. Whoever takes it has
its attempt's number and a lease, which ends by the database's clock: machines whose
clocks differ agree on it. What an attempt came to is kept only while nobody has taken
the slot after it. The functions take the transaction they belong to.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import fields
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from lifecycle.registry import canonical, tables
from lifecycle.registry.claims import Attempt, Claim
from lifecycle.registry.records import Run

if TYPE_CHECKING:
    from lifecycle.registry.reading import Reading
    from lifecycle.registry.writing import Writing

__all__ = [
    "abandon",
    "attempts",
    "beat",
    "end",
    "give_back",
    "latest",
    "lose",
    "now",
    "skip",
    "take",
    "unfinished",
    "watch",
    "watched",
]

_RUN, _ATTEMPT = tables.run, tables.attempt
_NAMES = [field.name for field in fields(Run)]
_TRIED = ("failed", "timeout", "died")
_MOST_PAUSE = timedelta(hours=1)
Alive = Callable[[str], bool | None]


def now(book: Reading) -> datetime:
    """The moment by the database's clock, UTC."""
    if book.connection.dialect.name == "sqlite":
        told = sa.text("SELECT strftime('%Y-%m-%dT%H:%M:%f', 'now')")
        text = str(book.connection.execute(told).scalar())
        return datetime.fromisoformat(text).replace(tzinfo=UTC)
    found = book.connection.execute(sa.text("SELECT clock_timestamp()")).scalar()
    assert isinstance(found, datetime)
    return canonical.utc(found)


def unfinished(book: Reading, model: str | None = None) -> list[Run]:
    """Runs that somebody is at, or that are to be tried again, oldest first."""
    query = sa.select(_RUN).where(_is_open()).order_by(_RUN.c.id)
    if model is not None:
        query = query.where(_RUN.c.model == model)
    return _runs(book, query)


def latest(book: Reading, model: str) -> dict[str, datetime]:
    """The newest slot of each page that was taken or skipped."""
    newest = sa.func.max(_RUN.c.slot, type_=tables.Moment())
    query = (
        sa.select(_RUN.c.notebook, newest)
        .where(_RUN.c.model == model, _RUN.c.slot.is_not(None))
        .group_by(_RUN.c.notebook)
    )
    return {name: slot for name, slot in book.connection.execute(query)}


def attempts(book: Reading, run: int) -> list[Attempt]:
    """The attempts at a run, first to last."""
    query = sa.select(_ATTEMPT).where(_ATTEMPT.c.run == run).order_by(_ATTEMPT.c.number)
    return [Attempt(**row) for row in book.connection.execute(query).mappings()]


def take(
    book: Writing,
    model: str,
    notebook: str,
    slot: datetime | None,
    *,
    as_of: datetime,
    holder: str,
    lease: timedelta,
    alive: Alive,
    missed: Iterable[datetime] = (),
    pause: timedelta = timedelta(minutes=1),
) -> Claim | None:
    """Take a slot, if it is free and nobody runs the same page of the model.

    Parameters
    ----------
    book : Writing
    model, notebook : str
    slot : datetime with zone, or None
        None for a run that an alert asked for: one that was begun and not ended is
        taken up again.
    as_of : datetime with zone
        The moment that the run is to speak of.
    holder : str
        Who takes it.
    lease : timedelta
        For how long, without a beat.
    alive : callable
        Whether a holder lives; None where it cannot be told.
    missed : iterable of datetime
        Slots before this one that nobody ran; they are kept as skipped.
    pause : timedelta
        Before a run is tried again that was lost more than once; then twice that.

    Returns
    -------
    Claim or None
        None where it is another's, was run, or is to be tried later.
    """
    lose(book, model, alive=alive, pause=pause)
    at = now(book)
    mine = (_RUN.c.model == model, _RUN.c.notebook == notebook)
    if _runs(book, sa.select(_RUN).where(*mine, _RUN.c.status == "claimed")):
        return None
    row = _row(book, mine, slot)
    begun: dict[str, Any] = {"as_of": as_of, "status": "claimed", "holder": holder}
    begun |= {"started": at}
    begun |= {"lease_until": at + lease, "next_try": None, "ended": None}
    begun |= {"summary": "", "exit_code": None}
    if row is None:
        newest = latest(book, model).get(notebook)
        if slot is not None and newest is not None and newest > slot:
            return None
        skip(book, model, notebook, missed, summary="a newer slot was run instead")
        told: dict[str, Any] = {"model": model, "notebook": notebook, "slot": slot}
        told |= {"verdict": "", "directory": "", "attempt": 1}
        made = book.connection.execute(sa.insert(_RUN).values(**told, **begun))
        key = made.inserted_primary_key
        assert key is not None
        claim = Claim(int(key[0]), model, notebook, slot, 1, holder)
    else:
        if row.next_try is None or row.next_try > at:
            return None
        number = row.attempt + 1
        change = sa.update(_RUN).where(_RUN.c.id == row.id)
        book.connection.execute(change.values(attempt=number, **begun))
        tried = sum(one.status in _TRIED for one in attempts(book, row.id))
        claim = Claim(row.id, model, notebook, slot, number, holder, tried)
    _supersede(book, claim, mine)
    book.connection.execute(
        sa.insert(_ATTEMPT).values(
            run=claim.run,
            number=claim.attempt,
            holder=holder,
            started=at,
            status="claimed",
        )
    )
    return claim


def beat(book: Writing, claim: Claim, *, lease: timedelta) -> bool:
    """Hold a slot for longer; False where it is no longer this claim's."""
    change = sa.update(_RUN).where(*_held(claim), _RUN.c.status == "claimed")
    changed = book.connection.execute(change.values(lease_until=now(book) + lease))
    return changed.rowcount == 1


def end(
    book: Writing,
    claim: Claim,
    *,
    status: str,
    summary: str,
    again_in: timedelta | None = None,
    **told: Any,
) -> bool:
    """Keep what an attempt came to; False where another has taken the slot since.

    Parameters
    ----------
    book : Writing
    claim : Claim
    status, summary : str
    again_in : timedelta, optional
        It is tried again after that; else the slot is done.
    **told
        Further columns of the run.
    """
    at = now(book)
    words = canonical.words(summary)
    done: dict[str, Any] = {"status": status, "summary": words, "next_try": None}
    done |= {"lease_until": None}
    if again_in is not None:
        done |= {"status": "waiting", "next_try": at + again_in}
    told.setdefault("ended", at)
    change = sa.update(_RUN).where(
        *_held(claim), _RUN.c.status.in_(("claimed", "lost"))
    )
    kept = book.connection.execute(change.values(**done, **told)).rowcount == 1
    late = f"it ended ({status}) after another had taken its slot, and does not count"
    _attempted(
        book,
        claim,
        ended=at,
        **({"status": status, "summary": words} if kept else {"summary": late}),
    )
    return kept


def give_back(
    book: Writing, claim: Claim, *, summary: str, after: timedelta = timedelta()
) -> bool:
    """Let go of a slot that is not done: whoever comes next, or later, takes it."""
    at, words = now(book), canonical.words(summary)
    change = sa.update(_RUN).where(*_held(claim), _RUN.c.status == "claimed")
    done: dict[str, Any] = {"status": "waiting", "summary": words, "lease_until": None}
    if book.connection.execute(change.values(**done, next_try=at + after)).rowcount < 1:
        return False
    _attempted(book, claim, ended=at, status="given back", summary=words)
    return True


def lose(
    book: Writing,
    model: str | None = None,
    *,
    alive: Alive,
    pause: timedelta = timedelta(minutes=1),
) -> list[Run]:
    """Find the runs whose process is gone, and say so; they are to be tried again."""
    at, lost = now(book), []
    query = sa.select(_RUN).where(_RUN.c.status == "claimed").order_by(_RUN.c.id)
    if model is not None:
        query = query.where(_RUN.c.model == model)
    for row in _runs(book, query):
        over = row.lease_until is None or row.lease_until <= at
        if not over and alive(row.holder) is not False:
            continue
        who = row.holder.partition("#")[0] or "the process that had taken it"
        words = f"{who} is gone, nobody knows how far it came"
        before = sum(one.status == "lost" for one in attempts(book, row.id))
        wait = min(pause * 2 ** (before - 1), _MOST_PAUSE) if before else timedelta()
        change = sa.update(_RUN).where(_RUN.c.id == row.id)
        told = {"status": "lost", "summary": words, "lease_until": None, "ended": at}
        book.connection.execute(change.values(**told, next_try=at + wait))
        gone = Claim(row.id, row.model, row.notebook, row.slot, row.attempt, row.holder)
        _attempted(book, gone, ended=at, status="lost", summary=words)
        lost.append(row)
    return lost


def abandon(book: Writing, run: Run, *, summary: str) -> None:
    """Try a run no more: it ends as its last attempt did, or as skipped."""
    came = [one.status for one in attempts(book, run.id)]
    ended = [status for status in came if status in (*_TRIED, "lost")]
    words = canonical.words(f"{run.summary.rstrip('.')}; {summary}")
    change = sa.update(_RUN).where(_RUN.c.id == run.id, _RUN.c.next_try.is_not(None))
    told = {"status": ended[-1] if ended else "skipped", "summary": words}
    book.connection.execute(change.values(**told, next_try=None))


def skip(
    book: Writing,
    model: str,
    notebook: str,
    slots: Iterable[datetime],
    *,
    summary: str,
) -> list[datetime]:
    """Keep slots as skipped, except those of which the book knows; the ones kept."""
    asked = list(slots)
    known = sa.select(_RUN.c.slot).where(
        _RUN.c.model == model, _RUN.c.notebook == notebook, _RUN.c.slot.in_(asked)
    )
    there = set(book.connection.execute(known).scalars()) if asked else set()
    told = {"model": model, "notebook": notebook, "status": "skipped"}
    told |= {"summary": summary, "verdict": "", "directory": ""}
    kept = [slot for slot in asked if slot not in there]
    if kept:
        rows = [{**told, "slot": slot, "as_of": slot} for slot in kept]
        book.connection.execute(sa.insert(_RUN), rows)
    return kept


def watch(book: Writing, model: str, slot: datetime) -> bool:
    """Take the watch of a model at a moment; False where one as new was taken."""
    table = tables.watched
    newest = watched(book, model)
    if newest is not None and newest >= slot:
        return False
    mine = table.c.model == model
    if newest is None:
        book.connection.execute(sa.insert(table).values(model=model, slot=slot))
    else:
        book.connection.execute(sa.update(table).where(mine).values(slot=slot))
    return True


def watched(book: Reading, model: str) -> datetime | None:
    """The newest moment at which a model was watched by the clock."""
    table = tables.watched
    query = sa.select(table.c.slot).where(table.c.model == model)
    return book.connection.execute(query).scalar()


def _runs(book: Reading, query: Any) -> list[Run]:
    found = book.connection.execute(query).mappings()
    return [Run(**{name: row[name] for name in _NAMES}) for row in found]


def _row(book: Reading, mine: Any, slot: datetime | None) -> Run | None:
    """The row of a slot; without one the newest that an alert asked for, unended."""
    query = sa.select(_RUN).where(*mine).order_by(_RUN.c.id.desc()).limit(1)
    if slot is None:
        query = query.where(_RUN.c.slot.is_(None), _RUN.c.next_try.is_not(None))
    else:
        query = query.where(_RUN.c.slot == slot)
    return next(iter(_runs(book, query)), None)


def _is_open() -> Any:
    return sa.or_(_RUN.c.status == "claimed", _RUN.c.next_try.is_not(None))


def _held(claim: Claim) -> tuple[Any, ...]:
    columns = _RUN.c
    return (
        columns.id == claim.run,
        columns.attempt == claim.attempt,
        columns.holder == claim.holder,
    )


def _attempted(book: Writing, claim: Claim, **values: Any) -> None:
    book.connection.execute(
        sa.update(_ATTEMPT)
        .where(_ATTEMPT.c.run == claim.run, _ATTEMPT.c.number == claim.attempt)
        .values(**values)
    )


def _supersede(book: Writing, claim: Claim, mine: Any) -> None:
    """What was to be tried again of the page is not, now that a newer run is on."""
    others = sa.select(_RUN).where(
        *mine, _RUN.c.next_try.is_not(None), _RUN.c.id != claim.run
    )
    for row in _runs(book, others):
        abandon(book, row, summary="a newer run took its place")
