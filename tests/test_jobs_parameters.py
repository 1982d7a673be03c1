"""Parameters are a typed, closed list, and never become code."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from pathlib import Path

import numpy as np
import pytest

from lifecycle.errors import BadParameters
from lifecycle.jobs import parameters

CELL = """\
# what may be set
workspace: str = ""  # where
model: str = "leads"
weeks: int = 13  # how many = how far
level: float = 0.05  # psi >= 0.1
deep: bool = False
limit: int | None = None
names: list[str] = ["a"]
costs: dict = {"retrain": 1500}
link = "http://x/#part"
below = -0.5
anything = None
"""


@pytest.fixture
def page(tmp_path: Path) -> Path:
    return write(tmp_path, CELL)


def write(folder: Path, source: str | list[str]) -> Path:
    cells = [
        {"cell_type": "markdown", "metadata": {}, "source": "# Why?"},
        {
            "cell_type": "code",
            "metadata": {"tags": ["parameters"]},
            "source": source,
            "outputs": [],
            "execution_count": None,
        },
    ]
    path = folder / "audit.ipynb"
    document = {"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 5}
    path.write_text(json.dumps(document), encoding="utf-8")
    return path


def test_names_types_defaults_and_comments_are_read(page: Path) -> None:
    found = parameters.read(page)
    assert list(found)[:3] == ["workspace", "model", "weeks"]
    assert found["weeks"] == parameters.Parameter(
        "weeks", "int", 13, "how many = how far"
    )
    assert found["level"].comment == "psi >= 0.1"
    assert (found["link"].type, found["link"].default) == ("str", "http://x/#part")
    assert found["limit"].type == "int | None"
    assert found["below"].default == -0.5
    assert found["anything"].type == ""


def test_the_source_may_be_a_list_of_lines(tmp_path: Path) -> None:
    assert list(parameters.read(write(tmp_path, ["a = 1\n", "b = 2"]))) == ["a", "b"]


def test_the_cell_is_never_run(tmp_path: Path) -> None:
    source = f"x = open({str(tmp_path / 'made')!r}, 'w')\ny: str = f'{{1/0}}'"
    found = parameters.read(write(tmp_path, source))
    assert (found["x"].default, found["y"].default) == (None, None)
    assert not (tmp_path / "made").exists()


def test_a_notebook_without_the_tag_has_none(tmp_path: Path) -> None:
    path = tmp_path / "plain.ipynb"
    path.write_text('{"cells": []}')
    assert parameters.read(path) == {}
    with pytest.raises(BadParameters, match="no cell tagged parameters"):
        parameters.check(path, {"model": "leads"})


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("model", "007"),
        ("weeks", 4),
        ("deep", True),
        ("limit", None),
        ("limit", 3),
        ("names", ["x", "y"]),
        ("costs", {"a": [1, 2.5, None, True]}),
        ("anything", {"free": "form"}),
        ("model", "'; import os #\n\x00\ud800{x}"),
    ],
)
def test_what_fits_is_taken_as_it_is(page: Path, name: str, value: object) -> None:
    assert parameters.check(page, {name: value}) == {name: value}


def test_a_whole_number_serves_as_a_float(page: Path) -> None:
    checked = parameters.check(page, {"level": 1})
    assert isinstance(checked["level"], float)


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("modle", "leads", "did you mean model?"),
        ("zzzzz", 1, "it takes workspace, model"),
        ("x = 1; open('PWN','w') #", 2, "has no parameter"),
        ("weeks", "13", "must be a whole number, as in weeks: int; got '13'"),
        ("weeks", True, "must be a whole number"),
        ("weeks", 1.0, "must be a whole number"),
        ("level", "high", "must be a number"),
        ("deep", 1, "must be true or false"),
        ("model", None, "must be text"),
        ("limit", "3", "a whole number or null"),
        ("model", datetime(2023, 4, 3, tzinfo=UTC), "'2023-04-03T00:00:00.00:00'"),
        ("model", date(2023, 4, 3), "ISO 8601 text, '2023-04-03'"),
        ("weeks", np.int64(5), "int64, which JSON does not know"),
        ("deep", np.bool_(True), "which JSON does not know"),
        ("model", Path("a"), "which JSON does not know"),
        ("names", ("a",), "tuple, which JSON does not know"),
        ("costs", {1: 2}, "keys that are not text"),
        ("level", float("nan"), "finite"),
        ("level", float("inf"), "finite"),
    ],
)
def test_what_does_not_fit_is_refused_in_one_sentence(
    page: Path, name: str, value: object, said: str
) -> None:
    with pytest.raises(BadParameters, match=said) as caught:
        parameters.check(page, {name: value})
    assert "audit.ipynb" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_secret_is_not_a_parameter(tmp_path: Path) -> None:
    path = write(tmp_path, 'database_password: str = ""')
    with pytest.raises(BadParameters, match="environment variable") as caught:
        parameters.check(path, {"database_password": "hunter2"})
    assert "hunter2" not in str(caught.value)


def test_texts_of_a_command_line_are_read_by_the_notebooks_types(page: Path) -> None:
    given = [
        "model=007",
        "weeks=12",
        "level=1e-3",
        "deep=True",
        "limit=null",
        'names=["x"]',
        "workspace=a=b",
        "link=true",
    ]
    assert parameters.parse(page, given) == {
        "model": "007",
        "weeks": 12,
        "level": 0.001,
        "deep": True,
        "limit": None,
        "names": ["x"],
        "workspace": "a=b",
        "link": "true",
    }


@pytest.mark.parametrize(
    ("pairs", "said"),
    [
        (["weeks"], "has no value"),
        (["weeks=many"], "must be a whole number"),
        (["weeks=1_000"], "must be a whole number"),
        (["level=NaN"], "finite"),
        (["weeks=1", "weeks=2"], "given twice"),
        (["week=1"], "did you mean weeks?"),
    ],
)
def test_texts_that_do_not_fit_are_refused(
    page: Path, pairs: list[str], said: str
) -> None:
    with pytest.raises(BadParameters, match=said):
        parameters.parse(page, pairs)


@pytest.mark.parametrize("text", ["", "{", "[]", '{"cells": 3}', '{"cells": [1]}'])
def test_a_file_that_is_no_notebook_is_said_to_be_none(
    tmp_path: Path, text: str
) -> None:
    path = tmp_path / "broken.ipynb"
    path.write_text(text)
    with pytest.raises(BadParameters, match=r"broken\.ipynb is not a notebook"):
        parameters.read(path)


def test_a_missing_notebook_and_a_cell_of_magics_are_said(tmp_path: Path) -> None:
    with pytest.raises(BadParameters, match="there is no notebook"):
        parameters.read(tmp_path / "gone.ipynb")
    with pytest.raises(BadParameters, match="line 2 of the parameters cell"):
        parameters.read(write(tmp_path, "a = 1\n%matplotlib inline"))
