"""A door on a port: who is slow is let go, who is killed has lost nothing."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import threading
from contextlib import contextmanager
from http.client import HTTPConnection, HTTPException
from urllib.parse import urlsplit

import pytest

import lifecycle
from lifecycle import errors, server
from tests import door_desk
from tests.door_desk import MODEL, NOW, desk

FEEDBACK = f"/models/{MODEL}/feedback"
SETTINGS = "[server]\nport = 0\nread_seconds = 1.0\nbody_kb = 64\nland_seconds = 0.2\n"


@contextmanager
def opened(ws):
    """A door in a process of its own; its address, and the process."""
    words = ["-m", "lifecycle", "--workspace", str(ws.directory), "serve"]
    process = subprocess.Popen(
        [sys.executable, *words],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
    )
    try:
        line = process.stdout.readline()
        if "http" not in line:
            raise AssertionError(process.communicate(timeout=20)[1])
        yield urlsplit(line.split()[-1]), process
    finally:
        process.kill()
        process.communicate()


@pytest.fixture(scope="module")
def ws(tmp_path_factory):
    return desk(tmp_path_factory.mktemp("live"), SETTINGS)


@pytest.fixture(scope="module")
def key(ws):
    return door_desk.token(ws)


@pytest.fixture(scope="module")
def door(ws, key):
    with opened(ws) as made:
        yield made


def row(n, who="a"):
    return {
        "feedback_id": f"{who}-{n}",
        "id": f"i{n}",
        "kind": "flag",
        "time": "2026-03-01T10:00:00Z",
    }


def post(connection, key, told, path=FEEDBACK):
    headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}
    connection.request("POST", path, json.dumps(told), headers)
    answer = connection.getresponse()
    return answer.status, answer.read()


def raw(place, data, *, more=()):
    """What is answered to bytes; until the other side closes."""
    with socket.create_connection((place.hostname, place.port), timeout=30) as line:
        line.sendall(data)
        for each in more:
            line.sendall(each)
        found = b""
        while part := line.recv(65536):
            found += part
    return found


HEAD = (
    f"POST {FEEDBACK} HTTP/1.1\r\nHost: door\r\nAuthorization: Bearer %s\r\n"
    "Content-Type: application/json\r\nContent-Length: %d\r\n\r\n"
)


@pytest.mark.parametrize(
    "sent", [b"", b"POST / HTT", b"POST / HTTP/1.1\r\nHost: d\r\n"]
)
def test_who_does_not_end_its_headers_is_let_go_with_408(door, sent):
    found = raw(door[0], sent)
    assert found.startswith(b"HTTP/1.1 408 ")
    assert b"application/problem+json" in found


def test_who_does_not_end_its_body_is_let_go_with_408(door, key):
    found = raw(door[0], (HEAD % (key, 100)).encode() + b'{"id":')
    assert found.startswith(b"HTTP/1.1 408 ")
    assert b"the body had not come after 1 s" in found


def test_a_body_that_is_too_large_is_not_waited_for(door, key):
    found = raw(door[0], (HEAD % (key, 10**9)).encode())
    assert found.startswith(b"HTTP/1.1 413 ")


def test_a_body_without_a_length_is_counted_as_it_comes(door, key):
    head = (HEAD % (key, 0)).replace("Content-Length: 0", "Transfer-Encoding: chunked")
    part = b"4000\r\n" + b" " * 0x4000 + b"\r\n"
    found = raw(door[0], head.encode(), more=[part] * 5)
    assert found.startswith(b"HTTP/1.1 413 ")


@pytest.mark.parametrize(
    "sent",
    [
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc",
        b"GET / HTTP/9\r\n\r\n",
        b"GET /health HTTP/1.1\r\nHost: a\r\nContent-Length: x\r\n\r\n",
        b"GET / HTTP/1.1\r\nA: " + b"a" * 70_000,
    ],
)
def test_what_is_no_http_is_400(door, sent):
    assert raw(door[0], sent).startswith((b"HTTP/1.1 400 ", b"HTTP/1.1 431 "))


def test_kept_connections_take_one_request_after_another(ws, door, key):
    line = HTTPConnection(door[0].hostname, door[0].port, timeout=30)
    assert [post(line, key, row(n, "kept"))[0] for n in range(20)] == [202] * 20
    status, _ = post(line, "lcw_0a_wrong", row(1))
    assert status == 401
    assert post(line, key, row(21, "kept"))[0] == 202
    line.close()


def test_killed_under_load_nothing_that_was_acknowledged_is_lost(tmp_path):
    made = desk(tmp_path, SETTINGS)
    key = door_desk.token(made)
    acked: list[str] = []
    wanted = [0]
    enough = threading.Event()

    def load(place, who):
        line = HTTPConnection(place.hostname, place.port, timeout=30)
        try:
            for n in range(100_000):
                told = [row(f"{n}-{k}", who) for k in range(3)]
                if post(line, key, told)[0] == 202:
                    acked.extend(f"crm:{each['feedback_id']}" for each in told)
                if len(acked) > wanted[0]:
                    enough.set()
        except (OSError, HTTPException):
            return
        finally:
            line.close()

    for turn in range(2):
        enough.clear()
        acked_before = len(acked)
        wanted[0] = acked_before + 100
        with opened(made) as (place, process):
            hands = [
                threading.Thread(target=load, args=(place, f"t{turn}-{n}"))
                for n in range(6)
            ]
            for hand in hands:
                hand.start()
            assert enough.wait(60)
            process.send_signal(signal.SIGKILL)
            for hand in hands:
                hand.join()
        assert len(acked) > acked_before
    server.land(made)
    held = made.logs(MODEL).feedback()["feedback_id"]
    assert held.is_unique
    assert set(acked) <= set(held)


def test_told_to_end_it_brings_everything_to_the_log(ws, key):
    with opened(ws) as (place, process):
        line = HTTPConnection(place.hostname, place.port, timeout=30)
        assert post(line, key, row(1, "end"))[0] == 202
        line.close()
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=60) in (0, -signal.SIGTERM)
        assert process.stderr.read() == ""
    assert "crm:end-1" in set(ws.logs(MODEL).feedback()["feedback_id"])


def test_a_port_that_is_taken_is_said(ws, door):
    with pytest.raises(errors.LifecycleError, match=r"cannot listen on 127.0.0.1:\d+"):
        server.serve(
            lifecycle.open(ws.directory),
            host=door[0].hostname,
            port=door[0].port,
            now=lambda: NOW,
        )
