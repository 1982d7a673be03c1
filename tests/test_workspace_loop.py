"""The loop once, in this process: in, live, fallen, renewed, given back."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

import pytest

import lifecycle
from lifecycle import routing, simulate, workspace

NAME = "lead-scoring"


@pytest.fixture(scope="module")
def story() -> simulate.Story:
    return simulate.lead_scoring(seed=5, weeks=24, leads_per_week=150)


@pytest.fixture(scope="module")
def live(
    story: simulate.Story, tmp_path_factory: pytest.TempPathFactory
) -> workspace.Workspace:
    """The first version live for 22 weeks; no schedule, and alerts run nothing."""
    place = tmp_path_factory.mktemp("loop")
    made = workspace.init(place, scenario=NAME)
    text = re.sub(r'(?m)^(audit|drift|decide|promote) = ".*"\n', "", made.read_text())
    made.write_text(text.replace("on_alert = true ", "on_alert = false "))
    ws = lifecycle.open(place)
    assert ws.model(NAME).schedule.crons() == {}
    assert not ws.model(NAME).schedule.on_alert
    history = story.rows[story.rows["time"] < story.start]
    ws.ingest(NAME, "predictions", history)
    ws.ingest(
        NAME,
        "outcomes",
        story.outcomes_between(history["time"].min(), story.start),
    )
    ws.train(NAME, as_of=story.start, by="Mira Okafor")
    asked = ws.propose(NAME, 1, reason="first", by="Mira Okafor", as_of=story.start)
    ws.approve(NAME, asked.id, reason="go", by="Dana Weber", as_of=story.start)
    for monday in story.weeks[:22]:
        week(ws, story, monday)
    return ws


def week(ws: workspace.Workspace, story: simulate.Story, monday: datetime) -> None:
    after = monday + timedelta(weeks=1)
    ws.score(NAME, story.rows_between(monday, after), as_of=monday)
    ws.ingest(NAME, "outcomes", story.outcomes_between(monday, after))


def test_the_loop_runs_from_the_first_lead_to_the_way_back(
    live: workspace.Workspace, story: simulate.Story
) -> None:
    ws = live
    begin, now = story.weeks[3], story.weeks[22]

    # quiet at first: nothing is due, and nothing runs
    assert ws.due(as_of=begin) == []
    assert list(ws.reports.iterdir()) == []

    # the market turned: the alert opens once, and names the owner's model
    opened = ws.due(as_of=now)
    assert {tick.kind for tick in opened} == {"alert"}
    assert {alert.rule for alert in ws.alerts(NAME)} >= {"drift"}
    assert all(NAME in tick.text for tick in opened)
    assert ws.due(as_of=now) == []
    assert ws.status(as_of=now)[0].verdict == "alert"

    # renewed on the newest weeks, asked for, and granted a share of the traffic
    made = ws.train(NAME, as_of=now, span=8, by="Mira Okafor")
    assert made.number == 2
    assert made.trained_to is not None
    assert made.trained_to <= now - ws.model(NAME).delay
    asked = ws.propose(NAME, 2, reason="the market turned", by="Mira Okafor", as_of=now)
    assert asked.against == 1
    assert [each.id for each in ws.status(as_of=now)[0].pending] == [asked.id]
    done = ws.approve(
        NAME,
        asked.id,
        reason="a share first",
        by="Dana Weber",
        target="experimental",
        share=0.3,
        as_of=now,
    )
    assert done.sentence == f"version 2 of {NAME} is on trial with 30% of the traffic"

    # each lead goes where its id says, and the log says who served it
    leads = story.rows_between(now, now + timedelta(weeks=1))
    scored = ws.score(NAME, leads, as_of=now)
    shares = {"production": 0.7, "experimental": 0.3}
    expected = routing.assign(leads["id"].reset_index(drop=True), shares, salt=NAME)
    assert scored["role"].tolist() == list(expected)
    served = scored.groupby("role")["version"].unique()
    assert {role: list(found) for role, found in served.items()} == {
        "production": ["1"],
        "experimental": ["2"],
    }
    assert scored["role"].eq("experimental").mean() == pytest.approx(0.3, abs=0.12)
    logged = ws.logs(NAME).predictions(start=now)
    assert dict(zip(logged["id"], logged["version"], strict=True)) == dict(
        zip(scored["id"], scored["version"], strict=True)
    )

    # undone: production has all the traffic, and what was said stays said
    back = ws.rollback(NAME, reason="sales complained", by="Dana Weber", as_of=now)
    assert back.number == 2
    assert set(ws.registry.roles(NAME)) == {"production"}
    again = ws.score(NAME, leads, as_of=now)
    assert again["version"].tolist() == scored["version"].tolist()
    last = story.rows_between(story.weeks[23], story.end)
    assert ws.score(NAME, last, as_of=now)["version"].unique().tolist() == ["1"]

    assert [entry.move for entry in ws.history(NAME)] == [
        "register",
        "propose",
        "approve",
        "register",
        "propose",
        "approve",
        "roll back",
    ]
    assert ws.registry.verify_ledger() is None
    assert all(entry.at.tzinfo is UTC for entry in ws.history(NAME))
