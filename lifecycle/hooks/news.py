"""What a hook is told: a move of roles as plain data, with the digests of versions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from lifecycle.registry import canonical

if TYPE_CHECKING:
    from lifecycle.registry import Entry
    from lifecycle.registry.reading import Reading

__all__ = ["PING", "News", "tell"]

PING = "ping"
ROLES = ("production", "previous", "experimental", "shadow")
_MOST = 2000  # characters of a person's words


@dataclass(frozen=True)
class News:
    """One move, as a hook is told of it.

    Parameters
    ----------
    facts : mapping
        `schema` 1 · `delivery`, the same at every attempt · `hook` · `model` · `seq`,
        the row of the ledger · `ledger`, its hash · `move` · `number`, the version it
        is about · `at`, UTC · `before` and `after`, from role to `version`, `share`
        and `sha256` · `people`, where the hook is told of them: `actor`, `source`,
        `verified` and `reason`, in their own words, which are data and nothing else.

    Examples
    --------
    >>> News({"move": "ping", "model": "leads"}).body
    b'{"model":"leads","move":"ping"}'
    """

    facts: Mapping[str, Any]

    @cached_property
    def body(self) -> bytes:
        """The facts as canonical JSON: the same bytes at every attempt."""
        return canonical.text(dict(self.facts)).encode("ascii")

    @property
    def delivery(self) -> str:
        """By which a receiver knows what it has got already."""
        return str(self.facts["delivery"])

    @property
    def model(self) -> str:
        """Whose move."""
        return str(self.facts["model"])

    def holder(self, role: str) -> Mapping[str, Any] | None:
        """Who has a role after the move: `version`, `share` and `sha256`."""
        held: Mapping[str, Any] | None = self.facts["after"].get(role)
        return held

    @property
    def places(self) -> dict[str, str]:
        """What stands for a name in braces; empty for a role that nobody has.

        Names, numbers and words of the house only: nothing here is a person's.
        """
        told = {name: str(self.facts[name]) for name in ("model", "move", "seq")}
        for role in ROLES:
            held = self.holder(role)
            told[role] = "" if held is None else str(held["version"])
        trial = self.holder("experimental")
        told["share"] = "0" if trial is None else f"{trial['share']:g}"
        return {**told, "delivery": self.delivery}

    def __repr__(self) -> str:
        what = f"row {self.facts.get('seq')} of {self.facts.get('model')}"
        return f"<News {self.facts.get('move')}, {what}>"


def tell(book: Reading, entry: Entry, *, hook: str, people: bool = False) -> News:
    """What a hook is told of a row of the ledger.

    Parameters
    ----------
    book : Reading
        Says which digests the versions have.
    entry : Entry
    hook : str
        Its name.
    people : bool
        Whether it is told who moved, and why.
    """
    digests = {each.number: each.sha256 for each in book.versions(entry.model)}
    facts: dict[str, Any] = {
        "schema": 1,
        "delivery": canonical.digest([hook, entry.model, entry.seq, entry.hash])[:32],
        "hook": hook,
        "model": entry.model,
        "seq": entry.seq,
        "ledger": entry.hash,
        "move": entry.move,
        "number": entry.number,
        "at": entry.at,
        "before": _roles(entry.before, digests),
        "after": _roles(entry.after, digests),
    }
    if people:
        facts["people"] = {
            "actor": entry.actor[:_MOST],
            "source": entry.source,
            "verified": entry.verified,
            "reason": entry.reason[:_MOST],
        }
    return News(facts)


def _roles(standing: Mapping[str, Any], digests: Mapping[int, str]) -> dict[str, Any]:
    share = float(standing.get("share") or 0.0)
    shares = {"production": 1.0 - share, "experimental": share}
    return {
        role: {
            "version": number,
            "share": shares.get(role, 0.0),
            "sha256": digests.get(number, ""),
        }
        for role in ROLES
        if (number := standing.get(role)) is not None
    }
