"""A workspace with a door, tokens for it, and requests that need no network."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx

import lifecycle
from lifecycle import server
from lifecycle.registry import tokens
from lifecycle.workspace import Workspace
from tests import router_desk

MODEL = router_desk.MODEL
AT = router_desk.AT
NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
ALL = tokens.SCOPES
FLAG = {"id": "i1", "kind": "flag", "time": "2026-03-01T10:00:00Z"}


def desk(folder: Path, settings: str = "") -> Workspace:
    """A workspace with a model in production, and more settings."""
    made = router_desk.desk(folder)
    path = made.directory / "lifecycle.toml"
    path.write_text(settings + path.read_text())
    return lifecycle.open(made.directory)


def token(ws: Workspace, source: str = "crm", **terms: Any) -> str:
    """A token for everything, unless said otherwise."""
    said = {"scopes": ALL, "by": "ana", "at": AT, **terms}
    return tokens.issue(ws.registry, source, **said)[1]


class Caller:
    """A client of a door in this process; a request is one call."""

    def __init__(self, ws: Workspace, *, key: str | None = None) -> None:
        self.ws, self.at = ws, NOW
        self.key = token(ws) if key is None else key
        self.app = server.create(ws, now=lambda: self.at, background=False)
        self.door = self.app.state.door
        self.loop = asyncio.new_event_loop()
        transport = httpx.ASGITransport(self.app, raise_app_exceptions=False)
        self.client = httpx.AsyncClient(transport=transport, base_url="http://door")
        self._do(self._start)

    async def _start(self) -> None:
        self.door.start()

    def _do(self, call: Callable[[], Awaitable[Any]]) -> Any:
        return self.loop.run_until_complete(call())

    def ask(self, method: str, path: str, **terms: Any) -> httpx.Response:
        """One request, with the token unless `headers` has another."""
        headers = {"Authorization": f"Bearer {self.key}"} if self.key else {}
        terms["headers"] = {**headers, **terms.pop("headers", {})}
        answer: httpx.Response = self._do(
            lambda: self.client.request(method, path, **terms)
        )
        return answer

    def post(self, path: str, told: Any, **terms: Any) -> httpx.Response:
        """Post JSON; to the model where the path is a table."""
        if not path.startswith("/"):
            path = f"/models/{MODEL}/{path}"
        body = told if isinstance(told, bytes) else json.dumps(told).encode()
        kind = {"Content-Type": "application/json", **terms.pop("headers", {})}
        return self.ask("POST", path, content=body, headers=kind, **terms)

    def landed(self) -> Any:
        """What is in the model's log after all was landed."""
        self.door.land()
        return self.ws.logs(MODEL)

    def close(self) -> None:
        """End the door."""
        self._do(self.client.aclose)
        self.door.close()
        self.loop.close()


@contextmanager
def calling(ws: Workspace, **terms: Any) -> Iterator[Caller]:
    """A caller for as long as it is needed."""
    made = Caller(ws, **terms)
    try:
        yield made
    finally:
        made.close()


def detail(answer: httpx.Response, status: int) -> str:
    """What a refusal says, which has the form of all refusals."""
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    told = answer.json()
    assert told["status"] == status
    assert told["instance"] == f"urn:request:{answer.headers['x-request-id']}"
    said: str = told["detail"]
    return said
