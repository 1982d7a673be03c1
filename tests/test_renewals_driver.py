"""A renewal from its ruling to its end: driven, resumed, refused."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import lifecycle
from lifecycle import errors, promotion
from lifecycle.workspace import (
    gating,
    holding,
    renewing,
)
from tests.calls import CALM, LIVE, RETRAIN, TURNED, WEEK, changed, renew
from tests.calls import desk as desk
from tests.calls import told as told

Terminal = Callable[..., tuple[int, str, str]]

# -- to the end ----------------------------------------------------------------


def test_a_ruling_to_retrain_becomes_a_proposal_that_waits(desk: Path) -> None:
    ws, told = lifecycle.open(desk), []
    done = renew(ws, RETRAIN, say=told.append)
    assert (done.outcome, done.version, done.proposal) == ("proposed", 2, 2)
    assert done.sentence == "calls: version 2 is proposed (retrain), proposal 2"
    assert done.ruling == RETRAIN
    asked = ws.view("calls", TURNED).proposal()
    assert asked is not None
    assert (asked.author, asked.reason) == ("lifecycle", RETRAIN["sentence"])
    assert asked.evidence["passed"] is True
    assert "true outcome" in asked.evidence["trained_on"]
    took = asked.evidence["timed"]  # measured once, and shown as it was
    assert len(took["champion"]) == len(took["candidate"]) >= 2
    (shown,) = [
        row
        for row in ws.view("calls", TURNED).evaluation().findings
        if row.measure == "latency_ratio"
    ]
    logs = np.log(np.divide(took["candidate"], took["champion"]))
    assert shown.value == pytest.approx(float(np.exp(logs.mean())))
    assert asked.evidence["saved"]["lower"] > 0.5
    assert ws.registry.version("calls", 2).status == "candidate"
    assert told == [
        "calls: Retrain on the last 3 weeks.",
        "calls: version 2 is trained, scaled_logistic on 360 rows",
        f"calls: version 2 passes the gate; {asked.evidence['gate']}",
        done.sentence,
    ]
    assert ws.registry.verify_ledger() is None


def test_a_newer_ruling_takes_the_place_of_the_machines_own_proposal(
    desk: Path,
) -> None:
    ws = lifecycle.open(desk)
    renew(ws, RETRAIN)
    again = renew(ws, RETRAIN, as_of=TURNED + timedelta(hours=1))
    assert (again.version, again.proposal) == (3, 3)
    status = [each.status for each in ws.registry.proposals("calls")]
    assert status == ["approved", "withdrawn", "pending"]


def test_a_candidate_that_fails_the_gate_is_kept_with_the_reasons(
    desk: Path, terminal: Terminal
) -> None:
    ws = lifecycle.open(desk)
    done = renew(ws, RETRAIN, as_of=CALM)
    assert (done.outcome, done.version, done.proposal) == ("failed the gate", 2, None)
    assert done.sentence.startswith(
        "calls: version 2 is not proposed; it does not pass the gate: The candidate is "
    )
    assert done.tested["passed"] is False
    assert done.tested["reasons"][1].startswith("Not passed: ")
    assert ws.registry.version("calls", 2).status == "failed the gate"
    assert promotion.pending(ws.registry, "calls") == []
    code, out, _ = terminal("history", "calls")
    assert code == 0
    assert "fail the gate" in out


@pytest.mark.parametrize(
    ("facts", "outcome", "words"),
    [
        (
            {"action": "keep", "sentence": "Keep it.", "value": 0.0},
            "kept",
            "calls: the ruling is to keep the version in production",
        ),
        (
            {"action": "fix_data", "sentence": "The age is empty since Monday."},
            "data to mend",
            "calls: The age is empty since Monday.",
        ),
        (None, "failed", "calls: there is no ruling to act on"),
        (
            {"action": "roll_back", "version": 9},
            "failed",
            "calls: the renewal failed; calls has no version 9; ",
        ),
        (
            {"action": "rebuild", "recipe": "nonesuch"},
            "failed",
            "calls: the renewal failed; there is no recipe 'nonesuch'",
        ),
    ],
)
def test_every_ruling_is_kept_in_the_book_with_how_it_ended(
    desk: Path, facts: dict[str, Any] | None, outcome: str, words: str
) -> None:
    ws = lifecycle.open(desk)
    done = renew(ws, facts)
    assert (done.outcome, done.ruling) == (outcome, facts or {})
    assert done.sentence.startswith(words), done.sentence
    assert ws.registry.renewals("calls") == [done]
    assert len(ws.registry.versions("calls")) == 1
    assert len(ws.registry.proposals("calls")) == 1


def test_an_earlier_version_to_return_to_is_tested_and_proposed(desk: Path) -> None:
    ws = lifecycle.open(desk)
    ws.train("calls", as_of=TURNED, span=3, by="Ana Silva")
    done = renew(ws, {"action": "roll_back", "version": 2})
    assert (done.outcome, done.version) == ("proposed", 2)
    assert "version 2 is proposed (roll back), proposal " in done.sentence
    assert len(ws.registry.versions("calls")) == 2


def test_scores_that_are_mapped_anew_are_a_version_of_their_own(desk: Path) -> None:
    ws = lifecycle.open(desk)
    done = renew(ws, {"action": "recalibrate"}, as_of=CALM)
    made = ws.registry.version("calls", 2)
    assert made.recipe == "recalibrated"
    assert made.birth["parent"] == 1
    assert done.outcome in ("failed the gate", "proposed")


def test_while_a_trial_is_on_nothing_new_is_trained(desk: Path) -> None:
    ws = lifecycle.open(desk)
    ws.train("calls", as_of=TURNED, span=3, by="Ana Silva")
    asked = ws.propose("calls", 2, reason="try", by="Ana Silva", as_of=TURNED)
    ws.approve(
        "calls", asked.id, reason="a", by="D", target="experimental", as_of=TURNED
    )
    done = renew(ws, RETRAIN)
    assert (done.outcome, done.done) == ("refused", False)
    assert "an experiment is live" in done.sentence
    assert len(ws.registry.versions("calls")) == 2


def test_where_nothing_is_automatic_the_ruling_is_left_to_a_person(desk: Path) -> None:
    ws = changed(desk, "[models.calls.release]\nautomatic = false\n")
    done = renew(ws, RETRAIN)
    assert (done.outcome, done.done) == ("left to a person", False)
    assert len(ws.registry.versions("calls")) == 1
    assert renew(ws, RETRAIN, why="by hand").outcome == "proposed"


PROMOTE = "[models.calls.promote]\nauto = true\n"


def test_within_its_bounds_the_settings_let_it_go_live(desk: Path) -> None:
    ws = changed(desk, PROMOTE + 'target = "production"\n')
    done = renew(ws, RETRAIN)
    assert done.outcome == "promoted"
    assert done.sentence.startswith("version 2 of calls is in production, without a pe")
    assert ws.registry.roles("calls")["production"].number == 2
    assert ws.history("calls")[-1].source == "automatic"


@pytest.mark.parametrize(
    ("text", "facts", "sentence"),
    [
        ('actions = ["recalibrate"]\n', RETRAIN, "retrain takes a person"),
        ("every_days = 100\n", RETRAIN, "at least 100 are asked for"),
        ("min_saved = 1.0\n", RETRAIN, "more than 1 are asked for"),
        ("[models.calls.release]\ntwo_persons = true\n", RETRAIN, "a second person"),
    ],
)
def test_out_of_bounds_it_waits_and_says_why(
    desk: Path, text: str, facts: dict[str, Any], sentence: str
) -> None:
    ws = changed(desk, PROMOTE + text)
    done = renew(ws, facts)
    assert done.outcome == "proposed"
    assert sentence in done.sentence
    assert ws.registry.roles("calls")["production"].number == 1
    assert len(promotion.pending(ws.registry, "calls")) == 1


def test_a_first_share_of_the_traffic_is_the_usual_bound(desk: Path) -> None:
    ws = changed(desk, PROMOTE)
    assert renew(ws, RETRAIN).outcome == "promoted"
    assert ws.registry.roles("calls")["experimental"].share == pytest.approx(0.05)


# -- crashes and company -------------------------------------------------------


def test_what_stopped_in_the_middle_goes_on_with_what_was_known_then(
    desk: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ws, told = lifecycle.open(desk), []

    def stop(*_args: Any, **_more: Any) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(renewing.gating, "evaluate", stop)
        with pytest.raises(KeyboardInterrupt):
            renew(ws, RETRAIN)
    (left,) = ws.registry.renewals("calls")
    assert (left.state, left.version, left.holder) == ("trained", 2, "")
    done = renew(ws, {"action": "keep"}, as_of=TURNED + timedelta(1), say=told.append)
    assert (done.id, done.outcome, done.version) == (1, "proposed", 2)
    assert told[0] == (
        "calls: renewal 1 of 2024-05-13 goes on, it was trained when its process ended"
    )
    assert done.ended_at == TURNED + timedelta(1)
    assert len(ws.registry.versions("calls")) == 2


def test_what_was_tested_against_another_version_is_not_proposed(
    desk: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ws = lifecycle.open(desk)
    ws.train("calls", as_of=LIVE + WEEK, by="Ana Silva")
    whole = gating.evidence

    def moved(*told: Any) -> Any:
        asked = promotion.propose(
            *(ws.registry, "calls", 2), author="a", reason="r", evidence={}, at=TURNED
        )
        ws.approve("calls", asked.id, reason="go", by="Dana Weber", as_of=TURNED)
        return whole(*told)

    with monkeypatch.context() as patched:
        patched.setattr(gating, "evidence", moved)
        done = renew(ws, RETRAIN)
    assert (done.outcome, done.proposal) == ("overtaken", None)
    assert "tested against version 1, and version 2 is in production now" in (
        done.sentence
    )
    assert promotion.pending(ws.registry, "calls") == []


def test_while_one_process_renews_another_says_so(desk: Path) -> None:
    ws = lifecycle.open(desk)

    def ask(at: datetime) -> Mapping[str, Any]:
        with pytest.raises(errors.AlreadyRunning, match=f"by process {os.getpid()} on"):
            renewing.by_hand(ws, "calls", as_of=TURNED)
        return {"action": "keep"}

    done = renewing.renew(ws, "calls", why="alert", as_of=TURNED, ask=ask)
    assert (done.outcome, done.why, len(ws.registry.renewals("calls"))) == (
        "kept",
        "alert",
        1,
    )


def test_a_process_is_alive_until_it_ends_and_so_is_no_other_of_its_number() -> None:
    code = (
        "import sys; from lifecycle.workspace import holding; "
        "print(holding.holder(), flush=True); sys.stdin.read()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        name = process.stdout.readline().strip()
        assert holding.alive(name) is True
        process.kill()
        process.wait()
    assert holding.alive(name) is False
    mine = holding.holder()
    machine, pid, began, mark = mine.partition("#")[2].split("/")
    assert holding.alive(mine) is True
    assert holding.alive(f"x#{machine}/{pid}/{began}0/{mark}") is False
    assert holding.alive(f"x#elsewhere/{pid}/{began}/{mark}") is None
    assert holding.alive("nobody") is None


def test_the_lease_grows_while_the_work_goes_on(
    desk: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ws = lifecycle.open(desk)
    monkeypatch.setattr(holding, "BEAT", 0.001)
    with holding.holding(
        ws.registry, "calls", why="alert", at=TURNED, moved=WEEK
    ) as held:
        first = held.lease_until
        while ws.registry.renewals("calls")[0].lease_until == first:
            pass
    assert ws.registry.renewals("calls")[0].lease_until is None
