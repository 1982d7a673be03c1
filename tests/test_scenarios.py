"""What is planted in a business is found and named, in time, and nothing else is."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from lifecycle import alerts, simulate, workspace
from lifecycle.demo import scenarios
from lifecycle.demo.prepare import live_week, make
from lifecycle.workspace import clock


def lived(
    place: Path, name: str, story: simulate.Story
) -> tuple[workspace.Workspace, dict[str, set[str]]]:
    """The story, watched each Monday by its settings; the rules that spoke, by week.

    Nothing is renewed here, which a rule says too, in time: `overdue`.
    """
    of = scenarios.named(name)
    ws = make(
        place,
        story,
        as_of=story.end,
        unmanaged=False,
        say=lambda text: None,
        scenario=of,
    )
    spoke: dict[str, set[str]] = {}
    for monday in story.weeks:
        live_week(ws, story, monday, of)
        opened = clock.watch(ws.view(name, monday + timedelta(weeks=1)))
        if opened:
            week = simulate.week_label(monday.date())
            spoke[week] = {alert.rule for alert in opened}
    return ws, spoke


@pytest.fixture(scope="module")
def bank(
    tmp_path_factory: pytest.TempPathFactory,
) -> tuple[workspace.Workspace, dict[str, set[str]]]:
    """Two months of payments and the beginning of the ring's."""
    story = simulate.fraud(seed=2024, weeks=16, payments_per_week=2_000)
    return lived(tmp_path_factory.mktemp("a bank"), "fraud", story)


@pytest.fixture(scope="module")
def bot(
    tmp_path_factory: pytest.TempPathFactory,
) -> tuple[workspace.Workspace, dict[str, set[str]]]:
    """Five quiet weeks of messages and three with a topic nobody taught the bot."""
    story = simulate.chatbot(seed=2024, weeks=8)
    return lived(tmp_path_factory.mktemp("a bot"), "chatbot", story)


def first(spoke: dict[str, set[str]]) -> dict[str, str]:
    """The week in which each rule spoke for the first time."""
    rules = set().union(*spoke.values())
    return {rule: min(w for w, told in spoke.items() if rule in told) for rule in rules}


def test_a_new_topic_is_named_within_two_weeks_and_nothing_speaks_before_it(
    bot: tuple[workspace.Workspace, dict[str, set[str]]],
) -> None:
    ws, spoke = bot
    launched = "2024-W41"
    assert min(spoke) == launched
    assert first(spoke)["drift"] <= "2024-W42"
    held = alerts.history(ws.registry, "chatbot")
    drift = next(each for each in held if each.rule == "drift")
    assert "wallet_transfer" in drift.sentence


def test_agents_and_outcomes_speak_within_two_weeks_of_a_new_topic(
    bot: tuple[workspace.Workspace, dict[str, set[str]]],
) -> None:
    told = first(bot[1])
    assert told["feedback"] == "2024-W41"
    assert told["accuracy"] <= "2024-W42"


def test_travel_and_the_ring_are_found_in_their_weeks_and_nothing_else_is(
    bank: tuple[workspace.Workspace, dict[str, set[str]]],
) -> None:
    ws, spoke = bank
    told = {week: rules - {"overdue"} for week, rules in spoke.items()}
    # customers call in the first week; a drift is believed in the second
    assert {week: rules for week, rules in told.items() if rules} == {
        "2024-W20": {"feedback"},
        "2024-W21": {"drift"},
        "2024-W28": {"feedback"},
    }
    held = alerts.history(ws.registry, "fraud")
    drift = next(each for each in held if each.rule == "drift")
    named = ("amount", "hour", "terminal", "entry", "payments_24h")
    assert "distance_km" in drift.sentence
    assert "country" in drift.sentence
    assert not any(each in drift.sentence for each in named)
