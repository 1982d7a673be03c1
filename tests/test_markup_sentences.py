"""The first screen in its reader's language: sentences by template."""

from __future__ import annotations

import base64
import re
from datetime import UTC, datetime
from html import unescape
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lifecycle import markup, widgets
from lifecycle.decision.value import Option, Policy
from lifecycle.decision.words import Words
from lifecycle.drift import telling
from lifecycle.findings import Finding, Findings
from lifecycle.jobs.record import Record
from lifecycle.jobs.record.changes import changes
from lifecycle.jobs.report.opening import opening
from lifecycle.jobs.report.steps import following
from lifecycle.markup.sentences import CATALOGUES
from lifecycle.monitor import saying
from lifecycle.workspace.leaf import Card, Part

SIGN = re.compile(r"\{([#~?*]?)\}")
AT = datetime(2024, 7, 1, tzinfo=UTC)


@pytest.mark.parametrize("language", CATALOGUES)
@pytest.mark.parametrize("kind", ["sentences", "phrases"])
def test_what_a_template_takes_out_of_a_sentence_it_puts_back(
    language: str, kind: str
) -> None:
    for key, put in CATALOGUES[language][kind].items():
        signs = SIGN.findall(key)
        marks = [f"<{place}>" for place in range(len(signs))]
        said = put.format(*marks)
        assert sorted(re.findall(r"<\d+>", said)) == sorted(marks), key


def known(text: str) -> str:
    """The German of a text all of whose sentences have a template."""
    pieces = markup.spoken(text, "de")
    assert all(known for _, known in pieces), text
    return " ".join(piece for piece, _ in pieces)


def numbers(text: str) -> list[str]:
    return sorted(re.findall(r"\d[\d,.]*\d|\d", text))


@pytest.mark.parametrize("value", [0.81, 0.62])
@pytest.mark.parametrize("side", ["below", "above"])
def test_what_realised_performance_says_is_known(value: float, side: str) -> None:
    main = "accuracy" if side == "below" else "log_loss"
    rows = [
        Finding(main, value, 400, value - 0.03, value + 0.03, 0.7, verdict, week)
        for week, verdict in (("2024-W14", "alert"), ("2024-W15", "quiet"))
    ]
    for judged in (rows, rows[:1], []):
        said = saying.sentence(judged, main, "week", unripe=[("2024-W20", 0.25)] * 6)
        assert numbers(known(said)) == numbers(said)


@pytest.mark.parametrize(
    ("moved", "waiting", "unused"),
    [({}, (), 0), ({"age": ["KS 0.27, since 2023-W14"]}, ("plan",), 1)],
)
def test_what_drift_says_is_known(
    moved: dict[str, list[str]], waiting: tuple[str, ...], unused: int
) -> None:
    said = telling.newest(
        "2023-W18",
        ["age", "plan", "score"],
        moved,
        waiting=waiting,
        unused=unused,
    )
    assert numbers(known(said)) == numbers(said)
    assert "since" not in known(said)


def option(action: str, value: float, probability: float = 0.63) -> Option:
    ends = (value - 4e3, value + 4e3)
    facts = ("trees", 13, 3, 400, 4, 0.2, value, 4000.0, 1500.0, *ends, probability)
    return Option(action, *facts, True)


@pytest.mark.parametrize("action", ["retrain", "recalibrate", "roll_back", "rebuild"])
def test_what_a_ruling_says_is_known(action: str) -> None:
    best, rebuilt = option(action, 9000.0), option("rebuild", 12_000.0)
    for said in (
        Words().act(best, [best]),
        Words().act(best, [best, rebuilt]),
        Words().keep([best], Policy()),
        Words().keep([option(action, 900.0)], Policy()),
        Words().keep([option(action, 900.0, 0.004)], Policy()),
    ):
        assert numbers(known(said)) == numbers(said)


def test_what_has_changed_is_known() -> None:
    rows = [
        Finding("accuracy", 0.81, 400, 0.77, 0.84, 0.7, "quiet", "2024-W14"),
        Finding("accuracy", 0.62, 400, 0.58, 0.66, 0.7, "alert", "2024-W15"),
    ]
    records = [
        Record.of(
            model="leads",
            notebook="audit",
            as_of=f"2024-04-0{day}",
            findings=[Findings("Performance", (row,))],
            facts={"production": 2, "experimental": trial},
        )
        for day, row, trial in zip((1, 8), rows, (None, 3), strict=True)
    ]
    for first, then in (records, records[::-1], records[:1] * 2, records[1:] * 2):
        for said in changes(first, then):
            assert numbers(known(said)) == numbers(said)


@pytest.mark.parametrize("notebook", ["audit", "drift", "decide"])
def test_what_comes_next_is_known_and_is_typed_as_it_was(notebook: str) -> None:
    facts = {"action": "retrain", "recipe": "trees", "span": 8}
    asked = SimpleNamespace(
        model="leads", notebook=notebook, verdict="alert", facts=facts
    )
    said = following(asked)
    assert re.findall("`.*?`", known(said)) == re.findall("`.*?`", said)
    assert known(widgets.waiting(None)).startswith("Nichts ist vorgeschlagen")


@given(name=st.text(min_size=1, max_size=40))
def test_a_name_in_a_sentence_is_shown_as_text_whatever_it_is(name: str) -> None:
    line = " ".join(name.split())
    page = markup.localised(
        markup.paragraph(f"{line} has drifted. Version 3 went into production."), "de"
    )
    bare = re.sub(r"</?(?:p|span)(?: lang=\"en\")?>", "", page)
    assert "<" not in bare
    assert "Version 3 ging in Betrieb." in unescape(page)


@pytest.mark.parametrize("word", [" of ", " in ", "; ", " rose from 1 to "])
def test_a_name_made_of_our_words_does_no_harm(word: str) -> None:
    text = word.join(["a"] * (1990 // (len(word) + 1)))
    assert "".join(piece for piece, _ in markup.spoken(text, "de")).startswith("a")


def first_screen(summary: str, locale: str = "de", prose: str = "en") -> str:
    told = Record.of(
        model="leads",
        notebook="audit",
        as_of=AT,
        summary=summary,
        todo=[{"what": "Take on the drift alert of 2024-06-03: `lifecycle ack 1`"}],
    )
    page = opening(
        "succeeded", "", told, below=True, facts={"locale": locale}, prose=prose
    )
    return markup.localised(page, locale, prose=prose)


def test_a_first_screen_is_in_its_readers_language_and_marks_what_is_not() -> None:
    page = first_screen("The moon is full. Nothing is proposed: there is nothing to "
                        "decide.")  # fmt: skip
    assert '<span lang="en">The moon is full.</span>' in page
    assert "Nichts ist vorgeschlagen: Es gibt nichts zu entscheiden." in page
    assert "Übernehmen Sie den Alarm drift vom" in page
    assert "03.06.2024" in page
    assert "<code>lifecycle ack 1</code>" in page
    assert page.count('lang="en"') == 1


def test_an_answer_in_the_pages_own_language_is_not_marked() -> None:
    assert "lang=" not in first_screen("Der Mond ist voll.", prose="de")
    assert "lang=" not in first_screen("Der Mond ist voll.", prose="")
    assert "lang=" not in first_screen("The moon is full.", locale="en")


def test_without_a_catalogue_what_is_said_is_marked_as_english() -> None:
    page = first_screen("The moon is full.", locale="fr")
    assert '<span lang="en">The moon is full.</span>' in page


def test_a_model_card_follows_the_locale_on_its_page_alone() -> None:
    part = Part("Limits", facts={"Rows": "3,149"}, lines=("Its artefact is kept.",))
    card = Card("leads", 2, "production", "Trees.", AT, (part,), "de")
    page = card.html()
    assert '<html lang="de">' in page
    assert "3.149" in page
    assert "Ihr Artefakt ist aufgehoben." in page
    assert "Modellkarte, Stand 01.07.2024 00:00 UTC" in page
    assert "- **Rows**: 3,149" in card.markdown()


def test_words_in_a_drawing_are_put_where_no_name_is_likely_to_be_one() -> None:
    told = "<text>threshold 70.0%</text><text>Alerts</text><text>quiet</text>"
    page = markup.localised(markup.image(f"<svg>{told}</svg>", "Drawn."), "de")
    shown = base64.b64decode(page.partition("base64,")[2].partition('"')[0]).decode()
    assert re.findall(">([^<>]+)<", shown) == ["Schwelle 70,0\xa0%", "Alarme", "quiet"]
