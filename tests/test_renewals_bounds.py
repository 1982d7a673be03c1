"""Within which bounds a candidate goes live without a person."""

from __future__ import annotations

import re
from typing import Any

import pytest

from lifecycle import errors, promotion
from lifecycle.promotion import Bounds
from lifecycle.registry import Registry
from tests.renewal_book import AT, DAY, SAVED, proposed, register
from tests.renewal_book import book as book

# -- live without a person -----------------------------------------------------

FINE: dict[str, Any] = {
    "action": "retrain",
    "saved": 0.02,
    "at": AT,
    "moved_at": AT - 7 * DAY,
    "experimental": None,
    "rolled_back": False,
}


def test_within_all_bounds_the_sentence_names_them() -> None:
    held, words = promotion.within(Bounds(auto=True), **FINE)
    assert held
    assert words == (
        "retrain may go live by itself; at least +0.020 errors saved a row, more than "
        "0 are asked for; the last move is 7 days ago, at least 7 are asked for"
    )


@pytest.mark.parametrize(
    ("settings", "told", "sentence"),
    [
        ({"auto": False}, {}, "nothing go live by itself"),
        ({"two_persons": True}, {}, "a second person"),
        ({}, {"action": "rebuild"}, "rebuild takes a person; recalibrate, retrain may"),
        ({"actions": ()}, {}, "retrain takes a person; nothing may"),
        ({}, {"action": "roll_back"}, "roll back takes a person"),
        ({}, {"rolled_back": True}, "was rolled back before"),
        ({}, {"experimental": 3}, "version 3 is on trial"),
        ({"min_saved": 0.02}, {}, r"saves at least \+0.020 .* more than 0.02"),
        ({}, {"saved": 0.0}, r"at least \+0.000"),
        ({}, {"saved": float("nan")}, r"at least \+nan"),
        ({}, {"moved_at": AT - 6.5 * DAY}, "6.5 days ago, at least 7"),
    ],
)
def test_each_bound_that_is_broken_is_named(
    settings: dict[str, Any], told: dict[str, Any], sentence: str
) -> None:
    held, words = promotion.within(
        Bounds(**{"auto": True, **settings}), **{**FINE, **told}
    )
    assert not held
    assert re.search(sentence, words), words


@pytest.mark.parametrize("target", ["production", "experimental"])
def test_a_version_within_bounds_goes_live_and_the_ledger_says_automatic(
    book: Registry, target: Any
) -> None:
    renewal = proposed(book)
    bounds = Bounds(auto=True, target=target, share=0.2)
    move = promotion.promote_within(
        book,
        "m",
        renewal.proposal or 0,
        bounds=bounds,
        action="retrain",
        actor="lifecycle",
        at=AT + 7 * DAY,
        renewal=renewal,
    )
    role = move.roles[target]
    assert (role.number, role.share) == (2, 1.0 if target == "production" else 0.2)
    entry = book.ledger("m")[-1]
    assert (entry.move, entry.source, entry.verified) == ("approve", "automatic", False)
    assert entry.reason.startswith("automatic, within bounds: retrain may go live")
    assert entry.evidence["automatic"] is True
    assert entry.evidence["bounds"]["saved_at_least"] == 0.02
    (ended,) = book.renewals("m")
    assert (ended.outcome, ended.is_open) == ("promoted", False)
    assert "without a person: retrain may go live by itself" in ended.sentence
    assert book.proposal("m", 2).status == "approved"
    assert book.verify_ledger() is None


@pytest.mark.parametrize(
    ("evidence", "days", "settings", "sentence"),
    [
        (SAVED, 6, {}, "the last move is 6 days ago"),
        ({**SAVED, "passed": False}, 9, {}, "has not passed the gate"),
        ({"passed": True}, 9, {}, r"at least \+nan errors"),
        ({}, 9, {}, r"at least \+nan errors"),
        (SAVED, 9, {"two_persons": True}, "a second person"),
        (SAVED, 9, {"auto": False}, "nothing go live by itself"),
    ],
)
def test_out_of_bounds_it_waits_for_a_person(
    book: Registry,
    evidence: dict[str, Any],
    days: int,
    settings: dict[str, Any],
    sentence: str,
) -> None:
    renewal = proposed(book, evidence)
    before = book.ledger(), book.roles("m")
    with pytest.raises(errors.NotAllowed, match=sentence) as told:
        promotion.promote_within(
            book,
            "m",
            renewal.proposal or 0,
            bounds=Bounds(**{"auto": True, **settings}),
            action="retrain",
            actor="lifecycle",
            at=AT + days * DAY,
            renewal=renewal,
        )
    assert str(told.value).endswith("proposal 2 waits for a person")
    assert (book.ledger(), book.roles("m")) == before
    assert book.renewals("m") == [renewal]


def refused(book: Registry, proposal: int, match: str) -> None:
    """A proposal that nothing takes live without a person, whatever it saves."""
    with pytest.raises(errors.NotAllowed, match=match):
        promotion.promote_within(
            *(book, "m", proposal),
            bounds=Bounds(auto=True, target="production"),
            action="retrain",
            actor="lifecycle",
            at=AT + 9 * DAY,
        )


def asked(book: Registry, number: int) -> int:
    made = promotion.propose(
        book, "m", number, author="a", reason="r", evidence=SAVED, at=AT
    )
    return made.id


def test_a_version_that_was_rolled_back_never_returns_by_itself(book: Registry) -> None:
    first = asked(book, register(book))
    promotion.approve(book, "m", first, approver="b", reason="go", at=AT)
    promotion.roll_back(book, "m", actor="lifecycle", reason="worse", at=AT)
    refused(book, asked(book, 2), "was rolled back before")


def test_nothing_joins_a_trial_by_itself(book: Registry) -> None:
    first = asked(book, register(book))
    promotion.approve(
        book, "m", first, approver="b", reason="go", at=AT, target="experimental"
    )
    refused(book, asked(book, 2), "version 2 is on trial")


def test_an_approval_still_takes_a_person(book: Registry) -> None:
    renewal = proposed(book)
    with pytest.raises(errors.NotAllowed, match="takes a person"):
        promotion.approve(
            book,
            "m",
            renewal.proposal or 0,
            approver="lifecycle",
            reason="r",
            at=AT,
            unattended=True,
        )
