"""A file of a user becomes a canonical frame, or an error that says what to mend."""

from __future__ import annotations

import csv
import json
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lifecycle import logs
from lifecycle.errors import InputError
from lifecycle.logs import Columns, cells
from lifecycle.logs.problems import shown

NOW = datetime(2023, 6, 1, tzinfo=UTC)
LEADS = Columns(id="lead", numeric=("visits",), categorical=("plan",))
HEADER = "lead,time,visits,plan,score\n"
GOOD = "1,2023-04-03T10:00:00Z,3,basic,0.7\n"


def write(folder: Path, text: str | bytes, name: str = "leads.csv") -> Path:
    path = folder / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def take(
    path: Path, kind: str = "predictions", columns: Columns = LEADS, **more: object
):
    return logs.read_file(path, kind=kind, columns=columns, as_of=NOW, **more)


def refused(path: Path, **more: object) -> tuple[str, ...]:
    with pytest.raises(InputError) as error:
        take(path, **more)
    return error.value.problems


# --- what is taken ---------------------------------------------------------------


def test_a_clean_file_becomes_canonical_columns_in_their_types(tmp_path):
    text = "lead,time,visits,plan,score,owner\n007,2023-04-03,3,basic,0.7,Ann\n"
    text += "8,2023-04-03T12:00:00+02:00,,,,Bob\n".replace("+02:00", "")
    incoming = take(write(tmp_path, text))
    frame = incoming.frame
    names = ["id", "time", "visits", "plan", "score", "prediction", "version", "role"]
    assert list(frame) == names
    assert frame["id"].tolist() == ["007", "8"]
    assert str(frame["time"].dtype) == "datetime64[us, UTC]"
    assert frame["visits"].tolist()[0] == 3.0
    assert frame[["visits", "plan", "score"]].isna().all(axis=1).tolist() == [
        False,
        True,
    ]
    assert frame["prediction"].isna().tolist() == [False, True]
    assert incoming.ignored == ("owner",)
    assert incoming.absent == ("prediction", "version")
    assert incoming.lines == (2, 3)


def test_columns_that_are_offered_are_kept_where_a_file_has_them(tmp_path):
    columns = Columns(
        id="lead",
        numeric=("visits",),
        categorical=("plan",),
        offered_numeric=("web visits",),
        offered_categorical=("region",),
    )
    text = "lead,time,visits,plan,web visits,owner\n7,2023-04-03,3,basic,12,Ann\n"
    incoming = take(write(tmp_path, text), columns=columns)
    assert incoming.frame["web visits"].tolist() == [12.0]
    assert "region" not in incoming.frame
    assert incoming.ignored == ("owner",)
    bad = write(tmp_path, text.replace(",12,", ",many,"), "bad.csv")
    (said,) = refused(bad, columns=columns)
    assert "web visits" in said
    plain = take(write(tmp_path, HEADER + GOOD, "plain.csv"), columns=columns)
    assert "web visits" not in plain.frame


def test_the_threshold_speaks_only_where_there_is_a_score_and_no_prediction(tmp_path):
    text = "lead,time,visits,plan,score,prediction\n"
    text += "1,2023-04-03,1,a,0.6,\n2,2023-04-03,1,a,0.59,\n"
    text += "3,2023-04-03,1,a,0.9,no\n4,2023-04-03,1,a,,1\n5,2023-04-03,1,a,,\n"
    columns = Columns(
        id="lead", numeric=("visits",), categorical=("plan",), threshold=0.6
    )
    said = take(write(tmp_path, text), columns=columns).frame["prediction"]
    np.testing.assert_array_equal(said, [1.0, 0.0, 0.0, 1.0, np.nan])


def test_history_without_score_and_prediction_is_unscored(tmp_path):
    path = write(tmp_path, "lead,time,visits,plan\n1,2022-01-01,3,a\n")
    frame = take(path).frame
    assert frame[["score", "prediction", "version", "role"]].isna().all(axis=None)


@pytest.mark.parametrize(
    ("written", "stored"),
    [
        ("7", "7"),
        ("7.0", "7"),
        (" 7 ", "7"),
        ("007", "007"),
        ("v1.0", "v1.0"),
        ("a-b", "a-b"),
    ],
)
def test_ids_are_text_without_a_decimal_point_from_a_spreadsheet(
    tmp_path, written, stored
):
    path = write(tmp_path, f"lead,won\n{written},1\n")
    columns = Columns(id="lead", outcome="won")
    assert take(path, "outcomes", columns).frame["id"].tolist() == [stored]


@pytest.mark.parametrize("kind", [pa.int32(), pa.int64(), pa.float64(), pa.string()])
def test_ids_in_parquet_may_have_any_plain_type(tmp_path, kind):
    ids = pa.array([7, 8]).cast(kind)
    pq.write_table(
        pa.table({"id": ids, "outcome": [True, False]}), tmp_path / "o.parquet"
    )
    frame = take(tmp_path / "o.parquet", "outcomes", Columns()).frame
    assert frame["id"].tolist() == ["7", "8"]
    assert frame["outcome"].tolist() == [1.0, 0.0]


@pytest.mark.parametrize(
    ("word", "positive", "meaning"),
    [
        ("1", None, 1.0), ("0", None, 0.0), ("1.0", None, 1.0), ("True", None, 1.0),
        ("no", None, 0.0), ("YES", None, 1.0), ("won", "won", 1.0),
        ("lost", "won", 0.0),
        ("1", "won", 1.0), ("false", "won", 0.0), ("no", "no", 1.0), ("yes", "no", 0.0),
    ],
)  # fmt: skip
def test_outcomes_speak_in_many_ways(word, positive, meaning):
    checked = cells.truths(pa.array([word]), positive=positive, needed=True)
    assert checked.values.tolist() == [meaning]
    assert not checked.faults


def test_outcomes_without_a_time_became_known_at_as_of(tmp_path):
    path = write(tmp_path, "lead,won\n1,yes\n")
    incoming = take(path, "outcomes", Columns(id="lead", outcome="won"))
    assert incoming.stamped
    assert incoming.frame["time"].tolist() == [pd.Timestamp(NOW)]
    dated = write(tmp_path, "lead,won,when\n1,yes,2023-05-01\n", "dated.csv")
    columns = Columns(id="lead", outcome="won", outcome_time="when")
    incoming = take(dated, "outcomes", columns)
    assert not incoming.stamped
    assert incoming.frame["time"].tolist() == [pd.Timestamp("2023-05-01", tz="UTC")]


def test_feedback_and_events_without_ids_get_the_same_id_from_the_same_content(
    tmp_path,
):
    text = "id,time,kind,person\n1,2023-05-01,Flag,Ann\n2,2023-05-01,override,Bob\n"
    one = take(write(tmp_path, text), "feedback", Columns()).frame
    rows = text.splitlines()
    turned = "\n".join([rows[0], rows[2], rows[1]])
    two = take(write(tmp_path, turned, "b.csv"), "feedback", Columns()).frame
    assert one["kind"].tolist() == ["flag", "override"]
    assert one["feedback_id"].tolist() == two["feedback_id"].tolist()[::-1]
    assert one["feedback_id"].nunique() == 2
    events = write(tmp_path, "id,time,kind,value\n1,2023-05-01,order,9.5\n", "e.csv")
    frame = take(events, "events", Columns()).frame
    assert frame["value"].tolist() == [9.5]
    assert len(frame["event_id"][0]) == 20


def test_the_three_formats_say_the_same(tmp_path):
    frame = pd.DataFrame(
        {
            "lead": [1, 2, 3],
            "time": pd.date_range("2023-04-03T10:00", periods=3, tz="UTC"),
            "visits": [1.5, np.nan, 1e-3],
            "plan": ["basic", None, "pro, with comma"],
            "score": [0.1, 0.25, 0.75],
        }
    )
    frame.to_csv(tmp_path / "a.csv", index=False)
    frame.to_parquet(tmp_path / "a.parquet")
    frame.to_json(tmp_path / "a.jsonl", orient="records", lines=True, date_format="iso")
    one, two, three = (
        take(tmp_path / f"a.{s}").frame for s in ("csv", "parquet", "jsonl")
    )
    pd.testing.assert_frame_equal(one, two)
    pd.testing.assert_frame_equal(one, three)


def test_a_byte_order_mark_does_not_hide_the_first_column(tmp_path):
    path = write(tmp_path, b"\xef\xbb\xbf" + (HEADER + GOOD).encode())
    assert take(path).frame["id"].tolist() == ["1"]


def test_windows_line_ends_and_blank_lines_are_no_problem(tmp_path):
    text = (HEADER + GOOD).replace("\n", "\r\n") + "\r\n\r\n"
    assert take(write(tmp_path, text)).lines == (2,)


# --- what is refused -------------------------------------------------------------


def test_a_missing_column_is_named_with_its_nearest_name(tmp_path):
    path = write(tmp_path, "Lead,time,visit,plan\n1,2023-04-03,3,a\n")
    assert refused(path) == (
        "leads.csv: column 'lead' is missing (there is 'Lead'); add it, or name the "
        "right column in the settings",
        "leads.csv: column 'visits' is missing (there is 'visit'); add it, or name the "
        "right column in the settings",
    )


def test_a_file_with_semicolons_is_recognised(tmp_path):
    path = write(tmp_path, (HEADER + GOOD).replace(",", ";"))
    assert refused(path) == (
        "leads.csv: line 1: the columns are not separated by commas; "
        "save the file as CSV with commas",
    )


def test_a_wrong_type_is_named_by_line_column_and_value(tmp_path):
    path = write(tmp_path, HEADER + GOOD + "2,2023-04-03T10:00:00Z,abc,basic,0.7\n")
    assert refused(path) == (
        "leads.csv: line 3, column 'visits': 'abc' is not a number; "
        "write one such as 3.5, or nothing",
    )


def test_line_numbers_are_physical_also_after_quoted_line_breaks(tmp_path):
    long = '1,2023-04-03T10:00:00Z,3,"two\nlines\r\nand three",0.7\n'
    path = write(tmp_path, HEADER + long + "2,2023-04-03T10:00:00Z,abc,basic,0.7\n")
    assert refused(path)[0].startswith("leads.csv: line 5, column 'visits'")


@pytest.mark.parametrize(
    ("row", "sentence"),
    [
        ("2,tomorrow,3,a,0.5", "line 3, column 'time': 'tomorrow' is not a time"),
        ("2,2023-02-30T00:00Z,3,a,0.5", "'2023-02-30T00:00Z' is not a time"),
        ("2,1680508800,3,a,0.5", "'1680508800' is not a time"),
        ("2,,3,a,0.5", "line 3, column 'time' is missing"),
        (",2023-04-03T10:00Z,3,a,0.5", "line 3, column 'lead' is missing"),
        ("2,2023-04-03T10:00Z,3,a,1.5", "'1.5' is outside 0 to 1"),
        ("2,2023-04-03T10:00Z,inf,a,0.5", "'inf' is not a number"),
        ("2,2023-04-03T10:00Z,1e999,a,0.5", "'1e999' is not a finite number"),
        ("2,2023-04-03T10:00Z,3,a", "line 3 has 4 fields where the header has 5"),
        ("2,2023-04-03T10:00Z,3,a,0.5,x", "line 3 has 6 fields where the header has 5"),
        ('2,2023-04-03T10:00Z,3,"a,0.5', "line 3 has quotes that do not match"),
        ('2,2023-04-03T10:00Z,3,"a"b,0.5', "line 3 has quotes that do not match"),
        ("2,2023-04-03T10:00Z,3,a\0b,1", "column 'plan': 'a\\x00b' holds a NUL"),
    ],
)  # fmt: skip
def test_each_broken_row_gets_one_sentence(tmp_path, row, sentence):
    (problem,) = refused(write(tmp_path, f"{HEADER}{GOOD}{row}\n"))
    assert sentence in problem
    assert problem.startswith("leads.csv: ")
    assert "; " in problem


def test_bytes_that_are_not_utf8_are_named_by_line_and_kept_as_they_are(tmp_path):
    row = "2,2023-04-03T10:00:00Z,3,Zürich,0.7\n".encode("latin-1")
    path = write(tmp_path, (HEADER + GOOD).encode() + row)
    assert refused(path) == (
        "leads.csv: line 3 is not UTF-8; save the file with the encoding UTF-8",
    )
    incoming = take(path, skip_bad=True)
    assert "Zürich".encode("latin-1") in incoming.written.read_bytes()


def test_utf16_is_recognised(tmp_path):
    path = write(tmp_path, (HEADER + GOOD).encode("utf-16"))
    assert refused(path) == (
        "leads.csv: is UTF-16; save the file with the encoding UTF-8",
    )


def test_the_same_row_twice_is_kept_once(tmp_path):
    incoming = take(write(tmp_path, HEADER + GOOD + GOOD))
    assert len(incoming.frame) == 1
    assert incoming.repeated == 1
    assert incoming.lines == (2,)


def test_a_duplicate_id_with_other_content_is_refused_on_both_lines(tmp_path):
    path = write(tmp_path, HEADER + GOOD + GOOD.replace("basic", "pro"))
    assert refused(path) == (
        "leads.csv: line 2, column 'lead': '1' is also on line 3, but differs; "
        "keep the right one",
        "leads.csv: line 3, column 'lead': '1' is also on line 2, but differs; "
        "keep the right one",
    )
    assert take(path, skip_bad=True).frame.empty


def test_an_outcome_may_come_again_at_another_time_but_not_at_the_same(tmp_path):
    text = "id,outcome,outcome_time\n1,0,2023-05-01\n1,1,2023-05-02\n"
    assert len(take(write(tmp_path, text), "outcomes", Columns()).frame) == 2
    path = write(tmp_path, text.replace("05-02", "05-01"))
    assert (
        "also on line 3, but differs"
        in refused(path, kind="outcomes", columns=Columns())[0]
    )


def test_unknown_ids_in_outcomes_are_named(tmp_path):
    path = write(tmp_path, "id,outcome\n1,0\n9,1\n")
    (problem,) = refused(path, kind="outcomes", columns=Columns(), known=["1", "2"])
    assert problem == (
        "leads.csv: line 3, column 'id': '9' has no prediction; "
        "ingest its predictions before its outcomes"
    )
    kept = take(path, "outcomes", Columns(), known=["1"], skip_bad=True)
    assert kept.frame["id"].tolist() == ["1"]
    predictions = pd.DataFrame({"id": ["1"]})
    frame = take(path, "outcomes", Columns()).frame
    assert logs.unknown_ids(frame, predictions) == ("9",)


def test_mixed_time_zones_are_refused_and_the_certain_rows_kept(tmp_path):
    text = HEADER + GOOD + "2,2023-04-03T10:00:00,3,basic,0.7\n"
    path = write(tmp_path, text)
    assert refused(path) == (
        "leads.csv: line 3, column 'time': '2023-04-03T10:00:00' has no offset while "
        "others have one; write all times with an offset",
    )
    assert take(path, skip_bad=True).frame["id"].tolist() == ["1"]


def test_different_offsets_are_all_turned_into_utc():
    array = pa.array(
        ["2023-04-03T10:00:00+02:00", "2023-04-03T04:30-0330", "2023-04-03T08Z"]
    )
    checked = cells.moments(array, timezone="Europe/Zurich")
    assert [str(v)[:16] for v in checked.values[:2]] == ["2023-04-03T08:00"] * 2
    assert np.isnat(checked.values[2])
    assert len(checked.faults) == 1


def test_times_without_offset_are_taken_in_the_timezone_given(tmp_path):
    path = write(tmp_path, HEADER + "1,2023-07-01 12:00:00.25,3,a,0.5\n")
    frame = take(path, timezone="Europe/Zurich").frame
    assert frame["time"][0] == pd.Timestamp("2023-07-01T10:00:00.25Z")


@pytest.mark.parametrize(
    ("time", "what"),
    [("2023-03-26T02:30", "does not exist"), ("2023-10-29T02:30", "happens twice")],
)
def test_local_times_around_the_change_of_clocks_are_not_guessed(tmp_path, time, what):
    path = write(tmp_path, f"{HEADER}1,{time},3,a,0.5\n")
    (problem,) = refused(path, timezone="Europe/Zurich")
    assert f"'{time}' {what} in Europe/Zurich; write it with its offset" in problem
    assert len(take(path, timezone="UTC").frame) == 1


def test_parquet_times_with_and_without_zone(tmp_path):
    naive = pd.Series(pd.to_datetime(["2023-07-01T12:00"]).astype("datetime64[ns]"))
    for times in (naive, naive.dt.tz_localize("Europe/Zurich"), naive.dt.date):
        frame = pd.DataFrame(
            {"lead": ["1"], "time": times, "visits": [1], "plan": ["a"], "score": [0.5]}
        )
        frame.to_parquet(tmp_path / "a.parquet")
        found = take(tmp_path / "a.parquet", timezone="Europe/Zurich").frame["time"][0]
        hour = 10 if times is not None and str(times.dtype) != "object" else 22
        assert found.hour == hour


@pytest.mark.parametrize("content", [b"", b"\n\n", b"\xef\xbb\xbf", b" \r\n"])
def test_an_empty_file_is_refused(tmp_path, content):
    assert refused(write(tmp_path, content)) == (
        "leads.csv: the file is empty; export it again",
    )
    assert refused(write(tmp_path, content, "a.jsonl")) == (
        "a.jsonl: the file is empty; export it again",
    )


def test_a_header_without_rows_is_refused(tmp_path):
    sentence = "there is no row in the file; export it again"
    assert refused(write(tmp_path, HEADER)) == (f"leads.csv: {sentence}",)
    frame = pd.DataFrame({name: [] for name in HEADER.strip().split(",")})
    frame.to_parquet(tmp_path / "a.parquet")
    assert refused(tmp_path / "a.parquet") == (f"a.parquet: {sentence}",)


@pytest.mark.parametrize("share", [0.3, 0.9, 0.999])
def test_a_half_written_parquet_file_is_refused(tmp_path, share):
    table = pa.table({"id": [str(k) for k in range(5000)], "outcome": [1] * 5000})
    pq.write_table(table, tmp_path / "whole.parquet")
    whole = (tmp_path / "whole.parquet").read_bytes()
    path = write(tmp_path, whole[: int(len(whole) * share)], "half.parquet")
    assert refused(path, kind="outcomes", columns=Columns()) == (
        "half.parquet: is damaged or only half written; "
        "write it again, or wait until the writer has finished",
    )


@pytest.mark.parametrize(
    ("name", "content", "sentence"),
    [
        ("a.xlsx", b"PK", "files ending in '.xlsx' are not read"),
        ("a.csv", b"PK\x03\x04", "is compressed; unpack it first"),
        ("a.csv", b"PAR1....", "is a Parquet file; rename it to end in .parquet"),
        ("a.parquet", b"id,outcome\n1,1\n", "is damaged or only half written"),
        ("a.csv", b'"id\nx', "is not a header"),
        ("a.csv", b"id,id,outcome\n1,1,1\n", "column 'id' is there twice; remove one"),
        ("a.jsonl", b'[{"id": 1}]\n', "line 1 is not a JSON object"),
        ("a.jsonl", b'{"id": 1, "outcome": 1}\n{"id": 2, "ou', "line 2 is not JSON"),
        ("a.jsonl", b"[" * 100_000, "line 1 is not JSON"),
        ("a.jsonl", b'{"id": "\\ud800", "outcome": 1}', "holds half of a surrogate"),
        ("a.jsonl", b'{"id": "a\\u0000", "outcome": 1}', "holds a NUL byte"),
        ("a.jsonl", b'{"id": 1, "outcome": [1]}', "column 'outcome': '[1]' is neither"),
    ],
)  # fmt: skip
def test_files_of_another_kind_are_refused(tmp_path, name, content, sentence):
    path = write(tmp_path, content, name)
    problems = refused(path, kind="outcomes", columns=Columns())
    assert len(problems) == 1
    assert sentence in problems[0]


def test_a_file_that_is_not_there_is_refused(tmp_path):
    (problem,) = refused(tmp_path / "gone.csv")
    assert problem == (
        "gone.csv: cannot be read (No such file or directory); "
        "check path and permissions"
    )
    (tmp_path / "folder.csv").mkdir()
    assert "cannot be read (Is a directory)" in refused(tmp_path / "folder.csv")[0]


def test_lists_in_parquet_are_refused(tmp_path):
    pq.write_table(pa.table({"id": ["1"], "outcome": [[1]]}), tmp_path / "a.parquet")
    assert refused(tmp_path / "a.parquet", kind="outcomes", columns=Columns()) == (
        "a.parquet: column 'outcome' holds lists or objects; flatten it",
    )


def test_parquet_names_rows_instead_of_lines(tmp_path):
    pq.write_table(
        pa.table({"id": ["1", "2"], "outcome": ["1", "x"]}), tmp_path / "a.pq"
    )
    (problem,) = refused(tmp_path / "a.pq", kind="outcomes", columns=Columns())
    assert problem.startswith("a.pq: row 2, column 'outcome': 'x' is neither")


def test_only_twenty_sentences_are_said_and_the_rest_counted(tmp_path):
    text = HEADER + "".join(f"{k},2023-04-03,abc,a,0.5\n" for k in range(50))
    problems = refused(write(tmp_path, text))
    assert len(problems) == 21
    assert problems[-1] == "leads.csv: and 30 more"
    assert "line 2," in problems[0]


def test_foreign_text_is_shown_escaped_and_cut(tmp_path):
    nasty = "\x1b[31m" + "\u202e" + "A" * 200
    path = write(tmp_path, HEADER + f"1,2023-04-03,{nasty},a,0.5\n")
    (problem,) = refused(path)
    assert "\x1b" not in problem
    assert "\u202e" not in problem
    assert len(problem) < 200
    assert shown("it's") == '"it\'s"'


def test_a_naive_as_of_and_an_unknown_zone_are_argument_errors(tmp_path):
    path = write(tmp_path, HEADER + GOOD)
    with pytest.raises(ValueError, match="as_of must carry a zone"):
        logs.read_file(
            path,
            kind="predictions",
            columns=LEADS,
            as_of=datetime(2023, 1, 1),  # noqa: DTZ001
        )
    with pytest.raises(KeyError, match="Nowhere"):
        take(path, timezone="Nowhere/Land")


# --- good rows beside bad ones ---------------------------------------------------


def broken_tenth(rows: int) -> tuple[str, list[int]]:
    """A file in which every tenth line is broken in one of several ways."""
    ways = [
        "{k},2023-04-03,1\n",
        '{k},2023-04-03,1,"open,0.5\n',
        "{k},2023-04-03,1,a,0.5,more,fields\n",
        '{k},2023-04-03,1,"a"b,0.5\n',
    ]
    lines, bad = [HEADER], []
    for k in range(rows):
        if k % 10 == 3:
            lines.append(ways[(k // 10) % len(ways)].format(k=k))
            bad.append(k + 2)
        else:
            lines.append(f"{k},2023-04-03,1,a,0.5\n")
    return "".join(lines), bad


def test_a_tenth_of_broken_lines_is_named_line_by_line(tmp_path):
    text, bad = broken_tenth(100)
    problems = refused(write(tmp_path, text))
    assert [int(p.split("line ")[1].split()[0]) for p in problems] == bad


def test_good_rows_are_kept_only_when_asked_and_bad_ones_written_with_reason(tmp_path):
    text, bad = broken_tenth(1000)
    path = write(tmp_path, text)
    incoming = take(path, skip_bad=True)
    assert len(incoming.frame) == 900
    assert [problem.line for problem in incoming.bad] == bad
    assert incoming.written == tmp_path / "leads.bad.csv"
    with incoming.written.open(newline="") as file:
        rows = list(csv.reader(file))
    assert rows[0][:5] == HEADER.strip().split(",")
    assert rows[0][-1] == "bad_reason"
    assert len(rows) == 101
    assert {len(row) for row in rows} == {len(rows[0])}
    assert rows[1][:3] == ["3", "2023-04-03", "1"]
    assert rows[1][-1] == (
        "line 5 has 3 fields where the header has 5; mend or remove the line"
    )
    assert sorted(p.name for p in tmp_path.iterdir()) == ["leads.bad.csv", "leads.csv"]


def test_the_file_of_bad_rows_can_be_mended_and_taken(tmp_path):
    path = write(tmp_path, HEADER + GOOD + "2,2023-04-03T10:00Z,abc,a,0.5\n")
    written = take(path, skip_bad=True).written
    mended = written.read_text().replace(",abc,", ",4,")
    written.write_text(mended)
    assert take(written).frame["visits"].tolist() == [4.0]


def test_bad_rows_of_parquet_and_json_lines_are_written_as_csv_too(tmp_path):
    rows = [
        {"id": "1", "outcome": "1", "note": "a"},
        {"id": "2", "outcome": "x", "note": "b"},
    ]
    pq.write_table(pa.Table.from_pylist(rows), tmp_path / "p.parquet")
    (tmp_path / "j.jsonl").write_text(
        "".join(json.dumps(row) + "\n" for row in rows) + "{oops\n"
    )
    for name in ("p.parquet", "j.jsonl"):
        incoming = take(tmp_path / name, "outcomes", Columns(), skip_bad=True)
        assert incoming.frame["id"].tolist() == ["1"]
        with incoming.written.open(newline="") as file:
            table = list(csv.reader(file))
        assert table[0] == ["id", "outcome", "note", "bad_reason"]
        assert table[1][:3] == ["2", "x", "b"]
        if name == "j.jsonl":
            assert table[2][0] == "{oops"


def test_nothing_is_written_when_nothing_is_bad_or_nothing_was_asked(tmp_path):
    path = write(tmp_path, HEADER + GOOD)
    assert take(path, skip_bad=True).written is None
    refused(write(tmp_path, HEADER + "1\n"))
    assert [p.name for p in tmp_path.iterdir()] == ["leads.csv"]


def test_a_quote_that_never_closes_costs_one_line_only(tmp_path):
    text = (
        HEADER
        + '0,2023-04-03,1,"open,0.5\n'
        + "".join(f"{k},2023-04-03,1,a,0.5\n" for k in range(1, 200))
    )
    incoming = take(write(tmp_path, text), skip_bad=True)
    assert len(incoming.frame) == 199
    assert [problem.line for problem in incoming.bad] == [2]


def test_a_file_of_open_quotes_only_is_given_up(tmp_path):
    text = HEADER + "".join(
        f'{k},"\n' if k % 2 else f'{k},""x"\n' for k in range(30_000)
    )
    with pytest.raises(InputError, match=r"quotes"):
        take(write(tmp_path, text))


FIELD = st.text(
    st.characters(codec="utf-8", exclude_characters="\0\x1c\x1d\x1e\x1f\x85\xa0"),
    max_size=12,
).map(str.strip)


@settings(max_examples=60, deadline=None)
@given(rows=st.lists(FIELD, min_size=1, max_size=20), bad=st.data())
def test_lines_are_true_whatever_stands_in_quoted_fields(tmp_path_factory, rows, bad):
    folder = tmp_path_factory.mktemp("lines")
    broken = bad.draw(st.integers(0, len(rows) - 1))
    lines, text = [], "id,outcome,note\n"
    for k, note in enumerate(rows):
        lines.append(len(list(_physical(text))) + 1)
        quoted = '"' + note.replace('"', '""') + '"'
        text += f"{k},{'oops' if k == broken else 1},{quoted}\n"
    path = write(folder, text)
    columns = Columns(categorical=("note",))
    (problem,) = refused(path, kind="outcomes", columns=columns)
    assert problem.startswith(f"leads.csv: line {lines[broken]}, column 'outcome'")


def _physical(text: str) -> list[str]:
    """Lines as an editor counts them: ended by LF, CRLF or CR."""
    return text.replace("\r\n", "\n").replace("\r", "\n").split("\n")[:-1]


@settings(max_examples=60, deadline=None)
@given(
    values=st.lists(
        st.floats(allow_nan=False, allow_infinity=False)
        | st.integers(-(10**15), 10**15),
        min_size=1,
        max_size=30,
    )
)
def test_numbers_come_back_exactly_as_python_wrote_them(values):
    checked = cells.numbers(pa.array([repr(value) for value in values]))
    assert not checked.faults
    assert checked.values.tolist() == [float(value) for value in values]


@settings(max_examples=60, deadline=None)
@given(
    moments=st.lists(
        st.datetimes(
            min_value=datetime(1900, 1, 1),  # noqa: DTZ001
            max_value=datetime(2200, 1, 1),  # noqa: DTZ001
            timezones=st.timezones(),
        ),
        min_size=1,
        max_size=20,
    )
)
def test_moments_agree_with_the_standard_library(moments):
    kept = [m for m in moments if m.utcoffset().seconds % 60 == 0]
    kept = [m for m in kept if abs(m.utcoffset().total_seconds()) < 15 * 3600]
    checked = cells.moments(
        pa.array([m.isoformat() for m in kept], pa.string()), timezone="UTC"
    )
    assert not checked.faults
    found = checked.values.tolist()
    assert found == [m.astimezone(UTC).replace(tzinfo=None) for m in kept]
