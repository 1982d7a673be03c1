"""What JupyterLab's server answers the tiles: what there is, and runs.

Each address asks for the same login as JupyterLab itself, and each change for its
token against forged requests. Only notebooks and models that are there are run.
"""

from __future__ import annotations

import asyncio
import json
import logging
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

from jupyter_server.auth.decorator import authorized
from jupyter_server.base.handlers import APIHandler
from jupyter_server.utils import url_path_join
from tornado import web

from lifecycle import config, errors
from lifecycle.lab import opened, runs

__all__ = ["load"]

_LARGEST = 4096  # bytes of a request


class _Handler(APIHandler):
    auth_resource = "lifecycle"

    def initialize(self, directory: Path | None, kept: runs.Runs | None) -> None:
        self.directory, self.kept = directory, kept

    async def answer(self, call: Callable[..., Any], *words: Any) -> Any:
        """Do it beside the server's loop; what is refused is a sentence and a code."""
        if self.directory is None:
            self.refuse(
                404, "JupyterLab was not opened on a workspace; lifecycle lab does"
            )
            return None
        try:
            return await asyncio.to_thread(call, *words)
        except (errors.AlreadyRunning, runs.Busy) as error:
            self.refuse(409, str(error))
        except errors.LifecycleError as error:
            self.refuse(400, str(error))
        return None

    def refuse(self, code: int, sentence: str) -> None:
        self.set_status(code)
        self.finish(json.dumps({"message": sentence}))

    def told(self, *names: str) -> dict[str, Any] | None:
        """What the request says, if it says these names and nothing else."""
        if len(self.request.body) > _LARGEST:
            return None
        try:
            told = json.loads(self.request.body)
        except (ValueError, RecursionError):
            return None
        return told if isinstance(told, dict) and set(told) == set(names) else None


class _Desk(_Handler):
    @web.authenticated
    @authorized
    async def get(self) -> None:
        told = await self.answer(runs.facts, self.directory)
        if told is not None:
            self.finish(json.dumps(told))


class _Opened(_Handler):
    @web.authenticated
    @authorized
    async def post(self) -> None:
        told = self.told("path")
        if told is None:
            self.refuse(400, 'say it as JSON: {"path": "reports/NAME/index.html"}')
            return
        await self.answer(runs.opened, self.directory, told["path"])
        if not self._finished:
            self.set_status(204)
            self.finish()


class _Starting(_Handler):
    @web.authenticated
    @authorized
    async def post(self) -> None:
        told = self.told("notebook", "model")
        if told is None:
            self.refuse(400, 'say it as JSON: {"notebook": "audit", "model": "NAME"}')
            return
        assert self.kept is not None or self.directory is None
        start = self.kept.start if self.kept else _nothing
        id = await self.answer(start, told["notebook"], told["model"])
        if id is not None:
            self.set_status(202)
            self.finish(json.dumps({"id": id}))


class _Started(_Handler):
    @web.authenticated
    @authorized
    async def get(self, id: str) -> None:
        told = await self.answer(self.kept.tell if self.kept else _nothing, id)
        if told is not None:
            self.finish(json.dumps(told))

    @web.authenticated
    @authorized
    async def delete(self, id: str) -> None:
        await self.answer(self.kept.stop if self.kept else _nothing, id)
        if not self._finished:
            self.set_status(204)
            self.finish()


def _nothing(*words: Any) -> None:
    return None


def load(server: Any) -> None:
    """Add the addresses to JupyterLab's server, and say where it is when it is up.

    Parameters
    ----------
    server : jupyter_server.serverapp.ServerApp
        Its root is the workspace, where one is there.
    """
    root = Path(server.root_dir).resolve()
    directory = root if (root / config.FILE).is_file() else None
    kept = runs.Runs(directory, most=os.cpu_count() or 2) if directory else None
    given = {"directory": directory, "kept": kept}
    if directory is not None:
        opened.notice(server, directory)
    base = url_path_join(server.web_app.settings["base_url"], "lifecycle")
    server.web_app.add_handlers(
        ".*$",
        [
            (url_path_join(base, "desk"), _Desk, given),
            (url_path_join(base, "opened"), _Opened, given),
            (url_path_join(base, "runs"), _Starting, given),
            (url_path_join(base, r"runs/([0-9a-f]{16})"), _Started, given),
        ],
    )
    server.io_loop.add_callback(_announce, server)  # once it listens


def _announce(server: Any) -> None:
    """Say the address, where JupyterLab itself does not: with a login of the user's."""
    quiet = server.log_level > logging.INFO
    if quiet and not server.identity_provider.token_generated:
        server.log.critical("JupyterLab is at %s", server.display_url.split()[0])
