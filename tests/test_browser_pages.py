"""What a page is in a browser: accessible, alone, light and dark, narrow, on paper."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import lifecycle
from lifecycle import simulate
from lifecycle.demo.prepare import LIVE_WEEKS, live_week, make
from tests import in_browser

pytestmark = pytest.mark.notebook

MODEL = "lead-scoring"
PAGES = ("index", "model", "audit", "drift", "decide", "promote")


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with in_browser.chromium() as found:
        yield found


@pytest.fixture(scope="module")
def pages(browser: Any, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The four reports of a model that has been live for a quarter, and the index."""
    place = tmp_path_factory.mktemp("pages") / "a desk"
    story = simulate.lead_scoring(weeks=LIVE_WEEKS, leads_per_week=60)
    ws = make(place, story, as_of=story.end, unmanaged=False, say=lambda text: None)
    for monday in story.weeks:
        live_week(ws, story, monday)
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
    width = told.get("viewport", {}).get("width", 1280)
    scheme = told.get("color_scheme", "light")
    in_browser.picture(page, f"{path.parent.name}-{path.stem}-{scheme}-{width}")
    elsewhere = [each for each in asked if not each.startswith(("file:", "data:"))]
    assert elsewhere == []
    return page


@pytest.mark.parametrize(
    ("name", "scheme"),
    [*((name, "light") for name in PAGES), ("model", "dark"), ("decide", "dark")],
)
def test_axe_core_finds_nothing_on_a_page(
    browser: Any, pages: dict[str, Path], name: str, scheme: str
) -> None:
    page = opened(
        browser,
        pages[name],
        color_scheme=scheme,
        viewport={"width": 1280, "height": 900},
        bypass_csp=True,  # for axe's own script: the page has none
    )
    assert in_browser.violations(page, in_browser.axe_rules()) == []
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
