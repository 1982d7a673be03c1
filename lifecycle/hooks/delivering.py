"""Telling the hooks: each row is claimed, sent and settled, one after the other.

The promise. Every row of the ledger that a hook hears of is told at least once, or
given up after its attempts and kept as dead with the reason; and of one model in the
order of the ledger: a row is begun when the one before it is sent or dead. While a
process has claimed a row nobody else tries it before the lease ends. A row is told
twice only when the process dies (or loses the database) after the receiver took it and
before that was written down; both times it carries the same `delivery`.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from time import monotonic
from typing import TYPE_CHECKING, Protocol

from lifecycle.hooks.news import News, tell
from lifecycle.hooks.words import NotTaken, heard
from lifecycle.registry import canonical
from lifecycle.registry.told import Told

if TYPE_CHECKING:
    from lifecycle.registry import Entry, Registry
    from lifecycle.registry.reading import Reading

__all__ = ["Delivery", "Hook", "Receiver", "begin", "deliver"]

MARGIN = timedelta(minutes=2)
BUDGET = timedelta(minutes=5)
_FIRST, _LONGEST = timedelta(minutes=1), timedelta(hours=12)
_ENDED = "the process ended during every attempt; look at the receiver by hand"


class Receiver(Protocol):
    """What takes moves: `Command`, `Webhook` or `Aliases`."""

    @property
    def timeout(self) -> float:
        """Seconds that one move may take."""

    def send(self, news: News, *, at: datetime) -> None:
        """Take a move, or raise `NotTaken`."""

    def test(self, *, at: datetime) -> str:
        """Change nothing, and say in a sentence that a move would be taken."""


@dataclass(frozen=True, slots=True)
class Hook:
    """A receiver, and what it hears of.

    Parameters
    ----------
    name : str
        In the settings. Under another name it is another hook and begins anew.
    receiver : Receiver
        Who takes the moves.
    models : sequence of str
        Whose moves; those of all models where it is empty.
    moves : sequence of str
        Which; those that change who has which role where it is empty.
    people : bool
        Whether it is told who moved, and why.
    attempts : int
        After as many a row is given up.
    since : int, optional
        The row of the ledger after which it begins; the last there is when it is seen
        first where not given.
    """

    name: str
    receiver: Receiver = field(repr=False)
    models: tuple[str, ...] = ()
    moves: tuple[str, ...] = ()
    people: bool = False
    attempts: int = 20
    since: int | None = None

    def hears(self, models: Sequence[str]) -> Iterator[str]:
        """Those of the models that it hears of, in their order."""
        return (each for each in models if not self.models or each in self.models)


@dataclass(frozen=True, slots=True)
class Delivery:
    """What became of the rows that were due.

    Parameters
    ----------
    sent, waiting, dead : tuple of Told
        Taken; failed and tried again later; given up now.
    later : tuple of Told
        Failed before; their time to be tried again has not come.
    lost : tuple of Told
        Given up before, and no later row was taken since.
    """

    sent: tuple[Told, ...] = ()
    waiting: tuple[Told, ...] = ()
    dead: tuple[Told, ...] = ()
    later: tuple[Told, ...] = ()
    lost: tuple[Told, ...] = ()

    @property
    def sentence(self) -> str:
        """What was done and what waits, in a sentence; empty where nothing does."""
        parts = [
            f"{len(part)} {word}"
            for part, word in (
                (self.sent, "told"),
                (self.waiting, "failed and will be tried again"),
                (self.dead, "given up"),
                (self.later, "not tried before its time"),
                (self.lost, "given up before; `lifecycle hooks retry` tries it again"),
            )
            if part
        ]
        reasons = [
            f"{each.hook}, row {each.seq} of {each.model}, {each.tried}: "
            f"{each.last_error}"
            for each in self.waiting + self.dead + self.later + self.lost
        ]
        why = f" ({'; '.join(reasons)})" if reasons else ""
        return f"hooks: {', '.join(parts)}{why}" if parts else ""

    def __repr__(self) -> str:
        return f"<Delivery {self.sentence or 'nothing was due'}>"


def begin(
    registry: Registry, hooks: Sequence[Hook], models: Sequence[str], *, at: datetime
) -> list[Told]:
    """Let hooks that are seen for the first time begin.

    Parameters
    ----------
    registry : Registry
        The book.
    hooks : sequence of Hook
    models : sequence of str
        All of the workspace.
    at : datetime
        Now, with a zone.

    Returns
    -------
    list of Told
        A mark for each hook and model that began now: rows up to it are not told.
    """
    from lifecycle.registry import deliveries

    pairs = [(hook, model) for hook in hooks for model in hook.hears(models)]
    with registry.reading() as book:
        known = deliveries.begun(book)
    new = [each for each in pairs if (each[0].name, each[1]) not in known]
    if not new:
        return []
    moment, made = canonical.utc(at), []
    with registry.atomic() as book:
        for hook, model in new:
            after = hook.since
            if after is None:
                after = deliveries.last_row(book, model)
            if deliveries.begin(book, hook.name, model, after=after, at=moment):
                made += deliveries.rows(book, hook.name, model)
    return made


def deliver(
    registry: Registry,
    hooks: Sequence[Hook],
    models: Sequence[str],
    *,
    at: datetime,
    budget: timedelta = BUDGET,
) -> Delivery:
    """Tell the hooks what they have not been told and is due.

    Parameters
    ----------
    registry : Registry
        The book.
    hooks : sequence of Hook
    models : sequence of str
        Whose rows; all of the workspace, or the one that moved.
    at : datetime
        Now, with a zone; the time that goes by is counted on from it.
    budget : timedelta
        For each hook: no row is begun after it, what is left waits for the next call.

    Returns
    -------
    Delivery

    Notes
    -----
    The pause after the k-th failure is :math:`2^{k-1}` minutes, at most twelve hours,
    or what the receiver asks for where that is longer. A failure holds up the later
    rows of its model and hook, and no others.
    """
    began, start = monotonic(), canonical.utc(at)

    def now() -> datetime:
        return start + timedelta(seconds=monotonic() - began)

    begin(registry, hooks, models, at=start)
    ends: dict[str, list[Told]] = {"sent": [], "waiting": [], "dead": [], "later": []}
    for hook in hooks:
        over = now() + budget
        for model in hook.hears(models):
            while now() <= over:
                told, tried = _one(registry, hook, model, now)
                if told is None:
                    break
                ends[told.state if tried else "later"].append(told)
                if told.state == "waiting":
                    break
    return Delivery(**{name: tuple(found) for name, found in ends.items()})


def _one(
    registry: Registry, hook: Hook, model: str, now: Callable[[], datetime]
) -> tuple[Told | None, bool]:
    """The next row of a model for a hook, and whether it was tried.

    `None` when nothing is left, or another process is at it.
    """
    with registry.reading() as book:
        moment = now()
        entry, told = _next(book, hook, model)
        if entry is None or (told is not None and not told.is_free(moment)):
            return (told if told is not None and told.pauses(moment) else None), False
    return _try(registry, hook, model, now), True


def _try(
    registry: Registry, hook: Hook, model: str, now: Callable[[], datetime]
) -> Told | None:
    """Claim the row, send it, and settle it; `None` when somebody else was faster."""
    from lifecycle.registry import deliveries

    code, lease = secrets.token_hex(8), timedelta(seconds=hook.receiver.timeout)
    with registry.atomic() as book:
        moment = now()
        entry, told = _next(book, hook, model)
        if entry is None or (told is not None and not told.is_free(moment)):
            return None
        mine = deliveries.claim(
            book, hook.name, entry, claim=code, at=moment, until=moment + lease + MARGIN
        )
        news = tell(book, entry, hook=hook.name, people=hook.people)
    if mine.attempts > hook.attempts:
        return _settle(registry, mine, "dead", now(), mine.last_error or _ENDED)
    try:
        hook.receiver.send(news, at=now())
    except NotTaken as error:
        why = heard(str(error))
        if error.gone or mine.attempts >= hook.attempts:
            return _settle(registry, mine, "dead", now(), why)
        pause = min(_LONGEST, _FIRST * 2 ** min(mine.attempts - 1, 20))
        pause = max(pause, error.later or pause)
        with registry.atomic() as book:
            return deliveries.change(book, mine, next_try=now() + pause, error=why)
    return _settle(registry, mine, "sent", now())


def _next(book: Reading, hook: Hook, model: str) -> tuple[Entry | None, Told | None]:
    from lifecycle.registry import deliveries

    found = deliveries.following(book, hook.name, model, moves=hook.moves)
    return (None, None) if found is None else found


def _settle(
    registry: Registry, told: Told, state: str, at: datetime, why: str = ""
) -> Told | None:
    """Sent or dead; `None` when the lease had ended and it is another's now."""
    from lifecycle.registry import deliveries

    with registry.atomic() as book:
        return deliveries.change(book, told, state=state, settled_at=at, error=why)
