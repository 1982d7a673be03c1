"""A person at the panels in JupyterLab: decides, comes late, takes on, sorts."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pandas as pd
import pytest

import lifecycle
from lifecycle import alerts, simulate, workspace
from tests import in_browser
from tests.panels import alarmed

pytestmark = pytest.mark.notebook

MODEL = "lead-scoring"
REASON = "better on all later leads"
PANELS = ("fleet", "alerts", "approve", "triage")


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with in_browser.chromium() as found:
        yield found


@pytest.fixture(scope="module")
def desk(browser: Any, tmp_path_factory: pytest.TempPathFactory) -> workspace.Workspace:
    """A version live, another that waits for a person, an alert, and two words."""
    story = simulate.lead_scoring(seed=7, weeks=2, leads_per_week=40)
    place = tmp_path_factory.mktemp("panels") / "a desk"
    settings = workspace.init(place, scenario=MODEL)
    ws = lifecycle.open(place)
    history = story.rows[story.rows["time"] < story.start]
    ws.ingest(MODEL, "predictions", history)
    known = story.outcomes_between(history["time"].min(), story.start)
    ws.ingest(MODEL, "outcomes", known)
    for reason in ("the first", "trained once more"):
        made = ws.train(MODEL, as_of=story.start, by="Mira")
        asked = ws.propose(
            MODEL, made.number, reason=reason, by="Mira", as_of=story.start
        )
        if reason == "the first":
            ws.approve(MODEL, asked.id, reason="go", by="Dana", as_of=story.start)
    text = settings.read_text(encoding="utf-8")
    told = f'as_of = {story.start:%Y-%m-%dT%H:%M:%SZ}\ncurrency = "USD"\n'
    settings.write_text(text.replace('currency = "USD"\n', told, 1), encoding="utf-8")
    ws = lifecycle.open(place)
    alarmed(ws, MODEL, severity="critical")
    ids = history["id"].tail(2).to_list()
    said = pd.DataFrame({"feedback_id": ["W0", "W1"], "id": ids, "kind": "flag"})
    said = said.assign(person="Ann", label=float("nan"), reason="not a lead of ours")
    said["time"] = pd.Series([story.start] * 2, dtype="datetime64[us, UTC]")
    ws.ingest(MODEL, "feedback", said)
    return ws


@pytest.fixture(scope="module")
def lab(
    desk: workspace.Workspace, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[in_browser.Lab]:
    place = tmp_path_factory.mktemp("own")
    with (
        in_browser.hub("mira") as told,
        in_browser.jupyterlab(desk.directory, place, env=told) as started,
    ):
        yield started


@pytest.fixture(scope="module")
def home(browser: Any, lab: in_browser.Lab) -> Any:
    """Home, with all its cells run: a page that all tests go on with."""
    page = lab.page(browser, viewport={"width": 1440, "height": 3600})
    lab.open_and_run(page, "home.ipynb")
    return page


def panel(page: Any, name: str) -> Any:
    return page.locator(f".jp-OutputArea-output .lc-{name}").first


@pytest.mark.parametrize("name", PANELS)
def test_axe_core_finds_nothing_on_a_panel(home: Any, name: str) -> None:
    from playwright.sync_api import expect

    expect(panel(home, name)).to_be_visible()
    in_browser.picture(home, f"panel-{name}")
    within = f".jp-OutputArea-output .lc-{name}"
    assert in_browser.violations(home, in_browser.axe_rules(), within) == []


def test_with_the_keyboard_alone_a_version_goes_live_and_who_comes_later_is_told(
    browser: Any, home: Any, lab: in_browser.Lab, desk: workspace.Workspace
) -> None:
    from playwright.sync_api import expect

    later = lab.page(browser, viewport={"width": 1440, "height": 3600})
    lab.open_and_run(later, "promote.ipynb")
    theirs = panel(later, "approve")
    expect(theirs.get_by_role("button", name="Approve", exact=True)).to_be_disabled()
    before = desk.registry.roles(MODEL)["production"].number

    mine = panel(home, "approve")
    approve = mine.get_by_role("button", name="Approve", exact=True)
    expect(approve).to_be_disabled()
    mine.get_by_label("Reason").focus()
    home.keyboard.type(REASON)
    expect(approve).to_be_enabled()
    for _ in range(5):  # the button is a few stops from the reason
        home.keyboard.press("Tab")
        if approve.evaluate("each => each === document.activeElement"):
            break
    expect(approve).to_be_focused()
    home.keyboard.press("Enter")
    expect(mine.locator(".lc-status")).to_contain_text("Approved: version 2")
    in_browser.picture(home, "approved")
    now = desk.registry.roles(MODEL)["production"].number
    assert (before, now) == (1, 2)
    entry = [e for e in desk.registry.ledger(MODEL) if e.move == "approve"][-1]
    assert (entry.number, entry.reason) == (2, REASON)
    assert (entry.actor, entry.source) == ("mira", "hub")

    theirs.get_by_label("Reason").fill("I like it as well")
    theirs.get_by_role("button", name="Approve", exact=True).click()
    expect(theirs.get_by_role("alert")).to_contain_text("Not done")
    in_browser.picture(later, "too-late")
    assert len([e for e in desk.registry.ledger(MODEL) if e.move == "approve"]) == 2


def test_an_alert_is_taken_on_and_its_rule_silenced(
    home: Any, desk: workspace.Workspace
) -> None:
    from playwright.sync_api import expect

    mine = panel(home, "alerts")
    mine.get_by_role("button", name="Acknowledge").click()
    expect(mine.locator(".lc-status")).to_contain_text("Alert 1 is")
    (episode,) = alerts.open_alerts(desk.registry, MODEL)
    assert episode.acknowledged_by
    mine.get_by_label("Silent until").fill("2099-01-01")
    mine.get_by_label("Reason").fill("known, and worked on")
    mine.get_by_role("button", name="Silence").click()
    expect(mine.locator(".lc-status")).to_contain_text("2099-01-01")
    assert [e.reason for e in desk.registry.ledger(MODEL) if e.move == "silence"] == [
        "known, and worked on"
    ]


def test_a_word_is_refused_with_a_reason(home: Any, desk: workspace.Workspace) -> None:
    from playwright.sync_api import expect

    mine = panel(home, "triage")
    refuse = mine.get_by_role("button", name="Refuse")
    expect(refuse).to_be_disabled()
    mine.get_by_label("Reason").fill("it was a lead")
    expect(refuse).to_be_enabled()
    refuse.click()
    expect(mine.locator(".lc-status")).to_contain_text("efused")
    rows = desk.logs(MODEL).feedback()
    assert list(rows.loc[rows["kind"] == "refused", "reason"]) == ["it was a lead"]


def test_a_model_of_the_fleet_is_opened_by_its_button(home: Any) -> None:
    from playwright.sync_api import expect

    mine = panel(home, "fleet")
    mine.get_by_role("button", name=f"Open {MODEL}").click()
    expect(mine.locator(".lc-opened")).to_contain_text(MODEL)
    in_browser.picture(home, "fleet-opened")
    assert home.elsewhere == []
