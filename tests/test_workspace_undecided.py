"""What waits too long is an alert, then over; the ledger is checked at the terminal."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path

import pytest
from typer.testing import CliRunner

import lifecycle
from lifecycle import alerts, cli, errors
from lifecycle.workspace import undecided
from tests.calls import CALM, changed
from tests.calls import desk as desk
from tests.calls import told as told
from tests.databases import raw

DAY = timedelta(days=1)


def waiting(place: Path, settings: str = ""):
    ws = changed(place, settings)
    ws.train("calls", as_of=CALM, by="Ana Silva")
    asked = ws.propose("calls", 2, reason="newer", by="Ana Silva", as_of=CALM)
    return ws, asked


def opened(ws) -> list[str]:
    return [
        each.sentence
        for each in alerts.open_alerts(ws.registry, "calls")
        if each.rule == undecided.RULE
    ]


def test_a_proposal_that_waits_is_an_alert_until_it_is_decided(desk: Path) -> None:
    ws, asked = waiting(desk)
    assert undecided.look(ws.view("calls", CALM + 6 * DAY)) == []
    assert opened(ws) == []
    assert undecided.look(ws.view("calls", CALM + 7 * DAY)) == []
    (sentence,) = opened(ws)
    assert "version 2 waits for a decision since 2024-04-08 (proposal 2)" in sentence
    assert "nobody can decide it after 2024-04-22" in sentence
    ws.approve("calls", asked.id, reason="go", by="Dana", as_of=CALM + 8 * DAY)
    undecided.look(ws.view("calls", CALM + 9 * DAY))
    assert opened(ws) == []


def test_two_that_wait_too_long_are_two_alerts_and_each_closes_by_itself(
    desk: Path,
) -> None:
    ws, first = waiting(desk)
    ws.train("calls", as_of=CALM, by="Ana Silva")
    later = CALM + 2 * DAY
    second = ws.propose("calls", 3, reason="too", by="Ana Silva", as_of=later)
    undecided.look(ws.view("calls", CALM + 8 * DAY))
    assert len(opened(ws)) == 1
    undecided.look(ws.view("calls", CALM + 10 * DAY))
    said = opened(ws)
    assert "version 2 waits" in said[0]
    assert "version 3 waits" in said[1]
    ws.reject("calls", first.id, reason="no", by="Dana", as_of=CALM + 11 * DAY)
    undecided.look(ws.view("calls", CALM + 12 * DAY))
    (left,) = opened(ws)
    assert f"(proposal {second.id})" in left
    (over,) = undecided.look(ws.view("calls", later + 14 * DAY))
    assert f"proposal {second.id} of calls has expired" in over
    assert opened(ws) == []


def test_where_the_time_is_short_the_alert_comes_at_half_of_it_and_says_who_may(
    desk: Path,
) -> None:
    settings = "decide_within_days = 4\napprovers = ['Dana', 'Ben']\n"
    ws, _ = waiting(desk, f"[models.calls.release]\n{settings}")
    undecided.look(ws.view("calls", CALM + 1.9 * DAY))
    assert opened(ws) == []
    undecided.look(ws.view("calls", CALM + 2 * DAY))
    (sentence,) = opened(ws)
    assert "Dana, Ben may approve it" in sentence


def test_what_nobody_decides_is_over_and_the_next_tick_says_nothing_more(
    desk: Path,
) -> None:
    ws, asked = waiting(desk)
    undecided.look(ws.view("calls", CALM + 10 * DAY))
    (sentence,) = undecided.look(ws.view("calls", CALM + 14 * DAY))
    assert "has expired: nobody decided it by 2024-04-22 00:00 UTC" in sentence
    assert undecided.look(ws.view("calls", CALM + 15 * DAY)) == []
    assert opened(ws) == []
    with pytest.raises(errors.AlreadyDecided):
        ws.approve("calls", asked.id, reason="go", by="Dana", as_of=CALM + 15 * DAY)


def test_the_settings_say_how_many_who_and_until_when(desk: Path) -> None:
    ws, asked = waiting(
        desk,
        """
[models.calls.release]
approvals = 2
approvers = ["Dana Weber", "Rui Costa"]
decide_within_days = 3
remind_after_days = 1
""",
    )
    assert (asked.needed, asked.expires_at) == (2, CALM + 3 * DAY)
    at = CALM + DAY
    with pytest.raises(errors.NotAllowed, match="Eve may not decide it; Dana Weber"):
        ws.approve("calls", asked.id, reason="go", by="Eve", as_of=at)
    first = ws.approve("calls", asked.id, reason="go", by="Dana Weber", as_of=at)
    assert "1 of 2 approvals" in first.sentence
    undecided.look(ws.view("calls", at))
    assert "1 of 2 approvals" in opened(ws)[0]
    ws.approve("calls", asked.id, reason="go", by="Rui Costa", as_of=at)
    assert ws.registry.roles("calls")["production"].number == 2


def test_more_approvals_than_approvers_are_refused_in_the_settings(desk: Path) -> None:
    with pytest.raises(errors.SettingsError, match="approvers names 1 and approvals"):
        changed(desk, '[models.calls.release]\napprovals = 2\napprovers = ["A"]\n')


# -- at the terminal ------------------------------------------------------------------


def terminal(*words: object):
    return CliRunner().invoke(cli.application(), [str(word) for word in words])


def test_every_move_can_be_made_at_the_terminal(desk: Path) -> None:
    ws, _ = waiting(desk)
    as_of = ["--as-of", (CALM + DAY).isoformat()]
    for words, said in (
        (["withdraw", "calls", "--reason", "not yet"], "proposal 2 of calls was with"),
        (
            ["shadow", "calls", 2, "--reason", "watch it"],
            "scores everything and serves",
        ),
        (["retire", "calls", 2, "--reason", "seen enough"], "has no role any more"),
    ):
        done = terminal(*words, *as_of)
        assert done.exit_code == 0, done.output
        assert said in done.output
    asked = ws.propose(
        "calls", 2, reason="r", target="experimental", by="Ana", as_of=CALM + DAY
    )
    move = ws.approve("calls", asked.id, reason="go", by="Dana", as_of=CALM + DAY)
    assert move.roles["experimental"].share == 0.05
    done = terminal("widen", "calls", "--share", 0.5, "--reason", "it holds", *as_of)
    assert done.exit_code == 0, done.output
    assert ws.registry.roles("calls")["experimental"].share == 0.5
    assert terminal("ledger", "verify").output.startswith("the ledger is whole: ")


def test_the_first_altered_row_of_the_ledger_is_named(desk: Path) -> None:
    ws = lifecycle.open(desk)
    with raw(ws.registry) as database:
        database.disarm()
        database.execute("UPDATE ledger SET reason = 'no reason' WHERE seq = 2")
    done = terminal("ledger", "verify")
    assert done.exit_code == 10
    told = " ".join(done.output.split())
    assert "row 2 of the ledger (propose of calls) was" in told
    done = terminal("ledger", "verify", "--json")
    assert json.loads(done.output)["altered"] == 2
