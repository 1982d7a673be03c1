from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest

from lifecycle import estimation
from lifecycle.findings import Finding, Findings


def course(values, half=math.nan, measure="accuracy", **settings):
    return Findings(
        "",
        tuple(
            Finding(
                measure, v, 400, v - half, v + half, period=f"2024-W{at:02d}", unit="%"
            )
            for at, v in enumerate(values, 1)
        ),
        main=measure,
        **settings,
    )


def test_realised_estimated_and_the_gap_stand_on_one_line():
    made = estimation.beside(course([0.8, 0.7], 0.05), course([0.78, 0.8, 0.81], 0.03))
    table = made.frame()
    assert table["period"].tolist() == ["2024-W01", "2024-W02", "2024-W03"]
    assert table["gap"].tolist() == pytest.approx([0.02, -0.1, math.nan], nan_ok=True)
    second = table.iloc[1]
    # the realised 0.70 less the estimate's interval, 0.77 to 0.83
    assert (second["gap_lower"], second["gap_upper"]) == pytest.approx((-0.13, -0.07))
    assert math.isnan(table["realised"].iloc[2])


def test_past_errors_by_hand():
    made = estimation.beside(
        course([0.80, 0.70, 0.85, 0.90]), course([0.77, 0.80, 0.84, 0.90], 0.035)
    )
    error = made.error("accuracy")
    assert error.chunks == 4
    assert error.value == pytest.approx((0.03 + 0.1 + 0.01 + 0) / 4)
    assert error.bias == pytest.approx((0.03 - 0.1 + 0.01 + 0) / 4)
    assert error.coverage == 0.75
    assert error.reach == pytest.approx(0.1)
    assert "off by 3.5 points on 4 chunks" in made.summary
    assert made.verdict == "undefined"


def test_the_reach_is_the_conformal_quantile():
    gaps = np.arange(1, 20) / 100
    made = estimation.beside(course(0.5 + gaps), course([0.5] * 19, 0.01))
    # 19 errors: the ceil(20 · 0.9) = 18th smallest
    assert made.error("accuracy").reach == pytest.approx(0.18)


def test_intervals_proved_too_narrow_are_an_alert_and_are_widened():
    old, new = (np.full(n, 0.8) for n in (10, 12))
    real = old - 0.04
    guess = course(new, 0.01)
    grounds = tuple(estimation.Ground(r.period, 400, 900.0, 0.0) for r in guess)
    made = estimation.beside(course(real), estimation.Estimate(guess, grounds))
    assert made.verdict == "alert"
    assert "too narrow for this model" in made.summary
    wide = made.widened(estimation.Estimate(guess, grounds)).findings
    assert wide[-1].lower == pytest.approx(0.76)
    assert wide[-1].upper == pytest.approx(0.84)
    assert wide[-1].value == 0.8


def test_intervals_that_held_are_quiet_and_stay():
    guess = course([0.8] * 8, 0.05)
    made = estimation.beside(course([0.81] * 8), guess)
    assert made.verdict == "quiet"
    kept = made.widened(estimation.Estimate(guess, ())).findings
    assert [row.lower for row in kept] == [row.lower for row in guess]


def test_chunks_that_must_not_be_trusted_are_shown_and_not_counted():
    guess = course([0.8, 0.8], 0.05)
    grounds = (
        estimation.Ground("2024-W01", 400, 900.0, 0.0),
        estimation.Ground("2024-W02", 4, 900.0, 0.0, reason="4 rows are too few"),
    )
    made = estimation.beside(course([0.81, 0.2]), estimation.Estimate(guess, grounds))
    assert made.error("accuracy").chunks == 1
    assert len(made.frame()) == 2


def test_without_a_common_chunk_nobody_knows_the_error():
    made = estimation.beside(course([]), course([0.8], 0.05))
    assert made.errors == ()
    assert made.error("accuracy") is None
    assert "nobody knows yet" in made.summary
    assert made.verdict == "undefined"
    undefined = estimation.beside(course([math.nan]), course([0.8], 0.05))
    assert undefined.errors == ()
    assert estimation.beside(course([]), course([])).frame().empty


def test_the_pages_are_words_tables_and_a_picture():
    made = estimation.beside(course([0.8] * 3), course([0.8] * 4, 0.05))
    html = made._repr_html_()
    assert "Realised" in html
    assert "Estimated" in html
    assert "they differ by 0.0 points" in made.plot().alt
    assert repr(made).startswith(
        "<Beside: Estimates of accuracy were off by 0.0 points"
    )
    with pytest.raises(ValueError, match="within 0 and 1"):
        estimation.beside(course([]), course([]), level=2)


def regression(seed, n, low=0.0, high=1.0):
    """The error grows with x."""
    rng = np.random.default_rng(seed)
    x = rng.uniform(low, high, n)
    return pd.DataFrame(
        {
            "x": x,
            "noise": rng.random(n),
            "prediction": 10 * x,
            "outcome": 10 * x + (0.5 + 2 * x) * rng.standard_normal(n),
        }
    )


def loss(old, new, **settings):
    labels = ["now"] * len(new)
    return estimation.loss(old, new, features=["x", "noise"], chunk=labels, **settings)


def test_the_error_of_a_regression_follows_the_inputs():
    old, new = regression(1, 4000), regression(2, 1500, low=0.6)
    # of a normal error with a spread of 0.5 + 2x and x even on 0.6 to 1
    mae = math.sqrt(2 / math.pi) * 2.1
    rmse = math.sqrt(0.25 + 2 * 0.8 + 4 * (0.8**2 + 0.4**2 / 12))
    before = np.abs(old["outcome"] - old["prediction"]).mean()
    assert mae > 1.3 * before
    made = loss(old, new).findings
    assert [row.value for row in made] == pytest.approx([mae, rmse], rel=0.06)


def test_a_regressions_intervals_hold_what_comes_about_as_often_as_they_say():
    old = regression(3, 3000)
    new = pd.concat([regression(seed, 300) for seed in range(4, 64)], ignore_index=True)
    labels = np.repeat(np.arange(60), 300)
    made = estimation.loss(old, new, features=["x"], chunk=labels)
    off = np.abs(new["outcome"] - new["prediction"]).groupby(labels).mean()
    rows = {row.period: row for row in made.findings if row.measure == "mae"}
    inside = sum(rows[str(k)].lower <= v <= rows[str(k)].upper for k, v in off.items())
    # chunks share one reference, so the count varies more than a binomial one
    assert 44 <= inside <= 60


def test_a_regression_is_judged_and_says_what_it_cannot_see():
    old, new = regression(70, 1000), regression(71, 400)
    made = loss(old, new, thresholds={"mae": 0.1, "rmse": 9})
    assert [row.verdict for row in made.findings] == ["alert", "quiet"]
    assert "above the threshold" in made.summary
    assert "concept drift" in made.summary


def test_a_regressions_weak_ground_is_said():
    old = regression(72, 1000)
    assert "too few" in loss(old, regression(73, 20)).grounds[0].reason
    far = regression(74, 400).assign(x=9.0)
    assert "unlike any" in loss(old, far).grounds[0].reason
    few = loss(regression(75, 20), regression(76, 400))
    assert math.isnan(few.findings[0].value)
    assert few.verdict == "undefined"
    none = old.assign(outcome=np.nan)
    assert math.isnan(loss(none, regression(77, 400)).findings[0].value)


def test_what_a_regression_cannot_be_asked_is_refused():
    old, new = regression(78, 100), regression(79, 100)
    with pytest.raises(ValueError, match="no metric 'mape'"):
        loss(old, new, metrics=["mape"])
    with pytest.raises(ValueError, match="analysis has no column 'prediction'"):
        loss(old, new.drop(columns="prediction"))
