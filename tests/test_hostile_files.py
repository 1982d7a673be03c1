"""Files that are meant to fill the memory, lead elsewhere, or speak SQL."""

from __future__ import annotations

import gzip
import io
import os
import subprocess
import sys
import zipfile
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import lifecycle
from lifecycle import config, errors, recipes, registry, routing
from lifecycle.logs import readers
from lifecycle.workspace import health, pages, spooled
from lifecycle.workspace.leaf import Card

AT = datetime(2024, 1, 20, tzinfo=UTC)
SETTINGS = """\
[models.calls]
owner = "Ana"
task = "binary"
id = "call"
time = "at"
outcome = "won"
label_delay_days = 7
[models.calls.features]
numeric = ["age"]
categorical = ["job"]
"""
SQL = [
    "'; DROP TABLE predictions; --",
    '" OR 1=1 --',
    "1); DELETE FROM ledger; --",
    "id') UNION SELECT * FROM predictions --",
    "%' OR '%'='",
    "$1",
    "?",
    ":name",
    "{id}",
    "NULL",
    "\\'; --",
    "`id`",
]


@pytest.fixture
def desk(tmp_path: Path) -> Path:
    place = tmp_path / "desk"
    place.mkdir()
    (place / config.FILE).write_text(SETTINGS)
    return place


def memory_of(code: str, *words: object) -> tuple[str, float]:
    """What a process prints, and by how many megabytes its memory grew at the most."""
    lines = (
        "import resource, sys\n"
        "from pathlib import Path\n"
        "import pyarrow.parquet\n"
        "from lifecycle import errors\n"
        "from lifecycle.logs import readers\n"
        "def most():\n"
        "    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024\n"
        "before = most()\n"
        f"{code}\n"
        "print(most() - before)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", lines, *map(str, words)],
        capture_output=True,
        text=True,
        check=True,
    )
    *told, grown = done.stdout.splitlines()
    return "\n".join(told), float(grown)


READ = (
    "try:\n"
    "    raw = readers.read(Path(sys.argv[1]), wanted=['call'], needed=['call'])\n"
    "    print(raw.table.num_rows, [p.reason for p in raw.broken])\n"
    "except errors.InputError as error:\n"
    "    print(error)"
)


@pytest.mark.parametrize("megabytes", [10, pytest.param(100, marks=pytest.mark.slow)])
@pytest.mark.parametrize(
    ("line", "ending"),
    [("[", "]"), ('{"call": "', '"}'), ('{"call": [', "0]}")],
    ids=["brackets", "one text", "one list"],
)
def test_a_line_of_json_of_many_megabytes_is_refused_in_bounded_memory(
    tmp_path, megabytes, line, ending
):
    filling = {"[": "[],", '{"call": "': "x", '{"call": [': "[0],"}[line]
    path = tmp_path / "calls.jsonl"
    with path.open("w") as file:
        file.write('{"call": "1"}\n' + line)
        for _ in range(megabytes):
            file.write(filling * (2**20 // len(filling)))
        file.write(ending + "\n")
    told, grown = memory_of(READ, path)
    assert told.startswith("1 ['is longer than 1,000,000 characters")
    assert grown < 8 * megabytes + 60


def test_lists_that_no_one_asked_for_are_not_kept(tmp_path):
    path = tmp_path / "calls.jsonl"
    nested = "[" + ",".join(["[]"] * 300_000) + "]"
    path.write_text(
        "".join(f'{{"call": "{n}", "other": {nested}}}\n' for n in range(6))
    )
    told, grown = memory_of(READ, path)
    assert told == "6 []"
    assert grown < 80  # one line takes some 25, all of them would take 150


def test_a_list_that_was_asked_for_is_its_text(tmp_path):
    path = tmp_path / "calls.jsonl"
    path.write_text('{"call": [1, "a"]}\n{"call": {"b": null}}\n')
    raw = readers.read(path, wanted=["call"], needed=["call"])
    assert raw.table["call"].to_pylist() == ['[1, "a"]', '{"b": null}']


@pytest.mark.parametrize("line", ["x" * 1_000_001, "," * 1_000_001])
def test_a_line_of_csv_that_is_too_long_is_named(tmp_path, line):
    path = tmp_path / "calls.csv"
    path.write_text(f"call,at\n1,2024-01-01\n{line}\n")
    with pytest.raises(errors.InputError, match=r"calls.csv: line 3 is longer than"):
        readers.read(path, wanted=["call"], needed=["call"])


def test_a_text_file_beyond_a_gigabyte_is_refused_unread(tmp_path):
    path = tmp_path / "calls.csv"
    path.write_text("call\n1\n")
    os.truncate(path, readers.MOST_TEXT + 1)  # a hole, no bytes on the disk
    with pytest.raises(errors.InputError, match=r"larger than 1,024 MB; split it"):
        readers.read(path, wanted=["call"], needed=["call"])


def test_parquet_that_promises_more_values_than_can_be_held_is_refused_unread(
    tmp_path, monkeypatch
):
    def reads(self, *_told, **_more):
        raise AssertionError("it was read")

    path = tmp_path / "calls.parquet"
    pq.write_table(pa.table({"call": ["1"] * 101, "age": [1] * 101}), path)
    monkeypatch.setattr(readers, "MOST_CELLS", 201)
    monkeypatch.setattr(pq.ParquetFile, "read", reads)
    with pytest.raises(
        errors.InputError, match="promises 202 values, more than the 201"
    ):
        readers.read(path, wanted=["call", "age"], needed=["call"])


def test_parquet_that_repeats_one_long_text_is_refused_before_it_is_spelled_out(
    tmp_path,
):
    path = tmp_path / "calls.parquet"
    long = pa.array(["x" * 10_000_000])
    indices = pa.array(np.zeros(100_000, dtype="int32"))
    rows = pa.table({"call": pa.DictionaryArray.from_arrays(indices, long)})
    pq.write_table(rows, path, compression="zstd", store_schema=False)
    assert path.stat().st_size < 5_000
    told, grown = memory_of(READ, path)
    assert "column 'call' unfolds to 1,000,000,000,000 characters" in told
    assert grown < 150


def test_texts_of_parquet_come_back_as_they_were_written(tmp_path):
    path = tmp_path / "calls.parquet"
    rows = pa.table(
        {"call": ["a", None, "", "é", "a"] * 5_000, "age": list(range(25_000))}
    )
    pq.write_table(rows, path, row_group_size=7_000)
    raw = readers.read(path, wanted=["call", "age"], needed=["call"])
    assert raw.table.equals(rows)


@pytest.mark.parametrize("name", ["calls.csv", "calls.jsonl"])
@pytest.mark.parametrize("kind", ["gzip", "zip"])
def test_what_is_compressed_is_not_unpacked(tmp_path, name, kind):
    path, bomb = tmp_path / name, io.BytesIO()
    if kind == "gzip":
        bomb.write(gzip.compress(b"call\n" + b"1\n" * 5_000_000))
    else:
        with zipfile.ZipFile(bomb, "w", zipfile.ZIP_DEFLATED) as packed:
            packed.writestr(name, b"1\n" * 5_000_000)
    path.write_bytes(bomb.getvalue())
    with pytest.raises(errors.InputError, match="is compressed; unpack it first"):
        readers.read(path, wanted=["call"], needed=["call"])


# ------------------------------------------------------------------ ways and links


@pytest.mark.parametrize(
    "name", ["../calls", "/etc", "calls/../../x", "calls\0", "\x1b[2Jcalls", ".", ""]
)
def test_a_name_that_leads_elsewhere_is_no_model(desk, name):
    ws = lifecycle.open(desk)
    for asked in (ws.logs, ws.model, partial(ws.rollback, reason="r", by="Bo")):
        with pytest.raises(errors.UnknownModel):
            asked(name)
    text = SETTINGS.replace("[models.calls", f'[models."{name}"').replace(
        "\0", "\\u0000"
    )
    (desk / config.FILE).write_text(text.replace("\x1b", "\\u001b"))
    with pytest.raises(errors.SettingsError):
        lifecycle.open(desk)


@pytest.mark.parametrize(
    "name", ["../audit", "/etc/passwd", "a/b", "audit\0", "..", ""]
)
def test_a_notebook_or_recipe_whose_name_leads_elsewhere_is_unknown(desk, name):
    ws = lifecycle.open(desk)
    with pytest.raises(errors.BadParameters, match="there is no notebook"):
        pages.notebook_path(ws, name)
    with pytest.raises(errors.SettingsError):
        ws.recipe(name)
    with pytest.raises(errors.SettingsError, match="no digest of a recipe"):
        recipes.kept(name, name="ridge", folder=desk / "recipes")


def test_a_models_reports_or_log_that_are_links_to_elsewhere_are_refused(
    desk, tmp_path, terminal
):
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    for kind in ("reports", "logs"):
        (desk / kind).mkdir()
        (desk / kind / "calls").symlink_to(elsewhere)
    ws, tally = lifecycle.open(desk), routing.Tally()
    counted = partial(health.write, ws, tally=tally, token="t")
    tally.add("1", "production", "2024-01-01T00", rows=1)
    ws.registry.register(
        "calls", recipe="r", estimator=[1], birth={}, author="a", at=AT
    )
    code, _, err = terminal("card", "calls", 1, "-w", desk)
    assert (code, "is a link to elsewhere" in err) == (30, True)
    code, _, err = terminal("run", "audit", "calls", "-w", desk)
    assert (code, "is a link to elsewhere" in err) == (30, True)
    for write in (ws.logs, partial(spooled.folder, ws), counted):
        with pytest.raises(errors.SettingsError, match="link to elsewhere"):
            write("calls")
    assert list(elsewhere.iterdir()) == []


def test_a_link_in_the_place_of_a_page_is_replaced_and_not_written_through(tmp_path):
    victim, folder = tmp_path / "victim", tmp_path / "cards"
    victim.write_text("precious")
    folder.mkdir()
    (folder / "1.html").symlink_to(victim)
    Card("calls", 1, "candidate", "Trees.", AT, ()).write(folder)
    assert victim.read_text() == "precious"
    assert not (folder / "1.html").is_symlink()


# ------------------------------------------------------------------ SQL in ids


def test_ids_and_names_that_speak_sql_are_ids_and_names(desk):
    ws = lifecycle.open(desk)
    tables = {
        "predictions": {"at": "2024-01-01T10:00Z", "age": 31, "job": SQL},
        "outcomes": {
            "won": [n % 2 for n in range(len(SQL))],
            "time": "2024-01-09T10:00Z",
        },
        "feedback": {
            "kind": "flag",
            "person": SQL,
            "reason": SQL,
            "time": "2024-01-02T10:00Z",
        },
    }
    for table, columns in tables.items():
        path = desk / f"{table}.csv"
        pd.DataFrame({"call": SQL, **columns}).to_csv(path, index=False)
        ws.ingest("calls", table, path, as_of=AT)
    log = ws.logs("calls")
    assert sorted(log.labelled(as_of=AT)["id"]) == sorted(SQL)
    assert log.labelled(as_of=AT)["outcome"].sum() == len(SQL) // 2
    assert sorted(log.labelled(as_of=AT)["job"]) == sorted(SQL)
    assert sorted(log.feedback(as_of=AT)["reason"]) == sorted(SQL)
    ws.ingest("calls", "predictions", desk / "predictions.csv", as_of=AT)
    assert log.count("predictions") == len(SQL)


def test_moves_by_people_whose_names_speak_sql_are_kept_word_for_word(tmp_path):
    book = registry.Registry(tmp_path / "registry.db")
    for words in SQL:
        book.register(
            "calls",
            recipe=words,
            estimator=[1],
            birth={words: words},
            author=words,
            at=AT,
        )
        book.record_run(words, words, AT, status=words, summary=words, directory=words)
    assert [each.author for each in book.versions("calls")] == SQL
    assert [each.birth for each in book.versions("calls")] == [{w: w} for w in SQL]
    assert [each.actor for each in book.ledger("calls")] == SQL
    assert {run.model for run in book.runs()} == set(SQL)
    assert [len(book.runs(words)) for words in SQL] == [1] * len(SQL)
    assert book.verify_ledger() is None
