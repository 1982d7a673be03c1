from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.isotonic import IsotonicRegression
from sklearn.metrics import average_precision_score

from lifecycle import calibration
from lifecycle.calibration.cells import CELLS, cell_of, probabilities
from lifecycle.calibration.correction import isotonic

ROWS = st.lists(
    st.tuples(st.floats(0, 1), st.sampled_from([0, 1]), st.sampled_from([0, 1, None])),
    max_size=60,
)


def counted(rows):
    score, guess, truth = ([row[at] for row in rows] for at in range(3))
    return calibration.Cells.count(score, guess, truth)


@settings(max_examples=30, deadline=None)
@given(ROWS, ROWS)
def test_cells_of_two_files_add_up_to_the_cells_of_both(first, second):
    both, whole = counted(first) + counted(second), counted(first + second)
    for name in ("n", "said", "known", "ones", "squares"):
        assert np.allclose(getattr(both, name), getattr(whole, name))


def test_cells_hold_every_score_and_their_middle_is_inside():
    assert cell_of(np.array([0.0, 1.0])).tolist() == [0, CELLS - 1]
    assert cell_of(probabilities()).tolist() == list(range(CELLS))
    assert (np.diff(cell_of(np.linspace(0, 1, 10_001))) >= 0).all()


def test_scores_a_millionth_apart_are_told_apart_where_events_are_rare():
    assert np.unique(cell_of(np.array([1e-6, 2e-6, 3e-6]))).size == 3


def test_cells_count_by_hand():
    cells = calibration.Cells.count(
        [0.2, 0.2, 0.9, None, 0.9], [0, 1, 1, 1, None], [1, None, 0, 1, 1]
    )
    assert cells.n.sum(axis=1).tolist() == [1, 2]
    assert cells.said.sum(axis=1) == pytest.approx([0.2, 1.1])
    assert cells.known.sum(axis=1).tolist() == [1, 1]
    assert cells.ones.sum(axis=1).tolist() == [1, 0]
    assert cells.effective == 2


def test_cells_take_nullable_columns_and_weights():
    cells = calibration.Cells.count(
        pd.Series([0.2, None, 0.4], dtype="Float64"),
        pd.Series([True, True, False], dtype="boolean"),
        pd.Series([1, 1, None], dtype="Int64"),
        weight=[3, 1, 1],
    )
    assert cells.n.sum() == 4
    assert cells.known.sum() == 3
    assert cells.squares.sum() == 9
    assert cells.effective == 1


def test_what_cannot_be_counted_is_refused():
    count = calibration.Cells.count
    with pytest.raises(ValueError, match=r"between 0 and 1, got 1\.5"):
        count([1.5], [1])
    with pytest.raises(ValueError, match="between 0 and 1, got inf"):
        count([math.inf], [1])
    with pytest.raises(ValueError, match="predictions must be 0 or 1, got 2"):
        count([0.5], [2])
    with pytest.raises(ValueError, match="outcomes must be 0 or 1, got 3"):
        count([0.5], [1], [3])
    with pytest.raises(ValueError, match="same rows, got 1 and 2"):
        count([0.5], [1, 1])


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.tuples(st.integers(1, 9), st.integers(0, 9)), min_size=1, max_size=40)
)
def test_the_curve_is_scikit_learns_isotonic_regression(cells):
    known = np.array([n for n, _ in cells], dtype=float)
    ones = np.array([min(n, k) for n, k in cells], dtype=float)
    curve, block = isotonic(known, ones)
    expected = IsotonicRegression().fit_transform(
        np.arange(known.size), ones / known, sample_weight=known
    )
    assert curve == pytest.approx(expected)
    assert (np.diff(block) >= 0).all()


def test_cells_without_rows_lie_between_their_neighbours():
    curve, _ = isotonic(np.array([0.0, 4, 0, 4, 0]), np.array([0.0, 1, 0, 3, 0]))
    assert curve.tolist() == [0.25, 0.25, 0.5, 0.75, 0.75]


def test_a_stretched_score_is_corrected_and_an_honest_one_left_alone():
    rng = np.random.default_rng(1)
    truth = rng.uniform(0.3, 0.7, 20_000)
    y = rng.random(20_000) < truth
    stretched = np.clip(0.5 + 2 * (truth - 0.5), 0, 1)
    fitted = calibration.calibrator(y, stretched)
    assert fitted.kept
    assert fitted.corrected < fitted.error / 4
    assert np.abs(fitted(stretched) - truth).mean() < 0.015
    # outcomes as evenly spread as a score can promise
    score = np.repeat(np.arange(1, 10) / 10, 50)
    exact = np.concatenate([np.arange(50) % 10 < k for k in range(1, 10)])
    fair = calibration.calibrator(exact, score)
    assert not fair.kept
    assert fair.optimism == 0
    assert fair(truth[:3]).tolist() == truth[:3].tolist()


def test_the_sum_of_corrected_scores_is_the_sum_of_outcomes():
    rng = np.random.default_rng(2)
    score = rng.random(500)
    y = (rng.random(500) < score**3).astype(float)
    assert calibration.calibrator(y, score)(score).sum() == pytest.approx(y.sum())


def test_weights_count_like_repeated_rows():
    rng = np.random.default_rng(3)
    score, weight = rng.random(400), rng.integers(1, 4, 400)
    y = (rng.random(400) < score**3).astype(float)
    by_weight = calibration.calibrator(y, score, weight=weight)
    again = np.repeat(np.arange(400), weight)
    curve = calibration.Calibrator.fit(
        [calibration.Cells.count(score[again], again * 0, y[again])]
    )
    assert by_weight.kept
    assert by_weight(score) == pytest.approx(curve(score))
    assert by_weight.effective < 400


def test_more_rows_leave_less_open():
    few, many = (calibration.calibrator([0, 1] * n, [0.3, 0.3] * n) for n in (50, 5000))
    # a share of one half, half a row of either outcome added
    assert few.variance[0] == pytest.approx(0.25 / 100)
    assert many.variance[0] == pytest.approx(0.25 / 10_000)


def test_a_curve_that_falls_is_the_convex_hull_of_its_roc_curve():
    score, y = np.array([0.2, 0.4, 0.6, 0.8]), np.array([0, 1, 0, 1])
    parts = [calibration.Cells.count(score, score > 0.5, y)]
    fitted = calibration.Calibrator.fit(parts)
    assert fitted(score).tolist() == [0, 0.5, 0.5, 1]
    # right pairs: 1 of last and first, 1/2 of the last with each in the block and of
    # each there with the first, 1/2 within the block, of which 1/4 is a row with itself
    # and of the 4 pairs 1/2
    hull = (1 + 4 * 0.5 + 0.5 - 0.25) / (4 - 0.5)
    assert fitted.optimism == pytest.approx(hull - 3 / 4)
    # from the top: 1 of 1, then 3/4 of 2 and 5/12 of 3 as the curve has it (a row
    # beside itself is surely 1), where the rows are 1 of 1 and 2 of 3
    hoped = (1 + (0.5 * 1.5 + 0.25) / 2 + (0.5 * 2 + 0.25) / 3) / 2
    was = average_precision_score(y, score)
    assert fitted.precision_optimism == pytest.approx(hoped - was)


def test_a_curve_that_only_rises_over_full_cells_is_hardly_optimistic():
    score = np.repeat([0.2, 0.5, 0.8], 1000)
    y = np.concatenate([np.arange(1000) < k for k in (300, 500, 700)])
    fitted = calibration.calibrator(y, score)
    assert fitted.kept
    assert 0 <= fitted.optimism < 1e-4
    assert 0 <= fitted.precision_optimism < 1e-3
    assert calibration.calibrator([0] * 50, np.arange(50) / 50).precision_optimism == 0
    assert calibration.calibrator(np.arange(50) > 25, np.arange(50) / 50).optimism == 0
    assert calibration.calibrator([1] * 50, np.arange(50) / 50).optimism == 0


def test_without_rows_nothing_is_said():
    empty = calibration.calibrator([], [])
    assert empty.n == 0
    assert not empty.kept
    assert math.isnan(empty.rate)
    assert math.isnan(calibration.calibrator([None], [0.5]).rate)


@pytest.mark.parametrize("y", [[0] * 50, [1] * 50, [1]])
def test_one_class_is_its_own_probability(y):
    fitted = calibration.calibrator(y, np.linspace(0.4, 0.6, len(y)))
    assert fitted.rate == y[0]
    assert fitted.variance[0] > 0


def test_outcomes_and_scores_of_other_rows_are_refused():
    with pytest.raises(ValueError, match="same rows, got 1 and 2"):
        calibration.calibrator([1], [0.5, 0.5])
    with pytest.raises(ValueError, match="parts is empty"):
        calibration.Calibrator.fit([])
