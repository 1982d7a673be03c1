"""The registry's side of what runs by itself: slots, runs, alerts, renewals."""

from __future__ import annotations

import os
from collections.abc import Sequence
from contextlib import AbstractContextManager
from datetime import datetime
from typing import TYPE_CHECKING

from lifecycle.registry import canonical
from lifecycle.registry.alarms import Alert, Message
from lifecycle.registry.records import Learned, Opened, Run
from lifecycle.registry.renewals import Renewal

if TYPE_CHECKING:
    from lifecycle.registry.reading import Reading
    from lifecycle.registry.writing import Writing

__all__ = ["Watching"]


class Watching:
    """Slots of the schedule, runs and their ends, alerts, messages and renewals."""

    if TYPE_CHECKING:  # what `Registry` brings

        def atomic(self) -> AbstractContextManager[Writing]:
            """One transaction that changes something."""

        def reading(self) -> AbstractContextManager[Reading]:
            """One consistent look."""

    def learned(
        self,
        model: str,
        *,
        number: int | None = None,
        ids: Sequence[str] | None = None,
    ) -> list[Learned]:
        """The words of people that versions learned: of one, or of some words."""
        from lifecycle.registry import heard

        with self.reading() as book:
            return heard.learned(book, model, number=number, ids=ids)

    def note_opened(self, model: str, page: str, *, at: datetime, way: str) -> bool:
        """Keep that somebody opened a report; False where it was so on that day."""
        from lifecycle.registry import heard

        with self.atomic() as book:
            return heard.note_opened(book, model, page, at=at, way=way)

    def opened(self, model: str, page: str | None = None) -> list[Opened]:
        """When reports of a model were opened, newest first."""
        from lifecycle.registry import heard

        with self.reading() as book:
            return heard.opened(book, model, page)

    def claim_slot(self, model: str, notebook: str, slot: datetime) -> bool:
        """Claim an hour of the schedule; False when it was claimed before.

        Of several processes that claim one slot, exactly one gets True.
        """
        with self.atomic() as book:
            return book.claim_slot(model, notebook, canonical.utc(slot, name="slot"))

    def last_slot(self, model: str, notebook: str) -> datetime | None:
        """The newest slot that was claimed."""
        with self.reading() as book:
            return book.last_slot(model, notebook)

    def record_run(
        self,
        model: str,
        notebook: str,
        as_of: datetime,
        *,
        slot: datetime | None = None,
        status: str,
        started: datetime | None = None,
        ended: datetime | None = None,
        exit_code: int | None = None,
        verdict: str = "",
        summary: str = "",
        directory: str | os.PathLike[str] = "",
    ) -> int:
        """Keep what became of a run, and return its id; fills its claimed slot."""
        moments = {"as_of": as_of, "slot": slot, "started": started, "ended": ended}
        times = {
            name: None if moment is None else canonical.utc(moment, name=name)
            for name, moment in moments.items()
        }
        with self.atomic() as book:
            return book.record_run(
                slot=times.pop("slot"),
                model=model,
                notebook=notebook,
                status=canonical.words(status),
                exit_code=exit_code,
                verdict=canonical.words(verdict),
                summary=canonical.words(summary),
                directory=canonical.words(os.fspath(directory)),
                **times,
            )

    def runs(
        self,
        model: str | None = None,
        notebook: str | None = None,
        limit: int | None = None,
    ) -> list[Run]:
        """Runs and claimed slots, newest first."""
        with self.reading() as book:
            return book.runs(model, notebook, limit)

    def alerts(
        self, model: str | None = None, *, only_open: bool = False
    ) -> list[Alert]:
        """The episodes of alerts, oldest first."""
        with self.reading() as book:
            return book.alerts(model, only_open=only_open)

    def renewals(self, model: str) -> list[Renewal]:
        """The renewals of a model with their rulings, oldest first."""
        with self.reading() as book:
            return book.renewals(model)

    def messages(
        self, model: str | None = None, *, alert: int | None = None
    ) -> list[Message]:
        """What was to be told about alerts, oldest first: sent, waiting or given up."""
        with self.reading() as book:
            return book.messages(model, alert=alert)
