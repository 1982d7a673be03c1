"""What the door is held against: FastAPI that echoes, and that only calls `predict`.

    python -m benchmarks._door_echo DIRECTORY

Serves the workspace's production model without keeping anything, on a free port, which
is the first line of standard output.
"""

from __future__ import annotations

import asyncio
import sys
from typing import Any

import pandas as pd
import uvicorn
from fastapi import Body, FastAPI

from benchmarks.router import MODEL, NAMES
from lifecycle import open as open_workspace

app = FastAPI()
_HELD: dict[str, Any] = {}


@app.post("/echo")
async def echo(told: Any = Body()) -> Any:  # noqa: B008  # as FastAPI is written
    """The same again."""
    return told


@app.post("/bare")
async def bare(row: dict[str, Any]) -> dict[str, Any]:
    """One row, on the loop itself: the quickest way to call a model."""
    return _score(row)


@app.post("/bare-threads")
def bare_threads(row: dict[str, Any]) -> dict[str, Any]:
    """One row, in FastAPI's threads: the usual way."""
    return _score(row)


def _score(row: dict[str, Any]) -> dict[str, Any]:
    frame = pd.DataFrame([row])[NAMES]
    score = float(_HELD["model"].predict_proba(frame)[0, 1])
    return {"id": row["id"], "score": score}


async def main(directory: str) -> None:
    """Serve."""
    desk = open_workspace(directory)
    number = desk.registry.roles(MODEL)["production"].number
    _HELD["model"] = desk.registry.load(desk.registry.version(MODEL, number))
    config = uvicorn.Config(
        app, port=0, http="h11", loop="asyncio", access_log=False, log_level="warning"
    )
    server = uvicorn.Server(config)
    task = asyncio.ensure_future(server.serve())
    while not server.started:
        await asyncio.sleep(0.02)
    port = server.servers[0].sockets[0].getsockname()[1]
    sys.stdout.write(f"http://127.0.0.1:{port}\n")
    sys.stdout.flush()
    await task


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1]))
