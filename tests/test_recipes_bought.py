"""What is bought together: the nearest items, and lists of them for people."""

from __future__ import annotations

import pickle

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.base import clone
from sklearn.metrics.pairwise import cosine_similarity

from lifecycle.recipes import CoBought

DAY = pd.Timestamp("2024-03-04", tz="UTC")


def purchases(rng: np.random.Generator, n: int, weeks: int = 6) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "user": rng.integers(0, 12, n),
            "item": np.array(list("abcdefgh"))[rng.integers(0, 8, n)],
            "time": DAY + pd.to_timedelta(rng.integers(0, weeks * 7, n), unit="D"),
        }
    )


def plain(frame: pd.DataFrame, users: list[int], half_life: float) -> pd.DataFrame:
    """The scores of the docstring, by tables and scikit-learn."""
    weeks = (frame["time"].max() - frame["time"]).dt.days // 7
    once = frame.assign(weeks=weeks)[["user", "item", "weeks"]].drop_duplicates()
    once["weight"] = 0.5 ** (once["weeks"] / half_life)
    history = once.pivot_table(
        index="user", columns="item", values="weight", aggfunc="sum", fill_value=0.0
    )
    bounded = history.clip(upper=1.0)
    near = cosine_similarity(np.sqrt(bounded.to_numpy()).T)
    np.fill_diagonal(near, 0.0)
    score = pd.DataFrame(history.to_numpy() @ near, history.index, history.columns)
    scaled = score.div(score.max(axis=1).replace(0, 1), axis=0)
    scaled += history.div(history.max(axis=1), axis=0)
    sold = bounded.sum()
    scaled += 0.3 * sold / sold.max()
    return scaled.reindex(users)


@settings(max_examples=12)
@given(st.integers(0, 10_000), st.floats(0.5, 50))
def test_lists_are_in_the_order_of_scores_that_tables_give(
    seed: int, half_life: float
) -> None:
    frame = purchases(np.random.default_rng(seed), 60)
    model = CoBought(half_life=half_life).fit(frame.user, frame.item, frame.time)
    users = sorted(frame.user.unique().tolist())
    score = plain(frame, users, half_life)
    for user, row in zip(users, model.recommend(users, 5), strict=True):
        expected = score.loc[user].sort_values(ascending=False)
        assert len(set(row)) == min(5, len(expected))
        got = score.loc[user][row].to_numpy()
        np.testing.assert_allclose(got, expected.to_numpy()[: len(row)], atol=1e-12)


def test_a_new_customer_is_shown_what_sells_best_of_what_is_allowed() -> None:
    rng = np.random.default_rng(1)
    frame = purchases(rng, 200)
    model = CoBought(half_life=1e9).fit(frame.user, frame.item, frame.time)
    buyers = frame.groupby("item").user.nunique().sort_values(ascending=False)
    allowed = ["c", "e", "never sold", "g", "c"]
    (row,) = model.recommend([99], 2, allowed=allowed)
    best = buyers[["c", "e", "g"]].sort_values(ascending=False, kind="stable")
    assert row.tolist() == best.index[:2].tolist()
    assert model.recommend([99], 9, allowed=allowed).shape == (1, 3)


def test_an_old_purchase_counts_half_after_its_half_life() -> None:
    """Two customers, one tie broken by time alone."""
    users, items = ["x", "x", "y"], ["old", "new", "new"]
    times = [DAY, DAY + pd.Timedelta(weeks=4), DAY + pd.Timedelta(weeks=4)]
    model = CoBought(half_life=4).fit(users, items, times)
    assert model.popular_.tolist() == [1.0, 0.25]  # 2 buyers of "new"; 0.5 of "old"
    assert model.items_.tolist() == ["new", "old"]
    near = model.neighbours_.toarray()
    assert near[0, 1] == pytest.approx(np.sqrt(0.5) / np.sqrt(2 * 0.5))
    assert model.recommend(["x"]).tolist() == [["new", "old"]]


def test_only_the_nearest_items_are_kept_whatever_the_blocks(monkeypatch) -> None:
    frame = purchases(np.random.default_rng(2), 300)
    whole = CoBought(neighbours=7).fit(frame.user, frame.item, frame.time)
    monkeypatch.setattr("lifecycle.recipes.bought.CELLS", 24)  # three items at once
    few = CoBought(neighbours=3).fit(frame.user, frame.item, frame.time)
    dense = whole.neighbours_.toarray()
    for row, kept in zip(dense, few.neighbours_.toarray(), strict=True):
        assert (kept > 0).sum() == 3
        np.testing.assert_allclose(np.sort(kept)[-3:], np.sort(row)[-3:])
    again = whole.recommend([3, 99, 1])
    monkeypatch.undo()
    assert (whole.recommend([3, 99, 1]) == again).all()


def test_newer_purchases_change_the_lists_and_not_what_is_near() -> None:
    frame = purchases(np.random.default_rng(3), 120)
    model = CoBought(own=2.0).fit(frame.user, frame.item, frame.time)
    later = pd.DataFrame(
        {"user": [77, 77], "item": ["h", "unheard of"], "time": [DAY, DAY]}
    )
    newer = model.with_purchases(later.user, later.item, later.time)
    assert newer.recommend([77], 1).tolist() == [["h"]]
    assert newer.neighbours_ is model.neighbours_
    assert 77 not in model.users_


def test_settings_are_those_of_scikit_learn() -> None:
    model = clone(CoBought(half_life=3, own=0.5)).set_params(neighbours=9)
    assert repr(model) == "CoBought(half_life=3, neighbours=9, own=0.5, popular=0.3)"
    frame = purchases(np.random.default_rng(4), 80)
    fitted = model.fit(frame.user, frame.item, frame.time)
    stored = pickle.loads(pickle.dumps(fitted))
    assert (stored.recommend([1, 2]) == fitted.recommend([1, 2])).all()
    with pytest.raises(ValueError, match="no setting 'halflife'; use one of half_life"):
        model.set_params(halflife=3)


@pytest.mark.parametrize(
    ("chosen", "columns", "sentence"),
    [
        ({"half_life": 0}, ([1], ["a"], [DAY]), "half_life must be above 0 weeks"),
        ({"neighbours": 0}, ([1], ["a"], [DAY]), "neighbours must be 1 or more"),
        ({"own": -1}, ([1], ["a"], [DAY]), "own and popular must be 0 or more"),
        ({}, ([1, 2], ["a"], [DAY]), r"of the same rows, got \[1, 2\]"),
        ({}, ([None], ["a"], [DAY]), "no purchase with user and item"),
        ({}, ([1], ["a"], [None]), "time is missing in a purchase"),
    ],
)
def test_what_cannot_be_learnt_from_is_one_sentence(
    chosen: dict, columns: tuple, sentence: str
) -> None:
    with pytest.raises(ValueError, match=sentence):
        CoBought(**chosen).fit(*columns)


def test_what_cannot_be_recommended_is_one_sentence() -> None:
    with pytest.raises(ValueError, match="call fit first"):
        CoBought().recommend([1])
    model = CoBought().fit([1], ["a"], [DAY])
    with pytest.raises(ValueError, match="k must be 1 or more, got 0"):
        model.recommend([1], 0)
    with pytest.raises(ValueError, match="none of the allowed items"):
        model.recommend([1], allowed=["b"])
