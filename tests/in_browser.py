"""Chromium and a JupyterLab for the tests: both start once and serve them all."""

from __future__ import annotations

import json
import os
import re
import secrets
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
NO_DRIVER = "playwright is not installed; install it to look at pages in a browser"
NOT_HERE = "there is no Chromium here; install it to look at pages in it"
NO_RULES = "axe-playwright-python is not installed; it brings the rules of axe-core"
NO_LAB = "JupyterLab is not installed; install it to test panels in it"
# "idle" shows before the kernel is connected, and what is run then is lost
READY = """async () => {
  const app = window.jupyterapp; await app.restored;
  const page = app.shell.currentWidget;
  await page.context.ready; await page.sessionContext.ready;
  const kernel = page.sessionContext.session.kernel; await kernel.info;
  return kernel.connectionStatus }"""
SHOW = """async path => {
  await window.jupyterapp.commands.execute("docmanager:open", {path}) }"""
OUTPUTS = """() => window.jupyterapp.shell.currentWidget.content.widgets
  .filter(cell => cell.model.type === "code")
  .flatMap(cell => cell.model.outputs.toJSON())
  .map(each => [each.output_type, JSON.stringify(each.data || each.text || each)])"""
SAVED = """async () => {
  for (const page of window.jupyterapp.shell.widgets("main"))
    if (page.context && page.context.model.dirty) await page.context.save() }"""
SECONDS = 90  # until a condition must hold; only a test that fails waits that long


@contextmanager
def chromium() -> Iterator[Any]:
    """A browser without a window; skips with a sentence where there is none."""
    sync_api = pytest.importorskip("playwright.sync_api", reason=NO_DRIVER)
    names = ("chromium", "chromium-browser", "google-chrome")
    found = next(filter(None, map(shutil.which, names)), None)
    if found is None:
        pytest.skip(NOT_HERE)
    sync_api.expect.set_options(timeout=SECONDS * 1000)
    with sync_api.sync_playwright() as player:
        flags = ["--no-sandbox", "--disable-gpu"]
        browser = player.chromium.launch(executable_path=found, args=flags)
        yield browser
        browser.close()


def expect(found: Any) -> Any:
    """What must hold of it, within `SECONDS`."""
    from playwright.sync_api import expect

    return expect(found)


def axe_rules() -> str:
    """The script of axe-core; skips with a sentence without it."""
    package = pytest.importorskip("axe_playwright_python", reason=NO_RULES)
    return (Path(package.__file__).parent / "axe.min.js").read_text(encoding="utf-8")


def violations(page: Any, axe: str, within: str | None = None) -> list[tuple[str, str]]:
    """What axe-core finds in a page, or in those of its elements that are meant."""
    page.evaluate(axe)
    told: dict[str, Any] = {"runOnly": RULES, "resultTypes": ["violations"]}
    if within is not None:  # a part of a page is no page: these ask for the whole
        told |= {"rules": {name: {"enabled": False} for name in ("region",)}}
    call = "([within, told]) => axe.run(within ? {include: [within]} : document, told)"
    found = page.evaluate(call, [within, told])["violations"]
    return [(each["id"], each["nodes"][0]["html"][:300]) for each in found]


def outputs(page: Any) -> list[tuple[str, str]]:
    """What the cells of the notebook in front have put out: kind, and its text."""
    return [(kind, text) for kind, text in page.evaluate(OUTPUTS)]


def picture(page: Any, name: str) -> None:
    """Keep what is seen where LIFECYCLE_SHOTS says; nowhere where it says nothing."""
    if folder := os.environ.get("LIFECYCLE_SHOTS"):
        Path(folder).mkdir(parents=True, exist_ok=True)
        page.screenshot(path=f"{folder}/{re.sub('[^a-z0-9-]+', '-', name)}.png")


def opened(browser: Any, path: Path, **told: Any) -> Any:
    """A page of the disk, which asks nothing of elsewhere."""
    asked: list[str] = []
    context = browser.new_context(**told)
    page = context.new_page()
    page.on("request", lambda request: asked.append(request.url))
    page.goto(path.as_uri())
    width = told.get("viewport", {}).get("width", 1280)
    scheme = told.get("color_scheme", "light")
    picture(page, f"{path.parent.name}-{path.stem}-{scheme}-{width}")
    elsewhere = [each for each in asked if not each.startswith(("file:", "data:"))]
    assert elsewhere == []
    return page


def panel(page: Any, name: str) -> Any:
    """The panel with this class, below the cell that shows it."""
    return page.locator(f".jp-OutputArea-output .lc-{name}").first


def execute(page: Any, command: str) -> None:
    """Start a command of JupyterLab, and do not wait until it is done."""
    page.evaluate(f"() => {{ window.jupyterapp.commands.execute({command}) }}")


def palette(page: Any, command: str) -> None:
    """Choose a command as a person does: by its words, in the palette."""
    page.evaluate("document.activeElement.blur()")  # a report's frame keeps the keys
    page.keyboard.press("Control+Shift+C")
    page.locator(".lm-CommandPalette-input").fill(command)
    found = page.locator(".lm-CommandPalette-item", has_text=command)
    found.first.wait_for()
    page.keyboard.press("Enter")


def tiles(page: Any) -> Any:
    """Our tiles, in a launcher that is opened for them."""
    opened = (
        "async () => (await window.jupyterapp.commands.execute('launcher:create')).id"
    )
    launcher = page.locator(f"[id='{page.evaluate(opened)}']")
    return launcher.locator(".jp-LauncherCard[data-category='Lifecycle']")


def tile(page: Any, name: str) -> None:
    """Click one of our tiles."""
    tiles(page).filter(has_text=name).click()


class Lab:
    """A JupyterLab that `lifecycle lab` has started.

    Parameters
    ----------
    directory : Path
        Its workspace.
    base, token : str
        Where it is, and what lets one in.
    log : Path
        What it has said.
    """

    def __init__(self, directory: Path, base: str, token: str, log: Path) -> None:
        self.directory, self.base, self.token, self.log = directory, base, token, log

    def page(self, browser: Any, **settings: Any) -> Any:
        """A page of a context of its own that reaches this JupyterLab and nothing else.

        What it asks of elsewhere is refused, and kept in `page.elsewhere`.
        """
        told = {"viewport": {"width": 1440, "height": 900}} | settings
        page = browser.new_context(**told).new_page()
        page.elsewhere = []
        page.set_default_timeout(SECONDS * 1000)

        def route(asked: Any) -> None:
            if asked.request.url.startswith((self.base, "data:", "blob:")):
                asked.continue_()
            else:
                page.elsewhere.append(asked.request.url)
                asked.abort()

        page.route("**/*", route)
        return page

    def open(self, page: Any, notebook: str) -> None:
        """Open a notebook alone and wait until its kernel listens."""
        address = f"{self.base}/lab/workspaces/alone/tree/notebooks/{notebook}"
        page.goto(f"{address}?reset&token={self.token}")
        page.wait_for_selector(".jp-Notebook-cell")
        assert page.evaluate(READY) == "connected"

    def show(self, page: Any, path: str) -> None:
        """Open a notebook beside what is open, and wait until its kernel listens."""
        page.evaluate(SHOW, path)
        assert page.evaluate(READY) == "connected"

    def run_all(self, page: Any) -> None:
        """Run all cells of the notebook in front, to the end."""
        page.evaluate("window.jupyterapp.commands.execute('notebook:run-all-cells')")

    def open_and_run(self, page: Any, notebook: str) -> None:
        """Open a notebook and run all of it."""
        self.open(page, notebook)
        self.run_all(page)


@contextmanager
def jupyterlab(
    directory: Path,
    place: Path,
    *,
    more: Sequence[str] = (),
    env: Mapping[str, str] | None = None,
) -> Iterator[Lab]:
    """`lifecycle lab` on a workspace, listening on this machine alone.

    Parameters
    ----------
    directory : Path
        The workspace.
    place : Path
        For what JupyterLab keeps of its user, and its log.
    more : sequence of str
        Further words of the command.
    env : mapping, optional
        Further variables.
    """
    pytest.importorskip("jupyterlab", reason=NO_LAB)
    token = secrets.token_hex(16)
    names = ("CONFIG", "DATA", "RUNTIME")
    own = {f"JUPYTER_{name}_DIR": str(place / name.lower()) for name in names}
    own |= {
        "JUPYTERLAB_SETTINGS_DIR": str(place / "settings"),
        "IPYTHONDIR": str(place / "ipython"),
        "PYTHONUNBUFFERED": "1",
    }
    place.mkdir(parents=True, exist_ok=True)
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
    command = [sys.executable, "-m", "lifecycle", "-w", str(directory), "lab"]
    command += ["--no-browser", f"--port={port}", "--ip=127.0.0.1", "--allow-root"]
    command += [f"--IdentityProvider.token={token}", "--ServerApp.port_retries=0"]
    command += ["--LabApp.expose_app_in_browser=True", *more]
    log = place / "lab.log"
    with log.open("wb") as said:
        running = subprocess.Popen(
            command,
            env=os.environ | own | dict(env or {}),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )
        try:
            assert running.stdout is not None
            for line in running.stdout:  # it says where it is once it listens
                said.write(line)
                if b"JupyterLab is at" in line:
                    break
            else:
                said.flush()
                pytest.fail(f"JupyterLab did not start: {log.read_text()[-2000:]}")
            yield Lab(directory, f"http://127.0.0.1:{port}", token, log)
        finally:
            running.terminate()
            said.write(running.communicate(timeout=60)[0])


@contextmanager
def hub(name: str) -> Iterator[dict[str, str]]:
    """A hub on this machine that knows one person: what it puts into an environment."""

    class Answer(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            known = self.headers["Authorization"] == "token of-the-hub"
            self.send_response(200 if known else 403)
            self.end_headers()
            self.wfile.write(json.dumps({"kind": "user", "name": name}).encode())

        def log_message(self, *words: Any) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Answer) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield {
            "JUPYTERHUB_API_URL": f"http://127.0.0.1:{server.server_port}/hub/api",
            "JUPYTERHUB_API_TOKEN": "of-the-hub",
            "JUPYTERHUB_USER": "somebody else",
        }
        server.shutdown()
