"""What was told is in the log once, whoever is killed where and whatever is full."""

from __future__ import annotations

from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pandas as pd
import pytest

from lifecycle import logs, promotion, routing
from lifecycle.workspace import health, shadows, spooled
from lifecycle.workspace.router import Router
from tests.router_desk import (
    AT,
    KILLED,
    MODEL,
    Nursery,
    Stub,
    desk,
    one,
    put,
    release,
    rows,
)


@pytest.fixture
def ws(tmp_path):
    return desk(tmp_path)


def logged(ws) -> list[str]:
    return sorted(ws.logs(MODEL).predictions(columns=["id"])["id"])


def waiting(ws):
    return logs.waiting(spooled.folder(ws, MODEL))


@pytest.fixture(scope="module")
def nursery():
    made = Nursery()
    yield made
    made.close()


def test_a_killed_process_loses_nothing_that_was_flushed(ws, nursery):
    body = """
        router = Router(ws, MODEL, write_every=3600)
        router.predict(rows(200))
        for k in range(20):
            router.predict_one(one(f"single {k}"))
        router.flush()
        router.predict_one(one("not flushed"))
        die()
    """
    assert nursery.run(ws, body) == KILLED
    assert ws.logs(MODEL).count("predictions") == 0
    done = spooled.settle(ws, MODEL, at=AT)
    assert (done.rows_new, done.rows_same, done.troubles) == (220, 0, ())
    assert waiting(ws) == []
    assert spooled.settle(ws, MODEL, at=AT) == spooled.Settled()


def test_a_killed_process_loses_nothing_durable(ws, nursery):
    body = """
        router = Router(ws, MODEL, durable=True, write_every=3600)
        assert router.predict_one(one()).logged is True
        assert router.predict(rows(5)).logged is True
        die()
    """
    assert nursery.run(ws, body) == KILLED
    assert spooled.settle(ws, MODEL, at=AT).rows_new == 6


def test_killed_between_the_commit_and_the_spool_the_log_has_each_row_once(ws, nursery):
    body = """
        router = Router(ws, MODEL, background=False)
        router.predict(rows(100))
        logs.Segment.drop = lambda self: die()
        router.settle()
    """
    assert nursery.run(ws, body) == KILLED
    assert len(logged(ws)) == 100
    assert len(waiting(ws)) == 1
    with Router(ws, MODEL, background=False) as router:  # the next one takes it in
        router.predict(rows(50, first=100))
        done = router.settle()
    assert (done.rows_new, done.rows_same, done.rows_otherwise) == (50, 100, 0)
    assert logged(ws) == rows(150)["id"].tolist()


def test_killed_before_the_commit_nothing_is_lost(ws, nursery):
    body = """
        from lifecycle.logs import store
        router = Router(ws, MODEL, background=False)
        router.predict(rows(100))
        store.Store.append = lambda self, rows: die()
        router.settle()
    """
    assert nursery.run(ws, body) == KILLED
    assert spooled.settle(ws, MODEL, at=AT).rows_new == 100
    assert logged(ws) == rows(100)["id"].tolist()


def test_several_processes_settle_at_once_and_each_row_is_there_once(ws, nursery):
    folder = spooled.folder(ws, MODEL)
    for part in range(6):
        router = Router(ws, MODEL, background=False)
        router.predict(rows(40, first=40 * part))
        router.flush()
        router._recorder.seal()
    assert len(logs.waiting(folder)) == 6
    body = """
        children = []
        for k in range(3):
            pid = os.fork()
            if not pid:
                done = spooled.settle(ws, MODEL, at=ws.moment())
                os._exit(len(done.troubles))
            children.append(pid)
        assert [os.waitpid(pid, 0)[1] for pid in children] == [0, 0, 0]
    """
    assert nursery.run(ws, body) == 0
    assert waiting(ws) == []
    assert logged(ws) == rows(240)["id"].tolist()


def test_a_segment_that_is_being_written_is_left_to_its_router(ws):
    with Router(ws, MODEL, background=False) as router:
        router.predict(rows(3))
        router.flush()
        assert spooled.settle(ws, MODEL, at=AT) == spooled.Settled()
        assert len(waiting(ws)) == 1
    assert len(logged(ws)) == 3


def test_a_torn_end_of_a_segment_is_not_read(ws):
    with Router(ws, MODEL, background=False) as router:
        router.predict(rows(3))
        router.flush()
        router.predict(rows(3, first=3))
        router.flush()
        router._recorder.seal()
        path = waiting(ws)[0]
        path.write_bytes(path.read_bytes()[:-7])
        assert router.settle().rows_new == 3
    assert logged(ws) == rows(3)["id"].tolist()


def test_of_an_id_that_is_told_twice_the_log_keeps_the_first(ws):
    with Router(ws, MODEL, background=False) as router:
        first = router.predict_one(one("7", visits=1.0))
        other = router.predict_one(one("7", visits=9.0))
        router.predict_one(one("7", visits=1.0))
        done = router.settle()
        assert (done.rows_new, done.rows_same, done.rows_otherwise) == (1, 1, 1)
        router.predict_one(one("7", visits=5.0))
        assert router.settle().rows_otherwise == 1
    assert first.score != other.score
    assert ws.logs(MODEL).predictions()["score"].tolist() == [first.score]


def test_the_log_has_what_came_in_and_what_was_said(ws):
    frame = rows(20).assign(unasked=1.0)
    frame.loc[3, "visits"] = np.nan
    frame.loc[4, "plan"] = None
    with Router(ws, MODEL, background=False) as router:
        found = router.predict(frame)
        row = router.predict_one(one("x", plan="\ud800", pages=None, visits=3))
        router.settle()
    held = ws.logs(MODEL).predictions().set_index("id")
    told = held.loc[frame["id"]]
    np.testing.assert_array_equal(told["score"], found.scores)
    np.testing.assert_array_equal(told["prediction"], found.predictions)
    np.testing.assert_array_equal(told["visits"], frame["visits"])
    assert told["plan"].isna().tolist() == frame["plan"].isna().tolist()
    assert set(told["version"]) == {"1"}
    assert "unasked" not in held
    assert held.loc["x", "score"] == row.score
    assert (held.loc["x", "plan"], held.loc["x", "visits"]) == ("?", 3.0)
    assert np.isnan(held.loc["x", "pages"])


def test_what_the_caller_does_with_its_rows_later_is_not_logged(ws):
    frame, row = rows(20), one("x")
    visits = frame["visits"].tolist()
    with Router(ws, MODEL, background=False) as router:
        router.predict(frame)
        router.predict_one(row)
        frame["visits"] = -1.0
        row["visits"] = -1.0
        router.settle()
    held = ws.logs(MODEL).predictions().set_index("id")["visits"]
    assert held.loc[rows(20)["id"]].tolist() == visits
    assert held["x"] == 4.0


def test_sixteen_threads_lose_nothing_and_double_nothing(ws):
    with Router(ws, MODEL, write_every=0.01, settle_every=0.2) as router:

        def work(k):
            for at in range(25):
                router.predict_one(one(f"{k}-{at}"))
            return router.predict(rows(40, first=40 * k)).ids

        with ThreadPoolExecutor(16) as pool:
            asked = [each for ids in pool.map(work, range(16)) for each in ids]
    found = Counter(logged(ws))
    assert set(found.values()) == {1}
    assert len(found) == 16 * 65
    assert set(asked) <= set(found)


def test_a_forked_child_has_a_queue_and_a_spool_of_its_own(ws, nursery):
    body = """
        router = Router(ws, MODEL, write_every=3600)
        router.predict(rows(30))                 # waits in the parent's queue
        children = []
        for k in range(3):
            pid = os.fork()
            if not pid:
                router.predict(rows(10, first=100 * (k + 1)))
                router.predict_one(one(f"child {k}"))
                router.flush()
                os._exit(0)
            children.append(pid)
        assert [os.waitpid(pid, 0)[1] for pid in children] == [0, 0, 0]
        router.close()
    """
    assert nursery.run(ws, body) == 0
    wanted = [
        each
        for part in (rows(30), *(rows(10, first=100 * k) for k in (1, 2, 3)))
        for each in part["id"]
    ]
    assert logged(ws) == sorted([*wanted, "child 0", "child 1", "child 2"])


def test_a_child_of_a_process_that_settled_leaves_its_spool_to_others(ws, nursery):
    body = """
        router = Router(ws, MODEL, background=False)
        router.predict_one(one("parent"))
        router.settle()
        pid = os.fork()
        if not pid:
            router.predict_one(one("child"))
            done = router.settle()
            os._exit(0 if "was forked" in done.troubles[0] else 1)
        assert os.waitpid(pid, 0)[1] == 0
        router.settle()
    """
    assert nursery.run(ws, body) == 0
    assert logged(ws) == ["child", "parent"]


def test_at_the_end_of_a_process_what_was_told_is_flushed(ws, nursery):
    body = """
        both = [Router(ws, MODEL, write_every=3600) for _ in range(2)]
        for number, router in enumerate(both):
            router.predict(rows(7, first=10 * number))
        place = ws.directory / "lifecycle.toml"
        place.rename(place.with_suffix(".away"))  # somebody is about to mend it
    """
    assert nursery.run(ws, body) == 0
    place = ws.directory / "lifecycle.toml"
    place.with_suffix(".away").rename(place)
    assert spooled.settle(ws, MODEL, at=AT).rows_new == 14


def test_rows_that_the_log_refuses_are_set_aside_and_told(ws):
    history = rows(5, first=900).assign(time=pd.Timestamp(AT), visits="many")
    ws.logs(MODEL).append("predictions", history)
    with Router(ws, MODEL, background=False) as router:
        router.predict(rows(3))
        done = router.settle()
        assert done.rows_refused == 3
        assert "visits" in done.troubles[0]
        assert ws.alerts(MODEL)[0].rule == "serving"
        assert waiting(ws) == []
        assert len(list(spooled.folder(ws, MODEL).glob("*.refused"))) == 1


def in_shadow(monkeypatch, ws, number):
    from lifecycle.registry import Role

    roles = type(ws.registry).roles

    def with_shadow(self, model):
        return {**roles(self, model), "shadow": Role(number, 0.0)}

    monkeypatch.setattr(type(ws.registry), "roles", with_shadow)


def test_a_version_in_shadow_scores_everything_and_serves_nothing(ws, monkeypatch):
    in_shadow(monkeypatch, ws, 2)
    version = ws.registry.version(MODEL, 2)
    with Router(ws, MODEL, background=False) as router:
        found = router.predict(rows(60))
        assert set(found.roles) == {"production"}
        assert router.settle().shadowed == 60
        assert router.health().total("2", role="shadow").rows == 60
    folder = ws.directory / ".lifecycle" / "shadows" / MODEL
    assert [path.name.split("-")[0] for path in folder.iterdir()] == ["2"]
    wanted = ws.registry.load(version).predict_proba(
        rows(60)[["visits", "pages", "plan"]].astype({"plan": object})
    )[:, 1]
    kept = shadows.scores(ws, MODEL, version, rows(60))
    np.testing.assert_allclose(kept, wanted, rtol=1e-12)


def test_a_shadow_that_raises_keeps_no_row_from_the_log_and_is_counted(ws, monkeypatch):
    in_shadow(monkeypatch, ws, 2)

    def ill(*_given):
        raise RuntimeError("ill")

    monkeypatch.setattr(shadows, "scores", ill)
    with Router(ws, MODEL, background=False) as router:
        router.predict(rows(6))
        done = router.settle()
        assert (done.rows_new, done.shadowed) == (6, 0)
    told = health.read(ws, MODEL).total("2", role="shadow")
    assert (told.rows, told.errors) == (6, 6)


def test_counts_of_several_processes_add_up(ws):
    for seed in range(2):
        with Router(ws, MODEL, background=False) as router:
            router.predict(rows(10, seed=seed))
            put(router, "production", Stub(lambda n: 0.5))
            router.predict_one(one(f"{seed}"))
    told = health.read(ws, MODEL).total("1")
    assert (told.requests, told.rows) == (4, 22)
    assert isinstance(health.read(ws, MODEL), routing.Health)
    (ws.directory / "logs" / MODEL / "health" / "2024050607-x.json").write_text("{")
    assert health.read(ws, MODEL).total("1").rows == 22
    assert health.read(ws, MODEL, end=AT).total().rows == 0


def test_while_roles_change_each_answer_is_logged_once_as_it_was_given(ws):
    with Router(ws, MODEL, write_every=0.01, poll_every=3600) as router:

        def work(k):
            parts = (rows(10, first=1000 * k + 10 * at) for at in range(15))
            return pd.concat([router.predict(part).frame() for part in parts])

        with ThreadPoolExecutor(4) as pool:
            asked = [pool.submit(work, k) for k in range(4)]
            release(ws, 2, share=0.5)
            assert router.poll()
            release(ws, 2)
            assert router.poll()
            promotion.roll_back(ws.registry, MODEL, actor="bo", reason="r", at=AT)
            assert router.poll()
            told = pd.concat([each.result(60) for each in asked])
    kept = ws.logs(MODEL).predictions().set_index("id")
    assert sorted(kept.index) == sorted(told["id"])
    wanted = told.set_index("id")[["version", "role", "score"]]
    assert kept.loc[wanted.index, ["version", "role"]].to_numpy().tolist() == (
        wanted[["version", "role"]].to_numpy().tolist()
    )
    np.testing.assert_array_equal(kept.loc[wanted.index, "score"], wanted["score"])


def test_a_forked_child_of_a_trial_asks_the_version_on_trial(ws, nursery):
    release(ws, 2, share=0.999999999)
    body = """
        router = Router(ws, MODEL, time_limit=60.0, background=False)
        assert router.predict_one(one("parent")).role == "experimental"
        pid = os.fork()
        if not pid:
            found = {router.predict_one(one("child")).role}
            found |= set(router.predict(rows(20)).roles)
            router.flush()
            os._exit(0 if found == {"experimental"} else 1)
        assert os.waitpid(pid, 0)[1] == 0
        router.close()
    """
    assert nursery.run(ws, body) == 0
    assert logged(ws) == sorted(["child", *rows(20)["id"], "parent"])
