"""What people say: where it came in, whose it is, what it moves, what they are told."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import lifecycle
from lifecycle import errors, feedback, logs, training
from lifecycle.logs import schema
from lifecycle.logs.store import Store
from lifecycle.workspace import Workspace
from tests.panels import AT
from tests.speaking import DAY, RIPE, ROWS, SETTINGS, TRUTH, fill, spoken_of, words_of

SPELT = ["Eve", " eve ", "EVE", "\uff25\uff56\uff45"]


@pytest.fixture
def ws(tmp_path: Path) -> Workspace:
    return spoken_of(tmp_path)


# -- where a word came in ------------------------------------------------------


def test_a_log_of_an_earlier_release_is_read_and_written_with_sources(
    tmp_path: Path,
) -> None:
    words = words_of().drop(columns="source")
    table = schema.to_arrow(words, "feedback").drop_columns(["source"])
    (tmp_path / "leads").mkdir()
    Store.create(tmp_path / "leads" / "feedback", table.schema).append(table)
    log = logs.Logs(tmp_path / "leads")
    assert log.feedback()["source"].isna().all()
    assert list(log.feedback(columns=["id", "source"])) == ["id", "source"]
    before = log.versions()
    changed = words_of().iloc[:2].assign(reason="anew")
    assert log.append("feedback", changed).rows_changed == 2
    assert log.feedback()["source"].value_counts().to_dict() == {"crm": 2}
    assert log.at(before).feedback()["source"].isna().all()


def test_rows_without_a_source_keep_the_id_they_had_and_others_have_their_own() -> None:
    rows = words_of().drop(columns=["feedback_id", "source"]).head(2)
    plain = schema.derived_ids(rows, "feedback")
    assert plain == schema.derived_ids(rows.assign(source=None), "feedback")
    table = schema.to_arrow(rows, "feedback", keys=False).drop_columns(["source"])
    assert isinstance(table, pa.Table)
    told = schema.derived_ids(rows.assign(source="crm"), "feedback")
    assert not set(told) & set(plain)


def test_the_same_words_again_change_nothing_and_their_source_is_kept(
    ws: Workspace,
) -> None:
    again = ws.ingest("leads", "feedback", words_of())
    assert (again.new, again.same, again.changed) == (0, 130, 0)
    assert set(ws.logs("leads").feedback()["source"]) == {"crm"}


# -- who was right -------------------------------------------------------------


def test_who_is_right_is_told_by_source_and_few_are_told_of_together(
    ws: Workspace,
) -> None:
    extra = words_of().head(18)
    extra["feedback_id"] = "G" + extra["feedback_id"]
    extra["source"] = ["app"] * 12 + ["mail"] * 3 + ["desk"] * 3
    extra["person"] = "Bo"
    ws.ingest("leads", "feedback", extra)
    found = {
        r.subject: (r.value, r.n) for r in ws.voices("leads").only(measure="right")
    }
    assert found["crm"] == (115 / 120, 120)
    assert found["app"] == (7 / 12, 12)
    assert found["2 others"] == (1.0, 6)
    assert not {"mail", "desk"} & set(found)


def test_persons_are_told_of_to_owner_and_deputy_and_others_of_themselves(
    ws: Workspace,
) -> None:
    extra = words_of().head(30).assign(person="Bo", source="app")
    extra["feedback_id"] = "G" + extra["feedback_id"]
    ws.ingest("leads", "feedback", extra)
    told = {
        who: {
            row.subject: row.n
            for row in ws.voices("leads", by="person", who=who).only(measure="right")
        }
        for who in ("ana silva", "Di Fox", "bo", "Mallory")
    }
    for who in ("ana silva", "Di Fox"):
        assert (told[who]["Eve"], told[who]["Bo"]) == (120, 30)
    assert told["bo"]["bo"] == 30
    assert "Eve" not in str(told["bo"]) + str(told["Mallory"])
    ws.hand_over("leads", "Mallory", reason="so")
    now = ws.voices("leads", by="person", who="Mallory").only(measure="right")
    assert "Eve" in {row.subject for row in now}
    page = ws.view("leads").feedback()._repr_html_()
    assert "Eve" not in page
    with pytest.raises(errors.BadParameters, match="by must be source or person"):
        ws.voices("leads", by="team")


def test_a_word_said_when_the_outcome_was_known_is_no_evidence() -> None:
    times = pd.to_datetime(["2024-01-01", "2024-01-03", "2024-01-05"], utc=True)
    rows = pd.DataFrame({"id": ["a", "b", "c"], "prediction": 0.0, "outcome": 1.0})
    rows["known_at"] = pd.to_datetime(["2024-01-03"] * 3, utc=True)
    said = pd.DataFrame({"id": ["a", "b", "c"], "time": times, "label": 1.0})
    found = feedback.right(said, rows)
    assert found.only(measure="right").rows[0].n == 1


def test_each_person_is_held_to_their_own_last_word() -> None:
    times = pd.to_datetime(["2024-01-01", "2024-01-02", "2024-01-03"], utc=True)
    rows = pd.DataFrame({"id": ["a"], "prediction": [0.0], "outcome": [1.0]})
    said = pd.DataFrame({"id": "a", "time": times, "label": [1.0, 0.0, 0.0]})
    said["person"] = ["Ann", "Bo <bo@x.example>", "BO@x.example"]
    found = feedback.right(said, rows, by="person").only(measure="right")
    told = {row.subject: (row.value, row.n) for row in found}
    assert told["Ann"] == (1.0, 1)
    assert told["BO@x.example"] == (0.0, 1)
    assert told["people"] == (0.0, 1)


# -- one person cannot move a model --------------------------------------------


@settings(max_examples=20, deadline=None)
@given(
    liar=st.lists(st.sampled_from(SPELT), min_size=1, max_size=5, unique=True),
    most=st.sampled_from([0.0, 0.02, 0.1, 0.3]),
    label=st.sampled_from([0.0, 1.0]),
    times=st.integers(1, 3),
)
def test_one_person_moves_no_more_than_their_share_whatever_they_say(
    liar, most, label, times
) -> None:
    history = words_of().assign(
        person="Eve"
    )  # believed, for she was nearly always right
    young = ROWS[~RIPE]
    parts = [young.iloc[k :: len(liar)] for k in range(len(liar))]  # a name each
    lies = [
        pd.DataFrame(
            {
                "feedback_id": [f"{name} {again} {each}" for each in parts[k]["id"]],
                "id": parts[k]["id"],
                "time": parts[k]["time"] + pd.Timedelta(minutes=k + 10 * again),
                "kind": ["override", "correction", "label"][again],
                "label": label,
                "person": name,
            }
        )
        for k, name in enumerate(liar)
        for again in range(times)
    ]
    rows = ROWS.assign(outcome=ROWS["won"].where(RIPE))
    rows["known_at"] = (rows["time"] + 10 * DAY).where(RIPE)
    told = {"as_of": pd.Timestamp(AT), "delay": 14 * DAY}
    said = pd.concat([history, *lies], ignore_index=True)
    made = training.material(rows, feedback=said, max_share_per_person=most, **told)
    heard = made.sources != "outcome"
    outcomes = (~heard).sum()
    assert made.weights[heard].sum() <= most * outcomes + 1e-9
    truth = made.table.loc[~heard, "outcome"].mean()
    learned = np.average(made.table["outcome"], weights=made.weights)
    assert abs(learned - truth) <= most / (1 + most) + 1e-9


# -- replies -------------------------------------------------------------------


def test_the_sender_is_told_which_version_a_word_entered_and_what_came_true(
    ws: Workspace,
) -> None:
    (version,) = ws.registry.versions("leads")
    learned = ws.registry.learned("leads", number=1)
    asked = set(ROWS[~RIPE]["id"].iloc[:10])
    assert {word.prediction for word in learned} == asked
    assert all(0 < word.weight < 1 for word in learned)
    entry = next(e for e in ws.history("leads") if e.move == "register")
    assert entry.evidence["words"] == 10
    word = learned[0]
    (reply,) = ws.replies("leads", ids=[word.feedback_id]).items
    assert reply.sentence == (
        f"Your override of {word.prediction} to {reply.label} entered version 1, "
        f"weighing {word.weight:.2f} of 1."
    )
    assert version.created_at == AT
    early = ws.replies("leads", ids=[word.feedback_id], as_of=AT - DAY).items
    assert not any(each.versions for each in early)
    truth = pd.DataFrame({"id": [word.prediction], "time": [pd.Timestamp(AT + DAY)]})
    outcome = 1 - float(reply.label)
    ws.ingest("leads", "outcomes", truth.assign(outcome=outcome))
    (later,) = ws.replies("leads", ids=[word.feedback_id], as_of=AT + 2 * DAY).items
    assert later.right is False
    assert later.sentence.endswith(
        f"the outcome came: {outcome:g}, and not as you said."
    )
    old = ws.replies("leads", person="eve").items[-1]
    assert (old.versions, old.right, old.outcome != "") == ((), False, True)


def test_a_word_that_is_refused_enters_no_version_and_the_sender_knows_why(
    ws: Workspace,
) -> None:
    ids = [word.feedback_id for word in ws.registry.learned("leads", number=1)]
    ws.triage("leads", ids[:1], "refused", reason="<b>spam</b>", by="Ana Silva")
    ws.train("leads", by="Ana Silva", as_of=AT + timedelta(hours=1))
    again = {word.feedback_id for word in ws.registry.learned("leads", number=2)}
    assert again == set(ids[1:])
    found = ws.replies("leads", ids=ids[:2], as_of=AT + DAY)
    by_id = {each.feedback_id: each for each in found.items}
    assert by_id[ids[0]].versions == (1,)
    assert "was refused by Ana Silva: <b>spam</b>" in by_id[ids[0]].sentence
    assert "<b>" not in found._repr_html_()
    assert by_id[ids[1]].versions == (1, 2)
    assert found.summary == (
        "Of 2 words on leads 2 entered a version and 1 were decided on."
    )
    assert list(found.frame()["sentence"]) == [e.sentence for e in found.items]


def test_where_people_are_not_learned_from_no_word_enters(ws: Workspace) -> None:
    text = SETTINGS + "\n[models.leads.renewal]\nlearn_from_people = false\n"
    (ws.directory / "lifecycle.toml").write_text(text)
    ws = lifecycle.open(ws.directory)
    ws.train("leads", by="Ana", as_of=AT + DAY)
    assert ws.registry.learned("leads", number=2) == []


# -- the terminal --------------------------------------------------------------


def test_the_commands_draw_take_back_and_reply(ws: Workspace, terminal) -> None:
    desk = ("-w", ws.directory)
    out = ws.directory / "to label.csv"
    code, told, _ = terminal(
        *desk, "sample", "leads", "--n", 10, "--by", "segment", "--out", out
    )
    assert (code, "10 of" in told, out.is_file()) == (0, True, True)
    code, told, _ = terminal(*desk, "label", "leads", fill(out, TRUTH), "--as", "Bo")
    assert (code, told.startswith("10 labels of sample s")) == (0, True)
    assert "are right" in told
    code, told, _ = terminal(*desk, "replies", "leads", "--as", "EVE")
    assert (code, "Eve: Your override of" in told, "entered version 1" in told) == (
        0,
        True,
        True,
    )
    found: list[dict[str, Any]] = json.loads(
        terminal(*desk, "replies", "leads", "--json", "--as", "Ana Silva")[1]
    )
    assert {"sentence", "versions", "feedback_id"} <= set(found[0])
    code, told, _ = terminal(*desk, "voices", "leads", "--by", "person", "--as", "Ana")
    assert "Eve" not in told
    told = json.loads(terminal(*desk, "voices", "leads", "--json")[1])
    assert {row["subject"] for row in told["right"]} >= {"people", "crm"}


def test_what_became_of_words_is_shown_to_their_sender_and_the_owner(
    ws: Workspace, terminal
) -> None:
    desk = ("-w", ws.directory)
    code, _, err = terminal(*desk, "replies", "leads", "--of", "Eve", "--as", "Mallory")
    assert (code, "of Eve is shown to them and to Ana Silva and Di Fox" in err) == (
        30,
        True,
    )
    code, told, _ = terminal(*desk, "replies", "leads", "--as", "Mallory")
    assert (code, "Nobody has said anything of leads" in told) == (0, True)
    assert len(ws.replies("leads", who="Di Fox")) == 130
    assert len(ws.replies("leads", person="Eve", who="ana silva")) == 130
    assert len(ws.replies("leads")) == 130  # of whoever hands them on, such as the door
