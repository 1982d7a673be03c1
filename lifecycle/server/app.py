"""The application: what is asked, by whom, and what is answered."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import datetime
from time import perf_counter
from typing import TYPE_CHECKING, Any

from lifecycle import errors
from lifecycle.server import counted, described, hooked, predicting, reading
from lifecycle.server.door import Door
from lifecycle.server.inbox import Note
from lifecycle.server.refusals import MEDIA, Refused, problem
from lifecycle.workspace import actors

if TYPE_CHECKING:
    from fastapi import FastAPI
    from starlette.requests import Request
    from starlette.responses import Response
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from lifecycle.registry.tokens import Token
    from lifecycle.workspace import Workspace

__all__ = ["create"]

_LOG = logging.getLogger("lifecycle.door")
_WORDS = ("outcomes", "feedback", "events")
Endpoint = Callable[["Request"], Awaitable["Response"]]


def create(
    workspace: Workspace, *, now: Callable[[], datetime], background: bool = True
) -> FastAPI:
    """The door of a workspace, as an ASGI application.

    Parameters
    ----------
    workspace : Workspace
    now : callable
        The moment, with a zone.
    background : bool
        Without, nothing goes on behind the requests; `app.state.door` has what would.

    Returns
    -------
    FastAPI

    Raises
    ------
    LifecycleError
        The extra `server` is not installed.
    SettingsError
        A source or a poll names a model that is not there.

    Notes
    -----
    An answer 202 to outcomes, feedback, events and web hooks says that the rows are on
    the disk (written and synced). They come into the log within `land_seconds` or,
    where this process is killed before, by the next door of the workspace. An answer
    200 to predictions says the same of rows with `"logged": true`.

    What is sent again is taken once: predictions by their id, of which the first stays;
    feedback and events by their id (or by all they say, where they have a time), of
    which the last stays; outcomes by id and time.
    """
    try:
        from fastapi import FastAPI
        from starlette.exceptions import HTTPException
        from starlette.routing import Route
    except ImportError as error:
        raise errors.LifecycleError(
            "the door needs FastAPI; run `pip install 'lifecycle-workbench[server]'`"
        ) from error

    door = Door(workspace, now=now, background=background)

    @asynccontextmanager
    async def living(_app: FastAPI) -> AsyncIterator[None]:
        door.start()
        try:
            yield
        finally:
            await asyncio.to_thread(door.close)

    app = FastAPI(
        title=workspace.settings.workspace.title,
        openapi_url=None,
        docs_url=None,
        redoc_url=None,
        lifespan=living,
        exception_handlers={
            Refused: _refused,
            HTTPException: _unrouted,
            Exception: _failed,
        },
    )
    app.state.door = door
    asked: list[tuple[str, str, Endpoint]] = [
        ("POST", "/models/{model}/predictions", _predictions),
        *(("POST", f"/models/{{model}}/{each}", _words(each)) for each in _WORDS),
        ("GET", "/models/{model}/feedback/{feedback_id:path}", _reply),
        ("POST", "/sources/{source}", hooked.taken),
        ("GET", "/health/live", _alive),
        ("GET", "/health/ready", _ready),
        ("GET", "/health", _ready),
        ("GET", "/metrics", _metrics),
    ]
    if workspace.settings.server.docs:
        asked += [("GET", "/openapi.json", _openapi), ("GET", "/docs", _docs)]
    app.router.routes.extend(
        Route(path, endpoint, methods=[method]) for method, path, endpoint in asked
    )
    app.add_middleware(_Counting, door=door)
    return app


class _Counting:
    """Gives each request its id, and counts how it was answered."""

    def __init__(self, app: ASGIApp, door: Door) -> None:
        self._app, self._counted = app, door.counted

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = {
            name.decode("latin-1"): value.decode("latin-1")
            for name, value in scope["headers"]
            if name == b"x-request-id"
        }
        id = scope["request_id"] = reading.request_id(headers)
        began, status = perf_counter(), 500

        async def answer(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"] = [
                    *message["headers"],
                    (b"x-request-id", id.encode()),
                ]
            await send(message)

        try:
            await self._app(scope, receive, answer)
        finally:
            asked = scope.get("asked", "other")
            self._counted.add(asked, status, perf_counter() - began)


# -- answers -------------------------------------------------------------------


async def _predictions(request: Request) -> Response:
    door, name = _of(request, "predictions")
    await _caller(request, door, "predictions", name)
    settings = door.settings
    body = await reading.body_of(
        request, most=settings.body_kb * 1024, seconds=settings.read_seconds
    )
    rows, several = door.shape(name, "predictions").read(body, most=settings.rows)
    loop = asyncio.get_running_loop()
    said = await loop.run_in_executor(
        door.hands, predicting.answered, door, name, rows, several
    )
    return _json(said)


def _words(table: str) -> Endpoint:
    async def taken(request: Request) -> Response:
        door, name = _of(request, table)
        token = await _caller(request, door, table, name)
        settings = door.settings
        body = await reading.body_of(
            request, most=settings.body_kb * 1024, seconds=settings.read_seconds
        )
        rows, _ = door.shape(name, table).read(body, most=settings.rows)
        person = _person(request, door) if table == "feedback" else None
        if person is not None:
            body = hooked.signed(rows, person)
        id = request.scope["request_id"]
        await door.inbox.put(
            Note(name, table, token.source, id, _seconds(door), len(rows), body)
        )
        return _json(b'{"accepted":%d,"request":"%s"}' % (len(rows), id.encode()), 202)

    return taken


async def _reply(request: Request) -> Response:
    door, name = _of(request, "replies")
    token = await _caller(request, door, "feedback", name)
    id = f"{token.source}:{request.path_params['feedback_id']}"
    said = await asyncio.to_thread(predicting.replied, door, name, id)
    return _json(said)


async def _alive(request: Request) -> Response:
    request.scope["asked"] = "health"
    return _json(b'{"status":"alive"}')


async def _ready(request: Request) -> Response:
    request.scope["asked"] = "health"
    found = _door(request).ready()
    status = "ready" if all(found.values()) else "not ready"
    told = described.dumped({"status": status, "checks": found})
    return _json(told, 200 if status == "ready" else 503)


async def _metrics(request: Request) -> Response:
    from starlette.responses import Response

    request.scope["asked"] = "metrics"
    door = _door(request)
    await _caller(request, door, "metrics")
    text = counted.exposed(door.families())
    return Response(text, media_type="text/plain; version=0.0.4")


async def _openapi(request: Request) -> Response:
    request.scope["asked"] = "docs"
    return _json(described.dumped(described.openapi(_door(request))))


async def _docs(request: Request) -> Response:
    from starlette.responses import HTMLResponse

    from lifecycle import markup

    request.scope["asked"] = "docs"
    page = described.page(_door(request))
    return HTMLResponse(page, headers={"Content-Security-Policy": markup.POLICY})


# -- what they have in common --------------------------------------------------


def _door(request: Request) -> Door:
    door: Door = request.app.state.door
    return door


def _of(request: Request, asked: str) -> tuple[Door, str]:
    request.scope["asked"] = asked
    return _door(request), request.path_params["model"]


async def _caller(request: Request, door: Door, scope: str, name: str = "") -> Token:
    """Who calls, where it may; then whether there is what it speaks of."""
    told = reading.token_of(request)
    if door.callers.missing(told):
        await asyncio.to_thread(door.callers.refresh)
    token = door.callers.caller(told, scope=scope, model=name)
    if name:
        door.model(name)
    return token


def _person(request: Request, door: Door) -> str | None:
    identity = door.workspace.settings.workspace.identity
    if not identity.proxy_header:
        return None
    actor = actors.handed_on(
        request.headers.items(),
        peer=request.client.host if request.client else "",
        header=identity.proxy_header,
        proxies=identity.proxies,
    )
    return None if actor is None else actor.name


def _seconds(door: Door) -> float:
    fixed = door.workspace.settings.workspace.as_of
    return (fixed or door.now()).timestamp()


def _json(told: bytes, status: int = 200) -> Response:
    from starlette.responses import Response

    return Response(told, status, media_type="application/json")


async def _refused(request: Request, refused: Any) -> Response:
    from starlette.responses import Response

    id = request.scope.get("request_id", "")
    if refused.status >= 500:
        _LOG.warning("%s: %d %s", id, refused.status, refused.detail)
    return Response(
        problem(refused, request=id),
        refused.status,
        headers=refused.headers,
        media_type=MEDIA,
    )


async def _unrouted(request: Request, error: Any) -> Response:
    sentence = {
        404: "there is nothing at this address; see /docs",
        405: f"{request.method} is not for this address; see /docs",
    }.get(error.status_code, "the request is not as it must be; see /docs")
    headers = dict(error.headers or {})
    return await _refused(
        request, Refused(error.status_code, sentence, headers=headers)
    )


async def _failed(request: Request, _error: Exception) -> Response:
    """What nobody thought of: the log has it, the sender its request's id."""
    refused = Refused(500, "something went wrong here; tell the owner the instance")
    answer = await _refused(request, refused)
    answer.headers["x-request-id"] = request.scope.get("request_id", "")
    return answer
