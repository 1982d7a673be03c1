"""Two schedulers with clocks 3 s apart are killed: no slot is lost, none run twice."""

from __future__ import annotations

import json
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from lifecycle import workspace
from lifecycle.jobs import schedule
from tests.postgres import Server

MODEL = """
[models.NAME]
owner = "Ana Silva <ana@bank.example>"
task = "binary"
id = "id"
time = "time"
outcome = "outcome"
label_delay_days = 7
features.numeric = ["age"]

[models.NAME.schedule]
on_alert = false
watch = "0 0 1 1 *"
audit = {cron = "*/7 * * * *", timezone = "Europe/Berlin"}
drift = "*/11 * * * *"
decide = "*/13 * * * *"
"""
PAGES = {
    "audit": ("*/7 * * * *", "Europe/Berlin"),
    "drift": ("*/11 * * * *", "UTC"),
    "decide": ("*/13 * * * *", "UTC"),
}


@pytest.mark.parametrize(
    ("database", "kills"),
    [
        ("sqlite", 8),
        ("postgresql", 8),
        pytest.param("sqlite", 50, marks=pytest.mark.slow),
        pytest.param("postgresql", 50, marks=pytest.mark.slow),
    ],
)
def test_no_slot_is_lost_and_none_is_run_twice_to_the_end(
    tmp_path: Path, request: pytest.FixtureRequest, database: str, kills: int
) -> None:
    place, address = tmp_path / "desk", "registry.db"
    workspace.init(place)
    if database == "postgresql":
        server: Server = request.getfixturevalue("server")
        address = server.new()
    text = f'[workspace]\nregistry = "{address}"\n'
    text += "".join(MODEL.replace("NAME", name) for name in ("calls", "leads"))
    (place / "lifecycle.toml").write_text(text)
    done = subprocess.run(
        [sys.executable, "-m", "tests.schedulers", str(place), str(kills), "7"],
        capture_output=True,
        text=True,
        check=False,
        timeout=240,
    )
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout.splitlines()[-1])
    assert told["codes"] == [0, 0]
    last = datetime.fromisoformat(told["last"])
    rows = told["rows"]
    lost = 0
    for name in ("calls", "leads"):
        for page, (cron, zone) in PAGES.items():
            mine = [row for row in rows if row["page"] == f"{name} {page}"]
            ran = {datetime.fromisoformat(r["slot"]): r for r in mine}
            first = min(ran)
            slots = schedule.missed(
                cron,
                zone,
                last=first - timedelta(seconds=1),
                as_of=last,
                most=10**6,
            )
            # each slot is there once, and nothing that is none
            early = {slot for slot in ran if slot > last}  # by the clock that is ahead
            known = {slot.astimezone(UTC) for slot in slots}
            assert {*ran} - early == known
            assert len(mine) == len(ran)
            for slot, row in ran.items():
                assert row["status"] in ("succeeded", "skipped", "lost"), row
                ended = row["attempts"].count("succeeded")
                assert ended == (row["status"] == "succeeded"), row
                assert "succeeded" not in row["attempts"][:-1], row
                if row["status"] != "succeeded":  # a newer one was run instead
                    later = [r for s, r in ran.items() if s > slot]
                    assert any(r["status"] == "succeeded" for r in later), row
                lost += "lost" in row["attempts"]
    assert lost  # else no kill has met a run
