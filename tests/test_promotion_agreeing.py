"""Several persons approve, in time, and only those who may."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lifecycle import errors, promotion
from lifecycle.promotion import moving

AT = datetime(2024, 5, 6, tzinfo=UTC)
LATER = AT + timedelta(days=1)


@pytest.fixture
def book(database, tmp_path):
    made = database(tmp_path)
    for _ in range(2):
        made.register("leads", recipe="r", estimator=0, birth={}, author="anna", at=AT)
    first = asked(made, 1)
    promotion.approve(made, "leads", first.id, approver="dana", reason="go", at=AT)
    return made


def asked(book, number: int, **more):
    return promotion.propose(
        book, "leads", number, author="anna", reason="try", evidence={}, at=AT, **more
    )


def yes(book, proposal, who: str, **more):
    given = {"reason": "good", "at": LATER, **more}
    return promotion.approve(book, "leads", proposal.id, approver=who, **given)


def serving(book) -> int:
    return book.roles("leads")["production"].number


def test_the_version_goes_live_with_the_last_yes_that_is_needed(book) -> None:
    proposal = asked(book, 2, needed=3)
    one = yes(book, proposal, "ben", source="hub")
    assert one.sentence == (
        "proposal 2 of leads has 1 of 3 approvals; 2 more persons must approve it"
    )
    assert yes(book, proposal, "carl").sentence.endswith(
        "1 more person must approve it"
    )
    assert serving(book) == 1
    assert book.proposal("leads", 2).status == "pending"
    assert yes(book, proposal, "dana").proposal.status == "approved"
    assert serving(book) == 2
    assert [(a.approver, a.source, a.verified) for a in book.approvals("leads", 2)] == [
        ("ben", "hub", True),
        ("carl", "given", False),
        ("dana", "given", False),
    ]
    told = [(e.move, e.actor) for e in book.ledger("leads") if e.proposal == 2]
    assert told == [
        ("propose", "anna"),
        ("agree", "ben"),
        ("agree", "carl"),
        ("approve", "dana"),
    ]
    assert book.verify_ledger() is None


def test_the_same_person_counts_once_however_the_name_is_written(book) -> None:
    proposal = asked(book, 2, needed=2)
    yes(book, proposal, "Ben")
    with pytest.raises(errors.AlreadyDecided, match=r"BEN has approved .* 1 more"):
        yes(book, proposal, " BEN ")
    assert serving(book) == 1
    assert len(book.approvals("leads", 2)) == 1


def test_one_no_ends_it_whoever_said_yes_before(book) -> None:
    proposal = asked(book, 2, needed=2)
    yes(book, proposal, "ben")
    promotion.reject(book, "leads", 2, approver="carl", reason="no", at=LATER)
    with pytest.raises(errors.AlreadyDecided, match="was rejected by carl"):
        yes(book, proposal, "dana")
    assert serving(book) == 1


def test_only_who_may_and_is_vouched_for_can_approve(book) -> None:
    proposal = asked(book, 2)
    with pytest.raises(errors.NotAllowed, match="eve may not decide it; ben, carl or"):
        yes(book, proposal, "eve", approvers=["ben", "carl", "dana"])
    with pytest.raises(errors.NotAllowed, match="nobody vouches for the name ben"):
        yes(book, proposal, "ben", verified=True, source="os")
    assert serving(book) == 1
    yes(book, proposal, "BEN", approvers=["ben"], verified=True, source="hub")
    assert serving(book) == 2


def test_after_its_time_a_proposal_can_only_be_made_again(book) -> None:
    proposal = asked(book, 2, expires_at=LATER)
    with pytest.raises(errors.Stale, match="until 2024-05-07 00:00 UTC; propose"):
        yes(book, proposal, "ben", at=LATER)
    assert promotion.expire(book, "leads", actor="clock", at=AT) == []
    (over,) = promotion.expire(book, "leads", actor="clock", at=LATER)
    assert over.entry.move == "expire"
    assert over.proposal.status == "withdrawn"
    assert promotion.expire(book, "leads", actor="clock", at=LATER) == []
    assert (serving(book), book.verify_ledger()) == (1, None)
    assert asked(book, 2).id == 3


def test_a_yes_to_what_is_not_what_was_shown_is_stale(book) -> None:
    proposal = asked(book, 2, needed=2)
    with pytest.raises(errors.Stale, match="not what was shown"):
        yes(book, proposal, "ben", digest="0" * 64)
    assert book.approvals("leads", 2) == []


def test_a_release_in_between_makes_the_first_yes_stale_too(book) -> None:
    third = book.register(
        "leads", recipe="r", estimator=0, birth={}, author="anna", at=AT
    )
    proposal, other = asked(book, 2, needed=2), asked(book, third.number)
    yes(book, other, "dana")
    with pytest.raises(errors.Stale, match="compared with version 1"):
        yes(book, proposal, "ben")
    assert book.approvals("leads", proposal.id) == []


def test_nobody_can_take_an_approval_back_behind_the_book(book) -> None:
    from tests.databases import Refused, raw

    proposal = asked(book, 2, needed=2)
    yes(book, proposal, "ben")
    with raw(book) as database:
        with pytest.raises(Refused, match="an approval is never removed"):
            database.execute("DELETE FROM approval")
        with pytest.raises(Refused, match="an approval is never changed"):
            database.execute("UPDATE approval SET approver = 'eve'")


@given(
    names=st.lists(st.sampled_from(["ben", "Ben", "carl", "dana", "eve"]), max_size=6),
    may=st.lists(st.sampled_from(["ben", "carl", "dana"]), unique=True),
)
def test_whoever_is_let_through_is_on_the_list(names, may) -> None:
    for name in names:
        try:
            moving.allowed(name, "given", approvers=may, verified=False)
        except errors.NotAllowed:
            assert may
            assert name.lower() not in may
        else:
            assert not may or name.lower() in may


@pytest.mark.parametrize(
    "spelled", ["José Silva", " josé  SILVA", "JOSE\u0301 SILVA", "\uff2aosé Silva"]
)
def test_a_name_is_one_person_however_it_is_spelled(book, spelled) -> None:
    proposal = promotion.propose(
        book, "leads", 2, author="josé silva", reason="r", evidence={}, at=AT, needed=2
    )
    with pytest.raises(errors.NotAllowed, match="takes a second person"):
        yes(book, proposal, spelled, two_persons=True)
    yes(book, proposal, "José Silva")
    with pytest.raises(errors.AlreadyDecided, match="has approved"):
        yes(book, proposal, spelled)


@pytest.mark.parametrize("more", [{"target": "production"}, {"share": 0.5}])
def test_several_persons_approve_what_is_proposed_and_nothing_else(book, more) -> None:
    proposal = asked(book, 2, target="experimental", share=0.05, needed=2)
    yes(book, proposal, "ben", target="experimental", share=0.05)
    with pytest.raises(errors.IllegalMove, match="2 approvals of what it asks for"):
        yes(book, proposal, "carl", **more)
    assert [each.approver for each in book.approvals("leads", 2)] == ["ben"]


@pytest.mark.parametrize(
    "change", ["needed = 1", "expires_at = NULL", "expires_at = '2030-01-01 00:00:00'"]
)
def test_terms_altered_in_the_database_are_stale(book, change) -> None:
    from tests.databases import raw

    proposal = asked(book, 2, needed=2, expires_at=LATER + timedelta(days=9))
    with raw(book) as database:
        database.execute(f"UPDATE proposal SET {change} WHERE id = {proposal.id}")
    with pytest.raises(errors.Stale, match="not what was shown"):
        yes(book, proposal, "ben")


def test_the_first_signs_of_a_digest_are_enough_and_fewer_are_not(book) -> None:
    proposal = asked(book, 2)
    for shown in (proposal.digest[:7], "", proposal.digest + "0", "0" * 8):
        with pytest.raises(errors.Stale, match="not what was shown"):
            yes(book, proposal, "ben", digest=shown)
    yes(book, proposal, "ben", digest=proposal.digest[:8])
    assert serving(book) == 2


def test_one_person_does_not_widen_around_the_others(book) -> None:
    yes(book, asked(book, 2, target="experimental", share=0.05), "ben")

    def widen(share: float, **more):
        given = {"actor": "carl", "reason": "r", "at": LATER, **more}
        return promotion.widen(book, "leads", share=share, **given)

    with pytest.raises(errors.NotAllowed, match="carl may not decide it; ben may"):
        widen(0.5, approvers=["ben"])
    with pytest.raises(errors.NotAllowed, match="nobody vouches"):
        widen(0.5, verified=True)
    with pytest.raises(errors.NotAllowed, match="takes 2 persons; propose it for"):
        widen(1.0, approvals=2)
    with pytest.raises(errors.NotAllowed, match=r"51% .* 2 persons; propose it with"):
        widen(0.51, approvals=2, alone_up_to=0.5)
    with pytest.raises(errors.NotAllowed, match=r"10% .* takes 2 persons"):
        widen(0.1, approvals=2)  # nothing alone unless it is said
    widen(0.5, approvals=2, alone_up_to=0.5)
    more = asked(book, 2, target="experimental", share=0.8, needed=2)
    yes(book, more, "ben")
    assert book.roles("leads")["experimental"].share == 0.5
    assert yes(book, more, "carl").sentence.endswith("on trial with 80% of the traffic")
    assert book.roles("leads")["experimental"].share == 0.8
    with pytest.raises(errors.IllegalMove, match=r"has 80% .* got 0.2"):
        asked(book, 2, target="experimental", share=0.2)
    proposal = asked(book, 2, needed=2)
    yes(book, proposal, "ben")
    yes(book, proposal, "carl")
    assert serving(book) == 2


def test_an_approver_is_known_by_name_and_by_address_and_counts_once(book) -> None:
    may = ["Ana Silva <ana@bank.example>", "Rui Costa", "mia@bank.example"]
    proposal = asked(book, 2, needed=3)
    yes(book, proposal, "ana silva", approvers=may)
    for again in ("ana@bank.example", "Ana Silva <ANA@bank.example>"):
        with pytest.raises(errors.AlreadyDecided, match="2 more persons"):
            yes(book, proposal, again, approvers=may)
    with pytest.raises(errors.NotAllowed, match="may not decide it"):
        yes(book, proposal, "Ana Silva <ana@elsewhere.example>", approvers=may)
    yes(book, proposal, "Rui Costa <rui@bank.example>", approvers=may)
    yes(book, proposal, "Mia Lund <mia@bank.example>", approvers=may)
    assert serving(book) == 2


def test_the_author_under_another_name_is_no_second_person(book) -> None:
    proposal = promotion.propose(
        book, "leads", 2, author="Ana Silva", reason="r", evidence={}, at=AT
    )
    may = ["Ana Silva <ana@bank.example>", "Rui Costa"]
    with pytest.raises(errors.NotAllowed, match="takes a second person"):
        yes(book, proposal, "ana@bank.example", two_persons=True, approvers=may)


def test_nothing_that_several_must_approve_goes_live_by_itself(book) -> None:
    proposal = promotion.propose(
        book,
        "leads",
        2,
        author="clock",
        reason="r",
        evidence={"passed": True, "saved": {"lower": 0.1}},
        at=AT,
        needed=2,
    )
    bounds = promotion.Bounds(auto=True, target="production")
    with pytest.raises(errors.NotAllowed, match="2 persons must approve it"):
        promotion.promote_within(
            book,
            "leads",
            proposal.id,
            actor="clock",
            at=LATER + timedelta(days=30),
            bounds=bounds,
            action="retrain",
        )
    assert serving(book) == 1


# -- shadow and retire ---------------------------------------------------------------


def move(verb, book, number, **more):
    return verb(book, "leads", number, actor="anna", reason="r", at=LATER, **more)


def test_a_shadow_serves_nothing_and_is_promoted_like_any_other(book) -> None:
    move(promotion.shadow, book, 2)
    roles = book.roles("leads")
    assert (roles["shadow"].number, roles["shadow"].share) == (2, 0.0)
    assert roles["production"].share == 1.0
    assert book.version("leads", 2).status == "shadow"
    with pytest.raises(
        errors.IllegalMove, match="version 2 of leads is shadow already"
    ):
        move(promotion.shadow, book, 2)
    yes(book, asked(book, 2), "ben")
    assert "shadow" not in book.roles("leads")
    assert serving(book) == 2


def test_a_second_shadow_is_one_sentence(book) -> None:
    book.register("leads", recipe="r", estimator=0, birth={}, author="anna", at=AT)
    move(promotion.shadow, book, 2)
    with pytest.raises(errors.IllegalMove, match="is the shadow already; unshadow it"):
        move(promotion.shadow, book, 3)
    move(promotion.retire, book, 2)
    assert book.version("leads", 2).status == "candidate"
    move(promotion.shadow, book, 3)


def test_who_serves_cannot_be_retired_and_the_backup_takes_a_person(book) -> None:
    yes(book, asked(book, 2), "ben")
    with pytest.raises(errors.IllegalMove, match="in production; promote another"):
        move(promotion.retire, book, 2)
    with pytest.raises(errors.NotAllowed, match="giving it up takes a person"):
        move(promotion.retire, book, 1, automatic=True)
    move(promotion.retire, book, 1)
    assert set(book.roles("leads")) == {"production"}
    with pytest.raises(errors.IllegalMove, match="has no role"):
        move(promotion.retire, book, 1)


def test_a_trial_that_ends_without_blame_leaves_all_traffic_to_production(book) -> None:
    proposal = asked(book, 2, target="experimental", share=0.05)
    yes(book, proposal, "ben")
    assert book.roles("leads")["experimental"].share == 0.05
    move(promotion.retire, book, 2, automatic=True)
    assert book.roles("leads")["production"].share == 1.0
    assert book.version("leads", 2).status == "retired"
    assert asked(book, 2, automatic=True).number == 2


def test_the_stamp_changes_with_every_move_of_its_model_only(book) -> None:
    before = book.stamp("leads")
    book.register("other", recipe="r", estimator=0, birth={}, author="anna", at=AT)
    assert book.stamp("leads") == before
    move(promotion.shadow, book, 2)
    assert book.stamp("leads") > before
    assert book.stamp("nobody") == 0


def test_a_shadow_does_not_wash_off_that_a_version_was_rolled_back(book) -> None:
    yes(book, asked(book, 2), "ben")
    promotion.roll_back(book, "leads", actor="guard", reason="worse", at=LATER)
    move(promotion.shadow, book, 2)
    move(promotion.retire, book, 2)
    assert book.version("leads", 2).status == "rolled back"
    with pytest.raises(errors.NotAllowed, match="only a person may propose it again"):
        asked(book, 2, automatic=True)
