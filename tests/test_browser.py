"""A person in a browser: reports on disk, then all of it in one JupyterLab."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from lifecycle import alerts, feedback, workspace
from tests import in_browser
from tests.in_browser import execute, expect, opened, palette, panel, tile, tiles
from tests.panels import alarmed
from tests.quarter import MODEL, PAGES, quarter, reported

pytestmark = pytest.mark.notebook

REASON = "better on all later leads"
PANELS = ("fleet", "alerts", "approve", "triage")
CONCLUDED = {  # of a workspace that is new; promote and home are run above
    "audit": "no outcome is due yet",
    "drift": "no version is in production",
    "decide": "No ruling",
}
HOSTILE = "<img src=x onerror=\"document.title='PWNED'\">"
FRAME = ".jp-Document:not(.lm-mod-hidden) .jp-HTMLViewer iframe"


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with in_browser.chromium() as found:
        yield found


@pytest.fixture(scope="module")
def desk(browser: Any, tmp_path_factory: pytest.TempPathFactory) -> workspace.Workspace:
    return quarter(tmp_path_factory.mktemp("browser") / "a desk")


@pytest.fixture(scope="module")
def pages(desk: workspace.Workspace) -> dict[str, Path]:
    return reported(desk)


# -- pages as they are on disk -----------------------------------------------------


@pytest.mark.parametrize("name", PAGES)
def test_a_page_has_nothing_that_axe_core_finds_and_on_a_phone_nothing_wide(
    browser: Any, pages: dict[str, Path], name: str
) -> None:
    size = {"width": 1280, "height": 900}
    # without its rules for scripts, since axe is one: the page itself has none
    page = opened(browser, pages[name], viewport=size, bypass_csp=True)
    assert in_browser.violations(page, in_browser.axe_rules()) == []
    page.set_viewport_size({"width": 390, "height": 844})
    in_browser.picture(page, f"{name}-390")
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    page.context.close()


@pytest.mark.parametrize("name", ["model", "decide"])
def test_axe_core_finds_nothing_on_a_page_in_the_dark(
    browser: Any, pages: dict[str, Path], name: str
) -> None:
    page = opened(browser, pages[name], color_scheme="dark", bypass_csp=True)
    assert in_browser.violations(page, in_browser.axe_rules()) == []
    page.context.close()


def test_the_audit_of_the_demo_stays_small_and_has_no_script(
    pages: dict[str, Path],
) -> None:
    data = pages["audit"].read_bytes()
    assert len(data) < 150 * 1024
    assert b"<script" not in data


def test_a_report_becomes_a_pdf_with_bookmarks(
    browser: Any, pages: dict[str, Path]
) -> None:
    page = opened(browser, pages["audit"])
    data = page.pdf(outline=True, tagged=True)
    assert data.startswith(b"%PDF")
    assert b"/Outlines" in data
    page.context.close()


# -- JupyterLab: home and the newest report ----------------------------------------


@pytest.fixture(scope="module")
def lab(
    desk: workspace.Workspace,
    pages: dict[str, Path],
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[in_browser.Lab]:
    alarmed(desk, MODEL, severity="critical")
    place = tmp_path_factory.mktemp("own")
    with (
        in_browser.hub("mira") as told,
        in_browser.jupyterlab(desk.directory, place, env=told) as started,
    ):
        yield started


@pytest.fixture(scope="module")
def home(browser: Any, lab: in_browser.Lab) -> Any:
    """What `lifecycle lab` opens: home, which runs by itself, beside a report."""
    page = lab.page(browser, viewport={"width": 1440, "height": 3600})
    page.goto(f"{lab.base}/?token={lab.token}")
    page.wait_for_selector(".jp-Notebook-cell")
    page.evaluate("async () => { await window.jupyterapp.restored }")
    panel(page, "triage").wait_for()
    return page


def test_home_stands_beside_the_newest_report_which_needs_no_trust(
    home: Any, desk: workspace.Workspace
) -> None:
    report = home.frame_locator(".jp-HTMLViewer iframe").first
    expect(report.get_by_role("heading", level=1)).to_contain_text("Promote")
    trust = home.locator(".jp-HTMLViewer-toolbar, .jp-Toolbar").get_by_text(
        "Trust HTML"
    )
    expect(trust).to_be_visible()  # nobody has pressed it
    expect(home.locator(".jp-NotebookPanel")).to_be_visible()
    assert "home.ipynb" in home.locator(".lm-TabBar-tab").all_inner_texts()
    expect(panel(home, "triage")).to_be_visible()
    in_browser.picture(home, "lab-start")
    contents = report.get_by_role("navigation").get_by_role("link")
    contents.last.click()
    place = contents.last.get_attribute("href")
    expect(report.locator(place)).to_be_in_viewport()
    assert ("promote", "lab") in {(e.page, e.way) for e in desk.registry.opened(MODEL)}
    assert home.elsewhere == []


@pytest.mark.parametrize("name", PANELS)
def test_axe_core_finds_nothing_on_a_panel(home: Any, name: str) -> None:
    expect(panel(home, name)).to_be_visible()
    in_browser.picture(home, f"panel-{name}")
    within = f".jp-OutputArea-output .lc-{name}"
    assert in_browser.violations(home, in_browser.axe_rules(), within) == []


def test_with_the_keyboard_alone_a_version_goes_live_and_who_comes_later_is_told(
    browser: Any, home: Any, lab: in_browser.Lab, desk: workspace.Workspace
) -> None:
    later = lab.page(browser, viewport={"width": 1440, "height": 3600})
    lab.open_and_run(later, "promote.ipynb")
    theirs = panel(later, "approve")
    expect(theirs.get_by_role("button", name="Approve", exact=True)).to_be_disabled()
    before = desk.registry.roles(MODEL)["production"].number

    palette(home, "Lifecycle: Approve or reject")
    mine = panel(home, "approve")
    approve = mine.get_by_role("button", name="Approve", exact=True)
    expect(mine.get_by_label("Reason")).to_be_focused()
    expect(approve).to_be_disabled()
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
    later.context.close()


def test_an_alert_is_taken_on_and_its_rule_silenced(
    home: Any, desk: workspace.Workspace
) -> None:
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


def test_words_are_refused_corrected_and_accepted_by_segment_and_one_is_taken_back(
    home: Any, desk: workspace.Workspace
) -> None:
    def rulings() -> list[tuple[str, str, str]]:
        rows = feedback.standing(desk.logs(MODEL).feedback())
        names = ["about", "kind", "reason"]
        return [tuple(row) for row in rows[names].to_numpy()]

    mine, words = panel(home, "triage"), desk.view(MODEL).feedback_waiting()
    said = mine.locator(".lc-status")
    verbs = {
        name: mine.get_by_role("button", name=name, exact=True)
        for name in ("Accept", "Refuse", "Correct")
    }
    expect(verbs["Refuse"]).to_be_disabled()
    mine.get_by_label("Reason").fill("it was a lead")
    verbs["Refuse"].click()
    expect(said).to_contain_text("mira refused 1 word")
    first, second = words["feedback_id"][:2]
    assert rulings() == [(first, "refused", "it was a lead")]
    mine.get_by_label("The outcome is").select_option("1")
    verbs["Correct"].click()
    expect(said).to_contain_text("mira corrected 1 word")
    assert (second, "corrected", "it was a lead") in rulings()

    segment = mine.get_by_label("Segment")
    flags = segment.locator("option", has_text="kind = flag")
    expect(flags).to_have_count(1)
    name = flags.text_content()
    count = int(re.findall(r"\((\d+)\)", name)[0])
    assert count > 1
    segment.select_option(name)
    mine.get_by_label("Decide on").select_option(f"all {count} in the segment")
    verbs["Accept"].click()
    expect(said).to_contain_text(f"mira accepted {count} words")
    assert [kind for _, kind, _ in rulings()].count("accepted") == count
    in_browser.picture(home, "triage-segment")

    mine.get_by_label("Show").select_option("decided already")
    refused = mine.get_by_label("Word").locator("option", has_text="refused by mira")
    expect(refused).to_have_count(1)
    mine.get_by_label("Word").select_option(refused.text_content())
    expect(mine).to_contain_text("it was a lead")
    mine.get_by_label("Reason").fill("the lead came back")
    verbs["Accept"].click()
    expect(said).to_contain_text("mira accepted 1 word")
    assert (first, "accepted", "the lead came back") in rulings()
    in_browser.picture(home, "triage-decided")
    log = desk.logs(MODEL).feedback()
    assert "it was a lead" in set(log["reason"])  # the earlier one stays on record


def test_a_model_of_the_fleet_is_opened_by_its_button(home: Any) -> None:
    mine = panel(home, "fleet")
    mine.get_by_role("button", name=f"Open {MODEL}").click()
    expect(mine.locator(".lc-opened")).to_contain_text(MODEL)
    in_browser.picture(home, "fleet-opened")
    assert home.elsewhere == []


# -- JupyterLab: tiles, palette, runs ----------------------------------------------


def test_links_lead_from_page_to_page_inside_jupyterlab(home: Any) -> None:
    palette(home, "Lifecycle: All models")
    shown = home.frame_locator(FRAME)
    shown.get_by_role("link", name=MODEL, exact=True).first.click()
    expect(shown.get_by_role("link", name="All models").first).to_be_visible()
    in_browser.picture(home, "lab-model-page")
    shown.get_by_role("link", name="audit").first.click()
    expect(shown.get_by_role("heading", level=1)).to_contain_text("Audit")


def test_a_tile_runs_a_notebook_and_opens_its_report(
    home: Any, desk: workspace.Workspace
) -> None:
    before = len(desk.registry.runs(MODEL, "promote"))
    cards = tiles(home)
    expect(cards).to_have_count(5)
    in_browser.picture(home, "lab-tiles")
    cards.filter(has_text="Run a notebook now").click()
    expect(home.get_by_label("Notebook")).to_be_focused()
    home.get_by_label("Notebook").select_option("promote")
    in_browser.picture(home, "lab-dialog")
    dialog = ".jp-Dialog-content"
    assert in_browser.violations(home, in_browser.axe_rules(), dialog) == []
    home.get_by_role("button", name="Run", exact=True).click()
    expect(home.get_by_text(f"promote of {MODEL} is running")).to_be_visible()
    shown = home.frame_locator(FRAME)
    expect(shown.get_by_role("heading", level=1)).to_contain_text("Promote")
    in_browser.picture(home, "lab-ran")
    assert len(desk.registry.runs(MODEL, "promote")) == before + 1


def test_a_run_is_stopped_by_who_has_started_it_and_leaves_no_report(
    home: Any, desk: workspace.Workspace
) -> None:
    pages = sorted(desk.reports.rglob("audit.html"))
    execute(home, f"'lifecycle:run', {{notebook: 'audit', model: '{MODEL}'}}")
    toast = home.locator(".Toastify__toast", has_text=f"audit of {MODEL}")
    expect(toast).to_contain_text("is running")
    toast.get_by_role("button", name="Stop").click()
    expect(toast).to_contain_text("stopped before it was done")
    in_browser.picture(home, "lab-stopped")
    assert sorted(desk.reports.rglob("audit.html")) == pages


def test_the_newest_report_is_opened_by_its_tile_and_by_the_palette(home: Any) -> None:
    shown = home.frame_locator(FRAME)
    for way, name in ((tile, "Newest report"), (palette, "Lifecycle: Newest report")):
        palette(home, "Lifecycle: All models")
        expect(shown.get_by_role("heading", level=1)).to_contain_text("Northwind")
        way(home, name)
        expect(shown.get_by_role("heading", level=1)).to_contain_text("Promote")


def test_home_is_opened_and_run_by_its_tile_with_nothing_else_open(home: Any) -> None:
    home.evaluate(in_browser.SAVED)
    execute(home, "'application:close-all'")
    tile(home, "Home")
    expect(panel(home, "triage")).to_be_visible()
    expect(panel(home, "approve")).to_contain_text("there is nothing to decide")
    tile(home, "Approve or reject")
    expect(panel(home, "approve")).to_be_in_viewport()


def test_what_is_not_there_is_not_run_and_its_name_stays_words(home: Any) -> None:
    told = {"notebook": HOSTILE, "model": MODEL}
    execute(home, f"'lifecycle:run', {told!r}")
    expect(home.get_by_text("there is no notebook '<img").first).to_be_visible()
    assert home.locator(".Toastify__toast img[src=x]").count() == 0
    assert home.title() != "PWNED"


def test_a_tile_says_where_the_server_does_not_know_the_workbench(home: Any) -> None:
    home.route(
        "**/lifecycle/desk*", lambda asked: asked.fulfill(status=404, body="<p>")
    )
    execute(home, "'lifecycle:run'")
    expect(home.get_by_text("start it with: lifecycle lab").first).to_be_visible()
    home.unroute("**/lifecycle/desk*")


def test_nobody_runs_anything_without_a_login_or_by_a_forged_request(
    home: Any, lab: in_browser.Lab
) -> None:
    address, told = f"{lab.base}/lifecycle/runs", {"notebook": "audit", "model": "x"}
    stranger = home.context.browser.new_context().request
    assert stranger.get(f"{lab.base}/lifecycle/desk").status == 403
    assert stranger.post(address, data=told).status == 403
    assert stranger.delete(f"{address}/{'0' * 16}").status == 403
    # the login of the browser goes along with it, the token against forgery does not
    assert home.request.post(address, data=told).status == 403
    own = {"Authorization": f"token {lab.token}"}
    for body in ("", "[]", "{", '{"notebook": "audit"}', "[" * 4000, "x" * 9000):
        answer = home.request.post(address, data=body.encode(), headers=own)
        assert (answer.status, "as JSON" in answer.json()["message"]) == (400, True)
    answer = home.request.post(address, data=told, headers=own)
    assert (answer.status, "no model 'x'" in answer.text()) == (400, True)
    assert home.request.get(f"{address}/{'0' * 16}", headers=own).status == 400


@pytest.mark.parametrize("name", CONCLUDED)
def test_all_cells_of_a_page_run_as_it_is_on_a_new_workspace(
    home: Any, lab: in_browser.Lab, name: str
) -> None:
    if not (lab.directory / "new").exists():
        workspace.init(lab.directory / "new")
    lab.show(home, f"new/notebooks/{name}.ipynb")
    lab.run_all(home)
    told = in_browser.outputs(home)
    assert "error" not in [kind for kind, _ in told]
    assert CONCLUDED[name] in told[-1][1]
    in_browser.picture(home, f"ran-{name}")


def test_jupyterlab_asked_nothing_of_the_network(
    home: Any, lab: in_browser.Lab
) -> None:
    assert home.elsewhere == []
    assert "Traceback" not in Path(lab.log).read_text(errors="replace")
