"""When a renewal is due, and when it is overdue."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

import lifecycle
from lifecycle import config, promotion, workspace
from lifecycle.workspace import (
    Workspace,
    clock,
    holding,
    pages,
    rules,
)
from tests.calls import (
    CALM,
    LIVE,
    RETRAIN,
    SETTINGS,
    SLOT,
    TURNED,
    WEEK,
    changed,
    go,
    pretend,
    renew,
    scheduled,
)
from tests.calls import desk as desk
from tests.calls import told as told

Terminal = Callable[..., tuple[int, str, str]]

# -- what is due ---------------------------------------------------------------


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
    ("facts", "code", "complaint"),
    [
        (RETRAIN, 0, ""),
        ({"action": "keep"}, 0, ""),
        (
            {"action": "rebuild", "recipe": "nonesuch"},
            30,
            "a renewal failed; `lifecycle renewals calls` says why\n",
        ),
        (None, 30, "a renewal failed; `lifecycle renewals calls` says why\n"),
    ],
    ids=["proposed", "kept", "recipe is gone", "no ruling"],
)
def test_due_ends_with_a_code_and_a_sentence_where_a_renewal_failed(
    desk: Path,
    monkeypatch: pytest.MonkeyPatch,
    terminal: Terminal,
    facts: dict[str, Any] | None,
    code: int,
    complaint: str,
) -> None:
    ws = scheduled(desk)
    pretend(monkeypatch, facts)
    ended, out, err = terminal("due", "--as-of", SLOT.isoformat())
    assert (ended, err) == (code, complaint), out
    (done,) = ws.registry.renewals("calls")
    assert done.sentence in out
    assert terminal("due", "--as-of", SLOT.isoformat())[0] == 0  # it was told once


def test_a_recipe_that_is_nowhere_is_told_before_anything_is_due(
    desk: Path, monkeypatch: pytest.MonkeyPatch, terminal: Terminal
) -> None:
    text = SETTINGS.replace(
        'recipe = "scaled_logistic"\n',
        'recipe = "scaled_logistic"\nrebuild = ["extra_tree", "mine"]\n',
    )
    (desk / config.FILE).write_text(text)
    (desk / "recipes").mkdir(exist_ok=True)
    (desk / "recipes" / "mine.py").write_text("raise RuntimeError('never run')")
    said = (
        "lifecycle.toml: models.calls.rebuild: there is no recipe 'extra_tree'; did "
        "you mean 'extra_trees'?\n"
    )
    code, out, err = terminal("due", "--as-of", CALM.isoformat())
    assert (code, err) == (30, said)
    assert out.startswith("nothing is due\n")  # what can be done is done all the same
    code, _, err = terminal("status", "--as-of", CALM.isoformat())
    assert (code, err) == (0, said)
    (desk / config.FILE).write_text(text.replace("extra_tree", "extra_trees"))
    assert terminal("due", "--as-of", CALM.isoformat())[0] == 0


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
