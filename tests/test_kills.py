"""Killed anywhere, again and again: the next command finds all whole and goes on.

The processes die at a write, an fsync, a rename (before it, half way, after it) and at
any other instant; `killing.c` sees what Python, SQLite, Arrow and Delta do alike.
Without a compiler they die at any instant only.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from tests import postgres

FEW = {"moves": 15, "ingest": 6, "score": 3, "train": 2, "guard": 3, "report": 1}
FEW_THERE = {"moves@postgresql": 10}
MANY = {
    "moves": 300,
    "ingest": 150,
    "score": 100,
    "train": 75,
    "guard": 75,
    "report": 100,
}
MANY_THERE = {"moves@postgresql": 200}
HERE = Path(__file__).parent


def library(folder: Path) -> str:
    """`killing.c`, built; empty where there is no compiler, or another system."""
    compiler = shutil.which("cc") or shutil.which("gcc")
    if compiler is None or sys.platform != "linux":
        return ""
    made = folder / "killing.so"
    words = [
        "-O1",
        "-shared",
        "-fPIC",
        str(HERE / "killing.c"),
        "-o",
        str(made),
        "-ldl",
    ]
    subprocess.run([compiler, *words], check=True)
    return str(made)


def killed(
    place: Path, kills: Mapping[str, int], url: str = ""
) -> list[dict[str, Any]]:
    """What became of so many kills of each work."""
    found = library(place)
    told = {
        "library": found,
        "place": str(place),
        "seed": 5,
        "kills": kills,
        "url": url,
    }
    words = [sys.executable, "-W", "ignore", "-m", "tests.kills", json.dumps(told)]
    done = subprocess.run(
        words,
        cwd=HERE.parent,
        env=os.environ | {"LD_PRELOAD": found},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-5000:]
    deaths: list[dict[str, Any]] = json.loads(done.stdout)
    assert Counter(death["work"] for death in deaths) == kills
    for work in kills:
        mine = [death for death in deaths if death["work"] == work]
        counted = Counter(f"{death['kind']} {death['mode']}".strip() for death in mine)
        print(work, len(mine), dict(counted.most_common()))  # noqa: T201
    return deaths


def faults(deaths: list[dict[str, Any]]) -> list[str]:
    """What was wrong after which kill."""
    return [
        f"{death['work']}, killed {death['mode']} {death['kind']} {death['name']}: "
        f"{death['fault']}"
        for death in deaths
        if death["fault"]
    ]


@pytest.fixture(scope="module")
def few(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> list[dict[str, Any]]:
    """A few kills of each work, and on a server where there is one."""
    kills, url = dict(FEW), ""
    if postgres.here():
        url = request.getfixturevalue("server").new()
        kills |= FEW_THERE
    return killed(tmp_path_factory.mktemp("kills"), kills, url)


@pytest.mark.parametrize("work", FEW)
def test_killed_anywhere_the_next_command_finds_all_whole_and_goes_on(few, work):
    assert faults([death for death in few if death["work"] == work]) == []


def test_killed_anywhere_the_book_on_a_server_is_whole(few, server):
    assert faults([death for death in few if death["work"] in FEW_THERE]) == []


def test_they_die_within_writes_and_at_any_instant(few):
    modes = {death["mode"] for death in few}
    kinds = {death["kind"] for death in few}
    if "write" not in kinds:
        pytest.skip("no C compiler is here: they died at any instant only")
    assert modes == {"before", "half", "after", "instant"}
    assert len(kinds - {""}) >= 4, kinds


@pytest.mark.slow
@pytest.mark.parametrize("work", MANY)
def test_killed_a_thousand_times_all_is_whole(tmp_path, work):
    assert faults(killed(tmp_path, {work: MANY[work]})) == []


@pytest.mark.slow
def test_killed_many_times_the_book_on_a_server_is_whole(tmp_path, server):
    assert faults(killed(tmp_path, MANY_THERE, server.new())) == []
