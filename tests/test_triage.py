"""What people said is decided once; what is refused is not learned from."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy.stats import beta

from lifecycle import errors, feedback, training
from lifecycle.training import people
from lifecycle.workspace import Workspace
from tests.panels import AT, two_models

START = datetime(2024, 1, 1, tzinfo=UTC)


def at(day: float) -> pd.Timestamp:
    return pd.Timestamp(START) + pd.Timedelta(days=day)


def said(*rows: tuple[Any, ...]) -> pd.DataFrame:
    """Feedback: its id, the prediction's, day, kind, label and person."""
    names = ["feedback_id", "id", "time", "kind", "label", "person"]
    frame = pd.DataFrame(rows, columns=names).astype({"label": float})
    moments = pd.to_datetime([at(day) for day in frame["time"]])
    return frame.assign(time=moments, reason="because")


def standing(frame: pd.DataFrame, day: float) -> list[tuple[str, str, float]]:
    found = people.words(frame, as_of=at(day))
    return [tuple(row) for row in found[["id", "person", "label"]].to_numpy()]


# -- what is learned ---------------------------------------------------------------


def test_a_refused_word_stands_until_it_is_refused() -> None:
    frame = said(
        ("F1", "a", 1, "override", 1, "ann"),
        ("ruling of F1", "a", 3, "refused", None, "bo"),
    )
    assert standing(frame, 2) == [("a", "ann", 1.0)]
    assert standing(frame, 3) == []


def test_an_accepted_word_stands_as_it_did() -> None:
    frame = said(
        ("F1", "a", 1, "override", 1, "ann"),
        ("ruling of F1", "a", 3, "accepted", None, "bo"),
    )
    assert standing(frame, 9) == [("a", "ann", 1.0)]


@pytest.mark.parametrize("kind", ["override", "flag"])
def test_a_correction_is_the_word_of_whoever_corrects(kind: str) -> None:
    label = 1 if kind == "override" else None
    frame = said(
        ("F1", "a", 1, kind, label, "ann"),
        ("ruling of F1", "a", 3, "corrected", 0, "bo"),
    )
    assert standing(frame, 3) == [("a", "bo", 0.0)]


def test_a_person_may_correct_a_word_of_their_own() -> None:
    frame = said(
        ("F1", "a", 1, "override", 1, "ann"),
        ("ruling of F1", "a", 3, "corrected", 0, "ann"),
    )
    assert standing(frame, 3) == [("a", "ann", 0.0)]


def test_what_was_said_anew_stands_though_the_older_word_is_refused() -> None:
    frame = said(
        ("F1", "a", 1, "override", 1, "ann"),
        ("F2", "a", 2, "override", 0, "ann"),
        ("ruling of F1", "a", 3, "refused", None, "bo"),
    )
    assert standing(frame, 3) == [("a", "ann", 0.0)]
    later = said(
        ("F1", "a", 1, "override", 1, "ann"),
        ("ruling of F1", "a", 2, "refused", None, "bo"),
        ("F2", "a", 3, "override", 0, "ann"),
    )
    assert standing(later, 4) == [("a", "ann", 0.0)]


def log(n: int = 40) -> pd.DataFrame:
    """A row a day; the outcome is 1, known after ten days, of the first thirty."""
    days = pd.to_datetime([at(day) for day in range(n)])
    frame = pd.DataFrame({"id": [f"i{k:02d}" for k in range(n)], "time": days})
    frame["outcome"] = np.where(np.arange(n) < n - 10, 1.0, np.nan)
    known = frame["time"] + timedelta(days=10)
    return frame.assign(known_at=known.where(frame["outcome"].notna()))


def worth(right: int, n: int) -> float:
    """The weight of a word of the only source, which was right so often, by hand."""
    mean = (1 + right) / (2 + n)
    lower = beta.ppf(0.05, 10 * mean + right, 10 * (1 - mean) + n - right)
    return float(max(0.0, 2 * lower - 1))


def material(*rows: tuple[Any, ...]) -> training.Material:
    told = [(f"O{k}", f"i{k:02d}", k + 1, "override", 1, "ann") for k in range(12)]
    return training.material(
        log(),
        as_of=at(40),
        delay=timedelta(days=10),
        feedback=said(*told, *rows),
        max_share_per_person=1.0,
    )


def test_a_refused_word_enters_no_training_set_and_a_correction_does() -> None:
    word = ("F1", "i35", 36, "override", 1, "ann")
    made = material(word).frame().set_index("id")
    assert made.loc["i35", "weight"] == pytest.approx(worth(12, 12))
    refused = material(word, ("ruling of F1", "i35", 37, "refused", None, "bo"))
    assert "i35" not in set(refused.table["id"])
    assert len(refused) == 30  # the rows with a true outcome
    known = [(f"C{k}", f"i{k:02d}", k + 2, "correction", 1, "bo") for k in range(9)]
    ruling = ("ruling of F1", "i35", 37, "corrected", 1, "bo")
    corrected = material(word, *known, ruling).frame().set_index("id")
    assert corrected.loc["i35", "source"] == "correction"
    assert corrected.loc["i35", "weight"] == pytest.approx(worth(9, 9))


def test_a_refusal_in_hindsight_does_not_polish_a_record() -> None:
    wrong = [(f"W{k}", f"i{k:02d}", k + 1, "override", 0, "eve") for k in range(12, 20)]
    word = ("F1", "i35", 36, "override", 0, "eve")
    late = [
        (f"ruling of W{k}", f"i{k:02d}", 39, "refused", None, "bo")
        for k in range(12, 20)
    ]
    early = [
        (f"ruling of W{k}", f"i{k:02d}", k + 2, "refused", None, "bo")
        for k in range(12, 20)
    ]

    def right(*rows: tuple[Any, ...]) -> list[tuple[float, int]]:
        found = material(*wrong, word, *rows).findings.only(measure="right")
        return [(row.value, row.n) for row in found if row.subject == "override to 0"]

    assert right() == [(0.0, 8)]
    assert right(*late) == [(0.0, 8)]
    ((value, n),) = right(*early)
    assert n == 0
    assert np.isnan(value)


def test_what_became_of_it_is_counted_and_a_ruling_is_no_word() -> None:
    frame = said(
        ("F1", "a", 1, "override", 1, "ann"),
        ("F2", "b", 1, "flag", None, "ann"),
        ("F3", "c", 1, "usage", None, "ann"),
        ("ruling of F1", "a", 3, "corrected", 0, "bo"),
    )
    shares = {row.measure: (row.value, row.n) for row in feedback.handled(frame)}
    assert shares["corrected"] == (0.5, 2)
    assert shares["waiting"] == (0.5, 2)
    rows = pd.DataFrame({"id": ["a", "b"], "prediction": 0.0, "outcome": 1.0})
    assert feedback.right(frame, rows)[0].n == 1
    assert feedback.right(frame, rows)[0].value == 1.0


# -- deciding ----------------------------------------------------------------------


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
    ],
)
def test_what_cannot_be_decided_is_a_sentence_and_nothing_is_written(
    ws: Workspace, ids: list[str], decision: Any, label: float | None, sentence: str
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
    code, _, err = terminal("-w", desk, "triage", "leads", "F2", "--reason", "x")
    assert code == 30
    assert "say one of --accept, --refuse and --correct" in err
