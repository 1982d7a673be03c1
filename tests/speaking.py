"""A model with a version, and people who speak of its predictions."""

from __future__ import annotations

import shutil
from datetime import timedelta
from functools import cache
from pathlib import Path
from tempfile import mkdtemp

import numpy as np
import pandas as pd

import lifecycle
from lifecycle import workspace
from lifecycle.workspace import Workspace
from tests.panels import AT

DAY = timedelta(days=1)
SETTINGS = """\
[workspace]
timezone = "UTC"
as_of = 2024-06-03T00:00:00Z

[models.leads]
owner = "Ana Silva"
task = "binary"
id = "lead"
time = "at"
outcome = "won"
label_delay_days = 14
recipe = "scaled_logistic"
segments = ["plan"]

[models.leads.alerts]
deputy = "Di Fox"

[models.leads.features]
numeric = ["visits"]
categorical = ["plan"]
"""


def rows_of(n: int = 400) -> pd.DataFrame:
    """Predictions of twenty weeks; a lead is won where it has visited more than 5."""
    rng = np.random.default_rng(7)
    times = pd.Timestamp(AT) - pd.to_timedelta(np.linspace(140 * 24, 1, n), unit="h")
    frame = pd.DataFrame({"id": [f"L{k:03d}" for k in range(n)]})
    frame["time"] = times.astype("datetime64[us, UTC]")
    frame["visits"] = rng.integers(0, 11, n).astype(float)
    frame["plan"] = rng.choice(["free", "pro"], n)
    frame["won"] = (frame["visits"] + rng.normal(0, 2, n) > 5).astype(float)
    frame["score"] = 1 / (1 + np.exp(5 - frame["visits"]))
    frame["prediction"] = (frame["score"] >= 0.5).astype(float)
    return frame


ROWS = rows_of()
RIPE = ROWS["time"] + 14 * DAY <= pd.Timestamp(AT)


def words_of() -> pd.DataFrame:
    """Eve is nearly always right; of the newest leads she corrects ten."""
    old = ROWS[RIPE].iloc[-120:]
    new = ROWS[~RIPE].iloc[:10]
    said = pd.concat([old, new], ignore_index=True)
    told = pd.DataFrame({"feedback_id": "F" + said["id"], "id": said["id"]})
    told["time"] = said["time"] + pd.Timedelta(hours=2)
    told["kind"], told["label"] = "override", said["won"]
    told.loc[:4, "label"] = 1 - told.loc[:4, "label"]
    told["person"], told["reason"], told["source"] = "Eve", "<b>I know</b>", "crm"
    return told


@cache
def _pattern() -> Path:
    place = Path(mkdtemp(prefix="voices-")) / "a desk"
    workspace.init(place)
    (place / "lifecycle.toml").write_text(SETTINGS)
    made = lifecycle.open(place)
    made.ingest("leads", "predictions", ROWS.drop(columns="won"))
    known = ROWS[RIPE].assign(outcome=lambda r: r["won"], at=lambda r: r["time"])
    known["time"] = known["at"] + 10 * DAY
    made.ingest("leads", "outcomes", known[["id", "time", "outcome"]])
    made.ingest("leads", "feedback", words_of())
    made.train("leads", by="Ana Silva")
    return place


def spoken_of(folder: Path) -> Workspace:
    """A workspace of its own."""
    shutil.copytree(_pattern(), folder / "a desk")
    return lifecycle.open(folder / "a desk")


TRUTH = dict(zip(ROWS["id"], ROWS["won"], strict=True))


def fill(path: Path, truth: dict[str, float], *, left: int = 0) -> Path:
    table = pd.read_csv(path, dtype=str)
    table["label"] = [str(int(truth[each])) for each in table["lead"]]
    table.loc[table.index[:left], "label"] = ""
    filled = path.with_name("filled.csv")
    table.to_csv(filled, index=False)
    return filled
