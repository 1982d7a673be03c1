"""A desk whose model of calls turns bad, for the tests of renewals."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest

import lifecycle
from lifecycle import config, workspace
from lifecycle.registry import Renewal
from lifecycle.workspace import (
    Workspace,
    chain,
    pages,
    renewing,
)

LIVE = datetime(2024, 3, 4, tzinfo=UTC)  # a Monday
WEEK = timedelta(weeks=1)
CALM, TURNED = LIVE + 5 * WEEK, LIVE + 10 * WEEK
ROWS = 120
RETRAIN = {"action": "retrain", "span": 3, "sentence": "Retrain on the last 3 weeks."}
SETTINGS = """
[workspace]
title = "Calls"

[models.calls]
owner = "Ana Silva <ana@bank.example>"
task = "binary"
id = "id"
time = "time"
outcome = "outcome"
label_delay_days = 7
recipe = "scaled_logistic"

[models.calls.features]
numeric = ["age"]

[models.calls.alerts]
drift = false

[models.calls.schedule]
on_alert = false
"""


def rows_of(number: int) -> pd.DataFrame:
    """A week's calls; from the fifth after going live on, the old do not buy."""
    rng = np.random.default_rng(100 + number)
    age = rng.uniform(20, 80, ROWS)
    turned = number >= 4
    return pd.DataFrame(
        {
            "id": [f"{number}-{each}" for each in range(ROWS)],
            "time": LIVE + number * WEEK + np.arange(ROWS) * (WEEK / ROWS),
            "age": age,
            "prediction": (age > 50).astype(float),
            "outcome": ((age > 50) ^ turned).astype(float),
        }
    )


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("renewals") / "desk"
    workspace.init(place)
    (place / config.FILE).write_text(SETTINGS)
    ws = lifecycle.open(place)
    rows = pd.concat([rows_of(number) for number in range(-8, 10)])
    rows.loc[rows["time"] < LIVE, "prediction"] = np.nan
    ws.ingest("calls", "predictions", rows.drop(columns="outcome"), as_of=TURNED)
    known = rows[["id", "time", "outcome"]].assign(time=rows["time"] + 5 * WEEK / 7)
    ws.ingest("calls", "outcomes", known, as_of=TURNED)
    ws.train("calls", as_of=LIVE, by="Ana Silva")
    asked = ws.propose("calls", 1, reason="first", by="Ana Silva", as_of=LIVE)
    ws.approve("calls", asked.id, reason="go", by="Dana Weber", as_of=LIVE)
    return place


@pytest.fixture
def desk(told: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    place = tmp_path / "desk"
    shutil.copytree(told, place)
    monkeypatch.chdir(place)
    monkeypatch.delenv("LIFECYCLE_UNATTENDED", raising=False)
    return place


def changed(place: Path, text: str) -> Workspace:
    (place / config.FILE).write_text(SETTINGS + text)
    return lifecycle.open(place)


def renew(ws: Workspace, facts: Mapping[str, Any] | None, **told: Any) -> Renewal:
    settings: dict[str, Any] = {"why": "schedule", "as_of": TURNED, **told}
    return renewing.renew(ws, "calls", ask=lambda at: facts, **settings)


def pretend(
    monkeypatch: pytest.MonkeyPatch, facts: Mapping[str, Any] | None
) -> list[tuple[str, datetime]]:
    """Pages that run no kernel: which ran, and of which moment."""
    ran: list[tuple[str, datetime]] = []

    def run(ws: Workspace, notebook: str, name: str, **told: Any) -> Any:
        ran.append((notebook, told["as_of"]))
        ws.registry.record_run(
            name,
            notebook,
            told["as_of"],
            slot=told["slot"],
            status="succeeded",
            directory=f"reports/{name}",
        )
        record = None
        if notebook != "decide" or facts is not None:
            record = SimpleNamespace(summary="Said.", facts=facts)
        return SimpleNamespace(
            status="succeeded", record=record, message="died", exit_code=0
        )

    monkeypatch.setattr(pages, "run", run)
    return ran


MONDAYS = """
audit = "0 6 * * 1"
decide = "0 6 * * 1"
"""


def scheduled(place: Path, more: str = "") -> Workspace:
    text = SETTINGS.replace("on_alert = false\n", "on_alert = false" + MONDAYS)
    (place / config.FILE).write_text(text + more)
    return lifecycle.open(place)


def go(ws: Workspace, at: datetime) -> list[str]:
    told: list[chain.Tick] = []
    wanted = chain.wanted(ws, "calls", at, alarmed=False)
    chain.go(ws, "calls", at, wanted, None, told.append)
    return [tick.text for tick in told if tick.kind == "renewal"]


SLOT = TURNED + timedelta(hours=6)
