"""The door: what is acknowledged comes into the log once; what is wrong is said."""

from __future__ import annotations

import json
import os
from datetime import timedelta

import pandas as pd
import pytest

import lifecycle
from lifecycle import errors, server
from lifecycle.registry import tokens
from lifecycle.server import landing
from lifecycle.server.inbox import Inbox, Note
from lifecycle.server.refusals import Refused
from tests import door_desk
from tests.door_desk import MODEL, NOW, calling, desk
from tests.router_desk import one, release

FLAG = {"id": "i1", "kind": "flag", "time": "2026-03-01T10:00:00Z"}


@pytest.fixture
def ws(tmp_path):
    return desk(tmp_path)


@pytest.fixture
def door(ws):
    with calling(ws) as made:
        yield made


def detail(answer, status):
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    told = answer.json()
    assert told["status"] == status
    assert told["instance"] == f"urn:request:{answer.headers['x-request-id']}"
    return told["detail"]


# ------------------------------------------------------------------ rows


def test_feedback_comes_into_the_log_with_its_source(door):
    said = {**FLAG, "person": "Bo", "reason": "left the firm", "label": 0}
    answer = door.post("feedback", said)
    assert answer.status_code == 202
    assert answer.json()["accepted"] == 1
    (row,) = door.landed().feedback().to_dict("records")
    assert row["source"] == "crm"
    assert (row["id"], row["kind"], row["label"]) == ("i1", "flag", 0.0)
    assert (row["person"], row["reason"]) == ("Bo", "left the firm")
    assert row["time"] == pd.Timestamp("2026-03-01T10:00:00Z")


def test_what_is_sent_again_is_one_row(door):
    for _ in range(2):
        for table, row in (
            ("feedback", FLAG),
            ("outcomes", {"id": "i1", "outcome": 1}),
            ("outcomes", {"id": "i2", "outcome": 1, "time": "2026-02-01T00:00:00Z"}),
            ("events", {"event_id": 5, "id": "i1", "kind": "call"}),
        ):
            assert door.post(table, row).status_code == 202
        log = door.landed()
        door.at += timedelta(hours=1)
    assert {t: log.count(t) for t in ("feedback", "outcomes", "events")} == {
        "feedback": 1,
        "outcomes": 2,
        "events": 1,
    }


def test_of_an_id_that_is_told_something_else_the_last_stays(door):
    row = {"feedback_id": "w1", "id": "i1", "kind": "override", "label": 1}
    door.post("feedback", [row, {**row, "label": 0}])
    assert door.landed().feedback()["label"].tolist() == [0.0]
    door.post("feedback", {**row, "label": 1})
    assert door.landed().feedback()["label"].tolist() == [1.0]


def test_two_systems_may_count_from_the_same_number(ws):
    keys = [door_desk.token(ws, source) for source in ("crm", "shop")]
    with calling(ws) as door:
        for key in keys:
            row = {"event_id": 1, "id": "i1", "kind": "call"}
            door.post("events", row, headers={"Authorization": f"Bearer {key}"})
        log = door.landed()
    assert sorted(log.events()["event_id"]) == ["crm:1", "shop:1"]


def test_a_truth_means_what_it_means_in_a_file(door):
    told = [1, 0, True, False, "yes", "no", "1", "0", "True", 1.0]
    rows = [{"id": f"i{n}", "outcome": each} for n, each in enumerate(told)]
    assert door.post("outcomes", rows).status_code == 202
    held = door.landed().outcomes().set_index("id")["outcome"]
    assert [held[f"i{n}"] for n in range(10)] == [1, 0, 1, 0, 1, 0, 1, 0, 1, 1]


def test_a_label_of_the_settings_means_1_and_every_other_0(tmp_path):
    made = desk(tmp_path)
    path = made.directory / "lifecycle.toml"
    path.write_text(
        path.read_text().replace("label_delay", 'positive="won"\nlabel_delay')
    )
    with calling(lifecycle.open(made.directory)) as door:
        rows = [{"id": "1", "outcome": "won"}, {"id": "2", "outcome": "lost"}]
        door.post("outcomes", rows)
        held = door.landed().outcomes().set_index("id")["outcome"].to_dict()
    assert held == {"1": 1.0, "2": 0.0}


def test_a_prediction_is_the_routers_and_is_logged(ws, door):
    answer = door.post("predictions", one("i7"))
    assert answer.status_code == 200
    said = answer.json()
    with ws.registry.reading() as book:
        version = book.version(MODEL, 1)
    frame = pd.DataFrame([one("i7")])[["visits", "pages", "plan"]]
    wanted = ws.registry.load(version).predict_proba(frame.astype({"plan": object}))
    assert said["score"] == pytest.approx(wanted[0, 1])
    assert (said["version"], said["role"], said["logged"]) == ("1", "production", True)
    door.door.router(MODEL).settle()
    assert ws.logs(MODEL).predictions()["id"].tolist() == ["i7"]


def test_predictions_together_are_answered_in_their_order(door):
    rows = [one(f"i{n}", visits=float(n)) for n in range(20)]
    alone = [door.post("predictions", row).json()["score"] for row in rows]
    together = door.post("predictions", rows).json()
    assert [each["id"] for each in together] == [row["id"] for row in rows]
    assert [each["score"] for each in together] == pytest.approx(alone)


def test_of_rows_together_those_without_a_time_are_of_now(door):
    rows = [one("i1", time="2026-03-01T00:00:00Z"), one("i2")]
    assert door.post("predictions", rows).status_code == 200
    door.door.router(MODEL).settle()
    held = door.ws.logs(MODEL).predictions()
    assert held["time"].tolist() == [pd.Timestamp("2026-03-01", tz="UTC"), NOW]


def test_rows_are_dealt_by_the_column_that_the_settings_name(tmp_path):
    ws = desk(tmp_path, f'[server]\nkeys = {{ {MODEL} = "firm" }}\n')
    release(ws, 2)
    release(ws, 3, share=0.5)
    with calling(ws) as door:
        assert "firm" in detail(door.post("predictions", one()), 422)
        told = [one(f"i{n}", firm="acme") for n in range(30)]
        versions = {each["version"] for each in door.post("predictions", told).json()}
        assert len(versions) == 1
        alone = {door.post("predictions", row).json()["version"] for row in told[:9]}
        assert alone == versions


# ------------------------------------------------------------------ what is wrong


@pytest.mark.parametrize(
    ("row", "pointer", "said"),
    [
        ({**FLAG, "lable": 1}, "/lable", "did you mean label?"),
        ({"id": "i1", "time": FLAG["time"]}, "/kind", "is missing"),
        ({**FLAG, "kind": "shout"}, "/kind", "'flag'"),
        ({**FLAG, "label": 2}, "/label", "neither 0/1"),
        ({**FLAG, "time": "2026-03-01T10:00:00"}, "/time", "timezone"),
        ({**FLAG, "time": 1_700_000_000}, "/time", "datetime"),
        ({**FLAG, "id": ""}, "/id", "at least 1 character"),
        ({"id": "i1", "kind": "flag"}, "", "feedback_id or time"),
    ],
)
def test_a_fault_is_named_with_its_place(door, row, pointer, said):
    for told, before in ((row, ""), ([FLAG, row], "/1")):
        answer = door.post("feedback", told)
        detail(answer, 422)
        found = {each["pointer"]: each["detail"] for each in answer.json()["errors"]}
        assert said in found[before + pointer]
    assert door.landed().count("feedback") == 0


def test_a_column_that_is_missing_or_unknown_is_named(door):
    row = one()
    row["vists"] = row.pop("visits")
    answer = door.post("predictions", row)
    detail(answer, 422)
    assert {each["pointer"] for each in answer.json()["errors"]} == {
        "/vists",
        "/visits",
    }


@pytest.mark.parametrize("body", [b"", b"{", b"[1,", b"\xff\xfe", b"[" * 100_000])
def test_what_is_no_json_is_400(door, body):
    assert "no JSON" in detail(door.post("feedback", body), 400)


@pytest.mark.parametrize("told", [[], 7, "flag", None, [[]], {"id": float("nan")}])
def test_json_of_another_shape_is_refused(door, told):
    assert door.post("feedback", told).status_code in (400, 422)


def test_other_kinds_of_content_are_415(door):
    answer = door.post("feedback", FLAG, headers={"Content-Type": "text/plain"})
    assert "application/json" in detail(answer, 415)
    answer = door.post("feedback", FLAG, headers={"Content-Encoding": "gzip"})
    assert "compressed" in detail(answer, 415)


def test_too_much_is_413(tmp_path):
    with calling(desk(tmp_path, "[server]\nbody_kb = 1\nrows = 3\n")) as door:
        assert "1 kB" in detail(door.post("feedback", b" " * 1025), 413)
        assert "more than 3" in detail(
            door.post(
                "events", [{"event_id": n, "id": "1", "kind": "k"} for n in range(4)]
            ),
            413,
        )


def test_what_is_not_there_is_404_and_what_is_not_for_it_405(door):
    assert "did you mean leads?" in detail(door.post("/models/leds/events", {}), 404)
    detail(door.ask("GET", "/nothing"), 404)
    answer = door.ask("DELETE", f"/models/{MODEL}/outcomes")
    detail(answer, 405)
    assert "POST" in answer.headers["allow"]


def test_what_nobody_thought_of_is_500_without_a_trace(door, monkeypatch):
    def broken(*_args):
        raise RuntimeError("secret of the house")

    monkeypatch.setattr(type(door.door), "shape", broken)
    answer = door.post("feedback", FLAG)
    told = detail(answer, 500)
    assert "secret" not in answer.text
    assert "Traceback" not in answer.text
    assert "something went wrong" in told


def test_a_request_keeps_the_id_it_came_with_where_that_is_harmless(door):
    answer = door.post("feedback", FLAG, headers={"X-Request-Id": "abc-1"})
    assert answer.headers["x-request-id"] == answer.json()["request"] == "abc-1"
    answer = door.post("feedback", FLAG, headers={"X-Request-Id": "a b\t" * 40})
    assert len(answer.headers["x-request-id"]) == 16


def test_a_model_that_nobody_serves_is_503(tmp_path):
    made = desk(tmp_path)
    path = made.directory / "lifecycle.toml"
    path.write_text(path.read_text() + path.read_text().replace("leads", "fresh"))
    with calling(lifecycle.open(made.directory)) as door:
        answer = door.post("/models/fresh/predictions", one())
        assert "fresh" in detail(answer, 503)
        assert answer.headers["retry-after"] == "60"


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
    assert done.rows_refused == 1
    assert "was set aside" in done.troubles[0]
    assert list(landing.folder(ws).glob("*.refused"))


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


def test_a_source_of_a_model_that_is_not_there_opens_no_door(tmp_path):
    told = (
        '[server.sources.crm]\npreset = "hubspot"\nmodel = "leds"\nsecret_env = "S"\n'
    )
    with pytest.raises(errors.SettingsError, match=r"crm names model 'leds'"):
        server.create(desk(tmp_path, told), now=lambda: NOW)


def test_a_body_is_read_as_json_wherever_its_list_begins(door):
    body = b" \n\t " + json.dumps([FLAG]).encode()
    assert door.post("feedback", body).json()["accepted"] == 1
