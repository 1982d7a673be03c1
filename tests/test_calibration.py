from __future__ import annotations

import math
import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.calibration import calibration_curve

from lifecycle import calibration, intervals

ROWS = st.lists(
    st.tuples(st.sampled_from([0, 1]), st.floats(0, 1)), min_size=1, max_size=60
)


def columns(rows):
    return tuple(np.array(column, dtype=float) for column in zip(*rows, strict=True))


@settings(max_examples=60, deadline=None)
@given(ROWS)
def test_bins_count_every_row_once(rows):
    y, s = columns(rows)
    table = calibration.reliability(y, s)
    assert len(table) == 10
    assert table["n"].sum() == len(rows)
    filled = table[table["n"] > 0]
    assert (filled["mean_score"] >= filled["lower"] - 1e-12).all()
    assert (filled["mean_score"] <= filled["upper"] + 1e-12).all()
    assert (filled["rate_lower"] <= filled["rate"]).all()
    assert (filled["rate"] <= filled["rate_upper"]).all()


def test_the_curve_is_scikit_learns():
    rng = np.random.default_rng(1)
    s = rng.random(500)
    y = (rng.random(500) < s**2).astype(float)
    table = calibration.reliability(y, s)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        rate, score = calibration_curve(y, s, n_bins=10)
    assert table["rate"].to_numpy() == pytest.approx(rate)
    assert table["mean_score"].to_numpy() == pytest.approx(score)


def test_rates_have_wilsons_interval():
    table = calibration.reliability([1, 1, 0, 1], [0.95, 0.92, 0.97, 1.0])
    last = table.iloc[-1]
    assert (last["rate_lower"], last["rate_upper"]) == pytest.approx(
        intervals.wilson(3, 4)
    )


def test_an_edge_belongs_to_the_bin_above_and_1_to_the_last():
    table = calibration.reliability([0, 1, 1], [0.0, 0.5, 1.0], bins=2)
    assert table["n"].tolist() == [1, 2]


def test_an_empty_bin_is_undefined():
    table = calibration.reliability([1], [0.9], bins=2)
    assert table.loc[0, "n"] == 0
    assert math.isnan(table.loc[0, "rate"])
    assert math.isnan(table.loc[0, "rate_lower"])


def test_no_rows_have_an_empty_curve_and_no_error():
    assert calibration.reliability([], [])["n"].sum() == 0
    assert math.isnan(calibration.expected_calibration_error([], []))


def test_missing_rows_are_left_out():
    assert calibration.reliability([1, None, 0], [0.5, 0.5, math.nan])["n"].sum() == 1


def test_the_error_weighs_bins_by_their_rows():
    # three rows 0.1 off, one row 0.6 off
    y, s = [0, 0, 0, 0], [0.1, 0.1, 0.1, 0.6]
    assert calibration.expected_calibration_error(y, s) == pytest.approx(0.225)


def test_a_planted_overconfidence_is_found():
    rng = np.random.default_rng(2)
    truth = rng.uniform(0.3, 0.7, 20_000)
    y = (rng.random(20_000) < truth).astype(float)
    stretched = np.clip(0.5 + 2 * (truth - 0.5), 0, 1)
    assert calibration.expected_calibration_error(y, truth) < 0.02
    assert calibration.expected_calibration_error(y, stretched) > 0.08


def test_scores_that_are_no_probabilities_are_refused():
    with pytest.raises(ValueError, match=r"between 0 and 1, got 1\.5"):
        calibration.reliability([1], [1.5])
    with pytest.raises(ValueError, match="outcomes must be 0 or 1"):
        calibration.reliability([3], [0.5])
    with pytest.raises(ValueError, match="same rows"):
        calibration.reliability([1], [0.5, 0.5])
    with pytest.raises(ValueError, match="1 or more"):
        calibration.reliability([1], [0.5], bins=0)
