"""A disk that is full or slow: who waits, who is not logged, and who is told."""

from __future__ import annotations

import errno
import os
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from lifecycle import alerts, errors
from lifecycle.logs import spool as spools
from lifecycle.workspace.router import Router
from tests.router_desk import MODEL, desk, one, rows


@pytest.fixture
def ws(tmp_path):
    return desk(tmp_path)


def logged(ws) -> list[str]:
    return sorted(ws.logs(MODEL).predictions(columns=["id"])["id"])


class Full:
    """A disk that is full, or is not."""

    def __init__(self, monkeypatch):
        self.is_full = False
        write = spools._write

        def wrote(descriptor, data):
            if self.is_full:
                os.write(descriptor, data[: len(data) // 2])
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            write(descriptor, data)

        monkeypatch.setattr(spools, "_write", wrote)


@pytest.fixture
def disk(monkeypatch):
    return Full(monkeypatch)


def test_on_a_full_disk_it_serves_without_logging_and_says_so(ws, disk):
    with Router(ws, MODEL, background=False, queue_rows=30) as router:
        router.predict_one(one("before"))
        router.flush()
        disk.is_full = True
        assert len(router.predict(rows(20))) == 20
        with pytest.raises(errors.LifecycleError, match=r"20 predictions .*No space"):
            router.flush()
        assert len(router.predict(rows(20, first=20))) == 20  # no room to wait in
        assert router.unlogged == 20
        assert "20 predictions were answered and not logged" in router.troubles[0]
        router.settle()
        (alert,) = ws.alerts(MODEL)
        assert (alert.rule, alert.severity) == ("serving", "critical")
        assert "No space left" in alert.sentence
        disk.is_full = False
        router.flush()
        router.settle()
        assert ws.alerts(MODEL) == []
    assert logged(ws) == sorted(["before", *rows(20)["id"]])


def test_a_durable_request_does_not_wait_for_space(ws, disk):
    disk.is_full = True
    router = Router(ws, MODEL, durable=True, patience=3600)
    assert router.predict_one(one()).logged is False
    disk.is_full = False
    router.close()
    assert logged(ws) == ["i1"]


def test_rows_that_never_reach_the_disk_are_told_when_it_closes(ws, disk):
    router = Router(ws, MODEL, background=False)
    router.predict(rows(3))
    disk.is_full = True
    with pytest.raises(errors.LifecycleError, match="3 predictions are not"):
        router.close()


def test_where_the_queue_is_full_requests_wait_for_room(ws, monkeypatch):
    hold, write = threading.Event(), spools._write

    def slowly(descriptor, data):
        assert hold.wait(60)
        write(descriptor, data)

    monkeypatch.setattr(spools, "_write", slowly)
    with Router(ws, MODEL, queue_rows=10, patience=60.0) as router:
        router.predict(rows(10))
        with ThreadPoolExecutor(1) as pool:
            late = pool.submit(router.predict, rows(10, first=10))
            assert not late.done()
            hold.set()
            late.result(60)
        assert router.unlogged == 0
    assert logged(ws) == rows(20)["id"].tolist()


def test_who_waited_long_enough_is_answered_and_not_logged(ws, monkeypatch):
    hold, write = threading.Event(), spools._write

    def slowly(descriptor, data):
        assert hold.wait(60)
        write(descriptor, data)

    monkeypatch.setattr(spools, "_write", slowly)
    with Router(ws, MODEL, queue_rows=10, patience=0.001) as router:
        router.predict(rows(10))
        found = router.predict(rows(10, first=10))
        assert (len(found), found.logged, router.unlogged) == (10, False, 10)
        hold.set()
    assert logged(ws) == rows(10)["id"].tolist()


def test_the_settled_alert_is_told_once(ws, disk):
    with Router(ws, MODEL, background=False) as router:
        disk.is_full = True
        router.predict(rows(2))
        for _ in range(3):
            router.settle()
        assert len(alerts.history(ws.registry, MODEL)) == 1
        disk.is_full = False


class Ill:
    """A beat that raises, or goes well, and says when it was done."""

    def __init__(self, told: BaseException) -> None:
        self.told: BaseException | None = told
        self.done = threading.Semaphore(0)

    def __call__(self, *_given) -> bool:
        self.done.release()
        if self.told is not None:
            raise self.told
        return False

    def twice(self) -> None:
        """Come back when it was begun again, and so was over once before."""
        while self.done.acquire(blocking=False):
            pass
        for _ in range(2):
            assert self.done.acquire(timeout=60)


@pytest.mark.parametrize("told", [KeyError("a\nb"), OSError(5, "ill")])
def test_a_beat_that_raises_is_told_and_done_again(ws, monkeypatch, told):
    poll = Ill(told)
    monkeypatch.setattr(Router, "poll", poll)
    with Router(ws, MODEL, poll_every=0.001) as router:
        router.predict_one(one())
        poll.twice()
        (words,) = router.troubles
        assert words.startswith(f"looking at the book failed ({type(told).__name__}")
        assert "\n" not in words
        router.settle()
        (alert,) = ws.alerts(MODEL)
        assert "looking at the book failed" in alert.sentence
        poll.told = None
        poll.twice()
        poll.twice()
        assert router.troubles == ()
        router.settle()
        assert ws.alerts(MODEL) == []


def test_a_settlement_that_raises_ends_no_other_beat(ws, monkeypatch):
    settle = Ill(ValueError("ill"))
    with Router(ws, MODEL, settle_every=0.001, write_every=0.001) as router:
        router._beats._settle = settle
        router.predict_one(one())
        settle.twice()
        assert "settling the spool failed (ValueError: ill)" in router.troubles[0]
        router.flush()
        assert router.predict_one(one("other")).score > 0
    assert logged(ws) == ["i1", "other"]
