"""Scripts in processes of their own, forked from one that has imported the most.

To import what a registry needs takes two seconds, to fork takes none. The process that
forks, `python -m tests.apart`, has one thread and has opened nothing.
"""

from __future__ import annotations

import json
import os
import select
import socket
import subprocess
import sys
import tempfile
import traceback
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Any

HERE = Path(__file__).parents[1]


class Child:
    """A script that was started."""

    def __init__(self, ending: int, said: Path) -> None:
        self._ending, self._said = ending, said
        self._code: int | None = None

    def wait(self, seconds: float) -> int:
        """How it ended: its exit code, or the signal that killed it, negative."""
        if self._code is None:
            ready, _, _ = select.select([self._ending], [], [], seconds)
            assert ready, f"not at its end after {seconds} s: {self.errors}"
            self._code = int(os.read(self._ending, 16))
            os.close(self._ending)
        return self._code

    @property
    def out(self) -> str:
        """What it printed."""
        return self._said.with_suffix(".out").read_text()

    @property
    def errors(self) -> str:
        """What it complained of."""
        return self._said.with_suffix(".err").read_text()


class Apart:
    """The process that forks, for as long as the block lasts."""

    def __enter__(self) -> Apart:
        self._folder = tempfile.TemporaryDirectory(prefix="apart-")
        self._control, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs:
            number = theirs.fileno()
            words = [sys.executable, "-W", "ignore", "-m", "tests.apart", str(number)]
            self._server = subprocess.Popen(words, cwd=HERE, pass_fds=[number])
        self._count = 0
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._control.close()
        self._server.wait(60)
        self._folder.cleanup()

    def start(self, code: str, *words: object) -> Child:
        """Start a script with these arguments, where the tests are run."""
        self._count += 1
        said = Path(self._folder.name) / str(self._count)
        told = {"code": code, "words": [str(word) for word in words]}
        reading, writing = os.pipe()
        out = said.with_suffix(".out").open("wb")
        err = said.with_suffix(".err").open("wb")
        with out, err:
            handles = [out.fileno(), err.fileno(), writing]
            socket.send_fds(self._control, [json.dumps(told).encode()], handles)
        os.close(writing)
        return Child(reading, said)

    def run(self, code: str, *words: object, seconds: float = 300) -> Any:
        """What a script says at last, in JSON; its error is ours."""
        child = self.start(code, *words)
        assert child.wait(seconds) == 0, child.errors[-5000:]
        return json.loads(child.out.splitlines()[-1])


def main() -> None:
    """Fork a child for each script that comes, until nobody sends any more."""
    import_the_most()
    with socket.socket(fileno=int(sys.argv[1])) as control:
        while True:
            told, handles, _, _ = socket.recv_fds(control, 1 << 17, 3)
            if not told:
                return
            if not os.fork():
                control.close()
                watch(json.loads(told), *handles)
            for handle in handles:
                os.close(handle)
            while any_ended():
                pass


def import_the_most() -> None:
    """What the scripts would import, each anew."""
    import alembic.operations  # noqa: F401
    import skops.io  # noqa: F401
    import sqlalchemy.dialects.postgresql
    import sqlalchemy.dialects.sqlite
    import sqlalchemy.event  # noqa: F401

    with suppress(ImportError):
        import psycopg  # noqa: F401

    import lifecycle.alerts
    import lifecycle.hooks
    import lifecycle.promotion
    import lifecycle.registry.upgrading  # noqa: F401


def any_ended() -> bool:
    """Whether one of the children had ended; it is buried."""
    try:
        return os.waitpid(-1, os.WNOHANG)[0] != 0
    except ChildProcessError:
        return False


def watch(told: dict[str, Any], out: int, err: int, ending: int) -> None:
    """Run it in a child of this process, and pass on how that ends."""
    child = os.fork()
    if not child:
        os.close(ending)
        os.dup2(out, 1)
        os.dup2(err, 2)
        os._exit(perform(told["code"], told["words"]))
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    os.write(ending, str(code).encode())
    os._exit(0)


def perform(code: str, words: list[str]) -> int:
    """The script, as `python -c` would run it: its exit code."""
    sys.argv = ["-c", *words]
    try:
        exec(compile(code, "<script>", "exec"), {"__name__": "__main__"})
    except SystemExit as ended:
        return int(ended.code or 0)
    except BaseException:  # noqa: BLE001  # whatever it is goes to its errors
        traceback.print_exc()
        return 1
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
    return 0


if __name__ == "__main__":
    main()
