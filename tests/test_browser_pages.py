"""What a page is in a browser: accessible, alone, light and dark, narrow, on paper."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import lifecycle
from lifecycle.demo import prepare

pytestmark = pytest.mark.notebook

MODEL = "lead-scoring"
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
PAGES = ("index", "model", "audit", "drift", "decide", "promote")


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    reason = "playwright is not installed; install it to look at pages in a browser"
    sync_api = pytest.importorskip("playwright.sync_api", reason=reason)
    names = ("chromium", "chromium-browser", "google-chrome")
    chromium = next(filter(None, map(shutil.which, names)), None)
    if chromium is None:
        pytest.skip("there is no Chromium here; install it to look at pages in it")
    with sync_api.sync_playwright() as player:
        flags = ["--no-sandbox", "--disable-gpu"]
        found = player.chromium.launch(executable_path=chromium, args=flags)
        yield found
        found.close()


@pytest.fixture(scope="module")
def axe() -> str:
    """The rules of axe-core."""
    reason = "axe-playwright-python is not installed; it brings the rules of axe-core"
    package = pytest.importorskip("axe_playwright_python", reason=reason)
    return (Path(package.__file__).parent / "axe.min.js").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def pages(browser: Any, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The four reports of a model that has been live for a quarter, and the index."""
    place = tmp_path_factory.mktemp("pages") / "a desk"
    prepare(place, scenario=MODEL, say=lambda text: None)
    ws = lifecycle.open(place)
    made = ws.train(MODEL, by="Mira")
    ws.propose(MODEL, made.number, reason="newer", by="Mira")
    found = {}
    with lifecycle.jobs.Warm() as warm:
        for name in PAGES[2:]:
            done = ws.run(name, MODEL, warm=warm)
            assert done.status == "succeeded", done.message
            found[name] = done.html
    found["index"] = ws.reports / "index.html"
    found["model"] = ws.reports / MODEL / "index.html"
    assert set(found) == set(PAGES)
    return found


def opened(browser: Any, path: Path, **told: Any) -> Any:
    asked: list[str] = []
    context = browser.new_context(**told)
    page = context.new_page()
    page.on("request", lambda request: asked.append(request.url))
    page.goto(path.as_uri())
    shots = os.environ.get("LIFECYCLE_SHOTS")
    if shots:
        width = told.get("viewport", {}).get("width", 1280)
        scheme = told.get("color_scheme", "light")
        page.screenshot(path=f"{shots}/{path.stem}-{scheme}-{width}.png")
    elsewhere = [each for each in asked if not each.startswith(("file:", "data:"))]
    assert elsewhere == []
    return page


@pytest.mark.parametrize(
    ("name", "scheme"),
    [*((name, "light") for name in PAGES), ("model", "dark"), ("decide", "dark")],
)
def test_axe_core_finds_nothing_on_a_page(
    browser: Any, axe: str, pages: dict[str, Path], name: str, scheme: str
) -> None:
    page = opened(
        browser,
        pages[name],
        color_scheme=scheme,
        viewport={"width": 1280, "height": 900},
        bypass_csp=True,  # for axe's own script: the page has none
    )
    page.evaluate(axe)
    asked = {"runOnly": RULES}
    found = page.evaluate("asked => axe.run(document, asked)", asked)["violations"]
    told = [(each["id"], each["nodes"][0]["html"][:200]) for each in found]
    assert told == []
    page.context.close()


@pytest.mark.parametrize("name", PAGES)
def test_on_a_phone_nothing_but_tables_and_figures_has_to_be_moved_sideways(
    browser: Any, pages: dict[str, Path], name: str
) -> None:
    page = opened(browser, pages[name], viewport={"width": 390, "height": 844})
    wide = page.evaluate("document.documentElement.scrollWidth")
    assert wide <= 390
    page.context.close()


def test_the_audit_of_the_demo_stays_small_and_has_no_script(
    pages: dict[str, Path],
) -> None:
    data = pages["audit"].read_bytes()
    assert len(data) < 150 * 1024
    assert b"<script" not in data


def test_a_report_becomes_a_pdf_with_bookmarks(
    browser: Any, pages: dict[str, Path], tmp_path: Path
) -> None:
    page = opened(browser, pages["audit"])
    data = page.pdf(outline=True, tagged=True)
    assert data.startswith(b"%PDF")
    assert b"/Outlines" in data
    page.context.close()
