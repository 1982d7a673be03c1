"""The book of renewals: one at a time, taken over, ended once."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from lifecycle import errors, promotion
from lifecycle.registry import Registry, opening, upgrading
from tests.databases import Refused, raw
from tests.renewal_book import AT, DAY, SAVED, begin, gated, proposed, register
from tests.renewal_book import book as book

# -- one at a time -------------------------------------------------------------


def test_a_renewal_goes_step_by_step_to_its_end(book: Registry) -> None:
    renewal = proposed(book)
    assert (renewal.state, renewal.version, renewal.proposal) == ("proposed", 2, 2)
    assert (renewal.against, renewal.tested) == (1, SAVED)
    ended = promotion.end_renewal(book, renewal, "proposed", "it waits", at=AT)
    assert repr(ended) == "<Renewal 1 of m: proposed>"
    assert (ended.done, ended.is_open, ended.holder) == (True, False, "")
    assert book.renewals("m") == [ended]
    assert book.verify_ledger() is None


def test_a_second_process_is_told_in_one_sentence(book: Registry) -> None:
    begin(book, "process 7 on host#a")
    with pytest.raises(errors.AlreadyRunning) as told:
        begin(book, "process 8 on host#b")
    assert str(told.value) == (
        "m is being renewed by process 7 on host (renewal 1, due, as of 2023-05-01); "
        "wait until it has ended"
    )
    assert [each.holder for each in book.renewals("m")] == ["process 7 on host#a"]


def test_another_model_is_renewed_at_the_same_time(book: Registry) -> None:
    begin(book)
    other = promotion.begin_renewal(
        book,
        "other",
        why="alert",
        at=AT,
        holder="two#2",
        until=AT + DAY,
        now=AT,
        moved=DAY,
    )
    assert (other.id, other.against, other.why) == (1, None, "alert")


@pytest.mark.parametrize("how", ["its lease is over", "it died", "it let go"])
def test_an_abandoned_renewal_goes_on_where_it_stopped(
    book: Registry, how: str
) -> None:
    renewal = gated(book)
    told: dict[str, Any] = {}
    if how == "its lease is over":
        told["now"] = AT + timedelta(minutes=10)
    elif how == "it died":
        told["alive"] = lambda holder: holder != "one#1"
    else:
        assert promotion.hold_renewal(book, renewal, until=None)
    resumed = begin(book, "two#2", until=AT + DAY, **told)
    assert (resumed.id, resumed.state, resumed.attempts) == (1, "tested", 2)
    assert (resumed.holder, resumed.version) == ("two#2", 2)
    # whoever lost it can neither step, register, propose, nor hold it
    with pytest.raises(errors.Stale, match="taken over or ended by another"):
        promotion.end_renewal(book, renewal, "kept", "late", at=AT)
    assert not promotion.hold_renewal(book, renewal, until=AT + DAY)
    assert not promotion.hold_renewal(book, renewal, until=None)
    assert book.renewals("m") == [resumed]


def test_the_lease_decides_over_a_process_of_another_machine(book: Registry) -> None:
    begin(book)
    for minutes, free in ((9, False), (11, True)):
        now = AT + timedelta(minutes=minutes)
        if free:
            assert begin(book, "two#2", now=now, alive=lambda holder: None).attempts
        else:
            with pytest.raises(errors.AlreadyRunning):
                begin(book, "two#2", now=now, alive=lambda holder: None)


def test_a_longer_lease_keeps_others_away(book: Registry) -> None:
    renewal = begin(book)
    assert promotion.hold_renewal(book, renewal, until=AT + DAY)
    with pytest.raises(errors.AlreadyRunning):
        begin(book, "two#2", now=AT + timedelta(hours=23))


def test_what_the_world_has_overtaken_is_begun_anew(book: Registry) -> None:
    old = gated(book)
    later = AT + 8 * DAY
    fresh = begin(book, "two#2", at=later, now=later, until=later + DAY)
    ended, now = book.renewals("m")
    assert (ended.outcome, ended.version, ended.done) == ("overtaken", 2, False)
    assert ended.sentence == (
        "m: renewal 1 of 2023-05-01 was not finished and is overtaken; what is known "
        "on 2023-05-09 is more"
    )
    assert now == fresh
    assert (fresh.id, fresh.state, fresh.as_of, old.id) == (2, "due", later, 1)


def test_another_version_in_production_overtakes_too(book: Registry) -> None:
    promotion.hold_renewal(book, gated(book), until=None)
    number = register(book)
    asked = promotion.propose(
        book, "m", number, author="a", reason="r", evidence={}, at=AT
    )
    promotion.approve(book, "m", asked.id, approver="b", reason="go", at=AT)
    assert begin(book, "two#2").id == 2
    assert book.renewals("m")[0].outcome == "overtaken"


def test_a_renewal_that_lacks_only_its_end_is_never_overtaken(book: Registry) -> None:
    promotion.hold_renewal(book, proposed(book), until=None)
    later = AT + 90 * DAY
    resumed = begin(book, "two#2", at=later, now=later, until=later + DAY)
    assert (resumed.id, resumed.state) == (1, "proposed")


def test_a_renewal_that_kills_its_processes_is_given_up(book: Registry) -> None:
    for attempt in range(1, promotion.MOST_ATTEMPTS + 1):
        assert begin(book, f"p#{attempt}", alive=lambda _: False).attempts == attempt
    fresh = begin(book, "p#4", alive=lambda holder: False)
    ended = book.renewals("m")[0]
    assert (ended.outcome, fresh.id) == ("failed", 2)
    assert ended.sentence == (
        "m: renewal 1 is given up: 3 processes ended over it, the last when it was due"
    )


def test_steps_lead_forward_only(book: Registry) -> None:
    renewal = gated(book)
    for state in ("decided", "trained", "tested"):
        with pytest.raises(errors.IllegalMove, match=f"is tested and cannot .*{state}"):
            promotion.step_renewal(book, renewal, state)


# -- nothing half-registered ---------------------------------------------------


def test_a_version_and_the_step_of_its_renewal_are_one_transaction(
    book: Registry,
) -> None:
    lost = promotion.step_renewal(book, begin(book), "decided", ruling={})
    begin(book, "two#2", alive=lambda holder: False)
    before = book.ledger(), book.versions("m")
    files = sorted((book.artefacts / "m").iterdir())
    with pytest.raises(errors.Stale):
        register(book, lost)
    assert (book.ledger(), book.versions("m")) == before
    book.discard(lost)
    assert sorted((book.artefacts / "m").iterdir()) == files


def test_a_proposal_and_the_step_of_its_renewal_are_one_transaction(
    book: Registry,
) -> None:
    lost = gated(book)
    begin(book, "two#2", alive=lambda holder: False)
    before = book.ledger()
    with pytest.raises(errors.Stale):
        promotion.propose(
            book, "m", 2, author="l", reason="r", evidence={}, at=AT, renewal=lost
        )
    assert book.ledger() == before
    assert promotion.pending(book, "m") == []


def test_a_candidate_that_fails_the_gate_stays_with_the_reasons(book: Registry) -> None:
    renewal = promotion.step_renewal(book, begin(book), "decided", ruling={})
    register(book, renewal)
    told = {"passed": False, "gate": "worse", "reasons": ["worse where plan is pro"]}
    ended = promotion.fail_gate(
        book,
        book.renewals("m")[-1],
        told,
        reason="worse where plan is pro",
        actor="lifecycle",
        at=AT,
    )
    assert (ended.outcome, ended.tested, ended.done) == ("failed the gate", told, True)
    assert book.version("m", 2).status == "failed the gate"
    last = book.ledger("m")[-1]
    assert (last.move, last.number, last.reason) == (
        "fail the gate",
        2,
        "worse where plan is pro",
    )
    assert last.evidence["reasons"] == ["worse where plan is pro"]
    assert last.before == last.after
    assert promotion.pending(book, "m") == []
    # a person may still think otherwise
    asked = promotion.propose(book, "m", 2, author="a", reason="r", evidence={}, at=AT)
    promotion.approve(book, "m", asked.id, approver="b", reason="go", at=AT)
    assert book.version("m", 2).status == "production"


# -- the database itself -------------------------------------------------------


@pytest.mark.parametrize(
    ("statement", "sentence"),
    [
        ("DELETE FROM renewal", "a renewal is never removed"),
        (
            "UPDATE renewal SET why = 'alert' WHERE id = 2",
            "a renewal stays what it was",
        ),
        ("UPDATE renewal SET sentence = 'x' WHERE id = 1", "a renewal ends once"),
        ("UPDATE renewal SET holder = 'x' WHERE id = 2", "ck_renewal_held"),
        ("UPDATE renewal SET state = 'gone' WHERE id = 2", "ck_renewal_state"),
        ("UPDATE renewal SET state = 'ended' WHERE id = 2", "ck_renewal_ended"),
        ("UPDATE renewal SET outcome = 'kept' WHERE id = 2", "ck_renewal_ended"),
        ("UPDATE renewal SET version = 99 WHERE id = 2", "FOREIGN KEY"),
        ("UPDATE renewal SET proposal = 99 WHERE id = 2", "FOREIGN KEY"),
        (
            "INSERT INTO renewal SELECT model, 3, why, state, as_of, against, ruling, "
            "version, tested, proposal, holder, lease_until, attempts, ended_at, "
            "outcome, sentence FROM renewal WHERE id = 2",
            "UNIQUE constraint.*renewal",
        ),
    ],
)
def test_the_database_itself_keeps_the_renewals(
    book: Registry, statement: str, sentence: str
) -> None:
    promotion.end_renewal(book, begin(book), "kept", "kept", at=AT)
    promotion.hold_renewal(book, begin(book, "two#2"), until=None)
    with raw(book) as connection:
        before = connection.execute("SELECT * FROM renewal")
        with pytest.raises(Refused, match=sentence):
            connection.execute(statement)
        assert connection.execute("SELECT * FROM renewal") == before


def test_a_registry_of_the_second_revision_keeps_its_messages(tmp_path: Path) -> None:
    from alembic.config import Config
    from alembic.runtime.environment import EnvironmentContext
    from alembic.script import ScriptDirectory

    place = tmp_path / "registry.db"
    script = ScriptDirectory(str(upgrading._FOLDER))
    engine = opening.connect(sa.URL.create("sqlite", database=str(place)))

    def steps(found: Any, _context: Any) -> Any:
        return script._upgrade_revs("0002", found)

    with (
        opening.begin(engine, writes=True) as connection,
        EnvironmentContext(Config(), script, fn=steps) as run,
    ):
        run.configure(connection=connection)
        with run.begin_transaction():
            run.run_migrations()
    moment = "'2023-05-01 12:00:00.000000'"
    with closing(sqlite3.connect(place)) as known:
        known.execute(
            "INSERT INTO alert (id, model, rule, subject, opened_at, n, sentence, "
            f"owner, severity, seen_at) VALUES (5, 'm', 'drift', '', {moment}, 1, 's', "
            f"'o', 'info', {moment})"
        )
        known.execute(
            "INSERT INTO outbox (id, key, alert, model, kind, recipient, subject, "
            "body, report, picture, created_at, attempts, next_try, reached, "
            "last_error) VALUES (9, 'k', 5, 'm', 'opened', 'owner', 'subject', 'body', "
            "'', '{}', "
            f"{moment}, 2, {moment}, '[\"a\"]', 'no route')"
        )
        known.commit()
    book = Registry(place)
    (kept,) = book.messages("m")
    assert (kept.id, kept.key, kept.alert, kept.attempts) == (9, "k", 5, 2)
    assert (kept.reached, kept.last_error, kept.created_at) == (["a"], "no route", AT)
    with closing(sqlite3.connect(place)) as known:
        known.execute("UPDATE outbox SET attempts = 3")
        for statement, sentence in (
            ("DELETE FROM outbox", "never removed"),
            ("UPDATE outbox SET kind = 'grown'", "words of a message"),
        ):
            with pytest.raises(sqlite3.IntegrityError, match=sentence):
                known.execute(statement)
        known.execute(
            "INSERT INTO outbox SELECT 10, 'l', alert, model, 'grown', recipient, "
            "subject, body, report, picture, created_at, attempts, next_try, claim, "
            "lease_until, reached, sent_at, dead_at, last_error FROM outbox"
        )
        tables = known.execute("SELECT name FROM sqlite_master").fetchall()
    assert ("outbox_before",) not in tables
    assert ("ix_outbox_alert",) in tables
