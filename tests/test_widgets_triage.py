"""The panel of feedback: one word or a segment, decided once, with a reason."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from lifecycle import feedback, widgets
from lifecycle.workspace import Workspace
from tests.panels import AT, control, names, shown, status, two_models

HOSTILE = "<img src=x onerror=alert(1)>"
VERBS = ("Accept", "Refuse", "Correct")


@pytest.fixture
def ws(tmp_path: Path) -> Workspace:
    """Twenty-three words; the newest is W22, on a prediction of plan b."""
    made, n = two_models(tmp_path), 23
    times = [pd.Timestamp(AT) - timedelta(hours=n - k) for k in range(n)]
    moments = pd.Series(times, dtype="datetime64[us, UTC]")
    rows = pd.DataFrame({"id": [f"p{k:02d}" for k in range(n)], "time": moments})
    rows = rows.assign(score=0.25, prediction=0.0, visits=4.0)
    rows["plan"] = ["a" if k % 2 else "b" for k in range(n)]
    made.ingest("leads", "predictions", rows)
    said = pd.DataFrame({"feedback_id": [f"W{k:02d}" for k in range(n)]})
    said = said.assign(id=rows["id"], time=moments, kind="flag", person="Ann")
    said["label"], said["reason"] = float("nan"), HOSTILE
    made.ingest("leads", "feedback", said)
    return made


def panel_of(ws: Workspace) -> Any:
    return widgets.triage(ws.view("leads"), unattended=False)


def rulings(ws: Workspace) -> pd.DataFrame:
    return feedback.about(ws.logs("leads").feedback())


def test_without_a_reason_no_button_works_and_every_control_has_a_label(
    ws: Workspace,
) -> None:
    panel = panel_of(ws)
    assert all(control(panel, verb).disabled for verb in VERBS)
    control(panel, "Refuse").click()
    assert "the reason is missing" in status(panel)
    control(panel, "Reason").value = "so"
    assert not any(control(panel, verb).disabled for verb in VERBS)
    expected = {"Segment", "Word", "Decide on", "The outcome is", "Reason", *VERBS}
    assert expected <= set(names(panel))


def test_the_newest_word_stands_beside_its_prediction(ws: Workspace) -> None:
    panel = panel_of(ws)
    assert control(panel, "Word").value == "W22"
    text = shown(panel)
    told = "What moved the score cannot be told: the log of leads does not know which"
    for words in ("23 words of people", "p22", "0.250", "<dt>plan</dt><dd>b</dd>"):
        assert words in text, words
    assert told in text
    control(panel, "Word").value = "W21"
    assert "<dt>plan</dt><dd>a</dd>" in shown(panel)
    assert "<img" not in shown(panel)


def test_a_word_is_decided_and_the_next_one_is_chosen(ws: Workspace) -> None:
    panel = panel_of(ws)
    control(panel, "Reason").value = "they did buy"
    control(panel, "Refuse").click()
    assert "refused 1 word of leads" in status(panel)
    assert "Your flag W22 on p22 was refused" in status(panel)
    assert control(panel, "Word").value == "W21"
    assert "22 words of people" in shown(panel)
    assert rulings(ws)["about"].tolist() == ["W22"]
    control(panel, "The outcome is").value = 1.0
    control(panel, "Correct").click()
    told = rulings(ws).set_index("about").loc["W21"]
    assert (told["kind"], told["label"]) == ("corrected", 1.0)


def test_what_was_decided_is_shown_and_taken_back(ws: Workspace) -> None:
    panel = panel_of(ws)
    assert "Show" not in names(panel)
    control(panel, "Reason").value = "they did buy"
    control(panel, "Refuse").click()
    control(panel, "Show").value = "decided"
    assert control(panel, "Word").value == "ruling of W22"
    text = shown(panel)
    for words in ("What was decided", "<dd>refused</dd>", "<dd>they did buy</dd>"):
        assert words in text, words
    assert "Replaced" not in text
    assert "decision = refused (1)" in dict(control(panel, "Segment").options)
    late = panel_of(ws)
    control(late, "Show").value = "decided"
    control(panel, "Reason").value = "they did not"
    control(panel, "Accept").click()
    assert "accepted 1 word of leads" in status(panel)
    assert control(panel, "Word").value == "ruling 2 of W22"
    text = shown(panel)
    assert "<dd>they did not</dd>" in text
    assert "1 ruling before it, kept in the log" in text
    control(late, "Reason").value = "so"
    control(late, "Correct").click()
    assert "Not done" in status(late)
    assert "W22 was accepted" in status(late)
    control(panel, "Show").value = "waiting"
    assert control(panel, "Word").value == "W21"


def test_a_segment_is_decided_at_once(ws: Workspace) -> None:
    panel = panel_of(ws)
    segments = dict(control(panel, "Segment").options)
    control(panel, "Segment").value = segments["plan = a (11)"]
    control(panel, "Decide on").value = "all"
    control(panel, "Reason").value = "the same student"
    control(panel, "Accept").click()
    assert "accepted 11 words of leads" in status(panel)
    assert len(rulings(ws)) == 11
    assert len(ws.view("leads").feedback_waiting()) == 12
    assert control(panel, "Segment").value == ("all", "")
    assert control(panel, "Decide on").value == "one"


def test_many_words_come_a_page_at_a_time(ws: Workspace) -> None:
    panel = panel_of(ws)
    control(panel, "Next").click()
    assert "This is 11 to 20 of 23." in status(panel)
    assert control(panel, "Word").value == "W12"


def test_two_panels_at_once_decide_a_word_once_and_the_late_one_is_told(
    ws: Workspace,
) -> None:
    panels = [panel_of(ws), panel_of(ws)]
    verbs = ("Accept", "Refuse")
    for panel in panels:
        control(panel, "Reason").value = "so"
    with ThreadPoolExecutor(2) as pool:
        for panel, verb in zip(panels, verbs, strict=True):
            pool.submit(control(panel, verb).click)
    assert rulings(ws)["about"].tolist() == ["W22"]
    late = [panel for panel in panels if "Not done" in status(panel)]
    assert len(late) == 1
    assert "W22 was" in status(late[0])
    assert "lc-wanted" in control(late[0], "Look again")._dom_classes
    control(late[0], "Look again").click()
    assert control(late[0], "Word").value == "W21"
    assert control(late[0], "Reason").value == "so"


def test_without_a_person_it_says_how_to_decide(ws: Workspace) -> None:
    told = widgets.triage(ws.view("leads"), unattended=True)
    assert "lifecycle triage leads ID --accept" in repr(told)
    assert "<img" not in told._repr_html_()
    nothing = widgets.triage(ws.view("churn"), unattended=True)
    assert "Nothing that people said of churn waits" in repr(nothing)
    assert names(widgets.triage(ws.view("churn"), unattended=False)) == ["Look again"]
