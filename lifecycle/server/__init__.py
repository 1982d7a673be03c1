"""The door for other systems: predictions, outcomes, feedback and events over HTTP.

`create` makes the application (FastAPI), `serve` opens it on a port, `land` brings what
it took into the logs, and `poll` asks those who cannot send. Needs the extra `server`
(polling and landing do not).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from lifecycle.server.landing import Landed, land
from lifecycle.server.polling import Polled, poll

if TYPE_CHECKING:
    from lifecycle.server.app import create
    from lifecycle.server.listening import serve

__all__ = ["Landed", "Polled", "create", "land", "poll", "serve"]


def __getattr__(name: str) -> object:  # who only lands does not wait for the others
    if name == "create":
        from lifecycle.server.app import create

        return create
    if name == "serve":
        from lifecycle.server.listening import serve

        return serve
    raise AttributeError(f"module 'lifecycle.server' has no attribute {name!r}")
