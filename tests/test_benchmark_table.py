"""The table every benchmark prints and writes."""

from __future__ import annotations

import io
import json
import math
from pathlib import Path

import pytest

from benchmarks import _table


def test_a_number_is_held_against_its_target() -> None:
    assert _table.row("a", 2, "s", at_most=2).met is True
    assert _table.row("a", 2.1, "s", at_most=2).met is False
    assert _table.row("a", 0.9, at_least=0.8).met is True
    between = _table.row("a", 5, at_least=1, at_most=4)
    assert (between.target, between.met) == ("at least 1 and at most 4", False)
    assert _table.row("a", 5).met is None


def test_what_could_not_be_measured_has_not_met_its_target() -> None:
    assert _table.row("a", math.nan, at_most=2).met is False
    assert _table.row("a", math.nan, at_least=2).met is False


def test_the_table_is_aligned_and_says_what_was_missed() -> None:
    out = io.StringIO()
    rows = [
        _table.row("start", 0.125, "s"),
        _table.row("whole run", 1234.5, "s", at_most=360),
        _table.row("gone", math.nan),
    ]
    assert _table.report(iter(rows), out=out) == rows
    assert out.getvalue().splitlines() == [
        "name       value  unit  target       met",
        "---------  -----  ----  -----------  ---",
        "start      0.125  s",
        "whole run  1,234  s     at most 360  NO",
        "gone           -",
    ]


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (0.0, "0.000"),
        (0.9994, "0.999"),
        (4.218, "4.22"),
        (-42.18, "-42.2"),
        (1e-7, "1.00e-07"),
        (1e20, "1.00e+20"),
        (math.inf, "-"),
    ],
)
def test_numbers_are_short(value: float, words: str) -> None:
    out = io.StringIO()
    _table.report([_table.row("a", value)], out=out)
    assert out.getvalue().splitlines()[-1].split()[1] == words


def test_the_same_rows_are_written(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "rows with space.json"
    rows = [_table.row("größe", 2.5, "MB", at_most=3), _table.row("b", math.nan)]
    assert _table.main(lambda: rows, "What it costs.", ["--json", str(path)]) == 0
    assert "größe" in capsys.readouterr().out
    assert json.loads(path.read_text(encoding="utf-8")) == [
        {
            "name": "größe",
            "value": 2.5,
            "unit": "MB",
            "target": "at most 3",
            "met": True,
        },
        {"name": "b", "value": None, "unit": "", "target": "", "met": None},
    ]
    assert [each.name for each in tmp_path.iterdir()] == [path.name]


def test_no_rows_are_an_empty_table(capsys: pytest.CaptureFixture[str]) -> None:
    assert _table.main(list, "Nothing.", []) == 0
    assert capsys.readouterr().out.startswith("name  value")
