"""Web hooks: signed requests of systems that send in their own shape."""

from __future__ import annotations

import asyncio
import hashlib
import json
import os
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from lifecycle.registry import received
from lifecycle.server import reading, signatures, taking
from lifecycle.server.inbox import Note
from lifecycle.server.refusals import Refused

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response

    from lifecycle import config
    from lifecycle.server.door import Door

__all__ = ["signed", "taken"]

_ACK = b"""<?xml version="1.0" encoding="UTF-8"?>
<soapenv:Envelope xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/">\
<soapenv:Body><notificationsResponse xmlns="http://soap.sforce.com/2005/09/outbound">\
<Ack>true</Ack></notificationsResponse></soapenv:Body></soapenv:Envelope>"""


async def taken(request: Request) -> Response:
    """`POST /sources/NAME`: check who sent it, take out the rows, answer.

    A delivery is known by its signature, of which nobody can make another for the same
    message, or by its body where a token says who sends. That it came is kept after the
    disk has its rows: who is killed between is told again, and rows that come twice are
    the same rows.
    """
    request.scope["asked"] = "sources"
    door: Door = request.app.state.door
    name = request.path_params["source"]
    source = door.settings.sources.get(name)
    if source is None:
        raise Refused(
            404, "there is no such source here; see [server.sources] in the settings"
        )
    if source.signature in ("token", "url-token"):
        await _known(request, door, source, name)
    body = await reading.body_of(
        request,
        most=door.settings.body_kb * 1024,
        seconds=door.settings.read_seconds,
        form=source.format,
    )
    headers = reading.headers_of(request)
    known = body
    if source.signature not in ("token", "url-token"):
        code = signatures.check(
            source.signature,
            signatures.Sent(request.method, _address(request, door), headers, body),
            secret=os.environ.get(source.secret_env or "", ""),
            at=door.now(),
            tolerance=source.tolerance_seconds,
        )
        known = code.encode()
    told = taking.payload(body, source.format)
    rows: dict[str, list[dict[str, Any]]] = {}
    for take in source.take.values():
        if not take.skip:
            found = rows.setdefault(take.into, [])
            found += taking.rows(take, told, headers)
    for table, found in rows.items():
        if found:
            door.shape(source.model, table).check(found, most=door.settings.rows)
    key = hashlib.sha256(known).hexdigest()
    repeated = await _once(request, door, name, source, key, rows)
    count = sum(map(len, rows.values()))
    return _answer(request, source, 0 if repeated else count, repeated)


async def _once(
    request: Request,
    door: Door,
    name: str,
    source: config.Source,
    key: str,
    rows: Mapping[str, Sequence[dict[str, Any]]],
) -> bool:
    """Keep the rows of a delivery; True where it was taken before."""
    pending = (name, key)
    registry = door.workspace.registry
    if pending in door.pending or await asyncio.to_thread(
        received.came, registry, name, key
    ):
        if source.replayed == "refuse":
            raise Refused(409, "this was taken before; do not send it again")
        if pending in door.pending:
            raise Refused(
                503, "this is being taken just now", headers={"Retry-After": "1"}
            )
        return True
    door.pending.add(pending)
    try:
        at = (door.workspace.settings.workspace.as_of or door.now()).timestamp()
        id = request.scope["request_id"]
        for table, found in rows.items():
            if found:
                body = json.dumps(found).encode()
                await door.inbox.put(
                    Note(source.model, table, name, id, at, len(found), body)
                )
        await asyncio.to_thread(received.keep, registry, name, key, at=door.now())
    finally:
        door.pending.discard(pending)
    return False


async def _known(
    request: Request, door: Door, source: config.Source, name: str
) -> None:
    """A sender without a signature is known by a token that was made for it."""
    if source.signature == "url-token":
        sent = request.query_params.getlist("token")
        told = sent[0] if len(sent) == 1 else None
    else:
        told = reading.token_of(request)
    if door.callers.missing(told):
        await asyncio.to_thread(door.callers.refresh)
    for table in {take.into for take in source.take.values() if not take.skip}:
        token = door.callers.caller(told, scope=table, model=source.model)
        if token.source != name:
            raise Refused(
                403,
                f"token {token.id} was made for another source; make one with "
                f"`lifecycle token create {name}`",
            )


def _address(request: Request, door: Door) -> str:
    """The address as the sender wrote it: a proxy's public one where it is told."""
    scope = request.scope
    path = scope.get("raw_path", b"").decode("latin-1") or scope["path"]
    query = scope.get("query_string", b"").decode("latin-1")
    base = door.settings.public_url.rstrip("/")
    if not base:
        base = f"{scope['scheme']}://{request.headers.get('host', '')}"
    return f"{base}{path}{'?' if query else ''}{query}"


def _answer(
    request: Request, source: config.Source, rows: int, repeated: bool
) -> Response:
    from starlette.responses import Response

    status = 200 if repeated or source.format == "xml" else 202
    if source.format == "xml":
        return Response(_ACK, status, media_type="text/xml")
    told = {
        "accepted": rows,
        "repeated": repeated,
        "request": request.scope["request_id"],
    }
    return Response(json.dumps(told), status, media_type="application/json")


def signed(rows: list[dict[str, Any]], person: str) -> bytes:
    """Feedback as JSON, by the person whom a trusted proxy has signed in.

    Raises
    ------
    Refused
        403, where a row names somebody else.
    """
    for at, row in enumerate(rows):
        if row.get("person") not in (None, person):
            raise Refused(
                403,
                f"row {at} is by another person than the one who is signed in; leave "
                "person out",
            )
        row["person"] = person
    return json.dumps(rows, default=lambda moment: moment.isoformat()).encode()
