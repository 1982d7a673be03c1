"""Rows that people label: drawn, taken back, and what they say of the model."""

from __future__ import annotations

import json
import math
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import lifecycle
from lifecycle import errors
from lifecycle.workspace import Workspace
from tests.panels import AT, two_models
from tests.panels import SETTINGS as PANELS
from tests.speaking import DAY, RIPE, ROWS, TRUTH, fill, spoken_of, words_of


@pytest.fixture
def ws(tmp_path: Path) -> Workspace:
    return spoken_of(tmp_path)


@pytest.mark.parametrize("by", ["random", "uncertainty", "segment"])
def test_what_comes_back_of_a_sample_says_how_good_the_model_is(
    ws: Workspace, by: str
) -> None:
    drawn = ws.sample("leads", 20, by=by, seed=4, who="Ana Silva")
    assert len(drawn.draw) == 20
    done = ws.label("leads", fill(drawn.path, TRUTH, left=2), by="Bo")
    assert (done.new, done.blank) == (18, 2)
    whole, unknown = done.findings.rows[:2]
    assert (whole.subject, unknown.n) == ("the whole period", 18)
    period = ROWS[ROWS["time"] > pd.Timestamp(AT) - 28 * DAY]
    right = period["won"] == period["prediction"]
    young = ~RIPE[period.index]
    told = {r["id"]: r for r in drawn.draw.rows.to_dict("records")}
    answered = pd.read_csv(drawn.path.with_name("filled.csv"), dtype=str)
    answered = answered[answered["label"].notna()]["lead"]
    strata: dict[str, list[bool]] = {}
    for each in answered:
        strata.setdefault(told[each]["stratum"], []).append(
            bool(right[period["id"] == each].iloc[0])
        )
    sizes = {name: count for name, count, _ in drawn.draw.strata}
    mean = sum(sizes[s] * np.mean(hits) for s, hits in strata.items()) / young.sum()
    assert unknown.value == pytest.approx(mean)
    known = right[~young].sum()
    both = (known + young.sum() * mean) / len(period)
    assert whole.value == pytest.approx(both)
    assert whole.lower < both < whole.upper
    assert ws.view("leads").audited().rows == done.findings.rows
    assert f"{whole.value:.1%} are right" in done.findings.summary


def test_labels_again_change_nothing_and_another_one_replaces_it(ws: Workspace) -> None:
    drawn = ws.sample("leads", 10)
    filled = fill(drawn.path, TRUTH)
    assert ws.label("leads", filled, by="Bo").new == 10
    count = ws.logs("leads").count("feedback")
    again = ws.label("leads", filled, by=" BO", as_of=AT + DAY)
    assert (again.new, again.same, again.changed) == (0, 10, 0)
    assert ws.logs("leads").count("feedback") == count
    first = pd.read_csv(filled, dtype=str)["lead"].iloc[0]
    other = fill(drawn.path, {**TRUTH, first: 1 - TRUTH[first]})
    changed = ws.label("leads", other, by="Bo", as_of=AT + DAY)
    assert (changed.new, changed.same, changed.changed) == (0, 9, 1)
    rows = ws.logs("leads").feedback()
    mine = rows[rows["kind"] == "label"]
    assert set(mine["source"]) == {"sample"}
    assert set(mine["person"]) == {"Bo"}
    said = ws.view("leads").feedback().parts[0].only(measure="overridden")
    assert said.rows[-1].n  # a label is an answer, and counts as no override
    waits = set(ws.view("leads").feedback_waiting()["kind"])
    assert "label" not in waits


def test_the_same_seed_draws_the_same_and_the_ledger_holds_the_digest(
    ws: Workspace,
) -> None:
    one, other = (ws.sample("leads", 12, seed=5) for _ in range(2))
    assert (one.sample, one.again, other.again) == (other.sample, False, True)
    assert one.path.read_bytes() == other.path.read_bytes()
    (entry,) = (e for e in ws.history("leads") if e.move == "draw a sample")
    assert entry.evidence["sample"] == one.sample
    kept = ws.directory / "samples" / "leads" / f"{one.sample}.json"
    told = json.loads(kept.read_text())
    assert sum(1 / row["inclusion"] for row in told["rows"]) == pytest.approx(
        told["of"]
    )
    kept.write_text(kept.read_text().replace('"inclusion": 0', '"inclusion": 1'))
    assert "was altered; draw another" in ws.view("leads").audited().summary
    assert ws.view("leads").audited().verdict == "undefined"


def test_a_file_for_labelling_holds_no_formula_and_not_what_the_model_said(
    ws: Workspace,
) -> None:
    bad = ['=HYPERLINK("http://x")', "+1", "-2+3", "@SUM(A1)", "\t=1", " =1", "a\nb"]
    rows = ROWS.head(len(bad)).assign(plan=bad, id=bad, time=pd.Timestamp(AT) - DAY)
    ws.ingest("leads", "predictions", rows.drop(columns="won"))
    drawn = ws.sample("leads", 400)
    text = drawn.path.read_text()
    table = pd.read_csv(drawn.path, dtype=str, keep_default_na=False)
    assert list(table) == [
        *("sample", "row", "lead", "time", "visits", "plan", "label", "reason")
    ]
    cells = [cell for column in table for cell in table[column]]
    assert not [
        cell for cell in cells if cell.lstrip().startswith(("=", "+", "-", "@"))
    ]
    assert "'=HYPERLINK" in text
    table["label"] = "1"  # a spreadsheet that altered the ids does no harm
    table["lead"] = "gone"
    table.to_csv(drawn.path, index=False)
    assert ws.label("leads", drawn.path, by="Bo").new == len(table)
    mine = ws.logs("leads").feedback()
    assert set(bad) <= set(mine[mine["kind"] == "label"]["id"])


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("sample,row\ns1,1\n", "column"),
        ("sample,row,label\nsx,1,1\n", "is no row of a sample that is kept"),
        ("sample,row,label\n{id},99,1\n", "is no row of a sample that is kept"),
        ("sample,row,label\n{id},x,1\n", "line 2, column 'row'"),
        ("sample,row,label\n{id},1,maybe\n", "line 2, column 'label'"),
        ("sample,row,label\n{id},1,1\n{id},1,0\n", "is there twice"),
    ],
)
def test_labels_that_cannot_be_believed_are_refused_with_their_place(
    ws: Workspace, tmp_path: Path, text: str, sentence: str
) -> None:
    drawn = ws.sample("leads", 5)
    path = tmp_path / "back.csv"
    path.write_text(text.format(id=drawn.sample))
    before = ws.logs("leads").count("feedback")
    with pytest.raises(errors.InputError, match=sentence):
        ws.label("leads", path, by="Bo")
    assert ws.logs("leads").count("feedback") == before


def test_a_sample_of_nothing_or_by_nothing_is_one_sentence(ws: Workspace) -> None:
    with pytest.raises(errors.BadParameters, match="n must be 2 or more"):
        ws.sample("leads", 1)
    with pytest.raises(errors.BadParameters, match="there is no column 'size'"):
        ws.sample("leads", 9, by="segment", segment="size")
    with pytest.raises(errors.NotEnoughData, match="waits for its outcome"):
        ws.sample("leads", 9, as_of=AT - 200 * DAY)
    assert ws.view("leads").audited().rows == ()


def test_flags_are_set_beside_what_a_sample_says_of_all(ws: Workspace) -> None:
    young = ROWS[~RIPE]
    wrong = young[young["won"] != young["prediction"]].iloc[:3]
    flags = pd.DataFrame({"feedback_id": "H" + wrong["id"], "id": wrong["id"]})
    flags = flags.assign(time=pd.Timestamp(AT) - DAY / 2, kind="flag", label=math.nan)
    ws.ingest("leads", "feedback", flags.assign(person="Bo", reason="", source="app"))
    drawn = ws.sample("leads", len(young))  # every one of them
    ws.label("leads", fill(drawn.path, TRUTH), by="Bo")
    parts = ws.view("leads").feedback().parts
    (part,) = (p for p in parts if getattr(p, "title", "") == "What people speak of")
    said = set(flags["id"]) | set(words_of()["id"])
    faulty = young[young["won"] != young["prediction"]]["id"]
    (found,) = part.only(measure="caught").rows
    assert found.value == pytest.approx(faulty.isin(said).mean())
    assert part.only(measure="wrong").rows[0].value == pytest.approx(
        len(faulty) / len(young)
    )


def test_of_several_classes_labels_are_names(tmp_path: Path) -> None:
    made = two_models(tmp_path)
    text = PANELS.replace('task = "binary"', 'task = "multiclass"', 1)
    (made.directory / "lifecycle.toml").write_text(text)
    ws = lifecycle.open(made.directory)
    names = ["card", "loan", "card", "other"] * 5
    rows = pd.DataFrame({"id": [f"m{k:02d}" for k in range(20)], "prediction": names})
    rows = rows.assign(time=pd.Timestamp(AT) - DAY, visits=1.0, plan="a")
    rows["score"] = np.linspace(0.4, 0.99, 20)
    ws.ingest("leads", "predictions", rows)
    drawn = ws.sample("leads", 20, by="uncertainty")
    table = pd.read_csv(drawn.path, dtype=str)
    table["label"] = ["loan" if each == "m00" else None for each in table["lead"]]
    asked = table["lead"].map(dict(zip(rows["id"], names, strict=True)))
    table["label"] = table["label"].fillna(asked)
    table.to_csv(drawn.path, index=False)
    done = ws.label("leads", drawn.path, by="Bo")
    assert (done.new, done.findings.rows[0].value) == (20, 19 / 20)
    (reply,) = ws.replies(
        "leads", ids=ws.logs("leads").feedback()["feedback_id"][:1]
    ).items
    assert reply.sentence.startswith("Your label of m")


def test_of_amounts_nobody_is_right_and_no_sample_is_drawn(tmp_path: Path) -> None:
    made = two_models(tmp_path)
    text = PANELS.replace('task = "binary"', 'task = "regression"', 1)
    (made.directory / "lifecycle.toml").write_text(text)
    with pytest.raises(errors.BadParameters, match="are not right or wrong"):
        lifecycle.open(made.directory).sample("leads", 10)


def test_outcomes_that_come_early_speak_for_nobody_until_a_stratum_is_whole(
    ws: Workspace,
) -> None:
    drawn = ws.sample("leads", 10)
    ids = list(drawn.draw.rows["id"])
    ws.label("leads", fill(drawn.path, TRUTH, left=6), by="Bo")
    whole = ws.view("leads").audited().rows[1]
    early = pd.DataFrame({"id": ids[:3], "time": pd.Timestamp(AT)})
    early["outcome"] = [1 - TRUTH[each] for each in ids[:3]]
    ws.ingest("leads", "outcomes", early)
    extra = words_of().head(3).assign(kind="label", source="crm", id=ids[3:6])
    extra["feedback_id"] = ["X1", "X2", "X3"]
    extra["time"] = pd.Timestamp(AT)
    ws.ingest("leads", "feedback", extra)
    again = ws.view("leads").audited().rows[1]
    assert (again.value, again.n) == (whole.value, whole.n) == (whole.value, 4)
    rest = pd.DataFrame({"id": ids[3:], "time": pd.Timestamp(AT)})
    rest["outcome"] = [TRUTH[each] for each in ids[3:]]
    ws.ingest("leads", "outcomes", rest)
    assert ws.view("leads").audited().rows[1].n == 10
