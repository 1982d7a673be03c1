"""Beats: what a router does behind its requests, each on a thread of its own."""

from __future__ import annotations

import threading
from collections.abc import Callable
from time import monotonic
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from lifecycle.workspace.recording import Recorder

__all__ = ["Beats"]

_KEEP = 5.0  # seconds between two writes of the counts, at most


class Beats:
    """Writes, polls and settles until it is stopped.

    Parameters
    ----------
    recorder : Recorder
        What is put is written every `write` seconds, or at once where it is wanted.
    poll, settle, keep, count : callable
        The book is looked at; the spool is settled; counts are written; counts are
        brought together.
    every : tuple of float
        Seconds between two polls, writes and settlements.
    """

    def __init__(
        self,
        recorder: Recorder,
        *,
        poll: Callable[[], object],
        settle: Callable[[], object],
        keep: Callable[[], object],
        count: Callable[[], object],
        every: tuple[float, float, float],
    ) -> None:
        self._recorder, self._every = recorder, every
        self._poll, self._settle = poll, settle
        self._keep, self._count = keep, count
        self._stopped = threading.Event()
        self._starting = threading.Lock()
        self.threads: list[threading.Thread] = []
        self._failed: dict[str, str] = {}

    @property
    def troubles(self) -> tuple[str, ...]:
        """A sentence for each beat that raised when it was done last."""
        return tuple(self._failed.values())

    def start(self) -> None:
        """Start the threads, once."""
        with self._starting:
            if self.threads or self._stopped.is_set():
                return
            self._recorder.background = True
            self.threads = [
                threading.Thread(
                    target=work, name=f"lifecycle{work.__name__}", daemon=True
                )
                for work in (self._writing, self._polling, self._settling)
            ]
            for thread in self.threads:
                thread.start()

    def stop(self) -> None:
        """End the threads and wait for them."""
        self._stopped.set()
        self._recorder.wanted.set()
        with self._starting:
            for thread in self.threads:
                thread.join()
            self._recorder.background = False

    def _writing(self) -> None:
        while not self._stopped.is_set():
            self._recorder.wanted.wait(self._every[1])
            self._go_on("writing to the spool", self._recorder.write)
            if self._recorder.trouble:
                self._stopped.wait(self._every[1])
            self._go_on("counting", self._count)

    def _polling(self) -> None:
        while not self._stopped.wait(self._every[0]):
            self._go_on("looking at the book", self._poll)

    def _settling(self) -> None:
        settle, last = self._every[2], monotonic()
        while not self._stopped.wait(min(_KEEP, settle)):
            if monotonic() - last >= settle:
                last = monotonic()
                self._go_on("settling the spool", self._settle)
            else:
                self._go_on("keeping the counts", self._keep)

    def _go_on(self, what: str, work: Callable[[], object]) -> None:
        """Do a beat; whatever it raises, the next one is done all the same.

        A thread that ends follows no move and settles nothing from then on, and nobody
        is there to see it: what failed is told in `troubles` until it goes well.
        """
        try:
            work()
        except Exception as error:  # noqa: BLE001 - a beat may not end the beating
            if isinstance(error, OSError) and work == self._recorder.write:
                return  # `Recorder.trouble` says so
            said = " ".join(f"{type(error).__name__}: {error}".split())[:200]
            self._failed = {
                **self._failed,
                what: f"{what} failed ({said}); it is tried again",
            }
        else:
            if what in self._failed:
                self._failed = {
                    each: told for each, told in self._failed.items() if each != what
                }
