"""A renewal from its ruling to its end: driven, resumed, refused, overdue, by hand."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest

import lifecycle
from lifecycle import config, errors, promotion, workspace
from lifecycle.registry import Renewal
from lifecycle.workspace import (
    Workspace,
    chain,
    clock,
    faulty,
    gating,
    holding,
    making,
    pages,
    renewing,
    rules,
    ruling,
)

LIVE = datetime(2024, 3, 4, tzinfo=UTC)  # a Monday
WEEK = timedelta(weeks=1)
CALM, TURNED = LIVE + 5 * WEEK, LIVE + 10 * WEEK
ROWS = 120
RETRAIN = {"action": "retrain", "span": 3, "sentence": "Retrain on the last 3 weeks."}
SETTINGS = """
[workspace]
title = "Calls"

[models.calls]
owner = "Ana Silva <ana@bank.example>"
task = "binary"
id = "id"
time = "time"
outcome = "outcome"
label_delay_days = 7
recipe = "scaled_logistic"

[models.calls.features]
numeric = ["age"]

[models.calls.alerts]
drift = false

[models.calls.schedule]
on_alert = false
"""
Terminal = Callable[..., tuple[int, str, str]]


def rows_of(number: int) -> pd.DataFrame:
    """A week's calls; from the fifth after going live on, the old do not buy."""
    rng = np.random.default_rng(100 + number)
    age = rng.uniform(20, 80, ROWS)
    turned = number >= 4
    return pd.DataFrame(
        {
            "id": [f"{number}-{each}" for each in range(ROWS)],
            "time": LIVE + number * WEEK + np.arange(ROWS) * (WEEK / ROWS),
            "age": age,
            "prediction": (age > 50).astype(float),
            "outcome": ((age > 50) ^ turned).astype(float),
        }
    )


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("renewals") / "desk"
    workspace.init(place)
    (place / config.FILE).write_text(SETTINGS)
    ws = lifecycle.open(place)
    rows = pd.concat([rows_of(number) for number in range(-8, 10)])
    rows.loc[rows["time"] < LIVE, "prediction"] = np.nan
    ws.ingest("calls", "predictions", rows.drop(columns="outcome"), as_of=TURNED)
    known = rows[["id", "time", "outcome"]].assign(time=rows["time"] + 5 * WEEK / 7)
    ws.ingest("calls", "outcomes", known, as_of=TURNED)
    ws.train("calls", as_of=LIVE, by="Ana Silva")
    asked = ws.propose("calls", 1, reason="first", by="Ana Silva", as_of=LIVE)
    ws.approve("calls", asked.id, reason="go", by="Dana Weber", as_of=LIVE)
    return place


@pytest.fixture
def desk(told: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    place = tmp_path / "desk"
    shutil.copytree(told, place)
    monkeypatch.chdir(place)
    monkeypatch.delenv("LIFECYCLE_UNATTENDED", raising=False)
    return place


def changed(place: Path, text: str) -> Workspace:
    (place / config.FILE).write_text(SETTINGS + text)
    return lifecycle.open(place)


def renew(ws: Workspace, facts: Mapping[str, Any] | None, **told: Any) -> Renewal:
    settings: dict[str, Any] = {"why": "schedule", "as_of": TURNED, **told}
    return renewing.renew(ws, "calls", ask=lambda at: facts, **settings)


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
    assert ws.registry.roles("calls")["experimental"].share == pytest.approx(0.1)


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


# -- what is due ---------------------------------------------------------------


def pretend(
    monkeypatch: pytest.MonkeyPatch, facts: Mapping[str, Any] | None
) -> list[tuple[str, datetime]]:
    """Pages that run no kernel: which ran, and of which moment."""
    ran: list[tuple[str, datetime]] = []

    def run(ws: Workspace, notebook: str, name: str, **told: Any) -> Any:
        ran.append((notebook, told["as_of"]))
        ws.registry.record_run(
            name,
            notebook,
            told["as_of"],
            slot=told["slot"],
            status="succeeded",
            directory=f"reports/{name}",
        )
        record = None
        if notebook != "decide" or facts is not None:
            record = SimpleNamespace(summary="Said.", facts=facts)
        return SimpleNamespace(status="succeeded", record=record, message="died")

    monkeypatch.setattr(pages, "run", run)
    return ran


MONDAYS = """
audit = "0 6 * * 1"
decide = "0 6 * * 1"
"""


def scheduled(place: Path, more: str = "") -> Workspace:
    text = SETTINGS.replace("on_alert = false\n", "on_alert = false" + MONDAYS)
    (place / config.FILE).write_text(text + more)
    return lifecycle.open(place)


def go(ws: Workspace, at: datetime) -> list[str]:
    told: list[chain.Tick] = []
    wanted = chain.wanted(ws, "calls", at, alarmed=False)
    chain.go(ws, "calls", at, wanted, None, told.append)
    return [tick.text for tick in told if tick.kind == "renewal"]


SLOT = TURNED + timedelta(hours=6)


def test_the_schedule_leads_from_the_pages_to_a_proposal_once(
    desk: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ws = scheduled(desk)
    ran = pretend(monkeypatch, RETRAIN)
    assert go(ws, SLOT) == ["calls: version 2 is proposed (retrain), proposal 2"]
    assert [page for page, _ in ran] == ["audit", "decide"]
    assert go(ws, SLOT) == []
    assert go(ws, SLOT + timedelta(hours=1)) == []
    (done,) = ws.registry.renewals("calls")
    assert (done.why, done.as_of) == ("schedule", SLOT)


@pytest.mark.parametrize(
    ("page", "ended"),
    [
        ("audit", [("overtaken", 1), ("proposed", 1)]),  # its slot is still to come
        ("decide", [("proposed", 2)]),
    ],
)
def test_a_page_that_was_interrupted_is_asked_again_by_the_next_tick(
    desk: Path,
    monkeypatch: pytest.MonkeyPatch,
    page: str,
    ended: list[tuple[str, int]],
) -> None:
    ws = scheduled(desk)
    ran = pretend(monkeypatch, RETRAIN)
    whole = pages.run

    def stop(ws: Workspace, notebook: str, *args: Any, **more: Any) -> Any:
        if notebook == page:
            raise KeyboardInterrupt
        return whole(ws, notebook, *args, **more)

    with monkeypatch.context() as patched:
        patched.setattr(pages, "run", stop)
        with pytest.raises(KeyboardInterrupt):
            go(ws, SLOT)
    later = SLOT + timedelta(hours=3)
    assert go(ws, later) == ["calls: version 2 is proposed (retrain), proposal 2"]
    assert "decide" in [page for page, _ in ran]
    renewals = ws.registry.renewals("calls")
    assert [(each.outcome, each.attempts) for each in renewals] == ended
    assert go(ws, later) == []


def test_what_is_due_anew_overtakes_what_was_left(
    desk: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ws = scheduled(desk)
    promotion.hold_renewal(
        ws.registry,
        promotion.begin_renewal(
            ws.registry,
            "calls",
            why="alert",
            at=SLOT - WEEK,
            holder="x",
            until=SLOT,
            now=SLOT - WEEK,
            moved=WEEK,
        ),
        until=None,
    )
    pretend(monkeypatch, {"action": "keep"})
    assert go(ws, SLOT) == ["calls: the ruling is to keep the version in production"]
    outcomes = [each.outcome for each in ws.registry.renewals("calls")]
    assert outcomes == ["overtaken", "kept"]


def test_of_two_ticks_at_once_one_renews_and_the_other_says_so(
    desk: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ws = scheduled(desk)
    ran = pretend(monkeypatch, RETRAIN)
    with holding.holding(
        ws.registry, "calls", why="alert", at=SLOT, moved=WEEK
    ) as held:
        (said,) = go(ws, SLOT)
        assert "calls is being renewed by process" in said
        assert "decide" not in [page for page, _ in ran]
        promotion.end_renewal(ws.registry, held, "kept", "kept", at=SLOT)
    assert go(ws, SLOT) == ["calls: version 2 is proposed (retrain), proposal 2"]


@pytest.mark.parametrize("moment", [CALM, TURNED])
def test_a_continuous_renewal_makes_one_candidate_a_chunk_and_meets_the_gate(
    desk: Path, moment: datetime
) -> None:
    text = '[models.calls.renewal]\ncontinuous = "refit"\ncontinuous_span = 3\n'
    ws = changed(desk, text)
    (said,) = go(ws, moment)
    (done,) = ws.registry.renewals("calls")
    assert (done.why, done.version) == ("continuous", 2)
    assert done.ruling["sentence"] == "Continuous renewal: refit on the last 3 weeks."
    assert done.outcome == ("proposed" if moment == TURNED else "failed the gate")
    assert said == done.sentence
    assert go(ws, moment + timedelta(days=6, hours=23)) == []
    assert len(go(ws, moment + timedelta(days=7))) == 1


def test_while_performance_is_alarmed_a_ruling_is_asked_for_each_chunk(
    desk: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (desk / config.FILE).write_text(SETTINGS.replace("on_alert = false\n", ""))
    ws = lifecycle.open(desk)
    ran = pretend(monkeypatch, {"action": "keep"})
    assert go(ws, TURNED) == []  # nothing is alarmed yet
    assert clock.watch(ws.view("calls", TURNED))
    keep = "calls: the ruling is to keep the version in production"
    assert go(ws, TURNED) == [keep]
    assert go(ws, TURNED + timedelta(days=6)) == []
    assert go(ws, TURNED + timedelta(days=7)) == [keep]
    assert [page for page, _ in ran] == ["decide", "decide"]
    assert [each.why for each in ws.registry.renewals("calls")] == ["alert", "alert"]


# -- overdue -------------------------------------------------------------------


def days_overdue(ws: Workspace, at: datetime) -> tuple[float, str, str]:
    found = rules.watch(ws.view("calls", at))["overdue"]
    (row,) = found
    return row.value, row.verdict, found.summary


def test_a_renewal_that_nobody_ran_is_an_alert_with_owner_and_date(desk: Path) -> None:
    ws = scheduled(desk)
    first = LIVE + timedelta(hours=6)
    assert days_overdue(ws, LIVE)[:2] == (0.0, "quiet")
    assert days_overdue(ws, first + timedelta(days=14))[:2] == (14.0, "quiet")
    value, verdict, words = days_overdue(ws, first + timedelta(days=15))
    assert (value, verdict) == (15.0, "alert")
    assert words == (
        "a renewal is due (a ruling was scheduled for 2024-03-04) and none has come to "
        "an answer since 2024-03-04 06:00 UTC, for 15.0 days; Ana Silva "
        "<ana@bank.example> owns the model"
    )
    opened = clock.watch(ws.view("calls", first + timedelta(days=15)))
    assert "overdue" in {alert.rule for alert in opened}
    # an answer, even to keep, ends it
    renew(ws, {"action": "keep"}, as_of=first + timedelta(days=16))
    clock.watch(ws.view("calls", first + timedelta(days=17)))
    assert "overdue" not in {alert.rule for alert in ws.alerts("calls")}
    # what failed is none
    renew(ws, None, as_of=first + timedelta(days=22))
    assert days_overdue(ws, first + timedelta(days=36))[1] == "alert"


def test_a_ruling_that_is_left_to_a_person_is_overdue_until_one_acts(
    desk: Path,
) -> None:
    ws = scheduled(desk, "[models.calls.release]\nautomatic = false\n")
    renew(ws, RETRAIN, as_of=LIVE + timedelta(hours=1))
    _, verdict, words = days_overdue(ws, LIVE + timedelta(days=20))
    assert verdict == "alert"
    assert "the ruling of 2024-03-04 is to act" in words
    ws.train("calls", as_of=LIVE + timedelta(days=20), by="Ana Silva")
    assert days_overdue(ws, LIVE + timedelta(days=21))[:2] == (0.0, "quiet")


def test_an_alert_that_nobody_answers_makes_a_renewal_overdue(desk: Path) -> None:
    ws = lifecycle.open(desk)
    opened = clock.watch(ws.view("calls", TURNED))
    assert [alert.rule for alert in opened] == ["accuracy"]
    later = TURNED + timedelta(days=15)
    value, verdict, words = days_overdue(ws, later)
    assert (value, verdict) == (15.0, "alert")
    assert "the accuracy alert of 2024-05-13" in words
    renew(ws, RETRAIN, as_of=later)
    assert days_overdue(ws, later)[1] == "quiet"  # though the alert is still open
    # a page of the past knows nothing of it
    assert days_overdue(ws, later - timedelta(hours=1))[1] == "alert"


def test_before_the_first_version_nothing_is_overdue(tmp_path: Path) -> None:
    workspace.init(tmp_path / "blank")
    view = lifecycle.open(tmp_path / "blank").view()
    assert len(rules.watch(view)["overdue"]) == 0


# -- by hand -------------------------------------------------------------------


def test_renew_goes_from_the_ruling_to_a_proposal_in_one_go(
    desk: Path, terminal: Terminal
) -> None:
    cheap = "[models.calls.costs]\nretrain = 1.0\nrebuild = 1e6\n"
    ws = changed(desk, cheap + "[models.calls.release]\nspans = [3]\n")
    code, out, err = terminal(
        *("renew", "calls", "--as-of", "2024-05-13", "--why", "sales complained"),
        *("--as", "Ana Silva"),
    )
    assert (code, err) == (0, "")
    (done,) = ws.registry.renewals("calls")
    assert (done.why, done.outcome, done.ruling["action"]) == (
        "by hand",
        "proposed",
        "retrain",
    )
    lines = out.splitlines()
    assert lines[0].startswith("calls: Retrain on the last 3 weeks: expected ")
    assert lines[1].startswith("calls: version 2 is trained, scaled_logistic on ")
    assert lines[-1] == "calls: version 2 is proposed (retrain), proposal 2"
    asked = ws.view("calls", TURNED).proposal()
    assert asked is not None
    assert asked.author == "Ana Silva"
    assert asked.reason.startswith("sales complained. Retrain on the last 3 weeks: ")

    code, out, err = terminal("renewals", "calls")
    assert code == 0
    assert "by hand" in out
    assert "proposed" in out
    code, out, err = terminal("renewals", "calls", "--json")
    assert '"outcome": "proposed"' in out
    assert "holder" not in out

    code, out, err = terminal("reproduce", "calls", 2)
    assert (code, err) == (0, "")
    assert out.startswith("version 2 of calls: ")


def test_without_renewals_the_book_says_so(desk: Path, terminal: Terminal) -> None:
    code, out, err = terminal("renewals", "calls")
    assert (code, out, err) == (0, "nothing has been ruled on calls yet\n", "")
    assert terminal("renewals", "cals")[0] == 30


def test_a_renewal_by_hand_takes_a_person(
    desk: Path, terminal: Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LIFECYCLE_UNATTENDED", "1")
    code, _, err = terminal("renew", "calls")
    assert code == 30
    assert err.startswith("renewing calls by hand takes a person")


def test_a_renewal_that_can_do_nothing_ends_with_code_30(
    desk: Path, terminal: Terminal
) -> None:
    text = SETTINGS.replace("calls", "others")
    (desk / config.FILE).write_text(text)
    code, out, _ = terminal("renew", "others", "--as-of", "2024-05-13")
    assert code == 30
    assert out.splitlines()[-1] == (
        "others: no version is in production yet; train and approve one"
    )


@pytest.mark.parametrize(
    "facts",
    [RETRAIN, {"action": "recalibrate"}, {"action": "retrain", "go_on": True}],
    ids=["retrained", "mapped anew", "could not go on"],
)
def test_whatever_a_renewal_makes_can_be_made_again(
    desk: Path, terminal: Terminal, facts: dict[str, Any]
) -> None:
    ws = lifecycle.open(desk)
    assert renew(ws, facts, as_of=CALM).version == 2
    code, out, err = terminal("reproduce", "calls", 2, "--json")
    assert (code, err) == (0, ""), out
    assert '"agreement": 1.0' in out
    assert '"verdict": "quiet"' in out


def test_a_champion_that_can_goes_on_learning_and_can_be_made_again(
    desk: Path, terminal: Terminal
) -> None:
    ws = changed(desk, '[models.calls.renewal]\ncontinuous = "update"\n')
    ws.train("calls", as_of=CALM, recipe="extra_trees", by="Ana Silva")
    asked = ws.propose("calls", 2, reason="r", by="Ana Silva", as_of=CALM)
    ws.approve("calls", asked.id, reason="go", by="Dana Weber", as_of=CALM)
    assert len(go(ws, TURNED)) == 1
    made = ws.registry.version("calls", 3)
    assert (made.birth["parent"], made.recipe) == (2, "extra_trees")
    assert made.birth["going_on"]["more"] > 0
    (done,) = ws.registry.renewals("calls")
    assert done.ruling["sentence"] == "Continuous renewal: version 2 went on learning."
    assert done.outcome in ("proposed", "failed the gate")
    code, out, err = terminal("reproduce", "calls", 3)
    assert (code, err) == (0, ""), out


def test_a_champion_that_cannot_go_on_is_fitted_anew_and_says_why(desk: Path) -> None:
    ws = changed(desk, '[models.calls.renewal]\ncontinuous = "update"\n')
    assert len(go(ws, TURNED)) == 1
    made = ws.registry.version("calls", 2)
    assert "parent" not in made.birth
    assert made.birth["instead"].endswith('renewal.continuous to "refit"')


def test_a_version_that_is_not_the_same_again_ends_with_code_10(
    desk: Path, terminal: Terminal
) -> None:
    ws = lifecycle.open(desk)
    (desk / "recipes").mkdir(exist_ok=True)
    recipe = desk / "recipes" / "mine.py"
    code = (
        "from sklearn.linear_model import LogisticRegression\n\n"
        "def estimator(numeric, categorical, seed):\n"
        "    return LogisticRegression(C=1.0)\n"
    )
    recipe.write_text(code)
    assert renew(ws, {"action": "rebuild", "recipe": "mine"}).version == 2
    shutil.rmtree(desk / "recipes" / ".versions")
    recipe.write_text(code.replace("1.0", "0.001"))
    exit_code, out, _ = terminal("reproduce", "calls", 2)
    assert exit_code == 10, out
    assert "recipe" in out


# -- what a ruling is given ----------------------------------------------------


def test_every_earlier_version_that_can_be_loaded_may_come_back(desk: Path) -> None:
    ws = lifecycle.open(desk)
    at = LIVE + 2 * WEEK
    for number in range(2, 11):
        ws.train("calls", as_of=at, by="Ana Silva")
        asked = ws.propose("calls", number, reason="r", by="Ana Silva", as_of=at)
        ws.approve("calls", asked.id, reason="go", by="Dana Weber", as_of=at)
        at += timedelta(days=1)
    (ws.registry.artefacts / "calls" / "7.skops").unlink()
    view = ws.view("calls", TURNED)
    rows = view.labelled.reset_index(drop=True)
    found, said = ruling._deployed(view, rows)
    assert {name: each.number for name, each in found.items()} == {
        "keep": 10,
        **{f"roll_back {number}": number for number in (4, 5, 6, 8, 9, 1)},
    }
    assert all(len(scores) == len(rows) for scores in said.values())
    view = ws.view("calls", LIVE + timedelta(days=15))
    past, _ = ruling._deployed(view, view.labelled.reset_index(drop=True))
    assert list(past) == ["keep", "roll_back 1", "roll_back 2"]


def frozen(place: Path, start: datetime, end: datetime) -> Workspace:
    """The same desk with the ages of a period all alike."""
    shutil.rmtree(place / "logs")
    ws = lifecycle.open(place)
    rows = pd.concat([rows_of(number) for number in range(-8, 10)])
    rows.loc[rows["time"] < LIVE, "prediction"] = np.nan
    rows.loc[(rows["time"] >= start) & (rows["time"] < end), "age"] = 47.25
    ws.ingest("calls", "predictions", rows.drop(columns="outcome"), as_of=TURNED)
    known = rows[["id", "time", "outcome"]].assign(time=rows["time"] + 5 * WEEK / 7)
    ws.ingest("calls", "outcomes", known, as_of=TURNED)
    return ws


def test_while_a_feed_is_frozen_the_ruling_is_to_mend_it_and_nothing_is_trained(
    desk: Path,
) -> None:
    begun = LIVE + 7 * WEEK
    ws = frozen(desk, begun, TURNED)
    view = ws.view("calls", TURNED)
    (fault,) = faulty.faults(view)
    assert (fault.column, fault.cause, fault.until) == ("age", "frozen", None)
    said = view.ruling()
    assert said.action == "fix_data"
    (first, *_) = view.conclude("decide", said).todo
    assert first.what.startswith("Mend the data before anything is trained on them: ")
    done = renewing.renew(ws, "calls", why="alert", as_of=TURNED)
    assert (done.outcome, len(ws.registry.versions("calls"))) == ("data to mend", 1)
    assert done.sentence.startswith("calls: Fix the data: ")
    assert "nothing is trained on" in done.sentence
    assert done.ruling["faults"]


def test_once_it_is_mended_its_rows_are_left_out_of_training_and_test(
    desk: Path,
) -> None:
    begun, ended = LIVE + 5 * WEEK, LIVE + 6 * WEEK
    ws = frozen(desk, begun, ended)
    view = ws.view("calls", TURNED)
    rows = view.labelled
    marked = rows[faulty.touched(view, rows)]
    assert marked["time"].min() >= pd.Timestamp(begun)
    assert marked["time"].max() < pd.Timestamp(ended)
    assert len(marked) >= ROWS - 5
    retrain = {"action": "retrain"}
    made = making.make(ws, "calls", retrain, as_of=TURNED, author="a", source="")
    assert "age" in str(made.birth["material"]["left_out"])
    known, labels = view.mature, view.chunks(view.mature)
    learned = labels.isin(sorted(labels.unique())[:-2]) & ~faulty.touched(view, known)
    assert made.birth["rows"] == learned.sum()


def test_a_fault_that_the_owner_has_accepted_is_none(desk: Path) -> None:
    ws = frozen(desk, LIVE + 7 * WEEK, TURNED)
    with ws.registry.atomic() as book:
        book.enter(
            "calls",
            "accept drift",
            actor="Ana Silva",
            source="given",
            reason="the form asks for it no more",
            at=TURNED,
            number=1,
            evidence={"features": ["age"], "chunks": ["2024-W18"]},
        )
    view = ws.view("calls", TURNED)
    assert [each.accepted for each in faulty.told(view)] == [True]
    assert not faulty.touched(view, view.labelled).any()


def backtested(view: workspace.View) -> Any:
    found = ruling.backtest(view)
    assert found is not None
    return found


def test_where_a_fit_has_its_price_a_ruling_makes_only_what_is_worth_it(
    desk: Path,
) -> None:
    dear = changed(desk, "[models.calls.costs]\nfit = 1e6\n")
    renew(dear, {"action": "keep", "spent": {"fits": 3}}, as_of=TURNED - WEEK / 7)
    found = backtested(dear.view("calls", TURNED))
    assert (found.fits, found.kept) == (0, 0)
    assert set(found.table["action"]) >= {"keep", "recalibrate"}
    cheap = changed(desk, "[models.calls.costs]\nfit = 0.5\n")
    found = backtested(cheap.view("calls", TURNED))
    assert 0 < found.fits <= 12
    assert "retrain" in set(found.table["action"])
    again = backtested(cheap.view("calls", TURNED))
    assert again.kept == found.fits
