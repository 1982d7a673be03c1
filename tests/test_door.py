"""The door: what is acknowledged comes into the log once; what is wrong is said."""

from __future__ import annotations

from datetime import timedelta

import pandas as pd
import pytest

import lifecycle
from tests import door_desk
from tests.door_desk import FLAG, MODEL, NOW, calling, desk, detail
from tests.router_desk import one, release


@pytest.fixture
def ws(tmp_path):
    return desk(tmp_path)


@pytest.fixture
def door(ws):
    with calling(ws) as made:
        yield made


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


def test_an_id_may_be_a_number_however_it_is_written(door):
    for id in (7, 7.0, "7"):
        row = {"event_id": id, "id": id, "kind": "call"}
        assert door.post("events", row).status_code == 202
    assert door.landed().events()[["event_id", "id"]].values.tolist() == [
        ["crm:7", "7"]
    ]
    for id in (7.5, 1e-42, True, 1e300, None):
        row = {"event_id": 1, "id": id, "kind": "call"}
        assert door.post("events", row).status_code == 422


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
