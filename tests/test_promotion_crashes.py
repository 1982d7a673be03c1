"""Killed at any step, decided by many at once: the book stays whole.

The children are forked from one small interpreter, so that the killing costs little.
"""

from __future__ import annotations

from textwrap import dedent

import pytest

from tests.draws import WIDE

# of the steps in the middle of making a registry; test-all dies at each
EVERY = 1 if WIDE else 7
PREPARE = """
    import json, os, signal, sys
    from datetime import UTC, datetime
    from pathlib import Path

    from lifecycle import errors, promotion
    from lifecycle.registry import Registry, opening

    # before the forks, so that each is cheap
    import skops.io, sqlalchemy.event
    from lifecycle.registry import upgrading

    place, AT = sys.argv[1], datetime(2023, 5, 1, tzinfo=UTC)
    book = Registry(place)

    def register(book, estimator):
        return book.register(
            "m", recipe="", estimator=estimator, birth={}, author="a", at=AT
        )

    def propose(book, number):
        return promotion.propose(
            book, "m", number, author="a", reason="r", evidence={}, at=AT
        )

    def approve(book, id, who="b"):
        return promotion.approve(book, "m", id, approver=who, reason="r", at=AT)

    def forked(act):
        child = os.fork()
        if child:
            return child
        code = 1
        try:
            code = act() or 0
        finally:
            os._exit(code)

    def killed_at(step, act):
        '''Run in a child that dies at its step-th touch of the disk.'''

        def child():
            mine = Registry(place)
            touched = 0

            def touch(*_args, **_more):
                nonlocal touched
                touched += 1
                if touched == step:
                    os.kill(os.getpid(), signal.SIGKILL)

            def around(owner, name):
                real = getattr(owner, name)

                def touching(*args, **more):
                    touch()
                    result = real(*args, **more)
                    touch()
                    return result

                setattr(owner, name, touching)

            for name in ("begin", "before_cursor_execute", "after_cursor_execute"):
                sqlalchemy.event.listen(mine._engine, name, touch)
            dialect = mine._engine.dialect
            for owner, name in ((dialect, "do_commit"), (dialect, "do_close")):
                around(owner, name)
            disk = (os, "fsync"), (Path, "hardlink_to"), (Path, "unlink")
            for owner, name in disk:
                around(owner, name)
            act(mine)

        status = os.waitpid(forked(child), 0)[1]
        return os.WIFSIGNALED(status)
"""


@pytest.fixture
def told(apart, tmp_path):
    """What a script says that is run in a process of its own."""

    def run(script: str) -> object:
        code = dedent(PREPARE) + dedent(script)
        return apart.run(code, tmp_path / "registry.db")

    return run


def test_an_approval_killed_at_any_step_has_happened_or_has_not(told):
    outcomes = told(
        """
        outcomes, step, waiting = [], 0, None
        while True:
            step += 1
            if waiting is None:
                waiting = propose(book, register(book, [step]).number)
            before = book.roles("m")
            was_killed = killed_at(step, lambda mine: approve(mine, waiting.id))
            after = book.roles("m")
            assert book.verify_ledger() is None
            decisions = [
                row for row in book.ledger("m")
                if (row.move, row.proposal) == ("approve", waiting.id)
            ]
            now = book.proposal("m", waiting.id)
            if now.status == "pending":
                assert (after, decisions) == (before, []), step
                outcomes.append("before")
            else:
                assert now.status == "approved" and len(decisions) == 1, step
                assert after["production"].number == waiting.number, step
                assert decisions[0].after["production"] == waiting.number
                outcomes.append("after")
                waiting = None
            if not was_killed:
                break
        print(json.dumps(outcomes))
        """,
    )
    assert isinstance(outcomes, list)
    assert len(outcomes) > 20
    assert outcomes.count("before") > 10
    assert outcomes.count("after") >= 2  # killed after the commit, and not killed
    assert outcomes == sorted(outcomes, reverse=True)  # nothing in between


def test_a_registration_killed_at_any_step_leaves_no_row_without_its_file(told):
    numbers = told(
        """
        step, kept = 0, []
        while True:
            step += 1
            was_killed = killed_at(step, lambda mine: register(mine, [step]))
            versions = book.versions("m")
            for version in versions:
                book.load(version)
            new = [v for v in versions if v.number not in kept]
            assert [book.load(v) for v in new] == [[step]] * len(new)
            kept += [v.number for v in new]
            assert len(book.ledger("m")) == len(kept)
            assert book.verify_ledger() is None
            if not was_killed:
                break
        print(json.dumps([step, kept, len(new)]))
        """,
    )
    assert isinstance(numbers, list)
    steps, kept, last = numbers
    assert steps > 15
    assert last == 1
    assert kept == sorted(set(kept))
    assert len(kept) >= 2  # killed after the commit, and not killed


def test_making_a_registry_killed_at_any_step_is_done_by_the_next_one(told):
    steps = told(
        f"""
        every, folder = {EVERY}, Path(place).parent

        def making(fresh, step):
            '''Made in a child that dies at its step-th sentence; whether it died.'''

            def child():
                touched = 0

                def touch(*_):
                    nonlocal touched
                    touched += 1
                    if touched == step:
                        os.kill(os.getpid(), signal.SIGKILL)

                make = opening.connect

                def watched(url):
                    engine = make(url)
                    sqlalchemy.event.listen(engine, "before_cursor_execute", touch)
                    sqlalchemy.event.listen(engine, "commit", touch)
                    return engine

                opening.connect = watched
                Registry(fresh)
                (folder / "steps").write_text(str(touched))

            return os.WIFSIGNALED(os.waitpid(forked(child), 0)[1])

        assert not making(folder / "whole.db", 0)
        last = int((folder / "steps").read_text())
        ends = (*range(1, 10), *range(last - 8, last + 1))
        for step in sorted({{*ends, *range(10, last - 8, every)}}):
            fresh = folder / f"fresh-{{step}}.db"
            assert making(fresh, step), step
            again = Registry(fresh)
            assert register(again, [1]).number >= 1
            assert again.verify_ledger() is None
        print(json.dumps(last))
        """,
    )
    assert isinstance(steps, int)
    assert steps > 20


@pytest.mark.parametrize("workers", ["processes", "threads"])
def test_of_many_that_decide_one_proposal_at_once_exactly_one_wins(told, workers):
    rounds = told(
        f"""
        workers = {workers!r}
        from concurrent.futures import ThreadPoolExecutor

        def decide(id, who):
            mine = Registry(place) if workers == "processes" else book
            try:
                if who % 2:
                    promotion.reject(
                        mine, "m", id, approver=str(who), reason="r", at=AT
                    )
                else:
                    approve(mine, id, str(who))
            except errors.AlreadyDecided:
                return 7
            return 0

        rounds = []
        for _ in range(5):
            id = propose(book, register(book, [1]).number).id
            if workers == "threads":
                with ThreadPoolExecutor(4) as pool:
                    codes = list(pool.map(lambda who: decide(id, who), range(4)))
            else:
                children = [
                    forked(lambda who=who: decide(id, who)) for who in range(4)
                ]
                codes = [
                    os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
                    for child in children
                ]
            rounds.append(sorted(codes))
            decisions = [
                row for row in book.ledger("m")
                if row.proposal == id and row.move in ("approve", "reject")
            ]
            assert len(decisions) == 1
            assert decisions[0].actor == book.proposal("m", id).decided_by
        assert book.verify_ledger() is None
        print(json.dumps(rounds))
        """,
    )
    assert rounds == [[0, 7, 7, 7]] * 5
