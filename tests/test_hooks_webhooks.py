"""A receiver in the next process: what is signed, what its answers mean, and TLS."""

from __future__ import annotations

import hashlib
import hmac
import json
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from textwrap import wrap

import pytest

from lifecycle import hooks
from lifecycle.hooks import NotTaken, Webhook

AT = datetime(2023, 5, 1, 12, tzinfo=UTC)
SECRET = "a secret of some weight"
NEWS = hooks.News({"delivery": "d1", "model": "leads", "move": "approve", "seq": 7})

# a certificate for localhost that nobody has signed, and its key
KEY = (
    "MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQg3NNKeIYW3mdXUkyuFcGHghWg"
    "tpHn3bi3JMOo3ZK4x6ehRANCAARor8auPFx2RkWQ7VPzaUFcD8QTseRAwbIrtYEXfpAI6hHw"
    "jQIafKfxmCKUbKV2BiKAnWcKkuxhFc4snN6SWx9f"
)
CERTIFICATE = (
    "MIIBmzCCAUGgAwIBAgIUAm1xGq5H36j3qwR8IaxvD9RWkzQwCgYIKoZIzj0EAwIwFDESMBAG"
    "A1UEAwwJbG9jYWxob3N0MCAXDTI2MTEyNTA4MDM1N1oYDzIxMjYxMTAxMDgwMzU3WjAUMRIw"
    "EAYDVQQDDAlsb2NhbGhvc3QwWTATBgcqhkjOPQIBBggqhkjOPQMBBwNCAARor8auPFx2RkWQ"
    "7VPzaUFcD8QTseRAwbIrtYEXfpAI6hHwjQIafKfxmCKUbKV2BiKAnWcKkuxhFc4snN6SWx9f"
    "o28wbTAdBgNVHQ4EFgQUrJmmTmVimLPvnus7USM1Ztz70YAwHwYDVR0jBBgwFoAUrJmmTmVi"
    "mLPvnus7USM1Ztz70YAwDwYDVR0TAQH/BAUwAwEB/zAaBgNVHREEEzARgglsb2NhbGhvc3SH"
    "BH8AAAEwCgYIKoZIzj0EAwIDSAAwRQIhAPuj7KAgUse5ofnskFMXX84/Hy+u52MEnVBStuRo"
    "0gGeAiB+uP9BXD1gxyDwry9mg3ozyN2KsDQw6pQYPWL4WX0sKA=="
)


def pem(kind: str, text: str) -> str:
    lines = "\n".join(wrap(text, 64))
    return f"-----BEGIN {kind}-----\n{lines}\n-----END {kind}-----\n"


@dataclass
class Answer:
    """What the receiver answers."""

    status: int = 200
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)
    act: Callable[[BaseHTTPRequestHandler], None] | None = None


@dataclass
class Server:
    """A web server on this machine that keeps what came."""

    url: str
    answers: list[Answer] = field(default_factory=list)
    came: list[tuple[str, str, dict[str, str], bytes]] = field(default_factory=list)

    def hook(self, **told: object) -> Webhook:
        return Webhook(self.url, **{"secret": SECRET, "timeout": 5.0, **told})

    def send(self, *answers: Answer, **told: object) -> NotTaken | None:
        self.answers = list(answers)
        try:
            self.hook(**told).send(NEWS, at=AT)
        except NotTaken as error:
            return error
        return None


@contextmanager
def serving(context: ssl.SSLContext | None = None) -> Iterator[Server]:
    found = Server("")

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            found.came.append((self.command, self.path, dict(self.headers), body))
            told = found.answers.pop(0) if found.answers else Answer()
            if told.act is not None:
                told.act(self)
                return
            self.send_response(told.status)
            for name, value in told.headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(told.body)))
            self.end_headers()
            self.wfile.write(told.body)

        do_GET = do_POST

        def log_message(self, *words: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    if context is not None:
        server.socket = context.wrap_socket(server.socket, server_side=True)
    server.handle_error = lambda *_: None  # type: ignore[method-assign]
    found.url = f"{'https' if context else 'http'}://localhost:{server.server_port}/in"
    thread = threading.Thread(
        target=server.serve_forever, kwargs={"poll_interval": 0.01}
    )
    thread.start()
    try:
        yield found
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    for name in ("http_proxy", "HTTP_PROXY", "https_proxy", "HTTPS_PROXY"):
        monkeypatch.delenv(name, raising=False)
    with serving() as found:
        yield found


# -- what is signed ------------------------------------------------------------------


def receive(header: str, raw: bytes, seen: set[str], *, now: float) -> int:
    """The receiver as the docstring tells it, with secrets by their key."""
    parts = dict(each.split("=", 1) for each in header.split(","))
    secret = {"1": SECRET, "2": "another of some weight"}[parts["k"]]
    code = hmac.new(
        secret.encode(), parts["t"].encode() + b"." + raw, hashlib.sha256
    ).hexdigest()
    if not hmac.compare_digest(code, parts["v1"]) or abs(now - int(parts["t"])) > 300:
        return 401
    told = json.loads(raw)
    if told["delivery"] in seen:
        return 200
    seen.add(told["delivery"])
    return 201


def test_a_move_is_posted_once_and_its_signature_holds(server):
    assert server.send() is None
    ((method, path, headers, body),) = server.came
    assert (method, path, body) == ("POST", "/in", NEWS.body)
    assert headers["Content-Type"] == "application/json"
    assert headers["X-Lifecycle-Delivery"] == "d1"
    signed, now, seen = headers["X-Lifecycle-Signature"], AT.timestamp(), set()
    assert receive(signed, body, seen, now=now) == 201
    assert receive(signed, body, seen, now=now + 299) == 200  # played again: dropped
    assert receive(signed, body, set(), now=now + 301) == 401
    assert receive(signed, body + b" ", set(), now=now) == 401
    later = signed.replace(f"t={int(now)}", f"t={int(now) + 200}")
    assert receive(later, body, set(), now=now + 200) == 401


def test_the_key_says_which_secret_it_was(server):
    assert server.send(key="2", secret="another of some weight") is None
    ((_, _, headers, body),) = server.came
    signed = headers["X-Lifecycle-Signature"]
    assert ",k=2," in signed
    assert receive(signed, body, set(), now=AT.timestamp()) == 201


def test_a_secret_that_can_be_guessed_signs_nothing(server):
    assert "shorter than 16 characters" in str(server.send(secret="hunter2"))
    assert server.came == []


def test_a_ping_is_signed_and_changes_nothing(server):
    assert server.hook().test(at=AT) == "localhost took a ping"
    ((_, _, headers, body),) = server.came
    told = json.loads(body)
    assert told["move"] == "ping"
    assert not {"model", "seq", "after"} & set(told)
    assert receive(headers["X-Lifecycle-Signature"], body, set(), now=AT.timestamp())
    server.answers = [Answer(500)]
    with pytest.raises(NotTaken, match="status 500"):
        server.hook().test(at=AT)


# -- what an answer means --------------------------------------------------------------


@pytest.mark.parametrize("status", [200, 201, 202, 204])
def test_two_hundreds_are_taken(server, status):
    assert server.send(Answer(status)) is None


@pytest.mark.parametrize("status", [400, 401, 404, 409, 429, 500, 502, 503])
def test_anything_else_is_tried_again(server, status):
    told = server.send(Answer(status, b"what\n\x1b[31m <b>now</b>"))
    assert str(told) == f"localhost answered with status {status}: what [31m <b>now</b>"
    assert not told.gone
    assert told.later is None


def test_gone_is_never_tried_again(server):
    told = server.send(Answer(410))
    assert str(told) == "localhost answered with status 410"
    assert told.gone


@pytest.mark.parametrize(
    ("asked", "later"),
    [
        ("90", timedelta(seconds=90)),
        (format_datetime(AT + timedelta(minutes=7), usegmt=True), timedelta(minutes=7)),
        (format_datetime(AT - timedelta(minutes=7), usegmt=True), timedelta(0)),
        ("9" * 300, timedelta(hours=12)),
        ("-5", None),
        ("soon", None),
        ("", None),
    ],
)
def test_a_busy_receiver_says_how_long_it_wants_to_be_left_alone(server, asked, later):
    told = server.send(Answer(503, headers={"Retry-After": asked}))
    assert told.later == later


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_not_followed(server, status):
    with serving() as other:
        told = server.send(Answer(status, headers={"Location": other.url}))
        assert "a redirect, which is not followed" in str(told)
        assert other.came == []
    assert len(server.came) == 1


def test_what_a_receiver_says_is_cut_and_repeats_no_secret(server):
    said = f"{SECRET} token=abc123 {server.url} " + "x" * 5000
    told = str(server.send(Answer(500, said.encode()[:900])))
    assert SECRET not in told
    assert len(told) < 400
    echoed = f"you sent {SECRET} and password: hunter2 Authorization: Bearer ey.J0"
    told = str(server.send(Answer(400, echoed.encode())))
    for secret in (SECRET, "hunter2", "ey.J0"):
        assert secret not in told


# -- receivers that do not answer -----------------------------------------------------


def hangs(over: threading.Event) -> Callable[[BaseHTTPRequestHandler], None]:
    return lambda _: over.wait() and None


def drips(over: threading.Event) -> Callable[[BaseHTTPRequestHandler], None]:
    def act(handler: BaseHTTPRequestHandler) -> None:
        with suppress(OSError):
            handler.wfile.write(b"HTTP/1.1 200 OK\r\n")
            while not over.wait(0.05):
                handler.wfile.write(b"X-More: 1\r\n")

    return act


@pytest.mark.parametrize("kind", [hangs, drips])
def test_a_receiver_that_does_not_come_to_an_end_is_cut_off(server, kind):
    over = threading.Event()
    told = server.send(Answer(act=kind(over)), timeout=0.3)
    over.set()  # had it not been cut off, nobody would have come here
    assert str(told) == "localhost did not answer within 0.3 seconds"


def test_one_that_hangs_up_or_is_not_there_is_tried_again(server):
    told = server.send(Answer(act=lambda handler: handler.connection.close()))
    assert "could not be reached" in str(told)
    told = server.send(Answer(act=lambda handler: handler.wfile.write(b"what?\r\n")))
    assert "could not be reached (BadStatusLine)" in str(told)
    server.url = "http://localhost:1/in"
    assert str(server.send()) == "localhost could not be reached: refused"
    server.url = "http://nowhere.invalid/in"
    assert not server.send().gone


def test_a_certificate_must_be_believed(tmp_path: Path, monkeypatch):
    own = tmp_path / "own.pem"
    own.write_text(pem("PRIVATE KEY", KEY) + pem("CERTIFICATE", CERTIFICATE))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(own)
    with serving(context) as found:
        told = found.send()
        assert "localhost showed a certificate that cannot be believed" in str(told)
        assert found.came == []
        monkeypatch.setenv("SSL_CERT_FILE", str(own))
        assert found.send() is None
        assert len(found.came) == 1
        over = threading.Event()
        told = found.send(Answer(act=drips(over)), timeout=1.0)
        over.set()
        assert "did not answer within 1 seconds" in str(told)


def test_neither_address_nor_secret_is_shown(server):
    shown = repr(Webhook("https://u.example.com/in?token=abc123", secret=SECRET))
    assert shown == "<Webhook u.example.com, key 1>"
    assert SECRET not in repr(hooks.Hook("deploy", server.hook()))
