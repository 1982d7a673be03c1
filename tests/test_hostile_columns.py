"""Columns and categories of any name: names of the log, and text on every page."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import numpy as np
import pandas as pd
import pytest
from bs4 import BeautifulSoup

import lifecycle
from lifecycle import config, recipes, training
from lifecycle.workspace import Workspace
from tests.test_hostile_words import WORDS, harmless

AT = datetime(2024, 4, 1, tzinfo=UTC)
SAID = [word.replace("\0", "").replace("\r", "") for word in WORDS]  # CSV has neither
NUMERIC = [*SAID, "../../etc/passwd", "$\\frac{", "__class__", "a,b;{}()\t="]
CATEGORICAL = ["'; DROP TABLE predictions; --", "C:\\x"]
SETTINGS = f"""[models.leads]
owner = "Ana"
task = "binary"
id = "lead"
time = "at"
outcome = "won"
label_delay_days = 7
segments = {json.dumps(CATEGORICAL)}
[models.leads.features]
numeric = {json.dumps(NUMERIC)}
categorical = {json.dumps(CATEGORICAL)}
[models.leads.reference]
start = 2024-01-01
end = 2024-02-01
"""


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    """Thirteen weeks of predictions that other software made."""
    place = tmp_path_factory.mktemp("columns")
    (place / config.FILE).write_text(SETTINGS)
    ws, rng, n = lifecycle.open(place), np.random.default_rng(1), 1300
    rows = pd.DataFrame({name: rng.normal(size=n) for name in NUMERIC})
    for name in CATEGORICAL:
        rows[name] = rng.choice(SAID, n)
    rows["lead"] = [f"{number}" for number in range(n)]
    rows["at"] = pd.date_range(end=AT, periods=n, freq="100min")
    rows["score"] = rng.uniform(size=n)
    rows["prediction"] = (rows["score"] > 0.5).astype(int)
    known = rows[["lead"]].assign(won=rng.integers(0, 2, n))
    known["time"] = rows["at"] + timedelta(hours=1)
    for table, frame in (("predictions", rows), ("outcomes", known)):
        frame.to_csv(place / "rows.csv", index=False)
        ws.ingest("leads", table, place / "rows.csv", as_of=AT)
    return ws


def test_they_are_columns_of_the_log_as_they_are_written(desk: Workspace) -> None:
    rows = desk.logs("leads").labelled(as_of=AT)
    assert len(rows) == rows["outcome"].count() == 1300
    assert {*NUMERIC, *CATEGORICAL} <= {*rows.columns}
    for name in CATEGORICAL:
        assert set(rows[name]) == set(SAID)


@pytest.mark.parametrize("page", ["drift", "data", "segments"])
def test_pages_show_them_as_text(desk: Workspace, page: str) -> None:
    found = getattr(desk.view("leads", AT), page)()
    html = found._repr_html_()
    harmless(html)
    assert "alert(1)" in BeautifulSoup(html, "html.parser").get_text()
    assert "<script" not in found.plot().svg


def test_a_version_reads_them_and_a_router_logs_them(desk: Workspace) -> None:
    rows = desk.logs("leads").labelled(as_of=AT)
    made = training.train(
        rows[rows["outcome"].notna()],
        recipes.load("scaled_logistic"),
        numeric=NUMERIC,
        categorical=CATEGORICAL,
        seed=1,
    )
    made = desk.registry.register(
        "leads",
        recipe="scaled_logistic",
        estimator=made.estimator,
        birth=made.birth,
        author="Ana",
        at=AT,
    )
    asked = desk.propose("leads", made.number, reason="r", by="Ana", as_of=AT)
    desk.approve("leads", asked.id, reason="r", by="Bo", as_of=AT)
    with lifecycle.Router(desk, "leads", background=False) as router:
        asked = rows[[*NUMERIC, *CATEGORICAL]][:3].assign(id=["a", "b", "c"])
        assert set(router.predict(asked).versions) == {str(made.number)}
        assert router.settle().rows_new == 3
