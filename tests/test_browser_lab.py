"""`lifecycle lab` in a real browser: tiles, runs, and links between pages."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

import lifecycle
from lifecycle import workspace
from tests import in_browser

pytestmark = pytest.mark.notebook

AT = datetime(2024, 4, 1, tzinfo=UTC)
HOSTILE = "<img src=x onerror=\"document.title='PWNED'\">"


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> workspace.Workspace:
    """A workspace of one model, with an audit, and a notebook of the user's own."""
    place = tmp_path_factory.mktemp("lab") / "a desk"
    workspace.init(place)
    ws = lifecycle.open(place)
    folder = place / "reports" / "my-model" / "2024-04-01"
    folder.mkdir(parents=True)
    page = "<!doctype html><title>t</title><h1>Audit of spring</h1>"
    page += '<p><a href="#end">To the end</a> <a href="../../index.html">All</a></p>'
    page += '<p style="margin-top: 4000px" id="end">The end</p>'
    (folder / "audit.html").write_text(page, encoding="utf-8")
    ws.registry.record_run(
        "my-model", "audit", AT, status="succeeded", ended=AT,
        directory="reports/my-model/2024-04-01",
    )  # fmt: skip
    ws.refresh_index(as_of=AT)
    return ws


@pytest.fixture(scope="module")
def jupyter(
    desk: workspace.Workspace, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Any, Any]]:
    """Chromium on `lifecycle lab`: the page and the server behind it."""
    with (
        in_browser.chromium() as browser,
        in_browser.jupyterlab(desk.directory, tmp_path_factory.mktemp("own")) as lab,
    ):
        page = lab.page(browser)
        page.goto(f"{lab.base}/?token={lab.token}")
        page.wait_for_selector(".jp-Notebook-cell")
        page.evaluate("async () => { await window.jupyterapp.restored }")
        yield page, lab


def execute(page: Any, command: str) -> None:
    """Start a command of JupyterLab, and do not wait until it is done."""
    page.evaluate(f"() => {{ window.jupyterapp.commands.execute({command}) }}")


def test_home_stands_beside_the_newest_report_which_needs_no_trust(
    jupyter: tuple[Any, Any],
) -> None:
    from playwright.sync_api import expect

    page, _ = jupyter
    report = page.frame_locator(".jp-HTMLViewer iframe").first
    expect(report.get_by_role("heading", name="Audit of spring")).to_be_visible()
    expect(page.locator(".jp-NotebookPanel")).to_be_visible()
    assert "home.ipynb" in page.locator(".lm-TabBar-tab").all_inner_texts()
    in_browser.picture(page, "lab-start")
    report.get_by_role("link", name="To the end").click()
    expect(report.get_by_text("The end", exact=True)).to_be_in_viewport()
    assert page.elsewhere == []


def test_links_lead_from_page_to_page_inside_jupyterlab(
    jupyter: tuple[Any, Any],
) -> None:
    from playwright.sync_api import expect

    page, _ = jupyter
    execute(page, "'lifecycle:index'")
    shown = page.frame_locator(".jp-Document:not(.lm-mod-hidden) .jp-HTMLViewer iframe")
    shown.get_by_role("link", name="my-model", exact=True).first.click()
    expect(shown.get_by_role("link", name="All models").first).to_be_visible()
    in_browser.picture(page, "lab-model-page")
    shown.get_by_role("link", name="audit").first.click()
    expect(shown.get_by_role("heading", name="Audit of spring")).to_be_visible()


def test_a_tile_runs_a_notebook_and_opens_its_report(
    jupyter: tuple[Any, Any], desk: workspace.Workspace
) -> None:
    from playwright.sync_api import expect

    page, _ = jupyter
    execute(page, "'launcher:create'")
    tiles = page.locator(".jp-LauncherCard[data-category='Lifecycle']")
    expect(tiles).to_have_count(5)
    in_browser.picture(page, "lab-tiles")
    tiles.filter(has_text="Run a notebook now").click()
    expect(page.get_by_label("Notebook")).to_be_focused()
    page.get_by_label("Notebook").select_option("promote")
    in_browser.picture(page, "lab-dialog")
    page.get_by_role("button", name="Run", exact=True).click()
    expect(page.get_by_text("promote of my-model is running")).to_be_visible()
    shown = page.frame_locator(".jp-Document:not(.lm-mod-hidden) .jp-HTMLViewer iframe")
    expect(shown.get_by_role("heading", level=1)).to_contain_text("Promote")
    in_browser.picture(page, "lab-ran")
    assert desk.registry.runs("my-model", "promote")


def test_what_is_not_there_is_not_run_and_its_name_stays_words(
    jupyter: tuple[Any, Any],
) -> None:
    from playwright.sync_api import expect

    page, _ = jupyter
    told = {"notebook": HOSTILE, "model": "my-model"}
    execute(page, f"'lifecycle:run', {told!r}")
    expect(page.get_by_text("there is no notebook '<img").first).to_be_visible()
    assert page.locator(".Toastify__toast img[src=x]").count() == 0
    assert page.title() != "PWNED"


def test_nobody_runs_anything_without_a_login_or_by_a_forged_request(
    jupyter: tuple[Any, Any],
) -> None:
    page, lab = jupyter
    address, told = f"{lab.base}/lifecycle/runs", {"notebook": "audit", "model": "x"}
    stranger = page.context.browser.new_context().request
    assert stranger.get(f"{lab.base}/lifecycle/desk").status == 403
    assert stranger.post(address, data=told).status == 403
    assert stranger.delete(f"{address}/{'0' * 16}").status == 403
    # the login of the browser goes along with it, the token against forgery does not
    assert page.request.post(address, data=told).status == 403
    own = {"Authorization": f"token {lab.token}"}
    for body in ("", "[]", "{", '{"notebook": "audit"}', "[" * 4000, "x" * 9000):
        answer = page.request.post(address, data=body.encode(), headers=own)
        assert (answer.status, "as JSON" in answer.json()["message"]) == (400, True)
    answer = page.request.post(address, data=told, headers=own)
    assert (answer.status, "no model 'x'" in answer.text()) == (400, True)
    assert page.request.get(f"{address}/{'0' * 16}", headers=own).status == 400


def test_jupyterlab_asked_nothing_of_the_network(jupyter: tuple[Any, Any]) -> None:
    page, lab = jupyter
    assert page.elsewhere == []
    assert "Traceback" not in Path(lab.log).read_text(errors="replace")
