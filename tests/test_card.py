"""The card of a version tells what the registry, the ledger and the settings know."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

import numpy as np
import pandas as pd
import pytest
from bs4 import BeautifulSoup

import lifecycle
from lifecycle import config, errors, evaluation, markup, promotion
from lifecycle.workspace.leaf import Card, Part

AT = datetime(2023, 6, 26, tzinfo=UTC)
DAY = timedelta(days=1)
SETTINGS = """\
[models.leads]
owner = "Ana Silva <ana@bank.example>"
purpose = "Which leads shall be called first?"
task = "binary"
id = "lead"
time = "at"
outcome = "won"
label_delay_days = 42
[models.leads.features]
numeric = ["visits"]
categorical = ["plan"]
[models.leads.alerts]
deputy = "Ben Ode <ben@bank.example>"
"""
BIRTH = {
    "trained_from": AT - 90 * DAY,
    "trained_to": AT - 45 * DAY,
    "as_of": AT,
    "data": {"predictions": 27, "outcomes": 26},
    "features": {"numeric": ["visits"], "categorical": ["plan"]},
    "threshold": 0.4,
    "rows": 1000,
    "positives": 380,
    "data_sha256": "ab" * 32,
    "recipe_sha256": "cd" * 32,
    "parameters": {"max_iter": 60},
    "seed": 7,
    "packages": {"scikit-learn": "1.7.0"},
    "missing": {"visits": 0.074, "plan": 0.0},
    "warnings": ["did not converge"],
    "material": {
        "outcomes": 942,
        "people": {"rows": 58},
        "summary": "942 rows have their true outcome.",
        "left_out": [{"reason": "the tracker was broken", "rows": 12}],
    },
}


def evidence() -> dict:
    """A candidate that is better, except where the plan is free."""
    rng = np.random.default_rng(0)
    n = 600
    truth = rng.integers(0, 2, n)
    plan = np.where(np.arange(n) < 200, "free", "team")
    champion = np.where(rng.random(n) < 0.7, truth, 1 - truth)
    right = rng.random(n) < np.where(plan == "free", 0.45, 0.95)
    candidate = np.where(right, truth, 1 - truth)
    return evaluation.compare(
        truth,
        champion * 0.8 + 0.1,
        candidate * 0.8 + 0.1,
        segments=pd.DataFrame({"plan": plan}),
        weeks=np.repeat(["2023-W20", "2023-W21"], n // 2),
    ).facts()


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory):
    place = tmp_path_factory.mktemp("card")
    (place / config.FILE).write_text(SETTINGS)
    ws = lifecycle.open(place)
    made = {"recipe": "boosted_trees", "author": "Mira", "source": "os"}
    for number in (1, 2, 3):
        at = AT + number * DAY
        ws.registry.register(
            "leads", estimator=[number], birth={**BIRTH, "n": number}, at=at, **made
        )
    for number, told in (
        (1, {"gate": "first version", "passed": True}),
        (2, evidence()),
    ):
        at = AT + (number + 1) * 7 * DAY
        asked = promotion.propose(
            ws.registry,
            "leads",
            number,
            author="Mira",
            reason=f"reason {number}",
            evidence=told,
            at=at,
        )
        promotion.approve(
            ws.registry,
            "leads",
            asked.id,
            approver="Dana",
            source="hub",
            reason="it is better",
            at=at + DAY,
        )
    promotion.hold(
        ws.registry, "leads", 1, actor="Lea", reason="case 7", at=AT + 40 * DAY
    )
    return ws


@pytest.fixture(scope="module")
def card(desk) -> Card:
    return desk.view("leads", AT + 60 * DAY).card()


def part(card: Card, title: str) -> Part:
    return next(each for each in card.parts if each.title == title)


def test_it_speaks_of_the_version_in_production_unless_one_is_named(desk, card):
    assert (card.number, card.status) == (2, "production")
    other = desk.view("leads", AT + 60 * DAY).card(1)
    assert (other.number, other.status) == (1, "previous")
    assert desk.view("leads", AT + 60 * DAY).card(3).status == "candidate"


def test_owner_deputy_purpose_and_what_it_is_not_for_are_told(card):
    found = part(card, "Purpose and owner")
    assert found.facts["Owner"] == "Ana Silva <ana@bank.example>"
    assert found.facts["Deputy"] == "Ben Ode <ben@bank.example>"
    assert found.lines[0] == "Made for: Which leads shall be called first?"
    assert "must not be used for anything else" in found.lines[1]


def test_the_data_are_told_with_counts_and_the_share_with_its_interval(card):
    from scipy.stats import binomtest

    found = part(card, "Training data")
    assert found.facts["Period"] == "2023-03-28 to 2023-05-12"
    assert found.facts["Rows with a true outcome"] == "942"
    assert found.facts["Rows with a person's word instead"] == "58"
    assert found.facts["Tables of the log"] == "outcomes 26, predictions 27"
    held = binomtest(380, 1000).proportion_ci(0.90, method="wilson")
    within = f"{held.low:.1%} to {held.high:.1%}"
    assert found.facts["Positive"] == f"38.0% ({within}, n 1,000)"
    assert "Left out: reason the tracker was broken, rows 12." in found.lines
    assert "While training: did not converge" in found.lines
    assert ("visits", "number", "7.4%") in found.rows


def test_how_it_was_made_names_recipe_parameters_seed_and_packages(desk, card):
    facts = part(card, "How it was made").facts
    assert facts["Parameters"] == "max_iter = 60"
    assert (facts["Seed"], facts["Packages"]) == ("7", "scikit-learn 1.7.0")
    sha = desk.registry.version("leads", 2).sha256
    assert facts["SHA-256 of the artefact"] == sha


def test_each_number_is_that_of_the_gate_with_interval_and_rows(card):
    told = {(row["measure"], row["subject"]): row for row in evidence()["rows"]}
    mine = told["accuracy", "candidate"]
    shown = next(row for row in part(card, "Metrics").rows if row[0] == "accuracy")
    assert shown[1] == f"{mine['value']:.1%}"
    assert shown[2] == f"{mine['lower']:.1%} to {mine['upper']:.1%}"
    assert shown[-1] == "600"
    worst = part(card, "Segments").rows[0]
    assert (worst[0], worst[3]) == ("plan = free", "200")
    assert part(card, "Segments").picture is not None
    assert "n 600" in part(card, "Calibration").facts["This version"]


def test_the_limits_say_where_it_is_worse_and_how_late_outcomes_are(card):
    lines = " ".join(part(card, "Limits").lines)
    assert "An outcome is due 42 days after its prediction" in lines
    assert "It is clearly worse than the version before it where plan = free" in lines
    assert "seen nothing later than 2023-05-12" in lines
    assert "58 of its training rows rest on people's words" in lines


def test_approvals_tell_who_how_known_and_why(card):
    rows = part(card, "Approvals and moves").rows
    assert [row[1] for row in rows] == ["register", "propose", "approve"]
    assert rows[2][2:5] == ("Dana", "verified: hub", "it is better")
    assert rows[0][3] == "not verified: os"


def test_roles_are_told_with_their_shares_and_times(desk, card):
    assert part(card, "Roles").rows == (
        ("production", "100%", "2023-07-18 00:00 UTC", "still"),
    )
    older = desk.view("leads", AT + 60 * DAY).card(1)
    assert part(older, "Roles").rows == (
        ("production", "100%", "2023-07-11 00:00 UTC", "2023-07-18 00:00 UTC"),
        ("previous", "0%", "2023-07-18 00:00 UTC", "still"),
    )
    none = desk.view("leads", AT + 60 * DAY).card(3)
    assert part(none, "Roles").lines == ("It has had no role.",)


def test_a_card_of_an_earlier_moment_knows_nothing_later(desk):
    early = desk.view("leads", AT + 15 * DAY).card(2)
    assert early.status == "candidate"
    assert [row[1] for row in part(early, "Approvals and moves").rows] == ["register"]
    assert "not tested" in " ".join(part(early, "Metrics").lines)
    assert desk.view("leads", AT + 16 * DAY).card(1).status == "production"
    with pytest.raises(errors.UnknownVersion, match="made on 2023-06-28, after"):
        desk.view("leads", AT).card(2)


def test_what_cannot_be_told_is_one_sentence(desk):
    view = desk.view("leads", AT + 60 * DAY)
    with pytest.raises(errors.UnknownVersion, match="no version 9"):
        view.card(9)
    first = part(view.card(1), "Metrics").lines
    assert first == ("First version.",)


def test_a_hold_and_how_to_make_it_again_are_told(desk, card):
    held = part(desk.view("leads", AT + 60 * DAY).card(1), "Making it again")
    assert "Held by Lea since 2023-08-05: case 7" in held.lines
    assert held.command == "lifecycle reproduce leads 1"
    assert "Held" not in " ".join(part(card, "Making it again").lines)


def test_the_page_is_one_file_without_script_and_reads_in_order(card):
    page = card.html()
    soup = BeautifulSoup(page, "html.parser")
    assert not soup.find_all(["script", "iframe", "object", "form", "link"])
    assert markup.POLICY in page.replace("&#x27;", "'")
    levels = [int(h.name[1]) for h in soup.find_all(re.compile("^h[1-6]$"))]
    assert levels[0] == 1
    assert set(levels[1:]) == {2}
    for anchor in soup.select("nav a"):
        assert soup.find(id=anchor["href"].removeprefix("#")) is not None
    assert all(image.get("alt") for image in soup.find_all("img"))
    assert all(source["src"].startswith("data:") for source in soup.find_all("img"))


def test_both_faces_and_the_facts_tell_the_same(card):
    page = BeautifulSoup(card.html(), "html.parser").get_text(" ")
    text = card.markdown()
    for each in card.parts:
        assert each.title in text
        for value in (*each.facts.values(), *each.lines):
            assert " ".join(value.split()) in " ".join(page.split())
            assert markup.markdown(value) in text
    facts = card.facts()["parts"]
    assert facts["Metrics"]["rows"][0]["n"] == "600"
    assert len(card.frame()) == sum(len(p.facts) + len(p.lines) for p in card.parts)
    assert card._repr_html_().count("<h2>") == len(card.parts)


def test_the_command_writes_both_files_whole(desk, terminal):
    at = (AT + 60 * DAY).isoformat()
    place = ("--as-of", at, "-w", desk.directory)
    code, out, _ = terminal("card", "leads", 2, *place)
    folder = desk.directory / "reports" / "leads" / "cards"
    assert code == 0
    assert out.split() == [str(folder / f"2.{end}") for end in ("html", "md")]
    first = (folder / "2.html").read_bytes()
    terminal("card", "leads", *place)
    assert (folder / "2.html").read_bytes() == first
    assert sorted(path.name for path in folder.iterdir()) == [
        "2.html",
        "2.md",
    ]
    code, out, _ = terminal("card", "leads", 1, "--json", *place)
    assert '"status": "previous"' in out
    code, _, err = terminal("card", "leads", 9, *place)
    assert (code, "no version 9" in err) == (30, True)


def test_a_collected_version_keeps_its_card(desk):
    from lifecycle.registry.artefacts import COLLECTED

    with desk.registry.atomic() as book:
        book.mark("leads", 3, COLLECTED)
    found = desk.view("leads", AT + 60 * DAY).card(3)
    assert found.status == COLLECTED
    assert "Its artefact is collected." in part(found, "Making it again").lines


@pytest.mark.parametrize(
    "text", ["# no heading", "1. no list", "- no list", "=====", "a | b", "<b>x</b>"]
)
def test_words_in_markdown_are_words(text):
    markdown_it = pytest.importorskip("markdown_it")
    rendered = markdown_it.MarkdownIt("gfm-like", {"linkify": False}).render(
        markup.markdown(text)
    )
    soup = BeautifulSoup(rendered, "html.parser")
    assert [each.name for each in soup.find_all(True)] == ["p"]
    assert soup.get_text().strip() == text
