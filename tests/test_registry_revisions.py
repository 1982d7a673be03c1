"""A registry of an earlier release is brought to this one, on both databases."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from lifecycle import promotion
from lifecycle.registry import (
    Registry,
    canonical,
    opening,
    received,
    tables,
    tokens,
    upgrading,
)
from tests.postgres import name_of

AT = datetime(2023, 5, 1, 12, tzinfo=UTC)
EARLIER = ["0001", "0002", "0003", "0004", "0005", "0006", "0007", "0008"]
MOMENT = "'2023-05-01 12:00:00.000000'"
SHOWN = {  # what an earlier release has a person approve
    "model": "m",
    "number": 1,
    "target": "production",
    "share": 1.0,
    "against": None,
    "author": "anna",
    "reason": "better",
    "evidence": {},
    "created_at": AT,
    "artefact_sha256": "x",
}
ROWS = (
    "INSERT INTO version (model, number, recipe, artefact, sha256, data, features, "
    "threshold, metrics, birth, author, created_at) SELECT 'm', n, 'plain', 'm/n', "
    f"'x', '{{}}', '{{}}', 0.5, '{{}}', '{{}}', 'anna', {MOMENT} FROM "
    "(SELECT 1 AS n UNION SELECT 2) AS numbers",
    "INSERT INTO role (model, production, previous, share) VALUES ('m', 2, 1, 0)",
    "INSERT INTO proposal (model, id, number, target, share, digest, status, author, "
    "reason, evidence, created_at) VALUES ('m', 1, 1, 'production', 1, "
    f"'{canonical.digest(SHOWN)}', 'pending', 'anna', 'better', '{{}}', {MOMENT})",
    "INSERT INTO alert (model, rule, subject, opened_at, n, sentence, owner, "
    f"severity, seen_at) VALUES ('m', 'drift', '', {MOMENT}, 4, 'it drifts', "
    f"'anna', 'info', {MOMENT})",
)


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[sa.URL]:
    """A database without tables."""
    if request.param == "sqlite":
        yield sa.URL.create("sqlite", database=str(tmp_path / "registry.db"))
        return
    server = request.getfixturevalue("server")
    made = server.new(encoding="UTF8")
    yield sa.make_url(made)
    server.say(f"DROP DATABASE {name_of(made)} WITH (FORCE)")


def written_by(revision: str, url: sa.URL) -> None:
    """The tables of a revision, with a row in each that is told of."""
    from alembic.config import Config
    from alembic.runtime.environment import EnvironmentContext
    from alembic.script import ScriptDirectory

    script = ScriptDirectory(str(upgrading._FOLDER))
    engine = opening.connect(url)

    def steps(found: Any, _context: Any) -> Any:
        return script._upgrade_revs(revision, found)

    with (
        opening.begin(engine, writes=True) as connection,
        EnvironmentContext(Config(), script, fn=steps) as run,
    ):
        run.configure(connection=connection)
        with run.begin_transaction():
            run.run_migrations()
        for row in ROWS:
            connection.exec_driver_sql(row)


@pytest.mark.parametrize("revision", EARLIER)
def test_an_earlier_registry_keeps_what_it_holds_and_goes_on(url, tmp_path, revision):
    from alembic.autogenerate import compare_metadata
    from alembic.migration import MigrationContext

    written_by(revision, url)
    book = Registry(
        url.render_as_string(hide_password=False), artefacts=tmp_path / "artefacts"
    )
    assert {name: role.number for name, role in book.roles("m").items()} == {
        "production": 2,
        "previous": 1,
    }
    assert [v.created_at for v in book.versions("m")] == [AT, AT]
    (alert,) = book.alerts("m")
    assert (alert.id, alert.sentence, alert.opened_at) == (1, "it drifts", AT)
    (waiting,) = promotion.pending(book, "m")
    promotion.withdraw(book, "m", waiting.id, actor="ben", reason="old", at=AT)
    assert book.proposal("m", 1).decided_by == "ben"
    with book.atomic() as inside:
        context = MigrationContext.configure(
            inside.connection, opts={"compare_type": False}
        )
        assert {tokens.token, received.polled} <= set(tables.metadata.sorted_tables)
        assert compare_metadata(context, tables.metadata) == []
