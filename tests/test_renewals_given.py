"""What a ruling is given: earlier versions, faults of the data, fits with a price."""

from __future__ import annotations

import shutil
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

import lifecycle
from lifecycle import workspace
from lifecycle.workspace import (
    Workspace,
    faulty,
    making,
    renewing,
    ruling,
)
from tests.calls import LIVE, ROWS, TURNED, WEEK, changed, renew, rows_of
from tests.calls import desk as desk
from tests.calls import told as told

# -- what a ruling is given ----------------------------------------------------


def test_every_earlier_version_that_can_be_loaded_may_come_back(desk: Path) -> None:
    ws = lifecycle.open(desk)
    at = LIVE + 2 * WEEK
    for number in range(2, 11):
        ws.train("calls", as_of=at, by="Ana Silva")
        asked = ws.propose("calls", number, reason="r", by="Ana Silva", as_of=at)
        ws.approve("calls", asked.id, reason="go", by="Dana Weber", as_of=at)
        at += timedelta(days=1)
    (ws.registry.artefacts / "calls" / "7.skops").unlink()
    view = ws.view("calls", TURNED)
    rows = view.labelled.reset_index(drop=True)
    found, said = ruling._deployed(view, rows)
    assert {name: each.number for name, each in found.items()} == {
        "keep": 10,
        **{f"roll_back {number}": number for number in (1, 2, 3, 4, 5, 6, 8, 9)},
    }
    assert all(len(scores) == len(rows) for scores in said.values())
    view = ws.view("calls", LIVE + timedelta(days=15))
    past, _ = ruling._deployed(view, view.labelled.reset_index(drop=True))
    assert list(past) == ["keep", "roll_back 1", "roll_back 2"]


def frozen(place: Path, start: datetime, end: datetime) -> Workspace:
    """The same desk with the ages of a period all alike."""
    shutil.rmtree(place / "logs")
    ws = lifecycle.open(place)
    rows = pd.concat([rows_of(number) for number in range(-8, 10)])
    rows.loc[rows["time"] < LIVE, "prediction"] = np.nan
    rows.loc[(rows["time"] >= start) & (rows["time"] < end), "age"] = 47.25
    ws.ingest("calls", "predictions", rows.drop(columns="outcome"), as_of=TURNED)
    known = rows[["id", "time", "outcome"]].assign(time=rows["time"] + 5 * WEEK / 7)
    ws.ingest("calls", "outcomes", known, as_of=TURNED)
    return ws


def test_while_a_feed_is_frozen_the_ruling_is_to_mend_it_and_nothing_is_trained(
    desk: Path,
) -> None:
    begun = LIVE + 7 * WEEK
    ws = frozen(desk, begun, TURNED)
    view = ws.view("calls", TURNED)
    (fault,) = faulty.faults(view)
    assert (fault.column, fault.cause, fault.until) == ("age", "frozen", None)
    said = view.ruling()
    assert said.action == "fix_data"
    (first, *_) = view.conclude("decide", said).todo
    assert first.what.startswith("Mend the data before anything is trained on them: ")
    done = renewing.renew(ws, "calls", why="alert", as_of=TURNED)
    assert (done.outcome, len(ws.registry.versions("calls"))) == ("data to mend", 1)
    assert done.sentence.startswith("calls: Fix the data: ")
    assert "nothing is trained on" in done.sentence
    assert done.ruling["faults"]


def test_once_it_is_mended_its_rows_are_left_out_of_training_and_test(
    desk: Path,
) -> None:
    begun, ended = LIVE + 5 * WEEK, LIVE + 6 * WEEK
    ws = frozen(desk, begun, ended)
    view = ws.view("calls", TURNED)
    rows = view.labelled
    marked = rows[faulty.touched(view, rows)]
    assert marked["time"].min() >= pd.Timestamp(begun)
    assert marked["time"].max() < pd.Timestamp(ended)
    assert len(marked) >= ROWS - 5
    retrain = {"action": "retrain"}
    made = making.make(ws, "calls", retrain, as_of=TURNED, author="a", source="")
    assert "age" in str(made.birth["material"]["left_out"])
    known, labels = view.mature, view.chunks(view.mature)
    learned = labels.isin(sorted(labels.unique())[:-2]) & ~faulty.touched(view, known)
    assert made.birth["rows"] == learned.sum()


def test_a_fault_that_the_owner_has_accepted_is_none(desk: Path) -> None:
    ws = frozen(desk, LIVE + 7 * WEEK, TURNED)
    with ws.registry.atomic() as book:
        book.enter(
            "calls",
            "accept drift",
            actor="Ana Silva",
            source="given",
            reason="the form asks for it no more",
            at=TURNED,
            number=1,
            evidence={"features": ["age"], "chunks": ["2024-W18"]},
        )
    view = ws.view("calls", TURNED)
    assert [each.accepted for each in faulty.told(view)] == [True]
    assert not faulty.touched(view, view.labelled).any()


def backtested(view: workspace.View) -> Any:
    found = ruling.backtest(view)
    assert found is not None
    return found


def test_where_a_fit_has_its_price_a_ruling_makes_only_what_is_worth_it(
    desk: Path,
) -> None:
    dear = changed(desk, "[models.calls.costs]\nfit = 1e6\n")
    renew(dear, {"action": "keep", "spent": {"fits": 3}}, as_of=TURNED - WEEK / 7)
    found = backtested(dear.view("calls", TURNED))
    assert (found.fits, found.kept) == (0, 0)
    assert set(found.table["action"]) >= {"keep", "recalibrate"}
    cheap = changed(desk, "[models.calls.costs]\nfit = 0.5\n")
    found = backtested(cheap.view("calls", TURNED))
    assert 0 < found.fits <= 12
    assert "retrain" in set(found.table["action"])
    again = backtested(cheap.view("calls", TURNED))
    assert again.kept == found.fits
