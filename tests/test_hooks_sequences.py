"""Any sequence of moves, failures, deaths and second tries: nothing lost or late."""

from __future__ import annotations

import shutil
import tempfile
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from lifecycle import errors, hooks
from lifecycle.hooks import NotTaken
from lifecycle.registry import Registry, deliveries
from lifecycle.registry.told import Told

AT = datetime(2023, 5, 1, 12, tzinfo=UTC)
MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)
MODELS = ("leads", "churn")
FAULT = st.sampled_from(["", "", "", "busy", "gone", "dies before", "dies after"])


class Power(BaseException):
    """The process ends here: nothing after it runs."""


class Taker:
    """Takes moves, and fails as it is told to."""

    timeout = 1.0

    def __init__(self) -> None:
        self.faults: list[str] = []
        self.came: list[tuple[str, int]] = []
        self.meanwhile = lambda model: None

    def send(self, news: hooks.News, *, at: datetime) -> None:
        fault = self.faults.pop(0) if self.faults else ""
        if fault == "dies before":
            raise Power
        self.meanwhile(news.model)
        if fault in ("busy", "gone"):
            raise NotTaken(fault, gone=fault == "gone")
        self.came.append((news.model, news.facts["seq"]))
        if fault == "dies after":
            raise Power

    def test(self, *, at: datetime) -> str:
        return "well"


class Telling(RuleBasedStateMachine):
    """Moves, deliverers that fail and die, people who try again; the clock goes on."""

    empty: Path | None = None

    @initialize()
    def open(self) -> None:
        self.folder = Path(tempfile.mkdtemp())
        if Telling.empty is None:  # the tables are made once
            Telling.empty = Path(tempfile.mkdtemp()) / "registry.db"
            Registry(Telling.empty)
        shutil.copy(Telling.empty, self.folder / "registry.db")
        self.book = Registry(self.folder / "registry.db")
        self.kept = self.book._engine.connect()  # keeps the log between actions
        self.kept.exec_driver_sql("SELECT 1")
        self.kept.rollback()
        self.at, self.taker = AT, Taker()
        self.moved: dict[str, list[int]] = {model: [] for model in MODELS}

    def teardown(self) -> None:
        if hasattr(self, "folder"):
            self._drain()
            self.kept.close()
            shutil.rmtree(self.folder)

    def _hook(self, taker: Taker) -> hooks.Hook:
        return hooks.Hook("deploy", taker, attempts=3, since=0)

    def _deliver(self, taker: Taker) -> None:
        hooks.deliver(self.book, [self._hook(taker)], MODELS, at=self.at)

    def _rows(self) -> list[Told]:
        with self.book.reading() as inside:
            return [each for each in deliveries.rows(inside) if not each.begins]

    @rule(model=st.sampled_from(MODELS), count=st.integers(1, 2))
    def moves(self, model: str, count: int) -> None:
        for _ in range(count):
            past = self.moved[model]
            with self.book.atomic() as inside:
                entry = inside.enter(
                    model,
                    "approve",
                    actor="anna",
                    source="given",
                    reason="better",
                    at=self.at,
                    before={"production": 1 + len(past)},
                    after={"production": 2 + len(past)},
                )
            past.append(entry.seq)

    @rule(faults=st.lists(FAULT, max_size=3), intruded=st.booleans())
    def delivers(self, faults: list[str], intruded: bool) -> None:
        self.taker.faults = list(faults)

        def another(model: str) -> None:
            """A second process, at that moment, finds nothing of this model free."""
            other = Taker()
            self._deliver(other)
            assert model not in {name for name, _ in other.came}
            self.taker.came += other.came

        self.taker.meanwhile = another if intruded else lambda model: None
        with suppress(Power):
            self._deliver(self.taker)
        self.taker.faults, self.taker.meanwhile = [], lambda model: None

    @rule(minutes=st.integers(0, 20))
    def time_passes(self, minutes: int) -> None:
        self.at += minutes * MINUTE

    @rule()
    def somebody_tries_again(self) -> None:
        with suppress(errors.LifecycleError):
            hooks.retry(self.book, "deploy", at=self.at)

    @invariant()
    def a_row_is_begun_when_the_one_before_is_settled(self) -> None:
        if hasattr(self, "book"):
            states = {each.seq: each for each in self._rows()}
            for past in self.moved.values():
                known = [states[seq] for seq in past if seq in states]
                assert [each.seq for each in known] == past[: len(known)]
                tried = [each for each in known if each.attempts or each.claim]
                waiting = [each.seq for each in tried if each.state == "waiting"]
                assert len(waiting) <= 1 or not all(
                    states[seq].lease_until for seq in waiting
                )
                sent = [each.seq for each in known if each.state == "sent"]
                open_ = [each.seq for each in known if each.state == "waiting"]
                assert not open_ or not sent or max(sent) < min(open_)

    @invariant()
    def what_comes_comes_in_the_order_of_the_ledger(self) -> None:
        if hasattr(self, "book"):
            for model in MODELS:
                came = [seq for name, seq in self.taker.came if name == model]
                firsts = list(dict.fromkeys(came))
                assert firsts == sorted(firsts)

    def _drain(self) -> None:
        for _ in range(3):
            self.at += DAY
            self._deliver(self.taker)
        states = {each.seq: each.state for each in self._rows()}
        for model, past in self.moved.items():
            for seq in past:
                assert states[seq] in ("sent", "dead")
                assert states[seq] == "dead" or (model, seq) in self.taker.came


Telling.TestCase.settings = settings(max_examples=25, stateful_step_count=12)
test_whatever_happens_nothing_is_lost_or_out_of_order = Telling.TestCase
