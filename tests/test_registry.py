from __future__ import annotations

import fcntl
import math
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from lifecycle import errors, promotion, registry
from lifecycle.registry import (
    canonical,
    opening,
    received,
    tables,
    tokens,
    upgrading,
)
from tests.databases import Refused, raw

AT = datetime(2023, 5, 1, 12, tzinfo=UTC)


@pytest.fixture
def book(database, tmp_path: Path) -> registry.Registry:
    return database(tmp_path / "a place with space%")


@pytest.fixture
def on_file(tmp_path: Path) -> registry.Registry:
    return registry.Registry(tmp_path / "registry.db")


def register(book, model="leads", estimator=("stored",), **birth):
    return book.register(
        model, recipe="plain", estimator=estimator, birth=birth, author="anna", at=AT
    )


# ------------------------------------------------------------------ opening


def test_opening_twice_keeps_what_is_there(book):
    register(book)
    again = registry.Registry(str(book._url), artefacts=book.artefacts)
    assert [v.number for v in again.versions("leads")] == [1]


def test_the_revision_that_opening_looks_for_is_the_newest_migration():
    assert upgrading.newest() == opening.REVISION


def test_the_migrations_make_exactly_the_tables_that_the_code_speaks_of(book):
    from alembic.autogenerate import compare_metadata
    from alembic.migration import MigrationContext

    with book.atomic() as inside:
        context = MigrationContext.configure(
            inside.connection, opts={"compare_type": False}
        )
        assert {tokens.token, received.polled} <= set(tables.metadata.sorted_tables)
        assert compare_metadata(context, tables.metadata) == []


def test_the_migrations_also_speak_postgresql():
    import io

    from alembic.config import Config
    from alembic.runtime.environment import EnvironmentContext
    from alembic.script import ScriptDirectory

    script = ScriptDirectory(str(upgrading._FOLDER))
    written = io.StringIO()

    def steps(found, _context):
        return script._upgrade_revs("head", found)

    with EnvironmentContext(Config(), script, fn=steps, as_sql=True) as run:
        run.configure(dialect_name="postgresql", output_buffer=written)
        # the offline mode has no connection to ask, so ask the context
        with run.begin_transaction():
            run.run_migrations()
    sql = written.getvalue()
    assert "TIMESTAMP WITH TIME ZONE" in sql
    assert "EXECUTE FUNCTION lifecycle_refuse('a proposal is decided once')" in sql
    assert "WHERE status = 'pending'" in sql


def test_opening_an_existing_registry_imports_nothing_heavy(on_file):
    code = (
        "import sys; from lifecycle import alerts, promotion, registry; "
        "assert 'sqlalchemy' not in sys.modules; "
        f"registry.Registry({on_file._url.database!r}).roles('leads'); "
        "heavy = {'alembic', 'sklearn', 'pandas', 'skops', 'numpy'}; "
        "assert not heavy & set(sys.modules), heavy & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_processes_that_create_one_registry_at_once_all_get_it(apart, tmp_path):
    place = str(tmp_path / "registry.db")
    code = (
        "import fcntl, sys; from lifecycle.registry import Registry; "
        "fcntl.flock(open(sys.argv[2]), fcntl.LOCK_SH); "
        "print(Registry(sys.argv[1]).verify_ledger())"
    )
    with (tmp_path / "ready").open("w") as gate:  # open to all at the same moment
        fcntl.flock(gate, fcntl.LOCK_EX)
        started = [apart.start(code, place, gate.name) for _ in range(4)]
    assert [(each.wait(120), each.out) for each in started] == [(0, "None\n")] * 4


def test_a_registry_of_a_newer_release_is_refused_with_the_remedy(on_file):
    with raw(on_file) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
    with pytest.raises(
        errors.LifecycleError, match=r"newer release.*upgrade the package"
    ):
        registry.Registry(on_file._url.database)


def test_a_file_that_is_no_database_is_one_sentence(tmp_path):
    place = tmp_path / "registry.db"
    place.write_text("something else entirely, and long enough to be read as a page")
    with pytest.raises(errors.LifecycleError, match="cannot be used as a registry"):
        registry.Registry(place)


def test_a_directory_in_the_place_of_the_file_is_one_sentence(tmp_path):
    with pytest.raises(errors.LifecycleError, match="cannot be used as a registry"):
        registry.Registry(tmp_path)


def test_a_server_needs_a_directory_for_artefacts():
    with pytest.raises(ValueError, match="needs artefacts="):
        registry.Registry("postgresql://anna:secret@nowhere/lifecycle")


def test_memory_is_no_place_for_a_registry():
    with pytest.raises(ValueError, match="needs a file"):
        registry.Registry("sqlite://")


def test_a_registry_shows_its_place_without_a_password(on_file):
    assert "registry.db" in repr(on_file)


# ------------------------------------------------------------------ versions


def test_versions_are_numbered_per_model(book):
    numbers = [register(book, model).number for model in ("leads", "churn", "leads")]
    assert numbers == [1, 1, 2]
    assert [v.number for v in book.versions("leads")] == [1, 2]


def test_a_version_gives_back_its_birth(book):
    east = timezone(timedelta(hours=2))
    made = register(
        book,
        trained_from=datetime(2022, 1, 1, 2, tzinfo=east),
        trained_to="2023-01-01T00:00:00Z",
        as_of=AT,
        data={"predictions": 7},
        features={"numeric": ["size"], "categorical": []},
        threshold=0.4,
        metrics={"accuracy": 0.85, "roc_auc": math.nan},
        seed=3,
    )
    assert made == book.version("leads", 1)
    assert made.trained_from == datetime(2022, 1, 1, tzinfo=UTC)
    assert made.trained_to == datetime(2023, 1, 1, tzinfo=UTC)
    assert made.trained_from.tzinfo is UTC
    assert made.data == {"predictions": 7}
    assert made.features == {"numeric": ["size"], "categorical": []}
    assert made.threshold == 0.4
    assert made.metrics == {"accuracy": 0.85, "roc_auc": None}
    assert made.birth == {"seed": 3}
    assert (made.status, made.created_at) == ("candidate", AT)


def test_a_birth_that_cannot_be_kept_leaves_nothing_behind(book):
    with pytest.raises(TypeError, match="cannot be kept in the registry"):
        register(book, thing=object())
    assert book.versions("leads") == []
    assert not list(book.artefacts.rglob("*"))


def test_an_unknown_version_and_an_unknown_proposal_are_sentences(book):
    with pytest.raises(errors.UnknownVersion, match="leads has no version 7"):
        book.version("leads", 7)
    with pytest.raises(errors.UnknownProposal, match="leads has no proposal 7"):
        book.proposal("leads", 7)


def test_the_database_refuses_to_change_or_remove_a_version(book):
    register(book)
    with raw(book) as connection:
        with pytest.raises(Refused, match="a version is never changed"):
            connection.execute("UPDATE version SET sha256 = 'x'")
        with pytest.raises(Refused, match="a version is never removed"):
            connection.execute("DELETE FROM version")


def test_threads_that_register_at_once_get_different_numbers(book):
    with ThreadPoolExecutor(4) as pool:
        made = list(pool.map(lambda i: register(book, estimator=[i]), range(12)))
    assert sorted(v.number for v in made) == list(range(1, 13))
    assert all(book.load(v) == [i] for i, v in enumerate(made))
    assert book.verify_ledger() is None


@pytest.mark.parametrize(
    "name",
    ["", "Leads", "../x", "a/b", "a\nb", "leads\n", ".", "-x", "é", "a" * 65, None],
)
def test_a_name_that_is_no_name_never_becomes_a_path(book, name):
    with pytest.raises(errors.UnknownModel, match="cannot be the name of a model"):
        register(book, name)
    assert not book.artefacts.exists()


# ------------------------------------------------------------- what the tables hold


ROLES = "model, production, previous, experimental, share"


def two_versions(book):
    register(book)
    register(book)


@pytest.mark.parametrize(
    "values",
    [
        "('leads', 1, NULL, 2, 1.0)",  # nothing left for production
        "('leads', 1, NULL, 2, -0.1)",
        "('leads', 1, NULL, NULL, 0.1)",  # a share of nobody's
        "('leads', 1, NULL, 2, 0.0)",
        "('leads', 1, 1, NULL, 0.0)",  # two roles for one version
        "('leads', NULL, 1, NULL, 0.0)",  # no production version
        "('leads', 3, NULL, NULL, 0.0)",  # no such version
    ],
)
def test_the_database_refuses_roles_that_make_no_sense(book, values):
    two_versions(book)
    with raw(book) as connection, pytest.raises(Refused):
        connection.execute(f"INSERT INTO role ({ROLES}) VALUES {values}")


def test_the_database_refuses_a_second_production_version(book):
    two_versions(book)
    with raw(book) as connection:
        made = f"INSERT INTO role ({ROLES}) VALUES ('leads', %s, NULL, NULL, 0.0)"
        connection.execute(made % 1)
        with pytest.raises(Refused):
            connection.execute(made % 2)
        with pytest.raises(Refused, match="keeps its production"):
            connection.execute("DELETE FROM role")


def test_shares_add_up_to_one(book):
    two_versions(book)
    with book.atomic() as inside:
        inside.set_roles(
            "leads", production=1, previous=None, experimental=2, share=0.1
        )
    assert book.roles("leads") == {
        "production": registry.Role(1, 0.9),
        "experimental": registry.Role(2, 0.1),
    }


def test_an_error_inside_a_transaction_undoes_all_of_it(book):
    two_versions(book)
    roles = {"previous": None, "experimental": None, "share": 0.0}

    def stopped():
        with book.atomic() as inside:
            inside.set_roles("leads", production=1, **roles)
            raise RuntimeError("stop")

    with pytest.raises(RuntimeError, match="stop"):
        stopped()
    assert book.roles("leads") == {}


def test_reading_inside_a_transaction_does_not_wait_for_a_writer(book):
    two_versions(book)
    with book.atomic() as inside:
        inside.set_roles(
            "leads", production=1, previous=None, experimental=None, share=0.0
        )
        assert book.roles("leads") == {}
    assert book.roles("leads")["production"].number == 1


# ------------------------------------------------------------------ the ledger


def enter(book, reason="because", model="leads"):
    with book.atomic() as inside:
        return inside.enter(
            model, "propose", actor="anna", source="os", reason=reason, at=AT
        )


def test_the_first_row_of_the_ledger_has_the_hash_that_is_published(book):
    import hashlib
    import json

    entry = enter(book)
    row = {
        "seq": 1,
        "at": "2023-05-01T12:00:00.000000+00:00",
        "model": "leads",
        "move": "propose",
        "number": None,
        "proposal": None,
        "actor": "anna",
        "source": "os",
        "verified": False,
        "reason": "because",
        "evidence": {},
        "before": {},
        "after": {},
        "previous": "0" * 64,
    }
    spelled = json.dumps(row, sort_keys=True, separators=(",", ":"))
    assert entry.hash == hashlib.sha256(spelled.encode()).hexdigest()


def test_the_ledger_is_chained_and_read_per_model(book):
    first, second, third = enter(book), enter(book, model="churn"), enter(book)
    assert (second.previous, third.previous) == (first.hash, second.hash)
    assert book.ledger("leads") == [first, third]
    assert book.ledger() == [first, second, third]
    assert book.verify_ledger() is None


def test_the_database_refuses_to_change_or_remove_a_row_of_the_ledger(book):
    enter(book)
    with raw(book) as connection:
        replace = {
            "sqlite": "INSERT OR REPLACE INTO ledger SELECT * FROM ledger",
            "postgresql": "TRUNCATE ledger",
        }
        for statement in (
            "UPDATE ledger SET reason = 'another'",
            "DELETE FROM ledger",
            replace[connection.dialect],
        ):
            with pytest.raises(Refused, match="ledger"):
                connection.execute(statement)
    assert book.verify_ledger() is None


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE ledger SET reason = 'another' WHERE seq = 2",
        "UPDATE ledger SET actor = 'ben' WHERE seq = 2",
        "UPDATE ledger SET verified = true WHERE seq = 2",
        "UPDATE ledger SET at = '2023-05-01 12:00:00.000001' WHERE seq = 2",
        "UPDATE ledger SET evidence = '{\"a\":1}' WHERE seq = 2",
        "UPDATE ledger SET previous = hash WHERE seq = 2",
        "UPDATE ledger SET evidence = 'no JSON {' WHERE seq = 2",
        "UPDATE ledger SET after = '[1' WHERE seq = 2",
        "DELETE FROM ledger WHERE seq = 2",
    ],
)
def test_a_row_altered_behind_the_triggers_is_found(book, change):
    for _ in range(3):
        enter(book)
    with raw(book) as connection:
        connection.disarm()
        connection.execute(change)
    assert book.verify_ledger() == 2


@pytest.mark.parametrize(
    "change",
    [
        "DELETE FROM ledger WHERE seq = 4",
        "DELETE FROM ledger WHERE seq >= 2",
        "UPDATE role SET production = 2, previous = 1",
    ],
)
def test_rows_cut_off_at_the_end_are_missed_by_what_they_tell_of(book, change):
    for number in (1, 2):
        register(book)
        if number == 1:
            asked = promotion.propose(
                book, "leads", 1, author="anna", reason="new", evidence={}, at=AT
            )
            promotion.approve(
                book, "leads", asked.id, approver="ben", reason="yes", at=AT
            )
    assert [entry.move for entry in book.ledger()] == [
        "register",
        "propose",
        "approve",
        "register",
    ]
    assert book.verify_ledger() is None
    with raw(book) as connection:
        connection.disarm()
        connection.execute(change)
        ((rows,),) = connection.execute("SELECT count(*) FROM ledger")
    assert book.verify_ledger() == rows + 1


def test_whatever_evidence_says_the_row_has_its_hash_again(book):
    evidence = {
        "\ud83d\ude00": 1e22,  # one sign, written as its two halves
        "\uffff": -0.0,
        "lone \ud800": 0.1 + 0.2,
        "\u00e9": [math.nan, math.inf, 2**70, 5e-324],
    }
    with book.atomic() as inside:
        inside.enter(
            "leads",
            "propose",
            actor="a",
            source="os",
            reason="",
            at=AT,
            evidence=evidence,
        )
    assert book.verify_ledger() is None


def test_a_name_is_verified_only_when_somebody_vouches_for_it(book):
    with book.atomic() as inside:
        known = [
            inside.enter(
                "leads", "propose", actor="anna", source=source, reason="r", at=AT
            ).verified
            for source in ("given", "os", "environment", "hub", "proxy")
        ]
    assert known == [False, False, False, True, True]


@pytest.fixture(scope="module")
def shared(tmp_path_factory) -> registry.Registry:
    return registry.Registry(tmp_path_factory.mktemp("shared") / "registry.db")


@settings(deadline=None, max_examples=50)
@given(
    reason=st.text(max_size=40),
    evidence=st.dictionaries(st.text(max_size=5), st.text(max_size=5)),
)
@example(reason="'; DROP TABLE ledger; --\x00\ud800", evidence={"\ud800": "\x00"})
def test_hostile_words_are_kept_and_verified(shared, reason, evidence):
    book = shared
    with book.atomic() as inside:
        entry = inside.enter(
            "leads",
            "propose",
            actor=reason,
            source="os",
            reason=reason,
            at=AT,
            evidence=evidence,
        )
    assert book.ledger()[-1] == entry
    assert book.verify_ledger() is None


# ------------------------------------------------------------------ runs


def test_a_slot_is_claimed_once(book):
    assert book.last_slot("leads", "audit") is None
    assert book.claim_slot("leads", "audit", AT)
    assert not book.claim_slot("leads", "audit", AT)
    assert not book.claim_slot(
        "leads", "audit", AT.astimezone(timezone(timedelta(hours=5)))
    )
    assert book.claim_slot("leads", "drift", AT)
    assert book.claim_slot("churn", "audit", AT)
    assert book.last_slot("leads", "audit") == AT


def test_of_many_that_claim_a_slot_at_once_one_gets_it(book):
    with ThreadPoolExecutor(8) as pool:
        got = list(pool.map(lambda _: book.claim_slot("leads", "audit", AT), range(8)))
    assert sorted(got) == [False] * 7 + [True]


def test_the_database_refuses_a_slot_twice(book):
    book.claim_slot("leads", "audit", AT)
    with raw(book) as connection, pytest.raises(Refused, match="slot"):
        connection.execute(
            "INSERT INTO run (model, notebook, as_of, slot, status, verdict, summary, "
            "directory) SELECT model, notebook, as_of, slot, status, verdict, summary, "
            "directory FROM run"
        )


def test_a_finished_run_fills_its_claimed_slot(book):
    book.claim_slot("leads", "audit", AT)
    id = book.record_run(
        "leads",
        "audit",
        AT,
        slot=AT,
        status="succeeded",
        started=AT,
        ended=AT + timedelta(seconds=7),
        exit_code=0,
        verdict="quiet",
        summary="All is well.",
        directory=Path("reports") / "leads",
    )
    (run,) = book.runs("leads")
    assert (run.id, run.slot, run.status, run.exit_code) == (id, AT, "succeeded", 0)
    assert (run.ended - run.started).seconds == 7
    assert run.directory == "reports/leads"
    assert not book.claim_slot("leads", "audit", AT)


def test_runs_come_newest_first_and_can_be_limited(book):
    for day in (3, 1, 2):
        for notebook in ("audit", "drift"):
            book.record_run(
                "leads", notebook, AT + timedelta(days=day), status="succeeded"
            )
    days = [run.as_of.day for run in book.runs("leads", "audit")]
    assert days == [4, 3, 2]
    assert len(book.runs(limit=4)) == 4
    assert book.runs("churn") == []


# ------------------------------------------------------------------ times


def test_a_time_without_a_zone_is_refused(book):
    naive = datetime(2023, 5, 1)  # noqa: DTZ001
    with pytest.raises(ValueError, match="slot must carry a time zone"):
        book.claim_slot("leads", "audit", naive)
    with pytest.raises(ValueError, match="at must carry a time zone"):
        book.register("leads", recipe="", estimator=0, birth={}, author="a", at=naive)


@given(
    st.datetimes(
        min_value=datetime(1971, 1, 1),  # noqa: DTZ001
        max_value=datetime(2100, 1, 1),  # noqa: DTZ001
        timezones=st.timezones(),
    )
)
def test_any_moment_keeps_its_instant(moment):
    assert canonical.utc(moment) == moment.astimezone(UTC)
    assert canonical.utc(moment).tzinfo is UTC


def test_moments_of_pandas_and_numbers_of_numpy_are_spelled_plainly():
    import numpy as np
    import pandas as pd

    facts = {
        "at": pd.Timestamp("2023-05-01T12:00:00.123456789Z"),
        "n": np.int64(3),
        "value": np.float32(0.5),
        "none": np.float64("nan"),
        "yes": np.bool_(True),
        "never": pd.NaT,
        "rows": np.array([[1.0, 2.0]]),
        "names": {"b", "a"},
    }
    assert canonical.text(facts) == (
        '{"at":"2023-05-01T12:00:00.123456+00:00","n":3,"names":["a","b"],"never":null,'
        '"none":null,"rows":[[1.0,2.0]],"value":0.5,"yes":true}'
    )
