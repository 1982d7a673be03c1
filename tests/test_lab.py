"""JupyterLab on a workspace: what it is started with, and what a person finds there."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

import lifecycle
from lifecycle import errors, lab, workspace
from lifecycle.workspace import overview

AT = datetime(2024, 4, 1, tzinfo=UTC)


@pytest.fixture
def desk(tmp_path: Path) -> workspace.Workspace:
    """A workspace of one model, whose two audits stand as pages."""
    place = tmp_path / "a desk"
    workspace.init(place)
    ws = lifecycle.open(place)
    for number, day in enumerate(("2024-03-04", "2024-04-01")):
        folder = place / "reports" / "my-model" / day
        folder.mkdir(parents=True)
        page = f"<!doctype html><title>t</title><h1>Audit of {day}</h1>"
        (folder / "audit.html").write_text(page, encoding="utf-8")
        ws.registry.record_run(
            "my-model", "audit", datetime.fromisoformat(f"{day}T00:00:00+00:00"),
            status="succeeded", ended=AT.replace(hour=number),
            directory=f"reports/my-model/{day}",
        )  # fmt: skip
    ws.refresh_index(as_of=AT)
    return ws


def test_the_newest_report_is_the_one_written_last_that_is_still_there(
    desk: workspace.Workspace,
) -> None:
    newest = "reports/my-model/2024-04-01/audit.html"
    assert overview.newest_report(desk) == newest
    (desk.directory / newest).unlink()
    assert overview.newest_report(desk) == "reports/my-model/2024-03-04/audit.html"


def test_what_the_user_has_set_stays_and_ours_stands_beside_it(
    desk: workspace.Workspace,
) -> None:
    theirs = {"JUPYTER_CONFIG_PATH": "/their/own", "HOME": "/home/them"}
    told = lab.environment(desk.directory, lab.arrangement("notebooks/a.ipynb"), theirs)
    ours, _, rest = told["JUPYTER_CONFIG_PATH"].partition(os.pathsep)
    assert rest == "/their/own"
    assert told["HOME"] == "/home/them"
    rules = Path(ours) / "labconfig" / "default_setting_overrides.json"
    assert "@jupyterlab/apputils-extension:notification" in json.loads(
        rules.read_text(encoding="utf-8")
    )
    assert Path(told["JUPYTERLAB_WORKSPACES_DIR"]).is_relative_to(
        desk.directory / ".lifecycle"
    )


def test_jupyterlab_reads_the_arrangement_under_the_name_it_is_opened_with(
    desk: workspace.Workspace,
) -> None:
    from jupyterlab_server.workspaces_handler import WorkspacesManager

    layout = lab.arrangement("notebooks/a.ipynb", "reports/r.html")
    told = lab.environment(desk.directory, layout, {})
    kept = WorkspacesManager(told["JUPYTERLAB_WORKSPACES_DIR"]).load("lifecycle")
    assert kept["data"] == layout["data"]
    assert kept["data"]["htmlviewer:reports/r.html"]["data"]["factory"] == "HTML Viewer"
    words = lab.command(desk.directory, browser=False, port=8123, more=["--ip=::1"])
    assert "--LabApp.default_url=/lab/workspaces/lifecycle" in words
    assert words[-3:] == ["--no-browser", "--port=8123", "--ip=::1"]


def test_without_jupyterlab_a_sentence_says_what_to_install(
    desk: workspace.Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(errors.SettingsError, match="pip install jupyterlab"):
        lab.command(desk.directory)


def test_the_extension_is_what_jupyterlab_expects_of_a_prebuilt_one() -> None:
    from jupyterlab_server.config import get_federated_extensions

    found = get_federated_extensions([str(lab.extension().parent)])
    about = found["lifecycle-workbench"]["jupyterlab"]
    assert about["extension"] is True
    entry = lab.extension() / about["_build"]["load"]
    text = entry.read_text(encoding="utf-8")
    assert "http://" not in text.replace("http://x/", "").replace(
        "http://www.w3.org/2000/svg", ""
    )
    assert "https://" not in text


# -- in a browser ----------------------------------------------------------------


@pytest.fixture
def page(desk: workspace.Workspace, tmp_path: Path) -> Iterator[Any]:
    """Chromium on `lifecycle lab`, reaching this machine and nothing else."""
    reason = "playwright is not installed; install it to test JupyterLab in a browser"
    sync_api = pytest.importorskip("playwright.sync_api", reason=reason)
    names = ("chromium", "chromium-browser", "google-chrome")
    chromium = next(filter(None, map(shutil.which, names)), None)
    if chromium is None:
        pytest.skip("there is no Chromium here; install it to test JupyterLab in it")
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
    own = {
        f"JUPYTER_{name}_DIR": str(tmp_path / name.lower())
        for name in ("CONFIG", "DATA", "RUNTIME")
    }
    held = {k: v for k, v in os.environ.items() if k != "LIFECYCLE_UNATTENDED"}
    code = "from lifecycle.cli import main; main()"
    command = [sys.executable, "-c", code, "-w", str(desk.directory), "lab"]
    command += ["--no-browser", f"--port={port}", "--ip=127.0.0.1", "--allow-root"]
    command += ["--IdentityProvider.token=secret", "--ServerApp.port_retries=0"]
    command += ["--LabApp.expose_app_in_browser=True"]
    log = (tmp_path / "lab.log").open("w+", encoding="utf-8")
    running = subprocess.Popen(
        command, env=held | own, stdout=log, stderr=subprocess.STDOUT
    )
    base = f"http://127.0.0.1:{port}"
    try:
        with sync_api.sync_playwright() as player:
            flags = ["--no-sandbox", "--disable-gpu"]
            browser = player.chromium.launch(executable_path=chromium, args=flags)
            opened = browser.new_page(viewport={"width": 1440, "height": 900})
            opened.set_default_timeout(60_000)
            opened.route(
                "**/*",
                lambda route: (
                    route.continue_()
                    if route.request.url.startswith((base, "data:", "blob:"))
                    else route.abort()
                ),
            )
            while running.poll() is None:
                try:
                    opened.goto(f"{base}/?token=secret")
                    break
                except sync_api.Error as error:
                    if "ERR_CONNECTION_REFUSED" not in str(error):
                        raise
                    opened.wait_for_timeout(100)
            opened.wait_for_selector(".jp-Notebook-cell")
            opened.evaluate("async () => { await window.jupyterapp.restored }")
            yield opened
            browser.close()
    finally:
        running.terminate()
        running.wait(timeout=30)
        log.close()


@pytest.mark.notebook
def test_lab_opens_with_the_newest_report_beside_a_notebook_and_has_our_commands(
    page: Any,
) -> None:
    from playwright.sync_api import expect

    def execute(command: str) -> None:
        page.evaluate(f"window.jupyterapp.commands.execute({command})")

    # the newest report on the right, opened without trusting it
    report = page.frame_locator(".jp-HTMLViewer iframe")
    expect(report.get_by_role("heading", name="Audit of 2024-04-01")).to_be_visible()
    expect(page.locator(".jp-NotebookPanel")).to_be_visible()
    # tiles of the launcher
    execute("'launcher:create'")
    tiles = page.locator(".jp-LauncherCard[data-category='Lifecycle']")
    expect(tiles).to_have_count(5)
    # the index, and from there by links to the model's own page and a report
    tiles.filter(has_text="All models").click()
    models = page.frame_locator("iframe[title=Models]")
    models.get_by_role("link", name="my-model", exact=True).click()
    expect(models.get_by_role("link", name="All models")).to_be_visible()
    models.get_by_role("link", name="audit").first.click()
    expect(models.get_by_role("heading", name="Audit of 2024-04-01")).to_be_visible()
    # a command of the palette runs a notebook where it is
    execute("'lifecycle:run', {notebook: 'audit'}")
    output = page.locator(".jp-NotebookPanel:not(.lm-mod-hidden) .jp-OutputArea-output")
    expect(output.first).to_be_visible()
