"""What cannot be believed is refused in sentences; nothing of it is kept unasked."""

from __future__ import annotations

import csv
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

import lifecycle
from lifecycle import errors, workspace

SETTINGS = """\
[workspace]
timezone = "Europe/Berlin"

[models.calls]
owner = "Ana Silva <ana@bank.example>"
task = "binary"
id = "call"
time = "called at"
outcome = "subscribed"
label_delay_days = 7

[models.calls.features]
numeric = ["age"]
categorical = ["job"]
"""
HEAD = "call,called at,age,job\n"
GOOD = HEAD + "1,2024-01-01T10:00,31,nurse\n2,2024-01-02T10:00,44,\n"

Terminal = Callable[..., tuple[int, str, str]]


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    place = tmp_path / "my models"
    workspace.init(place)
    (place / "lifecycle.toml").write_text(SETTINGS)
    monkeypatch.chdir(place)
    return place


def kept(desk: Path, table: str = "predictions") -> int:
    return lifecycle.open(desk).logs("calls").count(table)


WHOLE_FILES: dict[str, tuple[bytes, str]] = {
    "missing.csv": (
        b"call,called at,age\n1,2024-01-01,3\n",
        "missing.csv: column 'job' is missing; add it, or name the right column in "
        "the settings",
    ),
    "empty.csv": (b"", "empty.csv: the file is empty; export it again"),
    "spaces.csv": (b"\n\n", "spaces.csv: "),
    "header.csv": (
        HEAD.encode(),
        "header.csv: there is no row in the file; export it again",
    ),
    "empty.jsonl": (b"", "empty.jsonl: the file is empty; export it again"),
    "empty.parquet": (b"", "empty.parquet: the file is empty; export it again"),
    "noise.parquet": (b"PAR1 nothing PAR1", "noise.parquet: is damaged or only half"),
    "leads.xlsx": (
        b"PK",
        "leads.xlsx: files ending in '.xlsx' are not read; give a .csv, .parquet or "
        ".jsonl file",
    ),
    "leads": (GOOD.encode(), "leads: files "),
}


@pytest.mark.parametrize("skip", [(), ("--skip-bad",)], ids=["strict", "skip-bad"])
@pytest.mark.parametrize("name", WHOLE_FILES)
def test_a_file_that_is_wrong_as_a_whole_is_one_sentence(
    name: str, skip: tuple[str, ...], desk: Path, terminal: Terminal
) -> None:
    content, sentence = WHOLE_FILES[name]
    Path(name).write_bytes(content)
    code, out, err = terminal("ingest", "calls", "predictions", name, *skip)
    assert (code, out) == (30, "")
    assert err.startswith(sentence)
    assert err.count("\n") == 1
    assert kept(desk) == 0


def test_a_missing_file_and_a_directory_are_one_sentence(
    desk: Path, terminal: Terminal
) -> None:
    Path("folder.csv").mkdir()
    for name, why in {
        "folder.csv": "Is a directory",
        "gone.csv": "No such file or directory",
    }.items():
        code, out, err = terminal("ingest", "calls", "predictions", name)
        assert (code, out) == (30, "")
        assert err == f"{name}: cannot be read ({why}); check path and permissions\n"


def test_a_half_written_parquet_file_is_one_sentence(
    desk: Path, terminal: Terminal
) -> None:
    whole = Path("whole.parquet")
    pd.DataFrame(
        {"call": ["1"], "called at": ["2024-01-01"], "age": [3.0], "job": ["nurse"]}
    ).to_parquet(whole)
    half = Path("half.parquet")
    half.write_bytes(whole.read_bytes()[: whole.stat().st_size // 2])
    code, _, err = terminal("ingest", "calls", "predictions", half)
    assert code == 30
    assert err == (
        "half.parquet: is damaged or only half written; write it again, or wait until "
        "the writer has finished\n"
    )
    code, out, _ = terminal("ingest", "calls", "predictions", whole)
    assert (code, out) == (0, "whole.parquet: 1 new, 0 unchanged\n")


ROWS: dict[str, tuple[str | bytes, list[str], int, int]] = {
    "a wrong type": (
        HEAD + "1,2024-01-01,old,nurse\n2,2024-01-02,44,\n",
        [
            "f.csv: line 2, column 'age': 'old' is not a number; write one such as "
            "3.5, or nothing"
        ],
        1,
        1,
    ),
    "a wrong time": (
        HEAD + "1,yesterday,3,nurse\n2,2024-01-02,44,\n",
        ["f.csv: line 2, column 'called at': 'yesterday' "],
        1,
        1,
    ),
    "an empty id": (
        HEAD + ",2024-01-01,3,nurse\n2,2024-01-02,44,\n",
        ["f.csv: line 2, column 'call' "],
        1,
        1,
    ),
    "an id with other content": (
        HEAD + "1,2024-01-01,3,nurse\n1,2024-01-01,4,nurse\n2,2024-01-02,44,\n",
        [
            "f.csv: line 2, column 'call': '1' is also on line 3, but differs; keep "
            "the right one",
            "f.csv: line 3, column 'call': '1' is also on line 2, but differs; keep "
            "the right one",
        ],
        1,
        2,
    ),
    "mixed zones": (
        HEAD + "1,2024-01-01T00:00+02:00,3,x\n2,2024-01-01T00:00Z,3,x\n"
        "3,2024-01-01T00:00,3,x\n",
        [
            "f.csv: line 4, column 'called at': '2024-01-01T00:00' has no offset while "
            "others have one; write all times with an offset"
        ],
        2,
        1,
    ),
    "an hour that was twice": (
        HEAD + "1,2024-10-27T02:30,3,x\n2,2024-10-27T04:30,3,x\n",
        ["f.csv: line 2, column 'called at': '2024-10-27T02:30' "],
        1,
        1,
    ),
    "a bad encoding": (
        HEAD.encode() + b"1,2024-01-01,3,M\xfcller\n2,2024-01-02,44,\n",
        ["f.csv: line 2 is not UTF-8; save the file with the encoding UTF-8"],
        1,
        1,
    ),
    "one line in ten": (
        HEAD
        + "".join(
            f"{n},2024-01-01,{n}\n" if n % 10 == 9 else f"{n},2024-01-01,{n},x\n"
            for n in range(20)
        ),
        [
            "f.csv: line 11 has 3 fields where the header has 4; mend or remove the "
            "line",
            "f.csv: line 21 has 3 fields where the header has 4; mend or remove the "
            "line",
        ],
        18,
        2,
    ),
}


@pytest.mark.parametrize("what", ROWS)
def test_bad_rows_are_named_and_set_aside_only_when_asked(
    what: str, desk: Path, terminal: Terminal
) -> None:
    content, sentences, good, bad = ROWS[what]
    raw = content.encode() if isinstance(content, str) else content
    Path("f.csv").write_bytes(raw)
    code, out, err = terminal("ingest", "calls", "predictions", "f.csv")
    assert (code, out) == (30, "")
    lines = err.splitlines()
    assert len(lines) == len(sentences)
    for line, sentence in zip(lines, sentences, strict=True):
        assert line.startswith(sentence)
    assert kept(desk) == 0
    assert not Path("f.bad.csv").exists()

    code, out, err = terminal("ingest", "calls", "predictions", "f.csv", "--skip-bad")
    rows = "row" if bad == 1 else "rows"
    aside = f"{bad} bad {rows} set aside in f.bad.csv"
    assert (code, err) == (0, "")
    assert out == f"f.csv: {good} new, 0 unchanged, {aside}\n"
    assert kept(desk) == good
    with Path("f.bad.csv").open(newline="", encoding="utf-8", errors="replace") as file:
        header, *told = list(csv.reader(file))
    assert header[-1] == "bad_reason"
    assert len(told) == bad
    for row, sentence in zip(told, sentences, strict=True):
        assert row[-1].startswith(sentence.removeprefix("f.csv: "))
    assert Path("f.csv").read_bytes() == raw


def test_twenty_problems_are_spelled_out_and_the_rest_counted(
    desk: Path, terminal: Terminal
) -> None:
    lines = [f"{n},2024-01-01,old,x\n" for n in range(50)]
    Path("f.csv").write_text(HEAD + "".join(lines))
    code, _, err = terminal("ingest", "calls", "predictions", "f.csv")
    assert code == 30
    assert err.count("\n") == 21
    assert err.endswith("f.csv: and 30 more\n")


def test_a_byte_order_mark_is_no_part_of_a_name(desk: Path, terminal: Terminal) -> None:
    Path("f.csv").write_bytes(b"\xef\xbb\xbf" + GOOD.encode())
    code, out, _ = terminal("ingest", "calls", "predictions", "f.csv")
    assert (code, out) == (0, "f.csv: 2 new, 0 unchanged\n")


def test_the_same_row_twice_in_a_file_is_one_row(
    desk: Path, terminal: Terminal
) -> None:
    Path("f.csv").write_text(GOOD + GOOD.removeprefix(HEAD))
    code, out, _ = terminal("ingest", "calls", "predictions", "f.csv")
    assert (code, out) == (0, "f.csv: 2 new, 2 unchanged\n")


@pytest.mark.parametrize("ending", ["csv", "jsonl", "parquet"])
def test_a_logged_id_with_other_content_is_named_by_line_and_set_aside_when_asked(
    ending: str, desk: Path, terminal: Terminal
) -> None:
    Path("a.csv").write_text(GOOD)
    terminal("ingest", "calls", "predictions", "a.csv")
    rows = pd.DataFrame(
        {
            "call": ["2", "1", "3"],
            "called at": ["2024-01-02T10:00", "2024-01-01T10:00", "2024-01-03T10:00"],
            "age": [44.0, 30.0, 29.0],
            "job": [None, "nurse", "nurse"],
        }
    )
    file = Path(f"b.{ending}")
    if ending == "csv":
        rows.to_csv(file, index=False)
    elif ending == "jsonl":
        rows.to_json(file, orient="records", lines=True)
    else:
        rows.to_parquet(file)
    place = {"csv": "line 3", "jsonl": "line 2", "parquet": "row 2"}[ending]
    sentence = (
        f"{place}, column 'call': '1' is in the log with 'age' 31, now 30; give the "
        "row a new id or leave it out"
    )
    code, out, err = terminal("ingest", "calls", "predictions", file)
    assert (code, out, err) == (30, "", f"b.{ending}: {sentence}\n")
    assert kept(desk) == 2
    code, out, _ = terminal("ingest", "calls", "predictions", file, "--skip-bad")
    assert code == 0
    assert out == (
        f"b.{ending}: 1 new, 1 unchanged, 1 bad row set aside in b.bad.csv\n"
    )
    aside = pd.read_csv("b.bad.csv", dtype=str)
    assert aside["call"].tolist() == ["1"]
    assert aside["bad_reason"].tolist() == [sentence]
    assert kept(desk) == 3


def test_rows_the_log_contradicts_and_rows_nobody_can_read_are_set_aside_together(
    desk: Path, terminal: Terminal
) -> None:
    Path("a.csv").write_text(GOOD)
    terminal("ingest", "calls", "predictions", "a.csv")
    Path("b.csv").write_text(
        HEAD + "1,2024-01-01T10:00,31,pilot\n5,x,1,a\n6,2024-01-05,9,b\n"
    )
    code, out, _ = terminal("ingest", "calls", "predictions", "b.csv", "--skip-bad")
    assert code == 0
    assert out == "b.csv: 1 new, 0 unchanged, 2 bad rows set aside in b.bad.csv\n"
    assert pd.read_csv("b.bad.csv", dtype=str)["call"].tolist() == ["1", "5"]


@pytest.mark.parametrize("table", ["outcomes", "feedback", "events"])
def test_an_unknown_id_is_named_and_set_aside_when_asked(
    table: str, desk: Path, terminal: Terminal
) -> None:
    Path("a.csv").write_text(GOOD)
    terminal("ingest", "calls", "predictions", "a.csv")
    Path("t.csv").write_text(
        "call,time,kind,subscribed\n1,2024-01-03,flag,1\n77,2024-01-03,flag,0\n"
    )
    code, out, err = terminal("ingest", "calls", table, "t.csv")
    assert (code, out) == (30, "")
    assert err == (
        "t.csv: line 3, column 'call': '77' has no prediction; ingest its predictions "
        f"before its {table}\n"
    )
    assert kept(desk, table) == 0
    code, out, _ = terminal("ingest", "calls", table, "t.csv", "--skip-bad")
    assert code == 0
    assert "1 new, 0 unchanged, 1 bad row set aside in t.bad.csv" in out
    assert kept(desk, table) == 1


def test_the_same_file_twice_changes_nothing_in_any_table(
    desk: Path, terminal: Terminal
) -> None:
    Path("f.csv").write_text(
        "call,called at,age,job,subscribed,time,kind\n"
        "1,2024-01-01T10:00,31,nurse,yes,2024-01-09,flag\n"
        "2,2024-01-02T10:00,44,,no,2024-01-09,usage\n"
    )
    for table in ("predictions", "outcomes", "feedback", "events"):
        code, out, _ = terminal("ingest", "calls", table, "f.csv")
        assert code == 0
        assert out.startswith("f.csv: 2 new, 0 unchanged\n")
    before = lifecycle.open(desk).logs("calls").versions()
    assert set(before) == {"predictions", "outcomes", "feedback", "events"}
    for table in before:
        code, out, _ = terminal("ingest", "calls", table, "f.csv")
        assert code == 0
        assert out.startswith("f.csv: 0 new, 2 unchanged\n")
    assert lifecycle.open(desk).logs("calls").versions() == before


def test_outcomes_without_a_time_taken_in_again_later_change_nothing(
    desk: Path, terminal: Terminal
) -> None:
    Path("f.csv").write_text(GOOD)
    Path("o.csv").write_text("call,subscribed\n1,yes\n2,no\n")
    terminal("ingest", "calls", "predictions", "f.csv")
    first = terminal("ingest", "calls", "outcomes", "o.csv", "--as-of", "2024-02-01")
    assert first[1].startswith("o.csv: 2 new, 0 unchanged\n")
    later = terminal("ingest", "calls", "outcomes", "o.csv", "--as-of", "2024-03-01")
    assert later[1].startswith("o.csv: 0 new, 2 unchanged\n")
    known = lifecycle.open(desk).logs("calls").outcomes()["time"]
    assert known.dt.strftime("%Y-%m-%d %H").unique().tolist() == ["2024-01-31 23"]


def test_of_several_files_each_is_told_and_a_bad_one_ends_it(
    desk: Path, terminal: Terminal
) -> None:
    Path("a.csv").write_text(GOOD)
    Path("b.csv").write_text(HEAD + "3,2024-01-01,old,x\n")
    Path("c.csv").write_text(HEAD + "4,2024-01-01,3,x\n")
    files = ("a.csv", "b.csv", "c.csv")
    code, out, err = terminal("ingest", "calls", "predictions", *files)
    assert (code, out) == (30, "a.csv: 2 new, 0 unchanged\n")
    assert err.startswith("b.csv: line 2, column 'age'")
    assert kept(desk) == 2
    code, out, _ = terminal("ingest", "calls", "predictions", "a.csv", "c.csv")
    assert (code, out.splitlines()) == (
        0,
        ["a.csv: 0 new, 2 unchanged", "c.csv: 1 new, 0 unchanged"],
    )


def test_history_is_taken_in_without_a_remark(desk: Path, terminal: Terminal) -> None:
    Path("f.csv").write_text(
        "call,called at,age,job,subscribed\n1,2024-01-01,31,nurse,yes\n"
    )
    _, out, _ = terminal("ingest", "calls", "predictions", "f.csv")
    assert out == "f.csv: 1 new, 0 unchanged\n"
    _, out, _ = terminal("ingest", "calls", "outcomes", "f.csv")
    assert out == "f.csv: 1 new, 0 unchanged\n"


def test_columns_that_may_have_been_meant_are_remarked(
    desk: Path, terminal: Terminal
) -> None:
    text = SETTINGS.replace(
        'outcome = "subscribed"',
        'outcome = "subscribed"\nscore = "p"\noutcome_time = "closed"',
    )
    (desk / "lifecycle.toml").write_text(text)
    Path("f.csv").write_text(
        "call,called at,age,job,P,prediction,subscribed\n1,2024-01-01,31,nurse,.3,0,1\n"
    )
    _, out, _ = terminal("ingest", "calls", "predictions", "f.csv")
    assert out.splitlines() == [
        "f.csv: 1 new, 0 unchanged",
        "  no column 'p' (score in the settings)",
        "  not read: P",
    ]
    _, out, _ = terminal("ingest", "calls", "outcomes", "f.csv")
    assert out.splitlines() == [
        "f.csv: 1 new, 0 unchanged",
        "  no column 'closed' (outcome_time); these outcomes count as known from now",
    ]


def test_columns_of_feedback_and_events_that_nobody_reads_are_remarked(
    desk: Path, terminal: Terminal
) -> None:
    Path("f.csv").write_text(GOOD)
    terminal("ingest", "calls", "predictions", "f.csv")
    Path("said.csv").write_text(
        "call,time,kind,value,actor\n1,2024-01-03T10:00,override,1,Rui\n"
    )
    _, out, _ = terminal("ingest", "calls", "feedback", "said.csv")
    assert out.splitlines() == [
        "said.csv: 1 new, 0 unchanged",
        "  not read: value, actor",
    ]
    _, out, _ = terminal("ingest", "calls", "events", "said.csv")
    assert out.splitlines() == ["said.csv: 1 new, 0 unchanged", "  not read: actor"]


def test_a_path_may_be_plain_text(desk: Path) -> None:
    Path("f.csv").write_text(GOOD)
    ws = lifecycle.open(desk)
    assert ws.ingest("calls", "predictions", "f.csv").new == 2
    with pytest.raises(errors.InputError, match=r"g\.csv"):
        ws.ingest("calls", "predictions", "g.csv")


def test_a_model_without_a_schedule_says_so(desk: Path, terminal: Terminal) -> None:
    code, out, _ = terminal("due", "--as-of", "2024-04-01T08:00Z")
    assert (code, out.splitlines()) == (
        0,
        [
            "nothing is due",
            "  no page of calls has a schedule: [models.calls.schedule] in "
            "lifecycle.toml says when one is due",
        ],
    )


def test_a_prediction_without_its_score_is_remarked(
    desk: Path, terminal: Terminal
) -> None:
    Path("f.csv").write_text("call,called at,age,job,prediction\n1,2024-01-01,3,x,1\n")
    _, out, _ = terminal("ingest", "calls", "predictions", "f.csv")
    assert "  no column 'score': ROC AUC and calibration stay undefined\n" in out


def test_what_a_file_says_cannot_steer_the_terminal(
    desk: Path, terminal: Terminal
) -> None:
    evil = "\x1b[2J\u202eevil\x9b31m\u2066"
    Path("f.csv").write_text(HEAD + f'1,2024-01-01,"{evil}",x\n', encoding="utf-8")
    _, _, err = terminal("ingest", "calls", "predictions", "f.csv")
    assert "evil" in err
    assert all(c.isprintable() or c == "\n" for c in err)
    name = Path(f"{evil}.csv")
    name.write_text(GOOD)
    _, out, _ = terminal("ingest", "calls", "predictions", name)
    assert "2 new" in out
    assert all(c.isprintable() or c == "\n" for c in out)


def test_in_a_process_of_its_own_the_sentence_goes_to_standard_error(
    desk: Path,
) -> None:
    Path("f.csv").write_text(HEAD + "1,2024-01-01,old,x\n")
    done = subprocess.run(
        [sys.executable, "-m", "lifecycle", "ingest", "calls", "predictions", "f.csv"],
        cwd=desk / "recipes",
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout) == (30, "")
    assert re.fullmatch(r"f\.csv: cannot be read .*\n", done.stderr)
