"""Messages go out through apprise as text, and no address comes back in words."""

from __future__ import annotations

import base64
import email
import json
import logging
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from lifecycle import alerts, registry
from lifecycle.alerts import Address
from lifecycle.findings import Finding, Findings

AT = datetime(2023, 5, 1, 12, tzinfo=UTC)
SECRET = "hunter2-in-the-path"


class Receiver:
    """A web hook on the loopback: what came in, and what it answers."""

    def __init__(self) -> None:
        self.status = 200
        self.came: list[tuple[dict[str, str], dict]] = []
        self.hold = threading.Event()
        self.hold.set()
        told = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                size = int(self.headers["Content-Length"])
                body = json.loads(self.rfile.read(size))
                told.came.append((dict(self.headers), body))
                told.hold.wait(20)
                try:
                    self.send_response(told.status)
                    self.end_headers()
                except OSError:
                    return  # whoever asked did not wait

            def log_message(self, *words: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(
            target=self.server.serve_forever, args=(0.01,), daemon=True
        ).start()

    def url(self, query: str = "") -> str:
        return f"json://127.0.0.1:{self.server.server_port}/{SECRET}{query}"


@pytest.fixture
def hook() -> Iterator[Receiver]:
    receiver = Receiver()
    yield receiver
    receiver.hold.set()
    receiver.server.shutdown()
    receiver.server.server_close()


@pytest.fixture
def book(tmp_path: Path) -> registry.Registry:
    return registry.Registry(tmp_path / "registry.db")


def opened(book: registry.Registry, subject: str = "", words: str = "") -> alerts.Alert:
    rows = [
        Finding("accuracy", 0.81, 400, 0.77, 0.84, 0.7, "quiet", "2023-W14", subject),
        Finding("accuracy", 0.62, 400, 0.58, 0.66, 0.7, "alert", "2023-W15", subject),
    ]
    (made,) = alerts.update(
        book,
        "leads",
        Findings("Performance", tuple(rows)),
        rule="accuracy",
        at=AT,
        owner="Anna <anna@example.com>",
        severity="critical",
        words=words,
        report="https://reports.example/leads/2023-05-01/audit.html",
    )
    return made


def to(*urls: str) -> dict[tuple[str, str], list[Address]]:
    return {("leads", "owner"): [Address(url) for url in urls]}


def test_the_message_has_sentence_numbers_owner_next_step_report_and_picture(
    book: registry.Registry, hook: Receiver
) -> None:
    alert = opened(book)
    done = alerts.deliver(book, to(hook.url()), at=AT)
    assert [each.state for each in done.sent] == ["sent"]
    ((headers, told),) = hook.came
    (message,) = book.messages("leads")
    assert told["title"] == "critical: accuracy of leads"
    assert told["message"].splitlines() == [
        "accuracy of leads in 2023-W15 is 0.62, below 0.7 (n 400); "
        "Anna <anna@example.com> looks after it",
        "",
        "accuracy 2023-W15: 0.62 [0.58, 0.66] at 90%, threshold 0.7, n 400.",
        f"Open since 2023-05-01 12:00 UTC; alert {alert.id}, critical.",
        "Owner: Anna <anna@example.com>",
        "Next: look at the report, then say that you have it: "
        f'lifecycle acknowledge {alert.id} --as "YOUR NAME"',
        "Report: https://reports.example/leads/2023-05-01/audit.html",
        f"Message: {message.key}",
    ]
    assert headers["X-Lifecycle-Message"] == message.key
    (picture,) = told["attachments"]
    assert picture["mimetype"] == "image/svg+xml"
    drawn = base64.b64decode(picture["base64"]).decode()
    assert drawn.startswith("<svg ")
    assert "2023-W15" in drawn


def test_a_message_that_was_sent_is_not_sent_again(
    book: registry.Registry, hook: Receiver
) -> None:
    opened(book)
    alerts.deliver(book, to(hook.url()), at=AT)
    assert alerts.deliver(book, to(hook.url()), at=AT) == alerts.Delivery()
    assert len(hook.came) == 1


@pytest.mark.parametrize("status", [400, 403, 500, 503])
def test_a_server_that_refuses_is_tried_again_later_with_the_same_key(
    book: registry.Registry, hook: Receiver, status: int
) -> None:
    opened(book)
    hook.status = status
    done = alerts.deliver(book, to(hook.url()), at=AT)
    (waiting,) = done.waiting
    assert waiting.last_error == f"owner's address 1: answered with status {status}"
    assert done.sentence.startswith("messages: 1 failed and will be tried again (")
    hook.status = 200
    assert not alerts.deliver(book, to(hook.url()), at=AT).sent  # not yet
    later = waiting.next_try
    assert len(alerts.deliver(book, to(hook.url()), at=later).sent) == 1
    first, second = (headers["X-Lifecycle-Message"] for headers, _ in hook.came)
    assert first == second


def test_a_server_that_does_not_answer_is_left_in_time(
    book: registry.Registry, hook: Receiver
) -> None:
    opened(book)
    hook.hold.clear()
    done = alerts.deliver(book, to(hook.url("?rto=0.2&cto=0.2")), at=AT)
    (waiting,) = done.waiting
    assert waiting.last_error == "owner's address 1: could not be reached"


def test_a_network_that_is_down_keeps_the_message(book: registry.Registry) -> None:
    opened(book)
    done = alerts.deliver(book, to("json://127.0.0.1:9/x?cto=0.5"), at=AT)
    assert [each.last_error for each in done.waiting] == [
        "owner's address 1: could not be reached"
    ]
    assert book.messages()[0].state == "waiting"


@pytest.mark.parametrize("failing", [False, True])
def test_no_secret_is_logged_or_kept_at_any_level(
    book: registry.Registry,
    hook: Receiver,
    caplog: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
    failing: bool,
) -> None:
    opened(book)
    hook.status = 500 if failing else 200
    told = to(hook.url("?+X-Token=swordfish"), "nonsense://swordfish@nowhere")
    with caplog.at_level(logging.DEBUG):
        for name in ("apprise", "urllib3", "urllib3.connectionpool"):
            caplog.set_level(logging.DEBUG, logger=name)
        done = alerts.deliver(book, told, at=AT)
    heard = caplog.text + "".join(capfd.readouterr())
    kept = repr(done) + repr(told) + repr(book.messages()) + str(done.sentence)
    place = Path(str(book._url.database))
    stored = b"".join(each.read_bytes() for each in place.parent.glob("registry.db*"))
    for secret in (SECRET, "swordfish"):
        assert secret not in heard + kept
        assert secret.encode() not in stored
    (message,) = book.messages()
    assert "address 2: is no address that can be sent to" in message.last_error


def test_loggers_are_as_before_when_a_sending_is_over(
    book: registry.Registry, hook: Receiver
) -> None:
    loud = logging.getLogger("urllib3")
    before = (loud.level, loud.propagate, loud.handlers)
    opened(book)
    alerts.deliver(book, to(hook.url()), at=AT)
    assert (loud.level, loud.propagate, loud.handlers) == before


def test_hostile_text_stays_text_on_one_line(
    book: registry.Registry, hook: Receiver
) -> None:
    hostile = "plan\r\nBcc: all@example.com <script>alert(1)</script> @everyone <!here>"
    opened(book, subject=hostile)
    alerts.deliver(book, to(hook.url()), at=AT)
    ((_, told),) = hook.came
    assert "\n" not in told["title"]
    assert "\r" not in told["title"] + told["message"]
    assert "<script>" in told["message"]  # plain text for a plain target
    assert "@everyone" not in told["title"] + told["message"]
    assert "<!here" not in told["title"] + told["message"]
    assert "(at)everyone" in told["message"]
    assert not any(line.startswith("Bcc") for line in told["message"].splitlines())


def test_a_target_that_shows_html_gets_the_text_escaped(
    book: registry.Registry, hook: Receiver
) -> None:
    opened(book, subject="<script>alert(1)</script>")
    alerts.deliver(book, to(hook.url("?format=html")), at=AT)
    ((_, told),) = hook.came
    assert "<script>" not in told["message"]
    assert "&lt;script&gt;" in told["message"]


def test_a_very_long_name_is_cut(book: registry.Registry, hook: Receiver) -> None:
    opened(book, subject="x" * 10_000)
    alerts.deliver(book, to(hook.url()), at=AT)
    ((_, told),) = hook.came
    assert len(told["title"]) <= 120
    assert len(told["message"]) < 3_000


def test_a_mail_carries_the_key_and_the_text(
    book: registry.Registry, monkeypatch: pytest.MonkeyPatch
) -> None:
    import smtplib

    sent: list[str] = []

    class Server:
        def __init__(self, *_: object, **__: object) -> None:
            pass

        def sendmail(self, _from: str, _to: object, text: str, **_: object) -> None:
            sent.append(text)

        def send_message(self, letter: object, **_: object) -> None:
            sent.append(str(letter))

        def __getattr__(self, _name: str) -> object:
            return lambda *_, **__: (250, b"")

    monkeypatch.setattr(smtplib, "SMTP", Server)
    monkeypatch.setattr(smtplib, "SMTP_SSL", Server)
    opened(book, subject="<b>plan</b>")
    url = "mailtos://anna:pw@example.com?smtp=127.0.0.1"
    done = alerts.deliver(book, to(url), at=AT)
    (message,) = book.messages()
    assert [each.id for each in done.sent] == [message.id], done
    (text,) = sent
    assert f"X-Lifecycle-Message: {message.key}" in text
    assert f"{message.model}-{message.alert}.svg" in text
    parts = {
        each.get_content_type(): each.get_payload(decode=True).decode()
        for each in email.message_from_string(text).walk()
        if each.get_content_maintype() == "text"
    }
    assert parts
    assert "<b>" not in parts.get("text/html", "")
    assert all("plan" in part for part in parts.values())


@pytest.mark.parametrize(
    "url",
    [
        "slack://TAAAAAAAA/BAAAAAAAA/AAAAAAAAAAAAAAAAAAAAAAAA/#alerts",
        "discord://123456789012345678/" + "a" * 68,
        "tgram://123456789:" + "a" * 35 + "/12315544/",
    ],
)
def test_a_chat_rings_for_nobody_and_shows_no_markup_of_ours(
    book: registry.Registry, monkeypatch: pytest.MonkeyPatch, url: str
) -> None:
    import requests

    posted: list[str] = []

    def post(*_: object, data: object = "", **__: object) -> object:
        answer = requests.Response()
        answer.status_code, answer._content = 200, b"ok"
        posted.append(str(data))
        return answer

    monkeypatch.setattr(requests, "post", post)
    monkeypatch.setattr(requests, "request", lambda _way, _url, **k: post(**k))
    opened(book, subject="<!channel> @everyone <b>plan</b> & *this*")
    done = alerts.deliver(book, to(url), at=AT)
    assert done.sent or done.waiting
    text = " ".join(posted)
    assert "looks after it" in text
    for loud in ("<!channel", "@everyone"):
        assert loud not in text
    if url.startswith(("slack", "tgram")):  # their text is markup
        assert "<b>plan" not in text
        assert "&lt;b&gt;plan" in text
