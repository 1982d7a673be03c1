"""A workspace with three small versions, made once; processes that may be killed."""

from __future__ import annotations

import json
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from tempfile import mkdtemp
from textwrap import dedent
from typing import Any

import numpy as np
import pandas as pd

import lifecycle
from lifecycle import promotion, recipes, training
from lifecycle.workspace import Workspace
from lifecycle.workspace.router import Router

NAMES = {"numeric": ["visits", "pages"], "categorical": ["plan"]}
AT = datetime(2024, 5, 6, tzinfo=UTC)
MODEL = "leads"
SETTINGS = """\
[models.leads]
owner = "Ana Silva"
task = "binary"
id = "lead"
time = "at"
outcome = "won"
label_delay_days = 14

[models.leads.features]
numeric = ["visits", "pages"]
categorical = ["plan"]
"""


def rows(n: int, *, seed: int = 0, first: int = 0) -> pd.DataFrame:
    """Rows as a service gets them, with ids."""
    rng = np.random.default_rng(seed)
    frame = pd.DataFrame(
        {
            "id": [f"i{first + k:06d}" for k in range(n)],
            "visits": rng.poisson(5, n).astype(float),
            "pages": rng.normal(0, 1, n),
            "plan": rng.choice(["a", "b"], n),
        }
    )
    return frame


def one(id: str = "i1", **more: Any) -> dict[str, Any]:
    """One row as a service gets it."""
    return {"id": id, "visits": 4.0, "pages": 0.5, "plan": "a", **more}


@cache
def _template() -> Path:
    place = Path(mkdtemp(prefix="router-"))
    (place / "lifecycle.toml").write_text(SETTINGS)
    desk = lifecycle.open(place)
    for seed in (1, 2, 3):
        known = rows(200, seed=seed)
        known["outcome"] = (known["visits"] + known["pages"] > 5).astype(float)
        recipe = recipes.load("scaled_logistic")
        made = training.train(known, recipe, seed=seed, **NAMES)
        desk.registry.register(
            MODEL,
            recipe=recipe.name,
            estimator=made.estimator,
            birth=made.birth,
            author="ana",
            at=AT,
        )
    return place


def desk(folder: Path) -> Workspace:
    """A copy with three candidates; version 1 is in production."""
    place = folder / "desk"
    shutil.copytree(_template(), place)
    made = lifecycle.open(place)
    release(made, 1)
    return made


def release(
    made: Workspace, number: int, *, share: float | None = None, target: str = ""
) -> None:
    """Propose and approve a version, for production or for a share of the traffic."""
    aim: Any = target or ("production" if share is None else "experimental")
    asked = promotion.propose(
        made.registry,
        MODEL,
        number,
        author="ana",
        reason="newer",
        evidence={},
        target=aim,
        share=share,
        at=AT,
    )
    promotion.approve(
        made.registry, MODEL, asked.id, approver="bo", reason="better", at=AT
    )


class Stub:
    """Stands for a version's scorer."""

    numeric: tuple[str, ...] = ()
    categorical: tuple[str, ...] = ()

    def __init__(self, says: Callable[[int], Any]) -> None:
        self.says = says
        self.calls = 0

    def __call__(self, frame: pd.DataFrame) -> Any:
        self.calls += 1
        found = self.says(len(frame))
        return np.full(len(frame), found) if np.isscalar(found) else found

    def some(self, frame: pd.DataFrame, mine: Any, tables: Any) -> Any:
        return self(frame[mine])

    def one(self, row: Any) -> float:
        self.calls += 1
        return float(self.says(1))


def put(router: Router, role: str, stub: Stub) -> Stub:
    """Let a stub score for a role, until the next role change."""
    players = tuple(
        replace(each, scorer=stub) if each.role == role else each
        for each in router._lineup.players
    )
    router._lineup = replace(router._lineup, players=players)
    return stub


def raising(_n: int) -> float:
    """Says nothing."""
    raise RuntimeError("the model is <b>ill</b>\nand says so")


KILLED = -signal.SIGKILL
_NURSERY = """
import json, os, sys, signal
sys.path.insert(0, sys.argv[1])
import lifecycle, skops.io, sklearn.pipeline, sqlalchemy, pandas, pyarrow.dataset
import deltalake, deltalake.exceptions, sklearn.linear_model, sklearn.compose
from lifecycle import logs, training
from lifecycle.logs import store
from lifecycle.workspace import spooled
from lifecycle.workspace.router import Router
from tests.router_desk import MODEL, one, rows

def die():
    os.kill(os.getpid(), signal.SIGKILL)

for line in sys.stdin:
    place, body = json.loads(line)
    child = os.fork()
    if not child:
        ws = lifecycle.open(place)
        exec(body)
        sys.exit(0)
    print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)
"""


class Nursery:
    """One small interpreter whose forks run programs, so that each costs little."""

    def __init__(self) -> None:
        here = str(Path(__file__).parent.parent)
        self._process = subprocess.Popen(
            [sys.executable, "-c", _NURSERY, here],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def run(self, made: Workspace, body: str) -> int:
        """How a process ended that ran a program with the workspace as `ws`."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        line = json.dumps([str(made.directory), dedent(body)])
        self._process.stdin.write(line + "\n")
        self._process.stdin.flush()
        return int(self._process.stdout.readline())

    def close(self) -> None:
        """End it."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.close()
        self._process.wait(60)
        self._process.stdout.close()
