"""Hooks of a workspace: moves are told, failures are alerts, people see and mend."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

import lifecycle
from lifecycle import errors, hooks, promotion
from lifecycle.registry.tables import delivery
from lifecycle.workspace import Workspace, elsewhere

SECRET = "a secret of some weight"
SETTINGS = """\
[models.leads]
owner = "Ana Silva"
task = "binary"
id = "lead"
time = "at"
outcome = "won"
label_delay_days = 14

[models.leads.features]
numeric = ["visits"]
"""
DEPLOY = """
[hooks.deploy]
kind = "command"
command = ["./deploy.sh", "{model}", "{production}"]
"""
WEB = """
[hooks.web]
kind = "webhook"
url = "${WEB_URL}"
secret_env = "WEB_SECRET"
"""


class Web:
    """A receiver on this machine, whose answers can be changed."""

    def __init__(self) -> None:
        self.status = 200
        self.came: list[dict[str, object]] = []
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                outer.came.append(json.loads(body))
                self.send_response(outer.status)
                self.end_headers()
                self.wfile.write(b"no token=abc123 of mine \x1b[2J")

            def log_message(self, *words: object) -> None:
                """Say nothing."""

        self.server = HTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/?token=abc123"
        threading.Thread(target=self.server.serve_forever, args=(0.01,)).start()

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()


@pytest.fixture
def web(monkeypatch: pytest.MonkeyPatch) -> Iterator[Web]:
    for name in ("http_proxy", "HTTP_PROXY"):
        monkeypatch.delenv(name, raising=False)
    found = Web()
    monkeypatch.setenv("WEB_URL", found.url)
    monkeypatch.setenv("WEB_SECRET", SECRET)
    yield found
    found.close()


def bench(place: Path, told: str) -> Workspace:
    (place / "lifecycle.toml").write_text(SETTINGS + told)
    return lifecycle.open(place)


def version(ws: Workspace) -> int:
    return ws.registry.register(
        "leads",
        recipe="r",
        estimator=None,
        birth={"features": {"numeric": ["visits"], "categorical": []}},
        author="ana",
        at=datetime.now(UTC),
    ).number


def approve(ws: Workspace, number: int, **told: str) -> promotion.Move:
    """A version into production, as the panel does it."""
    asked = promotion.propose(
        ws.registry,
        "leads",
        number,
        author="ana",
        reason="better",
        evidence={},
        at=datetime.now(UTC),
    )
    return ws.approve("leads", asked.id, reason="it is better", by="ben", **told)


def later(ws: Workspace) -> None:
    """All pauses are over."""
    with ws.registry.atomic() as book:
        book.connection.execute(
            delivery.update().values(next_try=datetime.now(UTC) - timedelta(days=1))
        )


def test_a_move_is_told_at_once_and_what_was_before_the_hook_is_not(tmp_path, web):
    ws = bench(tmp_path, "")
    approve(ws, version(ws))
    ws = bench(tmp_path, WEB)
    approve(ws, version(ws))
    (told,) = web.came
    assert (told["move"], told["number"]) == ("approve", 2)
    assert told["after"]["production"] == {
        "version": 2,
        "share": 1.0,
        "sha256": ws.registry.version("leads", 2).sha256,
    }
    assert told["before"]["production"]["version"] == 1
    ws.rollback("leads", reason="worse", by="ben")
    assert [each["move"] for each in web.came] == ["approve", "roll back"]
    assert elsewhere.deliver(ws) == hooks.Delivery()


def test_a_hook_may_be_told_all_that_was(tmp_path, web):
    ws = bench(tmp_path, "")
    approve(ws, version(ws))
    approve(ws, version(ws))
    ws = bench(tmp_path, f"{WEB}since_seq = 0\npeople = true\n")
    assert len(elsewhere.deliver(ws).sent) == 2
    assert [each["number"] for each in web.came] == [1, 2]
    assert web.came[0]["people"]["reason"] == "it is better"


def test_a_command_runs_in_the_workspace_with_the_versions_numbers(tmp_path):
    (tmp_path / "deploy.sh").write_text('#!/bin/sh\necho "$1:$2" >> deployed\n')
    (tmp_path / "deploy.sh").chmod(0o755)
    ws = bench(tmp_path, DEPLOY)
    approve(ws, version(ws))
    approve(ws, version(ws))
    ws.rollback("leads", reason="worse", by="ben")
    assert (tmp_path / "deployed").read_text() == "leads:1\nleads:2\nleads:1\n"


def test_a_hook_that_fails_undoes_no_move_and_is_one_alert_until_it_took_it(
    tmp_path, web, monkeypatch
):
    ws = bench(tmp_path, WEB)
    web.status = 500
    move = approve(ws, version(ws))
    assert move.roles["production"].number == 1
    assert ws.alerts() == []  # once is nothing yet
    later(ws)
    done = elsewhere.deliver(ws)
    assert "127.0.0.1 answered with status 500: no token=(hidden)" in done.sentence
    (alert,) = ws.alerts()
    assert (alert.rule, alert.subject, alert.owner) == ("hook", "web", "Ana Silva")
    assert "hook web has not taken row" in alert.sentence
    assert "waits (tried 2 times, again at " in alert.sentence
    later(ws)
    elsewhere.deliver(ws)
    assert len(ws.alerts()) == 1  # the same one
    web.status = 200
    later(ws)
    assert len(elsewhere.deliver(ws).sent) == 1
    assert ws.alerts() == []
    kinds = [each.kind for each in ws.registry.messages()]
    assert kinds == ["opened", "closed"]


def test_given_up_stays_an_alert_until_somebody_tries_again(tmp_path, web, terminal):
    ws = bench(tmp_path, f"{WEB}retries = 0\n")
    web.status = 410
    approve(ws, version(ws))
    (alert,) = ws.alerts()
    assert "which was given up (tried once): " in alert.sentence
    code, out, err = terminal("-w", tmp_path, "hooks")
    assert code == 0
    assert "gave up" in out
    assert "answered with status 410" in err
    code, out, _ = terminal("-w", tmp_path, "hooks", "deliver")
    assert code == 10
    assert "1 given up before; `lifecycle hooks retry` tries it again (web, row" in out
    code, out, _ = terminal("-w", tmp_path, "hooks", "retry", "web")
    assert code == 10  # tried again, and given up again
    assert out.startswith("1 row waits for hook web again\n")
    web.status = 200
    seq = int(alert.sentence.partition("row ")[2].split()[0])
    code, out, _ = terminal("-w", tmp_path, "hooks", "retry", "web", seq)
    assert (code, out) == (0, "1 row waits for hook web again\nhooks: 1 told\n")
    assert ws.alerts() == []


def test_no_secret_is_shown_anywhere(tmp_path, web, terminal):
    ws = bench(tmp_path, WEB)
    web.status = 500
    approve(ws, version(ws))
    later(ws)
    done = elsewhere.deliver(ws)
    shown = [repr(done), done.sentence, repr(elsewhere.named(ws)), repr(ws.settings)]
    shown += [each.sentence for each in ws.alerts()]
    shown += [each.body for each in ws.registry.messages()]
    shown += [str(each) for each in elsewhere.states(ws)]
    for words in (["hooks"], ["hooks", "--json"], ["hooks", "test", "web"], ["due"]):
        shown += map(str, terminal("-w", tmp_path, *words))
    with ws.registry.reading() as book:
        shown += [str(row) for row in book.connection.execute(delivery.select())]
    for text in shown:
        assert SECRET not in text
        assert "abc123" not in text
        assert "\x1b" not in text


def test_what_the_environment_lacks_is_a_sentence_and_tried_again(
    tmp_path, web, monkeypatch
):
    monkeypatch.delenv("WEB_SECRET")
    ws = bench(tmp_path, WEB)
    approve(ws, version(ws))
    (state,) = elsewhere.states(ws)
    assert state.failing.last_error == (
        "the environment has no WEB_SECRET; set it to the secret"
    )
    with pytest.raises(errors.LifecycleError, match="hook web: the environment has no"):
        elsewhere.test(ws, "web")
    monkeypatch.setenv("WEB_SECRET", SECRET)
    later(ws)
    assert len(elsewhere.deliver(ws).sent) == 1


def test_the_tick_tells_hooks_before_it_tells_people(tmp_path, web, terminal):
    ws = bench(tmp_path, WEB)
    web.status = 500
    approve(ws, version(ws))
    later(ws)
    code, out, _ = terminal("-w", tmp_path, "due")
    assert code == 0
    assert "hooks: 1 failed and will be tried again (web, row" in out
    assert [each.kind for each in ws.registry.messages()] == ["opened"]
    out = terminal("-w", tmp_path, "due")[1]
    assert "hooks: 1 not tried before its time (web, row" in out
    assert "tried 2 times, again at " in out


def test_the_command_line_lists_tests_and_delivers(tmp_path, web, terminal):
    (tmp_path / "deploy.sh").write_text("#!/bin/sh\nexit 1\n")
    (tmp_path / "deploy.sh").chmod(0o755)
    ws = bench(tmp_path, DEPLOY + WEB)
    code, out, _ = terminal("-w", tmp_path, "hooks")
    assert code == 0
    assert out.count("begun  row 0") == 2
    code, out, _ = terminal("-w", tmp_path, "hooks", "test", "web")
    assert (code, out) == (0, "hook web: 127.0.0.1 took a ping\n")
    assert web.came[0]["move"] == "ping"
    code, out, _ = terminal("-w", tmp_path, "hooks", "test", "deploy")
    assert (code, out) == (0, "hook deploy: ./deploy.sh is there; it was not run\n")
    approve(ws, version(ws))
    code, out, _ = terminal("-w", tmp_path, "status")
    assert "leads: hook deploy has not taken row" in out  # before it is an alert
    assert "which waits (tried once, again at " in out
    later(ws)
    code, out, _ = terminal("-w", tmp_path, "hooks", "deliver")
    assert code == 10
    assert "ended with exit code 1" in out
    assert "tried 2 times, again at " in out
    code, out, _ = terminal("-w", tmp_path, "status")
    assert out.count("hook deploy has not taken row") == 1  # by the alert alone
    code, out, _ = terminal("-w", tmp_path, "hooks", "--json")
    deploy, told = json.loads(out)
    assert (deploy["state"], deploy["to_tell"], deploy["last"]) == ("fails", 1, None)
    assert deploy["failing"]["attempts"] == 2
    assert (told["state"], told["to_tell"]) == ("told", 0)
    assert told["last"]["state"] == "sent"
    code, _, err = terminal("-w", tmp_path, "hooks", "retry", "nobody")
    assert code == 30
    assert "no hook 'nobody' in the settings; there is deploy, web" in err
    code, _, err = terminal("-w", tmp_path, "hooks", "retry", "web")
    assert code == 30
    assert "hook web has given up nothing" in err


def test_without_hooks_there_is_nothing_to_do(tmp_path, terminal):
    ws = bench(tmp_path, "")
    approve(ws, version(ws))
    code, out, _ = terminal("-w", tmp_path, "hooks")
    assert (code, out) == (0, "the settings have no hook; add a [hooks.NAME] table\n")
    code, out, _ = terminal("-w", tmp_path, "hooks", "deliver")
    assert (code, out) == (0, "nothing is due for a hook\n")
    with ws.registry.reading() as book:
        assert not book.connection.execute(delivery.select()).all()


def test_a_book_that_cannot_be_written_to_stops_no_move(tmp_path, web, monkeypatch):
    ws = bench(tmp_path, WEB)
    number = version(ws)

    def broken(*_: object, **__: object) -> None:
        raise errors.LifecycleError("the disk is full")

    monkeypatch.setattr("lifecycle.hooks.deliver", broken)
    assert approve(ws, number).roles["production"].number == 1
