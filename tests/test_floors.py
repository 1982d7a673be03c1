"""Imports run downwards, and each outside library has one door."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

import lifecycle

HOUSE = Path(lifecycle.__file__).parent

FLOORS = """
errors
periods intervals figures markup people simulate
metrics profiles
calibration findings tasks
drift estimation business quality feedback routing catalogue \
logs registry recipes config
monitor diagnosis training evaluation experiment guards
decision
promotion alerts hooks
jobs
workspace widgets
demo lab server
cli
"""
FLOOR = {
    room: n for n, row in enumerate(FLOORS.strip().splitlines()) for room in row.split()
}
DOORS = {  # an outside library with side effects enters by these rooms
    "matplotlib": {"figures"},
    "deltalake": {"logs"},
    "sqlalchemy": {"registry", "server"},  # it reads a table of the user's
    "alembic": {"registry"},
    "skops": {"registry", "hooks"},  # in the file that goes along with an export
    "ipywidgets": {"widgets"},
    "papermill": {"jobs"},
    "nbconvert": {"jobs"},
    "nbclient": {"jobs"},
    "nbformat": {"jobs"},
    "jupyter_client": {"jobs"},
    "jupyterlab_server": {"lab"},
    "jupyter_server": {"lab"},
    "tornado": {"lab"},
    "ipykernel": {"jobs"},
    "nh3": {"jobs"},
    "bs4": {"jobs"},
    "cronsim": {"config", "jobs"},
    "apprise": {"alerts"},
    "mlflow": {"hooks"},
    "distributed": {"workspace"},
    "psycopg": set(),  # SQLAlchemy finds it
    "pydantic": {"config", "jobs", "server"},
    "fastapi": {"server"},
    "starlette": {"server"},
    "uvicorn": {"server"},
    "h11": {"server"},
    "tomllib": {"config"},
    "typer": {"cli"},
    "rich": {"cli", "demo"},
    "sqlite3": set(),
    "pickle": set(),
    "joblib": set(),
}
CLOCKS = {"jobs", "workspace", "demo", "cli"}  # who may ask what time it is
FILES = {"logs", "registry", "recipes", "config", "jobs", "lab", "workspace", "demo"}
FILES |= {"cli", "server"}
TIMES = {"datetime.now", "datetime.utcnow", "date.today", "time.time"}
WRITES = {"write_text", "write_bytes", "to_csv", "to_parquet"}
ROOT = {"__init__", "__main__"}


def room_of(path: Path) -> str:
    return path.relative_to(HOUSE).parts[0].removesuffix(".py")


def sources() -> list[Path]:
    return [p for p in sorted(HOUSE.rglob("*.py")) if "notebooks" not in p.parts]


def imported(tree: ast.AST, room: str) -> list[tuple[int, str, str]]:
    """Line, library and (of ours) room of each import, also inside functions."""
    found = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.level:
            found.append((node.lineno, "relative", room))
            continue
        elif isinstance(node, ast.ImportFrom) and node.module == "lifecycle":
            names = [f"lifecycle.{alias.name}" for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            names = [str(node.module)]
        else:
            continue
        for name in names:
            library, _, rest = name.partition(".")
            found.append((node.lineno, library, rest.partition(".")[0]))
    return found


def faults(source: str, room: str, name: str) -> list[str]:
    said = []
    for line, library, other in imported(ast.parse(source), room):
        where = f"{name}:{line}"
        if library == "relative":
            said.append(f"{where}: relative import; write the whole name")
        elif library == "lifecycle":
            if other not in FLOOR or other == room:
                continue
            if FLOOR[other] >= FLOOR[room]:
                said.append(
                    f"{where}: {room} (floor {FLOOR[room]}) imports {other} "
                    f"(floor {FLOOR[other]}); take the value as an argument instead"
                )
        elif room not in DOORS.get(library, {room}):
            said.append(
                f"{where}: {library} enters the house by "
                f"{', '.join(sorted(DOORS[library])) or 'no room'}, not by {room}"
            )
    return said


def test_imports_only_from_floors_below() -> None:
    said = []
    for path in sources():
        room = room_of(path)
        if room not in ROOT:
            said += faults(path.read_text(), room, path.name)
    assert said == []


def test_every_room_has_a_floor() -> None:
    rooms = {room_of(path) for path in sources()} - ROOT
    assert rooms == set(FLOOR)


@pytest.mark.parametrize(
    ("source", "sentence"),
    [
        ("from lifecycle import logs", "take the value as an argument"),
        ("import lifecycle.jobs.run", "take the value as an argument"),
        ("def f():\n    import matplotlib", "enters the house by figures"),
        ("from . import psi", "relative import"),
    ],
)
def test_a_planted_fault_is_named_in_a_sentence(source: str, sentence: str) -> None:
    assert any(sentence in said for said in faults(source, "drift", "drift.py"))


def asked(source: str, room: str, name: str) -> list[str]:
    """Where a room asks for the time, or opens a file, and may not."""
    said = []
    for node in ast.walk(ast.parse(source)):
        if not isinstance(node, ast.Call):
            continue
        called, where = ast.unparse(node.func), f"{name}:{node.lineno}"
        last = called.rpartition(".")[2]
        if called in TIMES and room not in CLOCKS:
            said.append(f"{where} asks for the time")
        opens = called == "open" or last.startswith(("read_csv", "read_parquet"))
        if (opens or last in WRITES) and room not in FILES | {"__init__"}:
            said.append(f"{where} {called}")
    return said


def test_only_the_edges_ask_for_the_time_or_open_files() -> None:
    said = []
    for path in sources():
        said += asked(path.read_text(), room_of(path), path.name)
    assert said == []


@pytest.mark.parametrize(
    "source",
    [
        "datetime.now(UTC)",
        "time.time()",
        "open(place)",
        "pd.read_csv(place)",
        "(place / 'x').write_text('y')",
    ],
)
def test_a_planted_question_is_named_by_its_line(source: str) -> None:
    assert asked(source, "drift", "drift.py")[0].startswith("drift.py:1 ")
    assert asked(source, "jobs", "jobs.py") == []


def test_a_file_holds_one_idea_and_at_most_400_lines() -> None:
    lines = {path: len(path.read_text().splitlines()) for path in sources()}
    assert [str(path) for path, count in lines.items() if count > 400] == []
