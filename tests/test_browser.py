"""A person opens the promote page in JupyterLab, gives a reason and approves."""

from __future__ import annotations

import json
import os
import secrets
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import lifecycle
from lifecycle import simulate, workspace

pytestmark = pytest.mark.notebook

MODEL = "lead-scoring"
REASON = "better on all later leads"
# "idle" shows before the kernel is connected, and what is run then is lost
READY = """async () => {
  const app = window.jupyterapp; await app.restored;
  const page = app.shell.currentWidget;
  await page.context.ready; await page.sessionContext.ready;
  const kernel = page.sessionContext.session.kernel; await kernel.info;
  return kernel.connectionStatus }"""
NO_NEWS = {"@jupyterlab/apputils-extension:notification": {"fetchNews": "false"}}


@pytest.fixture
def chromium() -> str:
    """Where Chromium is; without it, or its driver, there is nothing to test."""
    reason = "playwright is not installed; install it to test the panel in a browser"
    pytest.importorskip("playwright.sync_api", reason=reason)
    reason = "JupyterLab is not installed; install it to test the panel in it"
    pytest.importorskip("jupyterlab", reason=reason)
    names = ("chromium", "chromium-browser", "google-chrome")
    found = next(filter(None, map(shutil.which, names)), None)
    if found is None:
        pytest.skip("there is no Chromium here; install it to test the panel in it")
    return found


@pytest.fixture
def desk(chromium: str, tmp_path: Path) -> workspace.Workspace:
    """A workspace with a version live and another that waits for a person."""
    story = simulate.lead_scoring(seed=7, weeks=2, leads_per_week=40)
    place = tmp_path / "a desk"
    settings = workspace.init(place, scenario=MODEL)
    ws = lifecycle.open(place)
    history = story.leads[story.leads["time"] < story.start]
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
    return lifecycle.open(place)


@pytest.fixture
def server(desk: workspace.Workspace, tmp_path: Path) -> Iterator[tuple[str, str]]:
    """A JupyterLab of its own on this machine alone: its address and its token."""
    token = secrets.token_hex(16)
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
    lab = tmp_path / "lab"
    rules = lab / "config" / "labconfig" / "default_setting_overrides.json"
    rules.parent.mkdir(parents=True)
    rules.write_text(json.dumps(NO_NEWS), encoding="utf-8")
    own = {
        f"JUPYTER_{name}_DIR": str(lab / name.lower())
        for name in ("CONFIG", "DATA", "RUNTIME")
    }
    own |= {
        "JUPYTERLAB_SETTINGS_DIR": str(lab / "settings"),
        "JUPYTERLAB_WORKSPACES_DIR": str(lab / "workspaces"),
        "IPYTHONDIR": str(lab / "ipython"),
    }
    held = {k: v for k, v in os.environ.items() if k != "LIFECYCLE_UNATTENDED"}
    command = [sys.executable, "-m", "jupyterlab", "--no-browser", "--ip=127.0.0.1"]
    command += [f"--port={port}", "--port-retries=0", "--allow-root"]
    command += [f"--IdentityProvider.token={token}", f"--notebook-dir={desk.directory}"]
    command += ["--LabApp.expose_app_in_browser=True"]
    log = (tmp_path / "lab.log").open("w+", encoding="utf-8")
    running = subprocess.Popen(
        command, env=held | own, stdout=log, stderr=subprocess.STDOUT
    )
    try:
        yield f"http://127.0.0.1:{port}", token
    finally:
        running.terminate()
        running.wait(timeout=30)
        log.close()


@pytest.fixture
def page(server: tuple[str, str], chromium: str) -> Iterator[Any]:
    """A page of Chromium that reaches this machine and nothing else."""
    from playwright import sync_api

    with sync_api.sync_playwright() as player:
        flags = ["--no-sandbox", "--disable-gpu"]
        browser = player.chromium.launch(executable_path=chromium, args=flags)
        opened = browser.new_page(viewport={"width": 1280, "height": 1000})
        opened.route(
            "**/*",
            lambda route: (
                route.continue_()
                if route.request.url.startswith((server[0], "data:", "blob:"))
                else route.abort()
            ),
        )
        yield opened
        browser.close()


def opened(page: Any, server: tuple[str, str], notebook: str) -> None:
    """Open a notebook and run all of it, once its kernel listens."""
    from playwright import sync_api

    base, token = server
    address = (
        f"{base}/lab/workspaces/test/tree/notebooks/{notebook}?reset&token={token}"
    )
    page.set_default_timeout(60_000)
    while True:  # the server answers when it is up; Chromium waits between attempts
        try:
            page.goto(address)
            break
        except sync_api.Error as error:
            if "ERR_CONNECTION_REFUSED" not in str(error):
                raise
            page.wait_for_timeout(100)
    page.wait_for_selector(".jp-Notebook-cell")
    assert page.evaluate(READY) == "connected"
    page.evaluate("window.jupyterapp.commands.execute('notebook:run-all-cells')")


def test_a_person_approves_in_jupyterlab_and_the_version_goes_live(
    page: Any, server: tuple[str, str], desk: workspace.Workspace, tmp_path: Path
) -> None:
    from playwright.sync_api import expect

    before = desk.registry.roles(MODEL)["production"].number
    opened(page, server, "promote.ipynb")
    panel = page.locator(".jp-OutputArea-output", has=page.locator(".lc-approve")).first
    approve = panel.get_by_role("button", name="Approve")
    expect(approve).to_be_disabled(timeout=60_000)
    panel.get_by_label("Reason").fill(REASON)
    expect(approve).to_be_enabled()
    approve.click()
    expect(panel.locator(".lc-status")).to_contain_text("Approved: version 2")
    if os.environ.get("LIFECYCLE_SHOTS"):
        panel.scroll_into_view_if_needed()
        page.screenshot(path=f"{os.environ['LIFECYCLE_SHOTS']}/panel.png")
    now = desk.registry.roles(MODEL)["production"].number
    assert (before, now) == (1, 2)
    entry = [e for e in desk.registry.ledger(MODEL) if e.move == "approve"][-1]
    assert (entry.number, entry.reason) == (2, REASON)
