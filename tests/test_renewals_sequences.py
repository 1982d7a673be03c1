"""Processes that crash and lose leases leave one renewal open at most, in any order."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from lifecycle import errors, promotion
from lifecycle.registry import Registry, Renewal

AT = datetime(2023, 5, 1, tzinfo=UTC)
LEASE = timedelta(minutes=10)
ORDER = ("due", "decided", "trained", "tested", "proposed", "ended")
PROCESSES = st.integers(0, 2)


class Processes(RuleBasedStateMachine):
    """Three processes that renew one model, die, sleep and come back."""

    def _book(self) -> Registry:
        book = Registry(self.folder / "registry.db")
        self.kept = book._engine.connect()  # keeps the log between actions
        self.kept.exec_driver_sql("SELECT 1")
        self.kept.rollback()
        return book

    @initialize()
    def open(self) -> None:
        self.folder = Path(tempfile.mkdtemp())
        self.book = self._book()
        self.now = self.as_of = AT
        self.count = 0
        self.mine: dict[int, Renewal] = {}  # what each process believes it holds
        self.holder: dict[str, int] = {}  # who made which token
        self.dead: set[str] = set()
        self.seen: list[Renewal] = []

    def teardown(self) -> None:
        if hasattr(self, "kept"):
            self.kept.close()
            shutil.rmtree(self.folder)

    def _look(self) -> Renewal | None:
        return next((r for r in self.book.renewals("m") if r.is_open), None)

    @rule(process=PROCESSES, newer=st.booleans())
    def begin(self, process: int, newer: bool) -> None:
        before, self.count = self._look(), self.count + 1
        token = f"process {process}#{self.count}"
        self.holder[token] = process
        self.as_of += timedelta(days=8) if newer else timedelta()
        lives = before is not None and before.holder not in {"", *self.dead}
        leased = before is not None and (before.lease_until or self.now) > self.now
        try:
            got = promotion.begin_renewal(
                self.book,
                "m",
                why="schedule",
                at=self.as_of,
                holder=token,
                until=self.now + LEASE,
                now=self.now,
                moved=timedelta(days=7),
                alive=lambda holder: holder not in self.dead,
            )
        except errors.AlreadyRunning:
            assert (lives, leased) == (True, True)
            return
        assert not (lives and leased)
        assert got.holder == token
        if before is not None and got.id == before.id:
            assert got.state == before.state
            assert got.attempts == before.attempts + 1
        else:
            assert got.state == "due"
        self.mine[process] = got

    def _step(self, process: int, act: Callable[[Renewal], Any]) -> None:
        """Whoever holds the renewal takes the step; anybody else cannot."""
        held, now = self.mine.get(process), self._look()
        if held is None:
            return
        holds = now is not None and now.holder == held.holder
        before = self.book.renewals("m"), self.book.ledger("m")
        try:
            act(held)
        except errors.Stale:
            assert not holds or held.state != (now and now.state)
            del self.mine[process]
        except errors.IllegalMove:
            pass
        else:
            assert holds
            last = self.book.renewals("m")[-1]
            assert ORDER.index(last.state) > ORDER.index(held.state)
            self.mine[process] = last
            if not last.is_open:
                del self.mine[process]
            return
        assert (self.book.renewals("m"), self.book.ledger("m")) == before

    @rule(process=PROCESSES)
    def decide(self, process: int) -> None:
        ruling = {"action": "retrain"}
        self._step(
            process,
            lambda held: promotion.step_renewal(
                self.book, held, "decided", ruling=ruling
            ),
        )

    @rule(process=PROCESSES)
    def train(self, process: int) -> None:
        self._step(
            process,
            lambda held: self.book.register(
                "m",
                recipe="",
                estimator=[held.id],
                birth={},
                author="l",
                at=AT,
                renewal=held,
            ),
        )

    @rule(process=PROCESSES)
    def test(self, process: int) -> None:
        self._step(
            process,
            lambda held: promotion.step_renewal(
                self.book, held, "tested", tested={"passed": True}
            ),
        )

    @rule(process=PROCESSES)
    def propose(self, process: int) -> None:
        held = self.mine.get(process)
        if held is None or held.version is None:
            return
        self._step(
            process,
            lambda held: promotion.propose(
                self.book,
                "m",
                held.version or 0,
                author="l",
                reason="r",
                evidence={},
                at=AT,
                renewal=held,
            ),
        )

    @rule(process=PROCESSES, outcome=st.sampled_from(["kept", "proposed", "failed"]))
    def end(self, process: int, outcome: str) -> None:
        self._step(
            process,
            lambda held: promotion.end_renewal(
                self.book, held, outcome, "over", at=self.as_of
            ),
        )

    @rule(process=PROCESSES)
    def beat(self, process: int) -> None:
        held, now = self.mine.get(process), self._look()
        if held is not None:
            holds = now is not None and now.holder == held.holder
            until = self.now + LEASE
            assert promotion.hold_renewal(self.book, held, until=until) == holds

    @rule(process=PROCESSES)
    def let_go(self, process: int) -> None:
        held = self.mine.pop(process, None)
        if held is not None:
            promotion.hold_renewal(self.book, held, until=None)

    @rule(process=PROCESSES)
    def die(self, process: int) -> None:
        held = self.mine.pop(process, None)
        if held is not None:
            self.dead.add(held.holder)

    @rule(minutes=st.integers(1, 15))
    def wait(self, minutes: int) -> None:
        self.now += timedelta(minutes=minutes)

    @invariant()
    def it_adds_up(self) -> None:
        if not hasattr(self, "book"):
            return
        found = self.book.renewals("m")
        assert [each.id for each in found] == list(range(1, len(found) + 1))
        assert sum(each.is_open for each in found) <= 1
        assert all(not each.is_open for each in found[:-1])
        for old, new in zip(self.seen, found, strict=False):
            assert ORDER.index(new.state) >= ORDER.index(old.state)
            assert new == old or old.is_open  # what has ended stays
            assert (new.why, new.as_of) == (old.why, old.as_of)
        self.seen = found
        # no version without its renewal, and none has two
        made = [each.version for each in found if each.version is not None]
        assert made == [each.number for each in self.book.versions("m")]
        asked = [each.proposal for each in found if each.proposal is not None]
        assert asked == [each.id for each in self.book.proposals("m")]
        assert self.book.verify_ledger() is None


TestProcesses = Processes.TestCase
TestProcesses.settings = settings(
    max_examples=8,
    stateful_step_count=25,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)
