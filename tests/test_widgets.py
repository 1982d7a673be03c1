"""The approval panel decides exactly what it showed, with a reason, or says why not."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import pytest

from lifecycle import errors, evaluation, registry, widgets
from tests.panels import control, names, shown, status

AT = datetime(2023, 10, 2, tzinfo=UTC)
HOSTILE = "<img src=x onerror=alert(1)>"


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

    def __init__(
        self,
        waiting: registry.Proposal | None = None,
        refusal: errors.LifecycleError | None = None,
    ) -> None:
        self.asked: list[tuple[str, Any, dict[str, Any]]] = []
        self.waiting, self.refusal = waiting, refusal
        self.renewals: list[Any] = []
        self.approvals: list[registry.Approval] = []
        self.tested: Any = None
        self.reading: Any = None
        self.registry = SimpleNamespace(
            renewals=lambda name: self.renewals,
            approvals=lambda name, id: self.approvals,
        )

    def view(self, name: str = "") -> Any:
        return SimpleNamespace(
            name="leads",
            as_of=AT,
            workspace=self,
            proposal=lambda: self.waiting,
            evaluation=self._evaluation,
            trial=lambda: self.reading,
            card=self._card,
        )

    def _evaluation(self) -> Any:
        if isinstance(self.tested, errors.LifecycleError):
            raise self.tested
        return self.tested

    def _card(self, number: int) -> Any:
        html = f'<section id="data"><h2>Data</h2><p>card of {number}</p></section>'
        return SimpleNamespace(_repr_html_=lambda: html)

    def approve(self, name: str, proposal: int, **said: Any) -> Any:
        self._note("approve", proposal, said)
        assert self.waiting is not None
        self.approvals = [*self.approvals, approved("Carl", "os", verified=False)]
        left = self.waiting.needed - len(self.approvals)
        if left > 0:
            told = f"{left} more must approve it"
            return SimpleNamespace(sentence=told, proposal=self.waiting)
        return self._decided("approved", said)

    def reject(self, name: str, proposal: int, **said: Any) -> Any:
        self._note("reject", proposal, said)
        return self._decided("rejected", said)

    def _note(self, verb: str, proposal: int, said: dict[str, Any]) -> None:
        if self.refusal:
            raise self.refusal
        self.asked.append((verb, proposal, said))

    def _decided(self, word: str, said: dict[str, Any]) -> Any:
        assert self.waiting is not None
        over = replace(
            self.waiting,
            status=word,
            decided_at=AT,
            decided_by="Carl",
            decision_reason=said["reason"],
        )
        self.waiting = None
        return SimpleNamespace(sentence="done", proposal=over)


def approved(name: str, source: str, *, verified: bool) -> registry.Approval:
    return registry.Approval("leads", 4, name, source, verified, "ok", "d" * 64, AT)


def panel_of(desk: Desk) -> Any:
    return widgets.approval(desk.view(), unattended=False)


# -- deciding ---------------------------------------------------------------------


def test_without_a_reason_no_button_works() -> None:
    desk = Desk(proposed())
    panel = panel_of(desk)
    reason, verbs = control(panel, "Reason"), ("Approve", "Reject", "Ask for a canary")
    assert all(control(panel, verb).disabled for verb in verbs)
    reason.value = "   "
    assert all(control(panel, verb).disabled for verb in verbs)
    control(panel, "Approve").click()  # a program can, a person cannot
    assert "the reason is missing" in status(panel)
    assert desk.asked == []
    reason.value = "better on all weeks"
    assert not any(control(panel, verb).disabled for verb in verbs)


@pytest.mark.parametrize("verb", ["approve", "reject"])
def test_a_click_is_one_call_with_the_digest_that_was_shown(verb: str) -> None:
    desk = Desk(proposed())
    panel = panel_of(desk)
    control(panel, "Reason").value = " better on all weeks "
    control(panel, verb.capitalize()).click()
    assert desk.asked == [
        (verb, 4, {"reason": "better on all weeks", "digest": "d" * 64})
    ]
    assert verb[:6] in status(panel).lower()
    for name in ("Reason", "Approve", "Reject"):
        assert control(panel, name).disabled
    assert not control(panel, "Look again").disabled
    assert "ed by Carl on 2023-10-02 00:00 UTC: better on all weeks" in shown(panel)


def test_a_second_click_decides_nothing() -> None:
    desk = Desk(proposed())
    panel = panel_of(desk)
    control(panel, "Reason").value = "better"
    for name in ("Approve", "Approve", "Reject"):
        control(panel, name).click()
    assert len(desk.asked) == 1
    assert "this panel has decided already" in status(panel)


def test_clicks_of_several_threads_are_one_decision() -> None:
    desk = Desk(proposed())
    panel = panel_of(desk)
    control(panel, "Reason").value = "better"
    with ThreadPoolExecutor(8) as pool:
        for _ in range(8):
            pool.submit(control(panel, "Approve").click)
    assert len(desk.asked) == 1


def test_what_is_proposed_for_all_traffic_can_be_asked_for_as_a_canary() -> None:
    desk = Desk(proposed())
    panel = panel_of(desk)
    control(panel, "Reason").value = "slowly"
    control(panel, "Ask for a canary").click()
    ((verb, id, said),) = desk.asked
    assert (verb, id, said["target"]) == ("approve", 4, "experimental")
    assert said["digest"] == "d" * 64
    assert "Approved as a canary: version 3. Reason: slowly" in status(panel)


@pytest.mark.parametrize(
    "first", [{"against": None}, {"target": "experimental"}, {"needed": 2}]
)
def test_a_first_version_a_trial_or_what_several_approve_is_no_canary(
    first: dict[str, Any],
) -> None:
    assert "Ask for a canary" not in names(panel_of(Desk(proposed(**first))))


# -- stale ------------------------------------------------------------------------


def test_a_refusal_is_shown_the_reason_stays_and_looking_again_shows_what_is() -> None:
    told = errors.Stale("proposal 4 of leads is not what was shown; look again")
    desk = Desk(proposed(), told)
    panel = panel_of(desk)
    reason, again = control(panel, "Reason"), control(panel, "Look again")
    reason.value = "better"
    control(panel, "Approve").click()
    assert 'role="alert"' in status(panel)
    assert "Not done: proposal 4 of leads is not what was shown" in status(panel)
    assert "lc-wanted" in again._dom_classes
    assert reason.value == "better"
    assert not control(panel, "Approve").disabled
    desk.waiting, desk.refusal = proposed(id=5, digest="e" * 64), None
    again.click()
    assert "Proposal 5 is new here: look at it first" in status(panel)
    assert "lc-wanted" not in again._dom_classes
    assert reason.value == "better"
    control(panel, "Approve").click()
    assert [(id, said["digest"]) for _, id, said in desk.asked] == [(5, "e" * 64)]


def test_looking_again_at_the_same_says_so_and_where_nothing_waits_that() -> None:
    desk = Desk(proposed())
    panel = panel_of(desk)
    control(panel, "Look again").click()
    assert "This is proposal 4 as it stands now" in status(panel)
    desk.waiting = None
    control(panel, "Look again").click()
    assert "there is nothing to decide" in status(panel)
    assert names(panel) == ["Look again"]
    desk.waiting = proposed(id=6)
    control(panel, "Look again").click()
    assert "Proposal 6 is new here" in status(panel)
    assert "Approve" in names(panel)


def test_what_nobody_has_foreseen_is_said_and_goes_on_to_the_log(
    caplog: pytest.LogCaptureFixture,
) -> None:
    desk = Desk(proposed())
    panel = panel_of(desk)
    control(panel, "Reason").value = "better"
    desk.refusal = RuntimeError("the disk is full of <b>")  # type: ignore[assignment]
    control(panel, "Approve").click()
    assert "the disk is full of <b>" in caplog.text
    assert "the disk" not in status(panel)
    assert 'role="alert"' in status(panel)
    assert "something happened that nobody has foreseen" in status(panel)


# -- what is shown ----------------------------------------------------------------


def test_the_controls_have_labels_and_there_is_a_live_region() -> None:
    panel = panel_of(Desk(proposed()))
    expected = ["Reason", "Approve", "Ask for a canary", "Reject", "Look again"]
    assert names(panel) == expected
    assert 'role="status" aria-live="polite"' in status(panel)


def test_champion_and_candidate_stand_side_by_side_with_segments_and_money() -> None:
    desk = Desk(proposed())
    truth = [0, 1] * 100
    desk.tested = evaluation.compare(
        truth,
        [0.4] * 200,
        [0.2, 0.7] * 100,
        costs={"false_positive": 40, "false_negative": 120},
        currency="USD",
        segments={"plan": ["<b>free</b>"] * 100 + ["pro"] * 100},
    )
    text = shown(panel_of(desk))
    for word in ("Champion", "Candidate", "Difference", "Accuracy", "0.442 to 0.558"):
        assert word in text, word
    assert "Where the candidate is worst" in text
    assert "plan = &lt;b&gt;free" in text
    assert "What errors cost" in text
    assert "$60.00" in text  # half of the rows are missed deals of 120
    assert "Model card of version 3" in text
    assert "card of 3" in text
    assert "<h2>" not in text
    assert 'id="data"' not in text


def test_the_ruling_and_the_trial_so_far_are_told() -> None:
    desk = Desk(proposed())
    assert "Nothing is on trial." in shown(panel_of(desk))
    desk.renewals = [
        SimpleNamespace(proposal=4, ruling={"sentence": "Retrain: expected +$55,000."})
    ]
    desk.reading = SimpleNamespace(
        summary="No difference yet.", course=(1,), _repr_html_=lambda: "<h3>Looks</h3>"
    )
    text = shown(panel_of(desk))
    assert "expected +$55,000" in text
    assert "No difference yet." in text
    assert "<h5>Looks</h5>" in text


def test_what_cannot_be_compared_is_a_sentence_and_hides_nothing() -> None:
    desk = Desk(proposed())
    desk.tested = errors.NotEnoughData("no outcome of leads is due yet; wait 42 days")
    panel = panel_of(desk)
    assert "wait 42 days" in shown(panel)
    assert "Approve" in names(panel)
    desk.tested = None
    assert "there is nobody to compare it with" in shown(panel_of(desk))


def test_a_failed_gate_is_said_plainly_before_the_click() -> None:
    checks = [
        {"rule": "rows", "verdict": "quiet", "sentence": "800 rows."},
        {"rule": "gain", "verdict": "alert", "sentence": "It saves -0.1 errors a row."},
    ]
    evidence = {"passed": False, "gate": "Worse.", "checks": checks}
    text = shown(panel_of(Desk(proposed(evidence=evidence))))
    assert "The gate is not passed: 1 of its 2 rules are not met. It saves -0.1" in text
    assert "Whoever approves all the same says why" in text
    assert "not met" not in shown(panel_of(Desk(proposed())))


def test_what_people_wrote_is_escaped() -> None:
    desk = Desk(proposed(reason=HOSTILE, author=HOSTILE), errors.IllegalMove(HOSTILE))
    desk.renewals = [SimpleNamespace(proposal=4, ruling={"sentence": HOSTILE})]
    panel = panel_of(desk)
    control(panel, "Reason").value = HOSTILE
    control(panel, "Approve").click()
    assert "<img" not in shown(panel)
    assert "&lt;img" in status(panel)


def test_the_panel_tells_how_many_have_approved_and_who() -> None:
    until = datetime(2023, 10, 16, tzinfo=UTC)
    desk = Desk(proposed(needed=3, expires_at=until))
    desk.approvals = [approved("<b>Ben</b>", "hub", verified=True)]
    panel = panel_of(desk)
    assert "1 of 3: &lt;b&gt;Ben&lt;/b&gt; (hub, verified)" in shown(panel)
    assert "2023-10-16 00:00 UTC" in shown(panel)
    control(panel, "Reason").value = "convinced"
    control(panel, "Approve").click()
    assert "2 of 3" in shown(panel)
    assert "Carl (os, not verified)" in shown(panel)
    assert "Your approval is noted: 1 more must approve it" in status(panel)
    assert "Approved" not in status(panel)
    assert control(panel, "Approve").disabled


def test_the_last_approval_that_is_needed_says_approved() -> None:
    desk = Desk(proposed(needed=2))
    desk.approvals = [approved("Ben", "hub", verified=True)]
    panel = panel_of(desk)
    control(panel, "Reason").value = "convinced"
    control(panel, "Approve").click()
    assert "Approved: version 3. Reason: convinced" in status(panel)


# -- without a person -------------------------------------------------------------


def test_a_run_without_a_person_gets_a_sentence_instead(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("LIFECYCLE_UNATTENDED", "1")
    shown = widgets.approval(Desk(proposed()).view())
    assert isinstance(shown, widgets.Static)
    assert "lifecycle approve leads 4" in repr(shown)
    desk = Desk(proposed(needed=2))
    desk.approvals = [approved("Ben", "hub", verified=True)]
    told = repr(widgets.approval(desk.view()))
    assert "waits for 2 persons (1 of 2: Ben (hub, verified))" in told


def test_nothing_to_decide_is_said() -> None:
    told = widgets.approval(Desk().view(), unattended=True)
    assert "nothing to decide" in repr(told)
    assert "nothing to decide" in repr(widgets.proposal(None))
    assert "nothing to decide" in shown(panel_of(Desk()))


def test_a_candidate_that_failed_the_gate_is_named_with_its_reasons() -> None:
    desk = Desk()
    failed = SimpleNamespace(
        as_of=AT,
        is_open=False,
        outcome="failed the gate",
        sentence="leads: version 3 is not proposed; <b>too slow</b>.",
    )
    desk.renewals = [failed]
    told = widgets.approval(desk.view(), unattended=True)
    assert "version 3 is not proposed; <b>too slow</b>. It is kept" in repr(told)
    assert "&lt;b&gt;too slow" in told.html
    assert "&lt;b&gt;too slow" in shown(panel_of(desk))
    kept = SimpleNamespace(**(vars(failed) | {"outcome": "kept", "sentence": "keep"}))
    desk.renewals = [failed, kept]
    assert "too slow" not in shown(panel_of(desk))


# -- words ------------------------------------------------------------------------


def test_a_trial_is_named_by_its_share_of_the_traffic() -> None:
    waiting = proposed(target="experimental", share=0.1)
    assert "10% of the traffic" in widgets.waiting(waiting)


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


def test_the_card_tells_who_has_approved_how_that_is_known_and_until_when() -> None:
    given = [
        approved("Ben", "hub", verified=True),
        approved("<i>", "os", verified=False),
    ]
    card = widgets.proposal(proposed(needed=3, expires_at=AT), given)._repr_html_()
    assert "2 of 3: Ben (hub, verified), &lt;i&gt; (os, not verified)" in card
    assert "2023-10-02 00:00 UTC" in card
    assert "Approvals" not in widgets.proposal(proposed())._repr_html_()
