"""What nothing needs is collected, and what is needed stays."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from lifecycle import errors, promotion, registry
from lifecycle.registry.artefacts import COLLECTED
from lifecycle.registry.pieces import Collection, Piece
from tests.databases import raw
from tests.shelf import AT, LATER, collect, promote, status, stored, versions


@pytest.fixture
def book(database, tmp_path: Path) -> registry.Registry:
    return database(tmp_path)


# ------------------------------------------------------------------ what goes


def test_a_version_that_nothing_needs_loses_its_file_and_keeps_its_record(book):
    before = versions(book, 3)[0]
    found = collect(book, last=1)
    assert [each.number for each in found.gone] == [1, 2]
    assert stored(book) == [3]
    after = book.version("leads", 1)
    assert (after.status, after.sha256) == (COLLECTED, before.sha256)
    assert after.created_at == before.created_at
    told = [(e.move, e.number) for e in book.ledger("leads")]
    assert told == [
        *[("register", n) for n in (1, 2, 3)],
        *[("collect", n) for n in (1, 2)],
    ]
    row = book.ledger("leads")[-1]
    assert row.evidence["artefact_sha256"] == book.version("leads", 2).sha256
    assert book.verify_ledger() is None


def test_loading_a_collected_version_is_one_sentence_with_the_remedy(book):
    stale = versions(book, 2)[0]
    collect(book)
    with pytest.raises(errors.ArtefactError, match=r"reproduce leads 1 --register"):
        book.load(book.version("leads", 1))
    with pytest.raises(errors.ArtefactError, match="cannot be read"):
        book.load(stale)


def test_nobody_returns_to_a_collected_version(book):
    versions(book, 4)
    for number in (1, 2, 3):
        promote(book, number)
    collect(book)
    assert status(book) == {
        1: "retired",
        2: "previous",
        3: "production",
        4: "candidate",
    }
    later = LATER + timedelta(days=1)
    promote(book, 4, at=later)
    assert status(book)[2] == "retired"
    collect(book, at=later + timedelta(days=400))
    assert status(book)[2] == COLLECTED
    with pytest.raises(errors.ArtefactError, match="was collected"):
        promotion.roll_back(book, "leads", actor="ana", reason="back", at=later, to=2)
    with pytest.raises(errors.ArtefactError, match="was collected"):
        promote(book, 2, at=later)
    assert book.roles("leads")["production"].number == 4


def test_collecting_twice_changes_nothing(book):
    versions(book, 3)
    collect(book)
    rows = len(book.ledger())
    assert collect(book).gone == ()
    assert len(book.ledger()) == rows


def test_a_dry_run_says_why_each_stays_and_touches_nothing(book):
    versions(book, 4)
    promote(book, 1)
    found = collect(book, dry_run=True)
    assert [each.number for each in found.gone] == [2, 3]
    why = {each.number: each.why for each in found.pieces if not each.goes}
    assert why == {1: "production", 4: "one of the newest 1"}
    assert stored(book) == [1, 2, 3, 4]
    assert COLLECTED not in status(book).values()
    assert found.sentence.endswith("would be removed, 2 stay")
    assert "production" in found._repr_html_()
    assert list(found.frame()["number"]) == [1, 2, 3, 4]
    assert found.facts()["bytes"] == found.size > 0


def test_numbers_of_collected_versions_are_not_used_again(book):
    versions(book, 3)
    collect(book)
    assert versions(book, 1)[0].number == 4


# ------------------------------------------------------------------ what stays


def test_roles_and_those_they_had_within_the_window_stay(book):
    versions(book, 6)
    promote(book, 1)
    promote(book, 2, at=LATER - timedelta(days=30))
    promote(book, 3, at=LATER - timedelta(days=20))
    promote(book, 4, at=LATER - timedelta(days=10), share=0.1)
    collect(book)
    assert stored(book) == [1, 2, 3, 4, 6]


def test_what_left_its_role_before_the_window_goes_unless_it_was_the_first(book):
    versions(book, 5)
    for number in (1, 2, 3, 4):
        promote(book, number)
    found = collect(book)
    assert [each.number for each in found.gone] == [2]
    why = {each.number: each.why for each in found.pieces}
    assert why[1].startswith("the first that went live")


def test_a_proposal_that_waits_keeps_its_version(book):
    versions(book, 3)
    promotion.propose(book, "leads", 2, author="ana", reason="r", evidence={}, at=AT)
    collect(book)
    assert stored(book) == [2, 3]


def test_an_open_renewal_keeps_the_version_it_made(book):
    renewal = promotion.begin_renewal(
        book,
        "leads",
        why="by hand",
        at=AT,
        holder="one#x",
        until=AT + timedelta(minutes=1),
        now=AT,
        moved=timedelta(days=1),
    )
    renewal = promotion.step_renewal(book, renewal, "decided", ruling={"action": "x"})
    made = book.register(
        "leads", recipe="r", estimator=[1], birth={}, author="a", at=AT, renewal=renewal
    )
    versions(book, 2)
    collect(book)
    assert stored(book) == [made.number, 3]


def test_a_row_of_the_ledger_within_the_window_keeps_its_version(book):
    versions(book, 2)
    versions(book, 1, at=LATER - timedelta(days=364))
    versions(book, 1, at=LATER - timedelta(days=366))
    versions(book, 1)
    collect(book)
    assert stored(book) == [3, 5]


def test_the_parent_of_a_version_that_stays_stays_too_and_so_does_its_parent(book):
    versions(book, 2)
    versions(book, 1, parent=1)
    versions(book, 1, parent=3)
    collect(book)
    assert stored(book) == [1, 3, 4]


def test_a_hold_keeps_a_version_until_it_is_released(book):
    versions(book, 3)
    told = {"actor": "Lea", "at": AT}
    promotion.hold(book, "leads", 1, reason="case 7", **told)
    assert promotion.held(book, "leads")[1].reason == "case 7"
    found = collect(book)
    assert stored(book) == [1, 3]
    assert "held by Lea: case 7" in {each.why for each in found.pieces}
    promotion.release(book, "leads", 1, reason="closed", **told)
    assert promotion.held(book, "leads") == {}
    collect(book)
    assert stored(book) == [3]
    assert [e.move for e in book.ledger()][3:] == [
        "hold",
        "collect",
        "release",
        "collect",
    ]


def test_holds_and_releases_that_make_no_sense_are_one_sentence_each(book):
    versions(book, 2)
    told = {"actor": "Lea", "at": AT}
    with pytest.raises(errors.IllegalMove, match="reason is missing"):
        promotion.hold(book, "leads", 1, reason=" ", **told)
    with pytest.raises(errors.UnknownVersion, match="no version 9"):
        promotion.hold(book, "leads", 9, reason="r", **told)
    with pytest.raises(errors.IllegalMove, match=r"1 of leads is not held.*held: none"):
        promotion.release(book, "leads", 1, reason="r", **told)
    promotion.hold(book, "leads", 1, reason="r", **told)
    with pytest.raises(errors.IllegalMove, match=r"held already, by Lea since 2023-05"):
        promotion.hold(book, "leads", 1, reason="r", **told)
    with pytest.raises(errors.NotAllowed, match="takes a person"):
        promotion.release(book, "leads", 1, reason="r", unattended=True, **told)
    promotion.release(book, "leads", 1, reason="r", **told)
    collect(book)
    with pytest.raises(errors.IllegalMove, match="nothing left to hold"):
        promotion.hold(book, "leads", 1, reason="r", **told)


def test_nothing_is_collected_by_a_ledger_that_was_altered(book):
    versions(book, 3)
    with raw(book) as connection:
        connection.disarm()
        connection.execute("UPDATE ledger SET reason = 'another' WHERE seq = 2")
    with pytest.raises(errors.LifecycleError, match=r"row 2 of the ledger.*backup"):
        collect(book)
    assert stored(book) == [1, 2, 3]


def test_a_collection_says_how_much_it_freed():
    piece = Piece("artefact", "leads", 1, "leads/1.skops", 3_500_000, "", goes=True)
    assert (
        repr(Collection((piece,)))
        == "<Collection 1 file of 3.5 MB was removed, 0 stay>"
    )
    assert Collection(()).sentence == "there is nothing to remove, 0 files stay"
