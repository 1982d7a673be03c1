"""A registry for a team, on a real server: one look, one writer, one sentence."""

from __future__ import annotations

import fcntl
import signal
import socket
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
import sqlalchemy as sa

from lifecycle import errors, promotion, registry
from lifecycle.registry import opening
from tests import postgres
from tests.databases import Refused, raw

AT = datetime(2023, 5, 1, 12, tzinfo=UTC)


@pytest.fixture
def book(server: postgres.Server, tmp_path: Path) -> Iterator[registry.Registry]:
    with server.lent() as url:
        yield registry.Registry(url, artefacts=tmp_path)


def register(book: registry.Registry) -> registry.Version:
    return book.register("m", recipe="", estimator=[1], birth={}, author="anna", at=AT)


def live(book: registry.Registry) -> registry.Version:
    version = register(book)
    asked = promotion.propose(
        book, "m", version.number, author="a", reason="r", evidence={}, at=AT
    )
    promotion.approve(book, "m", asked.id, approver="b", reason="r", at=AT)
    return version


# -- one look ----------------------------------------------------------------------


def test_one_look_sees_one_moment_whatever_is_written_meanwhile(book):
    live(book)
    with book.reading() as look:
        before = look.roles("m")
        live(book)
        assert look.roles("m") == before
        assert [v.number for v in look.versions("m")] == [1]
        assert look.first_altered() is None
    assert book.roles("m") != before


def test_who_looks_can_write_nothing(book):
    with (
        pytest.raises(errors.LifecycleError, match="read-only"),
        book.reading() as look,
    ):
        look.connection.exec_driver_sql("DELETE FROM version")


def test_a_look_does_not_wait_for_who_writes(book):
    with book.atomic() as inside:
        inside.enter("m", "propose", actor="a", source="os", reason="r", at=AT)
        assert book.ledger() == []
    assert len(book.ledger()) == 1


# -- one writer --------------------------------------------------------------------


def test_who_waits_for_its_turn_sees_what_the_one_before_wrote(book):
    begun, wait = threading.Event(), threading.Event()

    def first() -> None:
        with book.atomic() as inside:
            begun.set()
            inside.enter("m", "propose", actor="a", source="os", reason="1", at=AT)
            wait.wait(30)

    thread = threading.Thread(target=first)
    thread.start()
    begun.wait(30)
    threading.Timer(0.05, wait.set).start()
    with book.atomic() as inside:
        inside.enter("m", "propose", actor="b", source="os", reason="2", at=AT)
    thread.join()
    assert [row.reason for row in book.ledger()] == ["1", "2"]
    assert book.verify_ledger() is None


def test_a_writer_that_waits_too_long_is_told_so(book, monkeypatch):
    monkeypatch.setattr(opening, "_PATIENCE", 1)
    with (
        book.atomic(),
        pytest.raises(
            errors.LifecycleError, match="by another process for more than 1 seconds"
        ),
        book.atomic(),
    ):
        pass


def test_a_transaction_that_fails_leaves_nothing_and_lets_the_next_one_on(book):
    def fail() -> None:
        with book.atomic() as inside:
            inside.enter("m", "propose", actor="a", source="os", reason="r", at=AT)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert book.ledger() == []
    live(book)
    assert book.verify_ledger() is None


# -- making the tables -------------------------------------------------------------


def test_processes_that_make_one_registry_at_once_all_get_it(apart, server, tmp_path):
    url = server.new(encoding="UTF8")
    code = (
        "import fcntl, sys; from lifecycle.registry import Registry; "
        "fcntl.flock(open(sys.argv[2]), fcntl.LOCK_SH); "
        "print(Registry(sys.argv[1], artefacts=sys.argv[3]).verify_ledger())"
    )
    with (tmp_path / "ready").open("w") as gate:  # open to all at the same moment
        fcntl.flock(gate, fcntl.LOCK_EX)
        started = [apart.start(code, url, gate.name, tmp_path) for _ in range(3)]
    assert [(each.wait(120), each.out) for each in started] == [(0, "None\n")] * 3


def test_a_database_that_cannot_hold_every_name_is_refused(server, tmp_path):
    url = server.new(encoding="LATIN1")
    with pytest.raises(errors.LifecycleError, match=r"LATIN1.*ENCODING 'UTF8'"):
        registry.Registry(url, artefacts=tmp_path)


def test_a_registry_of_a_newer_release_is_refused_with_the_remedy(server, tmp_path):
    url = server.new()
    book = registry.Registry(url, artefacts=tmp_path)
    with raw(book) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
    with pytest.raises(errors.LifecycleError, match=r"newer release.*upgrade"):
        registry.Registry(url, artefacts=tmp_path)


def test_the_ledger_cannot_be_emptied_at_once(book):
    live(book)
    with raw(book) as connection, pytest.raises(Refused, match="ledger"):
        connection.execute("TRUNCATE ledger")


# -- a server that is not there ------------------------------------------------------


def test_a_server_that_refuses_is_one_sentence_without_the_password(tmp_path):
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        port = nobody.getsockname()[1]
        url = f"postgresql://anna:geheim7@127.0.0.1:{port}/book"
        with pytest.raises(errors.LifecycleError) as told:
            registry.Registry(url, artefacts=tmp_path)
    sentence = str(told.value)
    assert "anna:***@127.0.0.1" in sentence
    assert "refused" in sentence
    assert "geheim7" not in sentence
    assert "\n" not in sentence


def test_a_password_in_the_query_is_not_shown_either(tmp_path):
    url = "postgresql://anna@127.0.0.1:1/book?password=geheim7"
    with pytest.raises(errors.LifecycleError) as told:
        registry.Registry(url, artefacts=tmp_path)
    assert "geheim7" not in str(told.value)


def test_a_registry_does_not_show_a_password(server, tmp_path):
    with server.lent() as url:
        book = registry.Registry(f"{url}&password=geheim7", artefacts=tmp_path)
        assert "test_" in repr(book)
        assert "geheim7" not in repr(book)


def test_another_kind_of_server_is_refused(tmp_path):
    with pytest.raises(errors.LifecycleError, match="PostgreSQL server, and not in my"):
        registry.Registry("mysql://anna@127.0.0.1/book", artefacts=tmp_path)


def test_a_database_that_is_not_there_is_one_sentence(server, tmp_path):
    with pytest.raises(errors.LifecycleError, match='"nothing" does not exist'):
        registry.Registry(server.url("nothing"), artefacts=tmp_path)


def test_an_account_without_rights_is_one_sentence(server, tmp_path):
    url = server.new()
    server.say("CREATE ROLE guest LOGIN")
    with pytest.raises(errors.LifecycleError, match=r"permission denied.*give the"):
        registry.Registry(url.replace("lifecycle@", "guest@"), artefacts=tmp_path)


def test_a_connection_that_is_cut_in_a_move_is_one_sentence_and_nothing_is_kept(
    book, server
):
    def move() -> None:
        with book.atomic() as inside:
            inside.enter("m", "propose", actor="a", source="os", reason="r", at=AT)
            me = inside.connection.exec_driver_sql("SELECT pg_backend_pid()").scalar()
            server.say(f"SELECT pg_terminate_backend({me}, 5000)")
            inside.enter("m", "propose", actor="a", source="os", reason="r", at=AT)

    with pytest.raises(errors.LifecycleError, match="look whether the move was made"):
        move()
    assert book.ledger() == []
    live(book)


def test_a_server_that_was_started_again_is_used_as_before(tmp_path):
    with postgres.running() as own:
        book = registry.Registry(own.new(), artefacts=tmp_path)
        live(book)
        own.stop(signal.SIGQUIT)  # as if the power had gone
        with pytest.raises(errors.LifecycleError, match=r"cannot be used .* just now"):
            book.roles("m")
        own.start()
        live(book)
        assert book.roles("m")["production"].number == 2
        assert book.verify_ledger() is None


def test_a_server_that_is_about_to_start_is_waited_for(book, monkeypatch):
    real, tries = sa.Engine.connect, []

    def starting(engine):
        tries.append(1)
        if len(tries) < 3:
            words = Exception("FATAL:  the database system is starting up")
            raise sa.exc.OperationalError("", {}, words)
        return real(engine)

    monkeypatch.setattr(sa.Engine, "connect", starting)
    assert book.roles("m") == {}
    assert len(tries) == 3


# -- what both databases give back -------------------------------------------------


@pytest.mark.parametrize("zone", ["UTC", "Asia/Kolkata", "America/St_Johns"])
def test_a_moment_comes_back_in_utc_whatever_the_server_s_zone(server, tmp_path, zone):
    with server.lent() as url:
        there = f"{url}&options=-c%20TimeZone%3D{zone}"
        book = registry.Registry(there, artefacts=tmp_path)
        at = AT.replace(microsecond=123456)
        assert book.claim_slot("m", "audit", at)
        assert not book.claim_slot("m", "audit", at)
        assert book.last_slot("m", "audit") == at
        assert book.last_slot("m", "audit").tzinfo is UTC
        live(book)
        assert book.verify_ledger() is None
        assert registry.Registry(url, artefacts=tmp_path).verify_ledger() is None


def test_the_server_s_own_isolation_does_not_matter(server, tmp_path):
    url = server.new()
    server.say(
        "ALTER DATABASE " + postgres.name_of(url) + " SET "
        "default_transaction_isolation = 'serializable'"
    )
    book = registry.Registry(url, artefacts=tmp_path)
    live(book)
    with book.atomic() as inside:
        (level,) = inside.connection.exec_driver_sql("SHOW transaction_isolation").one()
    assert level == "read committed"
