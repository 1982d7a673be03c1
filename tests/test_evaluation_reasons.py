"""What moved a score: by hand, for models whose parts are known."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.tree import DecisionTreeClassifier

from lifecycle import evaluation

USUAL = pd.DataFrame({"a": [1.0, 2.0, 9.0], "b": ["x", "y", "y"], "c": [0, 5, 7]})


def test_of_a_sum_each_part_is_its_weight_times_the_way_from_the_median():
    rows = pd.DataFrame({"a": [4.0, 2.0], "b": ["x", "y"], "c": [5, 1]}, index=[7, 3])

    def score(given: pd.DataFrame) -> pd.Series:
        return 0.5 * given["a"] + 0.25 * (given["b"] == "x") - 0.1 * given["c"]

    found = evaluation.reasons(score, rows, USUAL, features=["a", "b", "c"])
    assert found.index.tolist() == [7, 3]
    assert found.to_numpy() == pytest.approx(np.array([[1.0, 0.25, 0], [0, 0, 0.4]]))


def test_the_column_that_is_not_used_moves_nothing_and_the_log_odds_add_up():
    rng = np.random.default_rng(0)
    x = pd.DataFrame(rng.normal(size=(400, 2)), columns=["a", "b"])
    y = (x["a"] > 0).astype(int)
    tree = DecisionTreeClassifier(max_depth=1, random_state=0).fit(x, y)
    told = evaluation.reasons(
        lambda given: tree.predict_proba(given)[:, 1], x, x, features=["a", "b"]
    )
    assert (told["b"] == 0).all()
    assert told["a"].abs().max() == 1
    model = LogisticRegression().fit(x, y)
    told = evaluation.reasons(model.decision_function, x, x, features=["a", "b"])
    assert told.to_numpy() == pytest.approx((x - x.median()).to_numpy() * model.coef_)


def test_values_that_are_missing_or_never_known_are_no_crash():
    rows = pd.DataFrame({"a": [np.nan, 3.0], "b": [None, "x"]})
    usual = pd.DataFrame({"a": [np.nan, np.nan], "b": [None, None]})

    def score(given: pd.DataFrame) -> np.ndarray:
        return given["a"].fillna(0) + given["b"].notna()

    found = evaluation.reasons(score, rows, usual, features=["a", "b"])
    assert found.to_numpy().tolist() == [[0.0, 0.0], [3.0, 1.0]]


def test_of_no_rows_or_no_features_there_is_nothing_to_tell():
    rows = pd.DataFrame({"a": [1.0]})
    score = lambda given: given["a"]  # noqa: E731
    assert evaluation.reasons(score, rows, USUAL, features=[]).shape == (1, 0)
    assert evaluation.reasons(score, rows[:0], USUAL, features=["a"]).shape == (0, 1)
