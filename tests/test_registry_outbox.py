"""The second revision: what the first held is kept, and the outbox holds its rules."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest
import sqlalchemy as sa

from lifecycle import alerts, registry
from lifecycle.findings import Finding, Findings
from lifecycle.registry import opening, upgrading
from tests.databases import Refused, raw

AT = datetime(2023, 5, 1, 12, tzinfo=UTC)


def of_the_first_revision(place: Path) -> None:
    """A registry as the first release left it, with an alert."""
    from alembic.config import Config
    from alembic.runtime.environment import EnvironmentContext
    from alembic.script import ScriptDirectory

    script = ScriptDirectory(str(upgrading._FOLDER))
    engine = opening.connect(sa.URL.create("sqlite", database=str(place)))

    def steps(found, _context):
        return script._upgrade_revs("0001", found)

    with (
        opening.begin(engine, writes=True) as connection,
        EnvironmentContext(Config(), script, fn=steps) as run,
    ):
        run.configure(connection=connection)
        with run.begin_transaction():
            run.run_migrations()
    with closing(sqlite3.connect(place)) as connection:
        connection.execute(
            "INSERT INTO alert (model, rule, subject, opened_at, n, sentence, owner, "
            "severity, seen_at) VALUES ('leads', 'accuracy', '', "
            "'2023-05-01 12:00:00.000000', 400, 'low', 'anna', 'critical', "
            "'2023-05-01 12:00:00.000000')"
        )
        connection.commit()


def test_an_older_registry_is_upgraded_and_keeps_its_alerts(tmp_path: Path) -> None:
    place = tmp_path / "registry.db"
    of_the_first_revision(place)
    book = registry.Registry(place)
    (kept,) = book.alerts("leads")
    assert (kept.sentence, kept.opened_at, kept.is_open) == ("low", AT, True)
    assert (kept.quiet, kept.quiet_in, kept.escalated_at) == (0, "", None)
    assert book.messages() == []
    assert registry.Registry(place).alerts() == [kept]
    quiet = Finding("accuracy", 0.8, 400, threshold=0.7, verdict="quiet")
    alerts.update(
        book,
        "leads",
        Findings("", (quiet,)),
        rule="accuracy",
        at=datetime(2023, 6, 1, tzinfo=UTC),
        owner="anna",
    )
    assert [each.kind for each in book.messages()] == ["closed"]


@pytest.fixture
def book(database, tmp_path: Path) -> registry.Registry:
    book = database(tmp_path)
    low = Finding("accuracy", 0.6, 400, threshold=0.7, verdict="alert")
    alerts.update(
        book, "leads", Findings("", (low,)), rule="accuracy", at=AT, owner="anna"
    )
    return book


@pytest.mark.parametrize(
    ("statement", "sentence"),
    [
        ("DELETE FROM outbox", "a message is never removed"),
        ("UPDATE outbox SET body = 'x'", "the words of a message are never changed"),
        ("UPDATE outbox SET recipient = 'deputy'", "words of a message"),
        ("UPDATE outbox SET sent_at = created_at, dead_at = created_at", "settled"),
        ("UPDATE outbox SET alert = 99", "words of a message"),
        ("INSERT INTO outbox SELECT * FROM outbox", "UNIQUE constraint"),
    ],
)
def test_the_database_itself_keeps_the_messages(
    book: registry.Registry, statement: str, sentence: str
) -> None:
    with raw(book) as connection:
        before = connection.execute("SELECT * FROM outbox")
        with pytest.raises(Refused, match=sentence):
            connection.execute(statement)
        assert connection.execute("SELECT * FROM outbox") == before


def test_a_settled_message_stays_as_it_was(book: registry.Registry) -> None:
    with raw(book) as connection:
        connection.execute("UPDATE outbox SET sent_at = created_at")
        for change in ("sent_at = NULL", "dead_at = created_at", "attempts = 9"):
            with pytest.raises(Refused, match="settled once"):
                connection.execute(f"UPDATE outbox SET {change}")


def test_a_message_without_its_alert_is_refused(book: registry.Registry) -> None:
    with raw(book) as connection, pytest.raises(Refused, match="FOREIGN KEY"):
        connection.execute("DELETE FROM alert")
