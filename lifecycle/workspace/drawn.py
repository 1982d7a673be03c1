"""Pictures of the index, kept with what they show: drawn again only when it changed."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict
from functools import cache
from hashlib import sha256
from importlib.metadata import version
from typing import TYPE_CHECKING

import lifecycle
from lifecycle import figures
from lifecycle.jobs import store

if TYPE_CHECKING:
    from lifecycle.workspace.desk import Workspace

__all__ = ["once"]


def once(
    workspace: Workspace,
    name: str,
    told: object,
    draw: Callable[[], figures.Picture | None],
) -> figures.Picture | None:
    """The picture that was drawn of the same, or a new one, which is kept.

    Drawing is most of the work of an index, and from one run to the next the pictures
    of most models of a fleet show the same.

    Parameters
    ----------
    workspace : Workspace
    name : str
        Of the model; one picture is kept of each.
    told : object
        All that the picture shows, as plain values.
    draw : callable
        Draws it.
    """
    said = json.dumps([_libraries(), told], default=str)
    digest = sha256(said.encode()).hexdigest()
    kept = workspace.directory / ".lifecycle" / "drawn" / f"{name}.json"
    try:
        old = json.loads(kept.read_text(encoding="utf-8"))
        if old["of"] == digest:
            return figures.Picture(**old["picture"]) if old["picture"] else None
    except (OSError, ValueError, TypeError, KeyError):
        pass  # none yet, or one that another release or a person wrote
    drawn = draw()
    kept.parent.mkdir(parents=True, exist_ok=True)
    picture = drawn and asdict(drawn)
    store.write(kept, json.dumps({"of": digest, "picture": picture}), durable=False)
    return drawn


@cache
def _libraries() -> list[str]:
    return [lifecycle.__version__, version("matplotlib")]
