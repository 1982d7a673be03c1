"""Any sequence of moves, legal or not, leaves a book that adds up."""

from __future__ import annotations

import shutil
import tempfile
from collections import Counter
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from lifecycle import errors, promotion
from lifecycle.registry import Registry
from tests.draws import draws

DECIDING = {"approve": "approved", "reject": "rejected", "withdraw": "withdrawn"}
NUMBERS = st.integers(1, 5)
IDS = st.integers(1, 8)
SHARES = st.sampled_from([0.05, 0.1, 0.5, 0.9, 1.0, 0.0, 1.1])
PEOPLE = st.sampled_from(["anna", "ben", "Anna "])
REASONS = st.sampled_from(["because", "because", "because", " "])
TARGETS = st.sampled_from(["production", "experimental"])


class Moves(RuleBasedStateMachine):
    """The registry under a storm of moves."""

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
        self.now = datetime(2023, 5, 1, tzinfo=UTC)
        self.served = False
        self.seen = self._look()
        self.add()

    def teardown(self) -> None:
        if hasattr(self, "kept"):
            self.kept.close()
            shutil.rmtree(self.folder)

    def _look(self) -> dict[str, object]:
        with self.book.reading() as inside:
            return {
                "roles": inside.roles("m"),
                "proposals": inside.proposals("m"),
                "versions": inside.versions("m"),
                "ledger": inside.ledger(),
                "altered": inside.first_altered(),
            }

    def _try(self, move, *args, **more) -> None:
        """A move happens with its record, or not at all."""
        self.now += timedelta(minutes=1)
        before = self.seen
        try:
            move(self.book, "m", *args, at=self.now, **more)
        except (
            errors.IllegalMove,
            errors.UnknownProposal,
            errors.UnknownVersion,
        ) as error:
            sentence = str(error)
            refused = bool(sentence) and "\n" not in sentence
            assert (refused, self._look()) == (True, before)
        else:
            assert len(self._look()["ledger"]) > len(before["ledger"])
            self.whoever_serves_was_approved()

    def whoever_serves_was_approved(self) -> None:
        allowed = {
            row.number
            for row in self._look()["ledger"]
            if row.move in ("approve", "widen")
        }
        serving = {r: h for r, h in self._look()["roles"].items() if r != "shadow"}
        assert {role.number for role in serving.values()} <= allowed

    @rule()
    def add(self) -> None:
        if len(self.seen["versions"]) < 5:
            self.book.register(
                "m", recipe="", estimator=0, birth={}, author="a", at=self.now
            )

    @rule(
        number=NUMBERS,
        role=TARGETS,
        share=SHARES,
        author=PEOPLE,
        reason=REASONS,
        automatic=st.booleans(),
    )
    def propose(self, number, role, **more) -> None:
        evidence = {"n": number}
        self._try(promotion.propose, number, target=role, evidence=evidence, **more)

    @rule(
        id=IDS,
        approver=PEOPLE,
        reason=REASONS,
        role=st.none() | TARGETS,
        share=st.none() | SHARES,
        two_persons=st.booleans(),
    )
    def approve(self, id, role, **more) -> None:
        self._try(promotion.approve, id, target=role, **more)

    @rule(reason=REASONS, data=st.data())
    def approve_what_waits(self, reason, data) -> None:
        waiting = [a for a in self.seen["proposals"] if a.status == "pending"]
        if waiting:
            asked = data.draw(st.sampled_from(waiting))
            digest = asked.digest
            self._try(
                promotion.approve, asked.id, approver="c", reason=reason, digest=digest
            )

    @rule(id=IDS, reason=REASONS)
    def reject(self, id, reason) -> None:
        self._try(promotion.reject, id, approver="ben", reason=reason)

    @rule(id=IDS, reason=REASONS)
    def withdraw(self, id, reason) -> None:
        self._try(promotion.withdraw, id, actor="anna", reason=reason)

    @rule(share=SHARES, actor=PEOPLE, two_persons=st.booleans())
    def widen(self, **more) -> None:
        self._try(promotion.widen, reason="it holds", **more)

    @rule(to=st.none() | NUMBERS, automatic=st.booleans())
    def roll_back(self, **more) -> None:
        self._try(promotion.roll_back, actor="guard", reason="worse", **more)

    @rule(number=NUMBERS, reason=REASONS)
    def shadow(self, number, reason) -> None:
        self._try(promotion.shadow, number, actor="anna", reason=reason)

    @rule(number=NUMBERS, reason=REASONS)
    def retire(self, number, reason) -> None:
        self._try(promotion.retire, number, actor="ben", reason=reason)

    @invariant()
    def it_adds_up(self) -> None:
        self.seen = seen = self._look()
        self.one_production_version_for_ever(seen["roles"])
        self.shares_add_up(seen["roles"])
        self.the_ledger_tells_the_roles(seen)
        self.every_proposal_is_decided_at_most_once(seen)

    def one_production_version_for_ever(self, roles) -> None:
        self.served = self.served or "production" in roles
        assert ("production" in roles) == self.served
        numbers = [role.number for role in roles.values()]
        assert len(numbers) == len(set(numbers))

    def shares_add_up(self, roles) -> None:
        if roles:
            assert abs(sum(role.share for role in roles.values()) - 1) < 1e-12
            assert all(0 <= role.share <= 1 for role in roles.values())
            assert roles["production"].share > 0

    def the_ledger_tells_the_roles(self, seen) -> None:
        assert seen["altered"] is None
        rows = [row for row in seen["ledger"] if row.after]
        now = {name: role.number for name, role in seen["roles"].items()}
        told = rows[-1].after if rows else {}
        assert now == {k: v for k, v in told.items() if v is not None and k != "share"}
        for row, following in pairwise(rows):
            assert following.before == row.after

    def every_proposal_is_decided_at_most_once(self, seen) -> None:
        decisions = Counter(
            (row.proposal, DECIDING[row.move])
            for row in seen["ledger"]
            if row.move in DECIDING
        )
        decided = Counter(
            (asked.id, asked.status)
            for asked in seen["proposals"]
            if asked.status != "pending"
        )
        assert decisions == decided


TestMoves = Moves.TestCase
TestMoves.settings = settings(
    max_examples=draws(13, many=100),
    stateful_step_count=25,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)
