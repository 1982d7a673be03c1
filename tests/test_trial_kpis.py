"""A trial by a KPI: events of the predictions that each version served."""

from __future__ import annotations

from datetime import timedelta

import numpy as np
import pytest

from lifecycle.workspace import Workspace, comparing, trial
from tests.test_trial import BEGAN, NAME, WEEK, Made
from tests.test_trial import kept as kept
from tests.test_trial import made as made


def happened(ws: Workspace, kind: str, value: float | None, often: float) -> None:
    """An event a day after each prediction of the version on trial, or some others."""
    rows = ws.view(NAME, BEGAN + 9 * WEEK).scored
    mine = (rows["role"] == "experimental").to_numpy()
    dealt = np.random.default_rng(3).random(len(rows)) < np.where(mine, often, 0.3)
    rows = rows[dealt]
    events = rows[["id"]].assign(
        event_id=kind + rows["id"],
        time=rows["time"] + timedelta(days=1),
        kind=kind,
        value=value,
    )
    ws.ingest(NAME, "events", events)


def test_a_kpi_is_compared_between_the_predictions_each_version_served(
    made: Made,
) -> None:
    ws = made(settings='metric = "calls"\n')
    happened(ws, "called", None, often=0.6)
    told = ws.view(NAME, BEGAN + 5 * WEEK).trial()
    assert (told.metric.kind, told.metric.usual) == (
        "binary",
        pytest.approx(0.3, abs=0.06),
    )
    assert told.newest.n == pytest.approx(
        800, abs=9
    )  # four weeks have had their seven days
    assert told.newest.difference == pytest.approx(0.3, abs=0.08)
    assert told.decision == "stop: benefit"


def test_a_guardrail_that_breaks_takes_back_what_is_more_accurate(made: Made) -> None:
    rails = "[models.leads.trial.guardrails]\ncalls = 0.05\n"
    ws = made(settings=rails)
    happened(ws, "called", None, often=0.05)
    told = ws.view(NAME, BEGAN + 6 * WEEK).trial()
    assert told.decision == "stop: harm"
    assert "calls is worse by more than the 5.0 points allowed" in told.sentence
    assert told.guardrails[0].state == "breached"


def test_a_mean_of_some_predictions_is_a_ratio_over_all(made: Made) -> None:
    ws = made(settings='metric = "sales"\n')
    happened(ws, "order", 50.0, often=0.6)
    told = ws.view(NAME, BEGAN + 5 * WEEK).trial()
    assert told.metric.kind == "ratio"
    assert told.newest.experimental == pytest.approx(50.0)
    assert told.newest.n == pytest.approx(800, abs=9)


def test_a_sum_is_a_mean_a_prediction_and_a_cap_makes_it_exact(made: Made) -> None:
    ws = made(settings='metric = "takings"\n')
    file = ws.directory / "lifecycle.toml"
    text = file.read_text().replace("minimal_effect = 0.05", "minimal_effect = 5.0")
    file.write_text(text)
    plain = type(ws)(ws.directory)
    happened(plain, "order", 50.0, often=0.6)
    told = plain.view(NAME, BEGAN + 5 * WEEK).trial()
    assert (told.metric.kind, told.metric.exact) == ("mean", False)
    assert told.newest.difference == pytest.approx(50 * 0.3, abs=4)
    assert told.decision == "stop: benefit"
    file.write_text(f"{text}cap = 20.0\n")
    capped = type(ws)(ws.directory).view(NAME, BEGAN + 5 * WEEK).trial()
    assert capped.metric.exact
    assert capped.metric.usual == pytest.approx(20 * 0.3, abs=1.5)
    assert capped.newest.difference == pytest.approx(20 * 0.3, abs=2)


def test_an_event_after_its_time_counts_for_neither_version(made: Made) -> None:
    ws = made(settings='metric = "calls"\n')
    rows = ws.view(NAME, BEGAN + 9 * WEEK).scored
    late = rows[rows["role"] == "experimental"]
    events = late[["id"]].assign(
        event_id="late " + late["id"],
        time=late["time"] + timedelta(days=8),
        kind="called",
        value=None,
    )
    ws.ingest(NAME, "events", events)
    told = ws.view(NAME, BEGAN + 6 * WEEK).trial()
    assert told.newest.experimental == 0.0


def test_the_plan_of_a_kpi_rests_on_what_it_was_before(made: Made) -> None:
    ws = made(settings='metric = "calls"\n')
    happened(ws, "called", None, often=0.3)
    told = trial.plan(ws.view(NAME, BEGAN + WEEK), effect=0.1)
    assert [way.name for way in told.ways] == ["arms"]
    assert told.delay_weeks == 1
    assert told.metric.usual == pytest.approx(0.3, abs=0.05)
    assert told.share == 0.3


def test_a_kpi_waits_for_its_own_time_and_else_for_the_outcome(made: Made) -> None:
    view = made().view(NAME, BEGAN + WEEK)
    assert comparing.wait(view, "calls") == WEEK
    assert comparing.wait(view, "accuracy") == 2 * WEEK
