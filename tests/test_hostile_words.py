"""Words of people and of logs that are meant to run: shown as text, everywhere."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from bs4 import BeautifulSoup

import lifecycle
from lifecycle import config, promotion, widgets

AT = datetime(2023, 6, 26, tzinfo=UTC)
WORDS = [
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "</style></title><svg/onload=alert(1)>",
    "[x](javascript:alert(1)) ![y](https://evil.example/p.png)",
    "=cmd|'/C calc'!A0",
    "\x1b[2J\x1b]0;title\x07 \u202e\x9b31m",
    "a\r\n# b\x00 | c",
]


@pytest.fixture(params=WORDS, ids=range(len(WORDS)))
def told(request, tmp_path: Path):
    words = request.param
    (tmp_path / config.FILE).write_text(
        f"""[workspace]
title = {json.dumps("T " + words)}
[models.leads]
owner = {json.dumps("O " + words)}
purpose = {json.dumps("P " + words)}
task = "binary"
id = "lead"
time = "at"
outcome = "won"
label_delay_days = 42
features.numeric = ["visits"]
"""
    )
    ws = lifecycle.open(tmp_path)
    row = {"measure": words, "subject": words, "value": 1.0, "n": 9, "unit": words}
    segment = {**row, "measure": "segment_difference", "value": -1.0, "upper": -0.5}
    evidence = {"gate": words, "reasons": [words], "rows": [row, segment]}
    birth = {
        "features": {"numeric": [words], "categorical": []},
        "parameters": {words: words},
        "packages": {words: words},
        "warnings": [words],
        "data": {words: 1},
        "material": {"summary": words, "left_out": [{words: words}]},
    }
    who = {"source": "given", "at": AT}
    ws.registry.register(
        "leads", recipe=words, estimator=[1], birth=birth, author="A " + words, **who
    )
    asked = promotion.propose(
        ws.registry,
        "leads",
        1,
        author="A " + words,
        reason="R " + words,
        evidence=evidence,
        **who,
    )
    return ws, words, asked


def harmless(html: str) -> None:
    assert not {c for c in html if not c.isprintable()} - set("\r\n\t\xa0")
    soup = BeautifulSoup(html, "html.parser")
    wrong = ["script", "iframe", "object", "embed", "form", "link", "base", "svg"]
    assert not soup.find_all(wrong)
    for tag in soup.find_all(True):
        assert not [name for name in tag.attrs if name.startswith("on")]
        assert str(tag.get("src", "data:")).startswith("data:")
        assert "javascript:" not in str(tag.get("href", "")).lower()


def test_a_card_and_a_proposal_show_them_as_text(told):
    ws, _, asked = told
    card = ws.view("leads", AT + timedelta(days=1)).card(1)
    for html in (card.html(), widgets.proposal(asked)._repr_html_()):
        harmless(html)
        assert "R " in BeautifulSoup(html, "html.parser").get_text()
    rendered = pytest.importorskip("markdown_it").MarkdownIt("commonmark")
    soup = BeautifulSoup(rendered.render(card.markdown()), "html.parser")
    assert not soup.find_all(["script", "img", "a", "svg"])
    assert len(soup.find_all("h2")) == len(card.parts)


def test_the_pages_of_the_fleet_show_them_as_text(told):
    ws, _, _ = told
    ws.refresh_index(as_of=AT + timedelta(days=1))
    pages = list(ws.reports.rglob("*.html"))
    assert pages
    for page in pages:
        harmless(page.read_text())


@pytest.mark.parametrize(
    "command",
    [("status",), ("history", "leads"), ("card", "leads", 1, "--json")],
    ids=lambda words: words[0],
)
def test_a_terminal_is_not_steered(told, terminal, command):
    ws, _, _ = told
    moment = "2023-06-27T00:00:00Z"
    asked = () if command[0] == "history" else ("--as-of", moment)
    code, out, err = terminal(*command, *asked, "-w", ws.directory)
    assert code == 0, err
    assert all(c.isprintable() or c == "\n" for c in out + err)
    if command[0] == "status":  # what waits is one line, from its version to its remedy
        lines = [each for each in out.splitlines() if "waits for an approval" in each]
        assert ["lifecycle approve leads 1" in each for each in lines] == [True]
