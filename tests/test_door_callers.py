"""The door: who may call, and what goes on behind the requests."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tomllib
from datetime import timedelta
from pathlib import Path

import pytest

import lifecycle
from lifecycle import config, errors, server
from lifecycle.registry import tokens
from lifecycle.server import landing, shapes
from lifecycle.server.inbox import Inbox, Note
from lifecycle.server.refusals import Refused
from tests import door_desk
from tests.door_desk import FLAG, MODEL, NOW, calling, desk, detail


@pytest.fixture
def ws(tmp_path):
    return desk(tmp_path)


@pytest.fixture
def door(ws):
    with calling(ws) as made:
        yield made


# ------------------------------------------------------------------ who


@pytest.mark.parametrize(
    ("header", "status"),
    [
        (None, 401),
        ("Bearer ", 401),
        ("Bearer lcw_0a_wrong", 401),
        ("Basic YTpi", 401),
        ("Bearer " + "x" * 5000, 401),
    ],
)
def test_without_a_token_nothing_is_taken(ws, header, status):
    with calling(ws, key="") as door:
        headers = {} if header is None else {"Authorization": header}
        answer = door.post("feedback", FLAG, headers=headers)
    detail(answer, status)
    assert answer.headers["www-authenticate"] == "Bearer"


def test_a_token_is_for_its_scopes_and_models(ws):
    key = door_desk.token(ws, scopes=["outcomes"], models=["other"])
    with calling(ws, key=key) as door:
        assert "is for outcomes" in detail(door.post("feedback", FLAG), 403)
        row = {"id": "1", "outcome": 1}
        assert "this model" in detail(door.post("outcomes", row), 403)
        assert "not for metrics" in detail(door.ask("GET", "/metrics"), 403)


def test_another_secret_with_the_id_of_a_token_is_401(ws):
    key = door_desk.token(ws)
    with calling(ws, key=key[:-1] + ("A" if key[-1] != "A" else "B")) as door:
        assert "not known" in detail(door.post("feedback", FLAG), 401)


def test_a_token_ends_when_it_expires_or_is_revoked(ws):
    key = door_desk.token(ws, expires_at=NOW + timedelta(hours=1))
    with calling(ws, key=key) as door:
        assert door.post("feedback", FLAG).status_code == 202
        door.at += timedelta(hours=1)
        assert "is expired" in detail(door.post("feedback", FLAG), 401)
    key = door_desk.token(ws)
    with calling(ws, key=key) as door:
        id = key.split("_")[1]
        tokens.revoke(ws.registry, id, by="bo", reason="leaked", at=NOW)
        door.door.callers.refresh()
        assert "is revoked" in detail(door.post("feedback", FLAG), 401)


def test_who_calls_too_often_is_told_when_to_come_back(ws):
    key = door_desk.token(ws, rate_per_minute=12)
    with calling(ws, key=key) as door:
        codes = [door.post("feedback", FLAG).status_code for _ in range(4)]
        assert codes == [202, 202, 429, 429]
        answer = door.post("feedback", FLAG)
        assert 1 <= int(answer.headers["retry-after"]) <= 6


def test_the_person_whom_a_trusted_proxy_hands_on_is_who_speaks(tmp_path):
    told = '[workspace.identity]\nproxy_header = "X-User"\nproxies = ["127.0.0.1"]\n'
    with calling(desk(tmp_path, told)) as door:
        answer = door.post("feedback", FLAG, headers={"X-User": "Ana"})
        assert answer.status_code == 202
        other = {**FLAG, "person": "Bo"}
        answer = door.post("feedback", other, headers={"X-User": "Ana"})
        assert "another person" in detail(answer, 403)
        assert door.landed().feedback()["person"].tolist() == ["Ana"]


def test_a_name_that_nobody_hands_on_is_not_believed(door):
    door.post("feedback", FLAG, headers={"X-User": "Ana"})
    assert door.landed().feedback()["person"].isna().all()


def test_who_sent_a_word_is_told_what_became_of_it(door):
    assert door.ask("GET", f"/models/{MODEL}/feedback/w1").status_code == 404
    door.post("feedback", {**FLAG, "feedback_id": "w1"})
    door.landed()
    said = door.ask("GET", f"/models/{MODEL}/feedback/w1").json()
    assert said["feedback_id"] == "crm:w1"
    assert "i1" in said["reply"]
    other = door_desk.token(door.ws, "shop")
    door.door.callers.refresh()
    answer = door.ask(
        "GET",
        f"/models/{MODEL}/feedback/w1",
        headers={"Authorization": f"Bearer {other}"},
    )
    assert "no such word of this source" in detail(answer, 404)


# ------------------------------------------------------------------ behind it


def test_what_a_dead_door_left_is_landed_by_the_next(ws):
    key = door_desk.token(ws)
    first = door_desk.Caller(ws, key=key)
    first.post("feedback", FLAG)
    first.door.inbox.seal()  # as its death would
    assert ws.logs(MODEL).count("feedback") == 0
    assert server.land(ws).rows_new == 1
    assert server.land(ws).rows_new == 0
    assert ws.logs(MODEL).feedback()["source"].tolist() == ["crm"]
    first.close()


def test_while_the_disk_takes_nothing_nothing_is_acknowledged(door, monkeypatch):
    def full(*_args):
        raise OSError(28, os.strerror(28))

    monkeypatch.setattr(os, "fdatasync", full)
    answer = door.post("feedback", FLAG)
    assert "No space" in detail(answer, 503)
    assert answer.headers["retry-after"] == "1"
    assert door.ask("GET", "/health/ready").status_code == 503
    monkeypatch.undo()
    assert door.post("feedback", FLAG).status_code == 202
    assert door.ask("GET", "/health/ready").status_code == 200
    assert door.landed().count("feedback") == 1


def test_too_much_that_waits_for_the_disk_is_refused(tmp_path):
    inbox = Inbox(tmp_path, token="a", most_bytes=10)
    inbox._bytes = 9
    inbox._loop = object()
    with pytest.raises(Refused, match="too much waits"):
        inbox.put(Note("m", "t", "s", "r", 0.0, 1, b"{}" * 9)).send(None)


def test_rows_of_a_model_that_is_gone_are_set_aside_and_said(ws, door):
    door.post("feedback", FLAG)
    door.door.inbox.seal()
    path = ws.directory / "lifecycle.toml"
    path.write_text(path.read_text().replace("leads", "leds"))
    done = server.land(lifecycle.open(ws.directory))
    assert done.refused == 1
    assert "was set aside" in done.troubles[0]
    assert list(landing.folder(ws).glob("*.refused"))


def test_one_request_that_should_not_have_been_taken_stands_in_nobodys_way(door):
    at = NOW.timestamp()
    hostile = [b'{"id": {}}', b"7", b"[null]", b'{"id":"1","kind":"flag","time":"x"}']
    for body in hostile:
        note = Note(MODEL, "feedback", "crm", "r1", at, 1, body)
        door._do(lambda note=note: door.door.inbox.put(note))
    door.post("feedback", FLAG)
    door.door.inbox.seal()
    done = server.land(door.ws)
    assert (done.rows_new, done.refused) == (1, len(hostile))
    assert "the first r1 of crm" in done.troubles[0]
    assert server.land(door.ws) == server.Landed()


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b'{"id":"\\u0000","kind":"flag","time":"2026-03-01T10:00:00Z"}', 202),
        (b'{"id":"\\ud83d\\ude00","kind":"flag","time":"2026-03-01T10:00:00Z"}', 202),
        (b'{"id":"\\ud83d","kind":"flag","time":"2026-03-01T10:00:00Z"}', 400),
        (b'{"id":%s,"kind":"flag","feedback_id":1}' % (b"9" * 5000), 400),
        (b'{"id":1,"kind":"flag","feedback_id":1,"label":%s}' % (b"9" * 5000), 400),
        (b'{"id":1,"kind":"flag","feedback_id":1,"id":{}}', 422),
        (b'{"id":{},"kind":"flag","feedback_id":1,"id":1}', 202),
        (
            b'{"id":1,"kind":"flag","feedback_id":1,"time":"0001-01-01T00:00+09:00"}',
            422,
        ),
    ],
)
def test_what_is_taken_can_be_landed_whatever_it_is(door, body, code):
    answer = door.post("feedback", body)
    assert answer.status_code == code, answer.text
    assert door.landed().count("feedback") == (code == 202)


@pytest.mark.parametrize("value", [b"1e400", b"9" * 400, b"9" * 5000, b"NaN"])
def test_a_number_that_is_none_is_refused(door, value):
    body = b'{"event_id":1,"id":1,"kind":"k","value":%s}' % value
    assert door.post("events", body).status_code in (400, 422)


def test_metrics_count_requests_rows_and_troubles(door):
    door.post("feedback", [FLAG, {**FLAG, "id": "i2"}])
    door.post("feedback", b"{")
    door.landed()
    text = door.ask("GET", "/metrics").text
    assert 'lifecycle_door_requests_total{asked="feedback",status="202"} 1' in text
    assert 'lifecycle_door_requests_total{asked="feedback",status="400"} 1' in text
    assert f'lifecycle_door_rows_total{{model="{MODEL}",table="feedback"}} 2' in text
    assert 'lifecycle_door_landed_rows_total{state="new"} 2' in text
    parser = pytest.importorskip("prometheus_client.parser")
    kinds = {
        family.name: family.type
        for family in parser.text_string_to_metric_families(text)
    }
    assert kinds["lifecycle_door_request_seconds"] == "histogram"


def test_the_openapi_page_names_each_models_columns_and_fetches_nothing(door):
    told = door.ask("GET", "/openapi.json").json()
    body = told["paths"][f"/models/{MODEL}/predictions"]["post"]["requestBody"]
    row = body["content"]["application/json"]["schema"]["oneOf"][0]
    assert set(row["properties"]) == {"id", "time", "visits", "pages", "plan"}
    page = door.ask("GET", "/docs")
    assert "http" not in page.text.replace("http-equiv", "")
    assert "default-src 'none'" in page.headers["content-security-policy"]
    assert f"/models/{MODEL}/feedback" in page.text


@pytest.mark.parametrize("table", ["predictions", "outcomes", "feedback", "events"])
def test_the_example_of_the_page_is_taken(door, table):
    told = door.ask("GET", "/openapi.json").json()["paths"]
    body = told[f"/models/{MODEL}/{table}"]["post"]["requestBody"]["content"]
    answer = door.post(table, body["application/json"]["example"])
    assert answer.status_code in (200, 202)


@pytest.mark.parametrize("library", ["fastapi", "uvicorn"])
def test_without_the_extra_the_door_says_what_to_install(ws, monkeypatch, library):
    monkeypatch.setitem(sys.modules, library, None)
    with pytest.raises(errors.LifecycleError, match=r"pip install '.*\[server\]'"):
        server.serve(ws, port=0, now=lambda: NOW)


def test_who_only_lands_or_polls_waits_for_no_web_framework():
    code = (
        "import sys; from lifecycle import server; "
        "print([n for n in ('fastapi', 'uvicorn', 'pandas') if n in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"


def test_the_settings_of_the_page_for_users_are_accepted():
    text = (Path(__file__).parent.parent / "docs" / "door.md").read_text()
    for block in re.findall(r"```toml\n(.*?)```", text, re.S):
        told = tomllib.loads(block)
        for each in told["server"].get("sources", {}).values():
            each.setdefault("model", "m")
            each.setdefault("signature", "token")
            if "preset" in each:
                del each["signature"]
        read = config.parse(told).server
        assert read.sources or read.polls


@pytest.mark.parametrize(
    ("task", "fine", "wrong"),
    [
        ("multiclass", "refund", 1),
        ("regression", -12.5, "much"),
        ("binary", 1, "refund"),
    ],
)
def test_a_truth_is_of_the_models_task(task, fine, wrong):
    model = config.Model(
        owner="Ana",
        task=task,
        id="i",
        time="t",
        outcome="o",
        features=config.Features(numeric=("n",)),
        label_delay_days=1,
    )
    for table, name, more in (
        ("outcomes", "outcome", {}),
        ("feedback", "label", {"kind": "flag", "feedback_id": 1}),
    ):
        made = shapes.shape(table, model)
        row = {"id": "1", name: fine, **more}
        assert made.read(json.dumps(row).encode(), most=9)[0][0][name] == fine
        with pytest.raises(Refused):
            made.read(json.dumps({**row, name: wrong}).encode(), most=9)


def test_a_source_of_a_model_that_is_not_there_opens_no_door(tmp_path):
    told = (
        '[server.sources.crm]\npreset = "hubspot"\nmodel = "leds"\nsecret_env = "S"\n'
    )
    with pytest.raises(errors.SettingsError, match=r"crm names model 'leds'"):
        server.create(desk(tmp_path, told), now=lambda: NOW)


def test_a_body_is_read_as_json_wherever_its_list_begins(door):
    body = b" \n\t " + json.dumps([FLAG]).encode()
    assert door.post("feedback", body).json()["accepted"] == 1
