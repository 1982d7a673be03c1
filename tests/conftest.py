"""What holds for all tests: time for a property, a terminal, both databases."""

from __future__ import annotations

import gc
import os
import shutil
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import settings

if TYPE_CHECKING:
    from lifecycle.registry import Registry
    from tests.apart import Apart
    from tests.postgres import Server

settings.register_profile("house", deadline=None, derandomize=True)
settings.register_profile("wide", deadline=None)  # other draws each time: test-all
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "house"))

# Seven thousand tests are read first, and stay: nothing of it is worth looking through.
gc.disable()
# jsonschema would parse a grammar at once, for addresses of which no test has one
sys.modules.setdefault("rfc3987_syntax", None)  # type: ignore[arg-type]
# what a process has compiled the hundred after it need not
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
sys.dont_write_bytecode = False

Terminal = Callable[..., tuple[int, str, str]]
Database = Callable[[Path], "Registry"]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The longest file goes first, so that in the end nobody waits for it."""
    items.sort(key=lambda item: not item.nodeid.startswith("tests/test_demo.py"))


def pytest_collection_finish() -> None:
    """From here on what is left behind is looked for, not among the tests, seldom."""
    gc.freeze()
    gc.set_threshold(20_000, 20, 20)
    gc.enable()


@pytest.fixture
def terminal(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Terminal:
    """The command line in this process: its exit code, output and errors."""
    from lifecycle import cli

    def run(*words: object) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["lifecycle", *map(str, words)])
        capsys.readouterr()
        code = 0
        try:
            cli.main()
        except SystemExit as ended:
            code = int(ended.code or 0)
        told = capsys.readouterr()
        assert "Traceback" not in told.err
        return code, told.out, told.err

    return run


@pytest.fixture(scope="session")
def apart() -> Iterator[Apart]:
    """Runs scripts in processes of their own, which need not import it all anew."""
    from tests.apart import Apart

    with Apart() as started:
        yield started


@pytest.fixture(scope="session")
def server() -> Iterator[Server]:
    """A PostgreSQL server of this session; skips with a sentence without one."""
    from tests import postgres

    with postgres.running() as started:
        yield started


@pytest.fixture(scope="session")
def _file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file with the tables: to copy one is much faster than to make one."""
    from lifecycle.registry import Registry

    place = tmp_path_factory.mktemp("pattern") / "registry.db"
    Registry(place)
    return place


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request: pytest.FixtureRequest, _file: Path) -> Iterator[Database]:
    """Makes a registry in a folder, on either of the two databases."""
    from lifecycle.registry import Registry

    with ExitStack() as stack:

        def make(folder: Path) -> Registry:
            if request.param == "sqlite":
                folder.mkdir(parents=True, exist_ok=True)
                shutil.copy(_file, folder / "registry.db")
                return Registry(folder / "registry.db")
            server = request.getfixturevalue("server")
            url = stack.enter_context(server.lent())
            return Registry(url, artefacts=folder / "artefacts")

        yield make
