"""The back-test window by window, as the page shows it."""

from __future__ import annotations

import math
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from lifecycle import decision
from lifecycle.findings import Findings
from lifecycle.training import Backtest

WINDOWS = [f"2023-W{k:02d}" for k in range(10, 16)]


def option(action: str, gains: list[float], **more: object) -> pd.DataFrame:
    size = len(gains)
    told = {
        "window": WINDOWS[-size:],
        "age": range(size - 1, -1, -1),
        "action": action,
        "recipe": "trees",
        "span": pd.array([None] * size, dtype="Int64"),
        "version": pd.array([None] * size, dtype="Int64"),
        "offered": "",
        "n": 400,
        "difference": gains,
        "variance": 0.0001,
    }
    return pd.DataFrame(told | more)


def table() -> pd.DataFrame:
    return pd.concat(
        [
            option("keep", [0.0] * 6, recipe=None),
            option("retrain", [0.02, 0.03, 0.05, 0.06, 0.07, 0.08], span=13),
            option("retrain", [0.01, 0.02, 0.03, 0.02, 0.03, 0.04]),
            option("rebuild", [0.05, 0.09], recipe="forest", span=8),
            option("roll_back", [-0.02] * 6, recipe=None, version=3),
            option("recalibrate", [0.01, -0.01, 0.01, 0.0, 0.0, 0.01]),
        ],
        ignore_index=True,
    )


def ruled(**more: object) -> decision.Ruling:
    """Retrain on the last 13, and what else was weighed, best first."""
    weighed = [
        ("retrain", "trees", 13, None),
        ("retrain", "trees", None, None),
        ("recalibrate", "trees", None, None),
        ("roll_back", "", None, 3),
        ("rebuild", "forest", 8, None),
    ]
    names = ("action", "recipe", "span", "version")
    options = [
        SimpleNamespace(offered="", **dict(zip(names, each, strict=True)))
        for each in weighed
    ]
    empty = Findings("Ruling", ())
    taken = dict(zip(names, weighed[0], strict=True))
    money = {"value": 900.0, "lower": 400.0, "upper": 1400.0, "probability": 0.9}
    told = {"findings": empty, "summary": "", "options": tuple(options)}
    return decision.Ruling(**(taken | money | told | more))


def subjects(found: decision.Course) -> list[str]:
    return list(dict.fromkeys(row.subject for row in found.findings))


def test_without_a_ruling_the_best_option_of_each_action_is_shown():
    found = decision.course(table(), most=9)
    assert subjects(found) == [
        "rebuild forest, last 8",
        "retrain, last 13",
        "recalibrate",
        "roll back to 3",
    ]
    assert found.verdict == "undefined"


def test_what_the_ruling_took_comes_first():
    found = decision.course(table(), ruling=ruled())
    assert subjects(found) == ["retrain, last 13", "recalibrate", "roll back to 3"]
    kept = {"action": "keep", "recipe": "", "span": None}
    found = decision.course(table(), ruling=ruled(**kept), most=1)
    assert subjects(found) == ["retrain, last 13"]  # the best that was not taken
    assert found.summary.startswith(
        "Retrain, last 13: better than the version in production in 6 of 6 windows, in "
        "the newest by 0.080 errors a row (90%: "
    )


def test_the_band_of_a_window_is_the_normal_interval_of_its_mean():
    found = decision.course(table(), level=0.8)
    row = next(r for r in found.findings if r.subject == "retrain, last 13")
    ends = stats.norm.interval(0.8, row.value, 0.01)
    assert (row.lower, row.upper) == pytest.approx(ends)
    assert (row.n, row.period) == (400, WINDOWS[0])


def test_windows_that_a_fault_touches_are_left_out_with_its_sentence():
    fault = decision.DataFault(
        "visits <b>frozen</b>\nsince Monday",
        chunks=WINDOWS[1:3],
        until=pd.Timestamp("2023-04-03", tz="UTC"),
    )
    accepted = decision.DataFault("known", chunks=WINDOWS[5:], accepted=True)
    ruling = ruled(faults=(fault, accepted), left_out=tuple(WINDOWS[1:3]))
    found = decision.course(table(), ruling=ruling)
    assert set(found.left_out) == set(WINDOWS[1:3])
    assert not {row.period for row in found.findings} & set(WINDOWS[1:3])
    picture = found.plot()
    assert "<pattern" in picture.svg
    assert "W11, visits <b>frozen</b> since Monday" in picture.alt
    assert found.summary.endswith("2 windows are left out.")
    shown = found._repr_html_()
    assert "<b>" not in shown
    shown = shown[shown.index("<table") :]
    assert shown.index(WINDOWS[5]) < shown.index(WINDOWS[0])


def test_a_back_test_is_taken_as_it_is():
    told = Backtest(table(), {}, {})
    assert decision.course(told).findings == decision.course(table()).findings


def test_an_option_that_the_back_test_does_not_hold_is_passed_over():
    found = decision.course(table().query("action != 'retrain'"), ruling=ruled())
    assert not any(name.startswith("retrain") for name in subjects(found))


def test_windows_without_a_number_leave_no_row_and_an_unknown_variance_no_band():
    rows = option("retrain", [0.02, math.nan, 0.05])
    rows.loc[0, "variance"] = math.nan
    found = decision.course(rows)
    assert [row.period for row in found.findings] == [WINDOWS[3], WINDOWS[5]]
    assert np.isnan(found.findings[0].lower)
    assert "in 2 of 2 windows" in found.summary


def test_nothing_tested_is_said():
    for rows in (table().iloc[:0], table().query("action == 'keep'")):
        found = decision.course(rows)
        assert found.summary == "No option was tested."
        assert found.frame().empty
        assert found.plot().alt.endswith("no windows to draw.")
        assert "<table" not in found._repr_html_()
    with pytest.raises(ValueError, match="level must lie within"):
        decision.course(table(), level=0)


def test_a_window_is_shown_as_the_ruling_reads_it():
    own = table()
    nearer = own[(own["action"] == "retrain") & (own["window"] == WINDOWS[0])]
    nearer = nearer.assign(difference=0.5, lag=-2, made="2023-W17")
    much_later = nearer.assign(difference=-0.5, lag=4)
    told = Backtest(own, {}, {}, later=pd.concat([nearer, much_later]))
    retrain = [row for row in decision.course(told).findings if "etrain" in row.subject]
    assert {row.period: row.value for row in retrain}[WINDOWS[0]] == 0.5
    plain = [row for row in decision.course(own).findings if "etrain" in row.subject]
    assert len(plain) == len(retrain)


def test_what_could_not_be_tried_is_told_on_one_line_each():
    told = tuple(f"retrain <b>trees</b>\n{k} is left out" for k in range(30))
    shown = decision.course(Backtest(table(), {}, {}, told))
    assert shown.skipped == told
    page = shown._repr_html_()
    assert "What could not be tried (30)" in page
    assert "<b>trees" not in page
    assert "10 more" in page
