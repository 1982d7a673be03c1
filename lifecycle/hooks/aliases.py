"""MLflow's registry as the receiver: each role is an alias that moves."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from lifecycle.hooks.news import News
from lifecycle.hooks.running import run_apart

__all__ = ["Aliases", "Pack"]

Pack = Callable[[str, int], AbstractContextManager[Path]]


@dataclass(frozen=True, slots=True)
class Aliases:
    """A registry of MLflow, in which an alias stands for each role.

    After a move each alias points to the MLflow version that carries the digest of the
    version with the role, as its tag `lifecycle.sha256`; the alias of a role that
    nobody has is taken away. Doing it again changes nothing.

    Parameters
    ----------
    uri : str
        Of the tracking server; may be a secret, and is not shown.
    aliases : mapping
        From role to alias.
    registered : str
        The name in MLflow; the model's own where empty.
    timeout : float
        Seconds for the whole of it.
    pack : callable, optional
        `pack(model, number)` gives, while it is open, the directory of a version as an
        MLflow model: what MLflow has not got is published. Without it a version that
        MLflow has not got is not taken.

    Notes
    -----
    MLflow runs in a process of its own, which ends at the time limit: by itself it
    tries for minutes, and a call that goes on could overtake the next move.
    """

    uri: str = field(repr=False)
    aliases: Mapping[Any, str]
    registered: str = ""
    timeout: float = 30.0
    pack: Pack | None = field(default=None, repr=False)

    def send(self, news: News, *, at: datetime) -> None:
        """Move the aliases; `NotTaken` when not all are where they belong."""
        wanted: dict[str, dict[str, Any] | None] = {}
        for role, alias in self.aliases.items():
            held = news.holder(role)
            wanted[alias] = None
            if held is not None:
                wanted[alias] = {key: held[key] for key in ("version", "sha256")}
        with ExitStack() as until:
            if self.pack is not None:
                for told in wanted.values():
                    if told is not None:
                        opened = self.pack(news.model, told["version"])
                        told["directory"] = str(until.enter_context(opened))
            self._ask({"model": news.model, "aliases": wanted})

    def test(self, *, at: datetime) -> str:
        """Ask whether the registry answers; nothing is changed there."""
        return self._ask({"model": None, "aliases": {}}) or "MLflow answers"

    def _ask(self, what: Mapping[str, Any]) -> str:
        told = {"uri": self.uri, "registered": self.registered, **what}
        return run_apart(
            "pointing", told, folder=Path.cwd(), timeout=self.timeout, hide=[self.uri]
        )
