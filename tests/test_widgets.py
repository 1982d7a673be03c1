"""The panel decides exactly what it showed, with a reason, or says why not."""

from __future__ import annotations

from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import pytest

from lifecycle import errors, registry, widgets

AT = datetime(2023, 10, 2, tzinfo=UTC)


def proposed(**changes: Any) -> registry.Proposal:
    facts: dict[str, Any] = {
        "model": "leads",
        "id": 4,
        "number": 3,
        "target": "production",
        "share": 1.0,
        "against": 2,
        "digest": "d" * 64,
        "status": "pending",
        "author": "lifecycle",
        "reason": "retrain on the last 13 weeks",
        "created_at": AT,
        "evidence": {"passed": True, "gate": "It is right in 86.0% of 800 rows."},
    }
    return registry.Proposal(**(facts | changes))


class Desk:
    """A workspace that notes what it is asked, and may refuse."""

    def __init__(self, refusal: errors.LifecycleError | None = None) -> None:
        self.asked: list[tuple[str, Any, dict[str, Any]]] = []
        self.refusal = refusal
        self.renewals: list[Any] = []
        self.approvals: list[registry.Approval] = []
        self.needed = 1
        self.registry = SimpleNamespace(
            renewals=lambda name: self.renewals,
            approvals=lambda name, id: self.approvals,
        )

    def approve(self, name: str, proposal: int, **said: Any) -> Any:
        move = self._note("approve", proposal, said)
        self.approvals = [*self.approvals, approved("Carl", "os", verified=False)]
        left = self.needed - len(self.approvals)
        if left > 0:
            move.proposal.status = "pending"
            move.sentence = f"{left} more must approve it"
        return move

    def reject(self, name: str, proposal: int, **said: Any) -> Any:
        return self._note("reject", proposal, said)

    def _note(self, verb: str, proposal: int, said: dict[str, Any]) -> Any:
        if self.refusal:
            raise self.refusal
        self.asked.append((verb, proposal, said))
        decided = SimpleNamespace(status="approved")
        return SimpleNamespace(sentence="done", proposal=decided)


def approved(name: str, source: str, *, verified: bool) -> registry.Approval:
    return registry.Approval("leads", 4, name, source, verified, "ok", "d" * 64, AT)


def view(desk: Desk, waiting: registry.Proposal | None) -> Any:
    return SimpleNamespace(
        name="leads", as_of=AT, workspace=desk, proposal=lambda: waiting
    )


@pytest.fixture
def attended(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("LIFECYCLE_UNATTENDED", raising=False)


def parts(panel: Any) -> tuple[Any, Any, Any, Any]:
    _, reason, buttons, status = panel.children
    approve, *_, reject = buttons.children
    return reason, approve, reject, status


@pytest.mark.usefixtures("attended")
def test_without_a_reason_no_button_works() -> None:
    desk = Desk()
    reason, approve, reject, _ = parts(widgets.approval(view(desk, proposed())))
    assert approve.disabled
    assert reject.disabled
    reason.value = "   "
    assert approve.disabled
    reason.value = "better on all weeks"
    assert not approve.disabled
    assert not reject.disabled


@pytest.mark.usefixtures("attended")
@pytest.mark.parametrize("verb", ["approve", "reject"])
def test_a_click_is_one_call_with_the_digest_that_was_shown(verb: str) -> None:
    desk = Desk()
    reason, approve, reject, status = parts(widgets.approval(view(desk, proposed())))
    reason.value = "better on all weeks"
    (approve if verb == "approve" else reject).click()
    assert desk.asked == [
        (verb, 4, {"reason": "better on all weeks", "digest": "d" * 64})
    ]
    assert verb[:6] in status.value.lower()
    assert approve.disabled
    assert reject.disabled
    assert reason.disabled


@pytest.mark.usefixtures("attended")
def test_a_refusal_is_shown_and_the_reason_stays() -> None:
    desk = Desk(errors.Stale("proposal 4 of leads is not what was shown; look again"))
    reason, approve, _, status = parts(widgets.approval(view(desk, proposed())))
    reason.value = "better"
    approve.click()
    assert 'role="alert"' in status.value
    assert "look again" in status.value
    assert reason.value == "better"
    assert not approve.disabled


@pytest.mark.usefixtures("attended")
def test_what_people_wrote_is_escaped() -> None:
    hostile = "<img src=x onerror=alert(1)>"
    desk = Desk(errors.IllegalMove(hostile))
    waiting = proposed(reason=hostile, author=hostile)
    panel = widgets.approval(view(desk, waiting))
    reason, approve, _, status = parts(panel)
    reason.value = hostile
    approve.click()
    assert "<img" not in panel.children[0].value
    assert "<img" not in status.value


@pytest.mark.usefixtures("attended")
def test_the_panel_can_be_reached_by_label_and_has_a_live_region() -> None:
    reason, approve, reject, status = parts(widgets.approval(view(Desk(), proposed())))
    assert reason.description == "Reason"
    assert (approve.description, reject.description) == ("Approve", "Reject")
    assert 'aria-live="polite"' in status.value


def test_a_run_without_a_person_gets_a_sentence_instead(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("LIFECYCLE_UNATTENDED", "1")
    shown = widgets.approval(view(Desk(), proposed()))
    assert isinstance(shown, widgets.Static)
    assert "lifecycle approve leads 4" in repr(shown)


def test_nothing_to_decide_is_said() -> None:
    assert "nothing to decide" in repr(widgets.approval(view(Desk(), None)))
    assert "nothing to decide" in repr(widgets.proposal(None))


def test_a_candidate_that_failed_the_gate_is_named_with_its_reasons() -> None:
    desk = Desk()
    failed = SimpleNamespace(
        as_of=AT,
        is_open=False,
        outcome="failed the gate",
        sentence="leads: version 3 is not proposed; <b>too slow</b>.",
    )
    desk.renewals = [failed]
    shown = widgets.approval(view(desk, None))
    assert "version 3 is not proposed; <b>too slow</b>. It is kept" in repr(shown)
    assert "&lt;b&gt;too slow" in shown.html
    kept = SimpleNamespace(**(vars(failed) | {"outcome": "kept", "sentence": "keep"}))
    desk.renewals = [failed, kept]
    assert "too slow" not in repr(widgets.approval(view(desk, None)))


def test_a_trial_is_named_by_its_share_of_the_traffic() -> None:
    waiting = proposed(target="experimental", share=0.1)
    assert "10% of the traffic" in widgets.waiting(waiting)


@pytest.mark.usefixtures("attended")
def test_a_gate_that_is_not_passed_is_said_before_the_click() -> None:
    waiting = proposed(evidence={"passed": False, "gate": "Worse."})
    assert "not passed" in parts(widgets.approval(view(Desk(), waiting)))[3].value
    assert "gate" not in parts(widgets.approval(view(Desk(), proposed())))[3].value


def test_many_reasons_of_the_gate_are_counted_not_recited() -> None:
    gate = "Right in 67.3% of 768 rows. Not passed: worse. Not passed: b. And c."
    said = widgets.waiting(proposed(evidence={"passed": False, "gate": gate}))
    assert said.endswith(
        "Right in 67.3% of 768 rows. Not passed: worse. There are 2 more reasons."
    )


def test_a_record_tells_a_program_what_waits_and_how_to_decide() -> None:
    told = widgets.facts(proposed())
    assert (told["proposal"], told["version"]) == (4, 3)
    command = '`lifecycle approve leads 4 --digest dddddddddddd --reason "…"`'
    assert command in str(told["next"])
    assert widgets.facts(None) == {}


@pytest.mark.usefixtures("attended")
def test_the_panel_tells_how_many_have_approved_and_who() -> None:
    desk = Desk()
    desk.needed, desk.approvals = 3, [approved("<b>Ben</b>", "hub", verified=True)]
    until = datetime(2023, 10, 16, tzinfo=UTC)
    panel = widgets.approval(view(desk, proposed(needed=3, expires_at=until)))
    assert "1 of 3: &lt;b&gt;Ben&lt;/b&gt; (hub, verified)" in panel.children[0].value
    assert "2023-10-16 00:00 UTC" in panel.children[0].value
    reason, approve, reject, status = parts(panel)
    reason.value = "convinced"
    approve.click()
    assert "2 of 3" in panel.children[0].value
    assert "Carl (os, not verified)" in panel.children[0].value
    assert "Your approval is noted: 1 more must approve it" in status.value
    assert "Approved" not in status.value
    assert approve.disabled
    assert reject.disabled


@pytest.mark.usefixtures("attended")
def test_the_last_approval_that_is_needed_says_approved() -> None:
    desk = Desk()
    desk.needed, desk.approvals = 2, [approved("Ben", "hub", verified=True)]
    reason, approve, _, status = parts(widgets.approval(view(desk, proposed(needed=2))))
    reason.value = "convinced"
    approve.click()
    assert "Approved: version 3. Reason: convinced" in status.value


def test_a_run_without_a_person_tells_how_many_are_needed() -> None:
    desk = Desk()
    desk.approvals = [approved("Ben", "hub", verified=True)]
    shown = widgets.approval(view(desk, proposed(needed=2)), unattended=True)
    assert "waits for 2 persons (1 of 2: Ben (hub, verified))" in repr(shown)


# -- several persons, and a trial first -------------------------------------------


def test_the_card_tells_who_has_approved_how_that_is_known_and_until_when() -> None:
    given = [
        approved("Ben", "hub", verified=True),
        approved("<i>", "os", verified=False),
    ]
    card = widgets.proposal(proposed(needed=3, expires_at=AT), given)._repr_html_()
    assert "2 of 3: Ben (hub, verified), &lt;i&gt; (os, not verified)" in card
    assert "2023-10-02 00:00 UTC" in card
    assert "Approvals" not in widgets.proposal(proposed())._repr_html_()


def test_what_is_proposed_for_all_traffic_can_start_with_a_share(
    attended: None,
) -> None:
    desk = Desk()
    panel = widgets.approval(view(desk, proposed()))
    reason, _, _, status = parts(panel)
    canary = panel.children[2].children[1]
    assert (canary.description, canary.disabled) == ("Start with a share", True)
    reason.value = "slowly"
    canary.click()
    ((verb, id, said),) = desk.asked
    assert (verb, id, said["target"], said["digest"]) == (
        "approve",
        4,
        "experimental",
        "d" * 64,
    )
    assert "Approved as a trial: version 3." in status.value


@pytest.mark.parametrize(
    "first", [{"against": None}, {"target": "experimental"}, {"needed": 2}]
)
def test_a_first_version_a_trial_or_what_several_approve_has_no_share_to_start_with(
    attended: None, first: dict[str, Any]
) -> None:
    panel = widgets.approval(view(Desk(), proposed(**first)))
    assert len(panel.children[2].children) == 2
