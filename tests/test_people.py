"""Who is one person, who acts, and what vouches for a name."""

from __future__ import annotations

import json
import os
import pwd
import threading
import tomllib
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import lifecycle
from lifecycle import config, errors, people, workspace
from lifecycle.workspace import actors
from tests.test_cli_releasing import AT, propose
from tests.test_cli_releasing import desk as desk

TOKEN = "sesame"
NAMES = st.sampled_from(
    [
        "Ana Silva",
        "ana silva",
        "Ana Silva <ana@bank.example>",
        "ana@bank.example",
        "Ana <ANA@bank.example>",
        "Rui Costa",
        "",
        "<>",
    ]
)


class Hub(HTTPServer):
    """A hub on this machine that knows one token."""

    said: object = {"kind": "user", "name": "ana"}
    status = 200
    asked: list[str]

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Door)
        self.asked = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/hub/api"


class Door(BaseHTTPRequestHandler):
    server: Hub

    def do_GET(self) -> None:
        self.server.asked.append(self.path)
        fine = self.headers["Authorization"] == f"token {TOKEN}"
        self.send_response(self.server.status if fine else 403)
        if 300 <= self.server.status < 400:
            self.send_header("Location", f"{self.server.url}/elsewhere")
        self.end_headers()
        said = self.server.said
        self.wfile.write(said if type(said) is bytes else json.dumps(said).encode())

    def log_message(self, *_: object) -> None:
        """Nothing."""


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch) -> Iterator[Hub]:
    """It answers, and the environment of this server names it."""
    with Hub() as made:
        running = threading.Thread(target=made.serve_forever, args=(0.01,))
        running.start()
        monkeypatch.setenv("JUPYTERHUB_API_URL", made.url)
        monkeypatch.setenv("JUPYTERHUB_API_TOKEN", TOKEN)
        monkeypatch.setenv("JUPYTERHUB_USER", "somebody else")
        yield made
        made.shutdown()
        running.join()


def test_the_hub_says_who_it_is_and_not_the_environment(hub: Hub) -> None:
    found = actors.who()
    assert (found.name, found.source, found.verified) == ("ana", "hub", True)
    assert hub.asked == ["/hub/api/user"]


@pytest.mark.parametrize(
    ("said", "status"),
    [
        ({"kind": "user", "name": "ana"}, 403),
        ({"kind": "user", "name": "ana"}, 302),
        ({"kind": "service", "name": "cron"}, 200),
        ({"kind": "user", "name": None}, 200),
        ({"kind": "user", "name": "ana\n"}, 200),
        ({"kind": "user", "name": "a" * 121}, 200),
        (["ana"], 200),
        (b"{", 200),
        (b"[" * 60_000, 200),
    ],
)
def test_a_hub_that_vouches_for_nobody_leaves_a_claim(
    hub: Hub, said: object, status: int
) -> None:
    hub.said, hub.status = said, status
    found = actors.who()
    assert (found.source, found.verified) == ("environment", False)
    assert found.name == "somebody else"
    assert hub.asked == ["/hub/api/user"]  # a redirect is not followed


@pytest.mark.parametrize("token", ["wrong", "two\nlines", ""])
def test_without_its_token_the_hub_vouches_for_nobody(
    hub: Hub, monkeypatch: pytest.MonkeyPatch, token: str
) -> None:
    monkeypatch.setenv("JUPYTERHUB_API_TOKEN", token)
    assert not actors.who().verified


def test_only_the_hub_of_the_settings_is_asked(
    hub: Hub, tmp_path, monkeypatch: pytest.MonkeyPatch
) -> None:
    workspace.init(tmp_path / "desk")
    told = tmp_path / "desk" / config.FILE
    with Hub() as real:
        real.said = {"kind": "user", "name": "real"}
        running = threading.Thread(target=real.handle_request)
        running.start()
        told.write_text(f'[workspace.identity]\nhub = "{real.url}"\n')
        assert str(lifecycle.open(tmp_path / "desk").who()) == (
            "real (JupyterHub, verified)"
        )
        running.join()
    assert hub.asked == []
    monkeypatch.delenv("JUPYTERHUB_USER")
    assert lifecycle.open(tmp_path / "desk").who().source == "os"  # it is gone


def test_the_account_is_that_of_the_process_whatever_the_environment_says(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name in ("USER", "LOGNAME", "LNAME", "USERNAME"):
        monkeypatch.setenv(name, "the boss")
    found = actors.who()
    assert found == actors.Actor(pwd.getpwuid(os.getuid()).pw_name, "os")
    assert not found.verified
    monkeypatch.setattr(os, "getuid", lambda: 4_242_424)
    assert actors.who().name == "uid 4242424"


def test_a_name_that_is_given_is_a_claim_also_where_the_hub_would_answer(
    hub: Hub,
) -> None:
    assert actors.who(" Mia ") == actors.Actor("Mia", "given")
    assert hub.asked == []


@pytest.mark.parametrize(
    ("headers", "peer", "name"),
    [
        ([("X-Forwarded-User", "ana")], "127.0.0.1", "ana"),
        ([("x-forwarded-USER", " ana "), ("Host", "h")], "::ffff:127.0.0.1", "ana"),
        ([("X-Forwarded-User", "ana")], "10.2.3.4", "ana"),
        ([("X-Forwarded-User", "ana")], "192.0.2.7", None),
        ([("X-Forwarded-User", "ana")], "", None),
        ([("X-Forwarded-User", "ana"), ("X-Forwarded-User", "eve")], "10.0.0.1", None),
        ([("X_Forwarded_User", "eve")], "127.0.0.1", None),
        ([("X-Forwarded-User", "a\nb")], "127.0.0.1", None),
        ([("X-Forwarded-User", "a" * 121)], "127.0.0.1", None),
        ([("X-Forwarded-User", " ")], "127.0.0.1", None),
        ([], "127.0.0.1", None),
    ],
)
def test_a_proxy_is_believed_from_its_own_address_and_in_one_header(
    headers: list[tuple[str, str]], peer: str, name: str | None
) -> None:
    found = actors.handed_on(
        headers,
        peer=peer,
        header="X-Forwarded-User",
        proxies=("127.0.0.1", "10.0.0.0/8"),
    )
    assert found == (name and actors.Actor(name, "proxy"))
    assert (
        actors.handed_on(headers, peer=peer, header="", proxies=("0.0.0.0/0",)) is None
    )


@pytest.mark.parametrize(
    ("told", "sentence"),
    [
        ('proxy_header = "X-User"', "proxies is missing"),
        ('proxies = ["::1"]', "proxy_header is missing"),
        ('proxy_header = "X-User"\nproxies = ["proxy"]', "neither an address nor"),
        ('hub = "hub.bank.example"', "no address of a JupyterHub"),
        ('hub = "https://ana:pw@hub.example/api"', "without a name or a password"),
    ],
)
def test_an_identity_that_cannot_be_meant_is_refused(told: str, sentence: str) -> None:
    with pytest.raises(errors.SettingsError, match=sentence):
        config.parse(tomllib.loads(f"[workspace.identity]\n{told}\n"))


@given(NAMES, NAMES)
def test_sameness_is_mutual_and_whoever_is_meant_may_be_the_same(
    one: str, other: str
) -> None:
    assert people.same(one, other) == people.same(other, one)
    assert people.same(one, one) == bool(one)
    if people.meant(one, [other]):
        assert people.same(one, other)


@pytest.mark.parametrize(
    "twice",
    [
        ["Ana Silva", "ana  silva"],
        ["Ana Silva <ana@bank.example>", "ana@bank.example", "Rui"],
        ["Ana Silva <a1@bank.example>", "Ana Silva <a2@bank.example>"],
    ],
)
def test_one_person_is_not_two_approvers(twice: list[str]) -> None:
    told = f"""
    [models.m]
    owner = "Ana"
    task = "binary"
    id = "i"
    time = "t"
    outcome = "o"
    label_delay_days = 1
    features.numeric = ["x"]
    release.approvers = {json.dumps(twice)}
    """
    with pytest.raises(
        errors.SettingsError, match=r"may be one person; name each once"
    ):
        config.parse(tomllib.loads(told))


def test_whom_a_proxy_hands_on_is_verified_in_the_ledger(desk: Path) -> None:
    with (desk / "lifecycle.toml").open("a") as settings:
        settings.write("verified = true\n")
    ws = lifecycle.open(desk)
    asked, said = propose(ws, 3), {"reason": "r", "as_of": AT}
    told = {"header": "X-Forwarded-User", "proxies": ["10.0.0.0/8"]}
    sent = [("X-Forwarded-User", "ben")]
    for by in ("ben", actors.handed_on(sent, peer="192.0.2.1", **told)):
        with pytest.raises(errors.NotAllowed):
            ws.approve("calls", asked.id, by=by, **said)
    ben = actors.handed_on(sent, peer="10.1.2.3", **told)
    entry = ws.approve("calls", asked.id, by=ben, **said).entry
    assert (entry.actor, entry.source, entry.verified) == ("ben", "proxy", True)
