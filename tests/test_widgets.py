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
        self.registry = SimpleNamespace(renewals=lambda name: self.renewals)

    def approve(self, name: str, proposal: int, **said: Any) -> None:
        self._note("approve", proposal, said)

    def reject(self, name: str, proposal: int, **said: Any) -> None:
        self._note("reject", proposal, said)

    def _note(self, verb: str, proposal: int, said: dict[str, Any]) -> None:
        if self.refusal:
            raise self.refusal
        self.asked.append((verb, proposal, said))


def view(desk: Desk, waiting: registry.Proposal | None) -> Any:
    return SimpleNamespace(
        name="leads", as_of=AT, workspace=desk, proposal=lambda: waiting
    )


@pytest.fixture
def attended(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("LIFECYCLE_UNATTENDED", raising=False)


def parts(panel: Any) -> tuple[Any, Any, Any, Any]:
    _, reason, buttons, status = panel.children
    approve, reject = buttons.children
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
    assert '`lifecycle approve leads 4 --reason "…"`' in str(told["next"])
    assert widgets.facts(None) == {}
