"""Reading a request: its id, its body within limits, its kind, who sent it."""

from __future__ import annotations

import asyncio
import re
import secrets
from itertools import count
from typing import TYPE_CHECKING, Any

from lifecycle.server.refusals import Refused

if TYPE_CHECKING:
    from starlette.requests import Request

__all__ = ["body_of", "headers_of", "request_id", "token_of"]

_PREFIX = secrets.token_hex(4)  # no other process has the same
_NUMBER = count(1)
_ID = re.compile(r"[A-Za-z0-9_.-]{1,64}")
_CLOSE = {"Connection": "close"}
_JSON = ("application/json", "+json")
_XML = ("text/xml", "application/xml", "+xml", "application/soap+xml")


def request_id(headers: Any) -> str:
    """The request's id: as the sender calls it, where that is fit for a log."""
    told = headers.get("x-request-id", "")
    if told and _ID.fullmatch(told):
        return str(told)
    return f"{_PREFIX}{next(_NUMBER):08x}"


def headers_of(request: Request) -> dict[str, str]:
    """Names in lower case; of a header that came twice nothing is believed."""
    held: dict[str, str] = {}
    twice = set()
    for name, value in request.headers.items():
        if name in held:
            twice.add(name)
        held[name] = value
    return {name: value for name, value in held.items() if name not in twice}


def token_of(request: Request) -> str | None:
    """The token of a request.

    Raises
    ------
    Refused
        401, where two came.
    """
    told = request.headers.getlist("authorization")
    if not told:
        return None
    kind, _, token = told[0].partition(" ")
    if len(told) > 1 or kind.lower() != "bearer":
        raise Refused(
            401,
            "send one header Authorization: Bearer TOKEN",
            headers={"WWW-Authenticate": "Bearer"},
        )
    return token.strip()


async def body_of(
    request: Request, *, most: int, seconds: float, form: str = "json"
) -> bytes:
    """The body of a request.

    Parameters
    ----------
    request : Request
    most : int
        Bytes.
    seconds : float
        In which it must have come wholly.
    form : {"json", "xml"}

    Raises
    ------
    Refused
        415, 413, 408, or 400 where the sender goes away.
    """
    _fitting(request, form)
    length = request.headers.get("content-length", "")
    if length.isdigit() and int(length) > most:
        raise _too_large(most)
    parts: list[bytes] = []
    size = 0
    try:
        async with asyncio.timeout(seconds):
            while True:
                message = await request.receive()
                if message["type"] == "http.disconnect":
                    raise Refused(400, "the sender went away in the middle of the body")
                part = message.get("body", b"")
                size += len(part)
                if size > most:
                    raise _too_large(most)
                if part:
                    parts.append(part)
                if not message.get("more_body", False):
                    return parts[0] if len(parts) == 1 else b"".join(parts)
    except TimeoutError:
        raise Refused(
            408,
            f"the body had not come after {seconds:.3g} s; send it faster, or less",
            headers=_CLOSE,
        ) from None


def _fitting(request: Request, form: str) -> None:
    told = request.headers.get("content-type", "")
    kind = told.partition(";")[0].strip().lower()
    if not kind.endswith(_JSON if form == "json" else _XML):
        wanted = "application/json" if form == "json" else "text/xml"
        raise Refused(
            415,
            f"Content-Type {kind[:60]!a} is not read; send {wanted}",
            headers={"Accept": wanted},
        )
    if request.headers.get("content-encoding", "identity").lower() != "identity":
        raise Refused(
            415,
            "a compressed body is not read; send it without Content-Encoding",
            headers={"Accept-Encoding": "identity"},
        )


def _too_large(most: int) -> Refused:
    return Refused(
        413,
        f"the body is larger than {most // 1024:,} kB; send the rows in parts",
        headers=_CLOSE,
    )
