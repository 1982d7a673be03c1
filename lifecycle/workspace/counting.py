"""Counting: what a router's versions did, brought together behind the requests."""

from __future__ import annotations

import threading
from collections import deque
from contextlib import suppress
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from lifecycle import routing
from lifecycle.workspace import health, request

if TYPE_CHECKING:
    from lifecycle.workspace.answering import Attempt
    from lifecycle.workspace.desk import Workspace

__all__ = ["Counting"]

_TRIED = 10_000  # requests whose attempts wait to be counted


class Counting:
    """Takes the attempts of requests, and keeps their counts beside the log.

    Parameters
    ----------
    workspace : Workspace
    model : str
    token : str
        Names the files; no other process has the same.
    """

    def __init__(self, workspace: Workspace, model: str, token: str) -> None:
        self._workspace, self._model, self._token = workspace, model, token
        self._tried: deque[tuple[datetime, list[Attempt]]] = deque()
        self._tally = routing.Tally()
        self._lock = threading.Lock()

    def add(self, at: datetime, attempts: list[Attempt]) -> None:
        """Take what one request tried."""
        self._tried.append((at, attempts))
        if len(self._tried) > _TRIED:
            self.count()

    def count(self) -> None:
        """Bring what was tried into the tally."""
        with self._lock:
            while self._tried:
                at, attempts = self._tried.popleft()
                for each in request.counted(attempts):
                    self._tally.add(hour=health.hour_of(at), **each)

    def merge(self, tally: routing.Tally) -> None:
        """Add what was counted elsewhere."""
        with self._lock:
            self._tally.merge(tally)

    def keep(self, now: datetime) -> None:
        """Write the counts beside the log; where the disk is full they stay here."""
        self.count()
        with self._lock, suppress(OSError):
            if self._tally.counts:
                health.write(
                    self._workspace, self._model, self._tally, token=self._token
                )
            oldest = health.hour_of(now - timedelta(hours=3))
            for old in [key for key in self._tally.counts if key[2] < oldest]:
                del self._tally.counts[old]
