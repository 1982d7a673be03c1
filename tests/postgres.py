"""A PostgreSQL server for the tests: started where its programs are, then stopped.

It listens on a socket in a directory of its own and on no network, does not wait for
the disk, and is thrown away with its directory.
"""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import cache, cached_property
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

NOT_HERE = (
    "PostgreSQL is not here: install it (Debian: postgresql) or a wheel that carries "
    "it (pgserver), and the tests of a registry for a team run too"
)
NO_DRIVER = "the driver of PostgreSQL is not here: pip install psycopg[binary]"


def programs() -> Path | None:
    """Where `initdb` and `postgres` are: the machine's newest, or a wheel's."""
    places = sorted(
        Path("/usr/lib/postgresql").glob("*/bin"), key=lambda at: -float(at.parent.name)
    )
    if found := shutil.which("initdb"):
        places.append(Path(found).resolve().parent)
    if (wheel := find_spec("pgserver")) and wheel.origin:
        places.append(Path(wheel.origin).parent / "pginstall" / "bin")
    for place in places:
        if (place / "initdb").exists() and (place / "postgres").exists():
            return place
    return None


def _another_user() -> dict[str, Any]:
    """Whom to run as: the server refuses to be root's."""
    if os.geteuid() != 0:
        return {}
    known = {each.pw_name: each for each in pwd.getpwall()}
    person = known.get("postgres") or known["nobody"]
    return {"user": person.pw_uid, "group": person.pw_gid, "extra_groups": ()}


class Server:
    """One server with many databases.

    Parameters
    ----------
    folder : Path
        Of its own; short, since the path of a socket may have 107 letters at most.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._made = 0
        self._free: list[str] = []
        self._user = _another_user()
        if self._user:
            os.chown(folder, self._user["user"], self._user["group"])
        words = "-D data -U lifecycle -A trust -E UTF8 --locale=C -N --no-instructions"
        self._run("initdb", *words.split())
        self.start()

    def _command(self, program: str, *words: str) -> list[str]:
        place = programs()
        assert place is not None
        return [str(place / program), *words]

    def _run(self, program: str, *words: str) -> None:
        done = subprocess.run(
            self._command(program, *words),
            cwd=self.folder,
            capture_output=True,
            text=True,
            check=False,
            **self._user,
        )
        assert done.returncode == 0, done.stderr

    def start(self) -> None:
        """Start it, and wait until it answers."""
        settings = {
            "listen_addresses": "",
            "unix_socket_directories": str(self.folder),
            "fsync": "off",
            "shared_buffers": "16MB",
            "max_connections": "60",
            "autovacuum": "off",
            "lc_messages": "C",
        }
        words = [f"-c{name}={value}" for name, value in settings.items()]
        with (self.folder / "server.log").open("a") as log:
            self.process = subprocess.Popen(
                self._command("postgres", "-D", "data", *words),
                cwd=self.folder,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                **self._user,
            )
        while "ready" not in self._state():
            with suppress(subprocess.TimeoutExpired):
                self.process.wait(timeout=0.02)
                raise AssertionError((self.folder / "server.log").read_text())

    def _state(self) -> str:
        try:
            lines = (self.folder / "data" / "postmaster.pid").read_text().splitlines()
        except FileNotFoundError:
            return ""
        mine = lines[:1] == [str(self.process.pid)]
        return lines[7] if mine and len(lines) > 7 else ""

    def stop(self, how: signal.Signals = signal.SIGINT) -> None:
        """End it by its own process id; connections are cut."""
        self.process.send_signal(how)
        self.process.wait(timeout=60)

    def url(self, name: str) -> str:
        """The address of a database, for `Registry`."""
        return f"postgresql+psycopg://lifecycle@/{name}?host={self.folder}"

    def say(self, *sentences: str, database: str = "postgres") -> list[Any]:
        """Run sentences of SQL outside any transaction; the rows of the last one."""
        import psycopg

        where = f"host={self.folder} user=lifecycle dbname={database}"
        rows: list[Any] = []
        with psycopg.connect(where, autocommit=True) as connection:
            for sentence in sentences:
                found = connection.execute(sentence)
                rows = found.fetchall() if found.description else []
        return rows

    @cached_property
    def _pattern(self) -> str:
        """A database that has the tables already."""
        from lifecycle.registry import Registry

        self.say("CREATE DATABASE pattern")
        Registry(self.url("pattern"), artefacts=self.folder)
        return "pattern"

    def new(self, *, encoding: str = "") -> str:
        """The address of a new database: with the tables, or empty in an encoding."""
        self._made += 1
        name = f"test_{self._made}"
        how = f"template0 ENCODING '{encoding}'" if encoding else self._pattern
        self.say(f"CREATE DATABASE {name} TEMPLATE {how}")
        return self.url(name)

    @contextmanager
    def lent(self) -> Iterator[str]:
        """The address of a database with empty tables, for as long as the block lasts.

        To empty one is a hundred times faster than to make one.
        """
        url = self._free.pop() if self._free else self.new()
        try:
            yield url
        finally:
            self.say(*_empty(), database=name_of(url))
            self._free.append(url)


def name_of(url: str) -> str:
    """The database that an address ends with."""
    return url.split("@/")[1].split("?")[0]


@cache
def _empty() -> tuple[str, ...]:
    """What empties the tables; the triggers that guard them are put to sleep."""
    from lifecycle.registry import tables

    names = [table.name for table in tables.metadata.sorted_tables]
    return (
        "SET session_replication_role = replica",
        *(f"DELETE FROM {name}" for name in names),
        "SELECT setval(seqrelid, seqstart, false) FROM pg_sequence",
    )


def here() -> bool:
    """Whether a server can be started and spoken to."""
    return programs() is not None and find_spec("psycopg") is not None


@contextmanager
def running() -> Iterator[Server]:
    """A server for as long as the block lasts; a skip with a sentence without one."""
    if programs() is None:
        pytest.skip(NOT_HERE)
    if find_spec("psycopg") is None:
        pytest.skip(NO_DRIVER)
    with tempfile.TemporaryDirectory(prefix="lifecycle-pg-") as folder:
        server = Server(Path(folder))
        try:
            yield server
        finally:
            server.stop()
