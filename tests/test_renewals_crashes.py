"""Killed at any step of a renewal: the next process finishes it, and only once.

The children are forked from one interpreter, so that the killing costs little.
"""

from __future__ import annotations

import platform
from collections.abc import Callable
from pathlib import Path
from textwrap import dedent
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from tests.apart import Apart

PREPARE = """
    import json, os, shutil, signal, sys
    from datetime import UTC, datetime, timedelta
    from pathlib import Path

    from lifecycle import errors, promotion
    from lifecycle.registry import Registry, slots
    from lifecycle.workspace import holding

    # before the forks, so that each is cheap
    import skops.io, sqlalchemy

    place = Path(sys.argv[1])
    AT = datetime(2023, 5, 1, tzinfo=UTC)
    DAY = timedelta(days=1)

    def forked(act):
        child = os.fork()
        if child:
            return child
        code = 1
        try:
            code = act() or 0
        finally:
            sys.stdout.flush()
            os._exit(code)

    def ended(child):
        return os.waitpid(child, 0)[1]

    def dying_at(step):
        '''What counts the touches of this process, and kills it at the step-th.'''
        touched = 0

        def touch(*_args, **_more):
            nonlocal touched
            touched += 1
            if touched == step:
                os.kill(os.getpid(), signal.SIGKILL)

        return touch

    def around(owner, name, touch, *, after=True):
        real = getattr(owner, name)

        def touching(*args, **more):
            touch()
            result = real(*args, **more)
            if after:
                touch()
            return result

        setattr(owner, name, touching)
"""


Told = Callable[[Path, str], Any]


@pytest.fixture(scope="module")
def told(apart: Apart) -> Told:
    """What a script says that is run in a process of its own, at a place."""
    return lambda place, script: apart.run(dedent(PREPARE) + dedent(script), place)


def test_killed_at_any_touch_of_the_disk_a_renewal_is_finished_once(
    told: Told, tmp_path: Path
) -> None:
    """The steps alone, with an estimator that costs nothing."""
    outcomes = told(
        tmp_path,
        """
        GATE = {"passed": True, "saved": {"lower": 0.02}}
        BOUNDS = promotion.Bounds(auto=True, target="production", every=0 * DAY)

        first = Registry(place / "first" / "registry.db")
        first.register("m", recipe="", estimator=[0], birth={}, author="a", at=AT)
        asked = promotion.propose(
            first, "m", 1, author="a", reason="r", evidence={}, at=AT
        )
        promotion.approve(first, "m", asked.id, approver="b", reason="r", at=AT)

        def drive(book, mark):
            now = datetime.now(UTC)
            renewal = promotion.begin_renewal(
                book, "m", why="schedule", at=AT, holder=holding.holder(),
                until=now + DAY, now=now, moved=DAY, alive=holding.alive,
            )
            if renewal.state == "due":
                renewal = promotion.step_renewal(
                    book, renewal, "decided", ruling={"action": "retrain"}
                )
            if renewal.state == "decided":
                book.register(
                    "m", recipe="", estimator=[mark], birth={}, author="l", at=AT,
                    renewal=renewal,
                )
                renewal = book.renewals("m")[-1]
            if renewal.state == "trained":
                renewal = promotion.step_renewal(book, renewal, "tested", tested=GATE)
            if renewal.state == "tested":
                promotion.propose(
                    book, "m", renewal.version, author="l", reason="r",
                    evidence=renewal.tested, at=AT, renewal=renewal,
                )
                renewal = book.renewals("m")[-1]
            if renewal.state == "proposed":
                promotion.promote_within(
                    book, "m", renewal.proposal, bounds=BOUNDS, action="retrain",
                    actor="l", at=AT + DAY, renewal=renewal,
                )

        outcomes, step = [], 0
        while True:
            step += 1
            here = place / str(step)
            shutil.copytree(place / "first", here)

            def child():
                mine = Registry(here / "registry.db")
                touch = dying_at(step)
                around(mine._engine.dialect, "do_commit", touch)
                disk = (os, "fsync"), (Path, "hardlink_to"), (Path, "unlink")
                for owner, name in disk:
                    around(owner, name, touch, after=name == "hardlink_to")
                drive(mine, "dead")

            status = ended(forked(child))
            book = Registry(here / "registry.db")
            last = book.renewals("m")[-1:]
            left = last[0].state if last else "nothing"
            assert book.verify_ledger() is None, step
            if left != "ended":
                drive(book, "alive")
            (renewal,) = book.renewals("m")
            versions = book.versions("m")
            assert renewal.outcome == "promoted", (step, renewal)
            assert [v.number for v in versions] == [1, 2], step
            assert book.roles("m")["production"].number == renewal.version == 2
            proposals = [p.status for p in book.proposals("m")]
            assert proposals == ["approved", "approved"], (step, proposals)
            moves = [row.move for row in book.ledger("m")]
            assert moves == ["register", "propose", "approve"] * 2, step
            assert book.verify_ledger() is None
            for version in versions:
                book.load(version)
            files = sorted(path.name for path in (here / "artefacts" / "m").iterdir())
            outcomes.append([left, files])
            shutil.rmtree(here)
            if not os.WIFSIGNALED(status):
                break
        print(json.dumps(outcomes))
        """,
    )
    assert isinstance(outcomes, list)
    steps = [left for left, _ in outcomes]
    assert len(steps) > 15
    order = ["nothing", "due", "decided", "trained", "tested", "proposed", "ended"]
    assert list(dict.fromkeys(steps)) == order
    # what was about to be registered when the process died is cleared away
    assert {tuple(files) for _, files in outcomes} == {("1.skops", "2.skops")}


DESK = """
    import numpy as np
    import pandas as pd

    import lifecycle
    import deltalake, pyarrow.dataset, sklearn.pipeline, threadpoolctl
    import cronsim, narwhals
    from lifecycle import training, workspace
    from lifecycle.workspace import chain, pages, renewing, view, watchmen

    from tests.calls import LIVE, RETRAIN, TURNED, WEEK, rows_of
    from tests.calls import SETTINGS as USUAL

    NOW = TURNED
    SETTINGS = USUAL + '''decide = "0 6 * * 1"

    [models.calls.promote]
    auto = true
    target = "production"
    '''

    def make():
        workspace.init(place / "desk")
        (place / "desk" / "lifecycle.toml").write_text(SETTINGS)
        ws = lifecycle.open(place / "desk")
        rows = pd.concat([rows_of(number) for number in range(-8, 10)])
        rows.loc[rows["time"] < LIVE, "prediction"] = np.nan
        ws.ingest("calls", "predictions", rows.drop(columns="outcome"), as_of=NOW)
        known = rows[["id", "time", "outcome"]].assign(time=rows["time"] + WEEK / 2)
        ws.ingest("calls", "outcomes", known, as_of=NOW)
        ws.train("calls", as_of=LIVE, by="Ana Silva")
        asked = ws.propose("calls", 1, reason="first", by="Ana Silva", as_of=LIVE)
        ws.approve("calls", asked.id, reason="go", by="Dana Weber", as_of=LIVE)

    # no log is read in this process: what reads it has threads, and a fork has none
    assert ended(forked(make)) == 0
"""


@pytest.fixture(scope="module")
def happened(told: Told, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What came of killing the driver between its steps, and of two drivers at once."""
    script = """
        def page(ws, notebook, name, **told):
            '''A page that runs no kernel.'''
            ws.registry.record_run(
                name, notebook, told["as_of"], slot=told["slot"], status="succeeded"
            )
            record = type("Record", (), {"summary": "Said.", "facts": RETRAIN})
            return type("Done", (), {"status": "succeeded", "record": record})

        pages.run = page
        SLOT = NOW + timedelta(hours=6)

        def tick(where, at):
            ws = lifecycle.open(where)
            wanted = chain.wanted(ws, "calls", at, alarmed=False)
            chain.go(ws, "calls", at, wanted, None, lambda tick: None)

        outcomes, step = [], 0
        while True:
            step += 1
            here = place / str(step)
            shutil.copytree(place / "desk", here)

            def child():
                touch = dying_at(step)
                for owner, name in (
                    (promotion, "begin_renewal"),
                    (slots, "take"),
                    (pages, "run"),
                    (promotion, "step_renewal"),
                    (training, "train"),
                    (Registry, "register"),
                    (renewing.gating, "evaluate"),
                    (promotion, "propose"),
                    (promotion, "promote_within"),
                ):
                    around(owner, name, touch, after=name.startswith("promote"))
                tick(here, SLOT)

            status = ended(forked(child))
            last = Registry(here / "registry.db").renewals("calls")[-1:]
            left = last[0].state if last else "nothing"
            assert ended(forked(lambda: tick(here, SLOT + timedelta(hours=1)))) == 0
            book = Registry(here / "registry.db")
            assert book.verify_ledger() is None
            done = book.renewals("calls")
            assert [each.outcome for each in done[:-1]] in ([], ["overtaken"]), done
            assert done[-1].outcome == "promoted", (step, left, done)
            assert [v.number for v in book.versions("calls")] == [1, 2], step
            assert book.roles("calls")["production"].number == 2
            assert len(book.proposals("calls")) == 2
            files = sorted(p.name for p in (here / "artefacts" / "calls").iterdir())
            assert files == ["1.skops", "2.skops"], (step, files)
            outcomes.append(left)
            shutil.rmtree(here)
            if not os.WIFSIGNALED(status):
                break

        where = place / "desk"
        begun, go_on = os.pipe(), os.pipe()

        def renew(ask):
            ws = lifecycle.open(where)
            renewing.renew(ws, "calls", why="alert", as_of=NOW, ask=ask)

        def slow(at):
            os.write(begun[1], b"x")
            os.read(go_on[0], 1)
            return RETRAIN

        one = forked(lambda: renew(slow))
        os.read(begun[0], 1)

        def other():
            try:
                renew(lambda at: RETRAIN)
            except errors.AlreadyRunning as error:
                (place / "said").write_text(str(error))
                return 7

        assert os.waitstatus_to_exitcode(ended(forked(other))) == 7
        os.write(go_on[1], b"x")
        assert ended(one) == 0
        book = Registry(where / "registry.db")
        (done,) = book.renewals("calls")
        assert (done.outcome, len(book.versions("calls"))) == ("promoted", 2)
        said = (place / "said").read_text()
        print(json.dumps({"outcomes": outcomes, "said": said, "pid": one}))
    """
    found = told(tmp_path_factory.mktemp("driver"), dedent(DESK) + dedent(script))
    assert isinstance(found, dict)
    return found


def test_killed_between_any_two_steps_the_next_tick_gets_to_the_end(
    happened: dict[str, Any],
) -> None:
    """The driver itself: pages, training, gate, proposal, and live within bounds."""
    outcomes = happened["outcomes"]
    order = ["nothing", "due", "decided", "trained", "tested", "proposed", "ended"]
    assert list(dict.fromkeys(outcomes)) == order
    assert len(outcomes) == 12


def test_of_two_processes_one_renews_and_the_other_says_so(
    happened: dict[str, Any],
) -> None:
    assert happened["said"] == (
        f"calls is being renewed by process {happened['pid']} on {platform.node()} "
        "(renewal 1, due, as of 2024-05-13); wait until it has ended"
    )
