"""The README names every room, command and page, and its examples run."""

from __future__ import annotations

import doctest
import pkgutil
import re
from pathlib import Path

import pytest
import typer

import lifecycle
from lifecycle import config, jobs
from lifecycle.cli import renewing

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    "room",
    [m.name for m in pkgutil.iter_modules(lifecycle.__path__) if m.name[0] != "_"],
)
def test_every_room_is_in_the_readme(room: str) -> None:
    assert re.search(rf"`{room}`", README), room


@pytest.mark.parametrize(
    "command", sorted(typer.main.get_command(renewing.app).commands)
)
def test_every_command_is_in_the_readme(command: str) -> None:
    assert re.search(rf"\b{command}\b", README), command


@pytest.mark.parametrize("page", sorted(p.stem for p in jobs.shipped().glob("*.ipynb")))
def test_every_page_is_in_the_readme(page: str) -> None:
    assert f"`{page}`" in README


def test_the_examples_of_the_readme_run() -> None:
    result = doctest.testfile(
        str(ROOT / "README.md"),
        module_relative=False,
        optionflags=doctest.NORMALIZE_WHITESPACE | doctest.ELLIPSIS,
    )
    assert result.attempted >= 3
    assert result.failed == 0


def test_the_settings_of_the_readme_are_accepted() -> None:
    import tomllib

    text = "\n".join(re.findall(r"```toml\n(.*?)```", README, re.S))
    told = config.parse(tomllib.loads(text))
    assert list(told.models) == ["calls"]
    assert {"accuracy", "drift", "harm", "no_data"} <= set(told.models["calls"].watched)


def test_links_and_pictures_of_the_documents_are_there() -> None:
    for document in [ROOT / "README.md", ROOT / "CONTRIBUTING.md"]:
        for target in re.findall(r"\]\(([^)#:]+)\)", document.read_text()):
            assert (document.parent / target).exists(), f"{document.name}: {target}"


def test_no_constraint_names_a_host_or_a_path() -> None:
    for line in (ROOT / "constraints.txt").read_text().splitlines():
        assert line.startswith("#") or re.fullmatch(r"[A-Za-z0-9._-]+==[^\s/:@]+", line)
