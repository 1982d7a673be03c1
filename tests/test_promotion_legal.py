"""Any move succeeds exactly when a model of the rules, written anew, says it may."""

from __future__ import annotations

import atexit
import functools
import shutil
import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
)

from lifecycle import errors, promotion
from lifecycle.promotion.legal import MOVES
from lifecycle.registry import Registry
from tests.draws import draws

NUMBERS = st.integers(1, 4)
PEOPLE = st.sampled_from(["ben", "carl", "dana", "Ben"])
TARGETS = st.sampled_from(["production", "experimental"])
START = datetime(2024, 5, 6, tzinfo=UTC)
TIME = timedelta(days=14)


@functools.cache
def _pattern() -> Path:
    """A book with four versions: to copy one is much faster than to make one."""
    made = tempfile.TemporaryDirectory()
    atexit.register(made.cleanup)
    book = Registry(Path(made.name) / "registry.db")
    for _ in range(4):
        book.register("m", recipe="", estimator=0, birth={}, author="a", at=START)
    return Path(made.name)


class Rules(RuleBasedStateMachine):
    """Roles and proposals as plain dictionaries beside the book that must agree."""

    @initialize(live=st.integers(0, 2), trial=st.booleans())
    def open(self, live, trial) -> None:
        self.folder = Path(tempfile.mkdtemp())
        shutil.copytree(_pattern(), self.folder, dirs_exist_ok=True)
        self.book = Registry(self.folder / "registry.db")
        self.kept = self.book._engine.connect()  # keeps the log between actions
        self.kept.exec_driver_sql("SELECT 1")
        self.kept.rollback()
        self.now = START
        self.roles: dict[str, int] = {}
        self.share = 0.0
        self.waiting: dict[int, dict] = {}  # by version
        self.marks: dict[int, str] = {}
        self.served: set[int] = set()
        for number in range(1, live + 1):
            self.propose(number, "production", 1)
            self.approve(number, "ben")
        if live and trial:
            self.propose(3, "experimental", 1)
            self.approve(3, "ben")

    def teardown(self) -> None:
        if hasattr(self, "kept"):
            self.kept.close()
            shutil.rmtree(self.folder)

    # -- what is legal, in one line a move ------------------------------------------

    def role(self, number: int) -> str | None:
        return next((r for r, n in self.roles.items() if n == number), None)

    def can_promote(self, number: int) -> bool:
        on_trial = self.roles.get("experimental")
        return self.role(number) != "production" and on_trial in (None, number)

    def can_try(self, number: int) -> bool:
        free = self.role(number) in (None, "shadow")
        return free and "production" in self.roles and "experimental" not in self.roles

    def can_go(self, number: int, target: str, share: float) -> bool:
        if target == "production":
            return self.can_promote(number)
        if self.role(number) == "experimental":
            return share > self.share
        return self.can_try(number)

    def can_approve(self, number: int) -> bool:
        asked = self.waiting.get(number)
        return (
            asked is not None
            and asked["against"] == self.roles.get("production")
            and self.now < asked["until"]
            and self.can_go(number, asked["target"], asked["share"])
        )

    def can_shadow(self, number: int) -> bool:
        free = "production" in self.roles and "shadow" not in self.roles
        return free and self.role(number) is None

    def can_retire(self, number: int) -> bool:
        return self.role(number) in ("previous", "experimental", "shadow")

    def falls(self) -> int | None:
        """Which version a rollback gives up."""
        if "experimental" in self.roles:
            return self.roles["experimental"]
        return self.roles.get("production") if "previous" in self.roles else None

    # -- what each move does ---------------------------------------------------------

    def leave(self, number: int) -> None:
        role = self.role(number)
        if role is not None:
            del self.roles[role]
            if role == "experimental":
                self.share = 0.0

    def go(self, number: int, target: str, share: float) -> None:
        self.leave(number)
        old = dict(self.roles)
        if target == "production":
            self.served.add(number)
            self.roles.pop("previous", None)
            if "production" in old:
                self.roles["previous"] = old["production"]
            if old.get("previous") not in (None, number):
                self.marks[old["previous"]] = "retired"
            self.roles["production"] = number
        else:
            self.roles["experimental"], self.share = number, share
        self.marks[number] = ""

    def _try(self, legal: bool, move, *args, **more) -> bool:
        """The move succeeds exactly when it is legal; else it is one sentence."""
        self.now += timedelta(hours=1)
        rows = len(self.book.ledger())
        try:
            move(self.book, "m", *args, reason="r", at=self.now, **more)
        except (errors.IllegalMove, errors.UnknownProposal) as error:
            sentence = str(error)
            assert not legal, sentence
            assert "\n" not in sentence
            assert "; " in sentence, f"no remedy: {sentence}"
            assert len(self.book.ledger()) == rows
        else:
            assert legal, (move.__name__, args, more, self.roles)
            assert len(self.book.ledger()) > rows
        return legal

    @rule(
        number=NUMBERS,
        role=TARGETS,
        needed=st.sampled_from([1, 1, 2]),
        share=st.sampled_from([0.05, 0.2]),
    )
    def propose_one(self, number, role, needed, share) -> None:
        self.propose(number, role, needed, share)

    def propose(self, number, target, needed, share=0.05) -> None:
        legal = number not in self.waiting and self.can_go(number, target, share)
        until = self.now + TIME
        more = {"needed": needed, "expires_at": until, "share": share}
        if self._try(
            legal,
            promotion.propose,
            number,
            target=target,
            author="anna",
            evidence={},
            **more,
        ):
            self.waiting[number] = {
                "id": len(self.book.proposals("m")),
                "target": target,
                "share": share,
                "needed": needed,
                "until": until,
                "against": self.roles.get("production"),
                "yes": set(),
            }

    @precondition(lambda self: self.waiting)
    @rule(data=st.data(), person=PEOPLE)
    def approve_what_waits(self, data, person) -> None:
        self.approve(data.draw(st.sampled_from(sorted(self.waiting))), person)

    def approve(self, number, person) -> None:
        asked = self.waiting[number]
        last = len(asked["yes"] | {person.lower()}) >= asked["needed"]
        legal = (
            asked["against"] == self.roles.get("production")
            and self.now + timedelta(hours=1) < asked["until"]
            and person.lower() not in asked["yes"]
            and (not last or self.can_go(number, asked["target"], asked["share"]))
        )
        if self._try(legal, promotion.approve, asked["id"], approver=person):
            asked["yes"].add(person.lower())
            if last:
                del self.waiting[number]
                self.go(number, asked["target"], asked["share"])

    @precondition(lambda self: self.waiting)
    @rule(data=st.data(), verb=st.sampled_from(["reject", "withdraw"]))
    def decline(self, data, verb) -> None:
        number = data.draw(st.sampled_from(sorted(self.waiting)))
        asked = self.waiting[number]
        who = {"approver": "ben"} if verb == "reject" else {"actor": "anna"}
        self._try(True, getattr(promotion, verb), asked["id"], **who)
        del self.waiting[number]
        if verb == "reject" and not self.marks.get(number) and not self.role(number):
            self.marks[number] = "rejected"

    @rule()
    def time_passes(self) -> None:
        self.now += timedelta(days=6)

    @rule()
    def expire(self) -> None:
        over = [n for n, asked in self.waiting.items() if asked["until"] <= self.now]
        made = promotion.expire(self.book, "m", actor="clock", at=self.now)
        assert sorted(move.number for move in made) == sorted(over)
        for number in over:
            del self.waiting[number]

    @rule(share=st.sampled_from([0.05, 0.2, 0.5, 1.0]), person=PEOPLE)
    def widen(self, share, person) -> None:
        number = self.roles.get("experimental")
        legal = number is not None and share > self.share
        if self._try(legal, promotion.widen, share=share, actor=person):
            if share == 1:
                self.go(number, "production", 1.0)
            else:
                self.share = share

    @precondition(lambda self: self.falls() or not self.roles)
    @rule()
    def roll_back(self) -> None:
        bad = self.falls()
        if self._try(bad is not None, promotion.roll_back, actor="guard"):
            was = self.role(bad)
            self.leave(bad)
            if was == "production":
                self.roles["production"] = self.roles.pop("previous")
            self.marks[bad] = "rolled back"
            self.waiting.pop(bad, None)

    @rule(number=NUMBERS)
    def shadow(self, number) -> None:
        if self._try(self.can_shadow(number), promotion.shadow, number, actor="anna"):
            self.roles["shadow"] = number

    @rule(number=NUMBERS)
    def retire(self, number) -> None:
        if self._try(self.can_retire(number), promotion.retire, number, actor="anna"):
            if self.role(number) != "shadow":
                self.marks[number] = "retired"
            self.leave(number)

    # -- the book and the model agree --------------------------------------------------

    @invariant()
    def the_book_has_the_same_roles(self) -> None:
        held = self.book.roles("m")
        assert {name: role.number for name, role in held.items()} == self.roles
        if held:
            assert sum(role.share for role in held.values()) == pytest.approx(1)
            assert held.get("experimental", held["production"]).share in (
                pytest.approx(self.share),
                1.0,
            )
        for version in self.book.versions("m"):
            told = self.role(version.number) or self.marks.get(version.number)
            assert version.status == (told or "candidate")

    @invariant()
    def what_is_possible_is_what_is_legal(self) -> None:
        said = promotion.possible(self.book, "m", at=self.now)
        for number, moves in said.items():
            waits = number in self.waiting
            legal = {
                "propose for production": not waits and self.can_promote(number),
                "propose for a trial": not waits and self.can_try(number),
                "propose for more traffic": not waits
                and self.role(number) == "experimental",
                "approve": self.can_approve(number),
                "reject": waits,
                "withdraw": waits,
                "widen": self.role(number) == "experimental",
                "roll back": self.falls() == number,
                "shadow": self.can_shadow(number),
                "unshadow": self.role(number) == "shadow",
                "retire": self.can_retire(number) and self.role(number) != "shadow",
            }
            assert moves == tuple(move for move in MOVES if legal[move])


TestRules = Rules.TestCase
TestRules.settings = settings(
    max_examples=draws(15, many=120),
    stateful_step_count=30,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)
