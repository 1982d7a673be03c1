from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from lifecycle import errors, promotion, registry
from lifecycle.promotion import Standing
from lifecycle.registry import Role
from tests.databases import Refused, raw

AT = datetime(2023, 5, 1, 12, tzinfo=UTC)
LATER = datetime(2023, 5, 2, 12, tzinfo=UTC)


@pytest.fixture
def book(database, tmp_path: Path) -> registry.Registry:
    made = database(tmp_path)
    for number in range(1, 5):
        made.register(
            "leads", recipe="plain", estimator=[number], birth={}, author="anna", at=AT
        )
    return made


def propose(book, number, **more):
    given = {"author": "anna", "reason": "better", "evidence": {"gain": 0.05}, "at": AT}
    return promotion.propose(book, "leads", number, **{**given, **more})


def approve(book, id, **more):
    given = {"approver": "ben", "reason": "convinced", "at": LATER}
    return promotion.approve(book, "leads", id, **{**given, **more})


def live(book, *numbers):
    """Bring versions into production, one after the other."""
    for number in numbers:
        approve(book, propose(book, number).id)


def on_trial(book, number, share=0.1):
    asked = propose(book, number, target="experimental", share=share)
    return approve(book, asked.id)


def roll_back(book, **more):
    given = {"actor": "guard", "source": "automatic", "reason": "worse", "at": LATER}
    return promotion.roll_back(book, "leads", **{**given, **more})


def widen(book, share=1.0, **more):
    given = {"actor": "ben", "reason": "it holds", "at": LATER}
    return promotion.widen(book, "leads", share=share, **{**given, **more})


def statuses(book):
    return {v.number: v.status for v in book.versions("leads")}


# ------------------------------------------------------------------ proposing


def test_a_proposal_waits_and_moves_nothing(book):
    asked = propose(book, 1)
    assert (asked.id, asked.status, asked.target, asked.share) == (
        1,
        "pending",
        "production",
        1.0,
    )
    assert promotion.pending(book, "leads") == [asked]
    assert book.roles("leads") == {}
    assert book.ledger("leads")[-1].move == "propose"


def test_proposals_are_counted_per_model(book):
    book.register("churn", recipe="", estimator=[0], birth={}, author="a", at=AT)
    propose(book, 1)
    other = promotion.propose(
        book, "churn", 1, author="a", reason="r", evidence={}, at=AT
    )
    assert other.id == 1
    assert len(promotion.pending(book, "leads")) == 1


def test_a_version_that_is_proposed_already_is_not_proposed_again(book):
    propose(book, 1)
    with pytest.raises(errors.IllegalMove, match=r"proposed already \(proposal 1\)"):
        propose(book, 1)


def test_a_version_that_does_not_exist_is_not_proposed(book):
    with pytest.raises(errors.UnknownVersion, match="no version 9"):
        propose(book, 9)


def test_the_first_version_cannot_go_on_trial(book):
    with pytest.raises(errors.IllegalMove, match="no production version"):
        propose(book, 1, target="experimental")


@pytest.mark.parametrize("share", [0.0, 1.0, -0.1, 1.5, float("nan")])
def test_a_share_outside_0_to_1_is_refused(book, share):
    live(book, 1)
    with pytest.raises(errors.IllegalMove, match="must lie between 0 and 1"):
        propose(book, 2, target="experimental", share=share)


def test_an_unknown_target_is_refused(book):
    with pytest.raises(errors.IllegalMove, match="production or experimental"):
        propose(book, 1, target="shadow")


def test_what_is_in_production_is_not_proposed_for_it(book):
    live(book, 1)
    with pytest.raises(errors.IllegalMove, match="in production already"):
        propose(book, 1)


@pytest.mark.parametrize(
    "blank", ["", "   ", "\n\t", "\x00", None, "\u200b\u2060", "\x1b\x07"]
)
def test_nobody_moves_without_a_reason(book, blank):
    with pytest.raises(errors.IllegalMove, match="the reason is missing"):
        propose(book, 1, reason=blank)
    asked = propose(book, 1)
    with pytest.raises(errors.IllegalMove, match="the reason is missing"):
        approve(book, asked.id, reason=blank)
    with pytest.raises(errors.IllegalMove, match="the name is missing"):
        approve(book, asked.id, approver=blank)
    with pytest.raises(errors.IllegalMove, match="the reason is missing"):
        roll_back(book, reason=blank)
    assert promotion.pending(book, "leads") == [asked]


def test_what_nobody_reads_is_no_reason(book):
    for more in ({"reason": "x" * 10_001}, {"author": "x" * 301}):
        with pytest.raises(errors.IllegalMove, match="say it in a few words"):
            propose(book, 1, **more)
    assert propose(book, 1, reason="x" * 10_000, author="x" * 300).id == 1


# ------------------------------------------------------------------ approving


def test_the_first_approval_gives_a_production_version_without_a_previous_one(book):
    move = approve(book, propose(book, 1).id)
    assert move.roles == book.roles("leads") == {"production": Role(1, 1.0)}
    assert move.sentence == "version 1 of leads is in production"
    assert move.proposal.status == "approved"
    assert promotion.pending(book, "leads") == []


def test_the_production_version_becomes_the_previous_one(book):
    live(book, 1, 2)
    assert book.roles("leads") == {
        "production": Role(2, 1.0),
        "previous": Role(1, 0.0),
    }
    live(book, 3)
    assert statuses(book) == {
        1: "retired",
        2: "previous",
        3: "production",
        4: "candidate",
    }


def test_the_ledger_says_who_approved_what_and_why(book):
    live(book, 1)
    asked = propose(book, 2, evidence={"report": "sha256:abc"})
    entry = approve(book, asked.id, source="hub", reason="  two good weeks ").entry
    assert entry == book.ledger("leads")[-1]
    assert (entry.actor, entry.source, entry.verified) == ("ben", "hub", True)
    assert (entry.move, entry.number, entry.proposal) == ("approve", 2, asked.id)
    assert entry.reason == "two good weeks"
    assert entry.at == LATER
    assert entry.evidence["report"] == "sha256:abc"
    assert entry.evidence["digest"] == asked.digest
    assert entry.evidence["artefact_sha256"] == book.version("leads", 2).sha256
    assert entry.before["production"] == 1
    assert entry.after == {
        "production": 2,
        "previous": 1,
        "experimental": None,
        "share": 0.0,
        "shadow": None,
    }
    assert book.verify_ledger() is None


def test_a_trial_gets_its_share(book):
    live(book, 1)
    move = on_trial(book, 2, 0.05)
    assert book.roles("leads") == {
        "production": Role(1, 0.95),
        "experimental": Role(2, 0.05),
    }
    assert move.sentence == "version 2 of leads is on trial with 5% of the traffic"


def test_an_approver_may_choose_a_trial_instead(book):
    live(book, 1)
    move = approve(book, propose(book, 2).id, target="experimental", share=0.2)
    assert move.roles["experimental"] == Role(2, 0.2)
    assert move.entry.evidence["target"] == "experimental"


def test_an_approver_who_names_no_share_gives_a_twentieth(book):
    live(book, 1)
    move = approve(book, propose(book, 2).id, target="experimental")
    assert move.roles["experimental"] == Role(2, 0.05)


def test_an_approver_may_choose_production_instead_of_a_trial(book):
    live(book, 1)
    asked = propose(book, 2, target="experimental")
    assert approve(book, asked.id, target="production").roles["production"].number == 2


def test_a_proposal_is_decided_once(book):
    asked = propose(book, 1)
    approve(book, asked.id)
    rows = len(book.ledger())
    with pytest.raises(
        errors.AlreadyDecided, match="was approved by ben on 2023-05-02"
    ):
        approve(book, asked.id)
    with pytest.raises(errors.AlreadyDecided):
        promotion.reject(book, "leads", 1, approver="c", reason="no", at=LATER)
    with pytest.raises(errors.AlreadyDecided):
        promotion.withdraw(book, "leads", 1, actor="c", reason="no", at=LATER)
    assert len(book.ledger()) == rows


def test_the_database_itself_refuses_to_decide_twice(book):
    live(book, 1)
    with raw(book) as connection:
        with pytest.raises(Refused, match="decided once"):
            connection.execute("UPDATE proposal SET status = 'pending'")
        with pytest.raises(Refused, match="never removed"):
            connection.execute("DELETE FROM proposal")


def test_what_was_shown_is_what_is_approved(book):
    asked = propose(book, 1)
    with pytest.raises(errors.Stale, match="look at it again"):
        approve(book, asked.id, digest="0" * 64)
    assert book.roles("leads") == {}
    approve(book, asked.id, digest=asked.digest)


def test_a_proposal_altered_in_the_database_is_stale(book):
    asked = propose(book, 1)
    with raw(book) as connection:
        connection.execute("UPDATE proposal SET number = 2")
    with pytest.raises(errors.Stale):
        approve(book, asked.id)


def test_the_digest_speaks_of_everything_that_is_shown(book):
    live(book, 1)
    shown = [
        {},
        {"reason": "cheaper"},
        {"author": "cleo"},
        {"evidence": {"gain": 0.06}},
    ]
    shown += [{"at": LATER}, {"target": "experimental"}]
    shown += [{"target": "experimental", "share": 0.2}]
    digests = set()
    for more in shown:
        asked = propose(book, 2, **more)
        digests.add(asked.digest)
        promotion.withdraw(book, "leads", asked.id, actor="a", reason="r", at=AT)
    digests.add(propose(book, 3).digest)
    assert len(digests) == len(shown) + 1


def test_evidence_against_another_production_version_is_stale(book):
    live(book, 1)
    first, second = propose(book, 2), propose(book, 3)
    approve(book, first.id)
    with pytest.raises(
        errors.Stale, match="compared with version 1, and version 2 is in production"
    ):
        approve(book, second.id)
    promotion.reject(book, "leads", second.id, approver="b", reason="old", at=LATER)


def test_two_persons_means_another_one(book):
    asked = propose(book, 1, author="Anna  Berg")
    with pytest.raises(errors.NotAllowed, match="takes a second person"):
        approve(book, asked.id, approver=" anna berg", two_persons=True)
    approve(book, asked.id, approver="ben", two_persons=True)


def test_one_person_may_approve_what_they_proposed_where_one_is_enough(book):
    approve(book, propose(book, 1, author="anna").id, approver="anna")


def test_a_run_without_a_person_approves_rejects_and_widens_nothing(book):
    asked = propose(book, 1)
    with pytest.raises(errors.NotAllowed, match="takes a person; this run has none"):
        approve(book, asked.id, unattended=True)
    with pytest.raises(errors.NotAllowed, match="takes a person; this run has none"):
        promotion.reject(
            book, "leads", 1, approver="b", reason="r", at=AT, unattended=True
        )
    approve(book, asked.id)
    on_trial(book, 2)
    with pytest.raises(errors.NotAllowed, match="takes a person; this run has none"):
        widen(book, unattended=True)


def test_a_version_whose_artefact_was_altered_does_not_go_live(book):
    asked = propose(book, 1)
    (book.artefacts / "leads" / "1.skops").write_bytes(b"another")
    with pytest.raises(errors.ArtefactError, match="was altered"):
        approve(book, asked.id)
    assert promotion.pending(book, "leads") == [asked]
    assert book.roles("leads") == {}


def test_another_version_does_not_overtake_a_trial(book):
    live(book, 1)
    asked = propose(book, 3)
    on_trial(book, 2)
    with pytest.raises(errors.IllegalMove, match="version 2 of leads is on trial"):
        approve(book, asked.id)
    with pytest.raises(errors.IllegalMove, match="is on trial already"):
        approve(book, asked.id, target="experimental")


# ------------------------------------------------------ rejecting, withdrawing


def test_a_rejected_version_says_so_and_can_be_proposed_again(book):
    asked = propose(book, 1)
    move = promotion.reject(
        book, "leads", asked.id, approver="ben", reason="thin evidence", at=LATER
    )
    assert move.proposal.status == "rejected"
    assert move.proposal.decision_reason == "thin evidence"
    assert statuses(book)[1] == "rejected"
    approve(book, propose(book, 1).id)
    assert statuses(book)[1] == "production"


def test_a_rejection_takes_no_role_away(book):
    live(book, 1)
    on_trial(book, 2)
    asked = propose(book, 2)
    promotion.reject(book, "leads", asked.id, approver="b", reason="wait", at=LATER)
    assert statuses(book)[2] == "experimental"


def test_a_withdrawn_proposal_leaves_a_candidate(book):
    asked = propose(book, 1)
    move = promotion.withdraw(
        book, "leads", asked.id, actor="anna", reason="a mistake", at=LATER
    )
    assert (move.entry.move, move.proposal.status) == ("withdraw", "withdrawn")
    assert statuses(book)[1] == "candidate"


def test_a_rejection_of_what_was_not_shown_is_stale(book):
    propose(book, 1)
    with pytest.raises(errors.Stale):
        promotion.reject(
            book, "leads", 1, approver="b", reason="r", at=AT, digest="0" * 64
        )


# ------------------------------------------------------------------ widening


def test_a_trial_is_widened_and_then_promoted(book):
    live(book, 1)
    on_trial(book, 2, 0.1)
    assert widen(book, 0.5).roles["experimental"] == Role(2, 0.5)
    assert widen(book).roles == {"production": Role(2, 1.0), "previous": Role(1, 0.0)}
    assert [entry.move for entry in book.ledger("leads")[-2:]] == ["widen", "widen"]


@pytest.mark.parametrize("share", [0.1, 0.05, 0.0, 1.01, float("nan")])
def test_a_trial_is_only_ever_widened(book, share):
    live(book, 1)
    on_trial(book, 2, 0.1)
    with pytest.raises(errors.IllegalMove, match="can only be widened"):
        widen(book, share)


def test_without_a_trial_nothing_is_widened(book):
    live(book, 1)
    with pytest.raises(errors.IllegalMove, match="no version of leads is on trial"):
        widen(book)


def test_two_persons_also_holds_for_widening(book):
    live(book, 1)
    on_trial(book, 2)
    with pytest.raises(errors.NotAllowed, match="widening takes a second person"):
        widen(book, actor="anna", two_persons=True)
    widen(book, actor="ben", two_persons=True)


# ------------------------------------------------------------------ rolling back


def test_rolling_back_ends_a_trial_first(book):
    live(book, 1, 2)
    on_trial(book, 3)
    move = roll_back(book, automatic=True)
    assert move.roles == {"production": Role(2, 1.0), "previous": Role(1, 0.0)}
    assert statuses(book)[3] == "rolled back"
    assert move.entry.evidence["automatic"] is True
    assert move.entry.verified is False


def test_rolling_back_returns_to_the_previous_version(book):
    live(book, 1, 2)
    move = roll_back(book, evidence={"accuracy": 0.4})
    assert move.roles == {"production": Role(1, 1.0)}
    assert move.sentence == (
        "version 2 of leads was rolled back; version 1 has all the traffic"
    )
    assert statuses(book)[2] == "rolled back"
    assert move.entry.evidence["accuracy"] == 0.4


def test_rolling_back_twice_is_a_sentence(book):
    live(book, 1, 2)
    roll_back(book)
    with pytest.raises(errors.IllegalMove, match="no previous version to return to"):
        roll_back(book)


def test_without_a_production_version_nothing_is_rolled_back(book):
    with pytest.raises(errors.IllegalMove, match="nothing to roll back"):
        roll_back(book)


def test_rolling_back_to_a_version_by_its_number(book):
    live(book, 1, 2, 3)
    assert roll_back(book, to=1).roles == {
        "production": Role(1, 1.0),
        "previous": Role(2, 0.0),
    }
    assert statuses(book)[3] == "rolled back"


def test_rolling_back_production_also_ends_the_trial_beside_it(book):
    live(book, 1, 2)
    on_trial(book, 3)
    assert roll_back(book, to=1).roles == {"production": Role(1, 1.0)}
    assert statuses(book)[2] == "rolled back"
    assert statuses(book)[3] == "retired"


def test_rolling_back_to_what_is_in_production_is_a_sentence(book):
    live(book, 1, 2)
    with pytest.raises(errors.IllegalMove, match="in production already"):
        roll_back(book, to=2)
    with pytest.raises(errors.UnknownVersion):
        roll_back(book, to=9)


def test_nobody_rolls_back_to_a_version_that_was_never_approved(book):
    live(book, 1, 2)
    approve(book, propose(book, 3, target="experimental").id)
    roll_back(book)
    for number, status in ((3, "rolled back"), (4, "candidate")):
        assert statuses(book)[number] == status
        with pytest.raises(errors.IllegalMove, match="was never in production; propo"):
            roll_back(book, to=number)
    assert book.roles("leads")["production"].number == 2


def test_a_trial_is_widened_and_not_rolled_back_to(book):
    live(book, 1)
    on_trial(book, 2)
    with pytest.raises(errors.IllegalMove, match="was never in production; propose"):
        roll_back(book, to=2)


def test_only_a_person_returns_to_a_version_that_was_rolled_back(book):
    live(book, 1, 2)
    roll_back(book)
    with pytest.raises(errors.NotAllowed, match="only a person may return to it"):
        roll_back(book, to=2, automatic=True)
    assert roll_back(book, to=2).roles["production"].number == 2


def test_nothing_is_rolled_back_to_an_altered_artefact(book):
    live(book, 1, 2)
    (book.artefacts / "leads" / "1.skops").write_bytes(b"another")
    with pytest.raises(errors.ArtefactError):
        roll_back(book)
    assert book.roles("leads")["production"].number == 2


def test_only_a_person_proposes_again_what_was_rolled_back(book):
    live(book, 1, 2)
    roll_back(book)
    with pytest.raises(errors.NotAllowed, match="only a person may propose it again"):
        propose(book, 2, automatic=True)
    approve(book, propose(book, 2).id)
    assert statuses(book)[2] == "production"


def test_pending_proposals_of_a_version_that_is_rolled_back_are_withdrawn(book):
    live(book, 1)
    other = propose(book, 3)
    on_trial(book, 2)
    asked = propose(book, 2)
    roll_back(book)
    assert book.proposal("leads", asked.id).status == "withdrawn"
    assert promotion.pending(book, "leads") == [other]
    assert [entry.move for entry in book.ledger("leads")[-2:]] == [
        "roll back",
        "withdraw",
    ]


# ------------------------------------------------------------------ the machine


def test_a_standing_is_not_changed_by_a_move():
    standing = Standing("leads", production=1)
    standing.experiment(2, 0.1)
    assert standing == Standing("leads", production=1)


def test_the_previous_version_can_be_promoted_again():
    standing = Standing("leads").promote(1).promote(2).promote(1)
    assert (standing.production, standing.previous) == (1, 2)


def test_a_version_with_a_role_does_not_go_on_trial():
    standing = Standing("leads").promote(1).promote(2)
    with pytest.raises(errors.IllegalMove, match="is previous already"):
        standing.experiment(1, 0.1)


def test_a_failing_move_leaves_the_world_as_it_was(book, monkeypatch):
    from lifecycle.registry.writing import Writing

    asked = propose(book, 1)
    rows = book.ledger()

    def broken(*_args, **_more):
        raise OSError("the disk is gone")

    monkeypatch.setattr(Writing, "enter", broken)
    with pytest.raises(OSError, match="the disk is gone"):
        approve(book, asked.id)
    assert book.roles("leads") == {}
    assert promotion.pending(book, "leads") == [asked]
    assert book.ledger() == rows
