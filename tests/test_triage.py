"""What people said is decided once, and who has decided can be told."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from lifecycle import errors, feedback, widgets
from lifecycle.workspace import Workspace
from tests.panels import AT, control, shown, status, two_models


@pytest.fixture
def ws(tmp_path: Path) -> Workspace:
    made = two_models(tmp_path)
    days = pd.to_datetime([pd.Timestamp(AT) - timedelta(days=k) for k in (3, 2, 1)])
    rows = pd.DataFrame({"id": ["1", "2", "3"], "time": days, "score": [0.9, 0.2, 0.6]})
    rows["prediction"] = [1.0, 0.0, 1.0]
    made.ingest("leads", "predictions", rows.assign(visits=4.0, plan=["a", "b", "a"]))
    frame = pd.DataFrame({"feedback_id": ["F1", "F2", "F3"], "id": ["1", "2", "3"]})
    frame = frame.assign(time=days, kind=["override", "flag", "issue"], person="Ann")
    frame["label"] = [0.0, np.nan, np.nan]
    made.ingest("leads", "feedback", frame.assign(reason="<b>no budget</b>"))
    return made


def test_what_waits_stands_beside_its_prediction_newest_first(ws: Workspace) -> None:
    rows = ws.view("leads").feedback_waiting()
    assert rows["feedback_id"].tolist() == ["F3", "F2", "F1"]
    assert rows["score"].tolist() == [0.6, 0.2, 0.9]
    assert rows["plan"].tolist() == ["a", "b", "a"]


def test_a_word_is_decided_once_and_the_sender_can_be_told(ws: Workspace) -> None:
    done = ws.triage("leads", ["F1"], "refused", reason="they did buy", by="Bo")
    assert done.sentence == "Bo refused 1 word of leads"
    (reply,) = done.replies
    assert reply == "Your override F1 on 1 was refused by Bo: they did buy"
    again = ws.triage("leads", ["F1"], "refused", reason="they did buy", by="Bo")
    assert again.same == 1
    assert ws.logs("leads").count("feedback") == 4
    told = r"F1 was refused by Bo on 2024-06-03; the others are decided"
    with pytest.raises(errors.AlreadyDecided, match=told):
        ws.triage("leads", ["F1", "F2"], "accepted", reason="so it is", by="Cy")
    assert ws.view("leads").feedback_waiting()["feedback_id"].tolist() == ["F3"]


def test_a_ruling_is_replaced_by_its_name_and_the_earlier_one_stays(
    ws: Workspace,
) -> None:
    day = timedelta(days=1)
    ws.triage("leads", ["F1"], "refused", reason="no", by="Bo")
    again = ws.triage(
        "leads", ["ruling of F1"], "accepted", reason="yes", by="Cy", as_of=AT + day
    )
    assert again.done == ("F1",)
    assert again.sentence == "Cy accepted 1 word of leads"
    told = feedback.about(ws.logs("leads").feedback()).sort_values("number")
    names = ["number", "kind", "person", "reason"]
    assert told[names].to_numpy().tolist() == [
        [1, "refused", "Bo", "no"],
        [2, "accepted", "Cy", "yes"],
    ]
    (row,) = ws.view("leads", AT + day).feedback_decided().to_dict("records")
    assert (row["ruling"], row["decided_by"], row["why"]) == (
        "ruling 2 of F1",
        "Cy",
        "yes",
    )
    assert (row["feedback_id"], row["score"], row["earlier"]) == ("F1", 0.9, 1)
    assert ws.view("leads").feedback_decided()["decision"].tolist() == ["refused"]


def test_who_has_not_seen_the_newest_ruling_does_not_replace_it(ws: Workspace) -> None:
    ws.triage("leads", ["F1"], "refused", reason="no", by="Bo")
    ws.triage("leads", ["ruling of F1"], "accepted", reason="yes", by="Cy")
    with pytest.raises(errors.AlreadyDecided, match="F1 was accepted by Cy"):
        ws.triage("leads", ["ruling of F1"], "corrected", reason="x", label=1, by="Di")
    same = ws.triage("leads", ["ruling of F1"], "accepted", reason="yes", by="Di")
    assert (same.done, same.same) == ((), 1)
    with pytest.raises(errors.AlreadyDecided, match="F1 was accepted by Cy"):
        ws.triage("leads", ["F1"], "refused", reason="no", by="Bo")
    early = AT - timedelta(hours=1)
    with pytest.raises(errors.IllegalMove, match="replace it at a later moment"):
        ws.triage(
            "leads", ["ruling 2 of F1"], "refused", reason="no", by="Bo", as_of=early
        )
    with pytest.raises(errors.IllegalMove, match="no word 'ruling 3 of F1'"):
        ws.triage("leads", ["ruling 3 of F1"], "refused", reason="no", by="Bo")
    assert len(feedback.about(ws.logs("leads").feedback())) == 2


def test_the_ledger_says_who_is_behind_a_ruling(ws: Workspace) -> None:
    ws.triage("leads", ["F1", "F2"], "refused", reason="no", by="Bo")
    ws.triage("leads", ["F1", "F2"], "refused", reason="no", by="Bo")
    ws.triage("leads", ["ruling of F2"], "accepted", reason="yes", by="Cy")
    first, second = (e for e in ws.registry.ledger("leads") if e.move == "triage")
    assert (first.actor, first.source, first.reason) == ("Bo", "given", "no")
    assert first.evidence["ids"] == ["F1", "F2"]
    assert (second.actor, second.evidence["replaced"]) == ("Cy", ["ruling of F2"])


def test_two_people_at_once_decide_a_word_once(ws: Workspace) -> None:
    def decide(number: int) -> str:
        kind = "accepted" if number % 2 else "refused"
        try:
            ws.triage("leads", ["F1", "F2"], kind, reason="so", by=f"P{number}")
        except errors.AlreadyDecided:
            return "late"
        return kind

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(decide, range(4)))
    rulings = feedback.about(ws.logs("leads").feedback())
    assert sorted(rulings["about"]) == ["F1", "F2"]
    assert rulings["kind"].nunique() == 1


@pytest.mark.parametrize(
    ("ids", "decision", "label", "sentence"),
    [
        (["F9"], "refused", None, "no word 'F9'"),
        ([], "refused", None, "no word ''"),
        (["F1"], "corrected", None, "a correction says what the outcome is"),
        (["F1"], "refused", 1.0, "and no other decision does"),
        (["F1"], "deleted", None, "is no decision"),
        (["F1"], "corrected", 2, "is 0 or 1, not '2'"),
        (["F1"], "corrected", "won", "is 0 or 1, not 'won'"),
    ],
)
def test_what_cannot_be_decided_is_a_sentence_and_nothing_is_written(
    ws: Workspace, ids: list[str], decision: Any, label: Any, sentence: str
) -> None:
    with pytest.raises(errors.LifecycleError, match=sentence):
        ws.triage("leads", ids, decision, reason="so", label=label)
    with pytest.raises(errors.IllegalMove, match="the reason is missing"):
        ws.triage("leads", ["F1"], "refused", reason="  ")
    assert ws.logs("leads").count("feedback") == 3


def test_no_file_can_take_a_decision_back_or_forge_one(ws: Workspace) -> None:
    ws.triage("leads", ["F1"], "refused", reason="no", by="Bo")
    log = ws.logs("leads")
    words = log.feedback()
    mine = words[words["feedback_id"] == "ruling of F1"]
    with pytest.raises(errors.InputError, match="is a decision in the log"):
        log.append("feedback", mine.assign(kind="flag"))
    assert len(feedback.about(log.feedback())) == 1
    other = words[words["feedback_id"] == "F2"].assign(feedback_id="ruling of F3")
    log.append("feedback", other)
    assert len(feedback.about(log.feedback())) == 1
    with pytest.raises(errors.IllegalMove, match="give that row another id"):
        ws.triage("leads", ["F3"], "refused", reason="no", by="Bo")


def test_a_run_without_a_person_decides_nothing(
    ws: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LIFECYCLE_UNATTENDED", "1")
    with pytest.raises(errors.NotAllowed):
        ws.triage("leads", ["F1"], "refused", reason="so")


def test_the_terminal_lists_what_waits_and_decides(
    ws: Workspace, terminal: Any
) -> None:
    desk = ws.directory
    _, out, _ = terminal("-w", desk, "feedback", "leads", "--json")
    assert '"feedback_id": "F3"' in out
    words = ["F1", "--correct", "1", "--reason", "won", "--as", "Bo"]
    _, out, _ = terminal("-w", desk, "triage", "leads", *words)
    assert "Bo corrected 1 word of leads" in out
    assert "was corrected to 1 by Bo: won" in out
    assert "F1" not in terminal("-w", desk, "feedback", "leads")[1]
    _, out, _ = terminal("-w", desk, "feedback", "leads", "--decided")
    assert "ruling of F1" in out
    words = ["ruling of F1", "--accept", "--reason", "lost", "--as", "Cy"]
    _, out, _ = terminal("-w", desk, "triage", "leads", *words)
    assert "Cy accepted 1 word of leads" in out
    code, _, err = terminal("-w", desk, "triage", "leads", "F2", "--reason", "x")
    assert code == 30
    assert "say one of --accept, --refuse and --correct" in err


def test_of_several_classes_a_correction_names_one(tmp_path: Path) -> None:
    made = two_models(tmp_path)
    file = made.directory / "lifecycle.toml"
    file.write_text(file.read_text().replace('"binary"', '"multiclass"', 1))
    ws = Workspace(made.directory)
    day = pd.Series([pd.Timestamp(AT) - timedelta(days=1)])
    rows = pd.DataFrame({"id": ["1"], "time": day, "score": 0.5, "prediction": "price"})
    ws.ingest("leads", "predictions", rows.assign(visits=4.0, plan="a"))
    said = pd.DataFrame({"feedback_id": ["F1"], "id": ["1"], "time": day})
    said = said.assign(kind="correction", label="delay", person="Ann", reason="late")
    ws.ingest("leads", "feedback", said)
    with pytest.raises(errors.BadParameters, match="name its class"):
        ws.triage("leads", ["F1"], "corrected", reason="so", label=" ")
    panel = widgets.triage(ws.view("leads"), unattended=False)
    assert "<dd>delay</dd>" in shown(panel)
    control(panel, "The outcome is").value = "refund"
    control(panel, "Reason").value = "it was one"
    control(panel, "Correct").click()
    assert "corrected to refund" in status(panel)
    (row,) = ws.view("leads").feedback_decided().to_dict("records")
    assert (row["decision"], row["to"]) == ("corrected", "refund")
