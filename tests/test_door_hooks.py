"""Web hooks of five systems, as they are documented: signed, mapped, taken once."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from datetime import timedelta

import pytest

import lifecycle
from lifecycle import config, errors, hooks
from lifecycle.server import places, signatures, taking
from lifecycle.server.refusals import Refused
from tests import door_desk
from tests.door_desk import MODEL, NOW, calling, desk
from tests.door_payloads import CONTACT, LEAD, ORDER, OUTBOUND, PRODUCT, TICKET, TRACK

SECRET = "a secret of some weight"


def code(*parts: bytes, by=hashlib.sha256) -> hmac.HMAC:
    return hmac.new(SECRET.encode(), b"".join(parts), by)


def text(made: hmac.HMAC) -> str:
    return base64.b64encode(made.digest()).decode()


def hubspot(body: bytes, at=NOW, uri="http://door/sources/crm"):
    moment = str(int(at.timestamp() * 1000))
    signed = text(code(b"POST", uri.encode(), body, moment.encode()))
    return {
        "X-HubSpot-Signature-v3": signed,
        "X-HubSpot-Request-Timestamp": moment,
    }


def zendesk(body: bytes, at=NOW):
    moment = at.strftime("%Y-%m-%dT%H:%M:%SZ")
    return {
        "X-Zendesk-Webhook-Signature": text(code(moment.encode(), body)),
        "X-Zendesk-Webhook-Signature-Timestamp": moment,
    }


def shopify(body: bytes, at=NOW, topic="orders/create"):
    return {
        "X-Shopify-Hmac-Sha256": text(code(body)),
        "X-Shopify-Topic": topic,
        "X-Shopify-Webhook-Id": "b54557e4-bdd9-4b37-8a5f-bf7d70bcd043",
    }


def segment(body: bytes, at=NOW):
    return {"X-Signature": code(body, by=hashlib.sha1).hexdigest()}


def own(body: bytes, at=NOW):
    from lifecycle.hooks import webhooks

    return {hooks.webhooks.SIGNATURE: webhooks.signature(SECRET, body, key="1", at=at)}


SIGN = {
    "hubspot": hubspot,
    "zendesk": zendesk,
    "shopify": shopify,
    "segment": segment,
    "lifecycle": own,
}


def table(preset: str, more: str = "", name: str = "crm") -> str:
    secret = "" if preset.startswith("salesforce") else 'secret_env = "DOOR_SECRET"\n'
    return (
        f'[server.sources.{name}]\npreset = "{preset}"\nmodel = "{MODEL}"\n'
        f"{secret}{more}\n"
    )


@pytest.fixture(autouse=True)
def secret(monkeypatch):
    monkeypatch.setenv("DOOR_SECRET", SECRET)


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    return desk(tmp_path_factory.mktemp("hooks")).directory


@pytest.fixture
def opened(place, tmp_path):
    """Opens a door with these settings, on a copy of one workspace."""
    import shutil
    from contextlib import ExitStack

    with ExitStack() as stack:

        def door(told, **terms):
            copy = tmp_path / "copy"
            shutil.copytree(place, copy)
            path = copy / "lifecycle.toml"
            path.write_text(told + path.read_text())
            return stack.enter_context(calling(lifecycle.open(copy), **terms))

        yield door


def sent(door, told, preset, *, sign=None, **terms):
    body = told if isinstance(told, bytes) else json.dumps(told).encode()
    headers = (sign or SIGN[preset])(body, **terms)
    return door.post("/sources/crm", body, headers=headers)


# ------------------------------------------------------------------ each system


def test_a_contact_of_hubspot_that_became_a_customer_is_an_outcome(opened):
    door = opened(table("hubspot"))
    other = {**CONTACT, "objectId": 2, "propertyValue": "opportunity"}
    lost = {**CONTACT, "objectId": 3, "propertyValue": "other"}
    answer = sent(door, [CONTACT, other, lost], "hubspot")
    assert (answer.status_code, answer.json()["accepted"]) == (202, 2)
    held = door.landed().outcomes()
    assert dict(zip(held["id"], held["outcome"], strict=True)) == {
        "1246965": 1.0,
        "3": 0.0,
    }
    assert held["time"].dt.strftime("%Y-%m-%d %H:%M").unique() == ["2026-03-02 10:00"]


def test_a_ticket_of_zendesk_that_changed_its_status_is_an_event(opened):
    door = opened(table("zendesk"))
    assert sent(door, TICKET, "zendesk").status_code == 202
    (row,) = door.landed().events().to_dict("records")
    assert (row["id"], row["kind"]) == ("5158", "SOLVED")
    assert row["event_id"] == f"crm:{TICKET['id']}"


def test_an_order_of_shopify_is_a_purchase_an_item(opened):
    door = opened(table("shopify"))
    assert sent(door, ORDER, "shopify").json()["accepted"] == 2
    held = door.landed().events()
    assert held["id"].unique().tolist() == ["u7-2026-03-01"]
    assert sorted(held["value"]) == [29.5, 199.0]
    assert held["kind"].unique().tolist() == ["purchase"]


def test_a_product_of_shopify_that_is_archived_is_retired(opened):
    door = opened(table("shopify"))
    answer = sent(
        door,
        PRODUCT,
        "shopify",
        sign=lambda body: shopify(body, topic="products/update"),
    )
    assert answer.json()["accepted"] == 1
    held = door.landed().events()
    assert held["id"].tolist() == ["788032119674292922"]
    assert held["kind"].tolist() == ["retired"]
    active = {**PRODUCT, "status": "active"}
    answer = sent(
        door,
        active,
        "shopify",
        sign=lambda body: shopify(body, topic="products/update"),
    )
    assert answer.json()["accepted"] == 0


def test_a_track_call_of_segment_is_an_event(opened):
    door = opened(table("segment"))
    assert sent(door, TRACK, "segment").json()["accepted"] == 1
    assert sent(door, {**TRACK, "type": "page"}, "segment").json()["accepted"] == 0
    (row,) = door.landed().events().to_dict("records")
    assert (row["id"], row["kind"], row["value"]) == ("u9", "Course Clicked", 12.5)


def test_a_batch_of_segment_is_refused_for_its_signature_covers_one(opened):
    door = opened(table("segment"))
    answer = sent(door, [TRACK, TRACK], "segment")
    assert (answer.status_code, "batching" in answer.text) == (422, True)


def test_a_lead_of_salesforce_comes_with_a_token(opened):
    door = opened(table("salesforce"))
    assert door.post("/sources/crm", LEAD).json()["accepted"] == 1
    held = door.landed().outcomes()
    assert held["id"].tolist() == ["00Q5e00001AbCdEEAV"]
    assert held["outcome"].tolist() == [1.0]
    key = door_desk.token(door.ws, "shop")
    door.door.callers.refresh()
    answer = door.post("/sources/crm", LEAD, headers={"Authorization": f"Bearer {key}"})
    assert (answer.status_code, "another source" in answer.text) == (403, True)


def test_an_outbound_message_of_salesforce_is_acknowledged_as_it_wants(opened):
    door = opened(table("salesforce-outbound"))
    xml = {"Content-Type": "text/xml; charset=utf-8", "Authorization": ""}
    path = f"/sources/crm?token={door.key}"
    answer = door.post(path, OUTBOUND, headers=xml)
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/xml")
    assert taking.payload(answer.content, "xml") == {
        "Envelope": {"Body": {"notificationsResponse": {"Ack": "true"}}}
    }
    assert door.landed().outcomes()["id"].tolist() == ["00Q5e00001AbCdEEAV"]
    assert door.post("/sources/crm", OUTBOUND, headers=xml).status_code == 401


@pytest.mark.parametrize("told", ["<!DOCTYPE a>", '<!DOCTYPE a [<!ENTITY b "c">]>'])
def test_xml_that_declares_anything_is_not_read(told):
    with pytest.raises(Refused, match="document type"):
        taking.payload(told.encode() + b"<a/>", "xml")


@pytest.mark.parametrize("body", [b"", b"<a>", b"<a/><b/>", b"<" * 9999, b"\xff"])
def test_what_is_no_xml_is_400(body):
    with pytest.raises(Refused) as refused:
        taking.payload(body, "xml")
    assert refused.value.status == 400


def test_the_workbench_hears_its_own_hooks(opened):
    told = table("hubspot", 'signature = "lifecycle"\n')
    door = opened(told)
    assert sent(door, [CONTACT], "lifecycle").json()["accepted"] == 1


# ------------------------------------------------------------------ forged, late, again


@pytest.mark.parametrize("preset", ["hubspot", "zendesk", "shopify", "segment"])
def test_what_is_altered_unsigned_or_of_another_secret_is_401(opened, preset):
    door = opened(table(preset))
    told = {"hubspot": [CONTACT], "zendesk": TICKET, "shopify": ORDER, "segment": TRACK}
    body = json.dumps(told[preset]).encode()
    headers = SIGN[preset](body)
    assert door.post("/sources/crm", body).status_code == 401
    assert door.post("/sources/crm", body + b" ", headers=headers).status_code == 401
    for name, value in headers.items():
        if "Signature" in name or "Hmac" in name:
            wrong = {**headers, name: "é" + value[1:]}
            raw = {k: v.encode() for k, v in wrong.items()}
            assert door.post("/sources/crm", body, headers=raw).status_code == 401
    assert door.post("/sources/crm", body, headers=headers).status_code == 202
    assert door.landed().count("feedback") == 0


@pytest.mark.parametrize("preset", ["hubspot", "zendesk"])
def test_what_was_signed_too_long_ago_is_401(opened, preset):
    door = opened(table(preset))
    told = [CONTACT] if preset == "hubspot" else TICKET
    for minutes in (6, -6):
        answer = sent(door, told, preset, at=NOW - timedelta(minutes=minutes))
        assert (answer.status_code, "older or newer" in answer.text) == (401, True)
    assert sent(door, told, preset, at=NOW - timedelta(minutes=4)).status_code == 202


def test_a_moment_that_is_none_is_never_near():
    for header in ("", "t=x,v1=y", "t=-1", "t=1e9", "t=٣"):
        sent = signatures.Sent("POST", "/", {"x-lifecycle-signature": header}, b"{}")
        told, wanted, moment = signatures.SCHEMES["lifecycle"](sent, b"s")
        assert told != wanted
        assert moment == float("inf")


def test_what_comes_again_is_taken_once_and_answered_with_200(opened):
    door = opened(table("zendesk"))
    assert sent(door, TICKET, "zendesk").json()["repeated"] is False
    again = sent(door, TICKET, "zendesk")
    assert (again.status_code, again.json()["repeated"]) == (200, True)
    assert door.landed().count("events") == 1


def test_what_comes_again_is_409_where_the_settings_say_so(opened):
    door = opened(table("shopify", 'replayed = "refuse"\n'))
    assert sent(door, ORDER, "shopify").status_code == 202
    headers = lambda body: {  # noqa: E731
        **shopify(body),
        "X-Shopify-Webhook-Id": "another, which nobody signed",
    }
    answer = sent(door, ORDER, "shopify", sign=headers)
    assert (answer.status_code, "taken before" in answer.text) == (409, True)


def test_what_was_not_kept_may_come_again(opened, monkeypatch):
    import os

    def full(*_args):
        raise OSError(28, os.strerror(28))

    door = opened(table("zendesk", 'replayed = "refuse"\n'))
    monkeypatch.setattr(os, "fdatasync", full)
    assert sent(door, TICKET, "zendesk").status_code == 503
    monkeypatch.undo()
    assert sent(door, TICKET, "zendesk").status_code in (401, 503)  # no secret now
    monkeypatch.setenv("DOOR_SECRET", SECRET)
    assert sent(door, TICKET, "zendesk").status_code == 202


def test_the_address_that_hubspot_signs_is_the_public_one(opened):
    told = '[server]\npublic_url = "https://door.example.com"\n'
    door = opened(told + table("hubspot"))
    uri = "https://door.example.com/sources/crm"
    assert sent(door, [CONTACT], "hubspot", uri=uri).status_code == 202
    assert sent(door, [CONTACT], "hubspot").status_code == 401


def test_a_secret_that_is_not_set_is_503_and_a_source_that_is_not_there_404(
    opened, monkeypatch
):
    door = opened(table("hubspot"))
    monkeypatch.delenv("DOOR_SECRET")
    assert sent(door, [CONTACT], "hubspot").status_code == 503
    assert door.post("/sources/none", {}).status_code == 404


def test_what_does_not_fit_is_422_and_names_the_place(opened):
    door = opened(table("hubspot"))
    late = {**CONTACT, "occurredAt": "yesterday"}
    answer = sent(door, [late], "hubspot")
    assert (answer.status_code, "yesterday" in answer.text) == (422, True)
    none = {key: value for key, value in CONTACT.items() if key != "objectId"}
    answer = sent(door, [none], "hubspot")
    assert answer.json()["errors"][0]["pointer"] == "/0/id"


# ------------------------------------------------------------------ settings


def test_settings_go_over_a_preset_table_by_table(opened):
    more = '[server.sources.crm.take.won]\nones = ["sql"]\nzeros = ["junk"]\n'
    door = opened(table("hubspot", more))
    row = {**CONTACT, "propertyValue": "sql"}
    assert sent(door, [row, CONTACT], "hubspot").json()["accepted"] == 1


@pytest.mark.parametrize(
    ("told", "said"),
    [
        ({"preset": "hubspt"}, "there is no preset 'hubspt'"),
        ({"preset": "hubspot"}, "needs secret_env"),
        ({"preset": "salesforce", "secret_env": "S"}, "by a token"),
        ({"signature": "token"}, "takes nothing"),
        (
            {"signature": "token", "take": {"a": {"into": "events"}}},
            "events need id",
        ),
        ({"preset": "hubspot", "secret_env": "hunter2"}, "no name of an environment"),
    ],
)
def test_a_source_that_cannot_work_is_said_when_settings_are_read(told, said):
    with pytest.raises(errors.SettingsError, match=said) as refused:
        config.parse({"server": {"sources": {"a": {"model": "m", **told}}}})
    assert "hunter2" not in str(refused.value)


@pytest.mark.parametrize("preset", config.PRESETS)
def test_every_preset_is_whole(preset):
    told = {"preset": preset, "model": "m"}
    if not preset.startswith("salesforce"):
        told["secret_env"] = "S"
    source = config.parse({"server": {"sources": {"a": told}}}).server.sources["a"]
    for take in source.take.values():
        for place in (take.each, *take.fields.values()):
            places.find({}, place)


@pytest.mark.parametrize("place", ["a[", "a[x]", "[=]", "a[]"])
def test_a_place_that_is_written_wrongly_is_said(place):
    with pytest.raises(ValueError, match="is no place"):
        places.find({}, place)
