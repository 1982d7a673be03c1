"""The door of one workspace: what it knows, takes in, and does behind the requests."""

from __future__ import annotations

import os
import secrets
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import datetime, timedelta
from difflib import get_close_matches
from time import monotonic
from typing import TYPE_CHECKING, Any

from lifecycle import errors
from lifecycle.registry import received
from lifecycle.server import landing, polling, shapes
from lifecycle.server.callers import Callers
from lifecycle.server.counted import Counted
from lifecycle.server.inbox import Inbox
from lifecycle.server.refusals import Refused

if TYPE_CHECKING:
    from lifecycle.workspace import Router, Workspace

__all__ = ["Door"]

_LOOK = 2.0  # seconds between two looks at the tokens
_KEPT = timedelta(days=7)  # for which it is known what came: who sends tries no longer
_TIDY = 3600.0  # seconds between two times at which the rest is forgotten
_HANDS = 16  # requests that are scored at once


class Door:
    """Everything behind the requests; one in a process.

    Parameters
    ----------
    workspace : Workspace
    now : callable
        The moment, with a zone.
    background : bool
        Without, no thread lands, polls or looks at tokens: call `beat` yourself.

    Raises
    ------
    SettingsError
        A source or a poll names a model that is not there.
    """

    def __init__(
        self,
        workspace: Workspace,
        *,
        now: Callable[[], datetime],
        background: bool = True,
    ) -> None:
        self.workspace, self.now = workspace, now
        self.settings = workspace.settings.server
        _known_models(workspace)
        self.callers = Callers(
            workspace.registry,
            rate=self.settings.rate_per_minute,
            now=now,
            timer=monotonic,
        )
        token = f"{os.getpid()}-{secrets.token_hex(6)}"
        self.inbox = Inbox(landing.folder(workspace), token=token)
        self.counted = Counted()
        self.landed = landing.Landed()
        self.pending: set[tuple[str, str]] = set()  # web hooks that are being taken
        self.polled: dict[str, int] = {}
        self.troubles: dict[str, str] = {}
        self.hands = ThreadPoolExecutor(_HANDS, thread_name_prefix="door-score")
        self._background = background
        self._routers: dict[str, Router] = {}
        self._shapes: dict[tuple[str, str], shapes.Shape] = {}
        self._making = threading.Lock()
        self._ending = threading.Event()
        self._threads: list[threading.Thread] = []

    # -- what is asked of it ------------------------------------------------------

    def model(self, name: str) -> None:
        """Come back where there is a model of this name.

        Raises
        ------
        Refused
            404.
        """
        if name in self.workspace.settings.models:
            return
        near = get_close_matches(name, self.workspace.models, n=1)
        hint = f"; did you mean {near[0]}?" if near else "; see /openapi.json"
        raise Refused(404, f"there is no model {name[:64]!a} here{hint}")

    def shape(self, name: str, table: str) -> shapes.Shape:
        """What rows of a table of a model look like."""
        key = (name, table)
        found = self._shapes.get(key)
        if found is None:
            found = shapes.shape(
                table,
                self.workspace.settings.models[name],
                key=self.settings.keys.get(name, ""),
            )
            self._shapes[key] = found
        return found

    def router(self, name: str) -> Router:
        """The router of a model, made by the first who asks.

        Raises
        ------
        Refused
            503 where there is no version to serve, or it cannot be loaded.
        """
        from lifecycle.workspace import Router

        found = self._routers.get(name)
        if found is not None:
            return found
        with self._making:
            found = self._routers.get(name)
            if found is None:
                try:
                    found = Router(
                        self.workspace, name, durable=True, background=self._background
                    )
                except (
                    errors.UnknownVersion,
                    errors.UnknownModel,
                    errors.ArtefactError,
                ) as error:
                    raise Refused(
                        503,
                        f"no version of {name} serves; {error}",
                        headers={"Retry-After": "60"},
                    ) from error
                self._routers[name] = found
            return found

    def ready(self) -> dict[str, bool]:
        """Whether each part that a request needs works."""
        return {
            "disk": not self.inbox.trouble,
            "registry": "tokens" not in self.troubles,
            "log": "landing" not in self.troubles,
            "models": not any(each.troubles for each in self._routers.values()),
        }

    # -- what goes on behind ------------------------------------------------------

    def start(self) -> None:
        """Begin; within the loop that answers the requests."""
        self.inbox.start()
        if not self._background:
            return
        settings = self.settings
        beats: list[tuple[str, float, Callable[[], None]]] = [
            ("landing", settings.land_seconds, self.land),
            ("tokens", _LOOK, self.callers.refresh),
            ("tidying", _TIDY, self._tidy),
            *(
                (f"poll {name}", poll.every_seconds, _bound(self.poll, name))
                for name, poll in settings.polls.items()
            ),
        ]
        for name, every, beat in beats:
            self._begin(name, self._beating, name, every, beat)
        if settings.warm:
            self._begin("warming", self._warm)

    def _begin(self, name: str, work: Callable[..., None], *args: Any) -> None:
        thread = threading.Thread(
            target=work, args=args, name=f"door-{name}", daemon=True
        )
        thread.start()
        self._threads.append(thread)

    def _warm(self) -> None:
        for name in self.workspace.models:
            if self._ending.is_set():
                return
            with suppress(Refused):  # whoever asks is told
                self.router(name)

    def land(self) -> None:
        """Bring what was taken in to the logs, also what a door that died left."""
        self.inbox.seal()
        done = landing.land(self.workspace)
        self.landed += landing.Landed(
            done.rows_new, done.rows_same, done.rows_changed, done.refused
        )
        if done.troubles:
            raise errors.LifecycleError("; ".join(done.troubles))

    def poll(self, name: str) -> None:
        """Look once at a table or a folder."""
        (done,) = polling.poll(self.workspace, name, at=self.now())
        self.polled[name] = self.polled.get(name, 0) + done.rows
        if done.trouble:
            raise errors.LifecycleError(done.trouble)

    def _tidy(self) -> None:
        received.forget(self.workspace.registry, before=self.now() - _KEPT)

    def _beating(self, name: str, every: float, beat: Callable[[], None]) -> None:
        while True:
            try:
                beat()
            except (errors.LifecycleError, OSError) as error:
                self.troubles[name] = " ".join(str(error).split())[:300]
            else:
                self.troubles.pop(name, None)
            if self._ending.wait(every):
                return

    def close(self) -> None:
        """Bring everything to the logs and end the threads."""
        self._ending.set()
        self.hands.shutdown(wait=True)
        for thread in self._threads:
            thread.join()
        self.inbox.close()
        for router in self._routers.values():
            with suppress(errors.LifecycleError):
                router.close()
        with suppress(errors.LifecycleError, OSError):  # the next door takes it
            self.land()

    # -- how it is doing ----------------------------------------------------------

    def families(self) -> Iterator[Any]:
        """What `/metrics` says."""
        yield from self.counted.families()
        landed = self.landed
        rows: Mapping[str, int] = {
            "new": landed.rows_new,
            "same": landed.rows_same,
            "changed": landed.rows_changed,
            "refused": landed.refused,
        }
        yield _family(
            "lifecycle_door_rows_total",
            "counter",
            "Rows that were acknowledged.",
            (
                ({"model": model, "table": table}, float(n))
                for (model, table), n in sorted(self.inbox.taken.items())
            ),
        )
        yield _family(
            "lifecycle_door_landed_rows_total",
            "counter",
            "Rows that were brought to the logs, by what became of them.",
            (({"state": state}, float(n)) for state, n in rows.items()),
        )
        yield _family(
            "lifecycle_door_waiting_bytes",
            "gauge",
            "Bytes that wait for the disk.",
            [({}, float(self.inbox.waiting))],
        )
        yield _family(
            "lifecycle_door_unlogged_predictions_total",
            "counter",
            "Predictions that were answered and are not in the log.",
            (
                ({"model": name}, float(router.unlogged))
                for name, router in sorted(self._routers.items())
            ),
        )
        yield _family(
            "lifecycle_door_polled_rows_total",
            "counter",
            "Rows that polls brought.",
            (({"poll": name}, float(n)) for name, n in sorted(self.polled.items())),
        )
        yield _family(
            "lifecycle_door_trouble",
            "gauge",
            "1 for each part that does not work.",
            (
                ({"part": part}, 0.0 if fine else 1.0)
                for part, fine in self.ready().items()
            ),
        )


def _family(
    name: str, kind: str, help: str, samples: Iterable[tuple[Mapping[str, str], float]]
) -> tuple[str, str, str, list[tuple[Mapping[str, str], float]]]:
    return name, kind, help, list(samples)


def _bound(call: Callable[[str], None], name: str) -> Callable[[], None]:
    return lambda: call(name)


def _known_models(workspace: Workspace) -> None:
    settings = workspace.settings.server
    for kind, tables in (("sources", settings.sources), ("polls", settings.polls)):
        for name, table in tables.items():
            _known(workspace, table.model, f"{kind}.{name}")
    for name in settings.keys:
        _known(workspace, name, "keys")


def _known(workspace: Workspace, model: str, place: str) -> None:
    if model not in (*workspace.models, *workspace.wrong):
        known = ", ".join(workspace.models) or "none"
        raise errors.SettingsError(
            f"lifecycle.toml: server.{place} names model {model!r}, which is not "
            f"there; there is {known}"
        )
