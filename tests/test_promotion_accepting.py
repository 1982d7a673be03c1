from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from lifecycle import errors, promotion, registry

AT = datetime(2023, 5, 1, 12, tzinfo=UTC)


@pytest.fixture
def book(database, tmp_path: Path) -> registry.Registry:
    made = database(tmp_path)
    for number in (1, 2):
        made.register(
            "leads", recipe="plain", estimator=[number], birth={}, author="anna", at=AT
        )
        go_live(made, number, AT + timedelta(days=10 * (number - 1)))
    return made


def go_live(book: registry.Registry, number: int, at: datetime) -> None:
    asked = promotion.propose(
        book, "leads", number, author="anna", reason="new", evidence={}, at=at
    )
    promotion.approve(book, "leads", asked.id, approver="ben", reason="yes", at=at)


def accept(book: registry.Registry, **more: object) -> registry.Entry:
    given = {"chunks": ["2023-W20"], "actor": "ana", "reason": "new form", "at": LATER}
    return promotion.accept(book, "leads", ["visits"], **{**given, **more})


LATER = AT + timedelta(days=30)
DAY = timedelta(days=1)


def test_what_is_accepted_is_signed_in_the_ledger(book: registry.Registry) -> None:
    entry = accept(book)
    assert (entry.move, entry.actor, entry.reason) == (
        "accept drift",
        "ana",
        "new form",
    )
    assert entry.evidence == {"features": ["visits"], "chunks": ["2023-W20"]}
    assert book.verify_ledger() is None
    assert book.roles("leads")["production"].number == 2


def test_it_holds_from_its_moment_for_the_version_in_production_alone(
    book: registry.Registry,
) -> None:
    accept(book)
    told = promotion.accepted(book, "leads", number=2, as_of=LATER)
    assert told["visits"].chunks == ("2023-W20",)
    before = LATER - timedelta(seconds=1)
    assert promotion.accepted(book, "leads", number=2, as_of=before) == {}
    assert promotion.accepted(book, "leads", number=1, as_of=LATER) == {}


def test_the_last_act_on_a_feature_counts(book: registry.Registry) -> None:
    accept(book)
    accept(book, chunks=["2023-W22"], at=LATER + timedelta(days=1))
    told = promotion.accepted(book, "leads", number=2, as_of=LATER + timedelta(days=2))
    assert told["visits"].chunks == ("2023-W22",)


@pytest.mark.parametrize(
    ("more", "sentence"),
    [
        ({"reason": " "}, "the reason is missing"),
        ({"actor": ""}, "the name is missing"),
        ({"chunks": []}, "nothing is named to accept"),
    ],
)
def test_nothing_is_accepted_without_name_reason_and_chunk(
    book: registry.Registry, more: dict[str, object], sentence: str
) -> None:
    with pytest.raises(errors.IllegalMove, match=sentence):
        accept(book, **more)


def test_a_run_without_a_person_accepts_nothing(book: registry.Registry) -> None:
    with pytest.raises(errors.NotAllowed, match="takes a person"):
        accept(book, unattended=True)


def test_nothing_is_normal_before_the_first_version(tmp_path: Path) -> None:
    empty = registry.Registry(tmp_path / "registry.db")
    with pytest.raises(errors.IllegalMove, match="no version of leads"):
        accept(empty)


# -- withdrawing -------------------------------------------------------------------


def withdraw(book: registry.Registry, *features: str, **more: object) -> registry.Entry:
    given = {"actor": "rui", "reason": "a mistake", "at": LATER + DAY}
    return promotion.withdraw_acceptance(book, "leads", features, **{**given, **more})


def held(book: registry.Registry, at: datetime) -> dict[str, promotion.Accepted]:
    return promotion.accepted(book, "leads", number=2, as_of=at)


def test_what_was_accepted_can_be_withdrawn_and_both_stay_in_the_ledger(
    book: registry.Registry,
) -> None:
    accept(book)
    entry = withdraw(book)
    assert (entry.move, entry.actor) == ("withdraw acceptance", "rui")
    assert entry.evidence == {"features": ["visits"]}
    assert held(book, LATER + DAY) == {}
    assert set(held(book, LATER)) == {"visits"}
    assert [e.move for e in book.ledger("leads")][-2:] == ["accept drift", entry.move]
    assert book.verify_ledger() is None


def test_what_was_withdrawn_can_be_accepted_again(book: registry.Registry) -> None:
    accept(book)
    withdraw(book)
    accept(book, chunks=["2023-W22"], at=LATER + 2 * DAY)
    assert held(book, LATER + 2 * DAY)["visits"].chunks == ("2023-W22",)


def test_the_features_that_are_not_named_stay_accepted(book: registry.Registry) -> None:
    accept(book)
    signed = {"actor": "ana", "reason": "too", "at": LATER}
    promotion.accept(book, "leads", ["age"], chunks=["2023-W20"], **signed)
    withdraw(book, "age")
    assert set(held(book, LATER + DAY)) == {"visits"}


def test_what_is_not_accepted_cannot_be_withdrawn(book: registry.Registry) -> None:
    with pytest.raises(errors.IllegalMove, match="accepted: nothing"):
        withdraw(book)
    accept(book)
    with pytest.raises(errors.IllegalMove, match="no drift of 'age' of leads"):
        withdraw(book, "age")
    withdraw(book, "visits")
    with pytest.raises(errors.IllegalMove, match="accepted: nothing"):
        withdraw(book)


def test_withdrawing_takes_a_reason_and_a_person(book: registry.Registry) -> None:
    accept(book)
    with pytest.raises(errors.IllegalMove, match="the reason is missing"):
        withdraw(book, reason=" ")
    with pytest.raises(errors.NotAllowed, match="takes a person"):
        withdraw(book, unattended=True)
    assert set(held(book, LATER + DAY)) == {"visits"}
