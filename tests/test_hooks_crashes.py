"""Killed at any instant of telling, and several at once: at least once, in order.

The children are forked from one interpreter, so that the killing costs little.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from textwrap import dedent
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from tests.apart import Apart

PREPARE = """
    import json, os, shutil, signal, sys
    from contextlib import contextmanager
    from datetime import UTC, datetime, timedelta
    from pathlib import Path

    from lifecycle import hooks
    from lifecycle.registry import Registry, deliveries

    place, url = Path(sys.argv[1]), sys.argv[2]
    AT = datetime(2023, 5, 1, tzinfo=UTC)
    LATER = timedelta(hours=1)  # above a lease

    def opened():
        if url:
            return Registry(url, artefacts=place / "artefacts")
        return Registry(place / "registry.db")

    def write(name, line):
        handle = os.open(place / name, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        os.write(handle, line.encode() + b"\\n")
        os.close(handle)

    class Taker:
        timeout = 1.0

        def send(self, news, *, at):
            model, seq = news.model, news.facts["seq"]
            inside = place / f"{model}.inside"
            os.close(os.open(inside, os.O_CREAT | os.O_EXCL))  # nobody else is
            write("came", f"{model} {seq}")
            inside.unlink()

    def deliver(book, taker, at):
        hook = hooks.Hook("deploy", taker, since=0)
        hooks.deliver(book, [hook], ["leads", "churn"], at=at)

    def moves(book, count):
        for number in range(count):
            with book.atomic() as inside:
                inside.enter(
                    ("leads", "churn")[number % 2], "approve", actor="anna",
                    source="given", reason="better", at=AT,
                    before={"production": number}, after={"production": number + 1},
                )

    def forked(act):
        child = os.fork()
        if child:
            return child
        code = 1
        try:
            act()
            code = 0
        finally:
            os._exit(code)

    def ended(child):
        return os.waitpid(child, 0)[1]

    def came():
        lines = (place / "came").read_text().split("\\n")
        return [line.split() for line in lines if line]
"""


Told = Callable[..., Any]


@pytest.fixture
def told(apart: Apart, tmp_path: Path) -> Told:
    """What a script says that is run in a process of its own."""

    def run(script: str, *, url: str = "") -> Any:
        return apart.run(dedent(PREPARE) + dedent(script), tmp_path, url)

    return run


def test_killed_at_any_instant_every_row_is_told_in_order_and_again_at_most_once(
    told: Told,
) -> None:
    found = told(
        """
        book = opened()
        moves(book, 3)
        book = None
        shutil.copytree(place, place / "fresh")

        def dying_at(step):
            '''A registry and a taker whose every step counts; the step-th kills.'''
            count = 0

            def touch():
                nonlocal count
                count += 1
                if count == step:
                    os.kill(os.getpid(), signal.SIGKILL)

            class Counted(Taker):
                def send(self, news, *, at):
                    touch()
                    super().send(news, at=at)
                    touch()

            real = Registry.atomic

            @contextmanager
            def atomic(self):
                touch()
                with real(self) as book:
                    yield book
                    touch()  # before it is committed
                touch()

            Registry.atomic = atomic
            return Counted()

        results = []
        step = 0
        while True:
            step += 1
            for name in ("registry.db", "registry.db-wal", "registry.db-shm", "came"):
                (place / name).unlink(missing_ok=True)
            shutil.copy(place / "fresh" / "registry.db", place / "registry.db")

            def first():
                taker = dying_at(step)
                deliver(opened(), taker, AT)

            killed = ended(forked(first)) == signal.SIGKILL
            if not killed:
                break
            again = forked(
                lambda: deliver(opened(), Taker(), AT + LATER)
            )
            assert ended(again) == 0
            book = opened()
            with book.reading() as inside:
                states = [
                    each.state for each in deliveries.rows(inside) if not each.begins
                ]
            results.append([came(), states])
            book = None
        print(json.dumps(results))
        """,
    )
    assert len(found) > 20  # instants at which it was killed
    twice = 0
    for came, states in found:
        assert states == ["sent"] * 3
        for model in ("leads", "churn"):
            seqs = [int(seq) for name, seq in came if name == model]
            assert seqs == sorted(seqs)
            assert len(set(seqs)) == (2 if model == "leads" else 1)
        twice += len(came) - 3
        assert len(came) in (3, 4)
    assert 0 < twice < len(found) / 2  # only between the sending and the word of it


SEVERAL = """
        moves(opened(), 16)

        def work():
            book = opened()
            hook = hooks.Hook("deploy", Taker(), since=0)
            while True:
                deliver(book, Taker(), AT)
                states = hooks.states(book, [hook], ["leads", "churn"])
                if not any(each.left for each in states):
                    break

        children = [forked(work) for _ in range(4)]
        codes = [ended(child) for child in children]
        print(json.dumps([codes, came()]))
"""


@pytest.mark.parametrize("where", ["sqlite", "postgresql"])
def test_several_processes_tell_each_row_once_and_never_two_of_a_model_at_once(
    told: Told, where: str, request: pytest.FixtureRequest
) -> None:
    with ExitStack() as until:
        url = ""
        if where == "postgresql":
            server = request.getfixturevalue("server")
            url = until.enter_context(server.lent())
        found = told(SEVERAL, url=url)
    codes, came = found
    assert codes == [0] * 4  # nobody met another one inside
    for model in ("leads", "churn"):
        seqs = [int(seq) for name, seq in came if name == model]
        assert len(seqs) == 8
        assert seqs == sorted(set(seqs))


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="needs /proc")
def test_a_command_that_outlives_its_killed_deliverer_is_told_again(
    told: Told,
) -> None:
    found = told(
        """
        moves(opened(), 1)
        (place / "deploy.sh").write_text(
            "#!/bin/sh\\necho $1 >> came\\nkill -KILL $PPID\\n"
        )
        (place / "deploy.sh").chmod(0o755)
        command = hooks.Command(("./deploy.sh", "leads {seq}"), folder=place)
        killed = ended(forked(
            lambda: deliver(opened(), command, AT)
        ))
        book = opened()
        deliver(book, Taker(), AT)  # the lease still holds
        before = came()
        deliver(book, Taker(), AT + LATER)
        print(json.dumps([killed, before, came()]))
        """,
    )
    assert found == [9, [["leads", "1"]], [["leads", "1"], ["leads", "1"]]]
