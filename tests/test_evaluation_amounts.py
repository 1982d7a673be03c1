"""A candidate against the champion where outcomes are amounts."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats
from sklearn import metrics as sk

from lifecycle import evaluation
from tests.two_models import row


def amounts(n: int = 400, seed: int = 0, gain: float = 0.5):
    rng = np.random.default_rng(seed)
    truth = rng.normal(10, 3, n)
    champion = truth + rng.normal(0.3, 2, n)
    return truth, champion, truth + rng.normal(0, 2 * (1 - gain), n)


def test_the_errors_of_amounts_are_those_of_scikit_learn_and_paired():
    truth, champion, candidate = amounts()
    tested = evaluation.compare(truth, champion, candidate, task="regression")
    told = {
        "mae": sk.mean_absolute_error,
        "rmse": sk.root_mean_squared_error,
        "r2": sk.r2_score,
        "bias": lambda y, s: float(np.mean(s - y)),
    }
    for name, function in told.items():
        one, two = function(truth, champion), function(truth, candidate)
        assert row(tested, name, "champion").value == pytest.approx(one)
        assert row(tested, name, "difference").value == pytest.approx(two - one)
    expected = stats.ttest_rel(
        np.abs(candidate - truth), np.abs(champion - truth)
    ).confidence_interval(0.9)
    found = row(tested, "mae", "difference")
    assert (found.lower, found.upper) == pytest.approx(tuple(expected))
    assert tested.passed
    assert tested.difference.value == pytest.approx(
        1
        - sk.mean_absolute_error(truth, candidate)
        / sk.mean_absolute_error(truth, champion)
    )
    assert "of its error saved" in tested.reasons[0]


@pytest.mark.parametrize("name", ["rmse", "r2", "bias", "error_saved"])
def test_the_intervals_of_amounts_are_near_the_paired_bootstraps(name):
    truth, champion, candidate = amounts(500, seed=4, gain=0.2)
    told = {
        "rmse": lambda y, s: np.sqrt(np.mean((s - y) ** 2)),
        "r2": lambda y, s: 1 - np.sum((s - y) ** 2) / np.sum((y - y.mean()) ** 2),
        "bias": lambda y, s: np.mean(s - y),
    }

    def apart(rows):
        rows = rows.astype(int)
        y, one, two = truth[rows], champion[rows], candidate[rows]
        if name == "error_saved":
            return 1 - np.mean(np.abs(two - y)) / np.mean(np.abs(one - y))
        return told[name](y, two) - told[name](y, one)

    drawn = stats.bootstrap(
        (np.arange(500),),
        apart,
        vectorized=False,
        n_resamples=600,
        confidence_level=0.9,
        method="percentile",
        rng=np.random.default_rng(6),
    ).confidence_interval
    tested = evaluation.compare(truth, champion, candidate, task="regression")
    found = row(tested, name, "difference")
    width = drawn.high - drawn.low
    assert found.lower == pytest.approx(drawn.low, abs=0.15 * width)
    assert found.upper == pytest.approx(drawn.high, abs=0.15 * width)


def test_a_segment_whose_amounts_got_clearly_worse_stops_the_candidate():
    truth, champion, candidate = amounts(1000)
    region = np.where(np.arange(1000) % 8 == 0, "north", "south")
    candidate[region == "north"] += 4
    tested = evaluation.compare(
        truth,
        champion,
        candidate,
        task="regression",
        segments={"region": region},
        weeks=np.repeat(["W1", "W2"], 500),
    )
    assert tested.difference.value > 0
    assert not tested.passed
    assert any("clearly worse where region = north" in said for said in tested.reasons)
    assert row(tested, "segment_difference", "region = south").verdict == "quiet"
    own = truth[:500], champion[:500]
    found = row(tested, "mae", "champion", "W1").value
    assert found == pytest.approx(sk.mean_absolute_error(*own))
    assert "candidate" in tested.plot().alt
    assert "nearer" in tested.differing.summary


def test_amounts_that_cannot_be_judged_are_undefined():
    perfect = np.arange(200.0)
    tested = evaluation.compare(perfect, perfect, perfect + 1, task="regression")
    assert np.isnan(tested.difference.value)
    assert tested.verdict == "undefined"
    assert not tested.passed
    empty = evaluation.compare([], [], [], task="regression", segments={"a": []})
    assert empty.verdict == "undefined"
    tested._repr_html_(), empty._repr_html_()
    with pytest.raises(ValueError, match="no task 'ranking'"):
        evaluation.compare([1], [1], [1], task="ranking")
