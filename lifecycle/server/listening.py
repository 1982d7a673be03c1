"""Listening: the application on a port, and senders that take too long."""

from __future__ import annotations

import asyncio
import socket
import sys
from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING, Any

from lifecycle import errors
from lifecycle.server.app import create
from lifecycle.server.refusals import MEDIA, Refused, problem

if TYPE_CHECKING:
    from lifecycle.workspace import Workspace

__all__ = ["serve", "server"]

_IDLE = 15  # seconds for which a connection without a request is kept
_HEAD = 32 * 1024  # bytes of a request's line and headers
_TURN = 0.0005  # seconds: the thread that writes is not kept waiting by the loop
_END = 30  # seconds for which requests may end when the door closes


def server(
    workspace: Workspace,
    *,
    host: str | None = None,
    port: int | None = None,
    now: Callable[[], datetime],
) -> Any:
    """A uvicorn server with the door of a workspace, not yet running.

    Parameters
    ----------
    workspace : Workspace
    host, port : optional
        Those of the settings where not given; port 0 takes a free one.
    now : callable
        The moment, with a zone.

    Returns
    -------
    uvicorn.Server

    Raises
    ------
    LifecycleError
        The extra `server` is not installed.
    """
    try:
        import uvicorn
    except ImportError as error:
        raise errors.LifecycleError(
            "the door needs uvicorn; run `pip install 'lifecycle-workbench[server]'`"
        ) from error
    settings = workspace.settings.server
    return uvicorn.Server(
        uvicorn.Config(
            create(workspace, now=now),
            host=settings.host if host is None else host,
            port=settings.port if port is None else port,
            http=_protocol(settings.read_seconds),
            ws="none",
            lifespan="on",
            access_log=False,
            log_level="warning",
            server_header=False,
            proxy_headers=False,
            limit_concurrency=settings.connections,
            timeout_keep_alive=_IDLE,
            timeout_graceful_shutdown=_END,
            h11_max_incomplete_event_size=_HEAD,
        )
    )


def serve(
    workspace: Workspace,
    *,
    host: str | None = None,
    port: int | None = None,
    now: Callable[[], datetime],
    ready: Callable[[str], None] | None = None,
) -> None:
    """Open the door, and come back when it is told to close (SIGTERM, SIGINT).

    Parameters
    ----------
    workspace : Workspace
    host, port : optional
        Those of the settings where not given; port 0 takes a free one.
    now : callable
        The moment, with a zone.
    ready : callable, optional
        Is told the address once it listens.

    Raises
    ------
    LifecycleError
        The extra `server` is not installed, or the port is taken.
    """
    made = server(workspace, host=host, port=port, now=now)
    sys.setswitchinterval(_TURN)
    with _bound(made.config.host, made.config.port) as line:
        place = line.getsockname()
        name = f"[{place[0]}]" if ":" in place[0] else place[0]
        asyncio.run(_run(made, line, f"http://{name}:{place[1]}", ready))


async def _run(
    made: Any, line: socket.socket, address: str, ready: Callable[[str], None] | None
) -> None:
    task = asyncio.ensure_future(made.serve(sockets=[line]))
    while not made.started and not task.done():
        await asyncio.sleep(0.02)
    if made.started and ready is not None:
        ready(address)
    await task


def _bound(host: str, port: int) -> socket.socket:
    try:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        return socket.create_server((host, port), family=family, backlog=2048)
    except OSError as error:
        raise errors.LifecycleError(
            f"cannot listen on {host}:{port} ({error.strerror}); choose another with "
            "--host and --port, or end what has it"
        ) from error


def _protocol(seconds: float) -> type[asyncio.Protocol]:
    """HTTP/1.1 as uvicorn speaks it, and a time in which a request's head must come.

    uvicorn has none: a sender that gives a byte a minute would hold a connection for
    ever.
    """
    import h11
    from uvicorn.protocols.http.h11_impl import H11Protocol

    class Patient(H11Protocol):
        _late: asyncio.TimerHandle | None = None

        def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
            super().connection_made(transport)
            self._wait()

        def connection_lost(self, exc: Exception | None) -> None:
            self._no_longer()
            super().connection_lost(exc)

        def data_received(self, data: bytes) -> None:
            super().data_received(data)
            if self.conn.their_state is h11.IDLE and self.conn.trailing_data[0]:
                self._wait()
            else:
                self._no_longer()

        def on_response_complete(self) -> None:
            super().on_response_complete()
            if self.conn.their_state is h11.IDLE and self.conn.trailing_data[0]:
                self._wait()

        def _wait(self) -> None:
            if self._late is None:
                self._late = self.loop.call_later(seconds, self._too_late)

        def _no_longer(self) -> None:
            if self._late is not None:
                self._late.cancel()
                self._late = None

        def _too_late(self) -> None:
            self._late = None
            if self.conn.their_state is not h11.IDLE or self.transport.is_closing():
                return
            refused = Refused(
                408, f"the request had not come after {seconds:.3g} s; send it faster"
            )
            body = problem(refused, request="unread")
            head = (
                f"HTTP/1.1 408 Request Timeout\r\nContent-Type: {MEDIA}\r\n"
                f"Content-Length: {len(body)}\r\nConnection: close\r\n\r\n"
            )
            self.transport.write(head.encode() + body)
            self.transport.close()

    return Patient
