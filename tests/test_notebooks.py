"""A notebook is a page, not a program; its parameters explain themselves."""

from __future__ import annotations

import ast
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from lifecycle import jobs
from lifecycle.jobs import parameters

PAGES = sorted(jobs.shipped().glob("*.ipynb"))


def cells(path: Path) -> list[dict[str, Any]]:
    return json.loads(path.read_text())["cells"]


def code(path: Path) -> list[str]:
    return ["".join(c["source"]) for c in cells(path) if c["cell_type"] == "code"]


def test_the_four_pages_and_home_are_shipped() -> None:
    told = ["audit", "decide", "drift", "home", "promote"]
    assert [page.stem for page in PAGES] == told


@pytest.mark.parametrize("page", PAGES, ids=lambda p: p.stem)
def test_a_page_has_at_most_fifteen_cells_and_opens_with_its_question(
    page: Path,
) -> None:
    assert len(cells(page)) <= 15
    assert cells(page)[0]["cell_type"] == "markdown"
    assert "?" in "".join(cells(page)[0]["source"])


@pytest.mark.parametrize("page", PAGES, ids=lambda p: p.stem)
def test_a_page_holds_no_program(page: Path) -> None:
    forbidden = (
        ast.FunctionDef,
        ast.ClassDef,
        ast.For,
        ast.While,
        ast.Try,
        ast.If,
        ast.Lambda,
        ast.ListComp,
        ast.With,
    )
    for source in code(page):
        for node in ast.walk(ast.parse(source)):
            assert not isinstance(node, forbidden), f"{page.name}: {ast.unparse(node)}"


@pytest.mark.parametrize("page", PAGES, ids=lambda p: p.stem)
def test_a_page_is_stored_without_outputs(page: Path) -> None:
    for cell in cells(page):
        if cell["cell_type"] == "code":
            assert cell["outputs"] == []
            assert cell["execution_count"] is None


@pytest.mark.parametrize("page", PAGES, ids=lambda p: p.stem)
def test_the_second_cell_holds_typed_and_commented_parameters(page: Path) -> None:
    assert cells(page)[1]["metadata"]["tags"] == ["parameters"]
    for line in "".join(cells(page)[1]["source"]).splitlines():
        node = ast.parse(line).body[0]
        assert isinstance(node, ast.AnnAssign), line
        assert "  # " in line, f"{line}: say in a comment what it is"
    assert set(parameters.read(page)) == {
        "workspace",
        "model",
        "as_of",
        "result_path",
    }


@pytest.mark.parametrize("page", PAGES, ids=lambda p: p.stem)
def test_the_last_cell_concludes(page: Path) -> None:
    assert code(page)[-1].startswith("view.conclude(")
    assert f'"{page.stem}"' in code(page)[-1]


@pytest.mark.parametrize("page", PAGES, ids=lambda p: p.stem)
def test_a_page_says_what_language_it_is_written_in(page: Path) -> None:
    assert json.loads(page.read_text("utf-8"))["metadata"]["language"] == "en"


@pytest.mark.slow
@pytest.mark.parametrize("page", PAGES, ids=lambda p: p.stem)
def test_a_page_runs_on_a_fresh_workspace_under_plain_papermill(
    page: Path, tmp_path: Path
) -> None:
    from lifecycle.workspace.scaffold import init

    init(tmp_path / "desk")
    done = subprocess.run(
        [sys.executable, "-m", "papermill", f"{page.stem}.ipynb", "out.ipynb"],
        cwd=tmp_path / "desk" / "notebooks",
        env=os.environ | {"PYTHONPATH": str(jobs.shipped().parent)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    out = (tmp_path / "desk" / "notebooks" / "out.ipynb").read_text("utf-8")
    assert "application/vnd.lifecycle.result+json" in out
