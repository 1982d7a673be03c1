"""What a release saved, week by week, against the version it displaced."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from lifecycle import decision, evaluation
from tests.two_models import noisy


def test_what_a_version_saved_is_the_paired_difference_of_each_week():
    truth, displaced, serving = noisy(300, seed=5)
    weeks = pd.to_datetime(["2023-01-02", "2023-01-09", "2023-01-16"], utc=True)
    weeks = weeks.repeat([100, 150, 50])
    serving[:3] = np.nan
    costs = {"false_positive": 2.0, "false_negative": 8.0}
    table = evaluation.gained(truth, displaced, serving, weeks=weeks, costs=costs)
    assert table["n"].tolist() == [97, 150, 50]
    assert set(table["money"]) == {8.0}

    def loss(score):
        wrong = (score >= 0.5) != truth
        return np.where(wrong, np.where(truth == 1, 1.0, 0.25), 0.0)

    saved = (loss(displaced) - loss(serving))[100:250]
    assert table["difference"][1] == pytest.approx(saved.mean())
    assert table["variance"][1] == pytest.approx(stats.sem(saved) ** 2)
    assert table["week"].tolist() == sorted(set(weeks))


def test_what_was_saved_is_eaten_by_the_promises_as_it_is():
    truth, displaced, serving = noisy(400, seed=6)
    at = pd.Timestamp("2023-01-02", tz="UTC")
    weeks = [at + pd.Timedelta(weeks=k // 100) for k in range(400)]
    table = evaluation.gained(truth, displaced, serving, weeks=weeks)
    made = pd.DataFrame(
        {"at": [at], "action": ["retrain"], "value": [50.0], "lower": [10.0]}
        | {"upper": [90.0], "price": [5.0], "horizon_weeks": [4], "acted": [True]}
    )
    told = decision.promises(
        made, table.assign(ruling=0), as_of=at + pd.Timedelta(weeks=9)
    )
    wrong = ((displaced >= 0.5) != truth).sum() - ((serving >= 0.5) != truth).sum()
    assert told.promises[0].came == pytest.approx(wrong)
    assert told.promises[0].n == 400


def test_a_week_of_one_row_varies_as_all_rows_do():
    truth, displaced, serving = noisy(41, seed=7)
    weeks = np.where(np.arange(41) < 40, "a", "b")
    table = evaluation.gained(truth, displaced, serving, weeks=weeks)
    saved = ((displaced >= 0.5) != truth).astype(int) - ((serving >= 0.5) != truth)
    assert table["variance"][1] == pytest.approx(np.var(saved, ddof=1))
    one = evaluation.gained([1], [0.1], [0.9], weeks=["a"])
    assert np.isnan(one["variance"][0])


def test_nothing_saved_on_no_rows():
    assert evaluation.gained([], [], [], weeks=[]).empty
    alike = evaluation.gained([1, 0], [0.9, 0.1], [0.9, 0.1], weeks=["a", "a"])
    assert alike[["difference", "variance"]].to_numpy().tolist() == [[0.0, 0.0]]
    with pytest.raises(ValueError, match="must be of the same rows"):
        evaluation.gained([1], [0.1], [0.1, 0.2], weeks=["a"])
