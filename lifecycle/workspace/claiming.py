"""Running a slot: taken once, held while it runs, its end kept or handed back."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from lifecycle import errors
from lifecycle.jobs import schedule
from lifecycle.workspace import agenda, holding

if TYPE_CHECKING:
    from pathlib import Path

    from lifecycle.registry.claims import Claim
    from lifecycle.workspace.desk import Workspace

__all__ = ["ENDING", "Held", "held"]

LEASE = timedelta(minutes=3)
BEAT = 30.0  # seconds after which the lease is made longer
KEPT = 50  # logs of a page
LIMIT = 10.0  # minutes of a page without a schedule
ENDING = threading.Event()
"""Set where this process is to end: what it runs is stopped, and handed back."""


class Held:
    """A slot that this process runs.

    Parameters
    ----------
    workspace : Workspace
    claim : Claim
    """

    def __init__(self, workspace: Workspace, claim: Claim) -> None:
        self.workspace, self.claim = workspace, claim
        self.page = workspace.model(claim.model).schedule.pages().get(claim.notebook)
        self.over = False
        self._lost = threading.Event()

    @property
    def seconds(self) -> float:
        """How long the whole run may take."""
        return 60 * (self.page.time_limit_minutes if self.page else LIMIT)

    def stop(self) -> bool:
        """Whether the run is to end: the lease is lost, or this process ends."""
        return self._lost.is_set() or ENDING.is_set()

    @property
    def log(self) -> Path:
        """The file of the run's words."""
        claim, folder = self.claim, self.workspace.directory / ".lifecycle" / "runs"
        at = f"{claim.slot:%Y-%m-%dT%H%M%z}" if claim.slot else "alert"
        name = f"{at}-{claim.run}-{claim.attempt}.log"
        return folder / claim.model / claim.notebook / name

    def end(self, status: str, summary: str, **told: Any) -> bool:
        """Keep what came of it; False where another has taken the slot since.

        One that did not succeed is tried again while the page's retries last.
        """
        from lifecycle.registry import slots

        self.over, again = True, None
        claim, page = self.claim, self.page
        if status != "succeeded" and page and claim.failed < page.retries:
            again = timedelta(minutes=page.backoff_minutes) * 2**claim.failed
        log = self.log
        if log.exists():
            told["log"] = str(log.relative_to(self.workspace.directory))
        with self.workspace.registry.atomic() as book:
            kept = slots.end(
                book, claim, status=status, summary=summary, again_in=again, **told
            )
        self.write(f"{status}: {summary}" + ("" if kept else " (not counted)"))
        return kept

    def give_back(self, why: str, *, after: timedelta = timedelta()) -> bool:
        """Let go of it: whoever comes next, or after that, takes it."""
        from lifecycle.registry import slots

        self.over = True
        with self.workspace.registry.atomic() as book:
            done = slots.give_back(book, self.claim, summary=why, after=after)
        self.write(f"given back: {why}")
        return done

    def write(self, words: str) -> None:
        """Add a line to the log, which keeps the newest runs of the page."""
        self.log.parent.mkdir(parents=True, exist_ok=True)
        with self.log.open("a", encoding="utf-8") as file:
            file.write(" ".join(words.split()) + "\n")
        logs = sorted(self.log.parent.glob("*.log"), key=lambda at: at.stat().st_mtime)
        for old in logs[:-KEPT]:
            old.unlink(missing_ok=True)

    def beat(self) -> None:
        """Make the lease longer; without a lease for as long as it lasts, stop."""
        from lifecycle.registry import slots

        held_at = time.monotonic()
        while not self._over.wait(BEAT):
            with contextlib.suppress(errors.LifecycleError):  # the server is away
                with self.workspace.registry.atomic() as book:
                    still = slots.beat(book, self.claim, lease=LEASE)
                if not still:
                    self._lost.set()
                    return
                held_at = time.monotonic()
            if time.monotonic() - held_at > LEASE.total_seconds() - BEAT:
                self._lost.set()
                return

    @contextmanager
    def beating(self) -> Iterator[None]:
        """Beat until the block ends."""
        self._over = threading.Event()
        name = f"{self.claim.model} {self.claim.notebook}"
        heart = threading.Thread(target=self.beat, name=name, daemon=True)
        heart.start()
        try:
            yield
        finally:
            self._over.set()
            heart.join()


@contextmanager
def held(
    workspace: Workspace,
    name: str,
    notebook: str,
    slot: datetime | None,
    *,
    as_of: datetime,
) -> Iterator[Held | None]:
    """Take a slot and hold it while the block runs; None where it is not to be had.

    A block that ends by an exception, or without having said how it ended, gives the
    slot back.
    """
    from lifecycle.registry import slots

    page = workspace.model(name).schedule.pages().get(notebook)
    with workspace.registry.atomic() as book:
        missed: list[datetime] = []
        last = slots.latest(book, name).get(notebook)
        if page is not None and slot is not None and last is not None and last < slot:
            zone = page.timezone or workspace.settings.workspace.timezone
            come = schedule.missed(page.cron, zone, last=last, as_of=slot)
            missed = [each for each in come if each < slot]
        claim = slots.take(
            book,
            name,
            notebook,
            slot,
            as_of=as_of,
            holder=holding.holder(),
            lease=LEASE,
            alive=holding.alive,
            missed=missed,
            pause=agenda.PAUSE,
        )
    if claim is None:
        yield None
        return
    mine = Held(workspace, claim)
    due = f"the slot {slot:%Y-%m-%d %H:%M %Z}" if slot else "an alert"
    who = claim.holder.partition("#")[0]
    mine.write(f"{name}: {notebook} for {due}, attempt {claim.attempt}, {who}")
    try:
        with mine.beating():
            yield mine
    finally:
        if not mine.over:
            mine.give_back("it was interrupted")
