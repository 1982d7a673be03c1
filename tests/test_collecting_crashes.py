"""A collection that dies, races, or is asked of a whole workspace."""

from __future__ import annotations

import os
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import lifecycle
from lifecycle import config, errors, promotion, recipes, registry
from lifecycle.registry import collecting
from lifecycle.registry.artefacts import COLLECTED
from lifecycle.workspace import collecting as workspace_collecting
from tests.shelf import AT, collect, promote, status, stored, versions

DAY = 86_400
SETTINGS = """\
[models.leads]
owner = "Ana Silva"
task = "binary"
id = "lead"
time = "at"
outcome = "won"
label_delay_days = 14
[models.leads.features]
numeric = ["visits"]
[models.leads.artefacts]
keep_days = 100
keep_last = 1
"""


@pytest.fixture
def book(tmp_path: Path) -> registry.Registry:
    return registry.Registry(tmp_path / "registry.db")


# ------------------------------------------------------------------ crashes


class Died(BaseException):
    """The process ends here."""


@pytest.mark.parametrize("after", range(3))
def test_a_crash_after_the_commit_leaves_files_that_the_next_one_takes(
    book, monkeypatch, after
):
    versions(book, 4)
    unlink, done = Path.unlink, []

    def dying(self, **more):
        if len(done) == after:
            raise Died
        done.append(self)
        unlink(self, **more)

    with monkeypatch.context() as patched:
        patched.setattr(Path, "unlink", dying)
        with pytest.raises(Died):
            collect(book)
    assert len(stored(book)) == 4 - after
    assert list(status(book).values()).count(COLLECTED) == 3
    for number in (1, 2, 3):  # none of them is loaded, file or not
        with pytest.raises(errors.ArtefactError, match="was collected"):
            book.load(book.version("leads", number))
    rows = len(book.ledger())
    collect(book)
    assert stored(book) == [4]
    assert len(book.ledger()) == rows


def test_a_crash_before_the_commit_leaves_everything(book, monkeypatch):
    versions(book, 3)

    def dying(*_told):
        raise Died

    with monkeypatch.context() as patched:
        patched.setattr(collecting, "remove", dying)
        with pytest.raises(Died):
            collect(book)
    assert stored(book) == [1, 2, 3]
    assert COLLECTED not in status(book).values()
    assert [e.move for e in book.ledger()] == ["register"] * 3


def left(book, name, age_days, content=b"left"):
    path = book.artefacts / "leads" / name
    path.write_bytes(content)
    when = path.stat().st_mtime - age_days * DAY
    os.utime(path, (when, when))
    return path


def test_what_died_processes_left_goes_after_a_day_and_nothing_else(book, tmp_path):
    versions(book, 1)
    gone = [left(book, ".abc.tmp", 2), left(book, "7.skops", 2)]
    victim = tmp_path / "victim"
    victim.write_text("precious")
    link = book.artefacts / "leads" / ".link.tmp"
    link.symlink_to(victim)
    os.utime(link, (1, 1), follow_symlinks=False)
    (book.artefacts / "leads" / "9.skops").mkdir()
    stays = [
        left(book, ".young.tmp", 0.5),
        left(book, "8.skops", 0.5),
        left(book, "notes.txt", 900),
        left(book, "mine.skops", 900),
    ]
    found = collect(book)
    assert {each.path for each in found.gone} == {
        "leads/.abc.tmp",
        "leads/7.skops",
        "leads/.link.tmp",
    }
    assert not any(path.exists() for path in gone)
    assert all(path.exists() for path in stays)
    assert victim.read_text() == "precious"
    assert not os.path.lexists(link)


def test_a_directory_that_is_a_link_is_not_collected_from(book, tmp_path):
    versions(book, 2)
    (book.artefacts / "leads").rename(tmp_path / "elsewhere")
    (book.artefacts / "leads").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(errors.ArtefactError, match="link to elsewhere"):
        collect(book)
    assert len(list((tmp_path / "elsewhere").iterdir())) == 2


@settings(max_examples=10)
@given(
    moves=st.lists(
        st.tuples(
            st.sampled_from(["register", "promote", "try", "hold", "back", "release"]),
            st.integers(1, 6),
            st.integers(0, 300),
        ),
        max_size=10,
    ),
    last=st.integers(1, 3),
)
def test_whatever_was_moved_every_version_with_a_role_or_a_hold_still_loads(
    tmp_path_factory, moves, last
):
    book = registry.Registry(tmp_path_factory.mktemp("moved") / "registry.db")
    at = AT
    versions(book, 2)
    for what, number, days in moves:
        at += timedelta(days=days)
        told = {"actor": "ana", "reason": "r", "at": at}
        try:
            if what == "register":
                versions(book, 1, at=at)
            elif what == "promote":
                promote(book, number, at=at)
            elif what == "try":
                promote(book, number, at=at, share=0.2)
            elif what == "back":
                promotion.roll_back(book, "leads", **told)
            else:
                getattr(promotion, what)(book, "leads", number, **told)
        except errors.LifecycleError:
            continue
        collect(book, at=at, days=30, last=last)
        loads = {role.number for role in book.roles("leads").values()}
        loads |= set(promotion.held(book, "leads"))
        loads |= {each.number for each in book.versions("leads")[-last:]}
        for each in book.versions("leads"):
            if each.number in loads:
                book.load(each)
            assert (each.status == COLLECTED) == (each.number not in stored(book))
    assert book.verify_ledger() is None


# ------------------------------------------------------------------ the workspace


@pytest.fixture
def desk(tmp_path: Path):
    (tmp_path / config.FILE).write_text(SETTINGS)
    (tmp_path / "recipes").mkdir()
    return lifecycle.open(tmp_path)


def test_the_command_line_collects_by_the_settings_and_holds(desk, terminal):
    w = desk.directory
    versions(desk.registry, 4)
    at = (AT + timedelta(days=101)).isoformat()
    code, out, _ = terminal(
        "hold", "leads", 2, "--reason", "case 7", "--as", "Lea", "-w", w
    )
    assert (code, "release-hold leads 2" in out) == (0, True)
    code, out, _ = terminal("collect", "--dry-run", "--as-of", at, "-w", w)
    assert "held by Lea: case 7" in out
    assert "2 files of 0.0 MB would be removed, 2 stay" in out
    code, out, _ = terminal("collect", "leads", "--as-of", at, "-w", w)
    assert (code, stored(desk.registry)) == (0, [2, 4])
    code, _, err = terminal("release-hold", "leads", 4, "--reason", "x", "-w", w)
    assert (code, "is not held" in err) == (30, True)
    terminal("release-hold", "leads", 2, "--reason", "x", "-w", w)
    later = (AT + timedelta(days=4000)).isoformat()
    code, out, _ = terminal("collect", "--json", "--as-of", later, "-w", w)
    assert '"kind": "artefact"' in out
    assert stored(desk.registry) == [4]
    code, out, _ = terminal("history", "leads", "-w", w)
    assert "collect" in out


def test_sources_of_recipes_go_when_no_version_ever_named_them(desk):
    folder = desk.directory / "recipes"
    named, alone = recipes.load("ridge"), recipes.load("boosted_trees")
    ridge = recipes.keep(named, folder)
    versions(desk.registry, 2, recipe_sha256=named.source_sha256)
    other = ridge.with_name("0" * 64 + ".py")
    young = ridge.with_name("1" * 64 + ".py")
    for path in (other, young):
        path.write_text("x = 1\n")
    for path in (ridge, other):
        os.utime(path, (1, 1))
    found = workspace_collecting.collect(desk, as_of=AT + timedelta(days=4000))
    assert [each.path for each in found.gone if each.kind == "recipe"] == [
        f"recipes/.versions/{other.name}"
    ]
    assert status(desk.registry)[1] == COLLECTED  # and yet its source stays
    assert ridge.exists()
    assert young.exists()
    assert not other.exists()
    assert alone.source_sha256 == named.source_sha256  # both are in the library's file
