"""The outbox: what waits is claimed, sent and marked, one message at a time.

The promise. A message that was written is sent to every address at least once, or
given up after `attempts` and kept as dead with the reason. While one process has
claimed it nobody else tries it before the lease ends. An address gets it twice only
when the process dies (or loses the database) after the address took it and before
that was written down, or when the sending outlasts the lease; both times carry the
same key.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from time import monotonic
from typing import TYPE_CHECKING

from lifecycle.alerts.sending import NotSent, send
from lifecycle.registry import Message, canonical

if TYPE_CHECKING:
    from lifecycle.registry import Registry

__all__ = ["Address", "Delivery", "deliver"]

LEASE = timedelta(minutes=10)
BUDGET = timedelta(minutes=5)
ATTEMPTS = 20
_FIRST, _LONGEST = timedelta(minutes=1), timedelta(hours=12)
_NOBODY = "nobody is named to be told; add notify to the model's alerts"
_ENDED = "the process ended during every attempt; look at the address by hand"


@dataclass(frozen=True, slots=True)
class Address:
    """Where messages go; its words are not shown.

    Parameters
    ----------
    url : str
        As apprise reads it; may hold a password.
    problem : str
        Why there is none, in a sentence; empty where there is one.

    Examples
    --------
    >>> Address("mailto://anna:secret@example.com")
    <Address mailto>
    """

    url: str = field(repr=False)
    problem: str = ""

    @property
    def scheme(self) -> str:
        """The kind of address: "mailto", "json"."""
        head, found, _ = self.url.partition("://")
        return head.lower() if found and head.isascii() and head.isalnum() else ""

    def __repr__(self) -> str:
        return f"<Address {self.scheme or 'unknown'}>"


@dataclass(frozen=True, slots=True)
class Delivery:
    """What became of the messages that were due.

    Parameters
    ----------
    sent, waiting, dead, unaddressed : tuple of Message
        Sent to all; failed and tried again later; given up now; for nobody.
    """

    sent: tuple[Message, ...] = ()
    waiting: tuple[Message, ...] = ()
    dead: tuple[Message, ...] = ()
    unaddressed: tuple[Message, ...] = ()

    @property
    def sentence(self) -> str:
        """What was done, in a sentence; empty where nothing was due."""
        parts = [
            f"{len(part)} {word}"
            for part, word in (
                (self.sent, "sent"),
                (self.waiting, "failed and will be tried again"),
                (self.dead, "given up"),
            )
            if part
        ]
        reasons = sorted({each.last_error for each in self.waiting + self.dead})
        why = f" ({'; '.join(reasons)})" if reasons else ""
        return f"messages: {', '.join(parts)}{why}" if parts else ""

    def __repr__(self) -> str:
        return f"<Delivery {self.sentence or 'nothing was due'}>"


Send = Callable[[Address, Message], None]


def deliver(
    registry: Registry,
    recipients: Mapping[tuple[str, str], Sequence[Address]],
    *,
    at: datetime,
    send: Send = send,
    lease: timedelta = LEASE,
    budget: timedelta = BUDGET,
    attempts: int = ATTEMPTS,
) -> Delivery:
    """Send what waits in the outbox and is due.

    Parameters
    ----------
    registry : Registry
        The book.
    recipients : mapping of (model, "owner" or "deputy") to sequence of Address
        A message for somebody without an address is settled without being sent.
    at : datetime
        Now, with a zone; the time that goes by is counted on from it.
    send : callable
        Takes an address and a message; raises `NotSent` when it was not taken.
    lease : timedelta
        How long a claim keeps others away; renewed at every address.
    budget : timedelta
        No message is begun after it; what is left waits for the next call.
    attempts : int
        After as many a message is given up.

    Returns
    -------
    Delivery

    Notes
    -----
    The pause after the k-th failure is :math:`2^{k-1}` minutes, at most twelve hours.
    """
    begun, start = monotonic(), canonical.utc(at)

    def now() -> datetime:
        return start + timedelta(seconds=monotonic() - begun)

    ends: dict[str, list[Message]] = {}
    after = 0
    while now() - start <= budget:
        with registry.reading() as book:
            message = book.next_message(now(), after=after)
        if message is None:
            break
        after = message.id
        claim = secrets.token_hex(8)
        moment = now()
        with registry.atomic() as book:
            if not book.claim_message(
                message, claim=claim, at=moment, until=moment + lease
            ):
                continue  # somebody else was faster
        outcome = _attempt(
            registry,
            message.id,
            claim,
            recipients.get((message.model, message.recipient), ()),
            now=now,
            send=send,
            lease=lease,
            attempts=attempts,
        )
        if outcome is not None:
            ends.setdefault(outcome[0], []).append(outcome[1])
    return Delivery(**{name: tuple(found) for name, found in ends.items()})


def _attempt(
    registry: Registry,
    id: int,
    claim: str,
    addresses: Sequence[Address],
    *,
    now: Callable[[], datetime],
    send: Send,
    lease: timedelta,
    attempts: int,
) -> tuple[str, Message] | None:
    """One claimed message: to each address that has not got it; what became of it."""
    message = _look(registry, id)
    if not addresses:
        return _settle(registry, message, claim, "unaddressed", now(), _NOBODY)
    if message.attempts > attempts:
        return _settle(registry, message, claim, "dead", now(), _ENDED)
    failures = []
    names = [f"{place} {each.scheme}" for place, each in enumerate(addresses, start=1)]
    for place, (name, address) in enumerate(
        zip(names, addresses, strict=True), start=1
    ):
        if name in message.reached:
            continue
        try:
            if address.problem:
                raise NotSent(address.problem)
            send(address, message)
        except NotSent as error:
            failures.append(f"{message.recipient}'s address {place}: {error}")
            continue
        message = _reached(registry, id, name, names, now(), now() + lease)
        if message.claim != claim:
            return None  # the lease had ended; whoever has it now goes on
    if not failures:
        if message.state == "waiting":  # the rest were taken off the settings
            message = _reached(registry, id, names[0], names, now(), now() + lease)
        return "sent", message
    why = "; ".join(failures)
    if message.attempts >= attempts:
        return _settle(registry, message, claim, "dead", now(), why)
    pause = min(_LONGEST, _FIRST * 2 ** min(message.attempts - 1, 20))
    with registry.atomic() as book:
        mine = book.change_message(
            id,
            claim=claim,
            next_try=now() + pause,
            lease_until=None,
            last_error=canonical.words(why),
        )
    return ("waiting", _look(registry, id)) if mine else None


def _reached(
    registry: Registry,
    id: int,
    name: str,
    names: Sequence[str],
    at: datetime,
    until: datetime,
) -> Message:
    """Write down that an address has it; it is sent when all have."""
    with registry.atomic() as book:
        held = book.message(id)
        reached = sorted({*held.reached, name})
        whole = set(names) <= set(reached)
        book.change_message(
            id,
            reached=reached,
            lease_until=until,
            sent_at=at if whole else None,
            last_error="" if whole else held.last_error,
        )
        return book.message(id)


def _settle(
    registry: Registry,
    message: Message,
    claim: str,
    end: str,
    at: datetime,
    why: str,
) -> tuple[str, Message] | None:
    with registry.atomic() as book:
        if not book.change_message(
            message.id, claim=claim, dead_at=at, last_error=canonical.words(why)
        ):
            return None
        return end, book.message(message.id)


def _look(registry: Registry, id: int) -> Message:
    with registry.reading() as book:
        return book.message(id)
